//! What every other score must be measured against: how large a network is.

use super::{Needs, Score};

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
