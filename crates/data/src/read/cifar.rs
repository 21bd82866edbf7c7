use super::Source;
use super::array::{Array, Values};
use crate::DataError;

/// The largest file that is read.
const MOST_BYTES: u64 = 1 << 34;
/// The side of the smallest and the largest picture that is looked for.
const SIDES: std::ops::RangeInclusive<usize> = 8..=256;
/// The most classes a label can tell where nothing names them.
const MOST_CLASSES: u8 = 100;

/// Pictures of a file in the binary layout of CIFAR, with the label of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Cifar {
    /// `[pictures, channels, height, width]`.
    pub pictures: Array,
    /// One label a picture.
    pub labels: Vec<u8>,
}

/// The layout of a record: label bytes, channels, side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    labels: usize,
    channels: usize,
    side: usize,
}

impl Layout {
    fn bytes(self) -> usize {
        self.labels + self.channels * self.side * self.side
    }
}

/// Reads a file of CIFAR's binary layout, gzipped or not: for each picture one label byte (of two, the second), then
/// the planes of red, green and blue.
///
/// The size of the pictures is not in the file. 32×32 in colour is taken where it fits; else the square size, in colour
/// or grey, that divides the file and gives the fewest labels. `classes` is the number of classes, where it is known.
///
/// # Errors
/// Where no size fits, which is so for a file that is cut off, or a label is out of range.
pub fn read_cifar(source: Source<'_>, classes: Option<usize>) -> Result<Cifar, DataError> {
    let bytes = source.read(MOST_BYTES)?;
    if bytes.is_empty() {
        return Err(source.fail("is empty: CIFAR files have one label byte and the pixels of each picture"));
    }
    let most = classes.map_or(MOST_CLASSES, |n| n.min(256).saturating_sub(1) as u8);
    let usual = [(1, 3, 32), (2, 3, 32)].map(|(labels, channels, side)| Layout { labels, channels, side });
    let fitting = |layout: &Layout| bytes.len().is_multiple_of(layout.bytes());
    let greatest =
        |layout: &Layout| bytes.chunks_exact(layout.bytes()).map(|r| r[layout.labels - 1]).max().unwrap_or(0);
    let chosen =
        usual.into_iter().find(|l| fitting(l) && (greatest(l) <= most || classes.is_some())).or_else(|| {
            SIDES
                .flat_map(|side| [3, 1].map(|channels| Layout { labels: 1, channels, side }))
                .filter(|l| fitting(l) && greatest(l) <= most)
                .min_by_key(|l| (greatest(l), l.bytes()))
        });
    let Some(layout) = chosen else {
        let reason = format!(
            "has {} bytes, which are no whole number of records of one label (0 to {most}) and a square colour or grey picture: it is cut off, or no CIFAR file",
            bytes.len()
        );
        return Err(source.fail(reason));
    };
    let records = bytes.len() / layout.bytes();
    let (mut labels, mut pixels) = (Vec::with_capacity(records), Vec::with_capacity(bytes.len()));
    for (i, record) in bytes.chunks_exact(layout.bytes()).enumerate() {
        let label = record[layout.labels - 1];
        if label > most {
            let known = usize::from(most) + 1;
            return Err(source
                .fail(format!("picture {i} has label {label}, but there are {known} classes, 0 to {most}")));
        }
        labels.push(label);
        pixels.extend_from_slice(&record[layout.labels..]);
    }
    let extents = vec![records, layout.channels, layout.side, layout.side];
    Ok(Cifar { pictures: Array { extents, values: Values::Bytes(pixels) }, labels })
}
