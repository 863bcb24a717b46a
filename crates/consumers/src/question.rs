//! What a consumer asks its feature source, and whether inputs answer it.

use crate::ConsumerError;
use alloy_primitives::{Address, B256, U256};
use verdict_chain::{Chain, ChainExt, bindings::registry::IModelRegistry};
use verdict_wire::InputWords;

/// Whose inputs, of which model version, about what: all that evidence is bound to besides the
/// data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The feature source.
    pub source: Address,
    /// Who asks.
    pub consumer: Address,
    /// The model in the registry.
    pub model_id: U256,
    /// Its version.
    pub version: u32,
    /// What the inputs are about.
    pub subject: B256,
}

/// What the registry says of the model version that a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Digest of the compiled model, or of its architecture where the weights are private.
    pub model_hash: B256,
    /// Key, route, model and version in one word.
    pub pin: B256,
    /// How many items a proof is about.
    pub items: usize,
    /// Words of its public inputs.
    pub words: usize,
    /// Commitments to its committed inputs.
    pub commitments: usize,
}

impl Registered {
    /// Reads what the registry knows of a version.
    pub fn of(
        chain: &mut dyn Chain,
        registry: Address,
        model_id: U256,
        version: u32,
    ) -> Result<Self, ConsumerError> {
        let of = IModelRegistry::versionOfCall {
            modelId: model_id,
            version,
        };
        let model_hash = chain.read(registry, &of)?.commitment.modelHash;
        let layout = IModelRegistry::layoutOfCall {
            modelId: model_id,
            version,
        };
        let layout = chain.read(registry, &layout)?;
        let pin = IModelRegistry::pinOfCall {
            modelId: model_id,
            version,
        };
        Ok(Self {
            model_hash,
            pin: chain.read(registry, &pin)?,
            items: layout.inputItems.to(),
            words: layout.inputWords.into(),
            commitments: layout.commitments.into(),
        })
    }

    /// Refuses inputs of another shape: no proof of this version can have them.
    pub fn check(&self, inputs: &InputWords) -> Result<(), ConsumerError> {
        let found = (inputs.words.len(), inputs.commitments.len());
        if found == (self.words, self.commitments) {
            return Ok(());
        }
        Err(ConsumerError::Evidence(format!(
            "the inputs make {} words and {} commitments, the registered version has {} and {}",
            found.0, found.1, self.words, self.commitments
        )))
    }
}

impl Question {
    /// What the registry says of its model version.
    pub fn registered(
        &self,
        chain: &mut dyn Chain,
        registry: Address,
    ) -> Result<Registered, ConsumerError> {
        Registered::of(chain, registry, self.model_id, self.version)
    }
}
