//! A table of our own: cells of `nb201` at a reduced scale, trained alone on Fashion-MNIST, and supernets judged by it.
//!
//! `make DATA TABLE NETWORKS THRICE THREADS` trains so many random cells (8 channels, one cell a stage, 6 epochs, 5,000 images
//! averaged to 16×16), the first of them with three seeds, and appends a line for each training; begun again, it goes on.
//! `judge DATA TABLE METHOD EPOCHS SEEDS` trains supernets and says how their order agrees with the table's.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use nascent::core::architecture::{Architecture, Shape};
use nascent::core::chooser::{describe, sample};
use nascent::core::objective::Direction;
use nascent::core::rng::{Rng, mix};
use nascent::core::statistics::{kendall, spearman};
use nascent::core::{Control, Decisions, Objectives, Settings, Space, draw};
use nascent::data::{DataError, Examples, Metric, Options};
use nascent::runtime::clock::timed;
use nascent::spaces::{Nb201, Nb201Params};
use nascent::train::{
    Device, Method, Plan, SupernetPlan, TrainStep, evaluate, on_one_thread, train, train_supernet,
};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Mutex;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const EPOCHS: u32 = 6;
const TRAINING: usize = 5_000;
const HELD: usize = 10_000;
/// What decides which cells there are; training seeds come from the cell and the replica.
const SEED: u64 = 6;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["make", data, table, networks, thrice, threads] => {
            make(&Parts::read(data)?, table, networks.parse()?, thrice.parse()?, threads.parse()?)
        }
        ["judge", data, table, method, epochs, seeds] => {
            judge(&Parts::read(data)?, table, method.parse()?, epochs.parse()?, seeds.parse()?)
        }
        _ => {
            Err("say make DATA TABLE NETWORKS THRICE THREADS, or judge DATA TABLE METHOD EPOCHS SEEDS".into())
        }
    }
}

/// The images, 16×16.
struct Parts {
    training: Examples,
    held: Examples,
    test: Examples,
}

impl Parts {
    fn read(path: &str) -> Result<Self, Failure> {
        let task = nascent::data::load(path.as_ref(), &Options::default())?;
        let all = task.train_and_validation();
        if all.len() < TRAINING + HELD {
            return Err(format!(
                "{path} has {} images for training, {} are needed",
                all.len(),
                TRAINING + HELD
            )
            .into());
        }
        let mut order: Vec<usize> = (0..all.len()).collect();
        Rng::new(SEED, 1).shuffle(&mut order);
        let test = task.test();
        let whole: Vec<usize> = (0..test.len()).collect();
        Ok(Self {
            training: halved(&all, &order[..TRAINING])?,
            held: halved(&all, &order[TRAINING..TRAINING + HELD])?,
            test: halved(&test, &whole)?,
        })
    }
}

/// Some images, padded to 32×32 with the colour of their corner, and averaged over 2×2.
fn halved(all: &Examples, rows: &[usize]) -> Result<Examples, Failure> {
    if all.shape.extents() != [1, 28, 28] {
        return Err(format!("images of 1×28×28 are needed, these are {}", all.shape).into());
    }
    let (pixels, mut inputs) = (all.all()?, Vec::with_capacity(rows.len() * 256));
    for &row in rows {
        let image = &pixels[row * 784..(row + 1) * 784];
        let pixel = |y: usize, x: usize| match (y.checked_sub(2), x.checked_sub(2)) {
            (Some(y), Some(x)) if y < 28 && x < 28 => image[y * 28 + x],
            _ => image[0],
        };
        for y in 0..16 {
            for x in 0..16 {
                let four = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dy, dx)| pixel(2 * y + dy, 2 * x + dx));
                inputs.push(four.iter().sum::<f32>() / 4.0);
            }
        }
    }
    let inputs = inputs.into();
    Ok(Examples { shape: Shape::new(&[1, 16, 16]), inputs, targets: all.targets.pick(rows) })
}

fn space() -> Result<Nb201, Failure> {
    let params = Nb201Params { channels: 8, cells: 1, stages: 3, training: false };
    Ok(params.check(&Shape::new(&[1, 16, 16]), 10)?)
}

/// The first so many different cells.
fn cells(space: &dyn Space, networks: usize) -> Result<Vec<(Decisions, Architecture)>, Failure> {
    let (mut rng, mut seen, mut cells) = (Rng::new(SEED, 0), HashSet::new(), Vec::new());
    while cells.len() < networks {
        let decisions = sample(space, &mut rng)?;
        let graph = draw(space, &decisions)?;
        if seen.insert(graph.hash()) {
            cells.push((decisions, graph));
        }
    }
    Ok(cells)
}

