//! Proving and verifying keys.

use crate::{Cache, ProverError, Srs};
use halo2_axiom::{
    SerdeFormat,
    plonk::{Circuit, ProvingKey, VerifyingKey, keygen_pk, keygen_vk},
    poly::commitment::{Blind, Params},
};
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fr, G1, G1Affine},
    ff::Field,
    serde::SerdeObject,
};
use rand::{RngCore, rngs::OsRng};
use rayon::prelude::*;
use std::sync::Arc;
use verdict_circuit::{FIXED_COLUMNS, Program, Shape, Tape, TapeCircuit};
use verdict_wire::{POINT_BYTES, ProofLayout, VerifyingKeyParts};

/// Both keys of a program on a tape under a set-up.
#[derive(Clone, Debug)]
pub struct Keys {
    proving: ProvingKey<G1Affine>,
    k: u32,
    width: usize,
    words: usize,
}

impl Keys {
    /// Makes both keys.
    pub fn generate(
        program: &Arc<Program>,
        tape: &Arc<Tape>,
        srs: &Srs,
    ) -> Result<Self, ProverError> {
        let circuit = Self::circuit(program, tape, srs)?;
        let verifying =
            keygen_vk(srs.params(), &circuit).map_err(ProverError::halo2("key generation"))?;
        Self::from_verifying(verifying, &circuit, srs)
    }

    /// Takes the verifying key, whose commitments are what key generation spends its time on, from
    /// the cache if it is there.
    ///
    /// The entry is named by a digest of the tape and of the set-up, and not believed: its
    /// commitments must be those of the fixed columns.
    pub fn cached(
        program: &Arc<Program>,
        tape: &Arc<Tape>,
        srs: &Srs,
        cache: &Cache,
    ) -> Result<Self, ProverError> {
        let circuit = Self::circuit(program, tape, srs)?;
        let digest = blake3::Hash::from(tape.digest(program)).to_hex();
        let name = format!("keys/{}-{}-{}", &digest[..32], srs.k(), srs.digest());
        if let Some(bytes) = cache.read(&name)? {
            let corrupt = |detail| ProverError::CorruptCache {
                path: cache.path(&name),
                detail,
            };
            let verifying = read_checked(&bytes, srs.k(), tape.width()).map_err(corrupt)?;
            let keys = Self::from_verifying(verifying, &circuit, srs)?;
            if !keys.commit_to_columns(srs, &mut OsRng) {
                return Err(corrupt("it is the key of another model or set-up".into()));
            }
            return Ok(keys);
        }
        let keys = Self::generate(program, tape, srs)?;
        cache.write(&name, &keys.verifying().to_bytes(SerdeFormat::RawBytes))?;
        Ok(keys)
    }

    fn circuit(
        program: &Arc<Program>,
        tape: &Arc<Tape>,
        srs: &Srs,
    ) -> Result<TapeCircuit, ProverError> {
        if tape.height() > srs.k() {
            return Err(ProverError::SrsTooSmall {
                have: srs.k(),
                need: tape.height(),
            });
        }
        Ok(TapeCircuit::for_keys(program.clone(), tape.clone()))
    }

    fn from_verifying(
        verifying: VerifyingKey<G1Affine>,
        circuit: &TapeCircuit,
        srs: &Srs,
    ) -> Result<Self, ProverError> {
        let proving = keygen_pk(srs.params(), verifying, circuit)
            .map_err(ProverError::halo2("key generation"))?;
        Ok(Self {
            proving,
            k: srs.k(),
            width: circuit.tape.width(),
            words: circuit.tape.words(),
        })
    }

