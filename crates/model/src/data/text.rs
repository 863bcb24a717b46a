//! CSV data files.

use super::{Row, Source};
use crate::{ModelError, Result};

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(source.open()?);
    let mut rows = Vec::new();
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|error| source.format(format!("not valid CSV: {error}")))?;
        // A first line of names, none of them a number, is a header.
        if line == 0 && record.iter().all(|field| field.parse::<f64>().is_err()) {
            continue;
        }
        let row = rows.len();
        let flat = record
            .iter()
            .enumerate()
            .map(|(position, field)| {
                if field.is_empty() && source.may_miss() {
                    return Ok(f64::NAN);
                }
                field.parse::<f64>().map_err(|_| ModelError::DataValue {
                    path: source.path.into(),
                    row,
                    input: source
                        .specs
                        .first()
                        .map(|spec| spec.name.clone())
                        .unwrap_or_default(),
                    position,
                    value: format!("`{field}`"),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        rows.push(source.split(row, &flat)?);
    }
    Ok(rows)
}
