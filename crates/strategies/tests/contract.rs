//! Every strategy keeps its promises.

use nascent_core::chooser::first;
use nascent_strategies::{Spec, registry};
use nascent_testkit::{Tree, ladder_contract, strategy_contract};

#[test]
fn every_strategy_keeps_the_contract() {
    let variants = [
        "local-search:best=1",
        "evolution:reference=1",
        "evolution:crossover=50,pareto=1",
        "tpe:startup=2",
        "npenas:startup=5,children=20",
        "bananas:startup=5,candidates=10",
        "reinforce:recurrent=1",
        "ppo:batch=3",
        "ppo:recurrent=1,epochs=2,batch=4",
        "median-stop:startup=2 > evolution",
        "median-stop > tpe",
        "curve-stop:startup=6 > evolution",
        "nao:epochs=4,width=4,seeds=8",
        "seminas:epochs=4,width=4,seeds=8,unlabelled=20,copies=2",
    ];
    // With their defaults these two train for hours here; above they stand with less of it.
    let is_costly = |name: &&str| ["nao", "seminas"].contains(name);
    let names = registry::all().iter().map(|e| e.name).filter(|name| !is_costly(name));
    for spec in names.chain(variants) {
        strategy_contract(&|| Spec::parse(spec).unwrap().make(20).unwrap());
    }
}

#[test]
fn what_climbs_the_ladder_keeps_the_contract() {
    let specs = [
        "halving",
        "halving:eta=2,width=6 > evolution",
        "hyperband",
        "hyperband:eta=2 > tpe:startup=2",
        "bohb",
        "asha",
        "asha:eta=2 > local-search",
        "asha > tpe:startup=2",
        "median-stop:startup=2 > asha:eta=2 > npenas:startup=5,children=20",
        "filter:keep=50 > evolution",
        "filter:keep=60 > tpe:startup=2",
    ];
    for spec in specs {
        println!("{spec}");
        ladder_contract(&|| Spec::parse(spec).unwrap().make(20).unwrap());
    }
}

#[test]
fn an_earlier_studys_best_come_first() {
    let earlier = [first(&Tree).unwrap()];
    strategy_contract(&|| Spec::parse("warm-start > evolution").unwrap().make_after(20, &earlier).unwrap());
    ladder_contract(&|| Spec::parse("asha > warm-start > tpe").unwrap().make_after(20, &earlier).unwrap());
}
