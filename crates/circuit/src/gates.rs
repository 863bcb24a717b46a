//! The columns and the eight gates of the tape. See `docs/soundness.md` for the argument they add
//! up to.

use crate::opcode::Op;
use halo2_axiom::{
    plonk::{
        Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, Instance,
        SecondPhase, VirtualCells,
    },
    poly::Rotation,
};
use halo2curves_axiom::{bn256::Fr, ff::Field};

/// Fixed columns besides the `c` weight columns.
pub const FIXED_COLUMNS: usize = 8;
/// Advice columns.
pub const ADVICE_COLUMNS: usize = 8;
/// Advice columns that are also opened one row back.
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

/// Columns and challenges of a tape of some width.
#[derive(Clone, Debug)]
pub struct TapeConfig {
    /// `[u, v, w]`, the opcode's lattice point.
    pub opcode: [Column<Fixed>; 3],
    /// Which region of the table the row's look-up must hit.
    pub region: Column<Fixed>,
    /// 1 where the row squares, `x = q²`, instead of looking anything up.
    pub square: Column<Fixed>,
    /// `[region, key, value]` of the table entry on this row, multiplied by `σ`.
    pub table: [Column<Fixed>; 3],
    /// `c` weights, the coefficient of `r^j` in column `j`.
    pub weights: Vec<Column<Fixed>>,
    /// Key of the look-up: a part of a pre-activation.
    pub q: Column<Advice>,
    /// Value of the look-up: an activation, an input or zero.
    pub x: Column<Advice>,
    /// How often the table entry on this row is looked up.
    pub m: Column<Advice>,
    /// The weight stream.
    pub h: Column<Advice>,
    /// The position weight `S`.
    pub s: Column<Advice>,
    /// What the level's cells so far produced.
    pub y: Column<Advice>,
    /// The identity: produced minus consumed.
    pub d: Column<Advice>,
    /// The look-up argument's running sum.
    pub l: Column<Advice>,
    /// Public words; row 0 holds the context.
    pub instance: Column<Instance>,
    /// `[r, s, g, θ, α]`.
    pub challenges: [Challenge; CHALLENGES],
}

impl TapeConfig {
    /// Declares the columns and the gates for `width` weight columns.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, width: usize) -> Self {
        let config = Self::columns(meta, width);
        config.gates(meta, None);
        config
    }

    /// Declares what [`Self::configure`] does but for one gate, for the tests that show each gate
    /// to be load-bearing.
    #[cfg(feature = "test-gates")]
    pub fn configure_without(meta: &mut ConstraintSystem<Fr>, width: usize, gate: &str) -> Self {
        let config = Self::columns(meta, width);
        config.gates(meta, Some(gate));
        config
    }

    fn columns(meta: &mut ConstraintSystem<Fr>, width: usize) -> Self {
        let opcode = [
            meta.fixed_column(),
            meta.fixed_column(),
            meta.fixed_column(),
        ];
        let region = meta.fixed_column();
        let square = meta.fixed_column();
        let table = [
            meta.fixed_column(),
            meta.fixed_column(),
            meta.fixed_column(),
        ];
        let weights = (0..width).map(|_| meta.fixed_column()).collect();
        let [q, x, m] = std::array::from_fn(|_| meta.advice_column_in(FirstPhase));
        let [h, s, y, d, l] = std::array::from_fn(|_| meta.advice_column_in(SecondPhase));
        let instance = meta.instance_column();
        let challenges = std::array::from_fn(|_| meta.challenge_usable_after(FirstPhase));
        Self {
            opcode,
            region,
            square,
            table,
            weights,
            q,
            x,
            m,
            h,
            s,
            y,
            d,
            l,
            instance,
            challenges,
        }
    }

    fn gates(&self, meta: &mut ConstraintSystem<Fr>, without: Option<&str>) {
        meta.create_gate("tape", |meta| {
            GATES
                .into_iter()
                .zip(Queried::new(self, meta).polynomials())
                .filter(|(name, _)| Some(*name) != without)
                .collect::<Vec<_>>()
        });
    }
}

/// What the gates see of a row and of the running columns one row back (`…_prev`).
struct Queried {
    q: Expression<Fr>,
    x: Expression<Fr>,
    m: Expression<Fr>,
    /// The running columns `[h, S, y, d, L]` on this row.
    running: [Expression<Fr>; RUNNING_COLUMNS],
    /// The running columns `[h', S', y', d', L']` on the row before.
    running_prev: [Expression<Fr>; RUNNING_COLUMNS],
    opcode: [Expression<Fr>; 3],
    region: Expression<Fr>,
    square: Expression<Fr>,
    table: [Expression<Fr>; 3],
    weights: Vec<Expression<Fr>>,
    instance: Expression<Fr>,
    challenges: [Expression<Fr>; CHALLENGES],
}

impl Queried {
    /// Queries everything. The order of these queries is the order of the evaluations in the proof.
    fn new(config: &TapeConfig, meta: &mut VirtualCells<'_, Fr>) -> Self {
        let [q, x, m] =
            [config.q, config.x, config.m].map(|column| meta.query_advice(column, Rotation::cur()));
        let columns = [config.h, config.s, config.y, config.d, config.l];
        let running = columns.map(|column| meta.query_advice(column, Rotation::cur()));
        let running_prev = columns.map(|column| meta.query_advice(column, Rotation::prev()));
        let mut fixed = |column| meta.query_fixed(column, Rotation::cur());
        let opcode = config.opcode.map(&mut fixed);
        let region = fixed(config.region);
        let square = fixed(config.square);
        let table = config.table.map(&mut fixed);
        let weights = config.weights.iter().copied().map(fixed).collect();
        Self {
            q,
            x,
            m,
            running,
            running_prev,
            opcode,
            region,
            square,
            table,
            weights,
            instance: meta.query_instance(config.instance, Rotation::cur()),
            challenges: config
                .challenges
                .map(|challenge| meta.query_challenge(challenge)),
        }
    }

