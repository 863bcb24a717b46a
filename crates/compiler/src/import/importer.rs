//! The walk over an ONNX file: constants and inputs first, then the needed nodes in order, outputs
//! last.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

use crate::float::graph::FloatGraph;
use crate::import::kinds::{ElementKind, Holds};
use crate::import::output_kind::{choices, output_kinds};
use crate::import::reads::reads;
use crate::import::secrecy::Secrecy;
use crate::import::sizes::Sizes;
use crate::import::spelled::soft_maxes;
use crate::import::state::{Importer, raw_name};
use crate::import::{builder, layout, ml, operators, order, proto, sparse, words};
use crate::{CompileError, Result};

/// Imports the file that `graph` comes from once more, up to other values: for finding out where
/// two readings of it part.
pub(crate) fn import_again(
    graph: &FloatGraph,
    model: &ModelProto,
    outputs: &[&str],
) -> Result<FloatGraph> {
    let secrecy = match graph.private_weights {
        true => Secrecy::private(&[]),
        false => Secrecy::default(),
    };
    let shapes = graph.onnx_input_shapes.iter().cloned();
    let names = graph
        .inputs
        .iter()
        .map(|id| graph.tensors[*id].name.clone());
    let sizes = Sizes::of(names.zip(shapes));
    let onnx = graph.onnx.clone();
    import_model(&graph.path, onnx, model, outputs, secrecy, &sizes)
}

/// Imports a file that is read already, dimensions left open being of the given sizes.
pub(crate) fn import_model(
    path: &Path,
    onnx: Arc<[u8]>,
    model: &ModelProto,
    outputs: &[&str],
    secrecy: Secrecy,
    sizes: &Sizes,
) -> Result<FloatGraph> {
    let private_weights = secrecy.private;
    let numbered = words::numbered(path, model)?;
    let (model, mut words) = match &numbered {
        Some((numbered, words)) => (numbered, words.clone()),
        None => (model, words::Words::new()),
    };
    let graph = checked(path, model)?;
    let invalid = |detail: &str| CompileError::InvalidModel {
        path: path.into(),
        detail: detail.into(),
    };
    let opset = opset(model);
    if opset < 1 {
        return Err(invalid(&format!(
            "opset {opset} of ONNX's operators is none; export the model again"
        )));
    }
    if opset > NEWEST_OPSET {
        tracing::warn!(
            opset,
            known = NEWEST_OPSET,
            "operators may mean something else in a newer opset than this program knows"
        );
    }
    let mut importer = Importer::new(path, graph, opset);
    importer.builder.secrecy = secrecy;
    importer.memory = sizes.memory;
    importer.load_constants()?;
    importer.check_public_names()?;
    let inputs = importer.load_inputs(sizes)?;
    if inputs.is_empty() {
        return Err(invalid(
            "the model has no input; every value in it is constant",
        ));
    }
    let output_names: Vec<String> = if outputs.is_empty() {
        ml::natural_outputs(graph)
    } else {
        outputs.iter().map(|name| (*name).to_owned()).collect()
    };
    if output_names.is_empty() {
        return Err(invalid("the model has no output; export it again"));
    }
    importer.walk(&output_names)?;
    let (output_names, left_out) = match outputs.is_empty() {
        true => importer.without_constants(output_names),
        false => (output_names, Vec::new()),
    };
    let mut outputs = output_names
        .iter()
        .map(|name| importer.output(name))
        .collect::<Result<Vec<_>>>()?;
    importer.builder.drop_masks(&outputs);
    importer.check_masks()?;
    let (inputs, onnx_input_shapes): (Vec<_>, Vec<_>) = inputs.into_iter().unzip();
    let missing = importer.settle_missing(&inputs, &mut outputs)?;
    let stem = || {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let output_kinds = output_kinds(graph, &output_names);
    let choices = output_names.iter().map(|name| {
        let shape = importer.values.get(name)?.shape();
        choices(graph, name, shape, importer.opset)
    });
    let choices = choices.collect();
    let limits = |id: &usize| {
        let name = &importer.builder.tensors[*id].name;
        importer.kinds.get(name).and_then(|kind| kind.limits())
    };
    let mut float = FloatGraph {
        limits: inputs.iter().map(limits).collect(),
        typed: importer.typed,
        whole: inputs
            .iter()
            .map(|id| importer.builder.tensors[*id].whole)
            .collect(),
        name: if graph.name.is_empty() {
            stem()
        } else {
            graph.name.clone()
        },
        tensors: importer.builder.tensors,
        inputs,
        outputs,
        output_names,
        left_out,
        output_kinds,
        choices,
        path: path.into(),
        onnx,
        onnx_input_shapes,
        missing,
        words: Vec::new(),
        private_weights,
    };
    if !words.is_empty() {
        let names = float.inputs.iter().map(|id| &float.tensors[*id].name);
        float.words = names
            .map(|it| words.remove(it).unwrap_or_default())
            .collect();
    }
    layout::settle(&mut float);
    Ok(float)
}

/// The model's graph, which must be there.
fn checked<'m>(path: &Path, model: &'m ModelProto) -> Result<&'m GraphProto> {
    model.graph.as_ref().ok_or_else(|| CompileError::NotOnnx {
        path: path.into(),
        detail: "it holds no graph".into(),
    })
}

