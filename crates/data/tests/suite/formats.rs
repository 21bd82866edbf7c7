use super::*;
use nascent_core::Features;
use nascent_data::{Answering, Input, Tokens};

fn table(name: &str, text: &str, options: &Options) -> Task {
    let folder = Folder::new();
    read(&folder.put(name, text), options).unwrap()
}

#[test]
fn every_delimiter_gives_the_same_task() {
    let commas = small_table(60);
    let expected = table("a.csv", &commas, &target("y")).train();
    for (name, by) in [("b.csv", ";"), ("c.tsv", "\t"), ("d.txt", "|"), ("e.data", "  "), ("f.data", " \t ")]
    {
        assert_eq!(table(name, &commas.replace(',', by), &target("y")).train(), expected, "{by:?}");
    }
    let options = Options { delimiter: Some("#".into()), ..target("y") };
    assert_eq!(table("g.csv", &commas.replace(',', "#"), &options).train(), expected);
    for end in ["\r\n", "\r"] {
        assert_eq!(table("h.csv", &commas.replace('\n', end), &target("y")).train(), expected, "{end:?}");
        let blanks = commas.replace(',', " ").replace('\n', end);
        assert_eq!(table("h.data", &blanks, &target("y")).train(), expected, "{end:?}");
    }
    // Without a header the same columns are found by their place.
    let nameless = commas.replace("x,k,y\n", "");
    for last in ["last", "2", "column_2"] {
        assert_eq!(table("i.csv", &nameless, &target(last)).train(), expected);
    }
    assert_eq!(table("j.csv", &commas.replace("x,k,y", "y,k,x"), &target("last")).train(), expected);
}

#[test]
fn semicolons_allow_decimal_commas() {
    let rows: String =
        (0..50).map(|i| format!("{},{};{};{}\n", i / 7, i % 10, i * 13 % 17, i * i % 23)).collect();
    let task = table(
        "eu.csv",
        &format!("a;b;y\n{rows}"),
        &Options { task: Some(Answering::Regression), ..target("y") },
    );
    assert_eq!(task.findings().columns[0].treatment, "number");
}

#[test]
fn dates_become_numbers() {
    let rows: String = (0..120)
        .map(|i| format!("{:02}/{:02}/2021 {:02}:30,{}.5\n", i % 28 + 1, i % 12 + 1, i % 24, i * 7 % 31))
        .collect();
    let task = table("d.csv", &format!("when,y\n{rows}"), &target("y"));
    assert!(
        task.findings().columns[0].treatment.starts_with("date: days, month, day, weekday, hour"),
        "{:?}",
        task.findings().columns
    );
    let options = Options { split: Some("time".parse().unwrap()), ..target("y") };
    let task = table("d.csv", &format!("when,y\n{rows}"), &options);
    assert!(task.findings().split.contains("column \"when\""), "{}", task.findings().split);
    assert_eq!(task.split.test.len(), 24);
}

#[test]
fn json_lines_and_parquet_give_the_task_of_the_csv() {
    let expected = table("a.csv", &small_table(60), &target("y")).train();
    let lines: String = small_table(60)
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            format!("{{\"x\": {}, \"k\": \"{}\", \"y\": \"{}\"}}\n", fields[0], fields[1], fields[2])
        })
        .collect();
    assert_eq!(table("a.jsonl", &lines, &target("y")).train(), expected);
    let folder = Folder::new();
    let path = folder.put("a.parquet", parquet_of(&small_table(60)));
    assert_eq!(read(&path, &target("y")).unwrap().train(), expected);
    let whole = std::fs::read(&path).unwrap();
    for cut in [whole.len() / 2, whole.len() - 1] {
        says(read(&folder.put("cut.parquet", &whole[..cut]), &target("y")), &["no whole Parquet file"]);
    }
}

/// The same table as Parquet, of two row groups.
fn parquet_of(csv: &str) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
    let schema = "message m { required double x; optional binary k (UTF8); required binary y (UTF8); }";
    let schema = std::sync::Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let mut bytes = Vec::new();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(&mut bytes, schema, Default::default()).unwrap();
    for rows in rows.chunks(40) {
        let mut group = writer.next_row_group().unwrap();
        let numbers: Vec<f64> = rows.iter().map(|r| r[0].parse().unwrap()).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&numbers, None, None).unwrap();
        column.close().unwrap();
        for at in [1, 2] {
            let words: Vec<ByteArray> = rows.iter().map(|r| r[at].into()).collect();
            let levels = vec![1; rows.len()];
            let mut column = group.next_column().unwrap().unwrap();
            column
                .typed::<ByteArrayType>()
                .write_batch(&words, (at == 1).then_some(&levels[..]), None)
                .unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

#[test]
fn series_texts_and_tables_are_told_apart() {
    let steps = |name: &str| {
        let header: Vec<String> = (0..12).map(|i| format!("{name}{i}")).collect();
        let row = |r: usize| {
            (0..12).map(|i| format!("{:.3},", ((r + i) as f64 / 3.0).sin())).collect::<String>()
                + ["a", "b"][r % 2]
        };
        format!("{},y\n{}", header.join(","), (0..40).map(|r| row(r) + "\n").collect::<String>())
    };
    assert_eq!(table("s.csv", &steps("t"), &target("y")).kind.input, Input::Series);
    assert_eq!(table("s.csv", &steps("f"), &target("y")).kind.input, Input::Table);
    let options = Options { kind: Some(Input::Series), resample: Some(20), ..target("y") };
    assert_eq!(
        table("s.csv", &steps("f"), &options).signature().features,
        Features::Series { channels: 1, steps: 20 }
    );
    let texts: String =
        (0..60).map(|i| format!("\"the {i}th text, of some words\",{}\n", ["a", "b"][i % 2])).collect();
    let text = format!("what,kind\n{texts}");
    let task = table("t.csv", &text, &target("kind"));
    assert!(matches!(task.signature().features, Features::Text { .. }), "{:?}", task.findings());
    let options = Options { tokens: Some(Tokens::Bpe), text: vec!["what".into()], ..target("kind") };
    let pieces = table("t.csv", &text, &options);
    assert_ne!(pieces.signature(), task.signature());
    let stored = serde_json::to_string(&pieces.preprocessing).unwrap();
    assert_eq!(serde_json::from_str::<nascent_data::Preprocessing>(&stored).unwrap(), pieces.preprocessing);
    // Longer words and lines in quotes do not matter.
    let lines = text.replace(", of", ",\nof");
    let again = table("u.csv", &lines, &target("kind")).split;
    assert_eq!(
        (again.train, again.validation, again.test),
        (task.split.train, task.split.validation, task.split.test)
    );
}

#[test]
fn a_word_far_below_makes_a_column_words() {
    let rows: String = (0..3000)
        .map(|i| {
            format!(
                "{},{}\n",
                if i % 50 == 0 && i > 2000 { "3+".into() } else { (i % 3).to_string() },
                i * 7 % 101
            )
        })
        .collect();
    let task = table(
        "far.csv",
        &format!("n,y\n{rows}"),
        &Options { task: Some(Answering::Regression), ..target("y") },
    );
    assert_eq!(
        (task.findings().columns[0].treatment.as_str(), task.findings().columns[0].different),
        ("category", 4)
    );
}

#[test]
fn train_rows_bounds_what_is_learned_from() {
    let options = Options { train_rows: Some(100), ..target("y") };
    let task = table("a.csv", &small_table(1000), &options);
    assert_eq!([task.split.train.len(), task.split.validation.len(), task.split.test.len()], [80, 20, 200]);
}
