//! What strategies that search in a latent space have in common.

use crate::fingerprint::{NumberSet, fingerprint};
use crate::predictors::autoencoder::{Autoencoder, Example, Letter, Training};
use crate::predictors::lessons::{best_and_latest, targets};
use crate::predictors::surrogate::FEWEST;
use crate::predictors::tape::Tape;
use crate::results::{Member, Results};
use crate::tried::Tried;
use crate::variation::Child;
use nascent_core::chooser::sample;
use nascent_core::objective::Score;
use nascent_core::rng::Rng;
use nascent_core::{AskContext, Decisions, Event, Next, Space, StrategyError, TrialId};
use smallvec::SmallVec;

/// How a latent space is learnt and searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Results before the first training.
    pub(crate) startup: usize,
    /// Results between trainings.
    pub(crate) batch: usize,
    /// How many architectures are moved.
    pub(crate) seeds: usize,
    pub(crate) epochs: usize,
    pub(crate) width: usize,
    /// The weight of the predictor's error, in percent.
    pub(crate) trade_off: usize,
    /// Architectures without results that are learnt from with what is guessed of them.
    pub(crate) unlabelled: usize,
    /// How often a result counts beside them.
    pub(crate) copies: usize,
}

/// A search that moves the best architectures in a latent space, to where better ones are written.
///
/// The network is trained anew at numbers of results that the settings fix, from a beginning that follows from the
/// results: so the same results give the same proposals.
pub(crate) struct LatentSearch {
    settings: Settings,
    tried: Tried,
    results: Results,
    /// Results that were not learnt from: to compare them needs the objectives, which only `ask` has.
    news: Vec<Member>,
    members: Vec<(TrialId, Decisions)>,
    scores: Vec<Score>,
    /// How many results the prospects are from.
    fitted: usize,
    /// What was written, that of the best guess first.
    prospects: Vec<Child>,
}

/// The most results that are learnt from: the best, and the latest.
const BEST: usize = 150;
const LATEST: usize = 150;
/// How many steps of different sizes are tried from each seed, and the least of them.
const STEPS: usize = 40;
const STEP: f64 = 0.25;
/// A training reads no more letters than these, or all examples once; and no more are written.
const LETTERS: usize = 100_000;

/// An architecture that may be moved.
struct Seed {
    trial: Option<TrialId>,
    decisions: Decisions,
    example: Example,
}

