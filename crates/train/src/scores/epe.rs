use super::jacov::correlations;
use super::{Needs, Score};
use nascent_data::Targets;

pub(super) static SCORE: Score = Score {
    name: "epe",
    summary: "how differently answers depend on their inputs for different examples of one class",
    scale: "0 or more",
    paper: "arXiv:2102.08099",
    needs: Needs::Answers,
    needs_numbers: true,
    needs_classes: true,
    measure: |probe| {
        let (jacobian, examples) = probe.jacobian();
        let Targets::Classes { classes, labels } = &probe.batch(0).targets else { return f64::NAN };
        let len = (jacobian.len() / examples).max(1);
        let of_class = |class: u32| {
            let rows = jacobian.chunks_exact(len).zip(labels).filter(|(_, label)| **label == class);
            let rows: Vec<&[f32]> = rows.map(|(row, _)| row).collect();
            let sum: f64 = correlations(&rows).iter().map(|c| (c.abs() + SMALL).ln()).sum();
            (!rows.is_empty()).then(|| if *classes > MANY { sum / rows.len() as f64 } else { sum })
        };
        let found: Vec<f64> = (0..*classes as u32).filter_map(of_class).collect();
        if *classes <= MANY {
            return found.iter().map(|sum| sum.abs()).sum();
        }
        let pairs = found.iter().flat_map(|a| found.iter().map(move |b| (a - b).abs()));
        pairs.sum::<f64>() / found.len() as f64
    },
};

const SMALL: f64 = 1e-5;
/// With more classes than this they are compared with one another.
const MANY: usize = 100;
