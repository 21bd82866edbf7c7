//! Which options mean something for which data: what means nothing for the data at hand is an error, not ignored.

use crate::read::TableFormat;
use crate::{DataError, Input, Options};

/// How data lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    BuiltIn,
    Csv,
    JsonLines,
    Parquet,
    /// An array of two extents.
    NpzRows,
    Npz,
    Ts,
    Idx,
    Cifar,
    Folders,
    RunningText,
}

use Format::{BuiltIn, Cifar, Csv, Folders, Idx, JsonLines, Npz, NpzRows, Parquet, RunningText, Ts};

impl From<TableFormat> for Format {
    fn from(format: TableFormat) -> Self {
        match format {
            TableFormat::Csv => Csv,
            TableFormat::JsonLines => JsonLines,
            TableFormat::Parquet => Parquet,
        }
    }
}

impl Format {
    fn noun(self) -> &'static str {
        match self {
            BuiltIn => "a task that comes with Nascent",
            Csv => "a CSV file",
            JsonLines => "a file of JSON lines",
            Parquet => "a Parquet file",
            NpzRows => "rows in an NPZ archive",
            Npz => "pictures or series in an NPZ archive",
            Ts => "a .ts file",
            Idx => "an IDX file",
            Cifar => "a CIFAR file",
            Folders => "a folder of pictures",
            RunningText => "running text",
        }
    }
}

fn noun(input: Input) -> &'static str {
    match input {
        Input::Image => "pictures",
        Input::Table => "a table",
        Input::Series => "series",
        Input::Text => "texts",
    }
}

const ALL: &[Format] =
    &[BuiltIn, Csv, JsonLines, Parquet, NpzRows, Npz, Ts, Idx, Cifar, Folders, RunningText];
const FILES: &[Format] = &[Csv, JsonLines, Parquet, NpzRows, Npz, Ts, Idx, Cifar, Folders, RunningText];
/// Those of which a split draws rows.
const DRAWN: &[Format] = &[BuiltIn, Csv, JsonLines, Parquet, NpzRows, Npz, Ts, Idx, Cifar, Folders];
const DRAWN_FILES: &[Format] = &[Csv, JsonLines, Parquet, NpzRows, Npz, Ts, Idx, Cifar, Folders];
/// Those with columns that have names.
const COLUMNS: &[Format] = &[Csv, JsonLines, Parquet, NpzRows];
/// Those with cells that are not numbers already.
const CELLS: &[Format] = &[Csv, JsonLines, Parquet];

const ANY: &[Input] = &[Input::Image, Input::Table, Input::Series, Input::Text];

/// What an option is for.
struct Scope {
    /// Its field in [`Options`].
    option: &'static str,
    /// What the command line calls it.
    flag: &'static str,
    is_given: fn(&Options) -> bool,
    formats: &'static [Format],
    inputs: &'static [Input],
}

impl Scope {
    const fn of(
        (option, flag): (&'static str, &'static str),
        is_given: fn(&Options) -> bool,
        formats: &'static [Format],
        inputs: &'static [Input],
    ) -> Self {
        Self { option, flag, is_given, formats, inputs }
    }
}

/// Every option. Where inputs are kept (`memory`, `folder`) may be said of all data, for that says nothing about them.
static SCOPES: [Scope; 22] = [
    Scope::of(("test", "--test"), |o| o.test.is_some(), FILES, ANY),
    Scope::of(("target", "--target"), |o| o.target.is_some(), COLUMNS, ANY),
    Scope::of(("header", "--header or --no-header"), |o| o.header.is_some(), &[Csv], ANY),
    Scope::of(("delimiter", "--delimiter"), |o| o.delimiter.is_some(), &[Csv], ANY),
    Scope::of(("text", "--text"), |o| !o.text.is_empty(), CELLS, ANY),
    Scope::of(("kind", "--kind"), |o| o.kind.is_some(), FILES, ANY),
    Scope::of(("task", "--task"), |o| o.task.is_some(), FILES, ANY),
    Scope::of(("split", "--split"), |o| o.split.is_some(), FILES, ANY),
    Scope::of(("split_seed", "--split-seed"), |o| o.split_seed != 0, DRAWN, ANY),
    Scope::of(("group", "--group"), |o| o.group.is_some(), COLUMNS, ANY),
    Scope::of(("ignore", "--ignore"), |o| !o.ignore.is_empty(), COLUMNS, ANY),
    Scope::of(("categories", "--category"), |o| !o.categories.is_empty(), CELLS, ANY),
    Scope::of(("missing", "--missing"), |o| !o.missing.is_empty(), CELLS, ANY),
    Scope::of(("train_rows", "--train-rows"), |o| o.train_rows.is_some(), DRAWN_FILES, ANY),
    Scope::of(("resample", "--resample"), |o| o.resample.is_some(), FILES, &[Input::Series]),
    Scope::of(("image_size", "--image-size"), |o| o.image_size.is_some(), FILES, &[Input::Image]),
    Scope::of(("tokens", "--tokens"), |o| o.tokens.is_some(), FILES, &[Input::Text]),
    Scope::of(("context", "--context"), |o| o.context.is_some(), &[RunningText], ANY),
    Scope::of(("flip", "--flip"), |o| o.flip, FILES, &[Input::Image]),
    Scope::of(("skip_broken", "--skip-broken"), |o| o.skip_broken, &[Folders], ANY),
    Scope::of(("memory", "--data-memory"), |o| o.memory.is_some(), ALL, ANY),
    Scope::of(("folder", "--data-folder"), |o| o.folder.is_some(), ALL, ANY),
];

