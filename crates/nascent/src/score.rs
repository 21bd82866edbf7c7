//! Scores of networks that are not trained, for a sample of a space.

use crate::error::{Error, InputError};
use crate::known::task;
use crate::parallel::in_parallel;
use nascent_core::architecture::{Architecture, ArchitectureHash};
use nascent_core::chooser::{describe, sample};
use nascent_core::rng::{Rng, mix};
use nascent_core::statistics::spearman;
use nascent_core::{Decisions, Space, draw};
use nascent_data::{Options, Task};
use nascent_spaces::SpaceFile;
use nascent_train::scores::{ALL, Batches, ENSEMBLE, Probe, Score, ensemble};
use nascent_train::{Device, on_one_thread};
use std::collections::HashSet;
use std::time::Duration;

/// What is to be scored.
pub struct Scoring {
    /// A built-in task, or a path to data.
    pub task: String,
    /// What is said about the data.
    pub data: Options,
    /// The space; the task's own unless given.
    pub space: Option<SpaceFile>,
    /// How many different networks are drawn.
    pub samples: usize,
    /// Names of scores, or `all`.
    pub scores: Vec<String>,
    /// What decides the sample, the examples and the weights.
    pub seed: u64,
    /// How many networks are scored at a time.
    pub threads: usize,
}

/// One network and its scores.
pub struct Scored {
    /// Which network.
    pub decisions: Decisions,
    /// Its hash.
    pub hash: ArchitectureHash,
    /// A number for each of [`Scores::names`].
    pub values: Vec<f64>,
}

/// The scores of a sample of networks.
pub struct Scores {
    /// The space that they are of.
    pub space: Box<dyn Space>,
    /// The scores, params and macs first; `ensemble` is the last where all that it is made of are there.
    pub names: Vec<&'static str>,
    /// The networks, in the order in which they were drawn.
    pub networks: Vec<Scored>,
    /// The mean time that each score took for a network, passes shared with scores before it not counted again.
    pub times: Vec<Duration>,
    /// The scores that are not defined for these data, and why.
    pub undefined: Vec<(&'static str, &'static str)>,
}

impl Scores {
    /// The numbers of one score, a network after another.
    #[must_use]
    pub fn column(&self, score: usize) -> Vec<f64> {
        self.networks.iter().map(|n| n.values[score]).collect()
    }

    /// Spearman's rank correlation of two scores.
    #[must_use]
    pub fn correlation(&self, a: usize, b: usize) -> Option<f64> {
        spearman(&self.column(a), &self.column(b))
    }

    /// The table as comma-separated values: hash, decisions and scores, a network a line.
    ///
    /// # Errors
    /// Where decisions cannot be read back.
    pub fn csv(&self) -> Result<String, Error> {
        let mut text = format!("hash,decisions,{}\n", self.names.join(","));
        for network in &self.networks {
            let answers =
                describe(&*self.space, &network.decisions).map_err(|e| Error::input(e.to_string()))?;
            let words: Vec<String> = answers.iter().map(|a| format!("{}={}", a.path, a.label)).collect();
            let numbers: Vec<String> = network.values.iter().map(ToString::to_string).collect();
            // Labels have no quotation marks.
            text.push_str(&format!("{},\"{}\",{}\n", network.hash, words.join(" "), numbers.join(",")));
        }
        Ok(text)
    }
}

/// The scores of these names; all that are defined for the data where `all` is among them. Size is always among them.
fn wanted(names: &[String], space: &Sample, task: &Task) -> Result<Wanted, Error> {
    let bad = |e: &dyn std::fmt::Display| Error::from(InputError::about("scores", e.to_string()));
    let has_codes = space.networks.iter().any(|(.., graph)| Probe::has_codes(graph));
    let has_classes = !task.classes().is_empty();
    let mut found: Vec<&'static Score> = ALL.iter().copied().filter(|s| s.is_size()).collect();
    let mut undefined = Vec::new();
    for name in names.iter().filter(|name| *name != "all" && *name != "ensemble") {
        let score = Score::named(name).map_err(|e| bad(&e))?;
        score.check(has_codes, has_classes).map_err(|e| bad(&e))?;
        found.push(score);
    }
    if names.iter().any(|name| name == "ensemble") {
        found.extend(ENSEMBLE);
    }
    if names.iter().any(|name| name == "all") {
        found.extend(ALL);
    }
    found.sort_by_key(|score| ALL.iter().position(|other| other.name == score.name));
    found.dedup_by_key(|score| score.name);
    found.retain(|score| match score.obstacle(has_codes, has_classes) {
        Some(why) => {
            undefined.push((score.name, why));
            false
        }
        None => true,
    });
    Ok((found, undefined))
}

