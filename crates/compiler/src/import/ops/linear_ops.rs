//! Operators that are linear in the activations.

use crate::Result;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::node::{Node, Reduction};
use crate::import::shapes::broadcast_index;
use crate::import::values::affine::Affine;

pub(crate) fn add(node: &Node<'_>, sign: f64) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let mut b = broadcast(node, b, &shape)?;
    b.scale(|_| sign);
    Ok(broadcast(node, a, &shape)?.add(b))
}

pub(crate) fn sum(node: &Node<'_>) -> Result<Affine> {
    let mut total = node.operand(0)?.clone();
    for i in 1..node.operands.len() {
        let next = node.operand(i)?;
        let shape = broadcast_shape(node, &total.shape, &next.shape)?;
        total = broadcast(node, &total, &shape)?.add(broadcast(node, next, &shape)?);
    }
    Ok(total)
}

pub(crate) fn mean(node: &Node<'_>) -> Result<Affine> {
    let mut total = sum(node)?;
    total.scale(|_| 1.0 / node.operands.len() as f64);
    Ok(total)
}

pub(crate) fn mul(node: &Node<'_>) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let (value, factor) = if b.is_constant() { (a, b) } else { (b, a) };
    if !factor.is_constant() {
        return Err(node.product());
    }
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let mut value = broadcast(node, value, &shape)?;
    let factor = broadcast(node, factor, &shape)?;
    value.scale(|i| factor.bias[i]);
    Ok(value)
}

pub(crate) fn div(node: &Node<'_>) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    if !b.is_constant() {
        return Err(node.product());
    }
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let mut value = broadcast(node, a, &shape)?;
    let divisor = broadcast(node, b, &shape)?;
    if let Some(position) = divisor.bias.iter().position(|d| *d == 0.0) {
        return Err(node.zero_divisor(position));
    }
    value.scale(|i| 1.0 / divisor.bias[i]);
    Ok(value)
}

/// `MatMul`
pub(crate) fn matmul(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    multiply(node, builder, node.operand(0)?, node.operand(1)?)
}

/// numpy's `matmul`.
fn multiply(node: &Node<'_>, builder: &mut Builder, a: &Affine, b: &Affine) -> Result<Affine> {
    let mismatch = || {
        node.invalid(format!(
            "cannot multiply shapes {:?} and {:?}",
            a.shape, b.shape
        ))
    };
    if a.shape.is_empty() || b.shape.is_empty() {
        return Err(mismatch());
    }
    // A vector on the left is a row, a vector on the right a column; the extra axis is dropped
    // again at the end.
    let (row, column) = (a.shape.len() == 1, b.shape.len() == 1);
    let left = if row {
        vec![1, a.shape[0]]
    } else {
        a.shape.clone()
    };
    let right = if column {
        vec![b.shape[0], 1]
    } else {
        b.shape.clone()
    };
    let (left_batch, left_matrix) = left.split_at(left.len() - 2);
    let (right_batch, right_matrix) = right.split_at(right.len() - 2);
    let (m, inner, n) = (left_matrix[0], left_matrix[1], right_matrix[1]);
    if right_matrix[0] != inner {
        return Err(mismatch());
    }
    let batch = broadcast_shape(node, left_batch, right_batch)?;
    let mut full = batch.clone();
    full.extend([m, n]);
    node.count(&full)?;
    let left_index = broadcast_index(left_batch, &batch).ok_or_else(mismatch)?;
    let right_index = broadcast_index(right_batch, &batch).ok_or_else(mismatch)?;
    let mut shape = batch;
    if !row {
        shape.push(m);
    }
    if !column {
        shape.push(n);
    }
    let pairs = |i: usize| {
        let (plane, i, j) = (i / (m * n), i / n % m, i % n);
        let (left_plane, right_plane) = (
            left_index[plane] * m * inner,
            right_index[plane] * inner * n,
        );
        (0..inner).map(move |k| (left_plane + i * inner + k, right_plane + k * n + j))
    };
    if !a.is_constant() && !b.is_constant() {
        node.affords_products(shape.iter().product(), inner)?;
        let pairs = (0..shape.iter().product()).map(|i| pairs(i).collect());
        return Ok(builder.bilinear(&node.output(), a, b, shape, &pairs.collect()));
    }
    let (variable, constant, variable_left) = if b.is_constant() {
        (a, b, true)
    } else {
        (b, a, false)
    };
    node.affords(shape.iter().product(), inner, variable)?;
    let mut product = variable.combine(shape, |i| {
        pairs(i).map(|(l, r)| {
            if variable_left {
                (l, constant.bias[r])
            } else {
                (r, constant.bias[l])
            }
        })
    });
    product.nodes.extend(constant.nodes.iter().cloned());
    Ok(product)
}

