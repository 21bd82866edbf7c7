//! Generated pages against the real thing: every `--help`, and files that a real study and a real bench wrote.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn nascent(folder: &Path, arguments: &[&str]) -> Output {
    let output =
        Command::new(env!("CARGO_BIN_EXE_nascent")).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

/// Checks a value against a schema that uses what ours use; a word that it does not know is an error.
///
/// Crates that check all of JSON Schema bring features that have everything below the engine built again.
fn check(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    let Value::Object(words) = schema else {
        return if *schema == Value::Bool(false) { Err(format!("{at} is not allowed")) } else { Ok(()) };
    };
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    for (word, rule) in words {
        let inner = |rule: &Value| check(value, rule, root, at);
        let holds = match word.as_str() {
            "$schema" | "title" | "description" | "default" | "format" | "$defs" | "then" => true,
            "$ref" => {
                let path =
                    rule.as_str().and_then(|r| r.strip_prefix('#')).expect("a reference into the schema");
                inner(root.pointer(path).expect("what the reference names"))?;
                true
            }
            "type" => {
                let is = |name: &str| match name {
                    "integer" => value.is_u64() || value.is_i64(),
                    "number" => value.is_number(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    "null" => value.is_null(),
                    other => panic!("unknown type {other}"),
                };
                rule.as_str().map_or_else(|| list(rule).iter().any(|t| is(t.as_str().unwrap())), is)
            }
            "const" => value == rule,
            "enum" => list(rule).contains(value),
            "minimum" => value.as_f64().is_none_or(|v| v >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|v| v <= rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|v| v.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|v| v.len() as u64 <= rule.as_u64().unwrap()),
            "required" => list(rule).iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
            "anyOf" | "oneOf" => list(rule).iter().any(|r| inner(r).is_ok()),
            "allOf" => list(rule).iter().try_for_each(inner).map(|()| true)?,
            "if" => inner(rule).is_err() || words.get("then").map_or(Ok(()), inner).map(|()| true)?,
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(item, rule, root, &format!("{at}[{i}]"))?;
                }
                true
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    value.get(key).map_or(Ok(()), |v| check(v, rule, root, &format!("{at}.{key}")))?;
                }
                true
            }
            "additionalProperties" => {
                let named = words.get("properties").and_then(Value::as_object);
                for (key, v) in value.as_object().into_iter().flatten() {
                    if !named.is_some_and(|n| n.contains_key(key)) {
                        check(v, rule, root, &format!("{at}.{key}"))?;
                    }
                }
                true
            }
            other => panic!("the schema says {other:?}, which this check does not know"),
        };
        if !holds {
            return Err(format!("{at} is {value}, but {word} is {rule}"));
        }
    }
    Ok(())
}

fn fits(value: &Value, schema: &str) -> Result<(), String> {
    let schema = json(&std::fs::read(docs().join("schemas").join(format!("{schema}.schema.json"))).unwrap());
    check(value, &schema, &schema, schema["title"].as_str().unwrap())
}

fn toml(text: &str) -> Value {
    serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap()
}

#[test]
fn every_help_is_in_the_reference() {
    let page = std::fs::read_to_string(docs().join("cli.md")).unwrap();
    let blocks: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert!(blocks.len() >= 12, "only {} commands", blocks.len());
    for block in blocks {
        let (command, text) = block.split_once('\n').unwrap();
        let mut words: Vec<&str> = command.split(' ').skip(1).collect();
        words.push("--help");
        let said = String::from_utf8(nascent(&docs(), &words).stdout).unwrap();
        let said: Vec<&str> = said.lines().map(str::trim_end).collect();
        let said = format!("\n```text\n{}\n```", said.join("\n").trim_end());
        assert_eq!(text.trim_end(), said, "{command}");
    }
}

#[test]
fn files_have_the_form_of_their_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let small = "search digits --space mlp --trials 1 --epochs 1 --workers 1 --baseline reference --out run";
    nascent(at, &small.split(' ').collect::<Vec<_>>());
    let study = toml(&std::fs::read_to_string(at.join("run/study.toml")).unwrap());
    fits(&study, "study").unwrap();
    fits(&study["space"], "space").unwrap();
    fits(&json(&std::fs::read(at.join("run/summary.json")).unwrap()), "summary").unwrap();
    fits(&json(&nascent(at, &["compare", "run", "run", "--json"]).stdout), "comparison").unwrap();
    let bench = "bench nb201-queries --strategy random --strategy local-search --runs 2 --trials 20 --out b";
    nascent(at, &bench.split(' ').collect::<Vec<_>>());
    fits(&toml(&std::fs::read_to_string(at.join("b/bench.toml")).unwrap()), "bench").unwrap();
    fits(&json(&std::fs::read(at.join("b/summary.json")).unwrap()), "bench-summary").unwrap();
    // The description in docs/bench.md, and what a schema must refuse.
    let page = std::fs::read_to_string(docs().join("bench.md")).unwrap();
    let table = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    fits(&toml(table), "table").unwrap();
    for (text, schema) in [
        ("task = \"digits\"\ntrails = 3", "study"),
        ("task = \"digits\"\ntrials = \"3\"", "study"),
        ("trials = 3", "study"),
        ("task = \"digits\"\n[data]\ntarhet = \"y\"", "study"),
        ("space = \"convent\"", "space"),
        ("space = \"convnet\"\n[parameters]\nstages = 1000", "space"),
        ("space = \"mlp\"\n[parameters]\nstages = 2", "space"),
        ("bench = \"x\"\nrun = 3", "bench"),
        ("[[decision]]\ncolumn = \"a\"\nscale = \"big\"", "table"),
    ] {
        assert!(fits(&toml(text), schema).is_err(), "{schema} takes {text:?}");
    }
}

/// The commands of the README that train nothing.
#[test]
fn what_the_readme_shows_works() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let rows: Vec<String> = (0..60).map(|i| format!("{},{},{}", i, i * i % 17, i % 3)).collect();
    std::fs::write(at.join("rows.csv"), format!("a,b,class\n{}\n", rows.join("\n"))).unwrap();
    for (line, says) in [
        ("space nb201 --draw", "networks with their training settings"),
        ("space nb201 --sample 5 --seed 1", "multiply-accumulates"),
        ("list strategies", "evolution"),
        ("list tasks", "digits"),
        ("list spaces", "convnet"),
        ("list objectives", "params"),
        ("bench tables", "nasbench201"),
        ("inspect rows.csv", "target"),
        (
            "search digits --objective accuracy --objective params --limit params<=20000 --dry-run",
            "params<=20000",
        ),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let said = String::from_utf8(nascent(at, &words).stdout).unwrap();
        assert!(said.contains(says), "{line}: {said}");
    }
    assert!(!at.join("runs").exists(), "a command that trains nothing left a run");
}
