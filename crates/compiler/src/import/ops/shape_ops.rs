//! Operators that only move cells: they become index maps.

use crate::Result;
use crate::import::node::Node;
use crate::import::ops::move_ops::placed;
use crate::import::values::affine::Affine;

/// Row-major strides.
pub(in crate::import) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// For each cell of a tensor of `shape`, in order, the flat index `start + Σ coordinate · stride`.
fn walk(shape: &[usize], start: i64, stride: &[i64]) -> Vec<usize> {
    let mut index = vec![start];
    for (dimension, step) in shape.iter().zip(stride) {
        index = index
            .iter()
            .flat_map(|base| (0..*dimension as i64).map(move |i| base + i * step))
            .collect();
    }
    index.into_iter().map(|i| i as usize).collect()
}

/// For each cell of `to`, the cell of `from` that numpy broadcasting puts there; `None` if the shapes do not fit.
pub(in crate::import) fn broadcast_index(from: &[usize], to: &[usize]) -> Option<Vec<usize>> {
    let missing = to.len().checked_sub(from.len())?;
    let mut steps = vec![0; to.len()];
    for (axis, (dimension, step)) in from.iter().zip(strides(from)).enumerate() {
        match (*dimension, to[missing + axis]) {
            (a, b) if a == b => steps[missing + axis] = step as i64,
            (1, _) => {}
            _ => return None,
        }
    }
    Some(walk(to, 0, &steps))
}

/// The shape two operands broadcast to.
pub(in crate::import) fn broadcast_shape(
    node: &Node<'_>,
    a: &[usize],
    b: &[usize],
) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |shape: &[usize], axis: usize| {
        (axis + shape.len())
            .checked_sub(rank)
            .map_or(1, |i| shape[i])
    };
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (x, y) if x == y || y == 1 => Ok(x),
            (1, y) => Ok(y),
            _ => Err(node.invalid(format!(
                "shapes {a:?} and {b:?} do not broadcast; export the model again"
            ))),
        })
        .collect()
}

pub(in crate::import) fn broadcast(
    node: &Node<'_>,
    value: &Affine,
    shape: &[usize],
) -> Result<Affine> {
    node.count(shape)?;
    if value.shape == shape {
        return Ok(value.clone());
    }
    let index = broadcast_index(&value.shape, shape).ok_or_else(|| {
        node.invalid(format!(
            "shape {:?} does not broadcast to {shape:?}",
            value.shape
        ))
    })?;
    Ok(value.gather(shape.to_vec(), &index))
}

fn with_shape(node: &Node<'_>, value: &Affine, shape: Vec<usize>) -> Result<Affine> {
    if node.count(&shape)? != value.len() {
        return Err(node.invalid(format!(
            "cannot view {} values of shape {:?} as shape {shape:?}; export with a batch size of 1 or a dynamic batch",
            value.len(),
            value.shape
        )));
    }
    Ok(Affine {
        shape,
        ..value.clone()
    })
}

pub(in crate::import) fn flatten(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let rank = value.shape.len();
    let axis = node.int("axis", 1);
    // Unlike elsewhere, `axis == rank` is allowed.
    let axis = if axis == rank as i64 {
        rank
    } else {
        node.axis(axis, rank)?
    };
    let (outer, inner) = value.shape.split_at(axis);
    with_shape(
        node,
        value,
        vec![outer.iter().product(), inner.iter().product()],
    )
}

pub(in crate::import) fn reshape(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let target = match node.ints("shape") {
        Some(shape) => shape,
        None => node.constant(1)?.iter().map(|v| *v as i64).collect(),
    };
    let keep_zero = node.int("allowzero", 0) != 0;
    let mut shape = Vec::with_capacity(target.len());
    let mut free = None;
    for (axis, dimension) in target.iter().enumerate() {
        shape.push(match *dimension {
            -1 if free.is_none() => {
                free = Some(axis);
                1
            }
            0 if !keep_zero => *value.shape.get(axis).ok_or_else(|| {
                node.invalid(format!(
                    "target shape {target:?} copies axis {axis}, which is missing"
                ))
            })?,
            positive if positive > 0 => positive as usize,
            _ => return Err(node.invalid(format!("target shape {target:?} is not a valid shape"))),
        });
    }
    if let Some(axis) = free {
        shape[axis] = value.len() / node.count(&shape)?;
    }
    with_shape(node, value, shape)
}

