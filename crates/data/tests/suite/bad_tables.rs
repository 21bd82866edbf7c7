use super::*;
use nascent_data::{Answering, Input};

fn table(text: &str, options: &Options) -> Result<Task, DataError> {
    let folder = Folder::new();
    read(&folder.put("data.csv", text), options)
}

#[test]
fn what_is_not_there_or_empty_is_said() {
    says(
        read(Path::new("/no/such/file.csv"), &target("y")),
        &["/no/such/file.csv", "no such file", "check the path"],
    );
    says(table("", &target("y")), &["data.csv", "is empty"]);
    says(table(" \n\n", &target("y")), &["is empty"]);
    says(table("x,k,y\n", &target("y")), &["has a header and no rows"]);
    let folder = Folder::new();
    says(read(folder.path(), &target("y")), &["has no data that can be read"]);
    let path = folder.put("train.csv", small_table(50));
    let options = Options { test: Some("nowhere.csv".into()), ..target("y") };
    says(read(&path, &options), &["nowhere.csv", "no such test file"]);
}

#[test]
fn rows_and_headers_that_do_not_fit_are_located() {
    let text = small_table(30) + "1.5,u\n" + "1.5,u,a\n";
    says(table(&text, &target("y")), &["data.csv, line 32", "too few fields: 2", "names 3"]);
    let text = small_table(30) + "1.5,u,a,9\n";
    says(table(&text, &target("y")), &["line 32", "too many fields: 4"]);
    let text = small_table(30).replace("x,k,y", "x,y,y");
    says(table(&text, &target("y")), &["line 1", "columns 2 and 3 are all named \"y\"", "rename"]);
    says(table(&small_table(30), &target("klass")), &["target", "no column \"klass\"", "it has: x, k, y"]);
    says(table(&small_table(30), &target("Y ")), &["no column"]);
    says(table(&small_table(30), &target("7")), &["no column 7", "counted from 0"]);
    says(
        table(&small_table(30).replace("x,k,y", "x,k,income"), &target("incom")),
        &["did you mean \"income\"?"],
    );
    let nameless = small_table(30).replace("x,k,y\n", "");
    says(table(&nameless, &Options::default()), &["which column is to be answered?", "first, last"]);
}

#[test]
fn targets_that_are_no_targets_are_refused() {
    let one = small_table(30).replace(",b\n", ",a\n");
    says(table(&one, &target("y")), &["is \"a\" in every row", "at least 2 classes"]);
    let numbers = |f: &dyn Fn(usize) -> String| {
        let row = |i: usize| format!("{},{}\n", i as f64 * 0.7, f(i));
        format!("x,y\n{}", (0..200).map(row).collect::<String>())
    };
    let constant = numbers(&|_| "3.5".into());
    let values = Options { task: Some(Answering::Regression), ..target("y") };
    says(table(&constant, &values), &["is 3.5 in every training row"]);
    // Three to eight, as wines are judged.
    let doubtful = numbers(&|i| (3 + i % 6).to_string());
    says(
        table(&doubtful, &target("y")),
        &["6 classes or values", "--task classification or --task regression", "3, 4, 5"],
    );
    let classes = Options { task: Some(Answering::Classification), ..target("y") };
    assert_eq!(table(&doubtful, &classes).unwrap().classes(), ["3", "4", "5", "6", "7", "8"]);
    assert!(table(&doubtful, &values).unwrap().classes().is_empty());
    let continuous = numbers(&|i| format!("{}.5", i * 13 % 199));
    says(table(&continuous, &classes), &["too many to be classes", "--task regression"]);
    says(
        table(&small_table(40), &values),
        &["line 2", "\"a\" in the target \"y\" is not a number", "--task classification"],
    );
    let names = numbers(&|i| format!("name{i}"));
    says(table(&names, &target("y")), &["200 different values in 200 rows", "too many to be classes"]);
    let dates = numbers(&|i| format!("2020-01-{:02}", i % 28 + 1));
    says(table(&dates, &target("y")), &["has dates"]);
    let missing = numbers(&|i| if i % 3 == 0 { "7".into() } else { "".into() });
    says(table(&missing, &target("y")), &["missing in 133 of 200 rows", "line 3"]);
}

