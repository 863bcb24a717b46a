//! The packed verifier is written once; natively and as a contract it says the same of every vector
//! and of what mutations make of it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::{path::Path, process::Command};
use verdict_vectors::{
    evm::{End, Evm},
    packed::{Vector, vectors},
    snark::{calldata, creation_codes},
};

#[test]
fn the_contract_and_the_library_are_one_verifier() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 7);
    let sources: Vec<String> = vectors.iter().map(|(_, it)| it.solidity()).collect();
    let mut evm = Evm::default();
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    for ((name, vector), code) in vectors.iter().zip(creation_codes(&sources)) {
        let contract = evm.deploy(code);
        let mut ask = |vector: &Vector| {
            let data = calldata(&vector.public_values, &vector.proof);
            let (end, _, gas) = evm.call(contract, data);
            (end == End::Accepted, gas)
        };
        vector.verify().unwrap();
        let (accepted, gas) = ask(vector);
        assert!(accepted, "{name}");
        println!("{name}: {gas} gas in the generated contract");
        for _ in 0..40 {
            let mut changed = vector.clone();
            let words = vector.public_values.len();
            let place = rng.gen_range(0..words + vector.proof.len() / 32);
            let bit = rng.gen_range(0..250);
            let flip = |word: &mut [u8]| word[31 - bit / 8] ^= 1 << (bit % 8);
            match place.checked_sub(words) {
                None => flip(changed.public_values[place].as_mut_slice()),
                Some(word) => {
                    let mut proof = vector.proof.to_vec();
                    flip(&mut proof[32 * word..32 * word + 32]);
                    changed.proof = proof.into();
                }
            }
            assert!(changed.verify().is_err(), "{name}, word {place}, bit {bit}");
            assert!(!ask(&changed).0, "{name}, word {place}, bit {bit}");
        }
    }
}

/// A verifier that was written from the documents alone says the same.
#[test]
fn the_one_written_from_the_documents_agrees() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let run = Command::new("python3")
        .arg(root.join("scripts/verify.py"))
        .args(["--json", "--mutate", "5", "--seed", "14"])
        .args(vectors().into_iter().map(|(path, _)| path))
        .output()
        .unwrap();
    let said: Vec<Said> = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(said.len(), 7);
    for said in said {
        assert!(said.accepted, "{}: {:?}", said.file, said.reason);
        assert_eq!(said.mutations_accepted, 0, "{}", said.file);
    }
    assert!(run.status.success());
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    file: String,
    accepted: bool,
    reason: Option<String>,
    mutations_accepted: usize,
}
