//! Running text: what is learned from which part, and how each token is asked.

use nascent_core::Features;
use nascent_data::preprocessing::Codes;
use nascent_data::{Examples, Inputs, Metric, Options, Targets, Tokens, judge, load};
use std::path::Path;

/// About 60 characters a line, the last tenth with letters that no other part has.
fn text(lines: usize) -> String {
    let line =
        |i: usize| format!("Line {i}: it was said that {} of {} were seen here.\n", i * i % 97, i * 7 % 31);
    let strange = if lines > 200 { "Größe".repeat(10) } else { String::new() };
    (0..lines).map(line).chain([strange]).collect()
}

fn codes(inputs: &Inputs) -> &Codes {
    let Inputs::Language(inputs) = inputs else { panic!("running text") };
    &inputs.codes
}

#[test]
fn parts_keep_their_order_and_each_token_is_asked_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("story.txt");
    let text = text(600);
    std::fs::write(&path, &text).unwrap();
    for tokens in [Tokens::Characters, Tokens::Bpe] {
        let options = Options { tokens: Some(tokens), context: Some(16), ..Options::default() };
        let task = load(&path, &options).unwrap();
        assert_eq!(task.kind.to_string(), "text-modelling");
        assert_eq!(task.metric, Metric::BitsPerByte);
        let codes = codes(&task.preprocessing.inputs);
        assert_eq!(task.signature().features, Features::Tokens { length: 16, vocabulary: codes.size() });
        assert_eq!(task.signature().answer().extents(), [codes.size(), 16]);
        let Targets::Tokens { labels, bytes, .. } = task.test().targets else { panic!("tokens") };
        let asked: Vec<u32> = labels.iter().copied().filter(|l| *l != 0).collect();
        // Who learns from all but the test part learns as much from what judged before.
        let learned = |examples: &Examples| {
            let Targets::Tokens { labels, .. } = &examples.targets else { panic!("tokens") };
            labels.iter().filter(|label| **label != 0).count()
        };
        let all = task.train_and_validation();
        assert!(learned(&task.validation()) < task.validation().len() * 16);
        assert_eq!(learned(&all), (task.train().len() + task.validation().len()) * 16);
        let mut inputs = Vec::new();
        all.gather(&(0..all.len()).collect::<Vec<usize>>(), &mut inputs).unwrap();
        let Targets::Tokens { labels: follow, .. } = &all.targets else { panic!("tokens") };
        for (labels, inputs) in follow.chunks(16).zip(inputs.chunks(16)) {
            assert!(labels.iter().zip(&inputs[1..]).all(|(label, next)| *label as f32 == *next));
        }
        // The test part is the last tenth, all of it but its first token.
        let cut = text.chars().count() - text.chars().count().div_ceil(10);
        let test: String = text.chars().skip(cut).collect();
        assert_eq!(asked, codes.encode(&test).unwrap()[1..]);
        if tokens == Tokens::Bpe {
            let all: usize = asked.iter().map(|code| usize::from(bytes[*code as usize])).sum();
            assert!(test.len() - all < 12, "{all} of {}", test.len());
            assert!(!asked.contains(&Codes::UNKNOWN), "pieces know every text");
        } else {
            // Three letters, ten times each, that the training part has not.
            assert_eq!(asked.iter().filter(|code| **code == Codes::UNKNOWN).count(), 30);
            assert!(task.findings().warnings[0].contains("30 characters"), "{:?}", task.findings().warnings);
        }
    }
}

#[test]
fn tokens_that_are_as_likely_cost_their_logarithm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("story.md");
    std::fs::write(&path, text(120)).unwrap();
    let task = load(&path, &Options::default()).unwrap();
    let examples = task.validation();
    let Targets::Tokens { labels, .. } = &examples.targets else { panic!("tokens") };
    let answers: Vec<f32> = labels.iter().map(|l| if *l == 0 { 0.0 } else { (1.0f32 / 8.0).ln() }).collect();
    let metrics = judge(&answers, &examples.targets);
    assert!((metrics.value("bits_per_byte").unwrap() - 3.0).abs() < 1e-5, "{metrics:?}");
    assert!((metrics.value("perplexity").unwrap() - 8.0).abs() < 1e-4, "{metrics:?}");
}

#[test]
fn a_test_file_is_taken_and_rows_stay_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let path = file("train.txt", &text(150));
    file("test.txt", &text(80));
    let task = load(&path, &Options::default()).unwrap();
    assert_eq!(task.findings().places.len(), 2, "{:?}", task.findings());
    assert!(task.findings().split.contains("the test file as it is"));
    let rows = "1.5 2.5 yes\n3.5 1.0 no\n2.0 2.2 yes\n4.1 0.3 no\n".repeat(20);
    let path = file("rows.txt", &rows);
    let options = Options { target: Some("last".into()), ..Options::default() };
    assert_eq!(load(&path, &options).unwrap().kind.to_string(), "table-classification");
    let error = load(&path, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("which column"), "{error}");
    let error = load(Path::new("nowhere.txt"), &Options::default()).unwrap_err().to_string();
    assert!(error.contains("nowhere.txt"), "{error}");
}