/// One training of the table.
#[derive(Clone, Debug)]
struct Line {
    cell: usize,
    replica: u32,
    validation: f64,
    params: f64,
    seconds: f64,
}

const HEADER: &str = "cell,replica,hash,decisions,params,macs,validation,validation_loss,test,seconds";

/// The lines that are whole.
fn read(table: &str) -> Vec<Line> {
    let text = std::fs::read_to_string(table).unwrap_or_default();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |i: usize| fields.get(i)?.parse::<f64>().ok();
        (fields.len() == 10).then_some(())?;
        Some(Line {
            cell: fields[0].parse().ok()?,
            replica: fields[1].parse().ok()?,
            params: number(4)?,
            validation: number(6)?,
            seconds: number(9)?,
        })
    };
    // What a stop cut off has no end of line.
    text.split_inclusive('\n').filter_map(|l| line(l.strip_suffix('\n')?)).collect()
}

fn make(parts: &Parts, table: &str, networks: usize, thrice: usize, threads: usize) -> Result<(), Failure> {
    let space = space()?;
    let cells = cells(&space, networks)?;
    let known: HashSet<(usize, u32)> = read(table).iter().map(|l| (l.cell, l.replica)).collect();
    let wanted = |cell: usize| (0..if cell < thrice { 3 } else { 1 }).map(move |replica| (cell, replica));
    // One seed of each first.
    let mut jobs: Vec<(usize, u32)> =
        (0..networks).flat_map(wanted).filter(|job| !known.contains(job)).collect();
    jobs.sort_by_key(|(cell, replica)| (*replica, *cell));
    let mut kept = std::fs::read_to_string(table).unwrap_or_default();
    kept.truncate(kept.rfind('\n').map_or(0, |end| end + 1));
    if kept.is_empty() {
        kept = format!("{HEADER}\n");
    }
    std::fs::write(table, &kept)?;
    let file = Mutex::new(std::fs::OpenOptions::new().append(true).open(table)?);
    let (todo, all) = (Mutex::new(jobs.into_iter()), networks + 2 * thrice.min(networks));
    let done = Mutex::new(known.len());
    let work = || -> Result<(), Failure> {
        loop {
            let Some((cell, replica)) = todo.lock().map_err(|e| e.to_string())?.next() else { return Ok(()) };
            let (decisions, graph) = &cells[cell];
            let line = one(parts, &space, (cell, replica), decisions, graph)?;
            let mut file = file.lock().map_err(|e| e.to_string())?;
            file.write_all(line.as_bytes())?;
            file.flush()?;
            let mut done = done.lock().map_err(|e| e.to_string())?;
            *done += 1;
            eprintln!("{done} of {all}: {}", line.trim_end());
        }
    };
    let found: Vec<Result<(), Failure>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    found.into_iter().collect::<Result<Vec<()>, Failure>>()?;
    ceiling(&read(table));
    Ok(())
}

/// Trains one cell with one seed.
fn one(
    parts: &Parts,
    space: &Nb201,
    (cell, replica): (usize, u32),
    decisions: &Decisions,
    graph: &Architecture,
) -> Result<String, Failure> {
    let hash = graph.hash().0;
    let plan = Plan {
        epochs: EPOCHS,
        horizon: EPOCHS,
        patience: None,
        seed: mix(&[SEED, hash as u64, (hash >> 64) as u64, u64::from(replica)]),
        device: Device::Cpu,
        keep: false,
        metric: Metric::Accuracy,
    };
    let (trained, took) = timed(|| {
        on_one_thread(|| {
            let data = (&parts.training, None);
            train(graph, &Settings::default(), data, None, &plan, None, &mut |_| Control::Continue)
        })
    });
    let mut trained = trained??;
    let mut judge = |examples| {
        let found = evaluate(&mut trained.network as &mut dyn TrainStep, examples, Metric::Accuracy)?;
        Ok::<_, Failure>((found.metrics.value("accuracy").unwrap_or(0.0), found.loss))
    };
    let ((validation, loss), (test, _)) = (judge(&parts.held)?, judge(&parts.test)?);
    let words: Vec<String> = describe(space, decisions)?.into_iter().map(|a| a.label).collect();
    let cost = graph.cost();
    Ok(format!(
        "{cell},{replica},{},{},{},{},{validation},{loss},{test},{:.2}\n",
        graph.hash(),
        words.join(" "),
        cost.params,
        cost.macs,
        took.as_secs_f64()
    ))
}

