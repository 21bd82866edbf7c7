//! A synthetic study: events as the loop writes them, around made-up but plausible numbers.

#![allow(dead_code, clippy::unwrap_used, reason = "every test binary uses a part, and may panic")]

pub mod networks;

use nascent_core::architecture::Architecture;
use nascent_core::chooser::{Answer, SurveyedQuestion};
use nascent_core::event::{Created, Data, FORMAT, Outcome, Proposal, Reason, Role, Rung, Seq, Stamped};
use nascent_core::objective::{Direction, Objective, Violation, cost_metrics};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::rng::Rng;
use nascent_core::statistics::{
    Difference, Interval, Verdict, VerdictResult, difference, holm, interval, verdict,
};
use nascent_core::{Decisions, Event, History, Metrics, Objectives, TrialId};
use nascent_report::{
    Baseline, ClassesTested, ColumnFacts, DataFacts, Duplicates, Mistake, Report, Seconds, SpaceFacts,
    TaskFacts, Tested,
};

/// What the study is to have.
#[derive(Clone)]
pub struct Wishes {
    pub study: String,
    pub search: usize,
    pub baseline: bool,
    pub finals: bool,
    pub tested: bool,
    pub sizes: bool,
    pub all_fail: bool,
    pub reason: String,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            study: "digits-1".into(),
            search: 60,
            baseline: true,
            finals: true,
            tested: true,
            sizes: true,
            all_fail: false,
            reason: "the loss became NaN in epoch 3".into(),
        }
    }
}

/// Everything a report borrows.
pub struct Study {
    pub wishes: Wishes,
    pub history: History,
    pub objectives: Objectives,
    pub answers: Vec<Vec<Answer>>,
    pub best: Architecture,
    pub recommended: Option<TrialId>,
    pub test: Option<Interval>,
    pub baselines: Vec<Baseline>,
}

const QUESTIONS: [(&str, &[&str], bool); 12] = [
    ("width", &["8", "16", "24", "32"], true),
    ("depth", &["1", "2"], true),
    ("kernel", &["3", "5"], true),
    ("block", &["plain", "expand 2", "expand 4"], true),
    ("skip", &["no", "yes"], true),
    ("activation", &["relu", "silu", "gelu"], true),
    ("norm", &["none", "batch"], true),
    ("head", &["average", "flatten"], true),
    ("dropout", &["0", "0.1", "0.3"], true),
    ("training.learning_rate", &["0.0005", "0.001", "0.002", "0.004", "0.008", "0.016"], false),
    ("training.weight_decay", &["0", "0.001", "0.01", "0.05"], false),
    ("training.augmentation", &["none", "light", "strong"], false),
];

fn network(chosen: &[usize]) -> Architecture {
    let expansion = [1, 2, 4][chosen[3]];
    let width = [8, 16, 24, 32][chosen[0]];
    networks::searched(width, chosen[1] + 1, [3, 5][chosen[2]], expansion, chosen[4] == 1, chosen[6] == 1)
}

struct Writer {
    events: Vec<Stamped>,
    now: u64,
    trials: u32,
    rng: Rng,
    answers: Vec<Vec<Answer>>,
}

impl Writer {
    fn push(&mut self, event: Event) {
        let seq = Seq(self.events.len() as u64 + 1);
        self.events.push(Stamped { seq, at_ms: self.now, event });
    }

    /// Answers as indices, drawn around those of a parent.
    fn draw(&mut self, parent: Option<&[usize]>) -> Vec<usize> {
        let changed = self.rng.below(QUESTIONS.len());
        let mut draw = |q: usize| self.rng.below(QUESTIONS[q].1.len());
        match parent {
            Some(p) => p.iter().enumerate().map(|(q, a)| if q == changed { draw(q) } else { *a }).collect(),
            None => (0..QUESTIONS.len()).map(draw).collect(),
        }
    }