pub(in crate::import) fn squeeze(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let rank = value.shape.len();
    let axes = match node.list("axes", 1)? {
        Some(axes) => axes
            .iter()
            .map(|axis| node.axis(*axis, rank))
            .collect::<Result<Vec<_>>>()?,
        None => (0..rank).filter(|axis| value.shape[*axis] == 1).collect(),
    };
    if let Some(axis) = axes.iter().find(|axis| value.shape[**axis] != 1) {
        return Err(node.invalid(format!(
            "cannot squeeze axis {axis} of shape {:?}",
            value.shape
        )));
    }
    let shape = value
        .shape
        .iter()
        .enumerate()
        .filter(|(axis, _)| !axes.contains(axis))
        .map(|(_, d)| *d)
        .collect();
    with_shape(node, value, shape)
}

pub(in crate::import) fn unsqueeze(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let axes = node
        .list("axes", 1)?
        .ok_or_else(|| node.invalid("`axes` is missing; export the model again"))?;
    let rank = value.shape.len() + axes.len();
    let axes = axes
        .iter()
        .map(|axis| node.axis(*axis, rank))
        .collect::<Result<Vec<_>>>()?;
    let mut rest = value.shape.iter();
    let shape = (0..rank)
        .map(|axis| {
            if axes.contains(&axis) {
                Some(1)
            } else {
                rest.next().copied()
            }
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| node.invalid(format!("`axes` {axes:?} names an axis twice")))?;
    with_shape(node, value, shape)
}

pub(in crate::import) fn transpose(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let rank = value.shape.len();
    let order = match node.ints("perm") {
        Some(order) => order
            .iter()
            .map(|axis| node.axis(*axis, rank))
            .collect::<Result<Vec<_>>>()?,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(node.invalid(format!(
            "`perm` {order:?} is not a permutation of {rank} axes"
        )));
    }
    let strides = strides(&value.shape);
    let shape: Vec<usize> = order.iter().map(|axis| value.shape[*axis]).collect();
    let steps: Vec<i64> = order.iter().map(|axis| strides[*axis] as i64).collect();
    Ok(value.gather(shape.clone(), &walk(&shape, 0, &steps)))
}

pub(in crate::import) fn slice(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let rank = value.shape.len();
    let missing = || node.invalid("`starts` or `ends` is missing; export the model again");
    let starts = node.list("starts", 1)?.ok_or_else(missing)?;
    let ends = node.list("ends", 2)?.ok_or_else(missing)?;
    let axes = node
        .list("axes", 3)?
        .unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = match node.optional_constant(4)? {
        Some(steps) => steps.iter().map(|v| *v as i64).collect(),
        None => vec![1; starts.len()],
    };
    if [ends.len(), axes.len(), steps.len()]
        .iter()
        .any(|len| *len != starts.len())
    {
        return Err(node.invalid("`starts`, `ends`, `axes` and `steps` differ in length"));
    }
    let mut stride: Vec<i64> = strides(&value.shape)
        .into_iter()
        .map(|s| s as i64)
        .collect();
    let mut shape = value.shape.clone();
    let mut origin = 0;
    let mut seen = vec![false; rank];
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = node.axis(axis, rank)?;
        if step == 0 || std::mem::replace(&mut seen[axis], true) {
            return Err(node.invalid(format!("axis {axis} is sliced twice or with step 0")));
        }
        let len = value.shape[axis] as i64;
        let from_start = |position: i64| {
            if position < 0 {
                position.saturating_add(len)
            } else {
                position
            }
        };
        let (first, count) = if step > 0 {
            let first = from_start(start).clamp(0, len);
            let step = step.min(len);
            (
                first,
                (from_start(end).clamp(0, len) - first + step - 1) / step,
            )
        } else {
            let first = from_start(start).clamp(0, len - 1);
            let step = step.max(-len);
            (
                first,
                (first - from_start(end).clamp(-1, len - 1) - step - 1) / -step,
            )
        };
        origin += first * stride[axis];
        stride[axis] = stride[axis].saturating_mul(step);
        shape[axis] = usize::try_from(count).unwrap_or(0);
    }
    node.count(&shape)?;
    Ok(value.gather(shape.clone(), &walk(&shape, origin, &stride)))
}

pub(in crate::import) fn gather(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let rank = value.shape.len();
    let axis = node.axis(node.int("axis", 0), rank)?;
    let indices = node.operand(1)?;
    let dimension = value.shape[axis];
    let picked = node
        .constant(1)?
        .iter()
        .map(|index| {
            let index = *index as i64;
            node.axis(index, dimension)
        })
        .collect::<Result<Vec<_>>>()?;
    let (outer, inner) = (&value.shape[..axis], &value.shape[axis + 1..]);
    let shape: Vec<usize> = outer
        .iter()
        .chain(&indices.shape)
        .chain(inner)
        .copied()
        .collect();
    node.count(&shape)?;
    let width: usize = inner.iter().product();
    let picked = &picked;
    let index: Vec<usize> = (0..outer.iter().product())
        .flat_map(|o| {
            picked
                .iter()
                .flat_map(move |p| (0..width).map(move |i| (o * dimension + p) * width + i))
        })
        .collect();
    Ok(value.gather(shape, &index))
}

