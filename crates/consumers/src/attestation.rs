//! A data signer's signature as a file, and a quorum of them as evidence.

use crate::{ConsumerError, Moment, Question, SignedData, SignerSet};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use serde::{Deserialize, Serialize};
use std::path::Path;
use verdict_chain::{Chain, ChainExt, DataSigner};
use verdict_wire::{InputWords, read_text, write_json};

/// Version of the file format.
const VERSION: u32 = 1;

mod erc1271 {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4);
    }
}
use erc1271::isValidSignatureCall;

/// What one signer signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attestation {
    version: u32,
    /// The chain.
    pub chain_id: u64,
    /// The `SignedFeatures` that will be shown it.
    pub source: Address,
    /// What is attested.
    pub data: SignedData,
    /// The member of the source's set that it counts for.
    pub signer: Address,
    /// 65 bytes of ECDSA, or whatever a signer with code (ERC-1271) takes.
    pub signature: Bytes,
}

/// Evidence, and who it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// For the consumer.
    pub evidence: Bytes,
    /// Who signed, in the set's order.
    pub signers: Vec<Address>,
    /// How many had to.
    pub quorum: usize,
}

/// What a data signer is asked to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The chain.
    pub chain_id: u64,
    /// What the consumer asks.
    pub question: Question,
    /// Who can answer.
    pub set: SignerSet,
    /// The answer.
    pub data: SignedData,
}

impl Statement {
    /// An answer to a question.
    pub fn new(
        chain_id: u64,
        question: Question,
        set: SignerSet,
        moment: Moment,
        inputs: &InputWords,
    ) -> Self {
        Self {
            chain_id,
            data: SignedData::new(&question, set.number, moment, inputs),
            question,
            set,
        }
    }

    /// Refuses to differ from what another signer signed, in the file of this name.
    pub fn agree(&self, other: &Attestation, name: &str) -> Result<(), ConsumerError> {
        let own = self.attestation(other.signer, Bytes::new());
        other.difference(&own).map_or(Ok(()), |detail| {
            Err(ConsumerError::OtherData {
                one: name.into(),
                other: "what your own inputs give".into(),
                detail,
            })
        })
    }

    /// Refuses somebody whose signature would not count.
    pub fn check(&self, member: Address) -> Result<(), ConsumerError> {
        let source = self.question.source;
        let position = self.set.position(member);
        position.map_or_else(|| Err(self.set.stranger(member, source)), |_| Ok(()))
    }

    /// Signs it for a member of the set: the key's account, or a contract that it signs for.
    pub fn sign(&self, key: &DataSigner, member: Address) -> Result<Attestation, ConsumerError> {
        self.check(member)?;
        let domain = SignedData::domain(self.chain_id, self.question.source);
        let signature = key.sign(&self.data, &domain)?;
        Ok(self.attestation(member, signature))
    }

    fn attestation(&self, signer: Address, signature: Bytes) -> Attestation {
        Attestation::new(
            self.chain_id,
            self.question.source,
            self.data.clone(),
            signer,
            signature,
        )
    }
}

impl Attestation {
    /// A signature of some data.
    pub const fn new(
        chain_id: u64,
        source: Address,
        data: SignedData,
        signer: Address,
        signature: Bytes,
    ) -> Self {
        Self {
            version: VERSION,
            chain_id,
            source,
            data,
            signer,
            signature,
        }
    }

    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConsumerError> {
        let text = read_text(path)?;
        let fail = |detail: String| {
            ConsumerError::Evidence(format!(
                "{} is not a signature that `verdict sign` wrote: {detail}",
                path.display()
            ))
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
        if read.version != VERSION {
            return Err(fail(format!(
                "version {}, expected {VERSION}",
                read.version
            )));
        }
        Ok(read)
    }

    /// Writes a file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), ConsumerError> {
        Ok(write_json(path, self)?)
    }

    /// What was signed.
    pub fn digest(&self) -> B256 {
        self.data.digest(self.chain_id, self.source)
    }

