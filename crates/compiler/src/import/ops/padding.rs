//! `Pad`: cells around a value, or cut off from it.

use crate::Result;
use crate::import::node::Node;
use crate::import::shapes::strides;
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;

/// What `Pad` puts around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    Constant,
    /// The nearest cell.
    Edge,
    /// Cells back from the edge, which is not repeated.
    Reflect,
    /// Cells from the other end.
    Wrap,
}

impl Fill {
    /// Which of `len` cells is at `at`, counted from the first; none if it is the constant.
    fn place(self, at: i64, len: usize) -> Option<usize> {
        let end = len as i64;
        let place = match self {
            Self::Constant => at,
            Self::Edge => at.clamp(0, end - 1),
            Self::Wrap => at.rem_euclid(end),
            Self::Reflect => {
                let period = (2 * (end - 1)).max(1);
                let place = at.rem_euclid(period);
                if place < end { place } else { period - place }
            }
        };
        usize::try_from(place).ok().filter(|place| *place < len)
    }
}

/// What `Pad` does.
#[derive(Clone, Debug)]
pub(crate) struct Padding {
    pub(crate) mode: Fill,
    /// Cells added before and after each axis; negative ones are cut off.
    pub(crate) before: Vec<i64>,
    pub(crate) after: Vec<i64>,
    /// What is in them.
    pub(crate) value: f64,
    /// The result's shape.
    pub(crate) shape: Vec<usize>,
}

pub(crate) fn padding(node: &Node<'_>, shape: &[usize]) -> Result<Padding> {
    let mode = match node.text("mode").as_deref() {
        None | Some("constant") => Fill::Constant,
        Some("edge") => Fill::Edge,
        Some("reflect") => Fill::Reflect,
        Some("wrap") => Fill::Wrap,
        Some(mode) => {
            return Err(node.unsupported(format!(
                "mode `{mode}` is not supported; pad with a constant"
            )));
        }
    };
    let rank = shape.len();
    let pads = node
        .list("pads", 1)?
        .ok_or_else(|| node.invalid("`pads` is missing; export the model again"))?;
    let value = match node.optional_constant(2)? {
        Some([value]) => *value,
        Some(values) if !values.is_empty() => {
            return Err(node.invalid("pads with more than one value"));
        }
        _ => node.float("value", 0.0),
    };
    let axes = match node.optional_constant(3)? {
        Some(axes) => axes
            .iter()
            .map(|axis| node.axis(*axis as i64, rank))
            .collect::<Result<Vec<_>>>()?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * axes.len() {
        return Err(node.invalid(format!(
            "`pads` has {} numbers for {} axes",
            pads.len(),
            axes.len()
        )));
    }
    let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
    for (i, axis) in axes.iter().enumerate() {
        (before[*axis], after[*axis]) = (pads[i], pads[axes.len() + i]);
    }
    let target = (0..rank).map(|axis| {
        let len = (shape[axis] as i64)
            .saturating_add(before[axis])
            .saturating_add(after[axis]);
        usize::try_from(len).unwrap_or(0)
    });
    let target: Vec<usize> = target.collect();
    node.count(&target)?;
    Ok(Padding {
        mode,
        before,
        after,
        value,
        shape: target,
    })
}

pub(crate) fn pad(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let padding = padding(node, &value.shape)?;
    let shape = &padding.shape;
    let strides = strides(&value.shape);
    let source = |cell: usize| {
        let mut rest = cell;
        let mut from = 0;
        for axis in (0..shape.len()).rev() {
            let at = (rest % shape[axis]) as i64 - padding.before[axis];
            rest /= shape[axis];
            from += padding.mode.place(at, value.shape[axis])? * strides[axis];
        }
        Some(from)
    };
    Ok(placed(value, shape.clone(), padding.value, source))
}
