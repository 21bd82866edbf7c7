//! Gaussian processes on encoded decisions (Rasmussen & Williams 2006).

use super::cholesky::{Cholesky, dot};
use super::encoded::Encoded;
use super::kernel::{Kernel, Likeness, Point, Weights, add_distances, add_squares, likeness};
use super::predictor::{Guess, Predictor};

/// A Gaussian process whose kernel's parameters were fitted to some points; more can be added.
pub(crate) struct GaussianProcess {
    kernel: Kernel,
    weights: Weights,
    factor: Cholesky,
    /// `K⁻¹ y`, and the variance of the signal.
    alpha: Vec<f64>,
    variance: f64,
}

/// A Gaussian process as a predictor.
#[derive(Default)]
pub(crate) struct Gaussian {
    process: Option<GaussianProcess>,
    points: Vec<Point>,
}

impl Predictor for Gaussian {
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], _: u64) {
        self.points = networks.iter().map(|network| network.point().clone()).collect();
        let points: Vec<&Point> = self.points.iter().collect();
        let size = self.points.first().map_or((0, 0), Point::size);
        self.process = Some(GaussianProcess::fit(size, &points, values));
    }

    fn guess(&self, network: &Encoded) -> Guess {
        let Some(process) = &self.process else { return Guess { mean: 0.0, deviation: 1.0 } };
        let (mean, covariances) = process.mean(&self.points.iter().collect::<Vec<_>>(), network.point());
        let guess = process.guess(mean, covariances);
        // A value is measured with noise.
        let noise = process.kernel.noise() * process.variance;
        Guess { deviation: guess.deviation.hypot(noise.sqrt()), ..guess }
    }
}

/// More columns than these share one weight: there are too few results to tell them apart.
const SEPARATE: usize = 64;
/// Steps of the fit.
const STEPS: usize = 15;
/// The least of a factor's squared diagonal.
const LEAST: f64 = 1e-9;

impl GaussianProcess {
    /// Fits the kernel's parameters to these points, whose values have a mean of about 0; `size` is how many columns
    /// and tallies they have.
    pub(crate) fn fit(size: (usize, usize), points: &[&Point], values: &[f64]) -> Self {
        let kernel = Fit { columns: size.0, tallies: size.1, points, values }.run();
        let weights = kernel.weights();
        let (alpha, variance) = (Vec::new(), 1.0);
        let mut process = Self { kernel, weights, factor: Cholesky::default(), alpha, variance };
        for i in 0..points.len() {
            process.add(&points[..i], points[i]);
        }
        process.set_values(values);
        process
    }

    /// Adds a point behind those it has, `before`.
    pub(crate) fn add(&mut self, before: &[&Point], point: &Point) {
        let mut row: Vec<f64> = before.iter().map(|other| self.covariance(other, point)).collect();
        row.push(1.0 + self.kernel.noise());
        self.factor.push(&row, LEAST);
    }

    /// How many points it has.
    pub(crate) fn points(&self) -> usize {
        self.factor.rows()
    }

    /// Forgets the points from `points` on.
    pub(crate) fn truncate(&mut self, points: usize) {
        self.factor.truncate(points);
    }

    /// Learns the points' values, in their order; points beyond them have none.
    pub(crate) fn set_values(&mut self, values: &[f64]) {
        let mut alpha = values.to_vec();
        self.factor.forward(&mut alpha);
        self.variance = (dot(&alpha, &alpha) / values.len().max(1) as f64).max(1e-12);
        self.factor.backward(&mut alpha);
        self.alpha = alpha;
    }

    /// Columns met after the fit are left out: nothing is known of them.
    fn covariance(&self, a: &Point, b: &Point) -> f64 {
        self.weights.mix(likeness(&self.weights, a, b))
    }

    /// The mean at a point, and its covariances with all points.
    pub(crate) fn mean(&self, points: &[&Point], at: &Point) -> (f64, Vec<f64>) {
        let covariances: Vec<f64> = points.iter().map(|point| self.covariance(point, at)).collect();
        (dot(&covariances[..self.alpha.len()], &self.alpha), covariances)
    }

    /// The guess at a point whose covariances [`Self::mean`] gave; points without values narrow it too.
    pub(crate) fn guess(&self, mean: f64, mut covariances: Vec<f64>) -> Guess {
        self.factor.forward(&mut covariances);
        let left = (1.0 - dot(&covariances, &covariances)).max(LEAST);
        Guess { mean, deviation: (left * self.variance).sqrt() }
    }
}

