use super::{Part, example};

pub const PART: Part = Part {
    name: "kernels",
    about: "kernels on this processor's best path, against plain loops or the portable path",
    by_default: true,
    run: |root, words| example(root, "nascent-kernels", "kernel_time", words),
};
