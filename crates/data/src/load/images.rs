//! Tasks from pictures.

use super::goal::Goal;
use super::parts::Rows;
use super::place::Pair;
use super::tables::{name_of, occurring_in_both};
use crate::preprocessing::{ImageInputs, Inputs};
use crate::read::{Array, Source, Values, read_cifar, read_idx};
use crate::table::listed;
use crate::task::Made;
use crate::{Answering, DataError, Findings, Input, Kind, Options, Split, Task};
use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma};
use nascent_core::architecture::Shape;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// Raw pictures of one size, `channels × height × width` values from 0 to `maximum` each.
pub(crate) struct Pictures {
    pub(crate) shape: Shape,
    pub(crate) maximum: f32,
    pub(crate) values: Vec<f32>,
    /// Whether they were scaled to this size.
    pub(crate) scaled: bool,
}

/// A task of raw pictures that are cut already.
pub(crate) fn task(
    (name, place): (&str, &str),
    pictures: Pictures,
    goal: Goal,
    split: Split,
    findings: Findings,
) -> Result<Task, DataError> {
    let Pictures { shape, maximum, mut values, scaled } = pictures;
    let len = shape.len() as usize;
    let training = split.train.iter().map(|&row| &values[row * len..(row + 1) * len]);
    let mut inputs = ImageInputs::fit(shape, maximum, training);
    inputs.resize = scaled;
    inputs.apply(&mut values);
    made((name, place), inputs, goal, split, findings).map(|made| made.with(values.into()))
}

/// The same but for the pictures, whose treatment is known.
pub(super) fn made(
    (name, place): (&str, &str),
    inputs: ImageInputs,
    goal: Goal,
    split: Split,
    mut findings: Findings,
) -> Result<Made, DataError> {
    let kind = Kind { input: Input::Image, answering: goal.answering() };
    goal.describe(&split, &mut findings);
    let (targets, preprocessing) = goal.finish(place, &split, Inputs::Image(inputs))?;
    Ok(Made { name: name.into(), kind, split, preprocessing, targets, findings })
}

/// Cuts pictures into parts; `groups` has a number for each, which equal pictures share.
pub(super) fn cut(
    place: &str,
    goal: &Goal,
    groups: Vec<u64>,
    test_from: Option<usize>,
    findings: &mut Findings,
    options: &Options,
) -> Result<Split, DataError> {
    if options.task == Some(Answering::Regression) {
        return Err(DataError::choice(
            "task",
            format!("{place}: pictures have classes here, not values: leave --task out"),
        ));
    }
    let numbers = (0..groups.len()).collect();
    let rows = Rows { place, goal, groups, numbers, test_from, times: None };
    let (split, how) = rows.cut(options)?;
    findings.split = how;
    let shared = occurring_in_both(&rows.groups, &split);
    if shared > 0 {
        findings.warnings.push(format!("{shared} test pictures also occur among the training pictures"));
    }
    Ok(split)
}

/// Pictures with their labels, those of the training files first.
pub(super) struct Labelled {
    pub(super) place: String,
    /// `[pictures, channels, height, width]`.
    pub(super) pictures: Array,
    pub(super) labels: Vec<u32>,
    /// What the labels from 0 mean.
    pub(super) names: Vec<String>,
    pub(super) test_from: Option<usize>,
    pub(super) findings: Findings,
    /// Whether they were scaled to one size.
    pub(super) scaled: bool,
}

impl Labelled {
    /// Labels without names are named by themselves.
    pub(super) fn new(
        place: String,
        pictures: Array,
        labels: Vec<u32>,
        test_from: Option<usize>,
        findings: Findings,
    ) -> Result<Self, DataError> {
        let (labels, names) = named(&labels, &place, None)?;
        if let Some(from) = test_from {
            learnable(&labels, &names, from, &place)?;
        }
        Ok(Self { place, pictures, labels, names, test_from, findings, scaled: false })
    }

