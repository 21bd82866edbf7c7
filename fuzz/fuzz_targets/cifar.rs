#![no_main]

use libfuzzer_sys::fuzz_target;
use nascent_data::read::{Source, read_cifar};

fuzz_target!(|bytes: &[u8]| {
    let source = Source::Bytes { name: "input", bytes };
    let _ = read_cifar(source, None);
});
