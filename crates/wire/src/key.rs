//! The bytes of a verifying key, as `VerifyingKeys` publishes them and `InferenceVerifier` reads
//! them.

use crate::{POINT_BYTES, WireError, words};
use alloy_primitives::{B256, keccak256};
use halo2curves_axiom::{
    bn256::{Fr, G1Affine},
    ff::PrimeField,
};
use verdict_argument::{PACKS, Relation, VerifyingKey};
use verdict_circuit::TapeRelation;

const MAGIC: [u8; 4] = *b"VDCT";
const VERSION: u8 = 3;
/// Bytes before the commitments.
const HEADER: usize = 32;
/// Weight columns of the widest key.
const MAX_WIDTH: usize = 64;
/// `log2` of the number of rows of the highest key.
const MAX_HEIGHT: u32 = 28;

/// All a verifier needs to know about a model.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyingKeyParts {
    /// `log2` of the number of rows.
    pub k: u32,
    /// Weights to a row.
    pub width: usize,
    /// Columns to a pack.
    pub pack: usize,
    /// Whether the weight columns are hidden: every proof blinds their packs again.
    pub hidden: bool,
    /// Public values, the context included.
    pub public_values: usize,
    /// Commitments to the packs of fixed columns: the public ones, then the weights'.
    pub commitments: Vec<G1Affine>,
}

impl VerifyingKeyParts {
    /// The generator of the domain.
    pub fn omega(&self) -> Fr {
        (self.k..Fr::S).fold(Fr::ROOT_OF_UNITY, |omega, _| omega.square())
    }

    /// The columns and gates that its proofs are about.
    pub fn relation(&self) -> TapeRelation {
        TapeRelation::new(
            self.k,
            self.width,
            self.pack,
            self.public_values,
            self.hidden,
        )
    }

    /// What transcripts begin with: keccak256 of the key's bytes, modulo the order of the scalar
    /// field.
    pub fn representation(&self) -> Fr {
        words::reduced(&key_digest(self))
    }

    /// The key as the argument's verifier takes it.
    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey {
            representation: self.representation(),
            commitments: self.commitments.clone(),
        }
    }
}

/// Size of the bytes of a key whose proofs are about a relation.
pub fn key_len(relation: &TapeRelation) -> usize {
    HEADER + POINT_BYTES * relation.shape().fixed_packs()
}

/// Header, then commitments.
pub fn key_bytes(key: &VerifyingKeyParts) -> Vec<u8> {
    let mut bytes = vec![0u8; HEADER];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = VERSION;
    bytes[5] = key.k as u8;
    bytes[6] = key.width as u8;
    bytes[7] = key.pack as u8;
    bytes[8] = u8::from(key.hidden);
    bytes[9..11].copy_from_slice(&(key.public_values as u16).to_be_bytes());
    for commitment in &key.commitments {
        bytes.extend(words::point(commitment).concat());
    }
    bytes
}

/// Reads what [`key_bytes`] writes; refuses everything else.
pub fn parse_key(bytes: &[u8]) -> Result<VerifyingKeyParts, WireError> {
    let fail = |detail: &str| WireError::Key(detail.into());
    if bytes.len() < HEADER || bytes[..4] != MAGIC {
        return Err(fail("it does not begin with `VDCT`"));
    }
    if bytes[4] != VERSION {
        return Err(fail(&format!(
            "version {}, expected {VERSION}; make the key again with this version of Verdict",
            bytes[4]
        )));
    }
    if bytes[11..HEADER].iter().any(|byte| *byte != 0) {
        return Err(fail("its header has bytes set that mean nothing"));
    }
    let (k, width, pack) = (
        u32::from(bytes[5]),
        usize::from(bytes[6]),
        usize::from(bytes[7]),
    );
    let hidden = match bytes[8] {
        0 => false,
        1 => true,
        other => {
            return Err(fail(&format!(
                "its weights are hidden or not, 1 or 0; it says {other}"
            )));
        }
    };
    if !PACKS.contains(&pack) {
        return Err(fail(&format!(
            "{pack} columns to a pack, expected 2, 4 or 8"
        )));
    }
    let public_values = usize::from(u16::from_be_bytes([bytes[9], bytes[10]]));
    let mut key = VerifyingKeyParts {
        k,
        width,
        pack,
        hidden,
        public_values,
        commitments: Vec::new(),
    };
    if width == 0 || width > MAX_WIDTH || k > MAX_HEIGHT || bytes.len() != key_len(&key.relation())
    {
        return Err(fail(&format!(
            "width {width}, {pack} columns to a pack, height {k} and {} bytes do not go together",
            bytes.len()
        )));
    }
    if public_values == 0 || public_values >= 1 << k {
        return Err(fail(&format!(
            "{public_values} public values, expected 1 to {}",
            (1usize << k) - 1
        )));
    }
    let words: Vec<B256> = bytes[HEADER..]
        .chunks_exact(32)
        .map(B256::from_slice)
        .collect();
    key.commitments = words
        .chunks_exact(2)
        .map(|pair| words::read_point(&pair[0], &pair[1]))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| fail("a commitment is not a point of the curve"))?;
    Ok(key)
}

/// What names a verifying key: keccak256 of its bytes.
pub fn key_digest(key: &VerifyingKeyParts) -> B256 {
    keccak256(key_bytes(key))
}
