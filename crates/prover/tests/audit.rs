//! The audit sees every public part of a key, and nothing of the weights.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use support::{keyed, keyed_in, small::network};
use verdict_argument::Relation;
use verdict_circuit::{Batch, FIXED_COLUMNS, Hiding};
use verdict_model::{CompiledModel, Visibility};
use verdict_prover::{Architecture, Audit, Finding, KeyProof, Srs, Subject, audit, audit_with};
use verdict_wire::VerifyingKeyParts;

fn hiding(seed: u8) -> Hiding {
    Hiding { seed: [seed; 32] }
}

fn model(seed: u64) -> CompiledModel {
    network(seed, 3, Visibility::Private)
}

fn made_key(model: CompiledModel, batch: Batch, hiding: Option<Hiding>) -> VerifyingKeyParts {
    keyed(model, batch, hiding).keys().on_chain().clone()
}

/// A key with private weights, and its key proof.
fn private_key(model: CompiledModel, batch: Batch, seed: u8) -> (VerifyingKeyParts, KeyProof) {
    let keyed = keyed(model, batch, Some(hiding(seed)));
    let proof = keyed.key_proof().unwrap();
    (keyed.keys().on_chain().clone(), proof)
}

/// The development set-up, with enough points for a key whose weights are hidden.
fn setup(key: &VerifyingKeyParts) -> Srs {
    let mut key = key.clone();
    key.hidden = true;
    Srs::development(key.relation().shape().points())
}

/// Packs of columns without weights, and of weights.
fn packs(key: &VerifyingKeyParts) -> [usize; 2] {
    [FIXED_COLUMNS, key.width].map(|columns| columns.div_ceil(key.pack))
}

fn audited(architecture: &Architecture, key: &VerifyingKeyParts, proof: &KeyProof) -> Audit {
    let subject = Subject::Architecture(architecture);
    let srs = setup(key);
    audit_with(subject, &Batch::single(), key, Some(proof), srs).unwrap()
}

fn findings(audit: &Audit) -> Vec<(String, Finding)> {
    audit
        .parts
        .iter()
        .map(|part| (part.part.clone(), part.finding))
        .collect()
}

#[test]
fn a_key_with_private_weights_matches_its_architecture() {
    let architecture = Architecture::of(&model(1)).unwrap();
    let (key, proof) = private_key(model(1), Batch::single(), 7);
    let with = audited(&architecture, &key, &proof);
    assert!(with.passes(), "{with:#?}");
    let count = |audit: &Audit, finding| {
        let parts = audit.parts.iter();
        parts.filter(|part| part.finding == finding).count()
    };
    // The packs of weight columns, and the key proof itself.
    let [_, weights] = packs(&key);
    assert_eq!(count(&with, Finding::Proved), weights + 1);
    assert_eq!(count(&with, Finding::Opaque), 0);
    let subject = Subject::Architecture(&architecture);
    let without = audit(subject, &Batch::single(), &key, setup(&key)).unwrap();
    assert!(!without.passes());
    assert_eq!(count(&without, Finding::Opaque), weights);
}

#[test]
fn batches_are_audited_as_batches() {
    let architecture = Architecture::of(&model(1)).unwrap();
    let batch = Batch {
        items: 3,
        sums: vec![2],
    };
    let (key, proof) = private_key(model(1), batch.clone(), 7);
    let passes = |batch: &Batch| {
        let subject = Subject::Architecture(&architecture);
        let srs = setup(&key);
        audit_with(subject, batch, &key, Some(&proof), srs)
            .unwrap()
            .passes()
    };
    assert!(passes(&batch));
    assert!(!passes(&Batch::single()));
}

#[test]
fn weights_of_the_same_architecture_are_not_told_apart() {
    let (first, second) = (model(1), model(2));
    assert_ne!(first.graph(), second.graph());
    let architecture = Architecture::of(&first).unwrap();
    assert_eq!(architecture, Architecture::of(&second).unwrap());
    let keys = [
        private_key(first.clone(), Batch::single(), 7),
        private_key(second, Batch::single(), 7),
        private_key(first, Batch::single(), 8),
    ];
    let audits = keys
        .each_ref()
        .map(|(key, proof)| audited(&architecture, key, proof));
    assert!(audits.iter().all(Audit::passes));
    assert_eq!(findings(&audits[0]), findings(&audits[1]));
    // Everything public is the same, every pack of weights is not, whether weights or seed differ.
    let [public, weights] = packs(&keys[0].0);
    for other in &keys[1..] {
        for pack in 0..public + weights {
            assert_eq!(
                keys[0].0.commitments[pack] == other.0.commitments[pack],
                pack < public,
                "{pack}"
            );
        }
    }
}