    fn propose(&mut self, role: Role, chosen: &[usize], parents: &[u32]) -> (TrialId, f64) {
        let trial = TrialId(self.trials);
        self.trials += 1;
        let decisions: Decisions =
            chosen.iter().enumerate().map(|(q, a)| (Path::new(QUESTIONS[q].0).key(), *a as u16)).collect();
        let label = |q: usize| QUESTIONS[q].1[chosen[q]].to_string();
        let topic = |q: usize| if QUESTIONS[q].2 { Topic::Architecture } else { Topic::Training };
        let answer = |q: usize| Answer { path: QUESTIONS[q].0.into(), topic: topic(q), label: label(q) };
        self.answers.push((0..chosen.len()).map(answer).collect());
        let network = network(chosen);
        let cost = network.cost();
        let (params, macs) = (cost.params as f64, cost.macs as f64);
        let parents = parents.iter().map(|p| TrialId(*p)).collect();
        self.push(Event::Proposed {
            trial,
            seen: Seq(self.events.len() as u64),
            proposal: Proposal { decisions, rung: 0, budget: 10, parents, role },
            hash: Some(network.hash()),
            costs: Metrics::new().with("params", params).with("macs", macs),
        });
        (trial, params)
    }

    fn worth(&mut self, chosen: &[usize]) -> f64 {
        let c = |q: usize| chosen[q] as f64;
        let rate = -0.012 * (c(9) - 3.0).powi(2);
        let noise = 0.004 * self.rng.normal();
        let logit = 1.2 + 0.32 * c(0) + 0.5 * c(1) + 0.35 * c(3) + 0.9 * c(6) + 0.3 * c(4) - 0.1 * c(8);
        (1.0 / (1.0 + (-logit).exp()) + rate + 0.004 * c(11).min(1.0) + noise).clamp(0.1, 0.9965)
    }

    fn train(&mut self, trial: TrialId, worth: f64, epochs: u32) {
        self.push(Event::Started { trial, attempt: 1 });
        for step in 1..=epochs {
            self.now += 160 + self.rng.below(90) as u64;
            let left = (-f64::from(step) * 6.0 / f64::from(epochs)).exp();
            let accuracy = (worth - 0.75 * left + 0.0025 * self.rng.normal()).clamp(0.05, 1.0);
            let loss = 0.02 + 2.2 * left + 0.01 * self.rng.unit();
            let metrics = Metrics::new().with("train_loss", loss).with("accuracy", accuracy);
            self.push(Event::Reported { trial, step, metrics });
        }
    }

    fn finish(&mut self, trial: TrialId, worth: f64, copied_from: Option<TrialId>) {
        let metrics = Metrics::new().with("accuracy", worth);
        let outcome = Outcome { metrics, best_step: Some(9), cost: 10.0 };
        self.push(Event::Finished { trial, outcome, copied_from });
    }
}

fn created(w: &Wishes, objectives: &Objectives) -> Event {
    let question = |(path, options, architecture): &(&'static str, &[&str], bool)| SurveyedQuestion {
        path: (*path).into(),
        key: Path::new(path).key(),
        scale: Scale::Ordered,
        topic: if *architecture { Topic::Architecture } else { Topic::Training },
        options: options.iter().map(ToString::to_string).collect(),
    };
    Event::Created(Box::new(Created {
        format: FORMAT,
        program: "0.1.0".into(),
        study: w.study.clone(),
        seed: 1,
        strategy: "evolution:population=20,sample=5".into(),
        objectives: objectives.wanted.clone(),
        limits: objectives.limits.clone(),
        ladder: vec![Rung { estimator: "train".into(), budget: 10, cost: 10.0 }],
        questions: QUESTIONS.iter().map(question).collect(),
        settings: "task = \"digits\"\nspace = \"convnet\"\ntrials = 60\nseed = 1\n".into(),
    }))
}

