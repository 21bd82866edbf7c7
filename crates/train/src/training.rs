use crate::checkpoint::{Checkpoint, Progress};
use crate::evaluation::{Evaluation, evaluate};
use crate::feed::{Feed, wanted};
use crate::{Device, Network, Teacher, TrainError, TrainStep, Weights, learning_rate};
use nascent_core::architecture::Architecture;
use nascent_core::rng::Rng;
use nascent_core::{Control, Settings};
use nascent_data::{Examples, Metric, Targets};
use nascent_kernels::flush_denormals;
use serde::{Deserialize, Serialize};

/// How long, and from which seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Epochs to train, at least 1.
    pub epochs: u32,
    /// The epochs for which the learning-rate schedule is made, at least `epochs`.
    pub horizon: u32,
    /// Epochs without a better validation result after which training ends.
    pub patience: Option<u32>,
    /// What decides every random number.
    pub seed: u64,
    /// Where tensors live.
    pub device: Device,
    /// Whether the training is to be gone on with later.
    pub keep: bool,
    /// What decides which epoch was the best on validation, the loss deciding among equals; and, where it is the absolute
    /// error, what is learned from.
    pub metric: Metric,
}

/// What one epoch gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its number, from 1.
    pub epoch: u32,
    /// The mean loss over its training batches.
    pub train_loss: f64,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// How the network does on the validation examples after it.
    pub validation: Option<Evaluation>,
}

/// A sign of life while a network is trained.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'e> {
    /// A batch was learned from.
    Step,
    /// An epoch ended.
    Epoch(&'e Epoch),
}

/// A trained network.
pub struct Trained {
    /// The network, with the weights of its best epoch.
    pub network: Network,
    /// The epoch whose weights are kept: the best on validation, or the last where there is none.
    pub best: Epoch,
    /// Epochs trained here, those before a checkpoint not counted.
    pub epochs: u32,
    /// What another training can go on from, where the plan asks for it and this one was not ended early.
    pub checkpoint: Option<Checkpoint>,
}

/// What a training begins with, where that is not fresh.
pub enum Begin {
    /// These weights.
    Weights(Weights),
    /// Where another training was left.
    Checkpoint(Checkpoint),
}

/// Varies one batch of training inputs in place.
pub type Augment<'a> = &'a (dyn Fn(&mut [f32], &mut Rng) + Sync);

