//! Small models with keys, and set-up files of every kind.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

pub mod models;
pub mod ptau;
pub mod small;

use halo2curves_axiom::{
    bn256::{Fr, G2Affine},
    group::GroupEncoding,
    serde::SerdeObject,
};
use models::{compiled, planned, rng};
use std::path::{Path, PathBuf};
use verdict_circuit::{Batch, Hiding, Plan};
use verdict_model::{CompiledModel, IntegerGraph};
use verdict_prover::{Cache, Inference, KeyedModel, ProverError, Srs};

/// A model under its plan, and under the development set-up if no other is given.
fn opened(
    model: CompiledModel,
    plan: Plan,
    srs: Option<Srs>,
    cache: Option<&Cache>,
) -> Result<KeyedModel, ProverError> {
    let srs = srs.unwrap_or_else(|| Srs::development(plan.chosen.points));
    KeyedModel::open(model, plan, srs, cache, &|_| {})
}

pub fn open(graph: &IntegerGraph, srs: Option<Srs>, cache: Option<&Cache>) -> KeyedModel {
    try_open(graph, srs, cache).unwrap()
}

pub fn try_open(
    graph: &IntegerGraph,
    srs: Option<Srs>,
    cache: Option<&Cache>,
) -> Result<KeyedModel, ProverError> {
    opened(compiled(graph.clone()), planned(graph), srs, cache)
}

/// A model with its keys, for a batch, with or without hiding.
pub fn keyed(model: CompiledModel, batch: Batch, hiding: Option<Hiding>) -> KeyedModel {
    let plan = small::planned(&model, batch, hiding);
    opened(model, plan, None, None).unwrap()
}

/// The same with so many weights to a row and columns to a pack.
pub fn keyed_in(
    model: CompiledModel,
    hiding: Option<Hiding>,
    width: usize,
    pack: usize,
) -> KeyedModel {
    let plan = small::planned_in(&model, Batch::single(), hiding, width, Some(pack));
    opened(model, plan, None, None).unwrap()
}

pub fn proved(keyed: &KeyedModel, inputs: &[Vec<i32>], seed: u64) -> Inference {
    keyed
        .prove(inputs, Fr::from(0xC0FFEE), rng(seed), &|_| {})
        .unwrap()
}

/// A set-up of `2^k` points in halo2's own format: the height, the powers, a Lagrange basis (which
/// nobody reads: the powers again), `[1]_2` and `[τ]_2`; points as coordinates or compressed.
pub fn halo2_bytes(srs: &Srs, compressed: bool) -> Vec<u8> {
    let points = srs.powers().points();
    let mut bytes = points.len().trailing_zeros().to_le_bytes().to_vec();
    for point in points.iter().chain(points) {
        match compressed {
            true => bytes.extend(point.to_bytes().as_ref()),
            false => bytes.extend(point.to_raw_bytes()),
        }
    }
    for point in [G2Affine::generator(), srs.tau_g2()] {
        match compressed {
            true => bytes.extend(point.to_bytes().as_ref()),
            false => bytes.extend(point.to_raw_bytes()),
        }
    }
    bytes
}

pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Asserts that a cached file is refused with the file's name, the reason, and what to do.
#[track_caller]
pub fn assert_named(error: &ProverError, path: &Path, reason: &str) {
    let message = error.to_string();
    for part in [path.to_str().unwrap(), reason, "delete it and run again"] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}
