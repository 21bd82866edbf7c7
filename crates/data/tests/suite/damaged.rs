use nascent_core::rng::Rng;
use nascent_data::read::{
    CsvForm, Source, read_cifar, read_csv, read_idx, read_json_lines, read_npz, read_parquet, read_ts,
};
use std::path::Path;

/// Changes some bytes, and cuts or repeats the end.
fn damaged(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=rng.below(4) {
        let at = rng.below(bytes.len());
        match rng.below(4) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = [0, 0x7f, 0x80, 0xff, b'\n', b','][rng.below(6)],
            2 => bytes.truncate(at.max(1)),
            _ => {
                let more = bytes[at..].to_vec();
                bytes.extend(more);
            }
        }
    }
    bytes
}

/// Whether a reader takes a file; what matters is that it answers.
fn reads(target: &str, bytes: &[u8]) -> bool {
    let source = Source::Bytes { name: target, bytes };
    match target {
        "csv" => read_csv(source, &CsvForm::default()).is_ok(),
        "json_lines" => read_json_lines(source, &[], &[]).is_ok(),
        "parquet" => read_parquet(source, &[], &[]).is_ok(),
        "idx" => read_idx(source).is_ok(),
        "cifar" => read_cifar(source, None).is_ok(),
        "npz" => read_npz(source).is_ok(),
        "ts" => read_ts(source).is_ok(),
        _ => panic!("no reader for the corpus {target:?}"),
    }
}

#[test]
fn readers_answer_whatever_they_get() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut targets: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|e| e.unwrap().path()).collect();
    targets.sort();
    assert_eq!(targets.len(), 7);
    // The decoder of Parquet panics on some damaged files, which the reader catches; nobody need see it.
    std::panic::set_hook(Box::new(|_| {}));
    let mut rng = Rng::new(0, 0);
    for folder in targets {
        let target = folder.file_name().unwrap().to_string_lossy().into_owned();
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        let taken = files.iter().filter(|file| reads(&target, &std::fs::read(file).unwrap())).count();
        assert!(taken > 0, "no file of {target} is read");
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            (0..200).for_each(|_| {
                reads(&target, &damaged(&bytes, &mut rng));
            });
        }
    }
    let _ = std::panic::take_hook();
}
