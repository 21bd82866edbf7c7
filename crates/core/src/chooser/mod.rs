//! Choosers, written once for every space: sampling, replay, mutation, crossover, enumeration, counting.

mod complete;
mod count;
mod crossover;
mod describe;
mod enumerate;
mod fix;
mod mutate;
mod random;
mod recall;
mod record;
mod replay;

pub use complete::complete;
pub use count::{Count, count};
pub use crossover::crossover;
pub use describe::{Answer, SurveyedQuestion, describe, survey};
pub use enumerate::{Enumerate, first, next};
pub use fix::{FixedArchitecture, FixedTraining};
pub use mutate::{mutate, mutate_at, steps};
pub use random::{Random, sample};
pub use recall::Recall;
pub use record::Record;
pub use replay::{Replay, replay};
