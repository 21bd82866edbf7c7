//! Raw input, as `predict` gets it, to inputs a network takes.

use crate::load::series::from_table;
use crate::load::tables::text_cells;
use crate::preprocessing::{Inputs, SeriesColumns, SeriesInputs, TableInputs, TextInputs};
use crate::read::{CsvForm, Source, read_idx, read_table, read_ts, refuse_foreign};
use crate::table::{Table, listed};
use crate::{DataError, Preprocessing, Resize, picture};
use std::path::{Path, PathBuf};

/// Inputs that are ready for a network, with what each is called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// What each input is called: a line, a picture's path, or a number from 1.
    pub names: Vec<String>,
    /// All inputs one after another, of the shape the network takes.
    pub inputs: Vec<f32>,
    /// What is worth saying: ignored columns, unknown categories.
    pub notes: Vec<String>,
}

/// The most bytes of plain text that are read.
const MOST_TEXT: u64 = 1 << 32;

impl Preprocessing {
    /// Reads raw input of the kind the network was trained on: a table in any format that is read, with or without the
    /// target; a `.ts` file; lines of text; a picture, a folder of pictures or an IDX file.
    ///
    /// Columns are found by name, those of files without a header by place. An unknown category has the code of rare
    /// ones, or none where there were no rare ones; a missing number is the training rows' median. Other columns are
    /// ignored, and a note says so.
    ///
    /// # Errors
    /// Where a column is missing, a cell is not of the column's type, a picture is broken or of another size and may not
    /// be resized; the error names it.
    pub fn read_inputs(&self, source: Source<'_>, resize: Resize) -> Result<Rows, DataError> {
        match &self.inputs {
            Inputs::Image(_) => self.pictures(source, resize),
            Inputs::Table(inputs) => self.table(source, inputs),
            Inputs::Series(inputs) => self.series(source, inputs),
            Inputs::Text(inputs) => self.texts(source, inputs),
            Inputs::Language(_) => Err(source.fail(
                "cannot be answered: this model continues text, with nascent generate RUN --prompt TEXT",
            )),
        }
    }

    fn table(&self, source: Source<'_>, inputs: &TableInputs) -> Result<Rows, DataError> {
        let named = Named { header: inputs.header, names: &inputs.names, target: &self.target };
        let words = inputs.words();
        let table = named.read(source, &words, &inputs.missing)?;
        let used: Vec<&str> = inputs.columns.iter().map(|c| c.name.as_str()).collect();
        let values = inputs.apply(&table)?;
        let mut notes = named.ignored(&table, &used);
        notes.extend(inputs.remarks(&table));
        Ok(Rows { names: line_names(&table.lines), inputs: values, notes })
    }

    fn series(&self, source: Source<'_>, inputs: &SeriesInputs) -> Result<Rows, DataError> {
        let (raw, lines, mut notes) = match &inputs.columns {
            Some(SeriesColumns { header, names, steps }) => {
                let named = Named { header: *header, names, target: &self.target };
                let table = named.read(source, &[], &[])?;
                let used: Vec<&str> = steps.iter().map(String::as_str).collect();
                let places: Vec<usize> =
                    used.iter().map(|name| named.place(&table, name)).collect::<Result<_, _>>()?;
                let notes = named.ignored(&table, &used);
                (from_table(&table, &places)?, table.lines, notes)
            }
            None => {
                let file = read_ts(source)?;
                (file.series, file.lines, Vec::new())
            }
        };
        if raw.channels != inputs.mean.len() {
            let reason =
                format!("has series of {} channels, the model takes {}", raw.channels, inputs.mean.len());
            return Err(source.fail(reason));
        }
        let longer = raw.lengths.iter().filter(|l| **l > inputs.steps).count();
        if longer > 0 && inputs.resample.is_none() {
            notes.push(format!("{longer} series are longer than {} steps and lose their end", inputs.steps));
        }
        Ok(Rows { names: line_names(&lines), inputs: inputs.apply(&raw), notes })
    }