#[test]
fn rows_without_a_target_are_left_out_and_said() {
    let text = small_table(40) + "1,u,\n" + "2,v,?\n";
    let task = table(&text, &target("y")).unwrap();
    warns(&task, &["2 rows have no target", "line 42"]);
    let split = &task.split;
    assert_eq!(split.train.len() + split.validation.len() + split.test.len(), 40);
}

#[test]
fn a_class_with_a_single_row_is_learned_from_and_warned_of() {
    let text = small_table(60) + "1,u,rare\n";
    let task = table(&text, &target("y")).unwrap();
    warns(&task, &["a single training row: rare"]);
    assert!(task.split.train.contains(&60));
}

#[test]
fn what_is_no_number_among_numbers_is_located() {
    let numbers = |strange: &[&str]| {
        let row = |i: usize| {
            format!(
                "{},{}\n",
                strange.get(i.wrapping_sub(100)).unwrap_or(&format!("{}.25", i).as_str()),
                i * 31 % 101
            )
        };
        format!("x,y\n{}", (0..300).map(row).collect::<String>())
    };
    let task = |strange: &[&str]| {
        table(&numbers(strange), &Options { task: Some(Answering::Regression), ..target("y") })
    };
    says(task(&["abc"]), &["data.csv, line 102", "\"abc\" in column \"x\" is not a number", "--category x"]);
    says(task(&["inf"]), &["line 102", "\"inf\"", "no finite number"]);
    says(task(&["-Infinity"]), &["\"-Infinity\""]);
    says(task(&["1e999"]), &["\"1e999\""]);
    let missing = task(&["NaN", "", "NA", "?"]).unwrap();
    let column = missing.findings().columns.iter().find(|c| c.name == "x").unwrap();
    assert!(column.missing > 0 && column.treatment.contains("indicator"), "{column:?}");
    // A word that comes again is another way to say missing.
    warns(&task(&["unknown", "unknown", "unknown"]).unwrap(), &["\"unknown\" in 3 rows", "read as missing"]);
    let options = Options { missing: vec!["abc".into()], task: Some(Answering::Regression), ..target("y") };
    assert!(table(&numbers(&["abc"]), &options).is_ok());
    let options = Options { categories: vec!["x".into()], task: Some(Answering::Regression), ..target("y") };
    says(table(&numbers(&["abc"]), &options), &["has no column beside the target that can be learned from"]);
}

#[test]
fn encodings_and_damage_are_named() {
    let folder = Folder::new();
    let mut latin = small_table(50).into_bytes();
    let at = latin.iter().rposition(|b| *b == b'u').unwrap();
    latin[at] = 0xe9;
    let path = folder.put("latin.csv", &latin);
    says(read(&path, &target("y")), &["latin.csv, line", "column \"k\" is not UTF-8 (byte 0xe9)", "iconv"]);
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(small_table(9).encode_utf16().flat_map(u16::to_le_bytes)).collect();
    says(read(&folder.put("wide.csv", wide), &target("y")), &["is UTF-16"]);
    let mut packed = Vec::new();
    let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, small_table(5000).as_bytes()).unwrap();
    encoder.finish().unwrap();
    assert!(read(&folder.put("whole.csv.gz", &packed), &target("y")).is_ok());
    let half = &packed[..packed.len() / 2];
    says(read(&folder.put("cut.csv.gz", half), &target("y")), &["cut.csv.gz", "damaged or cut off"]);
    let marked = [b"\xef\xbb\xbf", small_table(50).as_bytes()].concat();
    assert_eq!(read(&folder.put("bom.csv", marked), &target("y")).unwrap().findings().columns[0].name, "x");
}

