//! The best networks of an earlier study, with which another begins.

use crate::choice::best;
use crate::error::{Error, InputError};
use crate::settings::StudyFile;
use nascent_core::chooser::Record;
use nascent_core::event::{Created, Role, Seq};
use nascent_core::objective::cost_metrics;
use nascent_core::question::{Path as Place, Question};
use nascent_core::{Chooser, Decisions, History, Log, Objectives, Space, SpaceError};
use nascent_runtime::{RunFolder, SqliteLog};
use std::collections::BTreeMap;
use std::path::Path;

/// A network as its answers: the label chosen at each place.
pub type Spelled = BTreeMap<String, String>;

/// The setting that errors are about.
const KEY: &str = "warm_start";

/// The best so many networks of the run in a folder, in this space, best first.
pub(crate) fn best_of(run: &str, space: &dyn Space, networks: u64) -> Result<Vec<Spelled>, Error> {
    let fail = |message: String| Error::from(InputError::about(KEY, message));
    let folder = RunFolder::open(Path::new(run)).map_err(|e| fail(format!("no earlier study: {e}")))?;
    let log = SqliteLog::read(&folder.study_db()).map_err(|e| fail(e.to_string()))?;
    let events = log.after(Seq(0)).map_err(|e| fail(e.to_string()))?;
    let history = History::fold(&events).map_err(|e| fail(format!("{run}: {e}")))?;
    let Some(created) = &history.created else {
        return Err(fail(format!("{run} stopped before its first event: name another run")));
    };
    let file = StudyFile::parse("the settings in study.db", &created.settings)?;
    let theirs = file.space.as_ref().map_or("unknown", |space| space.space());
    if theirs != space.name() {
        return Err(fail(format!(
            "{run} searched the space {theirs}, and this study searches {}: name a run of the same space, or give \
             --space {theirs}",
            space.name()
        )));
    }
    let objectives = Objectives {
        wanted: created.objectives.clone(),
        limits: created.limits.clone(),
        costs: cost_metrics(),
        preference: Default::default(),
    };
    let chosen = best(&history, &objectives, &Role::Search, networks as usize, 0.0);
    if chosen.is_empty() {
        return Err(fail(format!("{run} has no finished trial that keeps its limits: name another run")));
    }
    let decisions = chosen.iter().filter_map(|id| history.trial(*id)).map(|t| &t.proposal.decisions);
    Ok(decisions.map(|decisions| spelled(created, decisions)).collect())
}

/// Decisions in the words of the study that made them.
fn spelled(created: &Created, decisions: &Decisions) -> Spelled {
    let label = |(key, answer): (_, u16)| {
        let question = created.questions.iter().find(|q| q.key == key)?;
        Some((question.path.clone(), question.options.get(usize::from(answer))?.clone()))
    };
    decisions.iter().filter_map(label).collect()
}

/// Answers as spelled out; what is not, or is no longer offered, with the first option.
struct Spell<'s>(&'s Spelled);

impl Chooser for Spell<'_> {
    fn choose(&mut self, path: Place<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let label = self.0.get(&path.to_string());
        Ok(question
            .options
            .iter()
            .position(|option| Some(option.as_ref()) == label.map(String::as_str))
            .unwrap_or(0))
    }
}

/// The networks that these answers describe.
pub(crate) fn read(space: &dyn Space, networks: &[Spelled]) -> Result<Vec<Decisions>, SpaceError> {
    let network = |answers: &Spelled| {
        let mut spell = Spell(answers);
        let mut record = Record::new(&mut spell);
        space.build(&mut record)?;
        Ok(record.into_decisions())
    };
    networks.iter().map(network).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::Signature;
    use nascent_core::architecture::Shape;
    use nascent_core::chooser::{complete, describe, sample};
    use nascent_core::rng::Rng;
    use nascent_spaces::SpaceFile;

    #[test]
    fn networks_are_read_back_from_their_words() {
        let signature = Signature::plain(&Shape::new(&[1, 8, 8]), 10);
        let space = SpaceFile::parse("space = \"convnet\"").unwrap().build(&signature).unwrap();
        let mut rng = Rng::new(1, 0);
        for _ in 0..20 {
            let decisions = sample(&*space, &mut rng).unwrap();
            let words =
                describe(&*space, &decisions).unwrap().into_iter().map(|a| (a.path, a.label)).collect();
            assert_eq!(read(&*space, &[words]).unwrap(), [decisions]);
        }
        let first = complete(&*space, &Decisions::new()).unwrap();
        assert_eq!(read(&*space, &[Spelled::new()]).unwrap(), [first]);
    }
}