/// Trials of one role; gives the best one's number, answers and worth.
fn search(
    writer: &mut Writer,
    w: &Wishes,
    role: &Role,
    count: usize,
    limit: Option<&nascent_core::objective::Limit>,
) -> Option<(TrialId, Vec<usize>, f64)> {
    let mut best: Option<(TrialId, Vec<usize>, f64)> = None;
    for n in 0..count {
        let parent = best.as_ref().filter(|_| n > 12 && n % 4 != 0).map(|(t, a, _)| (*t, a.clone()));
        let mut chosen = writer.draw(parent.as_ref().map(|(_, a)| a.as_slice()));
        if *role != Role::Search {
            chosen[..9].copy_from_slice(&[2, 0, 0, 0, 0, 0, 1, 1, 0]);
        }
        let parents: Vec<u32> = parent.iter().map(|(t, _)| t.0).collect();
        let (trial, params) = writer.propose(role.clone(), &chosen, &parents);
        if let Some(limit) = limit.filter(|l| *role == Role::Search && l.violation(params) > 0.0) {
            let violations = vec![Violation { limit: limit.clone(), value: params }];
            writer.push(Event::Infeasible { trial, violations });
            continue;
        }
        let worth = writer.worth(&chosen);
        if w.all_fail || (n % 17 == 9 && *role == Role::Search) {
            writer.push(Event::Started { trial, attempt: 1 });
            writer.now += 700;
            writer.push(Event::Failed { trial, reason: w.reason.clone() });
        } else if let Some((first, _, value)) = best.clone().filter(|_| n % 19 == 13) {
            writer.finish(trial, value, Some(first));
        } else {
            writer.train(trial, worth, 10);
            writer.finish(trial, worth, None);
            if best.as_ref().is_none_or(|b| worth > b.2) {
                best = Some((trial, chosen, worth));
            }
        }
    }
    best
}

impl Study {
    pub fn new(wishes: Wishes) -> Self {
        let wanted = |name: &str, direction| Objective { name: name.into(), direction };
        let mut objectives = Objectives {
            wanted: vec![wanted("accuracy", Direction::Maximize)],
            limits: Vec::new(),
            costs: cost_metrics(),
            preference: Default::default(),
        };
        if wishes.sizes {
            objectives.wanted.push(wanted("params", Direction::Minimize));
            objectives.limits.push("params<=50000".parse().unwrap());
        }
        let mut writer =
            Writer { events: Vec::new(), now: 1_000, trials: 0, rng: Rng::new(5, 1), answers: Vec::new() };
        writer.push(created(&wishes, &objectives));
        let limit = objectives.limits.first().cloned();
        let found = search(&mut writer, &wishes, &Role::Search, wishes.search, limit.as_ref());
        let mut baselines = Vec::new();
        let role = Role::Baseline("tuned-reference".into());
        let reference = wishes
            .baseline
            .then(|| search(&mut writer, &wishes, &role, wishes.search.min(60), None))
            .flatten();
        let mut test = None;
        if let Some((of, chosen, worth)) = found.clone().filter(|_| wishes.finals) {
            finals(&mut writer, of, &chosen, worth, &wishes);
            if wishes.tested {
                let own = tested(&mut writer, of, &chosen, 0.988);
                test = interval(&own, &|mean| mean, 1);
                if let Some((of, chosen, _)) = &reference {
                    let other = tested(&mut writer, *of, chosen, 0.962);
                    baselines.push(judged(&own, &other, *of, network(chosen).cost().params));
                }
                writer.push(Event::Closed { reason: Reason::Finished });
            }
        } else if wishes.all_fail {
            writer.push(Event::Closed { reason: Reason::NothingWorked });
        }
        let history = History::fold(&writer.events).unwrap();
        Self {
            history,
            objectives,
            answers: writer.answers,
            best: found.as_ref().map_or_else(networks::residual, |f| network(&f.1)),
            recommended: found.map(|f| f.0),
            test,
            baselines,
            wishes,
        }
    }

    pub fn report(&self) -> Report<'_> {
        let copied = self.history.trials.iter().filter(|t| t.copied_from.is_some()).count();
        let classes = (0..10).map(|c| c.to_string()).collect();
        Report {
            study: &self.wishes.study,
            version: "0.1.0",
            task: TaskFacts {
                name: "digits".into(),
                kind: "image-classification".into(),
                metric: "accuracy".into(),
                direction: Direction::Maximize,
                train: 1149,
                validation: 288,
                test: 360,
                classes,
            },
            data: Some(data()),
            space: SpaceFacts { name: "convnet".into(), count: "11943936".into(), is_exact: true },
            history: &self.history,
            objectives: &self.objectives,
            rule: "of the Pareto set's members within 0.002 of the best accuracy, the one best in params"
                .into(),
            recommended: self.recommended,
            best: self.recommended.map(|_| &self.best),
            answers: &self.answers,
            test: self.test,
            baselines: self.baselines.clone(),
            sizes: Vec::new(),
            seconds: Seconds { search: 63.2, baselines: 55.7, finals: 41.0 },
            duplicates: Duplicates { count: copied, saved_seconds: 2.1 * copied as f64 },
            commands: vec![
                "nascent search runs/digits-1/study.toml --out runs/digits-1-again".into(),
                "nascent show runs/digits-1".into(),
                "nascent predict runs/digits-1 image.png".into(),
            ],
            notes: vec!["The budget of 3 minutes lowered the seeds of the finals from 3 to 2.".into()],
        }
    }
}

