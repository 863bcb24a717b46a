//! Protobuf details: files, tensors, shapes.

use std::path::Path;

use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{ModelProto, TensorProto};
use tract_onnx::prelude::Framework;

use crate::import::external;
use crate::import::functions;
use crate::import::number_types::{self, Stored};
use crate::import::shapes::MAX_CELLS;
use crate::import::values::affine::Affine;
use crate::{CompileError, Result};
use verdict_model::ModelError;

/// The file's bytes and what they decode to.
pub(crate) fn read(path: &Path) -> Result<(Vec<u8>, ModelProto)> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read {
        path: path.into(),
        source,
    })?;
    let not_onnx = |detail: String| CompileError::NotOnnx {
        path: path.into(),
        detail,
    };
    if bytes.is_empty() {
        return Err(not_onnx("the file is empty".into()));
    }
    match tract_onnx::onnx().proto_model_for_read(&mut &bytes[..]) {
        Ok(mut model) if model.graph.is_some() => {
            functions::inline(path, &mut model)?;
            Ok((bytes, model))
        }
        Ok(_) => Err(not_onnx("it holds no graph".into())),
        // Every exporter writes `ir_version`, field 1 with wire type 0, first.
        Err(error) if bytes[0] == 0x08 => Err(CompileError::TruncatedOnnx {
            path: path.into(),
            detail: format!("{error:#}"),
        }),
        Err(_) => Err(not_onnx("it is no protobuf message".into())),
    }
}

/// A constant tensor of any numeric type.
pub(crate) fn tensor(path: &Path, proto: &TensorProto) -> Result<Affine> {
    let invalid = |detail: String| CompileError::InvalidModel {
        path: path.into(),
        detail: format!(
            "constant `{}`: {detail}; export the model again",
            proto.name
        ),
    };
    let shape = proto
        .dims
        .iter()
        .map(|d| usize::try_from(*d))
        .collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| invalid(format!("negative dimension in {:?}", proto.dims)))?;
    let count = shape
        .iter()
        .try_fold(1usize, |n, d| n.checked_mul(*d))
        .filter(|n| *n <= MAX_CELLS);
    let count = count.ok_or_else(|| invalid(format!("shape {shape:?} is too large")))?;

    let external = proto.data_location == Some(DataLocation::External as i32);
    if let Some(stored) = Stored::of(proto.data_type) {
        let bits = tensor(path, &stored.bits(proto, count))?;
        let mut values = stored.values(&bits.bias);
        values.truncate(count);
        return Ok(Affine::constant(shape, values));
    }
    let size = match DataType::try_from(proto.data_type) {
        Ok(DataType::Float | DataType::Int32 | DataType::Uint32) => 4,
        Ok(DataType::Double | DataType::Int64 | DataType::Uint64) => 8,
        Ok(DataType::Int16 | DataType::Uint16) => 2,
        Ok(DataType::Int8 | DataType::Uint8 | DataType::Bool) => 1,
        _ => {
            return Err(invalid(format!(
                "its type is {}, which is not supported; expected float, another type of numbers, or bool",
                number_types::name(proto.data_type)
            )));
        }
    };
    if count == 0 {
        return Ok(Affine::constant(shape, Vec::new()));
    }
    // tract trusts the length of raw data.
    if !external && !proto.raw_data.is_empty() && proto.raw_data.len() != count * size {
        return Err(invalid(format!(
            "{} bytes of data, expected {}",
            proto.raw_data.len(),
            count * size
        )));
    }
    let directory = path
        .parent()
        .map(|parent| parent.to_string_lossy().into_owned());
    let located = match external {
        true => Some(external::located(path, proto, count * size).map_err(invalid)?),
        false => None,
    };
    let proto = located.as_ref().unwrap_or(proto);
    let loaded = tract_onnx::tensor::load_tensor(&MmapDataResolver, proto, directory.as_deref())
        .map_err(|error| invalid(format!("{error:#}")))?;
    let loaded = loaded
        .cast_to::<f64>()
        .map_err(|error| invalid(format!("{error:#}")))?;
    let values = loaded
        .to_plain_array_view::<f64>()
        .map_err(|error| invalid(format!("{error:#}")))?;
    let values: Vec<f64> = values.iter().copied().collect();
    if values.len() != count {
        return Err(invalid(format!(
            "{} values, expected {count}",
            values.len()
        )));
    }
    Ok(Affine::constant(shape, values))
}
