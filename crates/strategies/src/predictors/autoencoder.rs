//! An encoder, a predictor and a decoder of architectures as strings (Luo et al. 2018, arXiv:1808.07233).

use super::tape::{Adam, Affine, Group, Tape, Var, softmax};
use crate::fingerprint::{NumberHasher, NumberMap};
use nascent_core::chooser::{Recall, Record};
use nascent_core::question::{Path, Question};
use nascent_core::rng::Rng;
use nascent_core::{Chooser, Decisions, PathKey, Space, SpaceError};
use std::hash::{Hash, Hasher};

/// A network that turns an architecture's string into points of a latent space, guesses its worth from them, and writes
/// the string again.
///
/// A letter is a question and its answer. Questions have vectors each, and so have their answers; besides, answers share
/// some for each option of a list of options, so that what is learnt of an option holds wherever it is offered. The
/// encoder is a recurrent network whose states are the points; the predictor reads their mean; the decoder is a second
/// recurrent network that attends to them, and can only give answers that the space asks for, so that whatever it
/// writes is a member.
pub(crate) struct Autoencoder {
    width: usize,
    parameters: Vec<f64>,
    layers: Layers,
    /// Where the vectors of each question begin, those of its answers behind them.
    places: NumberMap<PathKey, usize>,
    lists: NumberMap<u64, List>,
}

#[derive(Clone, Copy)]
struct Layers {
    /// The four gates, from the state; what the input adds to them are vectors of its own.
    encoder: Affine,
    decoder: Affine,
    query: Affine,
    /// What the decoder says, from its state and from what it attends to.
    saying: [Affine; 2],
    hidden: Affine,
    value: Affine,
}

/// A list of options: where their vectors begin, and the layer that gives their logits.
#[derive(Clone, Copy)]
struct List {
    options: usize,
    logits: Affine,
}

/// A question and its answer.
#[derive(Clone, Copy)]
pub(crate) struct Letter {
    place: usize,
    list: List,
    answer: usize,
}

/// How a network is trained.
#[derive(Clone, Copy)]
pub(crate) struct Training {
    pub(crate) epochs: usize,
    /// The weight of the predictor's error; the rest is the decoder's.
    pub(crate) trade_off: f64,
}

/// An architecture's string, and how good it is: less is better.
pub(crate) struct Example {
    pub(crate) letters: Vec<Letter>,
    pub(crate) target: f64,
}

/// An architecture in the latent space: its points, and the slope of its worth in each.
pub(crate) struct Latent {
    points: Vec<Vec<f64>>,
    slopes: Vec<Vec<f64>>,
}

/// The two that read letters, and how many widths the vectors have that each of them reads: four gates, and one more.
const READERS: usize = 2;
const ENCODER: usize = 0;
const DECODER: usize = 1;
const SHARE: usize = 5;
/// Letters after so many are not read, and are taken from elsewhere where they are written.
const LONGEST: usize = 256;
/// The width of the predictor's hidden layer.
const HIDDEN: usize = 32;
const BATCH: usize = 16;
const RATE: f64 = 0.005;
/// A gradient longer than this is shortened, as in the authors' experiments.
const LONGEST_GRADIENT: f64 = 5.0;
/// The decay of weights, likewise.
const DECAY: f64 = 1e-4;

impl Autoencoder {
    /// An untrained network of so many cells a layer.
    pub(crate) fn new(width: usize, rng: &mut Rng) -> Self {
        let mut parameters = Vec::new();
        let mut layer = |inputs: usize, outputs: usize| {
            let of = Affine { at: parameters.len(), inputs, outputs };
            extend(&mut parameters, of, rng);
            of
        };
        let layers = Layers {
            encoder: layer(width, 4 * width),
            decoder: layer(width, 4 * width),
            query: layer(width, width),
            saying: [layer(width, width), layer(width, width)],
            hidden: layer(width, HIDDEN),
            value: layer(HIDDEN, 1),
        };
        Self { width, parameters, layers, places: NumberMap::default(), lists: NumberMap::default() }
    }

