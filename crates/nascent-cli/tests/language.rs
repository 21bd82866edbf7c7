//! Language models from a text file, from inspection to text that the model wrote, with the real binary.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

fn nascent(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nascent")).args(arguments).current_dir(folder).output().unwrap()
}

fn prints(folder: &Path, arguments: &[&str]) -> String {
    let output = nascent(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn fails(folder: &Path, arguments: &[&str]) -> String {
    let output = nascent(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).replace('\n', " ")
}

/// Sentences of a few words, in an order that has to be learned.
fn story(sentences: usize) -> String {
    let who = ["the old king", "a small fox", "my sister", "nobody"];
    let does = ["walks into", "looks for", "dreams of", "forgets"];
    let what = ["the forest", "a golden key", "the sea", "her brother", "winter"];
    let mut text = String::new();
    for i in 0..sentences {
        let (a, b, c) = (i * 7 % 4, i * i % 4, i * 3 % 5);
        writeln!(text, "{} {} {}.", who[a], does[b], what[c]).unwrap();
    }
    text
}

const SPACE: &str = "space = \"language\"\n[parameters]\nwidth = 8\nlayers = 2\n";

#[test]
fn a_text_is_modelled_continued_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("story.txt"), story(900)).unwrap();
    std::fs::write(at.join("space.toml"), SPACE).unwrap();
    let inspected = prints(at, &["inspect", "story.txt", "--context", "32"]);
    assert!(inspected.contains("text-modelling") && inspected.contains("bits_per_byte"), "{inspected}");
    assert!(inspected.contains("windows of 32 tokens"), "{inspected}");
    let search =
        "search story.txt --context 32 --space space.toml --trials 4 --epochs 3 --workers 2 --out run";
    let text = prints(at, &search.split(' ').collect::<Vec<_>>());
    assert!(text.contains("bits_per_byte") && text.contains("nascent generate run --prompt"), "{text}");
    let result: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at.join("run/summary.json")).unwrap()).unwrap();
    // Letters that are all as likely would cost 4.6 bits.
    let bits = result["best"]["test"]["mean"].as_f64().unwrap();
    assert!(bits > 0.0 && bits < 3.5, "{bits}");
    assert!(std::fs::read_to_string(at.join("run/report.html")).unwrap().contains("text modelling"));

    let write = |seed: &str| {
        prints(at, &["generate", "run", "--prompt", "the old", "--tokens", "90", "--seed", seed])
    };
    let (one, again, other) = (write("1"), write("1"), write("2"));
    assert!(one.starts_with("the old") && one.chars().count() == 98, "{one:?}");
    assert_eq!(one, again);
    assert_ne!(one, other);
    let sure = ["generate", "run", "--temperature", "0", "--tokens", "5", "--seed"];
    assert_eq!(prints(at, &[&sure[..], &["1"]].concat()), prints(at, &[&sure[..], &["2"]].concat()));

    let error = fails(at, &["generate", "run", "--prompt", "über"]);
    assert!(error.contains("'ü', character 1 of the prompt"), "{error}");
    for (option, value, expected) in [
        ("--tokens", "0", "at least 1"),
        ("--temperature", "-1", "0 to 100"),
        ("--top-p", "1.5", "at most 1"),
    ] {
        let error = fails(at, &["generate", "run", &format!("{option}={value}")]);
        assert!(error.contains(expected), "{error}");
    }
    let error = fails(at, &["predict", "run", "story.txt"]);
    assert!(error.contains("nascent generate"), "{error}");
    for format in ["onnx", "pytorch", "safetensors"] {
        prints(at, &["export", "run", "--to", format]);
    }
    prints(at, &["export", "run", "--cache", "--out", "both"]);
    assert!(["model.onnx", "step.onnx"].iter().all(|file| at.join("both").join(file).exists()));
    let error = fails(at, &["export", "run", "--to", "pytorch", "--cache", "--out", "other"]);
    assert!(error.contains("pytorch has no file for a network that keeps what it has read"), "{error}");
    assert!(!at.join("other").exists());
    let tokens: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at.join("run/best/tokenizer.json")).unwrap()).unwrap();
    assert_eq!(tokens["model"]["type"], "BPE");
}

