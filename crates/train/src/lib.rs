//! From an architecture to trained weights. The only crate that uses Burn.
//!
//! [`Weights`] holds a network's numbers, [`Network`] computes with them behind the seam [`TrainStep`], [`train`] is

mod device;
mod error;
mod evaluation;
mod memory;
mod network;
mod optimizer;
mod schedule;
mod training;
mod weights;

pub use device::Device;
pub use error::TrainError;
pub use evaluation::{Evaluation, evaluate, probabilities};
pub use memory::training_bytes;
pub use network::{Network, TrainStep};
pub use optimizer::Optimizers;
pub use schedule::learning_rate;
pub use training::{Epoch, Plan, Trained, on_one_thread, train};
pub use weights::{Slot, SlotKind, Weights, slots};