    /// An architecture's string.
    pub(crate) fn spell(
        &mut self,
        space: &dyn Space,
        decisions: &Decisions,
    ) -> Result<Vec<Letter>, SpaceError> {
        let mut speller = Speller { network: self, recall: Recall::new(decisions), letters: Vec::new() };
        space.build(&mut speller)?;
        Ok(speller.letters)
    }

    /// The letter of an answer; what it needs of parameters is made when a question is first met, from the question alone.
    fn letter(&mut self, key: PathKey, question: &Question<'_>, answer: usize) -> Letter {
        let (width, parameters) = (self.width, &mut self.parameters);
        let vectors = |parameters: &mut Vec<f64>, count: usize, rng: &mut Rng| {
            let at = parameters.len();
            parameters.extend((0..count * READERS * SHARE * width).map(|_| SPREAD * rng.normal()));
            at
        };
        let place = *self.places.entry(key).or_insert_with(|| {
            let at = vectors(parameters, 1, &mut Rng::new(key.0, width as u64));
            // At first an answer is what its option is elsewhere.
            parameters.resize(parameters.len() + question.options.len() * SHARE * width, 0.0);
            at
        });
        let mut hasher = NumberHasher::default();
        question.options.hash(&mut hasher);
        let list = hasher.finish();
        let list = *self.lists.entry(list).or_insert_with(|| {
            let mut rng = Rng::new(list, width as u64);
            let count = question.options.len();
            let options = vectors(parameters, count, &mut rng);
            let logits = Affine { at: parameters.len(), inputs: width, outputs: count };
            extend(parameters, logits, &mut rng);
            List { options, logits }
        });
        Letter { place, list, answer }
    }

    /// Long short-term memory (Hochreiter & Schmidhuber 1997): the next state and memory.
    fn cell(&self, tape: &mut Tape, layer: Affine, input: Var, [state, memory]: [Var; 2]) -> [Var; 2] {
        let own = tape.affine(&self.parameters, layer, state);
        let sum = tape.add(own, input);
        let open = tape.sigmoid(sum.first(3 * self.width));
        let new = tape.tanh(sum.part(3, 4));
        let [take, keep, show] = [0, 1, 2].map(|gate| open.part(gate, 3));
        let (kept, taken) = (tape.multiply(keep, memory), tape.multiply(take, new));
        let memory = tape.add(kept, taken);
        let shown = tape.tanh(memory);
        [tape.multiply(show, shown), memory]
    }

    /// What a reader sees of a question, and of the answer to one: for the gates, and for what it says.
    fn input(&self, tape: &mut Tape, reader: usize, place: usize, answer: Option<Letter>) -> [Var; 2] {
        let (length, skip) = (SHARE * self.width, reader * SHARE * self.width);
        let mut input = tape.parameters(&self.parameters, place + skip, length);
        if let Some(letter) = answer {
            let option = letter.list.options + letter.answer * READERS * length;
            let option = tape.parameters(&self.parameters, option + skip, length);
            input = tape.add(input, option);
        }
        [input.first(4 * self.width), input.part(4, SHARE)]
    }

    /// The points of a string, each of length 1.
    fn encode(&self, tape: &mut Tape, letters: &[Letter]) -> Vec<Var> {
        let zeros = tape.constant(&vec![0.0; self.width]);
        let mut states = [zeros; 2];
        let mut points = Vec::with_capacity(letters.len());
        for letter in letters {
            let [gates, own] = self.input(tape, ENCODER, letter.place, Some(*letter));
            let at = letter.place + (READERS + letter.answer) * SHARE * self.width;
            let here = tape.parameters(&self.parameters, at, SHARE * self.width);
            let (gates, own) =
                (tape.add(gates, here.first(4 * self.width)), tape.add(own, here.part(4, SHARE)));
            states = self.cell(tape, self.layers.encoder, gates, states);
            let with_input = tape.add(own, states[0]);
            points.push(tape.normalize(with_input));
        }
        points
    }