/// The search for the kernel's parameters: the evidence, with the signal's variance at its best, and a prior.
struct Fit<'f> {
    columns: usize,
    tallies: usize,
    points: &'f [&'f Point],
    values: &'f [f64],
}

impl Fit<'_> {
    /// Climbs by the signs of the gradient, with a step of its own for each parameter (Riedmiller & Braun 1993).
    fn run(&self) -> Kernel {
        let groups = if self.columns <= SEPARATE { self.columns } else { 1 };
        // The weights of all columns together stay the same: members differ in some share of the questions.
        let centre = (2.4 / self.columns.max(1) as f64).ln();
        let mut parameters = vec![centre; groups];
        parameters.extend((0..self.tallies).map(|i| self.tally_centre(i)));
        parameters.extend([0.0, 0.0, NOISE.ln()]);
        let mut prior: Vec<(f64, f64)> = parameters.iter().map(|mean| (*mean, 1.0)).collect();
        prior.last_mut().into_iter().for_each(|(_, deviation)| *deviation = 2.0);
        let mut steps = vec![0.4; parameters.len()];
        let mut signs = vec![0.0; parameters.len()];
        let mut best = (f64::NEG_INFINITY, parameters.clone());
        for _ in 0..STEPS {
            let (evidence, gradient) = self.evidence(&self.kernel(&parameters));
            let penalty: f64 =
                parameters.iter().zip(&prior).map(|(p, (m, d))| 0.5 * ((p - m) / d).powi(2)).sum();
            if evidence - penalty > best.0 {
                best = (evidence - penalty, parameters.clone());
            }
            for i in 0..parameters.len() {
                let (mean, deviation) = prior[i];
                let slope = gradient[i] - (parameters[i] - mean) / (deviation * deviation);
                let sign = if slope == 0.0 { 0.0 } else { slope.signum() };
                steps[i] = match sign * signs[i] {
                    product if product > 0.0 => f64::min(steps[i] * 1.2, 1.0),
                    product if product < 0.0 => steps[i] * 0.5,
                    _ => steps[i],
                };
                signs[i] = sign;
                parameters[i] += sign * steps[i];
            }
        }
        self.kernel(&best.1)
    }

    /// Where a tally's weight is looked for first: two points differ by about 1 in all tallies together.
    fn tally_centre(&self, i: usize) -> f64 {
        let n = self.points.len().max(1) as f64;
        let mean = self.points.iter().map(|p| p.tally(i)).sum::<f64>() / n;
        let variance = self.points.iter().map(|p| (p.tally(i) - mean).powi(2)).sum::<f64>() / n;
        -(2.0 * self.tallies as f64 * if variance > 0.0 { variance } else { 1.0 }).ln()
    }

    fn kernel(&self, parameters: &[f64]) -> Kernel {
        let groups = parameters.len() - 3 - self.tallies;
        let log_weights = (0..self.columns).map(|c| parameters[c.min(groups - 1)]).collect();
        let rest = &parameters[groups + self.tallies..];
        Kernel {
            log_weights,
            log_tallies: parameters[groups..groups + self.tallies].to_vec(),
            logits: [rest[0], rest[1]],
            log_noise: rest[2],
        }
    }

    /// The logarithm of the evidence but for a constant, and its gradient: weights, share, noise.
    fn evidence(&self, kernel: &Kernel) -> (f64, Vec<f64>) {
        let n = self.points.len();
        let weights = kernel.weights();
        let mut likenesses: Vec<Likeness> = Vec::with_capacity(n * (n + 1) / 2);
        let mut factor = Cholesky::default();
        let mut row = Vec::with_capacity(n);
        for i in 0..n {
            row.clear();
            for j in 0..i {
                let likeness = likeness(&weights, self.points[i], self.points[j]);
                row.push(weights.mix(likeness));
                likenesses.push(likeness);
            }
            row.push(1.0 + kernel.noise());
            factor.push(&row, LEAST);
        }
        let mut alpha = self.values.to_vec();
        factor.forward(&mut alpha);
        let variance = (dot(&alpha, &alpha) / n as f64).max(1e-12);
        factor.backward(&mut alpha);
        let evidence = -0.5 * n as f64 * variance.ln() - factor.half_log_determinant();
        (evidence, self.gradient(kernel, &weights, &likenesses, &factor, &alpha, variance))
    }

    fn gradient(
        &self,
        kernel: &Kernel,
        weights: &Weights,
        likenesses: &[Likeness],
        factor: &Cholesky,
        alpha: &[f64],
        variance: f64,
    ) -> Vec<f64> {
        let n = self.points.len();
        let inverse = factor.inverse();
        let shares = weights.shares;
        let (mut by_column, mut by_tally) = (vec![0.0; self.columns], vec![0.0; self.tallies]);
        let (mut by_logit, mut by_noise) = ([0.0; 2], 0.0);
        let mut pairs = likenesses.iter();
        for i in 0..n {
            for (j, pair) in (0..i).zip(pairs.by_ref()) {
                // Twice a half: the matrix is symmetric.
                let pull = alpha[i] * alpha[j] / variance - inverse[i * n + j];
                let (a, b, mixed) = (self.points[i], self.points[j], weights.mix(*pair));
                for (k, sum) in by_logit.iter_mut().enumerate() {
                    *sum += pull * shares[k + 1] * (pair[k + 1] - mixed);
                }
                add_distances(a, b, pull * shares[0] * pair[0], &mut by_column);
                add_squares(a, b, pull * shares[2] * pair[2], &mut by_tally);
            }
            by_noise += 0.5 * (alpha[i] * alpha[i] / variance - inverse[i * n + i]);
        }
        let by_weight = by_column.iter().zip(&weights.columns).map(|(sum, weight)| -weight * sum);
        let mut gradient: Vec<f64> =
            if self.columns <= SEPARATE { by_weight.collect() } else { vec![by_weight.sum()] };
        gradient.extend(by_tally.iter().zip(&weights.tallies).map(|(sum, weight)| -weight * sum));
        gradient.extend(by_logit);
        gradient.push(by_noise * kernel.noise());
        gradient
    }
}

