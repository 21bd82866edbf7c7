//! Every strategy that learns finds better networks than random search does.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::{Task, answers, mean, rung, standard_error};
use nascent_core::objective::{Direction, Objective};
use nascent_core::rng::Rng;
use nascent_core::{Decisions, Metrics};
use nascent_strategies::Spec;
use nascent_testkit::Bits;

/// Ten questions of four options: each answer has a worth of its own, and neighbouring ones must go together.
fn worth(decisions: &Decisions, _: usize, _: &mut Rng) -> Metrics {
    let a = answers(decisions);
    let alone: f64 = a.iter().enumerate().map(|(i, x)| ((x * 7 + i * 3) % 4) as f64).sum();
    let together = a.windows(2).filter(|pair| (pair[0] + 2 * pair[1]) % 4 == 1).count() as f64;
    Metrics::new().with("accuracy", alone + 2.0 * together)
}

/// How many seeds: fewer where a proposal takes milliseconds, because such a strategy is far ahead.
fn seeds(strategy: &str) -> u64 {
    if strategy.starts_with("npenas:children=100") { 8 } else { 40 }
}

/// Where a strategy's mean must lie above random search's, in standard errors of the difference.
const MARGIN: f64 = 5.0;

#[test]
fn strategies_learn() {
    let space = Bits { questions: 10, options: 4 };
    let task = Task::new(&space, &worth, 120);
    let random = task.best("random", 40);
    let strategies = [
        "local-search",
        "local-search:best=1",
        "evolution",
        "evolution:crossover=50",
        "evolution:pareto=1",
        "tpe",
        "nsga2",
        "npenas:children=100",
        "bananas",
        "reinforce",
        "ppo",
        "ppo:rate=500,clip=10",
    ];
    for strategy in strategies {
        let found = task.best(strategy, seeds(strategy));
        let error = standard_error(&random).hypot(standard_error(&found));
        let ahead = (mean(&found) - mean(&random)) / error;
        println!("{strategy}: {:.2} against {:.2}, {ahead:.1} standard errors", mean(&found), mean(&random));
        assert!(ahead > MARGIN, "{strategy} is {ahead:.1} standard errors ahead of random search");
    }
}

/// Eight questions of three options, the last of which is the best everywhere.
fn sum(decisions: &Decisions, _: usize, _: &mut Rng) -> Metrics {
    Metrics::new().with("accuracy", answers(decisions).into_iter().sum::<usize>() as f64)
}

#[test]
fn latent_spaces_lead_to_better_networks() {
    let space = Bits { questions: 8, options: 3 };
    let task = Task::new(&space, &sum, 80);
    let random = task.best("random", 40);
    for strategy in
        ["nao:startup=20,batch=20,epochs=40", "seminas:startup=20,batch=20,epochs=40,unlabelled=100"]
    {
        let found = task.best(strategy, 6);
        let error = standard_error(&random).hypot(standard_error(&found));
        let ahead = (mean(&found) - mean(&random)) / error;
        println!("{strategy}: {:.2} against {:.2}, {ahead:.1} standard errors", mean(&found), mean(&random));
        assert!(ahead > MARGIN, "{strategy} is {ahead:.1} standard errors ahead of random search");
    }
}

/// [`worth`], and a price that rises with the same answers.
fn worth_and_price(decisions: &Decisions, rung: usize, rng: &mut Rng) -> Metrics {
    let price = answers(decisions).iter().map(|a| a * a).sum::<usize>() as f64;
    worth(decisions, rung, rng).with("price", price)
}

#[test]
fn strategies_for_several_objectives_cover_more_of_the_front() {
    let space = Bits { questions: 10, options: 4 };
    let mut task = Task::new(&space, &worth_and_price, 150);
    task.objectives.wanted.push(Objective { name: "price".into(), direction: Direction::Minimize });
    let volumes = |strategy: &str| -> Vec<f64> {
        let spec = Spec::parse(strategy).unwrap();
        let run = |seed| task.run(&mut *spec.make(150).unwrap(), seed);
        (0..seeds(strategy)).map(|seed| volume(run(seed).into_iter().map(|(.., metrics)| metrics))).collect()
    };
    let random = volumes("random");
    for strategy in ["nsga2", "evolution:pareto=1", "tpe", "npenas:children=100"] {
        let found = volumes(strategy);
        let error = standard_error(&random).hypot(standard_error(&found));
        let ahead = (mean(&found) - mean(&random)) / error;
        println!("{strategy}: {:.0} against {:.0}, {ahead:.1} standard errors", mean(&found), mean(&random));
        assert!(ahead > MARGIN, "{strategy} is {ahead:.1} standard errors ahead of random search");
    }
}

