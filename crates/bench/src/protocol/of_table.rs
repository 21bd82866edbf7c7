use super::{Budget, Case, Judge, Measured, Protocol, Rung, Score, Yardstick, best, lasting, worst};
use crate::error::BenchError;
use crate::table::Table;
use nascent_core::Objectives;
use nascent_core::objective::{Direction, Limit, Objective};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is asked of a table that no protocol is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableOptions {
    /// Columns to optimise, one or two; the table's own choice where empty. The table says which way is better.
    pub objectives: Vec<String>,
    /// Limits on columns.
    pub limits: Vec<Limit>,
    /// The column that what was found is judged by, besides the objective's regret.
    pub score: Option<String>,
    /// The column of seconds that a trial takes; the table's own where it has one.
    pub seconds: Option<String>,
}

/// The comparison that a table alone gives: its objective, its score, and its seconds.
///
/// # Errors
/// Where a column is missing, or no objective is known.
pub fn of_table(table: Arc<Table>, options: &TableOptions, budget: Budget) -> Result<Protocol, BenchError> {
    let about = table.about().clone();
    let names: Vec<String> = match options.objectives.is_empty() {
        true => about.objective.clone().into_iter().collect(),
        false => options.objectives.clone(),
    };
    let mut wanted = Vec::new();
    let mut measured = Vec::new();
    let limited = options.limits.iter().map(|l| l.metric.clone()).filter(|m| !names.contains(m));
    for name in names.iter().cloned().chain(limited) {
        let column = table.column(&name)?;
        measured.push(Measured::column(lasting(&name), column.values.clone()));
        if names.contains(&name) {
            wanted.push(Objective { name, direction: column.direction.unwrap_or(Direction::Maximize) });
        }
    }
    let judge = match &wanted[..] {
        [only] => incumbent(&table, only, options)?,
        [first, second] => area(&table, [first, second])?,
        _ => {
            return Err(BenchError::Input(format!(
                "table {} is searched for {} objectives: name one or two columns with --objective",
                about.name,
                wanted.len()
            )));
        }
    };
    let seconds = match options.seconds.as_ref().or(about.seconds.as_ref()) {
        Some(column) => Some(table.column(column)?.values.clone()),
        None if matches!(budget, Budget::Seconds(_)) => {
            return Err(BenchError::Input(format!(
                "table {} has no column of seconds: name one with --seconds, or give --trials instead of a budget",
                about.name
            )));
        }
        None => None,
    };
    let (limits, costs) = (options.limits.clone(), Vec::new());
    let objectives = Objectives { wanted, limits, costs, preference: Default::default() };
    let name = about.name.clone();
    let rungs = vec![Rung { budget: 1, measured, seconds }];
    let case = Case { table, name: name.clone(), objectives, rungs, judge };
    Ok(Protocol {
        title: format!("{}: {}", name, about.title),
        name,
        cases: vec![Arc::new(case)],
        budget,
        checkpoints: checkpoints(budget),
        runs: 200,
        notes: about.notes,
    })
}

/// Where results are read: the counts of the literature, or tenths of the seconds.
pub(super) fn checkpoints(budget: Budget) -> Vec<f64> {
    match budget {
        Budget::Queries(n) => {
            let usual = [
                10.0, 20.0, 30.0, 50.0, 80.0, 100.0, 130.0, 150.0, 200.0, 300.0, 500.0, 1_000.0, 2_000.0,
                5_000.0,
            ];
            let n = n as f64;
            usual.into_iter().filter(|at| *at < n).chain([n]).collect()
        }
        Budget::Seconds(s) => (1..=10).map(|tenth| s * f64::from(tenth) / 10.0).collect(),
    }
}

/// The best network so far: the objective's distance from the best that keeps the limits, and the score.
fn incumbent(table: &Table, objective: &Objective, options: &TableOptions) -> Result<Judge, BenchError> {
    let name = &table.about().name;
    let column = table.column(&objective.name)?;
    let mut kept = vec![true; table.rows()];
    for limit in &options.limits {
        let values = &table.column(&limit.metric)?.values;
        kept.iter_mut().zip(values).for_each(|(kept, v)| *kept &= limit.violation(*v) == 0.0);
    }
    let feasible: Vec<f64> =
        column.values.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(v, _)| *v).collect();
    if !feasible.iter().any(|v| v.is_finite()) {
        let limits: Vec<String> = options.limits.iter().map(ToString::to_string).collect();
        return Err(BenchError::Input(format!("no network of table {name} keeps {}", limits.join(" and "))));
    }
    let mut scores = vec![regret(
        name,
        "regret",
        &column.values,
        objective.direction,
        best(&feasible, objective.direction),
    )];
    let score = options
        .score
        .as_ref()
        .or(table.about().score.as_ref())
        .filter(|_| options.objectives.is_empty() || options.score.is_some());
    let reported = score.unwrap_or(&objective.name);
    let column = table.column(reported)?;
    scores.push(value(name, reported, &column.values, column.direction.unwrap_or(Direction::Maximize)));
    Ok(Judge::Incumbent(scores))
}

fn area(table: &Table, wanted: [&Objective; 2]) -> Result<Judge, BenchError> {
    let axis = |o: &Objective| Ok::<_, BenchError>((o.direction, table.column(&o.name)?.values.clone()));
    let axes = [axis(wanted[0])?, axis(wanted[1])?];
    let reference = [worst(&axes[0].1, axes[0].0), worst(&axes[1].1, axes[1].0)];
    Ok(share(&table.about().name, Yardstick::new(axes, reference)))
}

/// The distance of each row from the best; it is what a run without a result is given for the worst row.
pub(super) fn regret(
    dataset: &str,
    metric: &str,
    values: &[f64],
    direction: Direction,
    best: f64,
) -> (Score, Vec<f64>) {
    let distance = |v: &f64| match direction {
        Direction::Maximize => best - v,
        Direction::Minimize => v - best,
    };
    let distances: Vec<f64> = values.iter().map(distance).collect();
    let score = Score {
        dataset: dataset.into(),
        metric: metric.into(),
        direction: Direction::Minimize,
        optimum: 0.0,
        nothing: worst(&distances, Direction::Minimize),
    };
    (score, distances)
}

/// The value of each row itself.
pub(super) fn value(dataset: &str, metric: &str, values: &[f64], direction: Direction) -> (Score, Vec<f64>) {
    let score = Score {
        dataset: dataset.into(),
        metric: metric.into(),
        direction,
        optimum: best(values, direction),
        nothing: worst(values, direction),
    };
    (score, values.to_vec())
}

/// The share of a table's area.
pub(super) fn share(dataset: &str, yardstick: Yardstick) -> Judge {
    let score = Score {
        dataset: dataset.into(),
        metric: "hypervolume_share".into(),
        direction: Direction::Maximize,
        optimum: 1.0,
        nothing: 0.0,
    };
    Judge::Area(score, yardstick)
}
