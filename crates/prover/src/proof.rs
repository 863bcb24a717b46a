//! Verifying.

use crate::ProverError;
use halo2curves_axiom::bn256::{Fr, G2Affine};
use verdict_argument::verify;
use verdict_wire::VerifyingKeyParts;

/// Verifies a proof, knowing nothing but the key and the set-up's `[τ]_2`. `instance[0]` is the
/// context.
pub fn verify_under(
    key: &VerifyingKeyParts,
    tau_g2: G2Affine,
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
    let relation = key.relation();
    Ok(verify(
        &relation,
        &key.verifying(),
        tau_g2,
        instance,
        proof,
    )?)
}
