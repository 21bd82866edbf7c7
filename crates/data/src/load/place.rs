//! What lies at a path: which files, of which format, and which of them are for testing.

use super::folders::{self, Folders};
use crate::read::{Source, refuse_foreign};
use crate::{Answering, DataError, Input, Options, SplitRule};
use std::path::{Path, PathBuf};

/// Files of one format.
pub(super) enum Place {
    /// Tables of rows, to be read as table, series, text or pictures.
    Tables(Files),
    /// Running text.
    Language(Files),
    /// `.ts` files.
    Series(Files),
    /// `.npz` archives.
    Npz(Files),
    /// One folder of pictures a class.
    Folders(Folders),
    /// IDX files.
    Idx { train: Pair, test: Option<Pair> },
    /// Files in CIFAR's binary layout; those to learn from may be several.
    Cifar { train: Vec<PathBuf>, test: Option<PathBuf> },
}

/// A file of pictures and one of their labels.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) pictures: PathBuf,
    pub(super) labels: PathBuf,
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
    let fail = |reason: &str| DataError::file(&path.display().to_string(), reason);
    if !path.exists() {
        return Err(fail("there is no such file or folder: check the path"));
    }
    if path.is_dir() {
        return in_folder(path, &listing(path)?, options);
    }
    let name = plain_name(path);
    if name.ends_with(".ts") {
        return Ok(Place::Series(files_of(path.into(), options)?));
    }
    if name.ends_with(".npz") || name.ends_with(".npy") {
        return Ok(Place::Npz(files_of(path.into(), options)?));
    }
    if is_idx(path) {
        let train = pair_of(path)?;
        let test = match &options.test {
            Some(test) => Some(pair_of(test)?),
            None if options.split.is_some() => None,
            None => beside(path, &[("train", "t10k"), ("train", "test")]).map(|p| pair_of(&p)).transpose()?,
        };
        return Ok(Place::Idx { train, test });
    }
    if name.ends_with(".bin") {
        let files = files_of(path.into(), options)?;
        return Ok(Place::Cifar { train: vec![files.train], test: files.test });
    }
    if is_language(path, options)? {
        return Ok(Place::Language(files_of(path.into(), options)?));
    }
    Ok(Place::Tables(files_of(path.into(), options)?))
}

/// Whether a file is running text: where that is asked for, or where it is called like a text, reads like one, and nothing is said
/// that only rows have.
fn is_language(path: &Path, options: &Options) -> Result<bool, DataError> {
    if let Some(task) = options.task {
        return Ok(task == Answering::Modelling);
    }
    let of_rows = options.target.is_some()
        || !options.text.is_empty()
        || options.delimiter.is_some()
        || options.header.is_some()
        || options.kind.is_some_and(|kind| kind != Input::Text);
    let name = plain_name(path);
    let is_text = name.ends_with(".txt") || name.ends_with(".md");
    Ok(is_text && !of_rows && super::language::is_prose(&Source::File(path).start_of_lines(1 << 16)?))
}

/// Whether a file is called like the files of MNIST.
fn is_idx(path: &Path) -> bool {
    let name = plain_name(path);
    name.contains("idx1")
        || name.contains("idx3")
        || name.contains("idx4")
        || name.ends_with(".idx")
        || name.ends_with("ubyte")
}

/// A file of pictures (or of labels) with its counterpart.
fn pair_of(path: &Path) -> Result<Pair, DataError> {
    let swapped = |from: &str, to: &str| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let other = name.contains(from).then(|| name.replace(from, to))?;
        let idx = if to == "labels" {
            [("idx3", "idx1"), ("idx4", "idx1")]
        } else {
            [("idx1", "idx3"), ("idx1", "idx4")]
        };
        let names = idx.map(|(a, b)| other.replace(a, b));
        names
            .iter()
            .chain([&other])
            .flat_map(|n| with_or_without_gz(&path.with_file_name(n)))
            .find(|p| p.is_file())
    };
    let pair = if plain_name(path).contains("label") {
        swapped("labels", "images").map(|pictures| Pair { pictures, labels: path.into() })
    } else {
        swapped("images", "labels").map(|labels| Pair { pictures: path.into(), labels })
    };
    pair.ok_or_else(|| {
        let reason = "is an IDX file without its counterpart: pictures are called …images…, their labels beside them the same with …labels…";
        DataError::file(&path.display().to_string(), reason)
    })
}

