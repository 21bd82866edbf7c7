//! The contract suites on core's own log and workers, and the loop under every fault.

use nascent_core::event::{Created, FORMAT, Role, Rung, Seq, Stamped};
use nascent_core::objective::Direction;
use nascent_core::study::{End, Halt, Parts, Phase, Source, StudyError};
use nascent_core::{History, Inline, Log, MemoryLog, Objectives, Study, Trial, Workers};
use nascent_testkit::fault::{Faulty, MortalWorkers};
use nascent_testkit::{
    Ageing, Meanwhile, PROBED, Probe, log_contract, recomputes, resumes_everywhere, without_interruptions,
    workers_contract,
};

fn clock() -> u64 {
    0
}

fn run(log: &mut dyn Log, workers: &mut dyn Workers) -> Result<End, StudyError> {
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    let created = Created {
        format: FORMAT,
        program: "test".into(),
        study: "faults".into(),
        seed: 3,
        strategy: "ageing".into(),
        objectives: objectives.wanted.clone(),
        limits: Vec::new(),
        ladder: vec![Rung { estimator: "train".into(), budget: 2, cost: 2.0 }],
        questions: Vec::new(),
        settings: String::new(),
    };
    let mut sink = |_: &Stamped| {};
    let parts = Parts { space: &PROBED, objectives, log, workers, sink: &mut sink, halt: &|| Halt::No };
    let mut strategy = Ageing::new(4);
    let source = Source::Strategy(&mut strategy, Role::Search);
    Study::open(created, parts)?.run(&mut Phase {
        source,
        space: &PROBED,
        trials: 25,
        deadlines: Default::default(),
    })
}

#[test]
fn a_log_in_memory_keeps_the_contract() {
    log_contract(&mut || Box::new(MemoryLog::new()));
}

#[test]
fn a_worker_in_line_keeps_the_contract() {
    workers_contract(&mut Inline::new(&PROBED, Probe, clock), Meanwhile::Rests);
}

#[test]
fn killed_after_any_event_a_study_ends_the_same() {
    resumes_everywhere(&PROBED, &|| Box::new(Ageing::new(4)), 25);
}

#[test]
fn without_workers_after_any_message_a_study_ends_the_same() {
    let inline = || Inline::new(&PROBED, Probe, clock);
    let mut whole = MemoryLog::new();
    run(&mut whole, &mut inline()).unwrap();
    let expected = without_interruptions(whole.events());
    for messages in 0.. {
        let mut log = MemoryLog::new();
        match run(&mut log, &mut MortalWorkers::new(inline(), messages)) {
            Err(StudyError::Worker(_)) => {}
            Err(other) => panic!("{other}"),
            Ok(_) => {
                assert!(messages > 25, "only {messages} messages were needed");
                break;
            }
        }
        run(&mut log, &mut inline()).unwrap();
        assert_eq!(without_interruptions(log.events()), expected, "lost after message {messages}");
    }
}

#[test]
fn workers_on_a_bad_day_cost_trials_and_nothing_else() {
    let mut lost = 0;
    for seed in 0..50 {
        let mut log = MemoryLog::new();
        let end = run(&mut log, &mut Faulty::new(Inline::new(&PROBED, Probe, clock), seed)).unwrap();
        assert_eq!(end, End::Complete);
        let events = log.after(Seq(0)).unwrap();
        let history = History::fold(&events).unwrap();
        assert_eq!(history.trials.len(), 25);
        assert!(history.trials.iter().all(|t| t.state.is_over()), "seed {seed} left a trial open");
        let on_purpose = |t: &&Trial| t.reason.as_deref().is_some_and(|r| r.contains("on purpose"));
        lost += history.trials.iter().filter(on_purpose).count();
        recomputes(&PROBED, &|| Box::new(Ageing::new(4)), &events);
    }
    assert!(lost > 50, "of 1,250 trials only {lost} were lost");
}
