//! What keeps gradient-based search from its known failure: that skips, which train fastest, win everywhere.

use super::logits::Logits;

/// Which guards there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guards {
    /// A skip beside each choice, whose weight falls from 1 to 0, takes the advantage from the one that is chosen (DARTS−,
    /// Chu et al. 2020, arXiv:2009.01027).
    pub auxiliary_skip: bool,
    /// Learning ends before skips win at more than a third of the choices (after DARTS+, Liang et al. 2019, arXiv:1909.06035).
    pub skip_count: bool,
    /// Learning ends where the curvature of the loss along the logits rises fast (RobustDARTS, Zela et al. 2019,
    /// arXiv:1909.09656).
    pub curvature: bool,
}

/// How many times as large as a window ago the eigenvalue may become: 1/0.75, as in the paper.
const STEEPER: f64 = 0.75;
/// Epochs of the paper's window, where there are enough.
const WINDOW: usize = 5;

impl Guards {
    pub(super) const ALL: Self = Self { auxiliary_skip: true, skip_count: true, curvature: true };
    pub(super) const NONE: Self = Self { auxiliary_skip: false, skip_count: false, curvature: false };

    /// The weight of the skip beside each choice.
    pub(super) fn auxiliary(self, progress: f64) -> f64 {
        if self.auxiliary_skip { 1.0 - progress.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Looks at the logits after an epoch of `epochs`, and takes them back where they have gone astray.
    pub(super) fn look(self, logits: &mut Logits, epochs: usize) {
        if self.skip_count && logits.skipped() > (logits.choices.len() / 3).max(1) {
            return settle(logits, 1);
        }
        let window = (epochs / WINDOW).clamp(1, WINDOW);
        let n = logits.past.len();
        if self.curvature && n >= 2 * window {
            let mean = |from: usize| {
                let values = logits.past[from..from + window].iter().map(|(_, value)| value);
                values.sum::<f64>() / window as f64
            };
            let (before, now) = (mean(n - 2 * window), mean(n - window));
            if before > 0.0 && before / now < STEEPER && now > 0.0 {
                settle(logits, window);
            }
        }
    }
}

/// Takes logits back by so many epochs, for good.
fn settle(logits: &mut Logits, back: usize) {
    logits.is_settled = true;
    // The last of the past is the present.
    let Some(place) = logits.past.len().checked_sub(1 + back) else {
        logits.values.iter_mut().for_each(|values| values.fill(0.0));
        return;
    };
    logits.values.clone_from(&logits.past[place].0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::architecture::op::{Conv2d, GlobalAveragePool, Identity, Linear, Mixed};
    use nascent_core::architecture::{ArchitectureBuilder, Shape};

    /// Three choices between a convolution and nothing.
    fn logits() -> Logits {
        let mut b = ArchitectureBuilder::new(Shape::new(&[2, 4, 4]));
        let mut at = b.input();
        for i in 0..3 {
            let conv = b.add(Conv2d::same(2, 3, 1), &[at]).unwrap();
            let skip = b.add(Identity {}, &[at]).unwrap();
            let options = vec!["conv".into(), "skip".into()];
            at = b.add(Mixed { path: format!("layer[{i}]"), options }, &[conv, skip]).unwrap();
        }
        let output =
            b.chain(at, [GlobalAveragePool {}.into(), Linear { features: 2, bias: true }.into()]).unwrap();
        Logits::new(&b.finish(output).unwrap())
    }

    /// An epoch after which the first so many choices are skips, and the curvature is this.
    fn epoch(logits: &mut Logits, skips: usize, eigenvalue: f64) {
        for (i, values) in logits.values.iter_mut().enumerate() {
            *values = if i < skips { vec![0.0, 1.0 + eigenvalue] } else { vec![1.0 + eigenvalue, 0.0] };
        }
        logits.past.push((logits.values.clone(), eigenvalue));
    }

    #[test]
    fn skips_that_win_are_taken_back_to_the_epoch_before() {
        let mut logits = logits();
        epoch(&mut logits, 1, 0.1);
        Guards::ALL.look(&mut logits, 10);
        assert!(!logits.is_settled);
        let before = logits.values.clone();
        epoch(&mut logits, 2, 0.1);
        Guards::NONE.look(&mut logits, 10);
        assert!(!logits.is_settled);
        Guards::ALL.look(&mut logits, 10);
        assert!(logits.is_settled && logits.values == before);
    }

    #[test]
    fn curvature_that_rises_fast_ends_the_learning() {
        let mut logits = logits();
        for eigenvalue in [0.10, 0.11, 0.12, 0.13] {
            epoch(&mut logits, 0, eigenvalue);
            Guards::ALL.look(&mut logits, 5);
            assert!(!logits.is_settled, "{eigenvalue}");
        }
        let before = logits.values.clone();
        epoch(&mut logits, 0, 0.2);
        Guards::ALL.look(&mut logits, 5);
        assert!(logits.is_settled && logits.values == before);
    }

    #[test]
    fn an_auxiliary_skip_is_gone_in_the_end() {
        assert_eq!([0.0, 0.25, 1.0].map(|at| Guards::ALL.auxiliary(at)), [1.0, 0.75, 0.0]);
        assert_eq!(Guards::NONE.auxiliary(0.0), 0.0);
    }
}
