//! Writes the pages that follow from the code into a folder: `cargo xtask codegen` runs it.
//!
//! `cli.md` is what every `--help` says, `strategies.md` the registry of strategies, and `schemas/` the form of every
//! file that users write or programs read.
#![allow(clippy::print_stdout)]

#[path = "../src/arguments.rs"]
#[allow(dead_code)]
mod arguments;

use clap::CommandFactory;
use nascent::strategies::{Parameter, registry};
use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// What is written above every page.
const MADE: &str = "<!-- Written by `cargo xtask codegen`: change the code, not this page. -->";

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(io::Error::other("pages FOLDER"));
    };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("schemas"))?;
    fs::write(folder.join("cli.md"), commands())?;
    fs::write(folder.join("strategies.md"), strategies())?;
    for (name, schema) in nascent::schemas() {
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        fs::write(folder.join("schemas").join(format!("{name}.schema.json")), text)?;
    }
    Ok(())
}

/// Every command with its help.
fn commands() -> String {
    let mut page = format!("# The command line\n\n{MADE}\n");
    describe(arguments::Arguments::command().term_width(100), "", &mut page);
    page
}

fn describe(mut command: clap::Command, before: &str, page: &mut String) {
    let name = format!("{before}{}", command.get_name());
    let help = command.clone().bin_name(&name).render_help();
    let help: Vec<String> = help.to_string().lines().map(|l| l.trim_end().to_string()).collect();
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
    command.build();
    for inner in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        describe(inner.clone(), &format!("{name} "), page);
    }
}

/// Every strategy and wrapper.
fn strategies() -> String {
    let mut page = format!("# Strategies\n\n{MADE}\n\n");
    page.push_str(
        "A strategy is written `NAME` or `NAME:parameter=value,…`; a wrapper goes before one: `asha:eta=3 > evolution`.\n",
    );
    page.push_str(
        "\n| strategy | what it does | good for | cost of a proposal | paper |\n|---|---|---|---|---|\n",
    );
    let rows = registry::all().iter().map(|e| (e.name, e.summary, e.good_for, e.cost, e.paper));
    let around = registry::wrappers().iter().map(|e| (e.name, e.summary, e.good_for, e.cost, e.paper));
    for (name, summary, good_for, cost, paper) in rows {
        let _ = writeln!(page, "| `{name}` | {summary} | {good_for} | {cost} | {paper} |");
    }
    for (name, summary, good_for, cost, paper) in around {
        let _ = writeln!(page, "| `{name} > …` | {summary} | {good_for} | {cost} | {paper} |");
    }
    page.push_str(
        "\n## Parameters\n\n| strategy | parameter | meaning | range | default |\n|---|---|---|---|---|\n",
    );
    let named = registry::all().iter().map(|e| (e.name, e.parameters));
    for (name, parameters) in named.chain(registry::wrappers().iter().map(|e| (e.name, e.parameters))) {
        for Parameter { name: parameter, meaning, range: (from, to), default_text, .. } in parameters {
            let _ =
                writeln!(page, "| `{name}` | `{parameter}` | {meaning} | {from} to {to} | {default_text} |");
        }
    }
    page
}
