//! What a mistyped name was meant to be.

/// Below this similarity names have nothing to do with each other.
const SIMILAR: f64 = 0.75;

/// The most similar of some names, if any is similar at all (Jaro and Winkler's similarity).
#[must_use]
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    names
        .into_iter()
        .map(|n| (strsim::jaro_winkler(name, n), n))
        .filter(|(similarity, _)| *similarity > SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, n)| n.to_string())
}

/// `, did you mean …?` where a name is similar to a known one, else nothing: to go into an error's sentence.
#[must_use]
pub fn did_you_mean<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, names).map(|n| format!(", did you mean {n:?}?")).unwrap_or_default()
}
