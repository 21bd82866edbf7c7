use nascent_core::event::Outcome;
use nascent_core::{Candidate, EvaluateError, Evaluator, Job, Message, Progress, TrialId};
use nascent_runtime::ThreadWorkers;
use nascent_testkit::{Meanwhile, PROBED, Probe, listen, probe_job, workers_contract};
use std::sync::Arc;

#[test]
fn threads_keep_the_contract() {
    for threads in [1, 3] {
        let mut workers = ThreadWorkers::new(Arc::new(PROBED), threads, || Box::new(Probe)).unwrap();
        workers_contract(&mut workers, Meanwhile::Runs);
    }
}

/// Remembers trials, and panics at the second: what it leaves behind must not be used again.
#[derive(Default)]
struct Panics(u32);

impl Evaluator for Panics {
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        self.0 += 1;
        assert!(self.0 != 2, "trial {} is one too many", job.trial);
        Probe.evaluate(job, candidate, progress)
    }
}

#[test]
fn a_panic_costs_its_trial_and_the_evaluator() {
    let mut workers = ThreadWorkers::new(Arc::new(PROBED), 1, || Box::new(Panics::default())).unwrap();
    for trial in 0..5 {
        nascent_core::Workers::start(&mut workers, probe_job(trial, [1, 1, 1], 1)).unwrap();
    }
    let heard = listen(&mut workers, 5);
    for trial in 0..5 {
        let last = heard[&TrialId(trial)].last().unwrap();
        match last {
            Message::Finished { .. } => assert!(trial % 2 == 0),
            Message::Failed { reason, .. } => {
                assert_eq!(*reason, format!("the evaluator panicked: trial {trial} is one too many"));
                assert!(trial % 2 == 1);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn dropping_ends_trials_without_end() {
    let mut workers = ThreadWorkers::new(Arc::new(PROBED), 2, || Box::new(Probe)).unwrap();
    for trial in 0..4 {
        nascent_core::Workers::start(&mut workers, probe_job(trial, [1, 1, 1], u32::MAX)).unwrap();
    }
    drop(workers);
}
