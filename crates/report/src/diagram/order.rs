//! Where the items of a layered drawing go within their rows (after Sugiyama et al. 1981, doi:10.1109/TSMC.1981.4308636).

/// A drawn block, or a line on its way through a row.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub row: usize,
    pub width: f64,
    /// The block, or the line's number.
    pub what: What,
    /// How hard it is to move off the middle: high for the longest path through the network.
    pub pinned: bool,
    /// The middle, horizontally; 0 is the middle of the drawing.
    pub x: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Block(usize),
    Line(usize),
}

/// Items by row, and which are joined: always items of neighbouring rows.
pub(super) struct Rows<'a> {
    pub items: &'a mut [Item],
    pub rows: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

const SWEEPS: usize = 8;
const STARTS: usize = 6;
/// Counting crossings is quadratic: larger drawings get two sweeps and no search.
const MOST_LINKS: usize = 5_000;

impl<'a> Rows<'a> {
    pub fn new(items: &'a mut [Item], links: &[(usize, usize)]) -> Self {
        let count = items.iter().map(|i| i.row + 1).max().unwrap_or(0);
        let mut rows = vec![Vec::new(); count];
        // Blocks first: a line beside a single block goes to its right.
        let (blocks, lines): (Vec<_>, Vec<_>) =
            (0..items.len()).partition(|&i| matches!(items[i].what, What::Block(_)));
        for i in blocks.into_iter().chain(lines) {
            rows[items[i].row].push(i);
        }
        let (mut above, mut below) = (vec![Vec::new(); items.len()], vec![Vec::new(); items.len()]);
        for &(from, to) in links {
            below[from].push(to);
            above[to].push(from);
        }
        Self { items, rows, above, below }
    }

    /// Orders every row so that few lines cross, then places the items.
    pub fn arrange(&mut self) {
        self.order();
        self.place();
    }

    fn order(&mut self) {
        let links: usize = self.below.iter().map(Vec::len).sum();
        if links > MOST_LINKS {
            (0..2).for_each(|sweep| self.sweep(sweep % 2 == 0));
            return;
        }
        let mut best = (self.crossings(), self.rows.clone());
        for start in 0..STARTS {
            for sweep in 0..SWEEPS {
                if best.0 == 0 {
                    break;
                }
                self.sweep(sweep % 2 == 0);
                let crossings = self.crossings();
                if crossings < best.0 {
                    best = (crossings, self.rows.clone());
                }
            }
            // The sweeps end in a local optimum: begin again elsewhere.
            for row in &mut self.rows {
                let by = (start + 1) % row.len().max(1);
                row.rotate_left(by);
            }
        }
        self.rows = best.1;
    }

    /// Sorts each row by the places of what its items are joined to in the row before, downwards or upwards.
    fn sweep(&mut self, downwards: bool) {
        let count = self.rows.len();
        let mut place = vec![0.0; self.items.len()];
        for k in 0..count {
            let row = if downwards { k } else { count - 1 - k };
            if k > 0 {
                let joined = if downwards { &self.above } else { &self.below };
                let mut keyed: Vec<(f64, usize)> = self.rows[row]
                    .iter()
                    .enumerate()
                    .map(|(own, &i)| (mean(joined[i].iter().map(|j| place[*j])).unwrap_or(own as f64), i))
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[row] = keyed.into_iter().map(|(_, i)| i).collect();
            }
            self.rows[row].iter().enumerate().for_each(|(p, &i)| place[i] = p as f64);
        }
    }

