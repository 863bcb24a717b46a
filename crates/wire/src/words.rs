//! Field elements and points as the EVM writes them: big-endian words.

use crate::WireError;
use alloy_primitives::{B256, U256};
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fq, Fr, G1Affine, G2Affine},
    ff::{FromUniformBytes, PrimeField},
};

/// A scalar as a word.
pub fn word(scalar: &Fr) -> B256 {
    big_endian(scalar.to_repr().as_ref())
}

/// A word as a scalar; refuses values from the modulus on.
pub fn scalar(word: &B256) -> Result<Fr, WireError> {
    let mut repr = word.0;
    repr.reverse();
    Option::from(Fr::from_repr(repr)).ok_or_else(|| WireError::NotCanonical(word.to_string()))
}

/// A word modulo the order of the scalar field, as transcripts take digests.
pub fn reduced(word: &[u8; 32]) -> Fr {
    let mut wide = [0u8; 64];
    for (byte, digit) in wide.iter_mut().zip(word.iter().rev()) {
        *byte = *digit;
    }
    Fr::from_uniform_bytes(&wide)
}

/// A point as two words, the identity as zeros.
pub fn point(point: &G1Affine) -> [B256; 2] {
    [coordinate(&point.x), coordinate(&point.y)]
}

/// Two words as a point of the curve (or the identity).
pub fn read_point(x: &B256, y: &B256) -> Option<G1Affine> {
    let base = |word: &B256| -> Option<Fq> {
        let mut repr = word.0;
        repr.reverse();
        Option::from(Fq::from_repr(repr))
    };
    Option::from(G1Affine::from_xy(base(x)?, base(y)?))
}

/// `[τ]_2` in the order of EIP-197: imaginary parts first.
pub fn tau_g2(point: &G2Affine) -> [U256; 4] {
    [point.x.c1, point.x.c0, point.y.c1, point.y.c0]
        .map(|part| U256::from_be_bytes(coordinate(&part).0))
}

/// A word's four 64-bit limbs, lowest first, as packing uses them.
pub fn limbs(word: &B256) -> [u64; 4] {
    U256::from_be_bytes(word.0).into_limbs()
}

fn coordinate(value: &Fq) -> B256 {
    big_endian(value.to_repr().as_ref())
}

fn big_endian(little: &[u8]) -> B256 {
    let mut bytes = [0u8; 32];
    for (to, from) in bytes.iter_mut().zip(little.iter().rev()) {
        *to = *from;
    }
    B256::from(bytes)
}
