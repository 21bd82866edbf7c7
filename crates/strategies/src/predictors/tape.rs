//! Gradients of small networks: vectors are computed forwards and remembered, then gone through backwards.

use nascent_core::rng::Rng;

/// A vector on a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Var {
    start: usize,
    length: usize,
}

/// A matrix among the parameters, row after row, and behind it one bias a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Affine {
    pub(crate) at: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Affine {
    /// How many parameters it has.
    pub(crate) fn parameters(&self) -> usize {
        (self.inputs + 1) * self.outputs
    }
}

impl Var {
    /// Part number `part` of so many equal ones.
    pub(crate) fn part(self, part: usize, parts: usize) -> Self {
        let length = self.length / parts;
        Self { start: self.start + part * length, length }
    }

    /// So many elements from the first on.
    pub(crate) fn first(self, length: usize) -> Self {
        Self { length, ..self }
    }
}

/// Several vectors of one length that a step reads together: a range of [`Tape::members`].
#[derive(Clone, Copy)]
pub(crate) struct Group {
    start: usize,
    length: usize,
}

#[derive(Clone, Copy)]
enum Step {
    Parameters { at: usize, to: Var },
    Affine { of: Affine, from: Var, to: Var },
    Add { a: Var, b: Var, to: Var },
    Multiply { a: Var, b: Var, to: Var },
    Tanh { from: Var, to: Var },
    Sigmoid { from: Var, to: Var },
    Relu { from: Var, to: Var },
    Normalize { from: Var, to: Var },
    Mean { of: Group, to: Var },
    Attend { query: Var, of: Group, weights: Var, to: Var },
}

/// How much a sum changes with each number on a tape.
pub(crate) struct Slopes(Vec<f64>);

impl Slopes {
    pub(crate) fn of(&self, var: Var) -> &[f64] {
        &self.0[var.start..var.start + var.length]
    }
}

/// What was computed, in order.
#[derive(Default)]
pub(crate) struct Tape {
    values: Vec<f64>,
    steps: Vec<Step>,
    members: Vec<Var>,
}

/// A vector shorter than this has no direction.
const SHORTEST: f64 = 1e-12;

