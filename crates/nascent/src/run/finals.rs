//! What comes after a search: its best networks are trained again to be compared, and what is handed over is trained in the end.

use super::{Progress, Whole};
use crate::baselines::{MORE_DROPOUT, is_reference, with_more_dropout};
use crate::budget::{Finals, Pace, USABLE};
use crate::choice::{best, trainings};
use crate::error::Error;
use crate::evidence::{Evidence, candidates, network_baselines, winner};
use nascent_core::event::{Data, Proposal, Role};
use nascent_core::study::{Deadlines, End, Source};
use nascent_core::{Objectives, Trial, TrialId};

/// What an epoch of a finished training took, in milliseconds. The cost is in epochs, those of all folds, and without those that an earlier
/// trial had made.
fn epoch_ms_of(trial: &Trial) -> Option<f64> {
    let epochs = trial.outcome.as_ref()?.cost.max(1.0);
    Some(trial.duration_ms()? as f64 / epochs)
}

/// Trials in their order, each where it comes first.
fn each_once(trials: impl Iterator<Item = TrialId>) -> Vec<TrialId> {
    let mut all = Vec::new();
    for id in trials {
        if !all.contains(&id) {
            all.push(id);
        }
    }
    all
}

impl Whole<'_> {
    /// Finals as the user wants them.
    pub(super) fn asked(&self) -> Finals {
        let s = &self.setup.file.settings;
        Finals {
            finalists: s.finalists,
            replicas: s.replicas,
            epochs: self.setup.epochs(),
            last_epochs: self.setup.final_epochs(),
            are_watched: self.setup.watches_finals(),
        }
    }

    /// The finalists of the search as it stands, for each network that is to win, the best first.
    fn groups(&self, n: usize) -> Vec<Vec<&Trial>> {
        let history = self.study.history();
        let of = |aim: &Objectives| {
            let ids = best(history, aim, &Role::Search, n, self.setup.tolerance_of(aim, history));
            ids.iter().filter_map(|id| history.trial(*id)).collect()
        };
        self.setup.aims().iter().map(of).collect()
    }

    /// All finalists, each once.
    pub(super) fn finalists(&self, n: usize) -> Vec<&Trial> {
        let ids = each_once(self.groups(n).into_iter().flatten().map(|trial| trial.id));
        ids.into_iter().filter_map(|id| self.study.history().trial(id)).collect()
    }

    /// How fast finals can be, from what the same networks took before; a baseline that has not begun, from the finalists.
    pub(super) fn pace(&self) -> Pace {
        let s = &self.setup.file.settings;
        let workers = s.workers.unwrap_or(1);
        let of = |group: Vec<&Trial>| -> Vec<f64> { group.into_iter().filter_map(epoch_ms_of).collect() };
        let finalists: Vec<Vec<f64>> = self.groups(s.finalists).into_iter().map(of).collect();
        let slowest = finalists.iter().flatten().copied().fold(0.0, f64::max);
        let of_baseline = |name: String| {
            let role = Role::Baseline(name);
            let mut each: Vec<f64> = self.study.history().of(&role).filter_map(epoch_ms_of).collect();
            each.sort_by(f64::total_cmp);
            // All are one network or much alike: what another program slowed down says nothing of it.
            each.get(each.len() / 2).copied().unwrap_or(slowest)
        };
        let of_baselines = |may: &dyn Fn(&str) -> bool| -> Vec<f64> {
            network_baselines(self.setup).into_iter().filter(|name| may(name)).map(&of_baseline).collect()
        };
        let wins_alone = self.setup.aims().iter().any(|aim| aim.wanted.len() == 1);
        let mut rivals = of_baselines(&|name| wins_alone && is_reference(name));
        rivals.extend(self.more_dropouts(false).next().and_then(epoch_ms_of));
        Pace { finalists, baselines: of_baselines(&|_| true), rivals, workers }
    }

    /// What fits into the time that is left: fewer finalists, then fewer seeds, then fewer epochs.
    pub(super) fn fitting(&self, until_ms: Option<u64>) -> Finals {
        let asked = self.asked();
        let Some(until) = until_ms else { return asked };
        let left = USABLE * until.saturating_sub(self.study.now_ms()) as f64;
        let least = self.finalists(1).first().map_or(1, |winner| winner.proposal.budget);
        let pace = self.pace();
        let finals = asked.fitting(&pace, left, least);
        let need = finals.need_ms(&pace);
        if need > left {
            (self.tell)(Progress::Note(format!(
                "the time is over, and what is handed over is trained for {} epochs all the same, for those it won the \
                 search with: some {:.0} s more",
                finals.last_epochs,
                (need - left) / 1e3
            )));
        }
        if finals != asked {
            let Finals { finalists, replicas, last_epochs, .. } = finals;
            (self.tell)(Progress::Note(format!(
                "the time that is left allows finals with {finalists} finalists, {replicas} seeds, {last_epochs} epochs"
            )));
        }
        finals
    }

    /// Trains the finalists again with fresh seeds, and the references that may win, so that the winner is not the luckiest.
    pub(super) fn finals(&mut self, f: Finals) -> Result<End, Error> {
        if f.finalists < 2 {
            return Ok(End::Complete);
        }
        let history = self.study.history();
        let of = |aim: &Objectives| candidates(self.setup, history, aim, f.finalists);
        let list: Vec<Proposal> = each_once(self.setup.aims().iter().flat_map(of))
            .into_iter()
            .filter_map(|id| history.trial(id))
            .flat_map(|t| trainings(t, f.replicas, Data::Train, f.epochs))
            .collect();
        (self.tell)(Progress::Phase("finalists", list.len() as u64));
        self.phase(Source::List(&list), &*self.setup.space, list.len() as u64, Deadlines::default())
    }

    /// The winner, that of each size, and each baseline's best.
    pub(super) fn judged(&self) -> Vec<TrialId> {
        let evidence = Evidence::new(self.setup, self.study.history());
        let baselines = evidence.baselines.iter().filter_map(|b| b.trial);
        let sizes = evidence.sizes.iter().filter_map(|size| size.trial);
        each_once(evidence.winner.into_iter().chain(baselines).chain(sizes))
    }

    /// Trains winners and baselines for as long as they are to be trained in the end, but on the training part alone: validation rows
    /// then tell whether that serves them. The winner is trained with more dropout too.
    pub(super) fn watch(&mut self, f: Finals, has_more_time: bool) -> Result<End, Error> {
        if !f.are_watched {
            return Ok(End::Complete);
        }
        // What had begun when the study was interrupted goes on, whoever is best by now.
        let begun = self.watched().chain(self.more_dropouts(true).take(1));
        let begun: Vec<Proposal> =
            begun.filter(|_| !has_more_time).map(|trial| trial.proposal.clone()).collect();
        let best = winner(self.setup, self.study.history());
        let most = self.setup.final_epochs();
        let lengths = self.lengths(f, (Data::Train, has_more_time), &|_| most);
        let is_longer = |(t, epochs): &&(&Trial, u32)| *epochs > t.proposal.budget;
        let more = lengths.iter().filter(is_longer).find(|(t, _)| Some(t.id) == best);
        let more = more.and_then(|(t, epochs)| self.with_more_dropout(t, *epochs));
        let more = more.filter(|_| has_more_time || self.more_dropouts(true).next().is_none());
        let longer = lengths.iter().filter(is_longer);
        let longer =
            longer.filter_map(|(t, epochs)| trainings(t, self.watched_replica(), Data::Train, *epochs).pop());
        let new: Vec<Proposal> = longer.chain(more).filter(|new| !begun.contains(new)).collect();
        let list = [begun, new].concat();
        if list.is_empty() {
            return Ok(End::Complete);
        }
        (self.tell)(Progress::Phase("long trainings", list.len() as u64));
        self.phase(Source::List(&list), &*self.setup.space, list.len() as u64, Deadlines::default())
    }

    /// Trains winners and baselines on all but the test part, for as many epochs as served them well before.
    pub(super) fn refits(&mut self, f: Finals, has_more_time: bool) -> Result<End, Error> {
        let history = self.study.history();
        let most = self.setup.final_epochs();
        let served = |t: &Trial| self.setup.best_epochs(history, t).map_or(most, |best| best.min(most));
        let lengths = self.lengths(f, (Data::All, has_more_time), &served).into_iter();
        let list: Vec<Proposal> =
            lengths.flat_map(|(t, epochs)| trainings(t, f.replicas, Data::All, epochs)).collect();
        (self.tell)(Progress::Phase("refits", list.len() as u64));
        self.phase(Source::List(&list), &*self.setup.space, list.len() as u64, Deadlines::default())
    }

    /// The replica that watched trainings are: their seed is no other final's.
    fn watched_replica(&self) -> u32 {
        self.setup.file.settings.replicas + 1
    }

    /// The watched trainings of networks as they are that have begun.
    fn watched(&self) -> impl Iterator<Item = &Trial> {
        let last = self.watched_replica();
        let is_watched = move |trial: &&Trial| match trial.proposal.role {
            Role::Final { data: Data::Train, replica, .. } => replica == last,
            _ => false,
        };
        self.study.history().trials.iter().filter(is_watched)
    }

    /// For how many epochs such a last training of a trial's network was to be made, where one had begun when the study was
    /// interrupted, unless it has more time now.
    fn begun(&self, t: &Trial, part: Data, has_more_time: bool) -> Option<u32> {
        let is_of = |other: &&Trial| matches!(other.proposal.role, Role::Final { of, data, .. } if of == t.id && data == part);
        let own = match part {
            Data::Train => self.watched().find(is_of),
            Data::All => self.study.history().trials.iter().find(is_of),
        };
        own.map(|other| other.proposal.budget).filter(|_| !has_more_time)
    }

    /// Winners and baselines, and for how many epochs each is trained in the end: for as many as are `wanted` and there is time for,
    /// or those for which it was begun.
    fn lengths(
        &self,
        f: Finals,
        (part, has_more_time): (Data, bool),
        wanted: &dyn Fn(&Trial) -> u32,
    ) -> Vec<(&Trial, u32)> {
        let history = self.study.history();
        let judged: Vec<&Trial> = self.judged().into_iter().filter_map(|id| history.trial(id)).collect();
        // Where all are trained side by side, none has to stop before the slowest does.
        let slowest = judged.iter().filter_map(|t| epoch_ms_of(t)).fold(0.0, f64::max);
        let is_at_once = judged.len() * f.replicas as usize <= self.setup.file.settings.workers.unwrap_or(1);
        let fitting = |t: &Trial| match epoch_ms_of(t).filter(|_| is_at_once) {
            Some(own) => (f64::from(f.last_epochs) * slowest / own.max(1.0)) as u32,
            None => f.last_epochs,
        };
        let begun = |t: &Trial| self.begun(t, part, has_more_time);
        let epochs = |t: &Trial| begun(t).unwrap_or_else(|| wanted(t).min(fitting(t)));
        judged.into_iter().map(|t| (t, epochs(t))).collect()
    }

    /// Whether the search's best network is to be tried with more dropout: beginnings of trainings, where they decided, cannot tell what a
    /// whole one needs to not learn its examples by heart. What is measured on devices must be of the search.
    fn is_to_drop_more(&self) -> bool {
        let aim = self.setup.largest();
        let is_measured = aim.limits.iter().any(|limit| limit.metric.contains('@'));
        let has_one_aim = aim.wanted.len() == 1 && !is_measured;
        self.setup.task.is_some() && has_one_aim && self.setup.begins_with_few_epochs()
    }

    /// What that will take, in milliseconds, as far as it is known; 0 where it is not done.
    pub(super) fn drop_more_ms(&self) -> f64 {
        let best = self.finalists(1).first().copied().filter(|_| self.is_to_drop_more());
        best.map_or(0.0, |trial| self.training_ms(trial))
    }

    /// What the whole training of a trial's network takes, in milliseconds.
    fn training_ms(&self, trial: &Trial) -> f64 {
        let epochs = trial.proposal.budget * self.setup.folds();
        f64::from(epochs) * epoch_ms_of(trial).unwrap_or(0.0)
    }

    /// Trains the best network of the search with more dropout, if there is time until then for what is handed over too. The first best
    /// network it is, though the study be extended.
    pub(super) fn drop_more(&mut self, until_ms: Option<u64>) -> Result<End, Error> {
        if !self.is_to_drop_more() {
            return Ok(End::Complete);
        }
        let history = self.study.history();
        let is_later = history.trials.iter().any(|t| t.proposal.role != Role::Search);
        let begun = self.more_dropouts(false).next().map(|trial| trial.proposal.clone());
        let best = winner(self.setup, history).and_then(|id| history.trial(id)).filter(|_| !is_later);
        let fits = |trial: &&Trial| {
            let last_epochs = trial.proposal.budget;
            let last = Finals { finalists: 1, replicas: 1, last_epochs, are_watched: false, ..self.asked() };
            let need = self.training_ms(trial) + last.need_ms(&self.pace());
            until_ms.is_none_or(|until| self.study.now_ms() as f64 + need / USABLE <= until as f64)
        };
        let more = |trial: &Trial| self.with_more_dropout(trial, trial.proposal.budget);
        let Some(proposal) = begun.or_else(|| best.filter(fits).and_then(more)) else {
            return Ok(End::Complete);
        };
        (self.tell)(Progress::Phase("more dropout", 1));
        self.phase(Source::List(&[proposal]), &*self.setup.space, 1, Deadlines::default())
    }

    /// The trainings with more dropout: those for as long as the search's, or those for longer.
    pub(super) fn more_dropouts(&self, are_longer: bool) -> impl Iterator<Item = &Trial> {
        let role = Role::Baseline(MORE_DROPOUT.into());
        let is_longer = |trial: &Trial| trial.proposal.budget > self.setup.epochs();
        let all = self.study.history().trials.iter();
        all.filter(move |trial| trial.proposal.role == role && is_longer(trial) == are_longer)
    }

    /// The same network with more dropout, for so many epochs; none where its space has no more.
    fn with_more_dropout(&self, trial: &Trial, epochs: u32) -> Option<Proposal> {
        Some(Proposal {
            decisions: with_more_dropout(&*self.setup.space, &trial.proposal.decisions)?,
            rung: trial.proposal.rung,
            budget: epochs,
            parents: [trial.id].into_iter().collect(),
            role: Role::Baseline(MORE_DROPOUT.into()),
        })
    }
}
