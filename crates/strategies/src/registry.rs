//! The strategies by name.

use crate::parameters::{Parameter, ParameterError, Values};
use crate::wrappers::{self, Wrapper};
use crate::{
    auto, bananas, evolution, exhaustive, local_search, nao, npenas, nsga2, ppo, random, reinforce, seminas,
    tpe,
};
use nascent_core::Strategy;

/// A strategy as it is listed.
#[derive(Debug)]
pub struct Entry {
    /// The name users type.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it is good for.
    pub good_for: &'static str,
    /// The paper it is from, or an empty text.
    pub paper: &'static str,
    /// What one proposal costs, in time and memory, as the study grows.
    pub cost: &'static str,
    /// Whether it makes networks out of earlier ones, its parents, which they differ from by little.
    pub has_children: bool,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Makes it.
    pub make: fn(&Values) -> Result<Box<dyn Strategy>, ParameterError>,
}

// The registration: a new strategy is one file and one line here.
static ALL: &[&Entry] = &[
    &auto::ENTRY,
    &random::ENTRY,
    &exhaustive::ENTRY,
    &local_search::ENTRY,
    &evolution::ENTRY,
    &tpe::ENTRY,
    &nsga2::ENTRY,
    &npenas::ENTRY,
    &bananas::ENTRY,
    &nao::ENTRY,
    &seminas::ENTRY,
    &reinforce::ENTRY,
    &ppo::ENTRY,
];

/// All strategies, in the order they are listed.
#[must_use]
pub fn all() -> &'static [&'static Entry] {
    ALL
}

/// All wrappers, which go around a strategy, in the order they are listed.
#[must_use]
pub fn wrappers() -> &'static [&'static Wrapper] {
    wrappers::all()
}

/// A strategy by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().copied().find(|e| e.name == name)
}
