//! Gas: real transactions of small proofs, predictions for the large ones (held to 2% by `vectors.rs`).
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use verdict_chain::{GasEstimate, Verdict, estimate};
use verdict_circuit::{Limits, plan};
use verdict_model::{Goal, Visibility};
use verdict_vectors::support::{compiled, harness, prove};

/// Predictions may be this far below the truth.
const MARGIN: f64 = 1.02;

fn predicted(name: &str, goal: Goal, inputs: Visibility) -> GasEstimate {
    let (model, _) = compiled(name, goal, inputs);
    let plan = plan(Arc::new(model.graph().clone()), goal, Limits::default()).unwrap();
    estimate(plan.chosen.k, plan.chosen.width, plan.tape.words() + 1).unwrap()
}

fn at_most(what: &str, gas: u64, limit: u64) {
    assert!(
        gas as f64 * MARGIN <= limit as f64,
        "{what}: {gas}, limit {limit} less 2%"
    );
}

#[test]
fn a_transaction_costs_what_was_predicted_at_every_width() {
    let mut evm = harness();
    for (name, goal, inputs, width) in [
        ("logreg-breast-cancer", Goal::Time, Visibility::Public, None),
        ("mlp-digits", Goal::Time, Visibility::Private, Some(2)),
        ("mlp-digits", Goal::Time, Visibility::Public, Some(12)),
        ("mlp-digits", Goal::Time, Visibility::Private, Some(24)),
    ] {
        let proved = prove(name, goal, inputs, width);
        let chosen = proved.session.plan().chosen;
        let (key, registration) = evm.publish(&proved.key).unwrap();
        let (verdict, gas) = evm
            .verify(key, &proved.values(), &proved.inference.proof)
            .unwrap();
        assert_eq!(verdict, Verdict::Accepted);
        assert_eq!(gas.intrinsic + gas.calldata + gas.execution, gas.total);
        let predicted = estimate(chosen.k, chosen.width, proved.values().len()).unwrap();
        for (predicted, actual) in [
            (predicted.verify.total, gas.total),
            (predicted.register, registration.total),
        ] {
            let error = predicted.abs_diff(actual) as f64 / actual as f64;
            assert!(
                error < 0.02,
                "{name}, width {}: predicted {predicted}, actual {actual}",
                chosen.width
            );
        }
    }
}

#[test]
fn the_promised_gas_is_kept() {
    let private = predicted("mlp-digits28", Goal::Gas, Visibility::Private);
    at_most("784-128-10, gas-optimal", private.verify.total, 350_000);
    let public = predicted("mlp-digits28", Goal::Gas, Visibility::Public);
    at_most(
        "784-128-10, 784 public inputs",
        public.verify.total,
        private.verify.total + 60_000,
    );
    let balanced = predicted("mlp-digits28", Goal::Balanced, Visibility::Private);
    at_most("784-128-10, balanced", balanced.verify.total, 372_000);
    let logistic = predicted("logreg-breast-cancer", Goal::Gas, Visibility::Public);
    at_most(
        "logistic regression, 30 public features",
        logistic.verify.total,
        355_000,
    );
    for estimate in [private, public, balanced, logistic] {
        at_most("registration", estimate.register, 450_000);
    }
}

#[test]
fn the_verifier_fits_the_code_size_limit() {
    let estimate = predicted("logreg-breast-cancer", Goal::Gas, Visibility::Public);
    assert!(estimate.verifier_code_bytes < 24_576);
}
