use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// A trained vector for each code: `[codes]` to `[size, codes]`, a sequence.
///
/// Codes are whole numbers written as float32. Code 0 is nothing, as in padding: its vector is zero and never trained,
/// and so is that of what is no code at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embedding {
    /// Codes there are, 0 among them: the largest is `vocabulary - 1`.
    pub vocabulary: usize,
    /// Numbers a code becomes.
    pub size: usize,
}

/// The mean vector of the codes other than 0: `[codes]` to `[size]`; zero where there are none.
///
/// With hashed n-grams this is the text classifier of Joulin et al. 2016 (arXiv:1607.01759).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingBag {
    /// Codes there are, 0 among them: the largest is `vocabulary - 1`.
    pub vocabulary: usize,
    /// Numbers a code becomes.
    pub size: usize,
}

/// How many codes there are in the input, if the table is one.
fn codes(inputs: &[&Shape], vocabulary: usize, size: usize) -> Result<usize, String> {
    let input = only(inputs)?;
    // A float32 holds all whole numbers up to 2^24.
    if !(2..=1 << 24).contains(&vocabulary) || size == 0 {
        return Err(format!(
            "needs 2 to 2^24 codes (0 is nothing) and vectors of at least 1, got {vocabulary} and {size}"
        ));
    }
    input.vector().ok_or_else(|| format!("needs a row of codes, got {input}"))
}

fn params(vocabulary: usize, size: usize) -> u64 {
    // Code 0 has no parameters.
    vocabulary.saturating_sub(1) as u64 * size as u64
}

impl Operation for Embedding {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        Ok(Shape::new(&[self.size, codes(inputs, self.vocabulary, self.size)?]))
    }
    fn params(&self, _: &[&Shape]) -> u64 {
        params(self.vocabulary, self.size)
    }
    fn code(&self) -> OpCode {
        code(19, &[self.vocabulary, self.size])
    }
    fn label(&self) -> String {
        format!("embedding {} of {}", self.size, self.vocabulary)
    }
}

impl Operation for EmbeddingBag {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        codes(inputs, self.vocabulary, self.size).map(|_| Shape::new(&[self.size]))
    }
    fn params(&self, _: &[&Shape]) -> u64 {
        params(self.vocabulary, self.size)
    }
    fn code(&self) -> OpCode {
        code(20, &[self.vocabulary, self.size])
    }
    fn label(&self) -> String {
        format!("bag {} of {}", self.size, self.vocabulary)
    }
}
