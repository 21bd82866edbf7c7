use crate::arguments::Compress;
use nascent::{Compressed, Compressing, Error, Side};
use std::process::ExitCode;

pub fn compress(options: Compress) -> Result<ExitCode, Error> {
    let Compress { network, prune, tune_epochs, teacher, numbers, rows, json } = options;
    let network = network.into();
    let done = nascent::compress(&Compressing { network, prune, tune_epochs, teacher, numbers, rows })?;
    if json {
        out!("{}", serde_json::json!(done));
    } else {
        show(&done);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(done: &Compressed) {
    let heads = ["bytes", "numbers", "parameters", "macs", "milliseconds"];
    let [bytes, numbers, params, macs, ms] = heads;
    out!("{:8} {:>13} {bytes:>10} {numbers:>10} {params:>10} {macs:>11} {ms:>13}", "", done.metric);
    let line = |name: &str, side: &Side| {
        let Side { value, bytes, number_bytes, params, macs, milliseconds } = side;
        let ms = milliseconds.map_or("–".into(), |ms| format!("{ms:.4}"));
        out!("{name:8} {value:>13.4} {bytes:>10} {number_bytes:>10} {params:>10} {macs:>11} {ms:>13}");
    };
    line("before", &done.before);
    line("after", &done.after);
    let [low, high] = done.difference_ci95;
    let share = 100.0 * done.after.bytes as f64 / done.before.bytes.max(1) as f64;
    out!(
        "the difference is {:+.4} ({low:+.4} to {high:+.4}), the file has {share:.1} % of the bytes",
        done.difference
    );
    out!("{}", done.path.display());
    eprintln!("note: judged by {}", done.runtime);
    eprintln!("note: the weights are {}", done.weights);
    for note in &done.notes {
        eprintln!("note: {note}");
    }
}
