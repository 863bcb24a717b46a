//! Rows of real inputs, for calibration, inference and accuracy reports.

#[cfg(feature = "parquet")]
mod columns;
mod json;
mod npy;
mod numpy;
mod text;

pub use json::list_lengths;
pub use numpy::array_shapes;

use std::cell::RefCell;
use std::path::Path;

use crate::{ModelError, Result};

/// An input a row must provide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// The ONNX name.
    pub name: String,
    /// The ONNX shape without the batch axis.
    pub shape: Vec<usize>,
    /// Number of values.
    pub len: usize,
    /// Whether values may be missing: NaN, `null` in JSON, nothing in CSV.
    pub missing: bool,
    /// Whether its ONNX type holds whole numbers only.
    pub whole: bool,
    /// The words whose numbers the input takes, in order: a word's number is its place, and the
    /// list's length that of any other word. Empty if the input takes numbers.
    pub words: Vec<String>,
}

impl InputSpec {
    /// A word's number, for an input of words.
    fn number(&self, word: &str) -> Option<f64> {
        let place = self.words.binary_search_by(|it| it.as_str().cmp(word));
        (!self.words.is_empty()).then(|| place.unwrap_or(self.words.len()) as f64)
    }
}

/// The values of one row: `row[input][position]`, or `row[output][position]`. Real numbers unless
/// another type is named.
pub type Row<T = f64> = Vec<Vec<T>>;

/// Rows of finite real numbers that fit a model's inputs; NaN where a value is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataSet {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl DataSet {
    /// Reads a data file; its extension says which format:
    ///
    /// * `.json`: an array of rows; `{"inputs": rows}`; `{"inputs": {name: rows, …}}`; records, one
    ///   object of named values per row; or EZKL's `{"input_data": [[…], …]}`, one flat list per
    ///   input, or one list per row. Nested arrays are flattened.
    /// * `.csv`, `.tsv`: a row per line, with or without a header; several inputs side by side, or
    ///   by name where the header has all of theirs.
    /// * `.parquet`, with the feature `parquet`: a table, its columns as those of a `.csv`.
    /// * `.npy`: an array whose first axis is the row; `.npz`: one such array per input, by name,
    ///   or a single array. Of any order, and of any kind of number up to 64 bits.
    pub fn load(path: impl AsRef<Path>, specs: &[InputSpec]) -> Result<Self> {
        let path = path.as_ref();
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let source = Source::new(path, specs);
        let rows = match extension.as_str() {
            "json" => json::read(&source)?,
            "csv" | "tsv" => text::read(&source)?,
            "npy" => numpy::read_npy(&source)?,
            "npz" => numpy::read_npz(&source)?,
            #[cfg(feature = "parquet")]
            "parquet" => columns::read(&source)?,
            #[cfg(not(feature = "parquet"))]
            "parquet" => {
                return Err(source.format(
                    "this build does not read Parquet; build it with `--features parquet`, or save the table as .csv",
                ));
            }
            _ => {
                return Err(
                    source.format("unknown kind of data file; expected .json, .csv, .npy or .npz")
                );
            }
        };
        source.check(&rows)?;
        let notes = source.notes.into_inner();
        Ok(Self { rows, notes })
    }

    /// Takes rows from memory, `rows[row][input][position]`.
    pub fn from_rows(rows: Vec<Row>, specs: &[InputSpec]) -> Result<Self> {
        Source::new(Path::new("(rows in memory)"), specs).check(&rows)?;
        Ok(Self {
            rows,
            notes: Vec::new(),
        })
    }

    /// What was guessed about the file, for people: a header, columns left out.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// `rows()[row][input][position]`.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A data file and what is expected of it.
struct Source<'a> {
    path: &'a Path,
    specs: &'a [InputSpec],
    notes: RefCell<Vec<String>>,
}

impl<'a> Source<'a> {
    fn new(path: &'a Path, specs: &'a [InputSpec]) -> Self {
        Self {
            path,
            specs,
            notes: RefCell::default(),
        }
    }

    fn note(&self, note: String) {
        self.notes.borrow_mut().push(note);
    }

