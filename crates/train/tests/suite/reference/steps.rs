//! What is computed along the steps of a sequence, `[channels, steps]`.

use nascent_core::architecture::op::{Cell, CellFunction, Conv1d, Pool1d, PoolKind, Relative, SelfAttention};

/// Over all channels of each step; a vector is one step.
pub fn normalise(x: &[f64], scale: &[f64], shift: &[f64]) -> Vec<f64> {
    let (channels, steps) = (scale.len(), x.len() / scale.len());
    let mut y = vec![0.0; x.len()];
    for step in 0..steps {
        let of = |c: usize| x[c * steps + step];
        let mean = (0..channels).map(of).sum::<f64>() / channels as f64;
        let variance = (0..channels).map(|c| (of(c) - mean).powi(2)).sum::<f64>() / channels as f64;
        for c in 0..channels {
            y[c * steps + step] = (of(c) - mean) / (variance + 1e-5).sqrt() * scale[c] + shift[c];
        }
    }
    y
}

/// The input steps of a window, with the tap that reads each.
fn window(
    at: usize,
    stride: usize,
    kernel: usize,
    padding: usize,
    dilation: usize,
    steps: usize,
) -> Vec<(usize, usize)> {
    (0..kernel)
        .map(|tap| (tap, (at * stride + tap * dilation).wrapping_sub(padding)))
        .filter(|(_, step)| *step < steps)
        .collect()
}

pub fn convolve(op: &Conv1d, x: &[f64], steps: usize, weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let places = (steps + 2 * op.padding - op.dilation * (op.kernel - 1) - 1) / op.stride + 1;
    let per_in = x.len() / steps / op.groups;
    let mut y = Vec::new();
    for o in 0..op.channels {
        let group = o / (op.channels / op.groups);
        for at in 0..places {
            let mut sum = bias.get(o).copied().unwrap_or(0.0);
            for (tap, step) in window(at, op.stride, op.kernel, op.padding, op.dilation, steps) {
                for i in 0..per_in {
                    sum +=
                        x[(group * per_in + i) * steps + step] * weight[(o * per_in + i) * op.kernel + tap];
                }
            }
            y.push(sum);
        }
    }
    y
}

pub fn pool(op: &Pool1d, x: &[f64], steps: usize) -> Vec<f64> {
    let places = (steps + 2 * op.padding - op.kernel) / op.stride + 1;
    let mut y = Vec::new();
    for channel in x.chunks(steps) {
        for at in 0..places {
            let seen = window(at, op.stride, op.kernel, op.padding, 1, steps);
            y.push(fold(op.kind, seen.into_iter().map(|(_, step)| channel[step])));
        }
    }
    y
}

fn fold(kind: PoolKind, values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    match kind {
        PoolKind::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        PoolKind::Average => values.iter().sum::<f64>() / values.len() as f64,
    }
}

pub fn pool_masked(kind: PoolKind, x: &[f64], codes: &[f64]) -> Vec<f64> {
    if codes.iter().all(|code| *code == 0.0) {
        return vec![0.0; x.len() / codes.len()];
    }
    let live = |channel: &[f64]| -> Vec<f64> {
        channel.iter().zip(codes).filter(|(_, code)| **code != 0.0).map(|(x, _)| *x).collect()
    };
    x.chunks(codes.len()).map(|channel| fold(kind, live(channel).into_iter())).collect()
}

/// `weight · x + bias` at each step.
pub fn project(x: &[f64], steps: usize, weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let channels = x.len() / steps;
    let at = |o: usize, step: usize| {
        (0..channels).map(|c| weight[o * channels + c] * x[c * steps + step]).sum::<f64>()
    };
    (0..bias.len())
        .flat_map(|o| (0..steps).map(move |step| (o, step)))
        .map(|(o, step)| bias[o] + at(o, step))
        .collect()
}

/// Attention from queries, keys and values under each other.
pub fn attend(op: &SelfAttention, projected: &[f64], codes: &[f64]) -> Vec<f64> {
    let steps = codes.len();
    let each = projected.len() / steps / (op.heads + 2 * op.key_heads);
    let channels = op.heads * each;
    // The vectors of queries, then of keys, then of values.
    let given = |vector: usize, i: usize, step: usize| projected[(vector * each + i) * steps + step];
    // Queries and keys may be turned, as complex numbers are.
    let turned = |vector: usize, i: usize, step: usize| {
        if op.relative != Relative::Rotary {
            return given(vector, i, step);
        }
        let pair = i % (each / 2);
        let angle = step as f64 / 10_000f64.powf(2.0 * pair as f64 / each as f64);
        let (real, imaginary) = (given(vector, pair, step), given(vector, each / 2 + pair, step));
        match i == pair {
            true => real * angle.cos() - imaginary * angle.sin(),
            false => imaginary * angle.cos() + real * angle.sin(),
        }
    };
    let mut y = vec![0.0; channels * steps];
    for head in 0..op.heads {
        // Neighbours share a head of keys and values.
        let shared = (0..op.key_heads).find(|k| head * op.key_heads < (k + 1) * op.heads).unwrap();
        let (key_head, value_head) = (op.heads + shared, op.heads + op.key_heads + shared);
        for query in (0..steps).filter(|q| codes[*q] != 0.0) {
            let seen = |key: usize| codes[key] != 0.0 && (!op.causal || key <= query);
            let score = |key: usize| {
                let products = (0..each).map(|i| turned(head, i, query) * turned(key_head, i, key));
                let slope = op.slopes().get(head).map_or(0.0, |slope| f64::from(*slope));
                let distance = query as f64 - key as f64;
                (products.sum::<f64>() / (each as f64).sqrt() - slope * distance).exp()
            };
            let total: f64 = (0..steps).filter(|k| seen(*k)).map(score).sum();
            for i in 0..each {
                let values = (0..steps).filter(|k| seen(*k)).map(|k| score(k) * given(value_head, i, k));
                y[(head * each + i) * steps + query] = values.sum::<f64>() / total;
            }
        }
    }
    y
}

