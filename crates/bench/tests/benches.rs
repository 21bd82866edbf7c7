//! Benches as a whole: the same numbers from the same seed, however they were interrupted.
#![allow(clippy::unwrap_used)]

use nascent_bench::protocol::{self, Budget, TableOptions, of_table};
use nascent_bench::*;
use nascent_core::chooser::{Enumerate, sample};
use nascent_core::objective::Direction;
use nascent_core::question::Scale;
use nascent_core::{AskContext, Decisions, Event, Next, Strategy, StrategyError};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Random members without repetition, or all in order.
#[derive(Default)]
struct Sampler {
    in_order: bool,
    tried: HashSet<Decisions>,
}

impl Strategy for Sampler {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        for _ in 0..if self.in_order { 0 } else { 500 } {
            let decisions = sample(cx.space, &mut cx.rng)?;
            if !self.tried.contains(&decisions) {
                return Ok(cx.propose(decisions, &[]));
            }
        }
        for member in Enumerate::new(cx.space) {
            let member = member?;
            if !self.tried.contains(&member) {
                return Ok(cx.propose(member, &[]));
            }
        }
        Ok(Next::Done)
    }

    fn observe(&mut self, event: &Event) {
        if let Event::Proposed { proposal, .. } = event {
            self.tried.insert(proposal.decisions.clone());
        }
    }
}

fn sampler(name: &str, in_order: bool) -> Contender {
    let make =
        move |_: &Occasion<'_>| Ok(Box::new(Sampler { in_order, ..Sampler::default() }) as Box<dyn Strategy>);
    Contender { name: name.into(), make: Arc::new(make) }
}

/// 4 × 4 networks: the accuracy is a + 4 b, the seconds are 1 + a, and rows with the same a + b are one computation.
fn table() -> Table {
    let rows: Vec<(u32, u32)> = (0..16).map(|i| (i / 4, i % 4)).collect();
    let column = |name: &str, direction, value: &dyn Fn(u32, u32) -> u32| Column {
        name: name.into(),
        precision: Precision::Whole,
        direction,
        values: rows.iter().map(|&(a, b)| f64::from(value(a, b))).collect(),
    };
    let question = |name: &str| ColumnDescription {
        column: name.into(),
        path: name.into(),
        scale: Scale::Ordered,
        options: (0..4).map(|i| i.to_string()).collect(),
    };
    let up = Some(Direction::Maximize);
    Table::new(
        About {
            name: "grid".into(),
            objective: Some("accuracy".into()),
            seconds: Some("seconds".into()),
            class: Some("class".into()),
            ..About::default()
        },
        SpaceDescription::Columns { questions: vec![question("a"), question("b")] },
        vec![
            column("a", None, &|a, _| a),
            column("b", None, &|_, b| b),
            column("accuracy", up, &|a, b| a + 4 * b),
            column("seconds", Some(Direction::Minimize), &|a, _| 1 + a),
            column("class", None, &|a, b| a + b),
        ],
    )
    .unwrap()
}

fn bench(budget: Budget, options: TableOptions) -> Bench {
    Bench {
        protocol: of_table(Arc::new(table()), &options, budget).unwrap(),
        contenders: vec![sampler("random", false), sampler("in-order", true)],
        runs: 20,
        seed: 7,
        workers: 1,
        distinct: false,
    }
}

fn all(bench: &Bench, folder: &Path) -> Traces {
    bench.run(folder, &mut |_| {}, &|| false).unwrap()
}

#[test]
fn results_are_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(Budget::Queries(16), TableOptions::default());
    let results = Results::new(&bench, all(&bench, folder.path()));
    let trace = &results.traces(1, 0)[0];
    // In order: b runs through 0 to 3 for each a, so that the best is found at queries 1 to 4, 8, 12 and 16.
    let found: Vec<(f64, f64)> = trace.steps.iter().map(|(at, values)| (*at, values[1])).collect();
    assert_eq!(
        found,
        [(1.0, 0.0), (2.0, 4.0), (3.0, 8.0), (4.0, 12.0), (8.0, 13.0), (12.0, 14.0), (16.0, 15.0)]
    );
    assert_eq!((trace.queries, trace.seconds, trace.exhausted), (16, 40.0, false));
    let summary = results.write(folder.path(), "the command").unwrap();
    let row = summary
        .rows
        .iter()
        .find(|r| r.strategy == "in-order" && r.metric == "regret" && r.at == 10.0)
        .unwrap();
    assert_eq!((row.mean, row.sd, row.runs, row.unit.as_str()), (2.0, 0.0, 20, "queries"));
    let text = std::fs::read_to_string(folder.path().join("summary.json")).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
    let columns = import::read_columns(&folder.path().join("runs.parquet")).unwrap();
    let value = columns.iter().find(|c| c.name == "value").unwrap();
    // 2 strategies, 20 runs, 2 metrics, read at 10 and 16 queries.
    let import::RawValues::Numbers(values, _) = &value.values else { panic!("values are not numbers") };
    assert_eq!(values.len(), 2 * 20 * 2 * 2);
    assert_eq!(
        summary.comparisons.iter().filter(|c| c.at == 16.0).map(|c| c.verdict.as_str()).collect::<Vec<_>>(),
        ["indistinguishable"]
    );
}

