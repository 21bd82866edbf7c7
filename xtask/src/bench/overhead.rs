use super::{Part, example};

pub const PART: Part = Part {
    name: "overhead",
    about: "what the log costs against memory, and the loop against the same search written by hand",
    by_default: true,
    run: |root, words| example(root, "nascent-runtime", "loop_overhead", words),
};
