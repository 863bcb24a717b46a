//! The contract that snark-verifier generates from the same verifying key accepts the same proofs:
//! circuit, transcript and opening are halo2's, and not something on which only our own two
//! verifiers agree.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use alloy_primitives::{B256, Bytes, U256};
use verdict_chain::Verdict;
use verdict_model::{Goal, Visibility};
use verdict_prover::{Srs, verify};
use verdict_vectors::{
    evm::{End, Evm},
    field, halo2, snark,
    support::{self, Proved, harness, prove},
};
use verdict_wire::parse_key;

fn source(proved: &Proved) -> String {
    let keys = proved.session.keys();
    snark::solidity(
        proved.session.srs().params(),
        keys.verifying(),
        keys.on_chain().public_values,
    )
}

#[test]
fn snark_verifiers_contract_accepts_what_ours_accepts() {
    let proofs: Vec<_> = [
        ("logreg-breast-cancer", Visibility::Public, 1),
        ("logreg-breast-cancer", Visibility::Private, 3),
        ("mlp-digits", Visibility::Private, 1),
        ("mlp-digits", Visibility::Public, 3),
    ]
    .into_iter()
    .map(|(name, inputs, width)| (name, width, prove(name, Goal::Time, inputs, Some(width))))
    .collect();
    let codes = snark::creation_codes(
        &proofs
            .iter()
            .map(|(_, _, proved)| source(proved))
            .collect::<Vec<_>>(),
    );

    let mut ours = harness();
    let mut theirs = Evm::default();
    let mut contracts = Vec::new();
    for ((name, width, proved), code) in proofs.iter().zip(codes) {
        let parts = proved.session.keys().on_chain();
        assert_eq!(parts.width, *width);
        let contract = snark::Contract::deploy(&mut theirs, code, parts.public_values, parts.width);
        let values = proved.values();
        let proof = &proved.inference.proof;

        proved
            .session
            .verify(&proved.inference.instance, proof)
            .unwrap();
        let key = ours.publish(&proved.key).unwrap().0;
        let (verdict, gas) = ours.verify(key, &values, proof).unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{name}, width {width}");
        let (end, output, their_gas) =
            theirs.call(contract.address, snark::calldata(&values, proof));
        assert_eq!(
            (end, output.len()),
            (End::Accepted, 0),
            "{name}, width {width}"
        );
        println!(
            "{name} k {} c {width} values {}: ours {} gas, snark-verifier's {their_gas} gas in {} bytes of code",
            parts.k,
            values.len(),
            gas.total,
            contract.code.len()
        );

        // It does check: one bit of a scalar is enough.
        let mut wrong = proof.clone();
        wrong[22 * 32 + 31] ^= 1;
        assert_eq!(
            contract.call(&mut theirs, &values, &wrong).kind(),
            "(empty revert)"
        );
        let mut other = values.clone();
        other[0] = (U256::from_be_bytes(other[0].0) + U256::from(1)).into();
        assert_eq!(
            contract.call(&mut theirs, &other, proof).kind(),
            "(empty revert)"
        );
        contracts.push((contract, values, proof.clone()));
    }

    // Each is the verifier of its own key only.
    for (i, (contract, _, _)) in contracts.iter().enumerate() {
        for (j, (_, values, proof)) in contracts.iter().enumerate() {
            assert_eq!(
                contract.call(&mut theirs, values, proof) == End::Accepted,
                i == j,
                "contract {i}, proof {j}"
            );
        }
    }
}

