//! The tasks that come with Nascent.

use crate::load::scope::{Format, check_format};
use crate::task::Defaults;
use crate::{DataError, Options, Task, digits};

/// A built-in task as it is listed.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name users type.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// What suits it.
    pub defaults: Defaults,
    load: fn(u64) -> Result<Task, DataError>,
}

/// All built-in tasks.
pub static ALL: &[Entry] = &[Entry {
    name: "digits",
    summary: "1,797 handwritten digits of 8×8 pixels, 10 classes (scikit-learn, BSD-3-Clause)",
    // A study of it is to end within minutes: images of 64 pixels are learnt in ten epochs.
    defaults: Defaults::of("convnet", 10, 64),
    load: digits::load,
}];

/// A built-in task, cut by `split_seed`.
///
/// # Errors
/// Where there is none of this name.
pub fn load(name: &str, split_seed: u64) -> Result<Task, DataError> {
    match ALL.iter().find(|e| e.name == name) {
        Some(entry) => (entry.load)(split_seed),
        None => Err(DataError::UnknownTask {
            name: name.into(),
            nearest: nascent_core::nearest(name, ALL.iter().map(|e| e.name)),
            known: ALL.iter().map(|e| e.name.into()).collect(),
        }),
    }
}

/// The same, with what was said about data: an error where that means nothing for a built-in task, which needs no file.
///
/// # Errors
/// As [`load`], and where an option other than the split's seed is given that is about data.
pub fn load_with(name: &str, options: &Options) -> Result<Task, DataError> {
    let task = load(name, options.split_seed)?;
    check_format(options, name, Format::BuiltIn)?;
    Ok(task)
}
