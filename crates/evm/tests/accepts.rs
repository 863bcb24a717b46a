//! Real proofs of the committed models pass the contract, and its gas is what it should be.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod support;

use support::{harness, prove};
use verdict_evm::{Verdict, estimate};
use verdict_model::{Goal, Visibility};

#[test]
fn the_contract_accepts_real_proofs() {
    let mut evm = harness();
    println!("deploy {:?}", evm.deploy_gas);
    for (name, goal, inputs) in [
        ("logreg-breast-cancer", Goal::Time, Visibility::Public),
        ("mlp-digits", Goal::Time, Visibility::Private),
        ("mlp-digits", Goal::Balanced, Visibility::Public),
    ] {
        let proved = prove(name, goal, inputs, None);
        let chosen = proved.session.plan().chosen;
        let (key, publish) = evm.publish(&proved.key).unwrap();
        let (verdict, gas) = evm.verify(key, &proved.values(), &proved.inference.proof).unwrap();
        println!("{name} k {} c {} values {}: {gas:?}, publish {publish:?}", chosen.k, chosen.width, proved.values().len());
        println!("   predicted {:?}", estimate(chosen.k, chosen.width, proved.values().len()).unwrap());
        assert_eq!(verdict, Verdict::Accepted);
    }
}