#[test]
fn the_contracts_differ_only_where_snark_verifier_is_lenient() {
    let proved = prove(
        "logreg-breast-cancer",
        Goal::Time,
        Visibility::Public,
        Some(1),
    );
    let code = snark::creation_codes(&[source(&proved)]).remove(0);
    let mut theirs = Evm::default();
    let contract = snark::Contract::deploy(&mut theirs, code, proved.values().len(), 1);
    let mut ours = harness();
    let key = ours.publish(&proved.key).unwrap().0;
    let (values, proof) = (proved.values(), &proved.inference.proof);
    let mut check = |values: &[_], proof: &[u8], error: &str| {
        assert_eq!(
            contract.call(&mut theirs, values, proof),
            End::Accepted,
            "{error}"
        );
        let Verdict::Rejected(name) = ours.verify(key, values, proof).unwrap().0 else {
            panic!("accepted: {error}")
        };
        assert!(name.starts_with(error), "{name} instead of {error}");
        let halo2 = verdict_wire::instance(values)
            .is_ok_and(|instance| proved.session.verify(&instance, proof).is_ok());
        assert!(!halo2, "halo2 accepted: {error}");
    };

    // A scalar and the same plus the modulus, in the proof and among the public values.
    let mut aliased = proof.clone();
    let at = 22 * 32..23 * 32;
    let alias = U256::from_be_slice(&proof[at.clone()]) + field::R;
    aliased[at].copy_from_slice(&alias.to_be_bytes::<32>());
    check(&values, &aliased, "ScalarNotCanonical");
    let mut words = values.clone();
    words[1] = (U256::from_be_bytes(words[1].0) + field::R).into();
    check(&words, proof, "PublicValueNotCanonical");
    // Bytes after the proof.
    check(
        &values,
        &[proof.as_slice(), &[0]].concat(),
        "WrongProofLength",
    );
    check(
        &values,
        &[proof.as_slice(), &[7; 32]].concat(),
        "WrongProofLength",
    );
}

/// What snark-verifier's contract reads as the honest proof: it reduces scalars and ignores bytes
/// at the end.
const LENIENT: [&str; 3] = [
    "the context plus the field's modulus",
    "an evaluation plus the field's modulus",
    "trailing bytes",
];

#[test]
fn the_three_verifiers_agree_on_every_committed_vector() {
    let read = |path: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(support::vectors().join(path)).unwrap())
            .unwrap()
    };
    let words =
        |value: &serde_json::Value| serde_json::from_value::<Vec<B256>>(value.clone()).unwrap();
    let bytes = |value: &serde_json::Value| serde_json::from_value::<Bytes>(value.clone()).unwrap();

    let names: Vec<String> = serde_json::from_value(read("index.json")).unwrap();
    let vectors: Vec<_> = names
        .iter()
        .map(|name| read(&format!("{name}/proof.json")))
        .collect();
    let parts: Vec<_> = vectors
        .iter()
        .map(|vector| parse_key(&bytes(&vector["verifyingKey"])).unwrap())
        .collect();
    let keys: Vec<_> = parts
        .iter()
        .map(|parts| halo2::key_of(parts).unwrap())
        .collect();
    let set_ups: Vec<_> = parts
        .iter()
        .map(|parts| Srs::development(parts.k))
        .collect();
    let sources: Vec<_> = (0..names.len())
        .map(|i| snark::solidity(set_ups[i].params(), &keys[i], parts[i].public_values))
        .collect();
    for (i, code) in snark::creation_codes(&sources).into_iter().enumerate() {
        let (vector, parts) = (&vectors[i], &parts[i]);
        let mut theirs = Evm::default();
        let contract = snark::Contract::deploy(&mut theirs, code, parts.public_values, parts.width);
        let mut ours = harness();
        let key = ours.publish(&bytes(&vector["verifyingKey"])).unwrap().0;
        let mut opinions = |values: &[B256], proof: &[u8]| {
            let halo2 = verdict_wire::instance(values).is_ok_and(|instance| {
                verify(&keys[i], set_ups[i].params(), &instance, proof).is_ok()
            });
            let ours = ours.verify(key, values, proof).unwrap().0 == Verdict::Accepted;
            [
                halo2,
                ours,
                contract.call(&mut theirs, values, proof) == End::Accepted,
            ]
        };
        let (values, proof) = (words(&vector["publicValues"]), bytes(&vector["proof"]));
        assert_eq!(opinions(&values, &proof), [true; 3], "{}", names[i]);
        for case in vector["tampered"].as_array().unwrap() {
            if case.get("verifyingKey").is_some() {
                continue;
            }
            let what = case["what"].as_str().unwrap();
            let values = case.get("publicValues").map_or(values.clone(), words);
            let proof = case.get("proof").map_or(proof.clone(), bytes);
            let expected = [false, false, LENIENT.contains(&what)];
            assert_eq!(opinions(&values, &proof), expected, "{}: {what}", names[i]);
        }
    }
}
