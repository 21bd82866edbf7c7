//! Every space keeps its promises, on tasks of several shapes.

use nascent_core::Signature;
use nascent_core::architecture::Shape;
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
fn every_space_has_a_reference_for_digits() {
    for entry in registry::all() {
        let space =
            registry::build(entry.name, &Table::new(), &Signature::plain(&Shape::new(&[1, 8, 8]), 10))
                .unwrap();
        let reference = space.reference().expect(entry.name);
        let cost = nascent_core::draw(&*space, &reference).unwrap().cost();
        assert!((5_000..100_000).contains(&cost.params), "{} {cost:?}", entry.name);
    }
}
