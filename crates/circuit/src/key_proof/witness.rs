//! What the owner of the weights knows: limbs, how often each is looked up, and the running sums.

use super::{
    KeyProofCircuit, KeyProofLayout,
    gates::SHARED,
    ranges::{Ranges, smallest},
};
use crate::{error::CircuitError, field::int, tape::Tape};
use halo2curves_axiom::{
    bn256::Fr,
    ff::{BatchInvert, Field, PrimeField},
};
use rayon::prelude::*;
use std::ops::Range;

/// The first phase's columns.
#[derive(Clone, Debug)]
pub(super) struct KeyProofWitness {
    columns: Vec<Limbs>,
    /// How often each of the table's entries is looked up.
    pub(super) counts: Vec<u64>,
}

/// A weight column beyond its public part, cut into limbs; rows that are not listed hold zero.
#[derive(Clone, Debug)]
pub(super) struct Limbs {
    lowest: Vec<(u32, Fr)>,
    /// All limbs but the lowest, limb by limb.
    pub(super) upper: Vec<Vec<(u32, u64)>>,
    /// The table's entries that limbs of private weights are.
    looked: Vec<u32>,
    /// Limbs that are in no range; there are none but in tests.
    strange: u64,
}

impl KeyProofWitness {
    /// Fails where a column is not what the architecture allows, unless that is to be tried.
    pub(super) fn new(
        layout: &KeyProofLayout,
        part: Range<usize>,
        weights: &Tape,
        try_anyhow: bool,
    ) -> Result<Self, CircuitError> {
        let (tape, ranges) = (&layout.tape, &layout.ranges);
        if weights.rows() != tape.rows() || weights.width() != tape.width() {
            return Err(CircuitError::Trace(
                "the key's tape is not one of the architecture's layout".into(),
            ));
        }
        let columns: Vec<Limbs> = part
            .into_par_iter()
            .map(|column| Limbs::new(layout, weights, column, try_anyhow))
            .collect::<Result<_, _>>()?;
        let mut counts = vec![0u64; ranges.entries() as usize];
        // Every limb of every active row is looked up; most are zeros of range 0.
        let mut zeros = (columns.len() * ranges.most_limbs() * (tape.rows() - 1)) as u64;
        for limbs in &columns {
            for &entry in &limbs.looked {
                counts[entry as usize] += 1;
            }
            zeros -= limbs.looked.len() as u64 + limbs.strange;
        }
        counts[0] += zeros;
        Ok(Self { columns, counts })
    }

    /// The limbs above the lowest, weight by weight.
    pub(super) fn upper(&self) -> impl Iterator<Item = &Vec<Vec<(u32, u64)>>> {
        self.columns.iter().map(|limbs| &limbs.upper)
    }
}

impl Limbs {
    fn new(
        layout: &KeyProofLayout,
        weights: &Tape,
        column: usize,
        try_anyhow: bool,
    ) -> Result<Self, CircuitError> {
        let (tape, ranges) = (&layout.tape, &layout.ranges);
        let (held, public) = (weights.weights_of(column), tape.public_part(column));
        let mut limbs = Self {
            lowest: Vec::new(),
            upper: vec![Vec::new(); ranges.most_limbs() - 1],
            looked: Vec::new(),
            strange: 0,
        };
        for (row, (held, public)) in held.into_iter().zip(public).enumerate().skip(1) {
            let bits = tape.secret(column, row);
            let offset = held - public - int(smallest(bits));
            if limbs.push(ranges, row as u32, offset, bits).is_some() {
                continue;
            }
            if !try_anyhow {
                return Err(CircuitError::Undeclared { row, column, bits });
            }
            limbs.lowest.push((row as u32, offset));
            limbs.strange += 1;
            // Its other limbs are zeros of their ranges.
            let others = (1..ranges.most_limbs()).map(|limb| ranges.of(bits, limb));
            let others = others.filter(|range| *range != 0);
            let entries = others.filter_map(|range| ranges.entry(range, 0));
            limbs.looked.extend(entries.map(|entry| entry as u32));
        }
        Ok(limbs)
    }

    /// Cuts what a row holds, counted from the smallest weight; `None` if it is no weight of so
    /// many bits.
    fn push(&mut self, ranges: &Ranges, row: u32, offset: Fr, bits: u32) -> Option<()> {
        let offset = small(offset)?;
        if bits == 0 {
            return (offset == 0).then_some(());
        }
        let split = ranges.split(offset, bits)?;
        for (limb, &value) in split.iter().enumerate() {
            let entry = ranges.entry(ranges.of(bits, limb), value)?;
            self.looked.push(entry as u32);
            match limb.checked_sub(1) {
                None => self.lowest.push((row, Fr::from(value))),
                Some(upper) => self.upper[upper].push((row, value)),
            }
        }
        Some(())
    }

    /// Adds a limb's values to a column.
    fn add_to(&self, limb: usize, column: &mut [Fr]) {
        match limb.checked_sub(1) {
            None => {
                for &(row, value) in &self.lowest {
                    column[row as usize] += value;
                }
            }
            Some(upper) => {
                for &(row, value) in &self.upper[upper] {
                    column[row as usize] += Fr::from(value);
                }
            }
        }
    }
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
                witness.columns[number].add_to(limb, &mut denominators);
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
        let columns = fractions.par_chunks(SHARED).map(|shared| {
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
