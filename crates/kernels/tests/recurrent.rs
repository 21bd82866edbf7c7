//! Recurrent units against their definitions in double precision, and their gradients against differences.
#![allow(clippy::unwrap_used)]

mod common;

use CellFunction::{Identity, Relu, Sigmoid, Tanh};
use common::{assert_close, cases, lay, numbers, pick, slopes, wide};
use nascent_kernels::Path;
use nascent_kernels::last::{CellFunction, CellNode, Grid, SLACK, Unit};
use proptest::prelude::*;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `x · W` of `[x.len(), wide]`.
fn product(x: &[f64], weight: &[f64], wide: usize) -> Vec<f64> {
    (0..wide).map(|o| x.iter().enumerate().map(|(j, x)| x * weight[j * wide + o]).sum()).collect()
}

/// What becomes of state and memory in a step, from what the input gives.
fn step(
    unit: &Unit,
    given: &[f64],
    weight: &[f64],
    (state, memory): (&[f64], &[f64]),
) -> (Vec<f64>, Vec<f64>) {
    let size = state.len();
    match unit {
        Unit::Gru => {
            let old = product(state, weight, 3 * size);
            let next = (0..size).map(|i| {
                let reset = sigmoid(given[i] + old[i]);
                let update = sigmoid(given[size + i] + old[size + i]);
                let candidate = (given[2 * size + i] + reset * old[2 * size + i]).tanh();
                (1.0 - update) * candidate + update * state[i]
            });
            (next.collect(), Vec::new())
        }
        Unit::Lstm => {
            let old = product(state, weight, 4 * size);
            let gate = |part: usize, i: usize| given[part * size + i] + old[part * size + i];
            let next =
                (0..size).map(|i| sigmoid(gate(1, i)) * memory[i] + sigmoid(gate(0, i)) * gate(2, i).tanh());
            let next: Vec<f64> = next.collect();
            (next.iter().enumerate().map(|(i, m)| sigmoid(gate(3, i)) * m.tanh()).collect(), next)
        }
        Unit::Cell(nodes) => {
            let mut values: Vec<Vec<f64>> = Vec::new();
            for (node, weight) in nodes.iter().zip(weight.chunks(2 * size * size)) {
                let before = node.reads.map_or(state, |read| &values[read][..]);
                let mut sums = product(before, weight, 2 * size);
                if node.reads.is_none() {
                    sums.iter_mut().zip(given).for_each(|(sum, x)| *sum += x);
                }
                let bend = |x: f64| match node.function {
                    Tanh => x.tanh(),
                    Relu => x.max(0.0),
                    Sigmoid => sigmoid(x),
                    Identity => x,
                };
                let mixed = (0..size).map(|i| {
                    let gate = sigmoid(sums[i]);
                    gate * bend(sums[size + i]) + (1.0 - gate) * before[i]
                });
                let mixed = mixed.collect();
                values.push(mixed);
            }
            let is_read = |i: &usize| nodes.iter().any(|node| node.reads == Some(*i));
            let ends: Vec<usize> = (0..nodes.len()).filter(|i| !is_read(i)).collect();
            let mean = |i| ends.iter().map(|end| values[*end][i]).sum::<f64>() / ends.len() as f64;
            ((0..size).map(mean).collect(), Vec::new())
        }
    }
}

/// States `[batch, steps, size]` from gates `[batch, steps, gates · size]`, and what each example's last step leaves; they begin with
/// what is carried there, or at zeros.
fn recur(
    unit: &Unit,
    [batch, size, steps]: [usize; 3],
    carried: &[f64],
    gates: &[f64],
    weight: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let (mut y, mut left) = (Vec::new(), Vec::new());
    let mut carried = carried.chunks(if *unit == Unit::Lstm { 2 * size } else { size });
    for gates in gates.chunks(unit.gates() * size * steps).take(batch) {
        let (mut state, mut memory) = (vec![0.0; size], vec![0.0; size]);
        if let Some(carried) = carried.next() {
            state.copy_from_slice(&carried[..size]);
            memory = carried[size..].to_vec();
        }
        for given in gates.chunks(unit.gates() * size) {
            (state, memory) = step(unit, given, weight, (&state, &memory));
            y.extend(&state);
        }
        left.extend(state.into_iter().chain(memory));
    }
    (y, left)
}

fn check(unit: &Unit, sizes: [usize; 3], border: usize, seed: u64) {
    for is_carried in [false, true] {
        check_from(unit, sizes, border, is_carried, seed);
    }
}

