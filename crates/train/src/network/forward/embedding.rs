use super::Forward;
use crate::glue;
use crate::network::host;
use burn::tensor::{Int, Tensor, TensorData};
use nascent_core::architecture::op::{Embedding, EmbeddingBag, TiedOutput};

/// The rows of a table that a batch reads, and where.
struct Read {
    /// `[rows, size]`; `None` where nothing is read.
    table: Option<Tensor<2>>,
    /// For each code the row that it reads, counted from 1; 0 reads nothing.
    places: Vec<u32>,
}

impl Forward<'_> {
    /// The vector of each code: `[batch, codes]` to `[batch, size, 1, codes]`.
    pub(super) fn embed(&mut self, op: &Embedding, codes: Tensor<2>) -> Tensor<4> {
        let [batch, n] = codes.dims();
        let Read { table, places } = match self.graph.is_tied(self.node) {
            true => self.read_all(op, codes),
            false => self.read(op.vocabulary, op.size, codes),
        };
        let Some(table) = table else { return self.nothing([batch, op.size, 1, n]) };
        if self.kernels {
            return glue::look_up(table, places, batch);
        }
        self.select(table, &places, [batch, n, op.size]).swap_dims(1, 2).reshape([batch, op.size, 1, n])
    }

    /// The mean vector of the codes that are something: `[batch, codes]` to `[batch, size]`.
    pub(super) fn embed_bag(&mut self, op: &EmbeddingBag, codes: Tensor<2>) -> Tensor<2> {
        let [batch, n] = codes.dims();
        let Read { table, places } = self.read(op.vocabulary, op.size, codes);
        let Some(table) = table else { return self.nothing([batch, op.size]) };
        if self.kernels {
            return glue::average(table, places, batch);
        }
        let count = |places: &[u32]| places.iter().filter(|place| **place > 0).count().max(1) as f32;
        let counts: Vec<f32> = places.chunks(n).map(count).collect();
        let counts = Tensor::<2>::from_data(TensorData::new(counts, [batch, 1]), self.device);
        let sum = self.select(table, &places, [batch, n, op.size]).sum_dim(1).reshape([batch, op.size]);
        sum / counts
    }

    /// A number for each code at each step by the table of the node's second input, `[batch, size, 1, steps]` to `[batch, codes, 1, steps]`.
    pub(super) fn answer_by_table(&mut self, op: &TiedOutput, x: Tensor<4>) -> Tensor<4> {
        let [batch, size, _, steps] = x.dims();
        let bias = self.slot().reshape([1, op.vocabulary, 1, 1]);
        let table = self.graph.nodes()[self.node.index()].inputs.get(1).and_then(|id| self.tables.get(id));
        let Some(table) = table.cloned() else { return self.nothing([batch, op.vocabulary, 1, steps]) };
        let nothing = Tensor::zeros([1, size], self.device);
        let table = Tensor::cat(vec![nothing, table], 0).unsqueeze::<3>();
        let answers = table.matmul(x.reshape([batch, size, steps]));
        answers.reshape([batch, op.vocabulary, 1, steps]) + bias
    }

    /// Takes all of the next slot, a table that answers share.
    fn read_all(&mut self, op: &Embedding, codes: Tensor<2>) -> Read {
        let table = self.slot().reshape([op.vocabulary - 1, op.size]);
        self.tables.insert(self.node, table.clone());
        // What is no code, below 0 or no number, becomes 0.
        let place = |code: f32| if (code as usize) < op.vocabulary { code as u32 } else { 0 };
        Read { table: Some(table), places: host(codes).into_iter().map(place).collect() }
    }

    /// Takes from the next slot, a table without a row for code 0, the rows that the batch reads: a step then costs as
    /// much as the batch has codes, however large the table.
    fn read(&mut self, vocabulary: usize, size: usize, codes: Tensor<2>) -> Read {
        let table = &self.weights.values[self.at];
        let (mut place_of, mut rows, mut numbers) = (vec![0u32; vocabulary], Vec::new(), Vec::new());
        let mut place = |code: f32| {
            // What is no code, below 0 or no number, becomes 0.
            let code = code as usize;
            if code == 0 || code >= vocabulary {
                return 0;
            }
            if place_of[code] == 0 {
                rows.push(code as u32 - 1);
                numbers.extend_from_slice(&table[(code - 1) * size..code * size]);
                place_of[code] = rows.len() as u32;
            }
            place_of[code]
        };
        let places = host(codes).into_iter().map(&mut place).collect();
        if rows.is_empty() {
            self.skip_slots(1);
            return Read { table: None, places };
        }
        let count = rows.len();
        Read { table: Some(self.leaf(numbers, Some(rows)).reshape([count, size])), places }
    }

    /// Zeros, which nothing is learned from; but a loss must always have something to flow back to.
    fn nothing<const D: usize>(&self, extents: [usize; D]) -> Tensor<D> {
        let zeros = Tensor::zeros(extents, self.device);
        if self.is_tracked { zeros.require_grad() } else { zeros }
    }

    /// Rows of `table`, and zeros for place 0.
    fn select(&self, table: Tensor<2>, places: &[u32], extents: [usize; 3]) -> Tensor<3> {
        let nothing = Tensor::zeros([1, extents[2]], self.device);
        let places: Vec<i32> = places.iter().map(|place| *place as i32).collect();
        let len = places.len();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [len]), self.device);
        Tensor::cat(vec![nothing, table], 0).select(0, places).reshape(extents)
    }
}
