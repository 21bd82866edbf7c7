use super::{Kernel, compute_1};
use burn::tensor::Tensor;
use nascent_kernels::Lookup;

/// Vectors side by side, or their mean.
#[derive(Debug)]
struct Embed {
    lookup: Lookup,
    /// For each code, which row of the table it reads, counted from 1; 0 reads nothing.
    places: Vec<u32>,
    mean: bool,
}

impl Kernel for Embed {
    fn output(&self) -> Vec<usize> {
        let Lookup { batch, codes, size } = self.lookup;
        if self.mean { vec![batch, size] } else { vec![batch, size, 1, codes] }
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; self.output().iter().product()];
        if self.mean {
            self.lookup.mean(inputs[0], &self.places, &mut y);
        } else {
            self.lookup.sequence(inputs[0], &self.places, &mut y);
        }
        (y, Vec::new())
    }

    fn backward(&self, inputs: &[&[f32]], _: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let mut dtable = vec![0.0; inputs[0].len()];
        if self.mean {
            self.lookup.mean_gradient(&self.places, dy, &mut dtable);
        } else {
            self.lookup.sequence_gradient(&self.places, dy, &mut dtable);
        }
        vec![Some(dtable)]
    }
}

/// Rows of a table `[rows, size]` as a sequence, `[batch, size, 1, codes]`: `places` says for each code of each example
/// which row it reads, counted from 1, where 0 is zeros.
pub(crate) fn look_up(table: Tensor<2>, places: Vec<u32>, batch: usize) -> Tensor<4> {
    compute_1(table.clone(), embed(&table, places, batch, false))
}

/// The mean of each example's rows, `[batch, size]`, as for [`look_up`]; places that are 0 do not count.
pub(crate) fn average(table: Tensor<2>, places: Vec<u32>, batch: usize) -> Tensor<2> {
    compute_1(table.clone(), embed(&table, places, batch, true))
}

fn embed(table: &Tensor<2>, places: Vec<u32>, batch: usize, mean: bool) -> Embed {
    let lookup = Lookup { batch, codes: places.len() / batch.max(1), size: table.dims()[1] };
    Embed { lookup, places, mean }
}
