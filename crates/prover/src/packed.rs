//! Keys and proofs of tapes under the packed argument.

use crate::{ProverError, Srs};
use halo2_axiom::poly::commitment::ParamsProver;
use halo2curves_axiom::{
    bn256::{Fr, G1Affine},
    ff::FromUniformBytes,
};
use rand::RngCore;
use sha3::{Digest, Keccak256};
use std::sync::Arc;
use verdict_argument::{ArgumentError, Powers, ProvingKey, Relation, prove, verify};
use verdict_circuit::{Program, Tape, TapeRelation, Witness, fixed_columns, phase_columns};
use verdict_wire::words;

/// The version of the key's format.
const VERSION: u8 = 3;

/// The key of a program on a tape, with packs of some size.
#[derive(Debug)]
pub struct PackedKeys {
    program: Arc<Program>,
    tape: Arc<Tape>,
    relation: TapeRelation,
    key: ProvingKey,
    powers: Powers,
}

impl PackedKeys {
    /// Makes the key. The set-up must have `pack` points for every row.
    pub fn generate(
        program: &Arc<Program>,
        tape: &Arc<Tape>,
        k: u32,
        pack: usize,
        srs: &Srs,
    ) -> Result<Self, ProverError> {
        let hidden = tape.hidden().is_some();
        let relation = TapeRelation::new(k, tape.width(), pack, tape.words() + 1, hidden);
        let powers = Powers::new(srs.params().get_g().to_vec()).with_tables(256 << 20);
        let columns = fixed_columns(program, tape);
        let key = ProvingKey::new(&relation, columns, &powers, |commitments| {
            representation(&relation, commitments)
        })
        .map_err(argument)?;
        Ok(Self {
            program: program.clone(),
            tape: tape.clone(),
            relation,
            key,
            powers,
        })
    }

    /// The key as verifiers read it.
    pub fn to_bytes(&self) -> Vec<u8> {
        key_bytes(&self.relation, &self.key.verifying().commitments)
    }

    /// Proves what a witness holds.
    pub fn prove(
        &self,
        witness: &Witness,
        instance: &[Fr],
        rng: impl RngCore,
    ) -> Result<Vec<u8>, ProverError> {
        let columns = |phase: usize, challenges: &[Fr]| {
            let (program, tape) = (&self.program, &self.tape);
            Ok::<_, ArgumentError>(phase_columns(
                phase, challenges, program, tape, witness, instance,
            ))
        };
        prove(
            &self.relation,
            &self.key,
            &self.powers,
            instance,
            columns,
            rng,
        )
        .map(|proven| proven.bytes)
        .map_err(argument)
    }

    /// Verifies a proof.
    pub fn verify(&self, srs: &Srs, instance: &[Fr], proof: &[u8]) -> Result<(), ProverError> {
        let key = self.key.verifying();
        verify(&self.relation, key, srs.tau_g2(), instance, proof).map_err(argument)
    }
}

fn argument(error: ArgumentError) -> ProverError {
    ProverError::Rejected(error.to_string())
}

/// A packed key's bytes: a header of one word, then the commitments.
///
/// The header is `VDCT`, the version, the height, the width, the columns to a pack, 1 if the weight
/// columns are hidden, the number of public values (two bytes), zeros.
fn key_bytes(relation: &TapeRelation, commitments: &[G1Affine]) -> Vec<u8> {
    let shape = relation.shape();
    let mut bytes = vec![0u8; 32];
    bytes[..4].copy_from_slice(b"VDCT");
    bytes[4] = VERSION;
    bytes[5] = shape.k as u8;
    bytes[6] = shape.fixed[1].columns as u8;
    bytes[7] = shape.pack as u8;
    bytes[8] = u8::from(shape.hides());
    bytes[9..11].copy_from_slice(&(shape.instance as u16).to_be_bytes());
    for commitment in commitments {
        bytes.extend(words::point(commitment).concat());
    }
    bytes
}

/// What transcripts begin with: keccak256 of the key's bytes, modulo the field's order.
fn representation(relation: &TapeRelation, commitments: &[G1Affine]) -> Fr {
    let digest = Keccak256::digest(key_bytes(relation, commitments));
    let mut wide = [0u8; 64];
    for (byte, digit) in wide.iter_mut().zip(digest.iter().rev()) {
        *byte = *digit;
    }
    Fr::from_uniform_bytes(&wide)
}
