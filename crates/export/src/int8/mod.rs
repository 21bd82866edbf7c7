//! Trained networks with whole numbers of eight bits.
//!
//! [`fold`] first: the network as it is computed after training. [`places`] names the values that are to be rounded;
//! [`Observed`] sees each of them for some training rows and answers with its [`Grid`]. With all [`Grids`],
//! [`crate::onnx::int8`] writes the file, and [`rounded`] gives the numbers that are in it.

mod fold;
mod grid;
mod places;
mod weights;

pub use fold::{Folded, fold};
pub use grid::{Grid, Observed};
pub use places::{Grids, places};
pub use weights::{Counts, rounded};
pub(crate) use weights::{Rounded, channel_axis, layer};
