//! The protocols by name.

use super::of_table::{checkpoints, regret, share, value};
use super::{Budget, Case, Judge, Measured, Protocol, Rung, Yardstick, best, lasting, worst};
use crate::error::BenchError;
use crate::table::Table;
use nascent_core::objective::{Bound, Direction, Limit, Objective};
use nascent_core::{Objectives, nearest};
use std::sync::Arc;

/// A protocol as it is listed.
#[derive(Debug)]
pub struct Listed {
    /// The name users type.
    pub name: &'static str,
    /// What it does.
    pub title: &'static str,
    /// The tables that it needs, joined in this order.
    pub tables: &'static [&'static str],
    budget: Budget,
    runs: u64,
    notes: &'static [&'static str],
    cases: fn(&Arc<Table>) -> Result<Vec<Case>, BenchError>,
}

const NB201: &str = "nasbench201";
const HARDWARE: &[&str] = &[NB201, "hwnasbench_nb201"];
const MODELLED: &str = "Eyeriss and FPGA are modelled, not measured";

static ALL: &[Listed] = &[
    Listed {
        name: "nb201-12000s",
        title: "12,000 simulated seconds of CIFAR-10 validation at 12 epochs; test accuracy at 200 epochs on three data sets",
        tables: &[NB201],
        budget: Budget::Seconds(12_000.0),
        runs: 500,
        notes: &[
            "a trial costs 12/200 of the seconds of 200 epochs; one that ends after the budget does not count",
        ],
        cases: nb201_seconds,
    },
    Listed {
        name: "nb201-queries",
        title: "validation at 200 epochs; regret to the best validation accuracy of the table after so many queries",
        tables: &[NB201],
        budget: Budget::Queries(300),
        runs: 200,
        notes: &[
            "the test accuracy of the validation optimum is 94.37 / 73.51 / 46.20: on ImageNet16-120 that is not the best \
             on test, so test accuracy is reported and is no target",
        ],
        cases: nb201_queries,
    },
    Listed {
        name: "nb201-noisy",
        title: "as nb201-queries, but a query finds the accuracy of one random training seed; scored on the mean of all",
        tables: &[NB201],
        budget: Budget::Queries(300),
        runs: 200,
        notes: &[
            "seeds of CIFAR-100 and ImageNet16-120 are known for validation and test part together, so there both are searched",
        ],
        cases: nb201_noisy,
    },
    Listed {
        name: "nb201-ladder",
        title: "CIFAR-10 validation on a ladder of 12 and 200 epochs, in 100,000 simulated seconds; for strategies that climb",
        tables: &[NB201],
        budget: Budget::Seconds(100_000.0),
        runs: 200,
        notes: &[
            "not from a paper: the table has only these two lengths of training",
            "a network that was estimated at 12 epochs goes on from there: only the rest of its time passes",
        ],
        cases: nb201_ladder,
    },
    Listed {
        name: "nb101-150",
        title: "mean test accuracy at 108 epochs, searched and scored, after 150 queries",
        tables: &["nasbench101"],
        budget: Budget::Queries(150),
        runs: 200,
        notes: &[
            "the table has no validation accuracy: figures that select on validation are not comparable",
        ],
        cases: nb101,
    },
    Listed {
        name: "macro-queries",
        title: "mean test accuracy of NAS-Bench-Macro, searched and scored, after so many queries",
        tables: &["nasbench_macro"],
        budget: Budget::Queries(300),
        runs: 200,
        notes: &["the table has no validation accuracy"],
        cases: nb_macro,
    },
    Listed {
        name: "hw-pareto",
        title: "CIFAR-10 test accuracy against latency on six devices: the share of the exact hypervolume after 200 queries",
        tables: HARDWARE,
        budget: Budget::Queries(200),
        runs: 100,
        notes: &[
            "the reference point is 90 % accuracy, which strategies are told as a limit, and the device's largest latency",
            MODELLED,
        ],
        cases: hw_pareto,
    },
    Listed {
        name: "hw-limit",
        title: "CIFAR-10 validation under each decile of latency on six devices: regret to the best that keeps the limit",
        tables: HARDWARE,
        budget: Budget::Queries(100),
        runs: 200,
        notes: &[
            "a device's number is the mean over the limits at the 10th to 90th percentile of its latencies",
            "a run that has found nothing within the limit has the regret of the worst network",
            MODELLED,
        ],
        cases: hw_limit,
    },
];

/// All protocols.
#[must_use]
pub fn listed() -> &'static [Listed] {
    ALL
}

