use super::probe::sum_of;
use super::{Needs, Score};

pub(super) static SCORE: Score = Score {
    name: "plain",
    summary: "weights times their gradients, summed",
    scale: "any number",
    paper: "arXiv:2101.08134",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let layers = probe.layers().zip(&probe.learned(0).weights);
        layers.map(|(weights, gradient)| sum_of(weights, gradient, |w, g| w * g)).sum()
    },
};
