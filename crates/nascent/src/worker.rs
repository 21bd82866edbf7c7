use crate::error::Error;
use crate::settings::StudyFile;
use crate::setup::Setup;
use nascent_core::chooser::replay;
use nascent_core::event::Proposal;
use nascent_core::{Control, Evaluator, History, Job, Metrics, TrialId, draw};
use nascent_data::Task;
use nascent_runtime::{ProcessSettings, ProcessWorkers, RunFolder};
use nascent_train::TrainEvaluator;
use serde_json::json;
use std::io::{Read, Write};
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

/// Trains a network in this process, into the folder of trial `id`; answers with the file of its weights.
///
/// What is trained again comes to the same weights as before.
pub(crate) fn train_again(
    setup: &Setup,
    history: &History,
    folder: &RunFolder,
    id: TrialId,
    proposal: &Proposal,
) -> Result<PathBuf, Error> {
    struct Deaf;
    impl nascent_core::Progress for Deaf {
        fn report(&mut self, _: u32, _: Metrics) -> Control {
            Control::Continue
        }
    }
    let fail = |e: &dyn std::fmt::Display| Error::file(folder.path(), e);
    let task = setup.task.as_ref().ok_or_else(|| fail(&"another program trains for this study"))?;
    let created =
        history.created.as_ref().ok_or_else(|| fail(&"the study stopped before its first event"))?;
    let attempts = history.trial(id).map_or(0, |trial| trial.attempts);
    let graph = draw(&*setup.space, &proposal.decisions).map_err(|e| fail(&e))?;
    let job = Job::new(id, attempts, proposal, &created.ladder, graph.hash().0, created.seed);
    let candidate = replay(&*setup.space, &proposal.decisions).map_err(|e| fail(&e))?;
    evaluator(setup, task, folder.trials()).evaluate(&job, candidate, &mut Deaf).map_err(|e| fail(&e))?;
    Ok(TrainEvaluator::weights_path(&folder.trials(), id))
}

/// Works on trials until standard input closes: what `nascent worker` does.
#[must_use]
pub fn serve() -> ExitCode {
    let mut first = String::new();
    // A process that is to time one network does that and no more.
    let _ = std::io::stdin().read_line(&mut first);
    if let Some(answer) = crate::devices::timed_for(&first) {
        let said = writeln!(std::io::stdout(), "{answer}");
        return if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let input = std::io::Cursor::new(first).chain(std::io::stdin());
    nascent_runtime::serve(input, std::io::stdout(), |line| {
        let text = line["settings"].as_str().ok_or("the setup has no settings")?;
        let trials = line["trials"].as_str().ok_or("the setup has no trials folder")?;
        let file = StudyFile::parse("the study's settings", text).map_err(|e| e.to_string())?;
        let setup = Setup::new(file).map_err(|e| e.to_string())?;
        let task = setup.task.as_ref().ok_or("another program trains for this study")?;
        let evaluator = evaluator(&setup, task, trials.into());
        Ok((Arc::clone(&setup.space), Box::new(evaluator)))
    })
}
