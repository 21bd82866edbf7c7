//! Published devices, and new ones from ten measurements, on the cells of NAS-Bench-201.

use crate::error::{Error, InputError};
use nascent_bench::Store;
use nascent_core::architecture::Shape;
use nascent_core::rng::{Rng, mix};
use nascent_core::statistics::spearman;
use nascent_device::{Adapted, Family, Known, adapt};
use nascent_spaces::{Nb201Cell, Nb201Op, Nb201Params};
use std::path::{Path, PathBuf};

/// Which table is asked, and how.
#[derive(Clone, Debug)]
pub struct Adapting {
    /// The table of latencies, by its name or file.
    pub table: String,
    /// The folder of imported tables.
    pub tables: PathBuf,
    /// Whose networks' latencies: the beginning of the columns' names, such as `c10`.
    pub data: String,
    /// Measurements of a new device.
    pub measurements: usize,
    /// Which are measured.
    pub choice: Choice,
    /// How often another set of networks is measured.
    pub draws: u64,
    /// What decides the draws.
    pub seed: u64,
}

/// Which networks of a new device are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Those that tell most about all others, among a random 400.
    Telling,
    /// Random ones.
    Random,
}

/// How well a device was predicted that was left out.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LeftOut {
    /// The device's name.
    pub device: String,
    /// Whether its figures are modelled, not measured.
    pub modelled: bool,
    /// Spearman's rank correlation with the truth, one a draw.
    pub spearman: Vec<f64>,
    /// The median absolute error as a share of the truth, in percent, one a draw: some cells compute nothing and take next to no
    /// time, of which a mean of shares would say nothing else.
    pub median_absolute_percentage_error: Vec<f64>,
}

/// Devices of the published table whose figures come from a model of the hardware.
const MODELLED: [&str; 2] = ["eyeriss", "fpga"];
/// Networks that known devices are fitted to; a new device is never asked about them.
const TRAINING: usize = 1_000;
/// Networks among which those to measure are chosen.
const CANDIDATES: usize = 400;

/// All cells with the latencies of some devices.
struct World {
    plain: Vec<Vec<f64>>,
    fine: Vec<Vec<f64>>,
    devices: Vec<(String, Vec<f64>)>,
    /// The cells that known devices are fitted to.
    training: Vec<usize>,
}

impl World {
    fn load(what: &Adapting) -> Result<Self, Error> {
        let bad = |e: &dyn std::fmt::Display| Error::from(InputError::about("table", e.to_string()));
        let table = Store::new(&what.tables).table(&what.table).map_err(|e| bad(&e))?;
        let space = Nb201Params::published().check(&Shape::new(&[3, 32, 32]), 10).map_err(|e| bad(&e))?;
        let cells: Vec<Nb201Cell> = cells().collect();
        let rows: Option<Vec<u32>> = cells.iter().map(|cell| table.row(&space.decisions(*cell))).collect();
        let rows = rows.ok_or_else(|| {
            bad(&format!("table {} does not have every cell of NAS-Bench-201", table.full_name()))
        })?;
        let (begin, end) = (format!("{}_", what.data), "_latency_ms");
        let mut devices = Vec::new();
        for column in table.columns() {
            let Some(name) = column.name.strip_prefix(&begin).and_then(|n| n.strip_suffix(end)) else {
                continue;
            };
            devices.push((name.to_string(), rows.iter().map(|row| column.values[*row as usize]).collect()));
        }
        if devices.len() < 2 {
            let message = format!(
                "table {} has {} columns of the form {begin}DEVICE{end}: at least 2 are needed, so that one can be left out",
                table.full_name(),
                devices.len()
            );
            return Err(bad(&message));
        }
        let mut order: Vec<usize> = (0..cells.len()).collect();
        Rng::new(mix(&[what.seed, 0xADA]), 0).shuffle(&mut order);
        order.truncate(TRAINING);
        Ok(Self {
            plain: cells.iter().map(plain).collect(),
            fine: cells.iter().map(fine).collect(),
            devices,
            training: order,
        })
    }

    /// What all devices but one have in common.
    fn family(&self, left_out: Option<usize>) -> Result<Family, Error> {
        let others = self.devices.iter().enumerate().filter(|(i, _)| Some(*i) != left_out);
        let known: Vec<Known> = others
            .map(|(_, (_, latencies))| {
                // A latency of -1 says that a device cannot run the network.
                let rows: Vec<usize> =
                    self.training.iter().copied().filter(|r| latencies[*r] > 0.0).collect();
                Known { latencies_ms: rows.iter().map(|r| latencies[*r]).collect(), rows }
            })
            .collect();
        Family::fit(&self.plain, &self.fine, &known).map_err(|e| Error::input(e.to_string()))
    }

