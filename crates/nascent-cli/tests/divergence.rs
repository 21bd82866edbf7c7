//! Networks whose training diverges, and studies that do not compare: the real binary on data of one's own.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, said};

/// Series of two classes; one that is not seen while the search trains, but by the final trainings, has a measurement
/// near the largest number there is, so that gradients of a network that meets it are none.
fn series() -> String {
    let mut rng = nascent::core::rng::Rng::new(1, 0);
    let rows = (0..120).map(|row| {
        let class = row % 2;
        let mut values: Vec<String> = (0..16)
            .map(|step| {
                let bump = if class == 1 && (4..8).contains(&step) { 2.0 } else { 0.0 };
                format!("{:.3}", rng.normal() + bump)
            })
            .collect();
        if row == 85 {
            values[3] = "3e38".into();
        }
        format!("{},{class}\n", values.join(","))
    });
    rows.collect()
}

#[test]
fn a_training_that_diverges_costs_its_trial_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("series.csv"), series()).unwrap();
    let common = "search series.csv --kind series --target last --no-header --trials 2 --epochs 1 --workers 1 --baseline none";
    said(at, &format!("{common} --split time --out run"));
    let trials = json(at, "show run --json");
    let failed: Vec<&serde_json::Value> =
        trials["trials"].as_array().unwrap().iter().filter(|t| t["state"] == "failed").collect();
    assert!(!failed.is_empty(), "{trials:#}");
    for trial in &failed {
        assert!(trial["reason"].as_str().unwrap().contains("the loss became NaN in epoch 1"), "{trial:#}");
        let shown = said(at, &format!("show run {}", trial["trial"]));
        assert!(shown.contains("failed: the loss became NaN"), "{shown}");
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at.join("run/summary.json")).unwrap()).unwrap();
    assert_eq!((&summary["status"], &summary["trials"]["finished"]), (&"finished".into(), &2.into()));
    assert!(said(at, "show run").contains("the loss became NaN"));
    let notes = summary["notes"].to_string();
    assert!(
        notes.contains("trainings of the final network failed") && !notes.contains("The time"),
        "{notes}"
    );

    // Rows that all can be learnt from, in two test parts of one size.
    std::fs::write(at.join("clean.csv"), series().replace("3e38", "0.5")).unwrap();
    let clean = common.replace("series.csv", "clean.csv");
    said(at, &format!("{clean} --split every:5 --out one"));
    said(at, &format!("{clean} --split stratified --out other"));
    let told = said(at, "compare one other");
    assert!(told.contains("one and other do not compare") && told.contains("split_seed"), "{told}");
    assert!(said(at, "compare run one").contains("run has no tested network"));
}
