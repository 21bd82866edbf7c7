//! A network of running text as it reads some steps at a time: what it needs of those before comes in and goes out as states.

use super::{Lowering, Node};
use crate::ExportError;
use crate::onnx::build::{BATCH, int};
use crate::onnx::format::{DataType, Extent};
use nascent_core::architecture::op::{Cell, Conv1d, Delay, Gru, Relative, SelfAttention};
use nascent_core::architecture::{NodeId, Op, Operation};

/// The name of the number of steps that are read at once.
pub(in crate::onnx) const STEPS: &str = "steps";
/// The name of the number of those before.
pub(in crate::onnx) const PAST: &str = "past";

/// What is kept from one reading to the next: an input, and an output that is given in its place then.
pub(in crate::onnx) struct State {
    /// The input's name.
    pub name: String,
    pub kind: DataType,
    /// One of them may be [`PAST`]: 0 before anything was read, and then as many more as steps were.
    pub extents: Vec<Extent>,
}

impl State {
    /// The output's name.
    pub fn next(&self) -> String {
        format!("{}.next", self.name)
    }
}

/// What a graph is written as.
pub(in crate::onnx) struct Stepped {
    /// The name of the answers, `[batch, channels, steps]`.
    pub answers: String,
    pub states: Vec<State>,
}

/// A graph on its way, as it reads some steps at a time.
pub(in crate::onnx) struct Stepwise<'a> {
    lowering: Lowering<'a>,
    /// What names of the node at hand begin with.
    place: String,
    /// By how many steps the value of each node is behind the tokens, as that of a window that looks ahead is. What is delayed may be
    /// ahead of them instead, with zeros before its first step and behind its last.
    behind: Vec<i64>,
    states: Vec<State>,
    clock: Clock,
    /// The most steps of all readings together.
    window: i64,
}

/// Which steps are read.
struct Clock {
    /// The number of the first, and the one behind the last, `[1]`.
    first: String,
    end: String,
    /// The number of each, `[steps]`.
    at: String,
}

impl<'a> Stepwise<'a> {
    /// Begins with codes, the value `tokens` of whole numbers, `[batch, steps]`.
    pub fn new(mut lowering: Lowering<'a>, tokens: &str) -> Self {
        let window = lowering.model.graph.input_shape().len() as i64;
        let mut states = Vec::new();
        lowering.build.part("clock".into());
        let first = State { name: "read".into(), kind: DataType::Int64, extents: vec![Extent::Value(1)] };
        let build = &mut lowering.build;
        let count = build.node("Shape", &[tokens], vec![int("start", 1), int("end", 2)]);
        let end = build.named("Add", &[&first.name, &count], Vec::new(), first.next());
        let [from, to] = [&first.name, &end].map(|value| build.node("Squeeze", &[value], Vec::new()));
        let one = build.index(1);
        let at = build.node("Range", &[&from, &to, &one], Vec::new());
        let at = build.cast(&at, DataType::Float);
        let clock = Clock { first: first.name.clone(), end, at };
        states.push(first);
        let given = build.cast(tokens, DataType::Float);
        lowering.values.push(given);
        Self { lowering, place: String::new(), behind: vec![0], states, clock, window }
    }

    /// Writes the graph.
    pub fn run(mut self) -> Result<Stepped, ExportError> {
        let graph = self.lowering.model.graph;
        for (i, node) in graph.nodes().iter().enumerate().skip(1) {
            self.place = format!("{i:03}.{}", node.op.name().to_lowercase());
            self.lowering.build.part(self.place.clone());
            let written = self.node(NodeId(i as u32));
            let (value, behind) =
                written.map_err(|reason| ExportError::Node { node: i, label: node.op.label(), reason })?;
            self.lowering.values.push(value);
            self.behind.push(behind);
        }
        let output = graph.output().index();
        let (answers, behind) = (self.lowering.values[output].clone(), self.behind[output]);
        if behind > 0 {
            let label = graph.nodes()[output].op.label();
            let reason = format!("its answers depend on tokens that follow, {behind} of them");
            return Err(ExportError::Node { node: output, label, reason });
        }
        let channels = graph.output_shape().extents()[0];
        self.place = "answers".into();
        self.lowering.build.part(self.place.clone());
        let answers = self.held((answers, channels), -behind, 0);
        Ok(Stepped { answers, states: self.states })
    }

