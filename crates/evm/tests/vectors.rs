//! The committed test vectors say what today's compiler, executor, keys and verifiers say.
//!
//! `scripts/regenerate-vectors.sh` (or `VERDICT_UPDATE_VECTORS=1` with this test) writes them anew.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use alloy_primitives::{B256, Bytes, U256};
use halo2curves_axiom::bn256::Fr;
use serde::{Deserialize, Serialize};
use std::{fs, sync::Arc};
use support::{harness, vectors};
use verdict_circuit::{Limits, int, plan};
use verdict_evm::{
    Verdict, estimate, instance, key_bytes, public_values, unpack, verify_calldata, words,
};
use verdict_model::{
    CompiledModel, DataSet, Goal, Options, OutOfDomain, Visibility, compile, execute, import,
};
use verdict_prover::{Session, Srs, verify};

/// Name, goal and input visibility of every vector.
const VECTORS: [(&str, Goal, Visibility); 4] = [
    ("logreg-breast-cancer", Goal::Balanced, Visibility::Public),
    ("mlp-digits", Goal::Balanced, Visibility::Private),
    ("mlp-digits28", Goal::Balanced, Visibility::Private),
    ("mlp-deep", Goal::Balanced, Visibility::Private),
];

/// The context of every vector: nobody's, so that no consumer accepts it.
const CONTEXT: i64 = 0x7e57;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    model: B256,
    k: u32,
    width: usize,
    #[serde(rename = "tauG2")]
    tau_g2: [U256; 4],
    inputs: Vec<Vec<i32>>,
    outputs: Vec<Vec<i32>>,
    verifying_key: Bytes,
    public_values: Vec<B256>,
    proof: Bytes,
    calldata: Bytes,
    tampered: Vec<Tampered>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tampered {
    what: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    verifying_key: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    public_values: Option<Vec<B256>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    proof: Option<Bytes>,
    error: String,
}

/// Compiles a committed ONNX model; the input is the first row of its test data inside the domain.
fn compiled(name: &str, goal: Goal, inputs: Visibility) -> (CompiledModel, Vec<Vec<i32>>) {
    let folder = vectors().join(name);
    let float = import(folder.join("model.onnx")).unwrap();
    let specs = float.input_specs();
    let data = DataSet::load(folder.join("calibration.npz"), &specs).unwrap();
    let options = Options {
        goal,
        input_visibility: inputs,
        ..Options::default()
    };
    let model = compile(&float, &data, &options).unwrap();
    let input = DataSet::load(folder.join("input.json"), &specs).unwrap();
    let input = model
        .quantise_input(&input.rows()[0], OutOfDomain::Saturate)
        .unwrap();
    (model, input)
}

fn session(model: CompiledModel, goal: Goal) -> Session {
    let plan = plan(Arc::new(model.graph().clone()), goal, Limits::default()).unwrap();
    let srs = Srs::development(plan.chosen.k);
    Session::open(model, plan, srs, None, &|_| {}).unwrap()
}

fn make(name: &str, goal: Goal, inputs: Visibility) -> (Vector, CompiledModel) {
    let (model, input) = compiled(name, goal, inputs);
    let session = session(model.clone(), goal);
    let inference = session
        .prove(&input, int(CONTEXT), rand::rngs::OsRng, &|_| {})
        .unwrap();
    let key = key_bytes(&session.keys().on_chain());
    let values = public_values(&inference.instance);
    let mut evm = harness();
    let (address, _) = evm.publish(&key).unwrap();
    let chosen = session.plan().chosen;
    let vector = Vector {
        model: B256::from(model.digest()),
        k: chosen.k,
        width: chosen.width,
        tau_g2: words::tau_g2(&session.srs().tau_g2()),
        inputs: input,
        outputs: inference.traces[0].outputs(model.graph()),
        calldata: verify_calldata(address, &values, &inference.proof),
        tampered: tampered(&key, &values, &inference.proof),
        verifying_key: key.into(),
        public_values: values,
        proof: inference.proof.into(),
    };
    (vector, model)
}

/// Changes a key, public values or a proof.
type Change<'a> = &'a dyn Fn(&mut Vec<u8>, &mut Vec<B256>, &mut Vec<u8>);

