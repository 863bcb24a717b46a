//! Keyed models refuse what does not belong together, and say why.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::bn256::Fr;
use std::cell::RefCell;
use support::{
    models::{circuit, compiled, graph, inputs, planned, rng},
    open,
};
use verdict_circuit::{CircuitError, TraceCells};
use verdict_model::execute;
use verdict_prover::{KeyedModel, Keys, ProverError, Srs, Stage};

#[test]
fn a_setup_that_is_too_small_is_refused_with_both_numbers() {
    let graph = graph(1);
    let plan = planned(&graph);
    let need = plan.chosen.points;
    let small = Srs::development(need - 1);
    let (k, pack) = (plan.chosen.k, plan.chosen.pack);
    let error = Keys::generate(&plan.program, &plan.tape, k, pack, small.clone())
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(error, ProverError::SrsTooSmall { have, need: of } if (have, of) == (need - 1, need)),
        "{error}"
    );
    let error = KeyedModel::open(compiled(graph), plan, small, None, &|_| {})
        .map(|_| ())
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(&format!("holds {} points, {need} are needed", need - 1)),
        "{message}"
    );
    assert!(message.contains("import a larger file"), "{message}");
}

#[test]
fn a_larger_setup_is_cut_and_gives_the_same_keys() {
    let graph = graph(1);
    let exact = open(&graph, None, None);
    let points = exact.plan().chosen.points;
    let cut = open(&graph, Some(Srs::development(3 * points + 1)), None);
    assert_eq!(cut.keys().on_chain(), exact.keys().on_chain());
    let inference = support::proved(&cut, &inputs(&graph, 1), 1);
    exact.verify(&inference.instance, &inference.proof).unwrap();
}

#[test]
fn a_plan_of_another_model_is_refused() {
    let (one, other) = (graph(1), graph(2));
    let plan = planned(&other);
    let srs = Srs::development(plan.chosen.points);
    let error = KeyedModel::open(compiled(one), plan, srs, None, &|_| {})
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, ProverError::Mismatch { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("the plan belongs to another model"),
        "{error}"
    );
}

#[test]
fn a_trace_of_another_model_is_refused() {
    let (one, other) = (graph(1), graph(2));
    let keyed = open(&one, None, None);
    let trace = execute(&other, &inputs(&other, 1)).unwrap();
    let error =
        TraceCells::new(&keyed.plan().lowered, std::slice::from_ref(&trace), &[]).unwrap_err();
    assert!(matches!(error, CircuitError::Trace(_)), "{error}");
}

#[test]
fn inputs_that_do_not_fit_are_refused_before_proving() {
    let graph = graph(1);
    let keyed = open(&graph, None, None);
    let good = inputs(&graph, 1);
    let mut outside = good.clone();
    outside[0][0] = graph.tensors[graph.inputs[0]].max + 1;
    let mut long = good.clone();
    long[0].push(0);
    for bad in [outside, long, vec![]] {
        let error = keyed
            .prove(&bad, Fr::from(1), rng(1), &|stage| {
                assert_eq!(stage, Stage::Witness)
            })
            .unwrap_err();
        assert!(matches!(error, ProverError::Model(_)), "{error}");
    }
}

#[test]
fn stages_are_told_in_order() {
    let graph = graph(1);
    let told = RefCell::new(Vec::new());
    let tell = |stage| told.borrow_mut().push(stage);
    let plan = planned(&graph);
    let srs = Srs::development(plan.chosen.points);
    let keyed = KeyedModel::open(compiled(graph.clone()), plan, srs, None, &tell).unwrap();
    keyed
        .prove(&inputs(&graph, 1), Fr::from(1), rng(1), &tell)
        .unwrap();
    assert_eq!(
        told.into_inner(),
        [Stage::Keys, Stage::Witness, Stage::Prove]
    );
}

#[test]
fn the_instance_is_the_context_and_the_packed_tensors() {
    let graph = graph(4);
    let keyed = open(&graph, None, None);
    let given = inputs(&graph, 4);
    let inference = keyed
        .prove(&given, Fr::from(0xC0FFEE), rng(1), &|_| {})
        .unwrap();
    let (circuit, trace) = circuit(keyed.plan(), &given);
    assert_eq!(inference.instance, circuit.instance);
    assert_eq!(inference.traces, std::slice::from_ref(&trace));
    assert_eq!(inference.instance[0], Fr::from(0xC0FFEE));
    let words: Vec<Fr> = graph
        .public_tensors()
        .flat_map(|id| verdict_model::Packing::of(&graph.tensors[id]).pack(&trace.values[id]))
        .map(Fr::from_raw)
        .collect();
    assert_eq!(inference.instance[1..], words);
}
