//! Evaluators of the user's own: a program that trains and judges networks, in any language.

use crate::error::InputError;
use crate::settings::Budget;
use nascent_core::objective::Direction;
use nascent_core::{Features, Signature};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A program that trains and judges networks in Nascent's stead: the table `[evaluator]` of a study file.
///
/// It is started once for each worker and speaks the protocol of `docs/evaluator.md` through its standard input and
/// output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outside {
    /// What is run, split into words as a shell would; no shell is started.
    pub command: String,
    /// The extents of one input: `[numbers]`, `[channels, steps]` or `[channels, height, width]`.
    pub input: Vec<usize>,
    /// How many numbers a network answers.
    pub outputs: usize,
    /// What the program measures, and which way is better.
    #[schemars(with = "BTreeMap<String, Better>")]
    pub metrics: BTreeMap<String, Direction>,
    /// For how long the program may say nothing during a trial before it counts as hung.
    #[serde(default = "ten_minutes")]
    pub silence: Budget,
    /// Where it works; left out, where the study was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// Which way is better, as it is written.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its form is used")]
enum Better {
    Maximize,
    Minimize,
}

fn ten_minutes() -> Budget {
    Budget(Duration::from_secs(600))
}

impl Outside {
    /// The words of the command.
    ///
    /// # Errors
    /// Where there are none, or a quotation does not end.
    pub(crate) fn words(&self) -> Result<Vec<String>, Box<InputError>> {
        let words = shlex::split(&self.command).filter(|words| !words.is_empty());
        words.ok_or_else(|| {
            let message = format!(
                "the evaluator's command is {:?}: give a program and its arguments, quotations closed",
                self.command
            );
            InputError::about("evaluator", message)
        })
    }

    /// What networks take and give.
    ///
    /// # Errors
    /// Where the extents are none of an input.
    pub(crate) fn signature(&self) -> Result<Signature, Box<InputError>> {
        let wrong = |what: String| Err(InputError::about("evaluator", what));
        if self.input.contains(&0) || self.input.iter().product::<usize>() > 1 << 28 {
            return wrong(format!(
                "input = {:?}: extents are from 1, together at most 268435456",
                self.input
            ));
        }
        let features = match self.input[..] {
            [numbers] => Features::Vector { numbers },
            [channels, steps] => Features::Series { channels, steps },
            [channels, height, width] => Features::Image { channels, height, width },
            _ => {
                return wrong(format!(
                    "input = {:?}: give [numbers], [channels, steps] or [channels, height, width]",
                    self.input
                ));
            }
        };
        if !(1..=1 << 20).contains(&self.outputs) {
            return wrong(format!("outputs = {} is not from 1 to 1048576", self.outputs));
        }
        if self.metrics.is_empty() {
            return wrong("metrics has no metric: such as metrics = { accuracy = \"maximize\" }".into());
        }
        Ok(Signature { features, outputs: self.outputs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(text: &str) -> Result<Signature, String> {
        let outside: Outside = toml::from_str(text).map_err(|e| e.message().to_string())?;
        outside.words().map_err(|e| e.message)?;
        outside.signature().map_err(|e| e.message)
    }

    #[test]
    fn what_a_program_says_of_its_data_is_checked() {
        let with = |command: &str, input: &str, outputs: usize, metrics: &str| {
            outside(&format!(
                "command = {command:?}\ninput = {input}\noutputs = {outputs}\nmetrics = {metrics}"
            ))
        };
        let metrics = "{ accuracy = \"maximize\" }";
        let signature = with("python 'my train.py'", "[3, 32, 32]", 10, metrics).unwrap();
        assert_eq!(signature.features, Features::Image { channels: 3, height: 32, width: 32 });
        assert!(with("", "[3]", 1, metrics).unwrap_err().contains("give a program"));
        assert!(with("python 'x", "[3]", 1, metrics).unwrap_err().contains("quotations"));
        assert!(with("x", "[1, 2, 3, 4]", 1, metrics).unwrap_err().contains("[channels, steps]"));
        assert!(with("x", "[0]", 1, metrics).unwrap_err().contains("from 1"));
        assert!(with("x", "[3]", 0, metrics).unwrap_err().contains("outputs = 0"));
        assert!(with("x", "[3]", 1, "{}").unwrap_err().contains("no metric"));
        assert!(with("x", "[3]", 1, "{ a = \"up\" }").unwrap_err().contains("maximize"));
    }
}
