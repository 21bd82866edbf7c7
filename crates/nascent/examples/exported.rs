//! Writes random networks of every space in every format, with inputs and our answers, for other programs to check.
//!
//! `exported FOLDER COUNT` writes COUNT networks a space; `.ci/check_exports.py FOLDER` then asks ONNX Runtime and PyTorch,
//! `tools/tract check FOLDER` asks tract.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/export/networks.rs"]
mod networks;

use nascent::exporters::find;
use networks::{BATCH, Case};
use safetensors::tensor::{Dtype, TensorView};
use std::path::Path;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next().and_then(|n| n.parse().ok()))
    else {
        println!("exported FOLDER COUNT");
        return;
    };
    let folder = Path::new(&folder);
    for space in networks::spaces() {
        (0..count).for_each(|number| write(folder, &networks::random(space, number)));
    }
    networks::by_hand().iter().for_each(|case| write(folder, case));
}

/// Writes a network with inputs and answers.
fn write(folder: &Path, case: &Case) {
    let folder = folder.join(case.name.replace(' ', "-"));
    std::fs::create_dir_all(&folder).unwrap();
    let model = networks::model(case);
    for file in ["onnx", "pytorch"].iter().flat_map(|name| (find(name).unwrap().files)(&model).unwrap()) {
        std::fs::write(folder.join(file.name), file.bytes).unwrap();
    }
    let whole = networks::int8(case);
    std::fs::write(folder.join("int8.onnx"), &whole.file).unwrap();
    let extents = case.graph.input_shape().extents();
    let with_batch = |extents: &[usize]| [&[BATCH], extents].concat();
    let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let answers = [case.answers.len() / BATCH];
    let continued = networks::continued(case);
    if continued.is_some() {
        let file = find("onnx").unwrap().stepwise.unwrap()(&model).unwrap();
        std::fs::write(folder.join(file.name), file.bytes).unwrap();
    }
    let spread = case.graph.output_shape().extents();
    let continued = continued.map(|numbers| ("continued", spread, numbers));
    let tensors = [
        ("inputs", extents, case.inputs.clone()),
        ("read", extents, networks::read(case)),
        ("answers", &answers, case.answers.clone()),
        ("meant", &answers, meant(case, &case.answers)),
        ("whole", &answers, meant(case, &whole.answers)),
    ];
    let tensors: Vec<_> = tensors
        .into_iter()
        .chain(continued)
        .map(|(name, extents, numbers)| (name, with_batch(extents), bytes(&numbers)))
        .collect();
    let views = tensors
        .iter()
        .map(|(name, extents, bytes)| (*name, TensorView::new(Dtype::F32, extents.clone(), bytes).unwrap()));
    safetensors::serialize_to_file(views, None, &folder.join("case.safetensors")).unwrap();
}

/// The answers as an exported file gives them first: values come in the target's unit.
fn meant(case: &Case, answers: &[f32]) -> Vec<f32> {
    match case.preprocessing.as_ref().and_then(|p| p.scale) {
        Some(scale) => {
            let unit = |a: &f32| (f64::from(*a) * scale.deviation + scale.mean) as f32;
            answers.iter().map(unit).collect()
        }
        None => answers.to_vec(),
    }
}
