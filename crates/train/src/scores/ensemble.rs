use super::{Score, jacov, nwot, synflow};

/// The scores that [`ensemble`] is made of unless others are named: what they look at differs, and none looks at answers.
pub static ENSEMBLE: [&Score; 3] = [&nwot::SCORE, &jacov::SCORE, &synflow::SCORE];

/// The mean rank of each network over several scores, from 0 for the last of all to 1 for the first; networks of equal score
/// share the mean of their ranks.
///
/// `columns` holds one score after another, with a number for each network.
#[must_use]
pub fn ensemble(columns: &[Vec<f64>]) -> Vec<f64> {
    let networks = columns.first().map_or(0, Vec::len);
    let mut sum = vec![0.0; networks];
    for column in columns {
        for (sum, rank) in sum.iter_mut().zip(nascent_core::statistics::ranks(column)) {
            *sum += (rank - 1.0) / (networks as f64 - 1.0).max(1.0);
        }
    }
    sum.iter().map(|s| s / columns.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_all_scores_has_one_and_equals_share() {
        let found = ensemble(&[vec![1.0, 2.0, 3.0], vec![5.0, 5.0, 9.0]]);
        assert_eq!(found, [0.125, 0.375, 1.0]);
        assert!(ensemble(&[]).is_empty());
        assert_eq!(ensemble(&[vec![4.0]]), [0.0]);
    }
}
