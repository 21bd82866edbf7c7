use super::probe::sum_of;
use super::{Needs, Score};

pub(super) static SCORE: Score = Score {
    name: "snip",
    summary: "how much the loss would change, in either direction, if each weight were left out",
    scale: "0 or more",
    paper: "arXiv:1810.02340",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let layers = probe.layers().zip(&probe.learned(0).weights);
        layers.map(|(weights, gradient)| sum_of(weights, gradient, |w, g| (w * g).abs())).sum()
    },
};
