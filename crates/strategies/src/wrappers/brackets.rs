use super::climbed::{Climbed, News, Ranking};
use super::{CLIMBERS, Inside, ONE_CLIMBER, Wrapper, check_ladder};
use crate::fingerprint::{NumberMap, NumberSet};
use crate::parameters::Parameter;
use crate::results::Member;
use nascent_core::{AskContext, Event, Next, Objectives, Strategy, StrategyError, TrialId};

/// Successive halving (Jamieson & Talwalkar 2016, arXiv:1502.07943) and Hyperband (Li et al. 2018, arXiv:1603.06560).
///
/// Networks are tried in brackets. When all networks of a bracket that are on a rung have results, the best 1/eta of
/// them go on to the next. Halving's brackets all begin on the lowest rung; Hyperband's begin on each rung in turn, with
/// fewer networks the higher it is. While a bracket waits, the next one begins, so that no worker idles.
struct Brackets {
    name: &'static str,
    eta: usize,
    /// How many networks a bracket begins with; 0 as Hyperband has it.
    width: usize,
    inside: Box<dyn Strategy>,
    climbed: Climbed,
    news: Vec<News>,
    brackets: Vec<Bracket>,
    /// The bracket of each trial, and the level in it.
    of: NumberMap<TrialId, (usize, usize)>,
}

/// A race of some networks up the ladder.
struct Bracket {
    /// The rung on which they begin.
    start: usize,
    /// One level for each rung from there on.
    levels: Vec<Level>,
}

#[derive(Default)]
struct Level {
    /// The most networks that may come here.
    size: usize,
    /// How many did, and how many of them are over.
    begun: usize,
    over: usize,
    ranking: Ranking,
    /// The trials whose networks went on from here.
    promoted: NumberSet<TrialId>,
}

/// What a bracket has to do next.
enum Task<'b> {
    /// This network goes on to this rung.
    Promote(&'b Member, usize),
    /// A new network begins on this rung.
    Begin(usize),
}

const ETA: Parameter = Parameter {
    name: "eta",
    meaning: "one of so many networks goes on to the next rung",
    range: (2, 100),
    default: |_| 3,
    default_text: "3, as in the paper",
};

pub(super) static HALVING: Wrapper = Wrapper {
    name: "halving",
    summary: "successive halving: of the networks on a rung, the best 1/eta go on together",
    good_for: "expensive trials whose early results tell, and few workers",
    paper: "arXiv:1502.07943",
    cost: "time and memory grow with the trials of a bracket",
    parameters: &[
        ETA,
        Parameter {
            name: "width",
            meaning: "networks that begin together on the lowest rung; 0: as many as leave one on the top rung",
            range: (0, 100_000),
            default: |_| 0,
            default_text: "0",
        },
    ],
    climbs: true,
    not_inside: Some((CLIMBERS, ONE_CLIMBER)),
    wrap: |values, inside| {
        Ok(Box::new(Brackets::new(HALVING_NAME, values.value("eta"), values.value("width"), inside)))
    },
};

pub(super) static HYPERBAND: Wrapper = Wrapper {
    name: HYPERBAND_NAME,
    summary: "Hyperband: successive halving that begins on each rung in turn",
    good_for: "expensive trials where it is not known whether early results tell",
    paper: "arXiv:1603.06560",
    cost: "time and memory grow with the trials of a bracket",
    parameters: &[ETA],
    climbs: true,
    not_inside: Some((CLIMBERS, ONE_CLIMBER)),
    wrap: |values, inside| Ok(Box::new(Brackets::new(HYPERBAND_NAME, values.value("eta"), 0, inside))),
};

const HALVING_NAME: &str = "halving";
const HYPERBAND_NAME: &str = "hyperband";

impl Brackets {
    fn new(name: &'static str, eta: u64, width: u64, inside: Inside) -> Self {
        Self {
            name,
            eta: eta.max(2) as usize,
            width: width as usize,
            inside: inside.strategy,
            climbed: Climbed::default(),
            news: Vec::new(),
            brackets: Vec::new(),
            of: NumberMap::default(),
        }
    }

