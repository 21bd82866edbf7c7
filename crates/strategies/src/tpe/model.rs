use crate::elite::Elite;
use crate::fingerprint::NumberMap;
use nascent_core::objective::Score;
use nascent_core::question::{Path, Question, Scale};
use nascent_core::rng::Rng;
use nascent_core::{Chooser, Decisions, PathKey, SpaceError};

/// The most results that count as good.
const MOST_GOOD: usize = 25;
/// How many results the uniform distribution weighs as much as, so that no option is ever ruled out.
const PRIOR: f64 = 1.0;

/// What good networks answer, and what all do.
pub(super) struct Model {
    /// How many of a hundred results are good.
    percentage: u64,
    observed: usize,
    /// The best results, as many as may ever count as good.
    best: Elite<Decisions>,
    index: NumberMap<PathKey, usize>,
    places: Vec<Place>,
    /// Counts the changes of what is good.
    version: u64,
    is_stale: bool,
}

/// The answers given at one place.
#[derive(Default)]
struct Place {
    good: Vec<u32>,
    all: Vec<u32>,
    /// The cumulative distribution of the good, and how much likelier each option is among them, as logarithms.
    cumulative: Vec<f64>,
    ratio: Vec<f64>,
    version: u64,
}

fn count(counts: &mut Vec<u32>, answer: u16) {
    let answer = usize::from(answer);
    if counts.len() <= answer {
        counts.resize(answer + 1, 0);
    }
    counts[answer] += 1;
}

impl Model {
    pub(super) fn new(percentage: u64) -> Self {
        Self {
            percentage,
            observed: 0,
            best: Elite::new(MOST_GOOD),
            index: NumberMap::default(),
            places: Vec::new(),
            version: 0,
            is_stale: true,
        }
    }

    pub(super) fn observed(&self) -> usize {
        self.observed
    }

    /// How many results count as good.
    fn quota(&self) -> usize {
        (self.observed * self.percentage as usize).div_ceil(100).min(MOST_GOOD)
    }

    pub(super) fn learn(&mut self, decisions: Decisions, score: Score) {
        self.observed += 1;
        self.is_stale = true;
        for (key, answer) in decisions.iter() {
            let place = self.place(key);
            count(&mut self.places[place].all, answer);
        }
        self.best.add(score, decisions);
    }

    fn place(&mut self, key: PathKey) -> usize {
        let next = self.places.len();
        let place = *self.index.entry(key).or_insert(next);
        if place == next {
            self.places.push(Place::default());
        }
        place
    }

    /// Counts the good anew, where anything was learnt since.
    pub(super) fn refresh(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        self.version += 1;
        self.places.iter_mut().for_each(|place| place.good.clear());
        let quota = self.quota();
        for (_, decisions) in self.best.members().iter().take(quota) {
            for (key, answer) in decisions.iter() {
                // Every place was met when the decisions were learnt.
                if let Some(place) = self.index.get(&key) {
                    count(&mut self.places[*place].good, answer);
                }
            }
        }
    }

    /// Answers a space's questions as good networks do.
    pub(super) fn draw<'m>(&'m mut self, rng: &'m mut Rng) -> Draw<'m> {
        Draw { model: self, rng, ratio: 0.0 }
    }
}

/// Draws one candidate.
pub(super) struct Draw<'m> {
    model: &'m mut Model,
    rng: &'m mut Rng,
    ratio: f64,
}

impl Draw<'_> {
    /// How much likelier the answers were among good networks, as a logarithm.
    pub(super) fn ratio(&self) -> f64 {
        self.ratio
    }
}

impl Chooser for Draw<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let place = self.model.place(path.key());
        let version = self.model.version;
        let place = &mut self.model.places[place];
        if place.version != version {
            place.weigh(question);
            place.version = version;
        }
        let last = question.options.len() - 1;
        let at = self.rng.unit();
        let answer = place.cumulative.partition_point(|c| *c <= at).min(last);
        self.ratio += place.ratio.get(answer).copied().unwrap_or(0.0);
        Ok(answer)
    }
}

