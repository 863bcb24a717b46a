//! A proof with everything needed to check it, as a JSON file.

use crate::{WireError, read_text};
use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};
use std::path::Path;
use verdict_circuit::{Batch, WordLayout};
use verdict_model::{IntegerGraph, TensorId, Visibility};

/// Version of the file format.
pub const PROOF_FILE_VERSION: u32 = 1;

/// A proof and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    /// The version of the format, [`PROOF_FILE_VERSION`].
    pub version: u32,
    /// Digest of the compiled model.
    pub model: B256,
    /// Digest of the verifying key: keccak256 of [`Self::verifying_key`].
    pub key: B256,
    /// Digest of the set-up, as `verdict srs list` shows it.
    pub srs: String,
    /// Whether the set-up is the insecure development one.
    pub development: bool,
    /// The verifying key's bytes.
    pub verifying_key: Bytes,
    /// The context, then the public words.
    pub public_values: Vec<B256>,
    /// What a batch consists of and where its values stand; absent where the proof is about one
    /// inference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchFile>,
    /// Whether the weights are private: [`Self::model`] is then the digest of the redacted
    /// architecture.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private_weights: bool,
    /// The proof.
    pub proof: Bytes,
}

/// A batch, as a proof file describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchFile {
    /// The number of inferences.
    pub items: usize,
    /// The public tensors in the order of their words.
    pub tensors: Vec<TensorWords>,
}

/// Where a tensor's values stand among the public values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorWords {
    /// The tensor's name.
    pub name: String,
    /// `per_item`: word `w` of item `i` is number `w·items + i`; `across`: the items' values one
    /// after the other; `sum`: the items' values added up; `commitment`: a Poseidon commitment for
    /// each item.
    pub layout: String,
    /// Index of the first word among the public values.
    pub first: usize,
    /// Number of words.
    pub words: usize,
}

impl BatchFile {
    /// Describes a batch; `None` for one inference.
    pub fn of(graph: &IntegerGraph, batch: &Batch) -> Option<Self> {
        let mut first = 1;
        let mut place = |id: TensorId, layout: &str, words: usize| {
            first += words;
            TensorWords {
                name: graph.tensors[id].name.clone(),
                layout: layout.into(),
                first: first - words,
                words,
            }
        };
        let mut tensors: Vec<TensorWords> = graph
            .public_tensors()
            .map(|id| {
                let layout = match batch.layout(graph, id) {
                    WordLayout::PerItem => "per_item",
                    WordLayout::Across => "across",
                    WordLayout::Sum => "sum",
                };
                place(id, layout, batch.words(graph, id))
            })
            .collect();
        let committed = graph
            .inputs
            .iter()
            .filter(|&&id| graph.tensors[id].visibility == Visibility::Committed);
        tensors.extend(committed.map(|&id| place(id, "commitment", batch.items)));
        (batch.items > 1).then_some(Self {
            items: batch.items,
            tensors,
        })
    }
}

impl ProofFile {
    /// The batch that the file describes, for a model; refuses a description that is not the
    /// model's.
    pub fn batch(&self, graph: &IntegerGraph, path: &Path) -> Result<Batch, WireError> {
        let Some(file) = &self.batch else {
            return Ok(Batch::single());
        };
        let sums = graph
            .outputs
            .iter()
            .copied()
            .filter(|&id| {
                file.tensors
                    .iter()
                    .any(|it| it.layout == "sum" && it.name == graph.tensors[id].name)
            })
            .collect();
        let batch = Batch {
            items: file.items,
            sums,
        };
        // Items come from the file; what they would take is compared before anything is computed
        // for so many.
        if file.items < 2
            || file.items >= 1 << 28
            || BatchFile::of(graph, &batch).as_ref() != Some(file)
        {
            return Err(WireError::ProofFile {
                path: path.to_owned(),
                detail: "its batch is laid out in another way than this model's would be; give the model that was proved"
                    .into(),
            });
        }
        Ok(batch)
    }
}

impl ProofFile {
    /// Reads a proof file.
    pub fn load(path: &Path) -> Result<Self, WireError> {
        let text = read_text(path)?;
        let fail = |detail: String| WireError::ProofFile {
            path: path.to_owned(),
            detail,
        };
        let file: Self = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
        if file.version != PROOF_FILE_VERSION {
            return Err(fail(format!(
                "version {}, expected {PROOF_FILE_VERSION}",
                file.version
            )));
        }
        let found = alloy_primitives::keccak256(&file.verifying_key);
        if found != file.key {
            return Err(WireError::Mismatch {
                path: path.to_owned(),
                found: found.to_string(),
                expected: file.key.to_string(),
            });
        }
        Ok(file)
    }
}
