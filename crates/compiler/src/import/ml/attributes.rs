//! Attributes of the `ai.onnx.ml` operators: long lists of numbers and words.

use tract_onnx::pb::tensor_proto::DataType;

use crate::Result;
use crate::import::node::Node;
use crate::import::proto;
use crate::import::values::affine::Affine;

/// A list of real numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reals {
    pub(crate) values: Vec<f64>,
    /// Whether they are 64-bit numbers; attributes proper are 32-bit ones.
    pub(crate) double: bool,
}

/// Attribute `name`, or the tensor in attribute `name_as_tensor`; empty if there is neither.
pub(crate) fn reals(node: &Node<'_>, name: &str) -> Result<Reals> {
    let plain = node
        .raw(name)
        .filter(|attribute| !attribute.floats.is_empty());
    if let Some(attribute) = plain {
        return Ok(Reals {
            values: attribute.floats.iter().map(|v| f64::from(*v)).collect(),
            double: false,
        });
    }
    tensor(node, &format!("{name}_as_tensor"))
}

/// The tensor in attribute `name`; empty if there is none.
pub(crate) fn tensor(node: &Node<'_>, name: &str) -> Result<Reals> {
    let Some(proto) = node.raw(name).and_then(|attribute| attribute.t.as_ref()) else {
        return Ok(Reals::default());
    };
    Ok(Reals {
        values: proto::tensor(node.path, proto)?.bias,
        double: proto.data_type == DataType::Double as i32,
    })
}

/// Attribute `name`; empty if there is none.
pub(crate) fn ints(node: &Node<'_>, name: &str) -> Vec<i64> {
    node.ints(name).unwrap_or_default()
}

/// Attribute `name`; empty if there is none.
pub(crate) fn strings(node: &Node<'_>, name: &str) -> Vec<String> {
    let words = node
        .raw(name)
        .map_or(&[][..], |attribute| &attribute.strings);
    words
        .iter()
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Attribute `name`, or `default`.
pub(crate) fn string(node: &Node<'_>, name: &str, default: &str) -> String {
    node.raw(name).map_or(default.to_owned(), |attribute| {
        String::from_utf8_lossy(&attribute.s).into_owned()
    })
}

/// `values`, which must be finite.
pub(crate) fn finite(node: &Node<'_>, name: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(position) => Err(node.invalid(format!(
            "attribute `{name}` holds {} at position {position}, expected finite numbers; check the training run and export again",
            values[position]
        ))),
    }
}

/// `list`, whose length must be `expected`.
pub(crate) fn length(node: &Node<'_>, name: &str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(node.invalid(format!(
        "attribute `{name}` has {found} entries, expected {expected}; the file is damaged, export the model again"
    )))
}

/// The name of output `index`, or one made of the node's.
pub(crate) fn output_name(node: &Node<'_>, index: usize) -> String {
    match node.proto.output.get(index) {
        Some(name) if !name.is_empty() => name.clone(),
        _ => format!("{}/{index}", node.name),
    }
}

/// Operand 0 as one row of features.
pub(crate) fn row(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    match value.shape[..] {
        [_] | [1, _] => Ok(value.clone()),
        _ => Err(node.invalid(format!(
            "expected one row of features, found shape {:?}; export with a batch size of 1 or a dynamic batch",
            value.shape
        ))),
    }
}
