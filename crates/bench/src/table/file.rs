//! The file of a table.
//!
//! | bytes | what |
//! |---|---|
//! | 16 | `nascent table\r\n\x1a`: a transfer that changes line ends shows at once |
//! | 4 + 4 | the format's version and the length of the header, little-endian |
//! | | the header as JSON: name, source, licence, space, and how each column is coded |
//! | | the columns, one after another |
//! | 16 | XXH3-128 of everything before |

use super::codec::{Coding, Precision, decode, encode};
use super::{About, Column, SpaceDescription, Table};
use crate::error::BenchError;
use nascent_core::objective::Direction;
use serde::{Deserialize, Serialize};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_128;

const MAGIC: &[u8; 16] = b"nascent table\r\n\x1a";
const FORMAT: u32 = 1;
const CHECKSUM: usize = 16;

#[derive(Serialize, Deserialize)]
struct Header {
    about: About,
    rows: usize,
    space: SpaceDescription,
    columns: Vec<ColumnHeader>,
}

#[derive(Serialize, Deserialize)]
struct ColumnHeader {
    name: String,
    precision: Precision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    coding: Coding,
    bytes: usize,
}

impl Table {
    /// The table as the content of a file.
    ///
    /// # Errors
    /// Where memory does not suffice.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BenchError> {
        let fail = |reason: String| BenchError::Input(format!("table {}: {reason}", self.about.name));
        let mut columns = Vec::with_capacity(self.columns.len());
        let (mut body, mut earlier): (Vec<u8>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for column in &self.columns {
            let (coding, bytes) = encode(&column.values, column.precision, &earlier).map_err(fail)?;
            // Later columns are predicted from what a reader will have, not from what it was made of.
            earlier.push(decode(&bytes, &coding, self.rows, &earlier).map_err(fail)?);
            columns.push(ColumnHeader {
                name: column.name.clone(),
                precision: column.precision,
                direction: column.direction,
                coding,
                bytes: bytes.len(),
            });
            body.extend(bytes);
        }
        let header =
            Header { about: self.about.clone(), rows: self.rows, space: self.description.clone(), columns };
        let header = serde_json::to_vec(&header).map_err(|e| fail(e.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header);
        bytes.extend(body);
        bytes.extend(xxh3_128(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// The table of a file's content; `path` is for errors.
    ///
    /// # Errors
    /// Where the content was cut short or altered, is no table, or is of a later format.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, BenchError> {
        let damaged = |reason: String| BenchError::Damaged { path: path.into(), reason };
        let (header, body) = open(bytes, path)?;
        let mut at = 0;
        let mut earlier: Vec<Vec<f64>> = Vec::with_capacity(header.columns.len());
        for column in &header.columns {
            let end = at + column.bytes;
            let packed = body.get(at..end).ok_or_else(|| damaged("it ends within a column".into()))?;
            earlier.push(decode(packed, &column.coding, header.rows, &earlier).map_err(damaged)?);
            at = end;
        }
        let columns = header.columns.into_iter().zip(earlier).map(|(c, values)| Column {
            name: c.name,
            precision: c.precision,
            direction: c.direction,
            values,
        });
        Self::new(header.about, header.space, columns.collect())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// As [`Table::from_bytes`], and where there is no such file.
    pub fn read(path: &Path) -> Result<Self, BenchError> {
        let bytes = std::fs::read(path).map_err(|e| BenchError::file(path, e))?;
        Self::from_bytes(&bytes, path)
    }

    /// Writes a file, so that a reader finds the old content or the new, never a part.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &Path) -> Result<u64, BenchError> {
        let bytes = self.to_bytes()?;
        crate::files::write(path, &bytes)?;
        Ok(bytes.len() as u64)
    }
}

/// What a file says of itself, its checksum verified.
///
/// # Errors
/// As [`Table::from_bytes`].
pub fn about(bytes: &[u8], path: &Path) -> Result<(About, usize, usize), BenchError> {
    let (header, _) = open(bytes, path)?;
    Ok((header.about, header.rows, header.columns.len()))
}

fn open<'b>(bytes: &'b [u8], path: &Path) -> Result<(Header, &'b [u8]), BenchError> {
    let damaged = |reason: &str| BenchError::Damaged { path: path.into(), reason: reason.into() };
    let number =
        |at: usize| -> Option<u32> { Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)) };
    if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(damaged("it does not begin as a table of Nascent"));
    }
    let (Some(format), Some(length)) = (number(MAGIC.len()), number(MAGIC.len() + 4)) else {
        return Err(damaged("it ends within its first line"));
    };
    if format > FORMAT {
        return Err(BenchError::Format { path: path.into(), format, known: FORMAT });
    }
    let (content, checksum) = bytes
        .split_at_checked(bytes.len().saturating_sub(CHECKSUM))
        .ok_or_else(|| damaged("it is too short"))?;
    if xxh3_128(content).to_le_bytes() != checksum {
        return Err(damaged("its checksum does not fit its content"));
    }
    let start = MAGIC.len() + 8;
    let header =
        content.get(start..start + length as usize).ok_or_else(|| damaged("its header is cut short"))?;
    let header: Header =
        serde_json::from_slice(header).map_err(|e| damaged(&format!("its header cannot be read: {e}")))?;
    Ok((header, &content[start + length as usize..]))
}

#[cfg(test)]
mod tests {
    use super::super::space::ColumnDescription;
    use super::*;
    use nascent_core::question::Scale;

    fn table() -> Table {
        let column = |name: &str, precision, values: &[f64]| Column {
            name: name.into(),
            precision,
            direction: None,
            values: values.to_vec(),
        };
        let options = ["a", "b", "c"].map(String::from).to_vec();
        let question =
            ColumnDescription { column: "op".into(), path: "op".into(), scale: Scale::Categorical, options };
        Table::new(
            About {
                name: "small".into(),
                licence: "CC0".into(),
                source: "a test".into(),
                ..About::default()
            },
            SpaceDescription::Columns { questions: vec![question] },
            vec![
                column("op", Precision::Whole, &[2.0, 0.0, 1.0]),
                column("accuracy", Precision::Double, &[0.25, f64::NAN, 1.0 / 3.0]),
            ],
        )
        .unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let table = table();
        let bytes = table.to_bytes().unwrap();
        let back = Table::from_bytes(&bytes, Path::new("small.table")).unwrap();
        assert_eq!(back.about(), table.about());
        assert_eq!(format!("{:?}", back.columns()), format!("{:?}", table.columns()));
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.contains("CC0") && text.contains("a test"),
            "licence and source cannot be read in the file"
        );
        assert_eq!(about(&bytes, Path::new("x")).unwrap().1, 3);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.table");
        assert_eq!(table.write(&path).unwrap(), bytes.len() as u64);
        assert_eq!(Table::read(&path).unwrap().rows(), 3);
        assert!(
            Table::read(&folder.path().join("none.table")).unwrap_err().to_string().contains("none.table")
        );
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let bytes = table().to_bytes().unwrap();
        let path = Path::new("tables/small.table");
        for cut in 0..bytes.len() {
            let error = Table::from_bytes(&bytes[..cut], path).unwrap_err().to_string();
            assert!(error.contains("small.table") && error.contains("import"), "{error}");
        }
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << (at % 8);
            let error = Table::from_bytes(&altered, path).unwrap_err().to_string();
            assert!(error.contains("small.table"), "{error}");
        }
        let mut later = bytes;
        later[16] = 9;
        assert!(Table::from_bytes(&later, path).unwrap_err().to_string().contains("later Nascent"));
    }
}
