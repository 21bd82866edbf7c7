use super::{Needs, Score};
use crate::network::Asked;
use crate::weights::SlotKind;

pub(super) static SCORE: Score = Score {
    name: "fisher",
    summary: "how much the loss would change if each channel of a layer were left out",
    scale: "0 or more",
    paper: "arXiv:1906.04113",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let asked = Asked { gates: true, ..Asked::default() };
        let seen = probe.teach(probe.weights(), 0, &asked);
        let examples = probe.batch(0).len() as f64;
        let slots = &probe.weights().slots;
        let of_layer = |(node, gradients): &(_, Vec<f32>)| {
            let squares: f64 = gradients.iter().map(|g| f64::from(*g).powi(2)).sum();
            let channels = gradients.len() as f64 / examples;
            // Each weight of a channel counts as the channel does.
            let weights = slots.iter().find(|s| s.node == *node && s.kind == SlotKind::Weight);
            squares / examples / 2.0 * weights.map_or(0, |s| s.len()) as f64 / channels.max(1.0)
        };
        seen.gates.iter().map(of_layer).sum()
    },
};
