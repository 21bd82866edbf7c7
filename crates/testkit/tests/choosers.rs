//! Choosers at the edges: nothing to choose, one option everywhere, thousands of answers, a rare branch.

use nascent_core::architecture::op::Linear;
use nascent_core::architecture::{ArchitectureBuilder, Shape};
use nascent_core::chooser::{
    Count, Enumerate, count, crossover, first, mutate, next, replay, sample, survey,
};
use nascent_core::question::{Label, Path, Question, Scale, Topic};
use nascent_core::rng::Rng;
use nascent_core::{Candidate, Chooser, Decisions, Space, SpaceError};
use nascent_testkit::{Bits, Tree, space_contract};
use std::collections::HashSet;

#[test]
fn synthetic_spaces_keep_the_contract() {
    space_contract(&Tree);
    for (questions, options) in [(0, 1), (1, 1), (5, 1), (3, 4), (12, 2)] {
        space_contract(&Bits { questions, options });
    }
}

#[test]
fn nothing_to_choose_is_one_member() {
    for questions in [0, 5] {
        let space = Bits { questions, options: 1 };
        let mut rng = Rng::new(1, 0);
        let only = sample(&space, &mut rng).unwrap();
        assert_eq!(only.len(), questions as usize);
        assert_eq!(count(&space).unwrap(), Count::Exact(1));
        assert!(Enumerate::new(&space).map(|d| d.unwrap()).eq([only.clone()]));
        assert_eq!(mutate(&space, &only, &mut rng).unwrap(), None);
        assert_eq!(next(&space, &only).unwrap(), None);
    }
}

#[test]
fn ten_thousand_answers_are_no_trouble() {
    let space = Bits { questions: 10_000, options: 2 };
    let mut rng = Rng::new(2, 0);
    let (a, b) = (sample(&space, &mut rng).unwrap(), sample(&space, &mut rng).unwrap());
    assert_eq!(a.len(), 10_000);
    let differences = |x: &Decisions, y: &Decisions| x.iter().zip(y.iter()).filter(|(p, q)| p != q).count();
    let child = mutate(&space, &a, &mut rng).unwrap().unwrap();
    assert_eq!(differences(&a, &child), 1);
    let mixed = crossover(&space, [&a, &b], &mut rng).unwrap();
    assert!(mixed.iter().zip(a.iter().zip(b.iter())).all(|(m, (x, y))| m == x || m == y));
    let least = first(&space).unwrap();
    assert_eq!(differences(&least, &next(&space, &least).unwrap().unwrap()), 1);
    assert!(replay(&space, &a).is_ok());
    assert!(survey(&space).unwrap().len() >= 4_096);
    // 2^10000 fits no number: the estimate says so with infinities, and never with "not a number".
    let Count::Estimate { mean, standard_error } = count(&space).unwrap() else { panic!("exact") };
    assert_eq!((mean, standard_error), (f64::INFINITY, f64::INFINITY));
}

/// One answer in twenty thousand opens a further question.
struct Rare(Vec<Label>);

impl Space for Rare {
    fn name(&self) -> &str {
        "rare"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let ask = |options| Question { scale: Scale::Ordered, topic: Topic::Architecture, options };
        let all = &self.0[..];
        let last = chooser.choose(Path::new("first"), &ask(all))? + 1 == all.len();
        chooser.choose(Path::new("second"), &ask(&all[..10]))?;
        if last {
            chooser.choose(Path::new("third"), &ask(&all[..10]))?;
        }
        let draw = || {
            let mut b = ArchitectureBuilder::new(Shape::new(&[4]));
            let output = b.add(Linear { features: 2, bias: true }, &[b.input()])?;
            Ok(b.finish(output)?)
        };
        Ok(Candidate { settings: Default::default(), draw: Box::new(draw) })
    }
}

#[test]
fn a_rare_branch_is_not_counted_as_if_it_were_not_there() {
    let space = Rare((0..20_000).map(|i| Label::Owned(format!("{i}"))).collect());
    // 19,999 · 10 + 10 · 10 members; a thousand walks seldom meet the branch.
    assert!(!matches!(count(&space).unwrap(), Count::Exact(n) if n != 200_090));
    let small = Rare((0..1_500).map(|i| Label::Owned(format!("{i}"))).collect());
    assert_eq!(count(&small).unwrap(), Count::Exact(15_090));
    let members: HashSet<_> = Enumerate::new(&small).map(|d| d.unwrap()).collect();
    assert_eq!(members.len(), 15_090);
}