/// The newest version of ONNX's operators that its node tests were tried with.
const NEWEST_OPSET: i64 = 28;

/// The version of ONNX's own operators.
fn opset(model: &ModelProto) -> i64 {
    model
        .opset_import
        .iter()
        .find(|set| matches!(&*set.domain, "" | "ai.onnx"))
        .map_or(13, |set| set.version)
}

impl<'a> Importer<'a> {
    fn load_constants(&mut self) -> Result<()> {
        for initializer in &self.graph.initializer {
            let value = proto::tensor(self.path, initializer)?;
            self.constant(&initializer.name, value);
        }
        // A few bytes may stand for many zeros.
        let mut room = sparse::MAX_CELLS;
        for initializer in &self.graph.sparse_initializer {
            let (name, value) = sparse::tensor(self.path, initializer, room)?;
            room -= value.len();
            self.constant(&name, value);
        }
        Ok(())
    }

    /// Checks that constants said to be public are there at all.
    fn check_public_names(&self) -> Result<()> {
        let known = |name: &&String| {
            let outputs = || self.graph.node.iter().flat_map(|node| &node.output);
            self.values.contains_key(*name) || outputs().any(|output| output == *name)
        };
        match self.builder.secrecy.names().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(CompileError::InvalidModel {
                path: self.path.into(),
                detail: format!(
                    "no constant is called `{name}`, which is said to be public; see the names with netron"
                ),
            }),
        }
    }

    /// Makes tensors of the inputs. Returns them with their ONNX shapes.
    fn load_inputs(&mut self, sizes: &Sizes) -> Result<Vec<(usize, Vec<usize>)>> {
        let mut inputs = Vec::new();
        for input in &self.graph.input {
            // Before IR version 4 initializers are listed among the inputs too.
            if self.values.contains_key(&input.name) {
                continue;
            }
            let onnx_shape = sizes.input_shape(self.path, input)?;
            let tensors = &mut self.builder.tensors;
            let id = builder::push(tensors, input.name.clone(), &onnx_shape, None);
            let kind = self.kinds.get(&input.name);
            let whole = |kind: &ElementKind| kind.is_whole() || *kind == ElementKind::Truth;
            tensors[id].whole = kind.is_some_and(whole);
            let value = builder::plain(id, onnx_shape.clone(), tensors[id].len);
            self.values.insert(input.name.clone(), value);
            inputs.push((id, onnx_shape));
        }
        Ok(inputs)
    }

    /// The nodes that the values `names` depend on, each after those it reads.
    fn needed(&mut self, names: &[String]) -> Result<Vec<Cow<'a, NodeProto>>> {
        let order =
            order::sorted(&self.graph.node).map_err(|disorder| CompileError::InvalidModel {
                path: self.path.into(),
                detail: disorder.detail(),
            })?;
        let all = &self.graph.node;
        let mut wanted: HashSet<String> = names.iter().cloned().collect();
        let mut spelled = soft_maxes(self.graph, self.opset);
        let mut nodes: Vec<Cow<'a, NodeProto>> = order
            .into_iter()
            .rev()
            .map(|number| match spelled.remove(&number) {
                Some(node) => Cow::Owned(node),
                None => Cow::Borrowed(&all[number]),
            })
            .filter(|node| {
                let needed = node
                    .output
                    .iter()
                    .any(|output| wanted.contains(output) || wanted.contains(&raw_name(output)));
                if needed {
                    wanted.extend(reads(node));
                }
                needed
            })
            .collect();
        nodes.reverse();
        self.ml.wanted = wanted;
        Ok(nodes)
    }

    /// Runs the nodes that the values `names` depend on.
    fn walk(&mut self, names: &[String]) -> Result<()> {
        let nodes = self.needed(names)?;
        for node in &nodes {
            let operator = operators::find(&node.domain, &node.op_type);
            if operator.is_some_and(|operator| operator.only_shape) {
                continue;
            }
            for input in &node.input {
                *self.readers.entry(input.clone()).or_default() += 1;
            }
        }
        for node in nodes {
            let operator = operators::find(&node.domain, &node.op_type);
            let last = node.output.iter().any(|name| names.contains(name));
            if last && operator.is_some_and(|operator| operator.soft_max) {
                tracing::info!(
                    node = node.name,
                    "the model ends in a soft-max; if only the most likely class counts, proving up to its operand \
                     (import_outputs) is cheaper"
                );
            }
            self.run_noted(&node)?;
        }
        Ok(())
    }

    /// Notes what the node's outputs hold, its operands being known.
    pub(crate) fn note_kinds(&mut self, node: &NodeProto, holds: Holds) {
        let names = node.output.iter().enumerate();
        let found: Vec<(String, ElementKind)> = names
            .filter_map(|(output, name)| Some((name.clone(), holds(&self.kinds, node, output)?)))
            .collect();
        self.kinds.extend(found);
    }
}