/// Trains a network on examples, and judges it by others where there are some.
///
/// With validation examples, the weights of the best epoch are kept: the best by the plan's metric, then the lowest loss.
/// A training that goes on `from` a checkpoint must have the plan, the settings and the examples of the one that left it. Without
/// either, weights are fresh from the plan's seed.
/// The observer hears of every batch and every epoch from there on. It can end the training: after an epoch with what
/// there is, after a batch with [`TrainError::Stopped`], for nobody waits for it then.
///
/// # Errors
/// Where the loss stops being a number, examples and network do not fit, or examples cannot be read.
pub fn train(
    graph: &Architecture,
    settings: &Settings,
    (training, validation): (&Examples, Option<&Examples>),
    augment: Option<Augment<'_>>,
    plan: &Plan,
    from: Option<Begin>,
    observe: &mut dyn FnMut(Moment<'_>) -> Control,
) -> Result<Trained, TrainError> {
    fits(graph, training)?;
    let (weights, from) = match from {
        Some(Begin::Weights(weights)) => (weights, None),
        Some(Begin::Checkpoint(checkpoint)) => (Weights::fresh(graph, plan.seed), Some(checkpoint)),
        None => (Weights::fresh(graph, plan.seed), None),
    };
    let mut network = Network::new(graph.clone(), weights, settings, plan.seed, plan.device);
    let mut past = Past::default();
    if let Some(Checkpoint { weights, best: kept, optimizers, progress }) = from {
        network.load(weights)?;
        network.restore(optimizers, progress.dropout, plan.seed);
        past = Past { best: Some((progress.best, kept)), epochs: progress.epochs };
    }
    learn((network, past), settings, (training, validation), (augment, None), plan, observe)
}

/// Trains a network further from weights that it has, under a schedule of its own; with a teacher, it learns from that as well.
///
/// All else is as for [`train`].
///
/// # Errors
/// As [`train`], and where network and teacher do not fit.
pub fn tune(
    (graph, weights): (&Architecture, Weights),
    settings: &Settings,
    (training, validation): (&Examples, Option<&Examples>),
    augment: Option<Augment<'_>>,
    teacher: Option<&mut Teacher>,
    plan: &Plan,
    observe: &mut dyn FnMut(Moment<'_>) -> Control,
) -> Result<Trained, TrainError> {
    fits(graph, training)?;
    if let Some(teacher) = &teacher {
        fits(teacher.graph(), training)?;
    }
    let mut network =
        Network::new(graph.clone(), Weights::fresh(graph, plan.seed), settings, plan.seed, plan.device);
    network.load(weights)?;
    learn((network, Past::default()), settings, (training, validation), (augment, teacher), plan, observe)
}

/// What a training has behind it.
#[derive(Default)]
struct Past {
    /// The place of the best epoch, and its weights.
    best: Option<(usize, Weights)>,
    epochs: Vec<Epoch>,
}

/// The loop over epochs.
fn learn(
    (mut network, Past { mut best, mut epochs }): (Network, Past),
    settings: &Settings,
    (training, validation): (&Examples, Option<&Examples>),
    (augment, mut teacher): (Option<Augment<'_>>, Option<&mut Teacher>),
    plan: &Plan,
    observe: &mut dyn FnMut(Moment<'_>) -> Control,
) -> Result<Trained, TrainError> {
    let before = epochs.len() as u32;
    let mut feed = Feed::new(training, augment, settings.batch_size, plan.seed);
    // What a recurrent unit has read goes on from batch to batch (Mikolov et al. 2010, doi:10.21437/Interspeech.2010-343).
    if network.graph().nodes().iter().any(|node| node.op.gates().is_some()) {
        feed = feed.followed();
    }
    let steps = feed.steps();
    let horizon = steps * plan.horizon.max(plan.epochs) as usize;
    let mut is_ended = false;
    for epoch in 1..=plan.epochs {
        feed.begin(epoch);
        if epoch <= before {
            continue;
        }
        let (mut total, mut rate) = (0.0, 0.0);
        for step in 0..steps {
            if let Some(follows) = feed.follows(step) {
                network.follow(follows);
            }
            let (inputs, targets) = feed.batch(step)?;
            let at = (epoch as usize - 1) * steps + step;
            rate = learning_rate(settings.learning_rate, settings.warmup, at, horizon);
            let right = wanted(&targets, plan.metric);
            let wanted = match &mut teacher {
                Some(teacher) => teacher.teach(inputs, right),
                None => right,
            };
            let loss = network.train_batch(inputs, wanted, rate);
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step: step + 1, loss });
            }
            total += loss * targets.len() as f64;
            if observe(Moment::Step) == Control::Stop {
                return Err(TrainError::Stopped { epoch });
            }
        }
        let validation = validation.map(|v| evaluate(&mut network, v, plan.metric)).transpose()?;
        let now = Epoch { epoch, train_loss: total / feed.rows() as f64, learning_rate: rate, validation };
        let control = observe(Moment::Epoch(&now));
        if best.as_ref().is_none_or(|(b, _)| improves(&now, &epochs[*b], plan.metric)) {
            best = Some((epochs.len(), network.weights().clone()));
        }
        epochs.push(now);
        let since = best.as_ref().map_or(0, |(b, _)| epochs.len() - 1 - b);
        is_ended = control == Control::Stop || plan.patience.is_some_and(|p| since >= p as usize);
        if is_ended {
            break;
        }
    }
    let (best, weights) =
        best.ok_or_else(|| TrainError::Mismatch("epochs must be at least 1, got 0".into()))?;
    let checkpoint = (plan.keep && !is_ended).then(|| {
        let (optimizers, dropout) = network.state();
        let progress = Progress { epochs: epochs.clone(), best, dropout };
        Checkpoint { weights: network.weights().clone(), best: weights.clone(), optimizers, progress }
    });
    network.load(weights)?;
    let trained = epochs.len() as u32 - before;
    Ok(Trained { network, best: epochs.swap_remove(best), epochs: trained, checkpoint })
}

fn improves(now: &Epoch, best: &Epoch, metric: Metric) -> bool {
    let value = |e: &Evaluation| e.metrics.value(metric.name()).unwrap_or(f64::NAN);
    match (&now.validation, &best.validation) {
        (Some(now), Some(best)) => {
            let (new, old) = (value(now), value(best));
            metric.direction().is_better(new, old) || new == old && now.loss < best.loss
        }
        // Without validation the last epoch is the one to keep.
        _ => true,
    }
}

fn fits(graph: &Architecture, examples: &Examples) -> Result<(), TrainError> {
    if graph.input_shape() != &examples.shape {
        let text = format!("the network takes {}, the examples are {}", graph.input_shape(), examples.shape);
        return Err(TrainError::Mismatch(text));
    }
    let answer = examples.targets.answer();
    if graph.output_shape() != &answer {
        let text = format!("the network answers with {}, the task asks for {answer}", graph.output_shape());
        return Err(TrainError::Mismatch(text));
    }
    if examples.is_empty() {
        return Err(TrainError::Mismatch("at least one example is needed to learn from".into()));
    }
    match &examples.targets {
        Targets::Classes { classes, labels } if labels.iter().any(|l| *l as usize >= *classes) => {
            Err(TrainError::Mismatch(format!("labels below {classes} are needed")))
        }
        Targets::Tokens { vocabulary, labels, .. } if labels.iter().any(|l| *l as usize >= *vocabulary) => {
            Err(TrainError::Mismatch(format!("codes below {vocabulary} are needed")))
        }
        _ => Ok(()),
    }
}

/// Runs `work` with a single thread for tensors: trials run side by side, each on one thread. Numbers too small for a full mantissa are
/// zero there.
///
/// # Errors
/// Where the thread cannot be started.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, TrainError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).start_handler(|_| flush_denormals()).build();
    Ok(pool.map_err(|e| TrainError::Thread(e.to_string()))?.install(work))
}
