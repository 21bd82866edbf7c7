use super::{Lowering, Node};
use crate::onnx::build::{int, ints};
use nascent_core::architecture::op::PoolKind;

impl<'a> Lowering<'a> {
    /// Windows, steps and padding are given along each axis, padding for both ends.
    pub(super) fn pool(
        &mut self,
        kind: PoolKind,
        [kernel, stride, padding]: [&[usize]; 3],
        node: &Node<'a>,
    ) -> Result<String, String> {
        let mut attributes =
            vec![ints("kernel_shape", kernel), ints("strides", stride), ints("pads", padding)];
        let op = match kind {
            PoolKind::Max => "MaxPool",
            PoolKind::Average => {
                attributes.push(int("count_include_pad", 0));
                "AveragePool"
            }
        };
        Ok(self.build.node(op, &[node.input()?], attributes))
    }

    /// One number for each channel.
    pub(super) fn pool_all(&mut self, op: &str, node: &Node<'a>) -> Result<String, String> {
        let axes: Vec<usize> = (2..=node.input_shape()?.extents().len()).collect();
        Ok(self.build.node(op, &[node.input()?], vec![ints("axes", &axes), int("keepdims", 0)]))
    }

    /// Over the steps whose code is not 0; zero where there are none.
    pub(super) fn pool_masked(&mut self, kind: PoolKind, node: &Node<'a>) -> Result<String, String> {
        let [x, codes] = &node.inputs[..] else { return Err("it takes a sequence and its codes".into()) };
        let mask = self.mask(codes);
        let count = self.build.sum(&mask, 1);
        let count = self.build.unsqueeze(&count, &[1]);
        let wide = self.build.unsqueeze(&mask, &[1]);
        let one = self.build.number(1.0);
        match kind {
            PoolKind::Average => {
                let there = self.build.node("Mul", &[x, &wide], Vec::new());
                let sum = self.build.sum(&there, 2);
                let count = self.build.node("Max", &[&count, &one], Vec::new());
                Ok(self.build.node("Div", &[&sum, &count], Vec::new()))
            }
            PoolKind::Max => {
                let (least, zero) = (self.build.number(f32::MIN), self.build.number(0.0));
                let there = self.build.node("Greater", &[&wide, &zero], Vec::new());
                let filled = self.build.node("Where", &[&there, x, &least], Vec::new());
                let most =
                    self.build.node("ReduceMax", &[&filled], vec![ints("axes", &[2]), int("keepdims", 0)]);
                let any = self.build.node("Min", &[&count, &one], Vec::new());
                Ok(self.build.node("Mul", &[&most, &any], Vec::new()))
            }
        }
    }
}
