//! Strategies around another one, which decide how dearly its networks are tried.
//!
//! A wrapper that climbs the ladder asks the strategy inside for networks as if the ladder had one rung, and promotes
//! the best. The strategy inside is told of its own trials, and of promotions only where it learns from several rungs
//! ([`Strategy::learns_from_rungs`]).

mod asha;
mod brackets;
mod climbed;
mod curve_stop;
mod curves;
mod filter;
mod likeliest;
mod median_stop;
mod supernet;
mod warm_start;

use crate::parameters::{Parameter, ParameterError, Values};
use nascent_core::{Decisions, Strategy, StrategyError};

/// A wrapper as it is listed.
#[derive(Debug)]
pub struct Wrapper {
    /// The name users type.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it is good for.
    pub good_for: &'static str,
    /// The paper it is from, or an empty text.
    pub paper: &'static str,
    /// What it adds to the cost of a proposal, in time and memory, as the study grows.
    pub cost: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Whether it runs networks on a low rung and promotes the best.
    pub climbs: bool,
    /// The wrappers that may not be inside it, and why.
    pub(crate) not_inside: Option<(&'static [&'static str], &'static str)>,
    pub(crate) wrap: Wrap,
}

/// Puts a wrapper around a strategy.
pub(crate) type Wrap = fn(&Values, Inside) -> Result<Box<dyn Strategy>, ParameterError>;

/// What is inside a wrapper.
pub(crate) struct Inside {
    pub(crate) strategy: Box<dyn Strategy>,
    /// Whether it climbs the ladder itself.
    pub(crate) climbs: bool,
    /// The best networks of an earlier study, best first.
    pub(crate) earlier: Vec<Decisions>,
}

static ALL: &[&Wrapper] = &[
    &brackets::HALVING,
    &brackets::HYPERBAND,
    &asha::WRAPPER,
    &median_stop::WRAPPER,
    &curve_stop::WRAPPER,
    &filter::WRAPPER,
    &supernet::WRAPPER,
    &warm_start::WRAPPER,
];

pub(crate) fn all() -> &'static [&'static Wrapper] {
    ALL
}

const CLIMBERS: &[&str] = &["halving", "hyperband", "asha"];
const ONE_CLIMBER: &str = "only one wrapper can climb the ladder";

/// That there is something to climb.
fn check_ladder(name: &str, rungs: usize) -> Result<(), StrategyError> {
    if rungs >= 2 {
        return Ok(());
    }
    Err(StrategyError::Unsuitable(format!(
        "{name} needs a ladder of at least 2 rungs, and here it has {rungs}: give the study a cheaper rung, or use a \
         strategy that works on one rung, such as random, local-search, evolution, tpe, nsga2 or npenas without {name}"
    )))
}
