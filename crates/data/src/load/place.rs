//! What lies at a path: which files, of which format, and which of them are for testing.

use crate::{DataError, Options, SplitRule};
use std::path::{Path, PathBuf};

/// Files of one format.
pub(super) enum Place {
    /// Tables of rows, to be read as table, series, text or pictures.
    Tables(Files),
}

/// A file to learn from and one to test with.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) train: PathBuf,
    pub(super) test: Option<PathBuf>,
    /// Said where a test file was found by its name.
    pub(super) note: Option<String>,
}

/// Endings of files that are tables.
const TABLES: [&str; 7] = [".csv", ".tsv", ".txt", ".data", ".parquet", ".jsonl", ".ndjson"];

/// The name of a file without `.gz`, in small letters.
fn plain_name(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.strip_suffix(".gz").map(Into::into).unwrap_or(name)
}

fn is_table(path: &Path) -> bool {
    TABLES.iter().any(|ending| plain_name(path).ends_with(ending))
}

pub(super) fn find(path: &Path, options: &Options) -> Result<Place, DataError> {
    let fail = |reason: String| DataError::file(&path.display().to_string(), reason);
    if !path.exists() {
        return Err(fail("there is no such file or folder: check the path".into()));
    }
    if path.is_dir() {
        let files = listing(path)?;
        return Ok(Place::Tables(in_folder(path, &files, options)?));
    }
    Ok(Place::Tables(files_of(path.into(), options)?))
}

/// The files of a folder, sorted by name, hidden ones left out.
fn listing(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let place = path.display().to_string();
    let fail = |e: std::io::Error| DataError::file(&place, format!("cannot be read: {e}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
        if !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The table of a folder: the only one, or the one named for training.
fn in_folder(path: &Path, files: &[PathBuf], options: &Options) -> Result<Files, DataError> {
    let documents = ["source.txt", "readme.txt", "license.txt", "classes.txt"];
    let tables: Vec<&PathBuf> = files
        .iter()
        .filter(|f| f.is_file() && is_table(f) && !documents.contains(&plain_name(f).as_str()))
        .collect();
    let training: Vec<&&PathBuf> = tables.iter().filter(|f| as_test(f).is_some()).collect();
    let place = path.display().to_string();
    let names = || -> Vec<String> { files.iter().map(|f| plain_name(f)).collect() };
    match (&tables[..], &training[..]) {
        ([], _) => Err(DataError::file(
            &place,
            format!(
                "has no data that can be read: tables (CSV, Parquet, JSON lines), IDX, CIFAR, NPZ or .ts files, or one folder of PNG or JPEG pictures a class; it has: {}",
                crate::table::listed(&names())
            ),
        )),
        (_, [train]) => files_of((**train).clone(), options),
        ([only], _) => files_of((*only).clone(), options),
        _ => {
            let names: Vec<String> = tables.iter().map(|f| f.display().to_string()).collect();
            Err(DataError::file(
                &place,
                format!("has several tables: name one of {}", crate::table::listed(&names)),
            ))
        }
    }
}

/// What the test file beside a training file is called: the last `train` of its name replaced.
fn as_test(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    [("train", "test"), ("TRAIN", "TEST"), ("Train", "Test")].into_iter().find_map(|(train, test)| {
        let at = name.rfind(train)?;
        let rest = &name[at + train.len()..];
        let rest = rest.strip_prefix("ing").unwrap_or(rest);
        // `strained.csv` and `trainer.csv` are no training files.
        let bounded = !rest.starts_with(|c: char| c.is_ascii_lowercase())
            && !name[..at].ends_with(|c: char| c.is_ascii_lowercase());
        bounded.then(|| path.with_file_name(format!("{}{test}{rest}", &name[..at])))
    })
}

/// A training file with its test file: the one that is named, or the one that lies beside it.
fn files_of(train: PathBuf, options: &Options) -> Result<Files, DataError> {
    let cut = options.split.as_ref().filter(|rule| **rule != SplitRule::Stratified);
    if let Some(test) = &options.test {
        if let Some(rule @ (SplitRule::Every(_) | SplitRule::Mask { .. })) = cut {
            let reason =
                format!("{rule} cuts a test part from the data, but --test names one: leave one of them out");
            return Err(DataError::choice("split", reason));
        }
        if !test.exists() {
            return Err(DataError::file(
                &test.display().to_string(),
                "there is no such test file: check --test",
            ));
        }
        return Ok(Files { train, test: Some(test.clone()), note: None });
    }
    let beside = as_test(&train).and_then(|test| {
        let other = if test.extension().is_some_and(|e| e == "gz") {
            test.with_extension("")
        } else {
            PathBuf::from(format!("{}.gz", test.display()))
        };
        [test, other].into_iter().find(|t| t.is_file())
    });
    Ok(match (beside, options.split.is_some()) {
        (None, _) => Files { train, test: None, note: None },
        (Some(test), true) => {
            let note =
                format!("{} lies beside it and is not used, since --split cuts a test part", test.display());
            Files { train, test: None, note: Some(note) }
        }
        (Some(test), false) => {
            let note = format!(
                "the test part is {}, which lies beside the training file; --test names another",
                test.display()
            );
            Files { train, test: Some(test), note: Some(note) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_found_by_name() {
        let test = |name: &str| as_test(Path::new(name)).map(|p| p.display().to_string());
        assert_eq!(test("a/train.csv.gz"), Some("a/test.csv.gz".into()));
        assert_eq!(test("Gun_TRAIN.ts"), Some("Gun_TEST.ts".into()));
        assert_eq!(test("adult_training.csv"), Some("adult_test.csv".into()));
        assert_eq!(test("train_2.csv"), Some("test_2.csv".into()));
        for none in ["strained.csv", "trainer.csv", "data.csv", "train/data.csv"] {
            assert_eq!(test(none), None, "{none}");
        }
    }
}
