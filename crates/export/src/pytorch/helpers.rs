//! The classes and functions that PyTorch has not, each as it is written into a file that needs it.

/// A class or a function of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    GlobalAverage,
    GlobalMax,
    ChannelNorm,
    Codes,
    Bag,
    FillBins,
    PerFeature,
    Waves,
    Attention,
    Positions,
    States,
    Memory,
    Cell,
    TiedOutput,
    PoolMean,
    PoolMax,
}

impl Helper {
    /// Its source.
    pub fn source(self) -> &'static str {
        match self {
            Self::GlobalAverage => GLOBAL_AVERAGE,
            Self::GlobalMax => GLOBAL_MAX,
            Self::ChannelNorm => CHANNEL_NORM,
            Self::Codes => CODES,
            Self::Bag => BAG,
            Self::FillBins => FILL_BINS,
            Self::PerFeature => PER_FEATURE,
            Self::Waves => WAVES,
            Self::Attention => ATTENTION,
            Self::Positions => POSITIONS,
            Self::States => STATES,
            Self::Memory => MEMORY,
            Self::Cell => CELL,
            Self::TiedOutput => TIED_OUTPUT,
            Self::PoolMean => POOL_MEAN,
            Self::PoolMax => POOL_MAX,
        }
    }
}

const GLOBAL_AVERAGE: &str = r#"class GlobalAverage(nn.Module):
    """The mean of each channel."""

    def forward(self, x):
        return x.flatten(2).mean(2)
"#;

const GLOBAL_MAX: &str = r#"class GlobalMax(nn.Module):
    """The largest value of each channel."""

    def forward(self, x):
        return x.flatten(2).amax(2)
"#;

const CHANNEL_NORM: &str = r#"class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each step of [batch, channels, steps]."""

    def forward(self, x):
        return super().forward(x.transpose(1, -1)).transpose(1, -1)
"#;

const CODES: &str = r#"class Codes(nn.Embedding):
    """A vector for each code: [batch, codes] to [batch, size, codes]. Code 0, and what is no code, is zeros."""

    def __init__(self, vocabulary, size):
        super().__init__(vocabulary, size, padding_idx=0)

    def forward(self, codes):
        known = (codes >= 1) & (codes < self.num_embeddings)
        return super().forward(codes.masked_fill(~known, 0).long()).transpose(1, 2)
"#;

const TIED_OUTPUT: &str = r#"class TiedOutput(nn.Module):
    """A number for each code by an embedding's vectors: [batch, size, steps] to [batch, codes, steps]."""

    def __init__(self, vocabulary):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, x, table):
        # The vector of code 0 stays zero.
        table = nn.functional.pad(table[1:], (0, 0, 1, 0))
        return table @ x + self.bias[:, None]
"#;

const BAG: &str = r#"class Bag(nn.Embedding):
    """The mean vector of the codes other than 0: [batch, codes] to [batch, size]."""

    def __init__(self, vocabulary, size):
        super().__init__(vocabulary, size, padding_idx=0)

    def forward(self, codes):
        known = (codes >= 1) & (codes < self.num_embeddings)
        vectors = super().forward(codes.masked_fill(~known, 0).long())
        return vectors.sum(1) / known.sum(1, keepdim=True).clamp(min=1)
"#;

const FILL_BINS: &str = r#"class FillBins(nn.Module):
    """How far each number from 0 to 1 fills each of some equal bins: [batch, n] to [batch, n * bins]."""

    def __init__(self, bins):
        super().__init__()
        self.bins = bins

    def forward(self, x):
        edges = torch.arange(self.bins, dtype=x.dtype, device=x.device)
        return (x[:, :, None] * self.bins - edges).clamp(0, 1).flatten(1)
"#;

const PER_FEATURE: &str = r#"class PerFeature(nn.Module):
    """A linear layer of its own for each feature: [batch, features * each] to [batch, features * size]."""

    def __init__(self, features, each, size):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(features, each, size) * math.sqrt(2 / each))
        self.bias = nn.Parameter(torch.zeros(features * size))

    def forward(self, x):
        features, each, _ = self.weight.shape
        rows = x.reshape(len(x), features, 1, each)
        return (rows @ self.weight).flatten(1) + self.bias
"#;

const WAVES: &str = r#"class Waves(nn.Module):
    """Sines and cosines of each number at trained frequencies: [batch, n] to [batch, n * 2 * frequencies]."""

    def __init__(self, numbers, frequencies, deviation):
        super().__init__()
        self.frequencies = nn.Parameter(torch.randn(numbers, frequencies) * deviation)

    def forward(self, x):
        angles = x[:, :, None] * self.frequencies * (2 * math.pi)
        return torch.cat([angles.sin(), angles.cos()], dim=2).flatten(1)
"#;

