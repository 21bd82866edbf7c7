//! Tasks from pictures.

use super::goal::Goal;
use crate::preprocessing::{ImageInputs, Inputs};
use crate::task::Made;
use crate::{DataError, Findings, Input, Kind, Split, Task};
use nascent_core::architecture::Shape;

/// Raw pictures of one size, `channels × height × width` values from 0 to `maximum` each.
pub(crate) struct Pictures {
    pub(crate) shape: Shape,
    pub(crate) maximum: f32,
    pub(crate) values: Vec<f32>,
}

/// A task of raw pictures that are cut already.
pub(crate) fn task(
    (name, place): (&str, &str),
    pictures: Pictures,
    goal: Goal,
    split: Split,
    mut findings: Findings,
) -> Result<Task, DataError> {
    let Pictures { shape, maximum, mut values } = pictures;
    let len = shape.len() as usize;
    let training = split.train.iter().map(|&row| &values[row * len..(row + 1) * len]);
    let inputs = ImageInputs::fit(shape, maximum, training);
    inputs.apply(&mut values);
    let kind = Kind { input: Input::Image, answering: goal.answering() };
    goal.describe(&split, &mut findings);
    let (targets, preprocessing) = goal.finish(place, &split, Inputs::Image(inputs))?;
    Ok(Made { name: name.into(), kind, split, preprocessing, inputs: values, targets, findings }.into())
}
