use super::guards::Guards;
use super::logits::Logits;
use super::paths::{Draws, Paths};
use super::price::Prices;
use super::relaxation::Relaxation;
use super::shared::Shared;
use super::shrinking::{JUDGED, Kept, LOOKED_AT, Seen, is_round};
use super::{Method, relaxed};
use crate::feed::{Feed, wanted};
use crate::network::{Place, compiled_pass, measured, pass};
use crate::teacher::{ALONE, said, taught};
use crate::training::Augment;
use crate::{Device, Network, TrainError, Wanted, learning_rate};
use nascent_core::architecture::Architecture;
use nascent_core::rng::{Rng, mix};
use nascent_core::{Control, Decisions, Objectives, Settings, Space};
use nascent_data::{DataError, Examples, Metric, Targets};
use serde::{Deserialize, Serialize};

/// How a supernet is trained.
pub struct SupernetPlan<'p> {
    /// The method.
    pub method: Method,
    /// Epochs, at least 1.
    pub epochs: u32,
    /// What decides every random number.
    pub seed: u64,
    /// Where tensors live.
    pub device: Device,
    /// What networks are judged by; where it is the absolute error, that is learned from.
    pub metric: Metric,
    /// The limits that gradient-based search is to see.
    pub objectives: &'p Objectives,
}

/// What one epoch of a supernet gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SupernetEpoch {
    /// The mean loss over the networks of its steps.
    pub train_loss: f64,
    /// The learning rate of its last step.
    pub learning_rate: f64,
}

/// All networks of a space in one, trained for some epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Supernet {
    pub(super) shared: Shared,
    /// What was learned of options, where the method learns that.
    pub(super) logits: Option<Logits>,
    /// What is left of the space, where that shrinks.
    pub(super) kept: Option<Kept>,
    /// The epochs behind it.
    pub(super) epochs: Vec<SupernetEpoch>,
}

impl Supernet {
    /// The epochs behind it.
    #[must_use]
    pub fn epochs(&self) -> &[SupernetEpoch] {
        &self.epochs
    }

    /// How many numbers are trained.
    #[must_use]
    pub fn params(&self) -> u64 {
        self.shared.params()
    }

    /// Whether it was begun with this seed.
    #[must_use]
    pub fn is_of(&self, seed: u64) -> bool {
        self.shared.seed == seed
    }

    /// A member with the weights that it has here, its norms set to what they find in `examples`.
    ///
    /// What no batch has trained is fresh, and the same whenever it is asked for.
    ///
    /// # Errors
    /// Where examples are in a file that cannot be read.
    pub fn network(
        &self,
        graph: &Architecture,
        examples: &Examples,
        batch: usize,
        device: Device,
    ) -> Result<Network, DataError> {
        self.shared.clone().calibrated(graph, examples, batch, device)
    }

    /// How likely each option of each choice is, as far as it was learned: path, label, share; nothing where it was dropped, and as much as
    /// each other where options are only dropped. Empty where the method does not learn it.
    #[must_use]
    pub fn shares(&self, method: Method) -> Vec<(String, String, f64)> {
        if let Some(kept) = &self.kept {
            return kept.shares();
        }
        let (Some(logits), Some(relaxation)) = (&self.logits, method.relaxation()) else { return Vec::new() };
        let mut all = Vec::new();
        for ((path, options), shares) in logits.choices.iter().zip(logits.shares(relaxation)) {
            for (option, share) in options.iter().zip(shares) {
                all.push((path.clone(), option.clone(), share));
            }
        }
        all
    }
}

/// The part of a training in which weights learn alone, so that options are not judged by what they are before (as in
/// PC-DARTS, Xu et al. 2019, arXiv:1907.05737).
const WARMUP: f64 = 0.3;
/// Examples that a network answers at once where it is only looked at.
const JUDGED_AT_ONCE: usize = 32;
/// By how much a logit moves at most over a training.
const REACH: f64 = 3.0;

