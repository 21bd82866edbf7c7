use crate::choice::trainings;
use crate::error::{Error, InputError};
use crate::predict::{handed_over, read};
use crate::settings::Size;
use crate::stored::{Stored, load};
use crate::worker::train_again;
use nascent_core::architecture::Architecture;
use nascent_core::event::{Data, Role};
use nascent_core::{State, Trial, TrialId, draw};
use nascent_data::Preprocessing;
use nascent_export::{Exporter, Model};
use nascent_report::Report;
use nascent_runtime::write_atomically;
use nascent_train::{TrainEvaluator, Weights};
use std::path::{Path, PathBuf};

/// What is to be written, and where.
#[derive(Clone, Debug)]
pub struct Exporting {
    /// The run folder.
    pub run: PathBuf,
    /// The trial whose network it is; the study's best unless given.
    pub trial: Option<u32>,
    /// The size whose best network it is, where the study found one for each of several sizes.
    pub size: Option<Size>,
    /// The format, by its exporter's name.
    pub to: String,
    /// The file, or the folder where a format has several; below the run folder's `export` unless given.
    pub out: Option<PathBuf>,
    /// Whether a network without weights is trained now.
    pub train: bool,
    /// Whether there is to be another file, of a network that continues text and keeps what it has read.
    pub cache: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// The file, or the folder.
    pub path: PathBuf,
    /// The files' names in the folder, or the file's own.
    pub files: Vec<String>,
    /// Where the weights come from, in words.
    pub weights: String,
}

/// A network with its weights and what belongs to it.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) graph: Architecture,
    pub(crate) weights: Weights,
    pub(crate) preprocessing: Preprocessing,
    pub(crate) card: Option<String>,
    /// Where the weights come from, in words.
    pub(crate) from: String,
}

/// Writes a network of a study for another program.
///
/// # Errors
/// Where there is no such format, the network has no weights and none are to be made, or something is there already.
pub fn export(what: &Exporting) -> Result<Exported, Error> {
    let exporter = nascent_export::find(&what.to).map_err(|e| InputError::about("to", e.to_string()))?;
    let stepwise = match exporter.stepwise {
        Some(stepwise) if what.cache => Some(stepwise),
        None if what.cache => return Err(without_cache(exporter).into()),
        _ => None,
    };
    let found = found(what)?;
    let cannot = |e: nascent_export::ExportError| Error::file(&what.run, e);
    let mut model = Model::new(&found.name, &found.graph, &found.weights.values)
        .and_then(|model| model.with_preprocessing(&found.preprocessing))
        .map_err(cannot)?;
    if let Some(card) = &found.card {
        model = model.with_card(card);
    }
    let mut files = (exporter.files)(&model).map_err(cannot)?;
    if let Some(stepwise) = stepwise {
        files.push(stepwise(&model).map_err(cannot)?);
    }
    let path = what.out.clone().unwrap_or_else(|| usual_path(what, exporter, &files));
    write(&path, &files)?;
    Ok(Exported { path, files: files.iter().map(|f| f.name.into()).collect(), weights: found.from })
}

fn without_cache(exporter: &Exporter) -> Box<InputError> {
    let others = nascent_export::all().iter().filter(|e| e.stepwise.is_some()).map(|e| e.name);
    let others = others.collect::<Vec<_>>().join(", ");
    let name = exporter.name;
    InputError::about(
        "cache",
        format!("{name} has no file for a network that keeps what it has read: --to {others} has"),
    )
}

/// The network that is asked for, where nothing is in the way of its files.
pub(crate) fn found(what: &Exporting) -> Result<Found, Error> {
    if let Some(there) = what.out.as_ref().filter(|path| path.exists()) {
        return Err(Error::file(there, "is there already: choose another place with --out, or remove it"));
    }
    match what.trial {
        None => best(&what.run, what.size),
        Some(_) if what.size.is_some() => {
            Err(InputError::about("size", "a trial has one size: give the trial or the size").into())
        }
        Some(trial) => of_trial(what, trial),
    }
}

/// Where files go when nothing is said: a folder of the format, or its one file, for the network.
fn usual_path(what: &Exporting, exporter: &Exporter, files: &[nascent_export::File]) -> PathBuf {
    let folder = usual_folder(what);
    match files {
        [only] => folder.join(only.name),
        _ => folder.join(exporter.name),
    }
}

/// The folder of what is made of the best network, a size's or a trial's.
pub(crate) fn usual_folder(what: &Exporting) -> PathBuf {
    let of = match (what.trial, what.size) {
        (Some(trial), _) => format!("{trial:04}"),
        (None, Some(size)) => size.to_string(),
        (None, None) => "best".into(),
    };
    what.run.join("export").join(of)
}

pub(crate) fn write(path: &Path, files: &[nascent_export::File]) -> Result<(), Error> {
    let is_folder = files.len() != 1;
    let folder = if is_folder { Some(path) } else { path.parent().filter(|p| !p.as_os_str().is_empty()) };
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|e| {
            Error::file(folder, format!("cannot be made: {e}; choose another place with --out"))
        })?;
    }
    for file in files {
        let path = if is_folder { path.join(file.name) } else { path.into() };
        write_atomically(&path, &file.bytes).map_err(|e| {
            Error::file(&path, format!("cannot be written: {e}; choose another place with --out"))
        })?;
    }
    Ok(())
}

