//! The operators of ONNX's own domain, a file for each family.

pub(super) mod apply;
pub(super) mod by_constant;
pub(super) mod compare;
pub(super) mod conv_ops;
pub(super) mod embedding;
pub(super) mod functions;
pub(super) mod interpolate;
pub(super) mod linear_ops;
pub(super) mod max_pool;
pub(super) mod maximum;
pub(super) mod move_ops;
pub(super) mod norms;
pub(super) mod one_hot;
pub(super) mod plane_ops;
pub(super) mod prelu;
pub(super) mod products;
pub(super) mod resize;
pub(super) mod shape_ops;
pub(super) mod softmax;
pub(super) mod tokens;
pub(super) mod window;