    /// The middle of points, on the unit sphere.
    fn middle(tape: &mut Tape, points: Group) -> Var {
        let mean = tape.mean(points);
        tape.normalize(mean)
    }

    fn worth(&self, tape: &mut Tape, middle: Var) -> Var {
        let hidden = tape.affine(&self.parameters, self.layers.hidden, middle);
        let hidden = tape.relu(hidden);
        tape.affine(&self.parameters, self.layers.value, hidden)
    }

    /// The logits of the options at the next place, after `before`.
    fn say(&self, tape: &mut Tape, writing: &mut Writing, before: Option<Letter>, next: Letter) -> Var {
        let [gates, own] = self.input(tape, DECODER, next.place, before);
        writing.states = self.cell(tape, self.layers.decoder, gates, writing.states);
        let shown = tape.add(own, writing.states[0]);
        let query = tape.affine(&self.parameters, self.layers.query, shown);
        let seen = tape.attend(query, writing.points);
        let [own, other] = [(0, shown), (1, seen)]
            .map(|(i, from)| tape.affine(&self.parameters, self.layers.saying[i], from));
        let both = tape.add(own, other);
        let said = tape.tanh(both);
        tape.affine(&self.parameters, next.list.logits, said)
    }

    /// Adds to `gradient` that of the loss of one example, times `weight`.
    fn learn(&self, tape: &mut Tape, example: &Example, by: Training, weight: f64, gradient: &mut [f64]) {
        let letters = &example.letters[..];
        if letters.is_empty() {
            return;
        }
        tape.clear();
        let points = self.encode(tape, letters);
        let points = tape.group(&points);
        let middle = Self::middle(tape, points);
        let value = self.worth(tape, middle);
        let error = tape.value(value)[0] - example.target;
        let mut seeds = Vec::with_capacity(letters.len() + 1);
        seeds.push((value, vec![2.0 * weight * by.trade_off * error]));
        let each = weight * (1.0 - by.trade_off) / letters.len() as f64;
        let mut writing = Writing { points, states: [middle; 2] };
        let mut before = None;
        for letter in letters {
            let logits = self.say(tape, &mut writing, before, *letter);
            let mut slopes = softmax(tape.value(logits));
            slopes[letter.answer] -= 1.0;
            slopes.iter_mut().for_each(|s| *s *= each);
            seeds.push((logits, slopes));
            before = Some(*letter);
        }
        tape.backward(&self.parameters, &seeds, gradient);
    }

    /// Learns examples, in an order that `rng` draws. Each call begins with fresh moments.
    pub(crate) fn train(&mut self, examples: &[&Example], by: Training, rng: &mut Rng) {
        let (mut adam, mut tape) = (Adam::default(), Tape::default());
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut gradient = vec![0.0; self.parameters.len()];
        for epoch in 0..by.epochs {
            rng.shuffle(&mut order);
            // The rate falls to nothing along a half cosine.
            let done = epoch as f64 / by.epochs as f64;
            let rate = RATE * 0.5 * (1.0 + (done * std::f64::consts::PI).cos());
            for batch in order.chunks(BATCH) {
                gradient.iter_mut().zip(&self.parameters).for_each(|(g, p)| *g = DECAY * p);
                for &i in batch {
                    self.learn(&mut tape, examples[i], by, 1.0 / batch.len() as f64, &mut gradient);
                }
                let length = super::cholesky::dot(&gradient, &gradient).sqrt();
                if length > LONGEST_GRADIENT {
                    gradient.iter_mut().for_each(|g| *g *= LONGEST_GRADIENT / length);
                }
                adam.step(&mut self.parameters, &gradient, rate);
            }
        }
    }

