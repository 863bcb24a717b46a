//! Small models with keys, and set-up files of every kind.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

pub mod models;
pub mod ptau;
pub mod sessions;
pub mod small;

use halo2_axiom::{SerdeFormat, poly::kzg::commitment::ParamsKZG};
use halo2curves_axiom::bn256::{Bn256, Fr};
use models::{circuit, planned, rng};
use std::path::{Path, PathBuf};
use verdict_circuit::Plan;
use verdict_model::IntegerGraph;
use verdict_prover::{Cache, Keys, ProverError, Srs, prove, verify};

/// A planned model with its keys under a set-up.
pub struct Proving {
    pub plan: Plan,
    pub srs: Srs,
    pub keys: Keys,
}

impl Proving {
    pub fn prove(&self, inputs: &[Vec<i32>], seed: u64) -> (Vec<Fr>, Vec<u8>) {
        let (circuit, _) = circuit(&self.plan, inputs);
        let instance = circuit.instance.clone();
        let proof = prove(&self.keys, &self.srs, circuit, rng(seed)).unwrap();
        (instance, proof)
    }

    pub fn verify(&self, (instance, proof): &(Vec<Fr>, Vec<u8>)) -> Result<(), ProverError> {
        verify(self.keys.verifying(), self.srs.params(), instance, proof)
    }
}

/// Makes the keys of a plan, or takes them from the cache.
pub fn keys(plan: &Plan, srs: &Srs, cache: Option<&Cache>) -> Result<Keys, ProverError> {
    match cache {
        Some(cache) => Keys::cached(&plan.program, &plan.tape, srs, cache),
        None => Keys::generate(&plan.program, &plan.tape, srs),
    }
}

pub fn open(graph: &IntegerGraph, srs: Option<Srs>, cache: Option<&Cache>) -> Proving {
    let plan = planned(graph);
    let srs = srs.unwrap_or_else(|| Srs::development(plan.chosen.k));
    let keys = keys(&plan, &srs, cache).unwrap();
    Proving { plan, srs, keys }
}

/// Parameters in halo2's own format.
pub fn halo2_bytes(params: &ParamsKZG<Bn256>, format: SerdeFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    params.write_custom(&mut bytes, format).unwrap();
    bytes
}

pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
