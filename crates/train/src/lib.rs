//! From an architecture to trained weights. The only crate that uses Burn.
//!
//! Read [`Weights`] first: a network's numbers on the host. [`Network`] computes with them behind the seam
//! [`TrainStep`], by steps of `compiled/` where the processor computes and by Burn's operations elsewhere, [`train`] is the loop over epochs, [`evaluate`] and [`probabilities`] ask a trained network, and
//! [`TrainEvaluator`] makes all of it an evaluator for the study's loop. `glue/` puts the kernels of `nascent-kernels`
//! under Burn.

mod checkpoint;
mod compiled;
mod device;
mod error;
mod evaluation;
mod evaluator;
mod feed;
mod generation;
mod glue;
mod memory;
mod network;
mod optimizer;
mod rotation;
mod schedule;
pub mod scores;
mod supernet;
mod training;
mod weights;

pub use checkpoint::Checkpoint;
pub use compiled::left_to_burn;
pub use device::Device;
pub use error::TrainError;
pub use evaluation::{Answering, Evaluation, answers, evaluate, probabilities, tested, values};
pub use evaluator::{SCORES, SHARED_COST, TrainEvaluator, Training};
pub use generation::Continuation;
pub use memory::training_bytes;
pub use network::{Network, Tap, TrainStep, Wanted, tapped};
pub use optimizer::{Gradient, Optimizers};
pub use schedule::learning_rate;
pub use supernet::{Method, Shared, Supernet, SupernetEpoch, SupernetPlan, supernet_bytes, train_supernet};
pub use training::{Augment, Epoch, Moment, Plan, Trained, on_one_thread, train};
pub use weights::{Slot, SlotKind, Weights, slots};
