//! One node of constants, as tract computes it.

use tract_onnx::pb::ModelProto;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceModelExt;

use crate::float::reference::quiet::{quietly, short};

/// A tensor that tract computed.
pub(crate) struct Computed {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
    /// Its ONNX type.
    pub(crate) data_type: i32,
}

/// The outputs of a model without inputs; the error is what tract says instead.
pub(crate) fn compute(model: &ModelProto) -> Result<Vec<Computed>, String> {
    let run = || -> TractResult<Vec<Computed>> {
        let onnx = tract_onnx::onnx().with_ignore_output_shapes(true);
        let onnx = onnx.with_ignore_output_types(true);
        let plan = onnx.parse(model, None)?.model.into_typed()?;
        let outputs = plan.into_runnable()?.run(tvec![])?;
        outputs.iter().map(|output| computed(output)).collect()
    };
    quietly(run)?.map_err(|error| short(&error.to_string()))
}

fn computed(tensor: &Tensor) -> TractResult<Computed> {
    let data_type = match tensor.datum_type() {
        DatumType::Bool => DataType::Bool,
        DatumType::U8 => DataType::Uint8,
        DatumType::U16 => DataType::Uint16,
        DatumType::U32 => DataType::Uint32,
        DatumType::U64 => DataType::Uint64,
        DatumType::I8 => DataType::Int8,
        DatumType::I16 => DataType::Int16,
        DatumType::I32 => DataType::Int32,
        DatumType::I64 | DatumType::TDim => DataType::Int64,
        _ => DataType::Float,
    };
    let reals = tensor.cast_to::<f64>()?;
    let view = reals.to_plain_array_view::<f64>()?;
    Ok(Computed {
        shape: tensor.shape().to_vec(),
        values: view.iter().copied().collect(),
        data_type: data_type as i32,
    })
}
