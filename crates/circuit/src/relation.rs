//! The tape as a relation: its columns in packs, and the eight gates. See `docs/soundness.md` for
//! the argument they add up to.

use crate::{
    BLINDING_ROWS,
    field::int,
    opcode::{Op, indicator},
    program::Program,
    tape::{SQUARE, Tape},
    witness::{Challenges, Running, Witness},
};
use halo2curves_axiom::bn256::Fr;
use verdict_argument::{
    Arith, Column, Constants, FixedGroup, Phase, Prepared, Relation, Row, Seen, Shape,
};

/// Fixed columns besides the `c` weight columns.
pub const FIXED_COLUMNS: usize = 8;
/// Advice columns.
pub const ADVICE_COLUMNS: usize = LOOKED_UP + RUNNING_COLUMNS;
/// Advice columns that are also opened one row back: `h`, `S`, `y`, `d`, `L`.
pub const RUNNING_COLUMNS: usize = 5;
/// Challenges drawn after the first phase: `r`, `s`, `g`, `θ`, `α`.
pub const CHALLENGES: usize = 5;
/// Pieces of the quotient polynomial (gates of degree three).
pub const QUOTIENT_PIECES: usize = 2;
/// The names of the gates, in the order in which the verifier folds them.
pub const GATES: [&str; 8] = [
    "stream",
    "position",
    "produced",
    "identity",
    "edge identity",
    "edge look-up",
    "look-up",
    "square",
];

/// Advice columns of the first phase: `q`, `x`, `m`.
const LOOKED_UP: usize = 3;

/// Relations whose gates have names, by which tests leave one out.
pub(crate) trait NamedGates: Relation {
    /// The gates of [`Relation::gates`], in that order.
    fn named<S: Arith>(&self, row: &Row<'_, S>, gate: &mut impl FnMut(&'static str, S));
}

/// The relation of tapes of some height, width and number of public values.
#[derive(Clone, Debug)]
pub struct TapeRelation {
    shape: Shape,
    width: usize,
}

impl TapeRelation {
    /// Of height `k`, `width` weight columns, `pack` columns to a pack, `values` public values with
    /// the context. The weight columns have packs of their own, so that they can be hidden, and
    /// proved to be an architecture's.
    pub fn new(k: u32, width: usize, pack: usize, values: usize, hidden: bool) -> Self {
        let group = |columns, hidden| FixedGroup { columns, hidden };
        let phase = |columns, shifted, challenges| Phase {
            columns,
            shifted,
            challenges,
        };
        Self {
            shape: Shape {
                k,
                pack,
                fixed: vec![group(FIXED_COLUMNS, false), group(width, hidden)],
                phases: vec![
                    phase(LOOKED_UP, false, CHALLENGES),
                    phase(RUNNING_COLUMNS, true, 0),
                ],
                degree: 3,
                blinding: BLINDING_ROWS,
                instance: values,
            },
            width,
        }
    }

    /// Weight columns.
    pub const fn width(&self) -> usize {
        self.width
    }
}

impl Relation for TapeRelation {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn prepare<S: Arith>(&self, challenges: Vec<S>, _: &Constants<S>) -> Prepared<S> {
        prepare(challenges, self.width)
    }

    fn gates<S: Arith>(&self, row: &Row<'_, S>, gate: &mut impl FnMut(S)) {
        tape_gates(row).into_iter().for_each(gate);
    }
}

impl NamedGates for TapeRelation {
    fn named<S: Arith>(&self, row: &Row<'_, S>, gate: &mut impl FnMut(&'static str, S)) {
        for (name, polynomial) in GATES.into_iter().zip(tape_gates(row)) {
            gate(name, polynomial);
        }
    }
}

/// The fixed columns of a tape, in the order of a key's commitments.
pub fn fixed_columns(program: &Program, tape: &Tape) -> Vec<Column> {
    let ops = tape.ops().iter().map(|op| op.point());
    let mut columns: Vec<Column> = (0..3)
        .map(|coordinate| {
            let values: Vec<i32> = ops.clone().map(|point| point[coordinate] as i32).collect();
            Column::new(values)
        })
        .collect();
    let regions = tape.regions().iter();
    let looked_up = |region: &u16| {
        if *region == SQUARE {
            0
        } else {
            (*region).into()
        }
    };
    columns.push(Column::new(
        regions.clone().map(looked_up).collect::<Vec<i32>>(),
    ));
    let squares = regions.map(|region| i32::from(*region == SQUARE));
    columns.push(Column::new(squares.collect::<Vec<_>>()));
    columns.extend(table_columns(program, tape));
    columns.extend((0..tape.width()).map(|column| tape.weight_column(column)));
    columns
}

/// `T_id`, `T_key`, `T_val`, times `σ`.
fn table_columns(program: &Program, tape: &Tape) -> [Column; 3] {
    let mut small = [(); 3].map(|()| vec![0i32; 1 + tape.table().len()]);
    let mut wide = [(); 3].map(|()| Vec::new());
    for (i, &(id, index)) in tape.table().iter().enumerate() {
        let row = i + 1;
        let sigma = tape.ops()[row].sigma() as i64;
        let (key, value) = program.regions[usize::from(id)].entry(index as usize);
        for (place, part) in [i64::from(id), key, value].into_iter().enumerate() {
            match i32::try_from(part * sigma) {
                Ok(part) => small[place][row] = part,
                Err(_) => wide[place].push((row, int(part * sigma))),
            }
        }
    }
    let mut wide = wide.into_iter();
    small.map(|small| Column::new(small).with(wide.next().unwrap_or_default()))
}