/// The area between the front and a point that is worse than all: no accuracy, the highest price.
fn volume(found: impl Iterator<Item = Metrics>) -> f64 {
    let mut points: Vec<(f64, f64)> =
        found.map(|m| (m.value("accuracy").unwrap(), m.value("price").unwrap())).collect();
    points.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut area, mut cheapest) = (0.0, 90.0);
    for (accuracy, price) in points {
        if price < cheapest {
            area += accuracy * (cheapest - price);
            cheapest = price;
        }
    }
    area
}

#[test]
fn limits_on_what_is_measured_are_kept_better_than_by_chance() {
    let space = Bits { questions: 10, options: 4 };
    let mut task = Task::new(&space, &worth_and_price, 120);
    // One network in a hundred is as cheap.
    task.objectives.limits.push("price<=15".parse().unwrap());
    let best = |strategy: &str| -> Vec<f64> {
        let spec = Spec::parse(strategy).unwrap();
        let kept = |found: Vec<(Decisions, usize, Metrics)>| {
            let kept = found.into_iter().filter(|(.., m)| m.value("price").unwrap() <= 15.0);
            kept.map(|(.., m)| m.value("accuracy").unwrap()).fold(0.0, f64::max)
        };
        (0..seeds(strategy)).map(|seed| kept(task.run(&mut *spec.make(120).unwrap(), seed))).collect()
    };
    let random = best("random");
    for strategy in ["nsga2", "evolution", "local-search", "tpe", "npenas:children=100"] {
        let found = best(strategy);
        let error = standard_error(&random).hypot(standard_error(&found));
        let ahead = (mean(&found) - mean(&random)) / error;
        println!("{strategy}: {:.1} against {:.1}, {ahead:.1} standard errors", mean(&found), mean(&random));
        assert!(ahead > MARGIN, "{strategy} is {ahead:.1} standard errors ahead of random search");
    }
}

/// [`worth`] as it shows after a ninth, a third and all of the budget: ever less noise.
fn worth_so_far(decisions: &Decisions, rung: usize, rng: &mut Rng) -> Metrics {
    let noise = [6.0, 2.0, 0.0][rung] * rng.normal();
    let clear = worth(decisions, rung, rng).value("accuracy").unwrap();
    Metrics::new().with("accuracy", clear + noise)
}

#[test]
fn climbing_the_ladder_finds_better_networks_for_the_same_budget() {
    let space = Bits { questions: 10, options: 4 };
    let budgets = [1, 3, 9];
    let mut task = Task::new(&space, &worth_so_far, 400);
    task.ladder = budgets.map(rung).to_vec();
    let best = |strategy: &str| -> Vec<f64> {
        let spec = Spec::parse(strategy).unwrap();
        let affordable = |found: Vec<(Decisions, usize, Metrics)>| {
            let mut left = 360;
            let mut best = f64::NEG_INFINITY;
            for (_, rung, metrics) in found {
                left -= budgets[rung] as i32;
                if left < 0 {
                    break;
                }
                if rung == 2 {
                    best = best.max(metrics.value("accuracy").unwrap());
                }
            }
            best
        };
        (0..100).map(|seed| affordable(task.run(&mut *spec.make(100).unwrap(), seed))).collect()
    };
    let random = best("random");
    for (strategy, margin) in [
        ("halving", 2.0),
        ("hyperband", 1.0),
        ("asha", 3.0),
        ("asha > evolution", 5.0),
        ("bohb", 5.0),
        ("asha > tpe", 5.0),
        ("filter > random", 3.0),
    ] {
        let found = best(strategy);
        let error = standard_error(&random).hypot(standard_error(&found));
        let ahead = (mean(&found) - mean(&random)) / error;
        println!("{strategy}: {:.1} against {:.1}, {ahead:.1} standard errors", mean(&found), mean(&random));
        assert!(ahead > margin, "{strategy} is {ahead:.1} standard errors ahead of random search");
    }
}
