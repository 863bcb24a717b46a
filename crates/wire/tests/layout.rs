//! Where things stand in proofs, keys and calldata, compared with the committed proofs.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::{Address, B256, Bytes, hex};
use halo2curves_axiom::group::prime::PrimeCurveAffine;
use serde::Deserialize;
use std::{ops::Range, path::PathBuf};
use verdict_circuit::FIXED_COLUMNS;
use verdict_wire::{
    COMMITMENTS, OPENINGS, ProofLayout, VerifyingKeyParts, key_bytes, key_len, parse_key,
    verify_calldata, verify_calldata_len, words,
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

/// Which columns of a key hold nothing but zeros.
fn zero_columns(key: &VerifyingKeyParts) -> Vec<bool> {
    let commitments = key.commitments.iter();
    commitments
        .map(|point| bool::from(point.is_identity()))
        .collect()
}

#[test]
fn every_part_of_a_proof_is_where_the_layout_says() {
    for (name, vector) in vectors() {
        let key = parse_key(&vector.verifying_key).unwrap();
        let layout = ProofLayout::new(key.width);
        let proof = &vector.proof;
        assert_eq!(proof.len(), layout.bytes(), "{name}");
        assert_eq!(ProofLayout::of_len(proof.len()), Some(layout), "{name}");
        assert_eq!(layout.width(), key.width);

        let points: Vec<Range<usize>> = layout.points().collect();
        assert_eq!(points.len(), COMMITMENTS + OPENINGS);
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

        // A fixed column that is zero everywhere is the only one that can open to zero, so zeros
        // tell where the evaluations of the key's columns stand, and in which order.
        let zeros: Vec<bool> = evaluations
            .iter()
            .map(|at| proof[at.clone()].iter().all(|byte| *byte == 0))
            .collect();
        let fixed = layout.fixed_evaluations();
        assert_eq!(zeros[fixed.clone()], zero_columns(&key), "{name}");
        assert!(!zeros[..fixed.start].contains(&true), "{name}");
        assert!(!zeros[fixed.end..].contains(&true), "{name}");
    }
}

#[test]
fn what_a_word_too_early_or_too_late_would_read_is_something_else() {
    for (name, vector) in vectors() {
        let layout = ProofLayout::of_len(vector.proof.len()).unwrap();
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
    for width in 1..=64 {
        let layout = ProofLayout::new(width);
        assert_eq!(layout.commitments(), 0..704);
        assert_eq!(layout.evaluation_bytes(), 704..704 + 32 * (22 + width));
        assert_eq!(layout.openings().start, layout.evaluation_bytes().end);
        assert_eq!(layout.openings().end, layout.bytes());
        assert_eq!(layout.bytes(), 1536 + 32 * width);
        assert_eq!(layout.last_evaluation().end, layout.openings().start);
        assert_eq!(layout.evaluation(0).start, layout.commitments().end);
        assert_eq!(layout.fixed_evaluations().len(), FIXED_COLUMNS + width);
        assert_eq!(layout.fixed_evaluations().end + 1, layout.evaluations());
    }
}

#[test]
fn no_layout_has_a_length_that_no_width_gives() {
    for length in [0, 31, 32, 1504, 1535, 1536, 1537, 1567, 1569, 1599] {
        assert_eq!(ProofLayout::of_len(length), None, "{length}");
    }
    for (_, vector) in vectors() {
        let length = vector.proof.len();
        for other in [length - 1, length + 1, length + 31] {
            assert_eq!(ProofLayout::of_len(other), None, "{other}");
        }
    }
}

#[test]
fn keys_are_as_long_as_their_width_says() {
    for (name, vector) in vectors() {
        let key = parse_key(&vector.verifying_key).unwrap();
        assert_eq!(key_len(key.width), vector.verifying_key.len(), "{name}");
        assert_eq!(key_bytes(&key), vector.verifying_key, "{name}");
        for wrong in [key.width - 1, key.width + 1] {
            let mut bytes = vector.verifying_key.to_vec();
            bytes[6] = wrong as u8;
            assert!(parse_key(&bytes).is_err(), "{name}: width {wrong}");
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
