//! Gas: real transactions of small proofs, predictions for the large ones (held to 1% here).
#![allow(clippy::unwrap_used, missing_docs)]

use verdict_chain::{GasEstimate, Verdict, estimate};
use verdict_circuit::{Limits, TapeRelation, plan};
use verdict_model::{Goal, Visibility};
use verdict_vectors::support::{compiled, harness, prove_in};

/// Predictions may be this far below the truth.
const MARGIN: f64 = 1.01;

fn predicted(name: &str, goal: Goal, inputs: Visibility) -> GasEstimate {
    let (model, _) = compiled(name, goal, inputs);
    let plan = plan(model.shared_graph().clone(), goal, Limits::default()).unwrap();
    let (chosen, values) = (plan.chosen, plan.tape.words() + 1);
    let relation = TapeRelation::new(chosen.k, chosen.width, chosen.pack, values, false);
    estimate(&relation).unwrap()
}

fn at_most(what: &str, gas: u64, limit: u64) {
    assert!(
        gas as f64 * MARGIN <= limit as f64,
        "{what}: {gas}, limit {limit} less 1%"
    );
}

#[test]
fn a_transaction_costs_what_was_predicted_in_every_layout() {
    let mut evm = harness();
    let time = Goal::Time;
    let (public, private) = (Visibility::Public, Visibility::Private);
    for (name, inputs, width, pack, hidden) in [
        ("logreg-breast-cancer", public, None, None, false),
        ("mlp-digits", private, Some(2), Some(2), false),
        ("mlp-digits", public, Some(12), Some(4), false),
        ("mlp-digits", private, Some(24), Some(8), false),
        ("mlp-digits", private, Some(4), Some(2), true),
        ("mlp-digits", private, Some(12), Some(4), true),
        ("mlp-digits", private, Some(24), Some(8), true),
    ] {
        let limits = Limits {
            width,
            pack,
            ..Limits::default()
        };
        let proved = prove_in(name, time, inputs, limits, hidden);
        let (key, registration) = evm.publish(&proved.key).unwrap();
        let (verdict, gas) = evm
            .verify(key, &proved.values(), &proved.inference.proof)
            .unwrap();
        assert_eq!(verdict, Verdict::Accepted);
        assert_eq!(gas.intrinsic + gas.calldata + gas.execution, gas.total);
        let predicted = estimate(&proved.session.keys().on_chain().relation()).unwrap();
        for (predicted, actual) in [
            (predicted.verify.total, gas.total),
            (predicted.register, registration.total),
        ] {
            let error = predicted.abs_diff(actual) as f64 / actual as f64;
            assert!(
                error < 0.01,
                "{name}, width {width:?}, packs of {pack:?}, {hidden}: predicted {predicted}, actual {actual}"
            );
        }
    }
}

#[test]
fn the_promised_gas_is_kept() {
    let private = predicted("mlp-digits28", Goal::Gas, Visibility::Private);
    at_most("784-128-10, gas-optimal", private.verify.total, 240_000);
    let public = predicted("mlp-digits28", Goal::Gas, Visibility::Public);
    at_most(
        "784-128-10, 784 public inputs",
        public.verify.total,
        private.verify.total + 60_000,
    );
    let balanced = predicted("mlp-digits28", Goal::Balanced, Visibility::Private);
    at_most("784-128-10, balanced", balanced.verify.total, 270_000);
    let logistic = predicted("logreg-breast-cancer", Goal::Gas, Visibility::Public);
    at_most(
        "logistic regression, 30 public features",
        logistic.verify.total,
        225_000,
    );
    for estimate in [private, public, balanced, logistic] {
        at_most("registration", estimate.register, 150_000);
    }
}

#[test]
fn the_verifier_fits_the_code_size_limit() {
    let estimate = predicted("logreg-breast-cancer", Goal::Gas, Visibility::Public);
    assert!(estimate.verifier_code_bytes < 24_576);
}