    /// The cells that no known device was fitted to.
    fn unseen(&self) -> Vec<usize> {
        let seen: std::collections::HashSet<usize> = self.training.iter().copied().collect();
        (0..self.plain.len()).filter(|row| !seen.contains(row)).collect()
    }
}

/// Every device left out once: known are the others, on networks of their own, and some measurements of the one left
/// out; judged are all networks that are neither.
///
/// # Errors
/// Where the table was not imported, or is of other networks than the cells of NAS-Bench-201.
pub fn leave_one_out(what: &Adapting, hear: &mut dyn FnMut(&str)) -> Result<Vec<LeftOut>, Error> {
    if what.draws == 0 {
        return Err(InputError::about("draws", "draws = 0: give 1 or more").into());
    }
    let world = World::load(what)?;
    let mut found = Vec::new();
    for (i, (name, latencies)) in world.devices.iter().enumerate() {
        hear(name);
        let family = world.family(Some(i))?;
        let pool: Vec<usize> = world.unseen().into_iter().filter(|row| latencies[*row] > 0.0).collect();
        let mut one = LeftOut {
            device: name.clone(),
            modelled: MODELLED.contains(&name.as_str()),
            spearman: Vec::new(),
            median_absolute_percentage_error: Vec::new(),
        };
        for draw in 0..what.draws {
            let ten = chosen(what, &family, pool.clone(), draw);
            let measured: Vec<(usize, f64)> = ten.iter().map(|row| (*row, latencies[*row])).collect();
            let adapted = adapt(&family, &measured).map_err(|e| Error::input(e.to_string()))?;
            let asked: Vec<usize> = pool.iter().copied().filter(|row| !ten.contains(row)).collect();
            let (said, truth): (Vec<f64>, Vec<f64>) =
                asked.iter().map(|row| (adapted.predict(*row), latencies[*row])).unzip();
            one.spearman.push(spearman(&said, &truth).unwrap_or(0.0));
            let mut errors: Vec<f64> =
                said.iter().zip(&truth).map(|(s, t)| 100.0 * (s - t).abs() / t).collect();
            errors.sort_by(f64::total_cmp);
            one.median_absolute_percentage_error
                .push(errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN));
        }
        found.push(one);
    }
    Ok(found)
}

fn chosen(what: &Adapting, family: &Family, mut pool: Vec<usize>, draw: u64) -> Vec<usize> {
    Rng::new(mix(&[what.seed, 0xD4A]), draw).shuffle(&mut pool);
    match what.choice {
        Choice::Random => {
            pool.truncate(what.measurements);
            pool
        }
        Choice::Telling => {
            pool.truncate(CANDIDATES);
            family.choose(&pool, what.measurements)
        }
    }
}

/// The cells to measure on a device that no table knows.
///
/// # Errors
/// As [`leave_one_out`].
pub fn to_measure(what: &Adapting) -> Result<Vec<Nb201Cell>, Error> {
    let world = World::load(what)?;
    let family = world.family(None)?;
    let all: Vec<Nb201Cell> = cells().collect();
    Ok(chosen(what, &family, world.unseen(), 0).into_iter().map(|row| all[row]).collect())
}

/// What every cell takes on a device that no table knows, from the measurements in a file: lines of a cell and its
/// milliseconds, separated by a comma.
///
/// # Errors
/// As [`leave_one_out`], and where the file has no such lines.
pub fn predict_device(what: &Adapting, measured: &Path) -> Result<Vec<(Nb201Cell, f64)>, Error> {
    let world = World::load(what)?;
    let all: Vec<Nb201Cell> = cells().collect();
    let text = std::fs::read_to_string(measured)
        .map_err(|e| Error::file(measured, format!("cannot be read: {e}")))?;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let fail = |reason: String| Error::file(measured, format!("line {number}: {reason}"));
        let (cell, ms) =
            line.rsplit_once(',').ok_or_else(|| fail(format!("{line:?} is not CELL,MILLISECONDS")))?;
        if number == 1 && cell.trim() == "cell" {
            continue;
        }
        let cell: Nb201Cell = cell.parse().map_err(|e: nascent_core::SpaceError| fail(e.to_string()))?;
        let ms: f64 = ms.trim().parse().map_err(|_| fail(format!("{ms:?} is no number of milliseconds")))?;
        let row = all.iter().position(|c| *c == cell).ok_or_else(|| fail("there is no such cell".into()))?;
        found.push((row, ms));
    }
    let family = world.family(None)?;
    let adapted: Adapted = adapt(&family, &found).map_err(|e| Error::file(measured, e))?;
    Ok(all.into_iter().enumerate().map(|(row, cell)| (cell, adapted.predict(row))).collect())
}

