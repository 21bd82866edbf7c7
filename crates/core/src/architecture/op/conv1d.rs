use super::{OpCode, Operation, Shape, code, only, slide};
use serde::{Deserialize, Serialize};

/// One-dimensional convolution over `[channels, steps]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conv1d {
    /// Output channels.
    pub channels: usize,
    /// Steps that the kernel covers.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Zeros added at both ends.
    pub padding: usize,
    /// Distance between kernel taps.
    pub dilation: usize,
    /// Groups of channels that do not mix; equal to the input channels for a depthwise convolution.
    pub groups: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

impl Conv1d {
    /// A convolution that keeps the number of steps at stride 1 (odd kernels), without bias, dilation or groups.
    #[must_use]
    pub fn same(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { channels, kernel, stride, padding: kernel / 2, dilation: 1, groups: 1, bias: false }
    }

    /// This convolution with its taps `dilation` apart, padded so that the number of steps stays what it was.
    #[must_use]
    pub fn dilated(self, dilation: usize) -> Self {
        Self { dilation, padding: self.kernel / 2 * dilation, ..self }
    }

    /// A depthwise convolution over `channels` that keeps the number of steps at stride 1, without bias.
    #[must_use]
    pub fn depthwise(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { groups: channels, ..Self::same(channels, kernel, stride) }
    }

    /// Channels of the input that one output channel reads.
    fn fan(&self, inputs: &[&Shape]) -> usize {
        inputs.first().and_then(|s| s.sequence()).map_or(0, |(c, _)| c / self.groups.max(1))
    }
}

impl Operation for Conv1d {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        let (c, n) = input.sequence().ok_or_else(|| format!("needs channels×steps, got {input}"))?;
        if self.channels == 0
            || self.groups == 0
            || !c.is_multiple_of(self.groups)
            || !self.channels.is_multiple_of(self.groups)
        {
            return Err(format!("{} groups must divide {c} and {} channels", self.groups, self.channels));
        }
        let steps = slide(n, self.kernel, self.stride, self.padding, self.dilation)?;
        Ok(Shape::new(&[self.channels, steps]))
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        let weights = self.channels * self.fan(inputs) * self.kernel;
        (weights + if self.bias { self.channels } else { 0 }) as u64
    }
    fn macs(&self, inputs: &[&Shape], output: &Shape) -> u64 {
        output.len() * (self.fan(inputs) * self.kernel) as u64
    }
    fn remembered(&self, inputs: &[&Shape]) -> u64 {
        let channels = inputs.first().and_then(|s| s.channels()).unwrap_or(0);
        (channels * (self.kernel - 1) * self.dilation) as u64
    }
    fn code(&self) -> OpCode {
        let Self { channels, kernel, stride, padding, dilation, groups, bias } = *self;
        code(15, &[channels, kernel, stride, padding, dilation, groups, usize::from(bias)])
    }
    fn label(&self) -> String {
        let kind = if self.groups > 1 && self.groups == self.channels { "depthwise" } else { "conv" };
        let stride = if self.stride > 1 { format!(" /{}", self.stride) } else { String::new() };
        let dilation = if self.dilation > 1 { format!(" dilated {}", self.dilation) } else { String::new() };
        format!("{kind} {}{dilation}, {}{stride}", self.kernel, self.channels)
    }
}
