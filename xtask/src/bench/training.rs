use super::{Part, example};

pub const PART: Part = Part {
    name: "training",
    about: "training steps on one thread with our own kernels, against Burn's operations alone",
    by_default: true,
    run: |root, words| example(root, "nascent-train", "step_time", words),
};
