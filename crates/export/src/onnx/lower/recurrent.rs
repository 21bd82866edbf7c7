use super::{Lowering, Node};
use crate::exporter::transposed;
use crate::onnx::build::int;
use nascent_core::architecture::Shape;
use nascent_core::architecture::op::{Cell, CellFunction, Gru, Lstm};

/// Equal parts, one for each gate, in another order: `order` says which of ours comes where.
fn reordered(gates: &[f32], order: &[usize]) -> Vec<f32> {
    let part = gates.len() / order.len().max(1);
    order.iter().flat_map(|gate| &gates[gate * part..][..part]).copied().collect()
}

/// All states of a unit, `[batch, size, steps]`, and what its next step would read, `[batch, size]` each.
type Recurred = (String, Vec<String>);

impl<'a> Lowering<'a> {
    /// The states of a unit, from the one that is given before its first step, `[batch, size]`, or from zeros where none is; and the last
    /// of them where one was given.
    pub(super) fn recur(&mut self, op: &Gru, node: &Node<'a>, before: &[String]) -> Result<Recurred, String> {
        // Ours are reset, update, candidate; the operator's are update, reset, candidate.
        self.unit("GRU", op.size, &[1, 0, 2], node, before)
    }

    /// The same of a unit with a memory, which is given and gives that behind its state.
    pub(super) fn remember(
        &mut self,
        op: &Lstm,
        node: &Node<'a>,
        before: &[String],
    ) -> Result<Recurred, String> {
        // Ours are input, forget, candidate, output; the operator's are input, output, forget, candidate.
        self.unit("LSTM", op.size, &[0, 3, 1, 2], node, before)
    }

    /// A unit that there is an operator for.
    fn unit(
        &mut self,
        operator: &str,
        size: usize,
        order: &[usize],
        node: &Node<'a>,
        before: &[String],
    ) -> Result<Recurred, String> {
        let (channels, _) = node.steps()?;
        let wide = order.len() * size;
        let ((_, from_input), (bias, biases), (_, from_state)) =
            (node.slot(0)?, node.slot(1)?, node.slot(2)?);
        let input = self.weights(node, 0, &[1, wide, channels], (&reordered(from_input, order), 1))?;
        let from_state = reordered(&transposed(from_state, wide), order);
        let state = self.weights(node, 2, &[1, wide, size], (&from_state, 1))?;
        // There are none on the side of the state.
        let both: Vec<f32> =
            reordered(biases, order).into_iter().chain(std::iter::repeat_n(0.0, wide)).collect();
        let bias = self.build.floats(&bias.name, &[1, 2 * wide], &both);
        let steps = self.build.transpose(node.input()?, &[2, 0, 1]);
        let mut attributes = vec![int("hidden_size", size as i64)];
        if operator == "GRU" {
            attributes.push(int("linear_before_reset", 1));
        }
        let before: Vec<String> = before.iter().map(|state| self.build.unsqueeze(state, &[0])).collect();
        let mut inputs = vec![&steps[..], &input, &state, &bias];
        // All sequences are as long as the value: their lengths are not given.
        inputs.extend(before.first().map(|_| ""));
        inputs.extend(before.iter().map(String::as_str));
        let outputs: Vec<String> = (0..=before.len()).map(|_| self.build.name()).collect();
        self.build.several(operator, &inputs, attributes, outputs.clone());
        let axis = self.build.indices(&[1]);
        let states = self.build.node("Squeeze", &[&outputs[0], &axis], Vec::new());
        let states = self.build.transpose(&states, &[1, 2, 0]);
        let after = outputs[1..].iter().map(|last| {
            let axis = self.build.indices(&[0]);
            self.build.node("Squeeze", &[last, &axis], Vec::new())
        });
        Ok((states, after.collect()))
    }

    /// The same of a cell: what the input gives all steps at once, and a loop over them.
    pub(super) fn run_cell(
        &mut self,
        cell: &Cell,
        node: &Node<'a>,
        before: &[String],
    ) -> Result<Recurred, String> {
        let ((channels, _), size) = (node.steps()?, cell.size);
        let wide = 2 * size;
        let ((_, from_input), (_, from_state)) = (node.slot(0)?, node.slot(2)?);
        let input = self.weights(node, 0, &[channels, wide], (&transposed(from_input, channels), 1))?;
        let bias = self.slot(node, 1)?;
        let steps = self.build.transpose(node.input()?, &[2, 0, 1]);
        let given = self.build.node("MatMul", &[&steps, &input], Vec::new());
        let given = self.build.node("Add", &[&given, &bias], Vec::new());
        let all = self.weights(node, 2, &[cell.nodes.len(), size, wide], (from_state, 2))?;
        let of_node = |lowering: &mut Self, i: usize| {
            let own = lowering.build.slice(&all, 0, i, 1);
            lowering.build.reshape(&own, &[size as i64, wide as i64])
        };
        let weights: Vec<String> = (0..cell.nodes.len()).map(|i| of_node(self, i)).collect();
        let start = before.first().cloned().unwrap_or_else(|| self.zeros(&Shape::new(&[size])));
        let (of_state, of_given) = (Shape::new(&[size]), Shape::new(&[wide]));
        let (states, last) =
            self.build.scan((&start, &of_state), (&given, &of_given), |build, state, given| {
                let mut values: Vec<String> = Vec::with_capacity(cell.nodes.len());
                for (node, weight) in cell.nodes.iter().zip(&weights) {
                    let before = node.reads.map_or(state, |read| &values[read][..]);
                    let mut sums = build.node("MatMul", &[before, weight], Vec::new());
                    if node.reads.is_none() {
                        sums = build.node("Add", &[&sums, given], Vec::new());
                    }
                    let [gate, value] = [0, size].map(|from| build.slice(&sums, 1, from, size));
                    let gate = build.node("Sigmoid", &[&gate], Vec::new());
                    let value = match node.function {
                        CellFunction::Tanh => build.node("Tanh", &[&value], Vec::new()),
                        CellFunction::Relu => build.node("Relu", &[&value], Vec::new()),
                        CellFunction::Sigmoid => build.node("Sigmoid", &[&value], Vec::new()),
                        CellFunction::Identity => value,
                    };
                    let apart = build.node("Sub", &[&value, before], Vec::new());
                    let apart = build.node("Mul", &[&gate, &apart], Vec::new());
                    let now = build.node("Add", &[before, &apart], Vec::new());
                    values.push(now);
                }
                let mut ends = cell.ends().into_iter();
                let mut sum = ends.next().map_or_else(|| state.to_string(), |first| values[first].clone());
                for end in ends {
                    sum = build.node("Add", &[&sum, &values[end]], Vec::new());
                }
                let share = build.number(1.0 / cell.ends().len().max(1) as f32);
                build.node("Mul", &[&sum, &share], Vec::new())
            });
        Ok((self.build.transpose(&states, &[1, 2, 0]), before.first().map(|_| last).into_iter().collect()))
    }
}
