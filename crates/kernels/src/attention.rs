//! Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762) from queries, keys and values, and its gradient.

use crate::activation::exp;
use crate::lanes::{Lanes, Path, Work};
use crate::numbers::dot;

/// The shape of an attention over `[batch, channels + 2 · key channels, steps]`: queries, keys and values under each other. Neighbouring
/// heads may share keys and values (Ainslie et al. 2023, arXiv:2305.13245).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Examples.
    pub batch: usize,
    /// Channels of the queries, which `heads` divides.
    pub channels: usize,
    /// Steps of an example.
    pub steps: usize,
    /// Heads of queries, each with an equal share of the channels.
    pub heads: usize,
    /// Heads of keys and values, as large; they divide those of queries.
    pub key_heads: usize,
    /// Whether a step attends only to itself and those before it.
    pub causal: bool,
}

impl Attention {
    /// Numbers that say who attends to whom, `[batch, heads, steps, steps]`.
    #[must_use]
    pub fn weights_len(&self) -> usize {
        self.batch * self.heads * self.steps * self.steps
    }

    /// Weighs values, `[batch, channels, steps]`, all of `y` and `weights` being overwritten.
    ///
    /// A step whose `code` is 0, of `[batch, steps]`, is not attended to, and its output is zeros.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, path: Path, x: &[f32], codes: Option<&[f32]>, weights: &mut [f32], y: &mut [f32]) {
        self.check(x, weights, y);
        assert!(codes.is_none_or(|codes| codes.len() == self.batch * self.steps));
        if !y.is_empty() {
            path.run(Forward { shape: self, x, codes, weights, y });
        }
    }

    /// Computes the gradient of queries, keys and values, all of `dx` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn backward(&self, path: Path, x: &[f32], weights: &[f32], dy: &[f32], dx: &mut [f32]) {
        self.check(x, weights, dy);
        assert_eq!(x.len(), dx.len());
        dx.fill(0.0);
        if !dy.is_empty() {
            path.run(Backward { shape: self, x, weights, dy, dx });
        }
    }

    fn check(&self, x: &[f32], weights: &[f32], y: &[f32]) {
        assert!(self.heads > 0 && self.channels.is_multiple_of(self.heads));
        assert!(self.key_heads > 0 && self.heads.is_multiple_of(self.key_heads));
        let len = self.batch * self.steps;
        let lens = (len * self.projected(), len * self.channels, self.weights_len());
        assert_eq!((x.len(), y.len(), weights.len()), lens);
    }

    /// Channels of a head.
    fn each(&self) -> usize {
        self.channels / self.heads
    }

    /// Channels of queries, keys and values.
    fn projected(&self) -> usize {
        (self.heads + 2 * self.key_heads) * self.each()
    }

    /// What keeps scores from growing with the channels of a head.
    fn scale(&self) -> f32 {
        1.0 / (self.each() as f32).sqrt()
    }

    /// How many steps a query may see.
    #[inline(always)]
    fn seen(&self, query: usize) -> usize {
        if self.causal { query + 1 } else { self.steps }
    }

    /// Where query, key and value of a head's channel lie in an example.
    #[inline(always)]
    fn rows(&self, head: usize, i: usize) -> [usize; 3] {
        let shared = head / (self.heads / self.key_heads);
        [head, self.heads + shared, self.heads + self.key_heads + shared]
            .map(|vector| (vector * self.each() + i) * self.steps)
    }
}

struct Forward<'a> {
    shape: &'a Attention,
    x: &'a [f32],
    codes: Option<&'a [f32]>,
    weights: &'a mut [f32],
    y: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, codes, weights, y } = self;
        let &Attention { channels, steps, heads, .. } = shape;
        let each = shape.each();
        let mut live = vec![1.0; steps];
        for (n, x) in x.chunks_exact(shape.projected() * steps).enumerate() {
            if let Some(codes) = codes {
                let codes = &codes[n * steps..][..steps];
                live.iter_mut()
                    .zip(codes)
                    .for_each(|(live, code)| *live = if *code == 0.0 { 0.0 } else { 1.0 });
            }
            for head in 0..heads {
                for query in 0..steps {
                    let at = ((n * heads + head) * steps + query) * steps;
                    let row = &mut weights[at..][..steps];
                    row.fill(0.0);
                    let seen = shape.seen(query);
                    // A step of padding attends to nothing.
                    if live[query] > 0.0 {
                        for i in 0..each {
                            let [q, k, _] = shape.rows(head, i);
                            let scaled = x[q + query] * shape.scale();
                            let keys = &x[k..][..seen];
                            row[..seen].iter_mut().zip(keys).for_each(|(score, key)| *score += scaled * key);
                        }
                        weigh(&mut row[..seen], &live[..seen]);
                    }
                    for i in 0..each {
                        let [_, _, v] = shape.rows(head, i);
                        let to = (n * channels + head * each + i) * steps + query;
                        y[to] = dot(&row[..seen], &x[v..][..seen]);
                    }
                }
            }
        }
    }
}

/// Scores become weights that add up to 1, those of padding 0.
#[inline(always)]
fn weigh(row: &mut [f32], live: &[f32]) {
    let larger = |most: f32, (score, live): (&f32, &f32)| if *live > 0.0 { most.max(*score) } else { most };
    let most = row.iter().zip(live).fold(f32::NEG_INFINITY, larger);
    for (score, live) in row.iter_mut().zip(live) {
        *score = exp(*score - most) * live;
    }
    let share = 1.0 / row.iter().sum::<f32>();
    row.iter_mut().for_each(|weight| *weight *= share);
}

struct Backward<'a> {
    shape: &'a Attention,
    x: &'a [f32],
    weights: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, weights, dy, dx } = self;
        let &Attention { channels, steps, heads, .. } = shape;
        let (each, len) = (shape.each(), shape.projected() * steps);
        let mut dscores = vec![0.0; steps];
        for (n, (x, dx)) in x.chunks_exact(len).zip(dx.chunks_exact_mut(len)).enumerate() {
            for head in 0..heads {
                for query in 0..steps {
                    let seen = shape.seen(query);
                    let row = &weights[((n * heads + head) * steps + query) * steps..][..seen];
                    let dscores = &mut dscores[..seen];
                    dscores.fill(0.0);
                    for i in 0..each {
                        let [_, _, v] = shape.rows(head, i);
                        let dy = dy[(n * channels + head * each + i) * steps + query];
                        add(dscores, dy, &x[v..][..seen]);
                        add(&mut dx[v..][..seen], dy, row);
                    }
                    let average = dot(row, dscores);
                    for (d, weight) in dscores.iter_mut().zip(row) {
                        *d = weight * (*d - average) * shape.scale();
                    }
                    for i in 0..each {
                        let [q, k, _] = shape.rows(head, i);
                        dx[q + query] = dot(dscores, &x[k..][..seen]);
                        add(&mut dx[k..][..seen], x[q + query], dscores);
                    }
                }
            }
        }
    }
}

/// `to += factor · x`.
#[inline(always)]
fn add(to: &mut [f32], factor: f32, x: &[f32]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += factor * x);
}
