//! How the features of a table become the numbers that the first layer reads.

use crate::options::Options;
use nascent_core::architecture::op::{
    Activation, Concat, Embedding, Flatten, PerFeature, Periodic, PiecewiseLinear, Slice,
};
use nascent_core::architecture::{ArchitectureBuilder, ArchitectureError, NodeId};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Chooser, Features, SpaceError};

/// Embeddings of numbers make so many numbers at most: wider inputs than this take the numbers as they are.
const WIDEST: usize = 4096;

/// The questions about the features of a table; none for anything else.
#[derive(Clone, Debug)]
pub(super) struct Encoding(Option<Asked>);

#[derive(Clone, Debug)]
struct Asked {
    numbers: usize,
    categories: usize,
    codes: usize,
    embedding: Options<Numbers>,
    detail: Options<usize>,
    size: Options<usize>,
    sigma: Options<usize>,
    category_size: Options<usize>,
    linear: Options<LinearPath>,
}

/// Whether the features reach the output without a hidden layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LinearPath {
    #[default]
    None,
    /// Beside the layers.
    Beside,
    /// There are no layers: what each feature adds to the output does not depend on the others.
    Alone,
}

/// What becomes of numbers (Gorishniy et al. 2022, arXiv:2203.05556).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    /// They stay as they are.
    Plain,
    /// How far each fills some quantile bins, then a small layer for each feature.
    Piecewise,
    /// Sines and cosines with trained frequencies, then a small layer for each feature.
    Periodic,
}

/// The answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Encoded {
    embedding: Option<Embedded>,
    category_size: usize,
    pub linear: LinearPath,
}

#[derive(Clone, Copy, Debug)]
struct Embedded {
    /// Bins or frequencies.
    detail: usize,
    size: usize,
    /// The frequencies' deviation in thousandths, where there are any.
    sigma: Option<usize>,
}

impl Encoding {
    pub(super) fn new(features: &Features) -> Self {
        let &Features::Table { numbers, categories, codes } = features else { return Self(None) };
        let topic = Topic::Architecture;
        let sizes: Vec<usize> = [4, 8, 16].into_iter().filter(|size| size * numbers <= WIDEST).collect();
        let mut kinds = vec![("plain", Numbers::Plain)];
        if !sizes.is_empty() {
            kinds.extend([("piecewise", Numbers::Piecewise), ("periodic", Numbers::Periodic)]);
        }
        Self(Some(Asked {
            numbers,
            categories,
            codes,
            embedding: Options::kinds(topic, &kinds),
            detail: Options::sizes(topic, vec![8, 16, 32]),
            size: Options::sizes(topic, sizes),
            sigma: Options::named(Scale::Ordered, topic, &[("0.05", 50), ("0.2", 200), ("1", 1000)]),
            category_size: Options::sizes(topic, vec![2, 4, 8, 16]),
            linear: Options::kinds(
                topic,
                &[("no", LinearPath::None), ("yes", LinearPath::Beside), ("alone", LinearPath::Alone)],
            ),
        }))
    }

    /// Whether there is a table.
    pub(super) fn is_asked(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn ask(&self, chooser: &mut dyn Chooser) -> Result<Encoded, SpaceError> {
        let Some(asked) = &self.0 else { return Ok(Encoded::default()) };
        let place = Path::new("numbers");
        let kind = if asked.numbers == 0 {
            Numbers::Plain
        } else {
            asked.embedding.ask(chooser, place.child("embedding"))?
        };
        let embedding = if kind == Numbers::Plain {
            None
        } else {
            let is_periodic = kind == Numbers::Periodic;
            Some(Embedded {
                detail: asked
                    .detail
                    .ask(chooser, place.child(if is_periodic { "frequencies" } else { "bins" }))?,
                size: asked.size.ask(chooser, place.child("size"))?,
                sigma: if is_periodic { Some(asked.sigma.ask(chooser, place.child("sigma"))?) } else { None },
            })
        };
        let category_size = if asked.categories == 0 {
            0
        } else {
            asked.category_size.ask(chooser, Path::new("categories").child("size"))?
        };
        Ok(Encoded { embedding, category_size, linear: asked.linear.ask(chooser, Path::new("linear_path"))? })
    }

    /// The vector that the first layer reads.
    pub(super) fn draw(
        &self,
        b: &mut ArchitectureBuilder,
        encoded: &Encoded,
    ) -> Result<NodeId, ArchitectureError> {
        let input = b.input();
        let Some(asked) = &self.0 else {
            return if b.shape(input).vector().is_some() { Ok(input) } else { b.add(Flatten {}, &[input]) };
        };
        let mut parts = Vec::new();
        let n = asked.numbers;
        if n > 0 {
            b.scope("numbers");
            let plain = b.add(Slice { from: 0, len: n }, &[input])?;
            parts.push(plain);
            if let Some(embedded) = encoded.embedding {
                let spread = match embedded.sigma {
                    Some(sigma) => {
                        let periodic = Periodic { frequencies: embedded.detail, sigma_per_mille: sigma };
                        b.add(periodic, &[plain])?
                    }
                    None => {
                        let quantiles = b.add(Slice { from: n, len: n }, &[input])?;
                        b.add(PiecewiseLinear { bins: embedded.detail }, &[quantiles])?
                    }
                };
                let each = b.add(PerFeature { features: n, size: embedded.size }, &[spread])?;
                parts.push(b.add(Activation::Relu, &[each])?);
            }
        }
        if asked.categories > 0 {
            b.scope("categories");
            let codes = b.add(Slice { from: 2 * n, len: asked.categories }, &[input])?;
            let table = Embedding { vocabulary: asked.codes, size: encoded.category_size };
            let vectors = b.add(table, &[codes])?;
            parts.push(b.add(Flatten {}, &[vectors])?);
        }
        match parts[..] {
            [] => Ok(input),
            [only] => Ok(only),
            _ => b.add(Concat {}, &parts),
        }
    }
}

/// The label at a place where what each feature adds to the output is learned alone: as a line, or as a curve of few bends.
pub(super) fn additive(path: &str, is_curved: bool) -> Option<&'static str> {
    match path {
        "numbers.embedding" if is_curved => Some("piecewise"),
        "numbers.bins" => Some("8"),
        "numbers.size" => Some("4"),
        "categories.size" => Some("2"),
        "linear_path" => Some("alone"),
        // One layer bears larger steps than several, and in few epochs needs them.
        "training.learning_rate" => Some("0.01"),
        _ => wanted(path),
    }
}

/// The label that a good practitioner would choose at a place.
pub(super) fn wanted(path: &str) -> Option<&'static str> {
    match path {
        "numbers.embedding" => Some("plain"),
        "categories.size" => Some("8"),
        "linear_path" => Some("no"),
        _ => None,
    }
}