#[test]
fn test_files_must_fit_the_training_file() {
    let folder = Folder::new();
    let path = folder.put("train.csv", small_table(50));
    let with = |text: String| {
        folder.put("test.csv", text);
        read(&path, &target("y"))
    };
    assert_eq!(with(small_table(20)).unwrap().split.test.len(), 20);
    says(
        with(small_table(20) + "1,u,c\n"),
        &["test.csv, line 22", "class \"c\"", "does not occur in", "which has: a, b"],
    );
    says(with(small_table(20).replace("x,k,y", "x,z,y")), &["test.csv", "other columns", "k missing"]);
    says(with(small_table(20).replace("x,k,y", "x,k,z")), &["y missing"]);
    says(
        with(small_table(20) + "oops,u,a\n"),
        &["test.csv, line 22", "\"oops\" in column \"x\" is not a number"],
    );
    // A test file that is asked for and a cut of the data contradict each other.
    let options =
        Options { test: Some(path.clone()), split: Some("every:5".parse().unwrap()), ..target("y") };
    says(read(&path, &options), &["split", "leave one of them out"]);
    let options = Options { split: Some("every:5".parse().unwrap()), ..target("y") };
    let task = read(&path, &options).unwrap();
    assert_eq!(task.split.test, (0..50).step_by(5).collect::<Vec<_>>());
}

#[test]
fn leaks_identifiers_and_constants_are_warned_of() {
    let row = |i: usize| {
        format!(
            "{},{},{:.3},{},7,{}\n",
            i + 1,
            i as f64 * 0.5 % 9.0,
            (i as f64 * 0.5 % 9.0) * -2.0 + 1.0,
            i % 2,
            i as f64 * 0.5 % 9.0
        )
    };
    let text = format!("id,x,leak,k,same,y\n{}", (0..100).map(row).collect::<String>());
    let task = table(&text, &Options { task: Some(Answering::Regression), ..target("y") }).unwrap();
    warns(&task, &["column \"leak\" tells the target", "--ignore leak"]);
    warns(&task, &["column \"id\" is not used", "an identifier"]);
    warns(&task, &["column \"same\" is not used", "constant"]);
    let ignore = vec!["leak".into(), "x".into()];
    let task = table(&text, &Options { task: Some(Answering::Regression), ignore, ..target("y") }).unwrap();
    assert!(!task.findings().warnings.iter().any(|w| w.contains("outright")));
    let words = small_table(50)
        .lines()
        .map(|l| {
            format!(
                "{l},{}\n",
                if l.ends_with('a') {
                    "yes"
                } else if l.ends_with('b') {
                    "no"
                } else {
                    "z"
                }
            )
        })
        .collect::<String>();
    warns(&table(&words, &target("y")).unwrap(), &["column \"z\" tells the target"]);
}

#[test]
fn imbalance_is_warned_of() {
    let text: String = (0..400)
        .map(|i| format!("{},{}\n", i as f64 * 0.31 % 3.0, if i % 20 == 0 { "sick" } else { "well" }))
        .collect();
    warns(
        &table(&format!("x,y\n{text}"), &target("y")).unwrap(),
        &["imbalanced", "94.9 %", "balanced_accuracy"],
    );
}

#[test]
fn too_few_rows_and_options_out_of_range_are_refused() {
    says(table(&small_table(9), &target("y")), &["9 rows cannot be cut"]);
    says(table(&small_table(50), &Options { train_rows: Some(0), ..target("y") }), &["train_rows"]);
    says(
        table(&small_table(50), &Options { group: Some("nothing".into()), ..target("y") }),
        &["group", "no column \"nothing\""],
    );
    says(table(&small_table(50), &Options { ignore: vec!["q".into()], ..target("y") }), &["ignore", "\"q\""]);
    says(
        table(&small_table(50), &Options { categories: vec!["q".into()], ..target("y") }),
        &["categories", "\"q\""],
    );
    says(
        table(&small_table(50), &Options { delimiter: Some("::".into()), ..target("y") }),
        &["delimiter", "\"::\""],
    );
    says(
        table(&small_table(50), &Options { kind: Some(Input::Image), ..target("y") }),
        &["kind", "not read as pictures"],
    );
    says(
        table(&small_table(50), &Options { kind: Some(Input::Series), ..target("y") }),
        &["column \"k\"", "no numbers"],
    );
    says(
        table(&small_table(50), &Options { text: vec!["y".into()], ..target("y") }),
        &["cannot be the text"],
    );
    let all = vec!["x".into(), "k".into()];
    says(
        table(&small_table(50), &Options { ignore: all, ..target("y") }),
        &["has no column beside the target that can be learned from"],
    );
}

