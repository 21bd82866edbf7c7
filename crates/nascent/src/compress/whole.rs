use crate::error::Error;
use nascent_core::architecture::{Architecture, slots};
use nascent_core::rng::{Rng, mix};
use nascent_data::Task;
use nascent_export::int8::{Counts, Folded, Grids, Observed, fold, places, rounded};
use nascent_train::{Weights, tapped};
use std::collections::BTreeMap;
use std::path::Path;

/// Inputs that go through the network at a time when ranges are taken.
const BATCH: usize = 64;

/// A network of whole numbers.
pub(super) struct Whole {
    pub(super) folded: Folded,
    pub(super) grids: Grids,
    pub(super) counts: Counts,
    /// Training rows that the ranges of values are taken from.
    pub(super) rows: usize,
}

impl Whole {
    /// Of a network of a run, its ranges taken from so many training rows.
    pub(super) fn new(
        (graph, weights): (&Architecture, &Weights),
        task: &Task,
        (rows, seed): (usize, u64),
        run: &Path,
    ) -> Result<Self, Error> {
        let folded = fold(graph, &weights.values).map_err(|e| Error::file(run, e))?;
        let train = task.train();
        let rows = some_rows(train.len(), rows, seed);
        let mut inputs = Vec::new();
        train.gather(&rows, &mut inputs).map_err(|e| Error::file(run, e))?;
        let grids = grids(&folded, &inputs).map_err(|reason| Error::file(run, reason))?;
        let counts = Counts::new(&folded, &grids);
        if counts.whole == 0 {
            let reason =
                "has a network without weights that could be whole numbers: there is nothing to compress";
            return Err(Error::file(run, reason));
        }
        Ok(Self { folded, grids, counts, rows: rows.len() })
    }

    /// Its weights as whole numbers stand for them.
    pub(super) fn weights(&self) -> Weights {
        Weights { slots: slots(&self.folded.graph), values: rounded(&self.folded, &self.grids) }
    }

    /// How it was made, in words.
    pub(super) fn sentence(&self) -> String {
        format!(
            "Weights are int8 with a scale for each channel; values between layers are uint8 in ranges taken from {} training rows.",
            self.rows
        )
    }
}

/// Some of so many rows, in an order that follows from the study's seed.
pub(super) fn some_rows(of: usize, rows: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..of).collect();
    Rng::new(mix(&[seed, 0x18]), 0).shuffle(&mut order);
    order.truncate(rows);
    order
}

/// The grid of each value that is rounded.
fn grids(folded: &Folded, inputs: &[f32]) -> Result<Grids, String> {
    let graph = &folded.graph;
    let weights = Weights { slots: slots(graph), values: folded.values.clone() };
    let places = places(graph);
    let mut seen: BTreeMap<_, Observed> = BTreeMap::new();
    for batch in inputs.chunks(BATCH * graph.input_shape().len().max(1) as usize) {
        let mut see = |node, numbers: &mut [f32]| seen.entry(node).or_default().see(numbers);
        let _ = tapped((graph, &weights), batch, &places, &mut see);
    }
    seen.into_iter()
        .map(|(node, observed)| {
            let label = graph.nodes()[node.index()].op.name();
            let none = || {
                format!("node {} ({label}) gives values that are no numbers: train the network again", node.0)
            };
            Ok((node, observed.grid().ok_or_else(none)?))
        })
        .collect()
}
