//! The opening: SHPLONK over packs, in coefficients.
//!
//! `P = Σ_j T^j·f_j(T^t)` leaves `Σ_j T^j·f_j(x)` modulo `T^t − x`, and lines in `T^t` modulo
//! `(T^t − x)(T^t − ω⁻¹x)`; quotients are computed slot by slot.

use super::{Run, hidden::Blinds};
use crate::{ArgumentError, Relation};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use rayon::prelude::*;

/// Slots of a combination of packs.
type Slots = Vec<Vec<Fr>>;

impl<R: Relation> Run<'_, R> {
    /// Writes the two opening commitments.
    pub(super) fn open(
        &mut self,
        pieces: &[Vec<Fr>],
        blinds: &Blinds,
        fold: Fr,
        x: Fr,
    ) -> Result<(), ArgumentError> {
        let t = self.shape.pack;
        let back = x * self.domain.omega_inverse();
        let gamma = self.transcript.squeeze();
        let (plain, shifted) = self.combine(pieces, blinds, fold, x, gamma);

        let quotients: Slots = plain
            .par_iter()
            .zip(&shifted)
            .map(|(plain, shifted)| {
                let mut quotient = divide(plain, x);
                for (sum, value) in quotient.iter_mut().zip(divide(&divide(shifted, x), back)) {
                    *sum += value;
                }
                quotient
            })
            .collect();
        let first = self.powers.commit(t, &quotients)?;
        self.transcript.write_points(&[first]);

        let z = self.transcript.squeeze();
        let at = z.pow_vartime([t as u64]);
        let scale = (at - back).invert().unwrap_or(Fr::ZERO);
        let vanishing = at - x;
        let length = plain.iter().map(Vec::len).max().unwrap_or(0);
        let mut combined = vec![Fr::ZERO; length * t];
        combined
            .par_chunks_mut(t)
            .enumerate()
            .with_min_len(1 << 10)
            .for_each(|(i, values)| {
                let of = |slots: &Slots, j: usize| slots[j].get(i).copied().unwrap_or(Fr::ZERO);
                for (j, value) in values.iter_mut().enumerate() {
                    *value =
                        of(&plain, j) + of(&shifted, j) * scale - of(&quotients, j) * vanishing;
                }
            });
        let second = self.powers.commit(1, &[divide(&combined, z)])?;
        self.transcript.write_points(&[second]);
        Ok(())
    }

    /// `Σ γ^i·P_i` over the packs that are opened at `x` alone, and over those that are opened one
    /// row back as well; the powers of the second follow those of the first.
    fn combine(
        &self,
        pieces: &[Vec<Fr>],
        blinds: &Blinds,
        fold: Fr,
        x: Fr,
        gamma: Fr,
    ) -> (Slots, Slots) {
        let shape = self.shape;
        let n = shape.rows();
        let mut plain: Slots = vec![vec![Fr::ZERO; shape.slot()]; shape.pack];
        let mut shifted: Slots = vec![vec![Fr::ZERO; n]; shape.pack];
        let advice = (0..shape.phases.len()).flat_map(|phase| shape.packs_of_phase(phase));
        let (of_shifted, of_plain): (Vec<_>, Vec<_>) = advice.partition(|pack| pack.special);
        let mut power = Fr::ONE;
        let mut next = || {
            let now = power;
            power *= gamma;
            now
        };

        for pack in of_plain {
            add(&mut plain, &self.advice[pack.columns], next());
        }
        // Fixed columns are added by row, and transformed together.
        let mut rows: Slots = vec![vec![Fr::ZERO; n]; shape.pack];
        let mut blinded: Vec<(Fr, &[Vec<Fr>])> = Vec::new();
        let mut hidden = blinds.iter();
        for pack in shape.packs_of_fixed() {
            let factor = next();
            let columns = &self.key.columns[pack.columns];
            rows.par_iter_mut()
                .zip(columns)
                .for_each(|(rows, column)| column.add_to(rows, factor));
            if pack.special {
                blinded.extend(hidden.next().map(|(_, slots)| (factor, slots)));
            }
        }
        rows.par_iter_mut()
            .for_each(|rows| self.domain.coefficients(rows));
        add(&mut plain, &rows, Fr::ONE);
        for pack in shape.packs_of_quotient() {
            add(&mut plain, &pieces[pack.columns], next());
        }
        if shape.hides() {
            // (X^n − 1)·b_i of each pack, and of the link (X^n − x^n)·Σ fold^i·b_i.
            for (factor, slots) in blinded {
                add_multiple(&mut plain, slots, factor, n, Fr::ONE);
            }
            let at = x.pow_vartime([n as u64]);
            add_multiple(&mut plain, &blinds.combined(fold), next(), n, at);
        }
        for pack in of_shifted {
            add(&mut shifted, &self.advice[pack.columns], next());
        }
        (plain, shifted)
    }
}

/// Adds multiples of slots.
fn add(sums: &mut [Vec<Fr>], slots: &[Vec<Fr>], factor: Fr) {
    sums.par_iter_mut().zip(slots).for_each(|(sum, slot)| {
        sum.par_iter_mut()
            .zip(slot)
            .with_min_len(1 << 12)
            .for_each(|(sum, value)| *sum += *value * factor);
    });
}

/// Adds multiples of `(X^n − constant)·b` for every slot's `b`.
fn add_multiple(sums: &mut [Vec<Fr>], slots: &[Vec<Fr>], factor: Fr, n: usize, constant: Fr) {
    for (sum, slot) in sums.iter_mut().zip(slots) {
        for (i, value) in slot.iter().enumerate() {
            sum[i] -= *value * factor * constant;
            sum[n + i] += *value * factor;
        }
    }
}

/// The quotient by `X − point`, whatever remains.
fn divide(coefficients: &[Fr], point: Fr) -> Vec<Fr> {
    let mut quotient = vec![Fr::ZERO; coefficients.len().saturating_sub(1)];
    let mut carried = Fr::ZERO;
    for (slot, coefficient) in quotient.iter_mut().zip(&coefficients[1..]).rev() {
        carried = carried * point + coefficient;
        *slot = carried;
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evaluate;

    #[test]
    fn what_is_divided_leaves_its_value() {
        let coefficients: Vec<Fr> = [7u64, 3, 0, 5].map(Fr::from).to_vec();
        let (point, at) = (Fr::from(11), Fr::from(1_000_003));
        let quotient = divide(&coefficients, point);
        let expected = evaluate(&quotient, at) * (at - point) + evaluate(&coefficients, point);
        assert_eq!(evaluate(&coefficients, at), expected);
        assert!(divide(&[Fr::ONE], point).is_empty());
    }
}
