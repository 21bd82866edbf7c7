use super::blocks::Kind;
use super::order::{Item, Rows, What};
use super::plan::Plan;
use crate::format::compact;
use std::collections::HashMap;

/// A drawn block: its number and its rectangle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub block: usize,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Placed {
    pub fn middle(&self) -> f64 {
        self.left + self.width / 2.0
    }
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// A value's way from one block to another.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub from: usize,
    pub to: usize,
    /// The rows it passes between the two: where, and from which height to which.
    pub through: Vec<(f64, f64, f64)>,
}

/// A rectangle with a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    /// The segments in it, as positions in the plan.
    pub segments: Vec<usize>,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// Every coordinate of the drawing, in pixels from its upper left corner.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub placed: Vec<Placed>,
    pub lines: Vec<Line>,
    /// Parts that belong together, across the whole width.
    pub bands: Vec<Frame>,
    /// Parts within a band.
    pub frames: Vec<Frame>,
    pub width: f64,
    pub height: f64,
}

/// Left of the drawing, for the names of bands.
pub(super) const MARGIN: f64 = 132.0;
const BETWEEN_ROWS: f64 = 30.0;
const PAD: f64 = 14.0;
/// Above and below a part within a band.
const FRAME: f64 = 6.0;
/// Below the last block, for the answer.
pub(super) const ANSWER: f64 = 58.0;
const PASSING: f64 = 6.0;

impl Layout {
    pub fn new(plan: &Plan) -> Self {
        let rows = row_of(plan);
        let box_width = box_width(plan);
        let mut drawn: Vec<usize> = plan.drawn().collect();
        drawn.sort_by_key(|b| (rows[b], &plan.blocks[*b].title));
        let path = longest_path(plan, &drawn);
        let mut items: Vec<Item> = drawn
            .iter()
            .map(|&b| Item {
                row: rows[&b],
                width: width(plan, b, box_width),
                what: What::Block(b),
                pinned: path.contains(&b),
                x: 0.0,
            })
            .collect();
        let item_of: HashMap<usize, usize> = drawn.iter().enumerate().map(|(i, &b)| (b, i)).collect();
        let (mut lines, mut links) = (Vec::new(), Vec::new());
        // The items that each line consists of between its ends.
        let mut passing: Vec<Vec<usize>> = Vec::new();
        for &to in &drawn {
            let inputs = &plan.blocks[to].inputs;
            for (_, &from) in inputs.iter().enumerate().filter(|(n, b)| !inputs[..*n].contains(b)) {
                let mut at = item_of[&from];
                let mut through = Vec::new();
                for row in rows[&from] + 1..rows[&to] {
                    let what = What::Line(lines.len());
                    items.push(Item { row, width: PASSING, what, pinned: false, x: 0.0 });
                    links.push((at, items.len() - 1));
                    at = items.len() - 1;
                    through.push(at);
                }
                links.push((at, item_of[&to]));
                passing.push(through);
                lines.push(Line { from, to, through: Vec::new() });
            }
        }
        Rows::new(&mut items, &links).arrange();
        Self::measure(plan, &items, lines, &passing)
    }

    /// Turns rows and places into pixels.
    fn measure(plan: &Plan, items: &[Item], mut lines: Vec<Line>, passing: &[Vec<usize>]) -> Self {
        let count = items.iter().map(|i| i.row + 1).max().unwrap_or(0);
        let mut tall = vec![0.0f64; count];
        let mut segment_of_row = vec![0; count];
        let segment_of: HashMap<usize, usize> = (plan.segments.iter().enumerate())
            .flat_map(|(s, segment)| segment.blocks.iter().map(move |&b| (b, s)))
            .collect();
        for item in items {
            if let What::Block(b) = item.what {
                tall[item.row] = tall[item.row].max(height(plan, b));
                segment_of_row[item.row] = segment_of[&b];
            }
        }
        let left = items.iter().map(|i| i.x - i.width / 2.0).fold(f64::INFINITY, f64::min).min(0.0);
        let right = items.iter().map(|i| i.x + i.width / 2.0).fold(0.0, f64::max);
        let shift = MARGIN + 2.0 * PAD - left;
        let width = right + shift + 2.0 * PAD;
        let tops = tops(plan, &tall, &segment_of_row);
        let placed: Vec<Placed> = items
            .iter()
            .filter_map(|item| match item.what {
                What::Line(_) => None,
                What::Block(block) => {
                    let height = height(plan, block);
                    let top = tops[item.row] + (tall[item.row] - height) / 2.0;
                    let left = item.x - item.width / 2.0 + shift;
                    Some(Placed { block, left, top, width: item.width, height })
                }
            })
            .collect();
        for (line, through) in lines.iter_mut().zip(passing) {
            line.through = through
                .iter()
                .map(|&i| (items[i].x + shift, tops[items[i].row], tops[items[i].row] + tall[items[i].row]))
                .collect();
        }
        let bottom = tops.last().copied().unwrap_or(0.0) + tall.last().copied().unwrap_or(0.0);
        let mut layout = Self {
            placed,
            lines,
            bands: Vec::new(),
            frames: Vec::new(),
            width,
            height: bottom + PAD + ANSWER,
        };
        layout.frame(plan, &segment_of);
        layout
    }

