use std::collections::BTreeMap;

/// A parameter of a strategy: a whole number.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name users type.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// The least and the most allowed.
    pub range: (u64, u64),
    /// The value where none is given, for a study of so many trials.
    pub default: fn(trials: u64) -> u64,
    /// The default in words.
    pub default_text: &'static str,
}

impl Parameter {
    /// That a value is in range.
    ///
    /// # Errors
    /// Where it is not.
    fn check(&self, value: u64) -> Result<(), ParameterError> {
        let (least, most) = self.range;
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(ParameterError { name: self.name, value, reason: format!("must be from {least} to {most}") })
    }
}

/// That every one of these values, by name, is in its parameter's range.
///
/// # Errors
/// Where one is not.
pub(crate) fn check_ranges(parameters: &[Parameter], values: &[(&str, u64)]) -> Result<(), ParameterError> {
    let parameter = |name: &str| parameters.iter().find(|p| p.name == name);
    values
        .iter()
        .filter_map(|(name, value)| Some((parameter(name)?, *value)))
        .try_for_each(|(p, v)| p.check(v))
}

/// Parameter values, checked against their ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<&'static str, u64>);

/// A combination of parameters that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} = {value}: {reason}")]
pub struct ParameterError {
    /// The parameter.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// What is wrong, and what is allowed.
    pub reason: String,
}

impl Values {
    /// The defaults for a study of so many trials, overridden by what was given.
    pub(crate) fn new(parameters: &[Parameter], given: &BTreeMap<&'static str, u64>, trials: u64) -> Self {
        let value = |p: &Parameter| given.get(p.name).copied().unwrap_or_else(|| (p.default)(trials));
        Self(parameters.iter().map(|p| (p.name, value(p))).collect())
    }

    /// The value of a parameter; 0 for one the strategy does not have.
    #[must_use]
    pub fn value(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// All values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(n, v)| (*n, *v))
    }
}
