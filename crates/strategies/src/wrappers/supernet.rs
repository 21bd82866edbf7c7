use super::climbed::Ranking;
use super::likeliest::Shares;
use super::{Inside, Wrapper};
use crate::fingerprint::{NumberMap, NumberSet, fingerprint};
use crate::parameters::Parameter;
use crate::results::{Member, Results};
use crate::tried::Tried;
use nascent_core::chooser::FixedTraining;
use nascent_core::event::Proposal;
use nascent_core::{AskContext, Decisions, Event, Next, Objectives, Strategy, StrategyError, TrialId};
use smallvec::SmallVec;

/// All networks are trained in one first; then those of the strategy inside are judged by the weights they have there, and the
/// best are trained alone.
///
/// A random sample is trained alone whatever its shared weights say: it tells how far those can be trusted. Where the
/// supernet has learned which options are good, the likeliest networks that keep the limits take the place of the
/// strategy inside.
struct Supernet {
    sample: usize,
    candidates: usize,
    inside: Box<dyn Strategy>,
    net: Net,
    /// How the supernet is trained, and with it all networks.
    training: Decisions,
    results: Results,
    /// Every network proposed on a rung of its own.
    tried: Tried,
    /// The random sample: networks trained alone, in the order proposed.
    sampled: Vec<Decisions>,
    /// Networks, by fingerprint, that were judged by shared weights.
    judged: NumberSet<u128>,
    /// The trials of the strategy inside.
    inner: NumberSet<TrialId>,
    proposed: usize,
    is_exhausted: bool,
    /// The candidates with a result, not yet ranked, and those that are.
    news: Vec<Member>,
    ranking: Ranking,
    /// Candidates that were trained alone, by their trial on shared weights.
    promoted: NumberSet<TrialId>,
    networks: NumberMap<TrialId, u128>,
    /// How many trials are not over, and how many of those are of the strategy inside.
    running: usize,
    looked_at: usize,
}

/// What became of the supernet.
enum Net {
    None,
    Running(TrialId),
    Ready(TrialId, Shares),
    /// It gave no result: what is left is to train networks alone.
    Failed,
}

/// The rungs of the ladder, in order.
const TOGETHER: usize = 0;
const SHARED: usize = 1;
const ALONE: usize = 2;

pub(super) static WRAPPER: Wrapper = Wrapper {
    name: "supernet",
    summary: "networks judged by the weights they have in one that was trained for all; the best trained alone",
    good_for: "spaces whose networks share operations, where training each alone takes too long",
    paper: "arXiv:1904.00420",
    cost: "time grows with the candidates; memory with the trials",
    parameters: &[
        Parameter {
            name: "sample",
            meaning: "random networks that are trained alone, to tell how far shared weights can be trusted",
            range: (0, 1_000),
            default: sample,
            default_text: "a tenth of the trials, 4 to 20",
        },
        Parameter {
            name: "candidates",
            meaning: "networks judged by shared weights",
            range: (1, 1_000_000),
            default: |trials| trials.saturating_sub(1 + 2 * sample(trials) + trials / 8).max(4),
            default_text: "the trials that are left when an eighth of them trains the best alone",
        },
    ],
    climbs: false,
    not_inside: Some((
        &["supernet", "filter", "halving", "hyperband", "asha", "median-stop", "curve-stop"],
        "the networks inside it are judged by shared weights, and there is nothing to climb or to stop: leave it out",
    )),
    wrap: |values, Inside { strategy: inside, .. }| {
        Ok(Box::new(Supernet {
            sample: values.value("sample") as usize,
            candidates: values.value("candidates") as usize,
            inside,
            net: Net::None,
            training: Decisions::new(),
            results: Results::default(),
            tried: Tried::default(),
            sampled: Vec::new(),
            judged: NumberSet::default(),
            inner: NumberSet::default(),
            proposed: 0,
            is_exhausted: false,
            news: Vec::new(),
            ranking: Ranking::default(),
            promoted: NumberSet::default(),
            networks: NumberMap::default(),
            running: 0,
            looked_at: 0,
        }))
    },
};

fn sample(trials: u64) -> u64 {
    (trials / 10).clamp(4, 20)
}

/// How many of the likeliest networks are looked through for one that keeps the limits.
const LIKELIEST: usize = 100_000;

/// How often a network is drawn until one is new and keeps the limits.
const DRAWS: usize = 100;

