use crate::error::{DefinitionError, Problem, nearest};
use crate::narrow::{Narrowed, Narrowing};
use crate::registry;
use nascent_core::{Signature, Space};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// A space as users write it in TOML: a built-in one, its parameters, and what is kept of its questions.
///
/// ```toml
/// space = "convnet"
///
/// [parameters]
/// stages = 2
///
/// [narrow]
/// "stage[*].kernel" = ["3"]            # [*] stands for every number; an exact place overrules it
/// "training.learning_rate" = [0.001, 0.003]
/// norm = "batch"                       # one option settles the question
/// ```
#[derive(Clone, Debug)]
pub struct SpaceFile {
    space: Spanned<String>,
    parameters: Entries<toml::Value>,
    narrow: Entries<Vec<Spanned<String>>>,
}

/// Keys and values, with where they are written.
type Entries<T> = Vec<(Spanned<String>, Spanned<T>)>;

const KEYS: [&str; 3] = ["space", "parameters", "narrow"];

impl SpaceFile {
    /// Reads a file's text; spaces, parameters, places and options are looked up by [`SpaceFile::build`].
    ///
    /// # Errors
    /// Where it is not TOML, or not of this form; the error says at which bytes.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        let document = DeTable::parse(text).map_err(|error| DefinitionError {
            problem: Box::new(Problem::Syntax(error.message().into())),
            span: error.span(),
        })?;
        Self::read(document.get_ref())
    }

    /// Reads a table, which may be a part of a larger file; spans are those of that file.
    ///
    /// # Errors
    /// Where the table is not of this form; the error says at which bytes.
    pub fn read(table: &DeTable<'_>) -> Result<Self, DefinitionError> {
        let mut file =
            Self { space: Spanned::new(0..0, String::new()), parameters: Vec::new(), narrow: Vec::new() };
        let mut is_named = false;
        for (key, value) in table {
            match &**key.get_ref() {
                "space" => {
                    let name = value.get_ref().as_str();
                    let name = name.ok_or_else(|| wrong_type("space", "the name of a space", value))?;
                    file.space = Spanned::new(value.span(), name.into());
                    is_named = true;
                }
                "parameters" => file.parameters = entries("parameters", value, scalar)?,
                "narrow" => file.narrow = entries("narrow", value, options)?,
                other => {
                    let known = KEYS.map(Into::into).to_vec();
                    let problem =
                        Problem::UnknownKey { key: other.into(), nearest: nearest(other, KEYS), known };
                    return Err(DefinitionError::from(problem).at(key.span()));
                }
            }
        }
        if is_named {
            return Ok(file);
        }
        let names: Vec<_> = registry::names().map(|n| format!("{n:?}")).collect();
        Err(Problem::Missing { key: "space".into(), expected: names.join(" or ") }.into())
    }

    /// The name of the built-in space.
    #[must_use]
    pub fn space(&self) -> &str {
        self.space.get_ref()
    }

    /// What was written, as a table that [`SpaceFile::read`] takes.
    #[must_use]
    pub fn to_table(&self) -> toml::Table {
        let parameters: toml::Table =
            self.parameters.iter().map(|(k, v)| (k.get_ref().clone(), v.get_ref().clone())).collect();
        let labels = |options: &[Spanned<String>]| {
            options.iter().map(|o| toml::Value::String(o.get_ref().clone())).collect::<Vec<_>>()
        };
        let narrow: toml::Table =
            self.narrow.iter().map(|(k, v)| (k.get_ref().clone(), labels(v.get_ref()).into())).collect();
        let mut table = toml::Table::new();
        table.insert("space".into(), self.space().into());
        for (key, part) in [("parameters", parameters), ("narrow", narrow)] {
            if !part.is_empty() {
                table.insert(key.into(), part.into());
            }
        }
        table
    }

    /// The space, for networks of this signature.
    ///
    /// # Errors
    /// As [`registry::build`] and [`Narrowed::new`]; the error says at which bytes of the file.
    pub fn build(&self, signature: &Signature) -> Result<Box<dyn Space>, DefinitionError> {
        let parameters =
            self.parameters.iter().map(|(k, v)| (k.get_ref().clone(), v.get_ref().clone())).collect();
        let space =
            registry::build(self.space(), &parameters, signature).map_err(|error| self.locate(error))?;
        if self.narrow.is_empty() {
            return Ok(space);
        }
        let narrowings: Vec<Narrowing> = self
            .narrow
            .iter()
            .map(|(pattern, options)| Narrowing {
                pattern: pattern.get_ref().clone(),
                options: options.get_ref().iter().map(|o| o.get_ref().clone()).collect(),
            })
            .collect();
        let narrowed = Narrowed::new(space, &narrowings).map_err(|error| self.locate(error))?;
        Ok(Box::new(narrowed))
    }

    /// Says at which bytes of the file the fault is.
    fn locate(&self, error: DefinitionError) -> DefinitionError {
        let parameter = |name: &str| self.parameters.iter().find(|(k, _)| k.get_ref() == name);
        let narrowing = |name: &str| self.narrow.iter().find(|(k, _)| k.get_ref() == name);
        let span: Option<Range<usize>> = match &*error.problem {
            Problem::UnknownParameter { name, .. } => parameter(name).map(|(key, _)| key.span()),
            Problem::Parameter { name, .. } => parameter(name).map(|(_, value)| value.span()),
            Problem::UnknownQuestion { pattern, .. } => narrowing(pattern).map(|(key, _)| key.span()),
            Problem::NothingLeft { pattern, .. } => narrowing(pattern).map(|(_, value)| value.span()),
            Problem::Ambiguous { second, .. } => narrowing(second).map(|(key, _)| key.span()),
            Problem::UnknownOption { pattern, option, .. } => narrowing(pattern)
                .and_then(|(_, options)| options.get_ref().iter().find(|o| o.get_ref() == option))
                .map(Spanned::span),
            _ => None,
        };
        // What is not in the file is the space's own: a default that does not fit the task, or the task itself.
        error.at(span.unwrap_or_else(|| self.space.span()))
    }
}

