use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What a user may say about data; everything left out is inferred.
///
/// The same words serve as options of the command line and as keys of a `study.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// A file of test rows; left out, one that lies beside the data is used, else a fifth is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// The column to answer: a name, `first`, `last`, or its number from 0. A name goes before the other readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Whether the first row of a table has the columns' names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// What separates the fields of a table, one character; `tab` is one too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// Columns to read as text; several are read one after another.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// What the inputs are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Input>,
    /// Whether classes, a value, or what follows in running text is to be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Answering>,
    /// How the test part is cut where there is no file of test rows: `stratified`, `time`, `every:5`, `mask:FILE:COLUMN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub split: Option<SplitRule>,
    /// What decides which rows are in which part; never the study's seed.
    pub split_seed: u64,
    /// A column whose rows of equal value stay in one part; it is not an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Columns that are not inputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Columns that are categories even if their cells are numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Cells that stand for a missing value, besides the empty one, `?`, `NA`, `NaN`, `null`, `None` and `-`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The most rows for training and validation together, drawn by `split_seed`; left out, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_rows: Option<usize>,
    /// The number of steps that every series is brought to, by linear interpolation; left out, series keep their lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resample: Option<usize>,
    /// The height and width that every picture is brought to; left out, the commonest size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_size: Option<[usize; 2]>,
    /// What texts are cut into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// Tokens of running text that a network sees at once; left out, 128 characters or 64 pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<usize>,
    /// Whether mirrored pictures show the same thing, so that training may mirror them; never so for digits and letters.
    pub flip: bool,
    /// Whether broken pictures are left out instead of being an error.
    pub skip_broken: bool,
    /// The most memory for the inputs of all rows, such as `2GiB`: those of Parquet tables and of folders of pictures that need
    /// more are kept in a file; left out, a sixth of what a worker may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// The folder for such files; left out, `nascent` in the user's folder for caches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// An amount of memory as users write it: `512MiB`, `2GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.parse::<bytesize::ByteSize>();
        bytes
            .map(|bytes| Self(bytes.0))
            .map_err(|_| format!("{text:?} is no amount of memory such as \"512MiB\" or \"2GiB\""))
    }
}

impl TryFrom<String> for Bytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        format!("{}B", bytes.0)
    }
}

/// What inputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// Pictures.
    Image,
    /// Rows of a table: numbers, categories, dates.
    Table,
    /// Series of measurements.
    Series,
    /// Texts.
    Text,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answering {
    /// One of some classes.
    Classification,
    /// A number.
    Regression,
    /// What follows each token of running text.
    Modelling,
}

/// What texts are cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tokens {
    /// Lower-cased words and single marks.
    Words,
    /// Pieces of words, learned from the training texts by byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909).
    Bpe,
    /// Single characters; for running text alone.
    Characters,
}

/// How rows are cut into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitRule {
    /// At random, each class (or each tenth of the values) in proportion.
    Stratified,
    /// The last rows for testing, those before them for validation.
    Time,
    /// Row i, counted from 0 without the header, is a test row where i is a multiple of this.
    Every(usize),
    /// A table of zeros and ones, one row for each row of data: test rows have 1 in this column (a name, or a number from 0).
    Mask {
        /// The table.
        file: PathBuf,
        /// The column.
        column: String,
    },
}

impl fmt::Display for SplitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stratified => f.write_str("stratified"),
            Self::Time => f.write_str("time"),
            Self::Every(n) => write!(f, "every:{n}"),
            Self::Mask { file, column } => write!(f, "mask:{}:{column}", file.display()),
        }
    }
}

