//! CSV data files.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::{Row, Source};
use crate::{ModelError, Result};

/// What tables write where a value is missing; compared without regard to case.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "none", "<na>", "#n/a"];
/// How a table's column of labels is usually called; left out where it is one column too many.
const LABELS: [&str; 8] = [
    "y", "label", "labels", "target", "targets", "class", "species", "outcome",
];
/// Names of the column that numbers a table's rows, as pandas writes it.
const INDEX: [&str; 4] = ["", "unnamed: 0", "index", "__index_level_0__"];

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Row>> {
    let mut file = BufReader::new(source.open()?);
    let delimiter = delimiter(source, &mut file)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .delimiter(delimiter)
        .from_reader(file);
    let mut columns = None;
    let mut rows = Vec::new();
    let mut records = reader.records().peekable();
    while let Some(record) = records.next() {
        let record = record.map_err(|error| source.format(format!("not valid CSV: {error}")))?;
        let columns = match &mut columns {
            Some(columns) => columns,
            first => {
                let next = records.peek().and_then(|next| next.as_ref().ok());
                if is_header(source, &record, next) {
                    *first = Some(Columns::named(
                        source,
                        record.iter().map(ToOwned::to_owned).collect(),
                    )?);
                    continue;
                }
                first.insert(Columns::default())
            }
        };
        rows.push(columns.row(source, rows.len(), &record)?);
    }
    Ok(rows)
}

/// A comma, unless the first line has none but semicolons or tabs.
fn delimiter(source: &Source<'_>, file: &mut (impl Read + Seek)) -> Result<u8> {
    let broken = |error: std::io::Error| source.format(format!("cannot be read: {error}"));
    let mut start = Vec::new();
    file.take(1 << 16).read_to_end(&mut start).map_err(broken)?;
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    let comment = |line: &&[u8]| !line.is_empty() && line[0] != b'#';
    let line = start.split(|byte| *byte == b'\n').find(comment);
    let line = line.unwrap_or_default();
    let has = |byte| line.contains(&byte);
    Ok(match line {
        _ if has(b',') => b',',
        _ if has(b';') => b';',
        _ if has(b'\t') => b'\t',
        _ => b',',
    })
}

/// A cell's number, and nothing for one that is missing or no number.
fn number(field: &str) -> Option<f64> {
    match field.to_ascii_lowercase().as_str() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        text if MISSING.contains(&text) => None,
        _ => field.parse().ok(),
    }
}

fn is_missing(field: &str) -> bool {
    MISSING.contains(&field.to_ascii_lowercase().as_str())
}

/// Whether the first line names columns: it has no number at all, or it counts them, as pandas does
/// for a table whose columns have no names.
fn is_header(
    source: &Source<'_>,
    record: &csv::StringRecord,
    next: Option<&csv::StringRecord>,
) -> bool {
    if record.iter().all(|field| number(field).is_none()) {
        // A row of nothing but missing values is a row, and so is one of words where all are.
        let words = source.specs.iter().all(|spec| !spec.words.is_empty());
        return !record.iter().all(is_missing) && (!words || named_by(source, record));
    }
    let fields: Vec<&str> = record.iter().collect();
    let unnumbered = match fields.as_slice() {
        ["", rest @ ..] => rest,
        all => all,
    };
    let counts = |(at, field): (usize, &&str)| **field == at.to_string();
    if !unnumbered.iter().enumerate().all(counts) {
        return mixed_header(source, record, next);
    }
    // Zero alone is a value as often as a name; a column of decimal numbers would say 0.0.
    let decimal = |field: &str| field.contains(['.', 'e', 'E']);
    let certain = unnumbered.len() > 1 || next.is_some_and(|next| next.iter().any(decimal));
    if certain {
        source.note(format!(
            "the first line, {}, is taken for a header; if it is a row, write a header above it",
            record.iter().collect::<Vec<_>>().join(",")
        ));
    }
    certain
}

/// Whether every input's name is in the line.
fn named_by(source: &Source<'_>, record: &csv::StringRecord) -> bool {
    let mut names = source.specs.iter().map(|spec| spec.name.as_str());
    names.all(|name| record.iter().any(|it| it == name))
}

/// Names among which some look like numbers, over a line that has numbers where they have none.
fn mixed_header(
    source: &Source<'_>,
    record: &csv::StringRecord,
    next: Option<&csv::StringRecord>,
) -> bool {
    let Some(next) = next.filter(|next| next.len() == record.len()) else {
        return false;
    };
    let named = |(field, below): (&str, &str)| {
        !is_missing(field) && number(field).is_none() && number(below).is_some()
    };
    named_by(source, record)
        || record.iter().zip(next.iter()).any(named) && next.iter().all(|it| number(it).is_some())
}

