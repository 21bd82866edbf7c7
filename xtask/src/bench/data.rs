use super::{Part, example};

pub const PART: Part = Part {
    name: "data",
    about: "a table read to a finished task, against only parsing its cells",
    by_default: true,
    run: |root, words| example(root, "nascent-data", "read_time", words),
};
