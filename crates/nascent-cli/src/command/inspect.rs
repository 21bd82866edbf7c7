use crate::arguments::Inspect;
use nascent::data::Options;
use nascent::{Error, read_task};
use std::process::ExitCode;

pub fn inspect(options: &Inspect) -> Result<ExitCode, Error> {
    let mut said = Options::default();
    options.data.lay_over(&mut said);
    let task = read_task(&options.path, &said)?;
    let (findings, defaults) = (task.findings(), task.defaults());
    if options.json {
        out!(
            "{}",
            serde_json::json!({ "findings": findings, "metric": task.metric.name(), "space": defaults.space,
                "epochs": defaults.epochs, "batch_size": defaults.batch_size })
        );
        return Ok(ExitCode::SUCCESS);
    }
    for line in findings.lines() {
        out!("{line}");
    }
    out!("metric    {}", task.metric.name());
    out!(
        "search    space {}, at most {} epochs a training, batches of {}",
        defaults.space,
        defaults.epochs,
        defaults.batch_size
    );
    Ok(ExitCode::SUCCESS)
}
