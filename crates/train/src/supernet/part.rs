//! Which numbers of a larger tensor a smaller one uses.

use crate::weights::Slot;
use nascent_core::architecture::op::SelfAttention;
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
        // Queries, keys and values, of which there are as many as queries, or fewer.
        (Op::SelfAttention(_), "projection.weight", &[_, columns]) => (vec![3, columns, columns], 3),
        (Op::SelfAttention(op), "projection.bias", &[rows]) => (vec![3, queries(op, rows)], 2),
        // The gates of a recurrent unit.
        (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), "input.weight", &[rows, columns]) => {
            (vec![beside, rows / beside, columns], 3)
        }
        (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), "input.bias", &[rows]) => (vec![beside, rows / beside], 2),
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

/// How many of all that one projection of attention gives are queries.
fn queries(op: &SelfAttention, projected: usize) -> usize {
    projected / (op.heads + 2 * op.key_heads) * op.heads
}

/// Where the numbers of a slot lie among those of an entry of at least its extents.
pub(crate) fn located(graph: &Architecture, slot: &Slot, whole: &[usize]) -> Vec<Run> {
    let part = axes(graph, slot);
    let name = slot.name.splitn(3, '.').last().unwrap_or_default();
    let (Op::SelfAttention(op), true) =
        (&graph.nodes()[slot.node.index()].op, name.starts_with("projection"))
    else {
        return runs(whole, &part);
    };
    // Where there are fewer keys and values than queries, they are the first of those that there may be.
    let rest = &part[2..];
    let inner: usize = rest.iter().map(|axis| axis.len).product();
    let each: usize = whole[1..].iter().product();
    let (mut found, mut before) = (Vec::new(), 0);
    for (side, rows) in op.parts(part[1].len).into_iter().enumerate() {
        let own: Vec<Axis> =
            std::iter::once(Axis { len: rows, ..part[1] }).chain(rest.iter().copied()).collect();
        let own = runs(&whole[1..], &own).into_iter();
        found.extend(own.map(|run| Run {
            whole: side * each + run.whole,
            part: before + run.part,
            len: run.len,
        }));
        before += rows * inner;
    }
    found
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
    use nascent_core::architecture::op::Relative;
    use nascent_core::architecture::{ArchitectureBuilder, Shape, slots};

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
    fn fewer_keys_and_values_are_the_first_of_more() {
        let attention = |heads, key_heads| {
            let mut b = ArchitectureBuilder::new(Shape::new(&[2 * heads, 3]));
            let op = SelfAttention { heads, key_heads, causal: true, relative: Relative::None };
            let attended = b.add(op, &[b.input()]).unwrap();
            b.finish(attended).unwrap()
        };
        // Of three heads of two channels, two are used, which share the keys and the values of the first.
        let (large, small) = (attention(3, 3), attention(2, 1));
        let (large_slots, small_slots) = (slots(&large), slots(&small));
        for (whole, part) in large_slots.iter().zip(&small_slots) {
            let extents: Vec<usize> = axes(&large, whole).iter().map(|axis| axis.len).collect();
            let columns = part.shape.get(1).copied().unwrap_or(1);
            let mut found = vec![None; part.len()];
            for run in located(&small, part, &extents) {
                (0..run.len).for_each(|i| assert!(found[run.part + i].replace(run.whole + i).is_none()));
            }
            let is_projection = part.name.contains("projection");
            // The first rows of queries, keys and values, or of all.
            let rows: &[usize] = if is_projection { &[0, 1, 2, 3, 6, 7, 12, 13] } else { &[0, 1, 2, 3] };
            let stride = whole.shape.get(1).copied().unwrap_or(1);
            let expected = rows.iter().flat_map(|row| (0..columns).map(move |c| Some(row * stride + c)));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{}", part.name);
            // All of a slot lies where it is.
            assert_eq!(
                located(&large, whole, &extents).iter().map(|run| run.len).sum::<usize>(),
                whole.len()
            );
            assert!(located(&large, whole, &extents).iter().all(|run| run.whole == run.part));
        }
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
