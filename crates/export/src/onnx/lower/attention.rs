use super::{Lowering, Node};
use crate::onnx::build::int;
use nascent_core::architecture::op::SelfAttention;

impl<'a> Lowering<'a> {
    pub(super) fn attend(&mut self, op: &SelfAttention, node: &Node<'a>) -> Result<String, String> {
        let (channels, steps) = node.steps()?;
        let each = channels / op.heads.max(1);
        let projected = self.project(node.input()?, node, 0)?;
        let parts = self.build.reshape(&projected, &[0, 3 * op.heads as i64, each as i64, steps as i64]);
        let [queries, keys, values] = [0, 1, 2].map(|i| self.build.slice(&parts, 1, i * op.heads, op.heads));
        let turns = op.turns(each, steps);
        let [queries, keys] = [queries, keys].map(|part| match &turns {
            Some(turns) => self.turned(&part, turns, each, steps),
            None => part,
        });
        let queries = self.build.transpose(&queries, &[0, 1, 3, 2]);
        let scores = self.build.node("MatMul", &[&queries, &keys], Vec::new());
        let root = self.build.number((each as f32).sqrt());
        let mut scores = self.build.node("Div", &[&scores, &root], Vec::new());
        if let Some((sides, offsets)) = op.offsets(steps) {
            let offsets = self.build.numbers(&[sides, steps, steps], &offsets);
            scores = self.build.node("Add", &[&scores, &offsets], Vec::new());
        }
        let mask = node.inputs.get(1).map(|codes| {
            let mask = self.mask(codes);
            self.build.unsqueeze(&mask, &[1, 2])
        });
        if let Some(mask) = &mask {
            let (one, never) = (self.build.number(1.0), self.build.number(-SelfAttention::NEVER));
            let padding = self.build.node("Sub", &[mask, &one], Vec::new());
            let padding = self.build.node("Mul", &[&padding, &never], Vec::new());
            scores = self.build.node("Add", &[&scores, &padding], Vec::new());
        }
        let weights = self.build.node("Softmax", &[&scores], vec![int("axis", 3)]);
        let weights = self.build.transpose(&weights, &[0, 1, 3, 2]);
        let mut mixed = self.build.node("MatMul", &[&values, &weights], Vec::new());
        if let Some(mask) = &mask {
            mixed = self.build.node("Mul", &[&mixed, mask], Vec::new());
        }
        let mixed = self.build.reshape(&mixed, &[0, channels as i64, steps as i64]);
        self.project(&mixed, node, 2)
    }

    /// Queries or keys, `[batch, heads, channels, steps]`, each pair of channels turned by cosines and sines.
    fn turned(&mut self, part: &str, turns: &[Vec<f32>; 2], each: usize, steps: usize) -> String {
        let pairs = each / 2;
        let [cosines, sines] = [0, 1].map(|i| self.build.numbers(&[pairs, steps], &turns[i]));
        let [a, b] = [0, pairs].map(|from| self.build.slice(part, 2, from, pairs));
        let mut times = |x: &str, by: &str| self.build.node("Mul", &[x, by], Vec::new());
        let [a_cosine, b_sine] = [times(&a, &cosines), times(&b, &sines)];
        let [b_cosine, a_sine] = [times(&b, &cosines), times(&a, &sines)];
        let first = self.build.node("Sub", &[&a_cosine, &b_sine], Vec::new());
        let second = self.build.node("Add", &[&b_cosine, &a_sine], Vec::new());
        self.build.node("Concat", &[&first, &second], vec![int("axis", 2)])
    }

    pub(super) fn add_positions(&mut self, node: &Node<'a>) -> Result<String, String> {
        let (slot, numbers) = node.slot(0)?;
        let positions = self.weights(node, 0, &slot.shape, (numbers, 0))?;
        Ok(self.build.node("Add", &[node.input()?, &positions], Vec::new()))
    }
}