impl FromStr for SplitRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(n) = text.strip_prefix("every:") {
            return match n.parse() {
                Ok(n) if n >= 2 => Ok(Self::Every(n)),
                _ => Err(format!("{text:?}: every:N needs a whole number from 2")),
            };
        }
        if let Some(mask) = text.strip_prefix("mask:") {
            return match mask.rsplit_once(':') {
                Some((file, column)) if !file.is_empty() && !column.is_empty() => {
                    Ok(Self::Mask { file: file.into(), column: column.into() })
                }
                _ => Err(format!("{text:?}: a mask is given as mask:FILE:COLUMN, such as mask:rows.csv:0")),
            };
        }
        match text {
            "stratified" => Ok(Self::Stratified),
            "time" => Ok(Self::Time),
            _ => Err(format!("{text:?} is no way to split: stratified, time, every:N or mask:FILE:COLUMN")),
        }
    }
}

impl Serialize for SplitRule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SplitRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Table => "table",
            Self::Series => "series",
            Self::Text => "text",
        })
    }
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Image, Self::Table, Self::Series, Self::Text]
            .into_iter()
            .find(|i| i.to_string() == text)
            .ok_or_else(|| format!("{text:?} is no kind of input: image, table, series or text"))
    }
}

impl fmt::Display for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classification => "classification",
            Self::Regression => "regression",
            Self::Modelling => "modelling",
        })
    }
}

impl FromStr for Answering {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Classification, Self::Regression, Self::Modelling]
            .into_iter()
            .find(|a| a.to_string() == text)
            .ok_or_else(|| format!("{text:?} is no task: classification, regression or modelling"))
    }
}

impl FromStr for Tokens {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "words" => Ok(Self::Words),
            "bpe" => Ok(Self::Bpe),
            "characters" => Ok(Self::Characters),
            _ => Err(format!("{text:?} is no kind of token: words, bpe or characters")),
        }
    }
}

impl Options {
    /// The delimiter as a byte.
    ///
    /// # Errors
    /// Where it is not one ASCII character.
    pub(crate) fn delimiter(&self) -> Result<Option<u8>, crate::DataError> {
        match self.delimiter.as_deref() {
            None => Ok(None),
            Some("tab" | "\\t") => Ok(Some(b'\t')),
            Some(text) => match text.as_bytes() {
                [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(Some(*byte)),
                _ => {
                    let reason =
                        format!("{text:?} is not one ASCII character (or \"tab\") that can separate fields");
                    Err(crate::DataError::choice("delimiter", reason))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_read_as_they_are_written() {
        for text in ["stratified", "time", "every:5", "mask:a:b.csv:3"] {
            assert_eq!(text.parse::<SplitRule>().unwrap().to_string(), text);
        }
        let mask = SplitRule::Mask { file: "a:b.csv".into(), column: "3".into() };
        assert_eq!("mask:a:b.csv:3".parse(), Ok(mask));
        for wrong in ["", "every", "every:1", "every:x", "mask:3", "mask::3", "random"] {
            assert!(wrong.parse::<SplitRule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_are_stored_without_what_is_not_said() {
        let text = serde_json::to_string(&Options::default()).unwrap();
        assert_eq!(text, r#"{"split_seed":0,"flip":false,"skip_broken":false}"#);
        let options =
            Options { split: Some(SplitRule::Every(5)), target: Some("y".into()), ..Options::default() };
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<Options>(&text).unwrap(), options);
        assert!(serde_json::from_str::<Options>(r#"{"tarhet":"y"}"#).is_err());
        let options: Options = serde_json::from_str(r#"{"memory":"2KiB"}"#).unwrap();
        assert_eq!(options.memory, Some(Bytes(2048)));
        assert_eq!(
            serde_json::from_str::<Options>(&serde_json::to_string(&options).unwrap()).unwrap(),
            options
        );
        assert!(
            serde_json::from_str::<Options>(r#"{"memory":"much"}"#).unwrap_err().to_string().contains("2GiB")
        );
        assert!(
            serde_json::from_str::<Options>(r#"{"split":"every:0"}"#)
                .unwrap_err()
                .to_string()
                .contains("from 2")
        );
    }
}
