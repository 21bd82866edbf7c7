//! One worker process: how it is started, fed, heard and ended.

use super::wire::{self, Line, Opening, Order};
use super::{ProcessSettings, post_mortem};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A line from a process, and which process it is from.
pub(super) struct Heard {
    pub slot: usize,
    /// The process's number among all ever started: what a process that is gone said is not mistaken for another's.
    pub number: u64,
    pub line: Line,
}

/// A running worker.
pub(super) struct Process {
    pub child: Child,
    pub number: u64,
    /// Whether it has said that it is ready.
    pub greeted: bool,
    orders: Sender<Vec<u8>>,
    log: PathBuf,
    /// Where in the log the present job begins.
    log_from: u64,
}

impl Process {
    /// Starts a worker and sends it the opening.
    pub fn start(
        settings: &ProcessSettings,
        slot: usize,
        number: u64,
        heard: &SyncSender<Heard>,
    ) -> io::Result<Self> {
        fs::create_dir_all(&settings.logs)?;
        let log = settings.logs.join(format!("worker-{}.log", slot + 1));
        let errors = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut child = command(settings, errors).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker has no standard input or output"));
        };
        let (orders, to_write) = channel();
        let heard = heard.clone();
        let threads = thread::Builder::new()
            .name(format!("to-worker-{}", slot + 1))
            .spawn(move || write_orders(input, &to_write))
            .and_then(|_| {
                let name = format!("from-worker-{}", slot + 1);
                thread::Builder::new().name(name).spawn(move || read_lines(output, slot, number, &heard))
            });
        if let Err(error) = threads {
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        let mut process = Self { child, number, greeted: false, orders, log, log_from: 0 };
        process.mark();
        let opening = Opening { protocol: wire::PROTOCOL, setup: settings.setup.clone() };
        process.send(wire::line(&opening)?);
        Ok(process)
    }

    /// Gives an order. A process that is gone does not hear it, which its closed output tells soon enough.
    pub fn order(&mut self, order: &Order) -> io::Result<()> {
        if matches!(order, Order::Job(_)) && self.greeted {
            self.mark();
        }
        self.send(wire::line(order)?);
        Ok(())
    }

    fn send(&self, line: Vec<u8>) {
        let _ = self.orders.send(line);
    }

    /// What the worker prints from here on belongs to the next job.
    fn mark(&mut self) {
        self.log_from = fs::metadata(&self.log).map_or(0, |m| m.len());
    }

    /// The last lines that the worker printed during its present job.
    pub fn last_words(&self) -> Option<String> {
        post_mortem::last_words(&self.log, self.log_from)
    }

    /// How the process ended, waiting a little for it.
    pub fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(2)),
                _ => return None,
            }
        }
    }

    /// Closes the worker's input, which asks it to end; what is left is the process to wait for.
    pub fn close(self) -> Child {
        self.child
    }
}

fn command(settings: &ProcessSettings, errors: File) -> Command {
    let mut command = Command::new(&settings.program);
    command
        .args(&settings.arguments)
        .envs(settings.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors);
    if let Some(folder) = &settings.folder {
        command.current_dir(folder);
    }
    // In a group of its own: Ctrl-C in the terminal reaches the supervisor, which decides what becomes of workers.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// Writes orders until there are none. In a thread of its own because a worker that does not read would otherwise hold
/// up the supervisor.
fn write_orders(mut input: ChildStdin, orders: &Receiver<Vec<u8>>) {
    while let Ok(order) = orders.recv() {
        if input.write_all(&order).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

/// Passes on what the worker says, until it closes its output or says what cannot be read.
fn read_lines(output: ChildStdout, slot: usize, number: u64, heard: &SyncSender<Heard>) {
    let mut output = BufReader::new(output);
    loop {
        let line = wire::read_line(&mut output).unwrap_or(Line::Closed);
        let last = !matches!(line, Line::Text(_));
        if heard.send(Heard { slot, number, line }).is_err() || last {
            return;
        }
    }
}
