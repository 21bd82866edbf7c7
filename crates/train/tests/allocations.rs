//! What a compiled training takes from the allocator: nothing after its first step, and in all what was foreseen.
#![allow(clippy::unwrap_used, unsafe_code)]

use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, Op, Shape};
use nascent_core::rng::Rng;
use nascent_core::{Optimizer, Settings};
use nascent_train::{Device, Network, TrainStep, Wanted, Weights, training_bytes};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static CALLS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn images() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[3, 16, 16]));
    let stem = [Conv2d::same(16, 3, 1).into(), BatchNorm {}.into(), Activation::Relu.into()];
    let at = b.chain(b.input(), stem).unwrap();
    let depthwise = Conv2d { groups: 16, ..Conv2d::same(16, 3, 1) };
    let other =
        [depthwise.into(), BatchNorm {}.into(), Activation::Gelu.into(), Conv2d::same(16, 1, 1).into()];
    let other = b.chain(at, other).unwrap();
    let at = b.add(Add {}, &[at, other]).unwrap();
    let pool: Op = Pool2d { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 }.into();
    let head = [
        pool,
        GlobalAveragePool {}.into(),
        Dropout { per_mille: 100 }.into(),
        Linear { features: 5, bias: true }.into(),
    ];
    let at = b.chain(at, head).unwrap();
    b.finish(at).unwrap()
}

fn texts() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[12]));
    let start =
        [Embedding { vocabulary: 30, size: 16 }.into(), PositionEmbedding {}.into(), LayerNorm {}.into()];
    let at = b.chain(b.input(), start).unwrap();
    let at = b
        .add(
            SelfAttention { heads: 2, key_heads: 2, causal: true, relative: Relative::None },
            &[at, b.input()],
        )
        .unwrap();
    let at = b.add(MaskedPool { kind: PoolKind::Max }, &[at, b.input()]).unwrap();
    let at = b.add(Linear { features: 5, bias: true }, &[at]).unwrap();
    b.finish(at).unwrap()
}

fn recurrences() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[12]));
    let node = |(reads, function)| CellNode { reads, function };
    let nodes =
        [(None, CellFunction::Tanh), (Some(0), CellFunction::Relu), (Some(0), CellFunction::Identity)];
    let at = b.add(Embedding { vocabulary: 30, size: 16 }, &[b.input()]).unwrap();
    let cell = Cell { size: 32, nodes: nodes.map(node).to_vec() };
    let units = [Lstm { size: 16 }.into(), cell.into(), Gru { size: 16 }.into(), GlobalMaxPool {}.into()];
    let at = b.chain(at, units).unwrap();
    let at = b.add(Linear { features: 5, bias: true }, &[at]).unwrap();
    b.finish(at).unwrap()
}

#[test]
fn steps_after_the_first_allocate_nothing_and_memory_is_as_foreseen() {
    const BATCH: usize = 32;
    for (graph, is_text) in [(images(), false), (texts(), true), (recurrences(), true)] {
        let len = BATCH * graph.input_shape().len() as usize;
        let mut rng = Rng::new(1, 0);
        let number = |rng: &mut Rng| if is_text { rng.below(30) as f32 } else { rng.normal() as f32 };
        let inputs: Vec<f32> = (0..len).map(|_| number(&mut rng)).collect();
        let labels: Vec<u32> = (0..BATCH).map(|i| i as u32 % 5).collect();
        let settings = Settings { optimizer: Optimizer::AdamW, ..Settings::default() };
        let foreseen = training_bytes(&graph, BATCH);
        let before = LIVE.load(Relaxed);
        let weights = Weights::fresh(&graph, 1);
        let params = 4 * weights.params();
        let mut network = Network::new(graph.clone(), weights, &settings, 1, Device::Cpu);
        assert_eq!(network.left_to_burn(), None);
        network.train_batch(&inputs, Wanted::Classes(&labels), 1e-3);
        // What is foreseen counts a copy of the best weights too.
        let live = (LIVE.load(Relaxed) - before) as u64 + params;
        let error = live as f64 / foreseen as f64 - 1.0;
        assert!(error.abs() <= 0.1, "{live} bytes for {foreseen} foreseen");
        let calls = CALLS.load(Relaxed);
        for _ in 0..3 {
            network.train_batch(&inputs, Wanted::Classes(&labels), 1e-3);
            // A last batch that is not whole fits into what is there.
            let part = &inputs[..len / BATCH * 7];
            network.train_batch(part, Wanted::Classes(&labels[..7]), 1e-3);
        }
        assert_eq!(CALLS.load(Relaxed) - calls, 0, "allocations");
    }
}