fn with_or_without_gz(path: &Path) -> [PathBuf; 2] {
    let other = if path.extension().is_some_and(|e| e == "gz") {
        path.with_extension("")
    } else {
        PathBuf::from(format!("{}.gz", path.display()))
    };
    [path.into(), other]
}

/// A file that is there, its name changed by one of some replacements.
fn beside(path: &Path, replacements: &[(&str, &str)]) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    replacements
        .iter()
        .filter(|(from, _)| name.contains(from))
        .flat_map(|(from, to)| with_or_without_gz(&path.with_file_name(name.replace(from, to))))
        .find(|p| p.is_file())
}

/// The files of a folder, sorted by name, hidden ones left out.
pub(super) fn listing(path: &Path) -> Result<Vec<PathBuf>, DataError> {
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

/// The data of a folder: IDX files, CIFAR files, series or tables, in this order; of several, those named for training.
fn in_folder(path: &Path, files: &[PathBuf], options: &Options) -> Result<Place, DataError> {
    let place = path.display().to_string();
    let named = |test: fn(&Path) -> bool| -> Vec<PathBuf> {
        files.iter().filter(|f| f.is_file() && test(f)).cloned().collect()
    };
    if let Some(folders) = folders::find(path, files, options)? {
        return Ok(Place::Folders(folders));
    }
    let pictures = |f: &Path| is_idx(f) && plain_name(f).contains("images");
    let pictures = named(pictures);
    if !pictures.is_empty() {
        return find(&only(&place, &pictures, |p| plain_name(p).contains("train"))?, options);
    }
    let binary = named(|f| plain_name(f).ends_with(".bin"));
    if !binary.is_empty() {
        let (test, train): (Vec<PathBuf>, Vec<PathBuf>) =
            binary.into_iter().partition(|f| plain_name(f).starts_with("test"));
        if train.is_empty() {
            return Err(DataError::file(&place, "has a CIFAR file for testing and none for training"));
        }
        let test =
            options.test.clone().or_else(|| test.into_iter().next().filter(|_| options.split.is_none()));
        return Ok(Place::Cifar { train, test });
    }
    let documents = ["source.txt", "readme.txt", "license.txt", "licence.txt", "classes.txt"];
    let tables: Vec<PathBuf> =
        named(is_table).into_iter().filter(|f| !documents.contains(&plain_name(f).as_str())).collect();
    let series = named(|f| plain_name(f).ends_with(".ts"));
    let arrays = named(|f| plain_name(f).ends_with(".npz"));
    let data = [series, tables, arrays].into_iter().find(|files| !files.is_empty()).unwrap_or_default();
    if files.iter().any(|f| crate::raw_input::is_picture(f)) && data.is_empty() {
        let reason = "has pictures and no folders of them: put those of each class into a folder that is called like the class";
        return Err(DataError::file(&place, reason));
    }
    if data.is_empty() {
        for file in files.iter().filter(|f| f.is_file()) {
            refuse_foreign(&Source::File(file))?;
        }
        let names: Vec<String> = files.iter().map(|f| plain_name(f)).collect();
        return Err(DataError::file(
            &place,
            format!(
                "has no data that can be read: tables (CSV, Parquet, JSON lines), IDX, CIFAR, NPZ or .ts files, or one folder of PNG or JPEG pictures a class; it has: {}",
                crate::table::listed(&names)
            ),
        ));
    }
    find(&only(&place, &data, |f| as_test(f).is_some())?, options)
}

/// The only file, or the only one that is for training.
fn only(place: &str, files: &[PathBuf], training: impl Fn(&Path) -> bool) -> Result<PathBuf, DataError> {
    let trained: Vec<&PathBuf> = files.iter().filter(|f| training(f)).collect();
    match (files, &trained[..]) {
        (_, [one]) => Ok((*one).clone()),
        ([one], _) => Ok(one.clone()),
        _ => {
            let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
            Err(DataError::file(
                place,
                format!("has several data files: name one of {}", crate::table::listed(&names)),
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
    let beside = as_test(&train).and_then(|test| with_or_without_gz(&test).into_iter().find(|t| t.is_file()));
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
