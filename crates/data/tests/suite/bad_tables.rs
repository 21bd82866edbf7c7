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
    // What is there, but of a format that is not read, whatever it is called.
    let sheet = folder.put("data.ods", b"PK\x03\x04\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet");
    let words = ["data.ods", "is an OpenDocument spreadsheet", "export the sheet as CSV"];
    says(read(folder.path(), &target("y")), &words);
    says(read(&sheet, &target("y")), &words);
    says(
        read(&folder.put("rows.csv", b"SQLite format 3\0\x10"), &target("y")),
        &["rows.csv", "SQLite database"],
    );
    let modelling = Options { task: Some(Answering::Modelling), ..Options::default() };
    says(read(&folder.put("book.txt", b"\xfd7zXZ\0\0"), &modelling), &["book.txt", "xz", "unpack it"]);
    let folder = Folder::new();
    let path = folder.put("train.csv", small_table(50));
    let options = Options { test: Some("nowhere.csv".into()), ..target("y") };
    says(read(&path, &options), &["nowhere.csv", "no such test file"]);
}

#[test]
fn rows_and_headers_that_do_not_fit_are_located() {
    // However lines end.
    for end in ["\n", "\r\n", "\r"] {
        let text = (small_table(30) + "1.5,u\n" + "1.5,u,a\n").replace('\n', end);
        says(table(&text, &target("y")), &["data.csv, line 32", "too few fields: 2", "names 3"]);
        let text = (small_table(30) + "1.5,u,a,9\n").replace('\n', end);
        says(table(&text, &target("y")), &["line 32", "too many fields: 4"]);
        // Empty lines and those within quotes are lines too.
        let text = small_table(30).replacen('\n', "\n\n\n\"1\n2\",u,a\n\n", 1) + "1.5,u\n";
        says(table(&text.replace('\n', end), &target("y")), &["line 37", "too few fields: 2"]);
        let text = text.trim_end().replace('\n', end);
        says(table(&text, &target("y")), &["line 37", "too few fields: 2"]);
    }
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
fn what_is_no_date_among_dates_is_located() {
    let task = |date: &dyn Fn(usize) -> String, strange: &[&str]| {
        let cell = |i: usize| match strange.get(i.wrapping_sub(100)) {
            Some(word) => (*word).to_string(),
            None => date(i),
        };
        let rows: String = (0..300).map(|i| format!("{},{}\n", cell(i), i * 31 % 101)).collect();
        table(&format!("x,y\n{rows}"), &Options { task: Some(Answering::Regression), ..target("y") })
    };
    let year_first = |i: usize| format!("2021-{:02}-{:02}", i % 12 + 1, i % 28 + 1);
    let day_first = |i: usize| format!("{:02}/{:02}/2021", i % 28 + 1, i % 12 + 1);
    let words = [
        "data.csv, line 102",
        "in column \"x\" is not a date (year, month, day), as 299 of its 300 cells are",
    ];
    for strange in ["soon", "2021-02-30", "21"] {
        let shown = format!("{strange:?} in column");
        let words = [&words[..], &[shown.as_str(), "--missing", "--category x"]].concat();
        says(task(&year_first, &[strange]), &words);
    }
    says(task(&day_first, &["12/31/2021"]), &["line 102", "\"12/31/2021\"", "a date (day, month, year)"]);
    let never = task(&year_first, &["never"; 5]).unwrap();
    warns(&never, &["\"never\" in 5 rows and dates in all others", "read as missing"]);
    let column = |task: &Task| task.findings().columns[0].clone();
    assert!(
        column(&never).treatment.starts_with("date: ") && column(&never).missing > 0,
        "{:?}",
        column(&never)
    );
    let many = task(&year_first, &["a", "b", "c", "d"]).unwrap();
    assert!(column(&many).treatment.starts_with("category"), "{:?}", column(&many));
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
fn columns_that_tell_the_class_without_being_it_are_warned_of() {
    let task = |rows: usize, leak: &dyn Fn(usize) -> String, class: &dyn Fn(usize) -> &'static str| {
        let row = |i: usize| format!("{},{},{}\n", i as f64 * 0.37 % 5.0, leak(i), class(i));
        table(&format!("x,leak,y\n{}", (0..rows).map(row).collect::<String>()), &target("y")).unwrap()
    };
    let half = |i: usize| ["a", "b"][i * 7 % 10 / 5];
    let is_told = |task: &Task| task.findings().warnings.iter().any(|w| w.contains("outright"));
    let words = |i: usize| format!("{}{}", half(i), i % 4);
    warns(
        &task(400, &words, &half),
        &["column \"leak\" tells the target \"y\" outright", "its 8 different cells", "--ignore leak"],
    );
    // One row in a thousand may say otherwise, not more; cells that are missing are cells.
    let some = |i: usize| if i == 2500 || half(i) == "b" { String::new() } else { words(i) };
    assert!(is_told(&task(5000, &some, &half)));
    let wrong = |i: usize| if i.is_multiple_of(40) { "b0".into() } else { words(i) };
    assert!(!is_told(&task(5000, &wrong, &half)));
    // Of few rows, with words of few rows each, or where there is hardly another class, it may be an accident.
    assert!(!is_told(&task(60, &words, &half)));
    assert!(!is_told(&task(400, &|i| format!("{}{}", half(i), i % 150), &half)));
    let rare = |i: usize| if i % 100 == 7 { "a" } else { "b" };
    assert!(!is_told(&task(400, &|i| format!("{}{}", rare(i), i % 4), &rare)));
    // The order of classes is not that of their names.
    let three = |i: usize| ["b", "a", "c"][i % 3];
    let apart = |i: usize| format!("{:.3}", (i % 3) as f64 * 10.0 + (i * 7 % 90) as f64 / 10.0);
    warns(
        &task(300, &apart, &three),
        &["column \"leak\"", "the values of no two classes overlap", "--ignore leak"],
    );
    assert!(!is_told(&task(60, &apart, &three)));
    let touching = |i: usize| if i.is_multiple_of(30) { "9.5".into() } else { apart(i) };
    assert!(is_told(&task(300, &touching, &three)));
    let overlapping = |i: usize| if i.is_multiple_of(30) { "12.5".into() } else { apart(i) };
    assert!(!is_told(&task(300, &overlapping, &three)));
}

#[test]
fn how_numbers_of_a_target_are_read_is_said_with_what_reads_them_otherwise() {
    let note = |y: &dyn Fn(usize) -> String| {
        let row = |i: usize| format!("{},{}\n", i as f64 * 0.37 % 5.0, y(i));
        let task = table(&format!("x,y\n{}", (0..300).map(row).collect::<String>()), &target("y")).unwrap();
        task.findings().notes.iter().find(|n| n.contains("\"y\"") && n.contains("--task")).unwrap().clone()
    };
    // Counts are most often small.
    let counts = note(&|i| (i % 7 * (i % 3) / 2).to_string());
    assert!(counts.contains("numbers of \"y\" are read as classes; --task regression"), "{counts}");
    let values = note(&|i| (i * 31 % 101).to_string());
    assert!(values.contains("\"y\" is read as values; --task classification"), "{values}");
    let two = note(&|i| (i % 5 / 4).to_string());
    assert!(two.contains("the 2 numbers") && two.contains("--task regression"), "{two}");
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
fn options_for_other_data_are_refused() {
    let text = small_table(50);
    let with = |options: Options| table(&text, &Options { target: Some("y".into()), ..options });
    let none = Options::default;
    says(
        with(Options { resample: Some(9), ..none() }),
        &["resample", "data.csv", "a table", "it is for series"],
    );
    says(
        with(Options { image_size: Some([8, 8]), ..none() }),
        &["image_size", "--image-size", "for pictures"],
    );
    says(
        with(Options { tokens: Some(nascent_data::Tokens::Bpe), ..none() }),
        &["tokens", "a table", "for texts"],
    );
    says(with(Options { context: Some(9), ..none() }), &["context", "a CSV file", "it is for running text"]);
    says(with(Options { flip: true, ..none() }), &["flip", "for pictures"]);
    says(with(Options { skip_broken: true, ..none() }), &["skip_broken", "for a folder of pictures"]);
    says(
        with(Options { ignore: vec!["y".into()], ..none() }),
        &["ignore", "\"y\" is the target of", "leave it out", "--target"],
    );
    says(with(Options { ignore: vec!["kk".into()], ..none() }), &["ignore", "\"kk\"", "did you mean \"k\"?"]);
    let folder = Folder::new();
    let lines: String = (0..40).map(|i| format!("{{\"x\": {i}, \"y\": {}}}\n", i % 2)).collect();
    let path = folder.put("data.jsonl", lines);
    for (options, option) in [
        (Options { header: Some(false), ..target("y") }, "--no-header"),
        (Options { delimiter: Some(";".into()), ..target("y") }, "--delimiter"),
    ] {
        says(read(&path, &options), &[option, "a file of JSON lines", "it is for a CSV file; leave it out"]);
    }
    let prose = "Some words that are said and then some more of them which nobody need read.\n".repeat(9);
    let options = Options { ignore: vec!["x".into()], ..none() };
    says(
        read(&folder.put("book.txt", prose), &options),
        &["--ignore", "running text", "--task classification"],
    );
    let ts = format!("@classLabel true a b\n@data\n{}", "1,2,3:a\n3,2,1:b\n".repeat(9));
    let path = folder.put("data.ts", ts);
    says(read(&path, &target("y")), &["target", "a .ts file", "it is for a CSV file"]);
    let options = Options { kind: Some(Input::Table), ..none() };
    says(read(&path, &options), &["kind", "is read as series, not as a table"]);
    let digits = nascent_data::registry::load_with("digits", &target("y"));
    says(digits, &["target", "digits", "a task that comes with Nascent"]);
    assert!(nascent_data::registry::load_with("digits", &Options { split_seed: 3, ..none() }).is_ok());
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

/// A table with a column `k` of such cells, quoted, and a target of numbers.
fn decorated(cell: impl Fn(usize) -> String) -> String {
    let row = |i: usize| format!("{},\"{}\",{}.5\n", i * 7 % 13, cell(i), i * 31 % 101);
    format!("x,k,y\n{}", (0..200).map(row).collect::<String>())
}

#[test]
fn numbers_with_other_signs_are_numbers_where_one_notation_reads_them() {
    type Cell<'c> = &'c dyn Fn(usize) -> String;
    let cases: [(Cell<'_>, &str, &str); 5] = [
        (&|i| format!("{},{:03}", i % 9 + 1, i), "commas between thousands", "\"12,34\""),
        (&|i| format!("{}.5%", i % 50), "%", "\"12,34\""),
        (
            &|i| if i % 3 == 0 { format!("(${i}.25)") } else { format!("${i}") },
            "$ and brackets for a minus",
            "\"€5\"",
        ),
        (&|i| format!("{},{}", i % 40, i % 10), "a decimal comma", "\"5%\""),
        (
            &|i| format!("€ {}.{:03},50", i % 9 + 1, i),
            "points between thousands and a decimal comma and €",
            "\"$5\"",
        ),
    ];
    for (cell, shown, wrong) in cases {
        let task = table(&decorated(cell), &target("y")).unwrap();
        let column = &task.findings().columns[1];
        assert!(column.treatment.starts_with(&format!("number, written with {shown}")), "{column:?}");
        assert!(
            !task.findings().warnings.iter().any(|w| w.contains("signs")),
            "{:?}",
            task.findings().warnings
        );
        // A cell that is none is treated as among plain numbers.
        let unknown = |i: usize| if i % 50 == 3 { "unknown".into() } else { cell(i) };
        warns(
            &table(&decorated(unknown), &target("y")).unwrap(),
            &["\"unknown\" in 4 rows and numbers in all others"],
        );
        let one = |i: usize| if i == 100 { "some".into() } else { cell(i) };
        says(
            table(&decorated(one), &target("y")),
            &["line 102", "\"some\" in column \"k\" is not a number", "199 of its 200"],
        );
        // Raw input is read as training was.
        let stored = serde_json::to_string(&task.preprocessing).unwrap();
        let stored: nascent_data::Preprocessing = serde_json::from_str(&stored).unwrap();
        let read = |text: &str| {
            let source = nascent_data::read::Source::Bytes { name: "new.csv", bytes: text.as_bytes() };
            stored.read_inputs(source, nascent_data::Resize::No)
        };
        let rows = read(&decorated(cell)).unwrap().inputs;
        let len = task.signature().shape().len() as usize;
        let seen: Vec<f32> =
            task.split.test.iter().flat_map(|&row| rows[row * len..(row + 1) * len].to_vec()).collect();
        assert_eq!(seen, *task.test().all().unwrap());
        let error = read(&format!("x;k\n1;{}\n", wrong.trim_matches('"'))).unwrap_err().to_string();
        assert!(error.contains(&format!("{wrong} in column \"k\" is not a number")), "{error}");
        // One row of a file with semicolons does not change what its comma means.
        assert_eq!(
            read(&format!("x;k\n1;{}\n", cell(7))).unwrap().inputs,
            read(&format!("x,k\n1,\"{}\"\n", cell(7))).unwrap().inputs
        );
    }
}

#[test]
fn numbers_that_no_notation_reads_stay_words_and_are_warned_of() {
    let cases: [&dyn Fn(usize) -> String; 4] = [
        &|i| ["$5", "€7", "€8"][i % 3].into(),
        &|i| if i % 4 == 0 { format!("{i}%") } else { i.to_string() },
        &|i| format!("0{},{:03}", i % 9, i),
        &|i| ["1,5", "1.5", "2"][i % 3].into(),
    ];
    for cell in cases {
        warns(
            &table(&decorated(cell), &target("y")).unwrap(),
            &["column \"k\" has numbers with other signs in them", "no one notation", "read as words"],
        );
    }
    // Whoever wants categories has them, and is told nothing.
    let options = Options { categories: vec!["k".into()], ..target("y") };
    let task = table(&decorated(|i| format!("{}%", i % 9)), &options).unwrap();
    assert!(task.findings().columns[1].treatment.starts_with("category"), "{:?}", task.findings());
    assert!(!task.findings().warnings.iter().any(|w| w.contains("signs")), "{:?}", task.findings().warnings);
}

#[test]
fn targets_are_read_in_their_notation() {
    let rows = |n: usize, y: &dyn Fn(usize) -> String| {
        let row = |i: usize| format!("{},\"{}\"\n", i * 7 % 13, y(i));
        format!("x,y\n{}", (0..n).map(row).collect::<String>())
    };
    let money = |i: usize| format!("${},{:03}.50", i % 9 + 1, i * 31 % 1000);
    let folder = Folder::new();
    let path = folder.put("train.csv", rows(100, &money));
    // A single row of it would not tell what its comma means.
    folder.put("test.csv", rows(1, &|_| "1,234".into()));
    let task = read(&path, &target("y")).unwrap();
    assert_eq!(task.kind.to_string(), "table-regression");
    let values = task.findings().values.unwrap();
    assert!(values.least > 1000.0 && values.most < 10_000.0, "{values:?}");
    let scale = task.preprocessing.scale.unwrap();
    let nascent_data::Targets::Values { values, .. } = task.test().targets else { panic!("values") };
    assert!((f64::from(values[0]) * scale.deviation + scale.mean - 1234.0).abs() < 0.1, "{values:?}");
    let notes = &task.findings().notes;
    assert!(
        notes.iter().any(|n| n.contains("commas between thousands and $") && n.contains("--category y")),
        "{notes:?}"
    );
    folder.put("test.csv", rows(1, &|_| "€1,234".into()));
    says(read(&path, &target("y")), &["test.csv, line 2", "\"€1,234\" in the target \"y\" is not a number"]);
    let few = |i: usize| ["10%", "20%", "30%"][i % 3].to_string();
    says(
        table(&rows(90, &few), &target("y")),
        &["3 different numbers (10, 20, 30)", "--task classification"],
    );
    let options = Options { categories: vec!["y".into()], ..target("y") };
    assert_eq!(table(&rows(90, &few), &options).unwrap().classes(), ["10%", "20%", "30%"]);
}

#[test]
fn series_have_plain_numbers() {
    let header: String = (0..9).map(|i| format!("t{i};")).collect();
    let row = |i: usize| (0..9).map(|t| format!("{},{}%;", i + t, t)).collect::<String>() + ["a", "b"][i % 2];
    let text = format!("{header}y\n{}", (0..40).map(|i| row(i) + "\n").collect::<String>());
    assert_eq!(table(&text, &target("y")).unwrap().kind.input, Input::Table);
    let options = Options { kind: Some(Input::Series), ..target("y") };
    says(table(&text, &options), &["column \"t0\"", "plain numbers", "--kind table"]);
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
