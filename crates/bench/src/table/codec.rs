//! How a column of numbers becomes few bytes.
//!
//! A column is stored as whole multiples of a step where all its values are such multiples, to within two roundings
//! of the type they came in: accuracies are counts of images in disguise, so that this loses nothing that was ever
//! printed. What remains are differences from a prediction made of an earlier column. Any other column is stored bit by
//! bit. Then bytes of equal significance are put together and compressed with Zstandard.

use serde::{Deserialize, Serialize};

/// How a column is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Coding {
    /// Whole multiples of `1 / per_unit`, less a prediction.
    Steps {
        /// Steps in one unit.
        per_unit: f64,
        /// What is predicted from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Prediction>,
    },
    /// The bits of single-precision numbers.
    Single,
    /// The bits of double-precision numbers.
    Double,
}

/// A prediction from an earlier column: its value times `slope`, plus `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prediction {
    pub column: usize,
    pub slope: f64,
    pub offset: f64,
}

impl Prediction {
    /// The predicted number of steps; nothing is known where the earlier column is empty.
    fn steps(&self, earlier: &[f64], row: usize, per_unit: f64) -> i64 {
        let value = earlier.get(row).copied().unwrap_or(f64::NAN);
        let value = if value.is_finite() { value * self.slope } else { 0.0 };
        ((value + self.offset) * per_unit).round() as i64
    }
}

/// The type in which values came, which says how finely they were rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Whole numbers.
    Whole,
    /// IEEE single precision.
    Single,
    /// IEEE double precision, or text.
    Double,
}

/// The most steps in a unit that are looked for.
const FINEST: u32 = 10_000;
/// Steps beyond this are no counts of anything.
const MOST_STEPS: f64 = 1e12;
const LEVEL: i32 = 19;

/// A column as bytes. Empty values are `NaN`; `earlier` are the columns before it, as they will be read back.
pub(crate) fn encode(
    values: &[f64],
    precision: Precision,
    earlier: &[Vec<f64>],
) -> Result<(Coding, Vec<u8>), String> {
    let mut bytes = presence(values);
    let coding = match steps_per_unit(values, precision) {
        Some(per_unit) => {
            let steps: Vec<i64> =
                values.iter().map(|v| if v.is_nan() { 0 } else { (v * per_unit).round() as i64 }).collect();
            let from = prediction(values, &steps, per_unit, earlier);
            let rest = steps.iter().enumerate().map(|(row, step)| {
                let predicted = from.map_or(0, |p| p.steps(&earlier[p.column], row, per_unit));
                if values[row].is_nan() { 0 } else { zigzag(step.wrapping_sub(predicted)) }
            });
            planes(&mut bytes, &rest.collect::<Vec<_>>());
            Coding::Steps { per_unit, from }
        }
        None if precision == Precision::Single => {
            let bits = |v: &f64| if v.is_nan() { 0 } else { u64::from((*v as f32).to_bits()) };
            planes(&mut bytes, &values.iter().map(bits).collect::<Vec<_>>());
            Coding::Single
        }
        None => {
            let bits = |v: &f64| if v.is_nan() { 0 } else { v.to_bits() };
            planes(&mut bytes, &values.iter().map(bits).collect::<Vec<_>>());
            Coding::Double
        }
    };
    let packed =
        zstd::bulk::compress(&bytes, LEVEL).map_err(|e| format!("a column cannot be packed: {e}"))?;
    Ok((coding, packed))
}

/// The column that [`encode`] made bytes of.
pub(crate) fn decode(
    packed: &[u8],
    coding: &Coding,
    rows: usize,
    earlier: &[Vec<f64>],
) -> Result<Vec<f64>, String> {
    let most = rows.div_ceil(8) + 2 + rows * 8;
    let bytes =
        zstd::bulk::decompress(packed, most).map_err(|e| format!("a column cannot be unpacked: {e}"))?;
    let (present, rest) = read_presence(&bytes, rows)?;
    let words = read_planes(rest, rows)?;
    let value = |row: usize, word: u64| match coding {
        Coding::Single => f64::from(f32::from_bits(word as u32)),
        Coding::Double => f64::from_bits(word),
        Coding::Steps { per_unit, from } => {
            let predicted = match from {
                Some(p) => earlier.get(p.column).map_or(0, |e| p.steps(e, row, *per_unit)),
                None => 0,
            };
            unzigzag(word).wrapping_add(predicted) as f64 / per_unit
        }
    };
    Ok(words
        .into_iter()
        .enumerate()
        .map(|(row, word)| if present(row) { value(row, word) } else { f64::NAN })
        .collect())
}