#[test]
fn an_interrupted_bench_continues_to_the_same_end() {
    let whole = tempfile::tempdir().unwrap();
    let bench = bench(Budget::Queries(9), TableOptions::default());
    let expected = all(&bench, whole.path());
    let parts = tempfile::tempdir().unwrap();
    let mut sessions = 0;
    let got = loop {
        sessions += 1;
        assert!(sessions < 100, "no progress");
        let done = AtomicUsize::new(0);
        let stop = || done.load(Ordering::SeqCst) >= 7;
        match bench.run(parts.path(), &mut |_| _ = done.fetch_add(1, Ordering::SeqCst), &stop) {
            Ok(traces) => break traces,
            Err(BenchError::Interrupted { done, all }) => assert!(done < all && all == 40, "{done} of {all}"),
            Err(other) => panic!("{other}"),
        }
        // A line that was cut short by a kill is run again.
        let journal = parts.path().join("runs.jsonl");
        let text = std::fs::read(&journal).unwrap();
        std::fs::write(&journal, &text[..text.len() - 3]).unwrap();
    };
    assert!(sessions > 3);
    assert_eq!(got, expected);
    // More runs and strategies continue too; another seed does not.
    let more = Bench { runs: 25, ..bench.clone() };
    assert_eq!(all(&more, parts.path())[&(0, 0)][..20], expected[&(0, 0)]);
    let other = Bench { seed: 8, ..bench };
    let error = other.run(parts.path(), &mut |_| {}, &|| false).unwrap_err().to_string();
    assert!(error.contains("another bench") && error.contains("--out"), "{error}");
}

#[test]
fn workers_share_a_clock() {
    let folder = tempfile::tempdir().unwrap();
    let one = bench(Budget::Seconds(10.0), TableOptions::default());
    let four = Bench { workers: 4, ..one.clone() };
    let (a, b) = (all(&one, &folder.path().join("1")), all(&four, &folder.path().join("4")));
    // In order, four networks of 1 s each come first, then four of 2 s, of 3 s and of 4 s.
    let queries = |traces: &Traces| traces[&(1, 0)][0].queries;
    assert_eq!((queries(&a), queries(&b)), (7, 16));
    assert_eq!((a[&(1, 0)][0].seconds, b[&(1, 0)][0].seconds), (10.0, 10.0));
    let times: Vec<f64> = b[&(1, 0)][0].steps.iter().map(|s| s.0).collect();
    assert!(times.is_sorted() && times.last() == Some(&10.0), "{times:?}");
    // A trial that ends after the budget does not count.
    let short = Bench {
        protocol: of_table(Arc::new(table()), &TableOptions::default(), Budget::Seconds(9.0)).unwrap(),
        ..one
    };
    assert_eq!(queries(&all(&short, &folder.path().join("9"))), 6);
}

#[test]
fn equal_computations_count_once_where_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let distinct = Bench { distinct: true, ..bench(Budget::Queries(6), TableOptions::default()) };
    let traces = all(&distinct, folder.path());
    let trace = &traces[&(1, 0)][0];
    // a + b is 0 to 3, 1 to 4, 2 to 5: the sixth class comes with the twelfth row.
    assert_eq!((trace.queries, trace.trials), (6, 12));
    let beyond = Bench { distinct: true, ..bench(Budget::Queries(8), TableOptions::default()) };
    let traces = all(&beyond, &folder.path().join("8"));
    assert!(traces[&(0, 0)].iter().all(|t| t.exhausted && t.queries == 7 && t.trials == 16));
}

