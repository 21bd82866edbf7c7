//! Measuring elsewhere: a command of the user's gets an ONNX file and answers milliseconds.

use crate::DeviceError;
use crate::runtime::onnx;
use nascent_core::architecture::Architecture;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command that measures one network on another machine.
///
/// It is run once a network, with the file's path as its last argument, or in place of `{}`. Its answer is one number on
/// standard output, the milliseconds of one batch, which may stand in an object of JSON as `latency_ms`, with the
/// millijoules beside it as `energy_mj` where the machine has a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    command: String,
    words: Vec<String>,
    limit: Duration,
}

/// What a batch took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Took {
    /// Milliseconds.
    pub ms: f64,
    /// Millijoules, where they were counted.
    pub energy_mj: Option<f64>,
}

/// The most that a command may say.
const MOST_BYTES: u64 = 64 * 1024;

impl Via {
    /// The command in its words; one that takes longer than `limit` for a network is ended.
    ///
    /// # Errors
    /// Where there are no words.
    pub fn new(command: &str, words: Vec<String>, limit: Duration) -> Result<Self, DeviceError> {
        if words.is_empty() {
            return Err(DeviceError::Via {
                command: command.into(),
                reason: "is empty: give a program".into(),
            });
        }
        Ok(Self { command: command.into(), words, limit })
    }

    /// The command as it was given.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    fn fail(&self, reason: String) -> DeviceError {
        DeviceError::Via { command: self.command.clone(), reason }
    }

    /// What a batch of a network takes there.
    ///
    /// # Errors
    /// Where the command cannot be started, hangs, fails, or answers no positive number.
    pub fn measure(&self, file: &Path) -> Result<Took, DeviceError> {
        let path = file.to_string_lossy();
        let has_place = self.words.iter().any(|w| w.contains("{}"));
        let mut words = self.words.iter().map(|w| w.replace("{}", &path));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        if !has_place {
            command.arg(file);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| self.fail(format!("cannot be started: {e}")))?;
        let said = child.stdout.take().map(read);
        let complained = child.stderr.take().map(read);
        let begin = Instant::now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if begin.elapsed() < self.limit => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    let seconds = self.limit.as_secs_f64();
                    return Err(self.fail(format!("gave no answer within {seconds} s and was ended")));
                }
                Err(e) => return Err(self.fail(format!("cannot be waited for: {e}"))),
            }
        };
        let text = |thread: Option<std::thread::JoinHandle<String>>| {
            thread.and_then(|t| t.join().ok()).unwrap_or_default()
        };
        let (said, complained) = (text(said), text(complained));
        if !status.success() {
            let last = complained.lines().last().unwrap_or("nothing on standard error").trim().to_string();
            return Err(self.fail(format!("ended with {status}: {last}")));
        }
        self.took(said.trim())
    }

    /// The numbers in an answer.
    fn took(&self, said: &str) -> Result<Took, DeviceError> {
        let shown: String = said.chars().take(60).collect();
        let wanted = "it must answer one number above 0, the milliseconds of a batch";
        let positive = |key: &str, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(value),
            false => Err(self.fail(format!("answered {key}{value}: {wanted}"))),
        };
        let nothing = || self.fail(format!("answered {shown:?}: {wanted}"));
        match serde_json::from_str::<serde_json::Value>(said) {
            Ok(serde_json::Value::Object(object)) => {
                let number = |key: &str| object.get(key).map(|value| value.as_f64().ok_or_else(nothing));
                let ms = number("latency_ms").unwrap_or_else(|| Err(nothing()))?;
                let energy_mj = number("energy_mj").transpose()?;
                let energy_mj = energy_mj.map(|mj| positive("an energy_mj of ", mj)).transpose()?;
                Ok(Took { ms: positive("", ms)?, energy_mj })
            }
            Ok(value) => Ok(Took { ms: positive("", value.as_f64().ok_or_else(nothing)?)?, energy_mj: None }),
            Err(_) => Err(nothing()),
        }
    }
}

/// What one network takes where a command measures it, with fresh weights in a file of its own.
///
/// # Errors
/// As [`Via::measure`], and where the file cannot be written.
pub fn via_once(via: &Via, graph: &Architecture) -> Result<Took, DeviceError> {
    let name = format!("nascent-{}-{}.onnx", std::process::id(), graph.hash());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, onnx(graph)?)
        .map_err(|e| DeviceError::File { path: path.clone(), reason: format!("cannot be written: {e}") })?;
    let said = via.measure(&path);
    // A file that cannot be removed costs space alone.
    let _ = std::fs::remove_file(&path);
    said
}

fn read(from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.take(MOST_BYTES).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn took(script: &str) -> Result<Took, String> {
        let words = vec!["sh".into(), "-c".into(), script.into(), "sh".into()];
        let via = Via::new("board", words, Duration::from_millis(400)).unwrap();
        via.measure(Path::new("/some/model.onnx")).map_err(|e| e.to_string())
    }

    fn ask(script: &str) -> Result<f64, String> {
        took(script).map(|took| took.ms)
    }

    #[test]
    fn a_meter_is_read() {
        let said = took("echo '{\"latency_ms\": 3, \"energy_mj\": 0.5}'");
        assert_eq!(said, Ok(Took { ms: 3.0, energy_mj: Some(0.5) }));
        assert_eq!(took("echo '{\"latency_ms\": 3}'").unwrap().energy_mj, None);
        let wrong = took("echo '{\"latency_ms\": 3, \"energy_mj\": -2}'").unwrap_err();
        assert!(wrong.contains("answered an energy_mj of -2"), "{wrong}");
        assert!(took("echo '{\"energy_mj\": 2}'").unwrap_err().contains("it must answer one number"));
    }

    #[test]
    fn a_number_is_an_answer() {
        assert_eq!(ask("echo 2.5"), Ok(2.5));
        assert_eq!(ask("echo '{\"latency_ms\": 3}'"), Ok(3.0));
        // The file comes last, or where it is asked for.
        assert_eq!(ask("test $1 = /some/model.onnx && echo 1"), Ok(1.0));
        let words =
            ["sh", "-c", "test {} = /some/model.onnx && test $# = 0 && echo 1"].map(Into::into).to_vec();
        let via = Via::new("board", words, Duration::from_secs(2)).unwrap();
        assert_eq!(via.measure(Path::new("/some/model.onnx")), Ok(Took { ms: 1.0, energy_mj: None }));
    }

    #[test]
    fn what_is_no_answer_is_said() {
        let said = |script| ask(script).unwrap_err();
        assert!(said("sleep 9").contains("gave no answer within 0.4 s and was ended"));
        assert!(said("echo no board >&2; exit 3").contains("ended with exit status: 3: no board"));
        assert!(said("echo fast").contains("answered \"fast\": it must answer one number above 0"));
        assert!(said("echo -1").contains("answered -1: it must answer one number above 0"));
        assert!(said("true").contains("answered \"\""));
        let none = Via::new("", Vec::new(), Duration::from_secs(1)).unwrap_err().to_string();
        assert!(none.contains("is empty"), "{none}");
        let via = Via::new("x", vec!["/nowhere/x".into()], Duration::from_secs(1)).unwrap();
        assert!(via.measure(Path::new("a")).unwrap_err().to_string().contains("cannot be started"));
    }
}
