use crate::error::{Error, InputError};
use crate::pick::{Pick, found, usual_folder};
use nascent_export::{Exporter, Model};
use nascent_runtime::write_atomically;
use std::path::{Path, PathBuf};

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Exporting {
    /// The network, and where its files go.
    pub network: Pick,
    /// The format, by its exporter's name.
    pub to: String,
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
    let network = &what.network;
    let found = found(network)?;
    let cannot = |e: nascent_export::ExportError| Error::file(&network.run, e);
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
    let path = network.out.clone().unwrap_or_else(|| usual_path(network, exporter, &files));
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

/// Where files go when nothing is said: a folder of the format, or its one file, for the network.
fn usual_path(what: &Pick, exporter: &Exporter, files: &[nascent_export::File]) -> PathBuf {
    let folder = usual_folder(what);
    match files {
        [only] => folder.join(only.name),
        _ => folder.join(exporter.name),
    }
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
