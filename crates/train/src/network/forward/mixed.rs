use super::{Forward, Value};
use burn::tensor::{Tensor, TensorData};
use nascent_core::architecture::op::Mixed;
use nascent_core::architecture::{Node, Op};

impl Forward<'_> {
    /// Which nodes the answers depend on: not those of options that weigh nothing.
    pub(super) fn live(&self) -> Vec<bool> {
        let nodes = self.graph.nodes();
        let Some(mix) = self.mix else { return vec![true; nodes.len()] };
        let mut live = vec![false; nodes.len()];
        live[self.graph.output().index()] = true;
        for (i, node) in nodes.iter().enumerate().rev().filter(|(_, node)| !node.inputs.is_empty()) {
            if !live[i] {
                continue;
            }
            let weights = match &node.op {
                Op::Mixed(op) => mix.get(&op.path),
                _ => None,
            };
            for (option, input) in node.inputs.iter().enumerate() {
                // Nothing but zeros adds nothing.
                let is_nothing = matches!(nodes[input.index()].op, Op::Zero(_));
                let counts = weights.is_none_or(|w| !is_nothing && w.get(option).is_some_and(|w| *w != 0.0));
                live[input.index()] |= counts;
            }
        }
        live
    }

    /// How many live nodes read each node; the answer counts as one reader.
    pub(super) fn readers(&self, live: &[bool]) -> Vec<usize> {
        let mut readers = vec![0; live.len()];
        for (node, _) in self.graph.nodes().iter().zip(live).filter(|(_, live)| **live) {
            node.inputs.iter().for_each(|input| readers[input.index()] += 1);
        }
        readers[self.graph.output().index()] += 1;
        readers
    }

    /// The options of a choice that are computed, weighed and summed.
    pub(super) fn weigh(&mut self, node: &Node, op: &Mixed, live: &[bool], options: Vec<Value>) -> Value {
        let weights = self.weights_of(op);
        let places = (0..op.options.len()).filter(|option| live[node.inputs[*option].index()]);
        let mut sum: Option<Value> = None;
        for (option, value) in places.zip(options) {
            let weight = weights.clone().narrow(0, option, 1);
            sum = Some(match (sum, value) {
                (None, Value::Images(x)) => Value::Images(x * weight.reshape([1, 1, 1, 1])),
                (None, Value::Vectors(x)) => Value::Vectors(x * weight.reshape([1, 1])),
                (Some(Value::Images(sum)), Value::Images(x)) => {
                    Value::Images(sum + x * weight.reshape([1, 1, 1, 1]))
                }
                (Some(Value::Vectors(sum)), Value::Vectors(x)) => {
                    Value::Vectors(sum + x * weight.reshape([1, 1]))
                }
                (Some(sum), _) => sum,
            });
        }
        sum.unwrap_or_else(|| {
            let shape = op_shape(self, node);
            let len = self.batch * shape.iter().product::<usize>();
            self.constant(vec![0.0; len], &shape)
        })
    }

    /// The weights of a choice's options: one tensor for all places that share a path, all of them alike where nothing
    /// is said of it.
    fn weights_of(&mut self, op: &Mixed) -> Tensor<1> {
        if let Some(known) = self.weighed.get(&op.path) {
            return known.clone();
        }
        let count = op.options.len();
        let given = self.mix.and_then(|mix| mix.get(&op.path)).filter(|w| w.len() == count);
        let numbers: Vec<f32> = match given {
            Some(weights) => weights.iter().map(|w| *w as f32).collect(),
            None => vec![1.0 / count as f32; count],
        };
        let tensor = Tensor::<1>::from_data(TensorData::new(numbers, [count]), self.device);
        let tensor = if self.is_tracked { tensor.require_grad() } else { tensor };
        self.weighed.insert(op.path.clone(), tensor.clone());
        tensor
    }
}

fn op_shape(forward: &Forward<'_>, node: &Node) -> Vec<usize> {
    forward.graph.shapes()[node.inputs[0].index()].extents().to_vec()
}
