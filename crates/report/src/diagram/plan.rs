use super::blocks::{Block, blocks};
use nascent_core::architecture::Architecture;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A part of the network whose blocks are drawn together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its name, such as `stage 1 / cell 2`, or that of all its repetitions.
    pub name: String,
    /// Its blocks, each after those it reads.
    pub blocks: Vec<usize>,
    /// How many times in a row the network has it.
    pub times: usize,
}

impl Segment {
    /// The name of the band it is drawn in.
    pub fn band(&self) -> &str {
        self.name.split_once(" / ").map_or(&self.name, |(band, _)| band)
    }

    /// Its name within the band, where it has one.
    pub fn inner(&self) -> Option<&str> {
        self.name.split_once(" / ").map(|(_, inner)| inner)
    }
}

/// What is drawn, from first to last.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// All blocks of the network, those that are not drawn included.
    pub blocks: Vec<Block>,
    /// The parts that are drawn; every block is read only in its own part and in later ones.
    pub segments: Vec<Segment>,
    /// The block whose value is the network's answer.
    pub output: usize,
}

impl Plan {
    pub fn new(architecture: &Architecture) -> Self {
        let blocks = blocks(architecture);
        let output = architecture.output().index();
        let output = blocks.iter().position(|b| b.nodes.contains(&output)).unwrap_or(blocks.len() - 1);
        let segments = segments(&blocks);
        let mut plan = Self { blocks, segments, output };
        plan.draw_repetitions_once();
        plan
    }

    /// Blocks that are drawn, in order.
    pub fn drawn(&self) -> impl Iterator<Item = usize> + '_ {
        self.segments.iter().flat_map(|s| s.blocks.iter().copied())
    }

    /// Parameters and multiply-accumulates of a part, its repetitions included.
    pub fn cost(&self, segment: &Segment) -> (u64, u64) {
        let sum = |f: fn(&Block) -> u64| segment.blocks.iter().map(|&b| f(&self.blocks[b])).sum::<u64>();
        (sum(|b| b.params) * segment.times as u64, sum(|b| b.macs) * segment.times as u64)
    }

    fn draw_repetitions_once(&mut self) {
        let links: Vec<Option<Link>> = (0..self.segments.len()).map(|s| self.link(s)).collect();
        let mut kept = Vec::new();
        let mut at = 0;
        while at < self.segments.len() {
            let run = self.run(&links, at);
            let mut segment = self.segments[at].clone();
            if run > 1 {
                let (first, last) = (&links[at], &links[at + run - 1]);
                if let (Some(first), Some(last)) = (first, last) {
                    // Readers of the last repetition now read the one that is drawn.
                    for block in &mut self.blocks {
                        block.inputs.iter_mut().filter(|b| **b == last.exit).for_each(|b| *b = first.exit);
                    }
                    if self.output == last.exit {
                        self.output = first.exit;
                    }
                    // The one drawn keeps its own inputs: it comes before its own value.
                    segment.name = together(&segment.name, &self.segments[at + run - 1].name);
                    segment.times = run;
                }
            }
            kept.push(segment);
            at += run;
        }
        self.segments = kept;
    }

    /// How many parts from `at` on repeat it; 1 where drawing them all is clearer.
    fn run(&self, links: &[Option<Link>], at: usize) -> usize {
        let Some(first) = &links[at] else { return 1 };
        let band = self.segments[at].band();
        let mut run = 1;
        while let (Some(Some(next)), Some(Some(previous))) = (links.get(at + run), links.get(at + run - 1)) {
            let same_band = self.segments[at + run].band() == band || self.segments[at].inner().is_none();
            if next.signature != first.signature || next.entry != previous.exit || !same_band {
                break;
            }
            run += 1;
        }
        if run >= 3 || self.segments[at].blocks.len() >= 4 { run } else { 1 }
    }

    /// How a part hangs together with its neighbours, where one value comes in and one goes out.
    fn link(&self, s: usize) -> Option<Link> {
        let own: BTreeSet<usize> = self.segments[s].blocks.iter().copied().collect();
        let mut entries = BTreeSet::new();
        for &b in &own {
            entries.extend(self.blocks[b].inputs.iter().filter(|x| !own.contains(x)));
        }
        let readers = |b: usize| (0..self.blocks.len()).filter(move |&r| self.blocks[r].inputs.contains(&b));
        let mut exits: BTreeSet<usize> =
            own.iter().copied().filter(|&b| readers(b).any(|r| !own.contains(&r))).collect();
        exits.extend(own.contains(&self.output).then_some(self.output));
        let (&entry, &exit) = (entries.first()?, exits.first()?);
        // Another reader than the next part would be cut off if this part were not drawn.
        let after: BTreeSet<usize> =
            self.segments.get(s + 1).into_iter().flat_map(|n| n.blocks.iter().copied()).collect();
        let only_next = readers(exit).all(|r| own.contains(&r) || after.contains(&r));
        let single = entries.len() == 1 && exits.len() == 1 && only_next;
        single.then(|| Link { entry, exit, signature: self.signature(s, entry, exit) })
    }

    /// Equal for parts that compute the same from the same shape (two rounds of refinement, as in content hashes).
    fn signature(&self, s: usize, entry: usize, exit: usize) -> Vec<u64> {
        let own = &self.segments[s].blocks;
        let place = |b: usize| own.iter().position(|&o| o == b);
        let refine = |colours: &mut Vec<u64>| {
            for (i, &b) in own.iter().enumerate() {
                let mut below: Vec<u64> = self.blocks[b]
                    .inputs
                    .iter()
                    .map(|&x| place(x).map_or_else(|| digest(&self.blocks[entry].shape), |p| colours[p]))
                    .collect();
                below.sort_unstable();
                colours[i] = digest(&(colours[i], below));
            }
        };
        let mut colours: Vec<u64> = own
            .iter()
            .map(|&b| {
                let block = &self.blocks[b];
                digest(&(block.kind, &block.title, &block.detail, &block.shape, block.params, b == exit))
            })
            .collect();
        refine(&mut colours);
        let mut read: Vec<Vec<u64>> = vec![Vec::new(); own.len()];
        for i in (0..own.len()).rev() {
            read[i].sort_unstable();
            colours[i] = digest(&(colours[i], &read[i]));
            for p in self.blocks[own[i]].inputs.iter().filter_map(|&x| place(x)) {
                read[p].push(colours[i]);
            }
        }
        refine(&mut colours);
        colours.sort_unstable();
        colours
    }
}

