//! Parquet data files, in builds with the feature `parquet`.

use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::{Field, Row as Record};

use super::npy::MAX_VALUES;
use super::text::Columns;
use super::{Row, Source};
use crate::{ModelError, Result};

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Row>> {
    let broken = |error: ParquetError| source.format(format!("not a valid Parquet file: {error}"));
    let reader = SerializedFileReader::new(source.open()?).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema();
    let names: Vec<String> = schema
        .get_fields()
        .iter()
        .map(|field| field.name().to_owned())
        .collect();
    let picked = picked(source, names.clone())?;
    let mut rows = Vec::new();
    for record in reader.get_row_iter(None).map_err(broken)? {
        let record = record.map_err(broken)?;
        if (rows.len() + 1).saturating_mul(source.total()) > MAX_VALUES {
            return Err(source.format(format!("has more than {MAX_VALUES} values")));
        }
        rows.push(row(source, rows.len(), &record, &names, &picked)?);
    }
    Ok(rows)
}

/// The inputs' columns: by name where all are there, of numbers or of lists of them.
fn picked(source: &Source<'_>, names: Vec<String>) -> Result<Vec<usize>> {
    let place = |name: &str| names.iter().position(|it| it == name);
    let places = source.specs.iter().map(|spec| place(&spec.name));
    if let Some(places) = places.collect::<Option<Vec<usize>>>() {
        return Ok(places);
    }
    let all = (0..names.len()).collect();
    let columns = Columns::named(source, names)?;
    Ok(if columns.picked.is_empty() {
        all
    } else {
        columns.picked
    })
}

fn row(
    source: &Source<'_>,
    row: usize,
    record: &Record,
    names: &[String],
    picked: &[usize],
) -> Result<Row> {
    let fields: Vec<&Field> = record.get_column_iter().map(|(_, field)| field).collect();
    let mut flat = Vec::with_capacity(source.total());
    for &column in picked {
        let name = names.get(column).map(String::as_str).unwrap_or_default();
        match fields.get(column) {
            Some(field) => value(source, (row, name), field, &mut flat)?,
            None => return Err(source.format(format!("row {row} has no column `{name}`"))),
        }
    }
    source.split(row, &flat)
}

fn value(
    source: &Source<'_>,
    (row, column): (usize, &str),
    field: &Field,
    into: &mut Vec<f64>,
) -> Result<()> {
    let (input, position) = source.place(into.len());
    let spec = source.specs.get(input);
    let number = match field {
        Field::ListInternal(list) => {
            let mut elements = list.elements().iter();
            return elements.try_for_each(|it| value(source, (row, column), it, into));
        }
        Field::Str(text) => spec
            .and_then(|spec| spec.number(text))
            .or_else(|| text.trim().parse().ok()),
        Field::Bool(it) => Some(f64::from(u8::from(*it))),
        Field::Byte(it) => Some(f64::from(*it)),
        Field::Short(it) => Some(f64::from(*it)),
        Field::Int(it) => Some(f64::from(*it)),
        Field::Long(it) => Some(*it as f64),
        Field::UByte(it) => Some(f64::from(*it)),
        Field::UShort(it) => Some(f64::from(*it)),
        Field::UInt(it) => Some(f64::from(*it)),
        Field::ULong(it) => Some(*it as f64),
        Field::Float16(it) => Some(f64::from(it.to_f32())),
        Field::Float(it) => Some(f64::from(*it)),
        Field::Double(it) => Some(*it),
        Field::Null if spec.is_some_and(|spec| spec.missing) => Some(f64::NAN),
        _ => None,
    };
    if let Some(number) = number {
        into.push(number);
        return Ok(());
    }
    Err(ModelError::DataValue {
        path: source.path.into(),
        row,
        input: source.input_name(input),
        position,
        value: match field {
            Field::Null => format!("missing (column `{column}`)"),
            other => format!("{other} (column `{column}`)"),
        },
    })
}
