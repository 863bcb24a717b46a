//! What the importer knows of an ONNX value: a linear map of tensors, cell by cell or plane by plane.

pub(crate) mod affine;
pub(crate) mod planes;
