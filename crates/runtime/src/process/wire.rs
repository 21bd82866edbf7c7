//! The protocol between a supervisor and a worker: one JSON value a line.

use nascent_core::architecture::Architecture;
use nascent_core::{Job, Message, Settings, TrialId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;

/// The version of the protocol.
pub(crate) const PROTOCOL: u32 = 1;

/// The most bytes a line may have.
pub(crate) const LONGEST_LINE: u64 = 16 << 20;

/// The first line to a worker.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub protocol: u32,
    /// What the worker needs to make its evaluator; only the two programs at the ends understand it.
    pub setup: serde_json::Value,
}

/// Every further line to a worker.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Run this, and say what comes of it.
    Job(Box<Assignment>),
    /// Nobody waits for this trial any more: end it soon, and say so with any result.
    Stop(TrialId),
}

/// A job as it is written.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    #[serde(flatten)]
    pub job: Job,
    /// For workers that do not know the space.
    #[serde(flatten)]
    pub spelled_out: Option<SpelledOut>,
}

/// What a job's decisions mean.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpelledOut {
    /// The canonical graph.
    pub architecture: Architecture,
    /// How it is to be trained.
    pub settings: Settings,
    /// The label of each answer, by where it was asked.
    pub answers: BTreeMap<String, String>,
    /// The trial's own folder, which exists.
    pub folder: PathBuf,
}

/// A line from a worker.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// The first line of a worker that is ready.
    Hello { protocol: u32, pid: u32 },
    /// The only line of a worker that never will be.
    Refused { reason: String },
    /// How a trial goes.
    #[serde(untagged)]
    Message(Message),
}

/// A line, as far as it could be read.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    Text(Vec<u8>),
    TooLong,
    /// The other side has closed its end.
    Closed,
}

/// Reads the next line, and never more than a line may have.
pub(crate) fn read_line(from: &mut impl BufRead) -> io::Result<Line> {
    let mut text = Vec::new();
    from.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut text)?;
    if text.last() == Some(&b'\n') {
        text.pop();
        return Ok(Line::Text(text));
    }
    // A last line without an end was cut off with its writer.
    Ok(if text.len() as u64 > LONGEST_LINE { Line::TooLong } else { Line::Closed })
}

/// A value as a line, its end included.
pub(crate) fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::Metrics;

    #[test]
    fn lines_look_as_documented() {
        let text = |value: &dyn erased::Text| value.text();
        let trial = TrialId(3);
        assert_eq!(text(&Order::Stop(trial)), r#"{"stop":3}"#);
        assert_eq!(text(&Said::Hello { protocol: 1, pid: 9 }), r#"{"hello":{"protocol":1,"pid":9}}"#);
        assert_eq!(text(&Said::Message(Message::Alive { trial })), r#"{"alive":{"trial":3}}"#);
        let metrics = Metrics::new().with("accuracy", 0.5);
        assert_eq!(
            text(&Said::Message(Message::Reported { trial, step: 1, metrics })),
            r#"{"reported":{"trial":3,"step":1,"metrics":{"accuracy":0.5}}}"#
        );
    }

    mod erased {
        pub(super) trait Text {
            fn text(&self) -> String;
        }
        impl<T: serde::Serialize> Text for T {
            fn text(&self) -> String {
                serde_json::to_string(self).unwrap()
            }
        }
    }

    #[test]
    fn what_is_said_is_understood() {
        let said = |text: &str| serde_json::from_str::<Said>(text);
        let failed = Message::Failed { trial: TrialId(1), reason: "x".into() };
        assert_eq!(said(r#"{"failed":{"trial":1,"reason":"x"}}"#).unwrap(), Said::Message(failed));
        assert_eq!(said(r#"{"refused":{"reason":"y"}}"#).unwrap(), Said::Refused { reason: "y".into() });
        assert!(said("training...").is_err());
        assert!(said(r#"{"finished":{"trial":1}}"#).is_err());
    }

    #[test]
    fn lines_end_where_they_should() {
        let mut from = &b"one\n\ntw"[..];
        assert_eq!(read_line(&mut from).unwrap(), Line::Text(b"one".into()));
        assert_eq!(read_line(&mut from).unwrap(), Line::Text(Vec::new()));
        assert_eq!(read_line(&mut from).unwrap(), Line::Closed);
        let mut endless = io::BufReader::new(io::repeat(b'x'));
        assert_eq!(read_line(&mut endless).unwrap(), Line::TooLong);
    }
}
