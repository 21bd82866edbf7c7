//! Networks as numbers, for predictors.

use super::encoding::{AnswerEncoding, Codes, OneHot, Tallies};
use super::kernel::Point;
use super::normal::Quantiles;
use nascent_core::architecture::{Architecture, Node};
use nascent_core::{Decisions, Space, SpaceError, draw};
use std::collections::HashMap;

/// How a network becomes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// What was answered: a number for each option of each question.
    Answers,
    /// At how many operations of its graph each sequence of up to three ends, one after the other, leaving out those that
    /// only add, join, normalise, activate or drop.
    Paths,
    /// How often its graph has each neighbourhood of up to two steps back: the features of the Weisfeiler–Lehman kernel
    /// (Shervashidze et al. 2011).
    Wl,
    /// The graph itself, for predictors that read graphs.
    Graph,
}

impl Encoding {
    /// The name users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Paths => "paths",
            Self::Wl => "wl",
            Self::Graph => "graph",
        }
    }
}

/// A network as predictors see it. Made by [`encode`].
pub struct Encoded {
    numbers: Vec<f64>,
    point: Point,
    rounds: Rounds,
}

impl Encoded {
    /// The numbers of the encoding, and behind them the scores; of a graph, the scores alone.
    pub(crate) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    pub(crate) fn point(&self) -> &Point {
        &self.point
    }

    pub(crate) fn rounds(&self) -> &Rounds {
        &self.rounds
    }
}

/// A graph whose nodes are put together where they cannot be told apart after so many steps back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rounds {
    /// For each number of steps, from none on, the kinds of nodes.
    pub(crate) kinds: Vec<Vec<Kind>>,
}

/// A kind of node after some steps back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kind {
    /// Which kind this is among all graphs that were encoded together.
    pub(crate) colour: usize,
    /// Its place among the kinds of one step less, and those of what it reads.
    pub(crate) own: usize,
    pub(crate) reads: Vec<usize>,
    /// How many nodes are of this kind.
    pub(crate) nodes: usize,
}

/// How many steps back are looked at.
pub(crate) const STEPS: usize = 2;
/// The most features of a graph: those that differ most.
const FEATURES: usize = 256;
/// The longest sequence of operations that is counted.
const LONGEST: usize = 3;
/// Operations that a path passes through without notice.
const PASSED: [&str; 7] = ["Identity", "Add", "Concat", "Activation", "BatchNorm", "LayerNorm", "Dropout"];

/// Encodes networks of a space together, so that their numbers can be compared: those to learn from, and those to guess.
///
/// `scores` are numbers a network that are known without training, or none at all; they become normal quantiles of their
/// ranks, what is not finite below all else.
///
/// # Errors
/// Where decisions are no member of the space.
pub fn encode(
    space: &dyn Space,
    members: &[&Decisions],
    encoding: Encoding,
    scores: &[Vec<f64>],
) -> Result<Vec<Encoded>, SpaceError> {
    let scores = ranked(scores, members.len());
    let graphs = match encoding {
        Encoding::Answers => Vec::new(),
        _ => members.iter().map(|d| draw(space, d)).collect::<Result<Vec<_>, SpaceError>>()?,
    };
    let mut rounds = match encoding {
        Encoding::Wl | Encoding::Graph => refine(&graphs),
        _ => Vec::new(),
    };
    let (points, numbers): Numbers = match encoding {
        Encoding::Answers => answers(space, members)?,
        Encoding::Graph => members.iter().map(|_| Default::default()).unzip(),
        Encoding::Paths => counted(&graphs.iter().map(paths).collect::<Vec<_>>()),
        Encoding::Wl => counted(&rounds.iter().map(colours).collect::<Vec<_>>()),
    };
    if encoding != Encoding::Graph {
        rounds = Vec::new();
    }
    let mut rounds = rounds.into_iter();
    let all = points.into_iter().zip(numbers).zip(scores);
    Ok(all
        .map(|(((codes, mut tallies), mut numbers), scores)| {
            tallies.extend(scores.iter().map(|score| *score as f32));
            numbers.extend(scores);
            Encoded { numbers, point: Point::new(codes, tallies), rounds: rounds.next().unwrap_or_default() }
        })
        .collect())
}

/// What each network is to a kernel, and to all else.
type Numbers = (Vec<(Codes, Tallies)>, Vec<Vec<f64>>);

/// The codes and tallies of members, and their answers as numbers.
fn answers(space: &dyn Space, members: &[&Decisions]) -> Result<Numbers, SpaceError> {
    let mut encoding = AnswerEncoding::default();
    for decisions in members {
        encoding.learn(space, decisions)?;
    }
    let layout = OneHot::new(&encoding);
    let member = |decisions: &&Decisions| {
        let codes = encoding.encode(decisions);
        let (tallies, numbers) = (encoding.tally(&codes), layout.of(&codes));
        ((codes, tallies), numbers)
    };
    Ok(members.iter().map(member).unzip())
}

