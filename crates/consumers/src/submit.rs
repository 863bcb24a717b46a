//! What can be done with any consumer: ask what it wants, and hand it a proof.

use crate::{ConsumerError, Question, consumer::Consumer, context::Audience};
use alloy_primitives::{Address, B256, Bytes, U256};
use verdict_chain::{Chain, ChainError, ChainExt, Receipt, bindings::registry::IModelRegistry};

/// What was submitted.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// What the function returned in the dry run.
    pub returned: U256,
    /// What became of it.
    pub receipt: Receipt,
}

/// A call that a dry run found to succeed.
#[derive(Clone, Debug)]
pub struct PreparedCall {
    /// Whom to call.
    pub to: Address,
    /// With what.
    pub data: Bytes,
    /// What the function returned in the dry run.
    pub returned: U256,
}

/// What follows from a [`Consumer`], the same for all of them.
pub trait ConsumerExt: Consumer {
    /// The model version that the consumer acts on: its id and number.
    fn model(&self, chain: &mut dyn Chain) -> Result<(U256, u32), ConsumerError> {
        // key ‖ selector ‖ modelId ‖ version
        let [.., a, b, c, d, e, f, g, h] = self.pin(chain)?.0;
        let id = U256::from(u32::from_be_bytes([a, b, c, d]));
        Ok((id, u32::from_be_bytes([e, f, g, h])))
    }

    /// What the consumer will ask its source.
    fn question(&self, chain: &mut dyn Chain) -> Result<Question, ConsumerError> {
        let (source, subject) = (self.source(chain)?, self.subject(chain)?);
        let (model_id, version) = self.model(chain)?;
        Ok(Question {
            source,
            consumer: self.consumer(),
            model_id,
            version,
            subject,
        })
    }

    /// The context that the consumer will compute now.
    fn context(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        let payload = self.payload(chain)?;
        self.context_with(chain, payload)
    }

    /// The context of a payload.
    fn context_with(&self, chain: &mut dyn Chain, payload: B256) -> Result<B256, ConsumerError> {
        let (model_id, version) = self.model(chain)?;
        let audience = Audience {
            chain_id: chain.chain_id(),
            consumer: self.consumer(),
            model_id,
            version,
        };
        Ok(audience.context(payload))
    }

    /// The call that hands a proof in, after a dry run: what it would be refused with costs nothing
    /// to learn.
    fn prepare(
        &self,
        chain: &mut dyn Chain,
        registry: Address,
        evidence: Bytes,
        public_values: &[B256],
        proof: Bytes,
    ) -> Result<PreparedCall, ConsumerError> {
        let (model_id, version) = self.model(chain)?;
        let call = IModelRegistry::layoutOfCall {
            modelId: model_id,
            version,
        };
        let layout = chain.read(registry, &call)?;
        let (inputs, outputs) = (
            usize::from(layout.inputWords),
            usize::from(layout.outputWords),
        );
        let expected = 1 + inputs + outputs + usize::from(layout.commitments);
        if public_values.len() != expected {
            return Err(ConsumerError::OtherModel {
                found: public_values.len(),
                expected,
            });
        }
        let words = public_values.iter().skip(1 + inputs).take(outputs);
        let words = words.map(|word| U256::from_be_bytes(word.0)).collect();
        let data = self.calldata(evidence.clone(), words, proof);
        let to = self.contract();
        let returned = match Chain::call(chain, Some(to), data.clone()) {
            Ok(returned) => returned,
            Err(ChainError::Refused(revert)) if revert.is("ProofRejected") => {
                let found = public_values.first().copied().unwrap_or_default();
                let payload = self.payload_of(chain, &evidence)?;
                let expected = self.context_with(chain, payload)?;
                return Err(if found == expected {
                    ChainError::Refused(revert).into()
                } else {
                    ConsumerError::OtherContext { found, expected }
                });
            }
            Err(error) => return Err(error.into()),
        };
        Ok(PreparedCall {
            to,
            data,
            returned: U256::try_from_be_slice(&returned).unwrap_or_default(),
        })
    }

    /// Submits, after a dry run.
    fn submit(
        &self,
        chain: &mut dyn Chain,
        registry: Address,
        evidence: Bytes,
        public_values: &[B256],
        proof: Bytes,
    ) -> Result<Submitted, ConsumerError> {
        let call = self.prepare(chain, registry, evidence, public_values, proof)?;
        Ok(Submitted {
            returned: call.returned,
            receipt: chain.send(Some(call.to), call.data)?,
        })
    }
}

impl<T: Consumer + ?Sized> ConsumerExt for T {}
