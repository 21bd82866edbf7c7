use super::Source;
use super::array::{Array, Element, Values, product};
use crate::DataError;
use std::io::{Cursor, Read};

/// The largest archive, and the longest header of an array, that are read.
const MOST_BYTES: u64 = 1 << 34;
const MOST_HEADER: usize = 1 << 16;

/// Reads all arrays of an `.npz` archive, or the only one of an `.npy` file.
///
/// # Errors
/// Where the file is damaged, or an array's numbers are of a kind that is not read (texts and Python objects are not).
pub fn read_npz(source: Source<'_>) -> Result<Vec<(String, Array)>, DataError> {
    let bytes = source.read(MOST_BYTES)?;
    if bytes.starts_with(b"\x93NUMPY") {
        let len = bytes.len() as u64;
        return Ok(vec![("array".into(), array(&source, "array", &bytes[..], len)?)]);
    }
    let broken =
        |e: zip::result::ZipError| source.fail(format!("is no whole NPZ file ({e}): get the file again"));
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(broken)?;
    let mut arrays = Vec::new();
    for i in 0..archive.len() {
        let file = archive.by_index(i).map_err(broken)?;
        let name = file.name().map_err(broken)?.into_owned();
        let Some(plain) = name.strip_suffix(".npy").map(str::to_string) else { continue };
        let size = file.size();
        arrays.push((plain, array(&source, &name, file, size)?));
    }
    if arrays.is_empty() {
        return Err(source.fail("has no arrays: an NPZ file is written by numpy.savez"));
    }
    Ok(arrays)
}

/// Reads one array of at most `size` bytes.
fn array(source: &Source<'_>, name: &str, mut file: impl Read, size: u64) -> Result<Array, DataError> {
    let fail = |reason: String| source.fail(format!("array {name}: {reason}"));
    let cut = |e: std::io::Error| fail(format!("is damaged or cut off ({e}): get the file again"));
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(cut)?;
    if !start.starts_with(b"\x93NUMPY") {
        return Err(fail("is no NumPy array".into()));
    }
    let mut length = vec![0; if start[6] == 1 { 2 } else { 4 }];
    file.read_exact(&mut length).map_err(cut)?;
    let length = length.iter().rev().fold(0usize, |n, b| n << 8 | usize::from(*b));
    if length > MOST_HEADER {
        return Err(fail(format!("has a header of {length} bytes, more than can be: it is damaged")));
    }
    let mut header = vec![0; length];
    file.read_exact(&mut header).map_err(cut)?;
    let header = String::from_utf8_lossy(&header).into_owned();
    let (kind, big_endian) = element(&header).map_err(fail)?;
    let extents = extents(&header).map_err(fail)?;
    let values = product(&extents)
        .ok_or_else(|| fail(format!("says its extents are {extents:?}, more than can be")))?;
    let wanted = values as u64 * kind.bytes() as u64;
    if wanted > size {
        return Err(fail(format!(
            "says its extents are {extents:?}, which are {wanted} bytes, but is shorter: get the file again"
        )));
    }
    let mut bytes = Vec::new();
    file.take(wanted).read_to_end(&mut bytes).map_err(cut)?;
    if bytes.len() as u64 != wanted {
        return Err(fail(format!("says it has {wanted} bytes, but has {}: get the file again", bytes.len())));
    }
    let values = kind.values(bytes, big_endian);
    let array = Array { extents, values };
    Ok(if field(&header, "fortran_order").is_some_and(|f| f.starts_with("True")) {
        row_major(array)
    } else {
        array
    })
}

/// What follows a key of the header, which is a Python dictionary.
fn field<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let at = header.find(&format!("'{key}'"))? + key.len() + 2;
    Some(header[at..].trim_start().strip_prefix(':')?.trim_start())
}

fn element(header: &str) -> Result<(Element, bool), String> {
    let text = field(header, "descr").ok_or("has a header without a type: it is damaged")?;
    let name = text.strip_prefix('\'').and_then(|t| t.split('\'').next()).unwrap_or("?");
    let kind = name.strip_prefix(['<', '>', '|', '=']).unwrap_or(name);
    let element = match kind {
        "u1" => Element::U8,
        "b1" => Element::Bool,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => {
            return Err(format!(
                "has values of type {name:?}: whole numbers, floating-point numbers and truth values are read; save texts as numbers"
            ));
        }
    };
    Ok((element, name.starts_with('>')))
}

fn extents(header: &str) -> Result<Vec<usize>, String> {
    let text = field(header, "shape").and_then(|t| t.strip_prefix('(')).and_then(|t| t.split(')').next());
    let text = text.ok_or("has a header without a shape: it is damaged")?;
    let extents: Result<Vec<usize>, _> =
        text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::parse).collect();
    match extents {
        Ok(extents) if extents.len() <= 8 => Ok(extents),
        _ => Err(format!("has the shape ({text}), which is none")),
    }
}

/// An array whose first extent runs fastest, as one whose last does.
fn row_major(array: Array) -> Array {
    let extents = &array.extents;
    let mut steps = vec![1usize; extents.len()];
    for i in 1..extents.len() {
        steps[i] = steps[i - 1] * extents[i - 1];
    }
    let place = |mut i: usize| {
        let mut at = 0;
        for (extent, step) in extents.iter().zip(&steps).rev() {
            at += i % extent * step;
            i /= extent;
        }
        at
    };
    let n = array.values.len();
    let values = match &array.values {
        Values::Bytes(values) => Values::Bytes((0..n).map(|i| values[place(i)]).collect()),
        Values::Floats(values) => Values::Floats((0..n).map(|i| values[place(i)]).collect()),
    };
    Array { extents: array.extents.clone(), values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn read(header: &str, data: &[u8]) -> Result<Array, String> {
        let bytes = npy(header, data);
        let read = read_npz(Source::Bytes { name: "x.npy", bytes: &bytes });
        read.map(|mut arrays| arrays.remove(0).1).map_err(|e| e.to_string())
    }

    #[test]
    fn arrays_of_either_order_are_read() {
        let rows =
            read("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", &[1, 2, 3, 4, 5, 6]).unwrap();
        let columns =
            read("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", &[1, 4, 2, 5, 3, 6]).unwrap();
        assert_eq!(rows, columns);
        let one =
            read("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", &[7, 0, 0, 0, 0, 0, 0, 0])
                .unwrap();
        assert_eq!(one, Array { extents: vec![1], values: Values::Floats(vec![7.0]) });
    }

    #[test]
    fn what_is_not_read_is_named() {
        let text = |shape: &str, kind: &str| {
            format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}")
        };
        let error = |shape: &str, kind: &str| read(&text(shape, kind), &[0; 8]).unwrap_err();
        assert!(error("(9,)", "|u1").contains("says it has 9 bytes, but has 8"));
        assert!(error("(900,)", "|u1").contains("which are 900 bytes, but is shorter"));
        assert!(error("(1,)", "<U5").contains("type \"<U5\""));
        assert!(error("(8,)", "ü1").contains("type \"ü1\""));
        assert!(error("(x,)", "|u1").contains("which is none"));
        assert!(error("(99999999999, 99999999999)", "|u1").contains("more than can be"));
        assert!(read("{}", &[]).unwrap_err().contains("without a type"));
    }
}
