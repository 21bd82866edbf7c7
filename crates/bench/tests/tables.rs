//! The published tables: imported, small, and the same as their Parquet files.
#![allow(clippy::unwrap_used)]

use nascent_bench::import::{RawValues, TableFile, import, read_columns};
use nascent_bench::{Precision, Table};
use nascent_core::chooser::{Enumerate, sample};
use nascent_core::rng::Rng;
use nascent_testkit::shared;
use std::path::Path;

/// Every number of the Parquet file is in the table, to within the rounding of the type it came in.
fn same_as_parquet(table: &Table, path: &Path) {
    for raw in read_columns(path).unwrap() {
        let RawValues::Numbers(values, precision) = raw.values else { continue };
        let column = table.column(&raw.name).unwrap();
        let rounding = match precision {
            Precision::Whole => 0.0,
            Precision::Single => f64::from(f32::EPSILON),
            Precision::Double => f64::EPSILON,
        };
        for (row, (a, b)) in values.iter().zip(&column.values).enumerate() {
            let same = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= rounding * a.abs();
            assert!(same, "{} row {row}: {a} became {b}", raw.name);
        }
        assert_eq!(values.len(), column.values.len());
    }
}

fn stored(table: &Table) -> (Table, usize) {
    let bytes = table.to_bytes().unwrap();
    (Table::from_bytes(&bytes, Path::new("stored")).unwrap(), bytes.len())
}

#[test]
fn nasbench201_takes_less_than_a_megabyte_and_loses_nothing() {
    let Some(path) = shared("tables/nasbench201.parquet") else { return };
    let (table, bytes) = stored(&import(&path, None, None).unwrap());
    assert!(bytes < 1_000_000, "{bytes} bytes");
    same_as_parquet(&table, &path);
    let mut seen = vec![false; table.rows()];
    for decisions in Enumerate::new(&**table.space()) {
        let row = table.row(&decisions.unwrap()).unwrap() as usize;
        assert!(!seen[row], "two networks share row {row}");
        seen[row] = true;
    }
    assert!(seen.iter().all(|s| *s));
    let best = |name: &str| table.column(name).unwrap().values.iter().copied().fold(0.0, f64::max);
    assert_eq!((best("c10_test_200") * 100.0).round(), 9_437.0);
    let classes: std::collections::BTreeSet<u32> = table.classes().unwrap().into_iter().collect();
    assert_eq!(classes.len(), 6_466);
}

#[test]
fn tables_of_indices_are_joined_to_their_networks() {
    let Some(path) = shared("tables/nasbench201.parquet") else { return };
    let networks = import(&path, None, None).unwrap();
    for name in ["hwnasbench_nb201", "nb201_zerocost"] {
        let path = path.with_file_name(format!("{name}.parquet"));
        let (table, _) = stored(&import(&path, None, Some(&networks)).unwrap());
        same_as_parquet(&table, &path);
        let error = import(&path, None, None).unwrap_err().to_string();
        assert!(error.contains("nasbench201"), "{error}");
    }
    let hardware = import(&path.with_file_name("hwnasbench_nb201.parquet"), None, Some(&networks)).unwrap();
    let joined = networks.join(&hardware).unwrap();
    same_as_parquet(&joined, &path);
    same_as_parquet(&joined, &path.with_file_name("hwnasbench_nb201.parquet"));
}

#[test]
fn every_cell_of_nasbench101_is_found_from_its_decisions() {
    let Some(path) = shared("tables/nasbench101.parquet") else { return };
    let (table, _) = stored(&import(&path, None, None).unwrap());
    same_as_parquet(&table, &path);
    assert_eq!(table.rows(), 423_624);
    // Whatever is proposed is in the table: the published space and ours are one.
    let mut rng = Rng::new(1, 0);
    for _ in 0..100_000 {
        let decisions = sample(&**table.space(), &mut rng).unwrap();
        assert!(table.row(&decisions).is_some(), "{decisions:?}");
    }
    // And every row is reached: joined to itself, each finds its own place.
    let again = import(&path, None, None).unwrap();
    let joined = table.join(&again).unwrap();
    same_as_parquet(&joined, &path);
}

#[test]
fn nasbench_macro_is_its_decisions() {
    let Some(path) = shared("tables/nasbench_macro.parquet") else { return };
    let (table, _) = stored(&import(&path, None, None).unwrap());
    same_as_parquet(&table, &path);
    assert_eq!(Enumerate::new(&**table.space()).count(), 6_561);
}

#[test]
fn a_table_of_ones_own_is_imported_with_a_description() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("mine.csv");
    std::fs::write(&csv, "depth,op,width,acc,time\n1,conv,,0.5,3\n2,conv,8,0.75,4\n2,pool,16,0.625,2\n")
        .unwrap();
    let describe = |text: &str| import(&csv, Some(TableFile::parse(text).unwrap()), None);
    let decisions = "[[decision]]\ncolumn = \"depth\"\nscale = \"ordered\"\n[[decision]]\ncolumn = \"op\"\n";
    let width = "[[decision]]\ncolumn = \"width\"\nscale = \"ordered\"\n";
    let head = "licence = \"CC0\"\nobjective = \"acc\"\nseconds = \"time\"\n";
    let table = describe(&format!("{head}{decisions}{width}")).unwrap();
    assert_eq!((table.about().name.as_str(), table.rows()), ("mine", 3));
    let (table, _) = stored(&table);
    let rows: Vec<u32> = Enumerate::new(&**table.space()).map(|d| table.row(&d.unwrap()).unwrap()).collect();
    assert_eq!(rows, [0, 1, 2]);
    assert_eq!(table.column("acc").unwrap().values, [0.5, 0.75, 0.625]);
    let error = |text: &str| describe(text).unwrap_err().to_string();
    assert!(error("").contains("[[decision]]"));
    assert!(error("[[decision]]\ncolumn = \"dept\"").contains("did you mean \"depth\""));
    assert!(error("[[decision]]\ncolumn = \"depth\"").contains("rows 1 and 2"));
    assert!(error(&format!("objective = \"accu\"\n{decisions}")).contains("did you mean \"acc\""));
    assert!(error("[[decision]]\ncolumn = \"op\"\noptions = [\"conv\"]").contains("\"pool\""));
    assert!(error("space = \"nb2\"").contains("\"nb201\""));
    assert!(TableFile::parse("decisions = 3").unwrap_err().to_string().contains("decisions"));
    let error = import(&csv, None, None).unwrap_err().to_string();
    assert!(error.contains("mine.csv") && error.contains("--space"), "{error}");
    let error = import(&folder.path().join("x.txt"), None, None).unwrap_err().to_string();
    assert!(error.contains("x.txt"), "{error}");
}