/// The entries of a table, each value read by `read`.
fn entries<T>(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    read: fn(&str, &Spanned<DeValue<'_>>) -> Result<T, DefinitionError>,
) -> Result<Entries<T>, DefinitionError> {
    let table = value.get_ref().as_table().ok_or_else(|| wrong_type(key, "a table", value))?;
    let entry = |(name, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        let name: Spanned<String> =
            Spanned::new(name.span(), ToString::to_string(name.get_ref() as &std::borrow::Cow<'_, str>));
        let inner = read(name.get_ref(), value)?;
        Ok((name, Spanned::new(value.span(), inner)))
    };
    table.iter().map(entry).collect()
}

/// A number, a switch or text.
fn scalar(key: &str, value: &Spanned<DeValue<'_>>) -> Result<toml::Value, DefinitionError> {
    let read = match value.get_ref() {
        DeValue::String(text) => Some(toml::Value::String(text.to_string())),
        DeValue::Boolean(on) => Some(toml::Value::Boolean(*on)),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(toml::Value::Integer),
        DeValue::Float(x) => x.as_str().parse().ok().map(toml::Value::Float),
        _ => None,
    };
    read.ok_or_else(|| wrong_type(key, "a number, true or false, or text", value))
}

/// A list of options, or one of them; numbers are spelled as labels are.
fn options(key: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<Spanned<String>>, DefinitionError> {
    let option = |value: &Spanned<DeValue<'_>>| {
        let label = match scalar(key, value)? {
            toml::Value::String(text) => text,
            toml::Value::Integer(n) => n.to_string(),
            toml::Value::Float(x) => x.to_string(),
            _ => return Err(wrong_type(key, "an option or a list of options", value)),
        };
        Ok(Spanned::new(value.span(), label))
    };
    match value.get_ref() {
        DeValue::Array(list) => list.iter().map(option).collect(),
        _ => option(value).map(|one| vec![one]),
    }
}

fn wrong_type(key: &str, expected: &str, value: &Spanned<DeValue<'_>>) -> DefinitionError {
    let found = value.get_ref().type_str().into();
    DefinitionError::from(Problem::Type { key: key.into(), expected: expected.into(), found })
        .at(value.span())
}
