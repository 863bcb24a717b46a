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
        drop(seen);
        let mut pieces = self.split(&untangle(parts))?;
        let blinds: Vec<[Fr; 2]> = (1..pieces.len())
            .map(|_| [(); 2].map(|()| Fr::random(&mut *rng)))
            .collect();
        blind(&mut pieces, self.shape.split(), &blinds);
        Ok(pieces)
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

    /// Cuts the quotient into pieces. What has a coefficient beyond them is no quotient: the witness
    /// does not satisfy the gates.
    fn split(&self, blocks: &[Vec<Fr>]) -> Result<Vec<Vec<Fr>>, ArgumentError> {
        let n = self.shape.rows();
        let (split, count) = (self.shape.split(), self.shape.pieces());
        let end = (count - 1) * split + self.shape.slot();
        let (first, within) = ((end / n).min(blocks.len()), end % n);
        let mut beyond = blocks[first..].iter().enumerate().flat_map(|(i, block)| {
            let skipped = if i == 0 { within } else { 0 };
            block.iter().skip(skipped)
        });
        if beyond.any(|value| *value != Fr::ZERO) {
            return Err(ArgumentError::Unsatisfied);
        }
        let pieces = (0..count).map(|piece| {
            let start = (piece * split).min(blocks.len() * n);
            let length = match piece + 1 == count {
                true => self.shape.slot(),
                false => split,
            };
            let end = (start + length).min(blocks.len() * n);
            (start..end).map(|i| blocks[i / n][i % n]).collect()
        });
        Ok(pieces.collect())
    }
}

