//! What the Rust verifier, our contract, the generated contract and the verifier that was written
//! from the documents alone say of the committed vectors.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use serde::Deserialize;
use std::{collections::BTreeSet, path::Path, process::Command};
use verdict_chain::{Verdict, bindings::IInferenceVerifier::verifyManyCall};
use verdict_prover::verify_under;
use verdict_vectors::{
    cases::CASES,
    evm::{End, Evm},
    field,
    generated::{Contracts, Header, deploy},
    support::{harness, tau, vectors},
};
use verdict_wire::{ProofLayout, instance, parse_key};

/// The generated contracts of all vectors' keys.
fn contracts(evm: &mut Evm) -> Contracts {
    let keys = CASES.iter().map(|case| case.committed().verifying_key);
    let headers: BTreeSet<Header> = keys.map(|key| Header::of(&key).unwrap()).collect();
    deploy(evm, &headers, tau())
}

/// What the generated contract reads as the honest proof: it reduces scalars and ignores bytes at
/// the end.
const LENIENT: [&str; 3] = [
    "the context plus the field's modulus",
    "an evaluation plus the field's modulus",
    "trailing bytes",
];

#[test]
fn the_three_verifiers_agree_on_every_committed_vector() {
    let mut theirs = Evm::default();
    let contracts = contracts(&mut theirs);
    let mut ours = harness();
    for case in &CASES {
        let (name, vector) = (case.name, case.committed());
        let mut opinions = |key: &[u8], values: &[B256], proof: &[u8]| {
            let parts = parse_key(key).ok();
            let native = parts
                .zip(instance(values).ok())
                .is_some_and(|(key, values)| verify_under(&key, tau(), &values, proof).is_ok());
            let published = ours.publish(key).ok();
            let ours = published.is_some_and(|(address, _)| {
                ours.verify(address, values, proof).unwrap().0 == Verdict::Accepted
            });
            let contract = Header::of(key).and_then(|header| contracts.get(&header));
            let generated = contract.is_some_and(|it| it.accepts(&mut theirs, key, values, proof));
            [native, ours, generated]
        };
        let (key, values, proof) = (&vector.verifying_key, &vector.public_values, &vector.proof);
        assert_eq!(opinions(key, values, proof), [true; 3], "{name}");
        for case in &vector.tampered {
            let said = opinions(
                case.verifying_key.as_ref().unwrap_or(key),
                case.public_values.as_ref().unwrap_or(values),
                case.proof.as_ref().unwrap_or(proof),
            );
            let expected = [false, false, LENIENT.contains(&case.what.as_str())];
            assert_eq!(said, expected, "{name}: {}", case.what);
        }
    }
}

#[test]
fn each_contract_is_the_verifier_of_its_own_header_and_any_key_of_it() {
    let mut evm = Evm::default();
    let contracts = contracts(&mut evm);
    for case in &CASES {
        let (name, vector) = (case.name, case.committed());
        let (key, values) = (&vector.verifying_key, &vector.public_values);
        let header = Header::of(key).unwrap();
        let (end, gas) = contracts[&header].call(&mut evm, key, values, &vector.proof);
        assert_eq!(end, End::Accepted, "{name}");
        println!("{name}, {header:?}: {gas} gas in the generated contract");
        // Every word of the key counts.
        for word in 1..key.len() / 32 {
            let mut other = key.to_vec();
            other[32 * word + 31] ^= 1;
            // Points on no curve are for the precompiles to refuse, which takes all gas.
            let accepted = contracts[&header].accepts(&mut evm, &other, values, &vector.proof);
            assert!(!accepted, "{name}, word {word}");
        }
    }
}

