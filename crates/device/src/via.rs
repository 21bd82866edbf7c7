//! Measuring elsewhere: a command of the user's gets an ONNX file and answers milliseconds.

use crate::DeviceError;
use crate::child::answer;
use crate::runtime::onnx;
use nascent_core::architecture::Architecture;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A command that measures one network on another machine.
///
/// It is run once a network, with the file's path as its last argument, or in place of `{}`, and the examples of a batch in
/// place of `{batch}`. Its answer is one number on
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

/// What the file's path takes the place of in a command.
const FILE: &str = "{}";
/// What the number of examples in a batch takes the place of.
const BATCH: &str = "{batch}";

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

    /// Whether the command is told how many examples a batch has.
    #[must_use]
    pub fn knows_batch(&self) -> bool {
        self.words.iter().any(|word| word.contains(BATCH))
    }

    /// What `batch` examples at a time take a network there.
    ///
    /// # Errors
    /// Where the command cannot be started, hangs, fails, or answers no positive number.
    pub fn measure(&self, file: &Path, batch: usize) -> Result<Took, DeviceError> {
        let path = file.to_string_lossy();
        let has_place = self.words.iter().any(|w| w.contains(FILE));
        let mut words = self.words.iter().map(|w| w.replace(FILE, &path).replace(BATCH, &batch.to_string()));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        if !has_place {
            command.arg(file);
        }
        let said = answer(command, "", self.limit).map_err(|reason| self.fail(reason))?;
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
pub fn via_once(via: &Via, graph: &Architecture, batch: usize) -> Result<Took, DeviceError> {
    let name = format!("nascent-{}-{}.onnx", std::process::id(), graph.hash());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, onnx(graph)?)
        .map_err(|e| DeviceError::File { path: path.clone(), reason: format!("cannot be written: {e}") })?;
    let said = via.measure(&path, batch);
    // A file that cannot be removed costs space alone.
    let _ = std::fs::remove_file(&path);
    said
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn took(script: &str) -> Result<Took, String> {
        let words = vec!["sh".into(), "-c".into(), script.into(), "sh".into()];
        let via = Via::new("board", words, Duration::from_millis(400)).unwrap();
        via.measure(Path::new("/some/model.onnx"), 1).map_err(|e| e.to_string())
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
        assert_eq!(via.measure(Path::new("/some/model.onnx"), 1), Ok(Took { ms: 1.0, energy_mj: None }));
    }

    #[test]
    fn a_command_can_be_told_the_batch() {
        let words = ["sh", "-c", "test $1 = 8 && test $2 = m.onnx && echo 1", "sh", "{batch}"];
        let via = Via::new("board", words.map(Into::into).to_vec(), Duration::from_secs(2)).unwrap();
        assert!(via.knows_batch());
        assert_eq!(via.measure(Path::new("m.onnx"), 8).unwrap().ms, 1.0);
        assert!(!Via::new("board", vec!["board".into()], Duration::from_secs(2)).unwrap().knows_batch());
    }

    #[test]
    fn neither_what_a_command_leaves_behind_nor_how_much_it_says_holds_it_up() {
        let begin = Instant::now();
        assert_eq!(ask("sleep 30 & echo 2"), Ok(2.0));
        assert_eq!(ask("yes no board | head -c 300000 >&2; echo 3"), Ok(3.0));
        // What hangs is ended with all that it began.
        let folder = std::env::temp_dir().join(format!("nascent-via-{}", std::process::id()));
        let script = format!("(sleep 1; touch {}) & sleep 30", folder.display());
        assert!(ask(&script).is_err());
        std::thread::sleep(Duration::from_millis(1200));
        assert!(!folder.exists());
        assert!(begin.elapsed() < Duration::from_secs(20));
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
        assert!(via.measure(Path::new("a"), 1).unwrap_err().to_string().contains("cannot be started"));
    }
}
