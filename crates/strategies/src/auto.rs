use crate::evolution;
use crate::npenas;
use crate::parameters::{Parameter, ParameterError, Values};
use crate::registry::Entry;
use crate::spec::{Given, Spec};
use nascent_core::{AskContext, Event, Next, Objectives, Space, Strategy, StrategyError, TrialId};

/// What a study is about, as far as it matters to the choice of a strategy.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// What is searched.
    pub space: &'a dyn Space,
    /// What is wanted.
    pub objectives: &'a Objectives,
    /// How many trials are expected.
    pub trials: u64,
    /// Whether networks are trained, rather than looked up in a table.
    pub trained: bool,
}

/// A line of the table by which `auto` chooses.
pub struct Rule {
    /// When it holds, in words.
    pub when: &'static str,
    /// Why, and the measurement that says so; its command and all numbers are in docs/benchmarks.md.
    pub because: &'static str,
    pub(crate) entry: &'static Entry,
    pub(crate) given: &'static [(&'static str, u64)],
    holds: fn(&Situation<'_>) -> bool,
}

/// With so few trials from a network that people trust, what is learnt comes too late.
const FEW: u64 = 50;
// The first rule that holds is taken; the last always holds.
static RULES: [Rule; 4] = [
    Rule {
        when: "several objectives, in a space that knows a network that a practitioner would write",
        because: "after 200 queries it covered 0.955 to 0.973 of the exact area of accuracy against latency on the six devices of \
                  HW-NAS-Bench, on each more than nsga2 (nascent bench hw-pareto, 100 runs, seed 1), and evolution, which few \
                  trials of one objective get, follows the first objective alone",
        entry: &npenas::ENTRY,
        given: &[("reference", 1)],
        holds: |s| s.trained && s.objectives.wanted.len() > 1 && s.space.reference().is_some(),
    },
    Rule {
        when: "at most 50 trials of one objective, in a space that knows such a network",
        because: "evolution from that network reached 0.9863 on digits with 30 trials, from random ones 0.9839 (nascent \
                  search digits, seeds 1 to 5)",
        entry: &evolution::ENTRY,
        given: &[("reference", 1)],
        holds: |s| s.trials <= FEW && s.space.reference().is_some(),
    },
    Rule {
        when: "more trials of real trainings, in a space that knows such a network",
        because: "without it, the tuned reference was better than what a search of ten minutes had found on mnist1d and \
                  BasicMotions (docs/benchmarks.md); all else as for the studies below",
        entry: &npenas::ENTRY,
        given: &[("reference", 1)],
        holds: |s| s.trained && s.space.reference().is_some(),
    },
    Rule {
        when: "all other studies",
        because: "after 100, 200 and 300 queries on NAS-Bench-201 (three data sets), NAS-Bench-101 and NAS-Bench-Macro its \
                  mean regret exceeds local search's by at most 0.006 points (one-sided 95 % bounds, paired; nascent bench \
                  nb201-queries, nb101-150 and macro-queries, --trials 300, 200 runs, seed 1)",
        entry: &npenas::ENTRY,
        given: &[],
        holds: |_| true,
    },
];

/// The table by which `auto` chooses; the first line that holds is taken.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &RULES
}

impl Rule {
    /// The rule for a study.
    #[must_use]
    pub fn of(situation: &Situation<'_>) -> &'static Self {
        RULES.iter().find(|rule| (rule.holds)(situation)).unwrap_or(&RULES[RULES.len() - 1])
    }

    /// The strategy that it chooses, as users write it.
    #[must_use]
    pub fn strategy(&self) -> String {
        let given: Vec<String> = self.given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}{}{}", self.entry.name, if given.is_empty() { "" } else { ":" }, given.join(","))
    }

    /// Whether it chooses this resolved strategy for so many trials.
    #[must_use]
    pub fn is(&self, spec: &Spec, trials: u64) -> bool {
        Spec::of(self.entry, self.given()).resolved(trials).to_string() == spec.to_string()
    }

    pub(crate) fn given(&self) -> Given {
        self.given.iter().copied().collect()
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "auto",
    summary: "what a table of measured rules chooses for the space, the trials and the objectives",
    good_for: "everyone who does not want to choose; what it chose is stored and reported",
    paper: "",
    cost: "that of what it chooses",
    has_children: false,
    parameters: &[Parameter {
        name: "trials",
        meaning: "trials to choose for",
        range: (1, 1_000_000_000),
        default: |trials| trials.max(1),
        default_text: "those of the study",
    }],
    make: |values| Ok(Box::new(Auto { trials: values.value("trials"), chosen: None, before: Vec::new() })),
};

/// What [`Rule::of`] chooses, once the space is known.
///
/// Studies resolve the choice before they begin ([`crate::Spec::chosen`]); this is for those who do not.
struct Auto {
    trials: u64,
    chosen: Option<Box<dyn Strategy>>,
    /// Events from before the choice.
    before: Vec<Event>,
}

impl Auto {
    fn choose(&mut self, cx: &AskContext<'_>) -> Result<Box<dyn Strategy>, ParameterError> {
        let (space, objectives, trials) = (cx.space, cx.objectives, self.trials);
        let situation = Situation { space, objectives, trials, trained: true };
        let rule = Rule::of(&situation);
        let mut chosen = (rule.entry.make)(&Values::new(rule.entry.parameters, &rule.given(), self.trials))?;
        chosen.begin(cx.objectives);
        self.before.drain(..).for_each(|event| chosen.observe(&event));
        Ok(chosen)
    }
}

impl Strategy for Auto {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let mut chosen = match self.chosen.take() {
            Some(chosen) => chosen,
            None => self.choose(cx).map_err(|e| StrategyError::Unsuitable(e.to_string()))?,
        };
        let next = chosen.ask(cx);
        self.chosen = Some(chosen);
        next
    }

    fn observe(&mut self, event: &Event) {
        match &mut self.chosen {
            Some(chosen) => chosen.observe(event),
            None => self.before.push(event.clone()),
        }
    }

    fn should_stop(&self, trial: TrialId) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.should_stop(trial))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::objective::Direction;
    use nascent_testkit::Tree;

    #[test]
    fn every_rule_names_a_strategy_that_can_be_made() {
        assert!(RULES.len() <= 5);
        for rule in rules() {
            for trials in [1, 30, 300, 10_000] {
                Spec::parse(&rule.strategy()).unwrap().make(trials).unwrap();
            }
        }
    }

    #[test]
    fn the_choice_is_written_out() {
        let objectives = Objectives::single("accuracy", Direction::Maximize);
        let chosen = |text: &str, trials| {
            let situation = Situation { space: &Tree, objectives: &objectives, trials, trained: true };
            let (spec, rule) = Spec::parse(text).unwrap().chosen(&situation);
            (spec.to_string(), rule.map(Rule::strategy))
        };
        assert_eq!(chosen("tpe", 300), ("tpe".into(), None));
        assert_eq!(chosen("auto", 300), ("npenas".into(), Some("npenas".into())));
        assert_eq!(chosen("asha > auto:trials=9", 300).0, "asha > npenas");
    }
}
