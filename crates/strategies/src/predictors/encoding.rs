//! Decisions as numbers.

use crate::fingerprint::{NumberHasher, NumberMap};
use nascent_core::question::{Path, Question, Scale};
use nascent_core::{Chooser, Decisions, PathKey, Space, SpaceError};
use std::hash::{Hash, Hasher};

/// What is known of a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    /// How many options it has.
    pub(crate) options: usize,
    pub(crate) is_ordered: bool,
    /// The first of the tallies that its answers count in; none for ordered options, or where tallies are too many.
    tally: Option<usize>,
}

/// One column for each question met so far, in the order met.
///
/// Questions are met by asking the space for decisions, so the same decisions in the same order give the same columns.
#[derive(Default)]
pub(crate) struct AnswerEncoding {
    index: NumberMap<PathKey, usize>,
    columns: Vec<Column>,
    /// Where the tallies of each list of options begin, and how many tallies there are.
    lists: NumberMap<u64, usize>,
    tallies: usize,
}

/// More tallies than these are not kept.
const TALLIES: usize = 64;

/// The code of a question that was not asked: further than 1 from every other.
pub(crate) const NOT_ASKED: f32 = -2.0;

/// One number a column: the answer's number, for ordered options its place from 0 to 1, or [`NOT_ASKED`]. Columns
/// beyond the end were not asked.
pub(crate) type Codes = Vec<f32>;

/// How often each categorical option is an answer, over all questions with the same list of options. Tallies beyond the
/// end are 0.
pub(crate) type Tallies = Vec<f32>;

impl AnswerEncoding {
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Learns the questions that lead to these decisions, and encodes them.
    pub(crate) fn learn(&mut self, space: &dyn Space, decisions: &Decisions) -> Result<Codes, SpaceError> {
        let mut meet = Meet { encoding: self, answers: decisions, next: 0, codes: Codes::new() };
        space.build(&mut meet)?;
        Ok(meet.codes)
    }

    /// Encodes decisions; questions that were never met are left out.
    pub(crate) fn encode(&self, decisions: &Decisions) -> Codes {
        let mut codes = vec![NOT_ASKED; self.columns.len()];
        for (key, answer) in decisions.iter() {
            if let Some(&column) = self.index.get(&key) {
                codes[column] = self.columns[column].code(usize::from(answer));
            }
        }
        codes
    }

    /// Counts the answers in these codes.
    pub(crate) fn tally(&self, codes: &Codes) -> Tallies {
        let mut tallies = vec![0.0; self.tallies];
        for (column, code) in self.columns.iter().zip(codes).filter(|(_, code)| **code != NOT_ASKED) {
            // A table may offer other options for other answers before: then the last of those met stands for the rest.
            let option = (*code as usize).min(column.options.saturating_sub(1));
            if let Some(tally) = column.tally.and_then(|first| tallies.get_mut(first + option)) {
                *tally += 1.0;
            }
        }
        tallies
    }

    /// How many tallies there are.
    pub(crate) fn tallies(&self) -> usize {
        self.tallies
    }

    /// Where the answers to this question are counted.
    fn tally_of(&mut self, question: &Question<'_>) -> Option<usize> {
        if question.scale == Scale::Ordered {
            return None;
        }
        let mut list = NumberHasher::default();
        question.options.hash(&mut list);
        let (known, next) = (self.lists.get(&list.finish()).copied(), self.tallies);
        if known.is_none() && next + question.options.len() <= TALLIES {
            self.lists.insert(list.finish(), next);
            self.tallies += question.options.len();
            return Some(next);
        }
        known
    }
}

impl Column {
    /// Whether each of its options has a number of its own.
    fn is_spread(&self) -> bool {
        self.options <= OPTIONS || !self.is_ordered
    }

    fn code(self, answer: usize) -> f32 {
        if self.is_ordered && self.options > 1 {
            answer as f32 / (self.options - 1) as f32
        } else {
            answer as f32
        }
    }
}

/// Codes as numbers from 0 to 1: one for each option of a question, and one for where an ordered answer stands.
#[derive(Default)]
pub(crate) struct OneHot {
    columns: Vec<Column>,
    /// Where each column's numbers begin, and how many there are.
    starts: Vec<usize>,
    length: usize,
}

/// Columns with more options than these have their place alone, if they are ordered.
const OPTIONS: usize = 64;

