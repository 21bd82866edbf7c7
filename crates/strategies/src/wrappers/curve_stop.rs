use super::curves::{Curve, Curves, Rule, Stopping};
use super::{Inside, Wrapper};
use crate::parameters::Parameter;
use crate::predictors::cholesky::Cholesky;
use crate::predictors::normal::below;
use nascent_core::TrialId;

/// Stops a trial that is unlikely to end better than the best so far (Baker et al. 2017, arXiv:1705.10823).
///
/// How a trial will end is predicted from where it is now, and from how far it came in the second half of its steps, by a
/// regression over trials that ran to the end: so the schedule of the learning rate, which makes the last steps count more
/// than any extrapolation of one curve would say, is allowed for. Trials are compared by the first objective.
struct CurveStop {
    chance: f64,
    startup: usize,
}

pub(super) static WRAPPER: Wrapper = Wrapper {
    name: "curve-stop",
    summary: "ends trials that, going by the curves of others, are unlikely to come out better than the best so far",
    good_for: "trials that report often, where some ten of them have ended",
    paper: "arXiv:1705.10823",
    cost: "time grows with the trials that are remembered, 200 at most, at each report; memory stays bounded",
    parameters: &[
        Parameter {
            name: "chance",
            meaning: "per cent; a trial with a smaller chance to become the best is ended",
            range: (1, 50),
            default: |_| 5,
            default_text: "5, as in the paper",
        },
        Parameter {
            name: "startup",
            meaning: "trials that end in their own time before any is stopped",
            range: (FEWEST as u64, 10_000),
            default: |_| 10,
            default_text: "10",
        },
    ],
    climbs: false,
    not_inside: Some((&["curve-stop"], "one is enough")),
    wrap: |values, Inside { strategy: inside, .. }| {
        let (chance, startup) = (values.value("chance") as f64 / 100.0, values.value("startup") as usize);
        Ok(Box::new(Stopping::new(CurveStop { chance, startup }, inside)))
    },
};

/// What is predicted from: a constant, the latest value, and what the second half of the steps brought.
const INPUTS: usize = 3;
/// With fewer curves than this the spread around a prediction is not known.
const FEWEST: usize = INPUTS + 3;

impl Rule for CurveStop {
    fn ends(&self, curves: &Curves, trial: TrialId) -> Option<bool> {
        Some(self.chance_of(curves, trial)? < self.chance)
    }
}

impl CurveStop {
    /// The chance that a trial ends better than the best of those that ran as long as it is to run; `None` where too little
    /// is known.
    fn chance_of(&self, curves: &Curves, trial: TrialId) -> Option<f64> {
        let curve = curves.running(trial)?;
        let (step, end) = (curve.last()?, curve.budget);
        if step >= end {
            return None;
        }
        let at = inputs(curves, curve, step)?;
        let whole = curves.ended().filter(|other| other.last() >= Some(end));
        let known: Vec<([f64; INPUTS], f64)> = whole
            .filter_map(|other| Some((inputs(curves, other, step)?, curves.value(other, end)?)))
            .filter(|(x, y)| x.iter().chain([y]).all(|v| v.is_finite()))
            .collect();
        if known.len() < self.startup.max(FEWEST) {
            return None;
        }
        let best = known.iter().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
        let (mean, deviation) = predict(&known, at)?;
        Some(below((best - mean) / deviation))
    }
}

/// What is predicted from, at this step of a trial.
fn inputs(curves: &Curves, curve: &Curve, step: u32) -> Option<[f64; INPUTS]> {
    let (now, before) = (curves.value(curve, step)?, curves.value(curve, step.div_ceil(2))?);
    Some([1.0, now, now - before])
}

