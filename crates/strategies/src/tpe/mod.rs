//! The tree-structured Parzen estimator.

mod model;

use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use model::Model;
use nascent_core::chooser::Record;
use nascent_core::{AskContext, Decisions, Event, Next, Objectives, Strategy, StrategyError};

/// The tree-structured Parzen estimator (Bergstra et al. 2011; Watanabe 2023, arXiv:2304.11127) on decisions of any
/// space.
///
/// Good networks and the rest each give every question a distribution over its options, among the networks that were
/// asked it; of candidates drawn from that of the good ones, the one that is most likelier there than among the rest
/// is proposed. Ordered options lend some of their weight to their neighbours. Where results come from several rungs,
/// those of the highest rung with enough of them count, as in BOHB (Falkner et al. 2018, arXiv:1807.01774).
pub struct Tpe {
    params: TpeParams,
    tried: Tried,
    results: Results,
    /// Results that are in no model yet: to compare them needs the objectives, which only `ask` has.
    news: Vec<Member>,
    /// One model a rung.
    models: Vec<Model>,
    proposed: u64,
}

/// The parameters of [`Tpe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TpeParams {
    /// How many networks are random before the model is used, at least 2.
    pub startup: u64,
    /// How many candidates are drawn for a proposal, at least 1.
    pub candidates: u64,
    /// How many of a hundred results count as good, 1 to 50; never more than 25 in all.
    pub good: u64,
}

impl TpeParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Tpe, ParameterError> {
        let values = [("startup", self.startup), ("candidates", self.candidates), ("good", self.good)];
        check_ranges(ENTRY.parameters, &values)?;
        Ok(Tpe {
            params: self,
            tried: Tried::default(),
            results: Results::default(),
            news: Vec::new(),
            models: Vec::new(),
            proposed: 0,
        })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "tpe",
    summary: "tree-structured Parzen estimator: answers that good networks give more often than others",
    good_for: "spaces with conditional or ordered questions whose answers matter one by one",
    paper: "arXiv:2304.11127",
    cost: "time grows with the candidates and questions, not with the trials; memory grows with the trials",
    has_children: false,
    parameters: &[
        Parameter {
            name: "startup",
            meaning: "random networks before the model is used",
            range: (2, 10_000),
            default: |trials| (trials / 4).clamp(2, 10),
            default_text: "a quarter of the trials, 2 to 10 (the paper: 20)",
        },
        Parameter {
            name: "candidates",
            meaning: "candidates drawn for one proposal",
            range: (1, 1_000),
            default: |_| 24,
            default_text: "24, as in the paper",
        },
        Parameter {
            name: "good",
            meaning: "percentage of results that count as good, never more than 25 results",
            range: (1, 50),
            default: |_| 10,
            default_text: "10 (the paper: 15)",
        },
    ],
    make: |values| {
        let params = TpeParams {
            startup: values.value("startup"),
            candidates: values.value("candidates"),
            good: values.value("good"),
        };
        Ok(Box::new(params.check()?))
    },
};

impl Tpe {
    fn catch_up(&mut self, objectives: &Objectives) {
        for member in self.news.drain(..) {
            let Some(score) = objectives.score(&member.metrics) else { continue };
            let rung = usize::from(member.rung);
            while self.models.len() <= rung {
                self.models.push(Model::new(self.params.good));
            }
            self.models[rung].learn(member.decisions, score);
        }
    }

    /// The best of the candidates that were not tried; `None` where all were.
    fn candidate(&mut self, cx: &mut AskContext<'_>) -> Result<Option<Decisions>, StrategyError> {
        let enough = self.params.startup as usize;
        let Some(model) = self.models.iter_mut().rev().find(|m| m.observed() >= enough) else {
            return Ok(None);
        };
        model.refresh();
        let mut best: Option<(f64, Decisions)> = None;
        for _ in 0..self.params.candidates {
            let mut draw = model.draw(&mut cx.rng);
            let mut record = Record::new(&mut draw);
            cx.space.build(&mut record)?;
            let (decisions, ratio) = (record.into_decisions(), draw.ratio());
            if best.as_ref().is_none_or(|(highest, _)| ratio > *highest)
                && self.tried.is_open(cx, &decisions)?
            {
                best = Some((ratio, decisions));
            }
        }
        Ok(best.map(|(_, decisions)| decisions))
    }
}

impl Strategy for Tpe {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx.objectives);
        if self.proposed >= self.params.startup
            && let Some(decisions) = self.candidate(cx)?
        {
            return Ok(cx.propose(decisions, &[]));
        }
        self.tried.propose_fresh(cx)
    }

    fn learns_from_rungs(&self) -> bool {
        true
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        self.proposed += u64::from(matches!(event, Event::Proposed { .. }));
        self.news.extend(self.results.observe(event));
    }
}
