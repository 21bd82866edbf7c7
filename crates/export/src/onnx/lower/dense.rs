use super::{Lowering, Node};

impl<'a> Lowering<'a> {
    /// A fully connected layer: its weights are `[in, out]`, as the operator has them.
    pub(super) fn connect(&mut self, node: &Node<'a>) -> Result<String, String> {
        let weight = self.slot(node, 0)?;
        let bias = if node.slots.len() > 1 { Some(self.slot(node, 1)?) } else { None };
        let inputs: Vec<&str> = [node.input()?, &weight].into_iter().chain(bias.as_deref()).collect();
        Ok(self.build.node("Gemm", &inputs, Vec::new()))
    }
}
