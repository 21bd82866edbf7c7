use super::study::space_file;
use super::{bar, cores, unusable};
use crate::arguments::Score;
use nascent::{Error, Scores, Scoring};
use serde_json::json;
use std::process::ExitCode;

pub fn score(options: Score) -> Result<ExitCode, Error> {
    if let Some(path) = options.out.as_ref().filter(|path| path.exists()) {
        return Err(unusable(path, "is there already: give --out another name"));
    }
    let mut data = nascent::data::Options::default();
    options.data.lay_over(&mut data);
    let asked = Scoring {
        task: options.task,
        data,
        space: options.space.as_deref().map(space_file).transpose()?,
        samples: options.samples,
        scores: options.scores,
        seed: options.seed,
        threads: options.threads.unwrap_or_else(cores),
    };
    let bar = bar(asked.samples, options.json);
    let found = nascent::score(asked, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if let Some(path) = &options.out {
        std::fs::write(path, found.csv()?).map_err(|e| unusable(path, e))?;
    }
    if options.json {
        out!("{}", as_json(&found));
    } else {
        print(&found);
        match &options.out {
            Some(path) => out!("\nnetworks and scores: {}", path.display()),
            None => out!("\n--out FILE keeps the scores of each network"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(found: &Scores) -> serde_json::Value {
    let networks = found.networks.iter().map(|network| {
        let scores = found.names.iter().zip(&network.values);
        json!({"hash": network.hash, "scores": scores.map(|(n, v)| (n.to_string(), *v)).collect::<std::collections::BTreeMap<_, _>>()})
    });
    let scores = found.names.iter().enumerate().map(|(i, name)| {
        json!({"name": name, "seconds": found.times[i].as_secs_f64(), "spearman_params": found.correlation(i, 0),
            "spearman_macs": found.correlation(i, 1)})
    });
    let undefined: Vec<_> =
        found.undefined.iter().map(|(name, why)| json!({"name": name, "why": why})).collect();
    json!({"space": found.space.name(), "scores": scores.collect::<Vec<_>>(), "undefined": undefined,
        "networks": networks.collect::<Vec<_>>()})
}

/// How each score agrees with size, which it must be better than to be of use.
fn print(found: &Scores) {
    out!("{} different networks of {}", found.networks.len(), found.space.name());
    out!("\n{:12} {:>14} {:>14} {:>12} {:>22}", "score", "least", "most", "seconds", "rank correlation with");
    out!("{:12} {:>14} {:>14} {:>12} {:>11} {:>10}", "", "", "", "a network", "params", "macs");
    for (i, name) in found.names.iter().enumerate() {
        let column = found.column(i);
        let least = column.iter().copied().fold(f64::INFINITY, f64::min);
        let most = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let with = |size| found.correlation(i, size).map_or("–".into(), |c| format!("{c:.3}"));
        let seconds = found.times[i].as_secs_f64();
        out!(
            "{name:12} {:>14} {:>14} {seconds:>12.4} {:>11} {:>10}",
            short(least),
            short(most),
            with(0),
            with(1)
        );
    }
    for (name, why) in &found.undefined {
        out!("{name:12} is not defined here: {why}");
    }
}

/// A number with some five digits.
fn short(number: f64) -> String {
    if number != 0.0 && !(1e-3..1e7).contains(&number.abs()) {
        format!("{number:.3e}")
    } else {
        format!("{number:.4}")
    }
}
