use crate::baselines::MORE_DROPOUT;
use crate::error::Error;
use crate::evidence::{Evidence, Tested};
use crate::settings::StudyFile;
use crate::setup::Setup;
use crate::summary::*;
use crate::together::Trust;
use nascent_core::chooser::{Answer, Count, describe};
use nascent_core::event::{Data, Reason, Role, Seq};
use nascent_core::objective::{Bound, Direction};
use nascent_core::{History, Log, State, Trial, TrialId, draw};
use nascent_data::{PartCounts, Task};
use nascent_report::{ColumnFacts, DataFacts, Duplicates, Report, Seconds, SpaceFacts};
use nascent_runtime::{RunFolder, SqliteLog, write_atomically};
use nascent_train::Device;
use std::collections::BTreeMap;
use std::path::Path;

/// A study as it lies in its folder.
pub struct Stored {
    /// The folder.
    pub folder: RunFolder,
    /// Its parts, made from the settings in its log.
    pub setup: Setup,
    /// What happened.
    pub history: History,
}

/// Reads a run folder, also of a study that is running.
///
/// # Errors
/// Where the folder is no run, or its log cannot be read.
pub fn load(path: &Path) -> Result<Stored, Error> {
    let folder = RunFolder::open(path).map_err(|e| Error::input(e.to_string()))?;
    let log = SqliteLog::read(&folder.study_db()).map_err(|e| Error::input(e.to_string()))?;
    let events = log.after(Seq(0)).map_err(|e| Error::input(e.to_string()))?;
    let history = History::fold(&events).map_err(|e| Error::file(folder.study_db(), e))?;
    let Some(created) = &history.created else {
        return Err(Error::file(
            folder.study_db(),
            "the study stopped before its first event; start a new one",
        ));
    };
    let mut file = StudyFile::parse("the settings in study.db", &created.settings)?;
    crate::devices::find_kept(&mut file, &folder);
    let setup = Setup::new(file)?;
    Ok(Stored { folder, setup, history })
}

/// Writes `report.html` anew.
///
/// # Errors
/// Where it cannot be written.
pub fn write_report(stored: &Stored) -> Result<(), Error> {
    let page = stored.with_report(nascent_report::page);
    let path = stored.folder.report_html();
    write_atomically(&path, page.as_bytes()).map_err(|e| Error::file(path, e))
}

