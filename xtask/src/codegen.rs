//! `cargo xtask codegen`: the pages in `docs/` that follow from the code.

use crate::examples;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes the pages.
pub fn write(root: &Path) -> Result<(), String> {
    make(root, &root.join("docs"))
}

/// Compares the pages in `docs/` with what they would be now.
pub fn check(root: &Path) -> Result<(), String> {
    let fresh = root.join("target/pages");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|e| format!("{}: {e}", fresh.display()))?;
    }
    make(root, &fresh)?;
    let stale = stale(&fresh, &root.join("docs"))?;
    match stale.first() {
        None => Ok(()),
        Some(first) => {
            Err(format!("{} pages are not what the code says, the first: docs/{first}", stale.len()))
        }
    }
}

fn make(root: &Path, folder: &Path) -> Result<(), String> {
    for program in examples::build(root, &["pages"])? {
        let line = program.display();
        let status = Command::new(&program).arg(folder).status();
        let status = status.map_err(|e| format!("`{line}` cannot be started: {e}"))?;
        if !status.success() {
            return Err(format!("`{line}` ended with {status}"));
        }
    }
    Ok(())
}

/// The pages that differ from their fresh versions or are missing, and schemas that are no longer made.
fn stale(fresh: &Path, docs: &Path) -> Result<Vec<String>, String> {
    let (made, mut kept) = (files(fresh, fresh)?, files(docs, &docs.join("schemas"))?);
    let mut stale = Vec::new();
    for (name, text) in &made {
        let there = kept.remove(name).or_else(|| fs::read(docs.join(name)).ok());
        if there.as_ref() != Some(text) {
            stale.push(name.clone());
        }
    }
    stale.extend(kept.into_keys());
    Ok(stale)
}

/// The files below a folder, by their paths from `base`.
fn files(base: &Path, folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(|e| failed(&folder, e))? {
            let path = entry.map_err(|e| failed(&folder, e))?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(base).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            found.insert(name, fs::read(&path).map_err(|e| failed(&path, e))?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_differs_lacks_or_is_left_over_is_named() {
        let folder = std::env::temp_dir().join(format!("nascent-codegen-{}", std::process::id()));
        let (fresh, docs) = (folder.join("fresh"), folder.join("docs"));
        for schemas in [fresh.join("schemas"), docs.join("schemas")] {
            fs::create_dir_all(schemas).unwrap();
        }
        for (file, text) in [("fresh/a.md", "a"), ("docs/a.md", "a"), ("docs/own.md", "by hand")] {
            fs::write(folder.join(file), text).unwrap();
        }
        assert_eq!(stale(&fresh, &docs).unwrap(), [""; 0]);
        for (file, text) in [("docs/a.md", "b"), ("fresh/schemas/b", "b"), ("docs/schemas/c", "c")] {
            fs::write(folder.join(file), text).unwrap();
        }
        assert_eq!(stale(&fresh, &docs).unwrap(), ["a.md", "schemas/b", "schemas/c"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
