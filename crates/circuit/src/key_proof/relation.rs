//! The columns and gates of a key proof.
//!
//! Every active row of every weight column is looked up: what the column holds beyond its public
//! part, `W − P`, cut into limbs, each in the range that a fixed column names. Range 0 holds zero
//! alone, so where nothing is private `W = P`.

use crate::{relation::NamedGates, tape::BLINDING_ROWS};
use std::ops::Range;
use verdict_argument::{Arith, Constants, FixedGroup, Phase, Prepared, Relation, Row, Seen, Shape};

/// Look-ups that share a running sum. With the selector and the sum itself the gate has degree 5,
/// the largest whose quotient is computed on four times the rows.
pub(super) const SHARED: usize = 3;

/// Fixed columns that belong to no weight column: active, running, first, last, and the table's two.
const COMMON: usize = 6;
/// What gates see of them, after what they see of weight columns: 1 on the tape's rows is the first.
const RUNNING: usize = 1;
/// 1 on row 0.
const FIRST: usize = 2;
/// 1 on the last row where sums run.
const LAST: usize = 3;
/// `value + θ·range` of the table's entry.
const TABLE: usize = 4;

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
    /// Look-ups of weights; the table has one fraction more.
    pub(super) fn looked(&self) -> usize {
        self.weights * self.limbs
    }

    /// Running sums: one for every few fractions.
    pub(super) fn sums(&self) -> usize {
        (self.looked() + 1).div_ceil(SHARED)
    }

    /// The fractions that a running sum adds up; the last of all is the table's.
    pub(super) fn shared(&self, sum: usize) -> Range<usize> {
        sum * SHARED..(self.looked() + 1).min((sum + 1) * SHARED)
    }

    /// Limbs above the lowest, and how often entries are looked up.
    fn first_phase(&self) -> usize {
        self.looked() - self.weights + 1
    }

    /// Public parts, ranges, and what belongs to no weight column.
    pub(super) fn public(&self) -> usize {
        self.weights + self.looked() + COMMON
    }

    /// Polynomials that the prover transforms.
    pub(super) fn polynomials(&self) -> usize {
        self.looked() + COMMON - 1 + self.first_phase() + self.sums()
    }
}

/// The relation of key proofs of some height, pack and shape.
///
/// The weight columns are the first group of fixed columns, in the key's own packs; all others are
/// the second. There are no public values.
#[derive(Clone, Debug)]
pub struct KeyProofRelation {
    shape: Shape,
    part: KeyProofShape,
}

impl KeyProofRelation {
    pub(super) fn new(k: u32, pack: usize, part: KeyProofShape) -> Self {
        let group = |columns| FixedGroup {
            columns,
            hidden: false,
        };
        let phase = |columns, shifted, challenges| Phase {
            columns,
            shifted,
            challenges,
        };
        let most = (0..part.sums()).map(|sum| part.shared(sum).len()).max();
        Self {
            shape: Shape {
                k,
                pack,
                fixed: vec![group(part.weights), group(part.public())],
                phases: vec![
                    phase(part.first_phase(), false, 2),
                    phase(part.sums(), true, 0),
                ],
                // Selector, step and as many denominators.
                degree: (2 + most.unwrap_or(0)).max(3),
                blinding: BLINDING_ROWS,
                instance: 0,
            },
            part,
        }
    }

    /// What the columns depend on besides height and pack.
    pub fn part(&self) -> &KeyProofShape {
        &self.part
    }
}

impl Relation for KeyProofRelation {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Challenges are `θ, α`, and after them the weights of limbs above the lowest.
    ///
    /// Seen are, weight by weight, `W − P + θ·range` of the lowest limb and the ranges of the others;
    /// then active, running, first, last, and the table's `value + θ·range`.
    fn prepare<S: Arith>(&self, mut challenges: Vec<S>, constants: &Constants<S>) -> Prepared<S> {
        let KeyProofShape {
            weights,
            limbs,
            limb_bits,
        } = self.part;
        let theta = challenges[0].clone();
        let two = &constants.two;
        let base = (1..limb_bits).fold(two.clone(), |power, _| power * two.clone());
        let mut power = base.clone();
        for _ in 1..limbs {
            challenges.push(power.clone());
            power = power * base.clone();
        }
        let mut seen = Vec::new();
        for weight in 0..weights {
            let ranges = 2 * weights + weight * limbs;
            let rest = vec![
                (-constants.one.clone(), weights + weight),
                (theta.clone(), ranges),
            ];
            seen.push(Seen::Sum(weight, rest));
            seen.extend((1..limbs).map(|limb| Seen::Column(ranges + limb)));
        }
        let common = 2 * weights + self.part.looked();
        seen.extend((common..common + TABLE).map(Seen::Column));
        let [range, value] = [common + TABLE, common + TABLE + 1];
        seen.push(Seen::Sum(value, vec![(theta, range)]));
        Prepared { challenges, seen }
    }

    fn gates<S: Arith>(&self, row: &Row<'_, S>, gate: &mut impl FnMut(S)) {
        self.named(row, &mut |_, polynomial| gate(polynomial));
    }
}

impl NamedGates for KeyProofRelation {
    fn named<S: Arith>(&self, row: &Row<'_, S>, gate: &mut impl FnMut(&'static str, S)) {
        let [first_sum, last_sum, look_ups] = KEY_PROOF_GATES;
        let part = &self.part;
        let [running, first, last] =
            [RUNNING, FIRST, LAST].map(|i: usize| row.fixed[part.looked() + i].clone());
        let sums = &row.advice[part.first_phase()..];
        for sum in sums {
            gate(first_sum, first.clone() * sum.clone());
        }
        if let Some(total) = sums.iter().cloned().reduce(|a, b| a + b) {
            gate(last_sum, last * total);
        }
        for (number, (now, before)) in sums.iter().zip(row.previous).enumerate() {
            let fractions = part.shared(number).map(|number| self.fraction(row, number));
            let sum = fractions.reduce(|(a, b), (c, d)| (a * d.clone() + c * b.clone(), b * d));
            if let Some((numerator, denominator)) = sum {
                let step = now.clone() - before.clone();
                gate(look_ups, running.clone() * (step * denominator - numerator));
            }
        }
    }
}

impl KeyProofRelation {
    /// A summand of the look-up argument: numerator and denominator.
    fn fraction<S: Arith>(&self, row: &Row<'_, S>, number: usize) -> (S, S) {
        let KeyProofShape { weights, limbs, .. } = self.part;
        let looked = self.part.looked();
        let [theta, alpha] = [0, 1].map(|i: usize| row.challenges[i].clone());
        if number == looked {
            let count = row.advice[looked - weights].clone();
            return (-count, alpha + row.fixed[looked + TABLE].clone());
        }
        let (weight, limb) = (number / limbs, number % limbs);
        let upper = &row.advice[weight * (limbs - 1)..][..limbs - 1];
        let seen = row.fixed[number].clone();
        let denominator = match limb.checked_sub(1) {
            Some(limb) => alpha + theta * seen + upper[limb].clone(),
            // What the upper limbs leave of the weight.
            None => upper
                .iter()
                .zip(&row.challenges[2..])
                .fold(alpha + seen, |rest, (limb, power)| {
                    rest - limb.clone() * power.clone()
                }),
        };
        (row.fixed[looked].clone(), denominator)
    }
}
