//! Which supernet a study trains, for how long, and how far its word can be trusted.

use crate::effort::Effort;
use crate::error::{Error, InputError};
use crate::settings::{Estimator, Settings};
use crate::setup::Setup;
use nascent_core::architecture::Architecture;
use nascent_core::chooser::survey;
use nascent_core::event::{Role, Rung, SHARED};
use nascent_core::objective::Direction;
use nascent_core::question::Topic;
use nascent_core::statistics::{kendall, spearman};
use nascent_core::{History, Signature, Space, State, Trial};
use nascent_strategies::Spec;
use nascent_train::{Method, SHARED_COST, supernet_bytes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many times as many epochs as a training alone a supernet has, where there is time: each of its networks is trained
/// in a few of its steps only.
const LONGER: u32 = 3;

/// The supernet of a study, and for how many epochs it is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Supernet {
    pub method: Method,
    pub epochs: u32,
    /// What one of its epochs costs, in epochs of a training alone.
    pub epoch_cost: f64,
}

impl Supernet {
    /// The rungs below whole trainings: the supernet, and networks that are judged by the weights they have there.
    pub fn rungs(&self) -> [Rung; 2] {
        let cost = self.epoch_cost * f64::from(self.epochs);
        [
            Rung { estimator: self.method.estimator(), budget: self.epochs, cost },
            Rung { estimator: SHARED.into(), budget: 1, cost: SHARED_COST },
        ]
    }

    /// What a trial costs in the mean, in whole trainings: few of them are trained alone.
    pub fn cheap(&self, spec: &Spec, epochs: u32) -> f64 {
        let alone = if spec.shares_weights() { 0.225 } else { 1.0 };
        // The supernet itself takes a part of the time first.
        (alone + (1.0 - alone) * SHARED_COST / f64::from(epochs)) / (1.0 - SUPERNET_SHARE)
    }
}

/// The part of the search's time that a supernet takes at most.
const SUPERNET_SHARE: f64 = 1.0 / 3.0;

/// Settles which supernet is trained, where the study wants one, and fills in what was left out.
pub(crate) fn settle(
    s: &mut Settings,
    signature: &Signature,
    effort: &Effort<'_>,
) -> Result<Option<Supernet>, Error> {
    let space = effort.space;
    let bad = |key: &str, message: String| Error::from(InputError::about(key, message));
    if s.supernet.is_some() && s.estimator == Estimator::Auto {
        s.estimator = Estimator::Supernet;
    }
    if s.estimator != Estimator::Supernet {
        return match (&s.supernet, &s.supernet_epochs) {
            (None, None) => Ok(None),
            (Some(_), _) => {
                Err(bad("supernet", format!("estimator = {:?} trains no supernet", s.estimator.name())))
            }
            (None, Some(_)) => {
                Err(bad("supernet_epochs", "there is no supernet: give estimator = \"supernet\"".into()))
            }
        };
    }
    let method = match s.supernet {
        Some(method) => method,
        None if is_relaxed(space) => Method::Spos,
        None => Method::Sandwich,
    };
    check(method, space, signature).map_err(|message| bad("supernet", message))?;
    s.supernet = Some(method);
    let epochs = s.epochs.unwrap_or(1);
    let epoch_cost = epoch_cost(method, space, &effort.typical)?;
    let usual = LONGER * epochs;
    let fitting = match s.budget {
        None => usual,
        Some(budget) => {
            let one = Settings { epochs: Some(1), ..s.clone() };
            let seconds = effort.training_seconds(&one, effort.mean_macs()) * epoch_cost;
            let time = SUPERNET_SHARE * effort.share * budget.0.as_secs_f64();
            ((time / seconds.max(1e-6)) as u32).clamp(1, usual)
        }
    };
    let epochs = *s.supernet_epochs.get_or_insert(fitting);
    if !(1..=100_000).contains(&epochs) {
        return Err(bad("supernet_epochs", format!("supernet_epochs = {epochs} is not from 1 to 100000")));
    }
    Ok(Some(Supernet { method, epochs, epoch_cost }))
}

fn is_relaxed(space: &dyn Space) -> bool {
    matches!(space.relax(), Ok(Some(graph)) if !graph.choices().is_empty())
}

/// Whether a space has such a supernet.
fn has(space: &dyn Space, method: Method) -> bool {
    match method {
        Method::Sandwich | Method::NasBert => space.is_elastic(),
        Method::Spos | Method::FairNas => space.is_elastic() || is_relaxed(space),
        _ => is_relaxed(space),
    }
}

/// Why a space has no such supernet.
fn check(method: Method, space: &dyn Space, signature: &Signature) -> Result<(), String> {
    if has(space, method) {
        return Ok(());
    }
    let why = match method {
        Method::Sandwich | Method::NasBert => "has no sizes of which the smaller can be a part of the larger",
        Method::Spos | Method::FairNas => "has networks that share no weights",
        _ => "cannot be relaxed: its options are not operations in one place",
    };
    let built = nascent_spaces::registry::names().filter_map(|name| {
        let space = nascent_spaces::registry::build(name, &toml::Table::new(), signature).ok()?;
        has(&*space, method).then_some(name)
    });
    let known: Vec<&str> = built.collect();
    let known = if known.is_empty() { "none for such data".into() } else { known.join(", ") };
    let others = Method::ALL.into_iter().filter(|other| has(space, *other));
    let others: Vec<&str> = others.map(Method::name).collect();
    let others = match &others[..] {
        [] => String::new(),
        others => format!("; for {} there are: {}", space.name(), others.join(", ")),
    };
    Err(format!(
        "the space {} {why}; spaces with the supernet {}: {known}{others}",
        space.name(),
        method.name()
    ))
}

