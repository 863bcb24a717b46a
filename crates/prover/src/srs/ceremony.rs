//! Ceremonies that are known: whose set-up a file holds is told by its `[τ]_2`.
//!
//! Nothing here makes a ceremony trustworthy: it says which one a set-up is of, so that people can
//! decide. Ethereum's KZG ceremony is missing because it is over BLS12-381, which no verifier of
//! BN254 can use.

use super::digest_of;
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fq, Fq2, G2Affine},
};

/// A ceremony whose `[τ]_2` public sources agree on.
#[derive(Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// What people call it.
    pub name: &'static str,
    /// Who took part.
    pub participants: &'static str,
    /// Where its `[τ]_2` is published.
    pub source: &'static str,
    /// `[τ]_2` as EIP-197 and the verifier's constructor have it: `x`'s imaginary and real part,
    /// then `y`'s, in hexadecimal.
    tau_g2: [&'static str; 4],
}

/// All that are known.
pub const CEREMONIES: [Ceremony; 3] = [
    Ceremony {
        name: "Hermez",
        participants: "Perpetual Powers of Tau up to its 54th contribution, and a random beacon: powersOfTau28_hez_final*.ptau",
        source: "X2x1 … X2y2 of snarkjs verifiers, e.g. github.com/0xPolygonHermez/zkevm-contracts, contracts/verifiers/FflonkVerifier.sol",
        tau_g2: [
            "26186a2d65ee4d2f9c9a5b91f86597d35f192cd120caf7e935d8443d1938e23d",
            "30441fd1b5d3370482c42152a8899027716989a6996c2535bc9f7fee8aaef79e",
            "1970ea81dd6992adfbc571effb03503adbbb6a857f578403c6c40e22d65b3c02",
            "054793348f12c0cf5622c340573cb277586319de359ab9389778f689786b1e48",
        ],
    },
    Ceremony {
        name: "Perpetual Powers of Tau, challenge 0085",
        participants: "its first 84 contributions: what OpenVM and EigenDA use",
        source: "G2_TAU of github.com/Layr-Labs/rust-kzg-bn254, primitives/src/consts.rs; negated in github.com/openvm-org/openvm-solidity-sdk, Halo2Verifier.sol",
        tau_g2: [
            "172aa93c41f16e1e04d62ac976a5d945f4be0acab990c6dc19ac4a7cf68bf77b",
            "2ae0c8c3a090f7200ff398ee9845bbae8f8c1445ae7b632212775f60a0e21600",
            "1754a9fc3b7e4da9197c283c7401773208190c5555caf254e644e99c29366704",
            "1459fe6cc8a1222fd4290864ff9e47d4b8cf7a403593c7107c39538ddefd857e",
        ],
    },
    Ceremony {
        name: "Aztec Ignition",
        participants: "176 contributions, until January 2020",
        source: "vk.g2_x of github.com/AztecProtocol/aztec-verifier-contracts, src/ultra/keys/BlakeUltraVerificationKey.sol",
        tau_g2: [
            "260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1",
            "0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0",
            "04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4",
            "22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55",
        ],
    },
];

impl Ceremony {
    /// The ceremony that a set-up of this digest is of.
    pub fn of(digest: &str) -> Option<&'static Self> {
        CEREMONIES
            .iter()
            .find(|it| it.digest().as_deref() == Some(digest))
    }

    /// The digest of its set-up, as [`Srs::digest`](super::Srs::digest) computes it. `None` only if
    /// the table were wrong, which a test excludes.
    pub fn digest(&self) -> Option<String> {
        self.point().map(|point| digest_of(&point))
    }

    fn point(&self) -> Option<G2Affine> {
        let [x1, x0, y1, y0] = self.tau_g2.map(coordinate);
        let (x, y) = (Fq2 { c0: x0?, c1: x1? }, Fq2 { c0: y0?, c1: y1? });
        Option::from(G2Affine::from_xy(x, y))
    }
}

/// A coordinate from its 64 hexadecimal digits.
fn coordinate(text: &str) -> Option<Fq> {
    let mut limbs = [0; 4];
    for (limb, digits) in limbs.iter_mut().rev().zip(0..) {
        *limb = u64::from_str_radix(text.get(16 * digits..16 * (digits + 1))?, 16).ok()?;
    }
    Some(Fq::from_raw(limbs))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use halo2curves_axiom::{bn256::Fr, ff::Field, group::Curve};

    #[test]
    fn the_table_holds_points_of_the_group_under_their_digests() {
        // What blake3 makes of the compressed points, so that no digit can change unseen.
        let expected: [&str; 3] = [
            "30c2d9f9b9a1981a62d02161e7ee477b",
            "622659bca888be1e5eeb9027f6e27ec0",
            "10a3c8b14483c23899a6ca21f8704817",
        ];
        for (ceremony, digest) in CEREMONIES.iter().zip(expected) {
            let point = ceremony.point().unwrap();
            assert_eq!((point * -Fr::ONE).to_affine(), -point, "{}", ceremony.name);
            assert_eq!(ceremony.digest().unwrap(), digest, "{}", ceremony.name);
            assert_eq!(Ceremony::of(digest).unwrap(), ceremony);
        }
        assert_eq!(Ceremony::of(&super::super::Srs::development_digest()), None);
    }
}
