//! What ONNX values hold by type: dividing whole numbers drops the fraction, and `CastLike` takes
//! its type from a value.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, type_proto};

use crate::import::number_types::{INT2, Stored, UINT2};

/// What is known of values that do not hold real numbers, by name.
pub(crate) type Held = HashMap<String, ElementKind>;

/// What a value holds, unless it holds real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementKind {
    /// Integers.
    Whole {
        /// How many bits they have.
        bits: u32,
        /// Whether they have a sign.
        signed: bool,
    },
    /// Booleans.
    Truth,
    /// Real numbers of this ONNX type, of which there are so few that a cast rounds coarsely.
    Coarse(i32),
}

/// The whole numbers that ONNX counts with, each as its type.
const WHOLE: [(DataType, u32, bool); 10] = [
    (DataType::Int4, 4, true),
    (DataType::Uint4, 4, false),
    (DataType::Int8, 8, true),
    (DataType::Uint8, 8, false),
    (DataType::Int16, 16, true),
    (DataType::Uint16, 16, false),
    (DataType::Int32, 32, true),
    (DataType::Uint32, 32, false),
    (DataType::Int64, 64, true),
    (DataType::Uint64, 64, false),
];

impl ElementKind {
    /// What shapes, indices and counts are.
    pub(crate) const INT64: Self = Self::Whole {
        bits: 64,
        signed: true,
    };

    /// What most quantised values are.
    pub(crate) const BYTE: Self = Self::Whole {
        bits: 8,
        signed: false,
    };

    /// What sums of products of bytes are.
    pub(crate) const INT32: Self = Self::Whole {
        bits: 32,
        signed: true,
    };

    /// The smallest and the largest whole number of the type; `None` if it holds others.
    pub(crate) fn limits(self) -> Option<(f64, f64)> {
        match self {
            Self::Whole { bits, signed: true } => {
                let half = 2f64.powi(bits as i32 - 1);
                Some((-half, half - 1.0))
            }
            Self::Whole { bits, .. } => Some((0.0, 2f64.powi(bits as i32) - 1.0)),
            Self::Truth => Some((0.0, 1.0)),
            Self::Coarse(_) => None,
        }
    }

    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Self::Whole { .. })
    }

    /// The ONNX type that a cast to it names.
    pub(crate) fn data_type(self) -> i32 {
        match self {
            Self::Whole { bits: 2, signed } if signed => INT2,
            Self::Whole { bits: 2, .. } => UINT2,
            Self::Whole { bits, signed } => {
                let mut all = WHOLE.into_iter();
                let own = all.find(|(_, b, s)| (*b, *s) == (bits, signed));
                own.map_or(DataType::Int64 as i32, |(data_type, ..)| data_type as i32)
            }
            Self::Truth => DataType::Bool as i32,
            Self::Coarse(data_type) => data_type,
        }
    }
}

/// What tensors of an ONNX data type hold.
pub(crate) fn kind(data_type: i32) -> Option<ElementKind> {
    match Stored::of(data_type) {
        Some(Stored::Whole { bits, signed }) => return Some(ElementKind::Whole { bits, signed }),
        Some(Stored::Float8(_) | Stored::Float4) => return Some(ElementKind::Coarse(data_type)),
        _ => {}
    }
    let data_type = DataType::try_from(data_type).ok()?;
    if data_type == DataType::Bool {
        return Some(ElementKind::Truth);
    }
    let mut all = WHOLE.into_iter();
    let (_, bits, signed) = all.find(|(whole, ..)| *whole == data_type)?;
    Some(ElementKind::Whole { bits, signed })
}

/// What the graph's inputs and initializers hold.
pub(crate) fn declared(graph: &GraphProto) -> Held {
    let constants = graph.initializer.iter();
    let constants = constants.map(|tensor| (&tensor.name, kind(tensor.data_type)));
    let sparse = graph.sparse_initializer.iter();
    let sparse = sparse.filter_map(|tensor| tensor.values.as_ref());
    let sparse = sparse.map(|tensor| (&tensor.name, kind(tensor.data_type)));
    let inputs = graph.input.iter().map(|input| {
        let value = input.r#type.as_ref().and_then(|t| t.value.as_ref());
        let held = match value {
            Some(type_proto::Value::TensorType(tensor)) => kind(tensor.elem_type),
            _ => None,
        };
        (&input.name, held)
    });
    let all = constants.chain(sparse).chain(inputs);
    all.filter_map(|(name, kind)| Some((name.clone(), kind?)))
        .collect()
}

/// Says what output number `usize` of a node holds, its operands being known.
pub(crate) type Holds = fn(&Held, &NodeProto, usize) -> Option<ElementKind>;

fn attribute<'a>(proto: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    let mut all = proto.attribute.iter();
    all.find(|attribute| attribute.name == name)
}

