//! The page of a bench: well-formed, self-contained, and honest about what cannot be told apart.
#![allow(clippy::unwrap_used)]

use nascent_core::objective::Direction;
use nascent_report::{Cell, Comparison, PairRow, Panel, comparison};

fn panel(dataset: &str, is_headline: bool) -> Panel {
    let curve = |start: f64| {
        (1..=50)
            .map(|q| {
                (f64::from(q), start / f64::from(q), 0.9 * start / f64::from(q), start / f64::from(q) + 0.1)
            })
            .collect()
    };
    let cell = |mean: f64| Cell { mean, sd: 0.5, ci95: [mean - 0.1, mean + 0.1] };
    let pair = PairRow {
        first: 0,
        second: 1,
        advantage: -0.25,
        ci95: [-0.5, 0.0],
        p: 0.2,
        effect: -0.1,
        verdict: "indistinguishable".into(),
    };
    Panel {
        dataset: dataset.into(),
        metric: "validation_regret".into(),
        direction: Direction::Minimize,
        optimum: 0.0,
        is_headline,
        curves: if is_headline { vec![curve(30.0), curve(20.0)] } else { Vec::new() },
        checkpoints: vec![10.0, 50.0],
        cells: vec![vec![cell(3.0), cell(0.5)], vec![cell(2.0), cell(0.25)]],
        pairs: if is_headline { vec![pair] } else { Vec::new() },
    }
}

fn page() -> String {
    comparison(&Comparison {
        protocol: "nb201-<queries>".into(),
        title: "a title".into(),
        version: "0.1.0".into(),
        strategies: vec!["random".into(), "evolution:population=30".into()],
        runs: 200,
        unit: "queries".into(),
        budget: 50.0,
        panels: vec![panel("cifar10", true), panel("cifar100", true), panel("test", false)],
        ranks: vec![(1, 1.25), (0, 1.75)],
        groups: vec![vec![1, 0]],
        notes: vec!["Eyeriss & FPGA are modelled".into()],
        sources: vec![["t", "15,625", "somebody", "MIT"].map(String::from)],
        commands: vec!["nascent bench nb201-queries --seed 1".into()],
    })
}

#[test]
fn everything_is_on_the_page() {
    let page = page();
    for wanted in [
        "nb201-&lt;queries&gt;",
        "Indistinguishable by these runs: evolution:population=30, random",
        "Eyeriss &amp; FPGA",
        "nascent bench nb201-queries --seed 1",
        "licence: MIT",
        "−0.2500",
        "p = 0.200",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert_eq!(page.matches("<figure>").count(), 2);
    assert_eq!(page.matches("class=\"band").count(), 4);
    assert_eq!(page.matches("class=\"group\"").count(), 1);
}

#[test]
fn it_needs_nothing_else_and_is_well_formed() {
    let page = page();
    for wrong in ["NaN", "inf ", "src=", "@import", "url(", "http-equiv=\"refresh"] {
        assert!(!page.contains(wrong), "{wrong}");
    }
    assert!(page.split("href=\"").skip(1).all(|l| l.starts_with('#')));
    for tag in
        ["svg", "section", "table", "tr", "td", "th", "figure", "g", "div", "ul", "p", "small", "b", "span"]
    {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "<{tag}>");
    }
}

#[test]
fn an_empty_comparison_is_still_a_page() {
    let page = comparison(&Comparison::default());
    assert!(page.ends_with("</html>\n") && !page.contains("NaN"));
}
