use crate::settings::StudyFile;
use crate::setup::Setup;
use nascent_train::TrainEvaluator;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What a worker process is told before its first job.
pub(crate) fn setup_line(setup: &Setup, trials: &Path) -> Value {
    json!({ "settings": setup.file.to_toml(), "trials": trials })
}

/// An evaluator of the study's trainings.
pub(crate) fn evaluator(setup: &Setup, trials: PathBuf) -> TrainEvaluator {
    TrainEvaluator::new(setup.task.clone(), trials, setup.training())
}

/// Works on trials until standard input closes: what `nascent worker` does.
#[must_use]
pub fn serve() -> ExitCode {
    nascent_runtime::serve(std::io::stdin(), std::io::stdout(), |line| {
        let text = line["settings"].as_str().ok_or("the setup has no settings")?;
        let trials = line["trials"].as_str().ok_or("the setup has no trials folder")?;
        let file = StudyFile::parse("the study's settings", text).map_err(|e| e.to_string())?;
        let setup = Setup::new(file).map_err(|e| e.to_string())?;
        let evaluator = evaluator(&setup, trials.into());
        Ok((Arc::clone(&setup.space), Box::new(evaluator)))
    })
}
