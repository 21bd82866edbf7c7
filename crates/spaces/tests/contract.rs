//! Every space keeps its promises, on tasks of several shapes.

use nascent_core::architecture::{Op, Shape};
use nascent_core::{Features, Signature};
use nascent_spaces::registry;
use nascent_testkit::space_contract;
use toml::Table;

#[test]
fn image_spaces_keep_the_contract() {
    for name in ["nb201", "convnet", "mlp"] {
        for input in [&[1, 8, 8][..], &[3, 32, 32], &[1, 28, 28], &[1, 7, 13], &[3, 64, 48]] {
            space_contract(
                &*registry::build(name, &Table::new(), &Signature::plain(&Shape::new(input), 10)).unwrap(),
            );
        }
    }
}

#[test]
fn mlp_takes_vectors_and_the_others_say_that_they_do_not() {
    let vector = Signature::plain(&Shape::new(&[30]), 2);
    space_contract(&*registry::build("mlp", &Table::new(), &vector).unwrap());
    for name in ["nb201", "convnet"] {
        let error = registry::build(name, &Table::new(), &vector).err().unwrap();
        assert!(error.to_string().contains("needs images"), "{error}");
    }
}

#[test]
fn spaces_of_tables_series_and_texts_keep_the_contract() {
    let table = |numbers, categories, codes| Features::Table { numbers, categories, codes };
    let text = |tokens, grams| Features::Text { tokens, vocabulary: 300, grams, buckets: 1 << 10 };
    let cases = [
        ("mlp", table(6, 0, 1)),
        ("mlp", table(0, 3, 40)),
        ("mlp", table(5, 2, 12)),
        ("mlp", table(2000, 1, 3)),
        ("conv1d", Features::Series { channels: 1, steps: 7 }),
        ("conv1d", Features::Series { channels: 6, steps: 100 }),
        ("text", text(12, 40)),
        ("text", text(1, 0)),
        ("language", Features::Tokens { length: 64, vocabulary: 60 }),
        ("language", Features::Tokens { length: 2, vocabulary: 3 }),
        ("language", Features::Tokens { length: 16, vocabulary: 300 }),
        ("recurrent", Features::Tokens { length: 64, vocabulary: 60 }),
        ("recurrent", Features::Tokens { length: 1, vocabulary: 3 }),
        ("recurrent", Features::Tokens { length: 16, vocabulary: 300 }),
    ];
    for (name, features) in cases {
        for outputs in [1, 5] {
            let signature = Signature { features: features.clone(), outputs };
            let space = registry::build(name, &Table::new(), &signature).unwrap();
            space_contract(&*space);
            let reference = space.reference().expect(name);
            let graph = nascent_core::draw(&*space, &reference).unwrap();
            assert_eq!(graph.input_shape(), &signature.shape());
            assert_eq!(graph.output_shape(), &signature.answer());
            let known = space.known();
            let count = match (name, &features) {
                ("language", _) => 4,
                ("mlp", Features::Table { numbers: 1..=1024, .. }) => 2,
                ("mlp", _) => 1,
                _ => 0,
            };
            assert_eq!(known.len(), count, "{name}");
            for network in &known {
                assert_ne!(network, &reference);
                let graph = nascent_core::draw(&*space, network).unwrap();
                assert_eq!(graph.output_shape(), &signature.answer());
                if name == "mlp" {
                    // What each feature adds to the output meets no other's.
                    let layers = graph.nodes().iter().filter(|node| matches!(node.op, Op::Linear(_)));
                    assert_eq!(layers.count(), 1);
                }
            }
        }
    }
    for name in ["conv1d", "text", "language", "recurrent"] {
        let picture = Signature::plain(&Shape::new(&[1, 8, 8]), 10);
        let error = registry::build(name, &Table::new(), &picture).err().unwrap();
        assert!(error.to_string().contains("inputs of 1×8×8"), "{error}");
    }
}

#[test]
fn every_space_of_images_has_a_reference_for_digits() {
    for name in ["nb201", "convnet", "mlp"] {
        let entry = registry::describe(name).unwrap();
        let space =
            registry::build(entry.name, &Table::new(), &Signature::plain(&Shape::new(&[1, 8, 8]), 10))
                .unwrap();
        let reference = space.reference().expect(entry.name);
        let cost = nascent_core::draw(&*space, &reference).unwrap().cost();
        assert!((5_000..100_000).contains(&cost.params), "{} {cost:?}", entry.name);
    }
}
