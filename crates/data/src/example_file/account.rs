//! What a file of examples says of its task besides the inputs.

use super::{MAGIC, SUM, offset, unreadable};
use crate::split::Recut;
use crate::task::Made;
use crate::{DataError, Findings, Kind, Preprocessing, Scale, Split, Targets};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Everything that is short; the lists follow it.
#[derive(Serialize, Deserialize)]
struct Head {
    name: String,
    kind: Kind,
    flip: bool,
    preprocessing: Preprocessing,
    findings: Findings,
    rows: usize,
    width: usize,
    /// Rows of each part.
    parts: [usize; 3],
    /// Whether there are strata and groups, a number a row each.
    recut: bool,
    /// Of values, how they come back to their unit; classes have none.
    scale: Option<Scale>,
}

/// The bytes that end a file: where the account begins, the length of its head, and the sum of the account with the former.
const END: usize = 24;

/// The account of a task and the end of its file; nothing where its targets are of a kind that is not kept in files.
pub(super) fn write(made: &Made, flip: bool, rows: usize, width: usize) -> Option<Vec<u8>> {
    let Made { name, kind, split, preprocessing, targets, findings } = made;
    let (answers, scale): (Vec<u32>, _) = match targets {
        Targets::Classes { labels, .. } => (labels.clone(), None),
        Targets::Values { values, scale } => (values.iter().map(|v| v.to_bits()).collect(), Some(*scale)),
        Targets::Tokens { .. } => return None,
    };
    let parts = [&split.train, &split.validation, &split.test];
    let head = Head {
        name: name.clone(),
        kind: *kind,
        flip,
        preprocessing: preprocessing.clone(),
        findings: findings.clone(),
        rows,
        width,
        parts: parts.map(Vec::len),
        recut: split.recut.is_some(),
        scale,
    };
    let mut bytes = serde_json::to_vec(&head).ok()?;
    let head = bytes.len() as u64;
    let mut put = |number: u32| bytes.extend_from_slice(&number.to_le_bytes());
    parts.into_iter().flatten().for_each(|&row| put(row as u32));
    answers.into_iter().for_each(&mut put);
    if let Some(Recut { strata, groups }) = &split.recut {
        strata.iter().for_each(|&stratum| put(stratum));
        groups.iter().for_each(|group| bytes.extend_from_slice(&group.to_le_bytes()));
    }
    bytes.extend_from_slice(&offset(rows, width).to_le_bytes());
    bytes.extend_from_slice(&head.to_le_bytes());
    let sum = xxh3_64(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    Some(bytes)
}

/// Reads an account, with whether training inputs may be mirrored, and the rows of the file and their width.
pub(super) fn read(path: &Path, mut file: &File) -> Result<(Made, bool, (usize, usize)), DataError> {
    let io = |e: std::io::Error| unreadable(path, &e);
    let broken = || {
        let reason = "is no whole file of examples: it was changed or cut off, or written by another version; remove it, and it is made again";
        DataError::file(&path.display().to_string(), reason)
    };
    let length = file.metadata().map_err(io)?.len();
    let mut magic = [0; MAGIC.len()];
    let mut end = [0; END];
    if length < (MAGIC.len() + END) as u64 {
        return Err(broken());
    }
    file.read_exact(&mut magic).map_err(io)?;
    file.seek(SeekFrom::Start(length - END as u64)).map_err(io)?;
    file.read_exact(&mut end).map_err(io)?;
    let begin = number(&end);
    if magic != *MAGIC || !(MAGIC.len() as u64..=length - END as u64).contains(&begin) {
        return Err(broken());
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(begin)).map_err(io)?;
    file.read_to_end(&mut bytes).map_err(io)?;
    let (summed, sum) = bytes.split_last_chunk::<SUM>().ok_or_else(broken)?;
    if xxh3_64(summed) != u64::from_le_bytes(*sum) {
        return Err(broken());
    }
    let lists = &summed[..summed.len() - (END - SUM)];
    let (head, lists) = lists.split_at_checked(number(&end[8..]) as usize).ok_or_else(broken)?;
    let head: Head = serde_json::from_slice(head).map_err(|_| broken())?;
    let found = (head.rows, head.width);
    if offset(head.rows, head.width) != begin {
        return Err(broken());
    }
    let flip = head.flip;
    made(head, lists).map(|made| (made, flip, found)).ok_or_else(broken)
}

/// The first eight bytes as a number.
fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn made(head: Head, mut lists: &[u8]) -> Option<Made> {
    let Head { name, kind, preprocessing, findings, rows, parts, recut, scale, .. } = head;
    let mut numbers = |n: usize| -> Option<Vec<u32>> {
        let (own, rest) = lists.split_at_checked(n.checked_mul(4)?)?;
        lists = rest;
        Some(own.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    };
    let mut part = |n: usize| -> Option<Vec<usize>> {
        let own = numbers(n)?;
        own.iter()
            .all(|&row| (row as usize) < rows)
            .then(|| own.into_iter().map(|row| row as usize).collect())
    };
    let (train, validation, test) = (part(parts[0])?, part(parts[1])?, part(parts[2])?);
    let answers = numbers(rows)?;
    let classes = preprocessing.classes.len();
    let targets = match scale {
        Some(scale) => Targets::Values { values: answers.into_iter().map(f32::from_bits).collect(), scale },
        None if answers.iter().any(|&label| label as usize >= classes) => return None,
        None => Targets::Classes { classes, labels: answers },
    };
    let recut = match recut {
        false => None,
        true => {
            let strata = numbers(rows)?;
            let halves = numbers(rows.checked_mul(2)?)?;
            let group = |[low, high]: &[u32; 2]| u64::from(*low) | u64::from(*high) << 32;
            Some(Recut { strata, groups: halves.as_chunks::<2>().0.iter().map(group).collect() })
        }
    };
    let split = Split { train, validation, test, recut };
    lists.is_empty().then_some(Made { name, kind, split, preprocessing, targets, findings })
}