    /// The next bracket on a ladder of so many rungs.
    fn open(&mut self, rungs: usize) {
        let start = if self.name == HYPERBAND_NAME { self.brackets.len() % rungs } else { 0 };
        let power = |levels: usize| self.eta.saturating_pow(levels as u32);
        let steps = rungs - 1 - start;
        let width = match self.width {
            // As many as leave one on the top rung; Hyperband begins with more where there are fewer rungs to climb.
            0 if self.name == HYPERBAND_NAME => (rungs * power(steps)).div_ceil(steps + 1),
            0 => power(steps),
            width => width,
        };
        let level = |level: usize| Level { size: (width / power(level)).max(1), ..Level::default() };
        self.brackets.push(Bracket { start, levels: (0..=steps).map(level).collect() });
    }

    fn catch_up(&mut self, objectives: &Objectives, rungs: usize) {
        for news in std::mem::take(&mut self.news) {
            match news {
                News::Proposed { trial, from, rung } => {
                    let place = match from.and_then(|from| Some((from, *self.of.get(&from)?))) {
                        Some((from, (bracket, level))) => {
                            self.brackets[bracket].levels[level].promoted.insert(from);
                            (bracket, level + 1)
                        }
                        None => (self.beginning_on(rung, rungs), 0),
                    };
                    if let Some(level) = self.brackets[place.0].levels.get_mut(place.1) {
                        level.begun += 1;
                        self.of.insert(trial, place);
                    }
                }
                News::Over { trial, result } => {
                    let Some(&(bracket, level)) = self.of.get(&trial) else { continue };
                    let level = &mut self.brackets[bracket].levels[level];
                    level.over += 1;
                    if let Some(member) = result {
                        level.ranking.add(*member, objectives);
                    }
                }
            }
        }
    }

    /// The first bracket in which a network can begin on this rung.
    fn beginning_on(&mut self, rung: usize, rungs: usize) -> usize {
        let has_room = |b: &Bracket| b.start == rung && b.levels[0].begun < b.levels[0].size;
        loop {
            if let Some(bracket) = self.brackets.iter().position(has_room) {
                return bracket;
            }
            self.open(rungs.max(rung + 1));
            // Hyperband begins on every rung in turn; halving only on the lowest, so a network from another program's
            // log that began elsewhere is put where it does no harm.
            if self.name != HYPERBAND_NAME && rung > 0 {
                return self.brackets.len() - 1;
            }
        }
    }

    /// What is to be done in the brackets there are; `is_short` where no network can begin any more.
    fn task(&self, is_short: bool) -> Option<Task<'_>> {
        self.brackets.iter().find_map(|bracket| bracket.task(self.eta, is_short))
    }
}

impl Bracket {
    /// What is to be done now; `None` where results are awaited, or the race is over.
    fn task(&self, eta: usize, is_short: bool) -> Option<Task<'_>> {
        let mut below: Option<&Level> = None;
        for (i, level) in self.levels.iter().enumerate() {
            // How many networks will have been on this level.
            let expected = match below {
                None if is_short => level.begun,
                None => level.size,
                // A bracket that was cut short goes on with its share of what it has.
                Some(below) if is_short => level.size.min(below.begun.div_ceil(eta)).min(below.ranking.len()),
                Some(below) => level.size.min(below.ranking.len()),
            };
            if level.begun < expected {
                let Some(below) = below else { return Some(Task::Begin(self.start)) };
                let mut best = below.ranking.best(expected).into_iter();
                let next = best.find(|member| !below.promoted.contains(&member.trial));
                return next.map(|member| Task::Promote(member, self.start + i));
            }
            if level.over < level.begun {
                return None;
            }
            below = Some(level);
        }
        None
    }
}

impl Strategy for Brackets {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        check_ladder(self.name, cx.ladder.len())?;
        let (whole, rungs) = (cx.ladder, cx.ladder.len());
        self.catch_up(cx.objectives, rungs);
        if self.task(false).is_none() {
            self.open(rungs);
        }
        let start = match self.task(false) {
            Some(Task::Promote(member, rung)) => {
                return Ok(cx.promote(rung, member.decisions.clone(), member.trial));
            }
            Some(Task::Begin(rung)) => rung,
            None => 0,
        };
        cx.ladder = &whole[start..=start];
        let next = self.inside.ask(cx);
        cx.ladder = whole;
        match next? {
            Next::Run(proposal) => Ok(cx.propose_on(start, proposal.decisions, &proposal.parents)),
            Next::Wait => Ok(Next::Wait),
            Next::Done => Ok(match self.task(true) {
                Some(Task::Promote(member, rung)) => cx.promote(rung, member.decisions.clone(), member.trial),
                _ if self.climbed.is_running() => Next::Wait,
                _ => Next::Done,
            }),
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
