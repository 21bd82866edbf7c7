//! What a space knows to do well is tried before anything else.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Task, answers, rung};
use nascent_core::chooser::Record;
use nascent_core::question::{Path, Question};
use nascent_core::{Candidate, Chooser, Decisions, Metrics, Space, SpaceError};
use nascent_strategies::Spec;
use nascent_testkit::Bits;

static BITS: Bits = Bits { questions: 5, options: 3 };

/// Bits, of which zeros are the reference and ones and twos are known.
struct Known;

/// The network with this answer everywhere.
fn all(answer: usize) -> Decisions {
    struct Same(usize);
    impl Chooser for Same {
        fn choose(&mut self, _: Path<'_>, _: &Question<'_>) -> Result<usize, SpaceError> {
            Ok(self.0)
        }
    }
    let mut same = Same(answer);
    let mut record = Record::new(&mut same);
    BITS.build(&mut record).unwrap();
    record.into_decisions()
}

impl Space for Known {
    fn name(&self) -> &str {
        "known"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        BITS.build(chooser)
    }

    fn reference(&self) -> Option<Decisions> {
        Some(all(0))
    }

    fn known(&self) -> Vec<Decisions> {
        vec![all(1), all(2)]
    }
}

#[test]
fn the_reference_comes_first_then_what_is_known_then_the_rest() {
    let measure = |decisions: &Decisions, _: usize, _: &mut nascent_core::rng::Rng| {
        Metrics::new().with("accuracy", answers(decisions).iter().sum::<usize>() as f64)
    };
    for (text, rungs) in [
        ("evolution:reference=1,population=8,sample=2", 1),
        ("npenas:reference=1,startup=5", 1),
        ("asha > evolution:reference=1,population=8,sample=2", 2),
    ] {
        for workers in [1, 4] {
            let ladder = (0..rungs).map(|n| rung(3u32.pow(n))).collect();
            let task = Task { ladder, workers, ..Task::new(&Known, &measure, 20) };
            let found = task.run(&mut *Spec::parse(text).unwrap().make(20).unwrap(), 1);
            let first: Vec<Vec<usize>> =
                found.iter().filter(|(_, rung, _)| *rung == 0).map(|(d, ..)| answers(d)).collect();
            assert_eq!(first[..3], [vec![0; 5], vec![1; 5], vec![2; 5]], "{text}, {workers}");
            assert!(first[3..].iter().all(|other| !first[..3].contains(other)), "{text}");
        }
    }
    let plain = Task::new(&Known, &measure, 4).run(&mut *Spec::parse("random").unwrap().make(4).unwrap(), 1);
    assert_ne!(answers(&plain[0].0), [0; 5]);
}
