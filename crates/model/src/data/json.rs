//! JSON data files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde_json::Value;

use super::{Row, Source};
use crate::{ModelError, Result};

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Row>> {
    let value: Value = serde_json::from_reader(BufReader::new(source.open()?))
        .map_err(|error| source.format(format!("not valid JSON: {error}")))?;
    match &value {
        Value::Array(rows) => array(source, rows),
        Value::Object(object) => match (object.get("inputs"), object.get("input_data")) {
            (Some(Value::Array(rows)), _) => array(source, rows),
            (Some(Value::Object(named)), _) => by_name(source, named),
            (None, Some(Value::Array(lists))) => ezkl(source, lists),
            (None, None) => by_name(source, object),
            _ => Err(source
                .format("`inputs` or `input_data` is not an array; expected an array of rows")),
        },
        _ => {
            Err(source
                .format("expected an array of rows or an object with `inputs` or `input_data`"))
        }
    }
}

fn array(source: &Source<'_>, rows: &[Value]) -> Result<Vec<Row>> {
    // As pandas writes records.
    if !rows.is_empty() && rows.iter().all(Value::is_object) {
        return records(source, rows);
    }
    // A single row need not be wrapped in a list of rows.
    if !rows.is_empty() && rows.iter().all(|value| !value.is_array()) {
        let mut flat = Vec::new();
        rows.iter()
            .try_for_each(|value| flatten(source, (0, None), value, &mut flat))?;
        return Ok(vec![source.split(0, &flat)?]);
    }
    rows.iter()
        .enumerate()
        .map(|(row, value)| {
            let mut flat = Vec::new();
            flatten(source, (row, None), value, &mut flat)?;
            source.split(row, &flat)
        })
        .collect()
}

/// One object per row, its values by the inputs' names.
fn records(source: &Source<'_>, rows: &[Value]) -> Result<Vec<Row>> {
    let row = |(row, value): (usize, &Value)| {
        let mut flat = Vec::new();
        for spec in source.specs {
            let found = value.get(&spec.name).ok_or_else(|| {
                source.format(format!(
                    "row {row} has no `{}`; expected an object with {}",
                    spec.name,
                    source.names()
                ))
            })?;
            flatten(source, (row, None), found, &mut flat)?;
        }
        source.split(row, &flat)
    };
    rows.iter().enumerate().map(row).collect()
}

fn by_name(source: &Source<'_>, named: &serde_json::Map<String, Value>) -> Result<Vec<Row>> {
    let columns = source.specs.iter().enumerate().map(|(input, spec)| {
        let value = named.get(&spec.name).ok_or_else(|| {
            source.format(format!(
                "input `{}` is missing; expected `inputs`, `input_data` or {}",
                spec.name,
                source.names()
            ))
        })?;
        let mut flat = Vec::new();
        match value {
            Value::Array(rows) if rows.iter().any(Value::is_array) => {
                for (row, value) in rows.iter().enumerate() {
                    let before = flat.len();
                    flatten(source, (row, Some(input)), value, &mut flat)?;
                    let found = flat.len() - before;
                    // A multi-dimensional input of a single row looks like several short rows.
                    if found != spec.len && rows.len() * found != spec.len {
                        return Err(source.length(row, &spec.name, spec.len, found));
                    }
                }
            }
            value => flatten(source, (0, Some(input)), value, &mut flat)?,
        }
        Ok(flat)
    });
    source.zip(columns.collect::<Result<_>>()?)
}

/// One flat list per input, possibly several rows long; or one list per row, which for one input is
/// the usual form of several rows, and for several inputs holds all their values.
fn ezkl(source: &Source<'_>, lists: &[Value]) -> Result<Vec<Row>> {
    if source.specs.len() == 1 && lists.len() != 1 {
        return array(source, lists);
    }
    let total = source.total();
    let whole = |list: &Value| count(list) == total;
    let of_inputs = |lists: &[Value]| {
        let mut each = source.specs.iter().zip(lists);
        lists.len() == source.specs.len()
            && each.all(|(spec, list)| count(list).is_multiple_of(spec.len.max(1)))
    };
    if !of_inputs(lists) && !lists.is_empty() && lists.iter().all(whole) {
        return array(source, lists);
    }
    if lists.len() != source.specs.len() {
        return Err(source.format(format!(
            "`input_data` holds {} lists, expected one per input: {}",
            lists.len(),
            source.names()
        )));
    }
    let columns = lists.iter().enumerate().map(|(input, list)| {
        let mut flat = Vec::new();
        flatten(source, (0, Some(input)), list, &mut flat)?;
        Ok(flat)
    });
    source.zip(columns.collect::<Result<_>>()?)
}

/// How many values each list of EZKL's `input_data` holds: all that one inference takes of an input.
/// `None` for a file of another kind or one that cannot be read.
pub fn list_lengths(path: &Path) -> Option<Vec<usize>> {
    let json = path.extension()?.eq_ignore_ascii_case("json");
    let file = json.then(|| File::open(path).ok()).flatten()?;
    let value: Value = serde_json::from_reader(BufReader::new(file)).ok()?;
    let lists = value.get("input_data")?.as_array()?;
    let lists = lists
        .iter()
        .map(|list| list.is_array().then(|| count(list)));
    lists.collect()
}

/// How many values lie in it, however nested.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(count).sum(),
        _ => 1,
    }
}

/// A row, and which input's values are read; nothing if those of all.
type Place = (usize, Option<usize>);

/// The input that the next value is of, and where in it.
fn next_place(source: &Source<'_>, (_, input): Place, read: usize) -> (usize, usize) {
    match input {
        Some(input) => {
            let len = source.specs.get(input).map_or(1, |spec| spec.len.max(1));
            (input, read % len)
        }
        None => source.place(read),
    }
}

fn flatten(source: &Source<'_>, place: Place, value: &Value, into: &mut Vec<f64>) -> Result<()> {
    let (input, position) = next_place(source, place, into.len());
    let spec = source.specs.get(input);
    let number = match value {
        Value::Array(values) => {
            let mut values = values.iter();
            return values.try_for_each(|value| flatten(source, place, value, into));
        }
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        // A category; or a number, which EZKL writes as a string now and then.
        Value::String(text) => spec
            .and_then(|spec| spec.number(text))
            .or_else(|| text.trim().parse().ok()),
        Value::Null if source.may_miss() => Some(f64::NAN),
        value => value.as_f64(),
    };
    let Some(number) = number else {
        return Err(ModelError::DataValue {
            path: source.path.into(),
            row: place.0,
            input: source.input_name(input),
            position,
            value: if value.is_null() {
                "null, a missing value".into()
            } else {
                value.to_string()
            },
        });
    };
    into.push(number);
    Ok(())
}