/// Blinds pieces, neighbours with the same two coefficients, which keeps `Σ X^{split·i}·piece_i`.
fn blind(pieces: &mut [Vec<Fr>], split: usize, blinds: &[[Fr; 2]]) {
    for (number, blind) in blinds.iter().enumerate() {
        for (i, blind) in blind.iter().enumerate() {
            pieces[number].resize(split + 2, Fr::ZERO);
            pieces[number][split + i] += blind;
            let above = &mut pieces[number + 1];
            let length = above.len().max(2);
            above.resize(length, Fr::ZERO);
            above[i] -= blind;
        }
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
    const CHUNK: usize = 1 << 12;
    let count = parts.len();
    let (constants, mut values): (Vec<Fr>, Vec<Vec<Fr>>) = parts.into_iter().unzip();
    let inverse = |value: Fr| value.invert().unwrap_or(Fr::ZERO);
    // block_p = c^{−p}/count · Σ_i ζ^{−ip}·remainder_i.
    let zeta = inverse(constants[0]) * constants.get(1).copied().unwrap_or(constants[0]);
    let (zeta_inverse, first) = (inverse(zeta), inverse(constants[0]));
    let share = inverse(Fr::from(count as u64));
    let factors: Vec<Vec<Fr>> = (0..count)
        .map(|p| {
            let scale = first.pow_vartime([p as u64]) * share;
            (0..count)
                .map(|i| scale * zeta_inverse.pow_vartime([(i * p) as u64]))
                .collect()
        })
        .collect();
    // Blocks take the remainders' place, a few rows at a time.
    let mut columns: Vec<_> = values.iter_mut().map(|of| of.chunks_mut(CHUNK)).collect();
    let chunks = std::iter::from_fn(|| {
        let chunk = columns.iter_mut().map(Iterator::next);
        chunk.collect::<Option<Vec<_>>>()
    });
    let chunks: Vec<Vec<&mut [Fr]>> = chunks.collect();
    chunks.into_par_iter().for_each(|mut chunk| {
        let mut remainders = vec![Fr::ZERO; count];
        for row in 0..chunk[0].len() {
            for (remainder, values) in remainders.iter_mut().zip(&chunk) {
                *remainder = values[row];
            }
            for (values, factors) in chunk.iter_mut().zip(&factors) {
                let terms = remainders.iter().zip(factors);
                values[row] = terms.map(|(remainder, factor)| *remainder * factor).sum();
            }
        }
    });
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Phase, Shape, domain::evaluate};
    use rand::{SeedableRng, rngs::StdRng};

    fn shape(pack: usize, degree: usize) -> Shape {
        Shape {
            k: 4,
            pack,
            fixed: Vec::new(),
            phases: vec![Phase {
                columns: 1,
                shifted: true,
                challenges: 0,
            }],
            degree,
            blinding: 3,
            instance: 0,
        }
    }

    /// The number of independent rows.
    fn rank(mut rows: Vec<Vec<Fr>>) -> usize {
        let mut rank = 0;
        for column in 0..rows[0].len() {
            let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != Fr::ZERO) else {
                continue;
            };
            rows.swap(rank, pivot);
            let inverse = rows[rank][column].invert().unwrap_or(Fr::ZERO);
            let (done, below) = rows.split_at_mut(rank + 1);
            for row in below {
                let factor = row[column] * inverse;
                for (value, of) in row.iter_mut().zip(&done[rank]) {
                    *value -= factor * of;
                }
            }
            rank += 1;
        }
        rank
    }

    /// What a proof shows of the pieces of a quotient: all but the first at `x`, and the packs at
    /// `τ`.
    fn seen(shape: &Shape, pieces: &[Vec<Fr>], x: Fr, tau: Fr) -> Vec<Fr> {
        let at = tau.pow_vartime([shape.pack as u64]);
        let packs = shape.packs_of_quotient().into_iter().map(|pack| {
            let pieces = pieces[pack.columns].iter().rev();
            pieces.fold(Fr::ZERO, |sum, piece| sum * tau + evaluate(piece, at))
        });
        let values = pieces[1..].iter().map(|piece| evaluate(piece, x));
        packs.chain(values).collect()
    }

    /// Everything that is seen moves independently with the blinds, so it is uniform whatever the
    /// quotient is; and their sum, which everybody computes, does not move.
    #[test]
    fn blinds_move_all_that_is_seen_of_a_quotient() {
        let mut rng = StdRng::seed_from_u64(12);
        for (pack, degree) in [2, 4, 8]
            .into_iter()
            .flat_map(|pack| (3..=9).map(move |degree| (pack, degree)))
        {
            let shape = shape(pack, degree);
            let (count, split) = (shape.pieces(), shape.split());
            let (x, tau) = (Fr::random(&mut rng), Fr::random(&mut rng));
            let moved = |number: usize, i: usize| {
                let mut pieces = vec![Vec::new(); count];
                let mut blinds = vec![[Fr::ZERO; 2]; count - 1];
                blinds[number][i] = Fr::ONE;
                blind(&mut pieces, split, &blinds);
                let step = x.pow_vartime([split as u64]);
                let whole = pieces.iter().rev();
                let whole = whole.fold(Fr::ZERO, |sum, piece| sum * step + evaluate(piece, x));
                assert_eq!(whole, Fr::ZERO);
                assert!(pieces.iter().all(|piece| piece.len() <= shape.slot()));
                seen(&shape, &pieces, x, tau)
            };
            let directions: Vec<Vec<Fr>> = (0..count - 1)
                .flat_map(|number| [moved(number, 0), moved(number, 1)])
                .collect();
            let forms = shape.packs_of_quotient().len() + count - 1;
            assert_eq!(directions[0].len(), forms);
            assert_eq!(rank(directions.clone()), forms, "{pack} {degree}");
            // One coefficient for two neighbours would not do.
            let halved: Vec<Vec<Fr>> = directions.into_iter().step_by(2).collect();
            assert!(rank(halved) < forms, "{pack} {degree}");
        }
    }

    #[test]
    fn remainders_are_untangled() {
        let mut rng = StdRng::seed_from_u64(13);
        for count in [1usize, 2, 4, 8] {
            let blocks: Vec<Vec<Fr>> = (0..count)
                .map(|_| (0..5000).map(|_| Fr::random(&mut rng)).collect())
                .collect();
            let zeta = crate::Domain::new(count.ilog2()).omega();
            let mut constant = Fr::random(&mut rng);
            let mut parts = Vec::new();
            for _ in 0..count {
                let row = |row: usize| {
                    let blocks = blocks.iter().rev();
                    blocks.fold(Fr::ZERO, |sum, block: &Vec<Fr>| sum * constant + block[row])
                };
                parts.push((constant, (0..5000).map(row).collect()));
                constant *= zeta;
            }
            assert_eq!(untangle(parts), blocks);
        }
    }
}
