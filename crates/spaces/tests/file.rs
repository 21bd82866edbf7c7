//! Space files: what they narrow, and where they say that something is wrong.
#![allow(clippy::unwrap_used)]

use nascent_core::architecture::Shape;
use nascent_core::chooser::{Count, count, describe, sample};
use nascent_core::rng::Rng;
use nascent_core::{Signature, Space, draw};
use nascent_spaces::{DefinitionError, Problem, SpaceFile, registry};
use nascent_testkit::space_contract;

fn build(text: &str) -> Result<Box<dyn Space>, DefinitionError> {
    SpaceFile::parse(text)?.build(&Signature::plain(&Shape::new(&[1, 8, 8]), 10))
}

/// The message, and the text that it points at.
fn fault(text: &str) -> (String, &str) {
    let error = build(text).err().unwrap();
    (error.to_string(), error.span.map_or("", |span| &text[span]))
}

#[test]
fn a_narrowed_space_asks_what_is_kept() {
    let space = build(
        r#"space = "convnet"
        [parameters]
        stages = 2
        [narrow]
        "stage[*].kernel" = [3]
        "stage[1].kernel" = ["5"]
        "training.learning_rate" = [0.001, 3e-3]
        norm = "batch""#,
    )
    .unwrap();
    space_contract(&*space);
    let mut rng = Rng::new(3, 0);
    for _ in 0..100 {
        let decisions = sample(&*space, &mut rng).unwrap();
        for answer in describe(&*space, &decisions).unwrap() {
            match answer.path.as_str() {
                "stages" => assert_eq!(answer.label, "2"),
                "stage[0].kernel" => assert_eq!(answer.label, "3"),
                "stage[1].kernel" => assert_eq!(answer.label, "5"),
                "training.learning_rate" => assert!(["0.001", "0.003"].contains(&answer.label.as_str())),
                "norm" => assert_eq!(answer.label, "batch"),
                _ => {}
            }
        }
    }
}

#[test]
fn the_reference_survives_where_its_answers_do() {
    let plain =
        registry::build("convnet", &toml::Table::new(), &Signature::plain(&Shape::new(&[1, 8, 8]), 10))
            .unwrap();
    let kept = build("space = \"convnet\"\nnarrow.\"stage[*].expansion\" = 1").unwrap();
    let hash = |s: &dyn Space| draw(s, &s.reference().unwrap()).unwrap().hash();
    assert_eq!(hash(&*kept), hash(&*plain));
    let lost = build("space = \"convnet\"\nnarrow.norm = \"none\"").unwrap();
    assert!(lost.reference().is_none());
}

#[test]
fn a_settled_space_has_one_member() {
    let space = build(
        "space = \"nb201\"\nparameters.training = false\n[narrow]\n\"edge[*]\" = \"skip_connect\"\n\"edge[5]\" = [\"none\", \"nor_conv_1x1\"]",
    )
    .unwrap();
    assert_eq!(count(&*space).unwrap(), Count::Exact(2));
    space_contract(&*space);
}

#[test]
fn what_was_read_is_written_again() {
    let text = "space = \"mlp\"\nparameters.depth = 3\nnarrow.norm = \"none\"";
    let written = SpaceFile::parse(text).unwrap().to_table().to_string();
    let again = SpaceFile::parse(&written).unwrap();
    assert_eq!(again.to_table().to_string(), written);
    let (a, b) = (build(text).unwrap(), build(&written).unwrap());
    assert_eq!(count(&*a).unwrap(), count(&*b).unwrap());
}

#[test]
fn mistakes_are_named_and_pointed_at() {
    let starts = |(message, at): (String, &str), start: &str, spot: &str| {
        assert!(message.contains(start), "{message}");
        assert_eq!(at, spot, "{message}");
    };
    starts(fault("space = \"convnt\""), "did you mean \"convnet\"", "\"convnt\"");
    starts(fault("spaces = \"convnet\""), "did you mean \"space\"", "spaces");
    starts(fault("[narrow]"), "needs space =", "");
    starts(fault("space = 3"), "the name of a space, got integer", "3");
    starts(fault("space = \"mlp\"\nnarrow = 3"), "a table", "3");
    starts(fault("space = \"mlp\"\nparameters.dept = 3"), "did you mean \"depth\"", "dept");
    starts(fault("space = \"mlp\"\nparameters.depth = 30"), "from 1 to 8, got 30", "30");
    starts(fault("space = \"mlp\"\nparameters.depth = -3"), "from 1 to 8, got -3", "-3");
    starts(fault("space = \"mlp\"\nparameters.training = 1"), "true or false, got 1", "1");
    starts(fault("space = \"nb201\"\nparameters.stages = 3\nparameters.cells = [1]"), "got array", "[1]");
    starts(fault("space = \"mlp\"\nnarrow.nrm = \"none\""), "did you mean \"norm\"", "nrm");
    let kernel = "\"stage[*].kernels\"";
    let text = format!("space = \"convnet\"\nnarrow.{kernel} = \"3\"");
    starts(fault(&text), "did you mean \"stage[", kernel);
    starts(
        fault("space = \"mlp\"\nnarrow.norm = [\"none\", \"bach\"]"),
        "did you mean \"batch\"",
        "\"bach\"",
    );
    starts(fault("space = \"mlp\"\nnarrow.depth = 7"), "it has: 1, 2, 3, 4", "7");
    starts(fault("space = \"mlp\"\nnarrow.norm = []"), "name at least one of: none, batch", "[]");
    starts(fault("space = \"mlp\"\nnarrow.norm = [true]"), "an option", "true");
    // 16 channels are offered to the first stage alone.
    let text = "space = \"convnet\"\nnarrow.\"stage[*].width\" = [16]";
    let images = Shape::new(&[1, 28, 28]);
    let error = SpaceFile::parse(text).unwrap().build(&Signature::plain(&images, 10)).err().unwrap();
    assert!(error.to_string().contains("leaves no option at \"stage[1].width\""), "{error}");
    assert_eq!(error.span.map(|span| &text[span]), Some("[16]"));
    let syntax = build("space = ").err().unwrap();
    assert!(matches!(*syntax.problem, Problem::Syntax(_)) && syntax.span.is_some(), "{syntax}");
    let vector = SpaceFile::parse("space = \"nb201\"")
        .unwrap()
        .build(&Signature::plain(&Shape::new(&[4]), 2))
        .err()
        .unwrap();
    assert!(vector.to_string().contains("needs images"), "{vector}");
}
