//! Reading an ONNX file and folding it into linear maps and element-wise functions.

mod hints;
mod linear_ops;
mod ml;
mod node;
mod proto;
mod shape_ops;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::float_graph::{Activation, FloatGraph, FloatLayer, FloatTensor, FloatTerm, Precision};
use crate::linear::Affine;
use crate::missing::Missing;
use crate::{ModelError, Result};
use node::Node;

/// More cells in one tensor than any model that can be proved has.
const MAX_CELLS: usize = 1 << 26;

/// Imports the ONNX file at `path`.
pub fn import(path: impl AsRef<Path>) -> Result<FloatGraph> {
    import_outputs(path, &[])
}

/// Imports the part of the ONNX file at `path` that the values named `outputs` need, e.g. the logits before a soft-max.
/// Without names: the outputs the file declares.
pub fn import_outputs(path: impl AsRef<Path>, outputs: &[&str]) -> Result<FloatGraph> {
    let path = path.as_ref();
    let (onnx, model) = proto::read(path)?;
    let invalid = |detail: String| ModelError::InvalidModel {
        path: path.into(),
        detail,
    };
    let Some(graph) = &model.graph else {
        return Err(ModelError::NotOnnx {
            path: path.into(),
            detail: "it holds no graph".into(),
        });
    };
    if let Some(sparse) = graph.sparse_initializer.first() {
        let name = sparse
            .values
            .as_ref()
            .map_or("", |values| values.name.as_str());
        return Err(invalid(format!(
            "initializer `{name}` is sparse; export the model again with dense weights"
        )));
    }
    let opset = model
        .opset_import
        .iter()
        .find(|set| matches!(&*set.domain, "" | "ai.onnx"))
        .map_or(13, |set| set.version);
    let mut importer = Importer {
        path,
        graph,
        opset,
        values: HashMap::new(),
        constants: HashMap::new(),
        tensors: vec![],
        taken: HashSet::new(),
        wanted: HashSet::new(),
        missing: HashMap::new(),
        imputed: HashMap::new(),
        stand_ins: BTreeMap::new(),
    };
    importer.load_constants()?;
    let (inputs, onnx_input_shapes) = importer.load_inputs()?;
    if inputs.is_empty() {
        return Err(invalid(
            "the model has no input; every value in it is constant".into(),
        ));
    }

    let output_names: Vec<String> = if outputs.is_empty() {
        ml::natural_outputs(graph)
    } else {
        outputs.iter().map(|name| (*name).to_owned()).collect()
    };
    if output_names.is_empty() {
        return Err(invalid("the model has no output; export it again".into()));
    }
    for node in importer.needed(&output_names) {
        importer.run(node)?;
    }
    let mut outputs = output_names
        .iter()
        .map(|name| importer.output(name))
        .collect::<Result<Vec<_>>>()?;
    let missing = importer.settle_missing(&inputs, &mut outputs)?;
    let stem = || {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    Ok(FloatGraph {
        name: if graph.name.is_empty() {
            stem()
        } else {
            graph.name.clone()
        },
        tensors: importer.tensors,
        inputs,
        outputs,
        output_names,
        path: path.into(),
        onnx: onnx.into(),
        missing,
        onnx_input_shapes,
    })
}

struct Importer<'a> {
    path: &'a Path,
    graph: &'a GraphProto,
    opset: i64,
    /// Every ONNX value known so far.
    values: HashMap<String, Affine>,
    /// Constants with a value that is not finite: its position and the value.
    constants: HashMap<String, (usize, f64)>,
    tensors: Vec<FloatTensor>,
    /// Tensors that are outputs already.
    taken: HashSet<usize>,
    /// Names that the outputs or a needed node ask for.
    wanted: HashSet<String>,
    /// Input cells that tests read, with the end of the range where missing values lie.
    missing: HashMap<(usize, u32), Missing>,
    /// Input cells whose missing values are imputed.
    imputed: HashMap<(usize, u32), Missing>,
    /// Tensors that stand for an input with its missing values imputed.
    stand_ins: BTreeMap<usize, usize>,
}

impl<'a> Importer<'a> {
    fn load_constants(&mut self) -> Result<()> {
        for initializer in &self.graph.initializer {
            let value = proto::tensor(self.path, initializer)?;
            self.constant(&initializer.name, value);
        }
        Ok(())
    }

    fn constant(&mut self, name: &str, value: Affine) {
        // Only an error if a node uses it as a weight: Clip may have infinite bounds.
        if let Some(position) = value.bias.iter().position(|v| !v.is_finite()) {
            self.constants
                .insert(name.to_owned(), (position, value.bias[position]));
        }
        self.values.insert(name.to_owned(), value);
    }