/// Trains the networks of a space together.
///
/// Weights learn from `training`, options from `held`. A training that goes on `from` an earlier state must have the plan,
/// the settings and the examples of the one that left it, and comes to the same result. The observer hears of every batch,
/// with nothing, and of every epoch, with the state after it; it can end the training with [`TrainError::Stopped`].
///
/// # Errors
/// Where the space cannot be drawn or relaxed, the loss stops being a number, examples cannot be read, or the observer ends it.
pub fn train_supernet(
    (space, settled): (&dyn Space, &Decisions),
    settings: &Settings,
    (training, held): (&Examples, &Examples),
    augment: Option<Augment<'_>>,
    plan: &SupernetPlan<'_>,
    from: Option<Supernet>,
    observe: &mut dyn FnMut(Option<&Supernet>) -> Control,
) -> Result<Supernet, TrainError> {
    let mut feed = Feed::new(training, augment, settings.batch_size, plan.seed);
    let steps = feed.steps();
    let horizon = steps * plan.epochs as usize;
    let mut work = Work::new(space, settled, settings, held, plan, from, horizon)?;
    let before = work.state.epochs.len() as u32;
    for epoch in 1..=plan.epochs {
        feed.begin(epoch);
        if epoch <= before {
            continue;
        }
        work.begin(epoch);
        let (mut total, mut rate) = (0.0, 0.0);
        for step in 0..steps {
            let (inputs, targets) = feed.batch(step)?;
            let at = (epoch as usize - 1) * steps + step;
            rate = learning_rate(settings.learning_rate, settings.warmup, at, horizon);
            let loss = work.step(at, inputs, &targets, rate)?;
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step: step + 1, loss });
            }
            total += loss * targets.len() as f64;
            if observe(None) == Control::Stop {
                return Err(TrainError::Stopped { epoch });
            }
        }
        work.look(plan.epochs)?;
        let train_loss = total / feed.rows() as f64;
        work.state.epochs.push(SupernetEpoch { train_loss, learning_rate: rate });
        if observe(Some(&work.state)) == Control::Stop {
            return Err(TrainError::Stopped { epoch });
        }
    }
    Ok(work.state)
}

/// What the steps of one training have in common.
struct Work<'w> {
    state: Supernet,
    plan: &'w SupernetPlan<'w>,
    place: Place,
    label_smoothing: f64,
    horizon: usize,
    way: Way<'w>,
    /// Examples that weights do not learn from.
    held: &'w Examples,
}

/// Which networks a step trains.
enum Way<'w> {
    Drawn(Draws<'w>, Paths),
    Weighed(Box<Weighing<'w>>),
}

/// A search by gradient.
struct Weighing<'w> {
    graph: Architecture,
    relaxation: &'static Relaxation,
    guards: Guards,
    prices: Prices,
    /// What options are judged by.
    held: Feed<'w>,
    rate: f64,
}

impl<'w> Work<'w> {
    fn new(
        space: &'w dyn Space,
        settled: &'w Decisions,
        settings: &Settings,
        held: &'w Examples,
        plan: &'w SupernetPlan<'w>,
        from: Option<Supernet>,
        horizon: usize,
    ) -> Result<Self, TrainError> {
        let method = plan.method;
        let mut state = from.unwrap_or_else(|| Supernet {
            shared: Shared::new(settings, plan.seed),
            logits: None,
            kept: None,
            epochs: Vec::new(),
        });
        if method.paths() == Paths::Shrinking && state.kept.is_none() {
            state.kept = Some(Kept::all(space).map_err(|e| TrainError::Mismatch(e.to_string()))?);
        }
        let way = match method.relaxation() {
            None => Way::Drawn(Draws { space, settled, seed: plan.seed }, method.paths()),
            Some(relaxation) => {
                let whole = relaxed(space)?;
                let graph = method.seen(whole.clone())?;
                state.logits.get_or_insert_with(|| Logits::new(&graph));
                let guards = if method == Method::Darts { Guards::ALL } else { Guards::NONE };
                let prices = Prices::new(&whole, plan.objectives);
                let held = Feed::new(held, None, settings.batch_size, mix(&[plan.seed, 7]));
                let rate = (REACH / horizon as f64).clamp(3e-4, 0.1);
                Way::Weighed(Box::new(Weighing { graph, relaxation, guards, prices, held, rate }))
            }
        };
        let label_smoothing = settings.label_smoothing;
        Ok(Self { state, plan, place: plan.device.into(), label_smoothing, horizon, way, held })
    }

    /// Begins an epoch; what options are judged by comes in another order in each.
    fn begin(&mut self, epoch: u32) {
        if let Way::Weighed(weighing) = &mut self.way {
            weighing.held.restart(epoch);
        }
    }

