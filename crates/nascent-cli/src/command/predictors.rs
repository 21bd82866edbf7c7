use super::{bar, cores};
use crate::arguments::Predictors;
use nascent::strategies::predictors::Accuracy;
use nascent::{Error, PredictorStudy, PredictorTable};
use serde_json::json;
use std::process::ExitCode;

pub fn predictors(options: Predictors) -> Result<ExitCode, Error> {
    let asked = PredictorStudy {
        sources: options.sources,
        tables: options.tables,
        target: options.target,
        with: options.with,
        predictors: options.predictors,
        sizes: options.sizes,
        samples: options.samples,
        seed: options.seed,
        threads: options.threads.unwrap_or_else(cores),
    };
    let bar = bar(asked.samples, options.json);
    let found = nascent::measure_predictors(&asked, &|done, _| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    match options.json {
        true => out!("{}", as_json(&found, &asked)),
        false => print(&found, &asked),
    }
    Ok(ExitCode::SUCCESS)
}

/// What is shown of a predictor and size: the mean over the samples.
fn mean(samples: &[Accuracy], of: impl Fn(&Accuracy) -> f64) -> f64 {
    samples.iter().map(of).sum::<f64>() / samples.len() as f64
}

/// The standard error of the mean of Kendall's correlation; 0 for one sample.
fn spread(samples: &[Accuracy]) -> f64 {
    let (count, middle) = (samples.len() as f64, mean(samples, |a| a.kendall));
    let sum: f64 = samples.iter().map(|a| (a.kendall - middle).powi(2)).sum();
    (sum / (count - 1.0).max(1.0) / count).sqrt()
}

fn as_json(found: &PredictorTable, asked: &PredictorStudy) -> serde_json::Value {
    let row = |(predictor, encoding, size, samples): &(&str, &str, usize, Vec<Accuracy>)| {
        let each = |of: fn(&Accuracy) -> f64| samples.iter().map(of).collect::<Vec<f64>>();
        json!({"predictor": predictor, "encoding": encoding, "networks": size, "kendall": each(|a| a.kendall),
            "spearman": each(|a| a.spearman), "precision": each(|a| a.precision), "regret": each(|a| a.regret),
            // Scores by themselves learn nothing and guess no spread.
            "inside": (*size > 0).then(|| each(|a| a.inside)),
            "fit_seconds": (*size > 0).then(|| mean(samples, |a| a.fit.as_secs_f64())),
            "guess_seconds": (*size > 0).then(|| mean(samples, |a| a.guess.as_secs_f64()))})
    };
    json!({"source": found.source, "target": found.target, "with": asked.with, "networks": found.networks,
        "incomplete": found.incomplete, "guessed": found.guessed, "too_large": found.too_large,
        "undefined": found.undefined.iter().map(|(name, why)| json!({"name": name, "why": why})).collect::<Vec<_>>(),
        "seed": asked.seed, "rows": found.rows.iter().map(row).collect::<Vec<_>>()})
}

fn print(found: &PredictorTable, asked: &PredictorStudy) {
    let known = match &asked.with[..] {
        [] => String::new(),
        with => format!(", known without training: {}", with.join(", ")),
    };
    out!("{}: {} of {} networks{known}", found.source, found.target, found.networks);
    if found.incomplete > 0 {
        out!("{} more lack one of these numbers, or were copied from another trial", found.incomplete);
    }
    out!(
        "means over {} random samples, {} other networks guessed after each\n",
        asked.samples,
        found.guessed
    );
    out!(
        "{:12} {:8} {:>8} {:>14} {:>9} {:>9} {:>9} {:>8} {:>10} {:>10}",
        "predictor",
        "sees",
        "networks",
        "Kendall",
        "Spearman",
        "top 5 %",
        "regret",
        "in 80 %",
        "learning",
        "a guess"
    );
    for (predictor, encoding, size, samples) in &found.rows {
        let of = |of: fn(&Accuracy) -> f64| mean(samples, of);
        let learnt = *size > 0;
        let inside = if learnt { format!("{:.0} %", 100.0 * of(|a| a.inside)) } else { "–".into() };
        let fit = if learnt { format!("{:.1} ms", 1e3 * of(|a| a.fit.as_secs_f64())) } else { "–".into() };
        let guess =
            if learnt { format!("{:.1} µs", 1e6 * of(|a| a.guess.as_secs_f64())) } else { "–".into() };
        out!(
            "{predictor:12} {encoding:8} {size:>8} {:>7.3} ±{:.3} {:>9.3} {:>7.0} % {:>9.4} {inside:>8} {fit:>10} {guess:>10}",
            of(|a| a.kendall),
            spread(samples),
            of(|a| a.spearman),
            100.0 * of(|a| a.precision),
            of(|a| a.regret)
        );
    }
    for size in &found.too_large {
        out!("{size} networks to learn from leave too few to guess");
    }
    for (name, why) in &found.undefined {
        out!("{name} cannot be measured here: {why}");
    }
    out!(
        "\n±: a standard error; top 5 %: of those guessed to be, the share that are; regret: what the one guessed best is worse than the best;"
    );
    out!("in 80 %: the share of values in the middle 80 % of what was guessed");
}
