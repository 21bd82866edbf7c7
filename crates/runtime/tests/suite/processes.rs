use crate::worker::{program, settings, workers};
use nascent_core::{Message, TrialId, Workers};
use nascent_runtime::{ProcessSettings, ProcessWorkers};
use nascent_testkit::{Meanwhile, listen, probe_job, workers_contract};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::tempdir;

#[test]
fn processes_keep_the_contract() {
    let folder = tempdir().unwrap();
    for count in [1, 3] {
        let settings = ProcessSettings { workers: count, ..settings(folder.path(), Value::Null) };
        workers_contract(&mut workers(settings), Meanwhile::Runs);
    }
    assert!(folder.path().join("worker-3.log").is_file());
}

/// Runs trials 0 to 3 of which 1 has a fault: the others must give results. Answers with the reason of the failure.
fn reason(fault: &str, change: impl Fn(ProcessSettings) -> ProcessSettings) -> String {
    let folder = tempdir().unwrap();
    let settings = change(settings(folder.path(), json!({"faults": {"1": fault}})));
    let mut workers = workers(settings);
    for trial in 0..4 {
        workers.start(probe_job(trial, [1, 2, 0], 2)).unwrap();
    }
    let heard = listen(&mut workers, 4);
    for trial in [0, 2, 3] {
        let last = heard[&TrialId(trial)].last().unwrap();
        assert!(matches!(last, Message::Finished { .. }), "{fault} in trial 1 cost trial {trial}: {last:?}");
    }
    match heard[&TrialId(1)].last() {
        Some(Message::Failed { reason, .. }) => reason.clone(),
        other => panic!("{fault} gave {other:?}"),
    }
}

fn unchanged(settings: ProcessSettings) -> ProcessSettings {
    settings
}

#[cfg(unix)]
#[test]
fn an_abort_costs_its_trial() {
    let reason = reason("abort", unchanged);
    let expected = "the worker was ended by signal 6 (SIGABRT: it aborted); it printed: about to abort";
    assert_eq!(reason, expected);
}

#[test]
fn an_early_exit_costs_its_trial() {
    assert_eq!(reason("exit", unchanged), "the worker ended with exit code 0 before it gave a result");
}

#[test]
fn a_panic_costs_its_trial() {
    assert_eq!(reason("panic", unchanged), "the evaluator panicked: an index was out of bounds");
}

#[test]
fn a_result_that_is_no_number_costs_its_trial() {
    assert_eq!(reason("nan", unchanged), "accuracy came out as NaN");
}

#[test]
fn nonsense_costs_its_trial() {
    let expected = "the worker printed what it should not: \"epoch 1, loss 0.3\"";
    assert_eq!(reason("nonsense", unchanged), expected);
    let expected = "the worker spoke of trial 12345, but it was at trial 1";
    assert_eq!(reason("foreign", unchanged), expected);
    assert_eq!(reason("long", unchanged), "the worker printed a line of more than 16 MiB");
}

#[test]
fn a_hang_costs_its_trial() {
    let impatient = |settings| ProcessSettings { silence: Duration::from_secs(2), ..settings };
    assert_eq!(reason("hang", impatient), "the worker said nothing for 2 s, so it was ended");
}

#[test]
fn a_long_trial_that_is_alive_is_left_alone() {
    let folder = tempdir().unwrap();
    let settings = ProcessSettings {
        silence: Duration::from_secs(2),
        ..settings(folder.path(), json!({"faults": {"1": "patient"}}))
    };
    let mut workers = workers(settings);
    workers.start(probe_job(1, [1, 2, 0], 2)).unwrap();
    let heard = listen(&mut workers, 1);
    assert!(matches!(heard[&TrialId(1)].last(), Some(Message::Finished { .. })), "{heard:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn too_much_memory_costs_its_trial() {
    let limited = |settings| ProcessSettings { memory_limit_bytes: Some(200 << 20), ..settings };
    let expected = "the worker used more memory than the 200 MiB that a trial may use, so it was ended";
    assert_eq!(reason("gorge", limited), expected);
}

#[test]
fn a_worker_that_does_not_stop_is_killed() {
    let folder = tempdir().unwrap();
    let settings = ProcessSettings {
        grace: Duration::from_millis(200),
        ..settings(folder.path(), json!({"faults": {"1": "hang"}}))
    };
    let mut workers = workers(settings);
    workers.start(probe_job(1, [1, 2, 0], 2)).unwrap();
    assert_eq!(workers.next(Duration::from_millis(300)).unwrap(), None);
    workers.stop(TrialId(1)).unwrap();
    workers.start(probe_job(2, [1, 2, 0], 2)).unwrap();
    let heard = listen(&mut workers, 1);
    assert!(matches!(heard[&TrialId(2)].last(), Some(Message::Finished { .. })), "{heard:?}");
    assert_eq!(heard.len(), 1, "the stopped trial still talks");
}

/// What happens where workers do not become ready.
fn start_error(settings: ProcessSettings) -> String {
    let mut workers = ProcessWorkers::new(settings).unwrap();
    let job = probe_job(0, [1, 2, 0], 2);
    let started: Result<(), _> = workers.start(job).and_then(|()| {
        for _ in 0..300 {
            assert_eq!(workers.next(Duration::from_millis(100))?, None, "a trial paid for it");
        }
        panic!("no error in 30 seconds");
    });
    started.unwrap_err().to_string()
}

#[test]
fn workers_that_never_become_ready_are_an_error() {
    let folder = tempdir().unwrap();
    let fail = |start: &str| {
        let silence = if start == "hang" { Duration::from_millis(700) } else { Duration::from_secs(20) };
        let settings = settings(folder.path(), json!({ "start": start }));
        start_error(ProcessSettings { silence, ..settings })
    };
    let error = fail("exit");
    assert!(error.contains("3 workers in a row") && error.contains("exit code 7"), "{error}");
    assert!(error.contains(&program().display().to_string()), "{error}");
    assert_eq!(fail("refuse"), "a worker cannot work: the data are missing");
    assert!(fail("nonsense").contains("ready to go!"));
    assert!(fail("protocol").contains("version 2 of the protocol"));
    assert!(fail("hang").contains("said nothing for 0.7 s"));
}

#[test]
fn a_program_that_does_not_exist_is_an_error() {
    let folder = tempdir().unwrap();
    let settings = ProcessSettings::new(folder.path().join("absent"), Value::Null, folder.path());
    let error = start_error(settings);
    assert!(error.contains("absent") && error.contains("cannot be started"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_program_that_is_no_worker_is_an_error() {
    let folder = tempdir().unwrap();
    let mut settings = ProcessSettings::new("/bin/sh", Value::Null, folder.path());
    settings.arguments = ["-c", "echo no such thing >&2; exit 3"].map(Into::into).to_vec();
    let error = start_error(settings);
    assert!(error.contains("exit code 3") && error.contains("no such thing"), "{error}");
}
