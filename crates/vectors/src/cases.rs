//! The committed proofs: what they are of, how they are made, and their file.
use crate::{
    field::{P, R},
    support::{HIDING, harness, vectors},
};
use alloy_primitives::{B256, Bytes, U256};
use halo2curves_axiom::bn256::Fr;
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf};
use verdict_circuit::{Batch, Limits, Request, Salt, int, plan_request};
use verdict_compiler::{FeatureGrid, Options, compile, import};
use verdict_model::{CompiledModel, DataSet, Goal, OutOfDomain, Row, Visibility};
use verdict_prover::{KeyedModel, Srs};
use verdict_wire::{
    POINT_BYTES, ProofLayout, key_bytes, parse_key, public_values, verify_calldata, words,
};

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
    /// Width and columns to a pack, where the planner does not choose them.
    pub layout: Option<(usize, usize)>,
    /// Whether the weights are hidden.
    pub hidden: bool,
}

const fn case(name: &'static str, inputs: Visibility) -> Case {
    Case {
        name,
        of: None,
        goal: Goal::Balanced,
        inputs,
        items: 1,
        sum: false,
        layout: None,
        hidden: false,
    }
}

/// Another layout of the smallest model.
const fn packed(
    name: &'static str,
    inputs: Visibility,
    layout: (usize, usize),
    hidden: bool,
) -> Case {
    Case {
        of: Some("logreg-breast-cancer"),
        layout: Some(layout),
        hidden,
        ..case(name, inputs)
    }
}

/// Dense layers, convolutions, trees, commitments; one inference and many, with words of each
/// item's and sums; packs of every size, hidden and not, among them such whose last pack of weights
/// has one column.
pub const CASES: [Case; 14] = [
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
    packed("packs-of-two", Visibility::Public, (3, 2), false),
    packed("packs-of-four", Visibility::Private, (4, 4), false),
    packed("packs-of-eight", Visibility::Private, (8, 8), false),
    packed("hidden-in-twos", Visibility::Public, (4, 2), true),
    packed("hidden-in-fours", Visibility::Committed, (5, 4), true),
    packed("hidden-in-eights", Visibility::Private, (9, 8), true),
];

