//! Private keys that were tampered with, one class of coefficient after the other, and at random:
//! the audit passes none, whatever key proof comes along, and says what refuses it.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{
    bn256::{Fr, G1},
    ff::Field,
    group::Curve,
};
use rand::Rng;
use std::{sync::Arc, time::Instant};
use support::{
    keyed_in,
    models::{compiled, rng},
    small::{network, planned, planned_in},
};
use verdict_argument::{Column, Relation, commit_group};
use verdict_circuit::{
    Batch, Content, FIXED_COLUMNS, Hiding, KeyProofLayout, Lowered, Plan, Tap, Tape, Taps, Weight,
    dishonest::{ChangedTaps, all_taps},
};
use verdict_model::{
    CompiledModel, Conv, Function, IntegerGraph, Kernel, Layer, Table, Tensor, Term, Visibility,
};
use verdict_prover::{
    Architecture, Auditor, Finding, KeyProof, KeyedModel, Keys, Srs, Subject, audit_with,
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
    Hiding { seed: [3; 32] }
}

/// The architecture, an honest key, and whoever audits such keys.
struct Stand {
    keyed: KeyedModel,
    architecture: Architecture,
    auditor: Auditor,
    layout: Arc<KeyProofLayout>,
    honest: KeyProof,
}

/// Weights to a row and columns to a pack: packs that are full, and packs that are not.
const SHAPES: [(usize, usize); 4] = [(5, 2), (6, 4), (4, 8), (9, 8)];

impl Stand {
    fn new(model: CompiledModel, (width, pack): (usize, usize)) -> Self {
        let architecture = Architecture::of(&model).unwrap();
        let keyed = keyed_in(model, Some(hiding()), width, pack);
        let (chosen, srs) = (keyed.plan().chosen, keyed.srs().clone());
        let auditor = Auditor::new(
            Subject::Architecture(&architecture),
            &Batch::single(),
            (chosen.k, chosen.width, chosen.pack),
            srs,
        )
        .unwrap();
        let layout = keyed.key_proof_layout().unwrap();
        let honest = keyed.key_proof().unwrap();
        Self {
            keyed,
            architecture,
            auditor,
            layout: Arc::new(layout),
            honest,
        }
    }

    fn key(&self) -> VerifyingKeyParts {
        self.keyed.keys().on_chain().clone()
    }

