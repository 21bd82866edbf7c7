use super::{Architecture, NodeId, Op, Operation};
use serde::{Deserialize, Serialize};

/// What a network costs, derived from its graph as it stands (prune first: [`Architecture::canonical`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Trainable parameters.
    pub params: u64,
    /// Multiply-accumulates of convolutions and matrix products, for one example.
    pub macs: u64,
    /// The most bytes of float32 activations alive at one time while one example is computed in node order.
    pub activation_memory_bytes: u64,
    /// The most operations with parameters on any path from input to output.
    pub depth: u32,
}

impl Architecture {
    /// What this network costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let mut cost = Cost { params: 0, macs: 0, activation_memory_bytes: 0, depth: 0 };
        let mut depths = vec![0u32; self.nodes.len()];
        let mut readers = self.uses();
        let mut alive = 0u64;
        for (i, node) in self.nodes.iter().enumerate() {
            let inputs = self.input_shapes(NodeId(i as u32));
            let params = node.op.params(&inputs);
            cost.params += params;
            cost.macs += node.op.macs(&inputs, &self.shapes[i]);
            let below = node.inputs.iter().map(|n| depths[n.index()]).max().unwrap_or(0);
            // A norm has parameters, but is counted with the layer it follows, and positions with their embedding.
            let counts = !matches!(node.op, Op::BatchNorm(_) | Op::LayerNorm(_) | Op::PositionEmbedding(_));
            depths[i] = below + u32::from(params > 0 && counts);
            alive += 4 * self.shapes[i].len();
            cost.activation_memory_bytes = cost.activation_memory_bytes.max(alive);
            for input in &node.inputs {
                readers[input.index()] -= 1;
                if readers[input.index()] == 0 {
                    alive -= 4 * self.shapes[input.index()].len();
                }
            }
            if readers[i] == 0 {
                alive -= 4 * self.shapes[i].len();
            }
        }
        cost.depth = depths[self.output.index()];
        cost
    }

    /// Bytes of float32 that a network of running text keeps from token to token at most: keys and values of attention, windows of
    /// convolutions, states of recurrences. Nothing where one answer is given for all of the input.
    #[must_use]
    pub fn cache_bytes(&self) -> u64 {
        if self.input_shape().vector().is_none() || self.output_shape().sequence().is_none() {
            return 0;
        }
        let kept = |i: usize| self.nodes[i].op.remembered(&self.input_shapes(NodeId(i as u32)));
        4 * (0..self.nodes.len()).map(kept).sum::<u64>()
    }

    /// Bytes of float32 activations kept for the backward pass, for one example.
    #[must_use]
    pub fn training_activation_bytes(&self) -> u64 {
        let kept = (0..self.nodes.len()).map(|i| {
            let inputs = self.input_shapes(NodeId(i as u32));
            self.shapes[i].len() + self.nodes[i].op.kept(&inputs)
        });
        4 * kept.sum::<u64>()
    }
}
