//! What a search is compared with: the names, and which there are.

use crate::error::{Error, InputError};
use nascent_core::chooser::survey;
use nascent_core::{Decisions, Features, Space, did_you_mean};
use nascent_data::Task;

/// The names of baselines.
pub const BASELINES: [&str; 5] = ["tuned-reference", "reference", "random", TREES, "none"];
/// The baseline that is no network: for rows of tables only.
pub(crate) const TREES: &str = "boosted-trees";

/// The role of the best network with more dropout: short trainings, by which the search judges, cannot tell what long ones need to not
/// learn their examples by heart. It is trained for as long as the search's, where beginnings decided there, and for as long as what is
/// handed over, where that is longer.
pub(crate) const MORE_DROPOUT: &str = "more-dropout";

/// A network with one step more dropout, where its space asks for that and has more.
pub(crate) fn with_more_dropout(space: &dyn Space, decisions: &Decisions) -> Option<Decisions> {
    let questions = survey(space).ok()?;
    let is_dropout = |path: &str| path == "dropout" || path.ends_with(".dropout");
    let question = questions.iter().find(|question| is_dropout(&question.path))?;
    let more = decisions.answer(question.key)? + 1;
    let mut decisions = decisions.clone();
    (usize::from(more) < question.options.len() && decisions.set(question.key, more)).then_some(decisions)
}

/// Whether a baseline is the network that a good practitioner would write, and may be handed over as well as what was found.
pub(crate) fn is_reference(name: &str) -> bool {
    matches!(name, "tuned-reference" | "reference")
}

/// Fills in the baselines, and checks those that are asked for.
pub(crate) fn choose(s: &mut crate::Settings, task: Option<&Task>) -> Result<(), Error> {
    let is_table = task.is_some_and(|t| matches!(t.signature().features, Features::Table { .. }));
    if s.baselines.is_empty() {
        s.baselines.push(if task.is_some() { "tuned-reference" } else { "none" }.into());
        s.baselines.extend(is_table.then(|| TREES.into()));
    }
    check(&s.baselines)?;
    let wrong = match task {
        None if s.baselines.iter().any(|name| name != "none") => {
            "baselines are judged by a test part, which an evaluator of your own keeps to itself: give \"none\"".into()
        }
        Some(task) if !is_table && s.baselines.iter().any(|name| name == TREES) => {
            format!("{TREES} need rows of a table, and {} is {}", s.task, task.kind)
        }
        _ => return Ok(()),
    };
    Err(InputError::about("baselines", wrong).into())
}

fn check(names: &[String]) -> Result<(), Error> {
    for name in names {
        if !BASELINES.contains(&name.as_str()) {
            let nearest = did_you_mean(name, BASELINES);
            let known = BASELINES.join(", ");
            let message = format!("there is no baseline {name:?}{nearest}; there are: {known}");
            return Err(InputError::about("baselines", message).into());
        }
    }
    if names.len() > 1 && names.iter().any(|n| n == "none") {
        return Err(InputError::about("baselines", "\"none\" does not go with other baselines").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::describe;
    use nascent_core::{Signature, draw};
    use nascent_spaces::SpaceFile;

    fn space(name: &str, features: Features) -> Box<dyn Space> {
        let file = SpaceFile::parse(&format!("space = {name:?}")).unwrap();
        file.build(&Signature { features, outputs: 4 }).unwrap()
    }

    #[test]
    fn dropout_is_raised_a_step_at_a_time_and_nothing_else_changes() {
        let mlp = space("mlp", Features::Vector { numbers: 6 });
        let answers = |decisions: &Decisions| -> Vec<(String, String)> {
            describe(&*mlp, decisions).unwrap().into_iter().map(|a| (a.path, a.label)).collect()
        };
        let mut now = mlp.reference().unwrap();
        let mut met = Vec::new();
        while let Some(more) = with_more_dropout(&*mlp, &now) {
            let (before, after) = (answers(&now), answers(&more));
            let changed: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).collect();
            assert_eq!((changed.len(), before.len()), (1, after.len()));
            met.push(changed[0].1.1.clone());
            assert_eq!(draw(&*mlp, &more).unwrap().cost().params, draw(&*mlp, &now).unwrap().cost().params);
            now = more;
        }
        assert_eq!(met, ["0.2", "0.4"]);
        // A space that does not ask has none to give.
        let cells = space("nb201", Features::Image { channels: 1, height: 8, width: 8 });
        assert_eq!(with_more_dropout(&*cells, &cells.reference().unwrap()), None);
    }
}