    fn load_inputs(&mut self) -> Result<(Vec<usize>, Vec<Vec<usize>>)> {
        let mut ids = Vec::new();
        let mut onnx_shapes = Vec::new();
        for input in &self.graph.input {
            // Before IR version 4 initializers are listed among the inputs too.
            if self.values.contains_key(&input.name) {
                continue;
            }
            let onnx_shape = proto::input_shape(self.path, input)?;
            let id = self.push(input.name.clone(), &onnx_shape, None);
            self.values.insert(
                input.name.clone(),
                Affine::tensor(id, onnx_shape.clone(), self.tensors[id].len),
            );
            ids.push(id);
            onnx_shapes.push(onnx_shape);
        }
        Ok((ids, onnx_shapes))
    }

    fn push(&mut self, name: String, onnx_shape: &[usize], layer: Option<FloatLayer>) -> usize {
        let shape = stripped(onnx_shape);
        let len = shape.iter().product();
        self.tensors.push(FloatTensor {
            name,
            shape,
            len,
            layer,
        });
        self.tensors.len() - 1
    }

    /// The nodes that the values `names` depend on, in the file's (topological) order.
    fn needed(&mut self, names: &[String]) -> Vec<&'a NodeProto> {
        let mut wanted: HashSet<String> = names.iter().cloned().collect();
        let mut nodes: Vec<&NodeProto> = self
            .graph
            .node
            .iter()
            .rev()
            .filter(|node| {
                let needed = node.output.iter().any(|output| {
                    wanted.contains(output) || wanted.contains(&ml::raw_name(output))
                });
                if needed {
                    wanted.extend(node.input.iter().cloned());
                }
                needed
            })
            .collect();
        nodes.reverse();
        self.wanted = wanted;
        nodes
    }

    fn run(&mut self, proto: &'a NodeProto) -> Result<()> {
        if proto.domain == ml::DOMAIN {
            return self.run_ml(proto);
        }
        if proto.op_type == "Cast"
            && let (Some(value), [output]) = (self.cast_to_whole(proto), &proto.output[..])
        {
            self.values.insert(output.clone(), value);
            return Ok(());
        }
        let first_output = proto
            .output
            .iter()
            .find(|name| !name.is_empty())
            .cloned()
            .unwrap_or_default();
        let name = if proto.name.is_empty() {
            first_output.clone()
        } else {
            proto.name.clone()
        };
        let mut node = Node {
            path: self.path,
            proto,
            name,
            opset: self.opset,
            operands: Vec::new(),
        };
        if proto.op_type == "Constant" {
            let value = proto::constant(&node)?;
            self.constant(&first_output, value);
            return Ok(());
        }
        for input in &proto.input {
            if let Some((position, value)) = self.constants.get(input)
                && proto.op_type != "Clip"
            {
                return Err(ModelError::NonFiniteWeight {
                    path: self.path.into(),
                    node: node.name,
                    constant: input.clone(),
                    position: *position,
                    value: *value,
                });
            }
            match self.values.get(input) {
                Some(value) => node.operands.push(Some(value)),
                None if input.is_empty() => node.operands.push(None),
                None => {
                    return Err(node.invalid(format!(
                        "reads value `{input}`, which nothing before it defines; the file is damaged, export the model again"
                    )));
                }
            }
        }
        let result = evaluate(&node)?;
        let value = match result {
            Evaluated::Linear(mut value) => {
                if !value.is_finite() {
                    return Err(node.invalid(
                        "its folded weights overflow; check the model's weights for huge values",
                    ));
                }
                if !value.is_constant() {
                    value.nodes.push(node.name);
                }
                value
            }
            Evaluated::Activated(value, activation) if value.is_constant() => {
                let bias = value.bias.iter().map(|v| activation.apply(*v)).collect();
                Affine {
                    bias,
                    ..value.clone()
                }
            }
            Evaluated::Activated(value, activation) => {
                let mut value = value.clone();
                value.nodes.push(node.name);
                self.activate(first_output.clone(), value, activation)
            }
        };
        self.values.insert(first_output, value);
        Ok(())
    }

    /// Makes `activation(value)` a tensor.
    fn activate(&mut self, name: String, value: Affine, activation: Activation) -> Affine {
        let onnx_shape = value.shape.clone();
        let layer = FloatLayer {
            nodes: value.nodes,
            terms: value
                .terms
                .into_iter()
                .map(|(source, rows)| FloatTerm::rows(source, rows))
                .collect(),
            bias: value.bias,
            activation,
            precision: Precision::Scaled,
        };
        let id = self.push(name, &onnx_shape, Some(layer));
        Affine::tensor(id, onnx_shape, self.tensors[id].len)
    }

    /// The tensor of the output called `name`.
    fn output(&mut self, name: &str) -> Result<usize> {
        let Some(value) = self.values.get(name) else {
            return Err(ModelError::InvalidModel {
                path: self.path.into(),
                detail: format!(
                    "no node produces the output `{name}`; name a value of the graph (see it with netron)"
                ),
            });
        };
        if value.is_constant() {
            return Err(ModelError::InvalidModel {
                path: self.path.into(),
                detail: format!(
                    "output `{name}` does not depend on any input, so there is nothing to prove; check the export"
                ),
            });
        }
        // An input, or a tensor that is an output already, gets a copy: outputs are distinct and never inputs.
        let reusable = value
            .as_tensor()
            .filter(|id| self.tensors[*id].layer.is_some() && !self.taken.contains(id));
        let id = match reusable {
            Some(id) => {
                let shape = stripped(&value.shape);
                let tensor = &mut self.tensors[id];
                (tensor.name, tensor.shape) = (name.to_owned(), shape);
                id
            }
            None => {
                let value = value.clone();
                self.activate(name.to_owned(), value, Activation::Identity);
                self.tensors.len() - 1
            }
        };
        self.taken.insert(id);
        Ok(id)
    }
}

