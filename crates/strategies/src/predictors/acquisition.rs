//! How much a network that was not tried is worth trying.

use super::normal::{Quantiles, ln_below, ln_expected_improvement};
use super::predictor::Guess;
use super::surrogate::measured_limits;
use nascent_core::Objectives;
use nascent_core::objective::{Bound, Score};
use nascent_core::rng::Rng;
use smallvec::SmallVec;

/// The expected improvement on what was found, times the chance that the limits are kept (Schonlau et al. 1998).
///
/// With several objectives improvement is in a weighted Chebyshev distance, averaged over draws, with weights drawn for
/// each proposal (Knowles 2006, doi:10.1109/TEVC.2005.851274). Where nothing that keeps the limits was found, the
/// chance alone counts.
pub(crate) struct Acquisition {
    limits: Vec<(Bound, f64)>,
    gain: Gain,
}

enum Gain {
    /// Nothing found keeps the limits.
    Feasibility,
    /// Over the best score.
    Single(f64),
    /// Over the least distance found.
    Chebyshev { weights: Vec<f64>, least: f64, draws: Vec<Vec<f64>> },
    /// Over the area that these dominate, sorted by the first objective.
    Area(Vec<[f64; 2]>),
}

/// The corner that areas are measured from: worse than any score.
const CORNER: f64 = 4.0;

/// Draws that a gain is averaged over.
const DRAWS: usize = 24;

impl Acquisition {
    /// The expected improvement of the area that two objectives dominate (Emmerich et al. 2006,
    /// doi:10.1109/TEVC.2005.859463), between the scores of ranks. The results are all that no other dominates.
    pub(crate) fn area<'s>(
        objectives: &Objectives,
        results: impl Iterator<Item = &'s Score>,
        scales: &[Quantiles],
    ) -> Self {
        let found = results.filter(|s| s.violation == 0.0);
        let place = |score: &Score| -> Option<[f64; 2]> {
            let mut scores = score.values.iter().zip(scales).map(|(value, scale)| scale.score(*value));
            Some([scores.next()?, scores.next()?])
        };
        let mut front: Vec<[f64; 2]> = found.filter_map(place).collect();
        front.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let gain = if front.is_empty() { Gain::Feasibility } else { Gain::Area(front) };
        Self { limits: scaled_limits(objectives, scales), gain }
    }

    /// For these results, which need be only those that may be among the best, and the scales of all.
    pub(crate) fn new<'s>(
        objectives: &Objectives,
        results: impl Iterator<Item = &'s Score>,
        scales: &[Quantiles],
        rng: &mut Rng,
    ) -> Self {
        let wanted = objectives.wanted.len();
        let limits = scaled_limits(objectives, scales);
        let found: Vec<&Score> = results.filter(|s| s.violation == 0.0).collect();
        let score = |score: &&Score| -> SmallVec<[f64; 2]> {
            score.values.iter().zip(scales).map(|(value, scale)| scale.score(*value)).collect()
        };
        let gain = match wanted {
            _ if found.is_empty() => Gain::Feasibility,
            1 => Gain::Single(found.iter().map(|s| score(s)[0]).fold(f64::INFINITY, f64::min)),
            _ => Gain::chebyshev(&found.iter().map(score).collect::<Vec<_>>(), wanted, rng),
        };
        Self { limits, gain }
    }

    /// The logarithm of what guesses are worth: more is better.
    pub(crate) fn worth(&self, guesses: &[Guess]) -> f64 {
        let wanted = guesses.len() - self.limits.len();
        let kept = |((bound, limit), guess): (&(Bound, f64), &Guess)| {
            let inside = match bound {
                Bound::AtMost => limit - guess.mean,
                Bound::AtLeast => guess.mean - limit,
            };
            ln_below(inside / guess.deviation.max(1e-6))
        };
        let chance: f64 = self.limits.iter().zip(&guesses[wanted..]).map(kept).sum();
        chance + self.gain.ln_expected(&guesses[..wanted])
    }
}

/// The measured limits in the units of guesses.
fn scaled_limits(objectives: &Objectives, scales: &[Quantiles]) -> Vec<(Bound, f64)> {
    measured_limits(objectives)
        .zip(scales.get(objectives.wanted.len()..).unwrap_or_default())
        .map(|(limit, scale)| (limit.bound, scale.score(limit.value)))
        .collect()
}

impl Gain {
    fn chebyshev(found: &[SmallVec<[f64; 2]>], wanted: usize, rng: &mut Rng) -> Self {
        let weights = lattice(wanted, rng);
        let least = found.iter().map(|s| distance(&weights, s)).fold(f64::INFINITY, f64::min);
        let draws = (0..DRAWS).map(|_| (0..wanted).map(|_| rng.normal()).collect()).collect();
        Self::Chebyshev { weights, least, draws }
    }

    fn ln_expected(&self, guesses: &[Guess]) -> f64 {
        match self {
            Self::Feasibility => 0.0,
            Self::Single(best) => {
                guesses.first().map_or(0.0, |g| ln_expected_improvement(g.mean, g.deviation.max(1e-9), *best))
            }
            Self::Chebyshev { weights, least, draws } => {
                let gain = |z: &Vec<f64>| {
                    let at: SmallVec<[f64; 2]> =
                        guesses.iter().zip(z).map(|(g, z)| g.mean + g.deviation * z).collect();
                    (least - distance(weights, &at)).max(0.0)
                };
                (draws.iter().map(gain).sum::<f64>() / DRAWS as f64).ln()
            }
            Self::Area(front) => match guesses {
                [first, second] => area_gain(front, *first, *second).max(f64::MIN_POSITIVE).ln(),
                _ => 0.0,
            },
        }
    }
}

