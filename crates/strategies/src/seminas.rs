use crate::latent::{LatentSearch, Settings};
use crate::nao::{BATCH, EPOCHS, NaoParams, SEEDS, STARTUP, TRADE_OFF, WIDTH};
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::registry::Entry;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// Semi-supervised neural architecture search (Luo et al. 2020, arXiv:2002.10389): as [`Nao`](crate::Nao), but the
/// network learns besides from many networks that were not tried, each with what it guessed of them at first.
pub struct Seminas {
    search: LatentSearch,
}

/// The parameters of [`Seminas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeminasParams {
    /// Those that it shares with [`Nao`](crate::Nao).
    pub nao: NaoParams,
    /// How many networks without results are learnt from, 0 to 100,000.
    pub unlabelled: u64,
    /// How many times a result counts beside them, 1 to 1,000.
    pub copies: u64,
}

impl SeminasParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Seminas, ParameterError> {
        self.nao.check()?;
        check_ranges(ENTRY.parameters, &[("unlabelled", self.unlabelled), ("copies", self.copies)])?;
        let (unlabelled, copies) = (self.unlabelled as usize, self.copies as usize);
        let settings = Settings { unlabelled, copies, ..self.nao.settings() };
        Ok(Seminas { search: LatentSearch::new(settings) })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "seminas",
    summary: "as nao, but the latent space is learnt besides from networks that were not tried",
    good_for: "a yardstick: tens to hundreds of expensive trials",
    paper: "arXiv:2002.10389",
    cost: "up to a hundred milliseconds, on average, growing with the questions; memory grows with the trials",
    has_children: true,
    parameters: &[
        STARTUP,
        BATCH,
        SEEDS,
        EPOCHS,
        WIDTH,
        TRADE_OFF,
        Parameter {
            name: "unlabelled",
            meaning: "networks without results that are learnt from",
            range: (0, 100_000),
            default: |_| 1_000,
            default_text: "1000 (the paper: 10000)",
        },
        Parameter {
            name: "copies",
            meaning: "how many times a result counts beside them",
            range: (1, 1_000),
            default: |_| 10,
            default_text: "10, as in the authors' experiments",
        },
    ],
    make: |values| {
        let nao = NaoParams::of(values);
        let (unlabelled, copies) = (values.value("unlabelled"), values.value("copies"));
        Ok(Box::new(SeminasParams { nao, unlabelled, copies }.check()?))
    },
};

impl Strategy for Seminas {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.search.ask(cx)
    }

    fn observe(&mut self, event: &Event) {
        self.search.observe(event);
    }
}
