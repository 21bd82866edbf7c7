//! Times training steps of a small convolutional network on one thread:
//! `cargo run --release -p nascent-train --example step_time`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, Op, Shape};
use nascent_core::{Control, Settings};
use nascent_train::{Moment, Plan, train};
use std::time::Instant;

fn network() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
    let block = |c: usize| -> [Op; 3] {
        [Conv2d::same(c, 3, 1).into(), BatchNorm {}.into(), Activation::Relu.into()]
    };
    let pool: Op = Pool2d { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 }.into();
    let mut ops: Vec<Op> = Vec::new();
    ops.extend(block(32));
    ops.extend(block(64));
    ops.push(pool.clone());
    ops.extend(block(64));
    ops.push(pool);
    ops.push(Flatten {}.into());
    ops.push(Linear { features: 10, bias: true }.into());
    let out = b.chain(b.input(), ops).unwrap();
    b.finish(out).unwrap()
}

fn main() {
    let task = nascent_data::registry::load("digits", 0).unwrap();
    let (training, validation) = (task.train(), task.validation());
    let graph = network();
    let settings = Settings::default();
    let plan = Plan {
        epochs: 10,
        horizon: 10,
        patience: None,
        seed: 1,
        device: Default::default(),
        metric: task.metric,
    };
    let augmentation = task.augmentation(1);
    let augment = |batch: &mut [f32], rng: &mut nascent_core::rng::Rng| {
        augmentation.apply(&training.shape, batch, rng);
    };
    println!("{:?}", graph.cost());
    nascent_train::on_one_thread(|| {
        let start = Instant::now();
        let trained =
            train(&graph, &settings, &training, Some(&validation), Some(&augment), &plan, &mut |moment| {
                let Moment::Epoch(epoch) = moment else { return Control::Continue };
                let v = epoch.validation.as_ref().unwrap();
                println!(
                    "{} {:.4} {:.4} {:.4}",
                    epoch.epoch,
                    epoch.train_loss,
                    v.loss,
                    v.metrics.value("accuracy").unwrap()
                );
                Control::Continue
            })
            .unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:.2} s, {:.2} ms a step", seconds * 1e3 / 180.0);
        println!("best {} {:?}", trained.best.epoch, trained.best.validation.map(|v| v.metrics));
    })
    .unwrap();
}
