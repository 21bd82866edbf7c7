use super::{OpCode, Operation, Shape, code, one_a_step, only};
use serde::{Deserialize, Serialize};

/// Multi-head self-attention over `[channels, steps]`, its projections included (Vaswani et al. 2017, arXiv:1706.03762).
///
/// A second input of codes, `[steps]`, masks padding: a step whose code is 0 is not attended to and attends to nothing,
/// so that what stands there never matters; its output is the last projection's bias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfAttention {
    /// Heads, which divide the channels.
    pub heads: usize,
    /// Whether a step attends only to itself and those before it.
    pub causal: bool,
    /// Whether a score falls with the distance to the step that is attended to, in each head by another slope (Press et al. 2021,
    /// arXiv:2108.12409); only where attention is causal.
    #[serde(default, skip_serializing_if = "is_no")]
    pub alibi: bool,
}

fn is_no(flag: &bool) -> bool {
    !*flag
}

impl SelfAttention {
    /// By how much a score falls with each step of distance, in each head; empty where it does not.
    #[must_use]
    pub fn slopes(&self) -> Vec<f32> {
        let slope = |head: usize| (-8.0 * (head + 1) as f64 / self.heads as f64).exp2() as f32;
        (0..self.heads).filter(|_| self.alibi).map(slope).collect()
    }
}

impl Operation for SelfAttention {
    fn arity(&self) -> (usize, usize) {
        (1, 2)
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let (input, codes) = match inputs {
            [input] => (input, None),
            [input, codes] => (input, Some(codes)),
            _ => {
                return Err(format!("takes a sequence and perhaps codes, was given {} inputs", inputs.len()));
            }
        };
        let (c, n) = input.sequence().ok_or_else(|| format!("needs channels×steps, got {input}"))?;
        if self.heads == 0 || !c.is_multiple_of(self.heads) {
            return Err(format!("{} heads must divide {c} channels", self.heads));
        }
        if self.alibi && !self.causal {
            return Err("scores that fall with the distance need causal attention".into());
        }
        codes.map_or(Ok(()), |codes| one_a_step(codes, n))?;
        Ok((*input).clone())
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        let channels = inputs.first().and_then(|s| s.channels()).unwrap_or(0) as u64;
        4 * channels * (channels + 1)
    }
    fn macs(&self, inputs: &[&Shape], _: &Shape) -> u64 {
        let (channels, steps) = inputs.first().and_then(|s| s.sequence()).unwrap_or((0, 0));
        let (channels, steps) = (channels as u64, steps as u64);
        4 * channels * channels * steps + 2 * channels * steps * steps
    }
    fn kept(&self, inputs: &[&Shape]) -> u64 {
        let (channels, steps) = inputs.first().and_then(|s| s.sequence()).unwrap_or((0, 0));
        // Queries, keys, values, their sums, and who attends to whom.
        (4 * channels * steps + self.heads * steps * steps) as u64
    }
    fn code(&self) -> OpCode {
        let all = [self.heads, usize::from(self.causal), 1];
        // Without distances, the code is what it was before there were any.
        code(25, if self.alibi { &all } else { &all[..2] })
    }
    fn label(&self) -> String {
        let kind = if self.causal { "causal attention" } else { "attention" };
        let alibi = if self.alibi { ", ALiBi" } else { "" };
        format!("{kind}, {} head{}{alibi}", self.heads, if self.heads == 1 { "" } else { "s" })
    }
}

/// Adds a trained number to each channel of each step of `[channels, steps]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionEmbedding {}

impl Operation for PositionEmbedding {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        input.sequence().map(|_| input.clone()).ok_or_else(|| format!("needs channels×steps, got {input}"))
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        inputs.first().map_or(0, |s| s.len())
    }
    fn code(&self) -> OpCode {
        code(26, &[])
    }
    fn label(&self) -> String {
        "positions".into()
    }
}
