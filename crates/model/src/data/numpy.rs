//! NumPy data files.

use std::fs::File;
use std::io::{BufReader, Seek};

use ndarray::{ArrayD, IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpzError, ReadableElement};

use super::{InputSpec, Row, Source};
use crate::Result;

pub(super) fn read_npy(source: &Source<'_>) -> Result<Vec<Row>> {
    let mut file = BufReader::new(source.open()?);
    let flat = any_type(source, "the array", |element| {
        file.rewind().map_err(ReadNpyError::Io)?;
        element.npy(&mut file)
    })?;
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
    let invalid = |error: ReadNpzError| source.format(format!("not a valid .npz file: {error}"));
    let mut archive = NpzReader::new(BufReader::new(source.open()?)).map_err(invalid)?;
    let names = archive.names().map_err(invalid)?;
    let columns = source.specs.iter().map(|spec| {
        let name = match (names.as_slice(), source.specs) {
            (names, _) if names.contains(&spec.name) => spec.name.as_str(),
            ([only], [_]) => only,
            // Labels often lie beside the inputs, or are a second one.
            (names, [first, ..]) if first.name == spec.name && names.iter().any(|name| name == "x") => {
                "x"
            }
            _ => {
                return Err(source.format(format!(
                    "holds the arrays {}, none of them called `{}`; expected one array per input, named like it",
                    names.join(", "),
                    spec.name
                )));
            }
        };
        let flat = any_type(source, name, |element| element.npz(&mut archive, name))?;
        rows_of(source, spec, flat)
    });
    source.zip(columns.collect::<Result<_>>()?)
}

struct Flat {
    shape: Vec<usize>,
    values: Vec<f64>,
}

/// Checks that the first axis counts rows, or that the whole array is one row.
fn rows_of(source: &Source<'_>, spec: &InputSpec, flat: Flat) -> Result<Vec<f64>> {
    let rows = flat.shape.first().copied().unwrap_or(1).max(1);
    if flat.values.len() == spec.len || flat.values.len() == rows * spec.len {
        return Ok(flat.values);
    }
    Err(source.length(0, &spec.name, spec.len, flat.values.len() / rows))
}

/// The element types read, each tried in turn.
#[derive(Clone, Copy)]
enum Element {
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl Element {
    const ALL: [Self; 11] = [
        Self::F32,
        Self::F64,
        Self::I64,
        Self::I32,
        Self::U8,
        Self::I8,
        Self::I16,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::Bool,
    ];

    fn npy(self, file: &mut BufReader<File>) -> Result<Flat, ReadNpyError> {
        fn read<T: ReadableElement + Clone>(
            file: &mut BufReader<File>,
            to: fn(T) -> f64,
        ) -> Result<Flat, ReadNpyError> {
            use ndarray_npy::ReadNpyExt;
            ArrayD::<T>::read_npy(file).map(|array| flat(array, to))
        }
        match self {
            Self::F32 => read::<f32>(file, f64::from),
            Self::F64 => read::<f64>(file, |v| v),
            Self::I8 => read::<i8>(file, f64::from),
            Self::I16 => read::<i16>(file, f64::from),
            Self::I32 => read::<i32>(file, f64::from),
            Self::I64 => read::<i64>(file, |v| v as f64),
            Self::U8 => read::<u8>(file, f64::from),
            Self::U16 => read::<u16>(file, f64::from),
            Self::U32 => read::<u32>(file, f64::from),
            Self::U64 => read::<u64>(file, |v| v as f64),
            Self::Bool => read::<bool>(file, |v| f64::from(u8::from(v))),
        }
    }

    fn npz(
        self,
        archive: &mut NpzReader<BufReader<File>>,
        name: &str,
    ) -> Result<Flat, ReadNpyError> {
        fn read<T: ReadableElement + Clone>(
            archive: &mut NpzReader<BufReader<File>>,
            name: &str,
            to: fn(T) -> f64,
        ) -> Result<Flat, ReadNpyError> {
            match archive.by_name::<OwnedRepr<T>, IxDyn>(name) {
                Ok(array) => Ok(flat(array, to)),
                Err(ReadNpzError::Npy(error)) => Err(error),
                Err(error) => Err(ReadNpyError::Io(std::io::Error::other(error.to_string()))),
            }
        }
        match self {
            Self::F32 => read::<f32>(archive, name, f64::from),
            Self::F64 => read::<f64>(archive, name, |v| v),
            Self::I8 => read::<i8>(archive, name, f64::from),
            Self::I16 => read::<i16>(archive, name, f64::from),
            Self::I32 => read::<i32>(archive, name, f64::from),
            Self::I64 => read::<i64>(archive, name, |v| v as f64),
            Self::U8 => read::<u8>(archive, name, f64::from),
            Self::U16 => read::<u16>(archive, name, f64::from),
            Self::U32 => read::<u32>(archive, name, f64::from),
            Self::U64 => read::<u64>(archive, name, |v| v as f64),
            Self::Bool => read::<bool>(archive, name, |v| f64::from(u8::from(v))),
        }
    }
}

fn flat<T: Clone>(array: ArrayD<T>, to: fn(T) -> f64) -> Flat {
    // `iter` is in logical order, whatever the memory order of the file.
    Flat {
        shape: array.shape().to_vec(),
        values: array.iter().cloned().map(to).collect(),
    }
}

fn any_type(
    source: &Source<'_>,
    name: &str,
    mut read: impl FnMut(Element) -> Result<Flat, ReadNpyError>,
) -> Result<Flat> {
    for element in Element::ALL {
        match read(element) {
            Ok(flat) => return Ok(flat),
            Err(ReadNpyError::WrongDescriptor(_)) => {}
            Err(error) => return Err(source.format(format!("{name} cannot be read: {error}"))),
        }
    }
    Err(source.format(format!(
        "{name} does not hold numbers; expected float32, float64, an integer type or bool"
    )))
}