    /// The task: cut, resized if asked for, standardised.
    pub(super) fn task(self, options: &Options) -> Result<Task, DataError> {
        let Self { place, pictures, labels, names, test_from, mut findings, mut scaled } = self;
        let [n, channels, height, width] = pictures.extents[..] else {
            return Err(DataError::file(&place, "holds no pictures of channels, rows and columns"));
        };
        if n == 0 || channels * height * width == 0 {
            return Err(DataError::file(&place, "holds no pictures"));
        }
        let groups = hashes(&pictures.values, channels * height * width);
        let goal = Goal::Classes { target: "class".into(), names, labels };
        let split = cut(&place, &goal, groups, test_from, &mut findings, options)?;
        let (maximum, mut values) = brightness(pictures.values);
        let mut size = (height, width);
        if let Some([height, width]) = options.image_size.filter(|s| *s != [size.0, size.1]) {
            if !(1..=1024).contains(&height) || !(1..=1024).contains(&width) {
                return Err(DataError::choice(
                    "image_size",
                    format!("{height}×{width} is not from 1×1 to 1024×1024"),
                ));
            }
            values = resized(&values, size, (height, width));
            findings.notes.push(format!(
                "all pictures are scaled from {}×{} to {height}×{width} pixels",
                size.0, size.1
            ));
            (size, scaled) = ((height, width), true);
        }
        let pictures = Pictures { shape: Shape::new(&[channels, size.0, size.1]), maximum, values, scaled };
        let name = name_of(&place);
        task((&name, &place), pictures, goal, split, findings).map(|mut task| {
            task.flip = options.flip;
            task
        })
    }
}

/// One number a picture; equal pictures have equal ones.
fn hashes(values: &Values, len: usize) -> Vec<u64> {
    match values {
        Values::Bytes(bytes) => bytes.chunks_exact(len).map(xxh3_64).collect(),
        Values::Floats(values) => values.chunks_exact(len).map(hash).collect(),
    }
}

pub(super) fn hash(picture: &[f32]) -> u64 {
    xxh3_64(&picture.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

/// What counts as full brightness, and the values.
fn brightness(values: Values) -> (f32, Vec<f32>) {
    let bytes = matches!(values, Values::Bytes(_));
    let values = values.into_floats();
    let most = values.iter().copied().fold(0.0, f32::max);
    (if bytes && most > 1.0 { 255.0 } else { full(most) }, values)
}

/// What counts as full brightness where this is the brightest of all.
pub(super) fn full(most: f32) -> f32 {
    match most {
        m if m <= 1.0 => 1.0,
        m if m <= 255.0 => 255.0,
        m => m,
    }
}

/// Planes of one size brought to another (triangle filter).
fn resized(values: &[f32], (height, width): (usize, usize), to: (usize, usize)) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len() / (height * width) * to.0 * to.1);
    for plane in values.chunks_exact(height * width) {
        let buffer: Option<ImageBuffer<Luma<f32>, Vec<f32>>> =
            ImageBuffer::from_raw(width as u32, height as u32, plane.to_vec());
        if let Some(buffer) = buffer {
            out.extend(resize(&buffer, to.1 as u32, to.0 as u32, FilterType::Triangle).into_raw());
        }
    }
    out
}

/// Names of classes in a file beside the data, one a line.
pub(super) fn class_names(folder: &Path) -> Result<Option<(PathBuf, Vec<String>)>, DataError> {
    for name in ["classes.txt", "batches.meta.txt", "fine_label_names.txt", "labels.txt"] {
        let path = folder.join(name);
        if path.is_file() {
            let bytes = Source::File(&path).read(1 << 24)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| DataError::file(&path.display().to_string(), "is not UTF-8"))?;
            let names: Vec<String> =
                text.lines().map(|l| l.trim().to_string()).filter(|l| !l.is_empty()).collect();
            return Ok(Some((path, names)));
        }
    }
    Ok(None)
}

