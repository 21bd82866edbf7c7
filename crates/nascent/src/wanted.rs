//! What is wanted of networks: objectives, limits, sizes, and which of the best is preferred.

use crate::error::{Error, InputError};
use crate::known::{Known, measured};
use nascent_core::objective::{Bound, CostMetric, Direction, Limit, Objective, amount, cost_metrics};
use nascent_core::pareto::Preference;
use nascent_core::{Objectives, did_you_mean};
use nascent_data::Task;
use std::sync::Arc;

/// The most sizes that one search is for.
const MOST_SIZES: usize = 10;

/// Fills in what is optimised, and what sizes ask for.
pub(crate) fn settle(s: &mut crate::Settings, known: &Known) -> Result<(), Error> {
    if s.objectives.is_empty() {
        match (&known.task, &known.metrics[..]) {
            (Some(task), _) => s.objectives.push(task.metric.name().into()),
            (None, [(only, _)]) => s.objectives.push(only.clone()),
            _ => {
                let message = "the evaluator has several metrics: say in objectives which are optimised, the first one judging";
                return Err(InputError::about("evaluator", message).into());
            }
        }
    }
    settle_sizes(s)
}

/// Fills in what sizes ask for: parameters as the second objective, and the largest size as a limit.
fn settle_sizes(s: &mut crate::Settings) -> Result<(), Error> {
    s.sizes.sort_unstable();
    s.sizes.dedup();
    let Some(largest) = s.sizes.last().map(|size| size.limit()) else { return Ok(()) };
    let bad = |message: String| Err(InputError::about("sizes", message).into());
    if s.sizes.len() > MOST_SIZES {
        return bad(format!("{} sizes are more than {MOST_SIZES}", s.sizes.len()));
    }
    match &s.objectives[..] {
        [only] if only == "params" => {
            return bad("the best network of each size is the smallest of all where params are the objective: give another".into());
        }
        [_] => s.objectives.push("params".into()),
        [_, second] if second == "params" => {}
        other => {
            return bad(format!(
                "sizes need one objective, which each network is the best in, and there are {}: leave objectives or sizes out",
                other.join(", ")
            ));
        }
    }
    match s.limits.iter().find(|limit| limit.metric == "params") {
        Some(limit) if *limit != largest => {
            bad(format!("the largest size is the limit on params: leave {limit} out"))
        }
        Some(_) => Ok(()),
        None => {
            s.limits.push(largest);
            Ok(())
        }
    }
}

/// What can be optimised on a task: what training measures, then what follows from the graph.
#[must_use]
pub fn known_objectives(task: Option<&Task>) -> Vec<(String, Direction)> {
    with_costs(measured(task))
}

fn with_costs(mut known: Vec<(String, Direction)>) -> Vec<(String, Direction)> {
    known.extend(cost_metrics().iter().map(|c| (c.name().to_string(), c.direction())));
    known
}

