//! The handwritten digits of scikit-learn (from the UCI repository): 1,797 images of 8×8, 17 shades, 10 classes.

use crate::load::goal::Goal;
use crate::load::images::{self, Pictures};
use crate::{DataError, Findings, Task, stratified};
use nascent_core::architecture::Shape;
use nascent_core::rng::mix;
use std::io::Read;

static FILE: &[u8] = include_bytes!("../assets/digits.csv.gz");
const PLACE: &str = "the built-in digits.csv.gz";

/// The task, cut by `split_seed`.
pub(crate) fn load(split_seed: u64) -> Result<Task, DataError> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(FILE).read_to_string(&mut text).map_err(|e| DataError::Line {
        place: PLACE.into(),
        line: 1,
        reason: e.to_string(),
    })?;
    let (mut raw, mut labels, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    for (i, record) in reader.records().enumerate() {
        let fail = |reason: String| DataError::Line { place: PLACE.into(), line: i + 1, reason };
        let record = record.map_err(|e| fail(e.to_string()))?;
        let numbers: Vec<u32> = record
            .iter()
            .map(|field| field.trim().parse::<f32>().map(|x| x as u32))
            .collect::<Result<_, _>>()
            .map_err(|e| fail(e.to_string()))?;
        let [pixels @ .., label] = &numbers[..] else { return Err(fail("an empty line".into())) };
        if pixels.len() != 64 || *label > 9 || pixels.iter().any(|p| *p > 16) {
            return Err(fail("64 pixels from 0 to 16 and a class from 0 to 9 are needed".into()));
        }
        raw.extend(pixels.iter().map(|p| *p as f32));
        labels.push(*label);
        groups.push(mix(&pixels.iter().map(|p| u64::from(*p)).collect::<Vec<_>>()));
    }
    let split = stratified(&labels, &groups, split_seed);
    let classes = (0..10).map(|d| d.to_string()).collect();
    let pictures = Pictures { shape: Shape::new(&[1, 8, 8]), maximum: 16.0, values: raw, scaled: false };
    let goal = Goal::Classes { target: "digit".into(), names: classes, labels };
    let findings = Findings {
        places: vec![PLACE.into()],
        split: format!(
            "a fifth for testing and a fifth of the rest for validation, stratified, by split seed {split_seed}"
        ),
        ..Findings::default()
    };
    images::task(("digits", PLACE), pictures, goal, split, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Examples, Targets};

    fn labels(part: &Examples) -> Vec<u32> {
        match &part.targets {
            Targets::Classes { labels, .. } => labels.clone(),
            Targets::Tokens { .. } | Targets::Values { .. } => panic!("digits are classes"),
        }
    }

    #[test]
    fn the_parts_are_stratified_and_of_the_documented_sizes() {
        let task = load(0).unwrap();
        let every: Vec<u32> = [task.train(), task.validation(), task.test()]
            .into_iter()
            .flat_map(|part| labels(&part))
            .collect();
        let parts = [task.train(), task.validation(), task.test()];
        assert_eq!(parts.each_ref().map(Examples::len), [1149, 288, 360]);
        for part in &parts {
            let labels = labels(part);
            for class in 0..10 {
                let here = labels.iter().filter(|l| **l == class).count() as f64;
                let all = every.iter().filter(|l| **l == class).count() as f64;
                assert!((here - all * labels.len() as f64 / 1797.0).abs() <= 1.0, "class {class}");
            }
        }
        assert_eq!(task.train_and_validation().len(), 1437);
    }

    #[test]
    fn preprocessing_depends_on_training_rows_only() {
        let task = load(0).unwrap();
        let train = task.train();
        let inputs = train.all().unwrap();
        let n = inputs.len() as f64;
        let mean = inputs.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let variance = inputs.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / n;
        assert!(mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        let text = serde_json::to_string(&task.preprocessing).unwrap();
        assert_eq!(serde_json::from_str::<crate::Preprocessing>(&text).unwrap(), task.preprocessing);
    }
}
