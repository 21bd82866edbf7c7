//! Where networks run: measured devices, predicted latencies and energies, limits that are measured.
//!
//! A [`Device`] is a file: what operations take on a machine, and a predictor of whole networks fitted to measurements
//! and judged on others. [`measure`] makes one for the machine it runs on; [`adapt`] predicts a new device from ten
//! measurements and what is known of others; [`median_bound`] says what a measured median is at most; [`OnnxRuntime`] runs
//! exported files where it is installed.
// Latencies are what this crate is about: it looks at clocks.
#![allow(clippy::disallowed_methods)]

mod adapt;
mod bound;
mod child;
mod energy;
mod error;
mod file;
mod measuring;
mod onnx_runtime;
mod operation;
mod predictor;
mod runtime;
mod timing;
mod via;

pub use adapt::{Adapted, Family, Known, adapt};
pub use bound::{Fresh, median_bound};
pub use child::answer;
pub use energy::{Counted, EnergyCounter};
pub use error::DeviceError;
pub use file::{Device, Energy, Machine, Timed, Validation};
pub use measuring::{Heard, Measuring, measure, measure_missing};
pub use onnx_runtime::{Loaded, OnnxRuntime};
pub use operation::Key;
pub use predictor::Predictor;
pub use runtime::Runtime;
pub use timing::{Budget, Stopwatch, Timing, time};
pub use via::{Took, Via, via_once};
