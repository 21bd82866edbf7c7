//! Random forests on encoded decisions (Breiman 2001, doi:10.1023/A:1010933404324; Hutter et al. 2011,
//! doi:10.1007/978-3-642-25566-3_40).

use super::acquisition::Acquisition;
use super::encoding::{Codes, Encoding, NOT_ASKED};
use super::gaussian_process::Guess;
use super::normal::Scores;
use super::surrogate::{modelled, schedule};
use crate::variation::Child;
use nascent_core::objective::{Metrics, Objectives, Score};
use nascent_core::rng::Rng;
use nascent_core::{Decisions, Space, SpaceError};

/// One forest for each objective and each limit that is measured, grown on a schedule that depends on the number of
/// results alone.
#[derive(Default)]
pub(crate) struct Forests {
    encoding: Encoding,
    codes: Vec<Codes>,
    values: Vec<Vec<f64>>,
    fitted: usize,
    forests: Vec<Vec<Tree>>,
    scales: Vec<Scores>,
}

const TREES: usize = 20;
/// The share of the columns that a split chooses from, and the fewest results that are split, as in SMAC.
const SHARE: f64 = 5.0 / 6.0;
const FEWEST: usize = 3;
/// The most results a tree is grown on.
const MOST: usize = 400;

impl Forests {
    /// Takes in a result.
    pub(crate) fn learn(
        &mut self,
        space: &dyn Space,
        objectives: &Objectives,
        decisions: &Decisions,
        metrics: &Metrics,
        score: &Score,
    ) -> Result<(), SpaceError> {
        self.codes.push(self.encoding.learn(space, decisions)?);
        self.values.push(modelled(objectives, metrics, score));
        Ok(())
    }

    pub(crate) fn results(&self) -> usize {
        self.codes.len()
    }

    /// Grows the forests anew where enough came in.
    pub(crate) fn update(&mut self) {
        let fitted = schedule(self.results());
        if self.fitted == fitted {
            return;
        }
        self.fitted = fitted;
        let modelled = self.values.first().map_or(0, Vec::len);
        let columns = self.encoding.columns().len();
        let codes: Vec<Codes> = self.codes[..fitted]
            .iter()
            .map(|codes| codes.iter().copied().chain(std::iter::repeat(NOT_ASKED)).take(columns).collect())
            .collect();
        self.forests.clear();
        self.scales.clear();
        for m in 0..modelled {
            let scores = Scores::new(self.values[..fitted].iter().map(|v| v[m]));
            let targets: Vec<f64> = self.values[..fitted].iter().map(|v| scores.score(v[m])).collect();
            let tree = |number: usize| {
                let mut rng = Rng::new(fitted as u64, (m * TREES + number) as u64);
                let rows = (0..fitted.min(MOST)).map(|_| rng.below(fitted)).collect();
                Tree::grow(&codes, &targets, rows, &mut rng)
            };
            self.forests.push((0..TREES).map(tree).collect());
            self.scales.push(scores);
        }
    }

    /// What is guessed of each objective and each limit, as [`Scores`].
    pub(crate) fn guesses(&self, decisions: &Decisions) -> Vec<Guess> {
        let codes = self.encoding.encode(decisions);
        let guess = |forest: &Vec<Tree>| {
            let leaves: Vec<(f64, f64)> = forest.iter().map(|tree| tree.leaf(&codes)).collect();
            let n = leaves.len() as f64;
            let mean = leaves.iter().map(|(mean, _)| mean).sum::<f64>() / n;
            // Within leaves and between trees.
            let variance = leaves.iter().map(|(m, v)| v + (m - mean).powi(2)).sum::<f64>() / n;
            Guess { mean, deviation: variance.sqrt() }
        };
        self.forests.iter().map(guess).collect()
    }

    /// What these children are worth.
    pub(crate) fn value(&self, acquisition: &Acquisition, children: Vec<Child>) -> Vec<(f64, Child)> {
        children.into_iter().map(|child| (acquisition.worth(&self.guesses(&child.0)), child)).collect()
    }

