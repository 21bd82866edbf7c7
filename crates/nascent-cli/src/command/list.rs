use crate::arguments::{List, Space, What};
use crate::command::study::space_file;
use nascent::core::chooser::{Count, count, describe, sample};
use nascent::core::rng::Rng;
use nascent::core::{Decisions, draw};
use nascent::strategies::predictors::predictors;
use nascent::train::{Method, scores};
use nascent::{Error, InputError, data, diagram, exporters, spaces, strategies};
use serde_json::{Value, json};
use std::process::ExitCode;

pub fn list(options: &List) -> Result<ExitCode, Error> {
    let rows: Vec<Value> = match options.what {
        What::Tasks => {
            data::registry::ALL.iter().map(|e| json!({"name": e.name, "summary": e.summary})).collect()
        }
        What::Spaces => spaces::registry::all()
            .iter()
            .map(|e| {
                json!({"name": e.name, "summary": e.summary, "takes": e.input, "paper": e.paper,
                "parameters": e.parameters.iter().map(|p| p.name).collect::<Vec<_>>()})
            })
            .collect(),
        What::Strategies => {
            let known = strategies::registry::all()
                .iter()
                .map(|e| (e.name.to_string(), e.summary, e.good_for, e.paper, e.cost, e.parameters));
            let around = strategies::registry::wrappers()
                .iter()
                .map(|e| (format!("{} > …", e.name), e.summary, e.good_for, e.paper, e.cost, e.parameters));
            known
                .chain(around)
                .map(|(name, summary, good_for, paper, cost, parameters)| {
                    let parameters: Vec<Value> = parameters
                        .iter()
                        .map(|p| json!({"name": p.name, "meaning": p.meaning, "from": p.range.0, "to": p.range.1, "default": p.default_text}))
                        .collect();
                    let mut row = json!({"name": name, "summary": summary, "good for": good_for, "paper": paper,
                        "cost of a proposal": cost, "parameters": parameters});
                    if name == "auto" {
                        row["rules"] = rules();
                    }
                    row
                })
                .collect()
        }
        What::Objectives => nascent::known_objectives(None)
            .into_iter()
            .map(|(name, direction)| json!({"name": name, "summary": direction}))
            .collect(),
        What::Supernets => Method::ALL
            .iter()
            .map(|m| {
                let needs = if m.is_relaxation() {
                    "spaces that can be relaxed"
                } else {
                    "spaces whose networks share weights"
                };
                json!({"name": m.name(), "summary": m.summary(), "takes": needs, "paper": m.paper()})
            })
            .collect(),
        What::Scores => scores::ALL
            .iter()
            .map(|s| {
                json!({"name": s.name, "summary": s.summary, "scale": s.scale, "looks at": s.needs.label(),
                "paper": s.paper})
            })
            .chain([json!({"name": "ensemble", "scale": "0 to 1, among the networks it was given",
                "summary": format!("the mean rank by {}", scores::ENSEMBLE.map(|s| s.name).join(", "))})])
            .collect(),
        What::Predictors => predictors()
            .iter()
            .map(|p| {
                let encodings: Vec<&str> = p.encodings.iter().map(|encoding| encoding.name()).collect();
                json!({"name": p.name, "summary": p.summary, "takes": encodings.join(", "), "paper": p.paper})
            })
            .collect(),
        What::Exporters => {
            exporters::all().iter().map(|e| json!({"name": e.name, "summary": e.summary})).collect()
        }
    };
    for row in &rows {
        if options.json {
            continue;
        }
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_string();
        out!("{:24} {}", text("name"), text("summary"));
        for key in ["takes", "good for", "cost of a proposal", "scale", "looks at", "paper"] {
            if !text(key).is_empty() {
                out!("{:24}   {key}: {}", "", text(key));
            }
        }
        for rule in row["rules"].as_array().into_iter().flatten() {
            let text = |key: &str| rule[key].as_str().unwrap_or_default();
            out!("{:24}   {}: {}, because {}", "", text("when"), text("strategy"), text("because"));
        }
        for p in row["parameters"].as_array().into_iter().flatten() {
            match p.as_str() {
                Some(name) => out!("{:24}   {name}", ""),
                None => out!(
                    "{:24}   {}: {}, {} to {} (default: {})",
                    "",
                    p["name"].as_str().unwrap_or_default(),
                    p["meaning"].as_str().unwrap_or_default(),
                    p["from"],
                    p["to"],
                    p["default"].as_str().unwrap_or_default()
                ),
            }
        }
    }
    if options.json {
        out!("{}", json!(rows));
    }
    Ok(ExitCode::SUCCESS)
}

/// The rules by which `auto` chooses, the first that holds first.
fn rules() -> Value {
    let rule = |r: &strategies::Rule| json!({"when": r.when, "strategy": r.strategy(), "because": r.because});
    strategies::rules().iter().map(rule).collect()
}

pub fn space(options: &Space) -> Result<ExitCode, Error> {
    let bad = |e: String| Error::from(InputError::about("space", e));
    let task = data::registry::load(&options.task, 0).map_err(|e| bad(e.to_string()))?;
    let space = space_file(&options.space)?.build(&task.signature()).map_err(|e| bad(e.to_string()))?;
    let space = &*space;
    let count = count(space).map_err(|e| bad(e.to_string()))?;
    let counted = match &count {
        Count::Exact(n) => n.to_string(),
        Count::Estimate { mean, standard_error } => {
            format!("about {mean:.3e} (standard error {standard_error:.1e})")
        }
    };
    let mut rng = Rng::new(options.seed, 0);
    let members: Vec<Decisions> = match (options.sample, options.draw) {
        (Some(n), _) => (0..n)
            .map(|_| sample(space, &mut rng))
            .collect::<Result<_, _>>()
            .map_err(|e| bad(e.to_string()))?,
        (None, true) => space.reference().into_iter().collect(),
        _ => Vec::new(),
    };
    if !options.json {
        out!("{} for {}: {counted} networks with their training settings", space.name(), task.name);
    }
    let mut rows = Vec::new();
    for decisions in members.iter().filter(|_| !options.count) {
        let graph = draw(space, decisions).map_err(|e| bad(e.to_string()))?;
        let answers = describe(space, decisions).map_err(|e| bad(e.to_string()))?;
        let cost = graph.cost();
        if options.json {
            let named: std::collections::BTreeMap<_, _> =
                answers.into_iter().map(|a| (a.path, a.label)).collect();
            rows.push(json!({"hash": graph.hash(), "decisions": named, "cost": cost}));
            continue;
        }
        let text: Vec<String> = answers.iter().map(|a| format!("{}={}", a.path, a.label)).collect();
        out!("\n{} parameters, {} multiply-accumulates: {}", cost.params, cost.macs, text.join(" "));
        if options.draw {
            out!("{}", diagram::text(&graph));
        }
    }
    if options.json {
        out!("{}", json!({"space": space.name(), "count": counted, "members": rows}));
    }
    Ok(ExitCode::SUCCESS)
}
