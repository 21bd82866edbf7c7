//! The strategy as settings ask for it: within the wrappers that its estimator, early stopping and inheritance need.

use crate::effort::{ETA, LEAST_EPOCHS};
use crate::error::{Error, InputError};
use crate::settings::{Estimator, StopWhen};
use nascent_strategies::Spec;

/// Whether networks are trained for fewer epochs than a whole training: to be climbed from, or to be looked at.
pub(crate) fn has_low_rungs(spec: &Spec, estimator: Estimator) -> bool {
    spec.climbs() || spec.filters() && estimator != Estimator::Scores
}

/// The strategy with the wrappers that its estimator needs.
pub(crate) fn estimated(s: &crate::Settings, rungs: &[u32], has_task: bool) -> Result<Spec, Error> {
    let bad = |key: &str, message: String| Error::from(InputError::about(key, message));
    let parse = |text: &str| Spec::parse(text).map_err(|e| bad("strategy", e.to_string()));
    let given = s.strategy.trim();
    let mut spec = parse(given)?;
    // Whole trainings of any data may take long: where time is what is limited, the first rungs tell what to leave.
    let is_free = given == "auto" && s.budget.is_some() && rungs.len() > 1;
    let is_early = match s.estimator {
        Estimator::Auto | Estimator::Scores => is_free && !spec.shares_weights(),
        Estimator::Early => !spec.climbs() && !spec.filters(),
        Estimator::Full | Estimator::Supernet => false,
    };
    if spec.shares_weights() && s.estimator != Estimator::Supernet {
        return Err(bad(
            "strategy",
            format!("{given} judges networks by a supernet: give estimator = \"supernet\""),
        ));
    }
    if s.estimator == Estimator::Supernet {
        if !has_task {
            let message = "a supernet is trained on data of ours, and an evaluator of your own keeps its data to itself";
            return Err(bad("estimator", message.into()));
        }
        // Read again, so that a composition that makes no sense is refused.
        return if spec.shares_weights() { Ok(spec) } else { parse(&format!("supernet > {given}")) };
    }
    if is_early {
        spec = parse(&format!("asha > {given}"))?;
    }
    if s.estimator == Estimator::Full && (spec.climbs() || spec.filters()) {
        return Err(bad(
            "estimator",
            format!(
                "{given} tries networks by less than whole trainings: leave estimator = \"full\" out, or its wrapper"
            ),
        ));
    }
    if s.estimator == Estimator::Scores {
        if !has_task {
            let message =
                "scores look at data of ours, and an evaluator of your own keeps its data to itself";
            return Err(bad("estimator", message.into()));
        }
        if !spec.filters() {
            spec = parse(&format!(
                "filter > {}",
                if is_early { format!("asha > {given}") } else { given.into() }
            ))?;
        }
    }
    // A filter needs a rung below those that are climbed, unless scores are that rung.
    let filters = spec.filters() && s.estimator != Estimator::Scores;
    let least = 1 + usize::from(spec.climbs()) + usize::from(filters);
    if rungs.len() < least {
        let message = format!(
            "{spec} promotes networks from rung to rung, and {} epochs have {} of them: give at least {}, or choose a \
             strategy without such a wrapper",
            rungs.last().copied().unwrap_or(0),
            rungs.len(),
            LEAST_EPOCHS * ETA.pow(least as u32 - 1)
        );
        return Err(bad("strategy", message));
    }
    Ok(spec)
}

/// The strategy with the wrapper that `stop_when` asks for.
pub(crate) fn stopping(s: &crate::Settings, spec: Spec, objectives: usize) -> Result<Spec, Error> {
    let Some(StopWhen(percent)) = s.stop_when else { return Ok(spec) };
    let bad = |message: String| Error::from(InputError::about("stop_when", message));
    if s.estimator == Estimator::Supernet {
        let message = "networks that share weights are judged without training, and the few that are trained alone are \
                       to be compared: leave stop_when or estimator = \"supernet\" out";
        return Err(bad(message.into()));
    }
    if objectives > 1 {
        let message = format!(
            "a network that is better in one of {objectives} objectives may be worth its training, and one that is not \
             the best in the first is ended: leave stop_when out, or all objectives but one"
        );
        return Err(bad(message));
    }
    // Read again, so that a composition that makes no sense is refused.
    Spec::parse(&spec.stopping_below(percent).to_string()).map_err(|e| bad(e.to_string()))
}

/// That networks can begin with the weights of others, where that is asked for.
pub(crate) fn heritable(s: &crate::Settings, spec: &Spec, has_task: bool) -> Result<(), Error> {
    let why = if !s.inherit {
        return Ok(());
    } else if !has_task {
        "an evaluator of your own keeps its weights to itself".to_string()
    } else if s.estimator == Estimator::Supernet {
        "networks of a supernet share all of their weights".to_string()
    } else if !spec.has_children() {
        let of: Vec<&str> =
            nascent_strategies::registry::all().iter().filter(|e| e.has_children).map(|e| e.name).collect();
        format!("{spec} does not make networks out of others, as {} do", of.join(", "))
    } else {
        return Ok(());
    };
    Err(InputError::about("inherit", format!("{why}: leave inherit out")).into())
}
