//! The walk over an ONNX graph: what is known of every value, node by node.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tract_onnx::pb::{GraphProto, NodeProto};

use super::builder::{self, Builder};
use super::fold::{Applied, Lineage};
use super::node::Node;
use super::ops::{
    by_constant, compare, conv_ops, embedding, functions, interpolate, linear_ops, maximum,
    move_ops, norms, one_hot, plane_ops, products, shape_ops, softmax,
};
use super::{constants, hints, layout, ml, operators, proto, rows, types};
use crate::float::graph::{Activation, FloatGraph, Precision};
use crate::import::values::affine::{Affine, Value};
use crate::import::values::planes::Planes;
use crate::{CompileError, Result};

/// More cells in one tensor than any model that can be proved has.
pub(super) const MAX_CELLS: usize = 1 << 26;

/// Imports the ONNX file at `path`.
pub fn import(path: impl AsRef<Path>) -> Result<FloatGraph> {
    import_outputs(path, &[])
}

/// Imports the part of the ONNX file at `path` that the values named `outputs` need, e.g. the logits before a soft-max.
/// Without names: the outputs the file declares.
pub fn import_outputs(path: impl AsRef<Path>, outputs: &[&str]) -> Result<FloatGraph> {
    let path = path.as_ref();
    let (onnx, model) = proto::read(path)?;
    let invalid = |detail: String| CompileError::InvalidModel {
        path: path.into(),
        detail,
    };
    let Some(graph) = &model.graph else {
        return Err(CompileError::NotOnnx {
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
        readers: HashMap::new(),
        ml: ml::State::default(),
        kinds: types::declared(graph),
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
    let nodes = importer.needed(&output_names);
    for node in nodes.iter().filter(|node| node.op_type != "Shape") {
        for input in &node.input {
            *importer.readers.entry(input).or_default() += 1;
        }
    }
    for node in nodes {
        let last = node.output.iter().any(|name| output_names.contains(name));
        if last && matches!(&*node.op_type, "Softmax" | "LogSoftmax" | "Hardmax") {
            tracing::info!(
                node = node.name,
                "the model ends in a soft-max; if only the most likely class counts, proving up to its operand \
                 (import_outputs) is cheaper"
            );
        }
        importer.run(node)?;
        importer.note_kinds(node);
    }
    let mut outputs = output_names
        .iter()
        .map(|name| importer.output(name))
        .collect::<Result<Vec<_>>>()?;
    importer.check_masks()?;
    let missing = importer.settle_missing(&inputs, &mut outputs)?;
    let stem = || {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut float = FloatGraph {
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
        missing,
    };
    layout::settle(&mut float);
    Ok(float)
}

/// Stands for an infinity in the mask of a soft-max.
pub(super) const INFINITE: f64 = 1e30;
/// Weights per cell above which a value that is read twice becomes a tensor.
pub(super) const HEAVY: usize = 4;

pub(super) struct Importer<'a> {
    pub(super) path: &'a Path,
    pub(super) graph: &'a GraphProto,
    pub(super) opset: i64,
    /// Every ONNX value known so far.
    pub(super) values: HashMap<String, Value>,
    /// Constants with a value that is not finite: its position and the value.
    pub(super) constants: HashMap<String, (usize, f64)>,
    /// Every ONNX value that is a function of another one.
    pub(super) lineages: HashMap<String, Lineage>,
    pub(super) applied: Vec<Applied>,
    pub(super) builder: Builder,
    /// Tensors that are outputs already.
    pub(super) taken: HashSet<usize>,
    /// How many nodes read each value.
    pub(super) readers: HashMap<&'a str, usize>,
    /// What operators of `ai.onnx.ml` need to know of one another.
    pub(super) ml: ml::State,
    /// Values that do not hold real numbers, by type.
    pub(super) kinds: HashMap<String, types::Kind>,
}

impl<'a> Importer<'a> {
    pub(super) fn load_constants(&mut self) -> Result<()> {
        for initializer in &self.graph.initializer {
            let value = proto::tensor(self.path, initializer)?;
            self.constant(&initializer.name, value);
        }
        Ok(())
    }

    pub(super) fn constant(&mut self, name: &str, value: Affine) {
        // Only an error if a node uses it as a weight: Clip may have infinite bounds.
        if let Some(position) = value.bias.iter().position(|v| !v.is_finite()) {
            self.constants
                .insert(name.to_owned(), (position, value.bias[position]));
        }
        self.values.insert(name.to_owned(), Value::Rows(value));
    }

    pub(super) fn load_inputs(&mut self) -> Result<(Vec<usize>, Vec<Vec<usize>>)> {
        let mut ids = Vec::new();
        let mut onnx_shapes = Vec::new();
        for input in &self.graph.input {
            // Before IR version 4 initializers are listed among the inputs too.
            if self.values.contains_key(&input.name) {
                continue;
            }
            let onnx_shape = proto::input_shape(self.path, input)?;
            let tensors = &mut self.builder.tensors;
            let id = builder::push(tensors, input.name.clone(), &onnx_shape, None);
            let value = builder::plain(id, onnx_shape.clone(), tensors[id].len);
            self.values.insert(input.name.clone(), value);
            ids.push(id);
            onnx_shapes.push(onnx_shape);
        }
        Ok((ids, onnx_shapes))
    }

    /// The nodes that the values `names` depend on, in the file's (topological) order.
    pub(super) fn needed(&mut self, names: &[String]) -> Vec<&'a NodeProto> {
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
        self.ml.wanted = wanted;
        nodes
    }

    pub(super) fn run(&mut self, proto: &NodeProto) -> Result<()> {
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
        let node = Node {
            path: self.path,
            proto,
            name,
            opset: self.opset,
            whole: self.is_of_whole(proto),
            operands: Vec::new(),
        };
        if operators::find(&proto.domain, &proto.op_type).is_none() {
            return Err(node.unsupported(hints::hint(node.op())));
        }
        if proto.op_type == "Constant" {
            let value = proto::constant(&node)?;
            self.constant(&first_output, value);
            return Ok(());
        }
        if proto.op_type == "CastLike" {
            let cast = self.cast_like(proto);
            return self.run(&cast.ok_or_else(|| node.invalid("expected two operands"))?);
        }
        for input in &proto.input {
            if let Some((position, value)) = self.constants.get(input)
                && !matches!(&*proto.op_type, "Clip" | "Max" | "Min" | "Add" | "Where")
            {
                if let Some(value) = self.infinite_constant(&node)? {
                    self.constant(&first_output, value);
                    return Ok(());
                }
                return Err(CompileError::NonFiniteWeight {
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
        if proto.domain == ml::DOMAIN {
            return self.run_ml(&node);
        }
        if let (Some(value), [output]) = (self.cast_to_whole(proto), &proto.output[..]) {
            self.values.insert(output.clone(), Value::Rows(value));
            return Ok(());
        }
        if node.standard()? && self.fold(proto, &node.name, &first_output)? {
            return Ok(());
        }
        if let ("Div", [dividend, divisor]) = (&*proto.op_type, &proto.input[..])
            && !node.whole
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
        let open: Vec<Option<Value>> = proto.input.iter().map(|i| self.masked(proto, i)).collect();
        let mut operands = Vec::with_capacity(proto.input.len());
        for (input, open) in proto.input.iter().zip(&open) {
            operands.push(open.as_ref().or_else(|| self.values.get(input)));
        }
        let node = node.with(operands.iter().map(|value| rows_of(*value)).collect());
        let found = plane_ops::evaluate(&node, &operands, &mut self.builder)?;
        let values = match found {
            Some(values) => {
                let values = values.into_iter().map(|value| finished(&node, value));
                values.collect::<Result<Vec<_>>>()?
            }
            None => {
                let explicit: Vec<Option<Affine>> = operands
                    .iter()
                    .zip(&proto.input)
                    .map(|(value, name)| explicit(*value, name, &mut self.builder))
                    .collect();
                let all = explicit.iter().zip(&operands);
                let all = all.map(|(made, value)| made.as_ref().or_else(|| rows_of(*value)));
                let node = node.with(all.collect());
                let values = evaluate(&node, &mut self.builder)?.into_iter();
                let values = values.map(|value| finished(&node, Value::Rows(value)));
                values.collect::<Result<Vec<_>>>()?
            }
        };
        let replaced = std::mem::take(&mut self.builder.replaced);
        for (output, mut value) in proto.output.iter().zip(values) {
            if let Value::Planes(planes) = &value
                && self.is_worth_a_tensor(output, planes)
            {
                value = self.builder.activate(output, value, Activation::Identity);
            }
            if !output.is_empty() {
                self.values.insert(output.clone(), value);
            }
        }
        self.values.extend(replaced);
        Ok(())
    }

    /// Whether several nodes read a value and its weights, streamed for each of them, cost more than its cells.
    pub(super) fn is_worth_a_tensor(&self, name: &str, value: &Planes) -> bool {
        let readers = self.readers.get(name).copied().unwrap_or(0);
        !value.is_placement()
            && (readers.saturating_sub(1)) * value.weights()
                > conv_ops::WEIGHTS_PER_ROW * conv_ops::ROWS_PER_CELL * value.len()
    }

    /// Makes tensors of the operands whose integers the operator multiplies or compares, under their own name: other operators
    /// that read them then do so too.
    pub(super) fn prepare(&mut self, proto: &NodeProto) {
        let varying = |input: &String| self.values.get(input).is_some_and(|v| !v.is_constant());
        let count = proto.input.iter().filter(|input| varying(input)).count();
        let operands = match &*proto.op_type {
            "Mul" | "MatMul" | "Gemm" if count >= 2 => 2,
            "MatMul" | "Gemm" => {
                // What is made of squares has uniform weights; a matrix would have them rounded one by one.
                let square = |input: &&String| match self.values.get(*input) {
                    Some(Value::Rows(value)) => self.builder.has_squares(value),
                    _ => false,
                };
                let found: Vec<String> = proto.input.iter().filter(square).cloned().collect();
                found.iter().for_each(|input| self.materialise(input));
                return;
            }
            "ReduceMax" | "ReduceMin" | "ReduceL2" | "ReduceSumSquare" | "ReduceProd"
            | "ReduceLogSumExp" | "ArgMax" | "ArgMin" | "Hardmax" | "TopK" => 1,
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

    pub(super) fn materialise(&mut self, name: &str) {
        if let Some(value) = self.values.get(name)
            && !value.is_constant()
        {
            let value = self
                .builder
                .tensor(&format!("{name}/integers"), value.clone());
            self.values.insert(name.to_owned(), value);
        }
    }

    /// Whether a value has so many weights that reading it twice costs more than making it a tensor.
    pub(super) fn is_heavy(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Rows(value)) => {
                let weights = value.terms.values().flatten().map(Vec::len).sum::<usize>();
                weights > HEAVY * value.len()
            }
            Some(Value::Planes(value)) => !value.is_placement(),
            None => false,
        }
    }

    /// What an operator that only moves cells makes of constants, which may be infinite: masks are made this way.
    pub(super) fn infinite_constant(&self, node: &Node<'_>) -> Result<Option<Affine>> {
        let inputs = node.proto.input.iter();
        let operands: Vec<_> = inputs.map(|i| rows_of(self.values.get(i))).collect();
        let constant = |value: &&Affine| value.is_constant();
        if !operands.iter().flatten().all(constant) {
            return Ok(None);
        }
        let node = node.with(operands);
        match node.op() {
            "Cast" => Ok(Some(node.operand(0)?.clone())),
            "Identity" | "Reshape" | "Unsqueeze" | "Squeeze" | "Transpose" | "Slice" => {
                moves(&node)
            }
            "Expand" | "Tile" | "Trilu" => move_ops::evaluate(&node),
            _ => Ok(None),
        }
    }

    /// A constant operand with its infinities made finite, where the operator may have such.
    pub(super) fn masked(&self, proto: &NodeProto, input: &str) -> Option<Value> {
        if !self.constants.contains_key(input) || !matches!(&*proto.op_type, "Add" | "Where") {
            return None;
        }
        let Some(Value::Rows(value)) = self.values.get(input) else {
            return None;
        };
        let mut value = value.clone();
        let finite = |v: &mut f64| *v = v.clamp(-INFINITE, INFINITE);
        value.bias.iter_mut().for_each(finite);
        Some(Value::Rows(value))
    }

    pub(super) fn check_masks(&self) -> Result<()> {
        for tensor in &self.builder.tensors {
            let mut biases = tensor.layer.iter().flat_map(|layer| &layer.bias);
            if biases.any(|bias| bias.abs() > INFINITE / 2.0) {
                return Err(CompileError::InvalidModel {
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

    /// Why there is no value called `name`.
    pub(super) fn no_output(&self, name: &str) -> CompileError {
        let path = self.path.into();
        let mut nodes = self.graph.node.iter();
        match nodes.find(|node| node.output.iter().any(|output| output == name)) {
            Some(node) => CompileError::InvalidNode {
                path,
                node: node.output.first().unwrap_or(&node.name).clone(),
                op: node.op_type.clone(),
                detail: format!(
                    "its output `{name}` is not computed, only those before it; name other outputs of the model"
                ),
            },
            None => CompileError::InvalidModel {
                path,
                detail: format!(
                    "no node produces the output `{name}`; name a value of the graph (see it with netron)"
                ),
            },
        }
    }

    /// The tensor of the output called `name`.
    pub(super) fn output(&mut self, name: &str) -> Result<usize> {
        self.force(name)?;
        let Some(value) = self.values.get(name) else {
            return Err(self.no_output(name));
        };
        if value.is_constant() {
            return Err(CompileError::InvalidModel {
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
                let shape = stripped(value.shape());
                let tensor = &mut self.builder.tensors[id];
                (tensor.name, tensor.shape) = (name.to_owned(), shape);
                id
            }
            None => {
                let value = value.clone();
                let precision = match &value {
                    // Whole numbers stay what they are.
                    Value::Rows(value) if self.builder.is_whole(value) => rows::EXACT,
                    _ => Precision::Scaled,
                };
                self.builder
                    .layer(name, value, Activation::Identity, precision);
                self.builder.tensors.len() - 1
            }
        };
        self.taken.insert(id);
        Ok(id)
    }
}

/// The shape without a batch axis of 1.
pub(super) fn stripped(onnx_shape: &[usize]) -> Vec<usize> {
    match onnx_shape {
        [1, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        [] => vec![1],
        all => all.to_vec(),
    }
}

/// The value's explicit form, if that is what it has.
pub(super) fn rows_of(value: Option<&Value>) -> Option<&Affine> {
    match value {
        Some(Value::Rows(value)) => Some(value),
        _ => None,
    }
}

/// The explicit form of planes: cell by cell where they are multiples of tensors' cells, otherwise they become a tensor first.
pub(super) fn explicit(value: Option<&Value>, name: &str, builder: &mut Builder) -> Option<Affine> {
    match value {
        Some(Value::Planes(value)) if value.is_placement() => Some(value.rows()),
        Some(Value::Planes(value)) => Some(builder.materialise_planes(name, value.clone()).rows()),
        _ => None,
    }
}

/// A linear node's result, checked and named.
pub(super) fn finished(node: &Node<'_>, mut value: Value) -> Result<Value> {
    if !value.is_finite() {
        return Err(
            node.invalid("its folded weights overflow; check the model's weights for huge values")
        );
    }
    if !value.is_constant() {
        value.nodes_mut().push(node.name.clone());
        return Ok(value);
    }
    Ok(match value {
        Value::Planes(value) => Value::Rows(Affine::constant(value.shape, value.bias)),
        rows => rows,
    })
}

/// The outputs of a node that is not a function of one value.
pub(super) fn evaluate(node: &Node<'_>, builder: &mut Builder) -> Result<Vec<Affine>> {
    let value = match node.op() {
        "Gemm" => linear_ops::gemm(node, builder)?,
        "MatMul" => linear_ops::matmul(node, builder, node.operand(0)?, node.operand(1)?)?,
        "Add" => linear_ops::add(node, 1.0)?,
        "Sub" => linear_ops::add(node, -1.0)?,
        "Mul" if node.varying(2) => products::mul(node, builder)?,
        "Mul" => linear_ops::mul(node)?,
        "Pow" | "Mod" if node.varying(1) => by_constant::evaluate(node, builder)?,
        "Div" if node.whole && node.varying(1) => by_constant::evaluate(node, builder)?,
        "Resize" | "Upsample" => interpolate::resize(node)?,
        "Div" if node.varying(1) => linear_ops::div(node)?,
        "CumSum" => linear_ops::cumulative_sum(node)?,
        "Sum" => linear_ops::sum(node)?,
        "Mean" => linear_ops::mean(node)?,
        "Max" if node.varying(1) => maximum::extreme(node, builder, false)?,
        "Min" if node.varying(1) => maximum::extreme(node, builder, true)?,
        "Where" if node.varying(1) => products::choose(node, builder)?,
        "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" if node.varying(1) => {
            compare::compare(node, builder)?
        }
        "And" | "Or" | "Xor" if node.varying(1) => compare::logic(node, builder)?,
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
        "Split" => return shape_ops::split(node),
        "Softmax" => softmax::softmax(node, builder, false)?,
        "LogSoftmax" => softmax::softmax(node, builder, true)?,
        "LayerNormalization" => norms::layer(node, builder, true)?,
        "RMSNormalization" => norms::layer(node, builder, false)?,
        "InstanceNormalization" => norms::channels(node, builder, false)?,
        "GroupNormalization" => norms::channels(node, builder, true)?,
        "BatchNormalization" => linear_ops::batch_normalization(node)?,
        "ReduceMean" => linear_ops::reduce(node, true)?,
        "ReduceSum" => linear_ops::reduce(node, false)?,
        "GlobalAveragePool" => linear_ops::global_average_pool(node)?,
        "Concat" => shape_ops::concat(node)?,
        "Pad" => shape_ops::pad(node)?,
        "Gather"
            if node
                .operands
                .get(1)
                .copied()
                .flatten()
                .is_some_and(|i| !i.is_constant()) =>
        {
            embedding::gather(node, builder)?
        }
        "OneHot" if node.varying(1) => one_hot::one_hot(node, builder)?,
        "Einsum" => products::einsum(node, builder)?,
        "Clip" => {
            // Folded unless its bounds are at fault.
            functions::unary(node)?;
            return Err(node.product());
        }
        op => {
            let moved = match moves(node)? {
                Some(value) => Some(value),
                None => move_ops::evaluate(node)?,
            };
            let moved = match moved {
                Some(value) => Some(value),
                None => constants::evaluate(node)?,
            };
            match moved.map_or_else(|| functions::constant(node), |value| Ok(Some(value)))? {
                Some(value) => value,
                None => return Err(node.unsupported(hints::hint(op))),
            }
        }
    };
    Ok(vec![value])
}

/// The output of an operator that only moves cells of its first operand.
pub(super) fn moves(node: &Node<'_>) -> Result<Option<Affine>> {
    Ok(Some(match node.op() {
        "Identity" => node.operand(0)?.clone(),
        "Flatten" => shape_ops::flatten(node)?,
        "Reshape" => shape_ops::reshape(node)?,
        "Squeeze" => shape_ops::squeeze(node)?,
        "Unsqueeze" => shape_ops::unsqueeze(node)?,
        "Transpose" => shape_ops::transpose(node)?,
        "Slice" => shape_ops::slice(node)?,
        "Gather" => shape_ops::gather(node)?,
        "Shape" => constants::shape(node)?,
        _ => return Ok(None),
    }))
}
