//! Random programs satisfy the circuit, on every width, and nothing near them does.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2_axiom::dev::MockProver;
use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{Size, random};
use verdict_circuit::{Footprint, Tape, TapeCircuit};

fn satisfied(circuit: &TapeCircuit) -> bool {
    let k = circuit.tape.height();
    MockProver::run(k, circuit, vec![circuit.instance.clone()])
        .unwrap()
        .verify()
        .is_ok()
}

#[test]
fn random_programs_satisfy_the_circuit() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for round in 0..60 {
        let size = Size {
            levels: 5,
            channels: 7,
            positions: if round % 3 == 0 { 1 } else { 6 },
            shifts: 3,
            skips: round % 2 == 0,
        };
        let case = random(&mut rng, size);
        let width = rng.gen_range(1..5);
        let circuit = case.circuit(width);
        let k = circuit.tape.height();
        let prover = MockProver::run(k, &circuit, vec![circuit.instance.clone()]).unwrap();
        if let Err(failures) = prover.verify() {
            panic!(
                "round {round}, width {width}: {} failures, first {:?}",
                failures.len(),
                failures[0]
            );
        }
    }
}

#[test]
fn a_wrong_public_word_is_rejected() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for _ in 0..20 {
        let case = random(
            &mut rng,
            Size {
                levels: 4,
                channels: 4,
                positions: 3,
                shifts: 2,
                skips: true,
            },
        );
        let mut circuit = case.circuit(2);
        let word = rng.gen_range(1..circuit.instance.len());
        circuit.instance[word] += Fr::ONE;
        assert!(!satisfied(&circuit));
    }
}

#[test]
fn a_wrong_cell_is_rejected() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut tried = 0;
    while tried < 40 {
        let case = random(
            &mut rng,
            Size {
                levels: 4,
                channels: 4,
                positions: 3,
                shifts: 2,
                skips: true,
            },
        );
        let mut circuit = case.circuit(rng.gen_range(1..4));
        let mut witness = (*circuit.witness.clone().unwrap()).clone();
        let row = rng.gen_range(1..witness.q.len() - 1);
        match rng.gen_range(0..3) {
            0 => witness.q[row] += rng.gen_range(1..3),
            1 => witness.x[row] += rng.gen_range(1..3),
            _ => witness.m[row] += 1,
        }
        circuit.witness = Some(witness.into());
        assert!(!satisfied(&circuit), "row {row}");
        tried += 1;
    }
}

#[test]
fn the_footprint_counts_the_rows_of_the_tape() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    for _ in 0..100 {
        let case = random(
            &mut rng,
            Size {
                levels: 5,
                channels: 9,
                positions: 4,
                shifts: 3,
                skips: true,
            },
        );
        let footprint = Footprint::new(&case.program, &case.taps);
        for width in 1..6 {
            let tape = Tape::new(&case.program, &case.taps, width).unwrap();
            assert_eq!(footprint.rows(&case.program, width).unwrap(), tape.rows());
        }
    }
}
