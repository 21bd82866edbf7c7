//! Operations on images whose channels lie side by side: what a compiled network is made of.
//!
//! Nothing is laid out anew between operations, and nothing is allocated by them after they are made. Read [`Grid`] first (how images
//! lie), then [`Convolution`], then `sum.rs` (norms, sums and nonlinearities in one go).

mod affine;
mod attention;
mod convolution;
mod grid;
mod layer_norm;
mod pool;
mod recurrent;
mod sum;
mod surprise;
mod tile;

pub use affine::{Affine, Moments};
pub use attention::Heads;
pub use convolution::Convolution;
pub use grid::{Grid, Images, ImagesMut};
pub use layer_norm::LayerNorms;
pub use pool::Windows;
pub use recurrent::{CellFunction, CellNode, Recurrence, Unit};
pub use sum::{Bend, Term};
pub use surprise::surprise;
pub(crate) use tile::Begin;
pub use tile::SLACK;
