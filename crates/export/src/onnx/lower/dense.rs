use super::{Lowering, Node};

impl<'a> Lowering<'a> {
    /// A fully connected layer: its weights are `[in, out]`, as the operator has them.
    pub(super) fn connect(&mut self, node: &Node<'a>) -> Result<String, String> {
        let (weight, bias) = self.layer(node, node.slots.len() > 1)?;
        let inputs: Vec<&str> = [node.input()?, &weight].into_iter().chain(bias.as_deref()).collect();
        Ok(self.build.node("Gemm", &inputs, Vec::new()))
    }
}
