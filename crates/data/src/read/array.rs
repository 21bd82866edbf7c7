/// Numbers of a file that has an array: bytes where the file has bytes, else floating point.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Anything else.
    Floats(Vec<f32>),
}

/// An array as it was read; the last extent runs fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its extents, outermost first.
    pub extents: Vec<usize>,
    /// Its values, as many as the product of the extents.
    pub values: Values,
}

impl Values {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value as floating point.
    #[must_use]
    pub fn at(&self, i: usize) -> f32 {
        match self {
            Self::Bytes(values) => f32::from(values[i]),
            Self::Floats(values) => values[i],
        }
    }

    /// All values as floating point.
    #[must_use]
    pub fn into_floats(self) -> Vec<f32> {
        match self {
            Self::Bytes(values) => values.into_iter().map(f32::from).collect(),
            Self::Floats(values) => values,
        }
    }
}

/// What the bytes of a file's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    U8,
    Bool,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl Element {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Bool | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// The numbers of some bytes; what does not fill a number is left out.
    pub(super) fn values(self, bytes: Vec<u8>, big_endian: bool) -> Values {
        if matches!(self, Self::U8 | Self::Bool) {
            return Values::Bytes(bytes);
        }
        let number = |chunk: &[u8]| {
            let mut b = [0u8; 8];
            // To little-endian, whatever it was.
            chunk
                .iter()
                .enumerate()
                .for_each(|(i, byte)| b[if big_endian { chunk.len() - 1 - i } else { i }] = *byte);
            let low = u64::from_le_bytes(b);
            match self {
                Self::U8 | Self::Bool => low as f32,
                Self::I8 => f32::from(low as i8),
                Self::U16 => f32::from(low as u16),
                Self::I16 => f32::from(low as i16),
                Self::U32 => low as u32 as f32,
                Self::I32 => low as i32 as f32,
                Self::U64 => low as f32,
                Self::I64 => low as i64 as f32,
                Self::F16 => half(low as u16),
                Self::F32 => f32::from_bits(low as u32),
                Self::F64 => f64::from_bits(low) as f32,
            }
        };
        Values::Floats(bytes.chunks_exact(self.bytes()).map(number).collect())
    }
}

/// A number of 16 bits: one for the sign, five for the exponent, ten for the rest.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, rest) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => rest * 2f32.powi(-24),
        31 if rest == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1.0 + rest / 1024.0) * 2f32.powi(e - 15),
    }
}

/// The number of values of an array, if it is one that a computer can hold.
pub(super) fn product(extents: &[usize]) -> Option<usize> {
    extents.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).filter(|n| *n < 1 << 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_sizes_are_read_from_either_end() {
        let floats = |element: Element, bytes: &[u8], big| element.values(bytes.to_vec(), big).into_floats();
        assert_eq!(floats(Element::I16, &[0xff, 0xfe], true), [-2.0]);
        assert_eq!(floats(Element::I16, &[0xfe, 0xff], false), [-2.0]);
        assert_eq!(floats(Element::F64, &1.5f64.to_be_bytes(), true), [1.5]);
        assert_eq!(floats(Element::F32, &[0, 0, 0x20, 0xc1, 7], false), [-10.0]);
        assert_eq!(floats(Element::I64, &(-3i64).to_le_bytes(), false), [-3.0]);
        assert_eq!([0x3c00, 0xc000, 0x0001, 0x7c00].map(half), [1.0, -2.0, 2f32.powi(-24), f32::INFINITY]);
    }
}