impl Stored {
    /// The study's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.history.created.as_ref().map_or("study", |c| &c.study)
    }

    /// A trial's decisions spelled out; empty where they cannot be read.
    #[must_use]
    pub fn answers(&self, trial: &Trial) -> Vec<Answer> {
        describe(&*self.setup.space, &trial.proposal.decisions).unwrap_or_default()
    }

    /// The operation for which Burn trains a trial's network, and not the engine; none where the engine does, or a program of the user's.
    #[must_use]
    pub fn left_to_burn(&self, trial: &Trial) -> Option<String> {
        let is_ours = self.setup.task.is_some() && self.setup.device == Device::Cpu;
        let graph = is_ours.then(|| draw(&*self.setup.space, &trial.proposal.decisions).ok()).flatten()?;
        nascent_train::left_to_burn(&graph)
    }

    /// Networks by the first two objectives as lines of text; none where there is one objective, or no result yet.
    #[must_use]
    pub fn front(&self) -> Option<String> {
        self.with_report(nascent_report::front::text)
    }

    /// The winner and the baselines with their tests.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence::new(&self.setup, &self.history)
    }

    fn count(&self) -> (String, bool) {
        match &self.setup.count {
            Count::Exact(n) => (n.to_string(), true),
            Count::Estimate { mean, .. } => (format!("{mean:.0}"), false),
        }
    }

    /// Seconds of each phase: what its trials took, shared among the workers.
    fn seconds(&self) -> Seconds {
        let workers = self.setup.file.settings.workers.unwrap_or(1).max(1) as f64;
        let mut seconds = Seconds::default();
        for trial in self.history.trials.iter().filter(|t| t.copied_from.is_none()) {
            let took = trial.duration_ms().unwrap_or(0) as f64 / 1e3 / workers;
            match trial.proposal.role {
                Role::Search => seconds.search += took,
                Role::Baseline(_) => seconds.baselines += took,
                Role::Final { .. } => seconds.finals += took,
            }
        }
        seconds
    }

    fn duplicates(&self) -> Duplicates {
        let copied = self.history.trials.iter().filter_map(|t| t.copied_from);
        let took = |id| self.history.trial(id).and_then(Trial::duration_ms).unwrap_or(0) as f64 / 1e3;
        let saved: Vec<f64> = copied.map(took).collect();
        Duplicates { count: saved.len(), saved_seconds: saved.iter().sum() }
    }

    /// What a reader must know besides, derived from what happened.
    fn notes(&self, evidence: &Evidence) -> Vec<String> {
        let mut notes = Vec::new();
        let touches = self.history.touches();
        if touches > 1 {
            notes.push(format!(
                "The test set was opened {touches} times: the last result is no longer untouched."
            ));
        }
        let s = &self.setup.file.settings;
        if let Some(rule) = self.setup.rule {
            notes.push(format!(
                "The strategy, {}, is what auto chooses for {}: {}.{}",
                s.strategy,
                rule.when,
                rule.because,
                if self.setup.begins_with_few_epochs() {
                    " With a budget of time, all networks begin with few epochs, and the best of them go on."
                } else {
                    ""
                }
            ));
        }
        let metric = &self.setup.facts.metric;
        notes.extend(Trust::new(&self.setup, &self.history).map(|trust| trust.sentence(metric)));
        if self.setup.task.is_none() {
            notes.extend(evidence.winner.and_then(|w| self.over_seeds(w)));
            return notes;
        }
        let winner = evidence.winner.and_then(|id| self.history.trial(id));
        if let Some(Role::Baseline(name)) = winner.map(|trial| &trial.proposal.role) {
            notes.push(match name == MORE_DROPOUT {
                true => "What is handed over has more dropout than the network that the search found: trained as long, it was \
                         better on validation data."
                    .into(),
                false => format!(
                    "No network of the search was better on validation data than that of {name}, which is handed over."
                ),
            });
        }
        notes.extend(winner.and_then(|trial| self.left_to_burn(trial)).map(|op| {
            format!("The network was trained by Burn, which is slower, for the engine has no step for {op}.")
        }));
        let refits = evidence.winner.map_or(0, |w| self.history.finals(w, Data::All).len());
        let failed: Vec<&Trial> = evidence.winner.map_or(Vec::new(), |w| self.failed_refits(w));
        if let Some(reason) = failed.first().and_then(|t| t.reason.as_ref()) {
            let n = failed.len();
            notes.push(format!("{n} of {} trainings of the final network failed: {reason}.", refits + n));
        }
        if self.history.closed.is_some() && refits + failed.len() < s.replicas as usize {
            notes.push(format!("The time allowed {refits} of {} seeds for the final networks.", s.replicas));
        }
        if self.setup.objectives.wanted.len() > 1 && s.sizes.is_empty() {
            notes.push(format!(
                "Recommended is {}.",
                crate::rule(&self.setup.objectives, self.setup.tolerance(&self.history))
            ));
        }
        notes
    }

    /// What a network measured when it was trained again with fresh seeds.
    fn over_seeds(&self, of: TrialId) -> Option<String> {
        let metric = &self.setup.facts.metric;
        let values = crate::choice::over_seeds(&self.history, of, metric);
        let mean = crate::choice::mean_over_seeds(&self.history, of, metric)?;
        let (least, most) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), v| (l.min(*v), m.max(*v)));
        Some(format!(
            "Trained again with {} fresh seeds, the network has a mean {metric} of {mean:.4} ({least:.4} to {most:.4}).",
            values.len()
        ))
    }

    /// The trainings of a network on all data that gave no result.
    fn failed_refits(&self, winner: TrialId) -> Vec<&Trial> {
        let is_refit = |role: &Role| matches!(role, Role::Final { of, data: Data::All, .. } if *of == winner);
        let trials = self.history.trials.iter();
        trials.filter(|t| t.state == State::Failed && is_refit(&t.proposal.role)).collect()
    }

    /// The result for programs.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let evidence = self.evidence();
        let setup = &self.setup;
        let all = |state| {
            self.history.of(&Role::Search).filter(move |t| t.state == state && t.copied_from.is_none())
        };
        let of = |state| all(state).count();
        let (count, is_exact) = self.count();
        let seconds = self.seconds();
        let (facts, metric) = (&setup.facts, &setup.facts.metric);
        let test =
            |t: &Option<Tested>| t.as_ref().map(|t| TestSummary::new(metric, &t.interval, t.values.clone()));
        let params = |t: &Trial| t.costs.value("params").map(|p| p as u64);
        let best = |trial: Option<TrialId>, tested: &Option<Tested>| {
            trial.and_then(|id| self.history.trial(id)).map(|t| Best {
                trial: t.id.0,
                hash: t.hash.map(|h| h.to_string()).unwrap_or_default(),
                decisions: self.answers(t).into_iter().map(|a| (a.path, a.label)).collect(),
                params: params(t).unwrap_or(0),
                macs: t.costs.value("macs").unwrap_or(0.0) as u64,
                validation: t
                    .outcome
                    .iter()
                    .flat_map(|o| o.metrics.iter())
                    .map(|(n, v)| (n.into(), v))
                    .collect(),
                test: test(tested),
            })
        };
        let objectives = |t: &Trial| -> BTreeMap<String, f64> {
            let metrics = t.metrics();
            setup
                .objectives
                .wanted
                .iter()
                .filter_map(|o| Some((o.name.clone(), metrics.value(&o.name)?)))
                .collect()
        };
        Summary {
            schema: 1,
            study: self.name().into(),
            status: match self.history.closed {
                None => "running",
                Some(Reason::Finished) => "finished",
                Some(Reason::Infeasible) => "infeasible",
                Some(Reason::NothingWorked) => "nothing-worked",
            }
            .into(),
            seed: setup.file.settings.seed,
            strategy: setup.file.settings.strategy.clone(),
            test_touches: self.history.touches(),
            task: TaskSummary {
                name: facts.name.clone(),
                kind: facts.kind.clone(),
                metric: metric.clone(),
                train: facts.train,
                validation: facts.validation,
                test: facts.test,
            },
            space: SpaceSummary {
                name: setup.space.name().into(),
                count,
                count_is: if is_exact { "exact" } else { "estimate" }.into(),
            },
            objectives: self.objectives(),
            trials: TrialCounts {
                finished: of(State::Finished),
                scored: all(State::Finished).filter(|t| setup.is_look(&t.proposal)).count(),
                shared: all(State::Finished).filter(|t| setup.is_shared(&t.proposal)).count(),
                failed: of(State::Failed),
                infeasible: of(State::Infeasible),
                duplicate: self.history.of(&Role::Search).filter(|t| t.copied_from.is_some()).count(),
            },
            best: best(evidence.winner, &evidence.test),
            sizes: evidence
                .sizes
                .iter()
                .map(|size| SizeSummary { size: size.most, best: best(size.trial, &size.test) })
                .collect(),
            pareto: crate::choice::pareto_set(&self.history, &setup.objectives)
                .into_iter()
                .map(|t| ParetoMember { trial: t.id.0, objectives: objectives(t) })
                .collect(),
            baselines: evidence
                .baselines
                .iter()
                .map(|b| BaselineSummary {
                    name: b.name.clone(),
                    trial: b.trial.map(|id| id.0),
                    params: b.trial.and_then(|id| self.history.trial(id)).and_then(params),
                    test: test(&b.test),
                    verdict: b.verdict.as_ref().map(VerdictSummary::new),
                })
                .collect(),
            cost: CostSummary {
                search_s: seconds.search,
                baseline_s: seconds.baselines,
                final_s: seconds.finals,
            },
            trust: Trust::new(setup, &self.history),
            notes: self.notes(&evidence),
        }
    }

    /// What the data are, and what the final network answered to their test part.
    fn data_facts(&self, task: &Task, winner: Option<TrialId>) -> DataFacts {
        let found = task.findings();
        let refit = winner.and_then(|id| self.history.finals(id, Data::All).first().map(|t| t.id));
        let counts = |c: PartCounts| [c.train, c.validation, c.test];
        DataFacts {
            places: found.places.clone(),
            target: found.target.clone(),
            inputs: found.inputs.clone(),
            split: found.split.clone(),
            rows: [task.split.train.len(), task.split.validation.len(), task.split.test.len()],
            classes: found.classes.iter().map(|c| (c.name.clone(), counts(c.rows))).collect(),
            columns: found
                .columns
                .iter()
                .map(|c| ColumnFacts {
                    name: c.name.clone(),
                    treatment: c.treatment.clone(),
                    missing: c.missing,
                    different: c.different,
                })
                .collect(),
            notes: found.notes.clone(),
            warnings: found.warnings.clone(),
            tested: refit.and_then(|id| crate::answers::tested(task, &self.folder.trials(), id)),
        }
    }

    fn objectives(&self) -> Vec<ObjectiveSummary> {
        let limits = &self.setup.objectives.limits;
        let wanted = &self.setup.objectives.wanted;
        let direction = |d| match d {
            Direction::Maximize => "maximize",
            Direction::Minimize => "minimize",
        };
        let mut all: Vec<ObjectiveSummary> = wanted
            .iter()
            .map(|o| ObjectiveSummary {
                name: o.name.clone(),
                direction: direction(o.direction).into(),
                limit: limits.iter().find(|l| l.metric == o.name).map(|l| l.value),
            })
            .collect();
        for limit in limits.iter().filter(|l| !wanted.iter().any(|o| o.name == l.metric)) {
            let direction = if limit.bound == Bound::AtMost { "at-most" } else { "at-least" };
            let (name, limit) = (limit.metric.clone(), Some(limit.value));
            all.push(ObjectiveSummary { name, direction: direction.into(), limit });
        }
        all
    }

    /// Calls `use_it` with everything that a page or a card tells.
    pub(crate) fn with_report<T>(&self, use_it: impl FnOnce(&Report<'_>) -> T) -> T {
        let evidence = self.evidence();
        let trial = evidence.winner.and_then(|id| self.history.trial(id));
        let best = trial.and_then(|t| draw(&*self.setup.space, &t.proposal.decisions).ok());
        let answers: Vec<Vec<Answer>> = self.history.trials.iter().map(|t| self.answers(t)).collect();
        let (count, is_exact) = self.count();
        let (setup, path) = (&self.setup, self.folder.path().display());
        let mut commands = vec![format!("nascent search {path}/study.toml")];
        commands.extend(crate::ask(&setup.facts.kind, &path.to_string()));
        commands
            .push(format!("nascent resume {path} --trials {}", self.history.of(&Role::Search).count() * 2));
        let baselines = evidence.baselines.iter().map(|b| nascent_report::Baseline {
            name: b.name.clone(),
            trial: b.trial,
            params: b.trial.and_then(|id| self.history.trial(id)?.costs.value("params")).map(|p| p as u64),
            test: b.test.as_ref().map(|t| t.interval),
            verdict: b.verdict,
        });
        let sizes = evidence.sizes.iter().map(|size| nascent_report::OfSize {
            most: size.most,
            trial: size.trial,
            params: size.trial.and_then(|id| self.history.trial(id)?.costs.value("params")).map(|p| p as u64),
            test: size.test.as_ref().map(|t| t.interval),
        });
        use_it(&Report {
            study: self.name(),
            version: env!("CARGO_PKG_VERSION"),
            task: setup.facts.clone(),
            data: setup.task.as_ref().map(|task| self.data_facts(task, evidence.winner)),
            space: SpaceFacts { name: self.setup.space.name().into(), count, is_exact },
            history: &self.history,
            objectives: &self.setup.objectives,
            rule: crate::rule(&setup.objectives, setup.tolerance(&self.history)),
            recommended: evidence.winner,
            best: best.as_ref(),
            answers: &answers,
            test: evidence.test.as_ref().map(|t| t.interval),
            baselines: baselines.collect(),
            sizes: sizes.collect(),
            seconds: self.seconds(),
            duplicates: self.duplicates(),
            commands,
            notes: self.notes(&evidence),
        })
    }
}
