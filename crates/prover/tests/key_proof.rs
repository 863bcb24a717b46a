//! Private keys that were tampered with, one class of coefficient after the other, and at random:
//! the audit passes none, whatever key proof comes along, and says what refuses it.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2_axiom::poly::{
    EvaluationDomain,
    commitment::{Blind, Params},
};
use halo2curves_axiom::{bn256::Fr, ff::Field, group::Curve};
use rand::Rng;
use std::sync::Arc;
use support::{
    keyed,
    models::{compiled, rng},
    small::{network, planned},
};
use verdict_circuit::{
    Batch, Content, FIXED_COLUMNS, Hiding, KeyProofLayout, Lowered, Tap, Tape, Taps, Weight,
    dishonest::{ChangedTaps, all_taps},
};
use verdict_model::{
    CompiledModel, Conv, Function, IntegerGraph, Kernel, Layer, Table, Tensor, Term, Visibility,
};
use verdict_prover::{
    Architecture, Auditor, Finding, KeyProof, KeyedModel, Keys, Srs, Subject, halo2_key,
};
use verdict_wire::VerifyingKeyParts;

/// A committed plane of nine pixels, a convolution, and two public outputs of sparse weights. The
/// plane is read by the convolution and, pixel by pixel, by the hash: the latter reads a copy.
fn model() -> CompiledModel {
    let tensor = |name: &str, shape: Vec<usize>, range, visibility, layer| {
        let len = shape.iter().product();
        let (min, max) = range;
        Tensor {
            name: name.into(),
            shape,
            len,
            min,
            max,
            scale: 1.0,
            visibility,
            layer,
        }
    };
    let table = |name: &str, shift, q_min: i64, values: Vec<i32>| {
        Function::Table(Table {
            name: name.into(),
            shift,
            q_min,
            values,
        })
    };
    let layer = |source, kernel, bias: Vec<i64>, function| Layer {
        nodes: vec![],
        terms: vec![Term { source, kernel }],
        bias,
        function,
    };
    let conv = Kernel::Conv(Conv {
        channels: [1, 1],
        source: [3, 3],
        output: [2, 2],
        size: [2, 2],
        stride: [1, 1],
        up: [1, 1],
        dilation: [1, 1],
        pad: [0, 0],
        groups: 1,
        weights: vec![1, -3, 2, 3],
    });
    let sparse = Kernel::Sparse {
        entries: vec![(0, 0, 3), (0, 2, -1), (1, 1, 2), (1, 3, -3)],
    };
    let relu = (-51..=51).map(|q: i32| q.max(0)).collect();
    let graph = IntegerGraph {
        tensors: vec![
            tensor("x", vec![1, 3, 3], (-4, 4), Visibility::Committed, None),
            tensor(
                "h",
                vec![1, 2, 2],
                (0, 51),
                Visibility::Private,
                Some(layer(0, conv, vec![2; 4], 0)),
            ),
            tensor(
                "y",
                vec![2],
                (-160, 160),
                Visibility::Public,
                Some(layer(1, sparse, vec![5, -2], 1)),
            ),
        ],
        functions: vec![
            table("relu", 0, -51, relu),
            table("identity", 1, -160, (-160..=160).collect()),
        ],
        inputs: vec![0],
        outputs: vec![2],
    };
    compiled(graph)
}

fn hiding() -> Hiding {
    Hiding {
        seed: [3; 32],
        proofs: 8,
    }
}

/// The architecture, an honest key, and whoever audits such keys.
struct Stand {
    keyed: KeyedModel,
    architecture: Architecture,
    auditor: Auditor,
    layout: Arc<KeyProofLayout>,
    honest: KeyProof,
}

impl Stand {
    fn new(model: CompiledModel) -> Self {
        let architecture = Architecture::of(&model).unwrap();
        let keyed = keyed(model, Batch::single(), Some(hiding()));
        let (chosen, srs) = (keyed.plan().chosen, keyed.srs().clone());
        let auditor = Auditor::new(
            Subject::Architecture(&architecture),
            &Batch::single(),
            chosen.k,
            chosen.width,
            srs,
        )
        .unwrap();
        let layout = keyed.key_proof_layout().unwrap();
        let honest = keyed.key_proof(rng(1)).unwrap();
        Self {
            keyed,
            architecture,
            auditor,
            layout: Arc::new(layout),
            honest,
        }
    }

    fn srs(&self) -> &Srs {
        self.keyed.srs()
    }

    /// The parts of a key that differ.
    fn differing(&self, key: &VerifyingKeyParts, proof: Option<&KeyProof>) -> Vec<String> {
        let audit = self.auditor.audit(key, proof).unwrap();
        let differing = audit.parts.into_iter();
        let differing = differing.filter(|part| part.finding == Finding::Differs);
        differing.map(|part| part.part).collect()
    }

