//! From an architecture to trained weights. The only crate that uses Burn.
//!
//! Read [`Weights`] first: a network's numbers on the host. [`Network`] computes with them behind the seam
//! [`TrainStep`], by steps of `compiled/` where the processor computes and by Burn's operations elsewhere, [`train`] is the loop over epochs, [`mod@prune`] makes
//! a smaller network of a trained one, [`tune`] goes on from weights, perhaps with a [`Teacher`], [`evaluate`] and [`probabilities`] ask a trained network, and [`TrainEvaluator`] makes all of it an evaluator for the study's loop. `glue/` puts the kernels of `nascent-kernels`
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
mod inheritance;
mod memory;
mod network;
mod optimizer;
pub mod prune;
mod rotation;
mod schedule;
pub mod scores;
mod supernet;
mod teacher;
mod training;
mod unit;
mod weights;

pub use checkpoint::Checkpoint;
pub use compiled::left_to_burn;
pub use device::Device;
pub use error::TrainError;
pub use evaluation::{Answering, Evaluation, answers, evaluate, probabilities, tested, values};
pub use evaluator::{SCORES, SHARED_COST, TrainEvaluator, Training};
pub use generation::Continuation;
pub use inheritance::Inheritance;
pub use memory::training_bytes;
pub use network::{Lesson, Network, Tap, TrainStep, Wanted, tapped};
pub use optimizer::{Gradient, Optimizers};
pub use schedule::learning_rate;
pub use supernet::{Method, Shared, Supernet, SupernetEpoch, SupernetPlan, supernet_bytes, train_supernet};
pub use teacher::Teacher;
pub use training::{Augment, Begin, Epoch, Moment, Plan, Trained, on_one_thread, train, tune};
pub use weights::{Slot, SlotKind, Weights, slots};
