//! Operators that only move cells: they become index maps.

use crate::Result;
use crate::import::node::Node;
use crate::import::shapes::{strides, walk};
use crate::import::values::affine::Affine;

/// The operand as it is.
pub(crate) fn identity(node: &Node<'_>) -> Result<Affine> {
    Ok(node.operand(0)?.clone())
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

pub(crate) fn flatten(node: &Node<'_>) -> Result<Affine> {
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

pub(crate) fn reshape(node: &Node<'_>) -> Result<Affine> {
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
        // Of no cells any size would do, and ONNX allows none: it stays 1, which fits nothing.
        shape[axis] = value.len().checked_div(node.count(&shape)?).unwrap_or(1);
    }
    with_shape(node, value, shape)
}

pub(crate) fn squeeze(node: &Node<'_>) -> Result<Affine> {
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

pub(crate) fn unsqueeze(node: &Node<'_>) -> Result<Affine> {
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

pub(crate) fn transpose(node: &Node<'_>) -> Result<Affine> {
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

pub(crate) fn slice(node: &Node<'_>) -> Result<Affine> {
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
        if len == 0 {
            continue;
        }
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

pub(crate) fn gather(node: &Node<'_>) -> Result<Affine> {
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
            node.place(index, dimension)
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

pub(crate) fn concat(node: &Node<'_>) -> Result<Affine> {
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
    let outer = shape[..axis].iter().product::<usize>().max(1);
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
