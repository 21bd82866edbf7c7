//! The page as a whole: what it must hold for any study.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Study, Wishes, plain_verdict};
use nascent_core::History;
use nascent_core::statistics::VerdictResult;
use nascent_report::{ClassesTested, DataFacts, Report, Tested, ValuesTested, card, front, page};

/// Tags that stand open, as browsers see them: `None` where a page is well-formed.
fn unbalanced(page: &str) -> Option<String> {
    const VOID: [&str; 4] = ["meta", "!doctype", "br", "img"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>')?;
        let tag = &rest[..end];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next()?;
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return Some(format!("</{name}> closes nothing"));
            }
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        rest = &rest[end + 1..];
        if (name == "style" || name == "script")
            && let Some(skip) = rest.find(&format!("</{name}>")).filter(|_| !tag.starts_with('/'))
        {
            rest = &rest[skip..];
        }
    }
    (!open.is_empty()).then(|| format!("still open: {open:?}"))
}

fn titles(page: &str) -> Vec<&str> {
    page.split("<h2>").skip(1).filter_map(|s| s.split("</h2>").next()).collect()
}

/// The reason that failed trials of the synthetic study give.
const NAN_REASON: &str = "the loss became NaN in epoch 3";

/// What must hold for every page.
fn checked(report: &Report<'_>) -> String {
    let text = page(report);
    assert_eq!(unbalanced(&text), None);
    assert_eq!(text, page(report), "a page depends on its input alone");
    let content = text.split("<script>").next().unwrap();
    for wrong in ["NaN", "\"inf\"", "inf ", "None<", "Some("] {
        let made = |place: usize| &content[place.saturating_sub(40)..(place + 20).min(content.len())];
        let known = content.matches(NAN_REASON).count() * usize::from(NAN_REASON.contains(wrong));
        assert_eq!(content.matches(wrong).count(), known, "{:?}", content.find(wrong).map(made));
    }
    // Self-contained: nothing is loaded from anywhere.
    assert!(text.split("src=\"").skip(1).all(|source| source.starts_with("data:")));
    assert!(!text.contains("@import") && !text.contains("url("));
    assert!(text.split("href=\"").skip(1).all(|l| l.starts_with('#')));
    assert!(text.split("https://").count() == 1);
    for target in text.split("href=\"#").skip(1).filter_map(|l| l.split('"').next()) {
        assert!(text.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
    }
    text
}

#[test]
fn a_finished_study_has_all_sections_in_order() {
    let study = Study::new(Wishes::default());
    let text = checked(&study.report());
    assert_eq!(
        titles(&text),
        [
            "Result",
            "The best network",
            "Progress",
            "Pareto set",
            "Training of the finalists",
            "The data",
            "Effect of each decision",
            "Every trial",
            "Cost",
            "How to reproduce"
        ]
    );
    assert_eq!(text.matches("<tr id=\"t").count(), study.history.trials.len());
    let test = study.test.unwrap();
    assert!(text.contains(&format!(
        "<b>{:.2} %</b> (95 % interval {:.2} to ",
        test.mean * 100.0,
        test.low * 100.0
    )));
    assert!(text.contains("The search paid off: its network is better than tuned-reference."));
    assert!(text.contains("class=\"ring\"") && text.contains("params&lt;=50000"));
}

#[test]
fn the_front_is_drawn_with_the_network_to_beat() {
    let study = Study::new(Wishes::default());
    assert!(checked(&study.report()).contains("<title>tuned-reference: "));
    let text = front::text(&study.report()).unwrap();
    assert_eq!(text.matches('@').count(), 2, "one in the picture, one in the legend: {text}");
    assert!(text.starts_with("accuracy (%)\n") && text.contains(" params"), "{text}");
    assert!(text.lines().last().unwrap().ends_with("@ recommended  × tuned-reference"), "{text}");
    assert!(text.matches('o').count() > 5 && text.matches('·').count() > 5, "{text}");
    // Lines of a terminal.
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let one = Study::new(Wishes { sizes: false, ..Wishes::default() });
    assert_eq!(front::text(&one.report()), None);
    let none = Study::new(Wishes { search: 0, baseline: false, ..Wishes::default() });
    assert_eq!(front::text(&none.report()), None);
}

#[test]
fn what_comes_from_outside_stays_text() {
    let evil = "<script>alert('x')</script>\"&";
    let study = Study::new(Wishes { study: evil.into(), reason: evil.into(), ..Wishes::default() });
    let mut report = study.report();
    report.notes = vec![evil.into()];
    report.commands = vec![evil.into()];
    report.version = evil;
    report.task.name = evil.into();
    report.task.kind = evil.into();
    report.task.metric = evil.into();
    report.space.name = evil.into();
    report.space.count = evil.into();
    report.baselines[0].name = evil.into();
    let mut answers = study.answers.clone();
    answers.iter_mut().flatten().for_each(|a| {
        a.label.push_str(evil);
        a.path.push_str(evil);
    });
    report.answers = &answers;
    let text = checked(&report);
    // The page's own script is the only one.
    assert_eq!(text.matches("<script").count(), 1);
    assert!(!text.contains("alert('x')"));
    let card = card::markdown(&report);
    assert!(card.contains("\\<script\\>"), "{card}");
    let outside_fences: String = card.split("````").step_by(2).collect();
    assert!(!outside_fences.contains("<script>"));
}

#[test]
fn an_empty_study_says_so() {
    let study = Study::new(Wishes { search: 0, baseline: false, ..Wishes::default() });
    let text = checked(&study.report());
    assert!(text.contains("No trial was made yet"));
    assert_eq!(titles(&text), ["Result", "The data", "Every trial", "Cost", "How to reproduce"]);
    // Not even begun.
    let nothing = History::default();
    let mut report = study.report();
    report.history = &nothing;
    checked(&report);
    assert!(card::markdown(&report).contains("No network can be recommended yet"));
}

#[test]
fn a_study_in_which_everything_failed_gives_the_reasons() {
    let study = Study::new(Wishes { all_fail: true, baseline: false, sizes: false, ..Wishes::default() });
    let text = checked(&study.report());
    assert!(text.contains("There is no network: 60 trials failed and 0 broke a limit."));
    assert!(
        text.contains(
            "the loss became NaN in epoch 3 <span class=\"dim\">(60 trials, first in trial 0)</span>"
        )
    );
    assert!(text.contains("ended: no trial gave a network"));
}

#[test]
fn a_study_that_still_runs_shows_what_is_known() {
    let study = Study::new(Wishes { finals: false, tested: false, baseline: false, ..Wishes::default() });
    let text = checked(&study.report());
    assert!(text.contains("The test set has not been opened yet"));
    assert!(text.contains("not finished: this page shows what is known so far"));
    assert!(!titles(&text).contains(&"Training of the finalists"));
    assert!(card::markdown(&study.report()).contains("The test set was not opened"));
}

#[test]
fn a_single_trial_and_no_baseline_are_enough() {
    let wishes = Wishes { search: 1, baseline: false, sizes: false, ..Wishes::default() };
    let text = checked(&Study::new(wishes).report());
    assert!(text.contains("No baseline was tested, so nothing here says whether the search paid off."));
    assert!(!titles(&text).contains(&"Pareto set"));
}

#[test]
fn every_verdict_is_put_in_words() {
    let study = Study::new(Wishes::default());
    let says = |results: &[VerdictResult]| {
        let mut report = study.report();
        let one = report.baselines[0].clone();
        report.baselines = results
            .iter()
            .enumerate()
            .map(|(n, r)| nascent_report::Baseline {
                name: format!("b{n}"),
                verdict: Some(plain_verdict(*r)),
                ..one.clone()
            })
            .collect();
        let text = checked(&report);
        let lead = text.split("class=\"lead\">").nth(1).unwrap().split("</p>").next().unwrap().to_string();
        (lead, card::markdown(&report))
    };
    use VerdictResult::{Better, Equal, Undecided, Worse};
    for (results, expected) in [
        (&[Better][..], "The search paid off: its network is better than b0."),
        (&[Equal], "The search found a network as good as b0, and not a better one."),
        (&[Worse], "The search did not pay off: b0 did better on the test set."),
        (&[Undecided], "These data cannot tell whether the search paid off against b0."),
        (&[Better, Worse], "The search did not pay off: b1 did better on the test set."),
        (
            &[Better, Undecided, Equal],
            "The search paid off against b0, but it is not shown to be better than b2 and b1.",
        ),
        (&[Better, Better], "The search paid off: its network is better than b0 and b1."),
    ] {
        let (lead, card) = says(results);
        assert!(lead.contains(expected), "{results:?}: {lead}");
        assert!(card.contains(expected), "{results:?}: {card}");
    }
}

#[test]
fn a_reference_that_is_handed_over_is_not_compared_with_itself() {
    let study = Study::new(Wishes::default());
    let mut report = study.report();
    report.recommended = report.baselines[0].trial;
    let expected = "The search did not pay off: no network of it was better on validation data than that of \
                    tuned-reference, which this is.";
    let (text, card) = (checked(&report), card::markdown(&report));
    assert!(text.contains(expected) && !text.contains("found by the search"));
    assert!(card.contains(expected) && !card.contains("tuned-reference, test"), "{card}");
}

#[test]
fn ten_thousand_trials_stay_readable() {
    let study = Study::new(Wishes { search: 10_000, baseline: true, ..Wishes::default() });
    let text = checked(&study.report());
    assert!(text.len() < 3_000_000, "{} bytes", text.len());
    assert_eq!(text.matches("<tr id=\"t").count(), 1_000);
    assert!(text.contains("<b>1,000 of 10,0") && text.contains("nascent show RUN --json"));
    let best = study.recommended.unwrap();
    assert!(text.contains(&format!("<tr id=\"t{best}\" class=\"own\">")));
}

#[test]
fn the_card() {
    let study = Study::new(Wishes { search: 20, ..Wishes::default() });
    insta::assert_snapshot!(card::markdown(&study.report()));
}

#[test]
fn the_data_are_told_with_what_the_network_mistakes() {
    let study = Study::new(Wishes::default());
    let text = checked(&study.report());
    for part in
        ["The data", "Confusion matrix", "most confident errors", "a&lt;b", "2 rows occur twice", "99.8 %"]
    {
        assert!(text.contains(part), "{part}");
    }
    let mut report = study.report();
    let points =
        (0..30).map(|i| (f64::from(i), f64::from(i) + if i % 2 == 0 { 0.5 } else { -0.5 })).collect();
    report.data =
        report.data.map(|d| DataFacts { tested: Some(Tested::Values(ValuesTested { points })), ..d });
    assert!(checked(&report).contains("Residuals of the final network"));
    let names: Vec<String> = (0..30).map(|i| format!("class {i}")).collect();
    let mut confusion = vec![vec![0; 30]; 30];
    confusion[3][4] = 5;
    let tested = Tested::Classes(ClassesTested { names, confusion, errors: Vec::new() });
    report.data = report.data.map(|d| DataFacts { tested: Some(tested), ..d });
    assert!(checked(&report).contains("What is taken for what most often"));
    report.data = None;
    assert!(!titles(&checked(&report)).contains(&"The data"));
}
