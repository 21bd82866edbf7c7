use crate::earlier::Spelled;
use crate::error::InputError;
use crate::outside::Outside;
use nascent_core::did_you_mean;
use nascent_core::objective::{Bound, Limit, amount};
use nascent_spaces::SpaceFile;
use nascent_train::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;
use toml::de::DeTable;

/// Everything a user can ask of a study; what is left out gets a default that suits the task.
///
/// The same words serve as options of the command line and as keys of a `study.toml`, where two things are tables of
/// their own: `[space]`, with the keys of a space file, and `[data]`, with what is said about data
/// ([`nascent_data::Options`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A built-in task, or a path to data.
    pub task: String,
    /// What decides every random number of the study.
    pub seed: u64,
    /// The strategy, such as `evolution:population=20`; `auto` chooses one that suits the study.
    pub strategy: String,
    /// How networks are estimated in the search: `full`, `early`, `scores`, `supernet`, or `auto`.
    pub estimator: Estimator,
    /// When a trial of the search is ended early, such as `p(better than incumbent) < 0.05`: where the chance that it comes
    /// out better than the best so far, going by the curves of others, falls below 0.01 to 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_when: Option<StopWhen>,
    /// How networks are trained in one, where they are estimated so: `nascent list supernets` lists the ways; left out, what
    /// suits the space.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub supernet: Option<Method>,
    /// For how many epochs; left out, three times those of a training, or fewer where a budget has no time for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supernet_epochs: Option<u32>,
    /// Whether a network of the search that was made out of another one begins with the weights of that, and not with fresh ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inherit: bool,
    /// The folder of an earlier run in the same space, whose best networks are tried first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<String>,
    /// Networks that are tried first: the label chosen at each place. Filled in from the run of `warm_start`, which is not
    /// read again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Spelled>,
    /// What is optimised, the task's metric first.
    pub objectives: Vec<String>,
    /// By what one network is recommended where there are several objectives: `knee`, a weight for each, such as
    /// `accuracy=3, params=1`, or a value wished for in each, such as `accuracy>=0.95, params<=20k`. Left out, the best in the second of those
    /// within `margin` of the best in the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer: Option<String>,
    /// What must hold, such as `params<=20000`.
    #[schemars(with = "Vec<String>")]
    pub limits: Vec<Limit>,
    /// One search, a network for each of these sizes, in parameters at most, such as `["200k", "500k", "1M"]`: the second objective
    /// is `params` then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<Size>,
    /// Trials of the search; with a budget of time there need be no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<u64>,
    /// Wall time for everything, such as `10m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// The most epochs of one training; left out, what suits the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u32>,
    /// The most epochs of the networks that are handed over; left out, those of a training. With a budget of time these are the
    /// usual ones, should it have no time for them in the search, and for running text more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_epochs: Option<u32>,
    /// Epochs without improvement after which a training ends; 0, the default, never ends one, for the last epochs, at a low
    /// learning rate, are mostly the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u32>,
    /// On how many cuts of training and validation rows each network is trained in the search; left out, as many as it
    /// takes to judge by 500 rows, at most 5, and fewer where a budget has no time for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<u32>,
    /// Examples a training step; left out, what suits the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Worker processes; left out, one for each core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
    /// How many times as fast as 20 billion multiply-accumulates a second a worker trains; left out, it is measured where a budget
    /// decides for how long networks are trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// The most memory of one worker, such as `512MiB`; left out, a share of the machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_per_trial: Option<Memory>,
    /// How many of the best networks are trained again, on other cuts of training and validation, before one wins.
    pub finalists: usize,
    /// With how many fresh seeds.
    pub replicas: u32,
    /// Yardsticks: `tuned-reference`, `reference`, `random`, `boosted-trees`, `none`; left out, the first, and the trees
    /// too where rows of a table are searched for.
    pub baselines: Vec<String>,
    /// The difference of the metric that counts as none; left out, half a point, or a hundredth of the target's deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Where tensors live.
    pub device: String,
    /// Files of devices, whose latencies can then be objectives and limits, such as `latency_ms@my-laptop<=5`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_files: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            task: String::new(),
            seed: 1,
            strategy: "auto".into(),
            estimator: Estimator::Auto,
            stop_when: None,
            supernet: None,
            supernet_epochs: None,
            inherit: false,
            warm_start: None,
            earlier: Vec::new(),
            objectives: Vec::new(),
            prefer: None,
            limits: Vec::new(),
            sizes: Vec::new(),
            trials: None,
            budget: None,
            epochs: None,
            final_epochs: None,
            patience: None,
            folds: None,
            batch_size: None,
            workers: None,
            speed: None,
            memory_per_trial: None,
            finalists: 5,
            replicas: 3,
            baselines: Vec::new(),
            margin: None,
            device: "cpu".into(),
            device_files: Vec::new(),
        }
    }
}

