//! A distribution over a space's members, answer by answer, that can be learnt.

use crate::fingerprint::NumberMap;
use crate::predictors::tape::{Adam, Affine, Tape, Var, softmax};
use nascent_core::chooser::{Recall, Record};
use nascent_core::question::{Path, Question};
use nascent_core::rng::Rng;
use nascent_core::{Chooser, Decisions, PathKey, Space, SpaceError};

/// Answers a space's questions with probabilities of its own.
///
/// Parameters appear when a question is first met, with values that depend on the question alone, so that the order in
/// which questions are met changes nothing.
pub(crate) struct Policy {
    parameters: Vec<f64>,
    adam: Adam,
    tape: Tape,
    /// Where the parameters of each question begin.
    questions: NumberMap<PathKey, usize>,
    /// Where the vector of each answer begins, which the next step of a recurrent policy sees.
    answers: NumberMap<u128, usize>,
    /// The cell of a recurrent policy: input, forget, cell and output gates, each from the input and from the state.
    gates: Option<[[Affine; 2]; 4]>,
}

/// The width of a recurrent policy's state.
const WIDTH: usize = 24;
/// The spread of a recurrent policy's first weights, as in Zoph & Le (2017).
const SPREAD: f64 = 0.08;

/// One answer on the way.
struct Choice {
    logits: Var,
    probabilities: Vec<f64>,
    answer: usize,
}

/// A way through the space.
#[derive(Default)]
pub(crate) struct Walk {
    choices: Vec<Choice>,
}

impl Walk {
    /// The exact logarithm of the probability of all answers.
    pub(crate) fn log_probability(&self) -> f64 {
        self.choices.iter().map(|c| c.probabilities[c.answer].ln()).sum()
    }
}

impl Policy {
    /// Independent logits for each question.
    pub(crate) fn independent() -> Self {
        Self {
            parameters: Vec::new(),
            adam: Adam::default(),
            tape: Tape::default(),
            questions: NumberMap::default(),
            answers: NumberMap::default(),
            gates: None,
        }
    }

    /// A recurrent controller: each answer depends on all before it.
    pub(crate) fn recurrent() -> Self {
        let mut policy = Self::independent();
        let mut rng = Rng::new(0, 0);
        let mut block = || {
            let of = Affine { at: policy.parameters.len(), inputs: WIDTH, outputs: WIDTH };
            let weights = WIDTH * WIDTH;
            policy.parameters.extend((0..weights).map(|_| SPREAD * (2.0 * rng.unit() - 1.0)));
            policy.parameters.resize(of.at + of.parameters(), 0.0);
            of
        };
        policy.gates = Some([(); 4].map(|()| [block(), block()]));
        policy
    }

    /// A member drawn from the policy.
    pub(crate) fn draw(&mut self, space: &dyn Space, rng: &mut Rng) -> Result<Decisions, SpaceError> {
        self.walk(space, Answers::Draw(rng)).map(|(decisions, _)| decisions)
    }

    /// The way to a member, with the policy's probabilities now; what [`Self::learn`] learns of until the next.
    pub(crate) fn follow(&mut self, space: &dyn Space, decisions: &Decisions) -> Result<Walk, SpaceError> {
        self.walk(space, Answers::Follow(Recall::new(decisions))).map(|(_, walk)| walk)
    }

    fn walk(&mut self, space: &dyn Space, answers: Answers<'_>) -> Result<(Decisions, Walk), SpaceError> {
        self.tape.clear();
        let zeros = [0.0; WIDTH];
        let state = self.gates.map(|_| [(); 3].map(|()| self.tape.constant(&zeros)));
        let mut walker = Walker { policy: self, answers, state, walk: Walk::default() };
        let mut record = Record::new(&mut walker);
        space.build(&mut record)?;
        let decisions = record.into_decisions();
        Ok((decisions, walker.walk))
    }