    /// Whether the verifying key commits to the proving key's fixed columns under `srs`. One random
    /// combination of the columns says it of all, at the price of one commitment instead of as many
    /// as there are columns; a false one passes with probability `1/R`.
    fn commit_to_columns(&self, srs: &Srs, rng: &mut impl RngCore) -> bool {
        let columns = self.proving.fixed_values();
        let commitments = self.verifying().fixed_commitments();
        if columns.len() != commitments.len() {
            return false;
        }
        let factors: Vec<Fr> = columns.iter().map(|_| Fr::random(&mut *rng)).collect();
        let mut combined = vec![Fr::ZERO; 1 << self.k];
        const CHUNK: usize = 1 << 12;
        combined
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, combined)| {
                for (column, factor) in columns.iter().zip(&factors) {
                    for (sum, value) in combined.iter_mut().zip(&column[chunk * CHUNK..]) {
                        if *value != Fr::ZERO {
                            *sum += *value * factor;
                        }
                    }
                }
            });
        let combined = self.verifying().get_domain().lagrange_from_vec(combined);
        let expected = srs.params().commit_lagrange(&combined, Blind::default());
        let found: G1 = commitments
            .iter()
            .zip(&factors)
            .map(|(commitment, factor)| commitment * factor)
            .sum();
        found == expected
    }

    /// halo2's proving key.
    pub fn proving(&self) -> &ProvingKey<G1Affine> {
        &self.proving
    }

    /// halo2's verifying key.
    pub fn verifying(&self) -> &VerifyingKey<G1Affine> {
        self.proving.get_vk()
    }

    /// Size of a proof.
    pub fn proof_bytes(&self) -> usize {
        ProofLayout::new(self.width).bytes()
    }

    /// The verifying key in the form that goes on chain.
    pub fn on_chain(&self) -> VerifyingKeyParts {
        VerifyingKeyParts {
            k: self.k,
            width: self.width,
            public_values: self.words + 1,
            representation: self.verifying().transcript_repr(),
            commitments: self.verifying().fixed_commitments().clone(),
        }
    }
}

/// Bytes before the commitments in halo2's file of a verifying key: the version, the height, how
/// selectors were treated, and the number of columns. No permutation and no selectors follow the
/// commitments.
pub(crate) const HALO2_HEADER: usize = 1 + 4 + 1 + 4;

/// Size of halo2's file of a verifying key, which is another format than the one that goes on
/// chain.
const fn halo2_file_len(width: usize) -> usize {
    HALO2_HEADER + POINT_BYTES * (FIXED_COLUMNS + width)
}

/// Reads halo2's file of a circuit's verifying key.
pub(crate) fn read_halo2<C: Circuit<Fr>>(
    bytes: &[u8],
    shape: C::Params,
) -> Result<VerifyingKey<G1Affine>, String> {
    let mut rest = bytes;
    VerifyingKey::read::<_, C>(&mut rest, SerdeFormat::RawBytes, shape)
        .map_err(|error| error.to_string())
}

/// Reads halo2's file of a verifying key, trusting nothing in it; the error says what is wrong.
fn read_checked(bytes: &[u8], k: u32, width: usize) -> Result<VerifyingKey<G1Affine>, String> {
    let expected = halo2_file_len(width);
    if bytes.len() != expected {
        return Err(format!("{} bytes, expected {expected}", bytes.len()));
    }
    if bytes[1..5] != k.to_le_bytes() {
        return Err(format!("it is not a key of height {k}"));
    }
    let verifying = read_halo2::<TapeCircuit>(bytes, Shape { width })?;
    // halo2curves checks that coordinates are reduced, but not that they belong to a point.
    let mut commitments = verifying.fixed_commitments().iter();
    if commitments.any(|point| !bool::from(point.is_on_curve())) {
        return Err("a commitment is not a point of the curve".into());
    }
    Ok(verifying)
}

/// halo2's verifying key with a key's commitments. Its digest is computed, not taken from the key.
pub fn halo2_key(key: &VerifyingKeyParts) -> Result<VerifyingKey<G1Affine>, ProverError> {
    let columns = FIXED_COLUMNS + key.width;
    let mut bytes = Vec::with_capacity(halo2_file_len(key.width));
    bytes.push(2);
    bytes.extend(key.k.to_le_bytes());
    bytes.push(0);
    bytes.extend((columns as u32).to_le_bytes());
    for commitment in &key.commitments {
        bytes.extend(commitment.to_raw_bytes());
    }
    let shape = Shape { width: key.width };
    read_halo2::<TapeCircuit>(&bytes, shape).map_err(|reason| ProverError::Halo2 {
        what: "reading the verifying key",
        reason,
    })
}
