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
        let powers = Powers::new(srs.params().get_g().to_vec());
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

/// What transcripts begin with: a hash of the shape and of the commitments.
fn representation(relation: &TapeRelation, commitments: &[G1Affine]) -> Fr {
    let shape = relation.shape();
    let mut hasher = Keccak256::new();
    hasher.update([shape.k as u8, shape.pack as u8]);
    hasher.update((shape.instance as u64).to_be_bytes());
    for point in commitments {
        hasher.update(point.x.to_bytes());
        hasher.update(point.y.to_bytes());
    }
    let mut wide = [0u8; 64];
    wide[..32].copy_from_slice(&hasher.finalize());
    Fr::from_uniform_bytes(&wide)
}
