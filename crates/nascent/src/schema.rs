//! The form of every file that users write or programs read, as JSON Schema (draft 2020-12).

use crate::compare::Comparison;
use crate::compress::Compressed;
use crate::outside::Outside;
use crate::settings::Settings;
use crate::summary::Summary;
use nascent_bench::import::TableFile;
use nascent_bench::{BenchSettings, Summary as BenchSummary};
use nascent_spaces::registry::{self, Entry};
use nascent_spaces::{Parameter, Range};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value, json};

/// The schemas by the names of their files, without `.schema.json`.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("study", study()),
        (
            "space",
            titled(
                space(),
                "space file",
                "A built-in space, its parameters, and what is kept of its questions.",
            ),
        ),
        ("bench", read::<BenchSettings>("bench.toml", "What is asked of a bench.")),
        (
            "table",
            read::<TableFile>(
                "table description",
                "A table of one's own for `nascent bench import --space`.",
            ),
        ),
        ("summary", written::<Summary>("summary.json of a study", "The result of a study for programs.")),
        (
            "comparison",
            written::<Comparison>("nascent compare --json", "Studies side by side, for programs."),
        ),
        (
            "compressed",
            written::<Compressed>("compressed.json", "A network before and after it was compressed."),
        ),
        (
            "bench-summary",
            written::<BenchSummary>("summary.json of a bench", "The result of a bench for programs."),
        ),
    ]
}

/// A file that Nascent reads.
fn read<T: JsonSchema>(title: &str, description: &str) -> Schema {
    titled(SchemaGenerator::default().into_root_schema_for::<T>(), title, description)
}

/// A file that Nascent writes.
fn written<T: JsonSchema>(title: &str, description: &str) -> Schema {
    let generator = SchemaSettings::default().for_serialize().into_generator();
    titled(generator.into_root_schema_for::<T>(), title, description)
}

fn titled(mut schema: Schema, title: &str, description: &str) -> Schema {
    schema.insert("title".into(), title.into());
    schema.insert("description".into(), description.into());
    schema
}

/// A study file: the settings, and the tables beside them that `StudyFile` reads itself.
fn study() -> Schema {
    let mut generator = SchemaGenerator::default();
    let data = generator.subschema_for::<nascent_data::Options>();
    let evaluator = generator.subschema_for::<Outside>();
    let mut schema = generator.into_root_schema_for::<Settings>();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("data".into(), data.into());
        properties.insert("evaluator".into(), evaluator.into());
        properties.insert("space".into(), space().into());
    }
    schema.insert("required".into(), json!(["task"]));
    titled(schema, "study.toml", "Everything that can be asked of a study; what is left out suits the task.")
}

/// A space file, read by `SpaceFile`: which parameters there are depends on the space.
fn space() -> Schema {
    let names: Vec<&str> = registry::names().collect();
    let parameters: Vec<Value> = registry::all().iter().map(|entry| parameters(entry)).collect();
    json_schema!({
        "type": "object",
        "properties": {
            "space": { "description": "The built-in space.", "enum": names },
            "parameters": { "description": "What shapes the space.", "type": "object" },
            "narrow": {
                "description": "The options kept of a question, by its place; [*] stands for every number.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [{ "type": ["string", "number"] }, { "type": "array", "items": { "type": ["string", "number"] } }],
                },
            },
        },
        "required": ["space"],
        "additionalProperties": false,
        "allOf": parameters,
    })
}

/// Where the space is this one, its parameters are these.
fn parameters(entry: &Entry) -> Value {
    let one = |p: &Parameter| {
        let mut form = match p.range {
            Range::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Range::Switch => json!({ "type": "boolean" }),
        };
        form["description"] = format!("{}; by default {}", p.meaning, p.default_text).into();
        (p.name.to_string(), form)
    };
    let known: Map<String, Value> = entry.parameters.iter().map(one).collect();
    json!({
        "if": { "properties": { "space": { "const": entry.name } } },
        "then": { "properties": { "parameters": { "properties": known, "additionalProperties": false } } },
    })
}
