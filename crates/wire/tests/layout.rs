//! Where things stand in proofs, keys and calldata, compared with the committed proofs.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::{Address, B256, Bytes, hex};
use halo2curves_axiom::group::prime::PrimeCurveAffine;
use serde::Deserialize;
use std::{ops::Range, path::PathBuf};
use verdict_argument::PACKS;
use verdict_circuit::{FIXED_COLUMNS, TapeRelation};
use verdict_wire::{
    OPENINGS, ProofLayout, key_bytes, key_len, parse_key, verify_calldata, verify_calldata_len,
    words,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    verifying_key: Bytes,
    public_values: Vec<B256>,
    proof: Bytes,
    calldata: Bytes,
}

/// The committed proofs, with the names of their folders.
fn vectors() -> Vec<(String, Vector)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
    let mut vectors = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap();
        if let Ok(text) = std::fs::read_to_string(folder.path().join("proof.json")) {
            let name = folder.file_name().into_string().unwrap();
            vectors.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    assert!(vectors.len() >= 8, "{} vectors", vectors.len());
    vectors
}

fn is_point(bytes: &[u8]) -> bool {
    let [x, y] = [&bytes[..32], &bytes[32..]].map(B256::from_slice);
    words::read_point(&x, &y).is_some_and(|point| !bool::from(point.is_identity()))
}

fn is_scalar(bytes: &[u8]) -> bool {
    words::scalar(&B256::from_slice(bytes)).is_ok()
}

#[test]
fn every_part_of_a_proof_is_where_the_layout_says() {
    for (name, vector) in vectors() {
        let key = parse_key(&vector.verifying_key).unwrap();
        let layout = ProofLayout::of(&key);
        let proof = &vector.proof;
        assert_eq!(proof.len(), layout.bytes(), "{name}");
        assert_eq!(layout.width(), key.width);

        let points: Vec<Range<usize>> = layout.points().collect();
        assert_eq!(points.len(), layout.points_before() + OPENINGS);
        assert!(
            points.iter().all(|at| is_point(&proof[at.clone()])),
            "{name}"
        );
        let evaluations: Vec<Range<usize>> = (0..layout.evaluations())
            .map(|i| layout.evaluation(i))
            .collect();
        assert!(
            evaluations.iter().all(|at| is_scalar(&proof[at.clone()])),
            "{name}"
        );

        // A fixed column that is zero everywhere is the only one that can open to zero.
        let zero = |at: &Range<usize>| proof[at.clone()].iter().all(|byte| *byte == 0);
        let fixed = layout.fixed_evaluations();
        assert!(!evaluations[..fixed.start].iter().any(zero), "{name}");
        assert!(!evaluations[fixed.end..].iter().any(zero), "{name}");
    }
}

#[test]
fn what_a_word_too_early_or_too_late_would_read_is_something_else() {
    for (name, vector) in vectors() {
        let layout = ProofLayout::of(&parse_key(&vector.verifying_key).unwrap());
        let shifted = [&[0; 32], &vector.proof[..]].concat();
        let early = layout.points().filter(|at| is_point(&shifted[at.clone()]));
        assert_eq!(early.count(), 0, "{name}");
        let late = layout
            .points()
            .filter_map(|at| vector.proof.get(at.start + 32..at.end + 32));
        assert_eq!(late.filter(|bytes| is_point(bytes)).count(), 0, "{name}");
        // Evaluations are no points either.
        let evaluations = &vector.proof[layout.evaluation_bytes()];
        assert!(!evaluations.chunks_exact(64).any(is_point), "{name}");
    }
}

#[test]
fn the_parts_tile_a_proof() {
    for (pack, hidden) in PACKS
        .iter()
        .flat_map(|pack| [(*pack, false), (*pack, true)])
    {
        for width in 1..=64 {
            let layout = ProofLayout::new(&TapeRelation::new(12, width, pack, 3, hidden));
            // The formula of docs/protocol.md.
            let points = 3usize.div_ceil(pack) + 5usize.div_ceil(pack) + 1;
            let blinded = if hidden { width.div_ceil(pack) + 1 } else { 0 };
            assert_eq!(layout.commitments(), 0..64 * (points + blinded));
            assert_eq!(layout.evaluations(), 13 + 8 + width + 1);
            let evaluations = layout.evaluation_bytes();
            assert_eq!(evaluations.start, layout.commitments().end);
            assert_eq!(evaluations.len(), 32 * layout.evaluations());
            assert_eq!(layout.openings().start, evaluations.end);
            assert_eq!(layout.openings().end, layout.bytes());
            assert_eq!(layout.openings().len(), 128);
            assert_eq!(layout.last_evaluation().end, layout.openings().start);
            assert_eq!(layout.evaluation(0).start, layout.commitments().end);
            assert_eq!(layout.fixed_evaluations(), 13..13 + FIXED_COLUMNS + width);
            assert_eq!(layout.fixed_evaluations().end + 1, layout.evaluations());
            if (pack, hidden) == (8, false) {
                assert_eq!(layout.bytes(), 1024 + 32 * width);
            }
        }
    }
}

#[test]
fn keys_are_as_long_as_their_header_says() {
    for (name, vector) in vectors() {
        let bytes = vector.verifying_key.to_vec();
        let key = parse_key(&bytes).unwrap();
        assert_eq!(key_len(&key.relation()), bytes.len(), "{name}");
        assert_eq!(key_bytes(&key), bytes, "{name}");
        // Version, height, width, pack, whether weights are hidden, number of values, padding.
        let pack = bytes[7];
        for (at, wrong) in [
            (4, 2),
            (5, 29),
            (6, 0),
            (6, 65),
            (7, 0),
            (7, 1),
            (7, 3),
            (7, 16),
        ]
        .into_iter()
        .chain([(8, 2), (11, 1), (31, 1)])
        .chain(
            [2, 4, 8]
                .map(|other| (7, other))
                .into_iter()
                .filter(|it| it.1 != pack),
        ) {
            let mut changed = bytes.clone();
            changed[at] = wrong;
            // Another pack may go with the length where there are few columns; then it is another key.
            let parsed = parse_key(&changed);
            assert!(
                parsed.as_ref().map_or(true, |other| at == 7
                    && other.representation() != key.representation()),
                "{name}: byte {at} of {wrong}"
            );
        }
        let mut none = bytes.clone();
        none[9..11].fill(0);
        assert!(parse_key(&none).is_err(), "{name}");
        for cut in [0, 31, 32, bytes.len() - 1] {
            assert!(parse_key(&bytes[..cut]).is_err(), "{name}: {cut}");
        }
    }
}

#[test]
fn calldata_is_as_long_as_predicted() {
    for (name, vector) in vectors() {
        let predicted = verify_calldata_len(vector.public_values.len(), vector.proof.len());
        assert_eq!(predicted, vector.calldata.len(), "{name}");
    }
    // The ABI fills the last word of what is no multiple of 32.
    for values in [0, 1, 2, 7, 300] {
        for proof in [0, 1, 31, 32, 33, 1568, 1569] {
            let data = verify_calldata(
                Address::repeat_byte(1),
                &vec![B256::ZERO; values],
                &vec![1; proof],
            );
            let predicted = verify_calldata_len(values, proof);
            assert_eq!(predicted, data.len(), "{}", hex::encode(&data[..4]));
        }
    }
}
