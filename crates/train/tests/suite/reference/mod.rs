//! The same network written as plainly as possible, in double precision, one example at a time.

mod numbers;
mod steps;

use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, NodeId, Op};
use nascent_train::Weights;

/// The answer to one input, as after training.
pub fn answer(graph: &Architecture, weights: &Weights, input: &[f32]) -> Vec<f64> {
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (i, node) in graph.nodes().iter().enumerate() {
        let of_node = |part: &str| -> Vec<f64> {
            let name = format!("{i:03}.{}.{part}", node.op.name().to_lowercase());
            let at = weights.slots.iter().position(|s| s.name == name);
            at.map_or(Vec::new(), |at| weights.values[at].iter().map(|x| f64::from(*x)).collect())
        };
        let inputs: Vec<&Vec<f64>> = node.inputs.iter().map(|n| &values[n.index()]).collect();
        let shapes = graph.input_shapes(NodeId(i as u32));
        let plane = |x: &[f64], c: usize| x.len() / c;
        let value = match &node.op {
            Op::Input(_) => input.iter().map(|x| f64::from(*x)).collect(),
            Op::Zero(zero) => vec![0.0; zero.shape.len() as usize],
            Op::Identity(_) | Op::Flatten(_) | Op::Dropout(_) => inputs[0].clone(),
            Op::Activation(f) => inputs[0].iter().map(|x| activate(*f, *x)).collect(),
            Op::Add(_) => (0..inputs[0].len()).map(|j| inputs.iter().map(|x| x[j]).sum()).collect(),
            // Where nothing is said of a choice, its options weigh the same.
            Op::Mixed(_) => {
                let n = inputs.len() as f64;
                (0..inputs[0].len()).map(|j| inputs.iter().map(|x| x[j]).sum::<f64>() / n).collect()
            }
            Op::Multiply(_) => {
                let repeat = inputs[0].len() / inputs[1].len();
                inputs[0].iter().enumerate().map(|(j, x)| x * inputs[1][j / repeat]).collect()
            }
            Op::Delay(op) => {
                let n = plane(inputs[0], shapes[0].extents()[0]);
                let moved = |j: usize| if j % n < op.steps { 0.0 } else { inputs[0][j - op.steps] };
                (0..inputs[0].len()).map(moved).collect()
            }
            Op::Concat(_) => inputs.into_iter().flatten().copied().collect(),
            Op::GlobalAveragePool(_) => {
                let n = plane(inputs[0], shapes[0].extents()[0]);
                inputs[0].chunks(n).map(|c| c.iter().sum::<f64>() / n as f64).collect()
            }
            Op::BatchNorm(_) => {
                let (scale, shift) = (of_node("scale"), of_node("shift"));
                let (mean, variance) = (of_node("running_mean"), of_node("running_variance"));
                let n = plane(inputs[0], scale.len());
                let normal = |c: usize, x: f64| (x - mean[c]) / (variance[c] + 1e-5).sqrt();
                inputs[0]
                    .iter()
                    .enumerate()
                    .map(|(j, x)| normal(j / n, *x) * scale[j / n] + shift[j / n])
                    .collect()
            }
            Op::Linear(op) => {
                let (w, bias) = (of_node("weight"), of_node("bias"));
                let sum = |o: usize| {
                    inputs[0].iter().enumerate().map(|(j, x)| x * w[j * op.features + o]).sum::<f64>()
                };
                (0..op.features).map(|o| sum(o) + bias.get(o).copied().unwrap_or(0.0)).collect()
            }
            Op::Conv2d(op) => {
                let image = shapes[0].image().unwrap();
                convolve(
                    op,
                    inputs[0],
                    image,
                    graph.shapes()[i].image().unwrap(),
                    &of_node("weight"),
                    &of_node("bias"),
                )
            }
            Op::Pool2d(op) => {
                pool(op, inputs[0], shapes[0].image().unwrap(), graph.shapes()[i].image().unwrap())
            }
            Op::GlobalMaxPool(_) => {
                let n = plane(inputs[0], shapes[0].extents()[0]);
                inputs[0].chunks(n).map(|c| c.iter().copied().fold(f64::NEG_INFINITY, f64::max)).collect()
            }
            Op::Slice(op) => {
                let n = plane(inputs[0], shapes[0].extents()[0]);
                inputs[0][op.from * n..(op.from + op.len) * n].to_vec()
            }
            Op::PiecewiseLinear(op) => numbers::bins(op.bins, inputs[0]),
            Op::PerFeature(op) => numbers::each(op, inputs[0], &of_node("weight"), &of_node("bias")),
            Op::Periodic(op) => numbers::waves(op.frequencies, inputs[0], &of_node("frequencies")),
            Op::Embedding(op) => numbers::embed(op, inputs[0], &of_node("weight")),
            Op::EmbeddingBag(op) => numbers::embed_bag(op, inputs[0], &of_node("weight")),
            Op::LayerNorm(_) => steps::normalise(inputs[0], &of_node("scale"), &of_node("shift")),
            Op::Conv1d(op) => {
                let n = shapes[0].extents()[1];
                steps::convolve(op, inputs[0], n, &of_node("weight"), &of_node("bias"))
            }
            Op::Pool1d(op) => steps::pool(op, inputs[0], shapes[0].extents()[1]),
            Op::MaskedPool(op) => steps::pool_masked(op.kind, inputs[0], inputs[1]),
            Op::PositionEmbedding(_) => {
                inputs[0].iter().zip(of_node("weight")).map(|(x, position)| x + position).collect()
            }
            Op::SelfAttention(op) => {
                let given = (of_node("projection.weight"), of_node("projection.bias"));
                let taken = (of_node("output.weight"), of_node("output.bias"));
                let n = shapes[0].extents()[1];
                let codes = inputs.get(1).map_or(vec![1.0; n], |codes| (*codes).clone());
                let projected = steps::project(inputs[0], n, &given.0, &given.1);
                steps::project(&steps::attend(op, &projected, &codes), n, &taken.0, &taken.1)
            }
            Op::TiedOutput(op) => {
                let rows = weights.slots.iter().position(|s| s.node == node.inputs[1]).unwrap();
                let rows = weights.values[rows].iter().map(|x| f64::from(*x));
                let table: Vec<f64> = std::iter::repeat_n(0.0, op.size).chain(rows).collect();
                steps::project(inputs[0], shapes[0].extents()[1], &table, &of_node("bias"))
            }
            op @ (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_)) => {
                let (weight, bias) = (of_node("input.weight"), of_node("input.bias"));
                let (n, size) = (shapes[0].extents()[1], bias.len() / op.gates().unwrap());
                let gates = steps::project(inputs[0], n, &weight, &bias);
                let weight = of_node("state.weight");
                match op {
                    Op::Lstm(_) => steps::remember(size, &gates, n, &weight),
                    Op::Cell(op) => steps::mix(op, &gates, n, &weight),
                    _ => steps::recur(size, &gates, n, &weight),
                }
            }
        };
        assert_eq!(value.len() as u64, graph.shapes()[i].len());
        values.push(value);
    }
    values.swap_remove(graph.output().index())
}

