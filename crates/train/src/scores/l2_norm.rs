use super::grad_norm::length;
use super::{Needs, Score};

pub(super) static SCORE: Score = Score {
    name: "l2_norm",
    summary: "the length of each layer's fresh weights, summed",
    scale: "0 or more",
    paper: "arXiv:2101.08134",
    needs: Needs::Graph,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| probe.layers().map(length).sum(),
};
