//! Comparisons of features, given or picked, with numbers, constant or decided.

use std::sync::Arc;

use super::{Found, MAX_ENDS, Operand};
use crate::Result;
use crate::float::comparison::Comparison;
use crate::import::broadcast::broadcast_shape;
use crate::import::decisions::ways::{Ask, Ways};
use crate::import::decisions::{Cell, Decisions, Ends, single};
use crate::import::node::Node;
use crate::import::ops::compare::Order;
use crate::import::shapes::broadcast_index;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;
use crate::tree::Split;

/// What a cell is for comparing it.
enum Side {
    /// For each end of its ways a feature.
    Features(Arc<Ways>, Arc<Vec<usize>>),
    /// For each end of its ways a number.
    Numbers(Arc<Ways>, Ends),
}

impl Order {
    /// What `feature order number` asks, or `number order feature` where they are `swapped`.
    fn split(self, swapped: bool) -> Split {
        Split::Compare(match (self, swapped) {
            (Self::Equal, _) => return Split::Equal,
            (Self::Less, false) | (Self::Greater, true) => Comparison::Below,
            (Self::AtMost, false) | (Self::AtLeast, true) => Comparison::AtMost,
            (Self::Greater, false) | (Self::Less, true) => Comparison::Above,
            (Self::AtLeast, false) | (Self::AtMost, true) => Comparison::AtLeast,
        })
    }
}

/// Whether a cell is a constant among others that are none.
fn reads_nothing(value: &Affine, cell: usize) -> bool {
    let mut rows = value.terms.values();
    rows.all(|rows| rows.get(cell).is_none_or(Vec::is_empty))
}

impl Decisions {
    /// Cell `cell` of an operand; `None` if it is made of several features.
    fn side(&mut self, none: &Arc<Ways>, operand: &Operand, cell: usize) -> Option<Side> {
        Some(match operand {
            Operand::Constant(value) => {
                let number = *value.bias.get(cell)?;
                Side::Numbers(none.clone(), Arc::new(vec![number]))
            }
            // Exporters fill up tables with cells that read nothing.
            Operand::Varying(value) if reads_nothing(value, cell) => {
                let number = *value.bias.get(cell)?;
                Side::Numbers(none.clone(), Arc::new(vec![number]))
            }
            Operand::Varying(value) => {
                let feature = self.feature_of(value, cell)?;
                Side::Features(none.clone(), Arc::new(vec![feature]))
            }
            Operand::Decided(value) => match value.cells.get(cell)? {
                Cell::Pick(ways, features) => Side::Features(ways.clone(), features.clone()),
                sum => {
                    let (ways, ends) = single(sum)?;
                    Side::Numbers(ways, ends)
                }
            },
        })
    }
}

/// `a order b` of numbers as 0 or 1.
fn known(
    order: Order,
    (of, a): (&Arc<Ways>, &[f64]),
    (to, b): (&Arc<Ways>, &[f64]),
) -> Option<Cell> {
    let at = of.farther(to)?;
    let (of, to) = (at.map_from(of)?, at.map_from(to)?);
    let holds = |end: usize| {
        let (a, b) = (a[of.of(end)], b[to.of(end)]);
        f64::from(match order {
            Order::Equal => a == b,
            Order::Less => a < b,
            Order::AtMost => a <= b,
            Order::Greater => a > b,
            Order::AtLeast => a >= b,
        })
    };
    let holds: Vec<f64> = (0..at.ends).map(holds).collect();
    Some(match (&holds[..], at.branches.is_empty()) {
        ([one], true) => Cell::Sum(*one, Vec::new()),
        _ => Cell::Sum(0.0, vec![(at, Arc::new(holds))]),
    })
}

/// The ways that lead to `feature order number` as 0 or 1.
fn compared(
    (of, features): (&Arc<Ways>, &[usize]),
    (to, numbers): (&Arc<Ways>, &[f64]),
    split: Split,
) -> Option<Cell> {
    let at = of.farther(to)?;
    let (of, to) = (at.map_from(of)?, at.map_from(to)?);
    let ask = |end: usize| {
        let threshold = numbers[to.of(end)];
        let feature = features[of.of(end)];
        (!threshold.is_nan()).then_some(Ask {
            feature,
            split,
            threshold,
        })
    };
    let asks: Vec<Ask> = (0..at.ends).map(ask).collect::<Option<_>>()?;
    let (ways, holds) = at.continued(&asks)?;
    Some(Cell::Sum(0.0, vec![(Arc::new(ways), Arc::new(holds))]))
}

impl Importer<'_> {
    /// `a order b` of a feature and a number; `None` if it is something else that is compared.
    pub(super) fn follow_order(
        &mut self,
        node: &Node<'_>,
        operands: &[Operand],
        order: Order,
    ) -> Result<Option<Found>> {
        let [a, b] = operands else {
            return Ok(None);
        };
        if matches!(a, Operand::Constant(_)) && matches!(b, Operand::Constant(_)) {
            return Ok(None);
        }
        let shape = broadcast_shape(node, a.shape(), b.shape())?;
        let places = (
            broadcast_index(a.shape(), &shape),
            broadcast_index(b.shape(), &shape),
        );
        let (Some(of_a), Some(of_b)) = places else {
            return Ok(None);
        };
        let none = Arc::new(Ways::none());
        let mut cells = Vec::with_capacity(of_a.len());
        let mut ends = 0;
        for (i, j) in of_a.into_iter().zip(of_b) {
            let left = self.decisions.side(&none, a, i);
            let right = self.decisions.side(&none, b, j);
            let cell = match (left, right) {
                (Some(Side::Features(of, f)), Some(Side::Numbers(to, n))) => {
                    compared((&of, &f[..]), (&to, &n[..]), order.split(false))
                }
                (Some(Side::Numbers(to, n)), Some(Side::Features(of, f))) => {
                    compared((&of, &f[..]), (&to, &n[..]), order.split(true))
                }
                (Some(Side::Numbers(of, a)), Some(Side::Numbers(to, b))) => {
                    known(order, (&of, &a[..]), (&to, &b[..]))
                }
                _ => None,
            };
            let Some(cell) = cell else {
                return Ok(None);
            };
            if let Cell::Sum(_, parts) = &cell {
                ends += parts.iter().map(|(ways, _)| ways.ends).sum::<usize>();
            }
            if ends > MAX_ENDS {
                return Ok(None);
            }
            cells.push(cell);
        }
        let decided = |operand: &Operand| matches!(operand, Operand::Decided(_));
        let bare = !decided(a) && !decided(b);
        Ok(Some(Found { shape, cells, bare }))
    }
}