fn check_from(unit: &Unit, [batch, size, steps]: [usize; 3], border: usize, is_carried: bool, seed: u64) {
    let wide_len = unit.gates() * size;
    let count = if let Unit::Cell(nodes) = unit { nodes.len() } else { 1 };
    let gates: Vec<f32> = numbers(wide_len * batch * steps, seed).iter().map(|x| 2.0 * x).collect();
    let (weight, dy) = (numbers(count * wide_len * size, seed + 1), numbers(batch * size * steps, seed + 2));
    let carried_len = if *unit == Unit::Lstm { 2 * size } else { size };
    let carried = if is_carried { numbers((batch + 1) * carried_len, seed + 3) } else { Vec::new() };
    let (wgates, wweight, wcarried) = (wide(&gates), wide(&weight), wide(&carried));
    let whole = |gates: &[f64], weight: &[f64]| recur(unit, [batch, size, steps], &wcarried, gates, weight);
    let of = |gates: &[f64], weight: &[f64]| whole(gates, weight).0;
    let weighed = |y: Vec<f64>| y.iter().zip(&dy).map(|(y, w)| y * f64::from(*w)).sum::<f64>();
    let dgates_expected = slopes(&wgates, |gates| weighed(of(gates, &wweight)));
    let dweight_expected = slopes(&wweight, |weight| weighed(of(&wgates, weight)));
    for path in Path::available() {
        let gates_grid = Grid::plain(1, steps, wide_len, path.pitch(wide_len));
        let flat = Grid::plain(1, steps, size, path.pitch(size));
        let states_grid = flat.with_border([0, border], [0, border / 2]);
        let mut kernel = unit.steps(&gates_grid, &states_grid, path);
        kernel.set_weights(&weight, true);
        assert_eq!(kernel.carried_len(), carried_len);
        kernel.begin(&carried);
        // A larger batch before leaves nothing behind.
        for count in [batch + 1, batch] {
            let mut laid = lay(&gates, &gates_grid, batch);
            laid.resize(count * gates_grid.image_len() + SLACK, 0.5);
            let mut y = vec![0.0; count * states_grid.image_len() + SLACK];
            let mut kept = vec![f32::NAN; count * kernel.kept_len() + SLACK];
            kernel.forward(count, &laid, &mut kept, &mut y);
            assert_close("y", &pick(&y, &states_grid, batch), &of(&wgates, &wweight), 1e-5);
            let mut left = vec![0.5; 3];
            kernel.end(batch, &kept, &y, &mut left);
            assert_close("left", &left, &whole(&wgates, &wweight).1, 1e-5);
            let mut laid_dy = lay(&dy, &flat, batch);
            laid_dy.resize(count * flat.image_len() + SLACK, 0.0);
            let (mut dgates, mut dweight) = (laid.clone(), vec![f32::NAN; weight.len()]);
            kernel.gradient(count, (&kept, &y), &laid_dy, &mut dgates, &mut dweight);
            assert_close("dgates", &pick(&dgates, &gates_grid, batch), &dgates_expected, 3e-5);
            assert_close("dweight", &dweight, &dweight_expected, 3e-5);
        }
    }
}

proptest! {
    #![proptest_config(cases(40))]
    #[test]
    fn gru(batch in 0usize..10, size in 1usize..20, steps in 1usize..7, border in 0usize..3, seed in 0u64..100) {
        check(&Unit::Gru, [batch, size, steps], border, seed);
    }

    #[test]
    fn lstm(batch in 0usize..10, size in 1usize..20, steps in 1usize..7, border in 0usize..3, seed in 0u64..100) {
        check(&Unit::Lstm, [batch, size, steps], border, seed);
    }

    #[test]
    fn cell(
        batch in 0usize..7, size in 1usize..20, steps in 1usize..5, border in 0usize..3, seed in 0u64..100,
        nodes in proptest::collection::vec((0usize..12, 0usize..4), 1..6),
    ) {
        let node = |(i, (read, function)): (usize, &(usize, usize))| CellNode {
            reads: (i > 0).then(|| read % i),
            function: [Tanh, Relu, Sigmoid, Identity][*function],
        };
        let nodes = nodes.iter().enumerate().map(node).collect();
        check(&Unit::Cell(nodes), [batch, size, steps], border, seed);
    }
}

#[test]
fn gates_that_are_far_open_or_shut_stay_numbers() {
    let cell = |function| Unit::Cell(vec![CellNode { reads: None, function }]);
    // Of two steps: gates that take the candidate, then such that keep the state, and what the states are.
    let cases = [
        (Unit::Gru, vec![1e30, -1e30, 1e30, -1e30, 1e30, -1e30], [1.0, 1.0]),
        (Unit::Lstm, vec![1e30, -1e30, 1e30, 1e30, -1e30, 1e30, -1e30, 1e30], [1f32.tanh(); 2]),
        (cell(Tanh), vec![1e30, 1e30, -1e30, -1e30], [1.0, 1.0]),
        (cell(Sigmoid), vec![1e30, 1e30, -1e30, -1e30], [1.0, 1.0]),
        (cell(Relu), vec![1e30, -1e30, -1e30, -1e30], [0.0, 0.0]),
    ];
    for (unit, given, expected) in cases {
        for path in Path::available() {
            let wide = unit.gates();
            let (gates, states) =
                (Grid::plain(1, 2, wide, path.pitch(wide)), Grid::plain(1, 2, 1, path.pitch(1)));
            let mut kernel = unit.steps(&gates, &states, path);
            kernel.set_weights(&vec![0.5; wide], true);
            let laid = lay(&given, &gates, 1);
            let (mut kept, mut y) = (vec![0.0; kernel.kept_len() + SLACK], lay(&[0.0; 2], &states, 1));
            kernel.forward(1, &laid, &mut kept, &mut y);
            for (y, expected) in pick(&y, &states, 1).into_iter().zip(expected) {
                assert!((y - expected).abs() < 1e-6, "{unit:?}: {y} for {expected}");
            }
            let (mut dgates, mut dweight) = (laid.clone(), vec![f32::NAN; wide]);
            kernel.gradient(1, (&kept, &y), &lay(&[1.0; 2], &states, 1), &mut dgates, &mut dweight);
            let all = pick(&dgates, &gates, 1);
            assert!(all.iter().chain(&dweight).all(|d| d.abs() < 1e-6), "{unit:?}: {all:?}, {dweight:?}");
        }
    }
}

#[test]
#[should_panic(expected = "reads_earlier")]
fn a_node_that_reads_a_later_one_is_no_cell() {
    let node = |reads| CellNode { reads, function: Tanh };
    let (gates, states) = (Grid::plain(1, 2, 8, 8), Grid::plain(1, 2, 4, 4));
    let _ = Unit::Cell(vec![node(None), node(Some(2)), node(Some(0))]).steps(&gates, &states, Path::Portable);
}