fn operand(held: &Held, proto: &NodeProto, index: usize) -> Option<ElementKind> {
    held.get(proto.input.get(index)?).copied()
}

/// What the type in attribute `name` says, if it is there.
fn stated(proto: &NodeProto, name: &str) -> Option<Option<ElementKind>> {
    attribute(proto, name).map(|to| i32::try_from(to.i).ok().and_then(kind))
}

/// An output holds the same as operand 0.
pub(crate) fn first(held: &Held, proto: &NodeProto, _: usize) -> Option<ElementKind> {
    operand(held, proto, 0)
}

/// An output holds the same as operand 1.
pub(crate) fn second(held: &Held, proto: &NodeProto, _: usize) -> Option<ElementKind> {
    operand(held, proto, 1)
}

/// An output holds the same as operand 2: `OneHot`.
pub(crate) fn third(held: &Held, proto: &NodeProto, _: usize) -> Option<ElementKind> {
    operand(held, proto, 2)
}

/// The first output holds the same as operand 0, another one truths: `Dropout`.
pub(crate) fn masked(held: &Held, proto: &NodeProto, output: usize) -> Option<ElementKind> {
    match output {
        0 => operand(held, proto, 0),
        _ => Some(ElementKind::Truth),
    }
}

/// The first output holds whole numbers if one of the lists that classes or values are given by
/// does: classifiers and encoders.
pub(crate) fn labels(_: &Held, proto: &NodeProto, output: usize) -> Option<ElementKind> {
    const LISTS: [&str; 3] = ["classlabels_int64s", "classlabels_ints", "values_int64s"];
    // Until opset 2 an encoder numbered words.
    const WORDS: &str = "classes_strings";
    let given = |name: &&str| match attribute(proto, name) {
        Some(list) => !list.ints.is_empty(),
        None => false,
    };
    let whole = LISTS.iter().any(given) || attribute(proto, WORDS).is_some();
    let tensor = || kind(attribute(proto, "values_tensor")?.t.as_ref()?.data_type);
    match output {
        0 if whole => Some(ElementKind::INT64),
        0 => tensor(),
        _ => None,
    }
}

/// An output holds real numbers, or nobody can tell.
pub(crate) fn real(_: &Held, _: &NodeProto, _: usize) -> Option<ElementKind> {
    None
}

/// An output holds whole numbers.
pub(crate) fn whole(_: &Held, _: &NodeProto, _: usize) -> Option<ElementKind> {
    Some(ElementKind::INT64)
}

/// An output holds truths.
pub(crate) fn truth(_: &Held, _: &NodeProto, _: usize) -> Option<ElementKind> {
    Some(ElementKind::Truth)
}

/// Values and their positions: `TopK`.
pub(crate) fn positions(held: &Held, proto: &NodeProto, output: usize) -> Option<ElementKind> {
    match output {
        1 => Some(ElementKind::INT64),
        _ => operand(held, proto, 0),
    }
}

/// What attribute `to` says: `Cast`.
pub(crate) fn cast(_: &Held, proto: &NodeProto, _: usize) -> Option<ElementKind> {
    stated(proto, "to").flatten()
}

/// What attribute `dtype` says, or the same as operand 0: `EyeLike`.
pub(crate) fn dtype(held: &Held, proto: &NodeProto, _: usize) -> Option<ElementKind> {
    stated(proto, "dtype").unwrap_or_else(|| operand(held, proto, 0))
}

/// What the tensor in attribute `value` holds: `ConstantOfShape`.
pub(crate) fn tensor(_: &Held, proto: &NodeProto, _: usize) -> Option<ElementKind> {
    kind(attribute(proto, "value")?.t.as_ref()?.data_type)
}

/// What a `Constant` holds.
pub(crate) fn constant(held: &Held, proto: &NodeProto, output: usize) -> Option<ElementKind> {
    let is_whole = |name: &&str| attribute(proto, name).is_some();
    if ["value_int", "value_ints"].iter().any(is_whole) {
        return Some(ElementKind::INT64);
    }
    tensor(held, proto, output)
}

/// The node of `Cast` that a `CastLike` is.
pub(crate) fn cast_like(held: &Held, proto: &NodeProto) -> Option<NodeProto> {
    let [value, like] = &proto.input[..] else {
        return None;
    };
    let to = held.get(like);
    let to = to.map_or(DataType::Float as i32, |kind| kind.data_type());
    Some(NodeProto {
        input: vec![value.clone()],
        attribute: vec![AttributeProto {
            name: "to".into(),
            i: to.into(),
            ..AttributeProto::default()
        }],
        ..proto.clone()
    })
}

/// The node itself, under another operator's name.
pub(crate) fn same(_: &Held, proto: &NodeProto) -> Option<NodeProto> {
    Some(proto.clone())
}
