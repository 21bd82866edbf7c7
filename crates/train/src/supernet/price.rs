//! What the networks that logits stand for cost on the mean, so that gradient-based search sees limits.

use super::relaxation::Relaxation;
use nascent_core::Objectives;
use nascent_core::architecture::Architecture;
use nascent_core::objective::Bound;

/// How strongly a broken limit counts against the loss: by as much as its mean is over it, relatively.
const OVER: f64 = 1.0;
/// How strongly a metric that is optimised besides counts: by its mean relative to the dearest network's.
const BESIDES: f64 = 0.1;

/// One metric that follows from the graph.
#[derive(Clone, Debug, PartialEq)]
struct Price {
    /// What the dearest network costs.
    most: f64,
    /// How much less each option of each choice costs, other choices being those of the dearest network.
    options: Vec<Vec<f64>>,
    /// The limit, with 1 where it is the most and −1 where it is the least; none where the metric is optimised.
    limit: Option<(f64, f64)>,
    /// 1 where less is better, else −1.
    sign: f64,
}

/// All metrics of that kind that a study limits, or optimises besides what it trains for.
///
/// Prices of options are added up. That is exact for layers, and a guess where choices take each other's meaning: the
/// network that is derived is counted as it is, and keeps every limit exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prices(Vec<Price>);

impl Prices {
    /// Those of a graph with open choices.
    pub(super) fn new(graph: &Architecture, objectives: &Objectives) -> Self {
        let choices = graph.choices();
        let most_options = choices.iter().map(|c| c.options.len()).max().unwrap_or(0);
        let mut prices = Vec::new();
        for cost in &objectives.costs {
            let limits = objectives.limits.iter().filter(|limit| limit.metric == cost.name());
            let limits = limits
                .map(|limit| Some((limit.value, if limit.bound == Bound::AtMost { 1.0 } else { -1.0 })));
            let wanted = objectives.wanted.iter().filter(|o| o.name == cost.name()).map(|_| None);
            let limits: Vec<_> = limits.chain(wanted).collect();
            if limits.is_empty() {
                continue;
            }
            let of = |option: &dyn Fn(usize) -> usize| {
                let chosen = |path: &str| {
                    let at = choices.iter().position(|c| c.path == path)?;
                    Some(option(at).min(choices[at].options.len() - 1))
                };
                graph.derive(chosen).map_or(0.0, |graph| cost.measure(&graph))
            };
            let dearest = (0..most_options).max_by(|&a, &b| of(&|_| a).total_cmp(&of(&|_| b))).unwrap_or(0);
            let most = of(&|_| dearest);
            let options: Vec<Vec<f64>> = choices
                .iter()
                .enumerate()
                .map(|(at, choice)| {
                    let with = |option| of(&|other| if other == at { option } else { dearest });
                    (0..choice.options.len()).map(|option| with(option) - most).collect()
                })
                .collect();
            let sign =
                if cost.direction() == nascent_core::objective::Direction::Minimize { 1.0 } else { -1.0 };
            prices.extend(limits.into_iter().map(|limit| Price {
                most,
                options: options.clone(),
                limit,
                sign,
            }));
        }
        Self(prices)
    }

    /// What is added to the loss where options have these shares.
    fn of(&self, shares: &[Vec<f64>]) -> f64 {
        let one = |price: &Price| {
            let pairs = price.options.iter().flatten().zip(shares.iter().flatten());
            let mean = price.most + pairs.map(|(less, share)| less * share).sum::<f64>();
            match price.limit {
                Some((limit, sign)) => OVER * (sign * (mean - limit) / limit.abs().max(1e-12)).max(0.0),
                None => BESIDES * price.sign * mean / price.most.abs().max(1e-12),
            }
        };
        self.0.iter().map(one).sum()
    }

    /// The slope of that along each logit, by central differences: it is cheap and smooth.
    pub(super) fn slopes(&self, logits: &[Vec<f64>], relaxation: &Relaxation) -> Vec<Vec<f64>> {
        const STEP: f64 = 1e-4;
        let mut slopes: Vec<Vec<f64>> = logits.iter().map(|values| vec![0.0; values.len()]).collect();
        if self.0.is_empty() {
            return slopes;
        }
        let mut shares: Vec<Vec<f64>> = logits.iter().map(|values| (relaxation.shares)(values)).collect();
        for (choice, values) in logits.iter().enumerate() {
            let mut moved = values.clone();
            for option in 0..values.len() {
                let mut at = |by: f64| {
                    moved[option] = values[option] + by;
                    shares[choice] = (relaxation.shares)(&moved);
                    self.of(&shares)
                };
                slopes[choice][option] = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                moved[option] = values[option];
            }
            shares[choice] = (relaxation.shares)(values);
        }
        slopes
    }
}

#[cfg(test)]
mod tests {
    use super::super::relaxation::{DARTS, DRNAS};
    use super::*;
    use nascent_core::architecture::op::{Conv2d, GlobalAveragePool, Identity, Linear, Mixed};
    use nascent_core::architecture::{ArchitectureBuilder, Shape};
    use nascent_core::objective::Direction;

    /// Two choices between a convolution of 36 weights and nothing, and a head of 6.
    fn graph() -> Architecture {
        let mut b = ArchitectureBuilder::new(Shape::new(&[2, 4, 4]));
        let mut at = b.input();
        for i in 0..2 {
            let skip = b.add(Identity {}, &[at]).unwrap();
            let conv = b.add(Conv2d { bias: false, ..Conv2d::same(2, 3, 1) }, &[at]).unwrap();
            let options = vec!["skip".into(), "conv".into()];
            at = b.add(Mixed { path: format!("layer[{i}]"), options }, &[skip, conv]).unwrap();
        }
        let output =
            b.chain(at, [GlobalAveragePool {}.into(), Linear { features: 2, bias: true }.into()]).unwrap();
        b.finish(output).unwrap()
    }

    fn prices(limit: &str) -> Prices {
        let mut objectives = Objectives::single("accuracy", Direction::Maximize);
        objectives.limits.push(limit.parse().unwrap());
        Prices::new(&graph(), &objectives)
    }

    #[test]
    fn the_mean_of_a_limited_metric_is_that_of_the_networks() {
        let prices = prices("params<=60");
        let price = &prices.0[0];
        assert_eq!((price.most, &price.options[0][..]), (78.0, &[-36.0, 0.0][..]));
        // Half of both: 42 on the mean, which is allowed; all of both: 78, of which 18 are too many.
        let shares = |conv: f64| vec![vec![1.0 - conv, conv]; 2];
        assert_eq!(prices.of(&shares(0.5)), 0.0);
        assert!((prices.of(&shares(1.0)) - 18.0 / 60.0).abs() < 1e-12);
        assert!((self::prices("params>=60").of(&shares(0.0)) - 54.0 / 60.0).abs() < 1e-12);
    }

    #[test]
    fn logits_move_away_from_what_is_too_dear() {
        let prices = prices("params<=20");
        for relaxation in [&DARTS, &DRNAS] {
            let slopes = prices.slopes(&[vec![0.0, 0.0], vec![0.0, 1.0]], relaxation);
            assert!(slopes.iter().all(|s| s[0] < 0.0 && s[1] > 0.0), "{slopes:?}");
        }
        let kept = self::prices("params<=100").slopes(&[vec![0.0, 0.0], vec![0.0, 1.0]], &DARTS);
        assert_eq!(kept, [[0.0, 0.0], [0.0, 0.0]]);
    }
}
