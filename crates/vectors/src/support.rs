//! Compiles, plans, proves and deploys for the tests.
use halo2curves_axiom::bn256::{Fr, G2Affine};
use rand::{SeedableRng, rngs::StdRng};
use std::{path::PathBuf, sync::LazyLock};
use verdict_chain::Harness;
use verdict_circuit::{Hiding, Limits, Request, plan_request};
use verdict_compiler::{FeatureGrid, Options, compile, import};
use verdict_model::{CompiledModel, DataSet, Goal, OutOfDomain, Visibility};
use verdict_prover::{Inference, KeyedModel, Srs};
use verdict_wire::{key_bytes, public_values, words};

/// What hides the weights of the vectors: not a secret.
pub const HIDING: Hiding = Hiding { seed: [7; 32] };

pub fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors")
}

pub fn compiled(name: &str, goal: Goal, inputs: Visibility) -> (CompiledModel, Vec<Vec<i32>>) {
    let folder = vectors().join(name);
    let float = import(folder.join("model.onnx")).unwrap();
    let data = DataSet::load(folder.join("calibration.npz"), &float.input_specs()).unwrap();
    let options = Options {
        goal,
        input_visibility: inputs,
        // What the committed proofs were made with.
        feature_grid: FeatureGrid::Even,
        tune: false,
        ..Options::default()
    };
    let model = compile(&float, &data, &options).unwrap();
    let input = model
        .quantise_input(&data.rows()[0], OutOfDomain::Reject)
        .unwrap();
    (model, input)
}

pub struct Proved {
    pub session: KeyedModel,
    pub inference: Inference,
    pub key: Vec<u8>,
}

pub fn prove(name: &str, goal: Goal, inputs: Visibility, width: Option<usize>) -> Proved {
    let limits = Limits {
        width,
        ..Limits::default()
    };
    prove_in(name, goal, inputs, limits, false)
}

/// With any packs, and weights that are hidden or not.
pub fn prove_in(
    name: &str,
    goal: Goal,
    inputs: Visibility,
    limits: Limits,
    hidden: bool,
) -> Proved {
    let (model, input) = compiled(name, goal, inputs);
    let request = Request {
        goal,
        limits,
        hiding: hidden.then_some(HIDING),
        ..Request::default()
    };
    let plan = plan_request(model.shared_graph().clone(), request).unwrap();
    let srs = Srs::development(plan.chosen.points);
    let session = KeyedModel::open(model, plan, srs, None, &|_| {}).unwrap();
    let inference = session
        .prove(&input, Fr::from(7), StdRng::seed_from_u64(1), &|_| {})
        .unwrap();
    session
        .verify(&inference.instance, &inference.proof)
        .unwrap();
    let key = key_bytes(session.keys().on_chain());
    Proved {
        session,
        inference,
        key,
    }
}

/// `[τ]_2` of the development set-up.
pub fn tau() -> G2Affine {
    static TAU: LazyLock<G2Affine> = LazyLock::new(|| Srs::development(1).tau_g2());
    *TAU
}

pub fn harness() -> Harness {
    Harness::new(words::tau_g2(&tau())).unwrap()
}

impl Proved {
    pub fn values(&self) -> Vec<alloy_primitives::B256> {
        public_values(&self.inference.instance)
    }
}
