use super::{Lowering, Node};
use crate::onnx::build::int;

impl<'a> Lowering<'a> {
    /// One after another: sums of many are not what every runtime takes.
    pub(super) fn add(&mut self, node: &Node<'a>) -> Result<String, String> {
        let mut sum = node.input()?.to_string();
        for other in &node.inputs[1..] {
            sum = self.build.node("Add", &[&sum, other], Vec::new());
        }
        Ok(sum)
    }

    /// A gate of one number a channel is spread over steps or pixels.
    pub(super) fn multiply(&mut self, node: &Node<'a>) -> Result<String, String> {
        let ([x, gate], [shape, gates]) = (&node.inputs[..], &node.shapes[..]) else {
            return Err("it takes two inputs".into());
        };
        let missing: Vec<i64> =
            (gates.extents().len()..shape.extents().len()).map(|axis| axis as i64 + 1).collect();
        let gate = if missing.is_empty() { gate.clone() } else { self.build.unsqueeze(gate, &missing) };
        Ok(self.build.node("Mul", &[x, &gate], Vec::new()))
    }

    pub(super) fn concatenate(&mut self, node: &Node<'a>) -> Result<String, String> {
        let inputs: Vec<&str> = node.inputs.iter().map(String::as_str).collect();
        Ok(self.build.node("Concat", &inputs, vec![int("axis", 1)]))
    }
}
