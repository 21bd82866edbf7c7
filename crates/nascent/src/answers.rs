//! What tested networks answered to the test part, kept for the report: the log holds their scores alone.

use crate::error::Error;
use base64::Engine;
use nascent_core::TrialId;
use nascent_data::{Examples, Inputs, Targets, Task, most_probable, png};
use nascent_report::{ClassesTested, Mistake, Tested, ValuesTested};
use nascent_runtime::write_atomically;
use std::path::{Path, PathBuf};

/// How many of the most confident errors are shown.
const MOST_ERRORS: usize = 12;
/// How many residuals are drawn.
const MOST_POINTS: usize = 5_000;

fn path(trials: &Path, trial: TrialId) -> PathBuf {
    trials.join(trial.folder()).join("test_answers.json")
}

/// Keeps a network's answers in its trial's folder.
pub(crate) fn keep(trials: &Path, trial: TrialId, answers: &[f32]) -> Result<(), Error> {
    let path = path(trials, trial);
    let text = serde_json::to_vec(answers).unwrap_or_default();
    // One that was copied from an equal trial has no folder.
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::file(folder, e))?;
    }
    write_atomically(&path, &text).map_err(|e| Error::file(path, e))
}

/// What a trial's network answered; `None` where it was not tested, or its answers were thrown away.
pub(crate) fn tested(task: &Task, trials: &Path, trial: TrialId) -> Option<Tested> {
    let text = std::fs::read(path(trials, trial)).ok()?;
    let answers: Vec<f32> = serde_json::from_slice(&text).ok()?;
    let examples = task.test();
    match &examples.targets {
        Targets::Classes { classes, labels } => (answers.len() == classes * labels.len())
            .then(|| classes_tested(task, &answers, labels, &examples)),
        // What each token cost is said by the metrics.
        Targets::Tokens { .. } => None,
        Targets::Values { values, scale } => (answers.len() == values.len()).then(|| {
            let unit = |v: f32| f64::from(v) * scale.deviation + scale.mean;
            let points = values.iter().zip(&answers).map(|(v, a)| (unit(*v), unit(*a)));
            Tested::Values(ValuesTested { points: points.take(MOST_POINTS).collect() })
        }),
    }
}

fn classes_tested(task: &Task, answers: &[f32], labels: &[u32], examples: &Examples) -> Tested {
    let names = task.classes();
    let mut confusion = vec![vec![0; names.len()]; names.len()];
    let mut wrong: Vec<(f32, usize, usize, usize)> = Vec::new();
    for (i, (row, &label)) in answers.chunks_exact(names.len().max(1)).zip(labels).enumerate() {
        let (truth, said) = (label as usize, most_probable(row));
        confusion[truth][said] += 1;
        if truth != said {
            wrong.push((row[said], i, truth, said));
        }
    }
    wrong.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let picture = |i: usize| -> Option<String> {
        let Inputs::Image(inputs) = &task.preprocessing.inputs else { return None };
        let mut room = Vec::new();
        let bytes = png(inputs, examples.range(i..i + 1, &mut room).ok()?)?;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        Some(format!("data:image/png;base64,{text}"))
    };
    let errors = wrong.into_iter().take(MOST_ERRORS).map(|(probability, i, truth, said)| Mistake {
        row: task.split.test.get(i).copied().unwrap_or(i),
        truth: names[truth].clone(),
        said: names[said].clone(),
        probability: f64::from(probability),
        picture: picture(i),
    });
    Tested::Classes(ClassesTested { names: names.to_vec(), confusion, errors: errors.collect() })
}