/// How networks are estimated while they are searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// As the strategy needs it; with a budget of time and no strategy of yours, `early`.
    #[default]
    Auto,
    /// Every network by a whole training.
    Full,
    /// All by a few epochs, the best of them by more: `asha` is put around a strategy that does not climb by itself.
    Early,
    /// All by scores without training, the best of them by trainings: `filter` is put around a strategy that does not have it.
    Scores,
    /// All by the weights they have in one that is trained for all, the best of them by trainings: `supernet` is put around a
    /// strategy that does not have it.
    Supernet,
}

impl Estimator {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Full => "full",
            Self::Early => "early",
            Self::Scores => "scores",
            Self::Supernet => "supernet",
        }
    }
}

impl std::str::FromStr for Estimator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Auto, Self::Full, Self::Early, Self::Scores, Self::Supernet];
        all.into_iter().find(|estimator| estimator.name() == text).ok_or_else(|| {
            let names = all.map(Self::name);
            let nearest = nascent_core::did_you_mean(text, names);
            format!("there is no estimator {text:?}{nearest}; there are: {}", names.join(", "))
        })
    }
}

/// A length of time as users write it: `90s`, `10m`, `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Budget(pub Duration);

/// An amount of memory as users write it: `512MiB`, `2GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Memory(pub u64);

/// Parameters of a network, at most, as users write them: `200k`, `1M`, `20_000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Size(pub u64);

impl Size {
    /// The limit that it is.
    #[must_use]
    pub fn limit(self) -> Limit {
        Limit { metric: "params".into(), bound: Bound::AtMost, value: self.0 as f64 }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            n if n.is_multiple_of(1_000_000) => write!(f, "{}M", n / 1_000_000),
            n if n.is_multiple_of(1_000) => write!(f, "{}k", n / 1_000),
            n => write!(f, "{n}"),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let size = amount(text).filter(|size| (1.0..=1e12).contains(size) && size.fract() == 0.0);
        let fail =
            || format!("{text:?} is no number of parameters from 1 to 1000G, such as \"200k\" or \"1M\"");
        Ok(Self(size.ok_or_else(fail)? as u64))
    }
}

impl TryFrom<String> for Size {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

/// When a trial is ended early: where its chance to come out better than the best so far is below so many per cent. Users
/// write `p(better than incumbent) < 0.05`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct StopWhen(pub u64);

/// What users write before the chance.
const BETTER: &str = "p(better than incumbent) < ";

impl std::str::FromStr for StopWhen {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let spaceless = |text: &str| text.split_whitespace().collect::<String>();
        let fail = || {
            format!(
                "{text:?} is no condition such as \"{BETTER}0.05\", with a chance in hundredths, 0.01 to 0.5"
            )
        };
        let chance =
            spaceless(text).strip_prefix(&spaceless(BETTER)).and_then(|number| number.parse::<f64>().ok());
        let percent = 100.0 * chance.ok_or_else(fail)?;
        let is_whole = (percent - percent.round()).abs() < 1e-9;
        if !(1.0 - 1e-9..=50.0 + 1e-9).contains(&percent) || !is_whole {
            return Err(fail());
        }
        Ok(Self(percent.round() as u64))
    }
}

impl TryFrom<String> for StopWhen {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<StopWhen> for String {
    fn from(StopWhen(percent): StopWhen) -> Self {
        format!("{BETTER}{}", percent as f64 / 100.0)
    }
}

impl std::str::FromStr for Budget {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fail =
            || format!("{text:?} is no length of time from 1s on, such as \"90s\", \"10m\" or \"1h 30m\"");
        let duration = humantime::parse_duration(text).map_err(|_| fail())?;
        if duration < Duration::from_secs(1) { Err(fail()) } else { Ok(Self(duration)) }
    }
}

impl std::str::FromStr for Memory {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let least = 64 << 20;
        let bytes: nascent_data::Bytes = text.parse()?;
        if bytes.0 < least {
            return Err(format!("{text:?} is too little: a worker needs at least 64MiB"));
        }
        Ok(Self(bytes.0))
    }
}

