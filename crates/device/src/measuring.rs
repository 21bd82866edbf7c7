//! Measuring a machine: single operations into a table, then whole networks to fit and to judge a predictor.

use crate::energy::EnergyCounter;
use crate::file::{Device, Energy, Machine, SCHEMA, Timed, Validation};
use crate::operation::{Carried, Key, carried, family, is_free, nothing, work};
use crate::predictor::Predictor;
use crate::timing::{Budget, NOISY, Timing};
use crate::via::via_once;
use crate::{DeviceError, Runtime, Via};
use nascent_core::architecture::{Architecture, NodeId};
use nascent_core::statistics::spearman;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Measuring {
    /// The device's name.
    pub name: String,
    /// What runs the networks.
    pub runtime: Runtime,
    /// A command that measures on another machine instead.
    pub via: Option<Via>,
    /// Examples at a time.
    pub batch: usize,
    /// How long all of it may take.
    pub budget: Duration,
    /// Networks that are measured whole.
    pub networks: usize,
}

/// What is said while a machine is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// So many operations of so many are measured.
    Operations(usize, usize),
    /// So many networks of so many are measured.
    Networks(usize, usize),
}

/// The share of the time that single operations get; whole networks get the rest.
const OF_OPERATIONS: f64 = 0.6;
/// What one operation or network is measured for at least and at most.
const LEAST: Duration = Duration::from_millis(8);
const MOST: Duration = Duration::from_millis(400);
/// The share of whole networks that the predictor is fitted to.
const FITTED: f64 = 0.5;

/// An operation of some network that is to be measured.
struct Wanted<'g> {
    graph: &'g Architecture,
    node: NodeId,
    key: Key,
    count: usize,
}

/// Measures the machine that this runs on with networks of a space: `graphs`, whose operations make the table, and of
/// which those at the end are measured whole. Half of these fit the predictor, the others judge it.
///
/// # Errors
/// Where a network cannot be run, or there are too few of them.
pub fn measure(
    what: &Measuring,
    graphs: &[Architecture],
    hear: &mut dyn FnMut(Heard),
) -> Result<Device, DeviceError> {
    let begin = Instant::now();
    let wanted = wanted(graphs);
    let until = begin + what.budget.mul_f64(OF_OPERATIONS);
    let (table, works) = operations(what, &wanted, until, hear)?;
    let whole = &graphs[graphs.len().saturating_sub(what.networks)..];
    let counter = EnergyCounter::find();
    let counter = counter.as_ref().map_err(String::as_str);
    let networks = networks(what, whole, begin + what.budget, counter.ok(), hear)?;
    let took: Vec<(&Architecture, f64)> = networks.iter().map(|(g, t)| (*g, t.median_ms)).collect();
    let (fit, held) = halves(&took);
    let predictor = Predictor::fit(&table, &works, &fit)?;
    let validation = validation(&predictor, &table, &fit, &held, &networks);
    let why = match &what.via {
        Some(via) => format!("the command {:?} did not answer with energy_mj", via.command()),
        None => counter.err().unwrap_or("the processor's counter did not move").into(),
    };
    let energy = energy(what, (&table, &works), &networks)?.unwrap_or(Energy::Unknown { unknown: why });
    Ok(Device {
        schema: SCHEMA,
        name: what.name.clone(),
        runtime: what.via.as_ref().map_or(what.runtime.name(), |_| "via").into(),
        batch: what.batch,
        machine: match &what.via {
            Some(via) => Machine { via: Some(via.command().into()), ..Machine::default() },
            None => Machine::here(),
        },
        validation,
        predictor,
        energy,
        table,
    })
}

/// Networks with what each took.
type Costs<'g> = Vec<(&'g Architecture, f64)>;

/// Of some networks with what each took, those that a predictor is fitted to, and those that judge it: every other one, so
/// that both halves are of one kind.
fn halves<'g>(all: &[(&'g Architecture, f64)]) -> (Costs<'g>, Costs<'g>) {
    let fitted = ((all.len() as f64) * FITTED).ceil() as usize;
    let (mut fit, mut held) = (Vec::new(), Vec::new());
    for (i, one) in all.iter().enumerate() {
        let half = if i % 2 == 0 && fit.len() < fitted { &mut fit } else { &mut held };
        half.push(*one);
    }
    (fit, held)
}