impl LatentSearch {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            tried: Tried::default(),
            results: Results::default(),
            news: Vec::new(),
            members: Vec::new(),
            scores: Vec::new(),
            fitted: 0,
            prospects: Vec::new(),
        }
    }

    pub(crate) fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        self.news.extend(self.results.observe(event));
    }

    pub(crate) fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        for member in self.news.drain(..) {
            let Some(score) = cx.objectives.score(&member.metrics) else { continue };
            self.members.push((member.trial, member.decisions));
            self.scores.push(score);
        }
        let (n, first) = (self.members.len(), self.settings.startup.max(FEWEST));
        if n >= first {
            let fitted = n - (n - first) % self.settings.batch.max(1);
            if fitted != self.fitted {
                self.prospects = self.write(cx.space, fitted)?;
                self.fitted = fitted;
            }
            for (child, parents) in &self.prospects {
                if self.tried.is_open(cx, child)? {
                    return Ok(cx.propose(child.clone(), parents));
                }
            }
        }
        self.tried.propose_fresh(cx)
    }

    /// Learns so many results, and writes what lies beyond the best.
    fn write(&self, space: &dyn Space, fitted: usize) -> Result<Vec<Child>, StrategyError> {
        let last = fingerprint(&self.members[fitted - 1].1) as u64;
        let mut rng = Rng::new(last, fitted as u64);
        let mut network = Autoencoder::new(self.settings.width, &mut rng);
        let mut known = self.known(&mut network, space, fitted)?;
        let examples: Vec<&Example> = known.iter().map(|seed| &seed.example).collect();
        let most = self.settings.epochs * examples.len();
        network.train(&examples, self.training(&examples, most), &mut rng);
        if self.settings.unlabelled > 0 {
            let guessed = self.guessed(&mut network, space, fitted, &mut rng)?;
            let copies = std::iter::repeat_n(&known, self.settings.copies).flatten();
            let examples: Vec<&Example> = copies.chain(&guessed).map(|seed| &seed.example).collect();
            // As long as the first training.
            network.train(&examples, self.training(&examples, most), &mut rng);
            known.extend(guessed);
        }
        known.sort_by(|a, b| a.example.target.total_cmp(&b.example.target));
        known.truncate(self.settings.seeds);
        self.beyond(&mut network, space, &known)
    }

    /// A training that goes through about so many examples, if that is not too much.
    fn training(&self, examples: &[&Example], most: usize) -> Training {
        let letters: usize = examples.iter().map(|e| e.letters.len()).sum();
        let epochs = most.div_ceil(examples.len().max(1)).min(LETTERS / letters.max(1)).max(1);
        Training { epochs, trade_off: self.settings.trade_off as f64 / 100.0 }
    }

    fn known(
        &self,
        network: &mut Autoencoder,
        space: &dyn Space,
        fitted: usize,
    ) -> Result<Vec<Seed>, StrategyError> {
        let chosen = best_and_latest(&self.scores[..fitted], BEST, LATEST);
        let targets = targets(&chosen.iter().map(|&i| &self.scores[i]).collect::<Vec<_>>());
        let mut known = Vec::with_capacity(chosen.len());
        for (i, target) in chosen.into_iter().zip(targets) {
            let (trial, decisions) = self.members[i].clone();
            let letters = network.spell(space, &decisions)?;
            known.push(Seed { trial: Some(trial), decisions, example: Example { letters, target } });
        }
        Ok(known)
    }

    /// Random architectures, with what the network guesses of them.
    fn guessed(
        &self,
        network: &mut Autoencoder,
        space: &dyn Space,
        fitted: usize,
        rng: &mut Rng,
    ) -> Result<Vec<Seed>, StrategyError> {
        let (mut tape, mut guessed) = (Tape::default(), Vec::new());
        // Those that run do not matter: what is learnt must follow from the results alone.
        let mut seen: NumberSet<u128> = self.members[..fitted].iter().map(|(_, d)| fingerprint(d)).collect();
        for _ in 0..self.settings.unlabelled {
            let decisions = sample(space, rng)?;
            if seen.insert(fingerprint(&decisions)) {
                let letters: Vec<Letter> = network.spell(space, &decisions)?;
                let target = network.guess(&mut tape, &letters);
                guessed.push(Seed { trial: None, decisions, example: Example { letters, target } });
            }
        }
        Ok(guessed)
    }

    /// Moves the seeds by ever larger steps, and writes what is there.
    fn beyond(
        &self,
        network: &mut Autoencoder,
        space: &dyn Space,
        seeds: &[Seed],
    ) -> Result<Vec<Child>, StrategyError> {
        let (mut tape, mut seen) = (Tape::default(), NumberSet::default());
        let mut latents = Vec::with_capacity(seeds.len());
        for seed in seeds {
            latents.extend(network.latent(&mut tape, &seed.example.letters).map(|latent| (seed, latent)));
        }
        let mut written: Vec<(f64, Child)> = Vec::new();
        let each: usize = seeds.iter().map(|seed| seed.example.letters.len()).sum();
        for step in 1..=STEPS.min(LETTERS / each.max(1)).max(1) {
            for (seed, latent) in &latents {
                let child = network.decode(&mut tape, space, latent, STEP * step as f64, &seed.decisions)?;
                if self.tried.contains(&child) || !seen.insert(fingerprint(&child)) {
                    continue;
                }
                let letters = network.spell(space, &child)?;
                let guess = network.guess(&mut tape, &letters);
                let parents: SmallVec<[TrialId; 2]> = seed.trial.into_iter().collect();
                written.push((guess, (child, parents)));
            }
        }
        written.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(written.into_iter().map(|(_, child)| child).collect())
    }
}