    /// Which input a position among all inputs' values is of, and where in it.
    fn place(&self, position: usize) -> (usize, usize) {
        let mut within = position;
        for (input, spec) in self.specs.iter().enumerate() {
            if within < spec.len {
                return (input, within);
            }
            within -= spec.len;
        }
        (self.specs.len(), within)
    }

    fn input_name(&self, input: usize) -> String {
        let spec = self.specs.get(input);
        spec.map_or_else(|| "(none)".into(), |spec| spec.name.clone())
    }

    fn format(&self, detail: impl Into<String>) -> ModelError {
        ModelError::DataFormat {
            path: self.path.into(),
            detail: detail.into(),
        }
    }

    fn open(&self) -> Result<std::fs::File> {
        std::fs::File::open(self.path).map_err(|source| ModelError::Read {
            path: self.path.into(),
            source,
        })
    }

    /// Values of all inputs together.
    fn total(&self) -> usize {
        self.specs.iter().map(|spec| spec.len).sum()
    }

    /// Whether any input may lack values; which one, `check` sees.
    fn may_miss(&self) -> bool {
        self.specs.iter().any(|spec| spec.missing)
    }

    fn names(&self) -> String {
        self.specs
            .iter()
            .map(|spec| format!("`{}`", spec.name))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn length(&self, row: usize, input: &str, expected: usize, found: usize) -> ModelError {
        ModelError::DataLength {
            path: self.path.into(),
            row,
            input: input.into(),
            expected,
            found,
        }
    }

    /// Cuts one flat row of all inputs side by side.
    fn split(&self, row: usize, flat: &[f64]) -> Result<Vec<Vec<f64>>> {
        if flat.len() != self.total() {
            let name = if let [only] = self.specs {
                only.name.clone()
            } else {
                "all inputs together".into()
            };
            return Err(self.length(row, &name, self.total(), flat.len()));
        }
        let mut rest = flat;
        Ok(self
            .specs
            .iter()
            .map(|spec| {
                let (own, others) = rest.split_at(spec.len);
                rest = others;
                own.to_vec()
            })
            .collect())
    }

    /// Turns `columns[input]`, each a flat run of whole rows, into rows.
    fn zip(&self, columns: Vec<Vec<f64>>) -> Result<Vec<Row>> {
        let mut rows: Option<usize> = None;
        for (spec, column) in self.specs.iter().zip(&columns) {
            let count = column.len() / spec.len.max(1);
            if column.len() % spec.len.max(1) != 0 {
                return Err(self.length(count, &spec.name, spec.len, column.len() % spec.len));
            }
            if rows.is_some_and(|rows| rows != count) {
                return Err(self.format(format!(
                    "input `{}` has {count} rows, the first input {}; expected the same number for each",
                    spec.name,
                    rows.unwrap_or_default()
                )));
            }
            rows = Some(count);
        }
        Ok((0..rows.unwrap_or(0))
            .map(|row| {
                let own = |(spec, column): (&InputSpec, &Vec<f64>)| {
                    column[row * spec.len..][..spec.len].to_vec()
                };
                self.specs.iter().zip(&columns).map(own).collect()
            })
            .collect())
    }

    fn check(&self, rows: &[Row]) -> Result<()> {
        for (row, inputs) in rows.iter().enumerate() {
            if inputs.len() != self.specs.len() {
                return Err(self.format(format!(
                    "row {row} has {} inputs, expected {}: {}",
                    inputs.len(),
                    self.specs.len(),
                    self.names()
                )));
            }
            for (spec, values) in self.specs.iter().zip(inputs) {
                if values.len() != spec.len {
                    return Err(self.length(row, &spec.name, spec.len, values.len()));
                }
                if let Some(position) = values
                    .iter()
                    .position(|v| !(v.is_finite() || v.is_nan() && spec.missing))
                {
                    return Err(ModelError::DataValue {
                        path: self.path.into(),
                        row,
                        input: spec.name.clone(),
                        position,
                        value: values[position].to_string(),
                    });
                }
                let part = |v: &f64| spec.whole && v.fract() != 0.0;
                if let Some(position) = values.iter().position(part) {
                    return Err(ModelError::DataPart {
                        path: self.path.into(),
                        row,
                        input: spec.name.clone(),
                        position,
                        value: values[position],
                    });
                }
            }
        }
        Ok(())
    }
}