/// One of each way to be wrong.
fn tampered(key: &[u8], values: &[B256], proof: &[u8]) -> Vec<Tampered> {
    let mut list = Vec::new();
    let mut push = |what: &str, error: &str, change: Change<'_>| {
        let (mut k, mut v, mut p) = (key.to_vec(), values.to_vec(), proof.to_vec());
        change(&mut k, &mut v, &mut p);
        list.push(Tampered {
            what: what.into(),
            verifying_key: (k != key).then(|| k.into()),
            public_values: (v != values).then_some(v),
            proof: (p != proof).then(|| p.into()),
            error: error.into(),
        });
    };
    let scalars = 11 * 64;
    let r = U256::from_be_bytes(words::word(&(-Fr::one())).0) + U256::from(1);
    let p = U256::from_str_radix(
        "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47",
        16,
    )
    .unwrap();
    let add = |bytes: &mut [u8], amount: U256| {
        let sum = U256::from_be_slice(bytes).wrapping_add(amount);
        bytes.copy_from_slice(&sum.to_be_bytes::<32>());
    };
    push("another context", "ProofRejected", &|_, v, _| {
        add(&mut v[0].0, U256::from(1))
    });
    push("an output one larger", "ProofRejected", &|_, v, _| {
        let last = v.len() - 1;
        add(&mut v[last].0, U256::from(1));
    });
    push(
        "the context plus the field's modulus",
        "PublicValueNotCanonical",
        &|_, v, _| add(&mut v[0].0, r),
    );
    push(
        "a public value too many",
        "WrongPublicValueCount",
        &|_, v, _| v.push(B256::ZERO),
    );
    push(
        "a public value too few",
        "WrongPublicValueCount",
        &|_, v, _| v.truncate(v.len() - 1),
    );
    push("an evaluation one larger", "ProofRejected", &|_, _, b| {
        add(&mut b[scalars..scalars + 32], U256::from(1))
    });
    push(
        "an evaluation plus the field's modulus",
        "ScalarNotCanonical",
        &|_, _, b| {
            add(&mut b[scalars..scalars + 32], r);
        },
    );
    push("two commitments swapped", "ProofRejected", &|_, _, b| {
        let (first, second) = b.split_at_mut(64);
        first.swap_with_slice(&mut second[..64]);
    });
    push("a commitment negated", "ProofRejected", &|_, _, b| {
        let y = U256::from_be_slice(&b[32..64]);
        b[32..64].copy_from_slice(&(p - y).to_be_bytes::<32>());
    });
    push(
        "a coordinate plus the base field's modulus",
        "CoordinateNotCanonical",
        &|_, _, b| add(&mut b[..32], p),
    );
    push("a point off the curve", "PointNotOnCurve", &|_, _, b| {
        b[63] ^= 1
    });
    push("a commitment at infinity", "PointAtInfinity", &|_, _, b| {
        b[..64].fill(0)
    });
    push("the opening at infinity", "PointAtInfinity", &|_, _, b| {
        let end = b.len();
        b[end - 64..].fill(0);
    });
    push("a proof cut short", "WrongProofLength", &|_, _, b| {
        b.truncate(b.len() - 32)
    });
    push("trailing bytes", "WrongProofLength", &|_, _, b| {
        b.extend_from_slice(&[0; 32])
    });
    push(
        "a key of another representation",
        "ProofRejected",
        &|k, _, _| add(&mut k[32..64], U256::from(1)),
    );
    push(
        "a key with two commitments swapped",
        "ProofRejected",
        &|k, _, _| {
            let (first, second) = k[64..].split_at_mut(64);
            first.swap_with_slice(&mut second[..64]);
        },
    );
    push("a key of another height", "ProofRejected", &|k, _, _| {
        k[5] += 1
    });
    push("a key of another width", "NotAVerifyingKey", &|k, _, _| {
        k[6] += 1
    });
    push("a key with other magic", "NotAVerifyingKey", &|k, _, _| {
        k[0] ^= 1
    });
    list
}

fn path(name: &str) -> std::path::PathBuf {
    vectors().join(name).join("proof.json")
}

fn committed(name: &str) -> Vector {
    let text = fs::read_to_string(path(name)).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run scripts/regenerate-vectors.sh",
            path(name).display()
        )
    });
    serde_json::from_str(&text).unwrap()
}

