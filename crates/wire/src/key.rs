//! The bytes of a verifying key, as `VerifyingKeys` publishes them and `InferenceVerifier` reads
//! them.

use crate::{POINT_BYTES, WireError, words};
use alloy_primitives::{B256, keccak256};
use halo2curves_axiom::{
    bn256::{Fr, G1Affine},
    ff::PrimeField,
};
use verdict_circuit::FIXED_COLUMNS;

const MAGIC: [u8; 4] = *b"VDCT";
const VERSION: u8 = 2;
/// Bytes before the commitments: the header and the representation.
const PREFIX: usize = 64;
/// Weight columns of the widest key.
const MAX_WIDTH: usize = 64;
/// `log2` of the number of rows of the highest key.
const MAX_HEIGHT: u32 = 28;

/// Size of a verifying key's bytes.
pub const fn key_len(width: usize) -> usize {
    PREFIX + POINT_BYTES * (FIXED_COLUMNS + width)
}

/// All a verifier needs to know about a model.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyingKeyParts {
    /// `log2` of the number of rows.
    pub k: u32,
    /// Weights to a row.
    pub width: usize,
    /// Public values, the context included.
    pub public_values: usize,
    /// halo2's digest of the key, which the transcript begins with.
    pub representation: Fr,
    /// Commitments to the fixed columns.
    pub commitments: Vec<G1Affine>,
}

impl VerifyingKeyParts {
    /// The generator of the domain.
    pub fn omega(&self) -> Fr {
        (self.k..Fr::S).fold(Fr::ROOT_OF_UNITY, |omega, _| omega.square())
    }
}

/// Header, representation, commitments: [`key_len`] bytes.
pub fn key_bytes(key: &VerifyingKeyParts) -> Vec<u8> {
    let mut bytes = vec![0u8; 32];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = VERSION;
    bytes[5] = key.k as u8;
    bytes[6] = key.width as u8;
    bytes[7..9].copy_from_slice(&(key.public_values as u16).to_be_bytes());
    bytes.extend_from_slice(words::word(&key.representation).as_slice());
    for commitment in &key.commitments {
        for coordinate in words::point(commitment) {
            bytes.extend_from_slice(coordinate.as_slice());
        }
    }
    bytes
}

/// Reads what [`key_bytes`] writes; refuses everything else.
pub fn parse_key(bytes: &[u8]) -> Result<VerifyingKeyParts, WireError> {
    let fail = |detail: &str| WireError::Key(detail.into());
    if bytes.len() < PREFIX || bytes[..4] != MAGIC {
        return Err(fail("it does not begin with `VDCT`"));
    }
    if bytes[4] != VERSION {
        return Err(fail(&format!("version {}, expected {VERSION}", bytes[4])));
    }
    if bytes[9..32].iter().any(|byte| *byte != 0) {
        return Err(fail("its header has bytes set that mean nothing"));
    }
    let (k, width) = (u32::from(bytes[5]), usize::from(bytes[6]));
    if width == 0 || width > MAX_WIDTH || k > MAX_HEIGHT || bytes.len() != key_len(width) {
        return Err(fail(&format!(
            "width {width}, height {k} and {} bytes do not go together",
            bytes.len()
        )));
    }
    let public_values = usize::from(u16::from_be_bytes([bytes[7], bytes[8]]));
    if public_values == 0 || public_values >= 1 << k {
        return Err(fail(&format!(
            "{public_values} public values, expected 1 to {}",
            (1usize << k) - 1
        )));
    }
    let mut words32 = bytes[32..].chunks_exact(32).map(B256::from_slice);
    let representation = words32
        .next()
        .map(|word| words::scalar(&word))
        .transpose()?;
    let rest: Vec<B256> = words32.collect();
    let commitments = rest
        .chunks_exact(2)
        .map(|pair| words::read_point(&pair[0], &pair[1]))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| fail("a commitment is not a point of the curve"))?;
    Ok(VerifyingKeyParts {
        k,
        width,
        public_values,
        representation: representation.ok_or_else(|| fail("it is cut short"))?,
        commitments,
    })
}

/// What names a verifying key: keccak256 of its bytes.
pub fn key_digest(key: &VerifyingKeyParts) -> B256 {
    keccak256(key_bytes(key))
}
