//! What data signers sign, as typed data, and how a source is shown it.

use crate::{ConsumerError, Question};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{Eip712Domain, SolStruct, SolValue, eip712_domain};
use verdict_chain::ChainError;
use verdict_wire::InputWords;

mod eip712 {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        /// What `SignedFeatures` takes signatures of.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        struct Features {
            address consumer;
            uint256 modelId;
            uint256 version;
            bytes32 subject;
            uint256 signerSet;
            uint256 timestamp;
            uint256 blockNumber;
            uint256 sequence;
            uint256[] words;
            uint256[] commitments;
        }
    }
}
pub use eip712::Features as SignedData;

/// When data are true, and which piece of data they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// In seconds since 1970.
    pub timestamp: U256,
    /// The block in which they are true; zero for none.
    pub block: U256,
    /// Grows from one piece of data to the next.
    pub sequence: U256,
}

impl SignedData {
    /// The answer to a question, under a source's signer set of this number.
    pub fn new(question: &Question, set: U256, moment: Moment, inputs: &InputWords) -> Self {
        Self {
            consumer: question.consumer,
            modelId: question.model_id,
            version: U256::from(question.version),
            subject: question.subject,
            signerSet: set,
            timestamp: moment.timestamp,
            blockNumber: moment.block,
            sequence: moment.sequence,
            words: inputs.words.clone(),
            commitments: inputs.commitments.clone(),
        }
    }

    /// When they are true.
    pub const fn moment(&self) -> Moment {
        Moment {
            timestamp: self.timestamp,
            block: self.blockNumber,
            sequence: self.sequence,
        }
    }

    /// What signers sign for a source on a chain.
    pub fn digest(&self, chain_id: u64, source: Address) -> B256 {
        self.eip712_signing_hash(&Self::domain(chain_id, source))
    }

    /// The hashes of the domain and of the structure: the two that a Ledger shows.
    pub fn hashes(&self, chain_id: u64, source: Address) -> (B256, B256) {
        let domain = Self::domain(chain_id, source);
        (domain.separator(), self.eip712_hash_struct())
    }

    /// The EIP-712 domain of a source.
    pub fn domain(chain_id: u64, source: Address) -> Eip712Domain {
        eip712_domain! {
            name: "VerdictFeatures",
            version: "1",
            chain_id: chain_id,
            verifying_contract: source,
        }
    }

    /// Evidence of signatures by the signers in `mask`, lowest first.
    pub fn evidence(&self, mask: U256, signatures: &[Bytes]) -> Bytes {
        (
            self.timestamp,
            self.blockNumber,
            self.sequence,
            self.words.clone(),
            self.commitments.clone(),
            mask,
            signatures.to_vec(),
        )
            .abi_encode_params()
            .into()
    }
}

/// Keys that sign data, in the order a source lists their accounts: ascending.
#[derive(Clone, Debug)]
pub struct DataSigners(Vec<PrivateKeySigner>);

impl DataSigners {
    /// Signers of these secrets.
    pub fn new(secrets: &[B256]) -> Result<Self, ConsumerError> {
        let mut signers = secrets
            .iter()
            .map(PrivateKeySigner::from_bytes)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| ChainError::Signer("a secret is not a key of secp256k1".into()))?;
        signers.sort_by_key(PrivateKeySigner::address);
        Ok(Self(signers))
    }

    /// Their accounts, ascending.
    pub fn addresses(&self) -> Vec<Address> {
        self.0.iter().map(PrivateKeySigner::address).collect()
    }

    /// Evidence that the first `count` of them sign.
    pub fn evidence(
        &self,
        chain_id: u64,
        source: Address,
        data: &SignedData,
        count: usize,
    ) -> Result<Bytes, ConsumerError> {
        let digest = data.digest(chain_id, source);
        let signatures = self
            .0
            .iter()
            .take(count)
            .map(|signer| {
                let signature = signer
                    .sign_hash_sync(&digest)
                    .map_err(|error| ChainError::Signer(error.to_string()))?;
                Ok(Bytes::from(signature.as_bytes().to_vec()))
            })
            .collect::<Result<Vec<_>, ConsumerError>>()?;
        let mask = (U256::from(1) << signatures.len()) - U256::from(1);
        Ok(data.evidence(mask, &signatures))
    }
}