    /// Adds to `gradient` that of `-weight · log probability - entropy · (sum of the entropies)` of the last walk.
    pub(crate) fn learn(&self, walk: &Walk, weight: f64, entropy: f64, gradient: &mut Vec<f64>) {
        gradient.resize(self.parameters.len(), 0.0);
        let seeds: Vec<(Var, Vec<f64>)> =
            walk.choices.iter().map(|choice| (choice.logits, choice.slopes(weight, entropy))).collect();
        self.tape.backward(&self.parameters, &seeds, gradient);
    }

    /// Moves the parameters against a gradient.
    pub(crate) fn step(&mut self, gradient: &mut Vec<f64>, rate: f64) {
        gradient.resize(self.parameters.len(), 0.0);
        self.adam.step(&mut self.parameters, gradient, rate);
    }

    /// Where a question's parameters begin; they are made where there are none.
    fn question(&mut self, key: PathKey, options: usize) -> usize {
        let parameters = &mut self.parameters;
        let each = if self.gates.is_some() { WIDTH + 1 } else { 1 };
        *self.questions.entry(key).or_insert_with(|| {
            let at = parameters.len();
            // All options are equally likely at first.
            parameters.resize(at + options * each, 0.0);
            at
        })
    }

    /// Where the vector of an answer begins.
    fn answer(&mut self, key: PathKey, answer: usize) -> usize {
        let parameters = &mut self.parameters;
        *self.answers.entry(u128::from(key.0) << 64 | answer as u128).or_insert_with(|| {
            let at = parameters.len();
            let mut rng = Rng::new(key.0, answer as u64);
            parameters.extend((0..WIDTH).map(|_| SPREAD * (2.0 * rng.unit() - 1.0)));
            at
        })
    }
}

impl Choice {
    /// The slopes in the logits of `-weight · log probability - entropy · entropy`.
    fn slopes(&self, weight: f64, entropy: f64) -> Vec<f64> {
        let logarithm = |p: f64| p.max(f64::MIN_POSITIVE).ln();
        let own: f64 = -self.probabilities.iter().map(|p| p * logarithm(*p)).sum::<f64>();
        let slope = |(i, p): (usize, &f64)| {
            let hit = f64::from(u8::from(i == self.answer));
            -weight * (hit - p) + entropy * p * (logarithm(*p) + own)
        };
        self.probabilities.iter().enumerate().map(slope).collect()
    }
}

/// Where a walk's answers come from.
enum Answers<'a> {
    Draw(&'a mut Rng),
    Follow(Recall<'a>),
}

struct Walker<'a> {
    policy: &'a mut Policy,
    answers: Answers<'a>,
    /// The vector of the last answer, the state, and the cell's memory.
    state: Option<[Var; 3]>,
    walk: Walk,
}

impl Walker<'_> {
    /// The logits of a question's options.
    fn logits(&mut self, key: PathKey, options: usize) -> Var {
        let at = self.policy.question(key, options);
        let Policy { parameters, tape, gates, .. } = &mut *self.policy;
        let (Some(gates), Some([input, state, memory])) = (gates, self.state) else {
            return tape.parameters(parameters, at, options);
        };
        let mut gate = |[of_input, of_state]: [Affine; 2]| {
            let (a, b) = (tape.affine(parameters, of_input, input), tape.affine(parameters, of_state, state));
            tape.add(a, b)
        };
        // Long short-term memory (Hochreiter & Schmidhuber 1997).
        let [take, keep, new, show] = gates.map(&mut gate);
        let (take, keep, show) = (tape.sigmoid(take), tape.sigmoid(keep), tape.sigmoid(show));
        let new = tape.tanh(new);
        let (kept, taken) = (tape.multiply(keep, memory), tape.multiply(take, new));
        let memory = tape.add(kept, taken);
        let shown = tape.tanh(memory);
        let state = tape.multiply(show, shown);
        self.state = Some([input, state, memory]);
        tape.affine(parameters, Affine { at, inputs: WIDTH, outputs: options }, state)
    }
}

