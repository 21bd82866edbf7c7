use super::{Forward, Value};
use burn::tensor::Tensor;
use nascent_core::architecture::{Node, Op};

impl Forward<'_> {
    /// Brings the terms of a sum, or the parts of a concatenation, to one scale: that of the largest.
    pub(super) fn level(&self, node: &Node, inputs: &mut [Value]) {
        if !matches!(node.op, Op::Add(_) | Op::Concat(_)) {
            return;
        }
        let scale = self.scale(node);
        let scales = node.inputs.iter().map(|input| self.scales[input.index()]);
        for (value, own) in inputs.iter_mut().zip(scales).filter(|(_, own)| own.is_finite()) {
            *value = times(value.clone(), (own - scale).exp());
        }
    }

    /// The scale of what a node computes from its inputs.
    fn scale(&self, node: &Node) -> f64 {
        let mut scales = node.inputs.iter().map(|input| self.scales[input.index()]);
        let scale = match node.op {
            Op::Add(_) | Op::Concat(_) => scales.fold(f64::NEG_INFINITY, f64::max),
            Op::Multiply(_) => scales.sum(),
            // What comes second says which steps are padding.
            _ => scales.next().unwrap_or(0.0),
        };
        // What is zero everywhere has no scale.
        if scale.is_finite() { scale } else { 0.0 }
    }

    /// Divides a node's value by its largest number, which is remembered.
    pub(super) fn rescale(&mut self, node: &Node, value: Value) -> Value {
        let largest = match &value {
            Value::Vectors(x) => x.clone().abs().max().into_scalar::<f32>(),
            Value::Images(x) => x.clone().abs().max().into_scalar::<f32>(),
        };
        let largest = f64::from(largest);
        if largest == 0.0 {
            self.scales.push(f64::NEG_INFINITY);
            return value;
        }
        self.scales.push(self.scale(node) + largest.ln());
        times(value, 1.0 / largest)
    }

    /// The logarithm of what the answers were divided by; minus infinity where they are zero.
    pub(in crate::network) fn answers_scale(&self) -> f64 {
        self.scales.get(self.graph.output().index()).copied().unwrap_or(0.0)
    }
}

fn times(value: Value, factor: f64) -> Value {
    fn scaled<const D: usize>(x: Tensor<D>, factor: f64) -> Tensor<D> {
        x.mul_scalar(factor as f32)
    }
    match value {
        Value::Vectors(x) => Value::Vectors(scaled(x, factor)),
        Value::Images(x) => Value::Images(scaled(x, factor)),
    }
}
