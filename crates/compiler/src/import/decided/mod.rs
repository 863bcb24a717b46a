//! Values that decisions choose: numbers, or cells of another value, that depend on the model's
//! input by comparisons alone.
//!
//! PyTorch has no operator for trees, so its exporters write one down as look-ups: an index names
//! the node that a tree has come to, the node's feature and threshold are looked up by it, and so
//! is the next index by how they compare. Taken operator by operator, the feature and its threshold
//! are two sums of products, each rounded on its own, and a value next to a threshold may go either
//! way. But an index is one of finitely many numbers, and which one it is a few comparisons say. So
//! such a value is kept as the [`Ways`](crate::import::decisions::ways::Ways) that lead to each of its numbers. What is looked up by it,
//! or computed of it, has the same ways with other numbers at their ends; and a comparison of a
//! chosen cell with a chosen number continues each way by a comparison of *that* cell with *that*
//! number, which is exact. What comes out at the end is the tree that was exported.
//!
//! Such a value is a tensor only once an operator reads it that knows no ways; see
//! [`force`](crate::import::decided::force).

mod cellwise;
mod compare;
pub(crate) mod force;
mod linear;
mod pick;

use std::sync::Arc;

use crate::Result;
use crate::import::decisions::{Cell, Decided};
use crate::import::node::Node;
use crate::import::operator::{Follows, Operator};
use crate::import::state::Importer;
use crate::import::values::Value;
use crate::import::values::affine::Affine;

/// More ends than this, of all ways of a value together, are not followed.
const MAX_ENDS: usize = 1 << 23;

/// What is known of an operand.
#[derive(Clone)]
enum Operand {
    Constant(Affine),
    Varying(Affine),
    Decided(Arc<Decided>),
}

impl Operand {
    fn shape(&self) -> &[usize] {
        match self {
            Self::Constant(value) | Self::Varying(value) => &value.shape,
            Self::Decided(value) => &value.shape,
        }
    }
}

impl Importer<'_> {
    /// Follows the ways of a node's operands through it. `false` if that cannot be done.
    pub(crate) fn decide(&mut self, node: &Node<'_>, operator: &Operator) -> Result<bool> {
        // Look-ups were trained, and ways tell what they hold.
        if self.builder.secrecy.private {
            return Ok(false);
        }
        let mut inputs = node.proto.input.iter();
        let any = inputs.any(|input| self.decisions.contains(input));
        let compares = matches!(operator.follows, Follows::Compares(_));
        if !any && !compares {
            return Ok(false);
        }
        let Some(operands) = self.operands(node) else {
            return Ok(false);
        };
        let found = match operator.follows {
            Follows::Compares(order) => self.follow_order(node, &operands, order)?,
            Follows::PicksRows if is_decided(&operands, 1) => {
                return self.followed(node, pick::rows(node, &operands)?);
            }
            Follows::PicksCells if is_decided(&operands, 1) => {
                let found = self.pick_cells(node, &operands)?;
                return self.followed(node, found);
            }
            _ => None,
        };
        if found.is_some() {
            return self.followed(node, found.map(|one| vec![one]));
        }
        if !any {
            return Ok(false);
        }
        if let Some(found) = linear::follow(node, operator, &operands) {
            return self.followed(node, Some(found));
        }
        let found = cellwise::follow(node, operator, &operands)?;
        self.followed(node, found.map(|one| vec![one]))
    }

    /// The operands; `None` if one of them is planes, a function that is no tensor yet, or absent.
    fn operands(&self, node: &Node<'_>) -> Option<Vec<Operand>> {
        let operand = |name: &String| {
            if let Some(value) = self.decisions.values.get(name) {
                return Some(Operand::Decided(value.clone()));
            }
            match self.values.get(name)? {
                Value::Rows(value) if value.is_constant() => Some(Operand::Constant(value.clone())),
                Value::Rows(value) => Some(Operand::Varying(value.clone())),
                Value::Planes(_) => None,
            }
        };
        node.proto.input.iter().map(operand).collect()
    }

    /// Keeps what was found of a node's outputs.
    fn followed(&mut self, node: &Node<'_>, found: Option<Vec<Found>>) -> Result<bool> {
        let Some(found) = found else {
            return Ok(false);
        };
        if found.iter().map(Found::ends).sum::<usize>() > MAX_ENDS {
            return Ok(false);
        }
        for (output, Found { shape, cells, bare }) in node.proto.output.iter().zip(found) {
            let constant = |cell: &Cell| match cell {
                Cell::Sum(number, parts) if parts.is_empty() => Some(*number),
                _ => None,
            };
            if let Some(numbers) = cells.iter().map(constant).collect::<Option<Vec<f64>>>() {
                self.constant(output, Affine::constant(shape, numbers));
                continue;
            }
            let value = Decided {
                shape,
                cells,
                proto: node.proto.clone(),
                opset: node.opset,
                bare,
            };
            let values = &mut self.decisions.values;
            values.insert(output.clone(), Arc::new(value));
        }
        Ok(true)
    }
}

fn is_decided(operands: &[Operand], index: usize) -> bool {
    matches!(operands.get(index), Some(Operand::Decided(_)))
}

/// An output that was followed.
struct Found {
    shape: Vec<usize>,
    cells: Vec<Cell>,
    bare: bool,
}

impl Found {
    /// Numbers it holds.
    fn ends(&self) -> usize {
        let of = |cell: &Cell| match cell {
            Cell::Sum(_, parts) => parts.iter().map(|(_, ends)| ends.len()).sum(),
            Cell::Pick(_, ends) => ends.len(),
        };
        self.cells.iter().map(of).sum()
    }
}
