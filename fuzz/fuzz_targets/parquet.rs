#![no_main]

use libfuzzer_sys::fuzz_target;
use nascent_data::read::{Source, read_parquet};

fuzz_target!(
    // The decoder panics on some damaged files, which the reader turns into an error: only what passes the reader counts.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let source = Source::Bytes { name: "input", bytes };
        let _ = read_parquet(source, &[], &[]);
    }
);