pub(in crate::import) fn concat(node: &Node<'_>) -> Result<Affine> {
    let first = node.operand(0)?;
    let axis = node.axis(node.int("axis", 0), first.shape.len())?;
    let parts = (0..node.operands.len())
        .map(|i| node.operand(i))
        .collect::<Result<Vec<_>>>()?;
    let mut shape = first.shape.clone();
    shape[axis] = 0;
    for part in &parts {
        let fits = part.shape.len() == shape.len()
            && part
                .shape
                .iter()
                .zip(&shape)
                .enumerate()
                .all(|(i, (a, b))| i == axis || a == b);
        if !fits {
            return Err(node.invalid(format!(
                "cannot concatenate shape {:?} to {:?}",
                part.shape, first.shape
            )));
        }
        shape[axis] += part.shape[axis];
    }
    let len = node.count(&shape)?;
    let outer: usize = shape[..axis].iter().product();
    let mut out = Affine {
        bias: vec![0.0; len],
        shape,
        ..Affine::default()
    };
    let width = len / outer;
    let mut offset = 0;
    for part in parts {
        let part_width = part.len() / outer;
        let place = |i: usize| (i / part_width) * width + offset + i % part_width;
        for (i, bias) in part.bias.iter().enumerate() {
            out.bias[place(i)] = *bias;
        }
        for (source, rows) in &part.terms {
            let all = out
                .terms
                .entry(*source)
                .or_insert_with(|| vec![Vec::new(); len]);
            for (i, row) in rows.iter().enumerate() {
                all[place(i)] = row.clone();
            }
        }
        out.nodes.extend(part.nodes.iter().cloned());
        offset += part_width;
    }
    Ok(out)
}

/// What `Pad` puts around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Mode {
    Constant,
    /// The nearest cell.
    Edge,
    /// Cells back from the edge, which is not repeated.
    Reflect,
    /// Cells from the other end.
    Wrap,
}

impl Mode {
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
pub(in crate::import) struct Padding {
    pub(in crate::import) mode: Mode,
    /// Cells added before and after each axis; negative ones are cut off.
    pub(in crate::import) before: Vec<i64>,
    pub(in crate::import) after: Vec<i64>,
    /// What is in them.
    pub(in crate::import) value: f64,
    /// The result's shape.
    pub(in crate::import) shape: Vec<usize>,
}

pub(in crate::import) fn padding(node: &Node<'_>, shape: &[usize]) -> Result<Padding> {
    let mode = match node.text("mode").as_deref() {
        None | Some("constant") => Mode::Constant,
        Some("edge") => Mode::Edge,
        Some("reflect") => Mode::Reflect,
        Some("wrap") => Mode::Wrap,
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

pub(in crate::import) fn pad(node: &Node<'_>) -> Result<Affine> {
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

/// The parts of operand 0 along an axis, as many as the node has outputs.
pub(in crate::import) fn split(node: &Node<'_>) -> Result<Vec<Affine>> {
    let value = node.operand(0)?;
    let axis = node.axis(node.int("axis", 0), value.shape.len())?;
    let (len, parts) = (value.shape[axis], node.proto.output.len());
    let sizes = match node.list("split", 1)? {
        Some(sizes) => sizes,
        // The last part may be shorter.
        None => {
            let size = len.div_ceil(parts);
            let rest = |i: usize| len.saturating_sub(i * size).min(size) as i64;
            (0..parts).map(rest).collect()
        }
    };
    let total = sizes
        .iter()
        .try_fold(0i64, |sum, size| sum.checked_add(*size));
    if sizes.len() != parts || sizes.iter().any(|size| *size < 1) || total != Some(len as i64) {
        return Err(node.invalid(format!(
            "cannot split {len} places into {parts} parts of {sizes:?}"
        )));
    }
    let strides: Vec<i64> = strides(&value.shape).iter().map(|s| *s as i64).collect();
    let mut start = 0;
    let part = sizes.iter().map(|size| {
        let mut shape = value.shape.clone();
        shape[axis] = *size as usize;
        let cells = walk(&shape, start * strides[axis], &strides);
        start += size;
        value.gather(shape, &cells)
    });
    Ok(part.collect())
}
