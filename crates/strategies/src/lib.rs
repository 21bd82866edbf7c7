//! The search strategies that come with Nascent, one file each.
//!
//! [`registry`] lists them; [`Spec`] is what users write: `evolution:population=20`, or with wrappers around it,
//! `asha:eta=3 > evolution:population=20`. [`Rule`] is what `auto` goes by. To add one, run `cargo xtask new strategy NAME`: it writes the file and the
//! line in the registry.

mod auto;
mod bananas;
mod elite;
mod evolution;
mod exhaustive;
mod fingerprint;
mod latent;
mod local_search;
mod nao;
mod nondominated;
mod npenas;
mod nsga2;
mod parameters;
mod policy;
mod ppo;
pub mod predictors;
mod random;
pub mod registry;
mod reinforce;
mod results;
mod seminas;
mod spec;
mod tpe;
mod tried;
mod variation;
mod wrappers;

pub use auto::{Rule, Situation, rules};
pub use bananas::{Bananas, BananasParams};
pub use evolution::{Evolution, EvolutionParams};
pub use exhaustive::Exhaustive;
pub use local_search::{LocalSearch, LocalSearchParams};
pub use nao::{Nao, NaoParams};
pub use npenas::{Npenas, NpenasParams};
pub use nsga2::{Nsga2, Nsga2Params};
pub use parameters::{Parameter, ParameterError, Values};
pub use ppo::{Ppo, PpoParams};
pub use random::Random;
pub use reinforce::{Reinforce, ReinforceParams};
pub use seminas::{Seminas, SeminasParams};
pub use spec::{Spec, SpecError};
pub use tpe::{Tpe, TpeParams};
pub use wrappers::Wrapper;
