//! A loop of one's own that asks a strategy and tells it: `cargo run --release -p nascent --example ask_tell`.
#![allow(clippy::print_stdout)]

use nascent::core::event::{Event, Outcome, Rung, Seq};
use nascent::core::objective::Direction;
use nascent::core::rng::Rng;
use nascent::core::{AskContext, Features, Metrics, Next, Objectives, Signature, TrialId, draw};

/// What the loop does with a network is its own affair: this one likes a million multiply-accumulates.
fn judge(network: &nascent::core::architecture::Architecture) -> f64 {
    -(network.cost().macs as f64 / 1e6 - 1.0).abs()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let features = Features::Image { channels: 3, height: 32, width: 32 };
    let space = nascent::spaces::SpaceFile::parse("space = \"convnet\"")?
        .build(&Signature { features, outputs: 10 })?;
    let objectives = Objectives::single("score", Direction::Maximize);
    // One way to judge a network, with nothing cheaper before it.
    let ladder = [Rung { estimator: "mine".into(), budget: 1, cost: 1.0 }];
    let trials = 40;
    let mut strategy = nascent::strategies::Spec::parse("evolution:population=10")?.make(trials)?;
    strategy.begin(&objectives);
    let mut best = f64::NEG_INFINITY;
    for number in 0..trials as u32 {
        let trial = TrialId(number);
        let (space, rng) = (&*space, Rng::new(1, u64::from(number)));
        let mut cx = AskContext { space, ladder: &ladder, objectives: &objectives, trial, rng };
        let Next::Run(proposal) = strategy.ask(&mut cx)? else { break };
        let network = draw(space, &proposal.decisions)?;
        // Told at once: several may be under way at one time, and their results may come in any order.
        let (seen, hash, costs) = (Seq(0), Some(network.hash()), Metrics::new());
        strategy.observe(&Event::Proposed { trial, seen, proposal, hash, costs });
        let score = judge(&network);
        let outcome = Outcome { metrics: Metrics::new().with("score", score), best_step: None, cost: 1.0 };
        strategy.observe(&Event::Finished { trial, outcome, copied_from: None });
        best = best.max(score);
    }
    println!("best score {best:.4}");
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
