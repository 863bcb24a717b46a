//! A part of a key proof: what everybody can make of it.

use super::{KeyProofLayout, KeyProofRelation, ranges::smallest};
use crate::{field::int, tape::Tape};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{ops::Range, sync::Arc};
use verdict_argument::Column;

/// The proof of some of a key's weight columns, which are whole packs of the key.
#[derive(Clone, Debug)]
pub struct KeyProofPart {
    layout: Arc<KeyProofLayout>,
    columns: Range<usize>,
    relation: KeyProofRelation,
}

impl KeyProofPart {
    pub(super) fn new(layout: Arc<KeyProofLayout>, columns: Range<usize>) -> Self {
        let shape = layout.shape(columns.len());
        Self {
            relation: KeyProofRelation::new(layout.k, layout.pack, shape),
            layout,
            columns,
        }
    }

    /// The weight columns.
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// Their packs among the key's packs of weight columns.
    pub fn packs(&self) -> Range<usize> {
        let pack = self.layout.pack;
        self.columns.start / pack..self.columns.end.div_ceil(pack)
    }

    /// The columns and gates.
    pub fn relation(&self) -> &KeyProofRelation {
        &self.relation
    }

    /// All fixed columns but the weights: public parts, ranges, selectors, table.
    pub fn public_columns(&self) -> Vec<Column> {
        let (tape, ranges) = (&self.layout.tape, &self.layout.ranges);
        let mut columns: Vec<Column> = self.columns().map(|it| public_part(tape, it)).collect();
        for column in self.columns() {
            for limb in 0..ranges.most_limbs() {
                let range = |row| ranges.of(tape.secret(column, row), limb) as i32;
                columns.push(Column::new((0..tape.rows()).map(range).collect::<Vec<_>>()));
            }
        }
        // Row 0, where sums begin, is neither active nor running.
        let after_first = |rows: usize| -> Vec<i32> {
            let ones = std::iter::repeat_n(1, rows - 1);
            std::iter::once(0).chain(ones).collect()
        };
        let last = self.layout.last();
        columns.push(Column::new(after_first(tape.rows())));
        columns.push(Column::new(after_first(last + 1)));
        columns.push(Column::new(vec![1]));
        columns.push(Column::default().with([(last, Fr::ONE)]));
        let (range, value): (Vec<i32>, Vec<i32>) = std::iter::once((0, 0))
            .chain(
                ranges
                    .table()
                    .map(|(range, value)| (range as i32, value as i32)),
            )
            .unzip();
        columns.extend([range, value].map(Column::new));
        columns
    }

    pub(super) fn layout(&self) -> &KeyProofLayout {
        &self.layout
    }
}

/// What is public of a weight column, and the smallest weight where it is not.
pub(super) fn public_part(tape: &Tape, column: usize) -> Column {
    let (mut small, mut wide) = (Vec::with_capacity(tape.rows()), Vec::new());
    for (row, &weight) in tape.weights()[column].iter().enumerate() {
        let public = match tape.secret(column, row) {
            0 => weight.into(),
            bits => smallest(bits),
        };
        small.push(i32::try_from(public).unwrap_or(0));
        if small[row] == 0 && public != 0 {
            wide.push((row, int(public)));
        }
    }
    for &(row, _, weight) in tape.wide().iter().filter(|(_, at, _)| *at == column) {
        if tape.secret(column, row) == 0 {
            wide.push((row, weight - int(small[row].into())));
        }
    }
    let parts = tape.public().iter().filter(|(_, at, _)| *at == column);
    wide.extend(parts.map(|&(row, _, part)| (row, int(part))));
    Column::new(small).with(wide)
}
