use super::grid::Grid;
use super::tile::{Begin, Pairs, Panels, SLACK, Windows, pack};
use crate::activation::exp;
use crate::lanes::{Lanes, Path, Work};
use crate::numbers::dot;
use crate::tile::{Products, Run};

/// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762) among the steps of sequences, from queries, keys and values that
/// lie side by side in each step. Neighbouring heads may share keys and values (Ainslie et al. 2023, arXiv:2305.13245).
#[derive(Clone, Debug)]
pub struct Heads {
    path: Path,
    steps: usize,
    heads: usize,
    /// Heads of keys and values.
    key_heads: usize,
    each: usize,
    is_causal: bool,
    /// By how much a score falls with each step of distance, in each head, where it does.
    slopes: Vec<f32>,
    /// Numbers from a step's queries to the next step's, and from a step's answer to the next.
    pitches: [usize; 2],
    /// A step's row of who attends to whom.
    row: usize,
    /// From queries, or gradients of answers, to rows of scores; from rows to answers of one head.
    from_queries: Pairs,
    from_answers: Pairs,
    from_rows: Pairs,
    to_steps: Panels,
    to_channels: Panels,
    scratch: Scratch,
}

#[derive(Clone, Debug, Default)]
struct Scratch {
    weights: Vec<f32>,
    scores: Vec<f32>,
    answers: Vec<f32>,
}

impl Heads {
    /// Attention among `steps` steps with so many heads of queries, which divide the channels, and of keys and values, which divide
    /// those of queries.
    ///
    /// # Panics
    /// Where the grids are not of sequences of one length, or their channels do not fit.
    #[must_use]
    pub fn new(
        projected: &Grid,
        answers: &Grid,
        [heads, key_heads]: [usize; 2],
        is_causal: bool,
        path: Path,
    ) -> Self {
        let (steps, channels) = (answers.width, answers.channels);
        assert!(heads > 0 && channels.is_multiple_of(heads));
        assert!(key_heads > 0 && heads.is_multiple_of(key_heads));
        let each = channels / heads;
        assert_eq!(projected.channels, (heads + 2 * key_heads) * each);
        assert!(
            projected.is_plain() && answers.is_plain() && (projected.height, projected.width) == (1, steps)
        );
        let (to_steps, to_channels) = (Panels::new(path, steps), Panels::new(path, each));
        let row = to_steps.pitch;
        let pairs = |from: usize, to: usize| Pairs::new(&[[0; 2]], steps, [from, to]);
        let most = to_steps.pitch.max(to_channels.pitch);
        let weights = steps.max(each) * most;
        let scratch = Scratch {
            weights: vec![0.0; weights],
            scores: vec![0.0; steps * row + SLACK],
            answers: vec![0.0; steps.max(each) * most],
        };
        Self {
            from_queries: pairs(projected.pitch, row),
            from_answers: pairs(answers.pitch, row),
            from_rows: pairs(row, to_channels.pitch),
            pitches: [projected.pitch, answers.pitch],
            path,
            steps,
            heads,
            key_heads,
            each,
            is_causal,
            slopes: Vec::new(),
            row,
            to_steps,
            to_channels,
            scratch,
        }
    }

    /// The same where scores fall with the distance, in each head by a slope.
    #[must_use]
    pub fn with_slopes(mut self, slopes: Vec<f32>) -> Self {
        self.slopes = slopes;
        self
    }

    /// Numbers that say who attends to whom, for one example; slack comes on top.
    #[must_use]
    pub fn weights_len(&self) -> usize {
        self.heads * self.steps * self.row
    }

    /// Answers of `count` examples from their queries, keys and values; `codes` of 0, a number a step, hide a step.
    ///
    /// # Panics
    /// Where slices are shorter than that, with [`SLACK`] more numbers behind `x` and `weights`.
    pub fn forward(
        &mut self,
        count: usize,
        x: &[f32],
        codes: Option<&[f32]>,
        weights: &mut [f32],
        y: &mut [f32],
    ) {
        assert!(codes.is_none_or(|codes| codes.len() >= count * self.steps));
        self.path.run(Forward { shape: self, count, x, codes, weights, y });
    }

