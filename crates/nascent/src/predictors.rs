//! How well predictors guess results, on tables and on studies.

use crate::error::{Error, InputError};
use crate::parallel::in_parallel;
use crate::stored;
use nascent_bench::Store;
use nascent_core::event::Role;
use nascent_core::objective::Direction;
use nascent_core::{Decisions, Metrics, Space, State};
use nascent_runtime::clock::timed;
use nascent_strategies::predictors::{
    Accuracy, Encoding, GUESSED, Known, PredictorEntry, Row, predictors, try_predictors,
};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is to be measured.
pub struct PredictorStudy {
    /// Tables of the same networks, or one run.
    pub sources: Vec<String>,
    /// The folder of imported tables.
    pub tables: PathBuf,
    /// What is guessed: a column or a metric; the table's or the study's own objective unless given.
    pub target: Option<String>,
    /// Columns or metrics that are known without a whole training; more counts as better.
    pub with: Vec<String>,
    /// Predictors, as `NAME` or `NAME:ENCODING`; all, and some with other encodings, where empty.
    pub predictors: Vec<String>,
    /// How many networks are learnt from, each size in turn.
    pub sizes: Vec<usize>,
    /// How many random samples.
    pub samples: usize,
    /// The seed of the first.
    pub seed: u64,
    /// How many samples are worked on at a time.
    pub threads: usize,
}

/// What was found.
pub struct PredictorTable {
    /// What the networks are from.
    pub source: String,
    /// What was guessed.
    pub target: String,
    /// How many networks have all numbers, and how many lack one.
    pub networks: usize,
    /// How many were left out because a number is missing, or the result is another network's.
    pub incomplete: usize,
    /// How many were guessed in each sample.
    pub guessed: usize,
    /// Sizes that there are too few networks for.
    pub too_large: Vec<usize>,
    /// Predictors that cannot be measured here, and why.
    pub undefined: Vec<(String, String)>,
    /// For each predictor, encoding and size the accuracy in each sample.
    pub rows: Vec<(&'static str, &'static str, usize, Vec<Accuracy>)>,
}

/// Networks and what is known of them.
struct Source {
    name: String,
    target: String,
    space: Arc<dyn Space>,
    networks: Vec<Decisions>,
    values: Vec<f64>,
    scores: Vec<Vec<f64>>,
    incomplete: usize,
}

/// The fewest networks that are guessed: ranks of fewer say nothing.
const FEWEST_GUESSED: usize = 10;
/// The fewest that are learnt from.
const FEWEST_LEARNT: usize = 5;

/// What is measured unless told otherwise.
fn usual() -> Vec<String> {
    let named = |entry: &PredictorEntry| format!("{}:{}", entry.name, entry.encodings[0].name());
    let mut all: Vec<String> = predictors().iter().map(named).collect();
    all.extend(["gp:paths".into(), "gp:wl".into()]);
    all
}

/// The predictor and the encoding that a user writes.
fn parse(text: &str) -> Result<(&'static PredictorEntry, Encoding), Error> {
    let bad = |message: String| Error::from(InputError::about("predictor", message));
    let (name, encoding) =
        text.split_once(':').map_or((text, None), |(name, encoding)| (name, Some(encoding)));
    let entry = predictors().iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = predictors().iter().map(|entry| entry.name).collect();
        bad(format!("there is no predictor {name:?}; there are: {}", known.join(", ")))
    })?;
    let Some(encoding) = encoding else { return Ok((entry, entry.encodings[0])) };
    let found = entry.encodings.iter().find(|known| known.name() == encoding);
    let found = found.ok_or_else(|| {
        let known: Vec<&str> = entry.encodings.iter().map(|known| known.name()).collect();
        bad(format!("{name} takes no encoding {encoding:?}; it takes: {}", known.join(", ")))
    })?;
    Ok((entry, *found))
}