/// The coarsest step that all values are multiples of.
fn steps_per_unit(values: &[f64], precision: Precision) -> Option<f64> {
    let rounding = |v: f64| match precision {
        Precision::Whole => 0.0,
        Precision::Single => f64::from(f32::EPSILON) * v.abs(),
        Precision::Double => f64::EPSILON * v.abs(),
    };
    let fits = |per_unit: f64| {
        values.iter().filter(|v| !v.is_nan()).all(|&v| {
            let steps = (v * per_unit).round();
            steps.abs() < MOST_STEPS && (steps / per_unit - v).abs() <= rounding(v)
        })
    };
    (1..=FINEST).map(f64::from).chain([1e5, 1e6, 1e7]).find(|&per_unit| fits(per_unit))
}

/// The earlier column that leaves the least to store, where one saves anything.
fn prediction(values: &[f64], steps: &[i64], per_unit: f64, earlier: &[Vec<f64>]) -> Option<Prediction> {
    let cost = |prediction: Option<&Prediction>| -> f64 {
        let bits = |row: usize| {
            let predicted = prediction.map_or(0, |p| p.steps(&earlier[p.column], row, per_unit));
            (1.0 + zigzag(steps[row].wrapping_sub(predicted)) as f64).log2()
        };
        // A part of the rows tells well enough.
        let every = values.len().div_ceil(4_096).max(1);
        (0..values.len()).step_by(every).filter(|&row| !values[row].is_nan()).map(bits).sum()
    };
    let mut best = (cost(None), None);
    for (column, other) in earlier.iter().enumerate() {
        let line = line(other, values);
        let same = Prediction { column, slope: 1.0, offset: 0.0 };
        for candidate in
            line.map(|(slope, offset)| Prediction { column, slope, offset }).into_iter().chain([same])
        {
            let bits = cost(Some(&candidate));
            if bits < best.0 * 0.97 {
                best = (bits, Some(candidate));
            }
        }
    }
    best.1
}

/// Slope and offset of the line of least squares through two columns, rounded so that they are stored exactly.
fn line(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    let pairs = || x.iter().zip(y).filter(|(x, y)| x.is_finite() && y.is_finite());
    let n = pairs().count() as f64;
    let (mx, my) = (pairs().map(|p| p.0).sum::<f64>() / n, pairs().map(|p| p.1).sum::<f64>() / n);
    let sxx: f64 = pairs().map(|(x, _)| (x - mx) * (x - mx)).sum();
    let sxy: f64 = pairs().map(|(x, y)| (x - mx) * (y - my)).sum();
    let slope = f64::from((sxy / sxx) as f32);
    let offset = f64::from((my - slope * mx) as f32);
    (slope.is_finite() && offset.is_finite()).then_some((slope, offset))
}

fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// A byte that says whether all values are there, and one bit for each where they are not.
fn presence(values: &[f64]) -> Vec<u8> {
    if !values.iter().any(|v| v.is_nan()) {
        return vec![0];
    }
    let mut bytes = vec![1];
    bytes.extend(
        values.chunks(8).map(|eight| {
            eight.iter().enumerate().fold(0u8, |bits, (i, v)| bits | (u8::from(!v.is_nan()) << i))
        }),
    );
    bytes
}

type Present<'b> = Box<dyn Fn(usize) -> bool + 'b>;

fn read_presence(bytes: &[u8], rows: usize) -> Result<(Present<'_>, &[u8]), String> {
    match bytes.split_first() {
        Some((0, rest)) => Ok((Box::new(|_| true), rest)),
        Some((1, rest)) => {
            let (bits, rest) = rest.split_at_checked(rows.div_ceil(8)).ok_or("a column is too short")?;
            Ok((Box::new(move |row| bits[row / 8] >> (row % 8) & 1 == 1), rest))
        }
        _ => Err("a column does not begin as one".into()),
    }
}

