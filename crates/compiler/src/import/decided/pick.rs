//! What is picked by a decided index.

use std::sync::Arc;

use super::{Found, MAX_ENDS, Operand};
use crate::Result;
use crate::import::decisions::ways::Ways;
use crate::import::decisions::{Cell, Decided, single};
use crate::import::node::Node;
use crate::import::shapes::{coordinates, flat};
use crate::import::state::Importer;
use crate::import::values::affine::Affine;

/// The places that an index cell names, which count from the end if negative; `None` if one is
/// outside.
fn places(index: &Decided, cell: usize, length: usize) -> Option<(Arc<Ways>, Vec<usize>)> {
    let (ways, ends) = single(index.cells.get(cell)?)?;
    let place = |number: &f64| {
        let from_start = if *number < 0.0 {
            number + length as f64
        } else {
            *number
        };
        let inside = from_start >= 0.0 && from_start < length as f64 && from_start.fract() == 0.0;
        inside.then_some(from_start as usize)
    };
    let places = ends.iter().map(place).collect::<Option<_>>()?;
    Some((ways, places))
}

/// `Gather` of a constant by a decided index.
pub(super) fn rows(node: &Node<'_>, operands: &[Operand]) -> Result<Option<Vec<Found>>> {
    let [Operand::Constant(data), Operand::Decided(index)] = operands else {
        return Ok(None);
    };
    let axis = node.axis(node.int("axis", 0), data.shape.len())?;
    let length = data.shape[axis];
    let (outer, inner) = (&data.shape[..axis], &data.shape[axis + 1..]);
    let shape = [outer, &index.shape, inner].concat();
    let width: usize = inner.iter().product();
    let blocks: usize = outer.iter().product();
    node.count(&shape)?;
    let mut picked = Vec::with_capacity(index.cells.len());
    for cell in 0..index.cells.len() {
        let Some(places) = places(index, cell, length) else {
            return Ok(None);
        };
        picked.push(places);
    }
    let ends: usize = picked.iter().map(|(ways, _)| ways.ends).sum();
    if ends.saturating_mul(blocks * width) > MAX_ENDS {
        return Ok(None);
    }
    let mut cells = Vec::with_capacity(blocks * picked.len() * width);
    for block in 0..blocks {
        for (ways, places) in &picked {
            cells.extend((0..width).map(|column| {
                let entry = |place: &usize| data.bias[(block * length + place) * width + column];
                let ends = Arc::new(places.iter().map(entry).collect());
                Cell::Sum(0.0, vec![(ways.clone(), ends)])
            }));
        }
    }
    Ok(Some(vec![Found {
        shape,
        cells,
        bare: false,
    }]))
}

impl Importer<'_> {
    /// `GatherElements` of a constant or of features by a decided index.
    pub(super) fn pick_cells(
        &mut self,
        node: &Node<'_>,
        operands: &[Operand],
    ) -> Result<Option<Vec<Found>>> {
        let (data, index) = match operands {
            [
                Operand::Constant(data) | Operand::Varying(data),
                Operand::Decided(index),
            ] => (data, index),
            _ => return Ok(None),
        };
        let axis = node.axis(node.int("axis", 0), data.shape.len())?;
        if index.shape.len() != data.shape.len() {
            return Ok(None);
        }
        let mut cells = Vec::with_capacity(index.cells.len());
        for cell in 0..index.cells.len() {
            let Some((ways, places)) = places(index, cell, data.shape[axis]) else {
                return Ok(None);
            };
            let mut at = coordinates(&index.shape, cell);
            let from = places.into_iter().map(|place| {
                at[axis] = place;
                flat(&data.shape, &at)
            });
            let Some(cell) = self.picked(data, ways, from.collect()) else {
                return Ok(None);
            };
            cells.push(cell);
        }
        let shape = index.shape.clone();
        Ok(Some(vec![Found {
            shape,
            cells,
            bare: false,
        }]))
    }

    /// For each end the cell of `data` that is picked; `None` if that is made of several features.
    fn picked(&mut self, data: &Affine, ways: Arc<Ways>, from: Vec<usize>) -> Option<Cell> {
        if data.is_constant() {
            let number = |cell: &usize| data.bias.get(*cell).copied();
            let ends = from.iter().map(number).collect::<Option<_>>()?;
            return Some(Cell::Sum(0.0, vec![(ways, Arc::new(ends))]));
        }
        let features = from.iter();
        let features = features.map(|cell| self.decisions.feature_of(data, *cell));
        let features = features.collect::<Option<_>>()?;
        Some(Cell::Pick(ways, Arc::new(features)))
    }
}
