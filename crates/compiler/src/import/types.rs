//! What ONNX values are by type: dividing whole numbers drops the fraction, and `CastLike` takes its type from a value.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, type_proto};

use super::importer::Importer;

/// What a value holds, unless it holds real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Kind {
    /// Integers.
    Whole,
    /// Booleans.
    Truth,
}

/// What tensors of an ONNX data type hold.
pub(in crate::import) fn kind(data_type: i32) -> Option<Kind> {
    match DataType::try_from(data_type) {
        Ok(
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Uint8
            | DataType::Uint16
            | DataType::Uint32
            | DataType::Uint64,
        ) => Some(Kind::Whole),
        Ok(DataType::Bool) => Some(Kind::Truth),
        _ => None,
    }
}

/// What the graph's inputs and initializers hold.
pub(super) fn declared(graph: &GraphProto) -> HashMap<String, Kind> {
    let constants = graph.initializer.iter();
    let constants = constants.map(|tensor| (&tensor.name, kind(tensor.data_type)));
    let inputs = graph.input.iter().map(|input| {
        let value = input.r#type.as_ref().and_then(|t| t.value.as_ref());
        let held = match value {
            Some(type_proto::Value::TensorType(tensor)) => kind(tensor.elem_type),
            _ => None,
        };
        (&input.name, held)
    });
    let all = constants.chain(inputs);
    all.filter_map(|(name, kind)| Some((name.clone(), kind?)))
        .collect()
}

impl Importer<'_> {
    /// Whether the node's first operand holds whole numbers by type.
    pub(super) fn is_of_whole(&self, proto: &NodeProto) -> bool {
        let first = proto.input.first();
        first.is_some_and(|name| self.kinds.get(name) == Some(&Kind::Whole))
    }

    /// The `Cast` that a `CastLike` is.
    pub(super) fn cast_like(&self, proto: &NodeProto) -> Option<NodeProto> {
        let [value, like] = &proto.input[..] else {
            return None;
        };
        let to = match self.kinds.get(like) {
            Some(Kind::Whole) => DataType::Int64,
            Some(Kind::Truth) => DataType::Bool,
            None => DataType::Float,
        };
        Some(NodeProto {
            op_type: "Cast".into(),
            input: vec![value.clone()],
            attribute: vec![AttributeProto {
                name: "to".into(),
                i: (to as i32).into(),
                ..AttributeProto::default()
            }],
            ..proto.clone()
        })
    }

    /// Notes what the node's outputs hold, its operands being known.
    pub(super) fn note_kinds(&mut self, proto: &NodeProto) {
        let attribute = |name: &str| proto.attribute.iter().find(|a| a.name == name);
        let operand = |index: usize| {
            let name = proto.input.get(index)?;
            self.kinds.get(name).copied()
        };
        let stated = |name: &str| attribute(name).map(|to| i32::try_from(to.i).ok().and_then(kind));
        let tensor = || kind(attribute("value")?.t.as_ref()?.data_type);
        let of = |output: usize| match &*proto.op_type {
            "Cast" => stated("to").flatten(),
            "CastLike" | "Where" => operand(1),
            "Constant" if attribute("value_int").is_some() => Some(Kind::Whole),
            "Constant" if attribute("value_ints").is_some() => Some(Kind::Whole),
            "Constant" | "ConstantOfShape" => tensor(),
            "EyeLike" => stated("dtype").unwrap_or_else(|| operand(0)),
            "Shape" | "Size" | "ArgMax" | "ArgMin" => Some(Kind::Whole),
            "TopK" if output == 1 => Some(Kind::Whole),
            "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or"
            | "Xor" | "Not" => Some(Kind::Truth),
            // A classifier's labels and codes may be anything.
            _ if proto.domain == crate::import::ml::DOMAIN => None,
            _ => operand(0),
        };
        let names = proto.output.iter().enumerate();
        let found: Vec<(String, Kind)> = names
            .filter_map(|(output, name)| Some((name.clone(), of(output)?)))
            .collect();
        self.kinds.extend(found);
    }
}
