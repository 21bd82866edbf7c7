//! Boosted trees on the rows of a table: the yardstick that everybody asks for.
//!
//! Trees as most people tune them: few settings, each stopped early on the validation part, the best of them fitted again
//! on all but the test part with a tenth more trees (Chen & Guestrin 2016, doi:10.1145/2939672.2939785).

use forust_ml::metric::Metric;
use forust_ml::objective::ObjectiveType;
use forust_ml::{GradientBooster, Matrix};
use nascent_core::Features;
use nascent_core::rng::{Rng, mix};
use nascent_data::{Examples, Targets};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The settings that are tried: how deep a tree is, and how much weight its leaves have at least.
const TRIED: [(usize, f32); 4] = [(3, 1.0), (3, 20.0), (6, 1.0), (6, 20.0)];
const LEARNING_RATE: f32 = 0.05;
/// The share of rows and of columns that each tree sees.
const SEEN: f32 = 0.8;
const MOST_TREES: usize = 2_000;
/// And once time is over, for one setting.
const FEW_TREES: usize = 100;
/// Trees without a better validation loss after which no more are grown.
const PATIENCE: usize = 60;

/// Of inputs that memory is not to hold, trees see rows of so many numbers in all.
const MOST_NUMBERS: usize = 1 << 23;
/// Rows that are answered at a time.
const ANSWERED: usize = 1 << 16;

/// How many rows of some examples trees see.
pub(crate) fn seen(examples: &Examples) -> usize {
    let most = MOST_NUMBERS / (examples.shape.len() as usize).max(1);
    if examples.inputs.is_in_file() { examples.len().min(most) } else { examples.len() }
}

/// The rows that trees see, in memory.
fn sample(examples: &Examples, seed: u64) -> Result<Cow<'_, Examples>, String> {
    if !examples.inputs.is_in_file() {
        return Ok(Cow::Borrowed(examples));
    }
    let mut rows: Vec<usize> = (0..examples.len()).collect();
    Rng::new(mix(&[seed, 10]), 0).shuffle(&mut rows);
    rows.truncate(seen(examples));
    rows.sort_unstable();
    examples.pick(&rows).map(Cow::Owned).map_err(|e| e.to_string())
}

/// The columns of a table as trees take them.
struct Columns {
    numbers: usize,
    categories: usize,
    /// Of a whole input.
    len: usize,
}

impl Columns {
    /// Numbers standardised and categories as codes, one column after another; the quantiles would say the same twice.
    fn of(&self, inputs: &[f32]) -> Vec<f64> {
        let taken = (0..self.numbers).chain(2 * self.numbers..2 * self.numbers + self.categories);
        let column = |at: usize| inputs.chunks_exact(self.len).map(move |row| f64::from(row[at]));
        taken.flat_map(column).collect()
    }

    fn count(&self) -> usize {
        self.numbers + self.categories
    }
}

/// Numbers and targets of some examples, as trees take them.
struct Part {
    data: Vec<f64>,
    wanted: Vec<f64>,
    weights: Vec<f64>,
}

impl Part {
    fn new(columns: &Columns, examples: &Examples, wanted: impl Fn(usize) -> f64) -> Result<Self, String> {
        let rows = examples.len();
        let data = columns.of(&examples.all().map_err(|e| e.to_string())?);
        Ok(Self { data, wanted: (0..rows).map(wanted).collect(), weights: vec![1.0; rows] })
    }

    fn matrix(&self, columns: &Columns) -> Matrix<'_, f64> {
        Matrix::new(&self.data, self.wanted.len(), columns.count())
    }
}

/// What trees learn.
#[derive(Clone, Copy)]
enum Learned {
    /// The odds of one class.
    Odds,
    /// A value.
    Value,
}

