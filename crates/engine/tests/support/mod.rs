//! Sessions of small models.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

#[path = "../../../prover/tests/support/models.rs"]
pub mod models;
#[path = "../../../prover/tests/support/small.rs"]
pub mod small;

use halo2curves_axiom::bn256::Fr;
use models::{compiled, planned, rng};
use verdict_circuit::{Batch, Hiding, Plan};
use verdict_engine::{Inference, Session};
use verdict_model::{CompiledModel, IntegerGraph};
use verdict_prover::{Cache, Srs};

fn opened(model: CompiledModel, plan: Plan, srs: Option<Srs>, cache: Option<&Cache>) -> Session {
    let srs = srs.unwrap_or_else(|| Srs::development(plan.chosen.k));
    Session::open(model, plan, srs, cache, &|_| {}).unwrap()
}

pub fn open(graph: &IntegerGraph, srs: Option<Srs>, cache: Option<&Cache>) -> Session {
    opened(compiled(graph.clone()), planned(graph), srs, cache)
}

pub fn session(model: CompiledModel, batch: Batch, hiding: Option<Hiding>) -> Session {
    let plan = small::planned(&model, batch, hiding);
    opened(model, plan, None, None)
}

pub fn proved(session: &Session, inputs: &[Vec<i32>], seed: u64) -> Inference {
    session
        .prove(inputs, Fr::from(0xC0FFEE), rng(seed), &|_| {})
        .unwrap()
}
