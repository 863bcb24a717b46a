//! Predicts gas before anything is proved.
//!
//! Execution of the verifier is a sum of a constant, a price per pack, per weight column, per public
//! value and per bit of height; `tests/gas.rs` holds the prediction to within 1% of revm on every
//! vector.

use crate::{Artifact, ChainError, harness::Gas};
use serde::Serialize;
use verdict_argument::Relation;
use verdict_circuit::TapeRelation;
use verdict_wire::{ProofLayout, key_len, verify_calldata_len};

/// Gas of everything a model's user pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GasEstimate {
    /// One verification, as a transaction.
    pub verify: Gas,
    /// Publishing the model's verifying key.
    pub register: u64,
    /// Deploying the verifier, once for all models.
    pub deploy: u64,
    /// The same by the rules that are planned.
    pub amsterdam: AmsterdamGas,
    /// Size of the verifier's code.
    pub verifier_code_bytes: usize,
    /// Size of the verifying key's code.
    pub key_code_bytes: usize,
    /// Size of a proof.
    pub proof_bytes: usize,
    /// Size of a verification's calldata.
    pub calldata_bytes: usize,
}

/// Gas by the rules of Amsterdam, as revm has them: state is paid for by the byte, and calldata has a
/// floor. Their numbers are not final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AmsterdamGas {
    /// One verification, as a transaction.
    pub verify: u64,
    /// Publishing the model's verifying key.
    pub register: u64,
    /// Deploying the verifier, once for all models.
    pub deploy: u64,
}

/// Of a byte of state; an account counts as so many.
const STATE_BYTE: u64 = 1_530;
const ACCOUNT_BYTES: u64 = 120;
/// The least that a transaction pays for a byte of calldata, and for itself.
const FLOOR_BYTE: u64 = 64;
const FLOOR_BASE: u64 = 12_000;
/// What a verification is cheaper by: a transaction's price has its parts now.
const VERIFY_LESS: u64 = 5_600;
/// What is paid for a creation beside state: of the publisher, and of a transaction.
const CREATED: u64 = 33_300;
const DEPLOYED: u64 = 24_000;

/// Fitted to revm: execution without packs and weight columns, height 0, no public values.
const BASE: u64 = 143_370;
/// Per pack.
const PER_PACK: u64 = 6_570;
/// Per weight column.
const PER_COLUMN: u64 = 220;
/// Of hidden weights: the link, and every pack in it.
const LINK: u64 = 1_300;
const PER_LINKED: u64 = 480;
/// Per public value, the context included.
const PER_VALUE: u64 = 187;
/// Per doubling of the rows.
const PER_HEIGHT: u64 = 15;

/// The constructor checks the set-up with a pairing.
const SETUP_CHECK: u64 = 82_000;

/// Average gas of a random byte of calldata: one in 256 is zero.
const RANDOM_BYTE: f64 = 16.0 - 12.0 / 256.0;

/// Predicts the gas of proofs under a key of this shape.
pub fn estimate(relation: &TapeRelation) -> Result<GasEstimate, ChainError> {
    let verifier = Artifact::inference_verifier()?;
    let shape = relation.shape();
    let (public_values, layout) = (shape.instance, ProofLayout::new(relation));
    let proof = layout.bytes();
    let calldata_bytes = verify_calldata_len(public_values, proof);
    // Of its head: the selector, the address, two offsets, two lengths.
    let head = 4 * 16 + (12 * 4 + 20 * 16) + 2 * (31 * 4 + 16) + 2 * (30 * 4 + 2 * 16);
    let calldata = head + ((32 * public_values + proof) as f64 * RANDOM_BYTE) as u64;
    // Packs that are multiplied: those of the key and of the proof, of which one needs no factor.
    let packs = shape.fixed_packs() + layout.points_before();
    let link = match shape.hides() {
        true => LINK + PER_LINKED * relation.width().div_ceil(shape.pack) as u64,
        false => 0,
    };
    let execution = BASE
        + link
        + PER_PACK * packs as u64
        + PER_COLUMN * relation.width() as u64
        + PER_VALUE * public_values as u64
        + PER_HEIGHT * u64::from(shape.k);
    // A data contract begins with a STOP.
    let key_code_bytes = 1 + key_len(relation);
    Ok(GasEstimate {
        verify: Gas {
            intrinsic: 21_000,
            calldata,
            execution,
            total: 21_000 + calldata + execution,
        },
        register: register(key_code_bytes),
        amsterdam: amsterdam(
            &verifier,
            21_000 + calldata + execution,
            calldata_bytes,
            key_code_bytes,
        ),
        deploy: deploy(&verifier),
        verifier_code_bytes: verifier.runtime_size,
        key_code_bytes,
        proof_bytes: proof,
        calldata_bytes,
    })
}

/// Creation, and per byte the code deposit, the calldata and a share of the commitments' checks.
fn register(code: usize) -> u64 {
    59_300 + (228.2 * code as f64) as u64
}

fn amsterdam(verifier: &Artifact, verify: u64, calldata: usize, key: usize) -> AmsterdamGas {
    let state = |bytes: usize| STATE_BYTE * (ACCOUNT_BYTES + bytes as u64);
    let floor = FLOOR_BASE + FLOOR_BYTE * calldata as u64;
    let code = verifier.bytecode.len() as u64 + 128;
    AmsterdamGas {
        verify: (verify - VERIFY_LESS).max(floor),
        register: state(key) + CREATED + (28.2 * key as f64) as u64,
        deploy: state(verifier.runtime_size)
            + DEPLOYED
            + crate::harness::calldata_gas(&verifier.bytecode)
            + 128 * 16
            + 2 * code.div_ceil(32)
            + SETUP_CHECK,
    }
}

fn deploy(verifier: &Artifact) -> u64 {
    let code = verifier.bytecode.len() as u64 + 128;
    53_000
        + crate::harness::calldata_gas(&verifier.bytecode)
        + 128 * 16
        + 2 * code.div_ceil(32)
        + 200 * verifier.runtime_size as u64
        + SETUP_CHECK
}
