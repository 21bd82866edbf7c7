//! A space and an objective of one's own, searched in this process:
//! `cargo run --release -p nascent --example own_space`.
#![allow(clippy::print_stdout)]

use nascent::core::architecture::op::{Activation, Linear};
use nascent::core::architecture::{Architecture, ArchitectureBuilder, Shape};
use nascent::core::chooser::survey;
use nascent::core::event::{Created, FORMAT, Outcome, Role, Rung};
use nascent::core::objective::{CostMetric, Direction};
use nascent::core::question::{Label, Path, Question, Scale, Topic};
use nascent::core::study::{Halt, Parts, Phase, Source};
use nascent::core::*;
use std::sync::Arc;

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
            let mut b = ArchitectureBuilder::new(Shape::new(&[16]));
            let mut at = b.input();
            for features in widths {
                at = b.chain(at, [Linear { features, bias: true }.into(), Activation::Relu.into()])?;
            }
            let out = b.add(Linear { features: 2, bias: true }, &[at])?;
            Ok(b.finish(out)?)
        };
        Ok(Candidate { settings: Settings::default(), draw: Box::new(draw) })
    }
}

/// An objective of one's own: how far the hidden widths are apart.
struct Imbalance;

impl CostMetric for Imbalance {
    fn name(&self) -> &str {
        "imbalance"
    }
    fn measure(&self, architecture: &Architecture) -> f64 {
        let widths: Vec<f64> = architecture.shapes().iter().map(|s| s.len() as f64).collect();
        (widths[1] - widths[widths.len() - 2]).abs()
    }
}

/// An evaluator of one's own; this one only pretends that 4,000 parameters are best.
struct Pretend;

impl Evaluator for Pretend {
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        _: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let graph = (candidate.draw)().map_err(|e| EvaluateError(e.to_string()))?;
        let score = -(graph.cost().params as f64 - 4_000.0).abs();
        let cost = f64::from(job.budget);
        Ok(Outcome { metrics: Metrics::new().with("score", score), best_step: None, cost })
    }
}

/// A strategy of one's own: always the best network's neighbour, or a random one.
#[derive(Default)]
struct Greedy(Vec<(TrialId, Decisions)>, Option<(f64, Decisions)>);

impl Strategy for Greedy {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let decisions = match &self.1 {
            Some((_, best)) => chooser::mutate(cx.space, best, &mut cx.rng)?,
            None => None,
        };
        let decisions = match decisions {
            Some(decisions) => decisions,
            None => chooser::sample(cx.space, &mut cx.rng)?,
        };
        Ok(cx.propose(decisions, &[]))
    }

    fn observe(&mut self, event: &Event) {
        match event {
            Event::Proposed { trial, proposal, .. } => self.0.push((*trial, proposal.decisions.clone())),
            Event::Finished { trial, outcome, .. } => {
                let score = outcome.metrics.value("score").unwrap_or(f64::NEG_INFINITY);
                let found = self.0.iter().find(|(t, _)| t == trial);
                if let Some((_, decisions)) =
                    found.filter(|_| self.1.as_ref().is_none_or(|(s, _)| score > *s))
                {
                    self.1 = Some((score, decisions.clone()));
                }
            }
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let space = TwoLayers((0..6).map(|i| Label::Owned((8 << i).to_string())).collect());
    let mut objectives = Objectives::single("score", Direction::Maximize);
    objectives.costs.push(Arc::new(Imbalance));
    objectives.limits.push("imbalance<=64".parse()?);
    let created = Created {
        format: FORMAT,
        program: "own_space".into(),
        study: "own".into(),
        seed: 1,
        strategy: "greedy".into(),
        objectives: objectives.wanted.clone(),
        limits: objectives.limits.clone(),
        ladder: vec![Rung { estimator: "pretend".into(), budget: 1, cost: 1.0 }],
        questions: survey(&space)?,
        settings: String::new(),
    };
    let mut log = MemoryLog::new();
    let mut workers = Inline::new(&space, Pretend, nascent::runtime::clock::now_ms);
    let mut sink = |_: &event::Stamped| {};
    let parts = Parts {
        space: &space,
        objectives,
        log: &mut log,
        workers: &mut workers,
        sink: &mut sink,
        halt: &|| Halt::No,
    };
    let mut study = Study::open(created, parts)?;
    let mut strategy = Greedy::default();
    let source = Source::Strategy(&mut strategy, Role::Search);
    study.run(&mut Phase { source, space: &space, trials: 30, until_ms: None, stop_ms: None })?;
    let score = |t: &&Trial| t.metrics().value("score");
    let best = study
        .history()
        .trials
        .iter()
        .filter(|t| score(t).is_some())
        .max_by(|a, b| score(a).unwrap_or(f64::MIN).total_cmp(&score(b).unwrap_or(f64::MIN)));
    if let Some(best) = best {
        println!("best of {}: trial {}, {:?}", study.history().trials.len(), best.id, best.metrics());
    }
    Ok(())
}