#[test]
fn the_contracts_differ_only_where_the_generated_one_is_lenient() {
    let vector = CASES[0].committed();
    let (key, values, proof) = (&vector.verifying_key, &vector.public_values, &vector.proof);
    let mut theirs = Evm::default();
    let contract = contracts(&mut theirs)[&Header::of(key).unwrap()];
    let mut ours = harness();
    let address = ours.publish(key).unwrap().0;
    let parts = parse_key(key).unwrap();
    let mut check = |values: &[B256], proof: &[u8], error: &str| {
        assert!(contract.accepts(&mut theirs, key, values, proof), "{error}");
        let Verdict::Rejected(name) = ours.verify(address, values, proof).unwrap().0 else {
            panic!("accepted: {error}")
        };
        assert!(name.starts_with(error), "{name} instead of {error}");
        let native = instance(values)
            .is_ok_and(|instance| verify_under(&parts, tau(), &instance, proof).is_ok());
        assert!(!native, "the Rust verifier accepted: {error}");
    };

    // A scalar and the same plus the modulus, in the proof and among the public values.
    let mut aliased = proof.to_vec();
    let at = ProofLayout::of(&parts).evaluation(0);
    let alias = U256::from_be_slice(&proof[at.clone()]) + field::R;
    aliased[at].copy_from_slice(&alias.to_be_bytes::<32>());
    check(values, &aliased, "ScalarNotCanonical");
    let mut words = values.clone();
    words[1] = (U256::from_be_bytes(words[1].0) + field::R).into();
    check(&words, proof, "PublicValueNotCanonical");
    // Bytes after the proof.
    check(values, &[proof.as_ref(), &[0]].concat(), "WrongProofLength");
    check(
        values,
        &[proof.as_ref(), &[7; 32]].concat(),
        "WrongProofLength",
    );
}

/// One pairing for all vectors at once: all are right, or one is not and all are refused.
#[test]
fn many_are_accepted_together_and_refused_for_one() {
    let mut evm = harness();
    let good: Vec<_> = CASES.iter().map(|case| case.committed()).collect();
    let keys: Vec<Address> = good
        .iter()
        .map(|it| evm.publish(&it.verifying_key).unwrap().0)
        .collect();
    let words = |values: &[B256]| -> Vec<U256> { values.iter().map(|it| (*it).into()).collect() };
    let call = verifyManyCall {
        verifyingKeys: keys,
        publicValues: good.iter().map(|it| words(&it.public_values)).collect(),
        proofs: good.iter().map(|it| it.proof.clone()).collect(),
    };
    let mut ask = |call: &verifyManyCall| {
        let (verdict, gas) = evm.call(evm.verifier, call.abi_encode().into()).unwrap();
        (verdict, gas.total)
    };
    let (verdict, gas) = ask(&call);
    assert_eq!(verdict, Verdict::Accepted);
    println!("{} proofs at once: {gas} gas", good.len());
    for (number, vector) in good.iter().enumerate() {
        let tampered = vector
            .tampered
            .iter()
            .filter(|it| it.verifying_key.is_none());
        for tampered in tampered {
            let mut other = call.clone();
            if let Some(values) = &tampered.public_values {
                other.publicValues[number] = words(values);
            }
            if let Some(proof) = &tampered.proof {
                other.proofs[number] = proof.clone();
            }
            let (verdict, _) = ask(&other);
            let Verdict::Rejected(error) = verdict else {
                panic!(
                    "{} is accepted among others: {}",
                    CASES[number].name, tampered.what
                )
            };
            assert!(
                error.starts_with(&tampered.error),
                "{error}: {}",
                tampered.what
            );
        }
        // Another's place is not its own.
        let mut other = call.clone();
        other.proofs.swap(number, (number + 1) % good.len());
        assert_ne!(ask(&other).0, Verdict::Accepted);
    }
}

/// A verifier that was written from the documents alone says the same.
#[test]
fn the_one_written_from_the_documents_agrees() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = CASES
        .iter()
        .map(|case| vectors().join(case.name).join("proof.json"));
    let run = Command::new("python3")
        .arg(root.join("scripts/verify.py"))
        .args(["--json", "--mutate", "1", "--seed", "14"])
        .args(files)
        .output()
        .unwrap();
    let said: Vec<Said> = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(said.len(), CASES.len());
    for said in said {
        assert!(said.accepted, "{}: {:?}", said.file, said.reason);
        assert_eq!(said.mutations_accepted, 0, "{}", said.file);
        assert!(said.tampered > 10, "{}", said.file);
        assert_eq!(said.tampered_accepted, 0, "{}", said.file);
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
    tampered: usize,
    tampered_accepted: usize,
}
