use super::Source;
use super::array::{Array, Element, product};
use crate::DataError;
use std::io::Read;

/// Reads an IDX file, gzipped or not: the format of MNIST, two zeros, a type, a number of extents, the extents as
/// big-endian 32-bit numbers, the values.
///
/// # Errors
/// Where the file is no IDX file, or holds fewer or more values than its header says.
pub fn read_idx(source: Source<'_>) -> Result<Array, DataError> {
    let mut reader = source.open()?;
    let mut word = || -> Result<[u8; 4], DataError> {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|e| source.broken(&e))?;
        Ok(bytes)
    };
    let [0, 0, kind, extents] = word()? else {
        return Err(source.fail("is no IDX file: it does not begin with two zeros"));
    };
    let element = match kind {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0b => Element::I16,
        0x0c => Element::I32,
        0x0d => Element::F32,
        0x0e => Element::F64,
        _ => {
            return Err(source.fail(format!(
                "has values of type 0x{kind:02x}; IDX files have 0x08, 0x09 or 0x0b to 0x0e"
            )));
        }
    };
    if !(1..=4).contains(&extents) {
        return Err(source
            .fail(format!("says it has {extents} extents; 1 (labels) to 4 (coloured pictures) are read")));
    }
    let mut sizes = Vec::new();
    for _ in 0..extents {
        sizes.push(u32::from_be_bytes(word()?) as usize);
    }
    let spelled = || sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let Some(values) = product(&sizes) else {
        return Err(source.fail(format!("says it has {} values, more than can be: it is damaged", spelled())));
    };
    let wanted = values as u64 * element.bytes() as u64;
    let mut bytes = Vec::new();
    reader.take(wanted + 1).read_to_end(&mut bytes).map_err(|e| source.broken(&e))?;
    if bytes.len() as u64 != wanted {
        let found = if bytes.len() as u64 > wanted { "more".into() } else { bytes.len().to_string() };
        let reason = format!(
            "says it has {} values, which are {wanted} bytes, but has {found}: get the file again",
            spelled()
        );
        return Err(source.fail(reason));
    }
    Ok(Array { extents: sizes, values: element.values(bytes, true) })
}
