//! The committed proofs: what they are of, how they are made, and their file.
#![allow(unreachable_pub, clippy::unwrap_used, missing_docs)]

use crate::support::{harness, vectors};
use alloy_primitives::{B256, Bytes, U256};
use halo2curves_axiom::bn256::Fr;
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf, sync::Arc};
use verdict_circuit::{Batch, Request, Salt, int, plan_request};
use verdict_compiler::{Options, compile, import};
use verdict_engine::Session;
use verdict_model::{CompiledModel, DataSet, Goal, OutOfDomain, Visibility};
use verdict_prover::Srs;
use verdict_wire::{key_bytes, public_values, verify_calldata, words};

/// What a proof is of.
pub struct Case {
    pub name: &'static str,
    /// The folder of the model, where it isn't the proof's own.
    pub of: Option<&'static str>,
    pub goal: Goal,
    pub inputs: Visibility,
    /// Inferences: of input.json, or of so many rows of test.npz.
    pub items: usize,
    /// Whether the only public output is the sum over all items.
    pub sum: bool,
}

const fn case(name: &'static str, inputs: Visibility) -> Case {
    Case {
        name,
        of: None,
        goal: Goal::Balanced,
        inputs,
        items: 1,
        sum: false,
    }
}

/// Dense layers, convolutions, trees, commitments; one inference and many, with words of each item's and sums.
pub const CASES: [Case; 8] = [
    case("logreg-breast-cancer", Visibility::Public),
    case("mlp-digits", Visibility::Private),
    case("mlp-digits28", Visibility::Private),
    case("mlp-deep", Visibility::Private),
    Case {
        goal: Goal::Time,
        ..case("cnn-zoo", Visibility::Private)
    },
    case("tiny-tree", Visibility::Public),
    Case {
        of: Some("mlp-digits"),
        items: 3,
        ..case("mlp-digits-batch", Visibility::Public)
    },
    Case {
        of: Some("logreg-breast-cancer"),
        items: 3,
        sum: true,
        ..case("logreg-committed-sum", Visibility::Committed)
    },
];

/// The context of every proof: nobody's, so that no consumer accepts it.
const CONTEXT: i64 = 0x7e57;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vector {
    pub model: B256,
    pub k: u32,
    pub width: usize,
    #[serde(rename = "tauG2")]
    pub tau_g2: [U256; 4],
    /// Of each item, a list for every input.
    pub inputs: Vec<Vec<Vec<i32>>>,
    /// Of each item, a list for every output.
    pub outputs: Vec<Vec<Vec<i32>>>,
    /// Item by item, the root of a salt for every committed input.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub salts: Vec<B256>,
    pub verifying_key: Bytes,
    pub public_values: Vec<B256>,
    pub proof: Bytes,
    pub calldata: Bytes,
    pub tampered: Vec<Tampered>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tampered {
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verifying_key: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub public_values: Option<Vec<B256>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proof: Option<Bytes>,
    pub error: String,
}

impl Case {
    fn path(&self) -> PathBuf {
        vectors().join(self.name).join("proof.json")
    }

    /// Where the compiled model is, if this case brings it.
    pub fn model_path(&self) -> Option<PathBuf> {
        self.of
            .is_none()
            .then(|| vectors().join(self.name).join("model.verdict"))
    }

    pub fn committed(&self) -> Vector {
        let path = self.path();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; run scripts/regenerate-vectors.sh",
                path.display()
            )
        });
        serde_json::from_str(&text).unwrap()
    }

    /// Compiles the ONNX model and brings the items' inputs to its integers.
    pub fn compiled(&self) -> (CompiledModel, Vec<Vec<Vec<i32>>>) {
        let folder = vectors().join(self.of.unwrap_or(self.name));
        let float = import(folder.join("model.onnx")).unwrap();
        let specs = float.input_specs();
        let data = DataSet::load(folder.join("calibration.npz"), &specs).unwrap();
        let options = Options {
            goal: self.goal,
            input_visibility: self.inputs,
            ..Options::default()
        };
        let model = compile(&float, &data, &options).unwrap();
        let file = if self.items == 1 {
            "input.json"
        } else {
            "test.npz"
        };
        let data = DataSet::load(folder.join(file), &specs).unwrap();
        let inputs = data.rows()[..self.items]
            .iter()
            .map(|row| model.quantise_input(row, OutOfDomain::Saturate).unwrap())
            .collect();
        (model, inputs)
    }

    pub fn session(&self, model: CompiledModel) -> Session {
        let outputs = model.graph().outputs.iter().copied();
        let request = Request {
            goal: self.goal,
            batch: Batch {
                items: self.items,
                sums: outputs.filter(|_| self.sum).collect(),
            },
            ..Request::default()
        };
        let plan = plan_request(Arc::new(model.graph().clone()), request).unwrap();
        let srs = Srs::development(plan.chosen.k);
        Session::open(model, plan, srs, None, &|_| {}).unwrap()
    }

    pub fn context() -> Fr {
        int(CONTEXT)
    }

    /// Proves it anew and writes the file.
    pub fn regenerate(&self) {
        let (model, inputs) = self.compiled();
        if let Some(path) = self.model_path() {
            model.save(path).unwrap();
        }
        let session = self.session(model);
        let salts = session.random_salts(rand::rngs::OsRng);
        let inference = session
            .prove_batch(&inputs, &salts, Self::context(), rand::rngs::OsRng, &|_| {})
            .unwrap();
        let key = key_bytes(&session.keys().on_chain());
        let values = public_values(&inference.instance);
        let (address, _) = harness().publish(&key).unwrap();
        let chosen = session.plan().chosen;
        let graph = session.model().graph();
        let vector = Vector {
            model: B256::from(session.model().digest()),
            k: chosen.k,
            width: chosen.width,
            tau_g2: words::tau_g2(&session.srs().tau_g2()),
            inputs,
            outputs: inference
                .traces
                .iter()
                .map(|trace| trace.outputs(graph))
                .collect(),
            salts: salts.iter().map(|salt| words::word(&salt.root())).collect(),
            calldata: verify_calldata(address, &values, &inference.proof),
            tampered: tampered(&key, &values, &inference.proof),
            verifying_key: key.into(),
            public_values: values,
            proof: inference.proof.into(),
        };
        fs::create_dir_all(self.path().parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
        fs::write(self.path(), text).unwrap();
    }
}

impl Vector {
    pub fn salts(&self) -> Vec<Salt> {
        let roots = self.salts.iter().map(|root| words::scalar(root).unwrap());
        roots.map(Salt::from_root).collect()
    }
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