impl Tape {
    /// Forgets everything but keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.steps.clear();
        self.members.clear();
    }

    pub(crate) fn value(&self, var: Var) -> &[f64] {
        &self.values[var.start..var.start + var.length]
    }

    fn push(&mut self, values: impl IntoIterator<Item = f64>) -> Var {
        let start = self.values.len();
        self.values.extend(values);
        Var { start, length: self.values.len() - start }
    }

    /// A vector that nothing is learnt of.
    pub(crate) fn constant(&mut self, values: &[f64]) -> Var {
        self.push(values.iter().copied())
    }

    /// So many parameters as a vector.
    pub(crate) fn parameters(&mut self, parameters: &[f64], at: usize, length: usize) -> Var {
        let to = self.push(parameters[at..at + length].iter().copied());
        self.steps.push(Step::Parameters { at, to });
        to
    }

    /// The matrix times `from`, and the biases.
    pub(crate) fn affine(&mut self, parameters: &[f64], of: Affine, from: Var) -> Var {
        let start = self.values.len();
        let biases = of.at + of.inputs * of.outputs;
        for row in 0..of.outputs {
            let weights = &parameters[of.at + row * of.inputs..][..of.inputs];
            let sum = super::cholesky::dot(weights, &self.values[from.start..from.start + of.inputs]);
            self.values.push(sum + parameters[biases + row]);
        }
        let to = Var { start, length: of.outputs };
        self.steps.push(Step::Affine { of, from, to });
        to
    }

    fn zip(&mut self, a: Var, b: Var, f: impl Fn(f64, f64) -> f64) -> Var {
        let start = self.values.len();
        for i in 0..a.length {
            let value = f(self.values[a.start + i], self.values[b.start + i]);
            self.values.push(value);
        }
        Var { start, length: a.length }
    }

    pub(crate) fn add(&mut self, a: Var, b: Var) -> Var {
        let to = self.zip(a, b, |x, y| x + y);
        self.steps.push(Step::Add { a, b, to });
        to
    }

    /// The products of the elements.
    pub(crate) fn multiply(&mut self, a: Var, b: Var) -> Var {
        let to = self.zip(a, b, |x, y| x * y);
        self.steps.push(Step::Multiply { a, b, to });
        to
    }

    pub(crate) fn tanh(&mut self, from: Var) -> Var {
        let to = self.zip(from, from, |x, _| x.tanh());
        self.steps.push(Step::Tanh { from, to });
        to
    }

    pub(crate) fn sigmoid(&mut self, from: Var) -> Var {
        let to = self.zip(from, from, |x, _| 1.0 / (1.0 + (-x).exp()));
        self.steps.push(Step::Sigmoid { from, to });
        to
    }

    pub(crate) fn relu(&mut self, from: Var) -> Var {
        let to = self.zip(from, from, |x, _| x.max(0.0));
        self.steps.push(Step::Relu { from, to });
        to
    }

    /// The vector in this direction whose length is 1.
    pub(crate) fn normalize(&mut self, from: Var) -> Var {
        let length = self.length(from);
        let to = self.zip(from, from, |x, _| x / length);
        self.steps.push(Step::Normalize { from, to });
        to
    }

    fn length(&self, of: Var) -> f64 {
        let values = self.value(of);
        super::cholesky::dot(values, values).sqrt().max(SHORTEST)
    }

    /// Vectors of one length, at least one, to be read together.
    pub(crate) fn group(&mut self, members: &[Var]) -> Group {
        self.members.extend_from_slice(members);
        Group { start: self.members.len() - members.len(), length: members.len() }
    }

    fn members(&self, of: Group) -> &[Var] {
        &self.members[of.start..of.start + of.length]
    }

    /// The mean of the vectors.
    pub(crate) fn mean(&mut self, of: Group) -> Var {
        let share = 1.0 / of.length as f64;
        let to = self.sum(of, |_| share);
        self.steps.push(Step::Mean { of, to });
        to
    }

    /// The mean of the vectors, each with a weight that grows exponentially with its product with the query.
    pub(crate) fn attend(&mut self, query: Var, of: Group) -> Var {
        let product = |member: &Var| super::cholesky::dot(self.value(query), self.value(*member));
        let shares = softmax(&self.members(of).iter().map(product).collect::<Vec<_>>());
        let to = self.sum(of, |i| shares[i]);
        let weights = self.push(shares);
        self.steps.push(Step::Attend { query, of, weights, to });
        to
    }

    /// The sum of the vectors, each times its share.
    fn sum(&mut self, of: Group, share: impl Fn(usize) -> f64) -> Var {
        let length = self.members(of).first().map_or(0, |m| m.length);
        let mut sum = vec![0.0; length];
        for (i, member) in self.members(of).iter().enumerate() {
            let share = share(i);
            sum.iter_mut().zip(self.value(*member)).for_each(|(s, x)| *s += share * x);
        }
        self.push(sum)
    }

    /// Adds to `gradient` the gradient of the sum of `seeds`, each a vector and the slope in each of its elements. The
    /// answer is the slope in everything on the tape.
    pub(crate) fn backward(
        &self,
        parameters: &[f64],
        seeds: &[(Var, Vec<f64>)],
        gradient: &mut [f64],
    ) -> Slopes {
        let mut slopes = vec![0.0; self.values.len()];
        for (var, seed) in seeds {
            slopes[var.start..][..var.length].iter_mut().zip(seed).for_each(|(slope, seed)| *slope += seed);
        }
        for step in self.steps.iter().rev() {
            match *step {
                Step::Parameters { at, to } => {
                    let from = &slopes[to.start..to.start + to.length];
                    gradient[at..].iter_mut().zip(from).for_each(|(g, s)| *g += s);
                }
                Step::Affine { of, from, to } => {
                    self.affine_back(of, from, to, parameters, &mut slopes, gradient)
                }
                Step::Add { a, b, to } => {
                    for i in 0..to.length {
                        let slope = slopes[to.start + i];
                        slopes[a.start + i] += slope;
                        slopes[b.start + i] += slope;
                    }
                }
                Step::Multiply { a, b, to } => {
                    for i in 0..to.length {
                        let slope = slopes[to.start + i];
                        slopes[a.start + i] += slope * self.values[b.start + i];
                        slopes[b.start + i] += slope * self.values[a.start + i];
                    }
                }
                Step::Tanh { from, to } => self.chain(from, to, &mut slopes, |y| 1.0 - y * y),
                Step::Sigmoid { from, to } => self.chain(from, to, &mut slopes, |y| y * (1.0 - y)),
                Step::Relu { from, to } => {
                    self.chain(from, to, &mut slopes, |y| f64::from(u8::from(y > 0.0)))
                }
                Step::Normalize { from, to } => self.normalize_back(from, to, &mut slopes),
                Step::Mean { of, to } => {
                    let share = 1.0 / of.length as f64;
                    for member in self.members(of) {
                        add(&mut slopes, *member, to, share);
                    }
                }
                Step::Attend { query, of, weights, to } => {
                    self.attend_back(query, of, weights, to, &mut slopes)
                }
            }
        }
        Slopes(slopes)
    }

    fn normalize_back(&self, from: Var, to: Var, slopes: &mut [f64]) {
        let length = self.length(from);
        // What points along the vector changes nothing.
        let along = super::cholesky::dot(self.value(to), &slopes[to.start..to.start + to.length]);
        for i in 0..to.length {
            slopes[from.start + i] += (slopes[to.start + i] - along * self.values[to.start + i]) / length;
        }
    }

    fn attend_back(&self, query: Var, of: Group, weights: Var, to: Var, slopes: &mut [f64]) {
        let share = |i: usize| self.values[weights.start + i];
        let pull: Vec<f64> = self
            .members(of)
            .iter()
            .map(|m| super::cholesky::dot(self.value(*m), &slopes[to.start..to.start + to.length]))
            .collect();
        let mean: f64 = pull.iter().enumerate().map(|(i, p)| share(i) * p).sum();
        for (i, member) in self.members(of).iter().enumerate() {
            add(slopes, *member, to, share(i));
            let by_product = share(i) * (pull[i] - mean);
            for k in 0..query.length {
                slopes[query.start + k] += by_product * self.values[member.start + k];
                slopes[member.start + k] += by_product * self.values[query.start + k];
            }
        }
    }

    /// Through a function of each element, whose derivative follows from its value.
    fn chain(&self, from: Var, to: Var, slopes: &mut [f64], derivative: impl Fn(f64) -> f64) {
        for i in 0..to.length {
            slopes[from.start + i] += slopes[to.start + i] * derivative(self.values[to.start + i]);
        }
    }

    fn affine_back(
        &self,
        of: Affine,
        from: Var,
        to: Var,
        parameters: &[f64],
        slopes: &mut [f64],
        gradient: &mut [f64],
    ) {
        // What is computed from comes before what is computed.
        let (before, after) = slopes.split_at_mut(to.start);
        let before = &mut before[from.start..from.start + of.inputs];
        let inputs = &self.values[from.start..from.start + of.inputs];
        let biases = of.at + of.inputs * of.outputs;
        for (row, slope) in after[..of.outputs].iter().enumerate() {
            if *slope == 0.0 {
                continue;
            }
            let at = of.at + row * of.inputs;
            gradient[at..at + of.inputs].iter_mut().zip(inputs).for_each(|(g, x)| *g += slope * x);
            before.iter_mut().zip(&parameters[at..at + of.inputs]).for_each(|(b, w)| *b += slope * w);
            gradient[biases + row] += slope;
        }
    }
}

