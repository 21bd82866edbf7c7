use super::{Lowering, Node};
use crate::onnx::build::int;
use nascent_core::architecture::op::{PerFeature, Periodic, PiecewiseLinear};

impl<'a> Lowering<'a> {
    pub(super) fn fill_bins(&mut self, op: &PiecewiseLinear, node: &Node<'a>) -> Result<String, String> {
        let each = self.build.unsqueeze(node.input()?, &[2]);
        let edges: Vec<f32> = (0..op.bins).map(|bin| bin as f32).collect();
        let (bins, edges) = (self.build.number(op.bins as f32), self.build.numbers(&[op.bins], &edges));
        let (zero, one) = (self.build.number(0.0), self.build.number(1.0));
        let scaled = self.build.node("Mul", &[&each, &bins], Vec::new());
        let filled = self.build.node("Sub", &[&scaled, &edges], Vec::new());
        let filled = self.build.node("Clip", &[&filled, &zero, &one], Vec::new());
        Ok(self.build.flatten(&filled))
    }

    pub(super) fn connect_features(&mut self, op: &PerFeature, node: &Node<'a>) -> Result<String, String> {
        let (slot, numbers) = node.slot(0)?;
        let weight = self.weights(node, 0, &slot.shape, (numbers, 0))?;
        let bias = self.slot(node, 1)?;
        let each = node.input_shape()?.len() as usize / op.features.max(1);
        // A matrix product for each feature: one row by its weights.
        let rows = self.build.reshape(node.input()?, &[0, op.features as i64, 1, each as i64]);
        let product = self.build.node("MatMul", &[&rows, &weight], Vec::new());
        let flat = self.build.flatten(&product);
        Ok(self.build.node("Add", &[&flat, &bias], Vec::new()))
    }

    pub(super) fn wave(&mut self, _: &Periodic, node: &Node<'a>) -> Result<String, String> {
        let frequencies = self.slot(node, 0)?;
        let each = self.build.unsqueeze(node.input()?, &[2]);
        let turns = self.build.node("Mul", &[&each, &frequencies], Vec::new());
        let circle = self.build.number(std::f32::consts::TAU);
        let angles = self.build.node("Mul", &[&turns, &circle], Vec::new());
        let sines = self.build.node("Sin", &[&angles], Vec::new());
        let cosines = self.build.node("Cos", &[&angles], Vec::new());
        let both = self.build.node("Concat", &[&sines, &cosines], vec![int("axis", 2)]);
        Ok(self.build.flatten(&both))
    }
}
