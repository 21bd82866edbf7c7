//! A worker's end of the protocol.

use crate::process::wire::{self, Line, Opening, Order, Said};
use nascent_core::{Control, Evaluator, Job, Message, Space, TrialId, run_job};
use std::io::{BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a worker works with.
pub type Equipment = (Arc<dyn Space>, Box<dyn Evaluator>);

/// Works for a [`crate::ProcessWorkers`] until it closes `input`, and answers with the exit code for `main`.
///
/// `make` gets the supervisor's setup and makes the space and the evaluator; it is asked again where an evaluator
/// panicked. Nothing else may write to `output`, which is the standard output in a real worker.
///
/// When `input` closes during a trial the process ends at once, whatever it is doing: its supervisor is gone, and so
/// is everybody who waits for the result.
pub fn serve(
    input: impl Read + Send + 'static,
    mut output: impl Write + Send,
    mut make: impl FnMut(serde_json::Value) -> Result<Equipment, String>,
) -> ExitCode {
    let mut input = BufReader::new(input);
    let setup = match open(&mut input) {
        Ok(setup) => setup,
        Err(reason) => return refuse(&mut output, reason),
    };
    // Watched from here on: to make the equipment may take long, too.
    let present = Arc::new(Mutex::new(Present { busy: 1, stopped: None }));
    let (orders, jobs) = channel();
    let watched = Arc::clone(&present);
    let watcher = std::thread::Builder::new().name("supervisor".into());
    if let Err(error) = watcher.spawn(move || watch(input, &orders, &watched)) {
        return refuse(&mut output, format!("a thread cannot be started: {error}"));
    }
    let mut made = match make(setup.clone()) {
        Ok(made) => made,
        Err(reason) => return refuse(&mut output, reason),
    };
    if say(&mut output, &Said::Hello { protocol: wire::PROTOCOL, pid: std::process::id() }).is_err() {
        return ExitCode::FAILURE;
    }
    lock(&present).busy -= 1;
    while let Ok(job) = jobs.recv() {
        match work(&*made.0, &mut *made.1, &job, &present, &mut output) {
            After::Fit => {}
            // What a panic left behind is not used again.
            After::Panicked => match make(setup.clone()) {
                Ok(new) => made = new,
                Err(_) => return ExitCode::FAILURE,
            },
            After::Unheard => return ExitCode::FAILURE,
        }
        lock(&present).busy -= 1;
    }
    ExitCode::SUCCESS
}

/// Says why this worker will never work.
fn refuse(output: &mut impl Write, reason: String) -> ExitCode {
    // Where nobody hears it, nobody needs to.
    let _ = say(output, &Said::Refused { reason });
    ExitCode::FAILURE
}

/// What both threads know of the work.
struct Present {
    /// Things under way: the making of the equipment, and jobs that were ordered and are not over.
    busy: usize,
    stopped: Option<TrialId>,
}

fn lock(present: &Mutex<Present>) -> MutexGuard<'_, Present> {
    present.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the first line.
fn open(input: &mut impl BufRead) -> Result<serde_json::Value, String> {
    let Ok(Line::Text(text)) = wire::read_line(input) else {
        return Err("the input closed, or was no line, before the setup came".into());
    };
    let opening: Opening =
        serde_json::from_slice(&text).map_err(|e| format!("the first line is no setup: {e}"))?;
    if opening.protocol != wire::PROTOCOL {
        return Err(format!(
            "the supervisor speaks version {} of the protocol, this worker version {}: use the same version of both",
            opening.protocol,
            wire::PROTOCOL
        ));
    }
    Ok(opening.setup)
}

/// Passes on orders until the input closes; in a thread of its own, so that it is noticed during a trial too.
fn watch(mut input: impl BufRead, orders: &Sender<Job>, present: &Mutex<Present>) {
    while let Ok(Line::Text(text)) = wire::read_line(&mut input) {
        match serde_json::from_slice(&text) {
            Ok(Order::Job(assignment)) => {
                lock(present).busy += 1;
                if orders.send(assignment.job).is_err() {
                    return;
                }
            }
            Ok(Order::Stop(trial)) => lock(present).stopped = Some(trial),
            // A later supervisor may know orders that this worker can do without.
            Err(_) => {}
        }
    }
    if lock(present).busy > 0 {
        std::process::exit(0);
    }
}

/// In which state a job leaves the worker.
enum After {
    Fit,
    Panicked,
    /// The supervisor does not listen any more.
    Unheard,
}

/// Runs a job.
fn work(
    space: &dyn Space,
    evaluator: &mut dyn Evaluator,
    job: &Job,
    present: &Mutex<Present>,
    output: &mut (impl Write + Send),
) -> After {
    let trial = job.trial;
    let mut heard = true;
    let mut spoke = Instant::now();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        run_job(space, evaluator, job, &mut |message| {
            let message = finite(message);
            // A sign of life after each batch would be a flood.
            let needless = matches!(message, Message::Alive { .. }) && spoke.elapsed() < BREATH;
            if !needless {
                heard &= say(output, &Said::Message(message)).is_ok();
                spoke = Instant::now();
            }
            let stopped = !heard || lock(present).stopped == Some(trial);
            if stopped { Control::Stop } else { Control::Continue }
        });
    }));
    if let Err(panic) = ran {
        let reason = format!("the evaluator panicked: {}", crate::threads::words_of(&*panic));
        heard &= say(output, &Said::Message(Message::Failed { trial, reason })).is_ok();
        return if heard { After::Panicked } else { After::Unheard };
    }
    if heard { After::Fit } else { After::Unheard }
}

/// The least time between two signs of life.
const BREATH: Duration = Duration::from_millis(200);

/// JSON has no numbers that are not finite: such a result is a failure, such a report a sign of life.
fn finite(message: Message) -> Message {
    match message {
        Message::Reported { trial, metrics, .. } if metrics.not_finite().is_some() => {
            Message::Alive { trial }
        }
        Message::Finished { trial, outcome } => match outcome.metrics.not_finite() {
            Some((name, value)) => Message::Failed { trial, reason: format!("{name} came out as {value}") },
            None if !outcome.cost.is_finite() => {
                Message::Failed { trial, reason: format!("its cost came out as {}", outcome.cost) }
            }
            None => Message::Finished { trial, outcome },
        },
        message => message,
    }
}

fn say(output: &mut impl Write, said: &Said) -> std::io::Result<()> {
    output.write_all(&wire::line(said)?)?;
    output.flush()
}
