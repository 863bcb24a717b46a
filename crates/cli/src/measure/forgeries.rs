//! What a verifier must refuse, made of a proof that it accepts.

use alloy_primitives::{B256, U256};
use verdict_wire::{ProofLayout, SCALAR_BYTES, VerifyingKeyParts};

/// A statement with a proof that does not hold for it.
pub(super) struct Forgery {
    pub(super) what: &'static str,
    pub(super) words: Vec<B256>,
    pub(super) proof: Vec<u8>,
}

/// A lie about the result, a lie about whom it is for, a bent proof, a cut proof; under some
/// key.
pub(super) fn forgeries(words: &[B256], proof: &[u8], key: &VerifyingKeyParts) -> [Forgery; 4] {
    let bumped = |index: usize| {
        let mut words = words.to_vec();
        if let Some(word) = words.get_mut(index) {
            *word = (U256::from_be_bytes(word.0) ^ U256::from(1)).into();
        }
        words
    };
    let mut bent = proof.to_vec();
    let last = ProofLayout::of(key).evaluation_bytes().end;
    if let Some(byte) = last.checked_sub(1).and_then(|at| bent.get_mut(at)) {
        *byte ^= 1;
    }
    let cut = proof[..proof.len().saturating_sub(SCALAR_BYTES)].to_vec();
    [
        Forgery {
            what: "an output changed by one",
            words: bumped(words.len().saturating_sub(1)),
            proof: proof.to_vec(),
        },
        Forgery {
            what: "another context",
            words: bumped(0),
            proof: proof.to_vec(),
        },
        Forgery {
            what: "a bit of the proof flipped",
            words: words.to_vec(),
            proof: bent,
        },
        Forgery {
            what: "the proof cut short",
            words: words.to_vec(),
            proof: cut,
        },
    ]
}
