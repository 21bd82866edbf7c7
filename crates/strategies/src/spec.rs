use crate::parameters::{ParameterError, Values};
use crate::registry::{self, Entry};
use nascent_core::Strategy;
use std::collections::BTreeMap;
use std::fmt;

/// A strategy as users write it: `NAME` or `NAME:parameter=value,parameter=value`.
#[derive(Clone, Debug)]
pub struct Spec {
    entry: &'static Entry,
    given: BTreeMap<&'static str, u64>,
}

/// Why text names no strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// No strategy has this name.
    #[error("there is no strategy {name:?}{}; there are: {}", suggestion(nearest), known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// The strategy has no such parameter.
    #[error("strategy {strategy} has no parameter {name:?}{}; it has: {}", suggestion(nearest), known.join(", "))]
    UnknownParameter {
        /// The strategy.
        strategy: String,
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All its parameters.
        known: Vec<String>,
    },
    /// A parameter without a whole number in its range.
    #[error("strategy {strategy}: {name} = {value:?} is not a whole number from {} to {}", range.0, range.1)]
    Value {
        /// The strategy.
        strategy: String,
        /// The parameter.
        name: String,
        /// What was given.
        value: String,
        /// The least and the most allowed.
        range: (u64, u64),
    },
    /// Text that is not of the form `NAME:parameter=value,…`.
    #[error("strategy {text:?}: {reason}")]
    Form {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Parameters that do not go together.
    #[error("strategy {strategy}: {source}")]
    Parameters {
        /// The strategy.
        strategy: String,
        /// What is wrong.
        source: ParameterError,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default()
}

/// The most similar of some names, if any is similar at all.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    names
        .map(|n| (strsim::jaro_winkler(name, n), n))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, n)| n.to_string())
}

impl Spec {
    /// Reads what a user wrote.
    ///
    /// # Errors
    /// Where it names no strategy, or a parameter that is unknown or out of range.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let (name, parameters) = text.split_once(':').map_or((text, ""), |(n, p)| (n, p));
        let name = name.trim();
        if text.contains('>') {
            let reason = "composition with \">\" needs a wrapper, and no strategy here is one".to_string();
            return Err(SpecError::Form { text: text.into(), reason });
        }
        let entry = registry::find(name).ok_or_else(|| SpecError::Unknown {
            name: name.into(),
            nearest: nearest(name, registry::all().iter().map(|e| e.name)),
            known: registry::all().iter().map(|e| e.name.to_string()).collect(),
        })?;
        let mut given = BTreeMap::new();
        for part in parameters.split(',').filter(|p| !p.trim().is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| SpecError::Form {
                text: text.into(),
                reason: format!("{part:?} is not of the form parameter=value"),
            })?;
            let (key, value) = (key.trim(), value.trim());
            let parameter = entry.parameters.iter().find(|p| p.name == key).ok_or_else(|| {
                SpecError::UnknownParameter {
                    strategy: entry.name.into(),
                    name: key.into(),
                    nearest: nearest(key, entry.parameters.iter().map(|p| p.name)),
                    known: entry.parameters.iter().map(|p| p.name.to_string()).collect(),
                }
            })?;
            let (least, most) = parameter.range;
            let number = value.parse().ok().filter(|v| (least..=most).contains(v)).ok_or_else(|| {
                SpecError::Value {
                    strategy: entry.name.into(),
                    name: key.into(),
                    value: value.into(),
                    range: parameter.range,
                }
            })?;
            if given.insert(parameter.name, number).is_some() {
                let reason = format!("{key} is given twice");
                return Err(SpecError::Form { text: text.into(), reason });
            }
        }
        Ok(Self { entry, given })
    }

    /// All parameters, defaults filled in for a study of so many trials.
    #[must_use]
    pub fn values(&self, trials: u64) -> Values {
        Values::new(self.entry.parameters, &self.given, trials)
    }

    /// The same strategy with every parameter written out.
    #[must_use]
    pub fn resolved(&self, trials: u64) -> Self {
        Self { entry: self.entry, given: self.values(trials).iter().collect() }
    }

    /// The strategy, ready to be asked.
    ///
    /// # Errors
    /// Where its parameters do not go together.
    pub fn make(&self, trials: u64) -> Result<Box<dyn Strategy>, SpecError> {
        (self.entry.make)(&self.values(trials))
            .map_err(|source| SpecError::Parameters { strategy: self.entry.name.into(), source })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry.name)?;
        for (i, (name, value)) in self.given.iter().enumerate() {
            write!(f, "{}{name}={value}", if i == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let spec = Spec::parse("evolution:population=20").unwrap();
        assert_eq!(spec.to_string(), "evolution:population=20");
        assert_eq!(
            spec.resolved(40).to_string(),
            "evolution:crossover=0,pareto=0,population=20,reference=0,sample=5"
        );
        assert_eq!(Spec::parse("random").unwrap().resolved(9).to_string(), "random");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text| Spec::parse(text).unwrap_err().to_string();
        assert!(error("evolutoin").contains("did you mean \"evolution\""));
        assert!(error("zzz").contains("random"));
        assert!(error("evolution:popluation=3").contains("did you mean \"population\""));
        assert!(error("evolution:population=0").contains("from 2 to"));
        assert!(error("evolution:population=-3").contains("\"-3\""));
        assert!(error("evolution:population").contains("parameter=value"));
        assert!(error("evolution:population=3,population=4").contains("twice"));
        assert!(error("asha > random").contains("wrapper"));
        let beyond = Spec::parse("evolution:population=5,sample=6").unwrap();
        assert!(beyond.make(10).err().unwrap().to_string().contains("at most the population, 5"));
    }
}
