//! Constants of which a file states the cells that are not zero.

use std::path::Path;

use tract_onnx::pb::SparseTensorProto;

use crate::import::proto;
use crate::import::values::affine::Affine;
use crate::{CompileError, Result};

/// More cells than this, in all such constants of a file, are not written out: a few bytes could
/// stand for all of a machine's memory.
pub(crate) const MAX_CELLS: usize = 1 << 24;

/// The constant's name and its cells, zeros included, of which there may be up to `room`.
pub(crate) fn tensor(
    path: &Path,
    proto: &SparseTensorProto,
    room: usize,
) -> Result<(String, Affine)> {
    let values = proto.values.as_ref();
    let name = values.map_or("", |values| values.name.as_str());
    let invalid = |detail: String| CompileError::InvalidModel {
        path: path.into(),
        detail: format!("sparse constant `{name}`: {detail}; export the model again"),
    };
    let (Some(values), Some(indices)) = (&proto.values, &proto.indices) else {
        return Err(invalid("its values or their places are missing".into()));
    };
    let (values, indices) = (proto::tensor(path, values)?, proto::tensor(path, indices)?);
    let shape: Option<Vec<usize>> = proto
        .dims
        .iter()
        .map(|d| usize::try_from(*d).ok())
        .collect();
    let shape = shape.ok_or_else(|| invalid(format!("negative dimension in {:?}", proto.dims)))?;
    let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    let count = count.filter(|count| *count <= room).ok_or_else(|| {
        invalid(format!(
            "with its zeros its shape {shape:?} has more cells than the {room} that are left of {MAX_CELLS} for all such constants"
        ))
    })?;
    // Places are numbers of cells, or coordinates.
    let width = match indices.shape[..] {
        [cells] if cells == values.len() => 1,
        [cells, width] if cells == values.len() && width == shape.len() => width,
        _ => {
            return Err(invalid(format!(
                "{} values do not fit places of shape {:?}",
                values.len(),
                indices.shape
            )));
        }
    };
    let mut dense = vec![0.0; count];
    for (value, place) in values.bias.iter().zip(indices.bias.chunks(width.max(1))) {
        let cell = match place {
            [cell] if indices.shape.len() == 1 => within(*cell, count),
            place => {
                let mut axes = place.iter().zip(&shape);
                axes.try_fold(0, |cell, (at, length)| {
                    Some(cell * length + within(*at, *length)?)
                })
            }
        };
        let cell = cell
            .ok_or_else(|| invalid(format!("place {place:?} lies outside of shape {shape:?}")))?;
        dense[cell] = *value;
    }
    Ok((name.to_owned(), Affine::constant(shape, dense)))
}

/// A whole number below `length`.
fn within(number: f64, length: usize) -> Option<usize> {
    let fits = number >= 0.0 && number < length as f64 && number.fract() == 0.0;
    fits.then_some(number as usize)
}
