//! Which numbers of a larger tensor a smaller one uses.

use crate::weights::Slot;
use nascent_core::architecture::{Architecture, Op};

/// One extent of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    pub len: usize,
    /// Whether a part lies in the middle of the whole, as a small kernel does in a large one.
    pub is_centred: bool,
}

/// Neighbouring numbers of a part that are neighbours in the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub whole: usize,
    pub part: usize,
    pub len: usize,
}

/// The extents of a slot, those of what lies side by side in one axis taken apart.
pub(crate) fn axes(graph: &Architecture, slot: &Slot) -> Vec<Axis> {
    let part = slot.name.splitn(3, '.').last().unwrap_or_default();
    let shape = &slot.shape[..];
    let op = &graph.nodes()[slot.node.index()].op;
    // Queries, keys and values; the gates of a recurrent unit.
    let beside = op.gates().unwrap_or(3);
    let (extents, centred): (Vec<usize>, usize) = match (op, part, shape) {
        (Op::Conv2d(_) | Op::Conv1d(_), "weight", _) => (shape.to_vec(), 2),
        (Op::SelfAttention(_), "projection.weight", &[rows, columns])
        | (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), "input.weight", &[rows, columns]) => {
            (vec![beside, rows / beside, columns], 3)
        }
        (Op::SelfAttention(_), "projection.bias", &[rows])
        | (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), "input.bias", &[rows]) => (vec![beside, rows / beside], 2),
        (Op::Gru(_) | Op::Lstm(_), "state.weight", &[rows, columns]) => {
            (vec![rows, beside, columns / beside], 3)
        }
        (Op::Cell(_), "state.weight", &[nodes, rows, columns]) => {
            (vec![nodes, rows, beside, columns / beside], 4)
        }
        _ => (shape.to_vec(), shape.len()),
    };
    extents.into_iter().enumerate().map(|(i, len)| Axis { len, is_centred: i >= centred }).collect()
}

/// Where the numbers of `part`, row-major, lie among those of a tensor of at least its extents.
pub(crate) fn runs(whole: &[usize], part: &[Axis]) -> Vec<Run> {
    let mut runs = vec![Run { whole: 0, part: 0, len: 1 }];
    let (mut whole_stride, mut part_stride) = (1, 1);
    for (&extent, axis) in whole.iter().zip(part).rev() {
        let offset = if axis.is_centred { (extent - axis.len) / 2 } else { 0 };
        if runs.len() == 1 && runs[0].len == part_stride && part_stride == whole_stride {
            // All of what lies within: one run stays one.
            runs[0] = Run { whole: offset * whole_stride, part: 0, len: axis.len * part_stride };
        } else {
            let below = std::mem::take(&mut runs);
            for i in 0..axis.len {
                runs.extend(below.iter().map(|run| Run {
                    whole: run.whole + (i + offset) * whole_stride,
                    part: run.part + i * part_stride,
                    len: run.len,
                }));
            }
        }
        whole_stride *= extent;
        part_stride *= axis.len;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(len: usize, is_centred: bool) -> Axis {
        Axis { len, is_centred }
    }

    #[test]
    fn a_whole_is_one_run() {
        let part = [axis(2, false), axis(3, false), axis(4, true)];
        assert_eq!(runs(&[2, 3, 4], &part), [Run { whole: 0, part: 0, len: 24 }]);
        assert_eq!(runs(&[5, 3, 4], &part), [Run { whole: 0, part: 0, len: 24 }]);
        assert_eq!(runs(&[], &[]), [Run { whole: 0, part: 0, len: 1 }]);
    }

    #[test]
    fn each_number_is_where_its_place_says() {
        let whole = [3, 4, 5];
        let part = [axis(2, false), axis(2, false), axis(3, true)];
        let mut found = vec![None; 2 * 2 * 3];
        for run in runs(&whole, &part) {
            for i in 0..run.len {
                assert!(found[run.part + i].replace(run.whole + i).is_none(), "twice");
            }
        }
        for (i, found) in found.into_iter().enumerate() {
            let (a, b, c) = (i / 6, i / 3 % 2, i % 3);
            assert_eq!(found, Some((a * 4 + b) * 5 + c + 1));
        }
    }
}