    /// The first member in which what was signed differs.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (a, b) = (&self.data, &other.data);
        let fields: [(&str, String, String); 10] = [
            (
                "chain",
                self.chain_id.to_string(),
                other.chain_id.to_string(),
            ),
            ("source", self.source.to_string(), other.source.to_string()),
            ("consumer", a.consumer.to_string(), b.consumer.to_string()),
            ("model", a.modelId.to_string(), b.modelId.to_string()),
            ("version", a.version.to_string(), b.version.to_string()),
            ("subject", a.subject.to_string(), b.subject.to_string()),
            (
                "signer set",
                a.signerSet.to_string(),
                b.signerSet.to_string(),
            ),
            ("time", a.timestamp.to_string(), b.timestamp.to_string()),
            (
                "block",
                a.blockNumber.to_string(),
                b.blockNumber.to_string(),
            ),
            ("sequence", a.sequence.to_string(), b.sequence.to_string()),
        ];
        let differing = fields.into_iter().find(|(_, a, b)| a != b);
        differing
            .map(|(name, a, b)| format!("{name} {a} and {b}"))
            .or_else(|| (a.words != b.words).then(|| "other input words".into()))
            .or_else(|| (a.commitments != b.commitments).then(|| "other commitments".into()))
    }

    /// Refuses a signature that is not valid, or not by a member of the set that counts.
    pub fn check(
        &self,
        chain: &mut dyn Chain,
        set: &SignerSet,
        name: &str,
    ) -> Result<(), ConsumerError> {
        if set.position(self.signer).is_none() {
            return Err(set.stranger(self.signer, self.source));
        }
        self.accepted(chain, name).map(drop)
    }

    /// The signature as the contract takes it; refuses one that the contract would.
    fn accepted(&self, chain: &mut dyn Chain, name: &str) -> Result<Bytes, ConsumerError> {
        let digest = self.digest();
        if let Ok(signature) = Signature::from_raw(&self.signature)
            && signature.recover_address_from_prehash(&digest).ok() == Some(self.signer)
        {
            // The contract takes the lower of the two s alone.
            let signature = signature.normalized_s();
            return Ok(signature.as_bytes().to_vec().into());
        }
        let valid = !chain.code(self.signer)?.is_empty() && {
            let call = isValidSignatureCall {
                hash: digest,
                signature: self.signature.clone(),
            };
            let magic = <isValidSignatureCall as alloy_sol_types::SolCall>::SELECTOR;
            matches!(chain.read(self.signer, &call), Ok(answer) if answer.0 == magic)
        };
        if valid {
            return Ok(self.signature.clone());
        }
        Err(ConsumerError::Evidence(format!(
            "{name}: the signature is not {}'s over this data; ask that signer again",
            self.signer
        )))
    }
}

/// Evidence of signatures over the same data, by enough of the signers that are in force. Names are
/// the files', for errors.
pub fn combine(
    chain: &mut dyn Chain,
    attestations: &[(String, Attestation)],
) -> Result<Quorum, ConsumerError> {
    let Some((first_name, first)) = attestations.first() else {
        return Err(ConsumerError::Evidence("there are no signatures".into()));
    };
    for (name, other) in attestations {
        if let Some(detail) = first.difference(other) {
            return Err(ConsumerError::OtherData {
                one: first_name.clone(),
                other: name.clone(),
                detail,
            });
        }
    }
    if first.chain_id != chain.chain_id() {
        return Err(ConsumerError::Evidence(format!(
            "{first_name} was signed for chain {}, this is {}",
            first.chain_id,
            chain.name()
        )));
    }
    let set = SignerSet::of(chain, first.source)?;
    if set.number != first.data.signerSet {
        return Err(ConsumerError::Evidence(format!(
            "{first_name} was signed under signer set {}, set {} is in force: have it signed again",
            first.data.signerSet, set.number
        )));
    }
    let signed = places(chain, &set, attestations)?;
    if attestations.len() < set.quorum {
        return Err(ConsumerError::Evidence(format!(
            "{} of {} needed signatures; collect more with `verdict sign … --with {first_name}`",
            attestations.len(),
            set.quorum
        )));
    }
    let places = signed.iter().zip(0usize..);
    let mask = places
        .filter(|(slot, _)| slot.is_some())
        .fold(U256::ZERO, |mask, (_, i)| mask | (U256::from(1) << i));
    let members = set.signers.iter().zip(&signed);
    let signers = members.filter(|(_, slot)| slot.is_some());
    let signers = signers.map(|(signer, _)| *signer).collect();
    let signatures: Vec<Bytes> = signed.into_iter().flatten().collect();
    Ok(Quorum {
        evidence: first.data.evidence(mask, &signatures),
        signers,
        quorum: set.quorum,
    })
}

/// The signature of each member of the set, each as the contract takes it.
fn places(
    chain: &mut dyn Chain,
    set: &SignerSet,
    attestations: &[(String, Attestation)],
) -> Result<Vec<Option<Bytes>>, ConsumerError> {
    let mut signed: Vec<Option<Bytes>> = vec![None; set.signers.len()];
    for (name, attestation) in attestations {
        let slot = set
            .position(attestation.signer)
            .and_then(|position| signed.get_mut(position));
        let slot = slot.ok_or_else(|| set.stranger(attestation.signer, attestation.source))?;
        if slot.is_some() {
            return Err(ConsumerError::Evidence(format!(
                "{name}: {} signed twice; leave one out",
                attestation.signer
            )));
        }
        *slot = Some(attestation.accepted(chain, name)?);
    }
    Ok(signed)
}