/// The context of every proof: nobody's, so that no consumer accepts it.
const CONTEXT: i64 = 0x7e57;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vector {
    pub model: B256,
    pub k: u32,
    pub width: usize,
    pub pack: usize,
    pub hidden: bool,
    #[serde(rename = "tauG2")]
    pub tau_g2: [B256; 4],
    /// The inputs of each item, a list for every one.
    pub inputs: Vec<Row<i32>>,
    /// The outputs of each item, a list for every one.
    pub outputs: Vec<Row<i32>>,
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
    pub fn compiled(&self) -> (CompiledModel, Vec<Row<i32>>) {
        let folder = vectors().join(self.of.unwrap_or(self.name));
        let float = import(folder.join("model.onnx")).unwrap();
        let specs = float.input_specs();
        let data = DataSet::load(folder.join("calibration.npz"), &specs).unwrap();
        let options = Options {
            goal: self.goal,
            input_visibility: self.inputs,
            // What the committed proofs were made with.
            feature_grid: FeatureGrid::Even,
            tune: false,
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

    pub fn session(&self, model: CompiledModel) -> KeyedModel {
        let outputs = model.graph().outputs.iter().copied();
        let request = Request {
            goal: self.goal,
            limits: Limits {
                width: self.layout.map(|(width, _)| width),
                pack: self.layout.map(|(_, pack)| pack),
                ..Limits::default()
            },
            hiding: self.hidden.then_some(HIDING),
            batch: Batch {
                items: self.items,
                sums: outputs.filter(|_| self.sum).collect(),
            },
            ..Request::default()
        };
        let plan = plan_request(model.shared_graph().clone(), request).unwrap();
        let srs = Srs::development(plan.chosen.points);
        KeyedModel::open(model, plan, srs, None, &|_| {}).unwrap()
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
        let key = key_bytes(session.keys().on_chain());
        let values = public_values(&inference.instance);
        let (address, _) = harness().publish(&key).unwrap();
        let chosen = session.plan().chosen;
        let graph = session.model().graph();
        let vector = Vector {
            model: B256::from(session.model().digest()),
            k: chosen.k,
            width: chosen.width,
            pack: chosen.pack,
            hidden: self.hidden,
            tau_g2: words::tau_g2(&session.srs().tau_g2()).map(B256::from),
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

/// What is tampered with.
#[derive(Clone)]
struct Parts {
    key: Vec<u8>,
    values: Vec<B256>,
    proof: Vec<u8>,
}

/// How to be wrong: what is changed, the contract's error, and the change.
type Change = (&'static str, &'static str, fn(&mut Parts));

/// One of each way to be wrong.
fn tampered(key: &[u8], values: &[B256], proof: &[u8]) -> Vec<Tampered> {
    let good = Parts {
        key: key.to_vec(),
        values: values.to_vec(),
        proof: proof.to_vec(),
    };
    let changes = VALUES.iter().chain(PROOF).chain(KEY);
    changes
        .map(|(what, error, change)| {
            let mut bad = good.clone();
            change(&mut bad);
            Tampered {
                what: (*what).into(),
                verifying_key: (bad.key != good.key).then(|| bad.key.into()),
                public_values: (bad.values != good.values).then_some(bad.values),
                proof: (bad.proof != good.proof).then(|| bad.proof.into()),
                error: (*error).into(),
            }
        })
        .collect()
}

const VALUES: &[Change] = &[
    ("another context", "ProofRejected", |it| {
        add(&mut it.values[0].0, U256::from(1))
    }),
    ("an output one larger", "ProofRejected", |it| {
        add(&mut it.values.last_mut().unwrap().0, U256::from(1))
    }),
    (
        "the context plus the field's modulus",
        "PublicValueNotCanonical",
        |it| add(&mut it.values[0].0, R),
    ),
    ("a public value too many", "WrongPublicValueCount", |it| {
        it.values.push(B256::ZERO)
    }),
    ("a public value too few", "WrongPublicValueCount", |it| {
        it.values.truncate(it.values.len() - 1)
    }),
];

const PROOF: &[Change] = &[
    ("an evaluation one larger", "ProofRejected", |it| {
        add(it.first_evaluation(), U256::from(1))
    }),
    (
        "an evaluation plus the field's modulus",
        "ScalarNotCanonical",
        |it| add(it.first_evaluation(), R),
    ),
    ("two commitments swapped", "ProofRejected", |it| {
        swap_points(&mut it.proof)
    }),
    ("a commitment negated", "ProofRejected", |it| {
        let y = U256::from_be_slice(&it.proof[32..64]);
        it.proof[32..64].copy_from_slice(&(P - y).to_be_bytes::<32>());
    }),
    (
        "a coordinate plus the base field's modulus",
        "CoordinateNotCanonical",
        |it| add(&mut it.proof[..32], P),
    ),
    ("a point off the curve", "PointNotOnCurve", |it| {
        it.proof[63] ^= 1
    }),
    ("a commitment at infinity", "PointAtInfinity", |it| {
        it.proof[..POINT_BYTES].fill(0)
    }),
    ("the opening at infinity", "PointAtInfinity", |it| {
        let end = it.proof.len();
        it.proof[end - POINT_BYTES..].fill(0);
    }),
    ("a proof cut short", "WrongProofLength", |it| {
        it.proof.truncate(it.proof.len() - 32)
    }),
    ("trailing bytes", "WrongProofLength", |it| {
        it.proof.extend_from_slice(&[0; 32])
    }),
];

const KEY: &[Change] = &[
    (
        "a key with two commitments swapped",
        "ProofRejected",
        |it| swap_points(&mut it.key[32..]),
    ),
    ("a key of packs of another size", "NotAVerifyingKey", |it| {
        it.key[7] = if it.key[7] == 8 { 4 } else { 2 * it.key[7] };
    }),
    (
        "a key whose weights are hidden or not",
        "WrongProofLength",
        |it| it.key[8] ^= 1,
    ),
    ("a key of another height", "ProofRejected", |it| {
        it.key[5] += 1
    }),
    ("a key of another width", "NotAVerifyingKey", |it| {
        it.key[6] += it.key[7]
    }),
    ("a key with other magic", "NotAVerifyingKey", |it| {
        it.key[0] ^= 1
    }),
];

impl Parts {
    fn first_evaluation(&mut self) -> &mut [u8] {
        let layout = ProofLayout::of(&parse_key(&self.key).unwrap());
        &mut self.proof[layout.evaluation(0)]
    }
}

fn add(bytes: &mut [u8], amount: U256) {
    let sum = U256::from_be_slice(bytes).wrapping_add(amount);
    bytes.copy_from_slice(&sum.to_be_bytes::<32>());
}

/// Swaps the first two points.
fn swap_points(points: &mut [u8]) {
    let (first, rest) = points.split_at_mut(POINT_BYTES);
    first.swap_with_slice(&mut rest[..POINT_BYTES]);
}