    /// Learns from one batch; the answer is the mean loss.
    fn step(&mut self, at: usize, inputs: &[f32], targets: &Targets, rate: f64) -> Result<f64, TrainError> {
        let progress = at as f64 / self.horizon.max(1) as f64;
        // Each step has streams of its own, so that nothing of them is to be kept.
        let mut dropout = Rng::new(mix(&[self.plan.seed, 2]), at as u64);
        let wanted = wanted(targets, self.plan.metric);
        let (state, place, smoothing) = (&mut self.state, &self.place, self.label_smoothing);
        let shared = &mut state.shared;
        let weighing = match &mut self.way {
            Way::Weighed(weighing) => weighing,
            Way::Drawn(draws, paths) => {
                let graphs = draws.of(*paths, at, progress, state.kept.as_ref());
                let graphs = graphs.map_err(|e| TrainError::Mismatch(e.to_string()))?;
                let batch = (inputs, wanted, smoothing);
                let loss = learn_together(shared, &graphs, paths.first_teaches(), place, batch, &mut dropout);
                shared.step(rate);
                return Ok(loss);
            }
        };
        let Some(logits) = &mut state.logits else { return Ok(f64::NAN) };
        if progress >= WARMUP && !logits.is_settled {
            let searched = (progress - WARMUP) / (1.0 - WARMUP);
            weighing.learn(logits, shared, (at, searched), self.plan, place)?;
        }
        let mut rng = Rng::new(mix(&[self.plan.seed, 6]), at as u64);
        let auxiliary = weighing.guards.auxiliary(progress);
        let (mix, _) = logits.weigh(weighing.relaxation, progress, &mut rng, auxiliary);
        let (weights, places) = shared.gather(&weighing.graph);
        let batch = (inputs, wanted, smoothing);
        let found = pass((&weighing.graph, &weights), Some(&mix), place, batch, &mut dropout, None);
        shared.learn(&places, &found.gradients, 1.0);
        shared.step(rate);
        Ok(found.loss)
    }

    /// Looks at what an epoch has done, to what is left of the space or to the logits.
    fn look(&mut self, epochs: u32) -> Result<(), TrainError> {
        if self.state.kept.is_some() && is_round(self.state.epochs.len(), epochs) {
            return self.shrink();
        }
        let (Way::Weighed(weighing), Some(logits)) = (&mut self.way, &mut self.state.logits) else {
            return Ok(());
        };
        let is_warm = self.state.epochs.len() as f64 + 1.0 > WARMUP * f64::from(epochs);
        if logits.is_settled || !is_warm {
            return Ok(());
        }
        let eigenvalue = if weighing.guards.curvature {
            weighing.curvature(logits, &mut self.state.shared, self.plan, &self.place)?
        } else {
            0.0
        };
        logits.past.push((logits.values.clone(), eigenvalue));
        weighing.guards.look(logits, ((1.0 - WARMUP) * f64::from(epochs)) as usize);
        Ok(())
    }
}

impl Work<'_> {
    /// Drops the options whose networks do worst among some random ones.
    fn shrink(&mut self) -> Result<(), TrainError> {
        let Way::Drawn(draws, _) = &self.way else { return Ok(()) };
        let Supernet { shared, kept: Some(kept), epochs, .. } = &mut self.state else { return Ok(()) };
        let networks = draws.some(LOOKED_AT, epochs.len(), kept);
        let count = self.held.len().min(JUDGED);
        let rows: Vec<usize> = (0..count).map(|i| i * self.held.len() / count.max(1)).collect();
        let (mut seen, mut inputs) = (Vec::new(), Vec::new());
        for (answers, graph) in networks.map_err(|e| TrainError::Mismatch(e.to_string()))? {
            let (weights, _) = shared.gather(&graph);
            let mut loss = 0.0;
            for rows in rows.chunks(JUDGED_AT_ONCE) {
                inputs.clear();
                self.held.gather(rows, &mut inputs)?;
                let targets = self.held.targets.pick(rows);
                let batch = (&inputs[..], wanted(&targets, self.plan.metric));
                loss += rows.len() as f64 * measured((&graph, &weights), None, &self.place, batch);
            }
            seen.push(Seen { answers, params: graph.cost().params, loss });
        }
        kept.shrink(&seen);
        Ok(())
    }
}