/// A protocol, its tables found by `table`.
///
/// # Errors
/// Where there is no protocol of this name, or its tables are missing or lack a column.
pub fn load(
    name: &str,
    table: &mut dyn FnMut(&'static Listed, &'static str) -> Result<Table, BenchError>,
) -> Result<Protocol, BenchError> {
    let protocol = ALL.iter().find(|p| p.name == name).ok_or_else(|| BenchError::Unknown {
        name: name.into(),
        nearest: nearest(name, ALL.iter().map(|p| p.name)),
        known: ALL.iter().map(|p| p.name.to_string()).collect(),
    })?;
    let mut joined: Option<Table> = None;
    for needed in protocol.tables {
        let next = table(protocol, needed)?;
        joined = Some(match joined {
            Some(first) => first.join(&next)?,
            None => next,
        });
    }
    let Some(joined) = joined else {
        return Err(BenchError::Input(format!("protocol {name} names no table")));
    };
    Ok(Protocol {
        name: protocol.name.into(),
        title: protocol.title.into(),
        cases: (protocol.cases)(&Arc::new(joined))?.into_iter().map(Arc::new).collect(),
        budget: protocol.budget,
        checkpoints: checkpoints(protocol.budget),
        runs: protocol.runs,
        notes: protocol.notes.iter().map(ToString::to_string).collect(),
    })
}

const UP: Direction = Direction::Maximize;
const DOWN: Direction = Direction::Minimize;
const DATASETS: [(&str, &str); 3] = [("c10", "cifar10"), ("c100", "cifar100"), ("in16", "imagenet16-120")];

fn wanted(wanted: &[(&str, Direction)]) -> Objectives {
    let wanted =
        wanted.iter().map(|(name, direction)| Objective { name: name.to_string(), direction: *direction });
    Objectives {
        wanted: wanted.collect(),
        limits: Vec::new(),
        costs: Vec::new(),
        preference: Default::default(),
    }
}

fn nb201_seconds(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    let seconds = table.column("c10_train_s_200ep")?.values.iter().map(|s| s * 12.0 / 200.0).collect();
    let mut scores = Vec::new();
    for (short, dataset) in DATASETS {
        scores.push(value(dataset, "test", &table.column(&format!("{short}_test_200"))?.values, UP));
    }
    let searched = Measured::column("validation", table.column("c10_val_12")?.values.clone());
    Ok(vec![Case {
        table: Arc::clone(table),
        name: "cifar10".into(),
        objectives: wanted(&[("validation", UP)]),
        rungs: vec![Rung { budget: 12, measured: vec![searched], seconds: Some(seconds) }],
        judge: Judge::Incumbent(scores),
    }])
}

/// What is searched of a data set, and the validation accuracy that it stands for.
type Searched = Result<(Measured, Vec<f64>), BenchError>;

/// One case for each data set.
fn by_dataset(table: &Arc<Table>, searched: &dyn Fn(&str) -> Searched) -> Result<Vec<Case>, BenchError> {
    let mut cases = Vec::new();
    for (short, dataset) in DATASETS {
        let (measured, validation) = searched(short)?;
        let optimum = best(&validation, UP);
        let seconds = table.column(&format!("{short}_train_s_200ep"))?.values.clone();
        let test = &table.column(&format!("{short}_test_200"))?.values;
        cases.push(Case {
            table: Arc::clone(table),
            name: dataset.into(),
            objectives: wanted(&[("validation", UP)]),
            rungs: vec![Rung { budget: 200, measured: vec![measured], seconds: Some(seconds) }],
            judge: Judge::Incumbent(vec![
                regret(dataset, "validation_regret", &validation, UP, optimum),
                value(dataset, "test", test, UP),
            ]),
        });
    }
    Ok(cases)
}

fn nb201_queries(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    by_dataset(table, &|short| {
        let validation = table.column(&format!("{short}_val_200"))?.values.clone();
        Ok((Measured::column("validation", validation.clone()), validation))
    })
}

fn nb201_noisy(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    by_dataset(table, &|short| {
        let kind = if short == "c10" { "val" } else { "valtest" };
        let seeds = (0..3)
            .map(|seed| Ok(table.column(&format!("{short}_{kind}_200_seed{seed}"))?.values.clone()))
            .collect::<Result<Vec<_>, BenchError>>()?;
        let mean = |row: usize| {
            let known: Vec<f64> = seeds.iter().map(|s: &Vec<f64>| s[row]).filter(|v| v.is_finite()).collect();
            known.iter().sum::<f64>() / known.len() as f64
        };
        let means = (0..table.rows()).map(mean).collect();
        Ok((Measured { metric: "validation", seeds }, means))
    })
}

