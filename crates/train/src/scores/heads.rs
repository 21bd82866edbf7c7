//! What the heads of attention do before any training (Serianni and Kalita 2023, arXiv:2306.00288).

use super::{LEAST, Needs, Score};

/// How much the loss would change if a head were masked (Michel et al. 2019, arXiv:1905.10650).
pub(super) static IMPORTANCE: Score = Score {
    name: "head_importance",
    summary: "how much the loss depends on each head of attention, the mean over heads and examples",
    scale: "0 or more; networks without attention are last",
    paper: "arXiv:2306.00288",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| mean(probe.heads().importances.iter().flatten().map(|slope| f64::from(slope.abs()))),
};

/// How sure a head is of where it looks (Voita et al. 2019, arXiv:1905.09418).
pub(super) static CONFIDENCE: Score = Score {
    name: "head_confidence",
    summary: "the largest weight that a head of attention gives to a step, the mean over heads, steps and examples",
    scale: "from 0 to 1; networks without attention are last",
    paper: "arXiv:2306.00288",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| mean(probe.heads().confidences.iter().map(|weight| f64::from(*weight))),
};

/// The mean, or what is below every score where there is nothing.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = numbers.fold((0u64, 0.0), |(count, sum), x| (count + 1, sum + x));
    if count == 0 { LEAST } else { sum / count as f64 }
}