    /// A key of other taps, with the key proof that its owner can make of them.
    fn tampered(&self, taps: &dyn Taps) -> (VerifyingKeyParts, KeyProof) {
        let plan = self.keyed.plan();
        let tape = Tape::new(&plan.program, taps, plan.chosen.width).unwrap();
        let tape = Arc::new(tape.hiding(hiding()));
        let keys = Keys::generate(&plan.program, &tape, self.srs()).unwrap();
        let key = keys.on_chain();
        let proof = KeyProof::forge(&self.layout, &tape, &key, self.srs(), rng(2)).unwrap();
        (key, proof)
    }
}

/// What a coefficient is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Packing,
    Offset,
    Copied,
    HashedWord,
    PoseidonConstant,
    PoseidonLayer,
    SaltPath,
    Digest,
    Weight,
    Bias,
}

use Class::{
    Bias, Copied, Digest, HashedWord, Offset, Packing, PoseidonConstant, PoseidonLayer, SaltPath,
};

/// The class of a tap, from where it starts and ends.
fn class(lowered: &Lowered, level: usize, channel: usize, tap: &Tap) -> Class {
    let program = &lowered.program;
    let content = |level, channel| program.pattern(level, channel).runs[0].0;
    let square = |level, channel| content(level, channel) == Content::Square;
    let one = matches!(content(level, channel), Content::Cell { region: 1, .. });
    let to_word = tap.level == 0;
    let commitment = program.levels[0].channels.len() - lowered.commitments();
    let to_digest = to_word && tap.channel >= commitment;
    let to_hash = tap.level > 0 && square(tap.level, tap.channel);
    let salt = square(level, channel) && level == program.levels.len() - 1;
    match tap.weight {
        Weight::Secret { .. } if one => Bias,
        Weight::Secret { .. } => Class::Weight,
        _ if salt => SaltPath,
        _ if to_digest => Digest,
        _ if to_word && one => Offset,
        _ if to_word => Packing,
        _ if to_hash && one => PoseidonConstant,
        _ if to_hash && square(level, channel) => PoseidonLayer,
        _ if to_hash => HashedWord,
        _ => Copied,
    }
}

#[test]
fn every_class_of_coefficient_is_held() {
    let stand = Stand::new(model());
    let key = stand.keyed.keys().on_chain();
    assert!(stand.differing(&key, Some(&stand.honest)).is_empty());
    assert_eq!(stand.differing(&key, None), ["key proof"]);
    let lowered = &stand.keyed.plan().lowered;
    let all = all_taps(lowered);
    let classes = [
        Packing,
        Offset,
        Copied,
        HashedWord,
        PoseidonConstant,
        PoseidonLayer,
        SaltPath,
        Digest,
        Bias,
        Class::Weight,
    ];
    for wanted in classes {
        let found = all
            .iter()
            .find(|(at, _, tap)| class(lowered, at.0, at.1, tap) == wanted);
        let &(at, number, tap) = found.unwrap_or_else(|| panic!("no {wanted:?}"));
        let other = match tap.weight {
            // One more than the declared bits hold.
            Weight::Secret { bits, .. } => Weight::Int(1 << (bits - 1)),
            known => Weight::Field(known.field() + Fr::ONE),
        };
        for weight in [other, Weight::Field(Fr::from(7).invert().unwrap())] {
            let taps = ChangedTaps {
                honest: lowered,
                at,
                change: &|taps| taps[number].weight = weight,
            };
            let (key, forged) = stand.tampered(&taps);
            for proof in [None, Some(&stand.honest), Some(&forged)] {
                assert_eq!(stand.differing(&key, proof), ["key proof"], "{wanted:?}");
            }
        }
    }
}

#[test]
fn a_weight_where_the_architecture_has_none_is_found() {
    let stand = Stand::new(model());
    let lowered = &stand.keyed.plan().lowered;
    let all = all_taps(lowered);
    // The sparse kernel's weights go from cells of `h` to cells of `y`; (0, 1) is not among them.
    let sparse = all.iter().find(|(at, _, tap)| {
        class(lowered, at.0, at.1, tap) == Class::Weight && at.2 > 0 && tap.level + 1 == at.0
    });
    let &(at, number, tap) = sparse.unwrap();
    let others = lowered.program.levels[tap.level].channels.len();
    let taps = ChangedTaps {
        honest: lowered,
        at,
        change: &|taps| {
            let known = |channel| {
                taps.iter()
                    .any(|t| t.level == tap.level && t.channel == channel)
            };
            let free = (0..others).find(|channel| !known(*channel)).unwrap();
            let extra = Tap {
                channel: free,
                weight: Weight::Int(1),
                ..taps[number]
            };
            taps.push(extra);
        },
    };
    let (key, forged) = stand.tampered(&taps);
    assert!(
        stand
            .differing(&key, Some(&forged))
            .contains(&"key proof".to_owned())
    );
}