/// One answer a row of `asked`, on the scale of the loss: log-odds, or a standardised value.
fn fit(
    columns: &Columns,
    learned: Learned,
    [training, validation, all]: [&Part; 3],
    asked: &Examples,
    (seed, is_over): (u64, &dyn Fn() -> bool),
) -> Result<Vec<f64>, String> {
    let trees = |(depth, weight): (usize, f32), trees: usize| {
        GradientBooster::default()
            .set_objective_type(match learned {
                Learned::Odds => ObjectiveType::LogLoss,
                Learned::Value => ObjectiveType::SquaredLoss,
            })
            // The library's own choice for values takes logarithms, which standardised values have not.
            .set_evaluation_metric(Some(match learned {
                Learned::Odds => Metric::LogLoss,
                Learned::Value => Metric::RootMeanSquaredError,
            }))
            .set_iterations(trees)
            .set_learning_rate(LEARNING_RATE)
            .set_max_depth(depth)
            .set_min_leaf_weight(weight)
            .set_subsample(SEEN)
            // Of one column, a share is none.
            .set_colsample_bytree(f64::from(SEEN).max(1.0 / columns.count().max(1) as f64))
            .set_initialize_base_score(true)
            .set_parallel(false)
            .set_seed(seed)
    };
    let loss = |answers: &[f64]| -> f64 {
        let each = answers.iter().zip(&validation.wanted).map(|(answer, wanted)| match learned {
            // The logarithm of 1 + e^x that does not overflow.
            Learned::Odds => answer.max(0.0) - answer * wanted + (-answer.abs()).exp().ln_1p(),
            Learned::Value => (answer - wanted).powi(2),
        });
        each.sum()
    };
    let mut best: Option<(f64, (usize, f32), usize)> = None;
    for setting in TRIED {
        let late = is_over();
        if late && best.is_some() {
            break;
        }
        let most = if late { FEW_TREES } else { MOST_TREES };
        let mut tried = trees(setting, most).set_early_stopping_rounds(Some(PATIENCE));
        let judged = vec![(validation.matrix(columns), &validation.wanted[..], &validation.weights[..])];
        tried
            .fit(&training.matrix(columns), &training.wanted, &training.weights, Some(judged))
            .map_err(|e| e.to_string())?;
        let now = loss(&tried.predict(&validation.matrix(columns), false));
        if best.is_none_or(|(least, ..)| now < least) {
            best = Some((now, setting, tried.best_iteration.unwrap_or(most) + 1));
        }
    }
    let Some((_, setting, count)) = best else {
        return Err("no setting of the trees could be fitted".into());
    };
    let mut fitted = trees(setting, count + count / 10);
    fitted.fit(&all.matrix(columns), &all.wanted, &all.weights, None).map_err(|e| e.to_string())?;
    let (mut found, mut room) = (Vec::with_capacity(asked.len()), Vec::new());
    for first in (0..asked.len()).step_by(ANSWERED) {
        let rows = first..asked.len().min(first + ANSWERED);
        let count = rows.len();
        let data = columns.of(asked.range(rows, &mut room).map_err(|e| e.to_string())?);
        found.extend(fitted.predict(&Matrix::new(&data, count, columns.count()), false));
    }
    Ok(found)
}

