use crate::error::Error;
use crate::settings::StudyFile;
use crate::setup::Setup;
use nascent_data::Task;
use nascent_runtime::{ProcessSettings, ProcessWorkers};
use nascent_train::TrainEvaluator;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The study's workers: processes of `program`, which must serve when its only argument is `worker`, or of a program of
/// the user's.
pub(crate) fn workers(setup: &Setup, program: &Path, trials: PathBuf) -> Result<ProcessWorkers, Error> {
    let s = &setup.file.settings;
    let mut process = ProcessSettings::new(
        program,
        json!({ "settings": setup.file.to_toml(), "trials": trials }),
        trials.clone(),
    );
    process.arguments = vec!["worker".into()];
    if let Some(outside) = &setup.file.evaluator {
        let words = outside.words()?;
        let (program, arguments) = words.split_first().map_or((&outside.command, &[][..]), |split| split);
        process.program = program.into();
        process.arguments = arguments.iter().map(Into::into).collect();
        process.folder.clone_from(&outside.folder);
        process.silence = outside.silence.0;
        process.setup = json!({ "task": s.task, "metrics": outside.metrics });
        // Many trials at one time are faster than one that takes all cores.
        if std::env::var_os("OMP_NUM_THREADS").is_none() {
            process.environment.push(("OMP_NUM_THREADS".into(), "1".into()));
        }
    }
    process.workers = s.workers.unwrap_or(1);
    process.memory_limit_bytes = s.memory_per_trial.map(|memory| memory.0);
    let workers = ProcessWorkers::new(process).map_err(nascent_core::study::StudyError::from)?;
    Ok(match &setup.file.evaluator {
        Some(_) => workers.spelling_out(Arc::clone(&setup.space), trials),
        None => workers,
    })
}

/// An evaluator of the study's trainings on data of ours.
pub(crate) fn evaluator(setup: &Setup, task: &Task, trials: PathBuf) -> TrainEvaluator {
    TrainEvaluator::new(task.clone(), trials, setup.training())
        .with_supernets(Arc::clone(&setup.space), setup.objectives.clone())
}

/// Works on trials until standard input closes: what `nascent worker` does.
#[must_use]
pub fn serve() -> ExitCode {
    nascent_runtime::serve(std::io::stdin(), std::io::stdout(), |line| {
        let text = line["settings"].as_str().ok_or("the setup has no settings")?;
        let trials = line["trials"].as_str().ok_or("the setup has no trials folder")?;
        let file = StudyFile::parse("the study's settings", text).map_err(|e| e.to_string())?;
        let setup = Setup::new(file).map_err(|e| e.to_string())?;
        let task = setup.task.as_ref().ok_or("another program trains for this study")?;
        let evaluator = evaluator(&setup, task, trials.into());
        Ok((Arc::clone(&setup.space), Box::new(evaluator)))
    })
}