    fn texts(&self, source: Source<'_>, inputs: &TextInputs) -> Result<Rows, DataError> {
        let damaged = |e: String| source.fail(format!("cannot be cut into tokens: {e}"));
        if is_table(&source, inputs)? {
            let named = Named { header: inputs.header, names: &inputs.names, target: &self.target };
            let table = named.read(source, &inputs.columns, &[])?;
            let used: Vec<&str> = inputs.columns.iter().map(String::as_str).collect();
            let places: Vec<usize> =
                used.iter().map(|name| named.place(&table, name)).collect::<Result<_, _>>()?;
            let texts = text_cells(&table, &places);
            let values = inputs.apply(texts.iter().map(AsRef::as_ref)).map_err(damaged)?;
            return Ok(Rows {
                names: line_names(&table.lines),
                inputs: values,
                notes: named.ignored(&table, &used),
            });
        }
        refuse_foreign(&source)?;
        let bytes = source.read(MOST_TEXT)?;
        let mut text = String::from_utf8(bytes).map_err(|_| {
            source.fail("is not UTF-8: convert it, for example with iconv -f latin1 -t utf-8")
        })?;
        // Carriage returns alone may end the lines.
        if !text.contains('\n') {
            text = text.replace('\r', "\n");
        }
        let lines: Vec<(usize, &str)> =
            text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return Err(source.fail("has no texts: one a line is needed"));
        }
        let values = inputs.apply(lines.iter().map(|(_, line)| *line)).map_err(damaged)?;
        let names = lines.iter().map(|(i, _)| format!("line {}", i + 1)).collect();
        Ok(Rows { names, inputs: values, notes: vec!["every line is one text".into()] })
    }

    fn pictures(&self, source: Source<'_>, resize: Resize) -> Result<Rows, DataError> {
        let mut rows = Rows::default();
        let path = match source {
            Source::Bytes { bytes, .. } => {
                rows.inputs = picture(&source.place(), bytes, self, resize)?;
                rows.names.push(source.place());
                return Ok(rows);
            }
            Source::File(path) => path,
        };
        if path.is_dir() {
            for file in picture_files(path)? {
                rows.inputs.extend(crate::read_image(&file, self, resize)?);
                rows.names.push(file.display().to_string());
            }
            if rows.names.is_empty() {
                return Err(source.fail("has no PNG or JPEG pictures"));
            }
            return Ok(rows);
        }
        if !source.start(2)?.starts_with(&[0, 0]) {
            rows.inputs = crate::read_image(path, self, resize)?;
            rows.names.push(source.place());
            return Ok(rows);
        }
        let array = read_idx(source)?;
        let shape = self.signature().shape();
        let len = shape.len() as usize;
        if array.extents.iter().skip(1).product::<usize>() != len || array.extents[0] == 0 {
            return Err(
                source.fail(format!("has pictures of {:?}, the model takes {shape}", &array.extents[1..]))
            );
        }
        rows.names = (1..=array.extents[0]).map(|i| format!("picture {i}")).collect();
        rows.inputs = array.values.into_floats();
        if let Inputs::Image(inputs) = &self.inputs {
            inputs.apply(&mut rows.inputs);
        }
        Ok(rows)
    }
}

/// The PNG and JPEG files of a folder and the folders in it, by name.
pub(crate) fn picture_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let fail = |e: std::io::Error| {
            DataError::file(&folder.display().to_string(), format!("cannot be read: {e}"))
        };
        for entry in std::fs::read_dir(&folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            // A link may lead back to where it is.
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if is_picture(&path) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file is called like a picture.
pub(crate) fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|e| ["png", "jpg", "jpeg"].contains(&e.as_str()))
}

fn line_names(lines: &[u32]) -> Vec<String> {
    lines.iter().map(|line| format!("line {line}")).collect()
}

/// Whether texts come in a table: its first line names the text columns, or it is called so.
fn is_table(source: &Source<'_>, inputs: &TextInputs) -> Result<bool, DataError> {
    let name = source.stem().to_lowercase();
    if [".csv", ".tsv", ".parquet", ".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending)) {
        return Ok(true);
    }
    let start = source.start_of_lines(1 << 16)?;
    let first = String::from_utf8_lossy(start.split(|b| *b == b'\n').next().unwrap_or(&[])).into_owned();
    let named =
        |name: &String| first.split([',', ';', '\t', '|']).any(|f| f.trim().trim_matches('"') == name);
    let json = first.trim_start().starts_with("{\"");
    Ok(json || inputs.header && inputs.columns.iter().all(named))
}

/// The columns a file should have.
struct Named<'a> {
    header: bool,
    names: &'a [String],
    target: &'a str,
}

impl Named<'_> {
    /// Reads a table; of a file without a header, the columns get the names they had in training, whether or not it has
    /// the target.
    fn read(&self, source: Source<'_>, words: &[String], missing: &[String]) -> Result<Table, DataError> {
        let form = CsvForm { header: Some(self.header), words, missing, delimiter: None };
        let table = read_table(source, &form)?;
        if self.header || table.columns.len() == self.names.len() {
            return Ok(table);
        }
        let without: Vec<&String> = self.names.iter().filter(|name| *name != self.target).collect();
        if table.columns.len() != without.len() {
            let reason = format!(
                "has {} columns and no header: the model was trained on {} columns, {} without the target",
                table.columns.len(),
                self.names.len(),
                without.len()
            );
            return Err(source.fail(reason));
        }
        let place = |name: &String| without.iter().position(|n| *n == name).map(|i| format!("column_{i}"));
        let words: Vec<String> = words.iter().filter_map(place).collect();
        let mut table = read_table(source, &CsvForm { words: &words, ..form })?;
        for (column, name) in table.columns.iter_mut().zip(without) {
            column.name.clone_from(name);
        }
        Ok(table)
    }

    fn place(&self, table: &Table, name: &str) -> Result<usize, DataError> {
        table.position(name).ok_or_else(|| {
            let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            let reason = format!("has no column {name:?}, which the model needs; it has: {}", listed(&names));
            DataError::file(&table.place, reason)
        })
    }

    /// Says which columns are not used.
    fn ignored(&self, table: &Table, used: &[&str]) -> Vec<String> {
        let others: Vec<&str> = table
            .columns
            .iter()
            .map(|c| c.name.as_str())
            .filter(|name| !used.contains(name) && *name != self.target)
            .collect();
        let mut notes = Vec::new();
        if !others.is_empty() {
            notes.push(format!("ignored columns: {}", listed(&others)));
        }
        if table.position(self.target).is_some() {
            notes.push(format!("column {:?} is what is answered, and is not looked at", self.target));
        }
        notes
    }
}