pub(crate) fn objectives(
    measured: Vec<(String, Direction)>,
    s: &crate::Settings,
    own: Vec<Arc<dyn CostMetric>>,
    devices: &[Arc<nascent_device::Device>],
) -> Result<Objectives, Error> {
    let mut known = with_costs(measured);
    known.extend(own.iter().map(|c| (c.name().to_string(), c.direction())));
    let unknown = |key: &str, name: &str| {
        if let Some(message) = crate::devices::lacking(devices, name) {
            return InputError::about(key, message);
        }
        if let Some((metric, device)) = name.split_once('@').filter(|_| devices.is_empty()) {
            let message = format!(
                "{metric} of device {device:?} is not known: give the device's file with --device-file {device}.toml; \
                 nascent device measure makes one"
            );
            return InputError::about(key, message);
        }
        let names: Vec<&str> = known.iter().map(|(n, _)| n.as_str()).collect();
        let nearest = did_you_mean(name, names.iter().copied());
        InputError::about(
            key,
            format!("there is no metric {name:?}{nearest}; there are: {}", names.join(", ")),
        )
    };
    let mut wanted: Vec<Objective> = Vec::new();
    for name in &s.objectives {
        let direction = known.iter().find(|(n, _)| n == name).map(|(_, d)| *d);
        let direction = direction.ok_or_else(|| unknown("objectives", name))?;
        if wanted.iter().any(|o| o.name == *name) {
            return Err(InputError::about("objectives", format!("objective {name:?} is given twice")).into());
        }
        wanted.push(Objective { name: name.clone(), direction });
    }
    for limit in &s.limits {
        if !known.iter().any(|(n, _)| *n == limit.metric) {
            return Err(unknown("limits", &limit.metric).into());
        }
    }
    contradictions(&s.limits)?;
    let costs = cost_metrics().into_iter().chain(own).collect();
    let preference = match &s.prefer {
        None => Preference::First,
        Some(_) if !s.sizes.is_empty() => {
            let message = "the best of each size is handed over: leave prefer or sizes out";
            return Err(InputError::about("prefer", message).into());
        }
        Some(text) => preference(text, &wanted).map_err(|message| InputError::about("prefer", message))?,
    };
    Ok(Objectives { wanted, limits: s.limits.clone(), costs, preference })
}

/// What a user prefers among networks none of which is better than another in everything.
fn preference(text: &str, wanted: &[Objective]) -> Result<Preference, String> {
    if wanted.len() < 2 {
        return Err("of one objective the best is taken: leave prefer out, or give more objectives".into());
    }
    if text.trim() == "knee" {
        return Ok(Preference::Weights(vec![1.0; wanted.len()]));
    }
    let names: Vec<&str> = wanted.iter().map(|o| o.name.as_str()).collect();
    let fail = |part: &str| {
        let wish = |o: &Objective| {
            format!("{}{}VALUE", o.name, if o.direction == Direction::Maximize { ">=" } else { "<=" })
        };
        let wishes: Vec<String> = wanted.iter().map(wish).collect();
        format!(
            "{part:?} is not understood: give \"knee\", or all of {}=WEIGHT, each 0 or more, or all of {}",
            names.join("=WEIGHT, "),
            wishes.join(", ")
        )
    };
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let is_wish = text.contains("<=") || text.contains(">=");
    let mut values = vec![None; wanted.len()];
    for part in &parts {
        let found = if is_wish {
            part.parse::<Limit>().ok().and_then(|wish| {
                let place = wanted.iter().position(|o| o.name == wish.metric)?;
                match (wanted[place].direction, wish.bound) {
                    (Direction::Maximize, Bound::AtLeast) => Some((place, -wish.value)),
                    (Direction::Minimize, Bound::AtMost) => Some((place, wish.value)),
                    _ => None,
                }
            })
        } else {
            part.split_once('=').and_then(|(name, weight)| {
                let weight = amount(weight).filter(|weight| *weight >= 0.0)?;
                Some((names.iter().position(|known| *known == name.trim())?, weight))
            })
        };
        let (place, value) = found.ok_or_else(|| fail(part))?;
        if values[place].replace(value).is_some() {
            return Err(fail(part));
        }
    }
    let values = values.into_iter().collect::<Option<Vec<f64>>>().ok_or_else(|| fail(text))?;
    match is_wish {
        true => Ok(Preference::Point(values)),
        false if values.iter().all(|weight| *weight == 0.0) => Err(fail(text)),
        false => Ok(Preference::Weights(values)),
    }
}

/// Refuses limits that no number keeps.
fn contradictions(limits: &[Limit]) -> Result<(), Error> {
    for most in limits.iter().filter(|l| l.bound == Bound::AtMost) {
        let above = |l: &&Limit| l.bound == Bound::AtLeast && l.metric == most.metric && l.value > most.value;
        if let Some(least) = limits.iter().find(above) {
            let message =
                format!("{most} and {least} contradict each other: no number keeps both; leave one out");
            return Err(InputError::about("limits", message).into());
        }
    }
    Ok(())
}