/// How well one seed's order agrees with another's: no estimate can be expected to do better.
fn ceiling(lines: &[Line]) {
    let by_key: HashMap<(usize, u32), f64> =
        lines.iter().map(|l| ((l.cell, l.replica), l.validation)).collect();
    let seconds: f64 = lines.iter().map(|l| l.seconds).sum();
    println!("{} trainings, {:.1} s each in the mean", lines.len(), seconds / lines.len().max(1) as f64);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let pairs: Vec<(f64, f64)> = (0..lines.len())
            .filter_map(|cell| Some((*by_key.get(&(cell, a))?, *by_key.get(&(cell, b))?)))
            .collect();
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        println!("seed {a} with seed {b}, {} cells: Kendall {:.3?}", x.len(), kendall(&x, &y));
    }
}

fn judge(parts: &Parts, table: &str, method: Method, epochs: u32, seeds: u64) -> Result<(), Failure> {
    let lines = read(table);
    ceiling(&lines);
    let space = space()?;
    let first: Vec<&Line> = lines.iter().filter(|l| l.replica == 0).collect();
    let most = first.iter().map(|l| l.cell + 1).max().unwrap_or(0);
    let cells = cells(&space, most)?;
    let alone: Vec<f64> = first.iter().map(|l| l.validation).collect();
    let params: Vec<f64> = first.iter().map(|l| l.params).collect();
    agree("params", &params, &alone);
    let middle = median(&alone);
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    for seed in 1..=seeds {
        let plan = SupernetPlan {
            method,
            epochs,
            seed,
            device: Device::Cpu,
            metric: Metric::Accuracy,
            objectives: &objectives,
        };
        let settings = Settings::default();
        let settled = Decisions::new();
        let data = (&parts.training, &parts.held);
        let (net, took) = timed(|| {
            on_one_thread(|| {
                train_supernet((&space, &settled), &settings, data, None, &plan, None, &mut |_| {
                    Control::Continue
                })
            })
        });
        let net = net??;
        println!("{} with seed {seed}: {:.1} s", method.name(), took.as_secs_f64());
        let (shared, took) = timed(|| {
            on_one_thread(|| {
                let of = |line: &&Line| {
                    let graph = &cells[line.cell].1;
                    let mut network = net.network(graph, &parts.training, 64, Device::Cpu)?;
                    let found = evaluate(&mut network, &parts.held, Metric::Accuracy)?;
                    Ok(found.metrics.value("accuracy").unwrap_or(0.0))
                };
                first.iter().map(of).collect::<Result<Vec<f64>, DataError>>()
            })
        });
        let shared = shared??;
        println!("  {:.2} s to judge a network", took.as_secs_f64() / first.len().max(1) as f64);
        agree("  shared weights", &shared, &alone);
        if method.is_relaxation() {
            derived(&space, parts, &net.shares(method), middle)?;
        }
    }
    Ok(())
}

/// Trains the likeliest cell alone, and compares it with the middle of the random sample.
fn derived(
    space: &Nb201,
    parts: &Parts,
    shares: &[(String, String, f64)],
    middle: f64,
) -> Result<(), Failure> {
    let graph = space.relax()?.ok_or("the space cannot be relaxed")?;
    let likeliest = |path: &str| {
        let options = shares.iter().filter(|(p, ..)| p == path).map(|(.., share)| *share);
        options.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place)
    };
    let cell = graph.derive(likeliest)?;
    let labels: Vec<&str> = graph
        .choices()
        .iter()
        .filter_map(|c| {
            shares.iter().filter(|s| s.0 == c.path).nth(likeliest(&c.path)?).map(|s| s.1.as_str())
        })
        .collect();
    let line = one(parts, space, (0, 0), &decisions_of(space, &labels)?, &cell)?;
    let fields: Vec<&str> = line.split(',').collect();
    println!(
        "  derived {}: validation {}, the middle of the sample has {middle}",
        labels.join(" "),
        fields[6]
    );
    Ok(())
}

/// The member of the space with these labels on its edges.
fn decisions_of(space: &Nb201, labels: &[&str]) -> Result<Decisions, Failure> {
    let all = nascent::core::chooser::survey(space)?;
    let answer = |(question, label): (&nascent::core::chooser::SurveyedQuestion, &&str)| {
        let place = question.options.iter().position(|option| option == label)?;
        Some((question.key, place as u16))
    };
    all.iter().zip(labels).map(answer).collect::<Option<Decisions>>().ok_or_else(|| "no such cell".into())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// How an estimate agrees with trainings alone, on all cells and on the better half.
fn agree(name: &str, estimate: &[f64], alone: &[f64]) {
    let middle = median(alone);
    let top = || (0..alone.len()).filter(|i| alone[*i] >= middle);
    let (a, b): (Vec<f64>, Vec<f64>) = top().map(|i| (estimate[i], alone[i])).unzip();
    println!(
        "{name}, {} cells: Kendall {:.3?}, Spearman {:.3?}; better half: Kendall {:.3?}",
        alone.len(),
        kendall(estimate, alone),
        spearman(estimate, alone),
        kendall(&a, &b)
    );
}