/// Every cell, in an order of our own.
fn cells() -> impl Iterator<Item = Nb201Cell> {
    (0..5usize.pow(6)).map(|number| {
        let mut left = number;
        Nb201Cell([(); 6].map(|()| {
            let op = Nb201Op::ALL[left % 5];
            left /= 5;
            op
        }))
    })
}

/// How the edges run: from a node, to a later one.
const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

/// The cell without edges that do not reach the output, and without those that the input does not reach where `forwards`.
fn pruned(cell: &Nb201Cell, forwards: bool) -> Nb201Cell {
    let open = |k: usize| cell.0[k] != Nb201Op::None;
    let (mut from, mut to) = ([true, false, false, false], [false, false, false, true]);
    for node in 1..4 {
        from[node] = (0..6).any(|k| open(k) && EDGES[k].1 == node && from[EDGES[k].0]);
    }
    for node in (0..3).rev() {
        to[node] = (0..6).any(|k| open(k) && EDGES[k].0 == node && to[EDGES[k].1]);
    }
    let mut ops = cell.0;
    for (k, op) in ops.iter_mut().enumerate() {
        if !to[EDGES[k].1] || forwards && !from[EDGES[k].0] {
            *op = Nb201Op::None;
        }
    }
    Nb201Cell(ops)
}

/// How often each operation occurs, `none` left out.
fn counts(cell: &Nb201Cell) -> impl Iterator<Item = f64> {
    Nb201Op::ALL.into_iter().skip(1).map(|op| cell.0.iter().filter(|o| **o == op).count() as f64)
}

/// The longest path in layers and in work, the sums, and whether there is a path at all.
fn paths(cell: &Nb201Cell) -> [f64; 4] {
    let longest = |costs: [f64; 5]| {
        let mut far = [0.0, f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for (k, (from, to)) in EDGES.iter().enumerate() {
            if cell.0[k] != Nb201Op::None {
                far[*to] = f64::max(far[*to], far[*from] + costs[cell.0[k] as usize]);
            }
        }
        far[3]
    };
    let into = |node: usize| (0..6).filter(|k| cell.0[*k] != Nb201Op::None && EDGES[*k].1 == node).count();
    let sums: usize = (1..4).map(|node| into(node).saturating_sub(1)).sum();
    let layers = longest([0.0, 0.0, 1.0, 1.0, 1.0]);
    [
        layers.max(0.0),
        longest([0.0, 0.0, 0.4, 1.0, 0.3]).max(0.0),
        sums as f64,
        f64::from(u8::from(layers >= 0.0)),
    ]
}

/// What a new device's latency may be linear in. Some compilers remove what does not reach the output, some run it all.
fn plain(cell: &Nb201Cell) -> Vec<f64> {
    let (reaching, live) = (pruned(cell, false), pruned(cell, true));
    counts(cell)
        .chain(counts(&reaching))
        .chain(counts(&live))
        .chain(paths(&reaching))
        .chain(paths(&live))
        .collect()
}

/// What a well-measured device's latency is fitted to: which operation is on which edge, besides.
fn fine(cell: &Nb201Cell) -> Vec<f64> {
    let on_edges = |cell: Nb201Cell| {
        cell.0
            .into_iter()
            .flat_map(|op| Nb201Op::ALL.into_iter().skip(1).map(move |o| f64::from(u8::from(o == op))))
    };
    plain(cell).into_iter().chain(on_edges(*cell)).chain(on_edges(pruned(cell, false))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_is_cut() {
        let cell: Nb201Cell =
            "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|".parse().unwrap();
        // Node 1 leads nowhere; node 2 reaches the output but has no input.
        let expected = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|";
        assert_eq!(pruned(&cell, false).to_string(), expected);
        let expected = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";
        assert_eq!(pruned(&cell, true).to_string(), expected);
        assert_eq!(paths(&pruned(&cell, true)), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(cells().collect::<std::collections::HashSet<_>>().len(), 15_625);
    }
}
