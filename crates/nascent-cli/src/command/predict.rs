use crate::arguments::Predict;
use nascent::data::Resize;
use nascent::data::read::Source;
use nascent::{Answered, Error, Prediction, predict as ask};
use serde_json::json;
use std::fmt::Write as _;
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
            taken.map_err(|e| Error::File { path: "standard input".into(), reason: e.to_string() })?;
            ask(&options.run, Source::Bytes { name: "standard input", bytes: &bytes }, resize)?
        } else {
            ask(&options.run, Source::File(input), resize)?
        };
        for note in &answered.notes {
            eprintln!("note: {note}");
        }
        all.extend(answered.predictions);
    }
    let text = match (&options.out, options.json) {
        (Some(_), _) => table(&all),
        (None, true) => all.iter().fold(String::new(), |mut text, p| {
            let _ = writeln!(text, "{}", json!(p));
            text
        }),
        (None, false) => all.iter().map(line).collect(),
    };
    match &options.out {
        Some(path) => std::fs::write(path, text)
            .map_err(|e| Error::File { path: path.clone(), reason: format!("cannot be written: {e}") })?,
        None => out!("{}", text.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

fn line(prediction: &Prediction) -> String {
    match &prediction.answer {
        Answered::Value { value } => format!("{}: {value}\n", prediction.input),
        Answered::Class { class, probabilities } => {
            let shares: Vec<String> =
                probabilities.iter().take(3).map(|(c, p)| format!("{c} {:.1} %", p * 100.0)).collect();
            format!("{}: {class} ({})\n", prediction.input, shares.join(", "))
        }
    }
}

/// Comma-separated values: the input and its value, or its class and the probability of every class.
fn table(predictions: &[Prediction]) -> String {
    let mut text = String::new();
    let quoted = |field: &str| {
        if field.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.into()
        }
    };
    // The columns of all rows are in the order of the first row's classes by name.
    let mut classes: Vec<&str> = match predictions.first().map(|p| &p.answer) {
        Some(Answered::Class { probabilities, .. }) => {
            probabilities.iter().map(|(c, _)| c.as_str()).collect()
        }
        _ => Vec::new(),
    };
    classes.sort_unstable();
    let heads: String = classes.iter().map(|c| format!(",{}", quoted(&format!("p({c})")))).collect();
    let _ = writeln!(text, "input,{}{heads}", if classes.is_empty() { "value" } else { "class" });
    for p in predictions {
        match &p.answer {
            Answered::Value { value } => {
                let _ = writeln!(text, "{},{value}", quoted(&p.input));
            }
            Answered::Class { class, probabilities } => {
                let share =
                    |name: &&str| probabilities.iter().find(|(c, _)| c == name).map_or(0.0, |(_, p)| *p);
                let shares: String = classes.iter().map(|c| format!(",{}", share(c))).collect();
                let _ = writeln!(text, "{},{}{shares}", quoted(&p.input), quoted(class));
            }
        }
    }
    text
}