/// What an epoch costs, in epochs of a middling network: as many networks as a step trains, or all options at once.
fn epoch_cost(method: Method, space: &dyn Space, typical: &[u64]) -> Result<f64, Error> {
    let bad = |e: &dyn std::fmt::Display| Error::from(InputError::about("space", e.to_string()));
    Ok(match method {
        Method::Spos => 1.0,
        Method::Sandwich | Method::NasBert => 4.0,
        Method::FairNas => {
            let questions = survey(space).map_err(|e| bad(&e))?;
            let options =
                questions.iter().filter(|q| q.topic == Topic::Architecture).map(|q| q.options.len());
            options.max().unwrap_or(1) as f64
        }
        // A pass for the weights and one for the options.
        Method::Gdas | Method::Enas => 2.0,
        Method::Darts | Method::DartsPlain | Method::PcDarts | Method::DrNas => {
            let graph = space.relax().map_err(|e| bad(&e))?;
            let graph = graph.map(|graph| method.seen(graph)).transpose().map_err(|e| bad(&e))?;
            let macs = graph.map_or(0.0, |graph| graph.cost().macs as f64);
            let mean = typical.iter().map(|m| *m as f64).sum::<f64>() / typical.len().max(1) as f64;
            if mean > 0.0 { 2.0 * (macs / mean).max(1.0) } else { 4.0 }
        }
    })
}

/// Bytes that training the supernet takes.
pub(crate) fn bytes(
    supernet: Option<&Supernet>,
    space: &dyn Space,
    some: &[Architecture],
    batch_size: usize,
) -> Result<u64, Error> {
    let Some(supernet) = supernet else { return Ok(0) };
    supernet_bytes(space, supernet.method, some, batch_size).map_err(|e| Error::input(e.to_string()))
}

/// How the order of networks by shared weights agrees with that by trainings alone, on a random sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The networks of the sample.
    pub networks: usize,
    /// Kendall's τ-b of the metric by shared weights with that alone; none where one of them has no two different values.
    pub kendall: Option<f64>,
    /// Spearman's rank correlation of the same.
    pub spearman: Option<f64>,
    /// Kendall's τ-b of the number of parameters with the metric alone.
    pub params_kendall: Option<f64>,
    /// Spearman's rank correlation of the same.
    pub params_spearman: Option<f64>,
}

impl Trust {
    /// What a study's history says of it; `None` where fewer than 3 networks were judged both ways.
    pub(crate) fn new(setup: &Setup, history: &History) -> Option<Self> {
        setup.supernet.as_ref()?;
        let (metric, direction) = (&setup.facts.metric, setup.facts.direction);
        let on = |rung: u16| {
            let trials = history.of(&Role::Search).filter(move |t| t.proposal.rung == rung);
            trials.filter(|t| t.state == State::Finished)
        };
        let sign = if direction == Direction::Maximize { 1.0 } else { -1.0 };
        let value = |t: &Trial, name: &str| t.metrics().value(name);
        let (mut shared, mut alone, mut params) = (Vec::new(), Vec::new(), Vec::new());
        // The networks of the sample were chosen by nothing: they have no parents.
        for trial in on(setup.top()).filter(|t| t.proposal.parents.is_empty()) {
            let twin = on(1).find(|t| t.proposal.decisions == trial.proposal.decisions);
            let Some(twin) = twin else { continue };
            if let (Some(a), Some(b)) = (value(twin, metric), value(trial, metric)) {
                shared.push(sign * a);
                alone.push(sign * b);
                params.push(value(trial, "params").unwrap_or(0.0));
            }
        }
        (alone.len() >= 3).then(|| Self {
            networks: alone.len(),
            kendall: kendall(&shared, &alone),
            spearman: spearman(&shared, &alone),
            params_kendall: kendall(&params, &alone),
            params_spearman: spearman(&params, &alone),
        })
    }

    /// The same in words.
    pub(crate) fn sentence(&self, metric: &str) -> String {
        let number = |found: Option<f64>| found.map_or("undefined".into(), |found| format!("{found:.2}"));
        let is_better = self.kendall.unwrap_or(0.0) > self.params_kendall.unwrap_or(0.0);
        format!(
            "On a random sample of {} networks, {metric} with shared weights has a Kendall rank correlation of {} (Spearman {}) \
             with {metric} trained alone; the number of parameters has {} ({}). {}",
            self.networks,
            number(self.kendall),
            number(self.spearman),
            number(self.params_kendall),
            number(self.params_spearman),
            if is_better {
                "So few networks only tell a good order from none."
            } else {
                "Shared weights told networks apart no better than the number of parameters does."
            }
        )
    }
}