    /// The gates, in the order of [`GATES`].
    fn polynomials(self) -> [Expression<Fr>; GATES.len()] {
        let Self { q, x, m, .. } = self;
        let [h, s, y, d, l] = self.running;
        let [h_prev, s_prev, y_prev, d_prev, l_prev] = self.running_prev;
        let [id, key, value] = self.table;
        let [r, shift, skip, theta, alpha] = self.challenges;
        let (region, square, instance) = (self.region, self.square, self.instance);

        let one = Expression::Constant(Fr::ONE);
        let two = Expression::Constant(Fr::from(2));
        let on = |op| indicator(op, &self.opcode);
        let sigma = self
            .opcode
            .iter()
            .cloned()
            .reduce(|a, b| a + b)
            .unwrap_or(Expression::Constant(Fr::ZERO));
        let active = one.clone() - on(Op::Off);

        // w = Σ_j W_j·r^j by Horner and r^c by squaring: halo2's prover evaluates these products on
        // every row.
        let r_c = power(&r, self.weights.len());
        let stream = self
            .weights
            .into_iter()
            .rev()
            .reduce(|sum, weight| sum * r.clone() + weight)
            .unwrap_or(Expression::Constant(Fr::ZERO));

        let opens = on(Op::Channel) + on(Op::Level) + on(Op::Edge);
        let entry = alpha.clone() * sigma.clone()
            + theta.clone() * theta.clone() * id
            + key
            + theta.clone() * value;
        let looked_up =
            alpha + theta.clone() * theta.clone() * region + q.clone() + theta * x.clone();

        [
            // N·(h − w) = M·h', N = r^c on Back, else 1; M = 0, r^c, s, g on Restart, Next, Shift,
            // Skip, else 1.
            (active.clone() + on(Op::Back) * (r_c.clone() - one.clone())) * (h.clone() - stream)
                - (active.clone() - on(Op::Restart)
                    + on(Op::Next) * (r_c - one.clone())
                    + on(Op::Shift) * (shift.clone() - one.clone())
                    + on(Op::Skip) * (skip.clone() - one.clone()))
                    * h_prev,
            // S = 1 where a channel opens, s·S' on Shift, else S'.
            active.clone() * s.clone()
                - (active - opens.clone() + on(Op::Shift) * (shift - one.clone())) * s_prev
                - opens,
            // y = {r, 0, 0, 1}·y' + S·(q + instance) on Channel, Level, Edge, else (times σ).
            sigma.clone() * (y - s * (q.clone() + instance))
                - (sigma.clone() + on(Op::Channel) * (r - one.clone())
                    - on(Op::Level) * two.clone()
                    - on(Op::Edge) * two.clone())
                    * y_prev.clone(),
            // d = d' − x·h, with d' replaced by g·d' + y' on Level (times σ).
            sigma.clone() * (d - d_prev.clone() + x.clone() * h)
                - on(Op::Level) * two * ((skip - one.clone()) * d_prev.clone() + y_prev),
            on(Op::Edge) * d_prev,
            on(Op::Edge) * l_prev.clone(),
            // L − L' = (1 − P)/looked_up − m·σ/entry.
            (l - l_prev) * entry.clone() * looked_up.clone() - (one - square.clone()) * entry
                + m * sigma * looked_up,
            square * (x - q.clone() * q),
        ]
    }
}

/// `base^exponent` with as few products as squaring allows.
fn power(base: &Expression<Fr>, exponent: usize) -> Expression<Fr> {
    match exponent {
        0 => Expression::Constant(Fr::ONE),
        1 => base.clone(),
        _ => {
            let half = power(base, exponent / 2);
            let square = half.clone() * half;
            if exponent % 2 == 1 {
                square * base.clone()
            } else {
                square
            }
        }
    }
}

/// The indicator polynomial of an opcode: one at its lattice point, zero at the nine others.
fn indicator(op: Op, [u, v, w]: &[Expression<Fr>; 3]) -> Expression<Fr> {
    let half = Fr::from(2).invert().unwrap_or(Fr::ZERO);
    let one = || Expression::Constant(Fr::ONE);
    let two = || Expression::Constant(Fr::from(2));
    let sigma = || u.clone() + v.clone() + w.clone();
    let pair = |a: &Expression<Fr>| a.clone() * (a.clone() - one()) * half;
    let single = |a: &Expression<Fr>| a.clone() * (two() - sigma());
    match op {
        Op::Off => (one() - sigma()) * (two() - sigma()) * half,
        Op::Hold => single(u),
        Op::Next => single(v),
        Op::Channel => single(w),
        Op::Restart => pair(u),
        Op::Back => pair(v),
        Op::Level => pair(w),
        Op::Shift => u.clone() * v.clone(),
        Op::Skip => u.clone() * w.clone(),
        Op::Edge => v.clone() * w.clone(),
    }
}
