use nascent_core::architecture::ArchitectureHash;
use nascent_core::event::{Created, Data, FORMAT, Outcome, Proposal, Reason, Role, Rung, Seq, Stamped};
use nascent_core::objective::{Direction, Objective, Violation};
use nascent_core::{Decisions, Event, Log, LogError, Metrics, PathKey, TrialId};

/// Checks what every log promises; `make` gives a new, empty one each time.
///
/// # Panics
/// Where the log breaks a promise.
pub fn log_contract(make: &mut dyn FnMut() -> Box<dyn Log>) {
    let mut log = make();
    assert_eq!(log.after(Seq(0)).unwrap(), [], "a new log has events");
    assert_eq!(log.append(5, &[]).unwrap(), Seq(0), "nothing appended is an event");
    let events = every_event();
    assert_eq!(log.append(10, &events[..3]).unwrap(), Seq(3));
    assert_eq!(log.append(u64::from(u32::MAX) * 1_000, &events[3..]).unwrap(), Seq(events.len() as u64));
    let all = log.after(Seq(0)).unwrap();
    assert_eq!(all.iter().map(|s| s.event.clone()).collect::<Vec<_>>(), events, "events came back changed");
    assert!(all.iter().map(|s| s.seq.0).eq(1..=events.len() as u64), "events are not numbered from 1");
    assert!(all[..3].iter().all(|s| s.at_ms == 10), "a time came back changed");
    assert!(all[3..].iter().all(|s| s.at_ms == 4_294_967_295_000), "a time came back changed");
    for seen in 0..=events.len() + 2 {
        let rest = log.after(Seq(seen as u64)).unwrap();
        assert_eq!(rest, all[seen.min(all.len())..], "after {seen}, other events follow");
    }
    assert_eq!(make().after(Seq(0)).unwrap(), [], "two logs are one");
}

/// Checks what every log that outlives its process promises; `open` opens the same log for writing each time.
///
/// # Panics
/// Where the log breaks a promise.
pub fn stored_log_contract(open: &dyn Fn() -> Result<Box<dyn Log>, LogError>) {
    let events = every_event();
    let mut log = open().unwrap();
    let before = log.after(Seq(0)).unwrap();
    let first = log.append(1, &events).unwrap().0 + 1 - events.len() as u64;
    assert_eq!(first, before.len() as u64 + 1);
    let refused = open().err().expect("a second writer was let in");
    assert!(matches!(refused, LogError::InUse { .. }), "a second writer was refused with {refused:?}");
    let written = log.after(Seq(0)).unwrap();
    drop(log);
    let mut log = open().expect("the log is in use although its writer is gone");
    assert_eq!(log.after(Seq(0)).unwrap(), written, "a log opened again has other events");
    let next = log.append(2, &[Event::Resumed]).unwrap();
    assert_eq!(next.0, written.len() as u64 + 1, "the numbers do not go on");
}

/// A log's events without what an interruption adds: sessions, lost attempts, times.
#[must_use]
pub fn without_interruptions(events: &[Stamped]) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for stamped in events {
        match &stamped.event {
            Event::Resumed => {}
            Event::Started { trial, .. } => {
                let again = kept.iter().any(|e| matches!(e, Event::Started { trial: t, .. } if t == trial));
                if !again {
                    kept.push(Event::Started { trial: *trial, attempt: 1 });
                }
            }
            // Events are numbered anew, so what a proposer had seen is compared by its place among the kept.
            Event::Proposed { trial, proposal, hash, costs, .. } => kept.push(Event::Proposed {
                trial: *trial,
                seen: Seq(kept.len() as u64),
                proposal: proposal.clone(),
                hash: *hash,
                costs: costs.clone(),
            }),
            Event::Stopped { trial, .. } => {
                kept.push(Event::Stopped { trial: *trial, seen: Seq(kept.len() as u64) });
            }
            event => kept.push(event.clone()),
        }
    }
    kept
}

/// One event of every kind, with values that are easily spoilt on the way to a file and back.
#[must_use]
pub fn every_event() -> Vec<Event> {
    let trial = TrialId(u32::MAX);
    let metrics = Metrics::new()
        .with("accuracy", 0.1 + 0.2)
        .with("tiny", f64::MIN_POSITIVE)
        .with("large", 9_007_199_254_740_993.0)
        .with("negative", -1e300);
    let outcome = Outcome { metrics: metrics.clone(), best_step: Some(3), cost: 1.0 / 3.0 };
    let plain = Outcome { metrics: Metrics::new(), best_step: None, cost: 0.0 };
    let reason = "a \"quoted\" line\nand another, \u{1f9e0} and \0 and \\".to_string();
    vec![
        Event::Created(Box::new(created())),
        Event::Resumed,
        proposed(trial, Role::Search, &metrics),
        proposed(TrialId(1), Role::Baseline("tuned-reference".into()), &Metrics::new()),
        proposed(TrialId(2), Role::Final { of: TrialId(1), replica: 3, data: Data::All }, &Metrics::new()),
        Event::Started { trial, attempt: 2 },
        Event::Reported { trial, step: 1, metrics: metrics.clone() },
        Event::Finished { trial, outcome, copied_from: None },
        Event::Finished { trial, outcome: plain, copied_from: Some(TrialId(0)) },
        Event::Failed { trial, reason },
        Event::Infeasible {
            trial,
            violations: vec![Violation { limit: "params<=0.1".parse().unwrap(), value: 7e9 }],
        },
        Event::Stopped { trial, seen: Seq(1 << 60) },
        Event::Measured { trial, metrics: Metrics::new().with("latency_ms@board", 2.5), failed: None },
        Event::Measured { trial, metrics: Metrics::new(), failed: Some("the board gave no answer".into()) },
        Event::Tested { trial, touch: 1, metrics, scores: vec![0.1, 1.0, f32::MIN_POSITIVE, -3.4e38] },
        Event::Compared {
            name: "trees".into(),
            touch: 1,
            metrics: Metrics::new().with("rmse", 1e-300),
            scores: vec![0.5],
        },
        Event::Extended { trials: u64::MAX },
        Event::Closed { reason: Reason::Finished },
        Event::Closed { reason: Reason::Infeasible },
        Event::Closed { reason: Reason::NothingWorked },
    ]
}

fn created() -> Created {
    Created {
        format: FORMAT,
        program: "0.0.0-test".into(),
        study: "every-event".into(),
        seed: u64::MAX,
        strategy: "random".into(),
        objectives: vec![Objective { name: "accuracy".into(), direction: Direction::Maximize }],
        limits: vec!["params<=20000".parse().unwrap()],
        ladder: vec![Rung { estimator: "train".into(), budget: 10, cost: 0.1 }],
        questions: Vec::new(),
        settings: "task = \"digits\"\n".into(),
    }
}

fn proposed(trial: TrialId, role: Role, costs: &Metrics) -> Event {
    let answers = [(PathKey(u64::MAX), u16::MAX), (PathKey(0), 0)];
    let proposal = Proposal {
        decisions: Decisions::from_iter(answers),
        rung: 0,
        budget: 10,
        parents: [TrialId(0), TrialId(1)].into_iter().collect(),
        role,
    };
    let hash = (trial.0 > 1).then_some(ArchitectureHash(u128::MAX - 1));
    Event::Proposed { trial, seen: Seq(2), proposal, hash, costs: costs.clone() }
}