struct Link {
    entry: usize,
    exit: usize,
    signature: Vec<u64>,
}

fn digest(value: &impl Hash) -> u64 {
    // Without random keys, unlike that of a map: the same picture every time.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// `cell 1` and `cell 5` are together `cell 1 to 5`.
fn together(first: &str, last: &str) -> String {
    let split = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (head, number) = last.split_at(split(last));
    if !number.is_empty() && first.split_at(split(first)).0 == head {
        format!("{first} to {number}")
    } else {
        format!("{first} to {last}")
    }
}

/// The blocks by part, every part after those it reads.
fn segments(blocks: &[Block]) -> Vec<Segment> {
    let by_name: Vec<(usize, &str)> = blocks.iter().map(|b| (0, b.scope.as_str())).collect();
    if let Some(segments) = ordered(blocks, &by_name) {
        return segments;
    }
    // Parts that read each other: split them by how many borders lie between a block and the input.
    let mut split: Vec<(usize, &str)> = Vec::with_capacity(blocks.len());
    for block in blocks {
        let borders = |x: &usize| split[*x].0 + usize::from(split[*x].1 != block.scope);
        let rank = block.inputs.iter().map(borders).max().unwrap_or(0);
        split.push((rank, &block.scope));
    }
    ordered(blocks, &split).unwrap_or_default()
}

/// Groups blocks by key in an order in which no group reads a later one; `None` where there is no such order.
fn ordered(blocks: &[Block], keys: &[(usize, &str)]) -> Option<Vec<Segment>> {
    let mut names: Vec<(usize, &str)> = Vec::new();
    for key in keys {
        if !names.contains(key) {
            names.push(*key);
        }
    }
    let group = |b: usize| names.iter().position(|n| *n == keys[b]);
    let mut reads: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); names.len()];
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    for (b, block) in blocks.iter().enumerate() {
        let own = group(b)?;
        members[own].push(b);
        reads[own].extend(block.inputs.iter().filter_map(|&x| group(x)).filter(|g| *g != own));
    }
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut segments = Vec::new();
    while segments.len() < names.len() {
        let next = (0..names.len()).find(|g| !done.contains(g) && reads[*g].is_subset(&done))?;
        done.insert(next);
        let blocks = std::mem::take(&mut members[next]);
        segments.push(Segment { name: names[next].1.to_string(), blocks, times: 1 });
    }
    Some(segments)
}
