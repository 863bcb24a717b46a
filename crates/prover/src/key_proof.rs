//! Making and checking key proofs: that a key with private weights is one of its architecture.

use crate::{ProverError, Srs};
use sha3::{Digest, Keccak256};
use std::sync::Arc;
use verdict_circuit::{KeyProofLayout, Tape};
use verdict_wire::VerifyingKeyParts;

/// The first bytes of a key proof: `VDKP` and the version.
const HEADER: [u8; 5] = *b"VDKP\x01";

/// A key proof: one halo2 proof for every few weight columns.
///
/// Its bytes are `VDKP` and the version, the number of proofs (two bytes), and each proof with its
/// length (four bytes) before it, all big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProof {
    parts: Vec<Vec<u8>>,
}

impl KeyProof {
    pub(crate) fn make(
        _: &Arc<KeyProofLayout>,
        _: &Arc<Tape>,
        _: &VerifyingKeyParts,
        _: &Srs,
    ) -> Result<Self, ProverError> {
        Err(ProverError::Rejected("not there yet".into()))
    }

    /// The bytes of the proof.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend((self.parts.len() as u16).to_be_bytes());
        for part in &self.parts {
            bytes.extend((part.len() as u32).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] writes; refuses everything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProverError> {
        let fail = |detail: &str| ProverError::Rejected(format!("the key proof {detail}"));
        let take = |bytes: &mut &[u8], count: usize| -> Result<Vec<u8>, ProverError> {
            let (head, rest) = bytes
                .split_at_checked(count)
                .ok_or_else(|| fail("is cut short"))?;
            *bytes = rest;
            Ok(head.to_vec())
        };
        let mut rest = bytes
            .strip_prefix(&HEADER)
            .ok_or_else(|| fail("does not begin like one of this version"))?;
        let number = |bytes: &[u8]| bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        let count = number(&take(&mut rest, 2)?);
        let mut parts = Vec::new();
        for _ in 0..count {
            let length = number(&take(&mut rest, 4)?);
            parts.push(take(&mut rest, length)?);
        }
        if !rest.is_empty() {
            return Err(fail("is followed by more bytes"));
        }
        Ok(Self { parts })
    }

    /// What registries and bundles name it by: keccak256 of its bytes.
    pub fn digest(&self) -> [u8; 32] {
        Keccak256::digest(self.to_bytes()).into()
    }
}

#[derive(Debug)]
pub(crate) struct KeyProofChecker {}

impl KeyProofChecker {
    pub(crate) fn new(_: KeyProofLayout, _: &Srs) -> Result<Self, ProverError> {
        Ok(Self {})
    }

    pub(crate) fn check(
        &self,
        _: &KeyProof,
        _: &VerifyingKeyParts,
        _: &Srs,
    ) -> Result<(), ProverError> {
        Err(ProverError::Rejected("not there yet".into()))
    }
}