/// The names of labels: those of a file, which must name all of them, else the labels that occur.
fn named(
    labels: &[u32],
    place: &str,
    known: Option<(PathBuf, Vec<String>)>,
) -> Result<(Vec<u32>, Vec<String>), DataError> {
    if let Some((file, names)) = known {
        if let Some(i) = labels.iter().position(|l| *l as usize >= names.len()) {
            let reason = format!(
                "label {} of picture {i} is out of range: {} names {} classes, 0 to {}",
                labels[i],
                file.display(),
                names.len(),
                names.len().saturating_sub(1)
            );
            return Err(DataError::file(place, reason));
        }
        return Ok((labels.to_vec(), names));
    }
    let mut different = labels.to_vec();
    different.sort_unstable();
    different.dedup();
    if different.len() < 2 {
        return Err(DataError::file(place, "has one class only: at least 2 are needed"));
    }
    if different.len() > 1000 {
        return Err(DataError::file(
            place,
            format!("has {} different labels, at most 1000 classes are read", different.len()),
        ));
    }
    let place_of = |label: &u32| different.binary_search(label).unwrap_or(0) as u32;
    Ok((labels.iter().map(place_of).collect(), different.iter().map(u32::to_string).collect()))
}

/// Labels that only the test part has, which nothing could learn.
fn learnable(labels: &[u32], names: &[String], from: usize, place: &str) -> Result<(), DataError> {
    let (train, test) = labels.split_at(from);
    let mut seen = vec![false; names.len()];
    train.iter().for_each(|l| seen[*l as usize] = true);
    match test.iter().position(|l| !seen[*l as usize]) {
        None => Ok(()),
        Some(i) => Err(DataError::file(
            place,
            format!(
                "picture {i} is of class {:?}, of which the training files have none",
                names[test[i] as usize]
            ),
        )),
    }
}

/// IDX files: pictures and labels, for training and perhaps for testing.
pub(super) fn idx(train: &Pair, test: Option<&Pair>, options: &Options) -> Result<Task, DataError> {
    let (mut pictures, mut labels) = pair(train)?;
    let place = train.pictures.display().to_string();
    let mut findings =
        Findings { places: vec![place.clone(), train.labels.display().to_string()], ..Findings::default() };
    let test_from = test.map(|_| labels.len());
    let mut test_place = String::new();
    if let Some(test) = test {
        test_place = test.pictures.display().to_string();
        let (more, more_labels) = pair(test)?;
        append(&mut pictures, more, &place, &test_place)?;
        labels.extend(more_labels);
        findings.places.extend([test_place.clone(), test.labels.display().to_string()]);
    }
    if pictures.extents.len() == 3 {
        pictures.extents.insert(1, 1);
    } else if pictures.extents[3] <= 4 {
        pictures = channels_first(pictures);
    }
    let folder = train.pictures.parent().unwrap_or(Path::new("."));
    let (labels, names) = named(&labels, &train.labels.display().to_string(), class_names(folder)?)?;
    if let Some(from) = test_from {
        learnable(&labels, &names, from, &test_place)?;
    }
    Labelled { place, pictures, labels, names, test_from, findings, scaled: false }.task(options)
}

fn pair(pair: &Pair) -> Result<(Array, Vec<u32>), DataError> {
    let pictures = read_idx(Source::File(&pair.pictures))?;
    let (place, of) = (pair.pictures.display().to_string(), pair.labels.display().to_string());
    if !matches!(pictures.extents.len(), 3 | 4) {
        return Err(DataError::file(
            &place,
            format!("has {} extents: pictures have 3, coloured ones 4", pictures.extents.len()),
        ));
    }
    let labels = read_idx(Source::File(&pair.labels))?;
    if labels.extents.len() != 1 {
        return Err(DataError::file(&of, format!("has {} extents: labels have 1", labels.extents.len())));
    }
    if labels.extents[0] != pictures.extents[0] {
        let reason = format!(
            "has {} labels, but {place} has {} pictures: they do not belong together",
            labels.extents[0], pictures.extents[0]
        );
        return Err(DataError::file(&of, reason));
    }
    Ok((pictures, whole_labels(&labels.values, &of)?))
}