/// What networks used, where all of them were counted.
fn energy(
    what: &Measuring,
    (table, works): (&[Timed], &BTreeMap<String, [f64; 2]>),
    networks: &[(&Architecture, Timing)],
) -> Result<Option<Energy>, DeviceError> {
    let used: Option<Vec<f64>> = networks.iter().map(|(_, timing)| timing.energy_mj).collect();
    let Some(used) = used else { return Ok(None) };
    let mut powers: Vec<f64> =
        networks.iter().zip(&used).map(|((_, timing), mj)| mj / timing.median_ms.max(1e-9)).collect();
    powers.sort_by(f64::total_cmp);
    let watts = powers[powers.len() / 2];
    let all: Vec<(&Architecture, f64)> =
        networks.iter().zip(&used).map(|((graph, _), mj)| (*graph, mj / watts)).collect();
    let (fit, held) = halves(&all);
    let predictor = Predictor::fit(table, works, &fit)?;
    let by_key: BTreeMap<&str, f64> = table.iter().map(|t| (t.key.as_str(), t.median_ms)).collect();
    let said: Vec<f64> = held.iter().map(|(graph, _)| predictor.predict(graph, &by_key)).collect();
    let truth: Vec<f64> = held.iter().map(|(_, used)| *used).collect();
    Ok(Some(Energy::Counted {
        by: if what.via.is_some() { "the command" } else { "the processor" }.into(),
        watts,
        mean_absolute_percentage_error: percentage_error(&said, &truth),
        rank_correlation: spearman(&said, &truth).unwrap_or(0.0),
        predictor,
    }))
}

/// The mean absolute error as a share of the truth, in percent.
fn percentage_error(said: &[f64], truth: &[f64]) -> f64 {
    let each = said.iter().zip(truth).map(|(s, t)| (s - t).abs() / t.max(1e-9));
    100.0 * each.sum::<f64>() / truth.len().max(1) as f64
}

/// A device with the operations of some networks whose families it was not measured for.
///
/// # Errors
/// Where an operation cannot be run.
pub fn measure_missing(
    what: &Measuring,
    mut device: Device,
    graphs: &[Architecture],
    hear: &mut dyn FnMut(Heard),
) -> Result<Device, DeviceError> {
    let missing = device.missing(graphs);
    let mut all = wanted(graphs);
    all.retain(|w| {
        missing.contains(&family(&w.graph.nodes()[w.node.index()].op, &w.graph.input_shapes(w.node)))
    });
    if all.is_empty() {
        return Ok(device);
    }
    let (table, works) = operations(what, &all, Instant::now() + what.budget, hear)?;
    device.predictor.add_lines(&table, &works);
    if let Energy::Counted { predictor, .. } = &mut device.energy {
        predictor.add_lines(&table, &works);
    }
    device.table.extend(table);
    Ok(device)
}

/// The different operations of some networks, the most frequent first.
fn wanted(graphs: &[Architecture]) -> Vec<Wanted<'_>> {
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for graph in graphs {
        for (i, node) in graph.nodes().iter().enumerate().filter(|(_, node)| !is_free(&node.op)) {
            let id = NodeId(i as u32);
            let Some(key) = Key::of(graph, id).filter(|_| !node.inputs.is_empty()) else { continue };
            match places.get(&key) {
                Some(place) => wanted[*place].count += 1,
                None => {
                    places.insert(key.clone(), wanted.len());
                    wanted.push(Wanted { graph, node: id, key, count: 1 });
                }
            }
        }
    }
    // Stable, so that the order is that of the networks among equally frequent ones.
    wanted.sort_by_key(|w| std::cmp::Reverse(w.count));
    // One of each family comes before the second of any: no family may be left out for lack of time.
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut ranked: Vec<(usize, Wanted<'_>)> = wanted
        .into_iter()
        .map(|w| {
            let family = family(&w.graph.nodes()[w.node.index()].op, &w.graph.input_shapes(w.node));
            let rank = seen.entry(family).or_insert(0);
            *rank += 1;
            (usize::from(*rank > 3), w)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, w)| w).collect()
}

/// What each of several things may take of the time that is left.
fn share(until: Instant, left: usize) -> Duration {
    (until.saturating_duration_since(Instant::now()) / left.max(1) as u32).clamp(LEAST, MOST)
}

