use super::{Lowering, Node};
use crate::onnx::build::{Build, int};
use nascent_core::architecture::op::SelfAttention;

impl<'a> Lowering<'a> {
    pub(super) fn attend(&mut self, op: &SelfAttention, node: &Node<'a>) -> Result<String, String> {
        let (channels, steps) = node.steps()?;
        let each = channels / op.heads.max(1);
        let [queries, keys, values] = self.queries_keys_values(op, node)?;
        let turns = op
            .turns(each, steps)
            .map(|turns| turns.map(|part| self.build.numbers(&[each / 2, steps], &part)));
        let [queries, keys] = [queries, keys].map(|part| match &turns {
            Some(turns) => self.turned(&part, turns, each),
            None => part,
        });
        let offsets =
            op.offsets(steps).map(|(sides, offsets)| self.build.numbers(&[sides, steps, steps], &offsets));
        let mask = node.inputs.get(1).map(|codes| {
            let mask = self.mask(codes);
            self.build.unsqueeze(&mask, &[1, 2])
        });
        let mixed = self.mix(op, each, [&queries, &keys, &values], offsets.as_deref(), mask.as_deref());
        self.project(&mixed, node, 2)
    }

    /// Queries, keys and values of each step, `[batch, heads, channels, steps]`.
    pub(super) fn queries_keys_values(
        &mut self,
        op: &SelfAttention,
        node: &Node<'a>,
    ) -> Result<[String; 3], String> {
        let (channels, _) = node.steps()?;
        let each = channels / op.heads.max(1);
        let projected = self.project(node.input()?, node, 0)?;
        let (heads, own) = (op.heads, op.key_heads);
        let parts = self.build.reshape(&projected, &[0, (heads + 2 * own) as i64, each as i64, -1]);
        Ok([(0, heads), (heads, own), (heads + own, own)]
            .map(|(from, len)| self.build.slice(&parts, 1, from, len)))
    }

    /// Values weighed by how well their keys fit queries of `each` channels: `[batch, channels, steps]`. `offsets` are added to scores,
    /// `[.., queries, keys]`; where the mask `[batch, 1, 1, steps]` is 0 there is padding.
    pub(super) fn mix(
        &mut self,
        op: &SelfAttention,
        each: usize,
        [queries, keys, values]: [&str; 3],
        offsets: Option<&str>,
        mask: Option<&str>,
    ) -> String {
        // The queries of heads that share keys are one after another.
        let shared = |build: &mut Build, value: String, heads: usize| match op.key_heads == op.heads {
            true => value,
            false => build.reshape(&value, &[0, heads as i64, -1, 0]),
        };
        let queries = self.build.transpose(queries, &[0, 1, 3, 2]);
        let queries = shared(self.build, queries, op.key_heads);
        let scores = self.build.node("MatMul", &[&queries, keys], Vec::new());
        let scores = shared(self.build, scores, op.heads);
        let root = self.build.number((each as f32).sqrt());
        let mut scores = self.build.node("Div", &[&scores, &root], Vec::new());
        if let Some(offsets) = offsets {
            scores = self.build.node("Add", &[&scores, offsets], Vec::new());
        }
        if let Some(mask) = mask {
            let (one, never) = (self.build.number(1.0), self.build.number(-SelfAttention::NEVER));
            let padding = self.build.node("Sub", &[mask, &one], Vec::new());
            let padding = self.build.node("Mul", &[&padding, &never], Vec::new());
            scores = self.build.node("Add", &[&scores, &padding], Vec::new());
        }
        let weights = self.build.node("Softmax", &[&scores], vec![int("axis", 3)]);
        let weights = shared(self.build, weights, op.key_heads);
        let values = self.build.transpose(values, &[0, 1, 3, 2]);
        let mixed = self.build.node("MatMul", &[&weights, &values], Vec::new());
        let mixed = shared(self.build, mixed, op.heads);
        let mut mixed = self.build.transpose(&mixed, &[0, 1, 3, 2]);
        if let Some(mask) = mask {
            mixed = self.build.node("Mul", &[&mixed, mask], Vec::new());
        }
        self.build.reshape(&mixed, &[0, (op.heads * each) as i64, -1])
    }

    /// Queries or keys, `[batch, heads, channels, steps]`, each pair of channels turned by cosines and sines, `[pairs, steps]`.
    pub(super) fn turned(&mut self, part: &str, [cosines, sines]: &[String; 2], each: usize) -> String {
        let pairs = each / 2;
        let [a, b] = [0, pairs].map(|from| self.build.slice(part, 2, from, pairs));
        let mut times = |x: &str, by: &str| self.build.node("Mul", &[x, by], Vec::new());
        let [a_cosine, b_sine] = [times(&a, cosines), times(&b, sines)];
        let [b_cosine, a_sine] = [times(&b, cosines), times(&a, sines)];
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
