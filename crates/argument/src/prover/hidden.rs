//! Hidden packs, blinded again in every proof: `P̂ = P + (T^{tn} − 1)·b(T)`.
//!
//! On the domain nothing changes. What a proof shows of a pack of `t` columns are `P̂(τ)` and the
//! columns' values at `x`, `t + 1` forms of the `t + 1` coefficients of `b`: one in every slot, and
//! one more in the first. The map from coefficients to forms is one-to-one unless `x = τ^t` or
//! either is in the domain, so what is seen is uniform whatever the columns are.

use super::Powers;
use crate::{ArgumentError, ProvingKey, Shape, shape::Pack};
use halo2curves_axiom::{
    bn256::{Fr, G1},
    ff::Field,
};
use rand::RngCore;

/// Blinding polynomials of all hidden packs, slot by slot: two coefficients in the first slot, one
/// in each other.
pub(super) struct Blinds(Vec<(usize, Pack, Vec<Vec<Fr>>)>);

impl Blinds {
    pub(super) fn draw(shape: &Shape, rng: &mut impl RngCore) -> Self {
        let packs = shape.packs_of_fixed().into_iter().enumerate();
        let blinds = packs
            .filter(|(_, pack)| pack.special)
            .map(|(number, pack)| {
                let lengths = (0..pack.columns.len()).map(|slot| 1 + usize::from(slot == 0));
                let slots = lengths
                    .map(|length| (0..length).map(|_| Fr::random(&mut *rng)).collect())
                    .collect();
                (number, pack, slots)
            });
        Self(blinds.collect())
    }

    /// The blinding polynomial of each hidden column.
    pub(super) fn of_columns(&self) -> impl Iterator<Item = (usize, &[Fr])> {
        self.0.iter().flat_map(|(_, pack, slots)| {
            let slots = slots.iter().map(Vec::as_slice);
            pack.columns.clone().zip(slots)
        })
    }

    /// The hidden packs' columns and the slots of their blinding polynomials, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Pack, &[Vec<Fr>])> {
        self.0
            .iter()
            .map(|(_, pack, slots)| (pack, slots.as_slice()))
    }

    /// The commitments to the packs, blinded.
    pub(super) fn packs(
        &self,
        shape: &Shape,
        key: &ProvingKey,
        powers: &Powers,
    ) -> Result<Vec<G1>, ArgumentError> {
        let n = shape.rows();
        let sums = self.0.iter().map(|(number, _, slots)| {
            let vanishing: Vec<Vec<Fr>> = slots
                .iter()
                .map(|blind| {
                    let mut slot = vec![Fr::ZERO; n + blind.len()];
                    for (i, value) in blind.iter().enumerate() {
                        slot[i] -= value;
                        slot[n + i] += value;
                    }
                    slot
                })
                .collect();
            let before = G1::from(key.verifying.commitments[*number]);
            Ok(before + powers.commit(shape.pack, &vanishing)?)
        });
        sums.collect()
    }

    /// `Σ_i fold^i·b_i`, slot by slot.
    pub(super) fn combined(&self, fold: Fr) -> Vec<Vec<Fr>> {
        let mut sum: Vec<Vec<Fr>> = Vec::new();
        let mut factor = Fr::ONE;
        for (_, _, slots) in &self.0 {
            for (slot, blind) in slots.iter().enumerate() {
                if sum.len() == slot {
                    sum.push(Vec::new());
                }
                for (i, value) in blind.iter().enumerate() {
                    if sum[slot].len() == i {
                        sum[slot].push(Fr::ZERO);
                    }
                    sum[slot][i] += factor * value;
                }
            }
            factor *= fold;
        }
        sum
    }

    /// Adds `(x^n − 1)·b_j(x)` to the value of each hidden column.
    pub(super) fn add_at(&self, x: Fr, vanishing: Fr, values: &mut [Fr]) {
        for (column, blind) in self.of_columns() {
            let blind = blind.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c);
            values[column] += vanishing * blind;
        }
    }
}
