//! Data that memory is not to hold: the same task, its inputs read from a file.

use super::bad_pictures::{classes, picture, png};
use super::*;
use nascent_data::{Examples, Input, Room, load_within};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::writer::SerializedFileWriter;

/// A column of a Parquet file; either may lack cells.
enum Cells {
    Numbers(Vec<Option<f64>>),
    Words(Vec<Option<String>>),
}

fn words(rows: usize, word: impl Fn(usize) -> Option<String>) -> Cells {
    Cells::Words((0..rows).map(word).collect())
}

fn numbers(rows: usize, number: impl Fn(usize) -> Option<f64>) -> Cells {
    Cells::Numbers((0..rows).map(number).collect())
}

fn parquet(columns: &[(&str, Cells)], rows: usize, group: usize) -> Vec<u8> {
    let fields = columns.iter().map(|(name, cells)| match cells {
        Cells::Numbers(_) => format!("optional double {name};"),
        Cells::Words(_) => format!("optional binary {name} (UTF8);"),
    });
    let schema = format!("message m {{ {} }}", fields.collect::<String>());
    let schema = std::sync::Arc::new(parquet::schema::parser::parse_message_type(&schema).unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Default::default()).unwrap();
    for first in (0..rows).step_by(group) {
        let some = first..rows.min(first + group);
        let mut group = writer.next_row_group().unwrap();
        for (_, cells) in columns {
            let mut column = group.next_column().unwrap().unwrap();
            match cells {
                Cells::Numbers(all) => {
                    let levels: Vec<i16> = all[some.clone()].iter().map(|c| i16::from(c.is_some())).collect();
                    let there: Vec<f64> = all[some.clone()].iter().copied().flatten().collect();
                    column.typed::<DoubleType>().write_batch(&there, Some(&levels), None).unwrap();
                }
                Cells::Words(all) => {
                    let levels: Vec<i16> = all[some.clone()].iter().map(|c| i16::from(c.is_some())).collect();
                    let there: Vec<ByteArray> =
                        all[some.clone()].iter().flatten().map(|w| w.as_str().into()).collect();
                    column.typed::<ByteArrayType>().write_batch(&there, Some(&levels), None).unwrap();
                }
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// A table with everything that makes a column special: gaps, few levels, words that are numbers or dates after all, rare and
/// many categories, an identifier, a leak, and rows without a target. Two are equal.
fn table(rows: usize) -> Vec<(&'static str, Cells)> {
    let wave = |i: usize, f: f64| (i as f64 * f).sin();
    let target = move |i: usize| (wave(i, 0.37) > 0.0) as usize;
    vec![
        ("x", numbers(rows, move |i| (i % 11 != 0).then(|| wave(i / 2 * 2, 0.37)))),
        ("level", numbers(rows, |i| Some((i % 5) as f64))),
        ("worded", words(rows, |i| Some(if i % 50 == 3 { "unknown".into() } else { (i % 97).to_string() }))),
        ("when", words(rows, |i| Some(format!("2024-{:02}-{:02}", i % 12 + 1, i % 28 + 1)))),
        ("price", words(rows, |i| (i % 13 != 4).then(|| format!("${},{:03}", i % 9 + 1, i * 7 % 1000)))),
        ("kind", words(rows, |i| (i % 7 != 0).then(|| ["a", "b", "c", "d"][i % 4].into()))),
        ("many", words(rows, |i| Some(format!("m{}", i % 700)))),
        ("order_id", numbers(rows, |i| Some(i as f64))),
        ("tells", words(rows, move |i| Some(["no", "yes"][target(i)].into()))),
        ("y", words(rows, move |i| (i % 40 != 9).then(|| ["no", "yes"][target(i)].into()))),
    ]
}

fn room(folder: &Folder) -> Room {
    Room { bytes: 0, folder: folder.path().join("kept") }
}

#[track_caller]
fn same_examples(some: &Examples, others: &Examples) {
    assert_eq!((&some.shape, &some.targets), (&others.shape, &others.targets));
    assert_eq!(some.all().unwrap(), others.all().unwrap());
    let rows: Vec<usize> = (0..some.len()).rev().step_by(3).collect();
    assert_eq!(some.pick(&rows).unwrap(), others.pick(&rows).unwrap());
    let (mut one, mut two) = (Vec::new(), Vec::new());
    assert_eq!(some.range(1..4, &mut one).unwrap(), others.range(1..4, &mut two).unwrap());
}

/// Asserts that a task is the same whether its inputs are in memory or in a file, and gives the latter.
#[track_caller]
fn same(path: &Path, options: &Options, room: &Room) -> Task {
    let path = path.canonicalize().unwrap();
    let here = load(&path, options).unwrap();
    let file = load_within(&path, options, room).unwrap();
    assert!(file.is_in_file() && !here.is_in_file());
    assert_eq!((&file.name, file.kind, file.metric), (&here.name, here.kind, here.metric));
    assert_eq!((&file.split, &file.preprocessing), (&here.split, &here.preprocessing));
    let mut findings = file.findings().clone();
    assert!(findings.notes.pop().unwrap().contains("are read from"));
    assert_eq!(&findings, here.findings());
    same_examples(&file.train(), &here.train());
    same_examples(&file.validation(), &here.validation());
    same_examples(&file.test(), &here.test());
    same_examples(&file.train_and_validation(), &here.train_and_validation());
    same_examples(&file.fold(3).1, &here.fold(3).1);
    file
}

fn kept(room: &Room) -> Vec<PathBuf> {
    let files = std::fs::read_dir(&room.folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "examples")).collect()
}

#[test]
fn a_parquet_file_gives_the_same_task() {
    let folder = Folder::new();
    let room = room(&folder);
    let path = folder.put("a.parquet", parquet(&table(20_000), 20_000, 9_000));
    let task = same(&path, &target("y"), &room);
    warns(&task, &["unknown", "read as missing"]);
    warns(&task, &["tells the target", "--ignore tells"]);
    warns(&task, &["order_id", "identifier"]);
    warns(&task, &["500 rows have no target"]);
    // It is made once, whoever opens it from wherever.
    let [file] = &kept(&room)[..] else { panic!("{:?}", kept(&room)) };
    let made = file.metadata().unwrap().modified().unwrap();
    let again = load_within(&path.parent().unwrap().join("./a.parquet"), &target("y"), &room).unwrap();
    same_examples(&again.test(), &task.test());
    assert_eq!(file.metadata().unwrap().modified().unwrap(), made);
    // What is said otherwise, or other data, is another file.
    let options = Options { group: Some("many".into()), ignore: vec!["tells".into()], ..target("y") };
    same(&path, &options, &room);
    let values = Options { ignore: vec!["order_id".into()], split: "every:5".parse().ok(), ..target("x") };
    same(&path, &values, &room);
    assert_eq!(kept(&room).len(), 3);
    folder.put("a.parquet", parquet(&table(500), 500, 200));
    same(&path, &target("y"), &room);
    assert_eq!(kept(&room).len(), 4);
}

#[test]
fn a_test_file_beside_is_streamed_too() {
    let folder = Folder::new();
    let path = folder.put("train.parquet", parquet(&table(600), 600, 250));
    folder.put("test.parquet", parquet(&table(90), 90, 40));
    let task = same(&path, &target("y"), &room(&folder));
    assert_eq!(task.split.test.len(), 87);
    // Where memory holds it, it is as ever.
    let large = Room { bytes: 690 * 10 * 16, ..room(&folder) };
    assert!(!load_within(&path, &target("y"), &large).unwrap().is_in_file());
}

#[test]
fn series_and_texts_go_on_in_memory() {
    let folder = Folder::new();
    let rows = 300;
    let columns = [
        ("what", words(rows, |i| Some(format!("the {i}th text, of some words")))),
        ("y", words(rows, |i| Some(["a", "b"][i % 2].into()))),
    ];
    let path = folder.put("texts.parquet", parquet(&columns, rows, 100));
    let task = load_within(&path, &target("y"), &room(&folder)).unwrap();
    assert_eq!((task.kind.input, task.is_in_file()), (Input::Text, false));
    same_examples(&task.train(), &load(&path, &target("y")).unwrap().train());
}

#[test]
fn pictures_give_the_same_task() {
    let folder = Folder::new();
    let room = room(&folder);
    classes(&folder, 10);
    for i in 0..6 {
        folder.put(&format!("train/{}/{i}.png", ["cat", "dog"][i % 2]), png(&picture(9, i as u32)));
    }
    let all = folder.path().join("train");
    (0..24).for_each(|i| drop(folder.put(&format!("train/dog/more{i}.png"), png(&picture(10, 100 + i)))));
    same(&all, &Options { flip: true, ..Options::default() }, &room);
    same(&all, &Options { image_size: Some([6, 7]), ..Options::default() }, &room);
    assert_eq!(kept(&room).len(), 2);
    // A broken one among good ones, by its header and by what follows.
    let whole = png(&picture(10, 3));
    let broken = folder.put("train/cat/broken.png", &whole[..whole.len() / 2]);
    folder.put("train/dog/text.png", "hello");
    let error = |options: &Options| load_within(&all, options, &room);
    says(error(&Options::default()), &["text.png", "not a whole PNG or JPEG", "--skip-broken"]);
    std::fs::remove_file(folder.path().join("train/dog/text.png")).unwrap();
    says(error(&Options::default()), &["broken.png", "not a whole PNG or JPEG", "--skip-broken"]);
    let task = same(&all, &Options { skip_broken: true, ..Options::default() }, &room);
    warns(&task, &["1 broken pictures are left out", broken.file_name().unwrap().to_str().unwrap()]);
}

#[test]
fn a_file_that_is_not_what_was_written_is_named() {
    let folder = Folder::new();
    let room = room(&folder);
    let path = folder.put("a.parquet", parquet(&table(500), 500, 200));
    let opened = || load_within(&path, &target("y"), &room);
    let task = opened().unwrap();
    let file = kept(&room).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let put = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        std::fs::write(&file, bytes).unwrap();
    };
    // A single number of the third row: the others are what they were.
    let record = 4 * task.signature().shape().len() as usize + 8;
    put(&|bytes| bytes[16 + 2 * record + 1] ^= 1);
    let part = opened().unwrap().train_and_validation();
    let at = |row: usize| {
        let mut rows = [&task.split.train[..], &task.split.validation[..]].concat();
        rows.sort_unstable();
        rows.iter().position(|r| *r == row)
    };
    let (good, bad) = (at(4).or(at(5)).unwrap(), at(2).or(at(3)).unwrap());
    assert!(part.pick(&[good]).is_ok());
    if at(2).is_some() {
        let error = part.pick(&[good, bad]).unwrap_err().to_string();
        for word in [file.to_str().unwrap(), "row 2", "changed or cut off", "remove it"] {
            assert!(error.contains(word), "{error}");
        }
    }
    assert!(part.all().is_err() || at(2).is_none());
    // What is cut off is seen when it is opened, and so is what is changed in its account.
    for cut in [0, 7, 39, whole.len() / 2, whole.len() - 1] {
        put(&|bytes| bytes.truncate(cut));
        says(opened(), &[file.to_str().unwrap(), "no whole file of examples", "remove it"]);
    }
    for at in [0, 15, whole.len() - 1, whole.len() - 20, whole.len() - 30, whole.len() - 3000] {
        put(&|bytes| bytes[at] ^= 1);
        says(opened(), &[file.to_str().unwrap(), "no whole file of examples", "remove it"]);
    }
    // One that is cut while it is read.
    put(&|_| {});
    let part = opened().unwrap().test();
    put(&|bytes| bytes.truncate(20));
    let error = part.all().unwrap_err().to_string();
    assert!(error.contains("cut off") && error.contains("remove it"), "{error}");
    std::fs::remove_file(&file).unwrap();
    same_examples(&opened().unwrap().train(), &load(&path, &target("y")).unwrap().train());
}

#[test]
fn what_cannot_be_written_or_read_is_named_and_leaves_nothing() {
    let folder = Folder::new();
    let bytes = parquet(&table(500), 500, 200);
    let path = folder.put("a.parquet", &bytes);
    let file = folder.put("file", "no folder");
    let full = Room { bytes: 0, folder: file.clone() };
    let words = [file.to_str().unwrap(), "cannot be written", "--data-folder", "--data-memory"];
    says(load_within(&path, &target("y"), &full), &words);
    // A late row group is damaged, which only those who read it see.
    let room = room(&folder);
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2..bytes.len() * 3 / 4].fill(0xff);
    says(load_within(&folder.put("damaged.parquet", damaged), &target("y"), &room), &["damaged.parquet: "]);
    let path = folder.put("cut.parquet", &bytes[..bytes.len() * 3 / 4]);
    says(load_within(&path, &target("y"), &room), &["cut.parquet", "no whole Parquet file"]);
    assert!(kept(&room).is_empty());
    let left = std::fs::read_dir(&room.folder).unwrap().map(|e| e.unwrap().metadata().unwrap().len());
    assert_eq!(left.sum::<u64>(), 0);
    says(load_within(&path, &target("nothing"), &room), &["cut.parquet"]);
    let path = folder.path().join("a.parquet");
    says(load_within(&path, &target("z"), &room), &["no column \"z\""]);
}
