use super::paths::Paths;
use super::relaxation::{DARTS, DRNAS, ENAS, GDAS, Relaxation};
use crate::TrainError;
use nascent_core::architecture::Architecture;
use nascent_core::did_you_mean;
use nascent_core::event::SUPERNET;
use serde::{Deserialize, Serialize};

/// How the networks of a space are trained in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Method {
    /// Single-path one-shot: a network drawn at random for each batch (Guo et al. 2019, arXiv:1904.00420).
    Spos,
    /// Each option of each question equally often in every step (Chu et al. 2019, arXiv:1907.01845).
    FairNas,
    /// The largest, the smallest and two between them in every step; the largest teaches the others (BigNAS, Yu et al. 2020,
    /// arXiv:2003.11142), and sizes are offered one after the other, the largest first (once-for-all networks, Cai et al.
    /// 2019, arXiv:1908.09791).
    Sandwich,
    /// The largest, which teaches, and three random ones in every step, of a space that shrinks: options that lag behind in networks of
    /// every size are dropped as it goes (NAS-BERT, Xu et al. 2021, arXiv:2105.14444).
    NasBert,
    /// Differentiable architecture search (Liu et al. 2018, arXiv:1806.09055), first order, with its known failure guarded.
    Darts,
    /// The same without any guard: a yardstick for those.
    DartsPlain,
    /// The same with a quarter of the channels before each choice (Xu et al. 2019, arXiv:1907.05737), without edge normalisation,
    /// for no edge is chosen among others in spaces of ours.
    PcDarts,
    /// Options drawn by Gumbel noise (Dong & Yang 2019, arXiv:1910.04465).
    Gdas,
    /// Weights drawn from Dirichlet's distribution (Chen et al. 2020, arXiv:2006.10355).
    DrNas,
    /// A policy trained on shared weights (Pham et al. 2018, arXiv:1802.03268).
    Enas,
}

impl Method {
    /// All, in the order they are listed.
    pub const ALL: [Self; 10] = [
        Self::Spos,
        Self::FairNas,
        Self::Sandwich,
        Self::NasBert,
        Self::Darts,
        Self::DartsPlain,
        Self::PcDarts,
        Self::Gdas,
        Self::DrNas,
        Self::Enas,
    ];

    /// The name users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spos => "spos",
            Self::FairNas => "fairnas",
            Self::Sandwich => "sandwich",
            Self::NasBert => "nas-bert",
            Self::Darts => "darts",
            Self::DartsPlain => "darts-plain",
            Self::PcDarts => "pc-darts",
            Self::Gdas => "gdas",
            Self::DrNas => "drnas",
            Self::Enas => "enas",
        }
    }

    /// What it does, in one line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Spos => "a random network for each batch",
            Self::FairNas => "every option equally often in each step",
            Self::Sandwich => "the largest, the smallest and two between; the largest teaches the others",
            Self::NasBert => {
                "the largest teaches three random ones; what lags behind in every size is dropped"
            }
            Self::Darts => "all options weighed by a softmax, with guards against collapse",
            Self::DartsPlain => "the same without guards",
            Self::PcDarts => "the same, each choice seeing a quarter of the channels: several times as fast",
            Self::Gdas => "one option drawn by Gumbel noise, learned from as if all had been weighed",
            Self::DrNas => "all options weighed by draws from Dirichlet's distribution",
            Self::Enas => "one option drawn by a policy that learns from the loss",
        }
    }

    /// The paper it is from.
    #[must_use]
    pub fn paper(self) -> &'static str {
        match self {
            Self::Spos => "arXiv:1904.00420",
            Self::FairNas => "arXiv:1907.01845",
            Self::Sandwich => "arXiv:2003.11142",
            Self::NasBert => "arXiv:2105.14444",
            Self::Darts | Self::DartsPlain => "arXiv:1806.09055",
            Self::PcDarts => "arXiv:1907.05737",
            Self::Gdas => "arXiv:1910.04465",
            Self::DrNas => "arXiv:2006.10355",
            Self::Enas => "arXiv:1802.03268",
        }
    }

    /// Whether it learns which options are good, and so needs a space that can be relaxed.
    #[must_use]
    pub fn is_relaxation(self) -> bool {
        self.relaxation().is_some()
    }

    /// What a rung that trains such a supernet names as its estimator.
    #[must_use]
    pub fn estimator(self) -> String {
        format!("{SUPERNET}{}", self.name())
    }

    /// The method of a rung's estimator, where that trains a supernet.
    #[must_use]
    pub fn of_estimator(estimator: &str) -> Option<Self> {
        let name = estimator.strip_prefix(SUPERNET)?;
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether it computes all options of a choice at once, or one.
    pub(crate) fn mixes(self) -> bool {
        matches!(self, Self::Darts | Self::DartsPlain | Self::PcDarts | Self::DrNas)
    }

    /// One in how many channels the options of a choice see.
    pub(super) fn parts(self) -> usize {
        if self == Self::PcDarts { 4 } else { 1 }
    }

    /// A graph with open choices as it is trained.
    ///
    /// # Errors
    /// Where what a choice sees of it makes no graph.
    pub fn seen(self, graph: Architecture) -> Result<Architecture, TrainError> {
        match self.parts() {
            1 => Ok(graph),
            parts => graph.with_partial_choices(parts).map_err(|e| TrainError::Mismatch(e.to_string())),
        }
    }

    pub(super) fn paths(self) -> Paths {
        match self {
            Self::FairNas => Paths::Fair,
            Self::Sandwich => Paths::Sandwich,
            Self::NasBert => Paths::Shrinking,
            _ => Paths::Uniform,
        }
    }

    pub(super) fn relaxation(self) -> Option<&'static Relaxation> {
        match self {
            Self::Spos | Self::FairNas | Self::Sandwich | Self::NasBert => None,
            Self::Darts | Self::DartsPlain | Self::PcDarts => Some(&DARTS),
            Self::Gdas => Some(&GDAS),
            Self::DrNas => Some(&DRNAS),
            Self::Enas => Some(&ENAS),
        }
    }
}

impl TryFrom<String> for Method {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.name().into()
    }
}

impl std::str::FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let nearest = did_you_mean(text, names);
            format!("there is no supernet {text:?}{nearest}; there are: {}", names.join(", "))
        })
    }
}