/// By how much the area grows on average: a sum over the strips between neighbours on the front, in each of which what
/// is gained is a product (Emmerich et al. 2011, doi:10.1109/CEC.2011.5949880).
fn area_gain(front: &[[f64; 2]], first: Guess, second: Guess) -> f64 {
    let below = |guess: Guess, bound: f64| {
        ln_expected_improvement(guess.mean, guess.deviation.max(1e-9), bound).exp()
    };
    let (mut sum, mut left, mut height) = (0.0, 0.0, CORNER);
    for &[at, next] in front.iter().chain([&[CORNER, f64::NEG_INFINITY]]) {
        let right = below(first, at);
        sum += (right - left) * below(second, height);
        (left, height) = (right, next.min(height));
    }
    sum
}

/// Into so many parts weights are cut, as in Knowles (2006).
const PARTS: usize = 10;

/// One of all weights that are whole tenths and sum to 1, each as likely: so an objective now and then counts alone.
fn lattice(wanted: usize, rng: &mut Rng) -> Vec<f64> {
    // Of so many places in a row, those that are bars between the weights.
    let places = PARTS + wanted - 1;
    let mut bars: Vec<usize> = (0..places).collect();
    rng.shuffle(&mut bars);
    bars.truncate(wanted - 1);
    bars.sort_unstable();
    bars.push(places);
    let mut start = 0;
    let width = |bar: usize| {
        let width = bar - start;
        start = bar + 1;
        width as f64 / PARTS as f64
    };
    bars.into_iter().map(width).collect()
}

/// The best score that objectives are measured from: three deviations and more below the middle.
const IDEAL: f64 = -4.0;

/// The augmented Chebyshev distance from the ideal.
fn distance(weights: &[f64], scores: &[f64]) -> f64 {
    let terms = || weights.iter().zip(scores).map(|(weight, score)| weight * (score - IDEAL));
    terms().fold(f64::NEG_INFINITY, f64::max) + 0.05 * terms().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_gained_is_that_of_draws() {
        let front = [[-1.0, 1.0], [0.0, 0.0], [1.0, -0.5]];
        let [first, second] = [(-0.2, 0.7), (-0.4, 0.5)].map(|(mean, deviation)| Guess { mean, deviation });
        let mut rng = Rng::new(3, 0);
        let corner = [CORNER, f64::NEG_INFINITY];
        let draws = 100_000;
        let mut sum = 0.0;
        for _ in 0..draws {
            let [x, y] = [first, second].map(|g| g.mean + g.deviation * rng.normal());
            let (mut left, mut height) = (f64::NEG_INFINITY, CORNER);
            for [at, next] in front.into_iter().chain([corner]) {
                sum += (at - x.max(left)).max(0.0) * (height - y).max(0.0);
                (left, height) = (at, next);
            }
        }
        let drawn = sum / f64::from(draws);
        let found = area_gain(&front, first, second);
        assert!((found / drawn - 1.0).abs() < 0.02, "{found}, and {drawn} of {draws} draws");
    }

    #[test]
    fn with_several_objectives_each_proposal_wants_another_part_of_the_front() {
        let mut objectives = Objectives::single("accuracy", nascent_core::objective::Direction::Maximize);
        let wanted = objectives.wanted[0].clone();
        objectives.wanted.push(nascent_core::objective::Objective { name: "speed".into(), ..wanted });
        let result = |a: f64| Score { violation: 0.0, values: [a, -a].into_iter().collect() };
        let results: Vec<Score> = [-2.0, -1.0, 0.0, 1.0, 2.0].map(result).to_vec();
        let scales = [0, 1].map(|i| Quantiles::new(results.iter().map(|r| r.values[i])));
        let guess = |a: f64, b: f64| [a, b].map(|mean| Guess { mean, deviation: 0.2 });
        let mut accurate = 0;
        for seed in 0..100 {
            let acquisition = Acquisition::new(&objectives, results.iter(), &scales, &mut Rng::new(seed, 0));
            let worths = [guess(-2.0, 1.0), guess(1.0, -2.0)].map(|g| acquisition.worth(&g));
            accurate += i32::from(worths[0] > worths[1]);
            assert!(acquisition.worth(&guess(-3.0, -3.0)) > acquisition.worth(&guess(1.0, 1.0)));
        }
        assert!((30..70).contains(&accurate), "{accurate} of 100 prefer the more accurate");
    }

    #[test]
    fn a_likely_break_of_a_limit_makes_a_network_worth_less() {
        let mut objectives = Objectives::single("accuracy", nascent_core::objective::Direction::Maximize);
        objectives.limits.push("latency_ms<=3".parse().unwrap());
        let scales = [Quantiles::new([1.0, 2.0].into_iter()), Quantiles::new([2.0, 4.0].into_iter())];
        let result = Score { violation: 0.0, values: [1.5].into_iter().collect() };
        let acquisition = Acquisition::new(&objectives, [&result].into_iter(), &scales, &mut Rng::new(0, 0));
        let guess = |latency| [Guess { mean: -1.0, deviation: 0.1 }, Guess { mean: latency, deviation: 0.5 }];
        let worths: Vec<f64> = [-1.0, 0.0, 1.0].map(|latency| acquisition.worth(&guess(latency))).to_vec();
        let odds = [worths[0] - worths[1], worths[1] - worths[2]].map(f64::exp);
        assert!(odds[0] > 1.9 && odds[1] > 10.0, "{worths:?}");
    }
}
