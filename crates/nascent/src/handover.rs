//! The files a study leaves: the network, its card, the report, the summary.

use crate::error::Error;
use crate::settings::Size;
use crate::stored::Stored;
use crate::summary::Summary;
use nascent_core::event::Data;
use nascent_core::{TrialId, draw};
use nascent_data::Inputs;
use nascent_runtime::write_atomically;
use nascent_train::TrainEvaluator;
use std::path::{Path, PathBuf};

fn put(path: PathBuf, content: &[u8]) -> Result<(), Error> {
    write_atomically(&path, content).map_err(|e| Error::file(path, e))
}

fn json(value: &serde_json::Value) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

/// Writes a trial's network with its weights and what inputs go through, once it was trained on all data but the test part; says whether
/// it was.
fn network(stored: &Stored, trial: Option<TrialId>, to: &Path) -> Result<bool, Error> {
    let refit = trial.and_then(|id| stored.history.finals(id, Data::All).first().map(|t| t.id));
    // A program of the user's keeps its weights; what it trained is handed over as a graph.
    let is_ready = refit.is_some() || stored.setup.task.is_none() && stored.history.closed.is_some();
    let Some(trial) = trial.and_then(|id| stored.history.trial(id)).filter(|_| is_ready) else {
        return Ok(false);
    };
    std::fs::create_dir_all(to).map_err(|e| Error::file(to, e))?;
    let weights = refit.map(|refit| TrainEvaluator::weights_path(&stored.folder.trials(), refit));
    if let Some(bytes) = weights.and_then(|path| std::fs::read(path).ok()) {
        put(to.join("model.safetensors"), &bytes)?;
    }
    if let Ok(graph) = draw(&*stored.setup.space, &trial.proposal.decisions) {
        put(to.join("architecture.json"), &json(&serde_json::json!(graph)))?;
    }
    if let Some(task) = &stored.setup.task {
        put(to.join("preprocessing.json"), &json(&serde_json::json!(task.preprocessing)))?;
        if let Inputs::Language(inputs) = &task.preprocessing.inputs {
            // For other programs: ours read the same from the preprocessing.
            let text = inputs.codes.tokenizer().map_err(|e| Error::file(to, e))?;
            put(to.join("tokenizer.json"), text.as_bytes())?;
        }
    }
    Ok(true)
}

/// Writes everything that can be derived from what has happened so far.
pub(crate) fn write(stored: &Stored) -> Result<Summary, Error> {
    let summary = stored.summary();
    let folder = &stored.folder;
    // One account of the study for both: the intervals and the test examples in it are not for free.
    let (card, page) = stored.with_report(|r| (nascent_report::card::markdown(r), nascent_report::page(r)));
    let evidence = stored.evidence();
    if network(stored, evidence.winner, &folder.best())? {
        put(folder.best().join("card.md"), card.as_bytes())?;
    }
    for size in &evidence.sizes {
        network(stored, size.trial, &folder.of_size(&Size(size.most).to_string()))?;
    }
    put(folder.summary_json(), &json(&serde_json::json!(summary)))?;
    put(folder.report_html(), page.as_bytes())?;
    Ok(summary)
}
