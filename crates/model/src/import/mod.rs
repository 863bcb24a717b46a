//! Reading an ONNX file and folding it into linear maps and element-wise functions.

mod builder;
mod compare;
mod fold;
mod functions;
mod hints;
mod linear_ops;
mod maximum;
mod node;
mod norms;
mod products;
mod proto;
mod shape_ops;
mod softmax;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::float_graph::{Activation, FloatGraph};
use crate::linear::Affine;
use crate::{ModelError, Result};
use builder::Builder;
use fold::{Applied, Lineage};
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
        lineages: HashMap::new(),
        applied: Vec::new(),
        builder: Builder::default(),
        taken: HashSet::new(),
    };
    importer.load_constants()?;
    let (inputs, onnx_input_shapes) = importer.load_inputs()?;
    if inputs.is_empty() {
        return Err(invalid(
            "the model has no input; every value in it is constant".into(),
        ));
    }

    let output_names: Vec<String> = if outputs.is_empty() {
        graph
            .output
            .iter()
            .map(|output| output.name.clone())
            .collect()
    } else {
        outputs.iter().map(|name| (*name).to_owned()).collect()
    };
    if output_names.is_empty() {
        return Err(invalid("the model has no output; export it again".into()));
    }
    for node in importer.needed(&output_names) {
        let last = node.output.iter().any(|name| output_names.contains(name));
        if last && matches!(&*node.op_type, "Softmax" | "LogSoftmax" | "Hardmax") {
            tracing::info!(
                node = node.name,
                "the model ends in a soft-max; if only the most likely class counts, proving up to its operand \
                 (import_outputs) is cheaper"
            );
        }
        importer.run(node)?;
    }
    let outputs = output_names
        .iter()
        .map(|name| importer.output(name))
        .collect::<Result<Vec<_>>>()?;
    importer.check_masks()?;
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
        tensors: importer.builder.tensors,
        inputs,
        outputs,
        output_names,
        path: path.into(),
        onnx: onnx.into(),
        onnx_input_shapes,
    })
}

/// Stands for an infinity in the mask of a soft-max.
const INFINITE: f64 = 1e30;
/// Weights per cell above which a value that is read twice becomes a tensor.
const HEAVY: usize = 4;