/// What linear regression expects, and its standard deviation, that of the coefficients included.
fn predict(known: &[([f64; INPUTS], f64)], at: [f64; INPUTS]) -> Option<(f64, f64)> {
    let mut right = [0.0; INPUTS];
    let mut normal = [[0.0; INPUTS]; INPUTS];
    for (x, y) in known {
        for i in 0..INPUTS {
            right[i] += x[i] * y;
            (0..INPUTS).for_each(|j| normal[i][j] += x[i] * x[j]);
        }
    }
    let trace: f64 = (0..INPUTS).map(|i| normal[i][i]).sum();
    let mut factor = Cholesky::default();
    for (i, row) in normal.iter_mut().enumerate() {
        // Inputs that are equal throughout would leave no inverse.
        row[i] += 1e-9 * trace;
        factor.push(&row[..=i], 1e-12 * trace);
    }
    let solve = |b: [f64; INPUTS]| {
        let mut b = b;
        factor.forward(&mut b);
        factor.backward(&mut b);
        b
    };
    let weights = solve(right);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let left: f64 = known.iter().map(|(x, y)| (y - dot(x, &weights)).powi(2)).sum();
    let free = (known.len() - INPUTS) as f64;
    let leverage = dot(&at, &solve(at));
    // Student's distribution has this variance.
    let variance = left / free * (1.0 + leverage) * free / (free - 2.0);
    let deviation = variance.sqrt();
    (deviation > 0.0 && deviation.is_finite()).then(|| (dot(&at, &weights), deviation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spec;
    use nascent_core::event::{Outcome, Proposal, Role, Seq};
    use nascent_core::objective::Direction;
    use nascent_core::{Event, Metrics, Objectives, Strategy};

    #[test]
    fn a_line_is_continued_and_its_spread_is_known() {
        // y = 2 + 3 a - b, and noise of ±0.1.
        let noise = |i: usize| if i.is_multiple_of(2) { 0.1 } else { -0.1 };
        let x = |i: usize| [1.0, (i * 7 % 11) as f64, (i * 5 % 13) as f64];
        let known: Vec<_> = (0..40).map(|i| (x(i), 2.0 + 3.0 * x(i)[1] - x(i)[2] + noise(i))).collect();
        let (mean, deviation) = predict(&known, [1.0, 4.0, 2.0]).unwrap();
        assert!((mean - 12.0).abs() < 0.1 && (0.09..0.13).contains(&deviation), "{mean} ± {deviation}");
        let (_, far) = predict(&known, [1.0, 100.0, -100.0]).unwrap();
        assert!(far > 2.0 * deviation, "what is far from all that is known is less certain");
        // Without any spread nothing is told, and nothing panics.
        let flat: Vec<_> = (0..8).map(|_| ([1.0, 0.5, 0.0], 0.25)).collect();
        assert!(predict(&flat, [1.0, 0.5, 0.0]).is_none_or(|(mean, _)| (mean - 0.25).abs() < 1e-6));
    }

    /// Trial `number` of quality `q`, reported up to a step of ten: all gain as much, but for a little.
    fn run(wrapped: &mut dyn Strategy, number: u32, q: f64, until: u32) {
        let trial = TrialId(number);
        let decisions = nascent_core::Decisions::new();
        let proposal =
            Proposal { decisions, rung: 0, budget: 10, parents: Default::default(), role: Role::Search };
        let costs = Metrics::new();
        wrapped.observe(&Event::Proposed { trial, seen: Seq(0), proposal, hash: None, costs });
        let little = f64::from(number * 7 % 5) * 0.002;
        for step in 1..=until {
            let accuracy = 0.5 * q + (0.3 + little) * f64::from(step) / 10.0;
            let metrics = Metrics::new().with("accuracy", accuracy);
            wrapped.observe(&Event::Reported { trial, step, metrics });
        }
        if until == 10 {
            let metrics = Metrics::new().with("accuracy", 0.5 * q + 0.3);
            let outcome = Outcome { metrics, best_step: None, cost: 10.0 };
            wrapped.observe(&Event::Finished { trial, outcome, copied_from: None });
        }
    }

    #[test]
    fn what_cannot_catch_up_is_ended_and_what_can_goes_on() {
        let mut wrapped = Spec::parse("curve-stop > random").unwrap().make(100).unwrap();
        wrapped.begin(&Objectives::single("accuracy", Direction::Maximize));
        for number in 0..9 {
            run(&mut *wrapped, number, f64::from(number) / 10.0, 10);
        }
        run(&mut *wrapped, 50, 0.1, 4);
        assert!(!wrapped.should_stop(TrialId(50)), "nine curves are too few");
        for number in 9..20 {
            run(&mut *wrapped, number, f64::from(number % 10) / 10.0, 10);
        }
        assert!(wrapped.should_stop(TrialId(50)));
        run(&mut *wrapped, 51, 0.92, 4);
        assert!(!wrapped.should_stop(TrialId(51)));
        // One that has come to its end is not stopped any more, and an unknown one never.
        run(&mut *wrapped, 52, 0.1, 10);
        assert!(!wrapped.should_stop(TrialId(52)) && !wrapped.should_stop(TrialId(99)));
    }
}
