//! A strategy of one's own, on a space of the program: `cargo run --release -p nascent --example own_strategy`.
#![allow(clippy::print_stdout)]

use nascent::core::objective::Direction;
use nascent::core::{
    AskContext, Decisions, Event, Next, Objectives, Strategy, StrategyError, TrialId, chooser,
};
use nascent::train::{Device, TrainEvaluator, Training};

/// Always a neighbour of the best network so far, and a random one before there is any.
#[derive(Default)]
struct Greedy {
    proposed: Vec<(TrialId, Decisions)>,
    best: Option<(f64, Decisions)>,
}

impl Strategy for Greedy {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let mut neighbour = None;
        if let Some((_, best)) = &self.best {
            neighbour = chooser::mutate(cx.space, best, &mut cx.rng)?;
        }
        let decisions = neighbour.map_or_else(|| chooser::sample(cx.space, &mut cx.rng), Ok)?;
        Ok(cx.propose(decisions, &[]))
    }

    fn observe(&mut self, event: &Event) {
        match event {
            Event::Proposed { trial, proposal, .. } => {
                self.proposed.push((*trial, proposal.decisions.clone()));
            }
            Event::Finished { trial, outcome, .. } => {
                let Some(score) = outcome.metrics.value("accuracy") else { return };
                let found = self.proposed.iter().find(|p| p.0 == *trial);
                if let Some((_, decisions)) = found.filter(|_| self.best.as_ref().is_none_or(|b| score > b.0))
                {
                    self.best = Some((score, decisions.clone()));
                }
            }
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = nascent::data::registry::load("digits", 0)?;
    let space = nascent::spaces::SpaceFile::parse("space = \"mlp\"\n[parameters]\nwidth = 8")?
        .build(&task.signature())?;
    let training = Training { batch_size: 64, patience: None, folds: 1, device: Device::Cpu };
    let evaluator = TrainEvaluator::new(task, "unused".into(), training);
    let (mut greedy, objectives) = (Greedy::default(), Objectives::single("accuracy", Direction::Maximize));
    nascent::search_in_process(&*space, &mut greedy, evaluator, objectives, 6, 3, 1)?;
    println!("best accuracy {:?}", greedy.best.map(|(score, _)| score));
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
