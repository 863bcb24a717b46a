//! Making and checking key proofs: that a key with private weights is one of its architecture.
//!
//! What is proved, and by which gates, is [`KeyProofCircuit`]'s; here is what surrounds it. The
//! checker makes every fixed column of that circuit again but for the weight columns, whose
//! commitments are taken from the key that is being checked.

use crate::{
    ProverError, Srs,
    keys::{HALO2_HEADER, read_halo2},
    proof::{check_proof, make_proof},
};
use halo2_axiom::{
    SerdeFormat,
    plonk::{keygen_pk, keygen_vk},
};
use halo2curves_axiom::serde::SerdeObject;
use rand::RngCore;
use sha3::{Digest, Keccak256};
use std::{ops::Range, sync::Arc};
use verdict_circuit::{
    CircuitError, FIXED_COLUMNS, KeyProofCircuit, KeyProofLayout, KeyProofShape, Tape,
};
use verdict_wire::{POINT_BYTES, VerifyingKeyParts};

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
    /// Proves that the weight columns of `weights`, to which `key` commits, are within the layout
    /// of an architecture. Opens every column at one point, which its random rows must be enough
    /// for.
    pub(crate) fn make(
        layout: &Arc<KeyProofLayout>,
        weights: &Arc<Tape>,
        key: &VerifyingKeyParts,
        srs: &Srs,
        rng: impl RngCore,
    ) -> Result<Self, ProverError> {
        let circuit = |part| KeyProofCircuit::with_weights(layout.clone(), part, weights.clone());
        Self::prove(layout, circuit, key, srs, rng)
    }

    /// What an owner makes whose weights are not what the architecture allows.
    #[cfg(feature = "test-forgeries")]
    #[doc(hidden)]
    pub fn forge(
        layout: &Arc<KeyProofLayout>,
        weights: &Arc<Tape>,
        key: &VerifyingKeyParts,
        srs: &Srs,
        rng: impl RngCore,
    ) -> Result<Self, ProverError> {
        use verdict_circuit::dishonest::KeyProofForgery;
        let circuit = |part| {
            let forgery = KeyProofForgery::new(layout.clone(), part, weights.clone())?;
            Ok(forgery.circuit().clone())
        };
        Self::prove(layout, circuit, key, srs, rng)
    }

    /// Proves all parts, each as the circuit that is made for it.
    fn prove(
        layout: &KeyProofLayout,
        circuit: impl Fn(Range<usize>) -> Result<KeyProofCircuit, CircuitError>,
        key: &VerifyingKeyParts,
        srs: &Srs,
        mut rng: impl RngCore,
    ) -> Result<Self, ProverError> {
        let mut parts = Vec::new();
        for part in layout.parts() {
            let circuit = circuit(part.clone())?;
            parts.push(prove_part(circuit, &part, key, srs, &mut rng)?);
        }
        Ok(Self { parts })
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

/// Proves a part, if its weights are those of the key.
fn prove_part(
    circuit: KeyProofCircuit,
    part: &Range<usize>,
    key: &VerifyingKeyParts,
    srs: &Srs,
    rng: impl RngCore,
) -> Result<Vec<u8>, ProverError> {
    let failed = ProverError::halo2("key generation of the key proof");
    let verifying = keygen_vk(srs.params(), &circuit).map_err(failed)?;
    if verifying.fixed_commitments()[..part.len()] != key.commitments[in_key(part)] {
        return Err(ProverError::Rejected(
            "the weights are not those that the key commits to".into(),
        ));
    }
    let failed = ProverError::halo2("key generation of the key proof");
    let proving = keygen_pk(srs.params(), verifying, &circuit).map_err(failed)?;
    make_proof(srs, &proving, circuit, &[], rng)
}

/// The weight columns of a part among the commitments of a key.
fn in_key(part: &Range<usize>) -> Range<usize> {
    FIXED_COLUMNS + part.start..FIXED_COLUMNS + part.end
}

/// What checks key proofs of one architecture: the verifying key of each part, whose weight columns
/// every checked key brings along.
#[derive(Debug)]
pub(crate) struct KeyProofChecker {
    parts: Vec<(Range<usize>, KeyProofShape, Vec<u8>)>,
}

impl KeyProofChecker {
    /// Makes all columns of all parts but the weights.
    pub(crate) fn new(layout: KeyProofLayout, srs: &Srs) -> Result<Self, ProverError> {
        let layout = Arc::new(layout);
        let make = |part: Range<usize>| {
            let circuit = KeyProofCircuit::public(layout.clone(), part.clone());
            let shape = circuit.shape();
            let made = keygen_vk(srs.params(), &circuit)
                .map_err(ProverError::halo2("key generation of the key proof"))?;
            Ok((part, shape, made.to_bytes(SerdeFormat::RawBytes)))
        };
        let parts = layout.parts().into_iter().map(make);
        Ok(Self {
            parts: parts.collect::<Result<_, ProverError>>()?,
        })
    }

    /// Checks the proof for a key, of which everything but the weight columns is to be compared
    /// with the architecture as well.
    pub(crate) fn check(
        &self,
        proof: &KeyProof,
        key: &VerifyingKeyParts,
        srs: &Srs,
    ) -> Result<(), ProverError> {
        if self.parts.len() != proof.parts.len() {
            return Err(ProverError::Rejected(format!(
                "the key proof has {} parts, expected {}",
                proof.parts.len(),
                self.parts.len()
            )));
        }
        for ((part, shape, made), proof) in self.parts.iter().zip(&proof.parts) {
            let mut bytes = made.clone();
            let weights = bytes[HALO2_HEADER..].chunks_exact_mut(POINT_BYTES);
            for (place, commitment) in weights.zip(&key.commitments[in_key(part)]) {
                place.copy_from_slice(&commitment.to_raw_bytes());
            }
            let verifying = read_halo2::<KeyProofCircuit>(&bytes, shape.clone());
            let verifying = verifying.map_err(|reason| ProverError::Halo2 {
                what: "reading the verifying key of the key proof",
                reason,
            })?;
            check_proof(&verifying, srs.params(), &[], proof)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_round_trip_and_nothing_else_is_read() {
        let proof = KeyProof {
            parts: vec![vec![1, 2, 3], vec![], vec![4; 300]],
        };
        let bytes = proof.to_bytes();
        assert_eq!(KeyProof::from_bytes(&bytes).unwrap(), proof);
        for length in 0..bytes.len() {
            assert!(KeyProof::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        assert!(KeyProof::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
        // A length that claims more than there is takes no memory for it.
        let giant = [&HEADER[..], &[0, 1], &[255; 4]].concat();
        assert!(KeyProof::from_bytes(&giant).is_err());
    }
}
