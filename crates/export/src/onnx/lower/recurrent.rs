use super::{Lowering, Node};
use crate::exporter::transposed;
use crate::onnx::build::int;
use nascent_core::architecture::op::Gru;

/// Ours are reset, update, candidate; the operator's are update, reset, candidate.
fn reordered(gates: &[f32]) -> Vec<f32> {
    let third = gates.len() / 3;
    [&gates[third..2 * third], &gates[..third], &gates[2 * third..]].concat()
}

impl<'a> Lowering<'a> {
    pub(super) fn recur(&mut self, op: &Gru, node: &Node<'a>) -> Result<String, String> {
        self.recur_from(op, node, None)
    }

    /// States that follow each other from one that is given, `[batch, size]`, or from zeros.
    pub(super) fn recur_from(
        &mut self,
        op: &Gru,
        node: &Node<'a>,
        before: Option<&str>,
    ) -> Result<String, String> {
        let (channels, _) = node.steps()?;
        let size = op.size;
        let ((_, from_input), (bias, biases), (_, from_state)) =
            (node.slot(0)?, node.slot(1)?, node.slot(2)?);
        let input = self.weights(node, 0, &[1, 3 * size, channels], (&reordered(from_input), 1))?;
        let from_state = reordered(&transposed(from_state, 3 * size));
        let state = self.weights(node, 2, &[1, 3 * size, size], (&from_state, 1))?;
        // There are none on the side of the state.
        let both: Vec<f32> =
            reordered(biases).into_iter().chain(std::iter::repeat_n(0.0, 3 * size)).collect();
        let bias = self.build.floats(&bias.name, &[1, 6 * size], &both);
        let steps = self.build.transpose(node.input()?, &[2, 0, 1]);
        let attributes = vec![int("hidden_size", size as i64), int("linear_before_reset", 1)];
        let before = before.map(|state| self.build.unsqueeze(state, &[0]));
        let mut inputs = vec![&steps[..], &input, &state, &bias];
        // All sequences are as long as the value: their lengths are not given.
        before.iter().for_each(|state| inputs.extend(["", state.as_str()]));
        let states = self.build.node("GRU", &inputs, attributes);
        let axis = self.build.indices(&[1]);
        let states = self.build.node("Squeeze", &[&states, &axis], Vec::new());
        Ok(self.build.transpose(&states, &[1, 2, 0]))
    }
}
