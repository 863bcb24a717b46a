//! NumPy data files: one array, or an archive of arrays.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zip::ZipArchive;

use super::npy::{self, Flat};
use super::{InputSpec, Row, Source};
use crate::Result;

pub(super) fn read_npy(source: &Source<'_>) -> Result<Vec<Row>> {
    let file = source.open()?;
    let flat = npy::read(&mut BufReader::new(file))
        .map_err(|detail| source.format(format!("the array cannot be read: {detail}")))?;
    if let [only] = source.specs {
        return rows_of(source, only, flat).and_then(|column| source.zip(vec![column]));
    }
    // Several inputs side by side.
    let rows = flat.shape.first().copied().unwrap_or(1).max(1);
    flat.values
        .chunks(flat.values.len().div_ceil(rows).max(1))
        .enumerate()
        .map(|(i, row)| source.split(i, row))
        .collect()
}

pub(super) fn read_npz(source: &Source<'_>) -> Result<Vec<Row>> {
    let invalid = |error| source.format(format!("not a valid .npz file: {error}"));
    let mut file = BufReader::new(source.open()?);
    file.seek(SeekFrom::Start(0))
        .map_err(|error| source.format(format!("not a valid .npz file: {error}")))?;
    let mut archive = ZipArchive::new(file).map_err(invalid)?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned())
        .collect();
    let columns = source.specs.iter().enumerate().map(|(input, spec)| {
        let name = array_name(source, &names, input)?;
        let flat = member(&mut archive, &name)
            .map_err(|detail| source.format(format!("array `{name}` cannot be read: {detail}")))?;
        rows_of(source, spec, flat)
    });
    source.zip(columns.collect::<Result<_>>()?)
}

/// The names and shapes of the arrays in a .npz file, or the shape of the one in a .npy file, whose
/// name is empty. `None` for a file of another kind or one that cannot be read.
pub fn array_shapes(path: &Path) -> Option<Vec<(String, Vec<usize>)>> {
    let mut file = BufReader::new(File::open(path).ok()?);
    let is = |kind: &str| {
        path.extension()
            .is_some_and(|it| it.eq_ignore_ascii_case(kind))
    };
    if is("npy") {
        return Some(vec![(String::new(), npy::shape(&mut file).ok()?)]);
    }
    let mut archive = is("npz").then(|| ZipArchive::new(file).ok()).flatten()?;
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).ok()?;
        let name = member.name().to_owned();
        let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
        if let Ok(shape) = npy::shape(&mut member) {
            found.push((name, shape));
        }
    }
    Some(found)
}

/// Which array holds an input: the one of its name; the only one; `x`, beside which labels often
/// lie; or, where nothing was named, the one of its position.
fn array_name(source: &Source<'_>, names: &[String], input: usize) -> Result<String> {
    let spec = &source.specs[input];
    let has = |name: &str| names.iter().any(|it| it == name);
    let position = format!("arr_{input}");
    if has(&spec.name) {
        return Ok(spec.name.clone());
    }
    match names {
        [only] if source.specs.len() == 1 => Ok(only.clone()),
        _ if input == 0 && has("x") => Ok("x".into()),
        _ if input == 0 && source.specs.len() == 1 && has("X") => Ok("X".into()),
        _ if names.len() >= source.specs.len() && has(&position) => {
            source.note(format!(
                "array `{position}` is taken for input `{}`",
                spec.name
            ));
            Ok(position)
        }
        _ => Err(source.format(format!(
            "holds the arrays {}, none of them called `{}`; expected one array per input, named like it",
            names.join(", "),
            spec.name
        ))),
    }
}

fn member(archive: &mut ZipArchive<BufReader<File>>, name: &str) -> Result<Flat, String> {
    let file = format!("{name}.npy");
    let file = match archive.index_for_name(&file) {
        Some(_) => file,
        None => name.to_owned(),
    };
    let member = archive.by_name(&file).map_err(|error| error.to_string())?;
    npy::read(&mut BufReader::new(member) as &mut dyn Read)
}

/// Checks that the first axis counts rows, that the whole array is one row, or that its last axes are
/// the input's.
fn rows_of(source: &Source<'_>, spec: &InputSpec, flat: Flat) -> Result<Vec<f64>> {
    let rows = flat.shape.first().copied().unwrap_or(1).max(1);
    let of_shape = flat.shape.ends_with(&spec.shape) && !spec.shape.is_empty();
    if flat.values.len() == spec.len || flat.values.len() == rows * spec.len || of_shape {
        return Ok(flat.values);
    }
    Err(source.length(0, &spec.name, spec.len, flat.values.len() / rows))
}
