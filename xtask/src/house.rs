//! Who may depend on whom: the arrows of the architecture page, as data.

use crate::cargo;
use serde_json::Value;
use std::path::Path;

/// Each crate, and the crates of this workspace that it may use. A crate that is not here may not exist.
const HOUSE: &[(&str, &[&str])] = &[
    ("nascent-core", &[]),
    ("nascent-kernels", &[]),
    ("nascent-spaces", &["nascent-core"]),
    ("nascent-strategies", &["nascent-core"]),
    ("nascent-data", &["nascent-core"]),
    ("nascent-train", &["nascent-core", "nascent-data", "nascent-kernels"]),
    ("nascent-runtime", &["nascent-core"]),
    ("nascent-bench", &["nascent-core", "nascent-spaces"]),
    ("nascent-export", &["nascent-core", "nascent-data"]),
    ("nascent-device", &["nascent-core", "nascent-export", "nascent-train"]),
    ("nascent-report", &["nascent-core"]),
    (
        "nascent",
        &[
            "nascent-bench",
            "nascent-core",
            "nascent-data",
            "nascent-device",
            "nascent-export",
            "nascent-kernels",
            "nascent-report",
            "nascent-runtime",
            "nascent-spaces",
            "nascent-strategies",
            "nascent-train",
        ],
    ),
    ("nascent-cli", &["nascent"]),
    ("nascent-testkit", &["nascent-core"]),
    ("xtask", &[]),
];

/// The only crate that may use Burn, so that another engine can take its place.
const ENGINE_ROOM: &str = "nascent-train";

/// Contract suites: any crate may use them in its tests.
const TESTKIT: &str = "nascent-testkit";

/// Checks the workspace as cargo sees it.
pub fn check(root: &Path) -> Result<(), String> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps"];
    let output =
        cargo(root, &arguments).output().map_err(|e| format!("cargo metadata cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let metadata = serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let violations = violations(&metadata);
    violations.iter().for_each(|v| println!("   {v}"));
    match violations.len() {
        0 => Ok(()),
        n => Err(format!("{n} broken, the first: {}", violations[0])),
    }
}

/// Every broken rule, in words.
fn violations(metadata: &Value) -> Vec<String> {
    let packages = list(&metadata["packages"]);
    let members: Vec<&str> = packages.iter().map(|p| text(&p["name"])).collect();
    let mut found = Vec::new();
    if members.is_empty() {
        found.push("the workspace has no crates".to_string());
    }
    for package in packages {
        let name = text(&package["name"]);
        let Some((_, allowed)) = HOUSE.iter().find(|(n, _)| *n == name) else {
            found.push(format!("{name} is not in the table of xtask/src/house.rs"));
            continue;
        };
        for dependency in list(&package["dependencies"]) {
            let (other, in_tests) = (text(&dependency["name"]), dependency["kind"] == "dev");
            let is_engine = other == "burn" || other.starts_with("burn-");
            if is_engine && name != ENGINE_ROOM {
                found.push(format!("{name} depends on {other}: only {ENGINE_ROOM} may"));
            }
            let is_allowed = allowed.contains(&other) || other == name || in_tests && other == TESTKIT;
            if members.contains(&other) && !is_allowed {
                let may = if allowed.is_empty() { "no other crate".into() } else { allowed.join(", ") };
                found.push(format!("{name} depends on {other}: it may depend on {may}"));
            }
        }
    }
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A workspace of every crate of the house, one of them with one more dependency.
    fn workspace(name: &str, dependency: &str, kind: Option<&str>) -> Value {
        let mut names: Vec<&str> = HOUSE.iter().map(|(n, _)| *n).collect();
        if !names.contains(&name) {
            names.push(name);
        }
        let packages: Vec<Value> = names
            .iter()
            .map(|n| {
                let extra = (*n == name).then(|| json!({ "name": dependency, "kind": kind }));
                json!({ "name": n, "dependencies": extra.into_iter().collect::<Vec<_>>() })
            })
            .collect();
        json!({ "packages": packages })
    }

    #[test]
    fn arrows_of_the_table_are_allowed_and_no_others() {
        let broken = |name, dependency, kind| violations(&workspace(name, dependency, kind));
        assert_eq!(broken("nascent-spaces", "nascent-core", None), [""; 0]);
        assert_eq!(broken("nascent-spaces", "serde", None), [""; 0]);
        let expected = ["nascent-core depends on nascent-data: it may depend on no other crate"];
        assert_eq!(broken("nascent-core", "nascent-data", None), expected);
        assert_eq!(broken("nascent-core", "nascent-data", Some("dev")), expected);
        assert_eq!(broken("nascent-core", "nascent-data", Some("build")), expected);
        let expected = ["nascent-cli depends on nascent-train: it may depend on nascent"];
        assert_eq!(broken("nascent-cli", "nascent-train", None), expected);
    }

    #[test]
    fn the_testkit_is_for_tests() {
        assert_eq!(violations(&workspace("nascent-core", "nascent-testkit", Some("dev"))), [""; 0]);
        assert_eq!(violations(&workspace("nascent-core", "nascent-testkit", None)).len(), 1);
    }

    #[test]
    fn burn_has_one_user() {
        assert_eq!(violations(&workspace("nascent-train", "burn", None)), [""; 0]);
        let expected = ["nascent-data depends on burn: only nascent-train may"];
        assert_eq!(violations(&workspace("nascent-data", "burn", Some("dev"))), expected);
        assert_eq!(violations(&workspace("nascent", "burn-ndarray", None)).len(), 1);
        assert_eq!(violations(&workspace("nascent", "burnish", None)), [""; 0]);
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        let expected = ["nascent-attic is not in the table of xtask/src/house.rs"];
        assert_eq!(violations(&workspace("nascent-attic", "serde", None)), expected);
        assert_eq!(violations(&json!({})), ["the workspace has no crates"]);
    }

    #[test]
    fn the_table_has_no_circles() {
        // Crates are taken away once everything they use is gone; a circle would stay.
        let mut left: Vec<_> = HOUSE.to_vec();
        while let Some(i) =
            left.iter().position(|(_, uses)| !uses.iter().any(|u| left.iter().any(|(n, _)| n == u)))
        {
            left.remove(i);
        }
        assert!(left.is_empty(), "{left:?}");
    }
}
