use crate::chooser::{mutate, sample};
use crate::decisions::Decisions;
use crate::objective::{Metrics, Objectives, Violation};
use crate::rng::Rng;
use crate::space::{Space, SpaceError};
use crate::strategy::draw;

/// Whether any network of a space can keep the limits.
#[derive(Clone, Debug, PartialEq)]
pub enum Feasibility {
    /// This one does.
    Found(Decisions),
    /// None of those looked at does; this one comes nearest.
    NotFound {
        /// The nearest.
        nearest: Decisions,
        /// The limits that it breaks, and by what values.
        violations: Vec<Violation>,
    },
}

/// How many random networks are drawn before the hill is climbed.
pub const SAMPLES: usize = 10_000;
const CLIMB: usize = 2_000;

/// Looks for a network that keeps every limit that can be checked without training: among 10,000 random ones,
/// then by climbing from the nearest of them.
///
/// # Errors
/// Where the space cannot be asked.
pub fn feasibility(space: &dyn Space, objectives: &Objectives, seed: u64) -> Result<Feasibility, SpaceError> {
    let mut rng = Rng::new(seed, u64::MAX);
    let mut nearest = None;
    for _ in 0..SAMPLES {
        let decisions = sample(space, &mut rng)?;
        if closer(space, objectives, decisions, &mut nearest)? {
            break;
        }
    }
    for _ in 0..CLIMB {
        let Some((distance, at, _)) = &nearest else { break };
        if *distance == 0.0 {
            break;
        }
        match mutate(space, &at.clone(), &mut rng)? {
            Some(child) => closer(space, objectives, child, &mut nearest)?,
            None => break,
        };
    }
    match nearest {
        Some((distance, nearest, costs)) if distance > 0.0 => {
            let violations = objectives.violations(&costs).collect();
            Ok(Feasibility::NotFound { nearest, violations })
        }
        Some((_, decisions, _)) => Ok(Feasibility::Found(decisions)),
        // Not reached: at least one sample was drawn.
        None => sample(space, &mut rng).map(Feasibility::Found),
    }
}

type Nearest = Option<(f64, Decisions, Metrics)>;

/// Keeps `decisions` where they come nearer; `true` where they keep every limit.
fn closer(
    space: &dyn Space,
    objectives: &Objectives,
    decisions: Decisions,
    nearest: &mut Nearest,
) -> Result<bool, SpaceError> {
    let costs = objectives.measure_limited(&draw(space, &decisions)?);
    let distance: f64 = objectives.violations(&costs).map(|v| v.limit.violation(v.value)).sum();
    if nearest.as_ref().is_none_or(|(d, ..)| distance < *d) {
        *nearest = Some((distance, decisions, costs));
    }
    Ok(distance == 0.0)
}
