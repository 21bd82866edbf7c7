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
        if self.padding * 2 > self.kernel {
            return Err(format!("padding {} is over half of the window {}", self.padding, self.kernel));
        }
        let along = |size| slide(size, self.kernel, self.stride, self.padding, 1);
        Ok(Shape::new(&[c, along(h)?, along(w)?]))
    }
    fn code(&self) -> OpCode {
        code(8, &[self.kind as usize, self.kernel, self.stride, self.padding])
    }
    fn label(&self) -> String {
        let kind = match self.kind {
            PoolKind::Average => "average",
            PoolKind::Max => "max",
        };
        let stride = if self.stride > 1 { format!(" /{}", self.stride) } else { String::new() };
        format!("{kind} {k}×{k}{stride}", k = self.kernel)
    }
}

/// The mean of each channel: `[channels, height, width]` to `[channels]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalAveragePool {}

impl Operation for GlobalAveragePool {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        let (c, ..) = input.image().ok_or_else(|| format!("needs channels×height×width, got {input}"))?;
        Ok(Shape::new(&[c]))
    }
    fn code(&self) -> OpCode {
        code(9, &[])
    }
    fn label(&self) -> String {
        "global average".into()
    }
}
