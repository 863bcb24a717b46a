//! Moduli of BN254 and points as words.
use alloy_primitives::{U256, uint};
use halo2curves_axiom::{
    bn256::{Fr, G1, G1Affine},
    ff::Field,
    group::Curve,
};
use rand::RngCore;
use verdict_wire::words;

/// The base field's.
pub const P: U256 = uint!(0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47_U256);
/// The scalar field's.
pub const R: U256 = uint!(0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001_U256);

pub fn random_scalar(rng: &mut impl RngCore) -> U256 {
    U256::from_be_bytes(words::word(&Fr::random(rng)).0)
}

pub fn random_point(rng: &mut impl RngCore) -> [U256; 2] {
    to_words(&(G1Affine::generator() * Fr::random(rng)).to_affine())
}

pub fn to_words(point: &G1Affine) -> [U256; 2] {
    words::point(point).map(|word| U256::from_be_bytes(word.0))
}

pub fn from_words(point: [U256; 2]) -> G1Affine {
    words::read_point(&point[0].into(), &point[1].into()).unwrap()
}

pub fn doubled(point: [U256; 2]) -> [U256; 2] {
    let point = G1::from(from_words(point));
    to_words(&(point + point).to_affine())
}

/// Another value with the same remainder, if there is room for it in a word.
pub fn alias(value: U256, modulus: U256, rng: &mut impl RngCore) -> Option<U256> {
    let most = (U256::MAX - value) / modulus;
    if most.is_zero() {
        return None;
    }
    let times = U256::from(rng.next_u32()) % most + U256::from(1);
    Some(value + times * modulus)
}