/// Adds the slopes of `from` times `factor` to those of `to`.
fn add(slopes: &mut [f64], to: Var, from: Var, factor: f64) {
    for i in 0..from.length {
        slopes[to.start + i] += factor * slopes[from.start + i];
    }
}

/// Shares that sum to 1, each growing exponentially with its logit.
pub(crate) fn softmax(logits: &[f64]) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut powers: Vec<f64> = logits.iter().map(|l| (l - highest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter_mut().for_each(|p| *p /= sum);
    powers
}

/// Adam (Kingma & Ba 2015, arXiv:1412.6980) for parameters whose number may grow.
#[derive(Default)]
pub(crate) struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Adam {
    /// Moves the parameters against the gradient.
    pub(crate) fn step(&mut self, parameters: &mut [f64], gradient: &[f64], rate: f64) {
        self.first.resize(parameters.len(), 0.0);
        self.second.resize(parameters.len(), 0.0);
        self.steps = self.steps.saturating_add(1);
        let (b1, b2) = (0.9f64, 0.999f64);
        let rate = rate * (1.0 - b2.powi(self.steps)).sqrt() / (1.0 - b1.powi(self.steps));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, slope), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *first += (1.0 - b1) * (slope - *first);
            *second += (1.0 - b2) * (slope * slope - *second);
            *parameter -= rate * *first / (second.sqrt() + 1e-8);
        }
    }
}

