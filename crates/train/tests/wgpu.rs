//! Networks on a card, or on a driver that acts as one: Burn's operations there against our own steps on the processor.
#![allow(clippy::unwrap_used)]

#[path = "suite/graphs.rs"]
#[allow(dead_code)]
mod graphs;

use nascent_core::architecture::Architecture;
use nascent_core::{Optimizer, Settings};
use nascent_train::{Device, Network, TrainStep, Wanted, Weights};

const BATCH: usize = 16;
const STEPS: usize = 10;

/// The losses of some steps from the same weights on the same batches, and the answers after them. Steps are as long as gradients are: AdamW
/// makes all of them alike, and so of a gradient that is nothing but rounding a whole step.
fn trained(graph: &Architecture, seed: u64, device: Device) -> (Vec<f64>, Vec<f32>) {
    let settings = Settings { optimizer: Optimizer::Sgd, weight_decay: 0.01, ..Settings::default() };
    let mut network = Network::new(graph.clone(), Weights::fresh(graph, seed), &settings, seed, device);
    let labels: Vec<u32> = (0..BATCH as u32).map(|i| i % 3).collect();
    let inputs = |step: usize| graphs::inputs(graph, BATCH, seed + step as u64);
    let losses = (0..STEPS).map(|step| network.train_batch(&inputs(step), Wanted::Classes(&labels), 1e-3));
    let losses = losses.collect();
    (losses, network.eval_batch(&inputs(STEPS)))
}

#[test]
fn ten_steps_end_where_they_end_on_the_processor() {
    let device: Device = "wgpu".parse().unwrap();
    for seed in 0..40 {
        let graph = graphs::random(seed, true);
        let (losses, answers) = trained(&graph, seed, device);
        let (expected_losses, expected) = trained(&graph, seed, Device::Cpu);
        for (step, (loss, expected)) in losses.iter().zip(&expected_losses).enumerate() {
            let apart = (loss - expected).abs();
            assert!(
                apart <= 1e-3 * expected.abs().max(1.0),
                "seed {seed}, step {step}: {loss} for {expected}"
            );
        }
        let size = expected.iter().fold(1.0f32, |most, x| most.max(x.abs()));
        for (got, expected) in answers.iter().zip(&expected) {
            assert!((got - expected).abs() <= 1e-3 * size, "seed {seed}: {got} for {expected} of {size}");
        }
    }
}