    /// Another model of the same architecture, in a key of the same shape.
    fn like(&self, model: CompiledModel) -> KeyedModel {
        let chosen = self.keyed.plan().chosen;
        keyed_in(model, Some(hiding()), chosen.width, chosen.pack)
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
        let (k, pack, srs) = (plan.chosen.k, plan.chosen.pack, self.srs());
        let keys = Keys::generate(&plan.program, &tape, k, pack, srs.clone()).unwrap();
        let key = keys.on_chain().clone();
        let proof = KeyProof::forge(&self.layout, &tape, &key, srs).unwrap();
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
    for shape in [SHAPES[0], SHAPES[3]] {
        every_class_is_held(shape);
    }
}

fn every_class_is_held(shape: (usize, usize)) {
    let stand = Stand::new(model(), shape);
    let key = stand.key();
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
        let others = [other, Weight::Field(Fr::from(7).invert().unwrap())];
        // All of them in one shape, one in every other.
        let tried = if shape == SHAPES[0] { 2 } else { 1 };
        for weight in others.into_iter().take(tried) {
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
    let stand = Stand::new(model(), SHAPES[1]);
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
fn packs_that_hold_no_weights_are_compared() {
    for shape in SHAPES {
        let stand = Stand::new(model(), shape);
        let key = stand.key();
        let names = ["u", "v", "w", "B", "P", "T_id", "T_key", "T_val"];
        let names: Vec<String> = names.chunks(shape.1).map(|names| names.join(" ")).collect();
        for (pack, name) in names.iter().enumerate() {
            let mut changed = key.clone();
            changed.commitments[pack] = key.commitments[names.len()];
            assert_eq!(
                stand.differing(&changed, Some(&stand.honest)),
                [name.as_str()]
            );
        }
    }
}

/// Adds random values to random rows of the tape in a key's weight columns.
fn shaken(stand: &Stand, rng: &mut impl Rng) -> VerifyingKeyParts {
    let mut key = stand.key();
    let rows = stand.keyed.plan().tape.rows();
    let relation = key.relation();
    for _ in 0..rng.gen_range(1..3) {
        let value = match rng.gen_range(0..3) {
            0 => Fr::ONE,
            1 => -Fr::ONE,
            _ => Fr::random(&mut *rng),
        };
        let mut columns = vec![Column::default(); key.width];
        columns[rng.gen_range(0..key.width)] =
            Column::default().with([(rng.gen_range(1..rows), value)]);
        let powers = stand.srs().powers();
        let deltas = commit_group(relation.shape(), 1, &columns, powers).unwrap();
        let public = FIXED_COLUMNS.div_ceil(key.pack);
        for (commitment, delta) in key.commitments[public..].iter_mut().zip(deltas) {
            *commitment = (G1::from(*commitment) + delta).to_affine();
        }
    }
    key
}

#[test]
fn a_thousand_tampered_keys_and_none_passes() {
    let mut rng = rng(9);
    for shape in SHAPES {
        let stand = Stand::new(network(1, 2, Visibility::Public), shape);
        let own = stand.key();
        assert!(stand.differing(&own, Some(&stand.honest)).is_empty());
        for _ in 0..1000 / SHAPES.len() {
            let key = shaken(&stand, &mut rng);
            assert_eq!(stand.differing(&key, Some(&stand.honest)), ["key proof"]);
        }
    }
}

#[test]
fn owners_who_tamper_make_no_key_proof() {
    let stands = SHAPES.map(|shape| Stand::new(network(1, 2, Visibility::Committed), shape));
    let mut rng = rng(10);
    for round in 0..16 {
        let stand = &stands[round % stands.len()];
        let lowered = &stand.keyed.plan().lowered;
        let all = all_taps(lowered);
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
    for shape in SHAPES {
        let stand = Stand::new(network(1, 2, Visibility::Committed), shape);
        let other = stand.like(network(2, 2, Visibility::Committed));
        let (key, proof) = (other.keys().on_chain(), other.key_proof().unwrap());
        assert_eq!(Architecture::of(other.model()).unwrap(), stand.architecture);
        assert!(stand.differing(key, Some(&proof)).is_empty());
        assert_eq!(stand.differing(key, Some(&stand.honest)), ["key proof"]);
        let bytes = proof.to_bytes();
        for at in (7..bytes.len()).step_by(bytes.len() / 40) {
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            let Ok(bent) = KeyProof::from_bytes(&bent) else {
                continue;
            };
            assert_eq!(stand.differing(key, Some(&bent)), ["key proof"], "{at}");
        }
    }
}

#[test]
fn a_proof_that_is_cut_short_is_refused() {
    let stand = Stand::new(network(1, 2, Visibility::Committed), (9, 8));
    let key = stand.key();
    // A header of seven bytes, and one proof with its length before it.
    let bytes = stand.honest.to_bytes();
    let (header, proof) = (&bytes[..7], &bytes[11..]);
    assert_eq!(header[5..], [0, 1]);
    let ends = [0, 1, 31, 32, 63, 64, 65, proof.len() - 32, proof.len() - 1];
    let shorter = ends.map(|end| proof[..end].to_vec());
    let longer = [proof, &[0; 32]].concat();
    for proof in shorter.into_iter().chain([longer]) {
        let length = (proof.len() as u32).to_be_bytes();
        let bytes = [header, &length, &proof].concat();
        let proof = KeyProof::from_bytes(&bytes).unwrap();
        assert_eq!(stand.differing(&key, Some(&proof)), ["key proof"]);
    }
    // No proof, and one too many.
    let none = KeyProof::from_bytes(&[&header[..5], &[0, 0]].concat()).unwrap();
    let twice = [&header[..5], &[0, 2], &bytes[7..], &bytes[7..]].concat();
    for proof in [none, KeyProof::from_bytes(&twice).unwrap()] {
        assert_eq!(stand.differing(&key, Some(&proof)), ["key proof"]);
    }
}

#[test]
fn the_same_key_has_the_same_proof() {
    let stand = Stand::new(network(1, 2, Visibility::Committed), (5, 4));
    assert_eq!(stand.keyed.key_proof().unwrap(), stand.honest);
    let again = stand.like(network(1, 2, Visibility::Committed));
    assert_eq!(again.key_proof().unwrap(), stand.honest);
    let other = Some(Hiding { seed: [4; 32] });
    let other = keyed_in(network(1, 2, Visibility::Committed), other, 5, 4);
    assert_ne!(other.key_proof().unwrap(), stand.honest);
    assert_eq!(
        stand.differing(&stand.key(), Some(&other.key_proof().unwrap())),
        ["key proof"]
    );
}

#[test]
fn a_proof_of_another_architecture_height_or_pack_is_refused() {
    let model = || network(1, 2, Visibility::Committed);
    let stand = Stand::new(model(), (4, 4));
    let opened = |plan: Plan| {
        let srs = Srs::development(plan.chosen.points);
        KeyedModel::open(model(), plan, srs, None, &|_| {}).unwrap()
    };
    let mut higher = stand.keyed.plan().clone();
    higher.chosen.k += 1;
    higher.chosen.points *= 2;
    let others = [
        stand.like(network(1, 3, Visibility::Committed)),
        stand.like(network(1, 2, Visibility::Public)),
        opened(higher),
        keyed_in(model(), Some(hiding()), 4, 2),
        keyed_in(model(), Some(hiding()), 4, 8),
        keyed_in(model(), Some(hiding()), 5, 4),
    ];
    for other in &others {
        let proof = other.key_proof().unwrap();
        assert_eq!(stand.differing(&stand.key(), Some(&proof)), ["key proof"]);
        // Neither are keys of another shape audited as if they were of this one.
        let (key, own) = (other.keys().on_chain(), stand.key());
        match (key.k, key.width, key.pack) == (own.k, own.width, own.pack) {
            true => assert!(!stand.differing(key, Some(&proof)).is_empty()),
            false => assert!(stand.auditor.audit(key, Some(&proof)).is_err()),
        }
    }
}

#[test]
fn key_proofs_are_for_private_weights() {
    let model = network(1, 2, Visibility::Committed);
    let public = planned(&model, Batch::single(), None);
    let srs = Srs::development(public.chosen.points);
    let public = KeyedModel::open(model, public, srs, None, &|_| {}).unwrap();
    assert!(public.key_proof().is_err());
}

/// Seconds that the process has computed for, on all cores together.
fn busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks: Vec<f64> = fields
        .skip(11)
        .take(2)
        .map(|it| it.parse().unwrap())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}

/// `VERDICT_MODEL=model.verdict VERDICT_WIDTH=4 … --ignored --nocapture times` prints what a key
/// proof takes.
#[test]
#[ignore = "it measures"]
fn times() {
    let model = CompiledModel::load(std::env::var("VERDICT_MODEL").unwrap()).unwrap();
    let width = std::env::var("VERDICT_WIDTH").unwrap().parse().unwrap();
    let most = |path: &str| {
        let status = std::fs::read_to_string(path).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<f64>()
            .unwrap()
            / 1024.0
    };
    for pack in [2, 4, 8] {
        let plan = planned_in(&model, Batch::single(), Some(hiding()), width, Some(pack));
        let srs = Srs::development(plan.chosen.points);
        let k = plan.chosen.k;
        let keyed = KeyedModel::open(model.clone(), plan, srs, None, &|_| {}).unwrap();
        let before = most("/proc/self/status");
        let (begun, busy) = (Instant::now(), busy());
        let proof = keyed.key_proof().unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        let busy = self::busy() - busy;
        let after = most("/proc/self/status");
        let architecture = Architecture::of(&model).unwrap();
        let subject = Subject::Architecture(&architecture);
        let srs = keyed.srs().clone();
        let begun = Instant::now();
        let key = keyed.keys().on_chain();
        let audit = audit_with(subject, &Batch::single(), key, Some(&proof), srs).unwrap();
        assert!(audit.passes());
        println!(
            "height {k}, width {width}, packs of {pack}: {seconds:.2} s ({busy:.2} s of all cores), {} bytes; audited in {:.2} s; at most {before:.0} MiB \
             before it, {after:.0} MiB after",
            proof.to_bytes().len(),
            begun.elapsed().as_secs_f64()
        );
    }
}
