//! Operators whose result is known when the model is compiled: shapes, and what is made of them.

use crate::Result;
use crate::import::node::Node;
use crate::import::proto;
use crate::import::shapes::coordinates;
use crate::import::sparse;
use crate::import::values::affine::Affine;

/// `Size`
pub(crate) fn size(node: &Node<'_>) -> Result<Affine> {
    let count = node.operand(0)?.shape.iter().product::<usize>();
    Ok(Affine::constant(vec![], vec![count as f64]))
}

/// `Shape`, from axis `start` on and before axis `end`.
pub(crate) fn shape(node: &Node<'_>) -> Result<Affine> {
    let shape = &node.operand(0)?.shape;
    let rank = shape.len() as i64;
    let place = |axis: i64| {
        let from_start = if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis
        };
        from_start.clamp(0, rank) as usize
    };
    let (start, end) = (place(node.int("start", 0)), place(node.int("end", rank)));
    let picked = shape.get(start..end).unwrap_or_default();
    let picked: Vec<f64> = picked.iter().map(|d| *d as f64).collect();
    Ok(Affine::constant(vec![picked.len()], picked))
}

/// `ConstantOfShape`
pub(crate) fn of_shape(node: &Node<'_>) -> Result<Affine> {
    let shape = dimensions(node, node.constant(0)?)?;
    let value = match node.raw("value") {
        None => 0.0,
        Some(_) => match &constant(node)?.bias[..] {
            [value] => *value,
            values => {
                return Err(
                    node.invalid(format!("`value` has {} values, expected one", values.len()))
                );
            }
        },
    };
    // An empty list is what is left of a shape where there is nothing to concatenate.
    let count = if shape.contains(&0) {
        0
    } else {
        node.count(&shape)?
    };
    Ok(Affine::constant(shape, vec![value; count]))
}

/// A shape given as numbers.
pub(crate) fn dimensions(node: &Node<'_>, numbers: &[f64]) -> Result<Vec<usize>> {
    let dimension = |number: &f64| {
        let whole = number.is_finite() && *number >= 0.0 && number.fract() == 0.0;
        let invalid = || {
            node.invalid(format!(
                "{numbers:?} is not a shape; fix it and export again"
            ))
        };
        whole.then_some(*number as usize).ok_or_else(invalid)
    };
    numbers.iter().map(dimension).collect()
}

/// `Range`
pub(crate) fn range(node: &Node<'_>) -> Result<Affine> {
    let number = |index| match node.constant(index)? {
        [number] => Ok(*number),
        numbers => Err(node.invalid(format!(
            "operand {index} has {} values, expected one",
            numbers.len()
        ))),
    };
    let (start, limit, step) = (number(0)?, number(1)?, number(2)?);
    let count = ((limit - start) / step).ceil().max(0.0);
    if !count.is_finite() {
        return Err(node.invalid(format!(
            "counts from {start} to {limit} by {step}, which never ends; correct its operands"
        )));
    }
    let count = count as usize;
    if count > 0 {
        node.count(&[count])?;
    }
    let values = (0..count).map(|i| start + i as f64 * step);
    Ok(Affine::constant(vec![count], values.collect()))
}

/// `NonZero`: where a constant is not zero, the coordinates axis by axis.
pub(crate) fn non_zero(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    if !value.is_constant() {
        return Err(node.invalid(
            "of a value that depends on the input it is not supported, since its output's shape depends on the data; end the model \
             before it (name its operand as the output)",
        ));
    }
    let cells = (0..value.len()).filter(|cell| value.bias[*cell] != 0.0);
    let found: Vec<Vec<usize>> = cells.map(|cell| coordinates(&value.shape, cell)).collect();
    let rank = value.shape.len();
    let axes = (0..rank).flat_map(|axis| found.iter().map(move |at| at[axis] as f64));
    Ok(Affine::constant(vec![rank, found.len()], axes.collect()))
}

/// `EyeLike`
pub(crate) fn eye(node: &Node<'_>) -> Result<Affine> {
    let shape = node.operand(0)?.shape.clone();
    let [rows, columns] = shape[..] else {
        return Err(node.invalid(format!("expected a matrix, found shape {shape:?}")));
    };
    let diagonal = node.int("k", 0);
    let cell = |cell: usize| {
        let (row, column) = (cell / columns, cell % columns);
        f64::from(column as i64 - row as i64 == diagonal)
    };
    Ok(Affine::constant(
        shape,
        (0..rows * columns).map(cell).collect(),
    ))
}

/// The value of a `Constant` node.
pub(crate) fn constant(node: &Node<'_>) -> Result<Affine> {
    if let Some(attribute) = node.raw("value") {
        let held = attribute
            .t
            .as_ref()
            .ok_or_else(|| node.invalid("attribute `value` is empty; export again"))?;
        return proto::tensor(node.path, held);
    }
    if let Some(attribute) = node.raw("sparse_value") {
        let held = attribute
            .sparse_tensor
            .as_ref()
            .ok_or_else(|| node.invalid("attribute `sparse_value` is empty; export again"))?;
        return Ok(sparse::tensor(node.path, held, sparse::MAX_CELLS)?.1);
    }
    let scalar = |value| Affine::constant(vec![], vec![value]);
    let list = |values: Vec<f64>| Affine::constant(vec![values.len()], values);
    let value = node
        .raw("value_float")
        .map(|a| scalar(f64::from(a.f)))
        .or_else(|| node.raw("value_int").map(|a| scalar(a.i as f64)))
        .or_else(|| {
            node.raw("value_floats")
                .map(|a| list(a.floats.iter().map(|v| f64::from(*v)).collect()))
        })
        .or_else(|| {
            node.raw("value_ints")
                .map(|a| list(a.ints.iter().map(|v| *v as f64).collect()))
        });
    value.ok_or_else(|| {
        node.invalid("holds neither a tensor nor numbers; expected numeric constants only")
    })
}
