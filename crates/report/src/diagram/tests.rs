use super::layout::{Layout, Placed};
use super::plan::Plan;
use super::{svg, text};
use nascent_core::architecture::op::{Activation, Add, BatchNorm, Conv2d, GlobalAveragePool};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Shape};
use nascent_core::rng::Rng;

#[path = "../../tests/common/networks.rs"]
#[allow(dead_code, reason = "shared with the tests of the page")]
mod networks;

/// A graph without any plan: branches, sums of many terms, parts whose names come and go.
fn wild(seed: u64, most: usize) -> Architecture {
    let mut rng = Rng::new(seed, 0);
    let mut b = ArchitectureBuilder::new(Shape::new(&[4, 8, 8]));
    let mut made = vec![b.input()];
    for _ in 0..most / 9 + rng.below(most) {
        if rng.below(4) == 0 {
            b.scope(["a", "b", "b / x", "b / y", "<c>"][rng.below(5)]);
        }
        let pick = |rng: &mut Rng| made[made.len() - 1 - rng.below(made.len().min(6))];
        let (one, two, three) = (pick(&mut rng), pick(&mut rng), pick(&mut rng));
        made.push(
            match rng.below(5) {
                0 => b.add(Activation::Relu, &[one]),
                1 => b.add(BatchNorm {}, &[one]),
                2 => b.add(Add {}, &[one, two, three]),
                _ => b.add(Conv2d::same(4, 3, 1), &[one]),
            }
            .unwrap(),
        );
    }
    let out = b.add(GlobalAveragePool {}, &[made[made.len() - 1]]).unwrap();
    b.finish(out).unwrap().canonical()
}

fn check(a: &Architecture) {
    let plan = Plan::new(a);
    let layout = Layout::new(&plan);
    // Every operation is drawn, as often as it is there.
    let drawn = |s: &super::plan::Segment| {
        s.blocks.iter().map(|&b| plan.blocks[b].nodes.len()).sum::<usize>() * s.times
    };
    assert_eq!(plan.segments.iter().map(drawn).sum::<usize>(), a.nodes().len());
    assert_eq!(plan.segments.iter().map(|s| plan.cost(s).0).sum::<u64>(), a.cost().params);
    assert_eq!(layout.placed.len(), plan.drawn().count());
    let apart = |a: &Placed, b: &Placed| {
        a.left + a.width <= b.left || b.left + b.width <= a.left || a.bottom() <= b.top || b.bottom() <= a.top
    };
    for (i, p) in layout.placed.iter().enumerate() {
        assert!(p.left >= 0.0 && p.left + p.width <= layout.width, "{p:?}");
        assert!(p.top >= 0.0 && p.bottom() <= layout.height, "{p:?}");
        for other in &layout.placed[i + 1..] {
            assert!(apart(p, other), "{p:?} and {other:?} overlap");
        }
    }
    let of = |b: usize| layout.placed.iter().find(|p| p.block == b).unwrap();
    for line in &layout.lines {
        assert!(of(line.from).bottom() < of(line.to).top, "{line:?} does not go down");
        for &(x, top, bottom) in &line.through {
            let hits = |p: &&Placed| x > p.left && x < p.left + p.width && top < p.bottom() && bottom > p.top;
            assert_eq!(layout.placed.iter().find(hits), None, "{line:?} runs through a box");
        }
    }
    let reads: usize = plan
        .drawn()
        .map(|b| {
            let mut inputs = plan.blocks[b].inputs.clone();
            inputs.sort_unstable();
            inputs.dedup();
            inputs.len()
        })
        .sum();
    assert_eq!(layout.lines.len(), reads);
    let heights: Vec<(f64, f64)> = layout.bands.iter().map(|b| (b.top, b.top + b.height)).collect();
    assert!(heights.windows(2).all(|w| w[0].1 <= w[1].0), "bands overlap: {heights:?}");
}

