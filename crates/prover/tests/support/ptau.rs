//! Writes snarkjs' `.ptau` files, from a secret that a test knows.

use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fq, Fq2, Fr, G1Affine, G2Affine},
    ff::Field,
    group::{Curve, prime::PrimeCurveAffine},
    serde::SerdeObject,
};

pub const PRIME: [u64; 4] = [
    0x3c208c16d87cfd47,
    0x97816a916871ca8d,
    0xb85045b68181585d,
    0x30644e72e131a029,
];

/// What the file says, to be changed before it is written.
pub struct Ptau {
    pub magic: [u8; 4],
    pub version: u32,
    pub power: u32,
    pub prime: [u64; 4],
    /// `2^(power+1) − 1` powers.
    pub g1: Vec<[u8; 64]>,
    pub g2: Vec<[u8; 128]>,
    /// Sections written, in this order.
    pub sections: Vec<u32>,
}

pub fn point(point: G1Affine) -> [u8; 64] {
    let (x, y) = Option::from(point.coordinates()).map_or(
        (Fq::ZERO, Fq::ZERO),
        |c: halo2curves_axiom::Coordinates<_>| (*c.x(), *c.y()),
    );
    [x.to_raw_bytes(), y.to_raw_bytes()]
        .concat()
        .try_into()
        .unwrap()
}

pub fn twist_point(point: G2Affine) -> [u8; 128] {
    let zero = Fq2 {
        c0: Fq::ZERO,
        c1: Fq::ZERO,
    };
    let (x, y) = if point == G2Affine::identity() {
        (zero, zero)
    } else {
        (point.x, point.y)
    };
    [x.c0, x.c1, y.c0, y.c1]
        .map(|c| c.to_raw_bytes())
        .concat()
        .try_into()
        .unwrap()
}

impl Ptau {
    pub fn new(power: u32, secret: Fr) -> Self {
        let powers = |count: usize| {
            std::iter::successors(Some(Fr::ONE), move |last| Some(*last * secret)).take(count)
        };
        Self {
            magic: *b"ptau",
            version: 1,
            power,
            prime: PRIME,
            g1: powers((2 << power) - 1)
                .map(|s| point((G1Affine::generator() * s).to_affine()))
                .collect(),
            g2: powers(1 << power)
                .map(|s| twist_point((G2Affine::generator() * s).to_affine()))
                .collect(),
            sections: vec![1, 2, 3, 4, 5, 6, 7],
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut file = Vec::new();
        file.extend(self.magic);
        file.extend(self.version.to_le_bytes());
        file.extend((self.sections.len() as u32).to_le_bytes());
        for &kind in &self.sections {
            let payload: Vec<u8> = match kind {
                1 => [
                    32u32.to_le_bytes().to_vec(),
                    self.prime
                        .iter()
                        .flat_map(|limb| limb.to_le_bytes())
                        .collect(),
                    self.power.to_le_bytes().to_vec(),
                    self.power.to_le_bytes().to_vec(),
                ]
                .concat(),
                2 => self.g1.concat(),
                3 => self.g2.concat(),
                // What phase 2 and the contributions need; nobody reads it here.
                other => vec![other as u8; 100 + 7 * other as usize],
            };
            file.extend(kind.to_le_bytes());
            file.extend((payload.len() as u64).to_le_bytes());
            file.extend(payload);
        }
        file
    }
}
