//! Cells that are linear maps of a single other cell.

use crate::import::values::affine::Affine;

/// `bias + weight · source[cell]`; without a source it is a constant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub(crate) source: Option<(usize, u32)>,
    pub(crate) weight: f64,
    pub(crate) bias: f64,
}

impl Probe {
    /// Cell `cell` of `value`; `None` if it is made of several cells, or of none.
    pub(crate) fn of(value: &Affine, cell: usize) -> Option<Self> {
        let mut read = value.terms.iter().flat_map(|(source, rows)| {
            let row = rows.get(cell).map_or(&[][..], Vec::as_slice);
            row.iter().map(move |(at, weight)| (*source, *at, *weight))
        });
        let (source, at, weight) = read.next()?;
        read.next().is_none().then_some(Self {
            source: Some((source, at)),
            weight,
            bias: *value.bias.get(cell)?,
        })
    }
}
