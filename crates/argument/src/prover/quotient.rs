//! The quotient: the gates folded by powers of one challenge, over `X^n − 1`.
//!
//! A gate of degree `d` leaves less than `(d − 1)·n` coefficients, so its values on that many cosets
//! of the domain determine it. On a coset `s·ω^i` the divisor is the constant `s^n − 1`.
//!
//! The quotient is cut into pieces of `n − 2` coefficients, and neighbours share a random polynomial
//! of two: `H_i + X^{n−2}·b_i − b_{i−1}`. What a proof shows are the packs at `τ` and all pieces but
//! the first at `x`; as each pack but perhaps the last has two neighbours, these are as many
//! independent forms of the `b_i` (values at two points of a line are independent), so that they are
//! uniform whatever the quotient is, given its value at `x`, which everybody computes.

use super::{Run, hidden::Blinds};
use crate::{ArgumentError, Column, Constants, Prepared, Relation, Row, Seen};
use halo2curves_axiom::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use rand::RngCore;
use rayon::prelude::*;

impl<R: Relation> Run<'_, R> {
    /// The pieces of the quotient, blinded.
    pub(super) fn quotient(
        &self,
        prepared: &Prepared<Fr>,
        constants: &Constants<Fr>,
        blinds: &Blinds,
        fold: Fr,
        rng: &mut impl RngCore,
    ) -> Result<Vec<Vec<Fr>>, ArgumentError> {
        let n = self.shape.rows();
        let cosets = (self.shape.degree - 1).next_power_of_two();
        let seen = self.seen(prepared, blinds);
        // s_i = g·ω'^i with ω' of order cosets·n: the cosets of the domain in a coset of a larger
        // one.
        let step = crate::Domain::new(self.shape.k + cosets.ilog2()).omega();
        let mut shift = Fr::MULTIPLICATIVE_GENERATOR;
        let mut parts = Vec::with_capacity(cosets);
        for _ in 0..cosets {
            let mut values = self.on_coset(&seen, prepared, constants, fold, shift);
            let divisor = shift.pow_vartime([n as u64]);
            let inverse = (divisor - Fr::ONE).invert().unwrap_or(Fr::ZERO);
            values.par_iter_mut().for_each(|value| *value *= inverse);
            let back = shift.invert().unwrap_or(Fr::ZERO);
            self.domain.coefficients_from_coset(&mut values, back);
            parts.push((divisor, values));
            shift *= step;
        }
        let blocks = untangle(parts);
        self.split(blocks, rng)
    }

    /// Coefficients of what gates see of fixed columns.
    fn seen(&self, prepared: &Prepared<Fr>, blinds: &Blinds) -> Vec<Vec<Fr>> {
        let n = self.shape.rows();
        prepared
            .seen
            .par_iter()
            .map(|seen| {
                let mut values = vec![Fr::ZERO; n];
                let mut blind = vec![Fr::ZERO; 2];
                let mut add = |column: usize, factor: Fr| {
                    Column::add_to(&self.key.columns[column], &mut values, factor);
                    let hidden = blinds.of_columns().find(|(hidden, _)| *hidden == column);
                    for (sum, value) in blind.iter_mut().zip(hidden.map_or(&[][..], |it| it.1)) {
                        *sum += factor * value;
                    }
                };
                match seen {
                    Seen::Column(column) => add(*column, Fr::ONE),
                    Seen::Sum(first, rest) => {
                        add(*first, Fr::ONE);
                        rest.iter()
                            .for_each(|(factor, column)| add(*column, *factor));
                    }
                }
                self.domain.coefficients(&mut values);
                if self.shape.hides() {
                    for (i, value) in blind.into_iter().enumerate() {
                        values[i] -= value;
                        values.push(value);
                    }
                }
                values
            })
            .collect()
    }

    /// The folded gates on a coset.
    fn on_coset(
        &self,
        seen: &[Vec<Fr>],
        prepared: &Prepared<Fr>,
        constants: &Constants<Fr>,
        fold: Fr,
        shift: Fr,
    ) -> Vec<Fr> {
        let transform = |columns: &[Vec<Fr>]| -> Vec<Vec<Fr>> {
            let columns = columns.par_iter();
            columns
                .map(|column| self.domain.values_on_coset(column, shift))
                .collect()
        };
        let fixed = transform(seen);
        let advice = transform(&self.advice);
        let instance = self.domain.values_on_coset(&self.instance, shift);
        let shifted = &advice[advice.len() - self.shape.shifted_columns()..];
        let n = self.shape.rows();
        const CHUNK: usize = 1 << 10;
        let mut folded = vec![Fr::ZERO; n];
        folded
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, folded)| {
                let mut at = [
                    vec![Fr::ZERO; fixed.len()],
                    vec![Fr::ZERO; advice.len()],
                    vec![Fr::ZERO; shifted.len()],
                ];
                for (i, sum) in folded.iter_mut().enumerate() {
                    let row = chunk * CHUNK + i;
                    let before = (row + n - 1) % n;
                    let [fixed_at, advice_at, previous_at] = &mut at;
                    load(fixed_at, &fixed, row);
                    load(advice_at, &advice, row);
                    load(previous_at, shifted, before);
                    let row = Row {
                        fixed: fixed_at,
                        advice: advice_at,
                        previous: previous_at,
                        instance: &instance[row],
                        challenges: &prepared.challenges,
                        constants,
                    };
                    self.relation
                        .gates(&row, &mut |gate| *sum = *sum * fold + gate);
                }
            });
        folded
    }

    /// Cuts the quotient into blinded pieces. What has a coefficient beyond them is no quotient: the
    /// witness does not satisfy the gates.
    fn split(
        &self,
        blocks: Vec<Vec<Fr>>,
        rng: &mut impl RngCore,
    ) -> Result<Vec<Vec<Fr>>, ArgumentError> {
        let (split, count) = (self.shape.split(), self.shape.pieces());
        let coefficients = blocks.concat();
        let end = (count - 1) * split + self.shape.slot();
        let beyond = coefficients.iter().skip(end);
        if beyond.into_iter().any(|value| *value != Fr::ZERO) {
            return Err(ArgumentError::Unsatisfied);
        }
        let mut pieces: Vec<Vec<Fr>> = (0..count)
            .map(|piece| {
                let start = (piece * split).min(coefficients.len());
                let length = match piece + 1 == count {
                    true => self.shape.slot(),
                    false => split,
                };
                coefficients[start..(start + length).min(coefficients.len())].to_vec()
            })
            .collect();
        for upper in 1..count {
            for i in 0..2 {
                let blind = Fr::random(&mut *rng);
                pieces[upper - 1].resize(split + 2, Fr::ZERO);
                pieces[upper - 1][split + i] += blind;
                pieces[upper][i] -= blind;
            }
        }
        Ok(pieces)
    }
}

