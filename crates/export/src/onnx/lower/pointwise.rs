use super::{Lowering, Node};
use nascent_core::architecture::op::Activation;

impl<'a> Lowering<'a> {
    pub(super) fn activate(&mut self, function: Activation, node: &Node<'a>) -> Result<String, String> {
        let x = node.input()?;
        Ok(match function {
            Activation::Relu => self.build.node("Relu", &[x], Vec::new()),
            Activation::Tanh => self.build.node("Tanh", &[x], Vec::new()),
            Activation::Sigmoid => self.build.node("Sigmoid", &[x], Vec::new()),
            Activation::Silu => {
                let gate = self.build.node("Sigmoid", &[x], Vec::new());
                self.build.node("Mul", &[x, &gate], Vec::new())
            }
            // There is an operator for it only from opset 20 on.
            Activation::Gelu => {
                let root = self.build.number(std::f32::consts::SQRT_2);
                let (one, half) = (self.build.number(1.0), self.build.number(0.5));
                let scaled = self.build.node("Div", &[x, &root], Vec::new());
                let erf = self.build.node("Erf", &[&scaled], Vec::new());
                let share = self.build.node("Add", &[&erf, &one], Vec::new());
                let twice = self.build.node("Mul", &[x, &share], Vec::new());
                self.build.node("Mul", &[&twice, &half], Vec::new())
            }
        })
    }
}