fn activate(f: Activation, x: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match f {
        Activation::Relu => x.max(0.0),
        Activation::Silu => x * sigmoid,
        Activation::Gelu => 0.5 * x * (1.0 + error_function(x / 2f64.sqrt())),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid,
    }
}

/// erf by its Taylor series; beyond 4 it is 1 to more digits than are compared.
fn error_function(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..100 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

type Image = (usize, usize, usize);

fn convolve(
    op: &Conv2d,
    x: &[f64],
    (c, h, w): Image,
    (oc, oh, ow): Image,
    weight: &[f64],
    bias: &[f64],
) -> Vec<f64> {
    let (per_in, per_out) = (c / op.groups, oc / op.groups);
    let mut out = vec![0.0; oc * oh * ow];
    for (at, value) in out.iter_mut().enumerate() {
        let (o, y, z) = (at / (oh * ow), at / ow % oh, at % ow);
        *value = bias.get(o).copied().unwrap_or(0.0);
        for i in 0..per_in {
            for (ky, kx) in (0..op.kernel).flat_map(|ky| (0..op.kernel).map(move |kx| (ky, kx))) {
                let sy = (y * op.stride + ky * op.dilation).wrapping_sub(op.padding);
                let sx = (z * op.stride + kx * op.dilation).wrapping_sub(op.padding);
                if sy < h && sx < w {
                    let channel = o / per_out * per_in + i;
                    *value += x[(channel * h + sy) * w + sx]
                        * weight[((o * per_in + i) * op.kernel + ky) * op.kernel + kx];
                }
            }
        }
    }
    out
}

fn pool(op: &Pool2d, x: &[f64], (_, h, w): Image, (oc, oh, ow): Image) -> Vec<f64> {
    let mut out = vec![0.0; oc * oh * ow];
    for (at, value) in out.iter_mut().enumerate() {
        let (c, y, z) = (at / (oh * ow), at / ow % oh, at % ow);
        let mut seen = Vec::new();
        for (ky, kx) in (0..op.kernel).flat_map(|ky| (0..op.kernel).map(move |kx| (ky, kx))) {
            let (sy, sx) = (
                (y * op.stride + ky).wrapping_sub(op.padding),
                (z * op.stride + kx).wrapping_sub(op.padding),
            );
            if sy < h && sx < w {
                seen.push(x[(c * h + sy) * w + sx]);
            }
        }
        *value = match op.kind {
            PoolKind::Max => seen.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            PoolKind::Average => seen.iter().sum::<f64>() / seen.len() as f64,
        };
    }
    out
}