fn nb201_ladder(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    let (short, dataset) = DATASETS[0];
    let seconds = &table.column(&format!("{short}_train_s_200ep"))?.values;
    let rung = |epochs: u32| {
        let validation = table.column(&format!("{short}_val_{epochs}"))?.values.clone();
        let share = f64::from(epochs) / 200.0;
        Ok::<_, BenchError>(Rung {
            budget: epochs,
            measured: vec![Measured::column("validation", validation)],
            seconds: Some(seconds.iter().map(|s| s * share).collect()),
        })
    };
    let validation = &table.column(&format!("{short}_val_200"))?.values;
    let test = &table.column(&format!("{short}_test_200"))?.values;
    let scores = vec![
        regret(dataset, "validation_regret", validation, UP, best(validation, UP)),
        value(dataset, "test", test, UP),
    ];
    Ok(vec![Case {
        table: Arc::clone(table),
        name: dataset.into(),
        objectives: wanted(&[("validation", UP)]),
        rungs: vec![rung(12)?, rung(200)?],
        judge: Judge::Incumbent(scores),
    }])
}

fn test_only(table: &Arc<Table>, column: &str, dataset: &str) -> Result<Vec<Case>, BenchError> {
    let test = table.column(column)?.values.clone();
    let scores =
        vec![regret(dataset, "test_regret", &test, UP, best(&test, UP)), value(dataset, "test", &test, UP)];
    Ok(vec![Case {
        table: Arc::clone(table),
        name: dataset.into(),
        objectives: wanted(&[("test", UP)]),
        rungs: vec![Rung { budget: 1, measured: vec![Measured::column("test", test)], seconds: None }],
        judge: Judge::Incumbent(scores),
    }])
}

fn nb101(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    test_only(table, "test_acc_108", "cifar10")
}

fn nb_macro(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    test_only(table, "test_acc_mean", "cifar10")
}

const DEVICES: [&str; 6] = ["edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga"];

/// A device's latencies; where a network is not supported it has none.
fn latencies(table: &Table, device: &str) -> Result<Vec<f64>, BenchError> {
    let column = table.column(&format!("c10_{device}_latency_ms"))?;
    Ok(column.values.iter().map(|v| if *v < 0.0 { f64::NAN } else { *v }).collect())
}

fn hw_pareto(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    let test = &table.column("c10_test_200")?.values;
    let case = |device: &&str| {
        let latency = latencies(table, device)?;
        let reference = [90.0, worst(&latency, DOWN)];
        let measured =
            vec![Measured::column("test", test.clone()), Measured::column("latency_ms", latency.clone())];
        // Strategies are told the reference point; its latency is no limit, for nothing is beyond it.
        let mut objectives = wanted(&[("test", UP), ("latency_ms", DOWN)]);
        objectives.limits.push(Limit { metric: "test".into(), bound: Bound::AtLeast, value: reference[0] });
        Ok(Case {
            table: Arc::clone(table),
            name: device.to_string(),
            objectives,
            rungs: vec![Rung { budget: 200, measured, seconds: None }],
            judge: share(device, Yardstick::new([(UP, test.clone()), (DOWN, latency)], reference)),
        })
    };
    DEVICES.iter().map(case).collect()
}

fn hw_limit(table: &Arc<Table>) -> Result<Vec<Case>, BenchError> {
    let validation = &table.column("c10_val_200")?.values;
    let mut cases = Vec::new();
    for device in DEVICES {
        let latency = latencies(table, device)?;
        let mut sorted: Vec<f64> = latency.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        for decile in 1..10 {
            let bound = sorted[(sorted.len() * decile).div_ceil(10) - 1];
            let kept = validation.iter().zip(&latency).filter(|(_, l)| **l <= bound).map(|(v, _)| *v);
            let optimum = best(&kept.collect::<Vec<_>>(), UP);
            let metric = lasting("latency_ms");
            let measured = vec![
                Measured::column("validation", validation.clone()),
                Measured::column(metric, latency.clone()),
            ];
            let mut objectives = wanted(&[("validation", UP)]);
            objectives.limits.push(Limit { metric: metric.into(), bound: Bound::AtMost, value: bound });
            cases.push(Case {
                table: Arc::clone(table),
                name: format!("{device}, latency at most the {decile}0th percentile"),
                objectives,
                rungs: vec![Rung { budget: 200, measured, seconds: None }],
                judge: Judge::Incumbent(vec![regret(device, "validation_regret", validation, UP, optimum)]),
            });
        }
    }
    Ok(cases)
}