/// The columns of a phase, by row. `instance` holds the context and the public words.
pub fn phase_columns(
    phase: usize,
    challenges: &[Fr],
    program: &Program,
    tape: &Tape,
    witness: &Witness,
    instance: &[Fr],
) -> Vec<Vec<Fr>> {
    if let (1, &[r, s, g, theta, alpha]) = (phase, challenges) {
        let challenges = Challenges {
            r,
            s,
            g,
            theta,
            alpha,
        };
        return Running::new(program, tape, witness, instance, &challenges)
            .columns
            .into();
    }
    let mut q: Vec<Fr> = witness.q.iter().map(|value| int(*value)).collect();
    let mut x: Vec<Fr> = witness.x.iter().map(|value| int(*value)).collect();
    for &(row, root, square) in &witness.squares {
        q[row as usize] = root;
        x[row as usize] = square;
    }
    let m = witness.m.iter().map(|count| Fr::from(*count)).collect();
    vec![q, x, m]
}

/// What the gates see: `u v w B P` as they are, the table's entry without `α`, and the stream.
///
/// Challenges are `r, s, g, θ, α`, and after them `r^c`, `θ²`.
pub(crate) fn prepare<S: Arith>(mut challenges: Vec<S>, width: usize) -> Prepared<S> {
    let (r, theta) = (challenges[0].clone(), challenges[3].clone());
    let mut power = r.clone();
    let mut stream = Vec::with_capacity(width.saturating_sub(1));
    for column in 1..width {
        stream.push((power.clone(), FIXED_COLUMNS + column));
        power = power * r.clone();
    }
    let squared = theta.clone() * theta.clone();
    challenges.extend([power, squared.clone()]);
    let [id, key, value] = [FIXED_COLUMNS - 3, FIXED_COLUMNS - 2, FIXED_COLUMNS - 1];
    let mut seen: Vec<Seen<S>> = (0..id).map(Seen::Column).collect();
    seen.push(Seen::Sum(key, vec![(squared, id), (theta, value)]));
    seen.push(Seen::Sum(FIXED_COLUMNS, stream));
    Prepared { challenges, seen }
}

/// The eight gates, in the order of [`GATES`].
pub(crate) fn tape_gates<S: Arith>(row: &Row<'_, S>) -> [S; GATES.len()] {
    let advice = |i: usize| row.advice[i].clone();
    let [q, x, m] = [0, 1, 2].map(advice);
    let [h, s, y, d, l] = [3, 4, 5, 6, 7].map(advice);
    let [h_prev, s_prev, y_prev, d_prev, l_prev] =
        [0, 1, 2, 3, 4].map(|i: usize| row.previous[i].clone());
    let fixed = |i: usize| row.fixed[i].clone();
    let opcode = [0, 1, 2].map(fixed);
    let [region, square, listed, stream] = [3, 4, 5, 6].map(fixed);
    let challenge = |i: usize| row.challenges[i].clone();
    let [r, shift, skip, theta, alpha, r_c, theta_squared] = [0, 1, 2, 3, 4, 5, 6].map(challenge);
    let instance = row.instance.clone();

    let (one, two) = (row.constants.one.clone(), row.constants.two.clone());
    let on = |op| indicator(op, &opcode, row.constants);
    let sigma = opcode[0].clone() + opcode[1].clone() + opcode[2].clone();
    let active = one.clone() - on(Op::Off);
    let (level, edge, shifts, channel) =
        (on(Op::Level), on(Op::Edge), on(Op::Shift), on(Op::Channel));
    let opens = channel.clone() + level.clone() + edge.clone();
    let entry = alpha.clone() * sigma.clone() + listed;
    let looked_up = alpha + theta_squared * region + q.clone() + theta * x.clone();
    let shift_less_one = shift - one.clone();

    [
        // N·(h − w) = M·h', N = r^c on Back, else 1; M = 0, r^c, s, g on Restart, Next, Shift,
        // Skip, else 1.
        (active.clone() + on(Op::Back) * (r_c.clone() - one.clone())) * (h.clone() - stream)
            - (active.clone() - on(Op::Restart)
                + on(Op::Next) * (r_c - one.clone())
                + shifts.clone() * shift_less_one.clone()
                + on(Op::Skip) * (skip.clone() - one.clone()))
                * h_prev,
        // S = 1 where a channel opens, s·S' on Shift, else S'.
        active.clone() * s.clone()
            - (active - opens.clone() + shifts * shift_less_one) * s_prev
            - opens,
        // y = {r, 0, 0, 1}·y' + S·(q + instance) on Channel, Level, Edge, else (times σ).
        sigma.clone() * (y - s * (q.clone() + instance))
            - (sigma.clone() + channel * (r - one.clone())
                - (level.clone() + edge.clone()) * two.clone())
                * y_prev.clone(),
        // d = d' − x·h, with d' replaced by g·d' + y' on Level (times σ).
        sigma.clone() * (d - d_prev.clone() + x.clone() * h)
            - level * two * ((skip - one.clone()) * d_prev.clone() + y_prev),
        edge.clone() * d_prev,
        edge * l_prev.clone(),
        // L − L' = (1 − P)/looked_up − m·σ/entry.
        (l - l_prev) * entry.clone() * looked_up.clone() - (one - square.clone()) * entry
            + m * sigma * looked_up,
        square * (x - q.clone() * q),
    ]
}