    /// What a string is guessed to be worth: less is better.
    pub(crate) fn guess(&self, tape: &mut Tape, letters: &[Letter]) -> f64 {
        tape.clear();
        if letters.is_empty() {
            return 0.0;
        }
        let points = self.encode(tape, letters);
        let points = tape.group(&points);
        let middle = Self::middle(tape, points);
        let value = self.worth(tape, middle);
        tape.value(value)[0]
    }

    /// Where a string is in the latent space; `None` for one without letters.
    pub(crate) fn latent(&self, tape: &mut Tape, letters: &[Letter]) -> Option<Latent> {
        tape.clear();
        let points = self.encode(tape, letters);
        let points: Vec<Vec<f64>> = points.iter().map(|p| tape.value(*p).to_vec()).collect();
        if points.is_empty() {
            return None;
        }
        tape.clear();
        let vars: Vec<Var> = points.iter().map(|p| tape.constant(p)).collect();
        let group = tape.group(&vars);
        let middle = Self::middle(tape, group);
        let value = self.worth(tape, middle);
        let mut unused = vec![0.0; self.parameters.len()];
        let slopes = tape.backward(&self.parameters, &[(value, vec![1.0])], &mut unused);
        let slopes = vars.iter().map(|v| slopes.of(*v).to_vec()).collect();
        Some(Latent { points, slopes })
    }

    /// The member that the decoder writes at a step of this size against the slope; letters beyond those it reads are
    /// those of `rest`.
    pub(crate) fn decode(
        &mut self,
        tape: &mut Tape,
        space: &dyn Space,
        latent: &Latent,
        step: f64,
        rest: &Decisions,
    ) -> Result<Decisions, SpaceError> {
        tape.clear();
        let mut vars = Vec::with_capacity(latent.points.len());
        for (point, slope) in latent.points.iter().zip(&latent.slopes) {
            let moved: Vec<f64> = point.iter().zip(slope).map(|(p, s)| p - step * s).collect();
            let moved = tape.constant(&moved);
            vars.push(tape.normalize(moved));
        }
        let points = tape.group(&vars);
        let middle = Self::middle(tape, points);
        let writing = Writing { points, states: [middle; 2] };
        let mut writer =
            Writer { network: self, tape, writing, before: None, written: 0, rest: Recall::new(rest) };
        let mut record = Record::new(&mut writer);
        space.build(&mut record)?;
        Ok(record.into_decisions())
    }
}

/// The spread of the vectors of questions and answers at first.
const SPREAD: f64 = 0.5;

/// Adds the parameters of a layer (Glorot & Bengio 2010).
fn extend(parameters: &mut Vec<f64>, layer: Affine, rng: &mut Rng) {
    let spread = (6.0 / (layer.inputs + layer.outputs.min(layer.inputs)) as f64).sqrt();
    parameters.extend((0..layer.inputs * layer.outputs).map(|_| spread * (2.0 * rng.unit() - 1.0)));
    parameters.resize(layer.at + layer.parameters(), 0.0);
}

/// The points that are written from, and the decoder's state and memory.
struct Writing {
    points: Group,
    states: [Var; 2],
}

struct Speller<'a> {
    network: &'a mut Autoencoder,
    recall: Recall<'a>,
    letters: Vec<Letter>,
}

impl Chooser for Speller<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = self.recall.answer(path.key()).filter(|a| *a < question.options.len());
        let answer = answer.ok_or_else(|| SpaceError::Unanswered { path: path.to_string() })?;
        if self.letters.len() < LONGEST {
            self.letters.push(self.network.letter(path.key(), question, answer));
        }
        Ok(answer)
    }
}

struct Writer<'a> {
    network: &'a mut Autoencoder,
    tape: &'a mut Tape,
    writing: Writing,
    before: Option<Letter>,
    written: usize,
    rest: Recall<'a>,
}

