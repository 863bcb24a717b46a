//! The end of the walk: outputs become tensors, masks are gone.

use crate::float::activation::Activation;
use crate::float::graph::Precision;
use crate::import::builder::rows;
use crate::import::shapes::stripped;
use crate::import::state::Importer;
use crate::import::values::{INFINITE, Value};
use crate::{CompileError, Result};

impl Importer<'_> {
    pub(crate) fn check_masks(&self) -> Result<()> {
        for tensor in &self.builder.tensors {
            let layers = || tensor.layer.iter();
            let terms = layers().flat_map(|layer| &layer.terms);
            let weights = terms.flat_map(|term| term.kernel.weights());
            let biases = layers().flat_map(|layer| &layer.bias).copied();
            if { biases.chain(weights) }.any(|v| v.abs() > INFINITE / 2.0) {
                return Err(CompileError::InvalidModel {
                    path: self.path.into(),
                    detail: format!(
                        "an infinite constant reaches `{}`; only a mask right before a soft-max or an ArgMax may hold one",
                        tensor.name
                    ),
                });
            }
        }
        Ok(())
    }

    /// Why there is no value called `name`.
    pub(crate) fn no_output(&self, name: &str) -> CompileError {
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

    /// The outputs among `names` that depend on an input, and those that do not: a policy's constant
    /// deviation beside its mean, say. Where none does, all are of the first kind, to be refused by
    /// name.
    pub(crate) fn without_constants(&self, names: Vec<String>) -> (Vec<String>, Vec<String>) {
        let constant = |name: &String| {
            let value = self.values.get(name);
            value.is_some_and(Value::is_constant)
        };
        let (left_out, kept): (Vec<_>, Vec<_>) = names.into_iter().partition(constant);
        if kept.is_empty() {
            return (left_out, kept);
        }
        for name in &left_out {
            tracing::warn!(
                output = name,
                "the output does not depend on any input: it is a constant, which the proof leaves out"
            );
        }
        (kept, left_out)
    }

    /// The tensor of the output called `name`.
    pub(crate) fn output(&mut self, name: &str) -> Result<usize> {
        self.force(name)?;
        let Some(value) = self.values.get(name) else {
            return Err(self.no_output(name));
        };
        if value.is_constant() {
            return Err(CompileError::InvalidModel {
                path: self.path.into(),
                detail: format!(
                    "output `{name}` does not depend on any input, so there is nothing to prove; name other outputs with \
                     --output-name, or check the export"
                ),
            });
        }
        // An input, or a tensor that is an output already, gets a copy: outputs are distinct and
        // never inputs.
        let len = value.shape().iter().product::<usize>();
        let reusable = value.as_tensor().filter(|id| {
            let tensor = &self.builder.tensors[*id];
            // The first cells of a tensor are not all of it.
            tensor.layer.is_some() && tensor.len == len && !self.taken.contains(id)
        });
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
                    Value::Rows(value) if self.builder.has_decided_steps(value) => rows::EXACT,
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
