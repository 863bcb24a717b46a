//! The columns and gates of a key proof.
//!
//! Every active row of every weight column is looked up: what the column holds beyond its public
//! part, `W − P`, cut into limbs, each in the range that a fixed column names. Range 0 holds zero
//! alone, so where nothing is private `W = P`.

use halo2_axiom::{
    plonk::{
        Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, SecondPhase,
        VirtualCells,
    },
    poly::Rotation,
};
use halo2curves_axiom::{bn256::Fr, ff::Field};

/// Look-ups that share a running sum. With the selector and the sum itself the gate has degree 5,
/// the largest whose quotient is computed on four times the rows.
pub(super) const SHARED: usize = 3;

/// The names of the gates.
pub const KEY_PROOF_GATES: [&str; 3] = ["first sum", "last sum", "look-ups"];

/// What the columns of a key proof depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyProofShape {
    /// Weight columns.
    pub weights: usize,
    /// The most limbs that a weight is cut into.
    pub limbs: usize,
    /// Bits of a limb that is not the highest.
    pub limb_bits: u32,
}

impl KeyProofShape {
    /// Running sums: one for every few fractions, of which the table has one more.
    pub(super) fn sums(&self) -> usize {
        (self.weights * self.limbs + 1).div_ceil(SHARED)
    }

    /// Fixed and advice columns of a proof about `weights` columns of `limbs` limbs.
    pub(super) fn columns(weights: usize, limbs: usize) -> usize {
        let shape = Self {
            weights,
            limbs,
            limb_bits: 0,
        };
        weights * (2 * limbs + 1) + shape.sums() + 7
    }
}

/// Columns and challenges.
#[derive(Clone, Debug)]
pub struct KeyProofConfig {
    /// The weight columns, as the verifying key commits to them.
    pub(super) weights: Vec<Column<Fixed>>,
    /// What is public of them, and the smallest weight where they are not.
    pub(super) public: Vec<Column<Fixed>>,
    /// The range of each limb, weight by weight.
    pub(super) ranges: Vec<Vec<Column<Fixed>>>,
    /// 1 on the tape's rows.
    pub(super) active: Column<Fixed>,
    /// 1 on all rows where sums run, the first one apart.
    pub(super) running: Column<Fixed>,
    /// 1 on row 0.
    pub(super) first: Column<Fixed>,
    /// 1 on the last row.
    pub(super) last: Column<Fixed>,
    /// `[range, value]` of the table's entry.
    pub(super) table: [Column<Fixed>; 2],
    /// All limbs but the lowest, weight by weight.
    pub(super) limbs: Vec<Vec<Column<Advice>>>,
    /// How often the table's entry is looked up.
    pub(super) count: Column<Advice>,
    /// The running sums.
    pub(super) sums: Vec<Column<Advice>>,
    /// `[θ, α]`.
    pub(super) challenges: [Challenge; 2],
    limb_bits: u32,
}

/// A summand of the look-up argument.
struct Fraction {
    numerator: Expression<Fr>,
    denominator: Expression<Fr>,
}

impl KeyProofConfig {
    /// Declares the columns and the gates, but for the one that is left out, if one is.
    pub(crate) fn configure(
        meta: &mut ConstraintSystem<Fr>,
        shape: &KeyProofShape,
        without: Option<&str>,
    ) -> Self {
        let config = Self::columns(meta, shape);
        meta.create_gate("key proof", |meta| {
            let fractions = config.fractions(meta);
            let mut sums_at = |rotation| -> Vec<_> {
                let sums = config.sums.iter();
                sums.map(|sum| meta.query_advice(*sum, rotation)).collect()
            };
            let (sums, before) = (sums_at(Rotation::cur()), sums_at(Rotation::prev()));
            let fixed = [config.first, config.last, config.running];
            let [first, last, running] = fixed.map(|c| meta.query_fixed(c, Rotation::cur()));
            let mut gates = Vec::new();
            if without != Some(KEY_PROOF_GATES[0]) {
                gates.extend(sums.iter().map(|sum| first.clone() * sum.clone()));
            }
            if without != Some(KEY_PROOF_GATES[1]) {
                let total = sums.iter().cloned().reduce(|a, b| a + b);
                gates.extend(total.map(|total| last * total));
            }
            if without != Some(KEY_PROOF_GATES[2]) {
                let steps = sums.into_iter().zip(before).map(|(now, then)| now - then);
                let shared = fractions.chunks(SHARED).zip(steps);
                gates.extend(shared.map(|(shared, step)| running.clone() * sum_up(shared, step)));
            }
            gates
        });
        config
    }

