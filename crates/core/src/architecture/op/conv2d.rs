use super::{OpCode, Operation, Shape, code, only, slide};
use serde::{Deserialize, Serialize};

/// Two-dimensional convolution over `[channels, height, width]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conv2d {
    /// Output channels.
    pub channels: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Zeros added on every side.
    pub padding: usize,
    /// Distance between kernel taps.
    pub dilation: usize,
    /// Groups of channels that do not mix; equal to the input channels for a depthwise convolution.
    pub groups: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

impl Conv2d {
    /// A convolution that keeps height and width at stride 1, without bias, dilation or groups.
    #[must_use]
    pub fn same(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { channels, kernel, stride, padding: kernel / 2, dilation: 1, groups: 1, bias: false }
    }

    /// A depthwise convolution over `channels` that keeps height and width at stride 1, without bias.
    #[must_use]
    pub fn depthwise(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { groups: channels, ..Self::same(channels, kernel, stride) }
    }
}

impl Operation for Conv2d {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        let (c, h, w) = input.image().ok_or_else(|| format!("needs channels×height×width, got {input}"))?;
        if self.channels == 0
            || self.groups == 0
            || !c.is_multiple_of(self.groups)
            || !self.channels.is_multiple_of(self.groups)
        {
            return Err(format!("{} groups must divide {c} and {} channels", self.groups, self.channels));
        }
        let along = |size| slide(size, self.kernel, self.stride, self.padding, self.dilation);
        Ok(Shape::new(&[self.channels, along(h)?, along(w)?]))
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        let channels = inputs.first().and_then(|s| s.image()).map_or(0, |(c, ..)| c);
        let weights = self.channels * (channels / self.groups.max(1)) * self.kernel * self.kernel;
        (weights + if self.bias { self.channels } else { 0 }) as u64
    }
    fn macs(&self, inputs: &[&Shape], output: &Shape) -> u64 {
        let channels = inputs.first().and_then(|s| s.image()).map_or(0, |(c, ..)| c);
        output.len() * ((channels / self.groups.max(1)) * self.kernel * self.kernel) as u64
    }
    fn code(&self) -> OpCode {
        let Self { channels, kernel, stride, padding, dilation, groups, bias } = *self;
        code(5, &[channels, kernel, stride, padding, dilation, groups, usize::from(bias)])
    }
    fn label(&self) -> String {
        let kind = if self.groups > 1 && self.groups == self.channels { "depthwise" } else { "conv" };
        let stride = if self.stride > 1 { format!(" /{}", self.stride) } else { String::new() };
        format!("{kind} {k}×{k}, {c}{stride}", k = self.kernel, c = self.channels)
    }
}