impl Supernet {
    /// Proposes the supernet: by a member that keeps the limits, the reference network where it does.
    fn begin_net(&self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let reference = cx.space.reference();
        let reference = reference.filter(|decisions| cx.is_feasible(decisions).unwrap_or(false));
        let decisions = match reference {
            Some(decisions) => Some(decisions),
            None => self.tried.fresh(cx)?,
        };
        Ok(decisions.map_or(Next::Done, |decisions| cx.propose_on(TOGETHER, decisions, &[])))
    }

    /// Proposes the next network of the random sample, to be trained alone.
    fn next_of_sample(&self, cx: &mut AskContext<'_>) -> Result<Option<Next>, StrategyError> {
        if self.sampled.len() >= self.sample {
            return Ok(None);
        }
        let fresh = self.tried.fresh(cx)?.filter(|decisions| !self.tried.contains(decisions));
        Ok(fresh.map(|decisions| cx.propose_on(ALONE, decisions, &[])))
    }

    /// Judges the next network of the sample by shared weights.
    fn judge_sample(&self, cx: &AskContext<'_>, net: TrialId) -> Option<Next> {
        let mut sample = self.sampled.iter();
        let next = sample.find(|decisions| !self.judged.contains(&fingerprint(decisions)))?;
        Some(cx.propose_on(SHARED, next.clone(), &[net]))
    }

    /// The likeliest network that keeps the limits and was not tried, to be trained alone.
    fn derive(&self, cx: &AskContext<'_>, net: TrialId, shares: &Shares) -> Result<Next, StrategyError> {
        for member in shares.members(cx.space).take(LIKELIEST) {
            let member = member?;
            if self.tried.is_open(cx, &member)? {
                return Ok(cx.propose_on(ALONE, member, &[net]));
            }
        }
        Ok(Next::Done)
    }

    /// A network of the strategy inside, on a rung.
    fn ask_inside(
        &mut self,
        cx: &mut AskContext<'_>,
        rung: usize,
        net: Option<TrialId>,
    ) -> Result<Next, StrategyError> {
        let whole = cx.ladder;
        cx.ladder = &whole[rung..=rung];
        let next = self.inside.ask(cx);
        cx.ladder = whole;
        Ok(match next? {
            Next::Run(proposal) => {
                let parents: Vec<TrialId> = net.into_iter().chain(proposal.parents).collect();
                cx.propose_on(rung, proposal.decisions, &parents)
            }
            next => next,
        })
    }

    /// A candidate of the strategy inside, or, where it has what the supernet was not trained for to its end, another in its place.
    fn of_what_is_left(
        &self,
        cx: &mut AskContext<'_>,
        net: TrialId,
        next: Next,
    ) -> Result<Next, StrategyError> {
        let (Net::Ready(_, shares), Next::Run(proposal)) = (&self.net, &next) else { return Ok(next) };
        if shares.keeps(cx.space, &proposal.decisions)? {
            return Ok(next);
        }
        for _ in 0..DRAWS {
            let drawn = shares.sample(cx.space, &mut cx.rng)?;
            if self.tried.is_open(cx, &drawn)? {
                return Ok(cx.propose_on(SHARED, drawn, &[net]));
            }
        }
        Ok(next)
    }

    /// The best candidate that was not trained alone yet.
    fn promote(&mut self, cx: &AskContext<'_>) -> Option<Next> {
        for member in self.news.drain(..) {
            self.ranking.add(member, cx.objectives);
        }
        let best = self.ranking.best(self.ranking.len());
        let next = best.into_iter().find(|member| !self.promoted.contains(&member.trial))?;
        Some(cx.propose_on(ALONE, next.decisions.clone(), &[next.trial]))
    }

    fn ask_ready(&mut self, cx: &mut AskContext<'_>, net: TrialId) -> Result<Next, StrategyError> {
        if let Some(next) = self.judge_sample(cx, net) {
            return Ok(next);
        }
        if let Net::Ready(_, shares) = &self.net
            && !shares.is_flat()
        {
            return self.derive(cx, net, shares);
        }
        if self.proposed < self.candidates && !self.is_exhausted {
            match self.ask_inside(cx, SHARED, Some(net))? {
                Next::Done => self.is_exhausted = true,
                next => return self.of_what_is_left(cx, net, next),
            }
        }
        // A candidate that is still looked at may be the best of them.
        if self.looked_at > 0 {
            return Ok(Next::Wait);
        }
        Ok(self.promote(cx).unwrap_or(if self.running > 0 { Next::Wait } else { Next::Done }))
    }