impl Place {
    fn weigh(&mut self, question: &Question<'_>) {
        let options = question.options.len();
        let at = |counts: &[u32], i: usize| f64::from(counts.get(i).copied().unwrap_or(0));
        let mut good: Vec<f64> = (0..options).map(|i| at(&self.good, i)).collect();
        let mut rest: Vec<f64> = (0..options).map(|i| at(&self.all, i) - at(&self.good, i)).collect();
        if question.scale == Scale::Ordered {
            smooth(&mut good);
            smooth(&mut rest);
        }
        normalise(&mut good);
        normalise(&mut rest);
        self.ratio.clear();
        self.ratio.extend(good.iter().zip(&rest).map(|(g, r)| (g / r).ln()));
        let mut sum = 0.0;
        self.cumulative.clear();
        self.cumulative.extend(good.iter().map(|g| {
            sum += g;
            sum
        }));
    }
}

/// Counts as a distribution, the uniform one mixed in.
fn normalise(weights: &mut [f64]) {
    let prior = PRIOR / weights.len() as f64;
    let total = weights.iter().sum::<f64>() + PRIOR;
    weights.iter_mut().for_each(|w| *w = (*w + prior) / total);
}

/// Spreads ordered options' weights over their neighbours with a kernel that falls by a constant factor a step, whose
/// width shrinks as results come in.
fn smooth(weights: &mut [f64]) {
    let total: f64 = weights.iter().sum();
    let width = weights.len() as f64 / 4.0 / (1.0 + total).sqrt();
    let keep = (-1.0 / width.max(1e-3)).exp();
    let mut back = vec![0.0; weights.len()];
    let mut carried = 0.0;
    for (i, weight) in weights.iter().enumerate().rev() {
        back[i] = carried;
        carried = (carried + weight) * keep;
    }
    carried = 0.0;
    let mut spread = 0.0;
    for (weight, back) in weights.iter_mut().zip(back) {
        let own = *weight;
        *weight += back + carried;
        carried = (carried + own) * keep;
        spread += *weight;
    }
    if spread > 0.0 {
        weights.iter_mut().for_each(|w| *w *= total / spread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_are_the_best_of_all_that_was_learnt() {
        let mut rng = Rng::new(3, 0);
        let mut model = Model::new(20);
        let mut all: Vec<(f64, u16)> = Vec::new();
        for _ in 0..60 {
            let (value, answer) = (rng.unit(), rng.below(5) as u16);
            all.push((value, answer));
            let decisions = [(PathKey(7), answer)].into_iter().collect();
            model.learn(decisions, Score { violation: 0.0, values: [value].into_iter().collect() });
        }
        model.refresh();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let counted = |of: &[(f64, u16)]| {
            (0..5).map(|a| of.iter().filter(|(_, answer)| *answer == a).count() as u32).collect::<Vec<_>>()
        };
        let mut good = model.places[0].good.clone();
        good.resize(5, 0);
        assert_eq!(good, counted(&all[..12]), "20 % of 60");
        assert_eq!(model.places[0].all, counted(&all));
    }

    #[test]
    fn neighbours_of_an_ordered_option_share_its_weight() {
        let mut weights = [0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        smooth(&mut weights);
        assert!((weights.iter().sum::<f64>() - 4.0).abs() < 1e-9);
        assert!(weights[2] > weights[3] && weights[3] > weights[4] && weights[4] > weights[5]);
        assert!((weights[1] - weights[3]).abs() < 1e-12 && weights[7] > 0.0);
        let mut many = weights.map(|w| 1_000.0 * w);
        let before = many;
        smooth(&mut many);
        assert!((many[2] - before[2]).abs() < 0.01 * before[2], "many results need no neighbours");
    }
}
