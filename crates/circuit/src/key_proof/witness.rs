//! What the owner of the weights knows: limbs, how often each is looked up, and the running sums.

use super::{KeyProofCircuit, KeyProofLayout, ranges::smallest};
use crate::{error::CircuitError, field::int, tape::Tape};
use halo2curves_axiom::{
    bn256::Fr,
    ff::{BatchInvert, Field, PrimeField},
};
use rayon::prelude::*;
use std::ops::Range;

/// The limbs of a column, the lowest first: `(row, limb)` for those that are not zero.
type Limbs = Vec<Vec<(u32, u64)>>;

/// The first phase's columns.
#[derive(Clone, Debug)]
pub(super) struct KeyProofWitness {
    /// All limbs but the lowest, weight by weight.
    pub(super) upper: Vec<Limbs>,
    /// The lowest limbs, weight by weight.
    lowest: Vec<Vec<(u32, u64)>>,
    /// How often each of the table's entries is looked up.
    pub(super) counts: Vec<u64>,
}

impl KeyProofWitness {
    pub(super) fn new(
        layout: &KeyProofLayout,
        part: Range<usize>,
        weights: &Tape,
    ) -> Result<Self, CircuitError> {
        let (tape, ranges) = (&layout.tape, &layout.ranges);
        if weights.rows() != tape.rows() || weights.width() != tape.width() {
            return Err(CircuitError::Trace(
                "the key's tape is not one of the architecture's layout".into(),
            ));
        }
        let most = ranges.most_limbs();
        let columns: Vec<Limbs> = part
            .into_par_iter()
            .map(|column| split_column(layout, weights, column))
            .collect::<Result<_, _>>()?;
        let mut counts = vec![0u64; ranges.entries() as usize];
        // Every limb of every active row is looked up; most are zeros of range 0.
        let mut zeros = (columns.len() * most * (tape.rows() - 1)) as u64;
        let mut witness = Self {
            upper: Vec::new(),
            lowest: Vec::new(),
            counts: Vec::new(),
        };
        for mut limbs in columns {
            let looked = limbs.iter().flatten().filter(|(_, entry)| *entry != 0);
            for &(_, entry) in looked {
                counts[entry as usize] += 1;
                zeros -= 1;
            }
            for (_, value) in limbs.iter_mut().flatten() {
                *value = ranges.value(*value as usize);
            }
            let upper = limbs.split_off(1.min(limbs.len()));
            witness.lowest.extend(limbs);
            witness.upper.push(upper);
        }
        counts[0] = zeros;
        witness.counts = counts;
        Ok(witness)
    }
}

/// The table's entries that a column's limbs are, limb by limb, for all secret rows.
fn split_column(
    layout: &KeyProofLayout,
    weights: &Tape,
    column: usize,
) -> Result<Limbs, CircuitError> {
    let (tape, ranges) = (&layout.tape, &layout.ranges);
    let (held, public) = (weights.weight_column(column), tape.public_part(column));
    let mut limbs: Limbs = vec![Vec::new(); ranges.most_limbs()];
    for (row, (held, public)) in held.into_iter().zip(public).enumerate().skip(1) {
        let bits = tape.secret(column, row);
        let offset = small(held - public - int(smallest(bits)));
        let split = offset.and_then(|offset| match bits {
            0 => (offset == 0).then(Vec::new),
            _ => ranges.split(offset, bits),
        });
        let split = split.ok_or(CircuitError::Undeclared { row, column, bits })?;
        for (limb, value) in split.into_iter().enumerate() {
            let range = ranges.of(bits, limb);
            let entry = ranges.entry(range, value);
            let entry = entry.ok_or(CircuitError::Undeclared { row, column, bits })?;
            limbs[limb].push((row as u32, entry as u64));
        }
    }
    Ok(limbs)
}

/// A field element below 2^64.
fn small(value: Fr) -> Option<u64> {
    let bytes = value.to_repr();
    let (low, high) = bytes.split_at(8);
    let low = <[u8; 8]>::try_from(low).ok()?;
    high.iter()
        .all(|byte| *byte == 0)
        .then(|| u64::from_le_bytes(low))
}

/// The running sums of the look-up argument.
pub(super) struct Sums {
    pub(super) columns: Vec<Vec<Fr>>,
}

impl Sums {
    pub(super) fn new(
        circuit: &KeyProofCircuit,
        witness: &KeyProofWitness,
        [theta, alpha]: [Fr; 2],
    ) -> Self {
        let layout = circuit.layout();
        let (tape, ranges) = (&layout.tape, &layout.ranges);
        let (rows, last) = (tape.rows(), layout.last());
        let limbs = |number: usize| {
            let lowest = witness.lowest.get(number);
            lowest.into_iter().chain(&witness.upper[number])
        };
        let part: Vec<usize> = circuit.part().collect();
        let looked: Vec<(usize, usize)> = (0..part.len())
            .flat_map(|number| (0..ranges.most_limbs()).map(move |limb| (number, limb)))
            .collect();
        let mut fractions: Vec<Vec<Fr>> = looked
            .par_iter()
            .map(|&(number, limb)| {
                let mut denominators = vec![alpha; rows];
                for (row, denominator) in denominators.iter_mut().enumerate() {
                    let range = ranges.of(tape.secret(part[number], row), limb);
                    *denominator += theta * Fr::from(range as u64);
                }
                for &(row, value) in limbs(number).nth(limb).into_iter().flatten() {
                    denominators[row as usize] += Fr::from(value);
                }
                denominators[1..].iter_mut().batch_invert();
                denominators[0] = Fr::ZERO;
                denominators.resize(last + 1, Fr::ZERO);
                denominators
            })
            .collect();
        let mut table: Vec<Fr> = std::iter::once(alpha)
            .chain(
                ranges
                    .table()
                    .map(|(range, value)| alpha + theta * Fr::from(range as u64) + Fr::from(value)),
            )
            .collect();
        table[1..].iter_mut().batch_invert();
        table[0] = Fr::ZERO;
        for (entry, count) in table[1..].iter_mut().zip(&witness.counts) {
            *entry *= -Fr::from(*count);
        }
        table.resize(last + 1, Fr::ZERO);
        fractions.push(table);
        let columns = fractions
            .par_chunks(circuit.shape().sums_shared())
            .map(|shared| {
                let mut sum = Fr::ZERO;
                let row = |row: usize| {
                    sum += shared.iter().map(|fraction| fraction[row]).sum::<Fr>();
                    sum
                };
                (0..=last).map(row).collect()
            });
        Self {
            columns: columns.collect(),
        }
    }
}
