use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// How far numbers of two programs that do the same may be apart, as a share.
const APART: f64 = 1e-3;

/// A program that does steps of a piece of work when it is asked.
///
/// The first object that it says tells what its first step gave; then each line with a number of seconds is answered by the
/// shortest step in that time, `{"ms": …}`, and the end of its input by its peak memory, `{"mb": …}`. Lines that are no objects
/// are passed on to the reader.
pub struct Stepper {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    said: Value,
    ms: f64,
}

/// What a stepper did in all.
pub struct Done {
    /// The shortest step of all turns, in milliseconds.
    pub ms: f64,
    /// The peak of its memory.
    pub mb: f64,
    /// From its start to the end of its first step, where it says so.
    pub first_ms: f64,
}

impl Stepper {
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().map_err(|e| format!("{command:?} cannot be started: {e}"))?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{command:?} has no pipes"));
        };
        let (asks, answers) = (Some(asks), BufReader::new(answers));
        let mut stepper = Self { child, asks, answers, said: Value::Null, ms: f64::INFINITY };
        stepper.said = stepper.object()?;
        Ok(stepper)
    }

    /// The next object that it says.
    fn object(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        loop {
            line.clear();
            let read =
                self.answers.read_line(&mut line).map_err(|e| format!("a program cannot be heard: {e}"))?;
            if read == 0 {
                let mut said = String::new();
                if let Some(mut error) = self.child.stderr.take() {
                    let _ = std::io::Read::read_to_string(&mut error, &mut said);
                }
                let last = said.trim().lines().last().unwrap_or("it said nothing");
                return Err(format!("a program ended: {last}"));
            }
            match serde_json::from_str(&line) {
                Ok(value @ Value::Object(_)) => return Ok(value),
                _ => print!("   {line}"),
            }
        }
    }

    /// Whether another, called `name`, does the same work: what both said of their first steps is equal where it is whole
    /// numbers, and nearly so where it is not. Times are left out.
    pub fn same_work(&self, other: &Self, name: &str) -> Result<(), String> {
        same(&self.said, &other.said).map_err(|why| format!("{name} does other work: {why}"))
    }

    /// Lets it work for some seconds, and waits for it.
    pub fn turn(&mut self, seconds: f64) -> Result<(), String> {
        self.ask(seconds)?;
        self.hear()
    }

    pub fn ask(&mut self, seconds: f64) -> Result<(), String> {
        let asks = self.asks.as_mut().ok_or("the program has ended")?;
        writeln!(asks, "{seconds}")
            .and_then(|()| asks.flush())
            .map_err(|e| format!("a program cannot be asked: {e}"))
    }

    pub fn hear(&mut self) -> Result<(), String> {
        let ms = self.object()?["ms"].as_f64().ok_or("a program said no time")?;
        self.ms = self.ms.min(ms);
        Ok(())
    }

    pub fn end(mut self) -> Result<Done, String> {
        self.asks = None;
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        let mb = number(&self.object()?["mb"]);
        let _ = self.child.wait();
        Ok(Done { ms: self.ms, mb, first_ms: number(&self.said["first_ms"]) })
    }
}

fn same(ours: &Value, theirs: &Value) -> Result<(), String> {
    let mut compared = 0;
    for (key, a) in ours.as_object().into_iter().flatten().filter(|(key, _)| !key.ends_with("_ms")) {
        let b = &theirs[key];
        let is_same = match (a.as_u64(), b.as_u64(), a.as_f64(), b.as_f64()) {
            (Some(a), Some(b), ..) => a == b,
            (_, _, Some(a), Some(b)) => (a - b).abs() <= APART * a.abs(),
            _ => false,
        };
        if !is_same {
            return Err(format!("its {key} is {b}, ours {a}"));
        }
        compared += 1;
    }
    if compared == 0 { Err("nothing of it can be compared".into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_work_gives_the_same_numbers() {
        let ours = json!({"params": 100_000, "loss": 2.0, "first_ms": 3.0});
        assert_eq!(same(&ours, &json!({"params": 100_000, "loss": 2.001, "first_ms": 9.0})), Ok(()));
        let why = same(&ours, &json!({"params": 100_001, "loss": 2.0})).unwrap_err();
        assert_eq!(why, "its params is 100001, ours 100000");
        assert!(same(&ours, &json!({"params": 100_000, "loss": 2.01})).unwrap_err().contains("loss"));
        assert!(same(&ours, &json!({"params": 100_000})).is_err());
        assert!(same(&json!({"first_ms": 1.0}), &json!({})).is_err());
    }

    #[test]
    fn a_program_is_asked_and_heard() {
        let script = r#"echo '{"answer": 1.5, "first_ms": 7}'; echo 'a word'
            for ms in 3 2 4; do read -r seconds; echo "{\"ms\": $ms}"; done; cat; echo '{"mb": 5}'"#;
        let mut stepper = Stepper::start(Command::new("sh").args(["-c", script])).unwrap();
        (0..3).for_each(|_| stepper.turn(0.1).unwrap());
        let done = stepper.end().unwrap();
        assert_eq!((done.ms, done.mb, done.first_ms), (2.0, 5.0, 7.0));
        let mut broken = Command::new("sh");
        broken.args(["-c", "echo no such thing >&2; exit 1"]);
        assert_eq!(Stepper::start(&mut broken).err().unwrap(), "a program ended: no such thing");
    }
}
