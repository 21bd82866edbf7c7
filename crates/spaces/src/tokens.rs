//! How networks of running text read tokens and answer with them: what both spaces of such networks ask and draw alike.

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{check_task, wrong_input};
use nascent_core::architecture::op::{Conv1d, Embedding, TiedOutput};
use nascent_core::architecture::{ArchitectureBuilder, ArchitectureError, NodeId};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Chooser, Features, Signature, SpaceError};

/// From so many codes on, their table is asked for: of few codes it is small whatever its width.
const MANY_CODES: usize = 256;

/// The fewest numbers of an embedding: a norm leaves nothing of one.
const LEAST: usize = 4;

/// The questions.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    vocabulary: usize,
    outputs: usize,
    /// Whether there are many codes.
    has_many: bool,
    width: Options<usize>,
    /// How many times smaller than the network's width embeddings are.
    embedding: Options<usize>,
    /// Whether answers share the table of the tokens.
    tied: Option<Options<bool>>,
}

/// The answers.
#[derive(Clone, Copy)]
pub(crate) struct Table {
    /// Channels between the layers of the network.
    pub width: usize,
    /// Numbers of a token's embedding, at most the width.
    embedding: usize,
    /// Whether smaller ones are made as wide as the network before a layer reads them.
    is_widened: bool,
    is_tied: bool,
}

impl Tokens {
    /// Those of a space of this name, whose smallest width is `width` or the next multiple of 8.
    pub fn new(name: &'static str, signature: &Signature, width: usize) -> Result<Self, DefinitionError> {
        let input = signature.shape();
        check_task(name, &input, signature.outputs)?;
        let &Features::Tokens { vocabulary, .. } = &signature.features else {
            return Err(wrong_input(name, "running text", &input));
        };
        let (width, network) = (width.next_multiple_of(8), Topic::Architecture);
        let has_many = vocabulary >= MANY_CODES;
        Ok(Self {
            vocabulary,
            outputs: signature.outputs,
            has_many,
            width: Options::sizes(network, [1, 2, 3, 4, 6, 8, 12].map(|n| n * width).to_vec()),
            embedding: Options::named(
                Scale::Ordered,
                network,
                match has_many {
                    true => &[("quarter", 4), ("half", 2), ("whole", 1)],
                    // Of few codes less tells one from another.
                    false => &[("eighth", 8), ("quarter", 4), ("half", 2), ("whole", 1)],
                },
            ),
            tied: (has_many && signature.outputs == vocabulary)
                .then(|| Options::kinds(network, &[("no", false), ("yes", true)])),
        })
    }

    /// The smallest width.
    pub fn base(&self) -> usize {
        self.width.values().first().copied().unwrap_or(0)
    }

    pub fn ask(&self, chooser: &mut dyn Chooser) -> Result<Table, SpaceError> {
        let width = self.width.ask(chooser, Path::new("width"))?;
        let embedding = if self.has_many { self.ask_embedding(chooser, width)? } else { width };
        let is_tied = match &self.tied {
            Some(tied) => tied.ask(chooser, Path::new("tied"))?,
            None => false,
        };
        Ok(Table { width, embedding, is_widened: true, is_tied })
    }

    /// The same table where what reads it takes vectors of any width: of few codes it may be smaller than the network too.
    pub fn ask_narrow(&self, chooser: &mut dyn Chooser, table: Table) -> Result<Table, SpaceError> {
        let embedding =
            if self.has_many { table.embedding } else { self.ask_embedding(chooser, table.width)? };
        Ok(Table { embedding, is_widened: false, ..table })
    }

    fn ask_embedding(&self, chooser: &mut dyn Chooser, width: usize) -> Result<usize, SpaceError> {
        Ok((width / self.embedding.ask(chooser, Path::new("embedding"))?).max(LEAST))
    }

    /// What a good practitioner answers; none where the question is another's.
    pub fn wanted(path: &str) -> Option<&'static str> {
        match path {
            "embedding" => Some("whole"),
            "tied" => Some("yes"),
            _ => None,
        }
    }

    /// The smallest embedding that can be answered.
    pub fn narrowest(&self) -> &'static str {
        if self.has_many { "quarter" } else { "eighth" }
    }

    /// Reads the input: the tokens' vectors, and what the first layer reads.
    pub fn read(
        &self,
        b: &mut ArchitectureBuilder,
        table: Table,
    ) -> Result<(NodeId, NodeId), ArchitectureError> {
        b.scope("tokens");
        // A smaller table, and a layer that widens it (Lan et al. 2019, arXiv:1909.11942).
        if table.is_tied {
            b.branch("tied");
        }
        let input = b.input();
        let tokens = b.add(Embedding { vocabulary: self.vocabulary, size: table.embedding }, &[input])?;
        let is_widened = table.is_widened && table.embedding < table.width;
        let at = if is_widened { b.add(point(table.width), &[tokens])? } else { tokens };
        Ok((tokens, at))
    }

    /// Answers from what the last layer gives; `tokens` are the vectors that were read.
    pub fn answer(
        &self,
        b: &mut ArchitectureBuilder,
        table: Table,
        (tokens, mut at): (NodeId, NodeId),
    ) -> Result<NodeId, ArchitectureError> {
        if self.has_many && table.embedding < table.width {
            b.branch("narrow");
            at = b.add(point(table.embedding), &[at])?;
            b.branch("answers");
        }
        match table.is_tied {
            true => b.add(TiedOutput { vocabulary: self.vocabulary, size: table.embedding }, &[at, tokens]),
            false => b.add(point(self.outputs), &[at]),
        }
    }
}

/// All channels of a step from all channels of it.
pub(crate) fn point(channels: usize) -> Conv1d {
    Conv1d { bias: true, ..Conv1d::same(channels, 1, 1) }
}
