//! What runs networks when they are timed.

use crate::DeviceError;
use crate::energy::EnergyCounter;
use crate::onnx_runtime::OnnxRuntime;
use crate::timing::{Budget, Timing, time};
use nascent_core::Settings;
use nascent_core::architecture::Architecture;
use nascent_export::{Model, find};
use nascent_train::{Device as Place, Network, TrainStep, Weights, on_one_thread};

/// What runs a network in this program; others are asked by a command, [`crate::Via`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Nascent's own, on one thread.
    Nascent,
    /// [`OnnxRuntime`], where it is installed, on one thread.
    Onnx,
}

/// A network ready to be run on one batch.
type Ready = Box<dyn FnMut() -> Result<(), DeviceError>>;

impl Runtime {
    /// All of them, by the names users type.
    pub const ALL: [(&'static str, Self); 2] = [("nascent", Self::Nascent), ("onnxruntime", Self::Onnx)];

    /// The one of this name.
    ///
    /// # Errors
    /// Where there is none; the error lists them.
    pub fn find(name: &str) -> Result<Self, DeviceError> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, runtime)| *runtime).ok_or_else(|| {
            let known = Self::ALL.map(|(n, _)| n).join(", ");
            DeviceError::Runtime { name: name.into(), known }
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nascent => "nascent",
            Self::Onnx => "onnxruntime",
        }
    }

    /// What one batch of a network takes, with fresh weights, and uses where there is a counter.
    ///
    /// # Errors
    /// Where the runtime cannot run it.
    pub fn time(
        self,
        graph: &Architecture,
        batch: usize,
        budget: Budget,
        counter: Option<&EnergyCounter>,
    ) -> Result<Timing, DeviceError> {
        let timed = on_one_thread(|| {
            let mut ready = self.prepare(graph, batch)?;
            time(&mut *ready, budget, counter)
        });
        timed.unwrap_or_else(|e| {
            let parameters = graph.cost().params;
            Err(DeviceError::Run { runtime: self.name().into(), parameters, reason: e.to_string() })
        })
    }

    /// Prepares a network with fresh weights: what it takes does not depend on what they are.
    fn prepare(self, graph: &Architecture, batch: usize) -> Result<Ready, DeviceError> {
        let inputs = vec![0.5; batch * graph.input_shape().len() as usize];
        Ok(match self {
            Self::Nascent => {
                let (graph, weights) = (graph.clone(), Weights::fresh(graph, 0));
                let mut network = Network::new(graph, weights, &Settings::default(), 0, Place::Cpu);
                Box::new(move || {
                    std::hint::black_box(network.eval_batch(&inputs));
                    Ok(())
                })
            }
            Self::Onnx => {
                let mut loaded = OnnxRuntime::find()?.load(&onnx(graph)?)?;
                let extents = graph.input_shape().extents().to_vec();
                Box::new(move || {
                    std::hint::black_box(loaded.answers(&inputs, &extents)?);
                    Ok(())
                })
            }
        })
    }
}

/// A network with fresh weights as an ONNX file.
pub(crate) fn onnx(graph: &Architecture) -> Result<Vec<u8>, DeviceError> {
    let weights = Weights::fresh(graph, 0);
    let parameters = weights.params();
    let fail = |reason| DeviceError::Run { runtime: "ONNX".into(), parameters, reason };
    onnx_of(graph, &weights).map_err(fail)
}

fn onnx_of(graph: &Architecture, weights: &Weights) -> Result<Vec<u8>, String> {
    let model = Model::new("timed", graph, &weights.values).map_err(|e| e.to_string())?;
    let files = find("onnx").and_then(|onnx| (onnx.files)(&model)).map_err(|e| e.to_string())?;
    files.into_iter().next().map(|file| file.bytes).ok_or_else(|| "there is no file".into())
}