    /// Gradients of queries, keys and values of `count` examples, all of theirs in `dx` being overwritten.
    ///
    /// # Panics
    /// As [`Heads::forward`]; [`SLACK`] is needed behind `dy` too.
    pub fn gradient(&mut self, count: usize, x: &[f32], weights: &[f32], dy: &[f32], dx: &mut [f32]) {
        self.path.run(Backward { shape: self, count, x, weights, dy, dx });
    }

    fn scale(&self) -> f32 {
        1.0 / (self.each as f32).sqrt()
    }

    /// Queries whose products are made together: where each but attends to itself and to what is before it, so few that what none of them
    /// attends to can be left out.
    fn blocks(&self) -> impl Iterator<Item = Block> + use<> {
        const FEW: usize = 32;
        let (steps, is_causal) = (self.steps, self.is_causal);
        let each = if is_causal { FEW } else { steps.max(1) };
        (0..steps).step_by(each).map(move |first| {
            let count = each.min(steps - first);
            Block { first, count, seen: if is_causal { first + count } else { steps } }
        })
    }

    /// Heads of queries that share a head of keys and values.
    fn sharing(&self) -> usize {
        self.heads / self.key_heads
    }

    /// Where the queries of a head begin in a step, and the keys and the values that it reads.
    fn parts(&self, head: usize) -> [usize; 3] {
        let shared = head / self.sharing();
        [head, self.heads + shared, self.heads + self.key_heads + shared].map(|vector| vector * self.each)
    }
}

/// Some queries that follow each other, and how many steps they attend to at most.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    count: usize,
    seen: usize,
}

/// A matrix, from its first row on: its numbers, and how far apart its rows are.
#[derive(Clone, Copy)]
struct Rows<'a> {
    numbers: &'a [f32],
    pitch: usize,
}

/// The products of a block's vectors with all that its queries attend to, `packed` for `to_steps`: into rows of scores.
#[inline(always)]
fn score<L: Lanes>(
    shape: &Heads,
    block: Block,
    pairs: &Pairs,
    (vectors, own): (Rows<'_>, usize),
    packed: &[f32],
    scores: &mut [f32],
) {
    let panels = &shape.to_steps.panels;
    let seen = panels.partition_point(|panel| panel.first < block.seen);
    let input = &vectors.numbers[block.first * vectors.pitch..];
    let runs = [Run { offset: own, len: shape.each }];
    let output = &mut scores[block.first * shape.row..];
    Windows { input, images: block.count, pairs, runs: &runs, begin: Begin::Zero, output }
        .panels::<L>(&panels[..seen], packed);
}

/// What a block's rows of weights make of the vectors that they weigh, `packed` for `to_channels`.
#[inline(always)]
fn weighed<L: Lanes>(shape: &Heads, block: Block, rows: &[f32], packed: &[f32], to: &mut [f32]) {
    let runs = [Run { offset: 0, len: block.seen }];
    for panel in &shape.to_channels.panels {
        let input = &rows[block.first * shape.row..];
        let output = &mut to[block.first * shape.to_channels.pitch..];
        let (pairs, begin) = (&shape.from_rows, Begin::Zero);
        Windows { input, images: block.count, pairs, runs: &runs, begin, output }
            .panels::<L>(std::slice::from_ref(panel), &packed[shape.steps * panel.first..]);
    }
}

struct Forward<'a> {
    shape: &'a mut Heads,
    count: usize,
    x: &'a [f32],
    codes: Option<&'a [f32]>,
    weights: &'a mut [f32],
    y: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, count, x, codes, weights, y } = self;
        let (steps, each, row, [pitch, y_pitch]) = (shape.steps, shape.each, shape.row, shape.pitches);
        let scale = shape.scale();
        let mut scratch = std::mem::take(&mut shape.scratch);
        for n in 0..count {
            let codes = codes.map(|codes| &codes[n * steps..][..steps]);
            let x = &x[n * steps * pitch..];
            for heads in (0..shape.heads).step_by(shape.sharing()).map(|first| first..first + shape.sharing())
            {
                // Keys and values are packed once for all heads that read them.
                let [_, k, v] = shape.parts(heads.start);
                pack::<L>(&mut scratch.weights, &shape.to_steps, (each, steps), x, |i, s| s * pitch + k + i);
                for head in heads.clone() {
                    let [q, ..] = shape.parts(head);
                    let rows = &mut weights[(n * shape.heads + head) * steps * row..];
                    for block in shape.blocks() {
                        let vectors = Rows { numbers: x, pitch };
                        score::<L>(shape, block, &shape.from_queries, (vectors, q), &scratch.weights, rows);
                    }
                    for (query, scores) in rows.chunks_exact_mut(row).take(steps).enumerate() {
                        let seen = if shape.is_causal { query + 1 } else { steps };
                        if let Some(slope) = shape.slopes.get(head) {
                            // Scores are multiplied by the scale when they are weighed.
                            fall(&mut scores[..seen], slope / scale);
                        }
                        weigh(scores, seen, scale, query, codes);
                    }
                }
                pack::<L>(&mut scratch.weights, &shape.to_channels, (steps, each), x, |s, i| {
                    s * pitch + v + i
                });
                for head in heads {
                    let rows = &weights[(n * shape.heads + head) * steps * row..];
                    for block in shape.blocks() {
                        weighed::<L>(shape, block, rows, &scratch.weights, &mut scratch.answers);
                    }
                    let answers = scratch.answers.chunks_exact(shape.to_channels.pitch).take(steps);
                    for (step, answer) in answers.enumerate() {
                        let to = &mut y[(n * steps + step) * y_pitch + head * each..][..each];
                        to.copy_from_slice(&answer[..each]);
                    }
                }
            }
        }
        shape.scratch = scratch;
    }
}