/// The scores to be given, and those that cannot be.
type Wanted = (Vec<&'static Score>, Vec<(&'static str, &'static str)>);

/// Different networks of a space.
struct Sample {
    networks: Vec<(Decisions, ArchitectureHash, Architecture)>,
}

impl Sample {
    /// As many different networks as asked for, or as a space gives in twenty times as many draws.
    fn draw(space: &dyn Space, samples: usize, seed: u64) -> Result<Self, Error> {
        let bad = |e: &dyn std::fmt::Display| Error::from(InputError::about("space", e.to_string()));
        let mut rng = Rng::new(mix(&[seed, 7]), 0);
        let mut seen = HashSet::new();
        let mut networks = Vec::new();
        for _ in 0..20 * samples {
            if networks.len() == samples {
                break;
            }
            let decisions = sample(space, &mut rng).map_err(|e| bad(&e))?;
            let graph = draw(space, &decisions).map_err(|e| bad(&e))?;
            let hash = graph.hash();
            if seen.insert(hash) {
                networks.push((decisions, hash, graph));
            }
        }
        Ok(Self { networks })
    }
}

/// Scores a sample of a space's networks; `hear` is told how many are done, of how many.
///
/// # Errors
/// Where data or space cannot be read, a score is unknown or not defined for the data, or there are too few examples.
pub fn score(mut asked: Scoring, hear: &(dyn Fn(usize, usize) + Sync)) -> Result<Scores, Error> {
    if asked.samples == 0 {
        return Err(InputError::about("samples", "samples = 0: give 1 or more").into());
    }
    let (task, defaults) = task(&mut asked.task, &mut asked.data, nascent_runtime::memory_share_bytes(1))?;
    let bad = |e: &dyn std::fmt::Display| Error::from(InputError::about("space", e.to_string()));
    let space = match asked.space {
        Some(file) => file,
        None => SpaceFile::parse(&format!("space = {:?}", defaults.space)).map_err(|e| bad(&e))?,
    };
    let space = space.build(&task.signature()).map_err(|e| bad(&e))?;
    let sample = Sample::draw(&*space, asked.samples, asked.seed)?;
    let (scores, undefined) = wanted(&asked.scores, &sample, &task)?;
    let batches = Batches::draw(&task.train(), asked.seed).map_err(|e| Error::input(e.to_string()))?;
    let graphs: Vec<&Architecture> = sample.networks.iter().map(|(.., graph)| graph).collect();
    let measured = score_networks(&graphs, &scores, &batches, (asked.seed, asked.threads), hear)?;
    let mut names: Vec<&'static str> = scores.iter().map(|score| score.name).collect();
    let mean =
        |score: usize| measured.iter().map(|(_, t)| t[score]).sum::<Duration>() / measured.len() as u32;
    let mut times: Vec<Duration> = (0..scores.len()).map(mean).collect();
    let networks = sample.networks.into_iter().zip(measured);
    let scored = |((decisions, hash, _), (values, _))| Scored { decisions, hash, values };
    let mut networks: Vec<Scored> = networks.map(scored).collect();
    let places: Vec<usize> =
        ENSEMBLE.iter().filter_map(|score| names.iter().position(|n| *n == score.name)).collect();
    if places.len() == ENSEMBLE.len() {
        let columns: Vec<Vec<f64>> =
            places.iter().map(|&score| networks.iter().map(|n| n.values[score]).collect()).collect();
        networks.iter_mut().zip(ensemble(&columns)).for_each(|(n, value)| n.values.push(value));
        names.push("ensemble");
        times.push(places.iter().map(|&score| times[score]).sum());
    }
    Ok(Scores { space, names, networks, times, undefined })
}

/// What each score says of a network, and what it took.
pub type Measured = (Vec<f64>, Vec<Duration>);

/// Scores networks, so many at a time; `hear` is told how many are done, of how many.
///
/// # Errors
/// Where a score is not defined for such data.
pub fn score_networks(
    graphs: &[&Architecture],
    scores: &[&'static Score],
    batches: &Batches,
    (seed, threads): (u64, usize),
    hear: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Measured>, Error> {
    in_parallel(graphs.len(), threads, hear, |number| {
        on_one_thread(|| measure(graphs[number], scores, batches, seed))
            .map_err(|e| e.to_string())
            .and_then(|one| one)
            .map_err(Error::input)
    })
}

/// A network has the same weights whenever it is scored with the same seed.
fn measure(
    graph: &Architecture,
    scores: &[&'static Score],
    batches: &Batches,
    seed: u64,
) -> Result<Measured, String> {
    let ArchitectureHash(hash) = graph.hash();
    let probe = Probe::new(graph, batches, mix(&[seed, hash as u64, (hash >> 64) as u64]), Device::Cpu);
    let (mut values, mut times) = (Vec::with_capacity(scores.len()), Vec::with_capacity(scores.len()));
    for score in scores {
        let (value, time) = nascent_runtime::clock::timed(|| score.of(&probe));
        values.push(value.map_err(|e| e.to_string())?);
        times.push(time);
    }
    Ok((values, times))
}
