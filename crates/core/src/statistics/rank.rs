/// The rank of each number, 1 being the least; equal ones share the mean of their ranks.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let equal = order[from..].iter().take_while(|i| values[**i] == values[order[from]]).count().max(1);
        let mean = from as f64 + (equal as f64 + 1.0) / 2.0;
        order[from..from + equal].iter().for_each(|i| ranks[*i] = mean);
        from += equal;
    }
    ranks
}

/// Spearman's rank correlation of two equally long lists, from −1 to 1; `None` where one has no two different numbers.
#[must_use]
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let found = ab / (aa * bb).sqrt();
    found.is_finite().then_some(found)
}

/// Kendall's rank correlation τ-b of two equally long lists, from −1 to 1, which allows for equal numbers; `None` where one
/// has no two different numbers.
///
/// Kendall 1945, doi:10.1093/biomet/33.3.239. Time grows with the square of the length.
#[must_use]
pub fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mut agree, mut in_a, mut in_b) = (0i64, 0i64, 0i64);
    for i in 0..a.len().min(b.len()) {
        for j in 0..i {
            let sign = |x: &[f64]| i64::from(x[i] > x[j]) - i64::from(x[i] < x[j]);
            let (sign_a, sign_b) = (sign(a), sign(b));
            agree += sign_a * sign_b;
            in_a += sign_a.abs();
            in_b += sign_b.abs();
        }
    }
    let found = agree as f64 / (in_a as f64 * in_b as f64).sqrt();
    found.is_finite().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_share_a_rank() {
        assert_eq!(ranks(&[0.1, 0.3, 0.1, 0.0]), [2.5, 4.0, 2.5, 1.0]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn correlations_are_those_of_a_textbook() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]);
        // 1 - 6 · Σd² / (n (n² - 1)) with Σd² = 4; 8 pairs agree and 2 do not.
        assert!((spearman(&a, &b).unwrap() - 0.8).abs() < 1e-12);
        assert!((kendall(&a, &b).unwrap() - 0.6).abs() < 1e-12);
        assert_eq!(spearman(&a, &[7.0; 5]), None);
        assert_eq!(kendall(&[7.0; 5], &a), None);
        // One tie in b: 9 comparable pairs there, all of which agree.
        let tied = kendall(&a, &[1.0, 2.0, 3.0, 4.0, 4.0]).unwrap();
        assert!((tied - 9.0 / 90f64.sqrt()).abs() < 1e-12);
    }
}
