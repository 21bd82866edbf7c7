//! An objective of one's own, which follows from the graph: `cargo run --release -p nascent --example own_objective`.
#![allow(clippy::print_stdout)]

use nascent::core::Objectives;
use nascent::core::architecture::Architecture;
use nascent::core::objective::{CostMetric, Direction};
use nascent::train::{Device, TrainEvaluator, Training};
use std::sync::Arc;

/// How many numbers the widest point of a network holds.
struct Widest;

impl CostMetric for Widest {
    fn name(&self) -> &str {
        "widest"
    }

    fn measure(&self, architecture: &Architecture) -> f64 {
        architecture.shapes().iter().map(|shape| shape.len() as f64).fold(0.0, f64::max)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = nascent::data::registry::load("digits", 0)?;
    let space = nascent::spaces::SpaceFile::parse("space = \"mlp\"\n[parameters]\nwidth = 8")?
        .build(&task.signature())?;
    let training = Training { batch_size: 64, patience: None, folds: 1, device: Device::Cpu };
    let evaluator = TrainEvaluator::new(task, "unused".into(), training);
    let mut objectives = Objectives::single("accuracy", Direction::Maximize);
    objectives.costs.push(Arc::new(Widest));
    // Networks that break it are never trained.
    objectives.limits.push("widest<=64".parse()?);
    let mut strategy = nascent::strategies::Spec::parse("random")?.make(5)?;
    let history = nascent::search_in_process(&*space, &mut *strategy, evaluator, objectives, 5, 3, 1)?;
    for trial in &history.trials {
        println!("trial {}: widest {:?}, {:?}", trial.id, trial.costs.value("widest"), trial.state);
    }
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
