//! Gaussian processes on a Weisfeiler–Lehman kernel of networks (Ru et al. 2021, arXiv:2006.07556; Shervashidze et al.
//! 2011).

use super::acquisition::Acquisition;
use super::cholesky::{Cholesky, dot};
use super::gaussian_process::Guess;
use super::normal::Scores;
use super::surrogate::{modelled, schedule};
use crate::fingerprint::{NumberHasher, NumberMap};
use crate::variation::Child;
use nascent_core::architecture::Architecture;
use nascent_core::chooser::Replay;
use nascent_core::objective::{Metrics, Objectives, Score};
use nascent_core::question::{Path, Question};
use nascent_core::{Chooser, Decisions, Space, SpaceError};
use std::hash::{Hash, Hasher};

/// Rounds in which vertices learn of their neighbours.
const ROUNDS: usize = 3;

/// How often each label occurs, for each number of rounds: sorted by label.
type Labels = [Vec<(u64, f64)>; ROUNDS];

/// The labels of a network; of one that cannot be drawn those of its answers.
fn labels(space: &dyn Space, decisions: &Decisions) -> Result<Labels, SpaceError> {
    let mut answers = Answers { replay: Replay::new(decisions), rounds: Default::default() };
    let candidate = space.build(&mut answers)?;
    let rounds = match (candidate.draw)() {
        Ok(drawn) => of_graph(&drawn.canonical()),
        Err(_) => answers.rounds,
    };
    Ok(rounds.map(|mut labels| {
        labels.sort_unstable();
        let mut counted: Vec<(u64, f64)> = Vec::new();
        for label in labels {
            match counted.last_mut() {
                Some((last, count)) if *last == label => *count += 1.0,
                _ => counted.push((label, 1.0)),
            }
        }
        counted
    }))
}

fn hash(parts: impl Hash) -> u64 {
    let mut hasher = NumberHasher::default();
    parts.hash(&mut hasher);
    hasher.finish()
}

fn of_graph(graph: &Architecture) -> [Vec<u64>; ROUNDS] {
    use nascent_core::architecture::Operation;
    let mut rounds: [Vec<u64>; ROUNDS] = Default::default();
    rounds[0] = graph.nodes().iter().map(|node| hash(&node.op.code()[..])).collect();
    for round in 1..ROUNDS {
        let before = &rounds[round - 1];
        let label = |(node, own): (&nascent_core::architecture::Node, &u64)| {
            let mut inputs: Vec<u64> = node.inputs.iter().map(|input| before[input.index()]).collect();
            inputs.sort_unstable();
            hash((own, inputs))
        };
        rounds[round] = graph.nodes().iter().zip(before).map(label).collect();
    }
    rounds
}

/// Answers by what is chosen, then by where.
struct Answers<'d> {
    replay: Replay<'d>,
    rounds: [Vec<u64>; ROUNDS],
}

impl Chooser for Answers<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = self.replay.choose(path, question)?;
        self.rounds[0].push(hash((question.options, answer)));
        self.rounds[1].push(hash((path.key().0, answer)));
        Ok(answer)
    }
}

/// One process for each objective and each limit that is measured.
#[derive(Default)]
pub(crate) struct GraphProcesses {
    labels: Vec<Labels>,
    values: Vec<Vec<f64>>,
    known: NumberMap<u128, Labels>,
    fitted: usize,
    informed: usize,
    processes: Vec<Process>,
    scales: Vec<Scores>,
}

struct Process {
    rounds: usize,
    scale: f64,
    noise: f64,
    factor: Cholesky,
    alpha: Vec<f64>,
    variance: f64,
}

const LEAST: f64 = 1e-9;

fn product(a: &[(u64, f64)], b: &[(u64, f64)]) -> f64 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += a[i].1 * b[j].1;
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    sum
}

/// The normalised product of the labels of the first so many rounds.
fn likeness(rounds: usize, a: &Labels, b: &Labels) -> f64 {
    let sum = |x: &Labels, y: &Labels| -> f64 { (0..rounds).map(|r| product(&x[r], &y[r])).sum() };
    sum(a, b) / (sum(a, a) * sum(b, b)).sqrt().max(1e-300)
}

impl Process {
    fn fit(rounds: usize, scale: f64, noise: f64, labels: &[Labels], values: &[f64]) -> (f64, Self) {
        let mut process =
            Self { rounds, scale, noise, factor: Cholesky::default(), alpha: Vec::new(), variance: 1.0 };
        (0..labels.len()).for_each(|i| process.add(&labels[..i], &labels[i]));
        process.inform(values);
        let n = labels.len() as f64;
        (-0.5 * n * process.variance.ln() - process.factor.half_log_determinant(), process)
    }