/// Lowers scores by their distance to the last of them.
#[inline(always)]
fn fall(scores: &mut [f32], slope: f32) {
    let last = scores.len() as f32 - 1.0;
    for (at, score) in scores.iter_mut().enumerate() {
        *score -= slope * (last - at as f32);
    }
}

/// Scores of one query become weights that add up to 1; steps behind `seen`, and those of padding, have none.
#[inline(always)]
fn weigh(scores: &mut [f32], seen: usize, scale: f32, query: usize, codes: Option<&[f32]>) {
    let (now, later) = scores.split_at_mut(seen);
    later.fill(0.0);
    if let Some(codes) = codes {
        if codes[query] == 0.0 {
            now.fill(0.0);
            return;
        }
        // So low that its weight is 0 beside the query's own.
        now.iter_mut()
            .zip(codes)
            .filter(|(_, code)| **code == 0.0)
            .for_each(|(score, _)| *score = f32::NEG_INFINITY);
    }
    let mut sides = [f32::NEG_INFINITY; 8];
    for chunk in now.chunks(8) {
        sides
            .iter_mut()
            .zip(chunk)
            .for_each(|(most, score)| *most = if *score > *most { *score } else { *most });
    }
    let most = sides.iter().fold(f32::NEG_INFINITY, |most, x| most.max(*x));
    now.iter_mut().for_each(|score| *score = exp((*score - most) * scale));
    if let Some(codes) = codes {
        now.iter_mut().zip(codes).filter(|(_, code)| **code == 0.0).for_each(|(score, _)| *score = 0.0);
    }
    let mut sums = [0.0f32; 8];
    for chunk in now.chunks(8) {
        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
    }
    let share = 1.0 / sums.iter().sum::<f32>();
    now.iter_mut().for_each(|score| *score *= share);
}