#[test]
fn more_trials_than_networks_exhaust_the_space_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(Budget::Queries(50), TableOptions::default());
    let results = Results::new(&bench, all(&bench, folder.path()));
    assert!(results.traces(0, 0).iter().all(|t| t.exhausted && t.queries == 16));
    let notes = results.notes().join("\n");
    assert!(notes.contains("random: 20 of 20 runs exhausted the space, after 16 queries"), "{notes}");
    assert!(notes.contains("50 queries are more than the 16 networks"), "{notes}");
}

#[test]
fn limits_and_two_objectives_are_judged_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let limited = TableOptions { limits: vec!["seconds<=2".parse().unwrap()], ..TableOptions::default() };
    let bench1 = bench(Budget::Queries(16), limited);
    let results = Results::new(&bench1, all(&bench1, folder.path()));
    // a is at most 1 then: 13 is the best, and nothing beyond it counts.
    assert_eq!(results.traces(1, 0)[0].steps.last().unwrap().1, [0.0, 13.0]);
    let both =
        TableOptions { objectives: vec!["accuracy".into(), "seconds".into()], ..TableOptions::default() };
    let bench2 = bench(Budget::Queries(16), both);
    let results = Results::new(&bench2, all(&bench2, &folder.path().join("2")));
    assert!(results.traces(0, 0).iter().all(|t| t.steps.last().unwrap().1 == [1.0]));
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    let folder = tempfile::tempdir().unwrap();
    let good = bench(Budget::Queries(5), TableOptions::default());
    let error = |bench: Bench| bench.run(folder.path(), &mut |_| {}, &|| false).unwrap_err().to_string();
    assert!(error(Bench { runs: 0, ..good.clone() }).contains("--runs 0"));
    assert!(error(Bench { workers: 0, ..good.clone() }).contains("1 to 10000"));
    assert!(error(Bench { contenders: Vec::new(), ..good.clone() }).contains("--strategy"));
    assert!(
        error(Bench { contenders: vec![sampler("a", true), sampler("a", false)], ..good.clone() })
            .contains("twice")
    );
    let unable = Contender {
        name: "climber".into(),
        make: Arc::new(|_| Err("it needs two rungs; random would do".into())),
    };
    let text = error(Bench { contenders: vec![unable], ..good });
    assert!(text.contains("\"climber\"") && text.contains("random would do"), "{text}");
    let options = |objectives: &[&str]| TableOptions {
        objectives: objectives.iter().map(ToString::to_string).collect(),
        ..TableOptions::default()
    };
    let of = |options| of_table(Arc::new(table()), &options, Budget::Queries(5)).err().unwrap().to_string();
    assert!(of(options(&["acuracy"])).contains("did you mean \"accuracy\""));
    assert!(of(options(&["accuracy", "seconds", "class"])).contains("one or two"));
    let limit = TableOptions { limits: vec!["seconds<=0".parse().unwrap()], ..TableOptions::default() };
    assert!(of(limit).contains("no network of table grid keeps seconds<=0"));
    let store = Store::new(folder.path());
    assert!(store.table("nasbench2001").unwrap_err().to_string().contains("did you mean \"nasbench201\""));
    let lacking = protocol::load("macro-queries", &mut |_, _| Ok(table())).err().unwrap().to_string();
    assert!(lacking.contains("table grid has no column \"test_acc_mean\""), "{lacking}");
    let missing = store.protocol("hw-pareto").err().unwrap().to_string();
    assert!(missing.contains("hwnasbench_nb201") && missing.contains("import"), "{missing}");
}

#[test]
fn the_table_in_the_program_is_the_published_one() {
    let Some(path) = nascent_testkit::shared("tables/nasbench201.parquet") else { return };
    let store = Store::new("no folder");
    let embedded = store.find("nasbench201").unwrap().unwrap();
    let imported = import::import(&path, None, None).unwrap().to_bytes().unwrap();
    assert!(
        imported == include_bytes!("../assets/nasbench201.table"),
        "import it anew into crates/bench/assets"
    );
    assert_eq!(embedded.rows(), 15_625);
    assert!(store.list().unwrap()[0].bytes < 1_000_000);
    for protocol in ["nb201-12000s", "nb201-queries", "nb201-noisy"] {
        assert!(!store.protocol(protocol).unwrap().cases.is_empty());
    }
}
