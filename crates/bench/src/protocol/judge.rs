use nascent_core::objective::Direction;
use nascent_core::{Metrics, Objectives};

/// What is reported of a network, or of a set of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// What it is about, such as a data set or a device.
    pub dataset: String,
    /// The name of the number.
    pub metric: String,
    /// Which way it is better.
    pub direction: Direction,
    /// The least that any search could leave, or the most that it could reach.
    pub optimum: f64,
    /// What a run has that has found nothing yet.
    pub nothing: f64,
}

/// How what a search found is judged.
pub enum Judge {
    /// By its best network so far, as the search itself measured it: the value of each score for each row.
    Incumbent(Vec<(Score, Vec<f64>)>),
    /// By the area that its networks dominate, as a share of what all networks of the table dominate.
    Area(Score, Yardstick),
}

/// What areas are measured with.
pub struct Yardstick {
    /// The two metrics by which networks are placed, with the values of each row.
    pub axes: [(Direction, Vec<f64>); 2],
    /// The corner from which areas are measured; what is no better adds nothing.
    pub reference: [f64; 2],
    /// The area of the whole table.
    pub whole: f64,
}

impl Yardstick {
    /// A yardstick for these columns.
    #[must_use]
    pub fn new(axes: [(Direction, Vec<f64>); 2], reference: [f64; 2]) -> Self {
        let mut yardstick = Self { axes, reference, whole: 0.0 };
        let mut front = Front::default();
        for row in 0..yardstick.axes[0].1.len() {
            if let Some(gains) = yardstick.gains(row) {
                front.add(gains);
            }
        }
        yardstick.whole = front.area();
        yardstick
    }

    /// By how much a row is better than the reference on both axes; `None` where it is not.
    fn gains(&self, row: usize) -> Option<[f64; 2]> {
        let gain = |axis: usize| {
            let (direction, values) = &self.axes[axis];
            let value = *values.get(row)?;
            let gain = match direction {
                Direction::Maximize => value - self.reference[axis],
                Direction::Minimize => self.reference[axis] - value,
            };
            (gain > 0.0).then_some(gain)
        };
        Some([gain(0)?, gain(1)?])
    }
}

/// Points none of which is better than another in both, sorted by the first, falling.
#[derive(Default)]
struct Front(Vec<[f64; 2]>);

impl Front {
    /// Adds a point; `false` where another is at least as good in both.
    fn add(&mut self, point: [f64; 2]) -> bool {
        if self.0.iter().any(|p| p[0] >= point[0] && p[1] >= point[1]) {
            return false;
        }
        self.0.retain(|p| p[0] > point[0] || p[1] > point[1]);
        let place = self.0.partition_point(|p| p[0] > point[0]);
        self.0.insert(place, point);
        true
    }

    fn area(&self) -> f64 {
        let mut below = 0.0;
        let slice = |p: &[f64; 2]| {
            let area = p[0] * (p[1] - below);
            below = p[1];
            area
        };
        self.0.iter().map(slice).sum()
    }
}

impl Judge {
    /// What is reported, in order.
    pub fn scores(&self) -> Vec<&Score> {
        match self {
            Self::Incumbent(scores) => scores.iter().map(|(score, _)| score).collect(),
            Self::Area(score, _) => vec![score],
        }
    }
}

/// What a run has found so far.
pub(crate) struct Judging<'c> {
    judge: &'c Judge,
    objectives: &'c Objectives,
    best: Option<(f64, f64)>,
    front: Front,
}

impl<'c> Judging<'c> {
    pub(crate) fn new(judge: &'c Judge, objectives: &'c Objectives) -> Self {
        Self { judge, objectives, best: None, front: Front::default() }
    }

    /// Takes in a result; the answer is the new scores, where it changes any.
    pub(crate) fn hear(&mut self, row: usize, metrics: &Metrics) -> Option<Vec<f64>> {
        match self.judge {
            Judge::Incumbent(scores) => {
                let score = self.objectives.score(metrics)?;
                let worth = (score.violation, *score.values.first()?);
                if score.violation > 0.0 || self.best.is_some_and(|best| worth >= best) {
                    return None;
                }
                self.best = Some(worth);
                let value = |(score, values): &(Score, Vec<f64>)| {
                    // What was not measured says nothing good of the network.
                    values.get(row).copied().filter(|v| v.is_finite()).unwrap_or(score.nothing)
                };
                Some(scores.iter().map(value).collect())
            }
            Judge::Area(_, yardstick) => {
                let gains = yardstick.gains(row)?;
                self.front.add(gains).then(|| vec![self.front.area() / yardstick.whole])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_those_of_the_union_of_rectangles() {
        let up = |values: &[f64]| (Direction::Maximize, values.to_vec());
        let down = |values: &[f64]| (Direction::Minimize, values.to_vec());
        // From (0, 10): rectangles of 3×2, 2×6 and 1×9, and two rows that add nothing.
        let axes = [up(&[3.0, 2.0, 1.0, 1.5, 9.0]), down(&[8.0, 4.0, 1.0, 5.0, 10.0])];
        let yardstick = Yardstick::new(axes, [0.0, 10.0]);
        assert_eq!(yardstick.whole, 3.0 * 2.0 + 2.0 * 4.0 + 1.0 * 3.0);
        let score = Score {
            dataset: String::new(),
            metric: String::new(),
            direction: Direction::Maximize,
            optimum: 1.0,
            nothing: 0.0,
        };
        let judge = Judge::Area(score, yardstick);
        let objectives = Objectives::single("a", Direction::Maximize);
        let mut judging = Judging::new(&judge, &objectives);
        let mut hear = |row| judging.hear(row, &Metrics::new());
        assert_eq!(hear(4), None);
        assert_eq!(hear(1), Some(vec![12.0 / 17.0]));
        assert_eq!(hear(3), None);
        assert_eq!(hear(0), Some(vec![14.0 / 17.0]));
        assert_eq!(hear(2), Some(vec![1.0]));
    }
}
