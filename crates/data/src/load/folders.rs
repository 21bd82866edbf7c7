//! Tasks from folders of pictures, one folder a class.

use super::goal::Goal;
use super::images::{self, Labelled};
use super::tables::name_of;
use crate::example_file::{Found, Room, Writing};
use crate::image_file::{Colours, decode, size_of};
use crate::preprocessing::ImageSums;
use crate::raw_input::picture_files;
use crate::read::{Array, Values};
use crate::table::listed;
use crate::{DataError, Findings, Options, Task};
use nascent_core::architecture::Shape;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Pictures with a longer side than this are scaled down, for a search on a CPU would not end.
const LARGE: usize = 128;
/// To this longer side.
const SMALLER: usize = 64;

/// Class folders for training, and for testing where there are some.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    pub(super) place: PathBuf,
    pub(super) train: Vec<PathBuf>,
    pub(super) test: Vec<PathBuf>,
}

/// The class folders at a path: its own folders, or those of `train` and `test` in it. `None` where there are no pictures.
pub(super) fn find(path: &Path, files: &[PathBuf], options: &Options) -> Result<Option<Folders>, DataError> {
    let named = |names: &[&str]| {
        let is = |f: &&PathBuf| {
            f.file_name().is_some_and(|n| names.contains(&n.to_string_lossy().to_lowercase().as_str()))
        };
        files.iter().find(|f| f.is_dir() && is(f)).cloned()
    };
    let inner = |folder: &Path| -> Result<Vec<PathBuf>, DataError> {
        let mut classes = Vec::new();
        for folder in super::place::listing(folder)?.into_iter().filter(|f| f.is_dir()) {
            if !picture_files(&folder)?.is_empty() {
                classes.push(folder);
            }
        }
        Ok(classes)
    };
    let train_folder = named(&["train", "training"]);
    let (train, mut test) = match &train_folder {
        Some(train) => {
            let mut classes = inner(train)?;
            if let Some(validation) = named(&["valid", "val", "validation"]) {
                classes.extend(inner(&validation)?);
            }
            (classes, named(&["test", "testing"]).map(|t| inner(&t)).transpose()?.unwrap_or_default())
        }
        None => (inner(path)?, Vec::new()),
    };
    if let Some(named) = &options.test {
        test = inner(named)?;
        if test.is_empty() {
            return Err(DataError::file(
                &named.display().to_string(),
                "has no folders with PNG or JPEG pictures, one a class",
            ));
        }
    }
    if options.split.is_some() {
        test.clear();
    }
    if train.is_empty() {
        return Ok(None);
    }
    Ok(Some(Folders { place: path.into(), train, test }))
}

/// A picture that is there, with its class.
struct Picture {
    path: PathBuf,
    class: u32,
    size: (usize, usize),
    colours: Colours,
}

/// What is known of the pictures of folders before any is decoded.
struct Album {
    place: String,
    pictures: Vec<Picture>,
    /// The first picture for testing, where there are folders for that.
    test_from: Option<usize>,
    /// The classes.
    names: Vec<String>,
    /// What all are brought to.
    channels: usize,
    size: (usize, usize),
    /// Whether that scales some.
    scaled: bool,
    findings: Findings,
    /// Those that are left out.
    broken: Vec<String>,
}

/// What decoding the pictures found.
struct Decoded {
    labels: Vec<u32>,
    test_from: Option<usize>,
    findings: Findings,
}

pub(super) fn load(folders: &Folders, options: &Options, room: &Room) -> Result<Task, DataError> {
    let album = Album::open(folders, options)?;
    let bytes = album.pictures.len() as u64 * album.shape().len() * 4;
    if bytes > room.bytes {
        return in_file(folders, options, room);
    }
    let mut values = Vec::new();
    let decoded = album.decode(options, |pixels| {
        values.extend_from_slice(pixels);
        Ok(())
    })?;
    let Album { place, names, channels, size, scaled, .. } = album;
    let Decoded { labels, test_from, findings } = decoded;
    let extents = vec![labels.len(), channels, size.0, size.1];
    let pictures = Array { extents, values: Values::Floats(values) };
    Labelled { place, pictures, labels, names, test_from, findings, scaled }.task(options)
}

/// The task of pictures that are decoded one by one into a file.
fn in_file(folders: &Folders, options: &Options, room: &Room) -> Result<Task, DataError> {
    // The same folder has the same name for whoever opens it.
    let album = Album::open(&folders.canonical()?, options)?;
    let files: Vec<PathBuf> = album.pictures.iter().map(|picture| picture.path.clone()).collect();
    match room.find(&files, options)? {
        Found::Task(task) => Ok(*task),
        Found::Nothing(writing) => album.write(options, writing),
    }
}

impl Folders {
    fn canonical(&self) -> Result<Self, DataError> {
        let full = |path: &PathBuf| super::canonical(path);
        Ok(Self {
            place: full(&self.place)?,
            train: self.train.iter().map(full).collect::<Result<_, _>>()?,
            test: self.test.iter().map(full).collect::<Result<_, _>>()?,
        })
    }
}