    fn columns(meta: &mut ConstraintSystem<Fr>, shape: &KeyProofShape) -> Self {
        // The weights come first: their commitments are the key's.
        let weights = (0..shape.weights).map(|_| meta.fixed_column()).collect();
        let public = (0..shape.weights).map(|_| meta.fixed_column()).collect();
        let limbs = |meta: &mut ConstraintSystem<Fr>| {
            let columns = (0..shape.limbs).map(|_| meta.fixed_column());
            columns.collect::<Vec<_>>()
        };
        let ranges = (0..shape.weights).map(|_| limbs(meta)).collect();
        let [active, running, first, last] = std::array::from_fn(|_| meta.fixed_column());
        let table = std::array::from_fn(|_| meta.fixed_column());
        let upper = |meta: &mut ConstraintSystem<Fr>| {
            let columns = (1..shape.limbs).map(|_| meta.advice_column_in(FirstPhase));
            columns.collect::<Vec<_>>()
        };
        let limbs = (0..shape.weights).map(|_| upper(meta)).collect();
        let count = meta.advice_column_in(FirstPhase);
        let sums = (0..shape.sums()).map(|_| meta.advice_column_in(SecondPhase));
        let sums = sums.collect();
        let challenges = std::array::from_fn(|_| meta.challenge_usable_after(FirstPhase));
        Self {
            weights,
            public,
            ranges,
            active,
            running,
            first,
            last,
            table,
            limbs,
            count,
            sums,
            challenges,
            limb_bits: shape.limb_bits,
        }
    }

    /// One fraction for each limb of each weight, and one for the table.
    fn fractions(&self, meta: &mut VirtualCells<'_, Fr>) -> Vec<Fraction> {
        let [theta, alpha] = self
            .challenges
            .map(|challenge| meta.query_challenge(challenge));
        let active = meta.query_fixed(self.active, Rotation::cur());
        let mut fractions = Vec::new();
        let mut look_up = |numerator, range: Expression<Fr>, value: Expression<Fr>| {
            fractions.push(Fraction {
                numerator,
                denominator: alpha.clone() + theta.clone() * range + value,
            });
        };
        for (number, weight) in self.weights.iter().enumerate() {
            let upper = self.limbs[number].iter();
            let upper = upper.map(|limb| meta.query_advice(*limb, Rotation::cur()));
            let upper: Vec<_> = upper.collect();
            let mut lowest = meta.query_fixed(*weight, Rotation::cur())
                - meta.query_fixed(self.public[number], Rotation::cur());
            let base = Fr::from(1 << self.limb_bits);
            let mut power = base;
            for limb in &upper {
                lowest = lowest - limb.clone() * Expression::Constant(power);
                power *= base;
            }
            let limbs = std::iter::once(lowest).chain(upper);
            for (range, limb) in self.ranges[number].iter().zip(limbs) {
                let range = meta.query_fixed(*range, Rotation::cur());
                look_up(active.clone(), range, limb);
            }
        }
        let count = meta.query_advice(self.count, Rotation::cur());
        let [range, value] = self.table.map(|c| meta.query_fixed(c, Rotation::cur()));
        look_up(-count, range, value);
        fractions
    }
}

/// Zero where `step` is the sum of the fractions, of which no denominator is zero.
fn sum_up(fractions: &[Fraction], step: Expression<Fr>) -> Expression<Fr> {
    let product = |without: Option<usize>| {
        let denominators = fractions.iter().enumerate();
        let others = denominators.filter(|(number, _)| Some(*number) != without);
        others
            .map(|(_, fraction)| fraction.denominator.clone())
            .reduce(|a, b| a * b)
            .unwrap_or(Expression::Constant(Fr::ONE))
    };
    let summands = fractions
        .iter()
        .enumerate()
        .map(|(number, fraction)| fraction.numerator.clone() * product(Some(number)));
    summands.fold(step * product(None), |rest, summand| rest - summand)
}