    pub(crate) fn scales(&self) -> &[Scores] {
        &self.scales
    }
}

/// A regression tree.
struct Tree(Vec<Node>);

enum Node {
    /// The mean of the values, and their variance.
    Leaf(f64, f64),
    /// A column, a code, whether codes are to be equal to it or at most it, and the node for those that are not; those
    /// that are go on at the next.
    Split(usize, f32, bool, usize),
}

impl Tree {
    fn grow(codes: &[Codes], targets: &[f64], rows: Vec<usize>, rng: &mut Rng) -> Self {
        let mut nodes = Vec::new();
        // Rows, and the split whose other side they are.
        let mut waiting: Vec<(Vec<usize>, Option<usize>)> = vec![(rows, None)];
        while let Some((rows, split)) = waiting.pop() {
            let here = nodes.len();
            if let Some(Node::Split(.., other)) = split.map(|at: usize| &mut nodes[at]) {
                *other = here;
            }
            match best_split(codes, targets, &rows, rng) {
                Some((column, code, is_equal)) => {
                    let (with, without): (Vec<usize>, Vec<usize>) =
                        rows.into_iter().partition(|&r| matches(codes[r][column], code, is_equal));
                    nodes.push(Node::Split(column, code, is_equal, 0));
                    waiting.push((without, Some(here)));
                    waiting.push((with, None));
                }
                None => {
                    let (mean, variance) = moments(rows.iter().map(|&r| targets[r]));
                    nodes.push(Node::Leaf(mean, variance));
                }
            }
        }
        Self(nodes)
    }

    fn leaf(&self, codes: &Codes) -> (f64, f64) {
        let mut at = 0;
        loop {
            match self.0[at] {
                Node::Leaf(mean, variance) => return (mean, variance),
                Node::Split(column, code, is_equal, other) => {
                    let here = codes.get(column).copied().unwrap_or(NOT_ASKED);
                    at = if matches(here, code, is_equal) { at + 1 } else { other };
                }
            }
        }
    }
}

fn matches(here: f32, code: f32, is_equal: bool) -> bool {
    if is_equal { here == code } else { here <= code }
}

fn moments(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        n += 1.0;
        sum += value;
        squares += value * value;
    }
    let mean = sum / f64::max(n, 1.0);
    (mean, (squares / f64::max(n, 1.0) - mean * mean).max(0.0))
}

/// The split of these rows that leaves the least variance, among random columns.
fn best_split(codes: &[Codes], targets: &[f64], rows: &[usize], rng: &mut Rng) -> Option<(usize, f32, bool)> {
    let columns = codes.first().map_or(0, Vec::len);
    if rows.len() < FEWEST {
        return None;
    }
    let mut best: Option<(f64, (usize, f32, bool))> = None;
    for column in 0..columns {
        if rng.unit() > SHARE {
            continue;
        }
        let mut met: Vec<f32> = rows.iter().map(|&r| codes[r][column]).collect();
        met.sort_by(f32::total_cmp);
        met.dedup();
        if met.len() < 2 {
            continue;
        }
        // Codes of kinds are whole, those of places are from 0 to 1.
        let is_equal = met.iter().all(|code| code.fract() == 0.0);
        for &code in &met[..met.len() - usize::from(!is_equal || met.len() == 2)] {
            let (mut with, mut without) = ([0.0; 2], [0.0; 2]);
            for &r in rows {
                let side = if matches(codes[r][column], code, is_equal) { &mut with } else { &mut without };
                side[0] += 1.0;
                side[1] += targets[r];
            }
            let explained = [with, without].map(|[n, sum]| sum * sum / f64::max(n, 1.0)).iter().sum();
            if best.is_none_or(|(most, _)| explained > most) {
                best = Some((explained, (column, code, is_equal)));
            }
        }
    }
    best.map(|(_, split)| split)
}
