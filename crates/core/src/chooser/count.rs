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
        /// The estimate.
        mean: f64,
        /// Its standard error.
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

/// How many members are counted one by one before estimating.
const ENUMERATED: u128 = 20_000;
const WALKS: usize = 1_000;

/// The number of members of a space.
///
/// Where a thousand random walks meet the same questions every time, the product of their options is exact.
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
    if constant {
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
    let variance = products.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / (WALKS - 1) as f64;
    Ok(Count::Estimate { mean, standard_error: (variance / WALKS as f64).sqrt() })
}