/// The network that the study handed over: it needs neither the log nor the data.
fn best(run: &Path, size: Option<Size>) -> Result<Found, Error> {
    let best = handed_over(run, size)?;
    let weights = best.join("model.safetensors");
    if !weights.exists() {
        let reason = if best.join("architecture.json").exists() {
            "has a network whose weights are where the study's own evaluator left them: export it there"
                .into()
        } else {
            format!(
                "has no finished network yet: run nascent resume {run}, or train one of its networks with nascent \
                 export {run} TRIAL --train",
                run = run.display()
            )
        };
        return Err(Error::file(run, reason));
    }
    let graph: Architecture = read(&best.join("architecture.json"))?;
    let weights = Weights::load(&weights, &graph).map_err(|e| Error::input(e.to_string()))?;
    Ok(Found {
        name: name(run),
        preprocessing: read(&best.join("preprocessing.json"))?,
        card: std::fs::read_to_string(best.join("card.md")).ok(),
        from: match size {
            Some(size) => format!("those of the study's best network of size {size}"),
            None => "those of the study's best network".into(),
        },
        graph,
        weights,
    })
}

fn name(run: &Path) -> String {
    let whole = run.canonicalize().unwrap_or_else(|_| run.into());
    whole.file_name().map_or("network".into(), |name| name.to_string_lossy().into_owned())
}

/// The network of a trial, with the weights that are there for it, or that are made for it now.
fn of_trial(what: &Exporting, number: u32) -> Result<Found, Error> {
    let stored = load(&what.run)?;
    let last = stored.history.trials.len().saturating_sub(1);
    let none = || {
        InputError::about("trial", format!("there is no trial {number}: the study has trials 0 to {last}"))
    };
    let asked = stored.history.trial(TrialId(number)).ok_or_else(none)?;
    let trial = asked.copied_from.and_then(|id| stored.history.trial(id)).unwrap_or(asked);
    let task = stored.setup.task.as_ref().ok_or_else(|| {
        Error::file(
            &what.run,
            "has networks whose weights are where the study's own evaluator left them: export them there",
        )
    })?;
    let fail = |e: &dyn std::fmt::Display| Error::file(&what.run, e);
    let graph = draw(&*stored.setup.space, &trial.proposal.decisions).map_err(|e| fail(&e))?;
    let trials = stored.folder.trials();
    let refit = stored.history.finals(trial.id, Data::All).first().map(|t| t.id);
    let kept = [refit, Some(trial.id)]
        .into_iter()
        .flatten()
        .map(|id| (id, TrainEvaluator::weights_path(&trials, id)));
    let kept = kept.into_iter().find(|(_, path)| path.exists());
    let (id, path) = match kept {
        Some(kept) => kept,
        None if what.train => (trial.id, trained(&stored, trial)?),
        None => return Err(without_weights(what, asked)),
    };
    let weights = Weights::load(&path, &graph).map_err(|e| fail(&e))?;
    let is_best = stored.evidence().winner == Some(trial.id);
    let card = stored.with_report(|report| {
        // The test was of the best network alone.
        let own = Report {
            recommended: Some(trial.id),
            best: Some(&graph),
            test: None,
            baselines: Vec::new(),
            ..report.clone()
        };
        nascent_report::card::markdown(if is_best { report } else { &own })
    });
    let from = match id == trial.id {
        true => format!("trial {id}, trained on the training and validation rows"),
        false => format!(
            "trial {id}, in which trial {} was trained again on the training and validation rows",
            trial.id
        ),
    };
    let (name, preprocessing) = (name(&what.run), task.preprocessing.clone());
    Ok(Found { name, graph, weights, preprocessing, card: Some(card), from })
}

/// Trains a trial's network as the study's best is trained: on the training and validation rows, for as many epochs as
/// served it well. The weights are kept in the trial's folder.
fn trained(stored: &Stored, trial: &Trial) -> Result<PathBuf, Error> {
    let (setup, history) = (&stored.setup, &stored.history);
    // What was handed over had no more time than there was.
    let handed_over =
        history.trials.iter().filter(|t| matches!(t.proposal.role, Role::Final { data: Data::All, .. }));
    let longest = handed_over.map(|t| t.proposal.budget).max().unwrap_or(setup.final_epochs());
    let epochs = setup.best_epochs(history, trial).unwrap_or(longest);
    let proposal = trainings(trial, 1, Data::All, epochs).pop();
    let proposal = proposal.ok_or_else(|| Error::input("nothing to train"))?;
    train_again(setup, history, &stored.folder, trial.id, &proposal)
}

fn without_weights(what: &Exporting, trial: &Trial) -> Error {
    let why = match trial.state {
        State::Failed | State::Infeasible => {
            format!("{:?} ({})", trial.state, trial.reason.as_deref().unwrap_or("no reason is known"))
                .to_lowercase()
        }
        State::Finished => "finished, and a search keeps the weights of its best network alone".into(),
        _ => "not finished".into(),
    };
    let (run, number) = (what.run.display(), trial.id.0);
    Error::file(
        &what.run,
        format!(
            "trial {number} has no weights: it is {why}; train its network on the training and validation rows with: \
             nascent export {run} {number} --to {} --train",
            what.to
        ),
    )
}