impl OneHot {
    /// For the questions that an encoding has met.
    pub(crate) fn new(encoding: &AnswerEncoding) -> Self {
        let mut layout = Self { columns: encoding.columns.clone(), ..Self::default() };
        for column in &layout.columns {
            layout.starts.push(layout.length);
            layout.length +=
                if column.is_spread() { column.options } else { 0 } + usize::from(column.is_ordered);
        }
        layout
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The numbers of a member; those of questions that were not asked, or were met only since, are 0.
    pub(crate) fn of(&self, codes: &Codes) -> Vec<f64> {
        let mut numbers = vec![0.0; self.length];
        let columns = self.columns.iter().zip(&self.starts).zip(codes);
        for ((column, start), code) in columns.filter(|(_, code)| **code != NOT_ASKED) {
            let mut at = *start;
            if column.is_ordered {
                numbers[at] = f64::from(*code);
                at += 1;
            }
            if column.is_spread() {
                let last = column.options.saturating_sub(1);
                let answer = if column.is_ordered {
                    (f64::from(*code) * last as f64).round() as usize
                } else {
                    *code as usize
                };
                numbers[at + answer.min(last)] = 1.0;
            }
        }
        numbers
    }
}

struct Meet<'a> {
    encoding: &'a mut AnswerEncoding,
    answers: &'a Decisions,
    next: usize,
    codes: Codes,
}

impl Meet<'_> {
    fn meet(&mut self, key: PathKey, question: &Question<'_>, answer: usize) {
        let encoding = &mut *self.encoding;
        let column = match encoding.index.get(&key) {
            Some(&known) => known,
            None => {
                let is_ordered = question.scale == Scale::Ordered;
                let tally = encoding.tally_of(question);
                encoding.columns.push(Column { options: question.options.len(), is_ordered, tally });
                encoding.index.insert(key, encoding.columns.len() - 1);
                encoding.columns.len() - 1
            }
        };
        if self.codes.len() <= column {
            self.codes.resize(column + 1, NOT_ASKED);
        }
        self.codes[column] = self.encoding.columns[column].code(answer);
    }
}

impl Chooser for Meet<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let key = path.key();
        let in_order = self.answers.iter().nth(self.next).filter(|(k, _)| *k == key).map(|(_, a)| a);
        self.next += 1;
        let answer = in_order.or_else(|| self.answers.answer(key));
        let answer = answer.ok_or_else(|| SpaceError::Unanswered { path: path.to_string() })?;
        self.meet(key, question, usize::from(answer));
        Ok(usize::from(answer))
    }

    fn settled(&mut self, _: Path<'_>, _: &Question<'_>, _: usize) {
        // What is not open is the same for every member.
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::question::{Label, Topic};

    #[test]
    fn answers_to_questions_with_the_same_categorical_options_are_counted_together() {
        let [kinds, sizes] = [["a", "b", "c"], ["1", "2", "3"]].map(|labels| labels.map(Label::Borrowed));
        let topic = Topic::Architecture;
        let kind = Question { scale: Scale::Categorical, topic, options: &kinds };
        let size = Question { scale: Scale::Ordered, topic, options: &sizes };
        let (mut encoding, answers) = (AnswerEncoding::default(), Decisions::default());
        let mut meet = Meet { encoding: &mut encoding, answers: &answers, next: 0, codes: Codes::new() };
        for (place, answer) in [2, 0, 2, 2].into_iter().enumerate() {
            meet.meet(PathKey(place as u64), &kind, answer);
            meet.meet(PathKey(10 + place as u64), &size, 1);
        }
        let codes = meet.codes;
        assert_eq!(encoding.tally(&codes), [1.0, 0.0, 3.0]);
    }

    use nascent_core::chooser::sample;
    use nascent_core::rng::Rng;
    use nascent_testkit::Tree;

    #[test]
    fn what_was_learnt_is_encoded_alike() {
        let mut rng = Rng::new(1, 0);
        let mut encoding = AnswerEncoding::default();
        let members: Vec<Decisions> = (0..40).map(|_| sample(&Tree, &mut rng).unwrap()).collect();
        let learnt: Vec<Codes> = members.iter().map(|m| encoding.learn(&Tree, m).unwrap()).collect();
        assert_eq!(encoding.columns().len(), 4, "a depth and three widths");
        for (member, learnt) in members.iter().zip(learnt) {
            let encoded = encoding.encode(member);
            assert_eq!(encoded[..learnt.len()], learnt);
            assert!(encoded[learnt.len()..].iter().all(|code| *code == NOT_ASKED));
            let depth = f32::from(member.iter().next().unwrap().1) / 3.0;
            assert_eq!(encoded[0], depth, "an ordered answer is its place from 0 to 1");
            let asked = encoded.iter().filter(|code| **code != NOT_ASKED).count();
            assert_eq!(asked, member.len());
        }
    }
}