fn timed(
    what: &Measuring,
    graph: &Architecture,
    budget: Duration,
    counter: Option<&EnergyCounter>,
) -> Result<Timing, DeviceError> {
    match &what.via {
        // What is said there is a median already.
        Some(via) => via_once(via, graph, what.batch)
            .map(|took| Timing { energy_mj: took.energy_mj, ..Timing::of(vec![took.ms]) }),
        None => what.runtime.time(graph, what.batch, Budget::of(budget), counter),
    }
}

/// The table, and what each of its operations has to do.
type Table = (Vec<Timed>, BTreeMap<String, [f64; 2]>);

fn operations(
    what: &Measuring,
    all: &[Wanted<'_>],
    until: Instant,
    hear: &mut dyn FnMut(Heard),
) -> Result<Table, DeviceError> {
    let graph_fails = |e: nascent_core::architecture::ArchitectureError| DeviceError::TooFew(e.to_string());
    let empty = timed(what, &nothing().map_err(graph_fails)?, MOST, None)?;
    let (mut table, mut works) = (Vec::new(), BTreeMap::new());
    for (i, wanted) in all.iter().enumerate() {
        if Instant::now() >= until && i > 0 {
            break;
        }
        let budget = share(until, all.len() - i);
        let op = &wanted.graph.nodes()[wanted.node.index()].op;
        let Carried { with, without } = carried(wanted.graph, wanted.node).map_err(graph_fails)?;
        let timing = timed(what, &with, budget, None)?;
        let around = match without {
            Some(without) => timed(what, &without, budget, None)?,
            None => empty,
        };
        let shapes = wanted.graph.input_shapes(wanted.node);
        let key = wanted.key.as_str().to_string();
        works.insert(key.clone(), work(op, &shapes, &wanted.graph.shapes()[wanted.node.index()]));
        table.push(Timed {
            key,
            family: family(op, &shapes),
            median_ms: (timing.median_ms - around.median_ms).max(0.0),
            spread: timing.spread,
            runs: timing.runs,
            noisy: timing.spread > NOISY,
        });
        hear(Heard::Operations(table.len(), all.len()));
    }
    Ok((table, works))
}

fn networks<'g>(
    what: &Measuring,
    graphs: &'g [Architecture],
    until: Instant,
    counter: Option<&EnergyCounter>,
    hear: &mut dyn FnMut(Heard),
) -> Result<Vec<(&'g Architecture, Timing)>, DeviceError> {
    let mut measured = Vec::new();
    for (i, graph) in graphs.iter().enumerate() {
        if Instant::now() >= until && measured.len() >= 8 {
            break;
        }
        measured.push((graph, timed(what, graph, share(until, graphs.len() - i), counter)?));
        hear(Heard::Networks(measured.len(), graphs.len()));
    }
    Ok(measured)
}

fn validation(
    predictor: &Predictor,
    table: &[Timed],
    fit: &[(&Architecture, f64)],
    held: &[(&Architecture, f64)],
    networks: &[(&Architecture, Timing)],
) -> Validation {
    let by_key: BTreeMap<&str, f64> = table.iter().map(|t| (t.key.as_str(), t.median_ms)).collect();
    let true_ms: Vec<f64> = held.iter().map(|(_, ms)| *ms).collect();
    let said: Vec<f64> = held.iter().map(|(graph, _)| predictor.predict(graph, &by_key)).collect();
    let sum = |graph: &Architecture| predictor.plain_sum(graph, &by_key);
    // The factor that serves the plain sum best is the median ratio of the networks that were fitted.
    let mut ratios: Vec<f64> = fit.iter().map(|(graph, ms)| ms / sum(graph).max(1e-9)).collect();
    ratios.sort_by(f64::total_cmp);
    let factor = ratios.get(ratios.len() / 2).copied().unwrap_or(1.0);
    let summed: Vec<f64> = held.iter().map(|(graph, _)| factor * sum(graph)).collect();
    let factors: f64 = networks.iter().map(|(_, t)| t.p95_ms / t.median_ms.max(1e-9)).sum();
    Validation {
        fitted: fit.len(),
        held_out: held.len(),
        mean_absolute_percentage_error: percentage_error(&said, &true_ms),
        of_plain_sum: percentage_error(&summed, &true_ms),
        rank_correlation: spearman(&said, &true_ms).unwrap_or(0.0),
        p95_factor: factors / networks.len().max(1) as f64,
        noisy: networks.iter().filter(|(_, t)| t.spread > NOISY).count(),
    }
}
