//! Good proofs verify, and nothing else does.
#![allow(clippy::unwrap_used)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::{SeedableRng, rngs::StdRng};
use support::{case, powers};
use verdict_argument::{ArgumentError, ProvingKey};

const SHAPES: [(usize, usize, bool); 9] = [
    (2, 3, false),
    (4, 3, false),
    (8, 3, false),
    (2, 3, true),
    (4, 3, true),
    (8, 3, true),
    (2, 5, false),
    (4, 5, false),
    (8, 5, false),
];

#[test]
fn honest_proofs_verify() {
    for (pack, degree, hidden) in SHAPES {
        let case = case(4, pack, degree, hidden);
        let powers = powers(case.toy.shape.points());
        let key = case.key(&powers);
        let proof = case.prove(&powers, 1).bytes;
        assert_eq!(proof.len(), case.toy.shape.proof_bytes());
        let verdict = case.verify(&key, &case.instance, &proof);
        assert_eq!(verdict, Ok(()), "{pack} {degree} {hidden}");
    }
}

#[test]
fn a_seed_makes_a_proof_and_another_one_another() {
    let case = case(4, 4, 3, true);
    let powers = powers(case.toy.shape.points());
    assert_eq!(case.prove(&powers, 7).bytes, case.prove(&powers, 7).bytes);
    assert_ne!(case.prove(&powers, 7).bytes, case.prove(&powers, 8).bytes);
}

#[test]
fn every_word_of_a_proof_counts() {
    for (pack, degree, hidden) in SHAPES {
        let case = case(4, pack, degree, hidden);
        let powers = powers(case.toy.shape.points());
        let key = case.key(&powers);
        let proof = case.prove(&powers, 2).bytes;
        for word in 0..proof.len() / 32 {
            let mut changed = proof.clone();
            changed[word * 32 + 31] ^= 1;
            let verdict = case.verify(&key, &case.instance, &changed);
            assert!(
                matches!(verdict, Err(ArgumentError::Rejected(_))),
                "{pack} {degree} {hidden}, word {word}"
            );
        }
        for length in [0, 32, proof.len() - 1, proof.len() - 32] {
            assert!(case.verify(&key, &case.instance, &proof[..length]).is_err());
        }
        assert!(
            case.verify(&key, &case.instance, &[&proof[..], &[0; 32]].concat())
                .is_err()
        );
    }
}

#[test]
fn a_relation_may_have_no_public_values() {
    for (pack, degree, hidden) in SHAPES {
        let mut case = case(4, pack, degree, hidden);
        case.toy.shape.instance = 0;
        case.instance.clear();
        let powers = powers(case.toy.shape.points());
        let key = case.key(&powers);
        let proof = case.prove(&powers, 5).bytes;
        assert_eq!(case.verify(&key, &[], &proof), Ok(()));
        assert!(case.verify(&key, &[Fr::ZERO], &proof).is_err());
        let mut other = key.verifying().clone();
        other.representation += Fr::ONE;
        let columns = case.columns.clone();
        let mut rng = StdRng::seed_from_u64(1);
        let other = ProvingKey::with_verifying(&case.toy, columns, &powers, other, &mut rng);
        let other = other.unwrap().unwrap();
        assert!(case.verify(&other, &[], &proof).is_err());
    }
}

#[test]
fn a_key_that_commits_to_other_columns_is_noticed() {
    let case = case(4, 2, 3, false);
    let powers = powers(case.toy.shape.points());
    let honest = case.key(&powers).verifying().clone();
    let mut rng = StdRng::seed_from_u64(1);
    let mut taken = |verifying| {
        let columns = case.columns.clone();
        let key = ProvingKey::with_verifying(&case.toy, columns, &powers, verifying, &mut rng);
        key.unwrap().is_some()
    };
    assert!(taken(honest.clone()));
    let mut swapped = honest.clone();
    swapped.commitments.swap(0, 1);
    assert!(!taken(swapped));
    let mut fewer = honest;
    fewer.commitments.pop();
    assert!(!taken(fewer));
}

#[test]
fn public_values_are_bound_and_counted() {
    let case = case(4, 8, 3, false);
    let powers = powers(case.toy.shape.points());
    let key = case.key(&powers);
    let proof = case.prove(&powers, 3).bytes;
    for i in 0..2 {
        let mut instance = case.instance.clone();
        instance[i] += Fr::ONE;
        assert!(case.verify(&key, &instance, &proof).is_err());
    }
    let mut more = case.instance.clone();
    more.push(Fr::ZERO);
    assert!(case.verify(&key, &more, &proof).is_err());
    assert!(case.verify(&key, &case.instance[..1], &proof).is_err());
}

#[test]
fn every_gate_counts() {
    for degree in [3, 5] {
        let case = case(4, 4, degree, false);
        let powers = powers(case.toy.shape.points());
        let key = case.key(&powers);
        let rows = case.toy.shape.usable();
        for (phase, column) in [(0, 0), (0, 1), (1, 0)] {
            for row in [1, 5, rows - 1] {
                let proven = case.try_prove(&powers, 4, |at, columns| {
                    if at == phase {
                        columns[column][row] += Fr::ONE;
                    }
                });
                // The prover may notice, or leave it to the verifier.
                let accepted =
                    proven.is_ok_and(|it| case.verify(&key, &case.instance, &it.bytes).is_ok());
                assert!(!accepted, "phase {phase}, column {column}, row {row}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut case = case(4, 4, 3, false);
    let few = powers(case.toy.shape.points() - 1);
    let verdict = case.try_prove(&powers(case.toy.shape.points()), 1, |phase, columns| {
        if phase == 0 {
            columns.pop();
        }
    });
    assert!(matches!(verdict, Err(ArgumentError::Shape(_))));
    assert_eq!(
        ProvingKey::new(&case.toy, case.columns.clone(), &few, |_| Fr::ONE).unwrap_err(),
        ArgumentError::SetUp {
            have: few.len(),
            need: few.len() + 1
        }
    );
    let changes: [fn(&mut verdict_argument::Shape); 9] = [
        |shape| shape.pack = 3,
        |shape| shape.pack = 1,
        |shape| shape.blinding = 2,
        |shape| shape.k = 1,
        |shape| shape.k = 29,
        |shape| shape.instance = 100,
        |shape| shape.phases.reverse(),
        |shape| shape.degree = 2,
        |shape| {
            shape.degree = 5;
            shape.fixed[1].hidden = true;
        },
    ];
    for change in changes {
        let mut shape = case.toy.shape.clone();
        change(&mut shape);
        assert!(
            matches!(shape.check(), Err(ArgumentError::Shape(_))),
            "{shape:?}"
        );
    }
    case.toy.shape.k = 1;
    assert!(case.toy.shape.check().is_err());
}
