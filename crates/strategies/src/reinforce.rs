use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::policy::network::Policy;
use crate::policy::{Course, News, Reward};
use crate::registry::Entry;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// REINFORCE (Williams 1992, doi:10.1007/BF00992696) on a policy over the decisions of any space, with a moving baseline
/// and a bonus for entropy, as in Zoph & Le (2017, arXiv:1611.01578).
///
/// Each result moves the policy once. A result's reward is where it stands among the latest.
pub struct Reinforce {
    params: ReinforceParams,
    course: Course,
    policy: Policy,
    reward: Reward,
}

/// The parameters of [`Reinforce`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReinforceParams {
    /// Whether a recurrent controller answers, which sees all earlier answers, rather than independent logits.
    pub recurrent: bool,
    /// The learning rate in thousandths, 0 to 1,000; 0 is 50 for independent logits and 5 for the controller.
    pub rate: u64,
    /// The weight of the entropy in thousandths, 0 to 1,000.
    pub entropy: u64,
}

impl ReinforceParams {
    /// The learning rate.
    fn step(&self) -> f64 {
        let thousandths = match (self.rate, self.recurrent) {
            (0, false) => 50,
            (0, true) => 5,
            (rate, _) => rate,
        };
        thousandths as f64 / 1_000.0
    }

    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Reinforce, ParameterError> {
        check_ranges(ENTRY.parameters, &[("rate", self.rate), ("entropy", self.entropy)])?;
        let policy = if self.recurrent { Policy::recurrent() } else { Policy::independent() };
        Ok(Reinforce { params: self, course: Course::default(), policy, reward: Reward::default() })
    }
}

pub(crate) const RECURRENT: Parameter = Parameter {
    name: "recurrent",
    meaning: "1: a recurrent controller that sees earlier answers; 0: independent logits for each question",
    range: (0, 1),
    default: |_| 0,
    default_text: "0 (Zoph & Le: 1)",
};

pub(crate) const ENTROPY: Parameter = Parameter {
    name: "entropy",
    meaning: "the weight of the policy's entropy, in thousandths",
    range: (0, 1_000),
    default: |_| 10,
    default_text: "10",
};

pub(crate) static ENTRY: Entry = Entry {
    name: "reinforce",
    summary: "REINFORCE: answers that gave good networks become more likely",
    good_for: "hundreds of trials; spaces where answers matter one by one",
    paper: "arXiv:1611.01578",
    cost: "time grows with the questions; memory grows with the trials",
    has_children: false,
    parameters: &[
        RECURRENT,
        Parameter {
            name: "rate",
            meaning: "the learning rate, in thousandths; 0: 50 for independent logits, 5 for the controller",
            range: (0, 1_000),
            default: |_| 0,
            default_text: "0",
        },
        ENTROPY,
    ],
    make: |values| {
        let params = ReinforceParams {
            recurrent: values.value("recurrent") == 1,
            rate: values.value("rate"),
            entropy: values.value("entropy"),
        };
        Ok(Box::new(params.check()?))
    },
};

impl Strategy for Reinforce {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        for news in std::mem::take(&mut self.course.news) {
            let News::Result(member) = news else { continue };
            let Some(advantage) = self.reward.advantage(&member, cx.objectives) else { continue };
            let walk = self.policy.follow(cx.space, &member.decisions)?;
            let mut gradient = Vec::new();
            self.policy.learn(&walk, advantage, self.params.entropy as f64 / 1_000.0, &mut gradient);
            self.policy.step(&mut gradient, self.params.step());
        }
        self.course.propose(&mut self.policy, cx)
    }

    fn observe(&mut self, event: &Event) {
        self.course.observe(event);
    }
}