#[test]
fn columns_that_hold_no_weights_are_compared() {
    let stand = Stand::new(model());
    let key = stand.keyed.keys().on_chain();
    for (column, name) in ["u", "v", "w", "B", "P", "T_id", "T_key", "T_val"]
        .into_iter()
        .enumerate()
    {
        let mut changed = key.clone();
        changed.commitments[column] = key.commitments[FIXED_COLUMNS];
        changed.representation = halo2_key(&changed).unwrap().transcript_repr();
        assert_eq!(stand.differing(&changed, Some(&stand.honest)), [name]);
    }
}

/// Adds random values to random rows of the tape in a key's weight columns.
fn shaken(stand: &Stand, rng: &mut impl Rng) -> VerifyingKeyParts {
    let mut key = stand.keyed.keys().on_chain();
    let (params, k) = (stand.srs().params(), key.k);
    let domain = EvaluationDomain::<Fr>::new(3, k);
    let rows = stand.keyed.plan().tape.rows();
    for _ in 0..rng.gen_range(1..3) {
        let mut values = vec![Fr::ZERO; 1 << k];
        values[rng.gen_range(1..rows)] = match rng.gen_range(0..3) {
            0 => Fr::ONE,
            1 => -Fr::ONE,
            _ => Fr::random(&mut *rng),
        };
        let delta = params.commit_lagrange(&domain.lagrange_from_vec(values), Blind::default());
        let column = FIXED_COLUMNS + rng.gen_range(0..key.width);
        key.commitments[column] = (delta + key.commitments[column]).to_affine();
    }
    key.representation = halo2_key(&key).unwrap().transcript_repr();
    key
}

#[test]
fn a_thousand_tampered_keys_and_none_passes() {
    let stand = Stand::new(network(1, 2, Visibility::Public));
    let mut rng = rng(9);
    let mut own = stand.keyed.keys().on_chain();
    assert!(stand.differing(&own, Some(&stand.honest)).is_empty());
    for _ in 0..1000 {
        let key = shaken(&stand, &mut rng);
        assert_eq!(stand.differing(&key, Some(&stand.honest)), ["key proof"]);
    }
    // A key whose stated digest is another one does not pass either.
    own.representation += Fr::ONE;
    assert_eq!(stand.differing(&own, Some(&stand.honest)), ["digest"]);
}

#[test]
fn owners_who_tamper_make_no_key_proof() {
    let stand = Stand::new(network(1, 2, Visibility::Committed));
    let lowered = &stand.keyed.plan().lowered;
    let all = all_taps(lowered);
    let mut rng = rng(10);
    for _ in 0..24 {
        let (at, number, tap) = all[rng.gen_range(0..all.len())];
        let weight = match tap.weight {
            Weight::Secret { bits, .. } => {
                let sign = if rng.gen_bool(0.5) { 1 } else { -1 };
                Weight::Int(sign * ((1 << (bits - 1)) + rng.gen_range(0..3)))
            }
            known => Weight::Field(known.field() + Fr::from(rng.gen_range(1..9))),
        };
        let taps = ChangedTaps {
            honest: lowered,
            at,
            change: &|taps| taps[number].weight = weight,
        };
        let (key, forged) = stand.tampered(&taps);
        assert_eq!(
            stand.differing(&key, Some(&forged)),
            ["key proof"],
            "{tap:?}"
        );
    }
}

#[test]
fn any_weights_within_the_bits_pass_and_no_bent_proof_does() {
    let stand = Stand::new(network(1, 2, Visibility::Committed));
    let other = keyed(
        network(2, 2, Visibility::Committed),
        Batch::single(),
        Some(hiding()),
    );
    let (key, proof) = (other.keys().on_chain(), other.key_proof(rng(3)).unwrap());
    assert_eq!(Architecture::of(other.model()).unwrap(), stand.architecture);
    assert!(stand.differing(&key, Some(&proof)).is_empty());
    assert_eq!(stand.differing(&key, Some(&stand.honest)), ["key proof"]);
    let bytes = proof.to_bytes();
    for at in (7..bytes.len()).step_by(bytes.len() / 40) {
        let mut bent = bytes.clone();
        bent[at] ^= 1;
        let Ok(bent) = KeyProof::from_bytes(&bent) else {
            continue;
        };
        assert_eq!(stand.differing(&key, Some(&bent)), ["key proof"], "{at}");
    }
    // Key proofs are for private weights.
    let public = planned(other.model(), Batch::single(), None);
    let srs = Srs::development(public.chosen.k);
    let public = KeyedModel::open(other.model().clone(), public, srs, None, &|_| {}).unwrap();
    assert!(public.key_proof(rng(4)).is_err());
}
