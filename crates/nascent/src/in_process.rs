use nascent_core::chooser::survey;
use nascent_core::event::{Created, FORMAT, Role, Rung};
use nascent_core::study::{Halt, Parts, Phase, Source, StudyError};
use nascent_core::{Evaluator, History, Inline, MemoryLog, Objectives, Space, Strategy, Study};

/// Searches in this process, with parts of your own: one trial after another, no files, and no worker processes.
///
/// Each trial has a budget of `epochs` in the evaluator's unit. The same seed gives the same history, times aside.
///
/// # Errors
/// Where the space or the strategy fails; an evaluation that fails only costs its trial.
pub fn search_in_process(
    space: &dyn Space,
    strategy: &mut dyn Strategy,
    evaluator: impl Evaluator,
    objectives: Objectives,
    trials: u64,
    epochs: u32,
    seed: u64,
) -> Result<History, StudyError> {
    let created = Created {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").into(),
        study: "in process".into(),
        seed,
        strategy: "given".into(),
        objectives: objectives.wanted.clone(),
        limits: objectives.limits.clone(),
        ladder: vec![Rung { estimator: "given".into(), budget: epochs, cost: f64::from(epochs) }],
        questions: survey(space)?,
        settings: String::new(),
    };
    let mut log = MemoryLog::new();
    let mut workers = Inline::new(space, evaluator, nascent_runtime::clock::now_ms);
    let mut sink = |_: &_| {};
    let (log, workers, halt) = (&mut log, &mut workers, &|| Halt::No);
    let parts = Parts { space, objectives, log, workers, sink: &mut sink, halt };
    let mut study = Study::open(created, parts)?;
    let source = Source::Strategy(strategy, Role::Search);
    study.run(&mut Phase { source, space, trials, deadlines: Default::default() })?;
    Ok(study.history().clone())
}