impl TryFrom<String> for Budget {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for Memory {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Budget> for String {
    fn from(budget: Budget) -> Self {
        humantime::format_duration(budget.0).to_string()
    }
}

impl From<Memory> for String {
    fn from(memory: Memory) -> Self {
        format!("{}B", memory.0)
    }
}

/// A study file: settings, data, a space, and where in the text each key stands.
#[derive(Clone, Debug)]
pub struct StudyFile {
    /// The settings.
    pub settings: Settings,
    /// What is said about the data.
    pub data: nascent_data::Options,
    /// The space, where one is given.
    pub space: Option<SpaceFile>,
    /// The program that trains and judges, where Nascent does not.
    pub evaluator: Option<Outside>,
    /// The file's name and text.
    source: Option<(String, String)>,
    /// Where each key stands.
    spans: BTreeMap<String, Range<usize>>,
}

impl From<Settings> for StudyFile {
    fn from(settings: Settings) -> Self {
        Self {
            settings,
            data: Default::default(),
            space: None,
            evaluator: None,
            source: None,
            spans: BTreeMap::new(),
        }
    }
}

impl StudyFile {
    /// Reads a file's text; `name` is for messages.
    ///
    /// # Errors
    /// Where it is not TOML, has an unknown key, or a value of the wrong type or range; the error says where.
    pub fn parse(name: &str, text: &str) -> Result<Self, Box<InputError>> {
        let at = |message: String, span: Option<Range<usize>>| {
            // What is missing has no bytes: the character before the gap is pointed at.
            let visible = |s: Range<usize>| if s.is_empty() { s.start.saturating_sub(1)..s.end } else { s };
            let place = span.map(|span| (name.to_string(), text.to_string(), visible(span)));
            Box::new(InputError { message, key: None, place })
        };
        let mut document = DeTable::parse(text).map_err(|e| at(e.message().into(), e.span()))?;
        let spans = document.get_ref().iter().map(|(k, v)| (k.get_ref().to_string(), v.span())).collect();
        let space = match document.get_mut().remove("space") {
            None => None,
            Some(value) => {
                let span = value.span();
                let table = value.get_ref().as_table().ok_or_else(|| {
                    at("space is a table: write [space], then space = \"convnet\"".into(), Some(span.clone()))
                })?;
                let read = SpaceFile::read(table);
                Some(read.map_err(|e| at(e.to_string(), Some(e.span.clone().unwrap_or(span))))?)
            }
        };
        let data = match document.get_mut().remove("data") {
            None => nascent_data::Options::default(),
            Some(value) => read_table("data", "target = \"price\"", value, &at)?,
        };
        let evaluator = match document.get_mut().remove("evaluator") {
            None => None,
            Some(value) => Some(read_table("evaluator", "command = \"python train.py\"", value, &at)?),
        };
        let settings = Settings::deserialize(toml::Deserializer::from(document)).map_err(|e| {
            let message = e.message().to_string();
            at(with_nearest_key(&message), e.span())
        })?;
        Ok(Self { settings, data, space, evaluator, source: Some((name.into(), text.into())), spans })
    }

    /// The error with the place in the file where its setting stands.
    pub(crate) fn located(&self, mut error: Box<InputError>) -> Box<InputError> {
        let span = error.key.as_ref().and_then(|key| self.spans.get(key)).cloned();
        if let (None, Some((name, text)), Some(span)) = (&error.place, &self.source, span) {
            error.place = Some((name.clone(), text.clone(), span));
        }
        error
    }

    /// The error of a space file, with its place.
    pub(crate) fn space_error(&self, error: &nascent_spaces::DefinitionError) -> Box<InputError> {
        let place = match (&self.source, &error.span) {
            (Some((name, text)), Some(span)) => Some((name.clone(), text.clone(), span.clone())),
            _ => None,
        };
        self.located(Box::new(InputError { message: error.to_string(), key: Some("space".into()), place }))
    }

