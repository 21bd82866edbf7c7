//! What becomes of workers whose supervisor ends, and of a study whose supervisor is killed. Reads `/proc`.

use crate::worker::{program, settings, workers};
use nascent_core::event::Seq;
use nascent_core::rng::Rng;
use nascent_core::{History, Log, Workers};
use nascent_runtime::{ProcessSettings, SqliteLog};
use nascent_testkit::{Ageing, PROBED, listen, probe_job, recomputes, without_interruptions};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::tempdir;

/// The fields of `/proc/PID/stat` after the name: state, parent, group and so on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_string).collect())
}

/// Whether a process works; one that is dead but not yet waited for does not.
fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| fields[0] != "Z")
}

fn children(of: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|fields| fields[1] == of.to_string())).collect()
}

/// Waits for up to a minute: other tests and builds may have the machine.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("not within a minute: {what}");
}

fn supervise(folder: &Path, trials: u64, workers: u32, ms: u32) -> Child {
    let numbers = [trials.to_string(), workers.to_string(), ms.to_string()];
    let arguments = ["supervise", folder.to_str().unwrap()].map(String::from).into_iter().chain(numbers);
    Command::new(program()).args(arguments).stdin(Stdio::null()).spawn().unwrap()
}

#[test]
fn workers_end_when_they_are_dropped_and_leave_no_zombies() {
    let folder = tempdir().unwrap();
    let pids = folder.path().join("pids");
    let environment = vec![("FAULTY_PIDS".into(), pids.clone().into())];
    let settings = ProcessSettings {
        workers: 3,
        environment,
        ..settings(folder.path(), serde_json::json!({"faults": {"2": "hang"}}))
    };
    let mut workers = workers(settings);
    // One idle, one at a trial without end, one that hangs.
    workers.start(probe_job(1, [1, 1, 1], u32::MAX)).unwrap();
    workers.start(probe_job(2, [1, 1, 1], 1)).unwrap();
    workers.start(probe_job(3, [1, 1, 1], 1)).unwrap();
    while !matches!(workers.next(Duration::from_secs(10)).unwrap(), Some(m) if m.trial().0 == 3) {}
    let started =
        || fs::read_to_string(&pids).unwrap_or_default().lines().map(|l| l.parse().unwrap()).collect();
    eventually("three workers run", || {
        let pids: Vec<u32> = started();
        pids.len() == 3
    });
    let pids: Vec<u32> = started();
    let own = stat(std::process::id()).unwrap()[2].clone();
    for pid in &pids {
        assert_ne!(stat(*pid).unwrap()[2], own, "Ctrl-C would reach the worker");
    }
    drop(workers);
    for pid in pids {
        assert_eq!(stat(pid), None, "worker {pid} is still there");
    }
}

#[test]
fn workers_of_a_killed_supervisor_end_by_themselves() {
    let folder = tempdir().unwrap();
    let mut supervisor = supervise(folder.path(), 2, 2, 60_000);
    eventually("both workers run", || children(supervisor.id()).len() == 2);
    // In the middle of trials.
    sleep(Duration::from_millis(100));
    let workers = children(supervisor.id());
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    for pid in workers {
        eventually("the worker ends", || !is_running(pid));
    }
}

#[test]
fn a_study_killed_again_and_again_ends_the_same() {
    const TRIALS: u64 = 40;
    let events = |folder: &Path| SqliteLog::read(&folder.join("study.db")).unwrap().after(Seq(0)).unwrap();
    let whole = tempdir().unwrap();
    assert!(supervise(whole.path(), TRIALS, 1, 30).wait().unwrap().success());
    let killed = tempdir().unwrap();
    let mut rng = Rng::new(11, 0);
    let mut kills = 0;
    loop {
        let mut supervisor = supervise(killed.path(), TRIALS, 1, 30);
        sleep(Duration::from_millis(20 + rng.below(100) as u64));
        // After some kills it may come to its end.
        if kills >= 12 || supervisor.try_wait().unwrap().is_some() {
            assert!(supervisor.wait().unwrap().success());
            break;
        }
        supervisor.kill().unwrap();
        supervisor.wait().unwrap();
        kills += 1;
    }
    assert!(kills >= 3, "it was killed only {kills} times");
    let resumed = without_interruptions(&events(killed.path()));
    assert_eq!(resumed, without_interruptions(&events(whole.path())));
}

#[test]
fn with_several_workers_every_proposal_can_be_recomputed() {
    let folder = tempdir().unwrap();
    let mut supervisor = supervise(folder.path(), 40, 3, 8);
    sleep(Duration::from_millis(120));
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    assert!(supervise(folder.path(), 40, 3, 8).wait().unwrap().success());
    let events = SqliteLog::read(&folder.path().join("study.db")).unwrap().after(Seq(0)).unwrap();
    assert_eq!(History::fold(&events).unwrap().trials.len(), 40);
    recomputes(&PROBED, &|| Box::new(Ageing::new(6)), &events);
}

#[test]
fn a_worker_killed_from_outside_costs_its_trial() {
    let folder = tempdir().unwrap();
    let pids = folder.path().join("pids");
    let environment = vec![("FAULTY_PIDS".into(), pids.clone().into())];
    let mut workers = workers(ProcessSettings { environment, ..settings(folder.path(), Value::Null) });
    workers.start(probe_job(1, [1, 1, 1], u32::MAX)).unwrap();
    assert!(workers.next(Duration::from_secs(30)).unwrap().is_some(), "the trial reports");
    let pid = fs::read_to_string(&pids).unwrap();
    assert!(Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
    workers.start(probe_job(2, [1, 1, 1], 1)).unwrap();
    let heard = listen(&mut workers, 2);
    let last = format!("{:?}", heard[&nascent_core::TrialId(1)].last().unwrap());
    assert!(last.contains("signal 9 (SIGKILL"), "{last}");
}
