//! Commands that are asked for one answer, and are ended when it does not come.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most that is kept of what a command says; the rest is read and forgotten, so that it can go on.
const MOST_BYTES: usize = 64 * 1024;
/// How long what a command said is waited for after its end: a process that it left behind may keep its output open.
const LINGER: Duration = Duration::from_millis(500);

/// What a command says on standard output, where it ends well within `limit`; `input` is what it reads.
///
/// It is in a process group of its own: what interrupts this program in a terminal does not make it fail, and with it
/// everything is ended that it started.
///
/// # Errors
/// Where it cannot be started, gives no answer in time, or fails; what happened, to be read behind its name.
pub fn answer(mut command: Command, input: &str, limit: Duration) -> Result<String, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let begin = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("cannot be started: {e}"))?;
    if let Some(mut to) = child.stdin.take() {
        let input = input.to_string();
        // One that ends without reading has its reasons.
        std::thread::spawn(move || to.write_all(input.as_bytes()));
    }
    let said = child.stdout.take().map(Listener::new);
    let complained = child.stderr.take().map(Listener::new);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begin.elapsed() < limit => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                end(&mut child);
                return Err(format!("gave no answer within {} s and was ended", limit.as_secs_f64()));
            }
            Err(e) => {
                end(&mut child);
                return Err(format!("cannot be waited for: {e}"));
            }
        }
    };
    if !status.success() {
        let complained = complained.map(Listener::heard).unwrap_or_default();
        end(&mut child);
        let last = complained.lines().last().unwrap_or("nothing on standard error").trim();
        return Err(format!("ended with {status}: {last}"));
    }
    Ok(said.map(Listener::heard).unwrap_or_default())
}

/// Ends a command and its process group.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(group) = i32::try_from(child.id()) {
        // Of a group that is gone there is nothing to end.
        let _ =
            nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A stream that is read to its end by a thread of its own.
struct Listener {
    bytes: Arc<Mutex<Vec<u8>>>,
    is_over: Receiver<()>,
}

impl Listener {
    fn new(mut from: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (over, is_over) = channel();
        let kept = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut some) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = MOST_BYTES - kept.len();
                kept.extend_from_slice(&some[..count.min(room)]);
            }
            // Nobody may wait for it any more.
            let _ = over.send(());
        });
        Self { bytes, is_over }
    }

    /// What was said by the end, or by now where that does not come.
    fn heard(self) -> String {
        let _ = self.is_over.recv_timeout(LINGER);
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