    /// The text of a file that says the same.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // Serialising numbers, texts and lists cannot fail.
        let mut table = toml::Table::try_from(&self.settings).unwrap_or_default();
        let data = toml::Table::try_from(&self.data).unwrap_or_default();
        if self.data != nascent_data::Options::default() {
            table.insert("data".into(), data.into());
        }
        if let Some(evaluator) = &self.evaluator {
            table.insert("evaluator".into(), toml::Table::try_from(evaluator).unwrap_or_default().into());
        }
        if let Some(space) = &self.space {
            table.insert("space".into(), space.to_table().into());
        }
        toml::to_string(&table).unwrap_or_default()
    }
}

/// A place in the text, where it is known.
type Span = Option<Range<usize>>;

/// What a table of its own says; `such_as` is a line that one begins with.
fn read_table<'de, T: Deserialize<'de>>(
    name: &str,
    such_as: &str,
    value: toml::Spanned<toml::de::DeValue<'de>>,
    at: &dyn Fn(String, Span) -> Box<InputError>,
) -> Result<T, Box<InputError>> {
    let span = value.span();
    if value.get_ref().as_table().is_none() {
        return Err(at(format!("{name} is a table: write [{name}], then {such_as}"), Some(span)));
    }
    T::deserialize(toml::de::ValueDeserializer::from(value))
        .map_err(|e| at(format!("[{name}]: {}", e.message()), e.span().or(Some(span))))
}

/// A message about an unknown key, with the most similar known one.
fn with_nearest_key(message: &str) -> String {
    let Some(key) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) else {
        return message.into();
    };
    let known = toml::Table::try_from(everything()).unwrap_or_default();
    let suggestion = did_you_mean(key, known.keys().map(String::as_str));
    let known: Vec<&str> = known.keys().map(String::as_str).chain(["data", "evaluator", "space"]).collect();
    format!("there is no setting {key:?}{suggestion}; there are: {}", known.join(", "))
}

/// Settings with every key present.
fn everything() -> Settings {
    Settings {
        warm_start: Some(String::new()),
        earlier: vec![Spelled::new()],
        trials: Some(1),
        budget: Some(Budget(Duration::from_secs(60))),
        epochs: Some(1),
        final_epochs: Some(1),
        stop_when: Some(StopWhen(5)),
        supernet: Some(Method::Spos),
        supernet_epochs: Some(1),
        margin: Some(0.1),
        patience: Some(5),
        folds: Some(2),
        batch_size: Some(64),
        workers: Some(1),
        memory_per_trial: Some(Memory(1 << 30)),
        ..Settings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> InputError {
        *StudyFile::parse("study.toml", text).unwrap_err()
    }

    #[test]
    fn conditions_to_stop_are_read_and_written() {
        for (text, percent) in [("p(better than incumbent) < 0.05", 5), ("p(better than incumbent)<.5", 50)] {
            let condition: StopWhen = text.parse().unwrap();
            assert_eq!(condition, StopWhen(percent));
            assert_eq!(String::from(condition).parse(), Ok(condition));
        }
        for text in
            ["p(better than incumbent) < 0.6", "p(better) < 0.1", "0.05", "p(better than incumbent) < 0.055"]
        {
            let error = text.parse::<StopWhen>().unwrap_err();
            assert!(error.contains(text) && error.contains("0.01 to 0.5"), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_and_written() {
        let text = "task = \"digits\"\nbudget = \"1m 30s\"\nlimits = [\"params<=20000\"]\n[space]\nspace = \"nb201\"\n";
        let file = StudyFile::parse("study.toml", text).unwrap();
        assert_eq!(file.settings.budget, Some(Budget(Duration::from_secs(90))));
        let again = StudyFile::parse("study.toml", &file.to_toml()).unwrap();
        assert_eq!(again.settings, file.settings);
        assert_eq!(again.space.unwrap().space(), "nb201");
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let cases = [
            ("task = \"digits\"\ntrails = 3", "did you mean \"trials\"", "trails"),
            ("seed = \"one\"", "expected u64", "\"one\""),
            ("budget = \"-5m\"", "no length of time", "\"-5m\""),
            ("memory_per_trial = \"1KiB\"", "at least 64MiB", "\"1KiB\""),
            ("limits = [\"params\"]", "METRIC<=NUMBER", "[\"params\"]"),
            ("[space]\nspace = \"convnet\"\n[space.parameters]\nnarow = 3\n[space.nrrow]", "narrow", "nrrow"),
        ];
        for (text, message, blamed) in cases {
            let error = error(text);
            assert!(error.message.contains(message), "{text}: {}", error.message);
            let (_, source, span) = error.place.unwrap();
            assert!(source[span.clone()].contains(blamed), "{text}: {:?}", &source[span]);
        }
        assert!(error("task = ").place.is_some());
        assert!(error("budget = -5").message.contains("string"));
        assert!(error("space = \"convnet\"").message.contains("[space]"));
    }
}
