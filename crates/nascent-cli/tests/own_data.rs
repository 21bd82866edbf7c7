//! Searches on files of one's own, from inspection to answers, with the real binary.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

fn nascent(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nascent")).args(arguments).current_dir(folder).output().unwrap()
}

/// What was printed; it must have gone well.
fn prints(folder: &Path, arguments: &[&str]) -> String {
    let output = nascent(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn summary(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

/// Rows of two numbers and a colour; the price follows from all three, and so does whether it is dear.
fn houses(rows: usize) -> String {
    let mut text = "size,age,colour,price,dear\n".to_string();
    for i in 0..rows {
        let (size, age) = ((i * 37 % 101) as f64, (i * 53 % 67) as f64);
        let (colour, extra) = [("red", 40.0), ("blue", 0.0), ("green", -40.0)][i % 3];
        let price = 3.0 * size - age + extra;
        // Some ages are not known.
        let age = if i % 17 == 0 { String::new() } else { age.to_string() };
        let dear = if price > 110.0 { "yes" } else { "no" };
        writeln!(text, "{size},{age},{colour},{price},{dear}").unwrap();
    }
    text
}

const SHORT: [&str; 8] = ["--trials", "6", "--epochs", "12", "--workers", "2", "--out", "run"];

#[test]
fn values_are_searched_for_on_a_ladder_and_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(300)).unwrap();
    let data = ["houses.csv", "--target", "price", "--ignore", "dear"];
    let inspected = prints(at, &[&["inspect"], &data[..]].concat());
    assert!(inspected.contains("regression") && inspected.contains("rmse"), "{inspected}");
    let search = [&["search"], &data[..], &SHORT, &["--strategy", "asha > random"]].concat();
    let text = prints(at, &search);
    assert!(text.contains("rmse") && text.contains("against   tuned-reference"), "{text}");
    let study = std::fs::read_to_string(at.join("run/study.toml")).unwrap();
    assert!(study.contains("folds = 5") && study.contains("ignore = [\"dear\"]"), "{study}");
    let result = summary(&at.join("run"));
    assert_eq!(result["task"]["metric"], "rmse");
    // The price's deviation is about 95: something must have been learned.
    assert!(result["best"]["test"]["mean"].as_f64().unwrap() < 60.0, "{}", result["best"]);
    let shown: serde_json::Value = serde_json::from_str(&prints(at, &["show", "run", "--json"])).unwrap();
    let mut rungs: Vec<u64> =
        shown["trials"].as_array().unwrap().iter().filter_map(|t| t["rung"].as_u64()).collect();
    rungs.sort_unstable();
    rungs.dedup();
    assert_eq!(rungs, [0, 1], "{shown}");

    // Columns in another order, one too many, a colour never seen, and an age that is missing.
    std::fs::write(at.join("new.csv"), "colour,note,age,size\nred,x,10,50\npink,y,,90\n").unwrap();
    prints(at, &["predict", "run", "new.csv", "--out", "answers.csv"]);
    let answers = std::fs::read_to_string(at.join("answers.csv")).unwrap();
    let values: Vec<f64> =
        answers.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(values.len() == 2 && values.iter().all(|v| v.is_finite()), "{answers}");
    std::fs::write(at.join("short.csv"), "colour,age\nred,10\n").unwrap();
    let output = nascent(at, &["predict", "run", "short.csv"]);
    let error = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(output.status.code() == Some(2) && error.contains("\"size\""), "{error}");
}

#[test]
fn classes_are_searched_for_and_answered_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(300)).unwrap();
    let search = [
        &[
            "search",
            "houses.csv",
            "--target",
            "dear",
            "--ignore",
            "price",
            "--folds",
            "2",
            "--baseline",
            "none",
        ],
        &SHORT[..],
    ]
    .concat();
    prints(at, &search);
    let result = summary(&at.join("run"));
    assert_eq!(result["task"]["metric"], "accuracy");
    assert!(result["best"]["test"]["mean"].as_f64().unwrap() > 0.7, "{}", result["best"]);
    std::fs::write(at.join("new.csv"), "size,age,colour\n100,0,red\n0,60,green\n").unwrap();
    let answers = prints(at, &["predict", "run", "new.csv"]);
    assert!(answers.contains("yes") && answers.contains("no"), "{answers}");
}

#[test]
fn a_budget_of_time_ends_a_study_that_would_take_longer() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(3000)).unwrap();
    let search =
        ["search", "houses.csv", "--target", "price", "--ignore", "dear", "--budget", "6s", "--out", "run"];
    prints(at, &search);
    let result = summary(&at.join("run"));
    assert_eq!(result["status"], "finished");
    assert!(result["best"]["test"]["mean"].is_number(), "{}", result["best"]);
}

