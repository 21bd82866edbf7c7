use super::{Record, Replay};
use crate::decisions::{Decisions, PathKey};
use crate::question::{Path, Question, Scale, Topic};
use crate::space::{Chooser, Space, SpaceError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One answer, spelled out for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Where it was asked, such as `stage[2].kernel`.
    pub path: String,
    /// What it changes.
    pub topic: Topic,
    /// The chosen option's label.
    pub label: String,
}

struct Describe<'d> {
    replay: Replay<'d>,
    answers: Vec<Answer>,
}

impl Chooser for Describe<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = self.replay.choose(path, question)?;
        let label = question.options[answer].to_string();
        self.answers.push(Answer { path: path.to_string(), topic: question.topic, label });
        Ok(answer)
    }
}

/// Decisions with their places and labels written out.
///
/// # Errors
/// Where the decisions were made for another space.
pub fn describe(space: &dyn Space, decisions: &Decisions) -> Result<Vec<Answer>, SpaceError> {
    let mut describe = Describe { replay: Replay::new(decisions), answers: Vec::new() };
    space.build(&mut describe)?;
    Ok(describe.answers)
}

/// A question as it is kept in a study's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyedQuestion {
    /// Where it is asked.
    pub path: String,
    /// What decisions file it under.
    pub key: PathKey,
    /// Whether its options have an order.
    pub scale: Scale,
    /// What an answer changes.
    pub topic: Topic,
    /// The options' labels.
    pub options: Vec<String>,
}

/// Answers as told where it is told, else with the first option; writes every question down.
struct Survey<'a> {
    forced: &'a BTreeMap<PathKey, usize>,
    found: &'a mut Vec<SurveyedQuestion>,
}

impl Chooser for Survey<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = self.forced.get(&path.key()).copied().unwrap_or(0);
        if !self.found.iter().any(|q| q.key == path.key()) {
            self.found.push(SurveyedQuestion {
                path: path.to_string(),
                key: path.key(),
                scale: question.scale,
                topic: question.topic,
                options: question.options.iter().map(ToString::to_string).collect(),
            });
        }
        Ok(answer.min(question.options.len().saturating_sub(1)))
    }
}

/// The questions of a space: those met with the first option everywhere, and those that any one further answer opens.
///
/// Complete for spaces whose questions each depend on one earlier answer along a chain; the order is that of asking.
/// At most 4,096 questions are surveyed.
///
/// # Errors
/// Where the space cannot be asked.
pub fn survey(space: &dyn Space) -> Result<Vec<SurveyedQuestion>, SpaceError> {
    let mut found = Vec::new();
    let ask = |forced: &BTreeMap<PathKey, usize>, found: &mut Vec<SurveyedQuestion>| {
        let mut survey = Survey { forced, found };
        let mut record = Record::new(&mut survey);
        space.build(&mut record).map(|_| ())
    };
    ask(&BTreeMap::new(), &mut found)?;
    // What had to be answered for a question to be asked at all.
    let mut opened_by: Vec<BTreeMap<PathKey, usize>> = vec![BTreeMap::new(); found.len()];
    let mut at = 0;
    while at < found.len() && found.len() < 4_096 {
        for answer in 1..found[at].options.len() {
            let mut forced = opened_by[at].clone();
            forced.insert(found[at].key, answer);
            ask(&forced, &mut found)?;
            opened_by.resize(found.len(), forced);
        }
        at += 1;
    }
    Ok(found)
}