impl Album {
    fn open(folders: &Folders, options: &Options) -> Result<Self, DataError> {
        let place = folders.place.display().to_string();
        let class_of = |f: &Path| f.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut names: Vec<String> = folders.train.iter().map(|f| class_of(f)).collect();
        super::target::in_order(&mut names);
        names.dedup();
        if names.len() < 2 {
            let reason = format!(
                "has one folder of pictures only ({}): one folder for each of at least 2 classes is needed",
                listed(&names)
            );
            return Err(DataError::file(&place, reason));
        }
        let mut findings = Findings { places: vec![place.clone()], ..Findings::default() };
        let mut broken: Vec<String> = Vec::new();
        let (mut pictures, mut test_from) = (Vec::new(), None);
        for (folder, test) in
            folders.train.iter().map(|f| (f, false)).chain(folders.test.iter().map(|f| (f, true)))
        {
            if test && test_from.is_none() {
                test_from = Some(pictures.len());
            }
            let class = names.iter().position(|n| *n == class_of(folder)).ok_or_else(|| {
                let reason = format!(
                    "is a class of which there are no training pictures; they have: {}",
                    listed(&names)
                );
                DataError::file(&folder.display().to_string(), reason)
            })?;
            for path in picture_files(folder)? {
                match size_of(&path) {
                    Ok((size, colours)) => {
                        pictures.push(Picture { path, class: class as u32, size, colours });
                    }
                    Err(error) => skip(error, options, &mut broken)?,
                }
            }
        }
        let size = common_size(&pictures, options, &mut findings)?;
        let channels = if pictures.iter().any(|p| p.colours == Colours::Three) { 3 } else { 1 };
        let same = options.image_size.is_none() && pictures.iter().all(|p| p.size == size);
        Ok(Self { place, pictures, test_from, names, channels, size, scaled: !same, findings, broken })
    }

    fn shape(&self) -> Shape {
        Shape::new(&[self.channels, self.size.0, self.size.1])
    }

    /// Decodes the pictures one by one.
    fn decode(
        &self,
        options: &Options,
        mut take: impl FnMut(&[f32]) -> Result<(), DataError>,
    ) -> Result<Decoded, DataError> {
        let (mut broken, mut findings) = (self.broken.clone(), self.findings.clone());
        let (mut labels, mut test_at) = (Vec::new(), None);
        for (i, picture) in self.pictures.iter().enumerate() {
            // Pictures may be left out before the first for testing.
            if Some(i) == self.test_from {
                test_at = Some(labels.len());
            }
            match decode(&picture.path, self.channels, self.size) {
                Ok(pixels) => {
                    take(&pixels)?;
                    labels.push(picture.class);
                }
                Err(error) => skip(error, options, &mut broken)?,
            }
        }
        if !broken.is_empty() {
            findings.warnings.push(format!(
                "{} broken pictures are left out: {}",
                broken.len(),
                listed(&broken)
            ));
        }
        Ok(Decoded { labels, test_from: self.test_from.and(test_at), findings })
    }

    /// Writes the pictures into a file as they are, and standardises them there.
    fn write(self, options: &Options, mut writing: Writing) -> Result<Task, DataError> {
        let len = self.shape().len() as usize;
        let (mut groups, mut most) = (Vec::new(), 0.0f32);
        let decoded = self.decode(options, |pixels| {
            groups.push(images::hash(pixels));
            most = pixels.iter().copied().fold(most, f32::max);
            writing.push(pixels, len)
        })?;
        let Decoded { labels, test_from, mut findings } = decoded;
        let shape = self.shape();
        let goal = Goal::Classes { target: "class".into(), names: self.names, labels };
        let mut is_training = vec![false; groups.len()];
        let split = images::cut(&self.place, &goal, groups, test_from, &mut findings, options)?;
        split.train.iter().for_each(|&row| is_training[row] = true);
        let mut sums = ImageSums::new(shape, images::full(most));
        writing.each(|row, picture| {
            if is_training[row] {
                sums.add(picture);
            }
        })?;
        let mut inputs = sums.finish();
        inputs.resize = self.scaled;
        writing.change(|_, picture| inputs.apply(picture))?;
        let name = name_of(&self.place);
        let made = images::made((&name, &self.place), inputs, goal, split, findings)?;
        writing.finish(&made, options.flip)
    }
}

/// A broken picture is an error, or left out where the options say so.
fn skip(error: DataError, options: &Options, broken: &mut Vec<String>) -> Result<(), DataError> {
    if options.skip_broken {
        broken.push(error.to_string());
        return Ok(());
    }
    Err(match error {
        DataError::File { path, reason } => DataError::File {
            path,
            reason: format!(
                "{reason}; remove or replace it, or pass --skip-broken to leave broken pictures out"
            ),
        },
        other => other,
    })
}

/// The height and width that all pictures are brought to, said where they are not all of it.
fn common_size(
    pictures: &[Picture],
    options: &Options,
    findings: &mut Findings,
) -> Result<(usize, usize), DataError> {
    if let Some([height, width]) = options.image_size {
        if !(1..=1024).contains(&height) || !(1..=1024).contains(&width) {
            return Err(DataError::choice(
                "image_size",
                format!("{height}×{width} is not from 1×1 to 1024×1024"),
            ));
        }
        findings.notes.push(format!("all pictures are scaled to {height}×{width} pixels, as asked for"));
        return Ok((height, width));
    }
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    pictures.iter().for_each(|p| *counts.entry(p.size).or_insert(0) += 1);
    let common = counts.iter().max_by_key(|(size, n)| (**n, **size)).map_or((1, 1), |(size, _)| *size);
    let longer = common.0.max(common.1);
    if longer > LARGE {
        let scaled = |side: usize| (side * SMALLER).div_ceil(longer).max(1);
        let size = (scaled(common.0), scaled(common.1));
        findings.notes.push(format!(
            "all pictures are scaled to {}×{} pixels, for the commonest size {}×{} is large; --image-size says otherwise",
            size.0, size.1, common.0, common.1
        ));
        return Ok(size);
    }
    if counts.len() > 1 {
        findings.notes.push(format!(
            "pictures have {} sizes; all are scaled to the commonest, {}×{} pixels, their proportions not kept; --image-size says otherwise",
            counts.len(), common.0, common.1
        ));
    }
    Ok(common)
}