/// The answers of boosted trees to `asked` after training, validation and all rows, as a network gives them: class
/// probabilities, `[examples × classes]`, or standardised values, `[examples]`. Where there are more than two classes, each
/// has trees of its own. Once `is_over`, no more than a few trees of one setting are grown.
///
/// # Errors
/// Where the inputs are no rows of a table, or the trees cannot be fitted; the text says why.
pub(crate) fn answers(
    features: &Features,
    known: [&Examples; 3],
    asked: &Examples,
    seed: u64,
    is_over: &dyn Fn() -> bool,
) -> Result<Vec<f32>, String> {
    let Features::Table { numbers, categories, .. } = *features else {
        return Err("they need rows of a table".into());
    };
    let columns = Columns { numbers, categories, len: asked.shape.len() as usize };
    let [training, validation, all] = known.map(|examples| sample(examples, seed));
    let known = [training?, validation?, all?];
    let learn = |learned: Learned, class: Option<usize>| {
        let [training, validation, all] = known.each_ref().map(|examples| {
            Part::new(&columns, examples, |row| match (&examples.targets, class) {
                (Targets::Classes { labels, .. }, Some(class)) => f64::from(labels[row] as usize == class),
                (Targets::Classes { labels, .. }, None) => f64::from(labels[row]),
                // Running text is no table.
                (Targets::Tokens { .. }, _) => 0.0,
                (Targets::Values { values, .. }, _) => f64::from(values[row]),
            })
        });
        let parts = [training?, validation?, all?];
        // The library asserts what it expects of data.
        let run = || fit(&columns, learned, [&parts[0], &parts[1], &parts[2]], asked, (seed, is_over));
        catch_unwind(AssertUnwindSafe(run))
            .unwrap_or_else(|_| Err("the library gave up on these data".into()))
    };
    match &asked.targets {
        Targets::Tokens { .. } => Err("they need rows of a table".into()),
        Targets::Values { .. } => Ok(learn(Learned::Value, None)?.into_iter().map(|v| v as f32).collect()),
        Targets::Classes { classes, .. } => {
            let of_class = |class: usize| -> Result<Vec<f64>, String> {
                let odds = learn(Learned::Odds, Some(class))?;
                Ok(odds.into_iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect())
            };
            let each: Vec<Vec<f64>> = match classes {
                2 => {
                    let second = of_class(1)?;
                    vec![second.iter().map(|p| 1.0 - p).collect(), second]
                }
                _ => (0..*classes).map(of_class).collect::<Result<_, _>>()?,
            };
            let row = |i: usize| {
                let sum: f64 = each.iter().map(|class| class[i]).sum();
                each.iter().map(move |class| (class[i] / sum.max(f64::MIN_POSITIVE)) as f32)
            };
            Ok((0..asked.len()).flat_map(row).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::architecture::Shape;
    use nascent_data::Scale;

    /// One number, its quantile, and a category of three: the answer is the number, plus two for the third category and minus two for the others.
    fn examples(rows: usize, seed: usize, classes: bool) -> Examples {
        let (mut inputs, mut values) = (Vec::new(), Vec::new());
        for i in 0..rows {
            let (x, code) = (((i * 37 + seed) % 101) as f32 / 50.0 - 1.0, ((i * 13 + seed) % 3 + 1) as f32);
            inputs.extend([x, (x + 1.0) / 2.0, code]);
            values.push(x + if code == 3.0 { 2.0 } else { -2.0 });
        }
        let targets = if classes {
            let labels = values.iter().map(|v| u32::from(*v > -2.0) + u32::from(*v > 0.0)).collect();
            Targets::Classes { classes: 3, labels }
        } else {
            Targets::Values { values, scale: Scale { mean: 0.0, deviation: 1.0 } }
        };
        Examples { shape: Shape::new(&[3]), inputs: inputs.into(), targets }
    }

    const FEATURES: Features = Features::Table { numbers: 1, categories: 1, codes: 4 };

    #[test]
    fn values_and_classes_are_learned_from_numbers_and_categories() {
        let ask = |classes: bool| {
            let parts =
                [(300, 0), (80, 3), (380, 0), (60, 7)].map(|(rows, seed)| examples(rows, seed, classes));
            let ask =
                || answers(&FEATURES, [&parts[0], &parts[1], &parts[2]], &parts[3], 1, &|| false).unwrap();
            assert_eq!(ask(), ask());
            (ask(), parts[3].targets.clone())
        };
        let (found, Targets::Values { values, .. }) = ask(false) else { panic!("values were asked for") };
        let worst = found.iter().zip(&values).map(|(a, v)| (a - v).abs()).fold(0.0, f32::max);
        assert!(worst < 0.5, "{worst}");
        let (shares, Targets::Classes { labels, .. }) = ask(true) else { panic!("classes were asked for") };
        let right = shares.chunks(3).zip(&labels).filter(|(row, label)| row[**label as usize] > 0.5).count();
        assert!(right >= 57, "{right} of 60");
        assert!(shares.chunks(3).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    }

    #[test]
    fn one_column_is_seen_and_time_that_is_over_leaves_few_trees() {
        let column = |rows: usize, seed: usize| {
            let of = |i: usize| ((i * 37 + seed) % 101) as f32 / 50.0 - 1.0;
            let inputs: Vec<f32> = (0..rows).flat_map(|i| [of(i), (of(i) + 1.0) / 2.0]).collect();
            let values = (0..rows).map(|i| 3.0 * of(i)).collect();
            let targets = Targets::Values { values, scale: Scale { mean: 0.0, deviation: 1.0 } };
            Examples { shape: Shape::new(&[2]), inputs: inputs.into(), targets }
        };
        let parts = [(300, 0), (80, 3), (380, 0), (60, 7)].map(|(rows, seed)| column(rows, seed));
        let features = Features::Table { numbers: 1, categories: 0, codes: 0 };
        for late in [false, true] {
            let found =
                answers(&features, [&parts[0], &parts[1], &parts[2]], &parts[3], 1, &|| late).unwrap();
            let Targets::Values { values, .. } = &parts[3].targets else { panic!("values were asked for") };
            let worst = found.iter().zip(values).map(|(a, v)| (a - v).abs()).fold(0.0, f32::max);
            assert!(worst < 1.0, "{late}: {worst}");
        }
    }

    #[test]
    fn other_inputs_are_refused() {
        let some = examples(10, 0, false);
        assert!(answers(&Features::Vector { numbers: 3 }, [&some; 3], &some, 1, &|| false).is_err());
    }
}
