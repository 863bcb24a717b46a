//! Making and checking key proofs: that a key with private weights is one of its architecture.
//!
//! What is proved, and by which gates, is [`KeyProofRelation`](verdict_circuit::KeyProofRelation)'s;
//! here is what surrounds it. The checker makes every fixed column of that relation again but for
//! the weight columns, whose packs are taken from the key that is being checked.

use crate::{ProverError, Srs};
use halo2curves_axiom::{
    bn256::{Fr, G1Affine},
    ff::PrimeField,
};
use rand::rngs::OsRng;
use sha3::{Digest, Keccak256};
use std::sync::Arc;
use verdict_argument::{ProvingKey, Relation, VerifyingKey, commit_group, prove, verify};
use verdict_circuit::{
    CircuitError, FIXED_COLUMNS, Hiding, KeyProofLayout, KeyProofPart, KeyProofWitness, Tape,
};
use verdict_wire::{VerifyingKeyParts, words};

/// The first bytes of a key proof, and of what its transcripts begin with: `VDKP` and the version.
/// Whatever changes the bytes of proofs of the same statement changes the version: the statement's
/// digest decides the randomness, which must not be used for two of them.
const HEADER: [u8; 5] = *b"VDKP\x02";

/// The groups of fixed columns of a part.
const WEIGHTS: usize = 0;
const PUBLIC: usize = 1;

/// A key proof: one proof for every few packs of weight columns.
///
/// Its bytes are `VDKP` and the version, the number of proofs (two bytes), and each proof with its
/// length (four bytes) before it, all big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProof {
    parts: Vec<Vec<u8>>,
}

impl KeyProof {
    /// Proves that the weight columns of `weights`, to which `key` commits, are within the layout
    /// of an architecture. The same key gives the same bytes; they open every column at one point,
    /// which its random rows are enough for.
    pub(crate) fn make(
        layout: &Arc<KeyProofLayout>,
        weights: &Arc<Tape>,
        key: &VerifyingKeyParts,
        srs: &Srs,
    ) -> Result<Self, ProverError> {
        Self::prove(layout, weights, key, srs, |part| {
            KeyProofWitness::new(part, weights)
        })
    }

    /// What an owner makes whose weights are not what the architecture allows.
    #[cfg(feature = "test-forgeries")]
    #[doc(hidden)]
    pub fn forge(
        layout: &Arc<KeyProofLayout>,
        weights: &Arc<Tape>,
        key: &VerifyingKeyParts,
        srs: &Srs,
    ) -> Result<Self, ProverError> {
        Self::prove(layout, weights, key, srs, |part| {
            KeyProofWitness::forged(part, weights)
        })
    }

