//! From a path to a task: what lies there, what it means, how it is cut.

mod columns;
mod folders;
pub(crate) mod goal;
pub(crate) mod images;
mod language;
mod leak;
mod npz;
pub(crate) mod parts;
mod place;
pub(crate) mod scope;
pub(crate) mod series;
mod settle;
mod sheet;
pub(crate) mod tables;
mod target;

use crate::read::{Source, TableFormat};
use crate::{Answering, DataError, Findings, Input, Options, Room, Task};
use place::Place;
use scope::{Format, check_format, check_input};
use std::path::{Path, PathBuf};

/// The task that data at a path are, everything inferred that the options leave open.
///
/// The path is a file or a folder. A test file that lies beside (`train` and `test` in otherwise equal names, `t10k-` for
/// IDX files, `_TRAIN.ts` and `_TEST.ts`) is used as the test part. What was inferred is in [`Task::findings`].
///
/// # Errors
/// Where there is nothing to read, something is damaged or contradictory, an option names what is not there, or two
/// readings are equally likely; the error names the file, the line or picture, the value, and what to do.
pub fn load(path: &Path, options: &Options) -> Result<Task, DataError> {
    load_within(path, options, &Room::unbounded())
}

/// The same task, its inputs kept in a file where they are more than there is room for: of tables in Parquet files, and of
/// folders of pictures. Others are read into memory, however large they are.
///
/// A file that the same data were kept in before is used again.
///
/// # Errors
/// As [`load`], and where the file cannot be written, or is not whole.
pub fn load_within(path: &Path, options: &Options, room: &Room) -> Result<Task, DataError> {
    let place = place::find(path, options)?;
    if options.task == Some(Answering::Modelling) && !matches!(place, Place::Language(_)) {
        let reason = format!("modelling needs running text, a UTF-8 file, which {} is not", path.display());
        return Err(DataError::choice("task", reason));
    }
    suited(&place, path, options)?;
    match place {
        Place::Language(files) => language::load(&files, options),
        Place::Tables(files) => tables::load(&files, options, room),
        Place::Series(files) => series::ts(&files, options),
        Place::Idx { train, test } => images::idx(&train, test.as_ref(), options),
        Place::Npz(files) => npz::load(&files, options),
        Place::Folders(folders) => folders::load(&folders, options, room),
        Place::Cifar { train, test } => images::cifar(&train, test.as_deref(), options),
    }
}

/// An error where an option means nothing for data in these files. What rows of tables and arrays are read as is known later.
fn suited(place: &Place, path: &Path, options: &Options) -> Result<(), DataError> {
    let (path, format, input) = match place {
        Place::Tables(files) => (&*files.train, TableFormat::of(&Source::File(&files.train))?.into(), None),
        Place::Npz(_) => return Ok(()),
        Place::Language(files) => (&*files.train, Format::RunningText, Some(Input::Text)),
        Place::Series(files) => (&*files.train, Format::Ts, Some(Input::Series)),
        Place::Idx { train, .. } => (&*train.pictures, Format::Idx, Some(Input::Image)),
        Place::Folders(folders) => (&*folders.place, Format::Folders, Some(Input::Image)),
        Place::Cifar { .. } => (path, Format::Cifar, Some(Input::Image)),
    };
    let place = path.display().to_string();
    check_format(options, &place, format)?;
    input.map_or(Ok(()), |input| check_input(options, &place, input))
}

/// What [`load`] would do with data, and what looks wrong with them.
///
/// # Errors
/// As [`load`].
pub fn inspect(path: &Path, options: &Options) -> Result<Findings, DataError> {
    load(path, options).map(|task| task.findings().clone())
}

/// A path that is the same from wherever it is looked at.
fn canonical(path: &Path) -> Result<PathBuf, DataError> {
    path.canonicalize()
        .map_err(|e| DataError::file(&path.display().to_string(), format!("cannot be read: {e}")))
}
