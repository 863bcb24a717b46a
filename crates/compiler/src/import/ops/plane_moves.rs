//! Operators that move the cells of planes, as long as they stay planes.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::padding::{self, Fill};
use crate::import::ops::plane_sums::is_rich;
use crate::import::ops::{plane_operands, shape_ops};
use crate::import::values::Value;
use crate::import::values::affine::Affine;
use crate::import::values::kernels::depthwise;
use crate::import::values::planes::{PlaneMap, plane_size};
use verdict_model::Conv;

/// `value` under the shape that `operator` gives its operand.
pub(crate) fn reshaped(
    node: &Node<'_>,
    value: &PlaneMap,
    operands: &[Option<&Value>],
    operator: fn(&Node<'_>) -> Result<Affine>,
) -> Result<PlaneMap> {
    Ok(PlaneMap {
        shape: with_indices(node, operands, operator)?.shape,
        ..value.clone()
    })
}

/// `value` with its cells in the order into which `operator` puts them.
pub(crate) fn moved(
    node: &Node<'_>,
    value: &PlaneMap,
    operands: &[Option<&Value>],
    operator: fn(&Node<'_>) -> Result<Affine>,
) -> Result<Option<PlaneMap>> {
    let moved = with_indices(node, operands, operator)?;
    Ok(move_cells(value, &moved))
}

/// The parts into which `operator` cuts `value`; `None` unless all of them are planes.
pub(crate) fn parts(
    node: &Node<'_>,
    value: &PlaneMap,
    operands: &[Option<&Value>],
    operator: fn(&Node<'_>) -> Result<Vec<Affine>>,
) -> Result<Option<Vec<Value>>> {
    let parts = with_indices(node, operands, operator)?;
    let parts = parts.iter().map(|part| move_cells(value, part));
    Ok(parts.map(|part| part.map(Value::Planes)).collect())
}

/// What `operator` says of the operands' shapes alone.
pub(crate) fn of_shapes(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    operator: fn(&Node<'_>) -> Result<Affine>,
) -> Result<Affine> {
    with_indices(node, operands, operator)
}

/// Stands for planes where only their shape and the order of their cells matter: every cell's value
/// is its number.
fn indices(value: &PlaneMap) -> Affine {
    let cells = (0..value.len()).map(|cell| cell as f64).collect();
    Affine::constant(value.shape.clone(), cells)
}

/// Runs `run` with operands that are planes replaced by the numbers of their cells.
fn with_indices<T>(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    run: impl FnOnce(&Node<'_>) -> T,
) -> T {
    let stand_ins: Vec<Option<Affine>> = operands
        .iter()
        .map(|value| match value {
            Some(Value::Planes(value)) => Some(indices(value)),
            _ => None,
        })
        .collect();
    let all = operands
        .iter()
        .zip(&stand_ins)
        .map(|(value, stand_in)| match value {
            Some(Value::Rows(value)) => Some(value),
            _ => stand_in.as_ref(),
        });
    run(&node.with(all.collect()))
}

/// The cells of `value` in the order `moved` says, as planes of its shape.
fn move_cells(value: &PlaneMap, moved: &Affine) -> Option<PlaneMap> {
    if let Some(moved) = move_planes(value, moved) {
        return Some(moved);
    }
    // `[1, H, W, C]` is also a plane whose rows hold all channels of a place side by side.
    let ([1, rows, columns, channels], Some(id)) = (&value.shape[..], value.as_tensor()) else {
        return None;
    };
    let side_by_side = [1, *rows, columns * channels];
    let value = PlaneMap::tensor(id, value.shape.clone(), side_by_side);
    move_planes(&value, moved)
}

/// The cells of `value` in another order; `None` unless that is planes again.
fn move_planes(value: &PlaneMap, moved: &Affine) -> Option<PlaneMap> {
    let shape = moved.shape.clone();
    if shape.contains(&0) {
        return None;
    }
    let size = match shape[..] {
        [1, ref outer @ .., rows, columns] if outer.len() >= 2 => {
            [outer.iter().product(), rows, columns]
        }
        _ => plane_size(&shape)?,
    };
    let [channels, rows, columns] = size;
    let [_, high, wide] = value.size;
    let at = |cell: usize| {
        let cell = moved.bias[cell] as usize;
        [cell / (high * wide), cell / wide % high, cell % wide]
    };
    // Where each channel begins, and how far it goes from place to place; the same steps
    // everywhere.
    let firsts: Vec<[usize; 3]> = (0..channels).map(|c| at(c * rows * columns)).collect();
    let step = |next: usize, axis: usize| -> Option<usize> {
        let (here, there) = (at(0)[axis], at(next)[axis]);
        there.checked_sub(here).filter(|step| *step > 0)
    };
    let steps = [
        if rows > 1 { step(columns, 1)? } else { 1 },
        if columns > 1 { step(1, 2)? } else { 1 },
    ];
    let regular = (0..moved.len()).all(|cell| {
        let (c, y, x) = (
            cell / (rows * columns),
            cell / columns % rows,
            cell % columns,
        );
        let [channel, row, column] = firsts[c];
        at(cell) == [channel, row + steps[0] * y, column + steps[1] * x]
    });
    if !regular {
        return None;
    }
    let sources: Vec<usize> = firsts.iter().map(|first| first[0]).collect();
    let least = [1, 2].map(|axis| firsts.iter().map(|first| first[axis]).min().unwrap_or(0));
    let most = [1, 2].map(|axis| firsts.iter().map(|first| first[axis]).max().unwrap_or(0));
    if least == most {
        return Some(value.pick(&sources, least, steps, shape, size));
    }
    // Channels that begin at different places: a kernel with a single one for each.
    let kernel = [most[0] - least[0] + 1, most[1] - least[1] + 1];
    let place = kernel[0] * kernel[1];
    let mut conv = Conv {
        channels: [value.size[0], channels],
        size: kernel,
        stride: steps,
        pad: least.map(|first| -(first as i64)),
        groups: 1,
        weights: vec![0.0; value.size[0] * channels * place],
        ..depthwise(1, [high, wide], [rows, columns])
    };
    for (c, [source, row, column]) in firsts.iter().enumerate() {
        let k = (row - least[0]) * kernel[1] + column - least[1];
        conv.weights[(c * value.size[0] + source) * place + k] = 1.0;
    }
    value
        .conv(&conv, shape)
        .map(|moved| PlaneMap { size, ..moved })
}

/// `Pad` with a constant.
pub(crate) fn pad(
    node: &Node<'_>,
    value: &PlaneMap,
    _: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<PlaneMap>> {
    let padding = padding::padding(node, &value.shape)?;
    let (before, after) = (&padding.before, &padding.after);
    let rank = value.shape.len();
    if padding.mode != Fill::Constant
        || plane_size(&value.shape) != Some(value.size)
        || before[0] != 0
        || after[0] != 0
    {
        return Ok(None);
    }
    let shape = padding.shape.clone();
    let Some(size) = plane_size(&shape) else {
        return Ok(None);
    };
    let at = if rank == 4 {
        [before[1], before[2], before[3]]
    } else {
        [before[1], 0, before[2]]
    };
    let placed = match value.place(at, shape.clone(), size) {
        Some(placed) => Some(placed),
        None => builder
            .materialise_planes(&node.proto.input[0], value.clone())
            .place(at, shape, size),
    };
    Ok(placed.map(|mut placed| {
        if padding.value != 0.0 {
            for cell in 0..placed.len() {
                let place = [
                    cell / (size[1] * size[2]),
                    cell / size[2] % size[1],
                    cell % size[2],
                ];
                let inside = (0..3).all(|axis| {
                    let from = place[axis] as i64 - at[axis];
                    (0..value.size[axis] as i64).contains(&from)
                });
                if !inside {
                    placed.bias[cell] = padding.value;
                }
            }
        }
        placed
    }))
}

/// `Concat`
pub(crate) fn concat(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<PlaneMap>> {
    let parts: Vec<&Value> = operands.iter().copied().flatten().collect();
    let rank = parts[0].shape().len();
    let axis = node.axis(node.int("axis", 0), rank)?;
    // Explicit weights stay explicit unless that would spoil a convolution.
    let explicit = parts
        .iter()
        .any(|part| matches!(part, Value::Rows(value) if !value.is_constant()));
    let empty = parts.iter().any(|part| part.shape().contains(&0));
    if axis == 0 || empty || (explicit && !parts.iter().any(|part| is_rich(part))) {
        return Ok(None);
    }
    let whole = on_indices_of_shapes(node, &parts)?;
    let Some(size) = plane_size(&whole) else {
        return Ok(None);
    };
    let mut sum = PlaneMap::constant(whole.clone(), size, vec![0.0; size.iter().product()]);
    let plane_axis = if rank == 3 && axis == 2 { 2 } else { axis - 1 };
    let mut at = [0; 3];
    for index in 0..parts.len() {
        let part = plane_operands::operand(node, operands, index, builder)?;
        let along = part.size[plane_axis] as i64;
        let placed = match part.place(at, whole.clone(), size) {
            Some(placed) => placed,
            None => {
                let plain = builder.materialise_planes(&node.proto.input[index], part);
                match plain.place(at, whole.clone(), size) {
                    Some(placed) => placed,
                    None => return Ok(None),
                }
            }
        };
        sum = sum.add(placed);
        at[plane_axis] += along;
    }
    Ok(Some(sum))
}

/// The shape of the concatenation of values, checked as always.
fn on_indices_of_shapes(node: &Node<'_>, parts: &[&Value]) -> Result<Vec<usize>> {
    let stand_ins: Vec<Affine> = parts
        .iter()
        .map(|part| {
            let shape = part.shape().to_vec();
            let len = shape.iter().product();
            Affine::constant(shape, vec![0.0; len])
        })
        .collect();
    let node = node.with(stand_ins.iter().map(Some).collect());
    Ok(shape_ops::concat(&node)?.shape)
}