/// Lets predictors learn from random samples and guess the rest; `hear` is told how many samples are done, of how many.
///
/// # Errors
/// Where a source cannot be read or lacks a column, a predictor is unknown, or there are too few networks.
pub fn measure_predictors(
    asked: &PredictorStudy,
    hear: &(dyn Fn(usize, usize) + Sync),
) -> Result<PredictorTable, Error> {
    let (given, names) = (!asked.predictors.is_empty(), usual());
    let names = if given { &asked.predictors } else { &names };
    let mut chosen = names.iter().map(|name| parse(name)).collect::<Result<Vec<_>, Error>>()?;
    if asked.samples == 0 {
        return Err(InputError::about("samples", "samples = 0: give 1 or more").into());
    }
    if let Some(size) = asked.sizes.iter().find(|size| **size < FEWEST_LEARNT) {
        let message = format!("a size of {size}: predictors learn from {FEWEST_LEARNT} networks or more");
        return Err(InputError::about("sizes", message).into());
    }
    if let Some(target) = asked.target.as_ref().filter(|target| asked.with.contains(target)) {
        let message = format!("{target:?} is what is guessed, and cannot be known before: leave it out");
        return Err(InputError::about("with", message).into());
    }
    let source = read(asked)?;
    let all = source.networks.len();
    let (mut sizes, too_large): (Vec<usize>, Vec<usize>) =
        asked.sizes.iter().partition(|size| **size + FEWEST_GUESSED <= all);
    sizes.sort_unstable();
    sizes.dedup();
    let Some(&most) = sizes.last() else {
        let message = format!(
            "{} has {all} networks with all numbers: give a size of at most {}, so that {FEWEST_GUESSED} are left to guess",
            source.name,
            all.saturating_sub(FEWEST_GUESSED)
        );
        return Err(InputError::about("sizes", message).into());
    };
    let known = Known {
        space: &*source.space,
        networks: &source.networks,
        values: &source.values,
        scores: &source.scores,
    };
    // A table of decisions alone has no graphs.
    let mut undefined = Vec::new();
    if let Err(why) = nascent_core::draw(known.space, &source.networks[0]) {
        let (with_graph, rest): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|(_, encoding)| *encoding != Encoding::Answers);
        chosen = rest;
        let named =
            |(entry, encoding): (&PredictorEntry, Encoding)| format!("{}:{}", entry.name, encoding.name());
        undefined.extend(with_graph.into_iter().map(|one| (named(one), why.to_string())));
        if let Some((name, why)) = undefined.first().filter(|_| given) {
            return Err(
                InputError::about("predictor", format!("{name} needs the networks' graphs: {why}")).into()
            );
        }
    }
    let time = |work: &mut dyn FnMut()| timed(work).1;
    let samples: Vec<Vec<Row>> = in_parallel(asked.samples, asked.threads, hear, |number| {
        try_predictors(&known, &chosen, &sizes, asked.seed.wrapping_add(number as u64), &time)
            .map_err(|e| Error::input(e.to_string()))
    })?;
    let mut rows = Vec::new();
    for (r, (predictor, encoding, found)) in samples[0].iter().enumerate() {
        for (k, (size, _)) in found.iter().enumerate() {
            let each = samples.iter().map(|sample| sample[r].2[k].1).collect();
            rows.push((*predictor, *encoding, *size, each));
        }
    }
    let guessed = (all - most).min(GUESSED);
    let Source { name, target, incomplete, .. } = source;
    Ok(PredictorTable {
        source: name,
        target,
        networks: all,
        incomplete,
        guessed,
        too_large,
        undefined,
        rows,
    })
}

fn read(asked: &PredictorStudy) -> Result<Source, Error> {
    match &asked.sources[..] {
        [] => Err(Error::input("name a table, several tables of the same networks, or a run")),
        [run] if Path::new(run).is_dir() => of_run(Path::new(run), asked),
        tables => of_tables(tables, asked),
    }
}

fn of_tables(names: &[String], asked: &PredictorStudy) -> Result<Source, Error> {
    let store = Store::new(&asked.tables);
    let mut table = store.table(&names[0])?;
    for name in &names[1..] {
        table = table.join(&store.table(name)?)?;
    }
    let Some(target) = asked.target.clone().or_else(|| table.about().objective.clone()) else {
        let message = format!("table {} has no objective of its own: name a column", table.about().name);
        return Err(InputError::about("target", message).into());
    };
    let numbers = |name: &String| -> Result<Vec<f64>, Error> {
        let column = table.column(name)?;
        if table.decision_columns().contains(&name.as_str()) {
            let message = format!("column {name:?} is a decision, which predictors see anyway: name another");
            return Err(Error::input(message));
        }
        Ok(column.values.clone())
    };
    let values = worth(numbers(&target)?, table.column(&target)?.direction);
    let with = asked.with.iter().map(numbers).collect::<Result<Vec<_>, Error>>()?;
    let rows = table.members()?.into_iter().enumerate();
    let rows = rows.map(|(i, network)| (network, values[i], with.iter().map(|column| column[i]).collect()));
    Ok(Source::complete(table.full_name(), target, Arc::clone(table.space()), rows))
}

