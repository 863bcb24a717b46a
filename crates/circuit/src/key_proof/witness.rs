//! What the owner of the weights knows: limbs, how often each is looked up, and the running sums.

use super::{KeyProofPart, part::public_part, ranges::Ranges};
use crate::{error::CircuitError, tape::Tape};
use halo2curves_axiom::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use rayon::prelude::*;
use std::sync::Arc;
use verdict_argument::{Column, invert};

/// What the owner of the weights knows of a part of a key proof.
#[derive(Clone, Debug)]
pub struct KeyProofWitness {
    part: KeyProofPart,
    /// The tape with the weights.
    weights: Arc<Tape>,
    limbs: Vec<Limbs>,
    /// How often each of the table's entries is looked up.
    counts: Vec<u64>,
}

/// A weight column beyond its public part, cut into limbs; rows that are not listed hold zero.
#[derive(Clone, Debug)]
struct Limbs {
    lowest: Vec<(u32, Fr)>,
    /// All limbs but the lowest, limb by limb.
    upper: Vec<Vec<(u32, u64)>>,
    /// The table's entries that limbs of private weights are.
    looked: Vec<u32>,
    /// Limbs that are in no range; there are none but in tests.
    strange: u64,
}

impl KeyProofWitness {
    /// What the owner of the weights knows of a part. Fails where a weight has more bits than are
    /// declared of it, or a public coefficient is another than the architecture's.
    pub fn new(part: &KeyProofPart, weights: &Arc<Tape>) -> Result<Self, CircuitError> {
        Self::try_new(part, weights, false)
    }

    /// The same of an owner who tries it with weights that the architecture does not allow.
    #[cfg(feature = "test-gates")]
    #[doc(hidden)]
    pub fn forged(part: &KeyProofPart, weights: &Arc<Tape>) -> Result<Self, CircuitError> {
        Self::try_new(part, weights, true)
    }

    fn try_new(
        part: &KeyProofPart,
        weights: &Arc<Tape>,
        try_anyhow: bool,
    ) -> Result<Self, CircuitError> {
        let layout = part.layout();
        let (tape, ranges) = (&layout.tape, &layout.ranges);
        if weights.rows() != tape.rows() || weights.width() != tape.width() {
            return Err(CircuitError::Trace(
                "the key's tape is not one of the architecture's layout".into(),
            ));
        }
        let limbs: Vec<Limbs> = part
            .columns()
            .into_par_iter()
            .map(|column| Limbs::new(part, weights, column, try_anyhow))
            .collect::<Result<_, _>>()?;
        let mut counts = vec![0u64; ranges.entries() as usize];
        // Every limb of every active row is looked up; most are zeros of range 0.
        let mut zeros = (limbs.len() * ranges.most_limbs() * (tape.rows() - 1)) as u64;
        for limbs in &limbs {
            for &entry in &limbs.looked {
                counts[entry as usize] += 1;
            }
            zeros -= limbs.looked.len() as u64 + limbs.strange;
        }
        counts[0] += zeros;
        Ok(Self {
            part: part.clone(),
            weights: weights.clone(),
            limbs,
            counts,
        })
    }

    /// The part that it is of.
    pub fn part(&self) -> &KeyProofPart {
        &self.part
    }

    /// The fixed columns: the weights as the key holds them, and what everybody can make.
    pub fn fixed_columns(&self) -> Vec<Column> {
        let weights = self.part.columns();
        let weights = weights.map(|column| self.weights.weight_column(column));
        weights.chain(self.part.public_columns()).collect()
    }

    /// The columns of a phase, by row: upper limbs and counts; then, from `θ` and `α`, the running
    /// sums.
    pub fn phase_columns(&self, phase: usize, challenges: &[Fr]) -> Vec<Vec<Fr>> {
        if let (1, &[theta, alpha]) = (phase, challenges) {
            return self.sums(theta, alpha);
        }
        let rows = self.part.layout().tape.rows();
        let upper = self.limbs.iter().flat_map(|limbs| &limbs.upper);
        let mut columns: Vec<Vec<Fr>> = upper
            .map(|limbs| {
                let mut column = vec![Fr::ZERO; rows];
                for &(row, limb) in limbs {
                    column[row as usize] = Fr::from(limb);
                }
                column
            })
            .collect();
        let counts = self.counts.iter().map(|count| Fr::from(*count));
        columns.push(std::iter::once(Fr::ZERO).chain(counts).collect());
        columns
    }

    /// The running sums of the look-up argument.
    fn sums(&self, theta: Fr, alpha: Fr) -> Vec<Vec<Fr>> {
        let shape = self.part.relation().part();
        let (looked, last) = (shape.looked(), self.part.layout().last());
        let sum = |number: usize| {
            let mut sums = vec![Fr::ZERO; last + 1];
            for fraction in shape.shared(number) {
                let fractions = match fraction < looked {
                    true => self.looked(fraction, theta, alpha),
                    false => self.table(theta, alpha),
                };
                for (sum, fraction) in sums[1..].iter_mut().zip(&fractions) {
                    *sum += fraction;
                }
            }
            let mut sum = Fr::ZERO;
            for value in &mut sums {
                sum += *value;
                *value = sum;
            }
            sums
        };
        (0..shape.sums()).into_par_iter().map(sum).collect()
    }

    /// The fractions of a look-up from row 1 on: `1/(α + θ·range + limb)`.
    fn looked(&self, number: usize, theta: Fr, alpha: Fr) -> Vec<Fr> {
        let layout = self.part.layout();
        let (tape, ranges) = (&layout.tape, &layout.ranges);
        let (number, limb) = (number / ranges.most_limbs(), number % ranges.most_limbs());
        let column = self.part.columns().start + number;
        let mut fractions: Vec<Fr> = (0..tape.rows())
            .map(|row| match ranges.of(tape.secret(column, row), limb) {
                0 => alpha,
                range => alpha + theta * Fr::from(range as u64),
            })
            .collect();
        self.limbs[number].add_to(limb, &mut fractions);
        let mut fractions = fractions.split_off(1);
        invert(&mut fractions);
        fractions
    }

    /// The table's fractions from row 1 on: `−count/(α + θ·range + value)`.
    fn table(&self, theta: Fr, alpha: Fr) -> Vec<Fr> {
        let table = self.part.layout().ranges.table();
        let mut table: Vec<Fr> = table
            .map(|(range, value)| alpha + theta * Fr::from(range as u64) + Fr::from(value))
            .collect();
        invert(&mut table);
        for (entry, count) in table.iter_mut().zip(&self.counts) {
            *entry *= -Fr::from(*count);
        }
        table
    }
}

impl Limbs {
    fn new(
        part: &KeyProofPart,
        weights: &Tape,
        column: usize,
        try_anyhow: bool,
    ) -> Result<Self, CircuitError> {
        let (tape, ranges) = (&part.layout().tape, &part.layout().ranges);
        let held = weights.weights_of(column);
        let public = public_part(tape, column).values(tape.rows());
        let mut limbs = Self {
            lowest: Vec::new(),
            upper: vec![Vec::new(); ranges.most_limbs() - 1],
            looked: Vec::new(),
            strange: 0,
        };
        for (row, (held, public)) in held.into_iter().zip(public).enumerate().skip(1) {
            let bits = tape.secret(column, row);
            let offset = held - public;
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
