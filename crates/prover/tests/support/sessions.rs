//! Small models under a plan and a set-up.

use super::{models, small};
use halo2curves_axiom::bn256::Fr;
use models::{compiled, planned, rng};
use verdict_circuit::{Batch, Hiding, Plan};
use verdict_model::{CompiledModel, IntegerGraph};
use verdict_prover::{Cache, Inference, KeyedModel, Srs};

fn opened(model: CompiledModel, plan: Plan, srs: Option<Srs>, cache: Option<&Cache>) -> KeyedModel {
    let srs = srs.unwrap_or_else(|| Srs::development(plan.chosen.k));
    KeyedModel::open(model, plan, srs, cache, &|_| {}).unwrap()
}

pub fn open(graph: &IntegerGraph, srs: Option<Srs>, cache: Option<&Cache>) -> KeyedModel {
    opened(compiled(graph.clone()), planned(graph), srs, cache)
}

pub fn session(model: CompiledModel, batch: Batch, hiding: Option<Hiding>) -> KeyedModel {
    let plan = small::planned(&model, batch, hiding);
    opened(model, plan, None, None)
}

pub fn proved(session: &KeyedModel, inputs: &[Vec<i32>], seed: u64) -> Inference {
    session
        .prove(inputs, Fr::from(0xC0FFEE), rng(seed), &|_| {})
        .unwrap()
}
