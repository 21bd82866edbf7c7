//! An evaluator of one's own: `cargo run --release -p nascent --example own_evaluator`.
#![allow(clippy::print_stdout)]

use nascent::core::event::Outcome;
use nascent::core::objective::Direction;
use nascent::core::{Candidate, EvaluateError, Evaluator, Job, Metrics, Objectives, Progress};

/// Trains nothing: a network is the better, the nearer it is to 4,000 parameters.
struct NearFourThousand;

impl Evaluator for NearFourThousand {
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let network = (candidate.draw)().map_err(|e| EvaluateError(e.to_string()))?;
        let gap = (network.cost().params as f64 - 4_000.0).abs();
        // What is reported on the way lets strategies stop a trial early.
        progress.report(1, Metrics::new().with("gap", gap));
        let cost = f64::from(job.budget);
        Ok(Outcome { metrics: Metrics::new().with("gap", gap), best_step: Some(1), cost })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = nascent::data::registry::load("digits", 0)?;
    let space = nascent::spaces::SpaceFile::parse("space = \"mlp\"\n[parameters]\nwidth = 8")?
        .build(&task.signature())?;
    let mut strategy = nascent::strategies::Spec::parse("tpe")?.make(50)?;
    let objectives = Objectives::single("gap", Direction::Minimize);
    let history =
        nascent::search_in_process(&*space, &mut *strategy, NearFourThousand, objectives, 50, 1, 1)?;
    let gaps = history.trials.iter().filter_map(|t| t.metrics().value("gap"));
    println!("the nearest network is {} parameters away", gaps.fold(f64::INFINITY, f64::min));
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
