//! Every strategy keeps its promises.

use nascent_strategies::{Spec, registry};
use nascent_testkit::strategy_contract;

#[test]
fn every_strategy_keeps_the_contract() {
    for entry in registry::all() {
        strategy_contract(&|| Spec::parse(entry.name).unwrap().make(20).unwrap());
    }
}
