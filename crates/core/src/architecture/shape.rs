use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;

/// The extents of one example's tensor, without the batch axis.
///
/// Images are `[channels, height, width]`, sequences `[channels, steps]`, feature vectors `[features]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// A shape with these extents.
    #[must_use]
    pub fn new(extents: &[usize]) -> Self {
        Self(SmallVec::from_slice(extents))
    }

    /// The extents, outermost first.
    #[must_use]
    pub fn extents(&self) -> &[usize] {
        &self.0
    }

    /// The number of values in one example; `u64::MAX` where the product does not fit.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().try_fold(1u64, |n, &d| n.checked_mul(d as u64)).unwrap_or(u64::MAX)
    }

    /// Whether one example has no values at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.contains(&0)
    }

    /// `(channels, height, width)` of an image, else `None`.
    #[must_use]
    pub fn image(&self) -> Option<(usize, usize, usize)> {
        match self.0[..] {
            [c, h, w] => Some((c, h, w)),
            _ => None,
        }
    }

    /// `(channels, steps)` of a sequence, else `None`.
    #[must_use]
    pub fn sequence(&self) -> Option<(usize, usize)> {
        match self.0[..] {
            [c, n] => Some((c, n)),
            _ => None,
        }
    }

    /// The channels of an image or a sequence, else `None`.
    #[must_use]
    pub fn channels(&self) -> Option<usize> {
        match self.0[..] {
            [c, _] | [c, _, _] => Some(c),
            _ => None,
        }
    }

    /// The number of features of a vector, else `None`.
    #[must_use]
    pub fn vector(&self) -> Option<usize> {
        match self.0[..] {
            [n] => Some(n),
            _ => None,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, extent) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("×")?;
            }
            write!(f, "{extent}")?;
        }
        Ok(())
    }
}