/// An error where an option means nothing for data that lie so.
pub(crate) fn check_format(options: &Options, place: &str, format: Format) -> Result<(), DataError> {
    let given = |scope: &&Scope| (scope.is_given)(options) && !scope.formats.contains(&format);
    let Some(Scope { option, flag, formats, inputs, .. }) = SCOPES.iter().find(given) else {
        return Ok(());
    };
    // What they are read as says more than how they lie.
    let kinds: Vec<&str> = match inputs.len() == ANY.len() {
        true => formats.iter().map(|format| format.noun()).collect(),
        false => inputs.iter().copied().map(noun).collect(),
    };
    let rows = if format == RunningText { ", or pass --task classification to have rows read" } else { "" };
    let reason = format!(
        "{flag} means nothing for {place}, which is {}: it is for {}; leave it out{rows}",
        format.noun(),
        kinds.join(", ")
    );
    Err(DataError::choice(option, reason))
}

/// An error where an option means nothing for data that are read as this.
pub(crate) fn check_input(options: &Options, place: &str, input: Input) -> Result<(), DataError> {
    if let Some(kind) = options.kind.filter(|kind| *kind != input) {
        let reason = format!("{place} is read as {}, not as {}: leave --kind out", noun(input), noun(kind));
        return Err(DataError::choice("kind", reason));
    }
    let given = |scope: &&Scope| (scope.is_given)(options) && !scope.inputs.contains(&input);
    let Some(Scope { option, flag, inputs, .. }) = SCOPES.iter().find(given) else { return Ok(()) };
    let kinds: Vec<&str> = inputs.iter().copied().map(noun).collect();
    let reason = format!(
        "{flag} means nothing for {place}, which is read as {}: it is for {}; leave it out",
        noun(input),
        kinds.join(", ")
    );
    Err(DataError::choice(option, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_option_has_a_scope() {
        let given = json!({ "test": "a", "target": "a", "header": false, "delimiter": ";", "text": ["a"], "kind": "text",
            "task": "regression", "split": "time", "split_seed": 1, "group": "a", "ignore": ["a"], "categories": ["a"],
            "missing": ["a"], "train_rows": 1, "resample": 2, "image_size": [1, 1], "tokens": "bpe", "context": 2,
            "flip": true, "skip_broken": true, "memory": "1KiB", "folder": "a" });
        let given = given.as_object().unwrap();
        let all: Options = serde_json::from_value(given.clone().into()).unwrap();
        // What is not said is not stored, but for three.
        assert_eq!(serde_json::to_value(&all).unwrap().as_object().unwrap().len(), SCOPES.len());
        for Scope { option, is_given, formats, .. } in &SCOPES {
            let one: Options = serde_json::from_value(json!({ *option: given[*option] })).unwrap();
            assert!(is_given(&one) && !is_given(&Options::default()), "{option}");
            assert_eq!(SCOPES.iter().filter(|scope| (scope.is_given)(&one)).count(), 1, "{option}");
            for format in ALL {
                let error = check_format(&one, "data", *format).map_err(|e| e.to_string());
                assert_eq!(error.is_ok(), formats.contains(format), "{option}, {format:?}: {error:?}");
            }
        }
        for format in ALL {
            assert_eq!(check_format(&Options::default(), "data", *format), Ok(()));
        }
    }

    #[test]
    fn errors_name_the_option_the_data_and_what_it_is_for() {
        let options = Options { header: Some(false), ..Options::default() };
        assert_eq!(
            check_format(&options, "a.parquet", Parquet).unwrap_err().to_string(),
            "header: --header or --no-header means nothing for a.parquet, which is a Parquet file: it is for a CSV file; leave it out"
        );
        let options = Options { resample: Some(9), ..Options::default() };
        assert_eq!(check_format(&options, "a.csv", Csv), Ok(()));
        assert_eq!(
            check_input(&options, "a.csv", Input::Table).unwrap_err().to_string(),
            "resample: --resample means nothing for a.csv, which is read as a table: it is for series; leave it out"
        );
        assert!(
            check_format(&options, "digits", BuiltIn).unwrap_err().to_string().contains("it is for series")
        );
        assert_eq!(check_input(&options, "a.csv", Input::Series), Ok(()));
        let options = Options { kind: Some(Input::Table), ..Options::default() };
        let error = check_input(&options, "a.ts", Input::Series).unwrap_err().to_string();
        assert_eq!(error, "kind: a.ts is read as series, not as a table: leave --kind out");
    }
}