/// What a batch teaches several networks at once; with `imitate`, the first teaches the others.
fn learn_together(
    shared: &mut Shared,
    graphs: &[Architecture],
    imitate: bool,
    place: &Place,
    (inputs, wanted, smoothing): (&[f32], Wanted<'_>, f64),
    dropout: &mut Rng,
) -> f64 {
    // All have their places before any learns: what grows loses what it was about to learn.
    graphs.iter().for_each(|graph| shared.reserve(graph));
    let share = 1.0 / graphs.len().max(1) as f32;
    let mut heard: Option<Vec<f32>> = None;
    let mut total = 0.0;
    for graph in graphs {
        let (weights, places) = shared.gather(graph);
        let batch = match &heard {
            None => (inputs, wanted, smoothing),
            Some(heard) => (inputs, taught(wanted, heard, ALONE), 0.0),
        };
        let compiled = if place.kernels { compiled_pass((graph, &weights), batch, dropout) } else { None };
        let found = match compiled {
            Some(found) => found,
            None => pass((graph, &weights), None, place, batch, dropout, None),
        };
        shared.learn(&places, &found.gradients, share);
        total += f64::from(share) * found.loss;
        if imitate && heard.is_none() {
            heard = Some(said(wanted, found.answers, graph, ALONE));
        }
    }
    total
}

/// How fast the mean reward follows the rewards.
const MEMORY: f64 = 0.95;

impl Weighing<'_> {
    /// Learns from a batch held back which options are good.
    fn learn(
        &mut self,
        logits: &mut Logits,
        shared: &mut Shared,
        (at, progress): (usize, f64),
        plan: &SupernetPlan<'_>,
        place: &Place,
    ) -> Result<(), TrainError> {
        let mut rng = Rng::new(mix(&[plan.seed, 8]), at as u64);
        let auxiliary = self.guards.auxiliary(progress);
        let (mix, weighed) = logits.weigh(self.relaxation, progress, &mut rng, auxiliary);
        let (weights, _) = shared.gather(&self.graph);
        let number = at % self.held.steps();
        let (inputs, targets) = self.held.batch(number)?;
        let wanted = wanted(&targets, plan.metric);
        let network = (&self.graph, &weights);
        let mut slopes: Vec<Vec<f64>> = if self.relaxation.by_reward {
            let reward = -measured(network, Some(&mix), place, (inputs, wanted));
            let expected = logits.expected.unwrap_or(reward);
            logits.expected = Some(MEMORY * expected + (1.0 - MEMORY) * reward);
            // Down the slope of the loss is up that of the reward.
            let by = expected - reward;
            let chances =
                weighed.iter().map(|w| w.jacobian[..w.weights.len()].iter().map(|c| by * c).collect());
            chances.collect()
        } else {
            // Another stream than that of the weights' pass, or both would drop the same.
            let found = pass(network, Some(&mix), place, (inputs, wanted, 0.0), &mut rng, None);
            logits.back(&weighed, &found.slopes)
        };
        let prices = self.prices.slopes(&logits.values, self.relaxation);
        for (slope, price) in slopes.iter_mut().flatten().zip(prices.iter().flatten()) {
            *slope += price;
        }
        logits.step(&slopes, self.rate);
        Ok(())
    }

    /// The largest eigenvalue of the curvature of the loss along the logits, on one batch: by power iteration, products with
    /// the matrix being differences of slopes.
    fn curvature(
        &mut self,
        logits: &Logits,
        shared: &mut Shared,
        plan: &SupernetPlan<'_>,
        place: &Place,
    ) -> Result<f64, TrainError> {
        const TURNS: usize = 6;
        const STEP: f64 = 1e-2;
        let (weights, _) = shared.gather(&self.graph);
        let (inputs, targets) = self.held.batch(0)?;
        let batch = (inputs, wanted(&targets, plan.metric), 0.0);
        let slopes_at = |towards: &[Vec<f64>], by: f64| -> Vec<Vec<f64>> {
            let mut moved = logits.clone();
            for (value, part) in moved.values.iter_mut().flatten().zip(towards.iter().flatten()) {
                *value += by * part;
            }
            let (mix, weighed) = moved.weigh(self.relaxation, 1.0, &mut Rng::new(0, 0), 0.0);
            let mut dropout = Rng::new(plan.seed, 0);
            let found = pass((&self.graph, &weights), Some(&mix), place, batch, &mut dropout, None);
            moved.back(&weighed, &found.slopes)
        };
        let mut rng = Rng::new(mix(&[plan.seed, 9]), 0);
        let mut towards: Vec<Vec<f64>> =
            logits.values.iter().map(|values| values.iter().map(|_| rng.normal()).collect()).collect();
        let mut eigenvalue = 0.0;
        for _ in 0..TURNS {
            let norm = towards.iter().flatten().map(|x| x * x).sum::<f64>().sqrt();
            if norm < 1e-12 {
                return Ok(0.0);
            }
            towards.iter_mut().flatten().for_each(|x| *x /= norm);
            let (up, down) = (slopes_at(&towards, STEP), slopes_at(&towards, -STEP));
            let product: Vec<Vec<f64>> = up
                .iter()
                .zip(&down)
                .map(|(up, down)| up.iter().zip(down).map(|(u, d)| (u - d) / (2.0 * STEP)).collect())
                .collect();
            let pairs = product.iter().flatten().zip(towards.iter().flatten());
            eigenvalue = pairs.map(|(p, t)| p * t).sum();
            towards = product;
        }
        Ok(eigenvalue)
    }
}