#[test]
fn every_changed_part_is_reported() {
    let architecture = Architecture::of(&model(1)).unwrap();
    let (key, proof) = private_key(model(1), Batch::single(), 7);
    let differs = |key: &VerifyingKeyParts| -> Vec<String> {
        audited(&architecture, key, &proof)
            .parts
            .into_iter()
            .filter(|part| part.finding == Finding::Differs)
            .map(|part| part.part)
            .collect()
    };
    assert!(differs(&key).is_empty());
    let names = ["u", "v", "w", "B", "P", "T_id", "T_key", "T_val"];
    let names: Vec<String> = names
        .chunks(key.pack)
        .map(|names| names.join(" "))
        .collect();
    let [public, _] = packs(&key);
    assert_eq!(names.len(), public);
    for (pack, name) in names.iter().enumerate() {
        let mut changed = key.clone();
        changed.commitments[pack] = key.commitments[public];
        assert_eq!(differs(&changed), [name.as_str()]);
    }
    let mut changed = key.clone();
    changed.commitments.pop();
    assert!(differs(&changed).contains(&"packs".to_owned()));
    let mut changed = key.clone();
    changed.commitments.push(key.commitments[0]);
    assert_eq!(differs(&changed), ["packs"]);
    // Whose proofs do not blind weights again must not be taken for a key with private ones.
    let mut changed = key.clone();
    changed.hidden = false;
    assert_eq!(differs(&changed), ["weights"]);
    let mut changed = key.clone();
    changed.public_values += 1;
    assert_eq!(differs(&changed), ["public values"]);
    // A height that is another one needs other commitments.
    let mut changed = key;
    changed.k += 1;
    let expected = [&["key proof".to_owned()], &names[..]].concat();
    assert_eq!(differs(&changed), expected);
}

#[test]
fn packs_are_named_after_their_columns() {
    let of = |width: usize, pack: usize| {
        let keyed = keyed_in(model(1), Some(hiding(7)), width, pack);
        let (key, proof) = (keyed.keys().on_chain(), keyed.key_proof().unwrap());
        let audit = audited(&Architecture::of(&model(1)).unwrap(), key, &proof);
        assert!(audit.passes(), "{audit:#?}");
        let named = audit.parts.into_iter().map(|part| part.part);
        named.skip(5).collect::<Vec<_>>()
    };
    assert_eq!(of(9, 8), ["u v w B P T_id T_key T_val", "W_0…W_7", "W_8"]);
    assert_eq!(of(4, 4), ["u v w B", "P T_id T_key T_val", "W_0…W_3"]);
    assert_eq!(
        of(3, 2),
        ["u v", "w B", "P T_id", "T_key T_val", "W_0…W_1", "W_2"]
    );
}

#[test]
fn another_architecture_is_reported() {
    let (key, proof) = private_key(model(1), Batch::single(), 7);
    for other in [
        network(1, 2, Visibility::Private),
        network(1, 3, Visibility::Public),
        network(1, 3, Visibility::Committed),
    ] {
        let audit = audited(&Architecture::of(&other).unwrap(), &key, &proof);
        assert!(!audit.passes());
    }
}

#[test]
fn with_public_weights_everything_must_match() {
    let public = made_key(model(1), Batch::single(), None);
    let check = |model: &CompiledModel, key: &VerifyingKeyParts| {
        let srs = setup(key);
        audit(Subject::Model(model), &Batch::single(), key, srs).unwrap()
    };
    let audit = check(&model(1), &public);
    assert!(audit.passes(), "{audit:#?}");
    assert!(audit.parts.iter().all(|p| p.finding == Finding::Matches));
    assert!(!check(&model(2), &public).passes());
    // Hidden weights are none of the model's.
    assert!(!check(&model(1), &private_key(model(1), Batch::single(), 7).0).passes());
}

#[test]
fn architecture_files_round_trip_and_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.verdict");
    let architecture = Architecture::of(&model(1)).unwrap();
    architecture.save(&path).unwrap();
    assert_eq!(Architecture::load(&path).unwrap(), architecture);
    let bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut bent = bytes.clone();
        bent[at] ^= 1;
        assert!(Architecture::from_bytes(&bent, &path).is_err(), "{at}");
    }
    for length in [0, 7, 8, 20, 40, bytes.len() - 1] {
        assert!(Architecture::from_bytes(&bytes[..length], &path).is_err());
    }
}
