use nascent_core::chooser::{
    Count, Enumerate, count, crossover, describe, mutate, mutate_at, replay, sample, steps, survey,
};
use nascent_core::rng::Rng;
use nascent_core::{Decisions, Space, draw};
use std::collections::HashSet;

/// Checks what every space promises.
///
/// # Panics
/// Where the space breaks a promise.
pub fn space_contract(space: &dyn Space) {
    let mut rng = Rng::new(1, 0);
    let output = draw(space, &sample(space, &mut rng).unwrap()).unwrap().output_shape().clone();
    let surveyed: HashSet<_> = survey(space).unwrap().into_iter().map(|q| q.key).collect();
    for _ in 0..100 {
        let parent = sample(space, &mut rng).unwrap();
        let keys: HashSet<_> = parent.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), parent.len(), "a place is asked twice");
        assert!(keys.is_subset(&surveyed), "a question that the survey does not find");
        let graph = draw(space, &parent).unwrap();
        assert_eq!(graph.output_shape(), &output, "answers of another shape");
        assert_eq!(graph, graph.canonical(), "canonical is not idempotent");
        assert_eq!(draw(space, &parent).unwrap().hash(), graph.hash(), "a replay gives another network");
        let settings = replay(space, &parent).unwrap().settings;
        assert_eq!(replay(space, &parent).unwrap().settings, settings, "a replay gives other settings");
        mutation(space, &parent, &mut rng);
        let other = sample(space, &mut rng).unwrap();
        let child = crossover(space, [&parent, &other], &mut rng).unwrap();
        draw(space, &child).unwrap();
    }
    let parent = sample(space, &mut rng).unwrap();
    if parent.len() <= 200 {
        let step = |(place, answer)| mutate_at(space, &parent, place, answer, &mut Rng::new(0, 0)).unwrap();
        let around: Vec<Decisions> = steps(space, &parent).unwrap().into_iter().map(step).collect();
        let distinct: HashSet<_> = around.iter().collect();
        assert!(distinct.len() == around.len() && !distinct.contains(&parent), "neighbours are not distinct");
    }
    enumeration(space);
    relaxation(space, &mut rng);
    if let Some(reference) = space.reference() {
        draw(space, &reference).expect("the reference is not a member");
    }
}

/// Exactly one answer changes, and whatever is asked only because of it.
fn mutation(space: &dyn Space, parent: &Decisions, rng: &mut Rng) {
    let Some(child) = mutate(space, parent, rng).unwrap() else {
        assert_eq!(count(space).unwrap(), Count::Exact(1), "a space with a choice has a mutation");
        return;
    };
    let changed: Vec<_> =
        child.iter().filter(|(key, answer)| parent.answer(*key).is_some_and(|a| a != *answer)).collect();
    assert_eq!(changed.len(), 1, "a mutation changed {} answers both have", changed.len());
    draw(space, &child).unwrap();
}

/// With every choice made, the graph of all networks is the network that is drawn.
fn relaxation(space: &dyn Space, rng: &mut Rng) {
    let Some(relaxed) = space.relax().unwrap() else { return };
    for _ in 0..50 {
        let member = sample(space, rng).unwrap();
        let answers = describe(space, &member).unwrap();
        let chosen = |path: &str| {
            let label = &answers.iter().find(|a| a.path == path)?.label;
            let choice = relaxed.choices().into_iter().find(|c| c.path == path)?;
            choice.options.iter().position(|option| option == label)
        };
        let derived = relaxed.derive(chosen).unwrap();
        assert_eq!(derived.hash(), draw(space, &member).unwrap().hash(), "{answers:?}");
    }
}

fn enumeration(space: &dyn Space) {
    let Count::Exact(exact) = count(space).unwrap() else { return };
    assert!(exact >= 1);
    if exact > 20_000 {
        return;
    }
    let members: HashSet<Decisions> = Enumerate::new(space).map(|m| m.unwrap()).collect();
    assert_eq!(members.len() as u128, exact, "the count is not what enumeration finds");
}