    fn crossings(&self) -> usize {
        let mut count = 0;
        let mut place = vec![0usize; self.items.len()];
        for pair in self.rows.windows(2) {
            pair[1].iter().enumerate().for_each(|(p, &i)| place[i] = p);
            let ends: Vec<(usize, usize)> = pair[0]
                .iter()
                .enumerate()
                .flat_map(|(p, &i)| self.below[i].iter().map(move |&j| (p, j)))
                .map(|(p, j)| (p, place[j]))
                .collect();
            for (k, a) in ends.iter().enumerate() {
                let crosses = |b: &&(usize, usize)| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1);
                count += ends[k + 1..].iter().filter(crosses).count();
            }
        }
        count
    }

    /// Moves items towards what they are joined to, as far as their neighbours in the row allow.
    fn place(&mut self) {
        for row in 0..self.rows.len() {
            self.settle(row, &|_, _| None);
        }
        for sweep in 0..8 {
            let count = self.rows.len();
            for k in 0..count {
                self.settle(if sweep % 2 == 0 { k } else { count - 1 - k }, &|_, _| None);
            }
        }
        // A line that passes several rows goes straight down, beside the widest of them.
        for _ in 0..3 {
            let mut reach: std::collections::BTreeMap<usize, f64> = std::collections::BTreeMap::new();
            for item in self.items.iter() {
                if let What::Line(line) = item.what {
                    let far = reach.entry(line).or_insert(item.x);
                    if item.x.abs() > far.abs() {
                        *far = item.x;
                    }
                }
            }
            for row in 0..self.rows.len() {
                self.settle(row, &|what, _| match what {
                    What::Line(line) => reach.get(&line).copied(),
                    What::Block(_) => None,
                });
            }
        }
    }

    /// Places one row: least squares towards the wanted places, keeping order and distances.
    fn settle(&mut self, row: usize, fixed: &dyn Fn(What, f64) -> Option<f64>) {
        let order = &self.rows[row];
        let mut wanted = Vec::with_capacity(order.len());
        let mut offset = 0.0;
        let mut offsets = Vec::with_capacity(order.len());
        for (p, &i) in order.iter().enumerate() {
            let item = &self.items[i];
            if p > 0 {
                offset += (self.items[order[p - 1]].width + item.width) / 2.0 + SPACE;
            }
            offsets.push(offset);
            let joined = self.above[i].iter().chain(&self.below[i]).map(|&j| self.items[j].x);
            let (to, weight) = match fixed(item.what, item.x) {
                Some(x) => (x, 20.0),
                None if item.pinned => (0.0, 1e6),
                None => (mean(joined).unwrap_or(item.x), 1.0),
            };
            wanted.push((to - offset, weight));
        }
        for ((&i, x), offset) in order.iter().zip(isotonic(&wanted)).zip(offsets) {
            self.items[i].x = x + offset;
        }
    }
}

/// Between items of one row.
const SPACE: f64 = 22.0;

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(s, n), v| (s + v, n + 1));
    (count > 0).then(|| sum / count as f64)
}

/// The non-decreasing sequence nearest to `(value, weight)` in least squares (pool adjacent violators).
fn isotonic(wanted: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(wanted.len());
    for &(value, weight) in wanted {
        let mut pool = (value, weight, 1);
        while let Some(last) = pools.pop_if(|last| last.0 > pool.0) {
            let sum = last.1 + pool.1;
            pool = ((last.0 * last.1 + pool.0 * pool.1) / sum, sum, last.2 + pool.2);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isotonic_regression_pools_what_violates_the_order() {
        assert_eq!(isotonic(&[(1.0, 1.0), (3.0, 1.0), (2.0, 1.0)]), [1.0, 2.5, 2.5]);
        assert_eq!(isotonic(&[(4.0, 1.0), (0.0, 3.0)]), [1.0, 1.0]);
    }

    #[test]
    fn rows_are_ordered_without_a_needless_crossing() {
        let item = |row, b| Item { row, width: 10.0, what: What::Block(b), pinned: false, x: 0.0 };
        let mut items: Vec<Item> = (0..4).map(|b| item(b / 2, b)).collect();
        let mut rows = Rows::new(&mut items, &[(0, 3), (1, 2)]);
        rows.arrange();
        assert_eq!(rows.crossings(), 0);
        assert!((items[0].x - items[3].x).abs() < 1e-9 && items[0].x + 10.0 < items[1].x);
    }
}
