//! A dishonest prover's second phase: the recurrences of the identity, with a cell of the prover's
//! choice changed on the way.

use halo2_axiom::dev::{MockProver, VerifyFailure};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::collections::BTreeSet;
use verdict_circuit::{
    GATES, Op, Program, Witness,
    dishonest::{Columns, Drawn, Forgery},
    int,
};

/// Index of a running column in [`Columns`].
pub const H: usize = 0;
pub const S: usize = 1;
pub const Y: usize = 2;
pub const D: usize = 3;
pub const L: usize = 4;

/// Adds `amount` to a running column on a row; everything after it follows honestly from the
/// changed value.
#[derive(Clone, Copy, Debug)]
pub struct Tweak {
    pub column: usize,
    pub row: usize,
    pub amount: Fr,
}

/// Recomputes `S`, `y` and `d`, given `h`. `S`, `y` and `d` of row 0, where no gate is active, stay
/// as they are.
pub fn replay(
    ops: &[Op],
    witness: &Witness,
    instance: &[Fr],
    c: &Drawn,
    columns: &mut Columns,
    tweak: Option<Tweak>,
) {
    let bonus = |column: usize, row: usize| match tweak {
        Some(tweak) if (tweak.column, tweak.row) == (column, row) => tweak.amount,
        _ => Fr::ZERO,
    };
    for column in [S, Y, D] {
        columns[column][0] += bonus(column, 0);
    }
    for row in 1..ops.len() {
        let [s_prev, y_prev, d_prev] = [S, Y, D].map(|column| columns[column][row - 1]);
        let op = ops[row];
        columns[H][row] += bonus(H, row);
        let s = match op {
            Op::Channel | Op::Level | Op::Edge => Fr::ONE,
            Op::Shift => s_prev * c.s,
            _ => s_prev,
        } + bonus(S, row);
        let kept = match op {
            Op::Channel => y_prev * c.r,
            Op::Level | Op::Edge => Fr::ZERO,
            _ => y_prev,
        };
        let word = instance.get(row).copied().unwrap_or(Fr::ZERO);
        let square = witness.squares.iter().find(|s| s.0 as usize == row);
        let (q, x) = match square {
            Some(&(_, q, x)) => (q, x),
            None => (int(witness.q[row]), int(witness.x[row])),
        };
        let y = kept + s * (q + word) + bonus(Y, row);
        let before = if op == Op::Level {
            d_prev * c.g + y_prev
        } else {
            d_prev
        };
        let d = before - x * columns[H][row] + bonus(D, row);
        (columns[S][row], columns[Y][row], columns[D][row]) = (s, y, d);
    }
}

/// Changes one cell of a running column by just as much as makes the identity end at zero. Panics
/// if that cell cannot.
pub fn close(
    ops: &[Op],
    witness: &Witness,
    instance: &[Fr],
    c: &Drawn,
    columns: &mut Columns,
    (column, row): (usize, usize),
) {
    let end = ops.len() - 2;
    let ends_at = |amount: Fr| {
        let mut trial = columns.clone();
        replay(
            ops,
            witness,
            instance,
            c,
            &mut trial,
            Some(Tweak {
                column,
                row,
                amount,
            }),
        );
        trial[D][end]
    };
    // The end is an affine function of the change.
    let (at_zero, at_one) = (ends_at(Fr::ZERO), ends_at(Fr::ONE));
    let slope: Fr = Option::from((at_one - at_zero).invert())
        .expect("the cell has an influence on the identity");
    replay(
        ops,
        witness,
        instance,
        c,
        columns,
        Some(Tweak {
            column,
            row,
            amount: -at_zero * slope,
        }),
    );
}

/// Recomputes `L` from what the rows really hold and look up.
pub fn look_ups(
    program: &Program,
    regions: &[usize],
    witness: &Witness,
    c: &Drawn,
    columns: &mut Columns,
) {
    let fingerprint = |region: usize, (key, value): (i64, i64)| {
        c.alpha + c.theta.square() * Fr::from(region as u64) + int(key) + c.theta * int(value)
    };
    let mut entries = program.regions.iter().enumerate().flat_map(|(id, region)| {
        (0..region.len()).map(move |index| fingerprint(id, region.entry(index)))
    });
    let idle = fingerprint(0, (0, 0));
    for row in 1..regions.len() {
        let entry = entries.next().unwrap_or(idle);
        let looked_up = match regions[row] {
            usize::MAX => Fr::ZERO,
            region => fingerprint(region, (witness.q[row], witness.x[row]))
                .invert()
                .unwrap(),
        };
        let change = looked_up - entry.invert().unwrap() * Fr::from(witness.m[row]);
        columns[L][row] = columns[L][row - 1] + change;
    }
}

/// The gates that a forgery violates, at the smallest height.
pub fn violated(forgery: &Forgery) -> BTreeSet<&'static str> {
    violated_at(forgery, forgery.circuit.tape.height())
}

/// The gates that a forgery violates; fails on any other kind of failure.
pub fn violated_at(forgery: &Forgery, k: u32) -> BTreeSet<&'static str> {
    let prover = MockProver::run(k, forgery, vec![forgery.circuit.instance.clone()]).unwrap();
    let Err(failures) = prover.verify() else {
        return BTreeSet::new();
    };
    failures
        .iter()
        .map(|failure| {
            let VerifyFailure::ConstraintNotSatisfied { constraint, .. } = failure else {
                panic!("{failure:?}");
            };
            let text = constraint.to_string();
            *GATES
                .iter()
                .find(|gate| text.contains(&format!("('{gate}')")))
                .unwrap_or_else(|| panic!("{text}"))
        })
        .collect()
}

/// Whether the circuit accepts.
pub fn accepted(forgery: &Forgery) -> bool {
    violated(forgery).is_empty()
}
