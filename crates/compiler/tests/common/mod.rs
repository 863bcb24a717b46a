//! ONNX files built through tract's protobuf types.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod graph;
pub mod run;

use std::path::PathBuf;

use prost::Message;
use tempfile::TempDir;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use verdict_compiler::{CompileError, FloatGraph, import};

/// A dimension of an input: fixed or named.
pub enum Dim {
    Fixed(i64),
    Named(&'static str),
}

/// A graph under construction; every node is called after its output, with `/` in front.
#[derive(Default)]
pub struct Onnx {
    graph: GraphProto,
    /// 13 unless set.
    opset: Option<i64>,
    functions: Vec<FunctionProto>,
}

pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 7,
        ints: values.to_vec(),
        ..Default::default()
    }
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 2,
        i: value,
        ..Default::default()
    }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 1,
        f: value,
        ..Default::default()
    }
}

pub fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 3,
        s: value.as_bytes().to_vec(),
        ..Default::default()
    }
}

fn info(name: &str, shape: Option<Vec<Dim>>) -> ValueInfoProto {
    let dims = |shape: Vec<Dim>| TensorShapeProto {
        dim: shape
            .into_iter()
            .map(|dim| Dimension {
                value: Some(match dim {
                    Dim::Fixed(n) => dimension::Value::DimValue(n),
                    Dim::Named(name) => dimension::Value::DimParam(name.into()),
                }),
                ..Default::default()
            })
            .collect(),
    };
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: shape.map(dims),
    };
    let value = Some(type_proto::Value::TensorType(tensor));
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value,
            ..Default::default()
        }),
        ..Default::default()
    }
}

impl Onnx {
    /// A graph with the input `x` of shape `[N, len]`.
    pub fn vector(len: i64) -> Self {
        Self::default().input("x", vec![Dim::Named("N"), Dim::Fixed(len)])
    }

    pub fn input(mut self, name: &str, shape: Vec<Dim>) -> Self {
        self.graph.input.push(info(name, Some(shape)));
        self
    }

    /// An input of another type than float32, by the type's number in ONNX.
    pub fn input_of(mut self, name: &str, shape: Vec<Dim>, element: i32) -> Self {
        let mut input = info(name, Some(shape));
        let of = input.r#type.as_mut().and_then(|of| of.value.as_mut());
        if let Some(type_proto::Value::TensorType(tensor)) = of {
            tensor.elem_type = element;
        }
        self.graph.input.push(input);
        self
    }

    pub fn output(mut self, name: &str) -> Self {
        self.graph.output.push(info(name, None));
        self
    }

    pub fn weights(mut self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        self.graph.initializer.push(TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: DataType::Float as i32,
            float_data: values.to_vec(),
            ..Default::default()
        });
        self
    }

    pub fn indices(mut self, name: &str, values: &[i64]) -> Self {
        self.graph.initializer.push(TensorProto {
            name: name.into(),
            dims: vec![values.len() as i64],
            data_type: DataType::Int64 as i32,
            int64_data: values.to_vec(),
            ..Default::default()
        });
        self
    }

    /// Any constant.
    pub fn tensor(mut self, tensor: TensorProto) -> Self {
        self.graph.initializer.push(tensor);
        self
    }

    /// The graph as it is, for changes that this builder knows nothing of.
    pub fn graph(&mut self) -> &mut GraphProto {
        &mut self.graph
    }

    pub fn opset(mut self, version: i64) -> Self {
        self.opset = Some(version);
        self
    }

    pub fn node(self, op: &str, inputs: &[&str], output: &str) -> Self {
        self.node_with(op, inputs, output, vec![])
    }

    pub fn node_with(
        self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attribute: Vec<AttributeProto>,
    ) -> Self {
        self.node_outputs(op, inputs, &[output], attribute)
    }

    /// A node of an operator of another domain than ONNX's own.
    pub fn domain_node(self, domain: &str, op: &str, inputs: &[&str], output: &str) -> Self {
        let mut made = self.node(op, inputs, output);
        if let Some(node) = made.graph.node.last_mut() {
            node.domain = domain.into();
        }
        made
    }

    pub fn node_outputs(
        mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> Self {
        self.graph.node.push(NodeProto {
            name: format!("/{}", outputs[0]),
            op_type: op.into(),
            input: inputs.iter().map(|name| (*name).into()).collect(),
            output: outputs.iter().map(|name| (*name).into()).collect(),
            attribute,
            ..Default::default()
        });
        self
    }

    /// A function of the domain `local`, whose nodes are those of `body`.
    pub fn function(mut self, name: &str, inputs: &[&str], outputs: &[&str], body: Self) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        self.functions.push(FunctionProto {
            name: Some(name.into()),
            domain: Some("local".into()),
            input: owned(inputs),
            output: owned(outputs),
            node: body.graph.node,
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: body.opset.unwrap_or(13),
            }],
            ..Default::default()
        });
        self
    }

    /// A call of a function.
    pub fn call(
        mut self,
        function: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<AttributeProto>,
    ) -> Self {
        self = self.node_with(function, inputs, output, attributes);
        if let Some(node) = self.graph.node.last_mut() {
            node.domain = "local".into();
        }
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: self.opset.unwrap_or(13),
            }],
            graph: Some(GraphProto {
                name: "test".into(),
                ..self.graph
            }),
            functions: self.functions,
            ..Default::default()
        }
        .encode_to_vec()
    }

    pub fn save(self) -> File {
        File::new("model.onnx", &self.bytes())
    }

    pub fn import(self) -> FloatGraph {
        let file = self.save();
        import(&file.path).unwrap()
    }

    pub fn error(self) -> CompileError {
        let file = self.save();
        import(&file.path).unwrap_err()
    }
}

/// A file in a folder of its own that goes away with it.
pub struct File {
    pub path: PathBuf,
    _folder: TempDir,
}

impl File {
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self {
            path,
            _folder: folder,
        }
    }
}
