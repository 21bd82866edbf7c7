#![no_main]

use libfuzzer_sys::fuzz_target;
use nascent_data::read::{Source, read_json_lines};

fuzz_target!(|bytes: &[u8]| {
    let source = Source::Bytes { name: "input", bytes };
    let _ = read_json_lines(source, &[], &[]);
});