#[test]
fn recurrent_cells_are_searched_continued_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("story.txt"), story(300)).unwrap();
    let space = "space = \"recurrent\"\n[parameters]\nwidth = 8\nnodes = 4\n[narrow]\n";
    let common = "search story.txt --context 16 --trials 3 --epochs 2 --workers 1";
    // Where a cell must be searched, the reference is no network of the space.
    let runs = [("cells", "searched", "nao", "none"), ("memories", "lstm", "evolution", "reference")];
    for (run, cell, strategy, baseline) in runs {
        std::fs::write(at.join("space.toml"), format!("{space}cell = \"{cell}\"\n")).unwrap();
        let search =
            format!("{common} --space space.toml --strategy {strategy} --baseline {baseline} --out {run}");
        let text = prints(at, &search.split(' ').collect::<Vec<_>>());
        assert!(text.contains("bits_per_byte"), "{text}");
        let drawn = prints(at, &["show", run, "1"]);
        assert!(drawn.contains("node[3].function") == (cell == "searched"), "{drawn}");
        assert!(drawn.contains(if cell == "searched" { "cell " } else { "LSTM " }), "{drawn}");
        let text = prints(at, &["generate", run, "--prompt", "the", "--tokens", "30"]);
        assert!(text.starts_with("the") && text.chars().count() == 34, "{text:?}");
        for format in ["onnx", "pytorch", "safetensors"] {
            prints(at, &["export", run, "--to", format]);
        }
    }
    let error = fails(at, &["search", "story.txt", "--space", "recurrnt", "--out", "other"]);
    assert!(error.contains("did you mean \"recurrent\""), "{error}");
}

#[test]
fn texts_that_cannot_be_modelled_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("story.txt"), story(200)).unwrap();
    std::fs::write(at.join("short.txt"), story(12)).unwrap();
    std::fs::write(at.join("empty.txt"), "").unwrap();
    let mut broken = story(50).into_bytes();
    broken[300] = 0xff;
    std::fs::write(at.join("broken.txt"), broken).unwrap();
    std::fs::write(at.join("rows.csv"), "a,b\n1,2\n3,4\n").unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&["short.txt"], "the validation part has"),
        (&["empty.txt", "--task", "modelling"], "is empty"),
        (&["broken.txt", "--task", "modelling"], "byte 300 is 0xff"),
        (&["story.txt", "--context", "1"], "from 2 to 1024"),
        (&["story.txt", "--tokens", "words"], "characters or bpe"),
        (&["story.txt", "--split", "stratified"], "cut in its order"),
        (&["story.txt", "--task", "modelling", "--target", "x"], "--target means nothing for"),
        (&["story.txt", "--space", "text"], "needs texts"),
        (&["rows.csv", "--target", "b", "--tokens", "letters"], "words, bpe or characters"),
    ];
    for (arguments, expected) in cases {
        let error = fails(at, &[&["search"], arguments, &["--out", "run"]].concat());
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(!at.join("run").exists(), "{arguments:?}");
    }
}

#[test]
fn models_share_weights_and_one_search_gives_several_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("story.txt"), story(300)).unwrap();
    std::fs::write(at.join("space.toml"), SPACE).unwrap();
    let search = |options: &str| {
        let line = "search story.txt --context 16 --space space.toml --epochs 2 --baseline none --workers 1";
        prints(at, &format!("{line} {options}").split(' ').collect::<Vec<_>>());
        let run = options.split(' ').next_back().unwrap();
        let bytes = std::fs::read(at.join(run).join("summary.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    let shared = search("--supernet sandwich --supernet-epochs 2 --trials 16 --out shared");
    assert!(shared["trust"]["networks"].as_u64().unwrap() > 1, "{shared}");
    assert!(shared["best"]["test"]["mean"].as_f64().unwrap() < 4.5, "{shared}");
    let sizes = search("--sizes 20k,1M --trials 8 --out sizes");
    let params = |i: usize| sizes["sizes"][i]["best"]["params"].as_u64().unwrap();
    assert!(params(0) <= 20_000 && params(0) <= params(1), "{sizes}");
    let text = prints(at, &["generate", "sizes", "--size", "20k", "--tokens", "20"]);
    assert!(text.chars().count() > 19, "{text:?}");
    assert!(fails(at, &["generate", "sizes", "--size", "5k"]).contains("it has: 20k, 1M"));
}