#[test]
fn mistakes_leave_no_run_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(60)).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["nowhere.csv"], "nowhere.csv"),
        (&["houses.csv", "--target", "prize"], "\"price\""),
        (&["houses.csv", "--target", "price", "--folds", "0"], "folds = 0"),
        (&["houses.csv", "--target", "price", "--split", "time", "--folds", "3"], "folds = 3"),
        (&["houses.csv", "--target", "price", "--strategy", "asha > random", "--epochs", "4"], "at least 6"),
        (&["houses.csv", "--target", "price", "--objective", "accuracy"], "accuracy"),
    ];
    for (arguments, expected) in cases {
        let output = nascent(at, &[&["search"], arguments, &["--out", "run"]].concat());
        let error = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(!at.join("run").exists(), "{arguments:?}");
    }
}

#[test]
fn networks_that_the_memory_of_a_worker_does_not_hold_are_refused_before_they_start() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(60)).unwrap();
    let search = "search houses.csv --target price --ignore dear --batch-size 32768 --memory-per-trial 64MiB --out run";
    let output = nascent(at, &search.split(' ').collect::<Vec<_>>());
    let error = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
    assert_eq!(output.status.code(), Some(3), "{error}");
    // Both numbers: what the smallest network needs, and what there is.
    assert!(error.contains("worker_memory_bytes = ") && error.contains("<=67108864"), "{error}");
}

/// The houses with their prices as a Parquet file of two row groups.
fn houses_in_parquet(path: &Path, rows: usize) {
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
    let schema = "message m { required double size; optional double age; required binary colour (UTF8); required double price; }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(file, schema.into(), Default::default()).unwrap();
    let text = houses(rows);
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    for rows in rows.chunks(rows.len().div_ceil(2)) {
        let mut group = writer.next_row_group().unwrap();
        for at in 0..4 {
            let mut column = group.next_column().unwrap().unwrap();
            let cells = || rows.iter().map(|row| row[at]).filter(|cell| !cell.is_empty());
            let levels: Vec<i16> = rows.iter().map(|row| i16::from(!row[at].is_empty())).collect();
            if at == 2 {
                let words: Vec<ByteArray> = cells().map(ByteArray::from).collect();
                column.typed::<ByteArrayType>().write_batch(&words, None, None).unwrap();
            } else {
                let numbers: Vec<f64> = cells().map(|cell| cell.parse().unwrap()).collect();
                let levels = (at == 1).then_some(&levels[..]);
                column.typed::<DoubleType>().write_batch(&numbers, levels, None).unwrap();
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// Searches with inputs in memory and in a file, and asserts that both found the same; gives the folder of the file.
fn finds_the_same(at: &Path, data: &[&str]) -> std::path::PathBuf {
    let short = ["--trials", "3", "--epochs", "3", "--workers", "1", "--strategy", "random"];
    let search = |out: &str, more: &[&str]| {
        prints(at, &[&["search"], data, &short, &["--out", out], more].concat());
        let summary = summary(&at.join(out));
        let shown: serde_json::Value = serde_json::from_str(&prints(at, &["show", out, "--json"])).unwrap();
        let known =
            |trial: &serde_json::Value| ["hash", "objectives", "reports"].map(|key| trial[key].clone());
        let shown: Vec<_> = shown["trials"].as_array().unwrap().iter().map(known).collect();
        (summary["best"].clone(), summary["baselines"].clone(), summary["task"].clone(), shown)
    };
    let in_memory = search("here", &[]);
    assert!(in_memory.0["test"]["mean"].is_number());
    assert_eq!(search("there", &["--data-memory", "1KiB", "--data-folder", "kept"]), in_memory);
    at.join("kept")
}

fn only_file(folder: &Path) -> std::path::PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "examples"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn a_table_that_memory_is_not_to_hold_gives_the_same_search() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    houses_in_parquet(&at.join("houses.parquet"), 400);
    let kept = finds_the_same(at, &["houses.parquet", "--target", "price"]);
    let file = only_file(&kept);
    let inspected = prints(
        at,
        &["inspect", "houses.parquet", "--target", "price", "--data-memory", "1KiB", "--data-folder", "kept"],
    );
    assert!(inspected.contains("are read from") && only_file(&kept) == file, "{inspected}");
    // A study goes on with the file that is there, and makes it anew where it is gone.
    std::fs::remove_file(&file).unwrap();
    prints(at, &["resume", "there", "--trials", "4"]);
    let whole = std::fs::read(only_file(&kept)).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let output = nascent(at, &["resume", "there", "--trials", "5"]);
    let error = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
    assert!(output.status.code() == Some(2) && error.contains("remove it"), "{error}");
}

#[test]
fn pictures_that_memory_is_not_to_hold_give_the_same_search() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for i in 0..60u32 {
        let path = at.join("all").join(["dark", "light"][i as usize % 2]);
        std::fs::create_dir_all(&path).unwrap();
        let pixel = |x: u32, y: u32| image::Luma([((x * 31 + y * 17 + i * 57) % 128 + i % 2 * 90) as u8]);
        image::GrayImage::from_fn(8, 8, pixel).save(path.join(format!("{i}.png"))).unwrap();
    }
    only_file(&finds_the_same(at, &["all", "--baseline", "reference"]));
}