/// The shape without a batch axis of 1.
fn stripped(onnx_shape: &[usize]) -> Vec<usize> {
    match onnx_shape {
        [1, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        [] => vec![1],
        all => all.to_vec(),
    }
}

enum Evaluated<'a> {
    Linear(Affine),
    Activated(&'a Affine, Activation),
}

fn evaluate<'a>(node: &Node<'a>) -> Result<Evaluated<'a>> {
    use Evaluated::{Activated, Linear};
    if !matches!(&*node.proto.domain, "" | "ai.onnx") {
        return Err(node.unsupported(hints::hint(node.op())));
    }
    Ok(match node.op() {
        "Gemm" => Linear(linear_ops::gemm(node)?),
        "MatMul" => Linear(linear_ops::matmul(
            node,
            node.operand(0)?,
            node.operand(1)?,
        )?),
        "Add" => Linear(linear_ops::add(node, 1.0)?),
        "Sub" => Linear(linear_ops::add(node, -1.0)?),
        "Mul" => Linear(linear_ops::mul(node)?),
        "Div" => Linear(linear_ops::div(node)?),
        "Sum" => Linear(linear_ops::sum(node)?),
        "Neg" => Linear(linear_ops::neg(node)?),
        "BatchNormalization" => Linear(linear_ops::batch_normalization(node)?),
        "ReduceMean" => Linear(linear_ops::reduce(node, true)?),
        "ReduceSum" => Linear(linear_ops::reduce(node, false)?),
        "Identity" | "Dropout" => Linear(node.operand(0)?.clone()),
        "Cast" => Linear(proto::cast(node)?),
        "Flatten" => Linear(shape_ops::flatten(node)?),
        "Reshape" => Linear(shape_ops::reshape(node)?),
        "Squeeze" => Linear(shape_ops::squeeze(node)?),
        "Unsqueeze" => Linear(shape_ops::unsqueeze(node)?),
        "Transpose" => Linear(shape_ops::transpose(node)?),
        "Slice" => Linear(shape_ops::slice(node)?),
        "Gather" => Linear(shape_ops::gather(node)?),
        "Concat" => Linear(shape_ops::concat(node)?),
        "Shape" => {
            let shape: Vec<f64> = node.operand(0)?.shape.iter().map(|d| *d as f64).collect();
            Linear(Affine::constant(vec![shape.len()], shape))
        }
        "Relu" => Activated(node.operand(0)?, Activation::Relu),
        "LeakyRelu" => Activated(
            node.operand(0)?,
            Activation::LeakyRelu {
                alpha: node.float("alpha", 0.01),
            },
        ),
        "Sigmoid" => Activated(node.operand(0)?, Activation::Sigmoid),
        "Tanh" => Activated(node.operand(0)?, Activation::Tanh),
        "Clip" => Activated(node.operand(0)?, clip(node)?),
        op => return Err(node.unsupported(hints::hint(op))),
    })
}

fn clip(node: &Node<'_>) -> Result<Activation> {
    let bound = |index, name, default| -> Result<f64> {
        match node.optional_constant(index)? {
            Some([value]) => Ok(*value),
            Some(values) => Err(node.invalid(format!(
                "bound `{name}` has {} values, expected one",
                values.len()
            ))),
            None if node.opset < 11 => Ok(node.float(name, default)),
            None => Ok(default),
        }
    };
    let (min, max) = (
        bound(1, "min", f64::NEG_INFINITY)?,
        bound(2, "max", f64::INFINITY)?,
    );
    if min.is_nan() || max.is_nan() || min > max {
        return Err(node.invalid(format!(
            "bounds [{min}, {max}] are not an interval; correct them and export again"
        )));
    }
    // Exporters write `max(v, 0)` like this; treating it as Relu lets it share Relu's table.
    Ok(match (min, max) {
        (0.0, max) if max >= f64::from(f32::MAX) => Activation::Relu,
        (min, max) => Activation::Clip { min, max },
    })
}