    fn covariance(&self, a: &Labels, b: &Labels) -> f64 {
        ((likeness(self.rounds, a, b) - 1.0) * self.scale).exp()
    }

    fn add(&mut self, before: &[Labels], at: &Labels) {
        let mut row: Vec<f64> = before.iter().map(|other| self.covariance(other, at)).collect();
        row.push(1.0 + self.noise);
        self.factor.push(&row, LEAST);
    }

    fn inform(&mut self, values: &[f64]) {
        let mut alpha = values.to_vec();
        self.factor.forward(&mut alpha);
        self.variance = (dot(&alpha, &alpha) / values.len().max(1) as f64).max(1e-12);
        self.factor.backward(&mut alpha);
        self.alpha = alpha;
    }

    fn guess(&self, labels: &[Labels], at: &Labels) -> Guess {
        let mut with: Vec<f64> = labels.iter().map(|other| self.covariance(other, at)).collect();
        let mean = dot(&with, &self.alpha);
        self.factor.forward(&mut with);
        let left = (1.0 - dot(&with, &with)).max(LEAST);
        Guess { mean, deviation: (left * self.variance).sqrt() }
    }
}

impl GraphProcesses {
    pub(crate) fn learn(
        &mut self,
        space: &dyn Space,
        objectives: &Objectives,
        decisions: &Decisions,
        metrics: &Metrics,
        score: &Score,
    ) -> Result<(), SpaceError> {
        self.labels.push(labels(space, decisions)?);
        self.values.push(modelled(objectives, metrics, score));
        Ok(())
    }

    pub(crate) fn results(&self) -> usize {
        self.labels.len()
    }

    pub(crate) fn update(&mut self) {
        let n = self.results();
        if self.informed == n {
            return;
        }
        self.informed = n;
        let fitted = schedule(n);
        let is_due = self.fitted != fitted;
        self.fitted = fitted;
        self.scales.clear();
        let mut processes = std::mem::take(&mut self.processes).into_iter();
        for m in 0..self.values.first().map_or(0, Vec::len) {
            let scores = Scores::new(self.values.iter().map(|v| v[m]));
            let targets: Vec<f64> = self.values.iter().map(|v| scores.score(v[m])).collect();
            self.scales.push(scores);
            let before = processes.next();
            let process = match before {
                Some(mut process) if !is_due => {
                    for i in process.factor.rows()..n {
                        process.add(&self.labels[..i], &self.labels[i]);
                    }
                    process.inform(&targets);
                    process
                }
                _ => {
                    let mut best: Option<(f64, Process)> = None;
                    for rounds in 1..=ROUNDS {
                        let mut sum = 0.0;
                        for i in 1..n {
                            sum += 1.0 - likeness(rounds, &self.labels[i - 1], &self.labels[i]);
                        }
                        let mean = (sum / n as f64).max(1e-6);
                        for (noise, scale) in [(1e-2, 0.3), (1e-2, 1.0), (1e-2, 2.0), (0.1, 0.3), (0.1, 1.0)]
                        {
                            let (evidence, process) =
                                Process::fit(rounds, scale / mean, noise, &self.labels, &targets);
                            if best.as_ref().is_none_or(|(most, _)| evidence > *most) {
                                best = Some((evidence, process));
                            }
                        }
                    }
                    match best {
                        Some((_, process)) => process,
                        None => continue,
                    }
                }
            };
            self.processes.push(process);
        }
    }

    pub(crate) fn value(
        &mut self,
        space: &dyn Space,
        acquisition: &Acquisition,
        children: Vec<Child>,
    ) -> Result<Vec<(f64, Child)>, SpaceError> {
        let mut valued = Vec::with_capacity(children.len());
        for child in children {
            let key = crate::fingerprint::fingerprint(&child.0);
            let at = match self.known.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let new = labels(space, &child.0)?;
                    self.known.insert(key, new.clone());
                    new
                }
            };
            let guesses: Vec<Guess> = self.processes.iter().map(|p| p.guess(&self.labels, &at)).collect();
            valued.push((acquisition.worth(&guesses), child));
        }
        Ok(valued)
    }

    pub(crate) fn scales(&self) -> &[Scores] {
        &self.scales
    }
}