fn load(into: &mut [Fr], columns: &[Vec<Fr>], row: usize) {
    for (value, column) in into.iter_mut().zip(columns) {
        *value = column[row];
    }
}

/// Blocks of `n` coefficients of a polynomial from its remainders modulo `X^n − c_i`: remainder `i`
/// is `Σ_p c_i^p·block_p`. The `c_i` are `c·ζ^i` with `ζ` of order as many as there are.
fn untangle(parts: Vec<(Fr, Vec<Fr>)>) -> Vec<Vec<Fr>> {
    let count = parts.len();
    let constants: Vec<Fr> = parts.iter().map(|(constant, _)| *constant).collect();
    let inverse = |value: Fr| value.invert().unwrap_or(Fr::ZERO);
    // block_p = c^{−p}/count · Σ_i ζ^{−ip}·remainder_i.
    let zeta = inverse(constants[0]) * constants.get(1).copied().unwrap_or(constants[0]);
    let (zeta_inverse, first) = (inverse(zeta), inverse(constants[0]));
    let share = inverse(Fr::from(count as u64));
    let block = |p: usize| {
        let scale = first.pow_vartime([p as u64]) * share;
        let factors: Vec<Fr> = (0..count)
            .map(|i| scale * zeta_inverse.pow_vartime([(i * p) as u64]))
            .collect();
        let rows = (0..parts[0].1.len()).into_par_iter().with_min_len(1 << 12);
        rows.map(|row| {
            let terms = parts.iter().zip(&factors);
            terms
                .map(|((_, values), factor)| values[row] * factor)
                .sum()
        })
        .collect()
    };
    (0..count).map(block).collect()
}
