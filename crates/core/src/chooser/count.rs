use super::Enumerate;
use crate::question::{Path, Question};
use crate::rng::Rng;
use crate::space::{Chooser, Space, SpaceError};
use serde::{Deserialize, Serialize};

/// How many members a space has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Count {
    /// Counted, or derived from questions that never depend on answers.
    Exact(u128),
    /// Knuth's estimate from random walks (Knuth 1975, doi:10.1090/S0025-5718-1975-0373371-6).
    Estimate {
        /// The estimate; infinite beyond the range of a float.
        mean: f64,
        /// Its standard error; infinite where the estimate is.
        standard_error: f64,
    },
}

/// A random walk that remembers what it passed.
struct Walk<'r> {
    rng: &'r mut Rng,
    passed: Vec<(u64, usize)>,
}

impl Chooser for Walk<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        self.passed.push((path.key().0, question.options.len()));
        Ok(self.rng.below(question.options.len()))
    }
}

/// A walk that takes the option of one number everywhere, modulo the options there.
struct Sweep {
    number: usize,
    passed: Vec<(u64, usize)>,
}

impl Chooser for Sweep {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let options = question.options.len();
        self.passed.push((path.key().0, options));
        Ok(self.number % options.max(1))
    }
}

/// Whether these questions are asked whichever option is taken: every option of every question is tried once.
fn is_constant(space: &dyn Space, questions: &[(u64, usize)]) -> Result<bool, SpaceError> {
    let most = questions.iter().map(|(_, n)| *n).max().unwrap_or(0);
    for number in 0..most {
        let mut sweep = Sweep { number, passed: Vec::with_capacity(questions.len()) };
        space.build(&mut sweep)?;
        if sweep.passed != questions {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many members are counted one by one before estimating.
const ENUMERATED: u128 = 20_000;
const WALKS: usize = 1_000;

/// The number of members of a space.
///
/// Where a thousand random walks, and walks that try every single option, meet the same questions every time, the
/// product of their options is exact.
/// Spaces of up to 20,000 members are enumerated. Anything else is estimated from the walks.
///
/// # Errors
/// Where the space cannot be asked.
pub fn count(space: &dyn Space) -> Result<Count, SpaceError> {
    let mut rng = Rng::new(0, 0);
    let mut same: Option<Vec<(u64, usize)>> = None;
    let mut constant = true;
    let mut products = Vec::with_capacity(WALKS);
    for _ in 0..WALKS {
        let mut walk = Walk { rng: &mut rng, passed: Vec::new() };
        space.build(&mut walk)?;
        products.push(walk.passed.iter().map(|(_, n)| *n as f64).product::<f64>());
        match &same {
            None => same = Some(walk.passed),
            Some(first) => constant &= *first == walk.passed,
        }
    }
    if constant && is_constant(space, same.as_deref().unwrap_or_default())? {
        let product = same.iter().flatten().try_fold(1u128, |n, (_, k)| n.checked_mul(*k as u128));
        if let Some(product) = product {
            return Ok(Count::Exact(product));
        }
    }
    let mean = products.iter().sum::<f64>() / WALKS as f64;
    if mean < 4.0 * ENUMERATED as f64 {
        let mut n = 0u128;
        for member in Enumerate::new(space).take(ENUMERATED as usize + 1) {
            member?;
            n += 1;
        }
        if n <= ENUMERATED {
            return Ok(Count::Exact(n));
        }
    }
    if mean.is_infinite() {
        return Ok(Count::Estimate { mean, standard_error: f64::INFINITY });
    }
    let variance = products.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / (WALKS - 1) as f64;
    Ok(Count::Estimate { mean, standard_error: (variance / WALKS as f64).sqrt() })
}