struct Importer<'a> {
    path: &'a Path,
    graph: &'a GraphProto,
    opset: i64,
    /// Every ONNX value known so far.
    values: HashMap<String, Affine>,
    /// Every ONNX value that is a function of another one.
    lineages: HashMap<String, Lineage>,
    applied: Vec<Applied>,
    /// Constants with a value that is not finite: its position and the value.
    constants: HashMap<String, (usize, f64)>,
    builder: Builder,
    /// Tensors that are outputs already.
    taken: HashSet<usize>,
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
            let id = self.builder.push(input.name.clone(), &onnx_shape, None);
            let len = self.builder.tensors[id].len;
            self.values.insert(
                input.name.clone(),
                Affine::tensor(id, onnx_shape.clone(), len),
            );
            ids.push(id);
            onnx_shapes.push(onnx_shape);
        }
        Ok((ids, onnx_shapes))
    }

    /// The nodes that the values `names` depend on, in the file's (topological) order.
    fn needed(&self, names: &[String]) -> Vec<&'a NodeProto> {
        let mut wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
        let mut nodes: Vec<&NodeProto> = self
            .graph
            .node
            .iter()
            .rev()
            .filter(|node| {
                let needed = node
                    .output
                    .iter()
                    .any(|output| wanted.contains(output.as_str()));
                if needed {
                    wanted.extend(node.input.iter().map(String::as_str));
                }
                needed
            })
            .collect();
        nodes.reverse();
        nodes
    }

    fn run(&mut self, proto: &NodeProto) -> Result<()> {
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
                && !matches!(&*proto.op_type, "Clip" | "Max" | "Min" | "Add" | "Where")
            {
                return Err(ModelError::NonFiniteWeight {
                    path: self.path.into(),
                    node: node.name,
                    constant: input.clone(),
                    position: *position,
                    value: *value,
                });
            }
            let known = self.values.contains_key(input) || self.lineages.contains_key(input);
            if !known && !input.is_empty() {
                return Err(node.invalid(format!(
                    "reads value `{input}`, which nothing before it defines; the file is damaged, export the model again"
                )));
            }
        }
        if node.standard()? && self.fold(proto, &node.name, &first_output)? {
            return Ok(());
        }
        if let ("Div", [dividend, divisor]) = (&*proto.op_type, &proto.input[..])
            && let Some(reciprocal) = self.reciprocal(divisor, &first_output)
        {
            return self.run(&NodeProto {
                op_type: "Mul".into(),
                input: vec![dividend.clone(), reciprocal],
                ..proto.clone()
            });
        }
        for input in &proto.input {
            self.force(input)?;
        }
        // Operands that were too long a function to be folded are tensors now.
        if self.fold(proto, &node.name, &first_output)? {
            return Ok(());
        }
        self.prepare(proto);
        let open: Vec<Option<Affine>> = proto.input.iter().map(|i| self.masked(proto, i)).collect();
        for (input, open) in proto.input.iter().zip(&open) {
            node.operands
                .push(open.as_ref().or_else(|| self.values.get(input)));
        }
        let mut values = evaluate(&node, &mut self.builder)?;
        for value in &mut values {
            if !value.is_finite() {
                return Err(node.overflow());
            }
            if !value.is_constant() {
                value.nodes.push(node.name.clone());
            }
        }
        let named = proto.output.iter().cloned().zip(values);
        self.values
            .extend(named.filter(|(output, _)| !output.is_empty()));
        Ok(())
    }

    /// Makes tensors of the operands whose integers the operator multiplies or compares, under their own name: other operators
    /// that read them then do so too.
    fn prepare(&mut self, proto: &NodeProto) {
        let varying = |input: &String| self.values.get(input).is_some_and(|v| !v.is_constant());
        let count = proto.input.iter().filter(|input| varying(input)).count();
        let operands = match &*proto.op_type {
            "Mul" | "MatMul" | "Gemm" if count >= 2 => 2,
            "MatMul" | "Gemm" => {
                // What is made of squares has uniform weights; a matrix would have them rounded one by one.
                let square = |input: &&String| {
                    let value = self.values.get(*input);
                    value.is_some_and(|value| self.builder.has_squares(value))
                };
                let found: Vec<String> = proto.input.iter().filter(square).cloned().collect();
                found.iter().for_each(|input| self.materialise(input));
                return;
            }
            "ReduceMax" | "ReduceMin" | "ReduceL2" | "ReduceSumSquare" | "ReduceProd"
            | "ReduceLogSumExp" | "ArgMax" | "ArgMin" | "Hardmax" | "TopK" | "PRelu" => 1,
            "LayerNormalization" | "RMSNormalization"
                if proto
                    .input
                    .first()
                    .is_some_and(|input| self.is_heavy(input)) =>
            {
                1
            }
            _ => return,
        };
        for input in proto.input.iter().take(operands) {
            self.materialise(input);
        }
    }

    fn materialise(&mut self, name: &str) {
        if let Some(value) = self.values.get(name)
            && !value.is_constant()
        {
            let value = self
                .builder
                .integers(format!("{name}/integers"), value.clone());
            self.values.insert(name.to_owned(), value);
        }
    }

    /// Whether a value has so many weights that reading it twice costs more than making it a tensor.
    fn is_heavy(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| {
            let weights = value.terms.values().flatten().map(Vec::len).sum::<usize>();
            weights > HEAVY * value.len()
        })
    }

    /// A constant operand with its infinities made finite, where the operator may have such.
    fn masked(&self, proto: &NodeProto, input: &str) -> Option<Affine> {
        if !self.constants.contains_key(input) || !matches!(&*proto.op_type, "Add" | "Where") {
            return None;
        }
        let mut value = self.values.get(input)?.clone();
        let finite = |v: &mut f64| *v = v.clamp(-INFINITE, INFINITE);
        value.bias.iter_mut().for_each(finite);
        Some(value)
    }

    fn check_masks(&self) -> Result<()> {
        for tensor in &self.builder.tensors {
            let mut biases = tensor.layer.iter().flat_map(|layer| &layer.bias);
            if biases.any(|bias| bias.abs() > INFINITE / 2.0) {
                return Err(ModelError::InvalidModel {
                    path: self.path.into(),
                    detail: format!(
                        "an infinite constant reaches `{}`; only a mask that is added right before a soft-max may hold one",
                        tensor.name
                    ),
                });
            }
        }
        Ok(())
    }

    /// The tensor of the output called `name`.
    fn output(&mut self, name: &str) -> Result<usize> {
        self.force(name)?;
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
            .filter(|id| self.builder.tensors[*id].layer.is_some() && !self.taken.contains(id));
        let id = match reusable {
            Some(id) => {
                let shape = stripped(&value.shape);
                let tensor = &mut self.builder.tensors[id];
                (tensor.name, tensor.shape) = (name.to_owned(), shape);
                id
            }
            None => {
                let value = value.clone();
                self.builder
                    .activate(name.to_owned(), value, Activation::Identity);
                self.builder.tensors.len() - 1
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

/// The outputs of a node that is not a function of one value.
fn evaluate(node: &Node<'_>, builder: &mut Builder) -> Result<Vec<Affine>> {
    let value = match node.op() {
        "Gemm" => linear_ops::gemm(node, builder)?,
        "MatMul" => linear_ops::matmul(node, builder, node.operand(0)?, node.operand(1)?)?,
        "Add" => linear_ops::add(node, 1.0)?,
        "Sub" => linear_ops::add(node, -1.0)?,
        "Mul" if node.varying(2) => products::mul(node, builder)?,
        "Mul" => linear_ops::mul(node)?,
        "Div" => linear_ops::div(node)?,
        "Sum" => linear_ops::sum(node)?,
        "Mean" => linear_ops::mean(node)?,
        "Max" if node.varying(1) => maximum::extreme(node, builder, false)?,
        "Min" if node.varying(1) => maximum::extreme(node, builder, true)?,
        "Where" if node.varying(1) => products::choose(node, builder)?,
        "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" if node.varying(1) => {
            compare::compare(node, builder)?
        }
        "And" | "Or" | "Xor" if node.varying(1) => compare::logic(node, builder)?,
        "PRelu" if node.varying(1) => compare::prelu(node, builder)?,
        "ReduceMax" => maximum::reduce(node, builder, false)?,
        "ReduceMin" => maximum::reduce(node, builder, true)?,
        "ReduceL1" | "ReduceL2" | "ReduceSumSquare" | "ReduceLogSum" => {
            compare::reduce(node, builder)?
        }
        "ReduceLogSumExp" => softmax::log_sum_exp(node, builder)?,
        "ReduceProd" => compare::product(node, builder)?,
        "ArgMax" => maximum::position(node, builder, false)?,
        "ArgMin" => maximum::position(node, builder, true)?,
        "Hardmax" => maximum::hardmax(node, builder)?,
        "TopK" => return maximum::top_k(node, builder),
        "Softmax" => softmax::softmax(node, builder, false)?,
        "LogSoftmax" => softmax::softmax(node, builder, true)?,
        "LayerNormalization" => norms::layer(node, builder, true)?,
        "RMSNormalization" => norms::layer(node, builder, false)?,
        "InstanceNormalization" => norms::channels(node, builder, false)?,
        "GroupNormalization" => norms::channels(node, builder, true)?,
        "BatchNormalization" => linear_ops::batch_normalization(node)?,
        "ReduceMean" => linear_ops::reduce(node, true)?,
        "ReduceSum" => linear_ops::reduce(node, false)?,
        "Identity" => node.operand(0)?.clone(),
        "Flatten" => shape_ops::flatten(node)?,
        "Reshape" => shape_ops::reshape(node)?,
        "Squeeze" => shape_ops::squeeze(node)?,
        "Unsqueeze" => shape_ops::unsqueeze(node)?,
        "Transpose" => shape_ops::transpose(node)?,
        "Slice" => shape_ops::slice(node)?,
        "Gather" => shape_ops::gather(node)?,
        "Concat" => shape_ops::concat(node)?,
        "Shape" => {
            let shape: Vec<f64> = node.operand(0)?.shape.iter().map(|d| *d as f64).collect();
            Affine::constant(vec![shape.len()], shape)
        }
        _ => match functions::constant(node)? {
            Some(value) => value,
            None => return Err(node.unsupported(hints::hint(node.op()))),
        },
    };
    Ok(vec![value])
}
