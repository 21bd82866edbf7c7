//! Every strategy that learns finds better networks than random search does.

mod common;

use common::{Task, answers, mean, standard_error};
use nascent_core::rng::Rng;
use nascent_core::{Decisions, Metrics};
use nascent_testkit::Bits;

/// Ten questions of four options: each answer has a worth of its own, and neighbouring ones must go together.
fn worth(decisions: &Decisions, _: usize, _: &mut Rng) -> Metrics {
    let a = answers(decisions);
    let alone: f64 = a.iter().enumerate().map(|(i, x)| ((x * 7 + i * 3) % 4) as f64).sum();
    let together = a.windows(2).filter(|pair| (pair[0] + 2 * pair[1]) % 4 == 1).count() as f64;
    Metrics::new().with("accuracy", alone + 2.0 * together)
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
    ];
    for strategy in strategies {
        let found = task.best(strategy, 40);
        let error = standard_error(&random).hypot(standard_error(&found));
        let ahead = (mean(&found) - mean(&random)) / error;
        println!("{strategy}: {:.2} against {:.2}, {ahead:.1} standard errors", mean(&found), mean(&random));
        assert!(ahead > MARGIN, "{strategy} is {ahead:.1} standard errors ahead of random search");
    }
}