fn transposed(node: &Node<'_>, value: &Affine, flag: &str) -> Result<Affine> {
    let [rows, columns] = value.shape[..] else {
        return Err(node.invalid(format!("expected a matrix, found shape {:?}", value.shape)));
    };
    if node.int(flag, 0) == 0 {
        return Ok(value.clone());
    }
    let index: Vec<usize> = (0..columns)
        .flat_map(|c| (0..rows).map(move |r| r * columns + c))
        .collect();
    Ok(value.gather(vec![columns, rows], &index))
}

pub(crate) fn gemm(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let a = transposed(node, node.operand(0)?, "transA")?;
    let b = transposed(node, node.operand(1)?, "transB")?;
    let mut product = multiply(node, builder, &a, &b)?;
    let alpha = node.float("alpha", 1.0);
    product.scale(|_| alpha);
    let Some(c) = node.optional(2) else {
        return Ok(product);
    };
    let mut c = broadcast(node, c, &product.shape)?;
    let beta = node.float("beta", 1.0);
    c.scale(|_| beta);
    Ok(product.add(c))
}

pub(crate) fn batch_normalization(node: &Node<'_>) -> Result<Affine> {
    let mut value = node.operand(0)?.clone();
    let (factor, shift) = normalisation(node, &value.shape)?;
    value.scale(|i| factor[i]);
    for (bias, shift) in value.bias.iter_mut().zip(shift) {
        *bias += shift;
    }
    Ok(value)
}

/// What `BatchNormalization` multiplies each cell of a value of `shape` by, and what it adds.
pub(crate) fn normalisation(node: &Node<'_>, shape: &[usize]) -> Result<(Vec<f64>, Vec<f64>)> {
    if node.int("training_mode", 0) != 0 {
        return Err(node.invalid("is in training mode; call model.eval() before exporting"));
    }
    let channels = shape.get(1).copied().unwrap_or(1);
    let inner: usize = shape.iter().skip(2).product();
    let len: usize = shape.iter().product();
    let parameter = |index| {
        let values = node.constant(index)?;
        if values.len() == channels {
            Ok(values)
        } else {
            Err(node.invalid(format!(
                "operand {index} has {} values, expected {channels} channels",
                values.len()
            )))
        }
    };
    let (scale, shift, mean, variance) =
        (parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?);
    let epsilon = node.float("epsilon", 1e-5);
    if let Some(channel) = variance.iter().position(|v| *v + epsilon <= 0.0) {
        return Err(node.invalid(format!(
            "the variance of channel {channel} is negative; export the model again"
        )));
    }
    let factor: Vec<f64> = scale
        .iter()
        .zip(variance)
        .map(|(s, v)| s / (v + epsilon).sqrt())
        .collect();
    let by_cell = |values: Vec<f64>| {
        let cell = |i: usize| values[i / inner % channels];
        (0..len).map(cell).collect()
    };
    let shift = (0..channels)
        .map(|channel| shift[channel] - mean[channel] * factor[channel])
        .collect();
    Ok((by_cell(factor), by_cell(shift)))
}

/// The mean of every plane.
pub(crate) fn global_average_pool(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    if value.shape.len() < 3 {
        return Err(node.unsupported(format!(
            "it is applied to shape {:?}; expected at least three axes",
            value.shape
        )));
    }
    let planes: usize = value.shape[..2].iter().product();
    let plane = value.len() / planes.max(1);
    let mut shape = value.shape.clone();
    shape[2..].fill(1);
    Ok(value.combine(shape, |i| {
        (i * plane..(i + 1) * plane).map(move |cell| (cell, 1.0 / plane as f64))
    }))
}

/// `ReduceSum` and `ReduceMean`.
pub(crate) fn reduce(node: &Node<'_>, mean: bool) -> Result<Affine> {
    let value = node.operand(0)?;
    let Some(Reduction {
        groups: members,
        shape,
    }) = node.groups()?
    else {
        return Ok(value.clone());
    };
    let weight = if mean {
        members.len() as f64 / value.len() as f64
    } else {
        1.0
    };
    Ok(value.combine(shape, |i| {
        members[i].iter().map(move |cell| (*cell, weight))
    }))
}

/// `CumSum`: each cell and those before it along the axis, or after it.
pub(crate) fn cumulative_sum(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let axis = match node.constant(1)? {
        [axis] => node.axis(*axis as i64, value.shape.len())?,
        axes => return Err(node.invalid(format!("sums along {} axes, expected one", axes.len()))),
    };
    let (exclusive, reverse) = (node.int("exclusive", 0) != 0, node.int("reverse", 0) != 0);
    let len = value.shape[axis];
    let inner: usize = value.shape[axis + 1..].iter().product();
    Ok(value.combine(value.shape.clone(), |cell| {
        let (at, first) = (
            cell / inner % len,
            cell / (inner * len) * inner * len + cell % inner,
        );
        let summed = match (reverse, exclusive) {
            (false, false) => 0..at + 1,
            (false, true) => 0..at,
            (true, false) => at..len,
            (true, true) => at + 1..len,
        };
        summed.map(move |place| (first + place * inner, 1.0))
    }))
}
