//! What a network takes over from the network that it comes from.

use crate::supernet::{Axis, axes, keys, located, runs};
use crate::weights::{from_bytes, to_bytes, write_whole};
use crate::{Slot, TrainError, Weights, slots};
use nascent_core::architecture::{Architecture, Op};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::path::Path;

/// The weights of a trained network by place and operation, for a network that differs from it in a choice or two.
///
/// An operation that stands in the same place takes what was there: the first channels, and the middle of a kernel, as networks
/// of a supernet do ([`Shared`](crate::Shared)). Where it has more inputs or a larger kernel, what is new weighs
/// nothing for the outputs that were there before, so that these go on as they were (in the manner of Net2Net, Chen et al.
/// 2015, arXiv:1511.05641); new outputs begin as fresh ones do. All else is fresh.
#[derive(Clone, Debug, PartialEq)]
pub struct Inheritance {
    /// Extents, and numbers in row-major order; no number where the network had none.
    entries: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Inheritance {
    /// What a network leaves.
    #[must_use]
    pub fn of(graph: &Architecture, weights: &Weights) -> Self {
        let all = keys(graph, &weights.slots).into_iter().zip(&weights.slots).zip(&weights.values);
        let entry = |((key, slot), values): ((String, &Slot), &Vec<f32>)| {
            let extents: Vec<usize> = axes(graph, slot).into_iter().map(|axis| axis.len).collect();
            let mut whole = vec![f32::NAN; extents.iter().product()];
            for run in located(graph, slot, &extents) {
                whole[run.whole..][..run.len].copy_from_slice(&values[run.part..][..run.len]);
            }
            (key, (extents, whole))
        };
        Self { entries: all.map(entry).collect() }
    }

    /// The weights that a network begins with: `fresh` ones, and what it takes over.
    #[must_use]
    pub fn given(&self, graph: &Architecture, mut fresh: Weights) -> Weights {
        let slots = slots(graph);
        for ((key, slot), values) in keys(graph, &slots).into_iter().zip(&slots).zip(&mut fresh.values) {
            let Some((extents, left)) = self.entries.get(&key) else { continue };
            let own = axes(graph, slot);
            if own.len() != extents.len() {
                continue;
            }
            if let Some(axis) = outputs(graph, slot) {
                silence(values, &own, axis, extents[axis]);
            }
            // Both are parts of what holds the larger of each extent.
            let whole: Vec<usize> = extents.iter().zip(&own).map(|(&len, axis)| len.max(axis.len)).collect();
            let old: Vec<Axis> = extents.iter().zip(&own).map(|(&len, axis)| Axis { len, ..*axis }).collect();
            let mut all = vec![f32::NAN; whole.iter().product()];
            for run in runs(&whole, &old) {
                all[run.whole..][..run.len].copy_from_slice(&left[run.part..][..run.len]);
            }
            for run in located(graph, slot, &whole) {
                let taken = values[run.part..][..run.len].iter_mut().zip(&all[run.whole..]);
                taken.filter(|(_, old)| !old.is_nan()).for_each(|(own, old)| *own = *old);
            }
        }
        fresh
    }

    /// Writes a safetensors file, which appears whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let fail =
            |e: safetensors::SafeTensorError| TrainError::File { path: path.into(), reason: e.to_string() };
        let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> =
            self.entries.iter().map(|(key, (extents, numbers))| (key, extents, to_bytes(numbers))).collect();
        let views = bytes
            .iter()
            .map(|(key, extents, bytes)| Ok((*key, TensorView::new(Dtype::F32, extents.to_vec(), bytes)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(fail)?;
        write_whole(path, &safetensors::serialize(views, None).map_err(fail)?)
    }

    /// Reads what was saved.
    ///
    /// # Errors
    /// Where the file is missing or damaged.
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        let fail = |reason: String| TrainError::File { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(|e| {
            fail(format!(
                "cannot be read ({e}): it has the weights that a network begins with; restore it from a copy"
            ))
        })?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|e| fail(format!("is not a whole safetensors file ({e}); restore it from a copy")))?;
        let entry =
            |(key, view): (String, TensorView<'_>)| (key, (view.shape().to_vec(), from_bytes(view.data())));
        Ok(Self { entries: file.tensors().into_iter().map(entry).collect() })
    }
}

/// Which axis of a weight counts what its operation gives, where growing can leave what was given before as it was.
fn outputs(graph: &Architecture, slot: &Slot) -> Option<usize> {
    let part = slot.name.splitn(3, '.').last().unwrap_or_default();
    match (&graph.nodes()[slot.node.index()].op, part) {
        (Op::Conv2d(_) | Op::Conv1d(_), "weight") => Some(0),
        (Op::Linear(_), "weight") => Some(1),
        _ => None,
    }
}

/// Zeros for the first `old` places of an axis.
fn silence(values: &mut [f32], extents: &[Axis], axis: usize, old: usize) {
    let inner: usize = extents[axis + 1..].iter().map(|axis| axis.len).product();
    let len = extents[axis].len;
    for (i, numbers) in values.chunks_exact_mut(inner.max(1)).enumerate() {
        if i % len < old {
            numbers.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Network, TrainStep};
    use nascent_core::Settings;
    use nascent_core::architecture::op::{Activation, Conv2d, Flatten, Linear, Relative, SelfAttention};
    use nascent_core::architecture::{ArchitectureBuilder, Shape};
    use nascent_core::rng::Rng;

    /// Two convolutions, and a layer more or less at the end.
    fn network(channels: usize, kernel: usize, is_deep: bool) -> Architecture {
        let mut b = ArchitectureBuilder::new(Shape::new(&[2, 6, 6]));
        b.scope("first");
        let conv = Conv2d { bias: true, ..Conv2d::same(channels, kernel, 1) };
        let at = b.chain(b.input(), [conv.into(), Activation::Relu.into()]).unwrap();
        b.scope("second");
        let conv = Conv2d { bias: true, ..Conv2d::same(3, kernel, 1) };
        let mut at = b.chain(at, [conv.into(), Activation::Relu.into(), Flatten {}.into()]).unwrap();
        if is_deep {
            b.scope("third");
            at = b.add(Linear { features: 108, bias: false }, &[at]).unwrap();
        }
        b.scope("head");
        let out = b.add(Linear { features: 4, bias: true }, &[at]).unwrap();
        b.finish(out).unwrap()
    }

    fn answers(graph: &Architecture, weights: Weights) -> Vec<f32> {
        let mut rng = Rng::new(3, 0);
        let inputs: Vec<f32> = (0..5 * 72).map(|_| rng.normal() as f32).collect();
        Network::new(graph.clone(), weights, &Settings::default(), 0, Device::Cpu).eval_batch(&inputs)
    }

    #[test]
    fn a_network_that_grows_answers_as_it_did() {
        let small = network(4, 3, false);
        let weights = Weights::fresh(&small, 1);
        let left = Inheritance::of(&small, &weights);
        let before = answers(&small, weights.clone());
        for (channels, kernel) in [(4, 3), (7, 3), (4, 5), (9, 5)] {
            let large = network(channels, kernel, false);
            let fresh = Weights::fresh(&large, 2);
            let after = answers(&large, left.given(&large, fresh.clone()));
            let apart = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-5, "{channels} channels, kernel {kernel}: {apart}");
            assert_ne!(answers(&large, fresh), before);
        }
    }

    #[test]
    fn what_shrinks_keeps_its_first_channels_and_what_is_new_is_fresh() {
        let large = network(6, 5, true);
        let weights = Weights::fresh(&large, 1);
        let small = network(4, 3, true);
        let fresh = Weights::fresh(&small, 2);
        let given = Inheritance::of(&large, &weights).given(&small, fresh.clone());
        // The middle of the kernel of each of the first four channels.
        let at = |w: &Weights, kernel: usize, o: usize, i: usize, y: usize, x: usize| {
            w.values[0][((o * 2 + i) * kernel + y) * kernel + x]
        };
        for (o, i, y, x) in [(0, 0, 0, 0), (3, 1, 2, 1), (2, 0, 1, 1)] {
            assert_eq!(at(&given, 3, o, i, y, x), at(&weights, 5, o, i, y + 1, x + 1));
        }
        let shallow = network(4, 3, false);
        let given = Inheritance::of(&shallow, &Weights::fresh(&shallow, 1)).given(&small, fresh.clone());
        let third = small.nodes().iter().position(|n| n.op == Linear { features: 108, bias: false }.into());
        let slot = fresh.slots.iter().position(|s| Some(s.node.index()) == third).unwrap();
        assert_eq!(given.values[slot], fresh.values[slot]);
        assert_ne!(given.values[0], fresh.values[0]);
    }

    #[test]
    fn heads_that_share_keys_leave_those_and_others_are_fresh() {
        let graph = |key_heads: usize| {
            let mut b = ArchitectureBuilder::new(Shape::new(&[8, 5]));
            let attention = SelfAttention { heads: 4, key_heads, causal: true, relative: Relative::None };
            let at = b.add(attention, &[b.input()]).unwrap();
            b.finish(at).unwrap()
        };
        let (shared, own) = (graph(1), graph(4));
        let (weights, fresh) = (Weights::fresh(&shared, 1), Weights::fresh(&own, 2));
        let given = Inheritance::of(&shared, &weights).given(&own, fresh.clone());
        // Eight rows of queries, then two of keys, which are the first of the eight that there may be.
        assert_eq!(given.values[0][..8 * 8], weights.values[0][..8 * 8]);
        assert_eq!(given.values[0][8 * 8..10 * 8], weights.values[0][8 * 8..10 * 8]);
        assert_eq!(given.values[0][10 * 8..16 * 8], fresh.values[0][10 * 8..16 * 8]);
        let back = Inheritance::of(&own, &given).given(&shared, Weights::fresh(&shared, 3));
        assert_eq!(back, weights);
    }

    #[test]
    fn what_is_left_is_kept_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left");
        let graph = network(4, 3, true);
        let left = Inheritance::of(&graph, &Weights::fresh(&graph, 1));
        left.save(&path).unwrap();
        assert_eq!(Inheritance::load(&path).unwrap(), left);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(Inheritance::load(&path).unwrap_err().to_string().contains("not a whole safetensors file"));
        let gone = Inheritance::load(&folder.path().join("gone")).unwrap_err().to_string();
        assert!(gone.contains("gone: cannot be read ("), "{gone}");
    }
}
