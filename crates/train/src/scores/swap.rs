use super::{Needs, Score};

pub(super) static SCORE: Score = Score {
    name: "swap",
    summary: "how many different sets of examples there are that some unit lets through",
    scale: "a number of patterns",
    paper: "arXiv:2403.04161",
    needs: Needs::Inputs,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let mut patterns = probe.signs().units.clone();
        patterns.sort_unstable();
        patterns.dedup();
        patterns.len() as f64
    },
};
