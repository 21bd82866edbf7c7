use super::unusable;
use crate::arguments::Predict;
use nascent::data::Resize;
use nascent::data::read::Source;
use nascent::{Answered, Error, Prediction, predict as ask};
use serde_json::json;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

/// The most bytes that are taken from standard input.
const MOST_INPUT: u64 = 1 << 30;

pub fn predict(options: &Predict) -> Result<ExitCode, Error> {
    let resize = if options.resize { Resize::Yes } else { Resize::No };
    let mut all = Vec::new();
    for input in &options.inputs {
        let answered = if input == Path::new("-") {
            let mut bytes = Vec::new();
            let taken = std::io::stdin().take(MOST_INPUT).read_to_end(&mut bytes);
            taken.map_err(|e| unusable(Path::new("standard input"), e))?;
            ask(&options.run, options.size, Source::Bytes { name: "standard input", bytes: &bytes }, resize)?
        } else {
            ask(&options.run, options.size, Source::File(input), resize)?
        };
        for note in &answered.notes {
            eprintln!("note: {note}");
        }
        all.extend(answered.predictions);
    }
    let cannot = |path: &Path, e: &dyn std::fmt::Display| unusable(path, format!("cannot be written: {e}"));
    match &options.out {
        Some(path) => {
            let text = table(&all).map_err(|e| cannot(path, &e))?;
            std::fs::write(path, text).map_err(|e| cannot(path, &e))?;
        }
        None if options.json => all.iter().for_each(|p| out!("{}", json!(p))),
        None => all.iter().for_each(|p| out!("{}", line(p))),
    }
    Ok(ExitCode::SUCCESS)
}

fn line(prediction: &Prediction) -> String {
    match &prediction.answer {
        Answered::Value { value } => format!("{}: {value}", prediction.input),
        Answered::Class { class, probabilities } => {
            let shares: Vec<String> =
                probabilities.iter().take(3).map(|(c, p)| format!("{c} {:.1} %", p * 100.0)).collect();
            format!("{}: {class} ({})", prediction.input, shares.join(", "))
        }
    }
}

/// Comma-separated values: the input and its value, or its class and the probability of every class.
fn table(predictions: &[Prediction]) -> Result<Vec<u8>, csv::Error> {
    // The columns of all rows are in the order of the first row's classes by name.
    let mut classes: Vec<&str> = match predictions.first().map(|p| &p.answer) {
        Some(Answered::Class { probabilities, .. }) => {
            probabilities.iter().map(|(c, _)| c.as_str()).collect()
        }
        _ => Vec::new(),
    };
    classes.sort_unstable();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["input".to_string(), if classes.is_empty() { "value" } else { "class" }.into()];
    head.extend(classes.iter().map(|c| format!("p({c})")));
    writer.write_record(head)?;
    for p in predictions {
        let mut row = vec![p.input.clone()];
        match &p.answer {
            Answered::Value { value } => row.push(value.to_string()),
            Answered::Class { class, probabilities } => {
                let share =
                    |name: &&str| probabilities.iter().find(|(c, _)| c == name).map_or(0.0, |(_, p)| *p);
                row.push(class.clone());
                row.extend(classes.iter().map(|c| share(c).to_string()));
            }
        }
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}