    /// Proves all parts, each with the witness that is made for it.
    fn prove(
        layout: &Arc<KeyProofLayout>,
        weights: &Tape,
        key: &VerifyingKeyParts,
        srs: &Srs,
        witness: impl Fn(&KeyProofPart) -> Result<KeyProofWitness, CircuitError>,
    ) -> Result<Self, ProverError> {
        let hiding = weights.hidden().ok_or_else(|| {
            ProverError::Rejected("the weights are not hidden: nothing is to be proved".into())
        })?;
        let mut parts = Vec::new();
        for part in layout.parts() {
            let public = public_packs(&part, srs)?;
            let verifying = verifying(&part, key, &public)?;
            parts.push(prove_part(&witness(&part)?, verifying, hiding, srs)?);
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
    witness: &KeyProofWitness,
    verifying: VerifyingKey,
    hiding: &Hiding,
    srs: &Srs,
) -> Result<Vec<u8>, ProverError> {
    let (relation, powers) = (witness.part().relation(), srs.powers());
    let rng = hiding.generator(verifying.representation.to_repr().as_ref());
    let columns = witness.fixed_columns();
    let key = ProvingKey::with_verifying(relation, columns, powers, verifying, &mut OsRng)?;
    let key = key.ok_or_else(|| {
        ProverError::Rejected("the weights are not those that the key commits to".into())
    })?;
    let columns = |phase: usize, challenges: &[Fr]| {
        Ok::<_, ProverError>(witness.phase_columns(phase, challenges))
    };
    Ok(prove(relation, &key, powers, &[], columns, rng)?.bytes)
}

/// The commitments to the packs of a part's columns that everybody can make.
fn public_packs(part: &KeyProofPart, srs: &Srs) -> Result<Vec<G1Affine>, ProverError> {
    let (shape, columns) = (part.relation().shape(), part.public_columns());
    Ok(commit_group(shape, PUBLIC, &columns, srs.powers())?)
}

/// The verifying key of a part: the weights' packs are those of the key that the proof is about.
fn verifying(
    part: &KeyProofPart,
    key: &VerifyingKeyParts,
    public: &[G1Affine],
) -> Result<VerifyingKey, ProverError> {
    let (shape, packs) = (part.relation().shape(), part.packs());
    let before = FIXED_COLUMNS.div_ceil(shape.pack);
    let weights = key
        .commitments
        .get(before + packs.start..before + packs.end);
    let weights = weights.filter(|_| (key.k, key.pack) == (shape.k, shape.pack));
    let commitments = weights.map(|weights| [weights, public].concat());
    let commitments = commitments.ok_or_else(|| {
        ProverError::Rejected("the key has another height, width or pack than its layout".into())
    })?;
    Ok(VerifyingKey {
        representation: representation(part, &commitments),
        commitments,
    })
}

/// What a part's transcript begins with: keccak256, modulo the field's order, of a header of one
/// word and all commitments to fixed packs.
///
/// The header is [`HEADER`], the height, the columns to a pack, the first weight column and the end
/// of them, the most limbs of a weight, the bits of a limb, zeros.
fn representation(part: &KeyProofPart, commitments: &[G1Affine]) -> Fr {
    let (shape, columns, of) = (
        part.relation().shape(),
        part.columns(),
        part.relation().part(),
    );
    debug_assert_eq!(shape.fixed[WEIGHTS].columns, columns.len());
    let mut header = [0u8; 32];
    header[..HEADER.len()].copy_from_slice(&HEADER);
    let numbers = [
        shape.k as usize,
        shape.pack,
        columns.start,
        columns.end,
        of.limbs,
        of.limb_bits as usize,
    ];
    for (byte, number) in header[HEADER.len()..].iter_mut().zip(numbers) {
        *byte = number as u8;
    }
    let mut hasher = Keccak256::new_with_prefix(header);
    for commitment in commitments {
        hasher.update(words::point(commitment).concat());
    }
    words::reduced(&hasher.finalize().into())
}

/// What checks key proofs of one architecture: the commitments to all packs of each part but the
/// weights', which every checked key brings along.
#[derive(Debug)]
pub(crate) struct KeyProofChecker {
    parts: Vec<(KeyProofPart, Vec<G1Affine>)>,
}

impl KeyProofChecker {
    /// Makes all columns of all parts but the weights.
    pub(crate) fn new(layout: KeyProofLayout, srs: &Srs) -> Result<Self, ProverError> {
        let make = |part: KeyProofPart| {
            let public = public_packs(&part, srs)?;
            Ok((part, public))
        };
        let parts = Arc::new(layout).parts().into_iter().map(make);
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
        for ((part, public), proof) in self.parts.iter().zip(&proof.parts) {
            let verifying = verifying(part, key, public)?;
            verify(part.relation(), &verifying, srs.tau_g2(), &[], proof)?;
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
        // Proofs of the version before are another system's.
        let mut before = bytes;
        before[4] = 1;
        assert!(KeyProof::from_bytes(&before).is_err());
        // A length that claims more than there is takes no memory for it.
        let giant = [&HEADER[..], &[0, 1], &[255; 4]].concat();
        assert!(KeyProof::from_bytes(&giant).is_err());
    }
}
