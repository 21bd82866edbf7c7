use nascent_core::event::{Outcome, Proposal, Role, Rung};
use nascent_core::{
    Candidate, Control, Decisions, EvaluateError, Evaluator, Job, Message, Metrics, PathKey, Progress,
    TrialId, Workers,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The evaluator that workers under [`workers_contract`] must run, on the space [`PROBED`].
///
/// Each step is reported with an accuracy that follows from the answers; a first answer of 3 always fails. A budget of
/// [`u32::MAX`] takes for ever, unless the trial is stopped.
pub struct Probe;

/// The space of [`workers_contract`].
pub const PROBED: crate::Bits = crate::Bits { questions: 3, options: 4 };

const FAILS: u16 = 3;

fn accuracy(decisions: &Decisions, step: u32) -> f64 {
    let sum: u32 = decisions.iter().map(|(_, answer)| u32::from(answer)).sum();
    f64::from(step) / (f64::from(step) + f64::from(sum) / 7.0)
}

impl Evaluator for Probe {
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        (candidate.draw)().map_err(|e| EvaluateError(e.to_string()))?;
        if job.decisions.iter().next().is_some_and(|(_, answer)| answer == FAILS) {
            return Err(EvaluateError("this one always fails".into()));
        }
        let mut step = 0;
        while step < job.budget {
            step += 1;
            let metrics = Metrics::new().with("accuracy", accuracy(&job.decisions, step));
            if progress.report(step, metrics) == Control::Stop || progress.alive() == Control::Stop {
                break;
            }
            if job.budget == u32::MAX {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let metrics = Metrics::new().with("accuracy", accuracy(&job.decisions, step));
        Ok(Outcome { metrics, best_step: Some(step), cost: f64::from(step) })
    }
}

/// A job for [`Probe`].
#[must_use]
pub fn probe_job(trial: u32, answers: [u16; 3], budget: u32) -> Job {
    let mut keys = nascent_core::chooser::survey(&PROBED).unwrap().into_iter().map(|q| q.key);
    let decisions = answers.iter().map(|a| (keys.next().unwrap_or(PathKey(0)), *a)).collect();
    let proposal = Proposal { decisions, rung: 0, budget, parents: Default::default(), role: Role::Search };
    let ladder = [Rung { estimator: "train".into(), budget, cost: 1.0 }];
    Job::new(TrialId(trial), 1, &proposal, &ladder, 1, 1)
}

/// Whether workers run while nobody asks for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// They do: a running trial can be stopped.
    Runs,
    /// A trial runs when asked for messages.
    Rests,
}

/// Checks what all workers promise; they must run [`Probe`] on [`PROBED`].
///
/// # Panics
/// Where the workers break a promise.
pub fn workers_contract(workers: &mut dyn Workers, meanwhile: Meanwhile) {
    assert!(workers.capacity() >= 1, "no trial can run");
    assert_eq!(workers.identity(), Probe.identity());
    assert_eq!(workers.next(Duration::ZERO).unwrap(), None, "workers without work talk");
    one_of_each(workers);
    more_than_fit(workers);
    stops(workers, meanwhile);
    let before = workers.now_ms();
    assert!(workers.now_ms() >= before, "time runs backwards");
}

/// A trial that gives a result, one that fails, and the first again.
fn one_of_each(workers: &mut dyn Workers) {
    for (trial, attempt) in [(0, 1), (1, 2)] {
        let job = Job { attempt, ..probe_job(trial, [2, 1, 0], 3) };
        workers.start(job.clone()).unwrap();
        let said = &listen(workers, 1)[&TrialId(trial)];
        let reported = (1..=3).map(|step| Message::Reported {
            trial: TrialId(trial),
            step,
            metrics: Metrics::new().with("accuracy", accuracy(&job.decisions, step)),
        });
        let metrics = Metrics::new().with("accuracy", accuracy(&job.decisions, 3));
        let outcome = Outcome { metrics, best_step: Some(3), cost: 3.0 };
        let finished = Message::Finished { trial: TrialId(trial), outcome };
        let expected: Vec<Message> = reported.chain([finished]).collect();
        assert_eq!(*said, expected, "the messages are not those of the evaluator");
        let failing = TrialId(trial + 100);
        workers.start(probe_job(failing.0, [FAILS, 0, 0], 3)).unwrap();
        let said = &listen(workers, 1)[&failing];
        let expected = Message::Failed { trial: failing, reason: "this one always fails".into() };
        assert_eq!(*said, [expected], "the failure is not the evaluator's");
    }
    let mut foreign = probe_job(7, [0, 0, 0], 1);
    foreign.decisions = Decisions::new();
    workers.start(foreign).unwrap();
    let said = &listen(workers, 1)[&TrialId(7)];
    assert!(matches!(&said[..], [Message::Failed { .. }]), "decisions of another space gave {said:?}");
}

/// Every one of many trials ends once.
fn more_than_fit(workers: &mut dyn Workers) {
    let count = 3 * workers.capacity() as u32 + 1;
    for i in 0..count {
        workers.start(probe_job(10 + i, [(i % 4) as u16, 1, 2], 2)).unwrap();
    }
    let heard = listen(workers, count as usize);
    assert_eq!(heard.len(), count as usize, "a trial was never heard of");
    for (trial, said) in heard {
        let fails = (trial.0 - 10) % 4 == u32::from(FAILS);
        assert_eq!(said.len(), if fails { 1 } else { 3 }, "trial {trial} said {said:?}");
    }
}

fn stops(workers: &mut dyn Workers, meanwhile: Meanwhile) {
    workers.stop(TrialId(9_999)).expect("to stop what does not run is no error");
    workers.start(probe_job(200, [0, 0, 1], 1)).unwrap();
    workers.stop(TrialId(200)).unwrap();
    if meanwhile == Meanwhile::Runs {
        // As many as fit, and one more that waits behind them.
        let capacity = workers.capacity() as u32;
        for i in 0..=capacity {
            workers.start(probe_job(300 + i, [1, 0, 0], u32::MAX)).unwrap();
        }
        let mut patience = PATIENCE;
        while !matches!(workers.next(LISTEN).unwrap(), Some(Message::Reported { trial, .. }) if trial.0 == 300)
        {
            patience = patience.checked_sub(1).expect("a trial without end reports nothing");
        }
        for i in 0..=capacity {
            workers.stop(TrialId(300 + i)).unwrap();
        }
    }
    workers.start(probe_job(201, [0, 0, 2], 1)).unwrap();
    let mut patience = PATIENCE;
    loop {
        match workers.next(LISTEN).unwrap() {
            Some(Message::Finished { trial: TrialId(201), .. }) => break,
            Some(Message::Failed { trial: TrialId(201), reason }) => {
                panic!("after a stop, a trial fails: {reason}")
            }
            _ => patience = patience.checked_sub(1).expect("after a stop, no worker is free"),
        }
    }
}

const LISTEN: Duration = Duration::from_millis(100);
/// How often nothing, or something else, may be heard: about a minute.
const PATIENCE: u32 = 600;

/// What is said until so many trials are over.
///
/// # Panics
/// Where nothing is heard for a minute.
pub fn listen(workers: &mut dyn Workers, trials: usize) -> BTreeMap<TrialId, Vec<Message>> {
    let mut heard: BTreeMap<TrialId, Vec<Message>> = BTreeMap::new();
    let (mut over, mut patience) = (0, PATIENCE);
    while over < trials {
        match workers.next(LISTEN).unwrap() {
            None => patience = patience.checked_sub(1).expect("nothing was heard for a minute"),
            Some(Message::Alive { .. }) => {}
            Some(message) => {
                over += usize::from(!matches!(message, Message::Reported { .. }));
                heard.entry(message.trial()).or_default().push(message);
            }
        }
    }
    heard
}
