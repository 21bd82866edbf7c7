use super::{OpCode, Operation, Shape, code, only, slide};
use serde::{Deserialize, Serialize};

/// What a pooling window keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// The mean, padding not counted.
    Average,
    /// The largest value.
    Max,
}

impl PoolKind {
    /// Its name in labels.
    fn name(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Max => "max",
        }
    }
}

/// The extent of an axis after pooling, or why there is none.
fn along(size: usize, kernel: usize, stride: usize, padding: usize) -> Result<usize, String> {
    if padding * 2 > kernel {
        return Err(format!("padding {padding} is over half of the window {kernel}"));
    }
    slide(size, kernel, stride, padding, 1)
}

/// What follows the window in a label.
fn step(stride: usize) -> String {
    if stride > 1 { format!(" /{stride}") } else { String::new() }
}

/// Average or maximum over square windows of `[channels, height, width]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool2d {
    /// What a window keeps.
    pub kind: PoolKind,
    /// Side of the window.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Cells added on every side; they never count.
    pub padding: usize,
}

impl Operation for Pool2d {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        let (c, h, w) = input.image().ok_or_else(|| format!("needs channels×height×width, got {input}"))?;
        let along = |size| along(size, self.kernel, self.stride, self.padding);
        Ok(Shape::new(&[c, along(h)?, along(w)?]))
    }
    fn code(&self) -> OpCode {
        code(8, &[self.kind as usize, self.kernel, self.stride, self.padding])
    }
    fn label(&self) -> String {
        format!("{} {k}×{k}{}", self.kind.name(), step(self.stride), k = self.kernel)
    }
}

/// Average or maximum over windows of `[channels, steps]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool1d {
    /// What a window keeps.
    pub kind: PoolKind,
    /// Steps in a window.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Cells added at both ends; they never count.
    pub padding: usize,
}

impl Operation for Pool1d {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        let (c, n) = input.sequence().ok_or_else(|| format!("needs channels×steps, got {input}"))?;
        Ok(Shape::new(&[c, along(n, self.kernel, self.stride, self.padding)?]))
    }
    fn code(&self) -> OpCode {
        code(16, &[self.kind as usize, self.kernel, self.stride, self.padding])
    }
    fn label(&self) -> String {
        format!("{} {}{}", self.kind.name(), self.kernel, step(self.stride))
    }
}

/// `[channels]` for `[channels, steps]` or `[channels, height, width]`.
fn channels(inputs: &[&Shape]) -> Result<Shape, String> {
    let input = only(inputs)?;
    let channels = input.channels();
    channels
        .map(|c| Shape::new(&[c]))
        .ok_or_else(|| format!("needs channels×steps or channels×height×width, got {input}"))
}

/// The mean of each channel: `[channels, steps]` or `[channels, height, width]` to `[channels]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalAveragePool {}

impl Operation for GlobalAveragePool {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        channels(inputs)
    }
    fn code(&self) -> OpCode {
        code(9, &[])
    }
    fn label(&self) -> String {
        "global average".into()
    }
}

/// The largest value of each channel: `[channels, steps]` or `[channels, height, width]` to `[channels]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalMaxPool {}

impl Operation for GlobalMaxPool {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        channels(inputs)
    }
    fn code(&self) -> OpCode {
        code(17, &[])
    }
    fn label(&self) -> String {
        "global max".into()
    }
}

/// Mean or maximum of each channel over the steps that are no padding: `[channels, steps]` and codes `[steps]`, of which
/// 0 is padding, to `[channels]`; zero where all is padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedPool {
    /// What is kept of the steps.
    pub kind: PoolKind,
}

impl Operation for MaskedPool {
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let [input, codes] = inputs else {
            return Err(format!("takes a sequence and its codes, was given {} inputs", inputs.len()));
        };
        let (c, n) = input.sequence().ok_or_else(|| format!("needs channels×steps, got {input}"))?;
        super::one_a_step(codes, n)?;
        Ok(Shape::new(&[c]))
    }
    fn code(&self) -> OpCode {
        code(27, &[self.kind as usize])
    }
    fn label(&self) -> String {
        format!("{} over steps", self.kind.name())
    }
}