/// Facts of images with ten classes, one of which is mistaken for another at times.
fn data() -> DataFacts {
    let names: Vec<String> = (0..10).map(|c| c.to_string()).collect();
    let mut confusion = vec![vec![0; 10]; 10];
    for (i, row) in confusion.iter_mut().enumerate() {
        row[i] = 36;
    }
    (confusion[8][8], confusion[8][1]) = (33, 3);
    DataFacts {
        places: vec!["digits.csv".into()],
        target: "digit".into(),
        inputs: "1 channel of 8×8 pixels".into(),
        split: "a fifth for testing".into(),
        rows: [1149, 288, 360],
        classes: names.iter().map(|n| (n.clone(), [115, 29, 36])).collect(),
        columns: vec![ColumnFacts {
            name: "a<b".into(),
            treatment: "number".into(),
            missing: 1,
            different: 9,
        }],
        notes: Vec::new(),
        warnings: vec!["2 rows occur twice".into()],
        tested: Some(Tested::Classes(ClassesTested {
            names,
            confusion,
            errors: vec![Mistake {
                row: 17,
                truth: "8".into(),
                said: "1".into(),
                probability: 0.998,
                picture: Some("data:image/png;base64,AAAA".into()),
            }],
        })),
    }
}

fn finals(writer: &mut Writer, of: TrialId, chosen: &[usize], worth: f64, w: &Wishes) {
    for finalist in [of.0, of.0 / 2, of.0 / 3] {
        for replica in 1..=3 {
            let role = Role::Final { of: TrialId(finalist), replica, data: Data::Train };
            let (trial, _) = writer.propose(role, chosen, &[finalist]);
            let worth = worth - 0.004 * f64::from(of.0 - finalist) / 10.0 + 0.002 * f64::from(replica);
            writer.train(trial, worth.min(0.997), 20);
            writer.finish(trial, worth.min(0.997), None);
        }
        if w.search < 4 {
            break;
        }
    }
}

/// Refits with three seeds and tests them: per-example scores of each.
fn tested(writer: &mut Writer, of: TrialId, chosen: &[usize], right: f64) -> Vec<Vec<f32>> {
    (1..=3)
        .map(|replica| {
            let role = Role::Final { of, replica, data: Data::All };
            let (trial, _) = writer.propose(role, chosen, &[of.0]);
            writer.push(Event::Started { trial, attempt: 1 });
            writer.now += 3_000;
            writer.finish(trial, right, None);
            // Hard examples are hard for everyone, so that comparisons are paired.
            let scores: Vec<f32> = (0..360)
                .map(|e| {
                    let luck =
                        if writer.rng.unit() < 0.8 { Rng::new(11, e).unit() } else { writer.rng.unit() };
                    if luck < right { 1.0 } else { 0.0 }
                })
                .collect();
            let mean = f64::from(scores.iter().sum::<f32>()) / 360.0;
            let metrics = Metrics::new().with("accuracy", mean);
            writer.push(Event::Tested { trial, touch: 1, metrics, scores: scores.clone() });
            scores
        })
        .collect()
}

fn judged(own: &[Vec<f32>], other: &[Vec<f32>], trial: TrialId, params: u64) -> Baseline {
    let d: Difference = difference(own, other, &|mean| mean, 1).unwrap();
    let v: Verdict = verdict(&d, Direction::Maximize, holm(&[d.p])[0], 0.005);
    Baseline {
        name: "tuned-reference".into(),
        trial: Some(trial),
        params: Some(params),
        test: interval(other, &|mean| mean, 1),
        verdict: Some(v),
    }
}

/// A verdict with this result and otherwise plain figures.
pub fn plain_verdict(result: VerdictResult) -> Verdict {
    Verdict { result, p: 0.02, margin: 0.005, difference: 0.008, ci95: [0.001, 0.015] }
}
