//! The rotation of queries and keys by their step (Su et al. 2021, arXiv:2104.09864).

/// Turns the pairs of channels of one head of queries or keys, numbers `pair` and `pair + pairs`, by the cosine and the sine of
/// each pair's angle.
#[inline]
pub(crate) fn rotate(head: &mut [f32], angles: impl Iterator<Item = [f32; 2]>) {
    let (first, second) = head.split_at_mut(head.len() / 2);
    for ((a, b), [cosine, sine]) in first.iter_mut().zip(second).zip(angles) {
        (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
    }
}
