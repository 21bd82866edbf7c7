use crate::latent::{LatentSearch, Settings};
use crate::parameters::{Parameter, ParameterError, Values, check_ranges};
use crate::registry::Entry;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// Neural architecture optimisation (Luo et al. 2018, arXiv:1808.07233): an encoder turns the strings of networks into
/// points, a predictor guesses from these what they are worth, the best are moved along its gradient, and a decoder
/// writes networks where they arrive.
///
/// What is learnt is where a result stands among the others. Of all that is written, what the predictor expects most of
/// is tried first.
pub struct Nao {
    search: LatentSearch,
}

/// The parameters of [`Nao`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NaoParams {
    /// How many results the network is first trained with, 5 to 10,000; before that proposals are random.
    pub startup: u64,
    /// After how many more results it is trained anew, 1 to 10,000.
    pub batch: u64,
    /// How many of the best are moved, 1 to 1,000.
    pub seeds: u64,
    /// How often a training goes through the results, 1 to 10,000.
    pub epochs: u64,
    /// Cells of the recurrent layers, 4 to 256.
    pub width: u64,
    /// The weight of the predictor's error beside the decoder's, in percent, 1 to 99.
    pub trade_off: u64,
}

impl NaoParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Nao, ParameterError> {
        let values = [
            ("startup", self.startup),
            ("batch", self.batch),
            ("seeds", self.seeds),
            ("epochs", self.epochs),
            ("width", self.width),
            ("trade-off", self.trade_off),
        ];
        check_ranges(ENTRY.parameters, &values)?;
        Ok(Nao { search: LatentSearch::new(self.settings()) })
    }

    pub(crate) fn of(values: &Values) -> Self {
        Self {
            startup: values.value("startup"),
            batch: values.value("batch"),
            seeds: values.value("seeds"),
            epochs: values.value("epochs"),
            width: values.value("width"),
            trade_off: values.value("trade-off"),
        }
    }

    pub(crate) fn settings(self) -> Settings {
        Settings {
            startup: self.startup as usize,
            batch: self.batch as usize,
            seeds: self.seeds as usize,
            epochs: self.epochs as usize,
            width: self.width as usize,
            trade_off: self.trade_off as usize,
            unlabelled: 0,
            copies: 1,
        }
    }
}

pub(crate) const STARTUP: Parameter = Parameter {
    name: "startup",
    meaning: "random networks before the first training",
    range: (5, 10_000),
    default: |trials| (trials / 3).clamp(5, 100),
    default_text: "a third of the trials, 5 to 100 (the papers: 600 and 100)",
};

pub(crate) const BATCH: Parameter = Parameter {
    name: "batch",
    meaning: "results between trainings",
    range: (1, 10_000),
    default: |trials| (trials / 6).clamp(5, 1_000),
    default_text: "a sixth of the trials, 5 to 1000 (the papers: 200 and 100)",
};

pub(crate) const SEEDS: Parameter = Parameter {
    name: "seeds",
    meaning: "how many of the best are moved",
    range: (1, 1_000),
    default: |_| 50,
    default_text: "50 (the papers: 100)",
};

pub(crate) const EPOCHS: Parameter = Parameter {
    name: "epochs",
    meaning: "how often a training goes through the results, as long as that is no more than 100,000 answers",
    range: (1, 10_000),
    default: |_| 100,
    default_text: "100 (the papers: 1000)",
};

pub(crate) const WIDTH: Parameter = Parameter {
    name: "width",
    meaning: "cells of the recurrent layers",
    range: (4, 256),
    default: |_| 16,
    default_text: "16 (the papers: 96 and 64)",
};

pub(crate) const TRADE_OFF: Parameter = Parameter {
    name: "trade-off",
    meaning: "the weight of the predictor's error beside the decoder's, in percent",
    range: (1, 99),
    default: |_| 80,
    default_text: "80 (the papers: 90 and 80)",
};

pub(crate) static ENTRY: Entry = Entry {
    name: "nao",
    summary: "neural architecture optimisation: the best are moved along a gradient in a latent space and written again",
    good_for: "a yardstick: hundreds of expensive trials",
    paper: "arXiv:1808.07233",
    cost: "tens of milliseconds, on average, growing with the questions; memory grows with the trials",
    has_children: true,
    parameters: &[STARTUP, BATCH, SEEDS, EPOCHS, WIDTH, TRADE_OFF],
    make: |values| Ok(Box::new(NaoParams::of(values).check()?)),
};

impl Strategy for Nao {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.search.ask(cx)
    }

    fn observe(&mut self, event: &Event) {
        self.search.observe(event);
    }
}
