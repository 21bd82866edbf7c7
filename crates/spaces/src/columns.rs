//! A space that is nothing but the rows of a table: one question a column.

use nascent_core::question::{Label, Path, Question, Scale, Topic};
use nascent_core::{Candidate, Chooser, Settings, Space, SpaceError};
use std::collections::HashMap;
use std::ops::Range;

/// A column of decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnQuestion {
    /// Where it is asked, such as `op` or `edge[2]`.
    pub path: String,
    /// Whether the options have an order.
    pub scale: Scale,
    /// The options' labels; 1 to 65,536.
    pub options: Vec<String>,
}

/// The space whose members are the rows of a table, and no others.
///
/// Questions are asked in the order of the columns. Where a table does not hold every combination, a question offers
/// the options that lead to some row, and one that is empty in all rows left is not asked. Its networks are known from
/// the table alone, so they cannot be drawn.
#[derive(Clone, Debug)]
pub struct Columns {
    name: String,
    places: Vec<Place>,
    scales: Vec<Scale>,
    nodes: Vec<Node>,
    children: Vec<u32>,
    offers: Vec<Vec<Label>>,
}

/// A path of one name, with a number where it ends in one.
#[derive(Clone, Debug)]
struct Place {
    name: String,
    index: Option<u32>,
}

/// A question as it is asked after certain answers.
#[derive(Clone, Copy, Debug)]
struct Node {
    question: u32,
    offer: u32,
    first_child: u32,
}

/// Beyond all nodes: a row.
const ROW: u32 = u32::MAX;

/// Why rows make no space.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnsError {
    /// Two rows have the same decisions.
    #[error(
        "rows {first} and {second} have the same decisions: every row needs its own; average them, or add a column"
    )]
    SameRow {
        /// One of them, counted from 0.
        first: usize,
        /// The other.
        second: usize,
    },
    /// A question that is asked in one row and not in another, with nothing before it to tell which.
    #[error(
        "column {column:?} is empty in row {empty} but not in row {filled}, and the columns before it are the same: \
         put the column that decides first, or fill it"
    )]
    SometimesEmpty {
        /// The column.
        column: String,
        /// A row without a value.
        empty: usize,
        /// A row with one.
        filled: usize,
    },
    /// A question without options, or with too many.
    #[error("column {column:?} has {options} different values: 1 to 65536 are allowed")]
    Options {
        /// The column.
        column: String,
        /// How many it has.
        options: usize,
    },
    /// No rows, or no columns.
    #[error("a table needs at least one row and one column of decisions")]
    Empty,
}

impl Columns {
    /// The space of these rows: for each, the option of each question, `None` where it was not asked.
    ///
    /// # Errors
    /// Where two rows are the same, or a question is asked in one of two rows that agree so far.
    pub fn new(
        name: impl Into<String>,
        questions: &[ColumnQuestion],
        rows: &[Vec<Option<u16>>],
    ) -> Result<Self, ColumnsError> {
        if rows.is_empty() || questions.is_empty() {
            return Err(ColumnsError::Empty);
        }
        if let Some(q) = questions.iter().find(|q| q.options.is_empty() || q.options.len() > 1 << 16) {
            return Err(ColumnsError::Options { column: q.path.clone(), options: q.options.len() });
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| rows[a].cmp(&rows[b]));
        let mut plant = Plant {
            questions,
            rows,
            order: &order,
            offers: HashMap::new(),
            space: Self {
                name: name.into(),
                places: questions.iter().map(|q| place(&q.path)).collect(),
                scales: questions.iter().map(|q| q.scale).collect(),
                nodes: Vec::new(),
                children: Vec::new(),
                offers: Vec::new(),
            },
        };
        plant.grow(0..rows.len(), 0)?;
        Ok(plant.space)
    }
}

fn place(path: &str) -> Place {
    let numbered = path
        .strip_suffix(']')
        .and_then(|p| p.split_once('['))
        .and_then(|(name, n)| Some((name, n.parse().ok()?)));
    match numbered {
        Some((name, index)) => Place { name: name.into(), index: Some(index) },
        None => Place { name: path.into(), index: None },
    }
}

impl Place {
    fn path(&self) -> Path<'_> {
        let path = Path::new(&self.name);
        self.index.map_or(path, |i| path.at(i))
    }
}

/// Grows the tree of questions.
struct Plant<'a> {
    questions: &'a [ColumnQuestion],
    rows: &'a [Vec<Option<u16>>],
    order: &'a [usize],
    offers: HashMap<(usize, Vec<u16>), u32>,
    space: Columns,
}