/// Labels as whole numbers from 0.
pub(super) fn whole_labels(values: &Values, place: &str) -> Result<Vec<u32>, DataError> {
    (0..values.len())
        .map(|i| match values.at(i) {
            v if v >= 0.0 && v.fract() == 0.0 && v < 1e6 => Ok(v as u32),
            v => Err(DataError::file(place, format!("label {i} is {v}: labels are whole numbers from 0"))),
        })
        .collect()
}

/// Appends pictures of the same size.
pub(super) fn append(to: &mut Array, more: Array, place: &str, more_place: &str) -> Result<(), DataError> {
    if to.extents[1..] != more.extents[1..] {
        let reason = format!(
            "has pictures of {:?}, but {place} of {:?}: they must be alike",
            &more.extents[1..],
            &to.extents[1..]
        );
        return Err(DataError::file(more_place, reason));
    }
    to.extents[0] += more.extents[0];
    match (&mut to.values, more.values) {
        (Values::Bytes(to), Values::Bytes(more)) => to.extend(more),
        (Values::Floats(to), more) => to.extend(more.into_floats()),
        (values, more) => {
            let mut floats = std::mem::replace(values, Values::Bytes(Vec::new())).into_floats();
            floats.extend(more.into_floats());
            *values = Values::Floats(floats);
        }
    }
    Ok(())
}

/// `[n, height, width, channels]` to `[n, channels, height, width]`.
pub(super) fn channels_first(array: Array) -> Array {
    let [n, height, width, channels] = array.extents[..] else { return array };
    let plane = height * width;
    let place = |i: usize| {
        let (picture, channel, pixel) = (i / (plane * channels), i / plane % channels, i % plane);
        (picture * plane + pixel) * channels + channel
    };
    let len = array.values.len();
    let values = match array.values {
        Values::Bytes(values) => Values::Bytes((0..len).map(|i| values[place(i)]).collect()),
        Values::Floats(values) => Values::Floats((0..len).map(|i| values[place(i)]).collect()),
    };
    Array { extents: vec![n, channels, height, width], values }
}

/// Files in CIFAR's binary layout.
pub(super) fn cifar(train: &[PathBuf], test: Option<&Path>, options: &Options) -> Result<Task, DataError> {
    let folder = train.first().and_then(|p| p.parent()).unwrap_or(Path::new("."));
    let known = class_names(folder)?;
    let classes = known.as_ref().map(|(_, names)| names.len());
    let mut findings = Findings::default();
    let mut all: Option<(Array, Vec<u32>)> = None;
    let mut test_from = None;
    let place = train.first().map(|p| p.display().to_string()).unwrap_or_default();
    for (file, is_test) in train.iter().map(|f| (f.as_path(), false)).chain(test.map(|f| (f, true))) {
        let read = read_cifar(Source::File(file), classes)?;
        findings.places.push(file.display().to_string());
        let labels: Vec<u32> = read.labels.iter().map(|l| u32::from(*l)).collect();
        match &mut all {
            None => all = Some((read.pictures, labels)),
            Some((pictures, all_labels)) => {
                if is_test {
                    test_from = Some(all_labels.len());
                }
                append(pictures, read.pictures, &place, &file.display().to_string())?;
                all_labels.extend(labels);
            }
        }
    }
    let Some((pictures, labels)) = all else {
        return Err(DataError::file(&folder.display().to_string(), "has no CIFAR files"));
    };
    let [_, channels, height, width] = pictures.extents[..] else {
        return Err(DataError::file(&place, "holds no pictures"));
    };
    findings.notes.push(format!("the records are read as one label and {channels} planes of {height}×{width} pixels, which fits the files' lengths"));
    let (labels, names) = named(&labels, &place, known)?;
    if let (Some(from), Some(test)) = (test_from, test) {
        learnable(&labels, &names, from, &test.display().to_string())?;
    }
    if names.len() < 2 {
        return Err(DataError::file(
            &place,
            format!("has the only class {}: at least 2 are needed", listed(&names)),
        ));
    }
    Labelled { place, pictures, labels, names, test_from, findings, scaled: false }.task(options)
}
