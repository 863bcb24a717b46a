//! What proofs cost by the rules that are planned, predicted and measured.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use alloy_primitives::{B256, U256, hex};
use serde_json::Value;
use std::{fs, path::Path};
use verdict_chain::{Fork, Harness, Verdict, estimate};
use verdict_wire::parse_key;

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