impl Chooser for Writer<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        self.written += 1;
        if self.written > LONGEST {
            let answer = self.rest.answer(path.key()).filter(|a| *a < question.options.len());
            return Ok(answer.unwrap_or(0));
        }
        let mut letter = self.network.letter(path.key(), question, 0);
        let logits = self.network.say(self.tape, &mut self.writing, self.before, letter);
        let logits = self.tape.value(logits).iter().enumerate();
        letter.answer = logits.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
        self.before = Some(letter);
        Ok(letter.answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::sample;
    use nascent_testkit::{Bits, Tree};

    /// Strings of the tree, each with a worth.
    fn examples(network: &mut Autoencoder, n: usize) -> Vec<Example> {
        let mut rng = Rng::new(4, 0);
        (0..n)
            .map(|_| {
                let member = sample(&Tree, &mut rng).unwrap();
                let letters = network.spell(&Tree, &member).unwrap();
                Example { letters, target: rng.normal() }
            })
            .collect()
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let mut network = Autoencoder::new(6, &mut Rng::new(1, 0));
        let example = examples(&mut network, 5).into_iter().max_by_key(|e| e.letters.len()).unwrap();
        assert!(example.letters.len() > 2);
        let by = Training { epochs: 1, trade_off: 0.7 };
        let loss = |network: &Autoencoder| {
            let mut tape = Tape::default();
            let points = network.encode(&mut tape, &example.letters);
            let points = tape.group(&points);
            let middle = Autoencoder::middle(&mut tape, points);
            let value = network.worth(&mut tape, middle);
            let mut sum = 0.7 * (tape.value(value)[0] - example.target).powi(2);
            let (mut writing, mut before) = (Writing { points, states: [middle; 2] }, None);
            for letter in &example.letters {
                let logits = network.say(&mut tape, &mut writing, before, *letter);
                let chance = softmax(tape.value(logits))[letter.answer];
                sum -= 0.3 / example.letters.len() as f64 * chance.ln();
                before = Some(*letter);
            }
            sum
        };
        let mut gradient = vec![0.0; network.parameters.len()];
        network.learn(&mut Tape::default(), &example, by, 1.0, &mut gradient);
        let mut moved = 0;
        for i in (0..gradient.len()).step_by(3) {
            network.parameters[i] += 1e-5;
            let above = loss(&network);
            network.parameters[i] -= 2e-5;
            let below = loss(&network);
            network.parameters[i] += 1e-5;
            let slope = (above - below) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-7, "parameter {i}: {slope}, found {}", gradient[i]);
            moved += usize::from(slope != 0.0);
        }
        assert!(moved > gradient.len() / 6, "{moved} parameters matter");
    }

    #[test]
    fn strings_are_written_as_they_were_read_and_better_ones_further_on() {
        let space = Bits { questions: 8, options: 3 };
        let mut rng = Rng::new(2, 0);
        let worth = |d: &Decisions| d.iter().map(|(_, a)| f64::from(a)).sum::<f64>();
        let mut network = Autoencoder::new(16, &mut Rng::new(3, 0));
        let members: Vec<Decisions> = (0..120).map(|_| sample(&space, &mut rng).unwrap()).collect();
        let examples: Vec<Example> = members
            .iter()
            .map(|m| Example { letters: network.spell(&space, m).unwrap(), target: (8.0 - worth(m)) / 2.3 })
            .collect();
        let training = Training { epochs: 60, trade_off: 0.8 };
        network.train(&examples.iter().collect::<Vec<_>>(), training, &mut rng);
        let mut tape = Tape::default();
        let (mut same, mut gain) = (0, 0.0);
        for member in members.iter().take(40) {
            let letters = network.spell(&space, member).unwrap();
            let latent = network.latent(&mut tape, &letters).unwrap();
            let mut write = |step| network.decode(&mut tape, &space, &latent, step, member).unwrap();
            same += i32::from(write(0.0) == *member);
            gain += (worth(&write(2.0)) - worth(member)) / 40.0;
        }
        println!("{same} of 40 are written again, and a step is worth {gain}");
        assert!(same >= 36, "{same} of 40 are written as they were read");
        assert!(gain > 1.0, "a step against the slope is worth {gain}");
    }
}