impl Chooser for Walker<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let options = question.options.len();
        let logits = self.logits(path.key(), options);
        let probabilities = softmax(self.policy.tape.value(logits));
        let answer = match &mut self.answers {
            Answers::Draw(rng) => pick(&probabilities, rng.unit()),
            Answers::Follow(lookup) => lookup
                .answer(path.key())
                .filter(|answer| *answer < options)
                .ok_or_else(|| SpaceError::Unanswered { path: path.to_string() })?,
        };
        if let Some([input, ..]) = &mut self.state {
            let at = self.policy.answer(path.key(), answer);
            *input = self.policy.tape.parameters(&self.policy.parameters, at, WIDTH);
        }
        self.walk.choices.push(Choice { logits, probabilities, answer });
        Ok(answer)
    }
}

/// The first option up to which the probabilities exceed `at`.
fn pick(probabilities: &[f64], mut at: f64) -> usize {
    for (i, p) in probabilities.iter().enumerate() {
        at -= p;
        if at < 0.0 {
            return i;
        }
    }
    probabilities.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::Enumerate;
    use nascent_testkit::Tree;

    /// A policy that has learnt something.
    fn trained(mut policy: Policy) -> Policy {
        let mut rng = Rng::new(3, 0);
        for _ in 0..40 {
            let decisions = policy.draw(&Tree, &mut rng).unwrap();
            let walk = policy.follow(&Tree, &decisions).unwrap();
            let mut gradient = Vec::new();
            let weight = decisions.iter().map(|(_, a)| f64::from(a)).sum::<f64>() - 2.0;
            policy.learn(&walk, weight, 0.0, &mut gradient);
            policy.step(&mut gradient, 0.05);
        }
        policy
    }

    #[test]
    fn probabilities_of_all_members_sum_to_one_and_are_those_of_draws() {
        for policy in [Policy::independent(), Policy::recurrent()] {
            let mut policy = trained(policy);
            let mut rng = Rng::new(8, 0);
            let members: Vec<Decisions> = Enumerate::new(&Tree).map(Result::unwrap).collect();
            let mut total = 0.0;
            let draws: Vec<Decisions> = (0..4_000).map(|_| policy.draw(&Tree, &mut rng).unwrap()).collect();
            for member in &members {
                let p = policy.follow(&Tree, member).unwrap().log_probability().exp();
                let share = draws.iter().filter(|d| *d == member).count() as f64 / 4_000.0;
                assert!((share - p).abs() < 5.0 * (p / 4_000.0).sqrt() + 1e-3, "{share} of draws at {p}");
                total += p;
            }
            assert!((total - 1.0).abs() < 1e-12, "{total}");
        }
    }

    #[test]
    fn the_gradient_is_that_of_what_is_said() {
        for policy in [Policy::independent(), Policy::recurrent()] {
            let mut policy = trained(policy);
            let member = Enumerate::new(&Tree).nth(20).unwrap().unwrap();
            let loss = |policy: &mut Policy| {
                let walk = policy.follow(&Tree, &member).unwrap();
                let entropy: f64 = walk
                    .choices
                    .iter()
                    .map(|c| -c.probabilities.iter().map(|p| p * p.ln()).sum::<f64>())
                    .sum();
                -1.5 * walk.log_probability() - 0.3 * entropy
            };
            let walk = policy.follow(&Tree, &member).unwrap();
            let mut gradient = Vec::new();
            policy.learn(&walk, 1.5, 0.3, &mut gradient);
            for i in (0..gradient.len()).step_by(7) {
                policy.parameters[i] += 1e-5;
                let above = loss(&mut policy);
                policy.parameters[i] -= 2e-5;
                let below = loss(&mut policy);
                policy.parameters[i] += 1e-5;
                let slope = (above - below) / 2e-5;
                assert!((slope - gradient[i]).abs() < 1e-6, "{i}: {slope}, found {}", gradient[i]);
            }
        }
    }
}
