//! A space of one's own, trained on the digits: `cargo run --release -p nascent --example own_space`.
#![allow(clippy::print_stdout)]

use nascent::core::architecture::op::{Activation, Flatten, Linear};
use nascent::core::architecture::{ArchitectureBuilder, Shape};
use nascent::core::objective::Direction;
use nascent::core::question::{Label, Path, Question, Scale, Topic};
use nascent::core::{Candidate, Chooser, Objectives, Settings, Space, SpaceError};
use nascent::train::{Device, TrainEvaluator, Training};

/// Two hidden layers whose widths are asked for.
struct TwoLayers(Vec<Label>);

impl Space for TwoLayers {
    fn name(&self) -> &str {
        "two-layers"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let question = Question { scale: Scale::Ordered, topic: Topic::Architecture, options: &self.0 };
        let widths = [
            8 << chooser.choose(Path::new("width").at(0), &question)?,
            8 << chooser.choose(Path::new("width").at(1), &question)?,
        ];
        let draw = move || {
            let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
            let mut at = b.add(Flatten {}, &[b.input()])?;
            for features in widths {
                at = b.chain(at, [Linear { features, bias: true }.into(), Activation::Relu.into()])?;
            }
            let out = b.add(Linear { features: 10, bias: true }, &[at])?;
            Ok(b.finish(out)?)
        };
        Ok(Candidate { settings: Settings::default(), draw: Box::new(draw) })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let space = TwoLayers((0..6).map(|i| Label::Owned((8 << i).to_string())).collect());
    let task = nascent::data::registry::load("digits", 0)?;
    let training = Training { batch_size: 64, patience: None, folds: 1, device: Device::Cpu };
    let evaluator = TrainEvaluator::new(task, "unused".into(), training);
    let mut strategy = nascent::strategies::Spec::parse("random")?.make(5)?;
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    let history = nascent::search_in_process(&space, &mut *strategy, evaluator, objectives, 5, 3, 1)?;
    for trial in &history.trials {
        println!("trial {}: accuracy {:?}", trial.id, trial.metrics().value("accuracy"));
    }
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