/// The scores' ranks as normal quantiles, a row a network.
fn ranked(scores: &[Vec<f64>], networks: usize) -> Vec<Vec<f64>> {
    let columns = scores.iter().map(Vec::len).max().unwrap_or(0);
    let value = |row: &[f64], column: usize| {
        row.get(column).copied().filter(|v| v.is_finite()).unwrap_or(f64::NEG_INFINITY)
    };
    let scales: Vec<Quantiles> =
        (0..columns).map(|column| Quantiles::new(scores.iter().map(|row| value(row, column)))).collect();
    let none = Vec::new();
    let row = |i: usize| {
        let row = scores.get(i).unwrap_or(&none);
        scales.iter().enumerate().map(|(column, scale)| scale.score(value(row, column))).collect()
    };
    (0..networks).map(row).collect()
}

/// Counts as numbers from 0 to 1, for those features that are not the same in all networks.
fn counted(counts: &[HashMap<String, usize>]) -> Numbers {
    let mut names: Vec<&String> = counts.iter().flat_map(HashMap::keys).collect();
    names.sort();
    names.dedup();
    let count = |network: &HashMap<String, usize>, name: &String| *network.get(name).unwrap_or(&0) as f64;
    let spread = |name: &&String| {
        let most = counts.iter().map(|network| count(network, name)).fold(0.0, f64::max).max(1.0);
        let mean =
            counts.iter().map(|network| count(network, name) / most).sum::<f64>() / counts.len() as f64;
        let variance: f64 = counts.iter().map(|network| (count(network, name) / most - mean).powi(2)).sum();
        (variance, most)
    };
    let mut features: Vec<(&String, (f64, f64))> = names.iter().map(|name| (*name, spread(name))).collect();
    features.retain(|(_, (variance, _))| *variance > 0.0);
    features.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then_with(|| a.0.cmp(b.0)));
    features.truncate(FEATURES);
    let numbers: Vec<Vec<f64>> = counts
        .iter()
        .map(|network| features.iter().map(|(name, (_, most))| count(network, name) / most).collect())
        .collect();
    let point = |numbers: &Vec<f64>| (Codes::new(), numbers.iter().map(|x| *x as f32).collect());
    (numbers.iter().map(point).collect(), numbers)
}

/// An operation with its sizes.
fn label(node: &Node) -> String {
    format!("{:?}", node.op)
}

/// At how many nodes of a graph each sequence of operations ends.
fn paths(graph: &Architecture) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    // For each node the sequences that end there, each once, shortest first.
    let mut ending: Vec<Vec<(usize, String)>> = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let mut before: Vec<(usize, String)> =
            node.inputs.iter().flat_map(|input| ending[input.index()].iter().cloned()).collect();
        before.sort();
        before.dedup();
        if !PASSED.contains(&node.op.name()) {
            let name = label(node);
            before.retain(|(length, _)| *length < LONGEST);
            before.iter_mut().for_each(|(length, path)| {
                *length += 1;
                *path = format!("{path} {name}");
            });
            before.insert(0, (1, name));
            before.iter().for_each(|(_, path)| *counts.entry(path.clone()).or_insert(0) += 1);
        }
        ending.push(before);
    }
    counts
}

/// How many nodes a graph has of each kind.
fn colours(rounds: &Rounds) -> HashMap<String, usize> {
    let kinds =
        rounds.kinds.iter().enumerate().flat_map(|(step, kinds)| kinds.iter().map(move |k| (step, k)));
    kinds.map(|(step, kind)| (format!("{step} {}", kind.colour), kind.nodes)).collect()
}

/// Puts nodes together by what they compute, then by the kinds of what they read, and so on.
fn refine(graphs: &[Architecture]) -> Vec<Rounds> {
    let mut labels: HashMap<String, usize> = HashMap::new();
    let mut known: Vec<HashMap<(usize, Vec<usize>), usize>> = vec![HashMap::new(); STEPS];
    let mut all = Vec::with_capacity(graphs.len());
    for graph in graphs {
        let mut rounds = Rounds::default();
        let colour = |labels: &mut HashMap<String, usize>, node: &Node| {
            let next = labels.len();
            *labels.entry(label(node)).or_insert(next)
        };
        let colours: Vec<usize> = graph.nodes().iter().map(|node| colour(&mut labels, node)).collect();
        let mut places = gather(&mut rounds, colours.into_iter().map(|colour| (colour, 0, Vec::new())));
        for known in &mut known {
            let before = rounds.kinds.last().cloned().unwrap_or_default();
            let keyed: Vec<(usize, usize, Vec<usize>)> = graph
                .nodes()
                .iter()
                .zip(&places)
                .map(|(node, &own)| {
                    let mut reads: Vec<usize> =
                        node.inputs.iter().map(|input| places[input.index()]).collect();
                    reads.sort_by_key(|&place| before[place].colour);
                    let key = (before[own].colour, reads.iter().map(|&place| before[place].colour).collect());
                    let next = known.len();
                    (*known.entry(key).or_insert(next), own, reads)
                })
                .collect();
            places = gather(&mut rounds, keyed.into_iter());
        }
        all.push(rounds);
    }
    all
}

/// Adds a step: nodes of one colour become one kind. The answer is each node's kind.
fn gather(rounds: &mut Rounds, nodes: impl Iterator<Item = (usize, usize, Vec<usize>)>) -> Vec<usize> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    let places = nodes
        .map(|(colour, own, reads)| {
            let at = *place.entry(colour).or_insert(kinds.len());
            match kinds.get_mut(at) {
                Some(kind) => kind.nodes += 1,
                None => kinds.push(Kind { colour, own, reads, nodes: 1 }),
            }
            at
        })
        .collect();
    rounds.kinds.push(kinds);
    places
}