    fn frame(&mut self, plan: &Plan, segment_of: &HashMap<usize, usize>) {
        for (s, segment) in plan.segments.iter().enumerate() {
            let own = || self.placed.iter().filter(|p| segment_of[&p.block] == s);
            let (top, bottom) = (
                own().map(|p| p.top).fold(f64::INFINITY, f64::min) - PAD,
                own().map(Placed::bottom).fold(0.0, f64::max) + PAD,
            );
            let inside = segment.inner().is_some();
            match self.bands.last_mut() {
                Some(band) if plan.segments[band.segments[0]].band() == segment.band() && inside => {
                    band.height = bottom + 6.0 - band.top;
                    band.segments.push(s);
                }
                _ => {
                    let extra = if inside { 2.0 * FRAME } else { 0.0 };
                    let height = bottom - top + extra + if inside { 6.0 } else { 0.0 };
                    let (left, width) = (0.0, self.width);
                    self.bands.push(Frame { segments: vec![s], left, top: top - extra, width, height });
                }
            }
            if inside {
                let (left, width) = (MARGIN + PAD / 2.0, self.width - MARGIN - PAD - 8.0);
                let (top, height) = (top - FRAME, bottom - top + FRAME);
                self.frames.push(Frame { segments: vec![s], left, top, width, height });
            }
        }
    }
}

/// The upper edge of every row.
fn tops(plan: &Plan, tall: &[f64], segment_of_row: &[usize]) -> Vec<f64> {
    let mut at = PAD;
    let mut tops = Vec::with_capacity(tall.len());
    for (row, height) in tall.iter().enumerate() {
        let segment = &plan.segments[segment_of_row[row]];
        let before = row.checked_sub(1).map(|r| &plan.segments[segment_of_row[r]]);
        let starts = before.is_none_or(|b| b != segment);
        if starts && segment.inner().is_some() {
            let opens_band = before.is_none_or(|b| b.band() != segment.band());
            at += FRAME + if opens_band { 6.0 } else { 0.0 };
        }
        if starts && row > 0 {
            at += BETWEEN_ROWS - 8.0 + if before.is_some_and(|b| b.inner().is_some()) { 6.0 } else { 0.0 };
        }
        tops.push(at);
        at += height + BETWEEN_ROWS;
    }
    tops
}

/// The row of every drawn block: parts one below the other, in each as early as its inputs allow.
fn row_of(plan: &Plan) -> HashMap<usize, usize> {
    let mut rows: HashMap<usize, usize> = HashMap::new();
    let mut first = 0;
    for segment in &plan.segments {
        let mut last = first;
        for &b in &segment.blocks {
            let below = plan.blocks[b].inputs.iter().filter_map(|x| rows.get(x)).map(|r| r + 1).max();
            let row = below.unwrap_or(first).max(first);
            rows.insert(b, row);
            last = last.max(row);
        }
        first = last + 1;
    }
    rows
}

/// The path with most blocks from the network's input to its answer, among equals that with most parameters: it is
/// drawn straight.
fn longest_path(plan: &Plan, drawn: &[usize]) -> Vec<usize> {
    let mut longest: HashMap<usize, ((usize, u64), Option<usize>)> = HashMap::new();
    for &b in drawn {
        let inputs = plan.blocks[b].inputs.iter().filter_map(|x| longest.get(x).map(|l| (l.0, *x)));
        // Then by name, so that equal parts look the same.
        let before = inputs.max_by_key(|(length, x)| (*length, std::cmp::Reverse(&plan.blocks[*x].title)));
        let (length, params) = before.map_or((0, 0), |(length, _)| length);
        longest.insert(b, ((length + 1, params + plan.blocks[b].params), before.map(|(_, x)| x)));
    }
    std::iter::successors(Some(plan.output), |b| longest.get(b).and_then(|l| l.1)).collect()
}

/// How wide a line of text is, about: what draws the SVG decides on the font.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.56
}

fn box_width(plan: &Plan) -> f64 {
    let wide = |b: usize| {
        let block = &plan.blocks[b];
        let params =
            if block.params > 0 { text_width(&compact(block.params as f64), 10.5) + 14.0 } else { 0.0 };
        (text_width(&block.title, 12.5) + params).max(text_width(&block.detail, 10.5)) + 24.0
    };
    let boxes = plan.drawn().filter(|&b| plan.blocks[b].kind != Kind::Merge);
    boxes.map(wide).fold(128.0, f64::max).min(340.0)
}

fn width(plan: &Plan, b: usize, box_width: f64) -> f64 {
    let block = &plan.blocks[b];
    match block.kind {
        Kind::Merge if block.detail.is_empty() && block.title.chars().count() == 1 => 26.0,
        Kind::Merge => text_width(&merge_text(&block.title, &block.detail), 11.5) + 26.0,
        _ => box_width,
    }
}

/// What stands in the pill of a merging block.
pub(super) fn merge_text(title: &str, detail: &str) -> String {
    if detail.is_empty() { title.to_string() } else { format!("{title}  {detail}") }
}

fn height(plan: &Plan, b: usize) -> f64 {
    let block = &plan.blocks[b];
    match block.kind {
        Kind::Merge => 26.0,
        _ if block.detail.is_empty() => 30.0,
        _ => 44.0,
    }
}
