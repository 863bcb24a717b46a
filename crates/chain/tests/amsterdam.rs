//! What proofs cost by the rules that are planned, predicted and measured.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use alloy_sol_types::{SolCall, sol};
use serde_json::Value;
use std::{fs, path::Path};
use verdict_chain::{Artifact, Fork, Harness, Verdict, estimate};
use verdict_wire::{parse_key, verify_calldata};

/// Words as files have them: hexadecimal digits, without leading zeros in some.
fn words(values: &Value) -> Vec<B256> {
    let list = values.as_array().unwrap().iter();
    let word = |word: &Value| -> U256 { word.as_str().unwrap().parse().unwrap() };
    list.map(|it| B256::from(word(it))).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// A committed proof: its set-up, key, public values and bytes.
fn vector(name: &str) -> ([U256; 4], Vec<u8>, Vec<B256>, Vec<u8>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
    let text = fs::read_to_string(root.join(name).join("proof.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let tau = file.get("tauG2").unwrap_or_else(|| &file["srs"]["tauG2"]);
    let tau: Vec<U256> = words(tau).into_iter().map(Into::into).collect();
    (
        tau.try_into().unwrap(),
        bytes(&file["verifyingKey"]),
        words(&file["publicValues"]),
        bytes(&file["proof"]),
    )
}

#[test]
fn amsterdam_costs_what_was_predicted() {
    for name in [
        "logreg-breast-cancer",
        "mlp-digits",
        "mlp-deep",
        "mlp-digits-batch",
    ] {
        let (tau, key, values, proof) = vector(name);
        let predicted = estimate(&parse_key(&key).unwrap().relation())
            .unwrap()
            .amsterdam;
        let mut evm = Harness::under(tau, Fork::Amsterdam).unwrap();
        let (account, registered) = evm.publish(&key).unwrap();
        let (verdict, verified) = evm.verify(account, &values, &proof).unwrap();
        assert_eq!(verdict, Verdict::Accepted);
        for (what, predicted, actual) in [
            ("verify", predicted.verify, verified.total),
            ("register", predicted.register, registered.total),
            ("deploy", predicted.deploy, evm.deploy_gas.total),
        ] {
            println!(
                "{name}, k {}, width {}, {} values, {what}: predicted {predicted}, actual {actual}",
                key[5],
                key[6],
                values.len()
            );
            let error = predicted.abs_diff(actual) as f64 / actual as f64;
            assert!(
                error < 0.02,
                "{name}, {what}: predicted {predicted}, actual {actual}"
            );
        }
    }
}

sol! {
    function pin(bytes calldata key) external returns (address account);
}

/// Where `PinnedKeyVerifier` pins a key: the account of STOP, the header with another magic, and the
/// digest, as the contract's interface says.
fn pin_of(verifier: Address, key: &[u8]) -> Address {
    let mut data = key[..32].to_vec();
    data[3] = b'P';
    data.extend(keccak256(key));
    let code = [&hex!("61004180600a5f395ff300")[..], &data].concat();
    verifier.create2_from_code(B256::ZERO, code)
}

/// What a key costs as code and as a pin, once and in every proof, by both forks' rules, and after how
/// many proofs the code is the cheaper one.
#[test]
fn a_pinned_key_is_cheaper_for_so_many_proofs() {
    for (name, fork, least) in [
        ("packs-of-eight", Fork::Osaka, 3),
        ("packs-of-eight", Fork::Amsterdam, 15),
        ("logreg-breast-cancer", Fork::Osaka, 3),
        ("logreg-breast-cancer", Fork::Amsterdam, 15),
        ("mlp-digits", Fork::Amsterdam, 15),
        ("packs-of-two", Fork::Amsterdam, 15),
    ] {
        let (tau, key, values, proof) = vector(name);
        let mut evm = Harness::under(tau, fork).unwrap();
        let (account, publish) = evm.publish(&key).unwrap();
        let (verdict, published) = evm.verify(account, &values, &proof).unwrap();
        assert_eq!(verdict, Verdict::Accepted);

        let code = Artifact::load("PinnedKeyVerifier").unwrap();
        let (verifier, _) = evm
            .deploy("PinnedKeyVerifier", code.with_setup(tau))
            .unwrap();
        let data = pinCall {
            key: key.clone().into(),
        };
        let (verdict, pin) = evm.call(verifier, data.abi_encode().into()).unwrap();
        assert_eq!(verdict, Verdict::Accepted);
        let account = pin_of(verifier, &key);
        let data = verify_calldata(account, &values, &[&key[..], &proof].concat());
        let (verdict, carried) = evm.call(verifier, data).unwrap();
        assert_eq!(verdict, Verdict::Accepted);

        let proofs = (publish.total - pin.total) / (carried.total - published.total) + 1;
        println!(
            "{name}, {} bytes, {fork:?}: publish {}, pin {}; a proof {}, with its key {}; from {proofs} \
             proofs on publishing is cheaper",
            key.len(),
            publish.total,
            pin.total,
            published.total,
            carried.total
        );
        assert!(pin.total < publish.total);
        assert!(proofs >= least, "{name}, {fork:?}: {proofs}");

        // A proof without its key, and one under a key that was not pinned.
        for data in [
            verify_calldata(account, &values, &proof),
            verify_calldata(verifier, &values, &[&key[..], &proof].concat()),
        ] {
            let (verdict, _) = evm.call(verifier, data).unwrap();
            assert!(matches!(verdict, Verdict::Rejected(_)));
        }
    }
}