#[test]
fn vectors_are_up_to_date() {
    if std::env::var_os("VERDICT_UPDATE_VECTORS").is_some() {
        for (name, goal, inputs) in VECTORS {
            let (vector, model) = make(name, goal, inputs);
            model
                .save(vectors().join(name).join("model.verdict"))
                .unwrap();
            fs::write(
                path(name),
                serde_json::to_string_pretty(&vector).unwrap() + "\n",
            )
            .unwrap();
        }
        let names: Vec<&str> = VECTORS.iter().map(|(name, ..)| *name).collect();
        fs::write(
            vectors().join("index.json"),
            serde_json::to_string_pretty(&names).unwrap() + "\n",
        )
        .unwrap();
    }
    for (name, goal, inputs) in VECTORS {
        let vector = committed(name);
        let (model, input) = compiled(name, goal, inputs);
        let stale = "is stale; run scripts/regenerate-vectors.sh";
        assert_eq!(
            B256::from(model.digest()),
            vector.model,
            "{name}: the model {stale}"
        );
        let saved = CompiledModel::load(vectors().join(name).join("model.verdict")).unwrap();
        assert_eq!(
            saved.digest(),
            model.digest(),
            "{name}: model.verdict {stale}"
        );
        assert_eq!(input, vector.inputs, "{name}: the input {stale}");
        let trace = execute(model.graph(), &input).unwrap();
        assert_eq!(
            trace.outputs(model.graph()),
            vector.outputs,
            "{name}: the output {stale}"
        );

        // The key is a function of the model and the set-up; the proof is random, so it is verified instead.
        let session = session(model, goal);
        assert_eq!(
            key_bytes(&session.keys().on_chain()),
            vector.verifying_key,
            "{name}: the key {stale}"
        );
        assert_eq!(
            (session.plan().chosen.k, session.plan().chosen.width),
            (vector.k, vector.width),
            "{name} {stale}"
        );
        let stated = instance(&vector.public_values).unwrap();
        assert_eq!(
            session
                .plan()
                .lowered
                .instance(int(CONTEXT), std::slice::from_ref(&trace), &[]),
            stated,
            "{name}: the words {stale}"
        );
        session.verify(&stated, &vector.proof).unwrap();
        for (id, values) in unpack(session.model().graph(), &vector.public_values).unwrap() {
            assert_eq!(values, trace.values[id], "{name}: decoded words");
        }
        for case in vector
            .tampered
            .iter()
            .filter(|case| case.verifying_key.is_none())
        {
            let values = case.public_values.as_ref().unwrap_or(&vector.public_values);
            let proof = case.proof.as_ref().unwrap_or(&vector.proof);
            // What the contract refuses as trailing bytes, halo2 does not read; a scalar from the modulus on has no meaning in Rust.
            let (Ok(values), false) = (instance(values), case.what == "trailing bytes") else {
                continue;
            };
            let verdict = verify(
                session.keys().verifying(),
                session.srs().params(),
                &values,
                proof,
            );
            assert!(verdict.is_err(), "{name}: halo2 accepts {}", case.what);
        }
    }
}

#[test]
fn the_contract_agrees_with_every_vector() {
    for (name, ..) in VECTORS {
        let vector = committed(name);
        let mut evm = harness();
        let (address, registration) = evm.publish(&vector.verifying_key).unwrap();
        assert_eq!(
            verify_calldata(address, &vector.public_values, &vector.proof),
            vector.calldata,
            "{name}"
        );
        let (verdict, gas) = evm.call(evm.verifier, vector.calldata.clone()).unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{name}");

        let predicted = estimate(vector.k, vector.width, vector.public_values.len()).unwrap();
        for (what, predicted, actual) in [
            ("verification", predicted.verify.total, gas.total),
            ("registration", predicted.register, registration.total),
            ("deployment", predicted.deploy, evm.deploy_gas.total),
            (
                "calldata",
                predicted.calldata_bytes as u64,
                vector.calldata.len() as u64,
            ),
            (
                "proof",
                predicted.proof_bytes as u64,
                vector.proof.len() as u64,
            ),
        ] {
            let error = predicted.abs_diff(actual) as f64 / actual as f64;
            assert!(
                error < 0.02,
                "{name}: {what} predicted {predicted}, actual {actual}"
            );
        }

        for case in &vector.tampered {
            let key = match &case.verifying_key {
                None => address,
                Some(key) => match evm.publish(key) {
                    Ok((address, _)) => address,
                    // The publisher refuses what the verifier would refuse with the stated error.
                    Err(_) => continue,
                },
            };
            let values = case.public_values.as_ref().unwrap_or(&vector.public_values);
            let proof = case.proof.as_ref().unwrap_or(&vector.proof);
            match evm.verify(key, values, proof).unwrap().0 {
                Verdict::Accepted => panic!("{name}: accepts {}", case.what),
                Verdict::Rejected(error) => {
                    assert!(
                        error.starts_with(&case.error),
                        "{name}: {}: {error}, expected {}",
                        case.what,
                        case.error
                    );
                }
            }
        }
    }
}

#[test]
fn the_verifier_says_that_its_set_up_is_the_development_one() {
    assert!(harness().is_development_setup().unwrap());
}