impl Plant<'_> {
    /// The node for the sorted rows of a range, from a column on.
    fn grow(&mut self, range: Range<usize>, mut column: usize) -> Result<u32, ColumnsError> {
        let answer = |i: usize, column: usize| self.rows[self.order[i]].get(column).copied().flatten();
        // Rows are sorted, so that empty ones come first.
        while column < self.questions.len() && answer(range.end - 1, column).is_none() {
            column += 1;
        }
        if column == self.questions.len() {
            return match range.len() {
                1 => Ok(ROW),
                _ => Err(ColumnsError::SameRow {
                    first: self.order[range.start].min(self.order[range.start + 1]),
                    second: self.order[range.start].max(self.order[range.start + 1]),
                }),
            };
        }
        if answer(range.start, column).is_none() {
            return Err(ColumnsError::SometimesEmpty {
                column: self.questions[column].path.clone(),
                empty: self.order[range.start],
                filled: self.order[range.end - 1],
            });
        }
        let mut groups: Vec<(u16, Range<usize>)> = Vec::new();
        for i in range {
            let Some(option) = answer(i, column) else { continue };
            match groups.last_mut() {
                Some((last, group)) if *last == option => group.end = i + 1,
                _ => groups.push((option, i..i + 1)),
            }
        }
        let offer = self.offer(column, groups.iter().map(|(option, _)| *option).collect())?;
        let node = self.space.nodes.len();
        let first_child = self.space.children.len();
        self.space.nodes.push(Node { question: column as u32, offer, first_child: first_child as u32 });
        self.space.children.resize(first_child + groups.len(), ROW);
        for (i, (_, group)) in groups.into_iter().enumerate() {
            self.space.children[first_child + i] = self.grow(group, column + 1)?;
        }
        Ok(node as u32)
    }

    /// The number of these options of a question among all that are offered anywhere.
    fn offer(&mut self, column: usize, options: Vec<u16>) -> Result<u32, ColumnsError> {
        if let Some(&known) = self.offers.get(&(column, options.clone())) {
            return Ok(known);
        }
        let question = &self.questions[column];
        let label = |option: &u16| question.options.get(usize::from(*option)).cloned().map(Label::Owned);
        let labels: Option<Vec<Label>> = options.iter().map(label).collect();
        let labels = labels.ok_or_else(|| ColumnsError::Options {
            column: question.path.clone(),
            options: question.options.len(),
        })?;
        let number = self.space.offers.len() as u32;
        self.space.offers.push(labels);
        self.offers.insert((column, options), number);
        Ok(number)
    }
}

impl Space for Columns {
    fn name(&self) -> &str {
        &self.name
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let mut at = 0;
        while at != ROW {
            let node = self.nodes[at as usize];
            let question = node.question as usize;
            let options = &self.offers[node.offer as usize];
            let asked = Question { scale: self.scales[question], topic: Topic::Architecture, options };
            let path = self.places[question].path();
            let answer = chooser.choose(path, &asked)?;
            if answer >= options.len() {
                return Err(SpaceError::OutOfRange {
                    path: path.to_string(),
                    answer,
                    options: options.len(),
                });
            }
            at = self.children[node.first_child as usize + answer];
        }
        let undrawn = || {
            Err(SpaceError::Parameter(
                "the networks of a table of columns are known by their rows alone and cannot be drawn; \
                 use a metric that is a column"
                    .into(),
            ))
        };
        Ok(Candidate { settings: Settings::default(), draw: Box::new(undrawn) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::{Count, Enumerate, count, describe};

    fn question(path: &str, options: &[&str]) -> ColumnQuestion {
        let options = options.iter().map(ToString::to_string).collect();
        ColumnQuestion { path: path.into(), scale: Scale::Categorical, options }
    }

    #[test]
    fn the_members_are_the_rows() {
        let questions = [
            question("kind", &["a", "b"]),
            question("size[3]", &["1", "2", "3"]),
            question("end", &["x", "y"]),
        ];
        let rows: Vec<Vec<Option<u16>>> = vec![
            vec![Some(1), None, Some(0)],
            vec![Some(0), Some(2), Some(1)],
            vec![Some(0), Some(0), Some(0)],
            vec![Some(1), None, Some(1)],
            vec![Some(0), Some(2), Some(0)],
        ];
        let space = Columns::new("t", &questions, &rows).unwrap();
        assert_eq!(count(&space).unwrap(), Count::Exact(5));
        let mut members: Vec<String> = Enumerate::new(&space)
            .map(|d| {
                let answers = describe(&space, &d.unwrap()).unwrap();
                answers.iter().map(|a| format!("{}={}", a.path, a.label)).collect::<Vec<_>>().join(" ")
            })
            .collect();
        members.sort();
        let expected = [
            "kind=a size[3]=1 end=x",
            "kind=a size[3]=3 end=x",
            "kind=a size[3]=3 end=y",
            "kind=b end=x",
            "kind=b end=y",
        ];
        assert_eq!(members, expected);
    }

    #[test]
    fn rows_that_are_no_space_are_named() {
        let questions = [question("kind", &["a", "b"]), question("size", &["1", "2"])];
        let error = |rows: &[Vec<Option<u16>>]| Columns::new("t", &questions, rows).unwrap_err().to_string();
        assert!(
            error(&[vec![Some(0), Some(0)], vec![Some(1), Some(0)], vec![Some(0), Some(0)]])
                .contains("rows 0 and 2")
        );
        assert!(error(&[vec![Some(0), Some(0)], vec![Some(0), None]]).contains("\"size\" is empty in row 1"));
        assert!(error(&[]).contains("at least one row"));
        assert!(error(&[vec![Some(0), Some(7)]]).contains("\"size\""));
    }
}