/// Where the values lie.
#[derive(Default)]
pub(super) struct Columns {
    names: Vec<String>,
    /// The columns of the values in the inputs' order; all of them in theirs if there are none.
    pub(super) picked: Vec<usize>,
}

impl Columns {
    /// By the inputs' names where the header has them all, else in order, without what numbers the
    /// rows or labels them.
    pub(super) fn named(source: &Source<'_>, names: Vec<String>) -> Result<Self> {
        let total = source.total();
        let place = |name: &str| names.iter().position(|it| it == name);
        let places: Option<Vec<usize>> = source
            .specs
            .iter()
            .map(|spec| place(&spec.name).filter(|_| spec.len == 1))
            .collect();
        let left_out = |picked: &[usize]| {
            let left = (0..names.len()).filter(|column| !picked.contains(column));
            let left: Vec<String> = left.map(|column| format!("`{}`", names[column])).collect();
            if !left.is_empty() {
                source.note(format!("left out the columns {}", left.join(", ")));
            }
        };
        if let Some(picked) = places {
            left_out(&picked);
            return Ok(Self { names, picked });
        }
        if names.len() <= total {
            return Ok(Self {
                names,
                picked: Vec::new(),
            });
        }
        let called =
            |column: usize, of: &[&str]| of.contains(&names[column].to_lowercase().as_str());
        let mut picked: Vec<usize> = (0..names.len()).collect();
        let last = names.len() - 1;
        let index = [0, last].into_iter().find(|column| called(*column, &INDEX));
        picked.retain(|column| Some(*column) != index);
        if picked.len() == total + 1 {
            let label = [picked[total], picked[0]];
            let label = label.into_iter().find(|column| called(*column, &LABELS));
            picked.retain(|column| Some(*column) != label);
        }
        if picked.len() != total {
            return Err(source.format(format!(
                "has the {} columns {}; expected {total} values for {}; name the columns like the inputs, or leave out those that are no inputs",
                names.len(),
                shown(&names),
                source.names()
            )));
        }
        left_out(&picked);
        Ok(Self { names, picked })
    }

    fn row(&self, source: &Source<'_>, row: usize, record: &csv::StringRecord) -> Result<Row> {
        if !self.picked.is_empty() && record.len() != self.names.len() {
            return Err(source.format(format!(
                "{}, row {row} has {} values, expected {}, one for each column of the header",
                line_of(record),
                record.len(),
                self.names.len()
            )));
        }
        let columns: Vec<usize> = if self.picked.is_empty() {
            (0..record.len()).collect()
        } else {
            self.picked.clone()
        };
        let cell = |(position, column): (usize, &usize)| {
            let field = record.get(*column).unwrap_or_default();
            self.cell(source, (row, position, *column), field, record)
        };
        let flat = columns.iter().enumerate().map(cell);
        source.split(row, &flat.collect::<Result<Vec<_>>>()?)
    }

    fn cell(
        &self,
        source: &Source<'_>,
        (row, position, column): (usize, usize, usize),
        field: &str,
        record: &csv::StringRecord,
    ) -> Result<f64> {
        let (input, within) = source.place(position);
        let spec = source.specs.get(input);
        if let Some(number) = spec.and_then(|spec| spec.number(field)) {
            return Ok(number);
        }
        let missing = is_missing(field);
        match number(field) {
            Some(number) if number.is_finite() => return Ok(number),
            None if missing && spec.is_some_and(|spec| spec.missing) => {
                return Ok(f64::NAN);
            }
            _ => {}
        }
        let name = self
            .names
            .get(column)
            .map(|name| format!(", column `{name}`"));
        let place = format!("{}{}", line_of(record), name.unwrap_or_default());
        Err(ModelError::DataValue {
            path: source.path.into(),
            row,
            input: source.input_name(input),
            position: within,
            value: if missing {
                format!("missing ({place})")
            } else {
                format!("`{field}` ({place})")
            },
        })
    }
}

fn line_of(record: &csv::StringRecord) -> String {
    let line = record.position().map(csv::Position::line);
    line.map_or_else(|| "a line".into(), |line| format!("line {line}"))
}

/// The first names of many.
fn shown(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|it| format!("`{it}`"))
        .collect();
    if names.len() > SHOWN {
        text.push("…".into());
    }
    text.join(", ")
}