    /// Writes a node; answers with the name of its value, and by how many steps that is behind.
    fn node(&mut self, id: NodeId) -> Result<(String, i64), String> {
        let mut node = self.lowering.reading(id);
        let reads = &self.lowering.model.graph.nodes()[id.index()].inputs;
        let behind: Vec<i64> = reads.iter().map(|input| self.behind[input.index()]).collect();
        match node.op {
            Op::Delay(op) => return self.delay(op, &node, behind[0]),
            Op::Conv1d(op) => return self.convolve(op, node, behind[0]),
            _ => {}
        }
        // Of an embedding that answers share, the table alone is read.
        let read = if matches!(node.op, Op::TiedOutput(_)) { 1 } else { behind.len() };
        // Whatever else there is reads the same step of all its inputs.
        let latest = behind[..read].iter().copied().fold(0, i64::max);
        for (place, own) in behind[..read].iter().enumerate() {
            let value = (node.inputs[place].clone(), node.shapes[place].extents()[0]);
            node.inputs[place] = self.held(value, latest - own, place);
        }
        let recurs = matches!(node.op, Op::Gru(_) | Op::Lstm(_) | Op::Cell(_));
        let looks_back = recurs || matches!(node.op, Op::SelfAttention(_) | Op::PositionEmbedding(_));
        if looks_back && latest > 0 {
            return Err(format!("what it reads is behind the tokens by {latest}: delay it before"));
        }
        let value = match node.op {
            Op::SelfAttention(op) if op.causal && reads.len() == 1 => self.attend(op, &node)?,
            Op::SelfAttention(op) if !op.causal => return Err("it attends to tokens that follow".into()),
            Op::Gru(_) | Op::Lstm(_) | Op::Cell(_) => self.recur(&node)?,
            Op::PositionEmbedding(_) => self.add_positions(&node)?,
            Op::Embedding(_) | Op::TiedOutput(_) | Op::LayerNorm(_) | Op::Activation(_) | Op::Add(_) => {
                self.lowering.node(node.op, &node)?
            }
            Op::Multiply(_) | Op::Dropout(_) | Op::Identity(_) => self.lowering.node(node.op, &node)?,
            _ => return Err("a text cannot be continued through it".into()),
        };
        Ok((value, latest))
    }

    /// A new state of the node at hand, for each example; answers with the name of its input.
    fn state(&mut self, part: &str, extents: &[Extent]) -> String {
        let name = format!("{}.{part}", self.place);
        let extents = std::iter::once(Extent::Name(BATCH.into())).chain(extents.iter().cloned()).collect();
        self.states.push(State { name: name.clone(), kind: DataType::Float, extents });
        name
    }

    /// What a state becomes, by the name of its input.
    fn becomes(&mut self, state: &str, value: &str) {
        if let Some(state) = self.states.iter().find(|known| known.name == state) {
            self.lowering.build.named("Identity", &[value], Vec::new(), state.next());
        }
    }

    /// A value with as many steps before it as are kept of it.
    fn with_before(&mut self, (value, channels): (&str, usize), part: &str, kept: i64) -> String {
        let before = self.state(part, &[Extent::Value(channels as i64), Extent::Value(kept)]);
        let build = &mut self.lowering.build;
        let joined = build.node("Concat", &[&before, value], vec![int("axis", 2)]);
        let (starts, ends) = (build.indices(&[-kept]), build.indices(&[i64::MAX]));
        let last = build.between(&joined, 2, &starts, &ends);
        self.becomes(&before, &last);
        joined
    }

    /// The value that a node reads in a place, `steps` later.
    fn held(&mut self, (value, channels): (String, usize), steps: i64, place: usize) -> String {
        if steps == 0 {
            return value;
        }
        let joined = self.with_before((&value, channels), &format!("held{place}"), steps);
        let build = &mut self.lowering.build;
        let (starts, ends) = (build.indices(&[0]), build.indices(&[-steps]));
        build.between(&joined, 2, &starts, &ends)
    }

    /// The value, and zeros at steps whose number does not compare so.
    fn where_step(&mut self, value: &str, comparison: &str, number: i64) -> String {
        let build = &mut self.lowering.build;
        let (number, zero) = (build.number(number as f32), build.number(0.0));
        let is_there = build.node(comparison, &[&self.clock.at, &number], Vec::new());
        build.node("Where", &[&is_there, value, &zero], Vec::new())
    }

    fn delay(&mut self, op: &Delay, node: &Node<'a>, behind: i64) -> Result<(String, i64), String> {
        let mut value = node.input()?.to_string();
        if behind > 0 {
            // Of its first step nothing is known before.
            value = self.where_step(&value, "GreaterOrEqual", behind);
        }
        let after = behind - op.steps as i64;
        if after < 0 {
            // What is moved beyond the end is lost.
            value = self.where_step(&value, "Less", self.window + after);
        }
        Ok((value, after))
    }