/// Where the noise's variance is looked for first.
const NOISE: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::rng::Rng;

    /// Members of a space of five categorical questions and one ordered one, and values that the first decides.
    fn sample(n: usize) -> (Vec<Point>, Vec<f64>) {
        let mut rng = Rng::new(9, 0);
        let mut points = Vec::new();
        let mut values = Vec::new();
        for _ in 0..n {
            let answers: Vec<usize> = (0..6).map(|_| rng.below(4)).collect();
            let clear = answers[0] as f64 - 1.5 + f64::from(u8::from(answers[1] == answers[2])) - 0.25;
            values.push(clear + 0.3 * rng.normal());
            let code = |(i, a): (usize, &usize)| if i == 5 { *a as f32 / 3.0 } else { *a as f32 };
            let tally = |option| answers[..5].iter().filter(|a| **a == option).count() as f32;
            let tallies = (0..4).map(tally).collect();
            points.push(Point::new(answers.iter().enumerate().map(code).collect(), tallies));
        }
        (points, values)
    }

    #[test]
    fn the_gradient_is_that_of_the_evidence() {
        let (points, values) = sample(25);
        let points: Vec<&Point> = points.iter().collect();
        let fit = Fit { columns: 6, tallies: 4, points: &points, values: &values };
        let parameters = vec![-1.0, -0.3, 0.2, -0.8, -1.5, 0.1, -1.2, -2.0, -1.5, -0.7, 0.4, -0.2, -2.0];
        let (_, gradient) = fit.evidence(&fit.kernel(&parameters));
        for i in 0..parameters.len() {
            let moved = |by: f64| {
                let mut parameters = parameters.clone();
                parameters[i] += by;
                fit.evidence(&fit.kernel(&parameters)).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-4 * (1.0 + slope.abs()), "{i}: {slope} {}", gradient[i]);
        }
    }

    #[test]
    fn what_was_not_seen_is_guessed_well_and_the_guess_knows_how_well() {
        let (points, values) = sample(160);
        let all: Vec<&Point> = points.iter().collect();
        let process = GaussianProcess::fit((6, 4), &all[..120], &values[..120]);
        let (mut error, mut expected) = (0.0, 0.0);
        for i in 120..160 {
            let (mean, covariances) = process.mean(&all[..120], all[i]);
            let guess = process.guess(mean, covariances);
            error += (guess.mean - values[i]).powi(2) / 40.0;
            expected += guess.deviation.powi(2) / 40.0;
        }
        let variance = values.iter().map(|v| v * v).sum::<f64>() / 160.0;
        assert!(error < 0.15 * variance, "an error of {error} where the values' variance is {variance}");
        // The noise of 0.09 is no part of the guess.
        let found = error - 0.09;
        assert!((expected - found).abs() < 0.05, "{expected} expected, {found} found");
        let known = process.mean(&all[..120], all[0]);
        let far = process.mean(&all[..120], &Point::new(vec![9.0; 5], vec![9.0; 4]));
        let [known, far] = [known, far].map(|(mean, covariances)| process.guess(mean, covariances).deviation);
        assert!(known < 0.5 * far, "a deviation of {known} where it was looked, {far} where not");
    }
}