/// How parameters are trained.
pub(crate) struct Descent {
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
}

/// Trains parameters so that `forward` gives each example, by its number, its target: least squares, in random batches.
pub(crate) fn regress(
    mut parameters: Vec<f64>,
    targets: &[f64],
    descent: &Descent,
    rng: &mut Rng,
    forward: impl Fn(&mut Tape, &[f64], usize) -> Var,
) -> Vec<f64> {
    let (mut adam, mut tape) = (Adam::default(), Tape::default());
    let mut order: Vec<usize> = (0..targets.len()).collect();
    let mut gradient = vec![0.0; parameters.len()];
    for _ in 0..descent.epochs {
        rng.shuffle(&mut order);
        for batch in order.chunks(descent.batch) {
            gradient.fill(0.0);
            for &i in batch {
                tape.clear();
                let output = forward(&mut tape, &parameters, i);
                let slope = 2.0 * (tape.value(output)[0] - targets[i]) / batch.len() as f64;
                tape.backward(&parameters, &[(output, vec![slope])], &mut gradient);
            }
            adam.step(&mut parameters, &gradient, descent.rate);
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::rng::Rng;

    /// A network with every kind of step, and the sum of its outputs with some weights.
    fn network(tape: &mut Tape, parameters: &[f64]) -> Var {
        let input = tape.constant(&[0.3, -0.7, 1.1]);
        let embedded = tape.parameters(parameters, 0, 3);
        let x = tape.add(input, embedded);
        let hidden = tape.affine(parameters, Affine { at: 3, inputs: 3, outputs: 4 }, x);
        let (a, b) = (tape.tanh(hidden), tape.sigmoid(hidden));
        let mixed = tape.multiply(a, b);
        let kept = tape.relu(mixed);
        let both = tape.add(kept, mixed);
        let unit = tape.normalize(both);
        let group = tape.group(&[a, unit, b, both]);
        let (mean, seen) = (tape.mean(group), tape.attend(hidden, group));
        let sum = tape.add(mean, seen);
        // The halves of a vector can be read by themselves.
        let (first, last) = (sum.part(0, 2), sum.first(4).part(1, 2));
        let product = tape.multiply(first, last);
        let shifted = tape.add(product, last);
        tape.affine(parameters, Affine { at: 19, inputs: 2, outputs: 2 }, shifted)
    }

    #[test]
    fn gradients_are_those_of_small_differences() {
        let mut rng = Rng::new(5, 0);
        let mut parameters: Vec<f64> = (0..25).map(|_| rng.normal()).collect();
        let mut tape = Tape::default();
        let output = network(&mut tape, &parameters);
        let mut gradient = vec![0.0; 25];
        tape.backward(&parameters, &[(output, vec![1.0, -2.0])], &mut gradient);
        for i in 0..25 {
            let mut at = |by: f64| {
                parameters[i] += by;
                tape.clear();
                let output = network(&mut tape, &parameters);
                parameters[i] -= by;
                tape.value(output)[0] - 2.0 * tape.value(output)[1]
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((slope - gradient[i]).abs() < 1e-6, "parameter {i}: {slope}, found {}", gradient[i]);
        }
    }

    #[test]
    fn adam_finds_the_bottom_of_a_bowl() {
        let (mut parameters, mut adam) = (vec![3.0, -2.0], Adam::default());
        for _ in 0..2_000 {
            let gradient = [2.0 * (parameters[0] - 1.0), 20.0 * (parameters[1] + 1.0)];
            adam.step(&mut parameters, &gradient, 0.01);
        }
        assert!((parameters[0] - 1.0).abs() < 1e-3 && (parameters[1] + 1.0).abs() < 1e-3, "{parameters:?}");
    }
}
