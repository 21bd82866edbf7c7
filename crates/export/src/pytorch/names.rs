//! Names of Python from the names of parts.

use std::collections::HashSet;

/// What a part must not be called: words of the language, and what a module has already.
const TAKEN: [&str; 40] = [
    "and",
    "as",
    "assert",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "self",
    "torch",
    "nn",
    "x",
    "forward",
    "train",
    "eval",
    "parameters",
    "modules",
    "children",
    "type",
    "load",
];

/// Names that are given once.
pub(super) struct Names(HashSet<String>);

impl Default for Names {
    /// None but those of functions that `forward` calls: a variable of such a name would hide them.
    fn default() -> Self {
        Self(["pool_mean", "pool_max"].map(Into::into).into_iter().collect())
    }
}

impl Names {
    /// A name that nothing has yet, like the one wanted.
    pub fn fresh(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_string();
        let mut count = 1;
        while !self.0.insert(name.clone()) {
            count += 1;
            name = format!("{wanted}_{count}");
        }
        name
    }
}

/// The name of a part such as `stage 1 / block 2` as Python has it: `stage_1_block_2`.
pub(super) fn of_part(part: &str) -> String {
    let mut name = String::new();
    for letter in part.chars() {
        match letter.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => name.push(letter),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_end_matches('_');
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase()) && !TAKEN.contains(&name);
    if is_plain { name.into() } else { format!("part_{name}").trim_end_matches('_').into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_names_that_python_takes() {
        let cases = [
            ("stage 1 / block 2", "stage_1_block_2"),
            ("1st", "part_1st"),
            ("lambda", "part_lambda"),
            ("", "part"),
            ("Größe", "gr_e"),
            ("forward", "part_forward"),
        ];
        cases.iter().for_each(|(part, name)| assert_eq!(of_part(part), *name));
    }

    #[test]
    fn a_name_is_given_once() {
        let mut names = Names::default();
        assert_eq!([(); 3].map(|()| names.fresh("head")), ["head", "head_2", "head_3"]);
        // What the file calls is not hidden.
        assert_eq!(names.fresh("pool_mean"), "pool_mean_2");
    }
}