#[test]
fn boxes_never_overlap_and_every_operation_is_drawn() {
    for a in [
        networks::plain(),
        networks::mlp(),
        networks::residual(),
        networks::text(),
        networks::searched(8, 2, 5, 4, true, false),
        networks::recurrent(&[]),
        networks::recurrent(&[0, 1, 2]),
        networks::recurrent(&[0, 0, 1, 1, 1, 2, 5]),
    ] {
        check(&a);
    }
    for ops in [[3, 2, 4, 1, 3, 2], [1, 0, 0, 1, 0, 0], [0; 6], [4, 4, 4, 4, 4, 4], [1, 1, 1, 1, 1, 1]] {
        check(&networks::cells(ops, 3));
    }
}

#[test]
fn graphs_without_any_plan_are_drawn_properly_too() {
    for seed in 0..150 {
        let a = wild(seed, 40);
        check(&a);
        let lines = text(&a);
        let marks = lines.lines().filter(|l| l.contains('●')).count();
        assert_eq!(marks, Plan::new(&a).drawn().count(), "{lines}");
    }
}

#[test]
fn a_graph_of_a_thousand_operations_is_drawn_at_once() {
    let a = wild(3, 4_000);
    assert!(a.nodes().len() > 800, "{}", a.nodes().len());
    check(&a);
}

#[test]
fn repeated_cells_are_drawn_once_with_their_number() {
    let plan = Plan::new(&networks::cells([3, 2, 4, 1, 3, 2], 5));
    let repeated: Vec<(&str, usize)> =
        plan.segments.iter().filter(|s| s.times > 1).map(|s| (s.name.as_str(), s.times)).collect();
    assert_eq!(
        repeated,
        [("stage 1 / cell 1 to 5", 5), ("stage 2 / cell 1 to 5", 5), ("stage 3 / cell 1 to 5", 5)]
    );
}

#[test]
fn parts_that_differ_are_not_taken_for_repetitions() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[4, 8, 8]));
    let mut at = b.input();
    for (n, kernel) in [3, 3, 3, 5, 3].into_iter().enumerate() {
        b.scope(format!("layer {n}"));
        at = b.add(Conv2d::same(4, kernel, 1), &[at]).unwrap();
    }
    let plan = Plan::new(&b.finish(at).unwrap());
    let times: Vec<usize> = plan.segments.iter().map(|s| s.times).collect();
    assert_eq!(times, [1, 3, 1, 1]);
}

#[test]
fn a_value_read_by_a_later_part_forbids_drawing_repetitions_once() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[4, 8, 8]));
    let (mut at, mut second) = (b.input(), NodeId(0));
    for n in 0..4 {
        b.scope(format!("layer {n}"));
        at = b.add(Conv2d::same(4, 3, 1), &[at]).unwrap();
        second = if n == 1 { at } else { second };
    }
    b.scope("end");
    let out = b.add(Add {}, &[at, second]).unwrap();
    let plan = Plan::new(&b.finish(out).unwrap());
    assert!(plan.segments.iter().all(|s| s.times == 1), "{:?}", plan.segments);
}

#[test]
fn names_from_outside_are_escaped_and_pictures_are_reproducible() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[4, 8, 8]));
    b.scope("<script>&");
    let out = b.add(Conv2d::same(4, 3, 1), &[NodeId(0)]).unwrap();
    let a = b.finish(out).unwrap();
    let picture = svg(&a);
    assert!(picture.contains("&lt;script&gt;&amp;") && !picture.contains("<script"));
    assert_eq!(picture, svg(&a));
}

#[test]
fn networks_in_a_terminal() {
    insta::assert_snapshot!("text", text(&networks::text()));
    insta::assert_snapshot!("residual", text(&networks::residual()));
    insta::assert_snapshot!("cell", text(&networks::cells([3, 2, 4, 1, 3, 2], 2)));
    // A cell is drawn as its nodes, in the order that their computation decides, and the mean of its loose ends.
    let lines = text(&networks::recurrent(&[0, 0, 1, 1]));
    for part in ["cell 16: tanh", "relu", "identity", "sigmoid", "mean"] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
}