    fn convolve(&mut self, op: &Conv1d, mut node: Node<'a>, behind: i64) -> Result<(String, i64), String> {
        let (channels, _) = node.steps()?;
        let (kept, ahead) = (((op.kernel - 1) * op.dilation) as i64, op.padding as i64);
        if op.stride != 1 || kept != 2 * ahead {
            return Err(format!("it gives {} for each of {} steps", node.shape, self.window));
        }
        // What it would give before the first step is no zero.
        let from = behind.max(-ahead);
        let mut value = self.held((node.input()?.to_string(), channels), from - behind, 0);
        if kept > 0 {
            if from > 0 {
                value = self.where_step(&value, "GreaterOrEqual", from);
            }
            value = self.with_before((&value, channels), "window", kept);
        }
        node.inputs = vec![value];
        let op = Conv1d { padding: 0, ..op.clone() };
        Ok((self.lowering.convolve_steps(&op, &node)?, from + ahead))
    }

    fn attend(&mut self, op: &SelfAttention, node: &Node<'a>) -> Result<String, String> {
        let each = node.steps()?.0 / op.heads.max(1);
        let [mut queries, mut keys, values] = self.lowering.queries_keys_values(op, node)?;
        if let Some(turns) = op.turns(each, self.window as usize) {
            let turns = turns.map(|part| {
                let part = self.lowering.build.numbers(&[each / 2, self.window as usize], &part);
                self.lowering.build.between(&part, 1, &self.clock.first, &self.clock.end)
            });
            queries = self.lowering.turned(&queries, &turns, each);
            keys = self.lowering.turned(&keys, &turns, each);
        }
        let [keys, values] = [("keys", keys), ("values", values)].map(|(part, new)| {
            let extents = [op.key_heads, each].map(|n| Extent::Value(n as i64));
            let past = self.state(part, &[&extents[..], &[Extent::Name(PAST.into())]].concat());
            let all = self.lowering.build.node("Concat", &[&past, &new], vec![int("axis", 3)]);
            self.becomes(&past, &all);
            all
        });
        let offsets = self.offsets(op);
        let mixed = self.lowering.mix(op, each, [&queries, &keys, &values], Some(&offsets), None);
        self.lowering.project(&mixed, node, 2)
    }

    /// What is added to the score of each step with each one up to it, `[steps, past + steps]`, or so for each head.
    fn offsets(&mut self, op: &SelfAttention) -> String {
        let build = &mut self.lowering.build;
        let (zero, one) = (build.index(0), build.index(1));
        let end = build.node("Squeeze", &[&self.clock.end], Vec::new());
        let keys = build.node("Range", &[&zero, &end, &one], Vec::new());
        let keys = build.cast(&keys, DataType::Float);
        let queries = build.unsqueeze(&self.clock.at, &[1]);
        let distance = build.node("Sub", &[&queries, &keys], Vec::new());
        let nothing = build.number(0.0);
        let is_later = build.node("Less", &[&distance, &nothing], Vec::new());
        let fall = match op.relative {
            Relative::Alibi => {
                let slopes: Vec<f32> = op.slopes().iter().map(|slope| -slope).collect();
                let slopes = build.numbers(&[slopes.len(), 1, 1], &slopes);
                build.node("Mul", &[&distance, &slopes], Vec::new())
            }
            Relative::None | Relative::Rotary => nothing,
        };
        let never = build.number(SelfAttention::NEVER);
        build.node("Where", &[&is_later, &never, &fall], Vec::new())
    }

    /// A unit that goes on from the states in which the last reading left it.
    fn recur(&mut self, node: &Node<'a>) -> Result<String, String> {
        let (parts, size) = match node.op {
            Op::Lstm(op) => (&["state", "memory"][..], op.size),
            Op::Gru(Gru { size }) | Op::Cell(Cell { size, .. }) => (&["state"][..], *size),
            _ => return Err("it has no states".into()),
        };
        let before: Vec<String> =
            parts.iter().map(|part| self.state(part, &[Extent::Value(size as i64)])).collect();
        let (states, after) = match node.op {
            Op::Lstm(op) => self.lowering.remember(op, node, &before)?,
            Op::Cell(cell) => self.lowering.run_cell(cell, node, &before)?,
            _ => self.lowering.recur(&Gru { size }, node, &before)?,
        };
        before.iter().zip(&after).for_each(|(before, after)| self.becomes(before, after));
        Ok(states)
    }

    fn add_positions(&mut self, node: &Node<'a>) -> Result<String, String> {
        let positions = self.lowering.slot(node, 0)?;
        let Clock { first, end, .. } = &self.clock;
        let positions = self.lowering.build.between(&positions, 1, first, end);
        Ok(self.lowering.build.node("Add", &[node.input()?, &positions], Vec::new()))
    }
}
