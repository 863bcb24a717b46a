//! halo2-axiom's verifier for verifying keys that no key generation made.
// `Shape` has a second field under a feature of the circuit's tests.
use halo2_axiom::{
    SerdeFormat,
    plonk::{VerifyingKey, verify_proof},
    poly::kzg::{
        commitment::{KZGCommitmentScheme, ParamsKZG},
        multiopen::VerifierSHPLONK,
        strategy::SingleStrategy,
    },
    transcript::{Transcript, TranscriptRead},
};
use halo2curves_axiom::{
    bn256::{Bn256, Fr, G1Affine},
    serde::SerdeObject,
};
use snark_verifier::{
    loader::native::NativeLoader,
    system::halo2::transcript::evm::{ChallengeEvm, EvmTranscript},
};
use std::io;
use verdict_circuit::{Shape, TapeCircuit};
use verdict_wire::VerifyingKeyParts;

type Inner<'a, 'b> = EvmTranscript<G1Affine, NativeLoader, &'a mut &'b [u8], Vec<u8>>;
type Challenge = ChallengeEvm<G1Affine>;

/// Absorbs a representation of the key other than the one that halo2 computes from it.
struct Represented<'a, 'b> {
    inner: Inner<'a, 'b>,
    representation: Option<Fr>,
}

impl Transcript<G1Affine, Challenge> for Represented<'_, '_> {
    fn squeeze_challenge(&mut self) -> Challenge {
        Transcript::squeeze_challenge(&mut self.inner)
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.inner.common_point(point)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        let scalar = self.representation.take().unwrap_or(scalar);
        Transcript::common_scalar(&mut self.inner, scalar)
    }
}

impl TranscriptRead<G1Affine, Challenge> for Represented<'_, '_> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        self.inner.read_point()
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        TranscriptRead::read_scalar(&mut self.inner)
    }
}

/// halo2's own verifying key of these parts. It computes the representation itself, and knows no
/// number of public values.
pub fn key_of(key: &VerifyingKeyParts) -> Option<VerifyingKey<G1Affine>> {
    // Its file: version, height, whether selectors are compressed, number of commitments,
    // commitments.
    let mut file = vec![2];
    file.extend_from_slice(&key.k.to_le_bytes());
    file.push(1);
    file.extend_from_slice(&u32::try_from(key.commitments.len()).unwrap().to_le_bytes());
    for commitment in &key.commitments {
        file.extend_from_slice(&commitment.to_raw_bytes());
    }
    let shape = Shape { width: key.width };
    VerifyingKey::read::<_, TapeCircuit>(&mut file.as_slice(), SerdeFormat::RawBytes, shape).ok()
}

/// Whether halo2 accepts under these parts of a key; `params` must be of the key's height. The
/// number of public values is no part of halo2's keys, so this compares it, as the contract does.
pub fn accepts(
    key: &VerifyingKeyParts,
    params: &ParamsKZG<Bn256>,
    instance: &[Fr],
    proof: &[u8],
) -> bool {
    let Some(verifying) = key_of(key) else {
        return false;
    };
    let mut rest = proof;
    let mut transcript = Represented {
        inner: Inner::new(&mut rest),
        representation: Some(key.representation),
    };
    let verified =
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, Challenge, _, _>(
            params,
            &verifying,
            SingleStrategy::new(params),
            &[&[instance]],
            &mut transcript,
        );
    verified.is_ok() && rest.is_empty() && instance.len() == key.public_values
}
