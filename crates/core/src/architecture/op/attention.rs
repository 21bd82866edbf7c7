use super::{OpCode, Operation, Shape, code, one_a_step, only};
use serde::{Deserialize, Serialize};

/// Multi-head self-attention over `[channels, steps]`, its projections included (Vaswani et al. 2017, arXiv:1706.03762).
///
/// A second input of codes, `[steps]`, masks padding: a step whose code is 0 is not attended to and attends to nothing,
/// so that what stands there never matters; its output is the last projection's bias.
///
/// Neighbouring heads may share keys and values: grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245), and with one head of
/// keys and values for all, multi-query attention (Shazeer 2019, arXiv:1911.02150).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct SelfAttention {
    /// Heads of queries, which divide the channels.
    pub heads: usize,
    /// Heads of keys and values, which divide those of queries: as many where each has its own.
    pub key_heads: usize,
    /// Whether a step attends only to itself and those before it.
    pub causal: bool,
    /// How scores depend on the distance between two steps.
    pub relative: Relative,
}

/// How it is written: what is as it was before there was anything else is left out.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    heads: usize,
    causal: bool,
    #[serde(default, skip_serializing_if = "Relative::is_none")]
    relative: Relative,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_heads: Option<usize>,
}

impl From<Stored> for SelfAttention {
    fn from(Stored { heads, causal, relative, key_heads }: Stored) -> Self {
        Self { heads, key_heads: key_heads.unwrap_or(heads), causal, relative }
    }
}

impl From<SelfAttention> for Stored {
    fn from(SelfAttention { heads, key_heads, causal, relative }: SelfAttention) -> Self {
        Self { heads, causal, relative, key_heads: Some(key_heads).filter(|own| *own != heads) }
    }
}

/// How scores of attention depend on the distance between two steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relative {
    /// They do not.
    #[default]
    None,
    /// They fall with it, in each head by another slope (Press et al. 2021, arXiv:2108.12409); only where attention is causal.
    Alibi,
    /// Queries and keys are turned by their step, each pair of channels at a frequency of its own, so that their products depend
    /// on it (Su et al. 2021, arXiv:2104.09864).
    Rotary,
}

impl Relative {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl SelfAttention {
    /// Channels of queries, keys and values, which one projection gives under each other.
    #[must_use]
    pub fn parts(&self, channels: usize) -> [usize; 3] {
        let own = channels / self.heads.max(1) * self.key_heads;
        [channels, own, own]
    }

    /// By how much a score falls with each step of distance, in each head; empty where it does not.
    #[must_use]
    pub fn slopes(&self) -> Vec<f32> {
        let slope = |head: usize| (-8.0 * (head + 1) as f64 / self.heads as f64).exp2() as f32;
        (0..self.heads).filter(|_| self.relative == Relative::Alibi).map(slope).collect()
    }

    /// The cosine and the sine of the angle by which a step turns a pair of channels, of the `each` that a head has: numbers `pair` and
    /// `pair + each / 2` of its queries and keys.
    #[must_use]
    pub fn turn(pair: usize, each: usize, step: usize) -> [f32; 2] {
        let angle = step as f64 * 10_000f64.powf(-2.0 * pair as f64 / each as f64);
        [angle.cos() as f32, angle.sin() as f32]
    }

    /// The cosines and the sines of all pairs at each step, `[each / 2, steps]`; nothing where nothing is turned.
    #[must_use]
    pub fn turns(&self, each: usize, steps: usize) -> Option<[Vec<f32>; 2]> {
        let all = |part: usize| {
            let of = |at: usize| Self::turn(at / steps, each, at % steps)[part];
            (0..each / 2 * steps).map(of).collect()
        };
        (self.relative == Relative::Rotary).then(|| [all(0), all(1)])
    }

    /// A score so low that its exponential is 0 beside any other.
    pub const NEVER: f32 = -1e9;

    /// What is added to the score of each query with each key, `[sides, steps, steps]`, and how many sides there are: a side for
    /// each head, or one for all. Nothing where attention is not causal.
    #[must_use]
    pub fn offsets(&self, steps: usize) -> Option<(usize, Vec<f32>)> {
        let slopes = self.slopes();
        let sides = slopes.len().max(1);
        let offset = |at: usize| {
            let (query, key) = (at / steps % steps, at % steps);
            let slope = slopes.get(at / (steps * steps)).copied().unwrap_or(0.0);
            if key > query { Self::NEVER } else { -slope * (query - key) as f32 }
        };
        self.causal.then(|| (sides, (0..sides * steps * steps).map(offset).collect()))
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
        if self.key_heads == 0 || !self.heads.is_multiple_of(self.key_heads) {
            return Err(format!(
                "{} heads of keys and values must be at least 1 and divide {} heads",
                self.key_heads, self.heads
            ));
        }
        match self.relative {
            Relative::Alibi if !self.causal => {
                return Err("scores that fall with the distance need causal attention".into());
            }
            Relative::Rotary if !(c / self.heads).is_multiple_of(2) => {
                return Err(format!("{} channels a head cannot be turned in pairs", c / self.heads));
            }
            _ => {}
        }
        codes.map_or(Ok(()), |codes| one_a_step(codes, n))?;
        Ok((*input).clone())
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        let channels = inputs.first().and_then(|s| s.channels()).unwrap_or(0);
        let projected: usize = self.parts(channels).iter().sum();
        ((projected + channels) * (channels + 1)) as u64
    }
    fn macs(&self, inputs: &[&Shape], _: &Shape) -> u64 {
        let (channels, steps) = inputs.first().and_then(|s| s.sequence()).unwrap_or((0, 0));
        let projected: usize = self.parts(channels).iter().sum();
        let (projected, channels, steps) = (projected as u64, channels as u64, steps as u64);
        (projected + channels) * channels * steps + 2 * channels * steps * steps
    }
    fn kept(&self, inputs: &[&Shape]) -> u64 {
        let (channels, steps) = inputs.first().and_then(|s| s.sequence()).unwrap_or((0, 0));
        let projected: usize = self.parts(channels).iter().sum();
        // Queries, keys, values, their sums, and who attends to whom.
        ((projected + channels) * steps + self.heads * steps * steps) as u64
    }
    fn remembered(&self, inputs: &[&Shape]) -> u64 {
        // The key and the value of each step.
        let (channels, steps) = inputs.first().and_then(|s| s.sequence()).unwrap_or((0, 0));
        let [_, keys, values] = self.parts(channels);
        ((keys + values) * steps) as u64
    }
    fn code(&self) -> OpCode {
        let relative = match self.relative {
            Relative::None => 0,
            Relative::Alibi => 1,
            Relative::Rotary => 2,
        };
        let all = [self.heads, usize::from(self.causal), relative, self.key_heads];
        // Without distances and shared keys, the code is what it was before there were any.
        let said = match (self.key_heads == self.heads, relative) {
            (true, 0) => 2,
            (true, _) => 3,
            (false, _) => 4,
        };
        code(25, &all[..said])
    }
    fn label(&self) -> String {
        let kind = if self.causal { "causal attention" } else { "attention" };
        let relative = match self.relative {
            Relative::None => "",
            Relative::Alibi => ", ALiBi",
            Relative::Rotary => ", rotary",
        };
        let keys = match self.key_heads == self.heads {
            true => String::new(),
            false => format!(", {} of keys", self.key_heads),
        };
        format!("{kind}, {} head{}{keys}{relative}", self.heads, if self.heads == 1 { "" } else { "s" })
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