#[test]
fn groups_and_duplicates_stay_on_one_side() {
    let row = |i: usize| format!("{},{},{}\n", i as f64 * 0.37, i / 4, ["a", "b"][i / 4 % 2]);
    let text = format!("x,g,y\n{}", (0..200).map(row).collect::<String>());
    let task = table(&text, &Options { group: Some("g".into()), ..target("y") }).unwrap();
    let side = |row: usize| {
        [&task.split.train, &task.split.validation, &task.split.test].iter().position(|p| p.contains(&row))
    };
    assert!((0..200).all(|row| side(row) == side(row / 4 * 4)));
    assert!(!task.findings().columns.iter().any(|c| c.name == "g"));
    let twice = format!(
        "x,y\n{}",
        (0..200).map(|i| format!("{},{}\n", i / 2, ["a", "b"][i / 2 % 2])).collect::<String>()
    );
    let task = table(&twice, &target("y")).unwrap();
    let side = |row: usize| {
        [&task.split.train, &task.split.validation, &task.split.test].iter().position(|p| p.contains(&row))
    };
    assert!((0..200).all(|row| side(row) == side(row / 2 * 2)));
}

#[test]
fn what_counts_years_is_no_identifier_and_what_numbers_rows_is() {
    let column = |name: &str, of: &dyn Fn(usize) -> usize| {
        let row = |i: usize| format!("{},{},{}\n", of(i), i * 31 % 101, i as f64 * 0.37 % 5.0);
        let text = format!("{name},x,y\n{}", (0..80).map(row).collect::<String>());
        let task = table(&text, &Options { task: Some(Answering::Regression), ..target("y") }).unwrap();
        let finding = task.findings().columns.iter().find(|c| c.name == name).unwrap();
        !finding.treatment.contains("identifier")
    };
    assert!(column("year", &|i| 1940 + i));
    assert!(column("Week number", &|i| 1 + i));
    assert!(column("pressure", &|i| 200 + i));
    assert!(!column("no", &|i| 1 + i));
    // A name is enough, though some numbers are left out and some come twice.
    assert!(!column("customer_id", &|i| 7 * (i - usize::from(i % 20 == 19))));
    assert!(column("customer_id", &|i| i / 4));
}

#[test]
fn numbers_with_other_signs_are_warned_of() {
    for (cell, shown) in [("\"1,234\"", "1,23"), ("$12.50", "$12.5"), ("42%", "42"), ("(3.5)", "(3.5")] {
        let row =
            |i: usize| format!("{},{}\n", cell.replacen('2', &(i % 9).to_string(), 1), ["a", "b"][i % 2]);
        let text =
            format!("x,k,y\n{}", (0..90).map(|i| format!("{},{}", i * 7 % 13, row(i))).collect::<String>());
        let task = table(&text, &target("y")).unwrap();
        if cell.contains('2') {
            warns(&task, &["column \"k\" has numbers with other signs in them", "read as words"]);
        } else {
            assert!(
                !task.findings().warnings.iter().any(|w| w.contains(shown)),
                "one word is no column of numbers"
            );
        }
    }
}

#[test]
fn years_may_be_names_of_columns() {
    let row = |i: usize| format!("{},{},{}\n", i as f64 * 0.37 % 5.0, i * 31 % 101, ["a", "b"][i * 7 % 2]);
    let rows: String = (0..60).map(row).collect();
    let task = table(&format!("2019,2020,target\n{rows}"), &target("target")).unwrap();
    let names: Vec<&str> = task.findings().columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["2019", "2020"]);
    // Years over years are data, and so are other numbers.
    let years: String =
        (0..60).map(|i| format!("{},{},{}\n", 1950 + i % 40, i % 7, ["a", "b"][i % 2])).collect();
    let data = table(&format!("2019,5,a\n{years}"), &target("last")).unwrap();
    assert_eq!(data.findings().columns[0].name, "column_0");
}