fn of_run(path: &Path, asked: &PredictorStudy) -> Result<Source, Error> {
    let stored = stored::load(path)?;
    let created = stored.history.created.as_ref();
    let objectives = created.map(|c| c.objectives.clone()).unwrap_or_default();
    let Some(target) = asked.target.clone().or_else(|| objectives.first().map(|o| o.name.clone())) else {
        return Err(InputError::about("target", "name a metric of the trials").into());
    };
    let top = created.map_or(0, |c| c.ladder.len().saturating_sub(1));
    let known = crate::known_objectives(stored.setup.task.as_ref());
    let mut known = objectives.iter().map(|o| (o.name.clone(), o.direction)).chain(known);
    let direction = known.find(|(name, _)| *name == target).map(|(_, direction)| direction);
    // What is known before a whole training: what follows from the graph, and results on lower rungs, scores among them.
    let mut before: HashMap<&Decisions, Metrics> = HashMap::new();
    let mut finished: Vec<(&Decisions, f64)> = Vec::new();
    let mut measured: BTreeSet<String> = BTreeSet::new();
    let mut copies = 0;
    let searched = stored.history.trials.iter().filter(|t| t.proposal.role == Role::Search);
    for trial in searched.filter(|trial| trial.state == State::Finished) {
        let is_whole = usize::from(trial.proposal.rung) == top;
        let metrics = if is_whole { trial.costs.clone() } else { trial.metrics() };
        let known = before.entry(&trial.proposal.decisions).or_default();
        metrics.iter().for_each(|(name, value)| known.set(name.to_string(), value));
        if is_whole && trial.copied_from.is_some() {
            copies += 1;
        } else if is_whole {
            let metrics = trial.metrics();
            measured.extend(metrics.iter().map(|(name, _)| name.to_string()));
            finished.push((&trial.proposal.decisions, metrics.value(&target).unwrap_or(f64::NAN)));
        }
    }
    let lacks = |what: &str, name: &str, known: BTreeSet<String>| {
        let known: Vec<String> = known.into_iter().collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        Error::input(format!(
            "no finished trial of {} has {what} {name:?}; they have: {known}",
            path.display()
        ))
    };
    if finished.iter().all(|(_, value)| value.is_nan()) {
        return Err(lacks("a metric", &target, measured));
    }
    if let Some(name) = asked.with.iter().find(|name| before.values().all(|m| m.value(name).is_none())) {
        let known = before.values().flat_map(Metrics::iter).map(|(name, _)| name.to_string()).collect();
        return Err(lacks("before its whole training a metric", name, known));
    }
    let values = worth(finished.iter().map(|(_, value)| *value).collect(), direction);
    let rows = finished.iter().zip(values).map(|((network, _), value)| {
        let score = |name: &String| before.get(network).and_then(|m| m.value(name)).unwrap_or(f64::NAN);
        ((*network).clone(), value, asked.with.iter().map(score).collect())
    });
    let mut source = Source::complete(stored.name().to_string(), target, stored.setup.space.clone(), rows);
    source.incomplete += copies;
    Ok(source)
}

/// Values of which more is better.
fn worth(mut values: Vec<f64>, direction: Option<Direction>) -> Vec<f64> {
    if direction == Some(Direction::Minimize) {
        values.iter_mut().for_each(|value| *value = -*value);
    }
    values
}

impl Source {
    /// Of all networks those whose numbers are all known.
    fn complete(
        name: String,
        target: String,
        space: Arc<dyn Space>,
        rows: impl IntoIterator<Item = (Decisions, f64, Vec<f64>)>,
    ) -> Self {
        let (networks, values, scores) = (Vec::new(), Vec::new(), Vec::new());
        let mut source = Self { name, target, space, networks, values, scores, incomplete: 0 };
        for (network, value, scores) in rows {
            if !value.is_finite() || scores.iter().any(|score| !score.is_finite()) {
                source.incomplete += 1;
                continue;
            }
            source.networks.push(network);
            source.values.push(value);
            source.scores.push(scores);
        }
        source
    }
}