    /// Takes in a proposal.
    fn note(&mut self, trial: TrialId, proposal: &Proposal) {
        let network = fingerprint(&proposal.decisions);
        self.networks.insert(trial, network);
        match usize::from(proposal.rung) {
            TOGETHER => {
                self.net = Net::Running(trial);
                self.training.clone_from(&proposal.decisions);
            }
            SHARED => {
                let is_first = self.judged.insert(network);
                if !(is_first && self.sampled.contains(&proposal.decisions)) {
                    self.proposed += 1;
                    self.inner.insert(trial);
                }
            }
            _ => match proposal.parents[..] {
                [] if self.sampled.len() < self.sample => self.sampled.push(proposal.decisions.clone()),
                [parent] if self.inner.contains(&parent) && self.networks.get(&parent) == Some(&network) => {
                    self.promoted.insert(parent);
                }
                _ if matches!(self.net, Net::Failed) => {
                    self.inner.insert(trial);
                }
                _ => {}
            },
        }
    }
}

/// The same event as the strategy inside knows it: on the one rung of its ladder, the supernet being no parent.
fn seen_inside(event: &Event, net: Option<TrialId>) -> Event {
    let Event::Proposed { trial, seen, proposal, hash, costs } = event else { return event.clone() };
    let parents: SmallVec<[TrialId; 2]> =
        proposal.parents.iter().copied().filter(|p| Some(*p) != net).collect();
    let proposal = Proposal { rung: 0, parents, ..proposal.clone() };
    Event::Proposed { trial: *trial, seen: *seen, proposal, hash: *hash, costs: costs.clone() }
}

impl Strategy for Supernet {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let is_fitting = cx.ladder.len() == ALONE + 1 && cx.ladder[TOGETHER].is_supernet();
        if !is_fitting {
            let why = "supernet needs a ladder that begins with one: search with --estimator supernet";
            return Err(StrategyError::Unsuitable(why.into()));
        }
        if matches!(self.net, Net::None) {
            return self.begin_net(cx);
        }
        let space = cx.space;
        let settled = FixedTraining::new(space, self.training.clone());
        let mut cx = AskContext {
            space: &settled,
            ladder: cx.ladder,
            objectives: cx.objectives,
            trial: cx.trial,
            rng: cx.rng.clone(),
        };
        let cx = &mut cx;
        if let Some(next) = self.next_of_sample(cx)? {
            return Ok(next);
        }
        match self.net {
            Net::None | Net::Running(_) => Ok(Next::Wait),
            Net::Ready(net, _) => self.ask_ready(cx, net),
            Net::Failed => self.ask_inside(cx, ALONE, None),
        }
    }

    fn begin(&mut self, objectives: &Objectives) {
        self.inside.begin(objectives);
    }

    fn observe(&mut self, event: &Event) {
        let result = self.results.observe(event);
        self.tried.observe_from(event, SHARED as u16);
        let net = match self.net {
            Net::Running(trial) | Net::Ready(trial, _) => Some(trial),
            _ => None,
        };
        let Some(trial) = event.trial() else { return };
        let is_net = Some(trial) == net;
        match event {
            Event::Proposed { proposal, .. } => {
                self.running += 1;
                self.note(trial, proposal);
            }
            Event::Finished { outcome, .. } => {
                self.running = self.running.saturating_sub(1);
                if is_net {
                    self.net = Net::Ready(trial, Shares::read(&outcome.metrics));
                }
            }
            Event::Stopped { .. } | Event::Failed { .. } | Event::Infeasible { .. } => {
                self.running = self.running.saturating_sub(1);
                if is_net {
                    self.net = Net::Failed;
                }
            }
            _ => {}
        }
        if self.inner.contains(&trial) {
            match event {
                Event::Proposed { .. } => self.looked_at += 1,
                Event::Finished { .. }
                | Event::Stopped { .. }
                | Event::Failed { .. }
                | Event::Infeasible { .. } => self.looked_at = self.looked_at.saturating_sub(1),
                _ => {}
            }
            self.inside.observe(&seen_inside(event, net));
            self.news.extend(result.filter(|member| usize::from(member.rung) == SHARED));
        }
    }
}
