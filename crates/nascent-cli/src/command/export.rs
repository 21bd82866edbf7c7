use crate::arguments::Export;
use nascent::{Error, Exporting};
use std::process::ExitCode;

pub fn export(options: Export) -> Result<ExitCode, Error> {
    let Export { network, to, cache, json } = options;
    let done = nascent::export(&Exporting { network: network.into(), to, cache })?;
    if json {
        out!("{}", serde_json::json!(done));
    } else {
        out!("{}", done.path.display());
        eprintln!("note: the weights are {}", done.weights);
    }
    Ok(ExitCode::SUCCESS)
}
