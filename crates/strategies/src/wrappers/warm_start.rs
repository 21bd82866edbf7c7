use super::{Inside, Wrapper};
use crate::fingerprint::fingerprint;
use crate::parameters::{Parameter, ParameterError};
use crate::tried::Tried;
use nascent_core::chooser::complete;
use nascent_core::{AskContext, Decisions, Event, Next, Objectives, Strategy, StrategyError, TrialId};
use std::collections::HashSet;

/// The best networks of an earlier study come first, then those of the strategy inside, which learns from both.
///
/// Where the space has changed since, answers that no longer fit are replaced by the first option.
struct WarmStart {
    earlier: Vec<Decisions>,
    inside: Box<dyn Strategy>,
    tried: Tried,
}

pub(super) static WRAPPER: Wrapper = Wrapper {
    name: "warm-start",
    summary: "the best networks of an earlier study first",
    good_for: "a second study of a similar task",
    paper: "",
    cost: "constant time; memory grows with the trials",
    parameters: &[Parameter {
        name: "networks",
        meaning: "how many of the earlier study's best are tried first",
        range: (1, 10_000),
        default: |trials| (trials / 5).clamp(1, 20),
        default_text: "a fifth of the trials, 1 to 20",
    }],
    climbs: false,
    not_inside: Some((&["warm-start"], "one is enough")),
    wrap: |values, Inside { strategy: inside, mut earlier, .. }| {
        let networks = values.value("networks");
        if earlier.is_empty() {
            let reason = "there is no earlier study whose networks could be tried: name its run, as in --warm-start runs/digits-1".into();
            return Err(ParameterError { name: "networks", value: networks, reason });
        }
        let mut seen = HashSet::new();
        earlier.retain(|decisions| seen.insert(fingerprint(decisions)));
        earlier.truncate(networks as usize);
        Ok(Box::new(WarmStart { earlier, inside, tried: Tried::default() }))
    },
};

impl Strategy for WarmStart {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        for decisions in &self.earlier {
            let decisions = complete(cx.space, decisions)?;
            if self.tried.is_open(cx, &decisions)? {
                return Ok(cx.propose(decisions, &[]));
            }
        }
        self.inside.ask(cx)
    }

    fn begin(&mut self, objectives: &Objectives) {
        self.inside.begin(objectives);
    }

    fn learns_from_rungs(&self) -> bool {
        self.inside.learns_from_rungs()
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        self.inside.observe(event);
    }

    fn should_stop(&self, trial: TrialId) -> bool {
        self.inside.should_stop(trial)
    }
}
