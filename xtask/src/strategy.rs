//! `cargo xtask new strategy NAME`: a file that compiles and passes the contract suite, and its registration.

use crate::cargo;
use std::fs;
use std::path::Path;

const TEMPLATE: &str = include_str!("../templates/strategy.rs");

/// Words that cannot name a Rust module.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "lib", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Writes the strategy's file and its registration; changes nothing where one of them cannot be written.
pub fn add(root: &Path, name: &str) -> Result<(), String> {
    let source = root.join("crates/strategies/src");
    let (module, kind) = names(name)?;
    let file = source.join(format!("{module}.rs"));
    for taken in [&file, &source.join(&module)] {
        if taken.exists() {
            return Err(format!("{} exists; choose another name", taken.display()));
        }
    }
    let (lib_path, registry_path) = (source.join("lib.rs"), source.join("registry.rs"));
    let lib = declare(&read(&lib_path)?, &module, &kind)?;
    let registry = register(&read(&registry_path)?, &module)?;
    write(&file, &TEMPLATE.replace("TEMPLATE_NAME", name).replace("TemplateName", &kind))?;
    write(&lib_path, &lib)?;
    write(&registry_path, &registry)?;
    // The new lines go where they are easy to put; the formatter sorts them in.
    let status = cargo(root, &["fmt", "--package", "nascent-strategies"]).status();
    status.map_err(|e| format!("cargo fmt cannot be started: {e}"))?;
    println!("{} is written and registered as `{name}`.", file.display());
    println!("next: write `ask` and `observe`, fill in the entry, then run `cargo xtask check`");
    Ok(())
}

/// The module and the type of a strategy.
fn names(name: &str) -> Result<(String, String), String> {
    let parts: Vec<&str> = name.split('-').collect();
    let is_word = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !parts.iter().all(is_word) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!(
            "{name:?} is not a name: lower-case words with hyphens between them are, such as \"local-search\""
        ));
    }
    if KEYWORDS.contains(&name) {
        return Err(format!(
            "{name:?} means something to Rust and cannot name a file of it; choose another name"
        ));
    }
    let upper = |p: &&str| p[..1].to_ascii_uppercase() + &p[1..];
    Ok((parts.join("_"), parts.iter().map(upper).collect()))
}

/// `lib.rs` with the module and its type.
fn declare(lib: &str, module: &str, kind: &str) -> Result<String, String> {
    let (modules, types) = (place(lib, "\nmod ", "lib.rs")?, place(lib, "\npub use ", "lib.rs")?);
    let (head, middle, tail) = (&lib[..modules], &lib[modules..types], &lib[types..]);
    Ok(format!("{head}\nmod {module};{middle}\npub use {module}::{kind};{tail}"))
}

/// `registry.rs` with the entry as the last of the list.
fn register(registry: &str, module: &str) -> Result<String, String> {
    let (uses, list, open) = ("\nuse crate::{", "\nstatic ALL: &[&Entry] =", "&[");
    let list = place(registry, list, "registry.rs")? + list.len();
    // The formatter breaks a long list before or after its bracket.
    let start = list + place(&registry[list..], open, "registry.rs")? + open.len();
    let end = start + place(&registry[start..], "];", "registry.rs")?;
    let import = place(&registry[..start], uses, "registry.rs")? + uses.len();
    let entries = registry[start..end].trim_end().trim_end_matches(',');
    let (head, middle, tail) = (&registry[..import], &registry[import..start], &registry[end..]);
    Ok(format!("{head}{module}, {middle}{entries}, &{module}::ENTRY{tail}"))
}

fn place(text: &str, anchor: &str, file: &str) -> Result<usize, String> {
    text.find(anchor)
        .ok_or_else(|| format!("{file} has no {:?}: xtask/src/strategy.rs needs it", anchor.trim()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_modules_and_types() {
        assert_eq!(names("tpe").unwrap(), ("tpe".into(), "Tpe".into()));
        assert_eq!(names("local-search-2").unwrap(), ("local_search_2".into(), "LocalSearch2".into()));
        for wrong in ["", "-", "a-", "a--b", "2tpe", "Tpe", "my_strategy", "a b", "größe", "../up"] {
            assert!(names(wrong).unwrap_err().contains("is not a name"), "{wrong}");
        }
        for keyword in ["match", "lib"] {
            assert!(names(keyword).unwrap_err().contains("means something to Rust"), "{keyword}");
        }
    }

    #[test]
    fn lines_go_where_they_belong() {
        let lib = declare("//! Docs.\n\nmod a;\npub mod b;\n\npub use a::A;\n", "new_one", "NewOne").unwrap();
        assert_eq!(
            lib,
            "//! Docs.\n\nmod new_one;\nmod a;\npub mod b;\n\npub use new_one::NewOne;\npub use a::A;\n"
        );
        let before = "//! D.\n\nuse crate::{a, b};\n\nstatic ALL: &[&Entry] = &[\n    &a::ENTRY,\n    &b::ENTRY,\n];\n";
        let after = "//! D.\n\nuse crate::{new_one, a, b};\n\nstatic ALL: &[&Entry] = &[\n    &a::ENTRY,\n    &b::ENTRY, &new_one::ENTRY];\n";
        assert_eq!(register(before, "new_one").unwrap(), after);
    }

    #[test]
    fn a_second_strategy_finds_the_list_that_the_formatter_broke() {
        let before =
            "//! D.\n\nuse crate::{a, b};\n\nstatic ALL: &[&Entry] =\n    &[&a::ENTRY, &b::ENTRY];\n";
        assert!(
            register(before, "c")
                .unwrap()
                .ends_with("static ALL: &[&Entry] =\n    &[&a::ENTRY, &b::ENTRY, &c::ENTRY];\n")
        );
    }

    #[test]
    fn a_changed_registry_is_said_and_left_alone() {
        assert!(register("use crate::{a};\n", "x").unwrap_err().contains("registry.rs has no"));
        assert!(declare("mod a;\n", "x", "X").unwrap_err().contains("lib.rs has no"));
    }

    #[test]
    fn the_real_files_can_be_extended_and_names_in_use_cannot() {
        let root = crate::root();
        let source = root.join("crates/strategies/src");
        let lib = declare(&read(&source.join("lib.rs")).unwrap(), "new_one", "NewOne").unwrap();
        assert!(lib.contains("\nmod new_one;\n") && lib.contains("\npub use new_one::NewOne;\n"));
        let registry = register(&read(&source.join("registry.rs")).unwrap(), "new_one").unwrap();
        assert!(registry.contains("use crate::{new_one, ") && registry.contains(", &new_one::ENTRY];"));
        // Strategies and the crate's other files alike.
        assert!(add(&root, "evolution").unwrap_err().contains("evolution.rs exists"));
        assert!(add(&root, "registry").unwrap_err().contains("registry.rs exists"));
    }
}
