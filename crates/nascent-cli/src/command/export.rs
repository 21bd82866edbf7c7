use crate::arguments::Export;
use nascent::{Error, Exporting};
use std::process::ExitCode;

pub fn export(options: &Export) -> Result<ExitCode, Error> {
    let Export { run, trial, size, to, out, train, cache, json } = options;
    let what = Exporting {
        run: run.clone(),
        trial: *trial,
        size: *size,
        to: to.clone(),
        out: out.clone(),
        train: *train,
        cache: *cache,
    };
    let done = nascent::export(&what)?;
    if *json {
        out!("{}", serde_json::json!(done));
    } else {
        out!("{}", done.path.display());
        eprintln!("note: the weights are {}", done.weights);
    }
    Ok(ExitCode::SUCCESS)
}
