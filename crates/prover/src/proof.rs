//! Proving, and verifying with halo2's own verifier.

use crate::{Keys, ProverError, Srs, halo2_key};
use halo2_axiom::{
    plonk::{Circuit, ProvingKey, VerifyingKey, create_proof, verify_proof},
    poly::kzg::{
        commitment::{KZGCommitmentScheme, ParamsKZG},
        multiopen::{ProverSHPLONK, VerifierSHPLONK},
        strategy::SingleStrategy,
    },
    transcript::TranscriptReadBuffer,
};
use halo2curves_axiom::bn256::{Bn256, Fr, G1Affine};
use rand::RngCore;
use snark_verifier::{
    loader::native::NativeLoader,
    system::halo2::transcript::evm::{ChallengeEvm, EvmTranscript},
};
use verdict_circuit::TapeCircuit;
use verdict_wire::VerifyingKeyParts;

type ReadTranscript<'a, 'b> = EvmTranscript<G1Affine, NativeLoader, &'a mut &'b [u8], Vec<u8>>;
type WriteTranscript = EvmTranscript<G1Affine, NativeLoader, Vec<u8>, Vec<u8>>;

/// Proves a circuit that has its witness; `rng` blinds.
pub fn prove(
    keys: &Keys,
    srs: &Srs,
    circuit: TapeCircuit,
    rng: impl RngCore,
) -> Result<Vec<u8>, ProverError> {
    let instance = circuit.instance.clone();
    make_proof(srs, keys.proving(), circuit, &[&instance], rng)
}

/// Proves any circuit, under the transcript that the EVM reads.
pub(crate) fn make_proof<C: Circuit<Fr>>(
    srs: &Srs,
    proving: &ProvingKey<G1Affine>,
    circuit: C,
    instances: &[&[Fr]],
    rng: impl RngCore,
) -> Result<Vec<u8>, ProverError> {
    let mut transcript = WriteTranscript::new(Vec::new());
    create_proof::<
        KZGCommitmentScheme<Bn256>,
        ProverSHPLONK<'_, Bn256>,
        ChallengeEvm<G1Affine>,
        _,
        _,
        _,
    >(
        srs.params(),
        proving,
        &[circuit],
        &[instances],
        rng,
        &mut transcript,
    )
    .map_err(ProverError::halo2("proving"))?;
    Ok(transcript.finalize())
}

/// Verifies with halo2-axiom. `instance[0]` is the context.
///
/// halo2's key does not know how many public words its model has, and a word too many would be
/// added to what the tape produces: the caller must compare the count, as [`verify_under`] and the
/// contract do.
pub fn verify(
    verifying: &VerifyingKey<G1Affine>,
    params: &ParamsKZG<Bn256>,
    instance: &[Fr],
    proof: &[u8],
) -> Result<(), ProverError> {
    check_proof(verifying, params, &[instance], proof)
}

/// Verifies what [`make_proof`] makes.
pub(crate) fn check_proof(
    verifying: &VerifyingKey<G1Affine>,
    params: &ParamsKZG<Bn256>,
    instances: &[&[Fr]],
    proof: &[u8],
) -> Result<(), ProverError> {
    let mut rest = proof;
    let mut transcript: ReadTranscript<'_, '_> =
        TranscriptReadBuffer::<_, G1Affine, _>::init(&mut rest);
    verify_proof::<
        KZGCommitmentScheme<Bn256>,
        VerifierSHPLONK<'_, Bn256>,
        ChallengeEvm<G1Affine>,
        _,
        _,
    >(
        params,
        verifying,
        SingleStrategy::new(params),
        &[instances],
        &mut transcript,
    )
    .map_err(|error| ProverError::Rejected(error.to_string()))?;
    // halo2 reads what it needs and does not look further.
    if !rest.is_empty() {
        return Err(ProverError::Rejected(format!(
            "{} bytes follow it",
            rest.len()
        )));
    }
    Ok(())
}

/// Verifies with halo2-axiom, knowing nothing but the key; refuses a key whose digest is not that
/// of its commitments.
pub fn verify_under(
    key: &VerifyingKeyParts,
    srs: &Srs,
    instance: &[Fr],
    proof: &[u8],
) -> Result<(), ProverError> {
    if instance.len() != key.public_values {
        return Err(ProverError::Rejected(format!(
            "{} public values, expected {} with the context",
            instance.len(),
            key.public_values
        )));
    }
    let verifying = halo2_key(key)?;
    if verifying.transcript_repr() != key.representation {
        return Err(ProverError::Rejected(
            "the key states another digest than its commitments have".into(),
        ));
    }
    verify(&verifying, srs.params(), instance, proof)
}
