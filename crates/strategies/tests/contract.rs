//! Every strategy keeps its promises.

use nascent_strategies::{Spec, registry};
use nascent_testkit::strategy_contract;

#[test]
fn every_strategy_keeps_the_contract() {
    let names = registry::all().iter().map(|e| e.name);
    for spec in
        names.chain(["local-search:best=1", "evolution:reference=1", "evolution:crossover=50,pareto=1"])
    {
        strategy_contract(&|| Spec::parse(spec).unwrap().make(20).unwrap());
    }
}
