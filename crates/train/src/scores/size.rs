//! What every other score must be measured against: how large a network is.

use super::{Needs, Score};
use crate::weights::{Slot, SlotKind, slots};

pub(super) static PARAMS: Score = Score {
    name: "params",
    summary: "trainable parameters",
    scale: "a number of parameters",
    paper: "",
    needs: Needs::Graph,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| probe.graph.cost().params as f64,
};

/// What a transformer computes with, whatever its vocabulary.
pub(super) static INNER_PARAMS: Score = Score {
    name: "non_embedding_params",
    summary: "trainable parameters but those of embeddings and positions",
    scale: "a number of parameters",
    paper: "arXiv:2203.02094",
    needs: Needs::Graph,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let is_inner = |slot: &Slot| {
            slot.kind.is_trained() && !matches!(slot.kind, SlotKind::Embedding | SlotKind::Positions)
        };
        slots(probe.graph).iter().filter(|slot| is_inner(slot)).map(|slot| slot.len() as f64).sum()
    },
};

pub(super) static MACS: Score = Score {
    name: "macs",
    summary: "multiply-accumulates for one example",
    scale: "a number of operations",
    paper: "",
    needs: Needs::Graph,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| probe.graph.cost().macs as f64,
};
