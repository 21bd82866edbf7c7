//! What is known of a study's data before its space is.

use crate::error::{Error, InputError};
use crate::outside::Outside;
use crate::settings::StudyFile;
use crate::setup::cores;
use nascent_core::Signature;
use nascent_core::objective::Direction;
use nascent_data::{Defaults, Metric, Room, Task};

/// What is known of the data before a space is.
pub(crate) struct Known {
    pub task: Option<Task>,
    pub signature: Signature,
    pub defaults: Defaults,
    /// What is measured.
    pub metrics: Vec<(String, Direction)>,
}

impl Known {
    /// Reads the data that a study is of, or what is said of those of the user's own evaluator.
    pub fn of(file: &mut StudyFile) -> Result<Self, Error> {
        let s = &mut file.settings;
        match &mut file.evaluator {
            None => {
                let limit = s.memory_per_trial.map(|memory| memory.0);
                let limit =
                    limit.or_else(|| nascent_runtime::memory_share_bytes(s.workers.unwrap_or_else(cores)));
                Self::of_task(&mut s.task, &mut file.data, limit)
            }
            Some(outside) => Self::outside(outside),
        }
    }

    fn of_task(
        name: &mut String,
        data: &mut nascent_data::Options,
        limit: Option<u64>,
    ) -> Result<Self, Error> {
        let (task, defaults) = task(name, data, limit)?;
        let (signature, metrics) = (task.signature(), measured(Some(&task)));
        Ok(Self { task: Some(task), signature, defaults, metrics })
    }

    fn outside(outside: &mut Outside) -> Result<Self, Error> {
        outside.words()?;
        let signature = outside.signature()?;
        if outside.folder.is_none() {
            // A study is resumed from other folders too.
            outside.folder = std::env::current_dir().ok();
        }
        let metrics = outside.metrics.iter().map(|(name, better)| (name.clone(), *better)).collect();
        // There is no space that suits data unseen.
        let defaults = Defaults::of("", 10, 64);
        Ok(Self { task: None, signature, defaults, metrics })
    }
}

/// The part of a worker's memory that inputs may take: it makes some copies of those that it learns from.
const SHARE: u64 = 6;

/// How much memory inputs may take where a worker may use `limit` bytes, unless `data` say so, and where those are kept that
/// need more.
fn room(data: &nascent_data::Options, limit: Option<u64>) -> Room {
    let bytes = data.memory.map_or(limit.map_or(u64::MAX, |limit| limit / SHARE), |memory| memory.0);
    let caches = std::env::var_os("XDG_CACHE_HOME").map(std::path::PathBuf::from);
    let caches = caches.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let folder = || caches.unwrap_or_else(std::env::temp_dir).join("nascent");
    Room { bytes, folder: data.folder.clone().unwrap_or_else(folder) }
}

/// The task that data at a path are, as a search on this machine would read it.
///
/// # Errors
/// As [`nascent_data::load_within`].
pub fn read_task(path: &std::path::Path, data: &nascent_data::Options) -> Result<Task, Error> {
    let room = room(data, nascent_runtime::memory_share_bytes(cores()));
    let task = nascent_data::load_within(path, data, &room);
    task.map_err(|e| InputError::about("task", e.to_string()).into())
}

/// The task of this name, or of the data at this path, which is then written out in full, and what suits it; a worker may use
/// `limit` bytes.
pub(crate) fn task(
    name: &mut String,
    data: &mut nascent_data::Options,
    limit: Option<u64>,
) -> Result<(Task, Defaults), Error> {
    let bad = |e: nascent_data::DataError| InputError::about("task", e.to_string());
    let path = std::path::Path::new(name.as_str());
    if let Some(entry) = nascent_data::registry::ALL.iter().find(|e| e.name == *name) {
        return Ok((nascent_data::registry::load_with(name, data).map_err(bad)?, entry.defaults));
    }
    // What looks like a path is one: a name of a task that does not exist is answered with the nearest name.
    if !path.exists() && path.components().count() == 1 && path.extension().is_none() {
        nascent_data::registry::load(name, data.split_seed).map_err(bad)?;
    }
    // A study is resumed from other folders too.
    if let Some(full) = data.folder.as_ref().and_then(|folder| std::path::absolute(folder).ok()) {
        data.folder = Some(full);
    }
    let task = nascent_data::load_within(path, data, &room(data, limit)).map_err(bad)?;
    let defaults = task.defaults();
    if let Ok(full) = path.canonicalize() {
        *name = full.display().to_string();
    }
    if let Some(full) = data.test.as_ref().and_then(|p| p.canonicalize().ok()) {
        data.test = Some(full);
    }
    if let Some(nascent_data::SplitRule::Mask { file, .. }) = &mut data.split
        && let Ok(full) = file.canonicalize()
    {
        *file = full;
    }
    Ok((task, defaults))
}

/// What training on a task measures.
pub(crate) fn measured(task: Option<&Task>) -> Vec<(String, Direction)> {
    let metrics = task.map_or(vec![Metric::Accuracy], Task::metrics);
    let mut known: Vec<_> = metrics.iter().map(|m| (m.name().to_string(), m.direction())).collect();
    known.push(("loss".into(), Direction::Minimize));
    known
}
