use crate::pick::Found;
use nascent_core::architecture::Architecture;
use nascent_data::{Examples, Inputs, Metric};
use nascent_device::{Budget, DeviceError, Loaded, OnnxRuntime};
use nascent_export::int8::Grids;
use nascent_train::{Answering, Weights, answers, tapped, tested};
use std::time::Duration;

/// How long a file is timed.
const TIMED: Duration = Duration::from_millis(500);

/// A network as a file, and as we compute it.
pub(super) struct Written<'n> {
    pub(super) file: &'n [u8],
    pub(super) graph: &'n Architecture,
    pub(super) weights: Weights,
    /// Of the values that are rounded.
    pub(super) grids: Grids,
}

impl<'n> Written<'n> {
    /// A file of a network whose values are not rounded.
    pub(super) fn new(file: &'n [u8], (graph, weights): (&'n Architecture, &Weights)) -> Self {
        Self { file, graph, weights: weights.clone(), grids: Grids::new() }
    }
}

/// What judges networks.
pub(super) struct Judge<'a> {
    pub(super) found: &'a Found,
    pub(super) examples: &'a Examples,
    pub(super) metric: Metric,
}

/// What it found: of the network before, and after.
pub(super) struct Judged {
    pub(super) runtime: String,
    /// One score an example.
    pub(super) scores: [Vec<f32>; 2],
    pub(super) milliseconds: Option<[f64; 2]>,
}

impl Judge<'_> {
    /// By ONNX Runtime where it is installed and takes the files, else by our own arithmetic.
    pub(super) fn judge(&self, sides: [&Written<'_>; 2]) -> Result<Judged, String> {
        match OnnxRuntime::find() {
            // What was made is not lost for a runtime that does not know it.
            Ok(runtime) => self.by_runtime(runtime, sides).or_else(|why| self.ourselves(sides, &why)),
            Err(DeviceError::NoRuntime(why)) => self.ourselves(sides, &why),
            Err(e) => self.ourselves(sides, &e.to_string()),
        }
    }

    fn scores(&self, ask: &mut Answering<'_>) -> Result<Vec<f32>, String> {
        let answers = answers(ask, self.examples).map_err(|e| e.to_string())?;
        Ok(tested(&answers, self.examples, self.metric).1)
    }

    /// By the files themselves.
    fn by_runtime(&self, runtime: OnnxRuntime, sides: [&Written<'_>; 2]) -> Result<Judged, String> {
        let [before, after] =
            sides.map(|side| self.by_file(runtime.load(side.file).map_err(|e| e.to_string())?));
        let ((before, slow), (after, fast)) = (before?, after?);
        Ok(Judged {
            runtime: format!("ONNX Runtime ({})", runtime.library().display()),
            scores: [before, after],
            milliseconds: Some([slow, fast]),
        })
    }

    /// The scores by a file, and its milliseconds.
    fn by_file(&self, mut file: Loaded) -> Result<(Vec<f32>, f64), String> {
        let (shape, outputs) =
            (self.found.graph.input_shape(), self.found.graph.output_shape().len() as usize);
        let mut failed = None;
        let mut ask = |inputs: &[f32]| {
            let inputs = self.given(inputs);
            let answered = file.answers(&inputs, shape.extents());
            let mut answers = answered.unwrap_or_else(|e| {
                failed = Some(e);
                Vec::new()
            });
            if let Some(scale) = self.found.preprocessing.scale {
                let standardised = |a: &mut f32| *a = ((f64::from(*a) - scale.mean) / scale.deviation) as f32;
                answers.iter_mut().for_each(standardised);
            }
            answers.resize(inputs.len() / shape.len().max(1) as usize * outputs, 0.0);
            answers
        };
        let scores = self.scores(&mut ask)?;
        if let Some(failed) = failed {
            return Err(failed.to_string());
        }
        let mut room = Vec::new();
        let first = self.examples.range(0..self.examples.len().min(1), &mut room);
        let one = self.given(first.map_err(|e| e.to_string())?);
        let timing = file.time(&one, shape.extents(), Budget::of(TIMED)).map_err(|e| e.to_string())?;
        Ok((scores, timing.median_ms))
    }

    /// Inputs as a file takes them: pictures before their preprocessing, which is part of the file.
    fn given(&self, inputs: &[f32]) -> Vec<f32> {
        let mut inputs = inputs.to_vec();
        if let Inputs::Image(rule) = &self.found.preprocessing.inputs {
            rule.undo(&mut inputs);
        }
        inputs
    }

    /// By our own arithmetic: numbers of four bytes, rounded as those of the files are.
    fn ourselves(&self, sides: [&Written<'_>; 2], why: &str) -> Result<Judged, String> {
        let [before, after] = sides.map(|side| {
            let nodes: Vec<_> = side.grids.keys().copied().collect();
            let mut round = |node, numbers: &mut [f32]| {
                if let Some(grid) = side.grids.get(&node) {
                    numbers.iter_mut().for_each(|x| *x = grid.nearest(*x));
                }
            };
            self.scores(&mut |inputs| tapped((side.graph, &side.weights), inputs, &nodes, &mut round))
        });
        Ok(Judged {
            runtime: format!(
                "Nascent, which rounds as the file says but computes with numbers of four bytes ({why})"
            ),
            scores: [before?, after?],
            milliseconds: None,
        })
    }
}
