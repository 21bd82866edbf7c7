//! `nascent predictors` on tables and on a study.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, refused, said};
use serde_json::Value;

/// The mean rank correlation of a row.
fn kendall(table: &Value, predictor: &str, encoding: &str, networks: u64) -> f64 {
    let is_it = |row: &&Value| {
        row["predictor"] == predictor && row["encoding"] == encoding && row["networks"] == networks
    };
    let row = table["rows"].as_array().unwrap().iter().find(is_it).unwrap();
    let each: Vec<f64> = row["kendall"].as_array().unwrap().iter().map(|k| k.as_f64().unwrap()).collect();
    each.iter().sum::<f64>() / each.len() as f64
}

#[test]
fn predictors_are_measured_on_the_table_that_is_part_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let line = "predictors nasbench201 --predictor gp --predictor gp:wl --sizes 25,100 --samples 2 \
                --with c10_params,c10_flops --json";
    let table = json(folder.path(), line);
    assert_eq!(table["networks"], 15_625);
    assert_eq!(table["guessed"], 1_000);
    assert!(kendall(&table, "gp", "answers", 100) > 0.55, "{table}");
    assert!(kendall(&table, "gp", "wl", 100) > 0.65, "{table}");
    assert!(kendall(&table, "gp", "wl", 25) < kendall(&table, "gp", "wl", 100), "{table}");
    assert!((0.4..0.7).contains(&kendall(&table, "mean rank", "scores", 0)), "{table}");
    let again = json(folder.path(), line);
    assert_eq!(kendall(&table, "gp", "wl", 100), kendall(&again, "gp", "wl", 100));
    let text = said(
        folder.path(),
        "predictors nasbench201 --predictor ridge --sizes 10 --samples 1 --target c10_params",
    );
    assert!(text.contains("c10_params of 15625 networks") && text.contains("ridge        answers"), "{text}");
}

#[test]
fn what_cannot_be_measured_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (line, part) in [
        ("predictors nasbench201 --predictor gbdt", "there are: ridge, gp, perceptrons, boosted, graph"),
        ("predictors nasbench201 --predictor gp:graph", "it takes: answers, paths, wl"),
        ("predictors nasbench201 --target c10_val", "did you mean"),
        ("predictors nasbench201 --with op_01", "is a decision"),
        ("predictors nasbench201 --target c10_val_200 --with c10_val_200", "is what is guessed"),
        ("predictors nasbench201 --sizes 15620", "at most 15615"),
        ("predictors nasbench201 --sizes 2", "5 networks or more"),
        ("predictors nasbench201 --samples 0", "give 1 or more"),
        ("predictors nasbench2", "nasbench201"),
        ("predictors .", "."),
    ] {
        let error = refused(folder, line);
        assert!(error.contains(part), "{line}: {error}");
    }
}

#[test]
fn a_study_is_a_table_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    said(
        folder,
        "search digits --space mlp --trials 24 --epochs 1 --baseline none --strategy random --out run",
    );
    let text = said(
        folder,
        "predictors run --sizes 12,20 --samples 2 --predictor gp --predictor graph --with params,macs",
    );
    for part in [
        "of 24 networks",
        "mean rank",
        "gp           answers",
        "graph        graph",
        "20 networks to learn from leave too few",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let error = refused(folder, "predictors run --target accurcy");
    assert!(error.contains("no finished trial of run has a metric \"accurcy\"; they have: "), "{error}");
    let error = refused(folder, "predictors run --with loss");
    assert!(error.contains("before its whole training a metric \"loss\""), "{error}");
}
