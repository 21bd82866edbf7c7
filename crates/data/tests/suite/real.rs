//! What is known of the data sets beside the checkout.

use super::*;
use nascent_core::Features;
use nascent_testkit::shared;

fn counts(task: &Task) -> [usize; 2] {
    [task.split.train.len() + task.split.validation.len(), task.split.test.len()]
}

#[test]
fn tables_have_the_rows_that_are_published() {
    let Some(path) = shared("data/adult") else { return };
    let task = read(&path, &target("income")).unwrap();
    assert_eq!((counts(&task), task.kind.to_string()), ([32_561, 16_281], "table-classification".into()));
    assert!(matches!(task.signature().features, Features::Table { numbers: 6, categories: 9, .. }));
    let missing = task.findings().columns.iter().filter(|c| c.missing > 0).count();
    assert_eq!(missing, 3);
    let Some(path) = shared("data/german-credit/german.csv") else { return };
    let every = Options { split: Some("every:5".parse().unwrap()), ..target("class") };
    assert_eq!(counts(&read(&path, &every).unwrap()), [800, 200]);
    let Some(path) = shared("data/uci-regression/concrete.csv") else { return };
    let mask = path.with_file_name("concrete.test_mask.csv.gz");
    let split = format!("mask:{}:0", mask.display()).parse().unwrap();
    let task = read(&path, &Options { split: Some(split), ..target("last") }).unwrap();
    assert_eq!((counts(&task), task.kind.to_string()), ([927, 103], "table-regression".into()));
    let Some(path) = shared("data/qm7/qm7_coulomb_eig.csv.gz") else { return };
    let options =
        Options { ignore: vec!["energy_dftb".into(), "molecule".into()], ..target("energy_kcal_mol") };
    assert_eq!(counts(&read(&path, &Options { split: every.split, ..options }).unwrap()), [5680, 1421]);
    let task =
        read(&path, &Options { ignore: vec!["energy_dftb".into()], ..target("energy_kcal_mol") }).unwrap();
    warns(&task, &["\"molecule\" is not used", "identifier"]);
    let Some(path) = shared("data/sklearn-digits/iris.csv") else { return };
    assert_eq!(read(&path, &target("last")).unwrap().classes(), ["setosa", "versicolor", "virginica"]);
}

#[test]
fn pictures_series_and_texts_are_inferred() {
    let kinds = [
        ("fashion-mnist", "image-classification", [15_000, 10_000], "1×28×28"),
        ("sign-digits-rgb32", "image-classification", [1651, 411], "3×32×32"),
        ("mnist1d", "series-classification", [4000, 1000], "1×40"),
        ("mnist1d/mnist1d.npz", "series-classification", [4000, 1000], "1×40"),
        ("ucr-uea/BasicMotions", "series-classification", [40, 40], "6×100"),
        ("ucr-uea/ACSF1/ACSF1_TRAIN.ts.gz", "series-classification", [100, 100], "1×1460"),
    ];
    for (name, kind, rows, shape) in kinds {
        let Some(path) = shared(&format!("data/{name}")) else { continue };
        let task = read(&path, &Options::default()).unwrap();
        assert_eq!((task.kind.to_string().as_str(), counts(&task)), (kind, rows), "{name}");
        assert_eq!(task.signature().shape().to_string(), shape, "{name}");
    }
    let Some(path) = shared("data/banking77") else { return };
    let task = read(&path, &target("category")).unwrap();
    assert_eq!(
        (counts(&task), task.classes().len(), task.kind.to_string()),
        ([10_003, 3080], 77, "text-classification".into())
    );
}
