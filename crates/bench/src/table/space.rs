use super::Column;
use super::lookup::{Lookup, Member, Tree};
use crate::error::BenchError;
use nascent_core::architecture::Shape;
use nascent_core::question::{Path, Question, Scale};
use nascent_core::{Chooser, Space, SpaceError};
use nascent_spaces::{ColumnQuestion, Columns, Nb101, Nb101Cell, Nb201Params};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// How the columns of a table give decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SpaceDescription {
    /// The space nb201 as published; each column is the operation on an edge, by its published number.
    Nb201 {
        /// The columns, in the order of the edges.
        columns: Vec<String>,
    },
    /// The space nb101; three columns hold the number of vertices, the edges and the operations of a cell.
    Nb101 {
        /// The three columns.
        columns: Vec<String>,
    },
    /// Every column is a question, and the rows are the space.
    Columns {
        /// The columns, in the order asked.
        questions: Vec<ColumnDescription>,
    },
}

/// A column that is a question; its values are numbers of options, and none where it is not asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDescription {
    /// The column.
    pub column: String,
    /// The question's place; that of the column's name unless said otherwise.
    pub path: String,
    /// Whether the options have an order.
    pub scale: Scale,
    /// The options' labels.
    pub options: Vec<String>,
}

impl SpaceDescription {
    /// The columns that hold decisions.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Nb201 { columns } | Self::Nb101 { columns } => columns.iter().map(String::as_str).collect(),
            Self::Columns { questions } => questions.iter().map(|q| q.column.as_str()).collect(),
        }
    }

    /// The space, and what finds the row of its members.
    pub(crate) fn build(
        &self,
        table: &str,
        columns: &[Column],
    ) -> Result<(Arc<dyn Space>, Lookup), BenchError> {
        let fail = |reason: String| BenchError::Input(format!("table {table}: {reason}"));
        let space: Arc<dyn Space> = match self {
            Self::Nb101 { .. } => {
                let mut cells = HashMap::new();
                for (row, cell) in self.cells(columns)?.iter().enumerate() {
                    if let Some(first) = cells.insert(cell.class(), row as u32) {
                        return Err(fail(format!("rows {first} and {row} are the same cell")));
                    }
                }
                return Ok((Arc::new(Nb101), Lookup::Cells(cells)));
            }
            Self::Nb201 { .. } => {
                let params = Nb201Params::published();
                Arc::new(params.check(&Shape::new(&[3, 32, 32]), 10).map_err(|e| fail(e.to_string()))?)
            }
            Self::Columns { questions } => {
                let asked: Vec<ColumnQuestion> = questions
                    .iter()
                    .map(|q| ColumnQuestion {
                        path: q.path.clone(),
                        scale: q.scale,
                        options: q.options.clone(),
                    })
                    .collect();
                let rows = self.answers(columns)?;
                Arc::new(Columns::new(table, &asked, &rows).map_err(|e| fail(e.to_string()))?)
            }
        };
        let mut tree = Tree::default();
        for (row, member) in self.members(&*space, columns)?.iter().enumerate() {
            if let Some(first) = tree.insert(member, row as u32) {
                return Err(fail(format!("rows {first} and {row} have the same decisions")));
            }
        }
        Ok((space, Lookup::Tree(tree)))
    }

    fn find<'c>(columns: &'c [Column], name: &str) -> Result<&'c Column, BenchError> {
        let reason = || BenchError::Input(format!("the column of decisions {name:?} is missing"));
        columns.iter().find(|c| c.name == name).ok_or_else(reason)
    }

    /// The numbers of the columns of decisions, row by row.
    fn answers(&self, columns: &[Column]) -> Result<Vec<Vec<Option<u16>>>, BenchError> {
        let names = self.columns();
        let found = names.iter().map(|n| Self::find(columns, n)).collect::<Result<Vec<_>, _>>()?;
        let rows = found.first().map_or(0, |c| c.values.len());
        let mut answers = vec![Vec::with_capacity(found.len()); rows];
        for column in found {
            for (row, value) in column.values.iter().enumerate() {
                let is_answer = value.is_nan() || value.fract() == 0.0 && (0.0..65_536.0).contains(value);
                if !is_answer {
                    return Err(BenchError::Input(format!(
                        "row {row} of the column of decisions {:?} holds {value}, which is not the number of an option",
                        column.name
                    )));
                }
                answers[row].push((!value.is_nan()).then_some(*value as u16));
            }
        }
        Ok(answers)
    }

    fn cells(&self, columns: &[Column]) -> Result<Vec<Nb101Cell>, BenchError> {
        let names = self.columns();
        let found = names.iter().map(|n| Self::find(columns, n)).collect::<Result<Vec<_>, _>>()?;
        let [vertices, edges, ops] = found[..] else {
            return Err(BenchError::Input(format!(
                "a cell of nb101 takes three columns, not {}",
                found.len()
            )));
        };
        let rows = vertices.values.iter().zip(&edges.values).zip(&ops.values).enumerate();
        rows.map(|(row, ((n, e), o))| {
            Nb101Cell::from_row(*n as u32, *e as u32, *o as u32)
                .map_err(|e| BenchError::Input(format!("row {row}: {e}")))
        })
        .collect()
    }

    /// The decisions of every row.
    pub(crate) fn members(&self, space: &dyn Space, columns: &[Column]) -> Result<Vec<Member>, BenchError> {
        let fail = |row: usize, e: SpaceError| BenchError::Input(format!("row {row}: {e}"));
        if let Self::Nb101 { .. } = self {
            let member = |(row, cell): (usize, &Nb101Cell)| {
                let decisions = Nb101.decisions(cell).map_err(|e| fail(row, e))?;
                Member::replay(space, &decisions).map_err(|e| fail(row, e))
            };
            return self.cells(columns)?.iter().enumerate().map(member).collect();
        }
        let labels = self.labels();
        let answers = self.answers(columns)?;
        let member = |(row, answers): (usize, &Vec<Option<u16>>)| {
            let mut spell = Spell { answers, labels: labels.as_deref(), next: 0 };
            Member::of(space, &mut spell).map_err(|e| fail(row, e))
        };
        answers.iter().enumerate().map(member).collect()
    }

    /// The labels of each column's options, where questions do not always offer all of them.
    fn labels(&self) -> Option<Vec<&[String]>> {
        match self {
            Self::Columns { questions } => Some(questions.iter().map(|q| q.options.as_slice()).collect()),
            _ => None,
        }
    }
}

/// Answers as a row says, column by column.
struct Spell<'a> {
    answers: &'a [Option<u16>],
    labels: Option<&'a [&'a [String]]>,
    next: usize,
}

impl Chooser for Spell<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let unanswered = || SpaceError::Unanswered { path: path.to_string() };
        while let Some(None) = self.answers.get(self.next) {
            self.next += 1;
        }
        let column = self.next;
        self.next += 1;
        let answer = usize::from(self.answers.get(column).copied().flatten().ok_or_else(unanswered)?);
        let Some(labels) = self.labels else { return Ok(answer) };
        let label = labels.get(column).and_then(|l| l.get(answer)).ok_or_else(unanswered)?;
        question.options.iter().position(|o| o == label).ok_or_else(unanswered)
    }
}
