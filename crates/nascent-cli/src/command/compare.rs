use crate::arguments::Compare;
use nascent::{Error, Pair, load};
use serde_json::json;
use std::process::ExitCode;

pub fn compare(options: &Compare) -> Result<ExitCode, Error> {
    let studies = options.runs.iter().map(|run| load(run)).collect::<Result<Vec<_>, Error>>()?;
    let found = nascent::compare(&studies);
    if options.json {
        out!("{}", json!(found));
        return Ok(ExitCode::SUCCESS);
    }
    out!(
        "{:16} {:12} {:28} {:>6} {:>9} {:>8} {:>18}",
        "study",
        "task",
        "strategy",
        "trials",
        "params",
        "test",
        "95 % interval"
    );
    for s in &found.studies {
        let best = s.best.as_ref();
        let test = best.and_then(|b| b.test.as_ref());
        out!(
            "{:16} {:12} {:28} {:>6} {:>9} {:>8} {:>18}",
            s.study,
            s.task.name,
            s.strategy,
            s.trials.finished,
            best.map_or("-".into(), |b| b.params.to_string()),
            test.map_or("-".into(), |t| format!("{:.4}", t.mean)),
            test.map_or("-".into(), |t| format!("{:.4} to {:.4}", t.ci95[0], t.ci95[1])),
        );
    }
    for pair in &found.pairs {
        out!("{}", words(pair));
    }
    for note in &found.notes {
        out!("note: {note}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What a paired test says, in a sentence.
fn words(pair: &Pair) -> String {
    let (first, second, v) = (&pair.first, &pair.second, &pair.verdict);
    let says = match v.result.as_str() {
        "better" => format!("the network of {first} is better than that of {second}"),
        "worse" => format!("the network of {first} is worse than that of {second}"),
        "equal" => format!("the networks of {first} and {second} are equal within {}", v.margin),
        _ => format!("these data cannot tell the networks of {first} and {second} apart"),
    };
    let ([low, high], difference) = (pair.ci95, pair.difference);
    format!(
        "{says}: the difference in {} is {difference:+.4} (95 % interval {low:+.4} to {high:+.4}, p = {:.3})",
        pair.metric, v.p
    )
}
