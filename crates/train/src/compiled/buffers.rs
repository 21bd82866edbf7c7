//! Which gradients can share a buffer.

use super::store::ValueId;

/// What a step does to gradients on the way back.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// The values whose gradients it reads.
    pub reads: Vec<ValueId>,
    /// The values to whose gradients it adds.
    pub writes: Vec<ValueId>,
}

/// The buffer of each value's gradient, and how many there are.
///
/// A gradient lives from the first step that adds to it, on the way back, to the last that reads it. Buffers are handed out by
/// size, the least that is large enough first.
pub(super) fn share(flows: &[Flow], sizes: &[usize], output: ValueId) -> (Vec<usize>, usize) {
    let mut last = vec![None; sizes.len()];
    for (at, flow) in flows.iter().rev().enumerate() {
        flow.reads.iter().chain(&flow.writes).for_each(|value| last[value.0] = Some(at));
    }
    let mut sharing = Sharing { sizes, own: vec![None; sizes.len()], buffers: Vec::new(), free: Vec::new() };
    sharing.start(output);
    for (at, flow) in flows.iter().rev().enumerate() {
        // What is read but was never written becomes zeros here.
        flow.writes.iter().chain(&flow.reads).for_each(|value| sharing.start(*value));
        for value in (0..sizes.len()).filter(|&value| last[value] == Some(at)) {
            sharing.free.extend(sharing.own[value]);
        }
    }
    (sharing.own.into_iter().map(|buffer| buffer.unwrap_or(0)).collect(), sharing.buffers.len().max(1))
}

struct Sharing<'a> {
    sizes: &'a [usize],
    own: Vec<Option<usize>>,
    /// The size of each buffer.
    buffers: Vec<usize>,
    free: Vec<usize>,
}

impl Sharing<'_> {
    /// Gives a value a buffer, where it has none yet.
    fn start(&mut self, value: ValueId) {
        if self.own[value.0].is_some() {
            return;
        }
        let (size, buffers) = (self.sizes[value.0], &self.buffers);
        // One that is large enough, else the largest, which grows.
        let fit = |i: &usize| {
            let has = buffers[self.free[*i]];
            if has >= size { (0, has) } else { (1, usize::MAX - has) }
        };
        let buffer = match (0..self.free.len()).min_by_key(fit) {
            Some(i) => self.free.swap_remove(i),
            None => {
                self.buffers.push(0);
                self.buffers.len() - 1
            }
        };
        self.buffers[buffer] = self.buffers[buffer].max(size);
        self.own[value.0] = Some(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(reads: &[usize], writes: &[usize]) -> Flow {
        let ids = |values: &[usize]| values.iter().map(|v| ValueId(*v)).collect();
        Flow { reads: ids(reads), writes: ids(writes) }
    }

    #[test]
    fn gradients_that_live_at_one_time_have_buffers_of_their_own() {
        // 0 -> 1 -> 2 -> 3, and 1 is read by the last step too.
        let flows = [flow(&[1], &[0]), flow(&[2], &[1]), flow(&[3], &[2, 1])];
        let (own, count) = share(&flows, &[8, 8, 8, 8], ValueId(3));
        assert_eq!(count, 3);
        assert!(own[3] != own[2] && own[3] != own[1] && own[2] != own[1]);
        // Where all are of one size a chain needs two.
        let chain: Vec<Flow> = (0..6).map(|i| flow(&[i + 1], &[i])).collect();
        assert_eq!(share(&chain, &[8; 7], ValueId(6)).1, 2);
    }
}
