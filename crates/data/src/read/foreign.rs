//! Files of formats that are not read, known by their first bytes.

use super::Source;
use crate::DataError;

/// What a format is called, and what is to be done with it.
struct Format {
    is: fn(&[u8]) -> bool,
    name: &'static str,
    todo: &'static str,
}

const UNPACK: &str = "unpack it and give the file within; of packed files, gzip is read as it is";
const SHEET: &str = "export the sheet as CSV";
const FRAME: &str = "write the table to Parquet or CSV, for example with to_parquet of pandas or Polars";

/// The bytes that are looked at, and those of a ZIP archive, which has the names of its files all over.
const START: usize = 512;
const ZIP_START: usize = 1 << 16;
/// Where an archive of tar says so.
const TAR: usize = 257;

static FORMATS: [Format; 15] = [
    Format { is: |b| is_zip(b) && has(b, b"xl/"), name: "an Excel workbook", todo: SHEET },
    Format {
        is: |b| is_zip(b) && has(b, b"opendocument.spreadsheet"),
        name: "an OpenDocument spreadsheet",
        todo: SHEET,
    },
    Format {
        is: |b| is_zip(b) && has(b, b".npy"),
        name: "an archive of NumPy arrays",
        todo: "give its name the ending .npz",
    },
    Format { is: is_zip, name: "a ZIP archive", todo: UNPACK },
    Format {
        is: |b| b.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        name: "an Excel workbook of the old format (.xls), or another file of Office",
        todo: SHEET,
    },
    Format { is: |b| b.starts_with(b"\xfd7zXZ\0"), name: "packed with xz", todo: UNPACK },
    Format { is: |b| b.starts_with(b"7z\xbc\xaf\x27\x1c"), name: "a 7-Zip archive", todo: UNPACK },
    Format {
        is: |b| b.starts_with(b"BZh") && b.get(4..10) == Some(b"1AY&SY"),
        name: "packed with bzip2",
        todo: UNPACK,
    },
    Format { is: |b| b.starts_with(b"\x28\xb5\x2f\xfd"), name: "packed with Zstandard", todo: UNPACK },
    Format { is: |b| b.starts_with(b"Rar!\x1a\x07"), name: "a RAR archive", todo: UNPACK },
    Format {
        is: |b| b.get(TAR..).is_some_and(|b| b.starts_with(b"ustar")),
        name: "a tar archive",
        todo: "unpack it and give the file or the folder within",
    },
    Format {
        is: |b| b.starts_with(b"SQLite format 3\0"),
        name: "an SQLite database",
        todo: "export the table as CSV, for example with sqlite3 -header -csv FILE \"SELECT * FROM …\"",
    },
    // Protocols before the second have no mark, and have not been written for long.
    Format { is: |b| matches!(b, [0x80, 2..=5, ..]), name: "a pickle of Python", todo: FRAME },
    Format {
        is: |b| b.starts_with(b"ARROW1\0\0") || b.starts_with(b"FEA1"),
        name: "an Arrow (Feather) file",
        todo: FRAME,
    },
    Format { is: |b| b.starts_with(b"\x89HDF\r\n\x1a\n"), name: "an HDF5 file", todo: FRAME },
];

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|some| some == word)
}

/// An error for a file of a format that is not read, whatever it is called: it names the format and what to do.
pub(crate) fn refuse(source: &Source<'_>) -> Result<(), DataError> {
    let mut start = source.start(START)?;
    if is_zip(&start) {
        start = source.start(ZIP_START)?;
    }
    match FORMATS.iter().find(|format| (format.is)(&start)) {
        None => Ok(()),
        Some(Format { name, todo, .. }) => Err(source.fail(format!("is {name}, which is not read: {todo}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_bytes() {
        let said =
            |bytes: &[u8]| refuse(&Source::Bytes { name: "data.csv", bytes }).map_err(|e| e.to_string());
        let tar = [&[b'a'; TAR][..], b"ustar\x0000", &[0; 100]].concat();
        let cases: [(&[u8], &str); 15] = [
            (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml\0xl/workbook.xml", "an Excel workbook, which"),
            (
                b"PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "OpenDocument spreadsheet",
            ),
            (b"PK\x03\x04\x14\0x_train.npy", "the ending .npz"),
            (b"PK\x03\x04\x14\0data.csv", "a ZIP archive, which is not read: unpack it"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "old format (.xls)"),
            (b"\xfd7zXZ\0\0\x04", "packed with xz"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7-Zip archive"),
            (b"BZh91AY&SY\0\0", "packed with bzip2"),
            (b"\x28\xb5\x2f\xfd\x04", "packed with Zstandard"),
            (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
            (&tar, "a tar archive"),
            (b"SQLite format 3\0\x10\0", "an SQLite database, which is not read: export the table as CSV"),
            (b"\x80\x04\x95\x10", "a pickle of Python"),
            (b"ARROW1\0\0\xff\xff", "an Arrow (Feather) file, which is not read: write the table to Parquet"),
            (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file"),
        ];
        for (bytes, words) in cases {
            let error = said(bytes).unwrap_err();
            assert!(error.starts_with("data.csv: is ") && error.contains(words), "{error}");
        }
        let fine: [&[u8]; 4] = [b"BZh9,b\n1,2\n", b"", b"PAR1", b"PK,x\n"];
        for bytes in fine {
            assert_eq!(said(bytes), Ok(()));
        }
    }
}
