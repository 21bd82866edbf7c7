use super::forward::{Forward, Mode};
use super::host;
use crate::{Device, Weights};
use nascent_core::architecture::{Architecture, NodeId};

/// Sees the value of a node, one example after another, and may change it.
pub type Tap<'a> = dyn FnMut(NodeId, &mut [f32]) + 'a;

/// What a network answers to a batch after training, [`Tap`] seeing the values of `nodes` on their way.
#[must_use]
pub fn tapped(
    (graph, weights): (&Architecture, &Weights),
    inputs: &[f32],
    nodes: &[NodeId],
    tap: &mut Tap<'_>,
) -> Vec<f32> {
    let on = Device::Cpu.tensors();
    let mut forward = Forward::new(graph, weights, &on, true, Mode::Evaluate);
    forward.tap = Some((nodes, tap));
    host(forward.run(inputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Network, TrainStep};
    use nascent_core::Settings;
    use nascent_core::architecture::op::{Conv2d, Flatten, Linear};
    use nascent_core::architecture::{ArchitectureBuilder, Shape};

    #[test]
    fn values_are_seen_and_changed_on_their_way() {
        let mut b = ArchitectureBuilder::new(Shape::new(&[1, 3, 3]));
        let ops =
            [Conv2d::same(2, 3, 1).into(), Flatten {}.into(), Linear { features: 2, bias: true }.into()];
        let out = b.chain(b.input(), ops).unwrap();
        let graph = b.finish(out).unwrap();
        let weights = Weights::fresh(&graph, 3);
        let inputs: Vec<f32> = (0..18).map(|i| (i % 5) as f32 - 2.0).collect();
        let mut network = Network::new(graph.clone(), weights.clone(), &Settings::default(), 0, Device::Cpu);
        let mut seen = Vec::new();
        let nodes = [NodeId(0), NodeId(1)];
        let answers = tapped((&graph, &weights), &inputs, &nodes, &mut |node, numbers: &mut [f32]| {
            seen.push((node, numbers.len()));
            if node == NodeId(0) {
                numbers.iter_mut().for_each(|x| *x = -*x);
            }
        });
        assert_eq!(seen, [(NodeId(0), 18), (NodeId(1), 36)]);
        let turned: Vec<f32> = inputs.iter().map(|x| -x).collect();
        for (a, b) in answers.iter().zip(network.eval_batch(&turned)) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        }
    }
}
