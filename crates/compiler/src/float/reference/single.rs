//! A file's floating-point types made `float`: tract mixes types up where a model is of half or
//! double precision, and computes as well in single precision what such a model says.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, type_proto};
use tract_onnx::prelude::f16;

const FLOAT: i32 = DataType::Float as i32;

/// The attributes whose number is a type.
const TYPES: [&str; 5] = ["to", "dtype", "output_dtype", "stash_type", "saturate_type"];

/// What of the file is of another floating-point type than `float`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// float16 or bfloat16.
    pub(crate) half: bool,
    /// float64.
    pub(crate) double: bool,
}

impl Found {
    fn note(&mut self, of: i32) -> bool {
        let (half, double) = (is_half(of), of == DataType::Double as i32);
        self.half |= half;
        self.double |= double;
        half || double
    }
}

fn is_half(of: i32) -> bool {
    of == DataType::Float16 as i32 || of == DataType::Bfloat16 as i32
}

/// What other floating-point types there are; models are large, and few have any.
pub(crate) fn other_floats(model: &ModelProto) -> Found {
    let mut found = Found::default();
    if let Some(graph) = &model.graph {
        look(graph, &mut found);
    }
    let nodes = model.functions.iter().flat_map(|function| &function.node);
    nodes.for_each(|node| look_at(node, &mut found));
    found
}

fn look(graph: &GraphProto, found: &mut Found) {
    for value in &graph.input {
        let of = value.r#type.as_ref().and_then(|of| of.value.as_ref());
        if let Some(type_proto::Value::TensorType(of)) = of {
            found.note(of.elem_type);
        }
    }
    for constant in &graph.initializer {
        found.note(constant.data_type);
    }
    graph.node.iter().for_each(|node| look_at(node, found));
}

fn look_at(node: &NodeProto, found: &mut Found) {
    for of in &node.attribute {
        if let (true, Ok(to)) = (TYPES.contains(&&*of.name), i32::try_from(of.i)) {
            found.note(to);
        }
        for constant in of.t.iter().chain(&of.tensors) {
            found.note(constant.data_type);
        }
        of.g.iter()
            .chain(&of.graphs)
            .for_each(|graph| look(graph, found));
    }
}

/// The model with `float` in every other floating-point type's place. A tensor that is kept in
/// another file stays as it is.
pub(crate) fn single(model: &ModelProto) -> ModelProto {
    let (mut model, mut found) = (model.clone(), Found::default());
    if let Some(graph) = &mut model.graph {
        graph_types(graph, &mut found);
    }
    for function in &mut model.functions {
        for node in &mut function.node {
            node.attribute
                .iter_mut()
                .for_each(|of| attribute(of, &mut found));
        }
    }
    model
}

fn graph_types(graph: &mut GraphProto, found: &mut Found) {
    let ends = graph.input.iter_mut().chain(&mut graph.output);
    for value in ends.chain(&mut graph.value_info) {
        let of = value.r#type.as_mut().and_then(|of| of.value.as_mut());
        if let Some(type_proto::Value::TensorType(of)) = of
            && found.note(of.elem_type)
        {
            of.elem_type = FLOAT;
        }
    }
    graph
        .initializer
        .iter_mut()
        .for_each(|of| tensor(of, found));
    for node in &mut graph.node {
        node.attribute
            .iter_mut()
            .for_each(|of| attribute(of, found));
    }
}

fn attribute(of: &mut AttributeProto, found: &mut Found) {
    if TYPES.contains(&&*of.name) && i32::try_from(of.i).is_ok_and(|to| found.note(to)) {
        of.i = FLOAT.into();
    }
    of.t.iter_mut()
        .chain(&mut of.tensors)
        .for_each(|of| tensor(of, found));
    of.g.iter_mut()
        .chain(&mut of.graphs)
        .for_each(|of| graph_types(of, found));
}

fn tensor(of: &mut TensorProto, found: &mut Found) {
    let external = !of.external_data.is_empty();
    if external || !found.note(of.data_type) {
        return;
    }
    let bits16 = |bits: u16| match of.data_type == DataType::Float16 as i32 {
        true => f16::from_bits(bits).to_f32(),
        false => f32::from_bits(u32::from(bits) << 16),
    };
    let raw = &of.raw_data;
    let values: Vec<f32> = match (is_half(of.data_type), raw.is_empty()) {
        (true, false) => {
            let (pairs, _) = raw.as_chunks::<2>();
            pairs
                .iter()
                .map(|b| bits16(u16::from_le_bytes(*b)))
                .collect()
        }
        (true, true) => of
            .int32_data
            .iter()
            .map(|bits| bits16(*bits as u16))
            .collect(),
        (false, false) => {
            let (words, _) = raw.as_chunks::<8>();
            words
                .iter()
                .map(|b| f64::from_le_bytes(*b) as f32)
                .collect()
        }
        (false, true) => of.double_data.iter().map(|value| *value as f32).collect(),
    };
    of.data_type = FLOAT;
    of.raw_data = Vec::new();
    (of.int32_data, of.double_data) = (Vec::new(), Vec::new());
    of.float_data = values;
}
