//! Writes the page of a synthetic study: `cargo run -p nascent-report --example demo -- FILE [TRIALS]`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Study, Wishes};

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let file = args.next().unwrap_or_else(|| "report.html".into());
    let search = args.next().and_then(|n| n.parse().ok()).unwrap_or(60);
    let study = Study::new(Wishes { search, ..Wishes::default() });
    std::fs::write(&file, nascent_report::page(&study.report()))
}
