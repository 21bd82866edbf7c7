use super::{Lowering, Node};
use crate::onnx::build::int;
use nascent_core::architecture::op::SelfAttention;

/// Low enough that its exponential is 0 beside any score.
const NEVER: f32 = -1e9;

impl<'a> Lowering<'a> {
    pub(super) fn attend(&mut self, op: &SelfAttention, node: &Node<'a>) -> Result<String, String> {
        let (channels, steps) = node.steps()?;
        let each = channels / op.heads.max(1);
        let projected = self.project(node.input()?, node, 0)?;
        let parts = self.build.reshape(&projected, &[0, 3 * op.heads as i64, each as i64, steps as i64]);
        let [queries, keys, values] = [0, 1, 2].map(|i| self.build.slice(&parts, 1, i * op.heads, op.heads));
        let queries = self.build.transpose(&queries, &[0, 1, 3, 2]);
        let scores = self.build.node("MatMul", &[&queries, &keys], Vec::new());
        let root = self.build.number((each as f32).sqrt());
        let mut scores = self.build.node("Div", &[&scores, &root], Vec::new());
        if op.causal {
            let slopes = op.slopes();
            let sides = slopes.len().max(1);
            let later = |at: usize| {
                let (query, key) = (at / steps % steps, at % steps);
                let slope = slopes.get(at / (steps * steps)).copied().unwrap_or(0.0);
                if key > query { NEVER } else { -slope * (query - key) as f32 }
            };
            let later: Vec<f32> = (0..sides * steps * steps).map(later).collect();
            let later = self.build.numbers(&[sides, steps, steps], &later);
            scores = self.build.node("Add", &[&scores, &later], Vec::new());
        }
        let mask = node.inputs.get(1).map(|codes| {
            let mask = self.mask(codes);
            self.build.unsqueeze(&mask, &[1, 2])
        });
        if let Some(mask) = &mask {
            let (one, never) = (self.build.number(1.0), self.build.number(-NEVER));
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

    pub(super) fn add_positions(&mut self, node: &Node<'a>) -> Result<String, String> {
        let (slot, numbers) = node.slot(0)?;
        let positions = self.weights(node, 0, &slot.shape, (numbers, 0))?;
        Ok(self.build.node("Add", &[node.input()?, &positions], Vec::new()))
    }
}
