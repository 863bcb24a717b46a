//! Shapes and flat indices: which cell stands where, and what numpy puts where.

/// More cells in one tensor than any model that can be proved has.
pub(crate) const MAX_CELLS: usize = 1 << 26;

/// The shape without a batch axis of 1.
pub(crate) fn stripped(onnx_shape: &[usize]) -> Vec<usize> {
    match onnx_shape {
        [1, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        [] => vec![1],
        all => all.to_vec(),
    }
}

/// Row-major strides.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// For each cell of a tensor of `shape`, in order, the flat index `start + Σ coordinate · stride`.
pub(crate) fn walk(shape: &[usize], start: i64, stride: &[i64]) -> Vec<usize> {
    let mut index = vec![start];
    for (dimension, step) in shape.iter().zip(stride) {
        index = index
            .iter()
            .flat_map(|base| (0..*dimension as i64).map(move |i| base + i * step))
            .collect();
    }
    index.into_iter().map(|i| i as usize).collect()
}

/// For each cell of `to`, the cell of `from` that numpy broadcasting puts there; `None` if the
/// shapes do not fit.
pub(crate) fn broadcast_index(from: &[usize], to: &[usize]) -> Option<Vec<usize>> {
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

/// The coordinates of flat index `cell` in a tensor of `shape`.
pub(crate) fn coordinates(shape: &[usize], mut cell: usize) -> Vec<usize> {
    let mut at = vec![0; shape.len()];
    for (at, dimension) in at.iter_mut().zip(shape).rev() {
        (*at, cell) = (cell % dimension, cell / dimension);
    }
    at
}

/// The flat index of the coordinates `at` in a tensor of `shape`.
pub(crate) fn flat(shape: &[usize], at: &[usize]) -> usize {
    at.iter()
        .zip(shape)
        .fold(0, |flat, (at, dimension)| flat * dimension + at)
}

/// Groups of cells: for each the cells it consists of, in order.
pub(crate) fn groups_along(shape: &[usize], axis: usize) -> Vec<Vec<usize>> {
    let inner = strides(shape)[axis];
    let n = shape[axis];
    let outer: usize = shape[..axis].iter().product();
    (0..outer * inner)
        .map(|group| {
            let first = group / inner * inner * n + group % inner;
            (0..n).map(|i| first + i * inner).collect()
        })
        .collect()
}