/// The number of bytes in a word, then all lowest bytes, all second bytes, and so on.
fn planes(bytes: &mut Vec<u8>, words: &[u64]) {
    let all = words.iter().fold(0, |all, word| all | word);
    let width = (64 - all.leading_zeros()).div_ceil(8);
    bytes.push(width as u8);
    for byte in 0..width {
        bytes.extend(words.iter().map(|word| (word >> (8 * byte)) as u8));
    }
}

fn read_planes(bytes: &[u8], rows: usize) -> Result<Vec<u64>, String> {
    let (&width, rest) = bytes.split_first().ok_or("a column has no width")?;
    if width > 8 || rest.len() != usize::from(width) * rows {
        return Err(format!("a column has {} bytes, not {width} for each of {rows} rows", rest.len()));
    }
    let mut words = vec![0u64; rows];
    for (byte, plane) in rest.chunks(rows.max(1)).enumerate() {
        words.iter_mut().zip(plane).for_each(|(word, b)| *word |= u64::from(*b) << (8 * byte));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::rng::Rng;

    fn there_and_back(values: &[f64], precision: Precision, earlier: &[Vec<f64>]) -> (Coding, usize) {
        let (coding, bytes) = encode(values, precision, earlier).unwrap();
        let back = decode(&bytes, &coding, values.len(), earlier).unwrap();
        for (a, b) in values.iter().zip(&back) {
            let same = match precision {
                Precision::Whole => a == b,
                Precision::Single => (a - b).abs() <= f64::from(f32::EPSILON) * a.abs() || a == b,
                Precision::Double => (a - b).abs() <= f64::EPSILON * a.abs() || a == b,
            };
            assert!(same || a.is_nan() && b.is_nan(), "{a} came back as {b} from {coding:?}");
        }
        (coding, bytes.len())
    }

    #[test]
    fn counts_in_disguise_are_found() {
        let mut rng = Rng::new(1, 0);
        let percent = |n: usize, of: f64| f64::from((n as f64 / of * 100.0) as f32);
        let values: Vec<f64> = (0..3_000).map(|_| percent(rng.below(5_001), 5_000.0)).collect();
        let (coding, bytes) = there_and_back(&values, Precision::Single, &[]);
        assert_eq!(coding, Coding::Steps { per_unit: 50.0, from: None });
        assert!(bytes < 3_000 * 2);
        let near: Vec<f64> = values.iter().map(|v| f64::from((2.0 * v + 1.0) as f32)).collect();
        let (coding, bytes) = there_and_back(&near, Precision::Single, &[values]);
        assert!(matches!(coding, Coding::Steps { from: Some(_), .. }) && bytes < 300, "{coding:?} {bytes}");
    }

    #[test]
    fn everything_comes_back() {
        let mut rng = Rng::new(2, 0);
        let mut wild: Vec<f64> = (0..1_000).map(|_| f64::from(rng.normal() as f32)).collect();
        there_and_back(&wild, Precision::Single, &[]);
        wild[3] = f64::NAN;
        wild[7] = f64::NEG_INFINITY;
        assert_eq!(there_and_back(&wild, Precision::Single, &[]).0, Coding::Single);
        let huge: Vec<f64> = (0..1_000).map(|_| rng.unit() * 1e66).collect();
        assert_eq!(there_and_back(&huge, Precision::Double, &[]).0, Coding::Double);
        let whole = [-3.0, f64::NAN, 7e9, 0.0];
        there_and_back(&whole, Precision::Whole, &[vec![1.0, 2.0, f64::NAN, 4.0]]);
        there_and_back(&[], Precision::Double, &[]);
        there_and_back(&[f64::NAN; 9], Precision::Double, &[]);
    }

    #[test]
    fn bytes_that_are_no_column_are_refused() {
        let (coding, bytes) = encode(&[1.0, 2.0, 300.0], Precision::Whole, &[]).unwrap();
        assert!(decode(&bytes, &coding, 4, &[]).is_err());
        assert!(decode(&bytes[..bytes.len() - 1], &coding, 3, &[]).is_err());
        assert!(decode(&[], &coding, 3, &[]).is_err());
    }
}
