//! The files a study leaves: the network, its card, the report, the summary.

use crate::error::Error;
use crate::stored::Stored;
use crate::summary::Summary;
use nascent_core::draw;
use nascent_core::event::Data;
use nascent_data::Inputs;
use nascent_runtime::write_atomically;
use nascent_train::TrainEvaluator;

/// Writes everything that can be derived from what has happened so far.
pub(crate) fn write(stored: &Stored) -> Result<Summary, Error> {
    let summary = stored.summary();
    let folder = &stored.folder;
    let put = |path: std::path::PathBuf, content: &[u8]| {
        write_atomically(&path, content).map_err(|e| Error::file(path, e))
    };
    let json = |value: &serde_json::Value| serde_json::to_vec_pretty(value).unwrap_or_default();
    // One account of the study for both: the intervals and the test examples in it are not for free.
    let (card, page) = stored.with_report(|r| (nascent_report::card::markdown(r), nascent_report::page(r)));
    let winner = stored.evidence().winner;
    let refit = winner.and_then(|id| stored.history.finals(id, Data::All).first().map(|t| t.id));
    // A program of the user's keeps its weights; what it trained is handed over as a graph.
    let is_ready = refit.is_some() || stored.setup.task.is_none() && stored.history.closed.is_some();
    if let Some(trial) = winner.and_then(|id| stored.history.trial(id)).filter(|_| is_ready) {
        let best = folder.best();
        std::fs::create_dir_all(&best).map_err(|e| Error::file(&best, e))?;
        let weights = refit.map(|refit| TrainEvaluator::weights_path(&folder.trials(), refit));
        if let Some(bytes) = weights.and_then(|path| std::fs::read(path).ok()) {
            put(best.join("model.safetensors"), &bytes)?;
        }
        if let Ok(graph) = draw(&*stored.setup.space, &trial.proposal.decisions) {
            put(best.join("architecture.json"), &json(&serde_json::json!(graph)))?;
        }
        if let Some(task) = &stored.setup.task {
            put(best.join("preprocessing.json"), &json(&serde_json::json!(task.preprocessing)))?;
            if let Inputs::Language(inputs) = &task.preprocessing.inputs {
                // For other programs: ours read the same from the preprocessing.
                let text = inputs.codes.tokenizer().map_err(|e| Error::file(&best, e))?;
                put(best.join("tokenizer.json"), text.as_bytes())?;
            }
        }
        put(best.join("card.md"), card.as_bytes())?;
    }
    put(folder.summary_json(), &json(&serde_json::json!(summary)))?;
    put(folder.report_html(), page.as_bytes())?;
    Ok(summary)
}
