//! What the results so far say of networks that were not tried.

use super::encoding::{AnswerEncoding, Codes};
use super::gaussian_process::GaussianProcess;
use super::kernel::Point;
use super::lessons::best_and_latest;
use super::normal::Quantiles;
use super::predictor::Guess;
use nascent_core::objective::{Bound, Limit, Metrics, Objectives, Score};
use nascent_core::{Decisions, Space, SpaceError};

/// One Gaussian process for each objective and each limit that cannot be known without measuring.
///
/// The kernels' parameters are fitted on a schedule that depends on the number of results alone, to a bounded choice of
/// them; the values are replaced by their ranks' normal quantiles. So the same results give the same guesses, whenever
/// they are asked for.
#[derive(Default)]
pub(crate) struct Surrogate {
    encoding: AnswerEncoding,
    points: Vec<Point>,
    /// For each point, what is modelled: objectives as [`Score`] has them, then limited metrics.
    values: Vec<Vec<f64>>,
    scores: Vec<Score>,
    /// How many results the kernels were fitted to, which points those were, and the models.
    fitted: usize,
    chosen: Vec<usize>,
    models: Vec<GaussianProcess>,
    /// How many results the models' values are from, and how these were scored.
    informed: usize,
    scales: Vec<Quantiles>,
    /// Networks that run, and how many rows of the models are those of results.
    running: Vec<Point>,
    known: usize,
}

/// The most results that kernels are fitted to: the best, and the latest.
const BEST: usize = 80;
const LATEST: usize = 80;

/// The number of results at which kernels were fitted last, when there are `n`.
pub(crate) fn schedule(n: usize) -> usize {
    let mut fitted = 5;
    loop {
        let next = fitted + (fitted / 6).clamp(4, 60);
        if next > n {
            return fitted;
        }
        fitted = next;
    }
}

/// The least number of results that can be learnt from.
pub(crate) const FEWEST: usize = 5;

/// A network that might be tried.
pub(crate) struct Prospect {
    /// What is guessed of each objective and each limit, as [`Quantiles`].
    pub(crate) guesses: Vec<Guess>,
    covariances: Vec<Vec<f64>>,
}

impl Surrogate {
    /// Takes in a result.
    pub(crate) fn learn(
        &mut self,
        space: &dyn Space,
        objectives: &Objectives,
        decisions: &Decisions,
        metrics: &Metrics,
        score: Score,
    ) -> Result<(), SpaceError> {
        // What was not measured counts as far off its limit.
        let far = |limit: &Limit| match limit.bound {
            Bound::AtMost => f64::MAX,
            Bound::AtLeast => f64::MIN,
        };
        let limited = measured_limits(objectives).map(|l| metrics.value(&l.metric).unwrap_or_else(|| far(l)));
        self.values.push(score.values.iter().copied().chain(limited).collect());
        let codes = self.encoding.learn(space, decisions)?;
        self.points.push(self.point(codes));
        self.scores.push(score);
        Ok(())
    }

    fn point(&self, codes: Codes) -> Point {
        let tallies = self.encoding.tally(&codes);
        Point::new(codes, tallies)
    }

    /// How many results it has.
    pub(crate) fn results(&self) -> usize {
        self.points.len()
    }

    /// Brings the models up to date, with `running` networks as points without values.
    ///
    /// To be called with at least [`FEWEST`] results.
    pub(crate) fn update(&mut self, running: &[&Decisions]) {
        let n = self.points.len();
        let fitted = schedule(n);
        if self.fitted != fitted {
            self.fit(fitted);
        }
        self.running = running.iter().map(|d| self.point(self.encoding.encode(d))).collect();
        let known = self.chosen.len() + n - self.fitted;
        let mut models = std::mem::take(&mut self.models);
        let rows = self.rows();
        for model in &mut models {
            model.truncate(self.known.min(known));
            for i in model.points()..rows.len() {
                model.add(&rows[..i], rows[i]);
            }
        }
        self.models = models;
        // Rows of running networks are replaced the next time.
        self.known = known;
        if self.informed != n {
            self.inform();
            self.informed = n;
        }
    }

    /// Gives the models the values of all points that they know.
    fn inform(&mut self) {
        let members: Vec<usize> = self.chosen.iter().copied().chain(self.fitted..self.points.len()).collect();
        self.scales.clear();
        for (m, model) in self.models.iter_mut().enumerate() {
            let values: Vec<f64> = members.iter().map(|&i| self.values[i][m]).collect();
            let scores = Quantiles::new(values.iter().copied());
            model.set_values(&values.iter().map(|v| scores.score(*v)).collect::<Vec<_>>());
            self.scales.push(scores);
        }
    }

    /// The points that the models know: those fitted to, all that came since, and those that run.
    pub(crate) fn rows(&self) -> Vec<&Point> {
        let since = &self.points[self.fitted..];
        self.chosen.iter().map(|&i| &self.points[i]).chain(since).chain(&self.running).collect()
    }

    fn fit(&mut self, fitted: usize) {
        self.fitted = fitted;
        self.chosen = best_and_latest(&self.scores[..fitted], BEST, LATEST);
        let size = (self.encoding.columns().len(), self.encoding.tallies());
        let points: Vec<&Point> = self.chosen.iter().map(|&i| &self.points[i]).collect();
        let modelled = self.values.first().map_or(0, Vec::len);
        self.models = (0..modelled)
            .map(|m| {
                let values: Vec<f64> = self.chosen.iter().map(|&i| self.values[i][m]).collect();
                let scores = Quantiles::new(values.iter().copied());
                let values: Vec<f64> = values.iter().map(|v| scores.score(*v)).collect();
                GaussianProcess::fit(size, &points, &values)
            })
            .collect();
        self.known = self.chosen.len();
        self.informed = 0;
    }

    /// Looks at a network: the means alone, deviations are 0 until [`Self::look_closer`]. `rows` are [`Self::rows`].
    pub(crate) fn look(&self, rows: &[&Point], decisions: &Decisions) -> Prospect {
        let point = self.point(self.encoding.encode(decisions));
        let (mut guesses, mut covariances) = (Vec::new(), Vec::new());
        for model in &self.models {
            let (mean, with) = model.mean(rows, &point);
            guesses.push(Guess { mean, deviation: 0.0 });
            covariances.push(with);
        }
        Prospect { guesses, covariances }
    }

    /// Finds how sure the guesses are.
    pub(crate) fn look_closer(&self, prospect: &mut Prospect) {
        let covariances = prospect.covariances.drain(..);
        for ((model, guess), covariances) in self.models.iter().zip(&mut prospect.guesses).zip(covariances) {
            *guess = model.guess(guess.mean, covariances);
        }
    }

    /// How values became scores: objectives first, then limited metrics.
    pub(crate) fn scales(&self) -> &[Quantiles] {
        &self.scales
    }
}

/// The limits that are modelled, because only measuring tells whether they are kept.
pub(crate) fn measured_limits(objectives: &Objectives) -> impl Iterator<Item = &Limit> {
    let is_free = |limit: &Limit| objectives.costs.iter().any(|cost| cost.name() == limit.metric);
    objectives.limits.iter().filter(move |limit| !is_free(limit))
}
