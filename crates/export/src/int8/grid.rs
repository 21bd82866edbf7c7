/// Which numbers the whole numbers from 0 to 255 stand for: `scale · (number − zero)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// The distance of neighbours.
    pub scale: f32,
    /// The whole number that stands for 0.
    pub zero: u8,
}

impl Grid {
    /// Covers what lies between these bounds, and 0, which has a whole number of its own.
    #[must_use]
    pub fn over(least: f32, most: f32) -> Self {
        let (least, most) = (least.min(0.0), most.max(0.0));
        let scale = most / 255.0 - least / 255.0;
        if !scale.is_normal() {
            return Self { scale: 1.0, zero: 0 };
        }
        Self { scale, zero: (-least / scale).round_ties_even().clamp(0.0, 255.0) as u8 }
    }

    /// The nearest number that has a whole number.
    #[must_use]
    pub fn nearest(self, number: f32) -> f32 {
        let zero = f32::from(self.zero);
        self.scale * (((number / self.scale).round_ties_even() + zero).clamp(0.0, 255.0) - zero)
    }
}

/// How many numbers of each batch are kept.
const KEPT: usize = 4096;
/// The shares of what was seen that grids are tried for.
const SHARES: [f32; 11] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5];

/// What was seen of a value.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    least: f32,
    most: f32,
    some: Vec<f32>,
    is_finite: bool,
    has_seen: bool,
}

impl Observed {
    /// Sees the numbers of a batch.
    pub fn see(&mut self, numbers: &[f32]) {
        self.is_finite = (self.is_finite || !self.has_seen) && numbers.iter().all(|x| x.is_finite());
        self.has_seen = true;
        for x in numbers {
            (self.least, self.most) = (self.least.min(*x), self.most.max(*x));
        }
        let len = numbers.len() as u64;
        // A multiple of a large prime goes through all places in no order of channels or rows.
        let place = |i: usize| (i as u64).wrapping_mul(2_654_435_761) % len.max(1);
        let kept = numbers.len().min(KEPT);
        self.some.extend((0..kept).map(|i| numbers[place(i) as usize]));
    }

    /// The grid that loses least of some of what was seen, by squared differences: that over everything, or one over less of it
    /// with smaller steps. None where nothing was seen, or something that is no number.
    #[must_use]
    pub fn grid(&self) -> Option<Grid> {
        if !self.is_finite {
            return None;
        }
        let lost =
            |grid: &Grid| -> f64 { self.some.iter().map(|x| f64::from(grid.nearest(*x) - x).powi(2)).sum() };
        let grids = SHARES.map(|share| Grid::over(share * self.least, share * self.most));
        grids
            .into_iter()
            .map(|grid| (lost(&grid), grid))
            .reduce(|a, b| if b.0 < a.0 { b } else { a })
            .map(|(_, g)| g)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_loses_half_a_step_at_most_and_nothing_of_zero() {
        for (least, most) in [(-1.0, 3.0), (0.0, 6.0), (-2.5, -0.5), (0.1, 0.2), (-1e-3, 1e4)] {
            let grid = Grid::over(least, most);
            assert_eq!(grid.nearest(0.0), 0.0);
            for i in 0..=1000 {
                let x = least + (most - least) * i as f32 / 1000.0;
                // The zero is rounded too, so that the ends may be half a step outside.
                let apart = (grid.nearest(x) - x).abs();
                assert!(
                    apart <= grid.scale * 0.5001 + f32::EPSILON * most.abs(),
                    "{x} in {least}..{most}: {apart}"
                );
            }
        }
    }

    #[test]
    fn values_that_never_change_have_a_grid() {
        for constant in [0.0, 2.0, -3.0, f32::MIN_POSITIVE / 4.0] {
            let mut seen = Observed::default();
            seen.see(&[constant; 40]);
            let grid = seen.grid().unwrap();
            assert!(grid.scale.is_finite() && grid.scale > 0.0);
            assert!((grid.nearest(constant) - constant).abs() <= constant.abs() * 1e-6 + f32::MIN_POSITIVE);
        }
        assert_eq!(Observed::default().grid(), None);
        let mut seen = Observed::default();
        seen.see(&[1.0, f32::NAN]);
        seen.see(&[1.0]);
        assert_eq!(seen.grid(), None);
    }

    #[test]
    fn one_number_far_away_is_given_up_for_smaller_steps() {
        let mut seen = Observed::default();
        let mut numbers: Vec<f32> = (0..100_000).map(|i| (i % 100) as f32 / 100.0).collect();
        numbers.push(1.9);
        seen.see(&numbers);
        assert!(seen.grid().unwrap().scale < 1.9 / 255.0);
    }
}
