//! A batch by names, as files have it, and as far as a spec tells it.

use crate::EngineError;
use serde::{Deserialize, Serialize};
use verdict_circuit::{Batch, WordLayout};
use verdict_model::{CompiledModel, TensorId};
use verdict_wire::ModelSpec;

/// The largest batch that a spec has a number for.
const MAX_ITEMS: usize = (1 << 24) - 1;

/// A batch, and which outputs are published as sums over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchOf {
    /// Inferences in one proof.
    pub items: usize,
    /// Names of outputs.
    pub sums: Vec<String>,
}

impl BatchOf {
    /// A batch by names.
    pub fn of(model: &CompiledModel, batch: &Batch) -> Self {
        let named = outputs(model).filter(|(id, _)| batch.sums.contains(id));
        Self {
            items: batch.items,
            sums: named.map(|(_, name)| name.to_owned()).collect(),
        }
    }

    /// The batch, for a model that has these outputs.
    pub fn resolve(&self, model: &CompiledModel) -> Result<Batch, EngineError> {
        if self.items == 0 || self.items > MAX_ITEMS {
            return Err(EngineError::Input(format!(
                "a batch of {} items is none; expected 1 to {MAX_ITEMS}",
                self.items
            )));
        }
        let find = |name: &String| {
            let found = outputs(model).find(|(_, output)| output == name);
            found.map(|(id, _)| id).ok_or_else(|| {
                let names: Vec<&str> = outputs(model).map(|(_, name)| name).collect();
                EngineError::Input(format!(
                    "the batch has sums of `{name}`; the model's outputs are {}",
                    names.join(", ")
                ))
            })
        };
        Ok(Batch {
            items: self.items,
            sums: self.sums.iter().map(find).collect::<Result<_, _>>()?,
        })
    }
}

fn outputs(model: &CompiledModel) -> impl Iterator<Item = (TensorId, &str)> {
    let manifest = model.manifest().outputs.iter();
    let ids = model.graph().outputs.iter().copied();
    ids.zip(manifest.map(|output| output.name.as_str()))
}

/// The batch that a spec can only be of, as far as it fits the model: an output of which there is
/// one result for all items is a sum, unless it is one value that is packed across them.
pub fn batch_of_spec(model: &CompiledModel, spec: &ModelSpec) -> Batch {
    let items = spec.inputItems.to::<usize>().max(1);
    let plain = Batch {
        items,
        sums: Vec::new(),
    };
    if items == 1 {
        return plain;
    }
    let graph = model.graph();
    let public = graph.public_tensors();
    let outputs = public.filter(|id| graph.tensors[*id].layer.is_some());
    let summed =
        |(id, schema): &(TensorId, &verdict_wire::OutputSchema)| match plain.layout(graph, *id) {
            WordLayout::Across => schema.count == 1,
            _ => spec.outputItems.to::<usize>() == 1,
        };
    let sums = outputs.zip(&spec.outputs).filter(summed).map(|(id, _)| id);
    Batch {
        sums: sums.collect(),
        ..plain
    }
}
