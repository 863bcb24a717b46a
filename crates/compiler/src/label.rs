//! Accuracy on labelled data as an output: 1 where the model's class is the label, 0 elsewhere.
//!
//! Summed over a batch it is a number of correct answers, provable without showing rows, labels or
//! weights.

use std::path::Path;

use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::Dimension;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Size;
use tract_onnx::pb::type_proto::Value as TypeValue;
use tract_onnx::pb::{
    AttributeProto, GraphProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use crate::import::proto;
use crate::{CompileError, Result};

/// What the added input is called: the array of labels in an .npz file.
pub const LABEL: &str = "y";
/// What the added output is called.
pub const CORRECT: &str = "correct";

/// The bytes of an ONNX file like the one at `path` but with an input [`LABEL`], one whole number a
/// row, and [`CORRECT`] as its only output. `output` is what the model answers: a class where it is
/// one number, the position of the largest score otherwise; `None` takes the model's only output,
/// or the classes of a classifier that has scores too.
pub fn count_correct(path: impl AsRef<Path>, output: Option<&str>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let (_, mut model) = proto::read(path)?;
    let invalid = |detail: String| CompileError::InvalidModel {
        path: path.into(),
        detail,
    };
    let Some(graph) = &mut model.graph else {
        return Err(invalid("it holds no graph".into()));
    };
    let taken = |name: &str| {
        let made = graph.node.iter().flat_map(|node| &node.output);
        let inputs = graph.input.iter().map(|input| &input.name);
        let constants = graph.initializer.iter().map(|constant| &constant.name);
        let mut names = made.chain(inputs).chain(constants);
        names.any(|known| known == name)
    };
    for name in [LABEL, CORRECT] {
        if taken(name) {
            return Err(invalid(format!(
                "it has a value `{name}` already, the name of what is to be added; rename it"
            )));
        }
    }
    let answer = answer(graph, output).map_err(invalid)?;
    let whole = is_whole(&answer);
    let class = if whole {
        answer.name.clone()
    } else {
        let class = format!("{CORRECT}/class");
        let attribute = |name: &str, value: i64| AttributeProto {
            name: name.into(),
            r#type: AttributeType::Int as i32,
            i: value,
            ..Default::default()
        };
        graph.node.push(NodeProto {
            attribute: vec![attribute("axis", -1), attribute("keepdims", 0)],
            ..node("ArgMax", &[&answer.name], &class)
        });
        class
    };
    graph.node.push(node("Equal", &[&class, LABEL], CORRECT));
    graph.input.push(value(LABEL, DataType::Int64));
    graph.output = vec![value(CORRECT, DataType::Bool)];
    Ok(model.encode_to_vec())
}

/// The output that says the class.
fn answer(graph: &GraphProto, name: Option<&str>) -> Result<ValueInfoProto, String> {
    let names = || {
        let names: Vec<String> = graph
            .output
            .iter()
            .map(|o| format!("`{}`", o.name))
            .collect();
        names.join(", ")
    };
    if let Some(name) = name {
        let found = graph.output.iter().find(|output| output.name == name);
        return found
            .cloned()
            .ok_or_else(|| format!("it has no output `{name}`; its outputs are {}", names()));
    }
    match graph.output.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let mut whole = several.iter().filter(|output| is_whole(output));
            match (whole.next(), whole.next()) {
                (Some(only), None) => Ok(only.clone()),
                _ => Err(format!("it has several outputs, name one of {}", names())),
            }
        }
    }
}

fn is_whole(output: &ValueInfoProto) -> bool {
    let of = output.r#type.as_ref().and_then(|of| of.value.as_ref());
    let whole = [DataType::Int64, DataType::Int32].map(|of| of as i32);
    matches!(of, Some(TypeValue::TensorType(tensor)) if whole.contains(&tensor.elem_type))
}

fn node(operator: &str, input: &[&str], output: &str) -> NodeProto {
    NodeProto {
        name: output.into(),
        op_type: operator.into(),
        input: input.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.into()],
        ..Default::default()
    }
}

/// One number for each row.
fn value(name: &str, of: DataType) -> ValueInfoProto {
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value: Some(TypeValue::TensorType(type_proto::Tensor {
                elem_type: of as i32,
                shape: Some(TensorShapeProto {
                    dim: vec![Dimension {
                        value: Some(Size::DimParam("N".into())),
                        ..Default::default()
                    }],
                }),
            })),
            ..Default::default()
        }),
        ..Default::default()
    }
}