/// The states of a recurrent unit, from what the input gives reset, update and candidate.
pub fn recur(size: usize, gates: &[f64], steps: usize, weight: &[f64]) -> Vec<f64> {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut state, mut y) = (vec![0.0; size], vec![0.0; size * steps]);
    for step in 0..steps {
        let given = |part: usize, i: usize| gates[(part * size + i) * steps + step];
        let old = |part: usize, i: usize| -> f64 {
            (0..size).map(|j| state[j] * weight[j * 3 * size + part * size + i]).sum()
        };
        let next: Vec<f64> = (0..size)
            .map(|i| {
                let reset = sigmoid(given(0, i) + old(0, i));
                let update = sigmoid(given(1, i) + old(1, i));
                let candidate = (given(2, i) + reset * old(2, i)).tanh();
                (1.0 - update) * candidate + update * state[i]
            })
            .collect();
        for (i, x) in next.iter().enumerate() {
            y[i * steps + step] = *x;
        }
        state = next;
    }
    y
}

/// The states of a long short-term memory, from what the input gives input gate, forget gate, candidate and output gate.
pub fn remember(size: usize, gates: &[f64], steps: usize, weight: &[f64]) -> Vec<f64> {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut state, mut memory, mut y) = (vec![0.0; size], vec![0.0; size], vec![0.0; size * steps]);
    for step in 0..steps {
        let gate = |part: usize, i: usize| -> f64 {
            let old = (0..size).map(|j| state[j] * weight[j * 4 * size + part * size + i]);
            gates[(part * size + i) * steps + step] + old.sum::<f64>()
        };
        let next: Vec<f64> = (0..size)
            .map(|i| sigmoid(gate(1, i)) * memory[i] + sigmoid(gate(0, i)) * gate(2, i).tanh())
            .collect();
        let now: Vec<f64> = (0..size).map(|i| sigmoid(gate(3, i)) * next[i].tanh()).collect();
        for (i, x) in now.iter().enumerate() {
            y[i * steps + step] = *x;
        }
        (state, memory) = (now, next);
    }
    y
}

/// The states of a cell, from what the input gives gate and value of its first node.
pub fn mix(op: &Cell, gates: &[f64], steps: usize, weight: &[f64]) -> Vec<f64> {
    let size = op.size;
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut state, mut y) = (vec![0.0; size], vec![0.0; size * steps]);
    for step in 0..steps {
        let mut nodes: Vec<Vec<f64>> = Vec::new();
        for (number, node) in op.nodes.iter().enumerate() {
            let read = node.reads.map_or(&state, |read| &nodes[read]);
            let sum = |i: usize| -> f64 {
                let own = &weight[number * 2 * size * size..];
                let given = if node.reads.is_none() { gates[i * steps + step] } else { 0.0 };
                given + (0..size).map(|j| read[j] * own[j * 2 * size + i]).sum::<f64>()
            };
            let bent = |x: f64| match node.function {
                CellFunction::Tanh => x.tanh(),
                CellFunction::Relu => x.max(0.0),
                CellFunction::Sigmoid => sigmoid(x),
                CellFunction::Identity => x,
            };
            let value = |i: usize| {
                let gate = sigmoid(sum(i));
                gate * bent(sum(size + i)) + (1.0 - gate) * read[i]
            };
            let values = (0..size).map(value).collect();
            nodes.push(values);
        }
        // The mean of the nodes that no other reads.
        let is_end = |number: &usize| op.nodes.iter().all(|node| node.reads != Some(*number));
        let ends: Vec<&Vec<f64>> = (0..nodes.len()).filter(is_end).map(|number| &nodes[number]).collect();
        let next: Vec<f64> =
            (0..size).map(|i| ends.iter().map(|end| end[i]).sum::<f64>() / ends.len() as f64).collect();
        for (i, x) in next.iter().enumerate() {
            y[i * steps + step] = *x;
        }
        state = next;
    }
    y
}