struct Backward<'a> {
    shape: &'a mut Heads,
    count: usize,
    x: &'a [f32],
    weights: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, count, x, weights, dy, dx } = self;
        let (steps, each, row, [pitch, dy_pitch]) = (shape.steps, shape.each, shape.row, shape.pitches);
        let scale = shape.scale();
        let mut scratch = std::mem::take(&mut shape.scratch);
        let Scratch { weights: packed, scores, answers } = &mut scratch;
        let channels = shape.to_channels.pitch;
        for n in 0..count {
            let (x, dy) = (&x[n * steps * pitch..], &dy[n * steps * dy_pitch..]);
            let dx = &mut dx[n * steps * pitch..][..steps * pitch];
            for head in 0..shape.heads {
                let [q, k, v] = shape.parts(head);
                let rows = &weights[(n * shape.heads + head) * steps * row..];
                // What the values learn: each from the steps that attended to it, in all heads that share it.
                let own = head * each;
                let is_first = head.is_multiple_of(shape.sharing());
                learn::<L>(shape, rows, (dy, dy_pitch, own), answers, packed);
                put(answers, channels, dx, (v, pitch), each, (1.0, is_first));
                // What the weights, then the scores, should have been.
                pack::<L>(packed, &shape.to_steps, (each, steps), x, |i, s| s * pitch + v + i);
                for block in shape.blocks() {
                    let vectors = Rows { numbers: dy, pitch: dy_pitch };
                    score::<L>(shape, block, &shape.from_answers, (vectors, own), packed, scores);
                }
                let both = scores.chunks_exact_mut(row).zip(rows.chunks_exact(row)).take(steps);
                for (query, (score, weight)) in both.enumerate() {
                    let (score, rest) = score.split_at_mut(if shape.is_causal { query + 1 } else { steps });
                    rest.fill(0.0);
                    let mean = dot(score, &weight[..score.len()]);
                    score.iter_mut().zip(weight).for_each(|(s, w)| *s = w * (*s - mean));
                }
                learn::<L>(shape, scores, (x, pitch, q), answers, packed);
                put(answers, channels, dx, (k, pitch), each, (scale, is_first));
                pack::<L>(packed, &shape.to_channels, (steps, each), x, |s, i| s * pitch + k + i);
                for block in shape.blocks() {
                    weighed::<L>(shape, block, scores, packed, answers);
                }
                put(answers, channels, dx, (q, pitch), each, (scale, true));
            }
        }
        shape.scratch = scratch;
    }
}

/// `Σ over steps of row[i] · vector` for each `i`, `[steps, channels of a head]`.
#[inline(always)]
fn learn<L: Lanes>(
    shape: &Heads,
    rows: &[f32],
    (vectors, pitch, first): (&[f32], usize, usize),
    to: &mut [f32],
    side: &mut [f32],
) {
    let (steps, each, channels, row) = (shape.steps, shape.each, shape.to_channels.pitch, shape.row);
    // The vectors of a head side by side: a panel may be wider than a head.
    for (step, side) in side.chunks_exact_mut(channels).take(steps).enumerate() {
        side[..each].copy_from_slice(&vectors[step * pitch + first..][..each]);
        side[each..].fill(0.0);
    }
    to.fill(0.0);
    for block in shape.blocks() {
        let runs = [Run { offset: 0, len: block.seen }];
        let (pixels, _) = shape.from_rows.of(block.count);
        let (input, gradient) = (&rows[block.first * row..], &side[block.first * channels..]);
        Products { input, gradient, pixels, runs: &runs, output: to, pitch: channels }
            .panels::<L>(&shape.to_channels.panels);
    }
}

/// Puts the vectors of a head, by a factor, where they belong: they are the first there, or are added to what is.
#[inline(always)]
fn put(
    vectors: &[f32],
    channels: usize,
    to: &mut [f32],
    (first, pitch): (usize, usize),
    each: usize,
    (factor, is_first): (f32, bool),
) {
    for (vector, to) in vectors.chunks_exact(channels).zip(to.chunks_exact_mut(pitch)) {
        let to = &mut to[first..first + each];
        if is_first {
            to.iter_mut().zip(vector).for_each(|(to, x)| *to = factor * x);
        } else {
            to.iter_mut().zip(vector).for_each(|(to, x)| *to += factor * x);
        }
    }
}
