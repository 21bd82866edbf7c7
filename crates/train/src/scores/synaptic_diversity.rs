use super::probe::sum_of;
use super::{Needs, Score};
use nalgebra::DMatrix;
use nascent_core::architecture::Op;

pub(super) static SCORE: Score = Score {
    name: "synaptic_diversity",
    summary: "of attention the rank that its weights and their gradients have, of other layers how much the loss depends on them",
    scale: "0 or more",
    paper: "arXiv:2203.12217",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let nodes = probe.graph.nodes();
        let learned = &probe.learned(0).weights;
        let each = probe.layer_slots().zip(probe.layers()).zip(learned).map(|((slot, weights), gradient)| {
            let Op::SelfAttention(op) = &nodes[slot.node.index()].op else {
                return sum_of(weights, gradient, |w, g| (w * g).abs());
            };
            // The matrices of queries, keys and values lie under each other; that of answers stands alone and is square.
            let side = slot.shape[1];
            let parts = op.parts(side);
            let parts = if slot.shape[0] == side { &parts[..1] } else { &parts[..] };
            let mut from = 0;
            let norms = parts.iter().map(|rows| {
                let own = from..from + rows * side;
                from = own.end;
                nuclear_norm(&weights[own.clone()], side) * nuclear_norm(&gradient[own], side)
            });
            norms.sum()
        });
        each.sum()
    },
};

/// The sum of the singular values of a matrix of so many columns: a smooth measure of its rank.
fn nuclear_norm(numbers: &[f32], columns: usize) -> f64 {
    let rows = numbers.len() / columns.max(1);
    let matrix = DMatrix::from_row_iterator(rows, columns, numbers.iter().map(|x| f64::from(*x)));
    if matrix.iter().any(|x| !x.is_finite()) {
        return f64::NAN;
    }
    let squares = matrix.tr_mul(&matrix).symmetric_eigenvalues();
    squares.iter().map(|square| square.max(0.0).sqrt()).sum()
}

#[cfg(test)]
mod tests {
    use super::nuclear_norm;

    #[test]
    fn the_nuclear_norm_is_the_sum_of_singular_values() {
        // A rotation has only ones, whatever is scaled keeps its factors, and what repeats a row has one rank less.
        assert!((nuclear_norm(&[0.6, -0.8, 0.8, 0.6], 2) - 2.0).abs() < 1e-6);
        assert!((nuclear_norm(&[3.0, 0.0, 0.0, -4.0], 2) - 7.0).abs() < 1e-6);
        assert!((nuclear_norm(&[1.0, 2.0, 1.0, 2.0], 2) - 10f64.sqrt()).abs() < 1e-6);
        // A single row has its length.
        assert!((nuclear_norm(&[3.0, 4.0], 2) - 5.0).abs() < 1e-6);
    }
}
