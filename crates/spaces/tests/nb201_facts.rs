//! What is published about NAS-Bench-201 (arXiv:2001.00326), checked on every cell.
#![allow(clippy::unwrap_used)]

use nascent_core::Space;
use nascent_core::architecture::{Architecture, NodeId, Op, Shape};
use nascent_core::chooser::{Count, Enumerate, count, replay};
use nascent_spaces::{Nb201, Nb201Cell, Nb201Op, Nb201Params};
use nascent_testkit::shared;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use parquet::schema::types::Type;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

struct Row {
    text: String,
    codes: [u8; 6],
    iso_rep: i64,
    params: u64,
    flops: u64,
}

/// The rows in the order of their index.
fn rows(path: &Path) -> Vec<Row> {
    let columns = [
        "arch_index",
        "arch_str",
        "op_01",
        "op_02",
        "op_12",
        "op_03",
        "op_13",
        "op_23",
        "iso_rep",
        "c10_params",
        "c10_flops",
    ];
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema().clone();
    let fields: Vec<Arc<Type>> =
        schema.get_fields().iter().filter(|f| columns.contains(&f.name())).cloned().collect();
    let place = |name: &str| fields.iter().position(|f| f.name() == name).unwrap();
    let places = columns.map(place);
    let projection = Type::group_type_builder(schema.name()).with_fields(fields.clone()).build().unwrap();
    let mut rows = Vec::new();
    for row in reader.get_row_iter(Some(projection)).unwrap() {
        let row = row.unwrap();
        let number = |at: usize| {
            let at = places[at];
            row.get_short(at)
                .map(i64::from)
                .or_else(|_| row.get_ubyte(at).map(i64::from))
                .or_else(|_| row.get_int(at).map(i64::from))
                .or_else(|_| row.get_long(at))
                .unwrap()
        };
        rows.push((
            number(0),
            Row {
                text: row.get_string(places[1]).unwrap().clone(),
                codes: [2, 3, 4, 5, 6, 7].map(|i| number(i) as u8),
                iso_rep: number(8),
                params: number(9) as u64,
                flops: number(10) as u64,
            },
        ));
    }
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn space(params: Nb201Params) -> Nb201 {
    params.check(&Shape::new(&[3, 32, 32]), 10).unwrap()
}

/// The network as it is drawn, dead branches and all.
fn unpruned(space: &Nb201, cell: Nb201Cell) -> Architecture {
    (replay(space, &space.decisions(cell)).unwrap().draw)().unwrap()
}

fn cell(codes: [u8; 6]) -> Nb201Cell {
    Nb201Cell(codes.map(|code| Nb201Op::from_code(code).unwrap()))
}

/// Operations as the table counts them: multiply-accumulates of convolutions and of the linear layer without its bias,
/// two for each value that a batch norm gives, one for each that the global average reads. Pooling and sums are free.
fn flops(graph: &Architecture) -> u64 {
    let counted = |(i, op): (usize, &Op)| match op {
        Op::BatchNorm(_) => 2 * graph.shapes()[i].len(),
        Op::GlobalAveragePool(_) => graph.input_shapes(NodeId(i as u32))[0].len(),
        _ => 0,
    };
    graph.cost().macs + graph.nodes().iter().map(|n| &n.op).enumerate().map(counted).sum::<u64>()
}

/// The published text of what a cell computes: a cut edge, or one from a node that is nothing but a cut edge, is `#`;
/// a skip is its source; a node is the sorted list of what flows into it.
fn published_class(cell: Nb201Cell) -> String {
    let mut nodes = vec!["0".to_string()];
    let mut ops = cell.0.iter();
    for node in 1..4 {
        let term = |(source, op): (&String, &Nb201Op)| match op {
            Nb201Op::None => "#".to_string(),
            _ if source == "#" => "#".to_string(),
            Nb201Op::SkipConnect => source.clone(),
            _ => format!("({source})@{}", op.name()),
        };
        let mut terms: Vec<String> = nodes[..node].iter().zip(ops.by_ref().take(node)).map(term).collect();
        terms.sort_unstable();
        nodes.push(terms.join("+"));
    }
    nodes.swap_remove(3)
}

#[test]
fn there_are_15625_cells() {
    let space = space(Nb201Params { cells: 1, ..Nb201Params::published() });
    assert_eq!(count(&space).unwrap(), Count::Exact(15_625));
    let texts: HashSet<String> =
        Enumerate::new(&space).map(|d| space.cell(&d.unwrap()).unwrap().to_string()).collect();
    assert_eq!(texts.len(), 15_625);
    let reference = space.reference().unwrap();
    assert_eq!(space.cell(&reference).unwrap(), Nb201Cell::RESNET);
}

#[test]
fn the_tables_text_and_columns_are_ours() {
    let Some(path) = shared("tables/nasbench201.parquet") else { return };
    let rows = rows(&path);
    assert_eq!(rows.len(), 15_625);
    for row in rows {
        let cell = cell(row.codes);
        assert_eq!(cell.to_string(), row.text);
        assert_eq!(row.text.parse::<Nb201Cell>().unwrap(), cell);
    }
}

#[test]
fn parameters_and_flops_are_those_of_the_table() {
    let Some(path) = shared("tables/nasbench201.parquet") else { return };
    let space = space(Nb201Params::published());
    for row in rows(&path) {
        let graph = unpruned(&space, cell(row.codes));
        assert_eq!((graph.cost().params, flops(&graph)), (row.params, row.flops), "{}", row.text);
    }
}

#[test]
fn the_published_rule_finds_6466_classes_and_the_canonical_hash_fewer() {
    let Some(path) = shared("tables/nasbench201.parquet") else { return };
    let space = space(Nb201Params { channels: 1, cells: 1, stages: 1, training: false });
    let mut first: HashMap<String, i64> = HashMap::new();
    let mut hashes: HashMap<_, BTreeSet<i64>> = HashMap::new();
    for (row, index) in rows(&path).iter().zip(0..) {
        let cell = cell(row.codes);
        assert_eq!(*first.entry(published_class(cell)).or_insert(index), row.iso_rep, "{cell}");
        let hash = unpruned(&space, cell).canonical().hash();
        hashes.entry(hash).or_default().insert(row.iso_rep);
    }
    assert_eq!(first.len(), 6_466);
    // Ours prunes dead branches, which merges published classes; but it tells a shared operation from two equal ones,
    // which have weights of their own, where the published text does not. So neither is finer than the other.
    assert_eq!(hashes.len(), 5_425);
    assert!(hashes.values().any(|classes| classes.len() > 1));
    assert!(hashes.values().map(BTreeSet::len).sum::<usize>() > 6_466);
}
