use super::climbed::{Climbed, News, Ranking};
use super::{CLIMBERS, Inside, ONE_CLIMBER, Wrapper, check_ladder};
use crate::fingerprint::NumberSet;
use crate::parameters::Parameter;
use nascent_core::{AskContext, Event, Next, Objectives, Strategy, StrategyError, TrialId};

/// Asynchronous successive halving (Li et al. 2020, arXiv:1810.05934): whenever a worker is free, the best network that
/// belongs to the best 1/eta of its rung is promoted; where there is none, a new one begins at the bottom.
struct Asha {
    eta: u64,
    inside: Box<dyn Strategy>,
    climbed: Climbed,
    news: Vec<News>,
    rungs: Vec<Ranking>,
    /// The trials whose networks went on to the next rung.
    promoted: NumberSet<TrialId>,
}

pub(super) static WRAPPER: Wrapper = Wrapper {
    name: "asha",
    summary: "asynchronous successive halving: the best 1/eta of each rung go on to the next",
    good_for: "expensive trials whose early results tell, and many workers",
    paper: "arXiv:1810.05934",
    cost: "time grows with the results of a rung over eta; memory grows with the trials",
    parameters: &[Parameter {
        name: "eta",
        meaning: "one of so many networks goes on to the next rung",
        range: (2, 100),
        default: |_| 3,
        default_text: "3 (the paper: 4)",
    }],
    climbs: true,
    not_inside: Some((CLIMBERS, ONE_CLIMBER)),
    wrap: |values, Inside { strategy: inside, .. }| {
        Ok(Box::new(Asha {
            eta: values.value("eta").max(2),
            inside,
            climbed: Climbed::default(),
            news: Vec::new(),
            rungs: Vec::new(),
            promoted: NumberSet::default(),
        }))
    },
};

impl Asha {
    fn catch_up(&mut self, objectives: &Objectives, rungs: usize) {
        self.rungs.resize_with(rungs.max(self.rungs.len()), Ranking::default);
        for news in self.news.drain(..) {
            match news {
                News::Proposed { from, .. } => self.promoted.extend(from),
                News::Over { result: Some(member), .. } => {
                    if let Some(ranking) = self.rungs.get_mut(usize::from(member.rung)) {
                        ranking.add(*member, objectives);
                    }
                }
                News::Over { result: None, .. } => {}
            }
        }
    }
}

impl Strategy for Asha {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        check_ladder(WRAPPER.name, cx.ladder.len())?;
        self.catch_up(cx.objectives, cx.ladder.len());
        for rung in (0..cx.ladder.len() - 1).rev() {
            let ranking = &self.rungs[rung];
            let best = ranking.best(ranking.len() / self.eta as usize);
            if let Some(member) = best.into_iter().find(|m| !self.promoted.contains(&m.trial)) {
                return Ok(cx.promote(rung + 1, member.decisions.clone(), member.trial));
            }
        }
        let whole = cx.ladder;
        cx.ladder = &whole[..1];
        let next = self.inside.ask(cx);
        cx.ladder = whole;
        match next? {
            Next::Done if self.climbed.is_running() => Ok(Next::Wait),
            next => Ok(next),
        }
    }

    fn begin(&mut self, objectives: &Objectives) {
        self.inside.begin(objectives);
    }

    fn observe(&mut self, event: &Event) {
        let (news, is_promotion) = self.climbed.observe(event);
        self.news.extend(news);
        if !is_promotion || self.inside.learns_from_rungs() {
            self.inside.observe(event);
        }
    }

    fn should_stop(&self, trial: TrialId) -> bool {
        self.inside.should_stop(trial)
    }
}
