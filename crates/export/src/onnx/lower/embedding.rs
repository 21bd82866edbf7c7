use super::{Lowering, Node};
use crate::exporter::with_nothing;
use crate::onnx::build::int;
use crate::onnx::format::DataType;
use nascent_core::architecture::op::{Embedding, EmbeddingBag, TiedOutput};

/// The vectors of codes, and which codes are something.
struct Read {
    /// `[batch, codes, size]`.
    vectors: String,
    /// `[batch, codes]` of yes and no.
    known: String,
    table: String,
}

impl<'a> Lowering<'a> {
    pub(super) fn embed(&mut self, op: &Embedding, node: &Node<'a>) -> Result<String, String> {
        let read = self.read(op.vocabulary, op.size, node)?;
        let vectors = self.build.transpose(&read.vectors, &[0, 2, 1]);
        self.tables.insert(node.id, read.table);
        Ok(vectors)
    }

    /// The product of each code's vector with each step, and its bias.
    pub(super) fn answer_by_table(&mut self, op: &TiedOutput, node: &Node<'a>) -> Result<String, String> {
        let reads = &self.model.graph.nodes()[node.id.index()].inputs;
        let table = reads.get(1).and_then(|embedding| self.tables.get(embedding));
        let table = table.cloned().ok_or("it reads no embedding")?;
        let products = self.build.node("MatMul", &[&table, node.input()?], Vec::new());
        let (slot, numbers) = node.slot(0)?;
        let bias = self.build.floats(&slot.name, &[op.vocabulary, 1], numbers);
        Ok(self.build.node("Add", &[&products, &bias], Vec::new()))
    }

    pub(super) fn embed_bag(&mut self, op: &EmbeddingBag, node: &Node<'a>) -> Result<String, String> {
        let read = self.read(op.vocabulary, op.size, node)?;
        let sum = self.build.sum(&read.vectors, 1);
        let known = self.build.cast(&read.known, DataType::Float);
        let count = self.build.sum(&known, 1);
        let count = self.build.unsqueeze(&count, &[1]);
        let one = self.build.number(1.0);
        let count = self.build.node("Max", &[&count, &one], Vec::new());
        Ok(self.build.node("Div", &[&sum, &count], Vec::new()))
    }

    /// Looks codes up in a table whose first row, of zeros, is that of code 0 and of what is no code.
    fn read(&mut self, vocabulary: usize, size: usize, node: &Node<'a>) -> Result<Read, String> {
        let (_, numbers) = node.slot(0)?;
        let table = self.weights(node, 0, &[vocabulary, size], (&with_nothing(numbers, size), 1))?;
        let codes = node.input()?;
        let (first, end) = (self.build.number(1.0), self.build.number(vocabulary as f32));
        let above = self.build.node("GreaterOrEqual", &[codes, &first], Vec::new());
        let below = self.build.node("Less", &[codes, &end], Vec::new());
        let known = self.build.node("And", &[&above, &below], Vec::new());
        let nothing = self.build.number(0.0);
        let codes = self.build.node("Where", &[&known, codes, &nothing], Vec::new());
        let codes = self.build.cast(&codes, DataType::Int64);
        let vectors = self.build.node("Gather", &[&table, &codes], vec![int("axis", 0)]);
        Ok(Read { vectors, known, table })
    }

    /// 1 where a code is something, 0 where it is padding: `[batch, codes]`.
    pub(super) fn mask(&mut self, codes: &str) -> String {
        let zero = self.build.number(0.0);
        let padding = self.build.node("Equal", &[codes, &zero], Vec::new());
        let there = self.build.node("Not", &[&padding], Vec::new());
        self.build.cast(&there, DataType::Float)
    }
}