const ATTENTION: &str = r#"def turned(x):
    """Queries or keys, [batch, heads, steps, channels], each pair of channels turned by its step."""
    a, b = x.chunk(2, 3)
    frequencies = 10000 ** (torch.arange(a.shape[3], device=x.device) / -a.shape[3])
    angles = torch.arange(x.shape[2], device=x.device)[:, None] * frequencies
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], 3)


class Attention(nn.Module):
    """Multi-head self-attention over [batch, channels, steps]; a step whose code is 0 is padding.

    With fewer heads of keys and values than heads, neighbours share them.
    """

    def __init__(self, channels, heads, causal=False, relative=None, key_heads=None):
        super().__init__()
        self.heads = heads
        self.key_heads = key_heads or heads
        self.causal = causal
        self.relative = relative
        self.projection = nn.Linear(channels, channels + 2 * self.key_heads * (channels // heads))
        self.output = nn.Linear(channels, channels)

    def forward(self, x, codes=None):
        batch, channels, steps = x.shape
        projected = self.projection(x.transpose(1, 2)).view(batch, steps, -1, channels // self.heads)
        queries, keys, values = projected.transpose(1, 2).split([self.heads, self.key_heads, self.key_heads], 1)
        keys, values = (x.repeat_interleave(self.heads // self.key_heads, 1) for x in (keys, values))
        if self.relative == "rotary":
            queries, keys = turned(queries), turned(keys)
        scores = queries @ keys.transpose(2, 3) / math.sqrt(channels // self.heads)
        if self.relative == "alibi":
            at = torch.arange(steps, device=x.device)
            slopes = torch.arange(1, self.heads + 1, device=x.device).mul(-8 / self.heads).exp2()
            scores = scores - slopes[:, None, None] * (at[:, None] - at)
        if self.causal:
            later = torch.ones(steps, steps, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(later, -1e9)
        if codes is not None:
            scores = scores.masked_fill((codes == 0)[:, None, None, :], -1e9)
        mixed = (scores.softmax(3) @ values).transpose(1, 2).reshape(batch, steps, channels)
        if codes is not None:
            mixed = mixed * (codes != 0)[:, :, None]
        return self.output(mixed).transpose(1, 2)
"#;

const POSITIONS: &str = r#"class Positions(nn.Module):
    """Adds a trained number to each channel of each step."""

    def __init__(self, channels, steps):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, steps) / math.sqrt(channels))

    def forward(self, x):
        return x + self.weight
"#;

const STATES: &str = r#"class States(nn.GRU):
    """The state of a gated recurrent unit at each step: [batch, channels, steps] to [batch, size, steps]."""

    def __init__(self, channels, size):
        super().__init__(channels, size, batch_first=True)

    def forward(self, x):
        states, _ = super().forward(x.transpose(1, 2))
        return states.transpose(1, 2)
"#;

const MEMORY: &str = r#"class Memory(nn.LSTM):
    """The state of a long short-term memory at each step: [batch, channels, steps] to [batch, size, steps]."""

    def __init__(self, channels, size):
        super().__init__(channels, size, batch_first=True)

    def forward(self, x):
        states, _ = super().forward(x.transpose(1, 2))
        return states.transpose(1, 2)
"#;

const CELL: &str = r#"class Cell(nn.Module):
    """The state of a recurrent cell at each step: [batch, channels, steps] to [batch, size, steps].

    Each node, (reads, function), lets some of what it reads through a function; the first reads the old state and the
    step's input. The new state is the mean of the nodes that no other reads.
    """

    functions = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "identity": lambda x: x}

    def __init__(self, channels, size, nodes):
        super().__init__()
        self.nodes = nodes
        self.given = nn.Linear(channels, 2 * size)
        self.weight = nn.Parameter(torch.randn(len(nodes), size, 2 * size) / math.sqrt(size))

    def step(self, given, state):
        values = []
        for (reads, function), weight in zip(self.nodes, self.weight):
            before = state if reads is None else values[reads]
            sums = before @ weight + given if reads is None else before @ weight
            gate, value = sums.chunk(2, 1)
            values.append(before + gate.sigmoid() * (self.functions[function](value) - before))
        read = {reads for reads, _ in self.nodes}
        return torch.stack([value for i, value in enumerate(values) if i not in read]).mean(0)

    def forward(self, x):
        states = [x.new_zeros(len(x), self.weight.shape[1])]
        for given in self.given(x.transpose(1, 2)).unbind(1):
            states.append(self.step(given, states[-1]))
        return torch.stack(states[1:], 2)
"#;

const POOL_MEAN: &str = r#"def pool_mean(x, codes):
    """The mean of each channel over the steps whose code is not 0."""
    there = (codes != 0)[:, None, :]
    return (x * there).sum(2) / there.sum(2).clamp(min=1)
"#;

const POOL_MAX: &str = r#"def pool_max(x, codes):
    """The largest value of each channel over the steps whose code is not 0; 0 where there are none."""
    there = (codes != 0)[:, None, :]
    return x.masked_fill(~there, torch.finfo(x.dtype).min).amax(2) * there.any(2)
"#;
