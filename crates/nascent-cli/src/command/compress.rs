use crate::arguments::Compress;
use nascent::{Compressed, Compressing, Error, Exporting, Side};
use std::process::ExitCode;

pub fn compress(options: &Compress) -> Result<ExitCode, Error> {
    let Compress { run, trial, size, rows, out, train, json } = options;
    let network = Exporting {
        run: run.clone(),
        trial: *trial,
        size: *size,
        to: "onnx".into(),
        out: out.clone(),
        train: *train,
        cache: false,
    };
    let done = nascent::compress(&Compressing { network, rows: *rows })?;
    if *json {
        out!("{}", serde_json::json!(done));
    } else {
        show(&done);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(done: &Compressed) {
    out!("{:8} {:>13} {:>10} {:>10} {:>13}", "", done.metric, "bytes", "numbers", "milliseconds");
    let line = |name: &str, side: &Side| {
        let ms = side.milliseconds.map_or("–".into(), |ms| format!("{ms:.4}"));
        out!("{name:8} {:>13.4} {:>10} {:>10} {ms:>13}", side.value, side.bytes, side.number_bytes);
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
