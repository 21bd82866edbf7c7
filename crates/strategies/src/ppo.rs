use crate::fingerprint::NumberMap;
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::policy::network::Policy;
use crate::policy::{Course, News, Reward};
use crate::registry::Entry;
use crate::reinforce::{ENTROPY, RECURRENT};
use nascent_core::{AskContext, Decisions, Event, Next, Space, SpaceError, Strategy, StrategyError, TrialId};

/// Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347) on a policy over the decisions of any space.
///
/// When a batch of results is in, it is replayed several times; the ratio of a network's probability now to that when
/// it was proposed is clipped, so that no batch moves the policy too far.
pub struct Ppo {
    params: PpoParams,
    course: Course,
    policy: Policy,
    reward: Reward,
    /// The logarithm of each trial's probability when it was proposed.
    proposed: NumberMap<TrialId, f64>,
    batch: Vec<Sample>,
}

/// A result to learn from.
struct Sample {
    decisions: Decisions,
    advantage: f64,
    log_probability: f64,
}

/// The parameters of [`Ppo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PpoParams {
    /// Whether a recurrent controller answers, which sees all earlier answers, rather than independent logits.
    pub recurrent: bool,
    /// How many results make a batch, 1 to 1,000.
    pub batch: u64,
    /// How often a batch is replayed, 1 to 100.
    pub epochs: u64,
    /// How far from 1 the ratio of probabilities counts, in percent, 1 to 100. The paper has 20.
    pub clip: u64,
    /// The learning rate in thousandths, 0 to 1,000; 0 is 200 for independent logits and 10 for the controller.
    pub rate: u64,
    /// The weight of the entropy in thousandths, 0 to 1,000.
    pub entropy: u64,
}

impl PpoParams {
    /// The learning rate.
    fn step(&self) -> f64 {
        let thousandths = match (self.rate, self.recurrent) {
            (0, false) => 200,
            (0, true) => 10,
            (rate, _) => rate,
        };
        thousandths as f64 / 1_000.0
    }

    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Ppo, ParameterError> {
        let values = [
            ("batch", self.batch),
            ("epochs", self.epochs),
            ("clip", self.clip),
            ("rate", self.rate),
            ("entropy", self.entropy),
        ];
        check_ranges(ENTRY.parameters, &values)?;
        Ok(Ppo {
            params: self,
            course: Course::default(),
            policy: if self.recurrent { Policy::recurrent() } else { Policy::independent() },
            reward: Reward::default(),
            proposed: NumberMap::default(),
            batch: Vec::new(),
        })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "ppo",
    summary: "proximal policy optimisation: as reinforce, in batches that are replayed with clipping",
    good_for: "hundreds of trials; spaces where answers matter one by one",
    paper: "arXiv:1707.06347",
    cost: "time grows with the questions; memory grows with the trials",
    has_children: false,
    parameters: &[
        RECURRENT,
        Parameter {
            name: "batch",
            meaning: "results that are learnt from together",
            range: (1, 1_000),
            default: |trials| (trials / 20).clamp(2, 10),
            default_text: "a twentieth of the trials, 2 to 10",
        },
        Parameter {
            name: "epochs",
            meaning: "how often a batch is replayed",
            range: (1, 100),
            default: |_| 8,
            default_text: "8 (the paper: 3 to 15)",
        },
        Parameter {
            name: "clip",
            meaning: "how far from 1 the ratio of probabilities counts, in percent",
            range: (1, 100),
            default: |_| 20,
            default_text: "20, as in the paper",
        },
        Parameter {
            name: "rate",
            meaning: "the learning rate, in thousandths; 0: 200 for independent logits, 10 for the controller",
            range: (0, 1_000),
            default: |_| 0,
            default_text: "0",
        },
        ENTROPY,
    ],
    make: |values| {
        let params = PpoParams {
            recurrent: values.value("recurrent") == 1,
            batch: values.value("batch"),
            epochs: values.value("epochs"),
            clip: values.value("clip"),
            rate: values.value("rate"),
            entropy: values.value("entropy"),
        };
        Ok(Box::new(params.check()?))
    },
};

impl Ppo {
    fn catch_up(&mut self, cx: &AskContext<'_>) -> Result<(), StrategyError> {
        for news in std::mem::take(&mut self.course.news) {
            match news {
                News::Proposed(trial, decisions) => {
                    let walk = self.policy.follow(cx.space, &decisions)?;
                    self.proposed.insert(trial, walk.log_probability());
                }
                News::Result(member) => {
                    let Some(log_probability) = self.proposed.remove(&member.trial) else { continue };
                    let Some(advantage) = self.reward.advantage(&member, cx.objectives) else { continue };
                    self.batch.push(Sample { decisions: member.decisions, advantage, log_probability });
                }
            }
            if self.batch.len() as u64 >= self.params.batch {
                self.replay(cx.space)?;
            }
        }
        Ok(())
    }

    /// Learns from a full batch, and empties it.
    fn replay(&mut self, space: &dyn Space) -> Result<(), SpaceError> {
        let batch = std::mem::take(&mut self.batch);
        let clip = self.params.clip as f64 / 100.0;
        let entropy = self.params.entropy as f64 / 1_000.0 / batch.len() as f64;
        for _ in 0..self.params.epochs {
            let mut gradient = Vec::new();
            for sample in &batch {
                let walk = self.policy.follow(space, &sample.decisions)?;
                let ratio = (walk.log_probability() - sample.log_probability).exp();
                let weight = slope(ratio, sample.advantage, clip) / batch.len() as f64;
                self.policy.learn(&walk, weight, entropy, &mut gradient);
            }
            self.policy.step(&mut gradient, self.params.step());
        }
        Ok(())
    }
}

/// The slope of the clipped objective in the logarithm of the probability.
fn slope(ratio: f64, advantage: f64, clip: f64) -> f64 {
    let is_clipped = if advantage >= 0.0 { ratio > 1.0 + clip } else { ratio < 1.0 - clip };
    if is_clipped { 0.0 } else { ratio * advantage }
}

impl Strategy for Ppo {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx)?;
        self.course.propose(&mut self.policy, cx)
    }

    fn observe(&mut self, event: &Event) {
        self.course.observe(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_learnt_beyond_the_clip() {
        let objective =
            |ratio: f64, advantage: f64| (ratio * advantage).min(ratio.clamp(0.8, 1.2) * advantage);
        for ratio in [0.5, 0.79, 0.9, 1.0, 1.1, 1.21, 2.0f64] {
            for advantage in [-1.0, 0.5] {
                let at = |by: f64| objective((ratio.ln() + by).exp(), advantage);
                let expected = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!((slope(ratio, advantage, 0.2) - expected).abs() < 1e-6, "{ratio} {advantage}");
            }
        }
    }
}
