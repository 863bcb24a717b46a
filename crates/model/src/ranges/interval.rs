//! Interval analysis: the range of every sum a layer can compute.

use rayon::prelude::*;

use super::exclusive::{Cells, groups};
use super::products;
use crate::graph::{Conv, IntegerGraph, Kernel, Layer, TensorId, Term};

/// What is known about one sum `y` for every value its sources can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The least that the sum can be.
    pub min: i128,
    /// The most that it can be.
    pub max: i128,
    /// No partial sum, in whatever order, exceeds this in magnitude.
    pub magnitude: i128,
}

impl Bound {
    fn new(bias: i64) -> Self {
        Self {
            min: bias.into(),
            max: bias.into(),
            magnitude: i128::from(bias).abs(),
        }
    }

    fn add(&mut self, weight: i32, (min, max): (i32, i32)) {
        if weight == 0 {
            return;
        }
        let products = [
            i128::from(weight) * i128::from(min),
            i128::from(weight) * i128::from(max),
        ];
        self.min += products[0].min(products[1]);
        self.max += products[0].max(products[1]);
        self.magnitude += products[0].abs().max(products[1].abs());
    }
}

/// The bounds of a layer's sums, given the tensors it reads.
pub fn layer_bounds(layer: &Layer, cells: &impl Cells) -> Vec<Bound> {
    let mut bounds: Vec<Bound> = layer.bias.iter().map(|bias| Bound::new(*bias)).collect();
    let (squares, others): (Vec<&Term>, Vec<&Term>) = layer
        .terms
        .iter()
        .partition(|term| products::is_square(term, cells));
    add_bounds(&others, cells, &mut bounds);
    if !squares.is_empty() {
        let mut of_squares = vec![Bound::new(0); bounds.len()];
        add_bounds(&squares, cells, &mut of_squares);
        let reaches = products::reaches(&squares, cells, bounds.len());
        for (bound, (min, max)) in of_squares.iter_mut().zip(reaches) {
            bound.min = bound.min.max(min);
            bound.max = bound.max.min(max);
        }
        for (bound, of_squares) in bounds.iter_mut().zip(of_squares) {
            bound.min += of_squares.min;
            bound.max += of_squares.max;
            bound.magnitude += of_squares.magnitude;
        }
    }
    bounds
}

/// Adds the bounds of terms, each of whose sources' cells may have any value whatever others have.
fn add_bounds(terms: &[&Term], cells: &impl Cells, bounds: &mut [Bound]) {
    for term in terms {
        let (min, max, len) = cells.range(term.source);
        // A convolution of such cells is what made them exclusive, unless it looks at one place
        // alone.
        if !matches!(&term.kernel, Kernel::Conv(conv) if conv.size != [1, 1])
            && let Some(groups) = groups(cells, term.source)
        {
            exclusive_bounds(&term.kernel, &groups, bounds);
            continue;
        }
        match &term.kernel {
            Kernel::Dense { weights } => {
                bounds
                    .par_iter_mut()
                    .zip(weights.par_chunks(len.max(1)))
                    .for_each(|(bound, row)| {
                        row.iter().for_each(|weight| bound.add(*weight, (min, max)));
                    });
            }
            Kernel::Sparse { entries } => {
                for (output, _, weight) in entries {
                    if let Some(bound) = bounds.get_mut(*output as usize) {
                        bound.add(*weight, (min, max));
                    }
                }
            }
            Kernel::Conv(conv) => conv_bounds(conv, (min, max), bounds),
        }
    }
}

/// Adds the bounds of a kernel whose source's cells are 0 or 1, and 1 for one cell of each group at
/// most.
fn exclusive_bounds(kernel: &Kernel, groups: &[u32], bounds: &mut [Bound]) {
    let mut weights: Vec<Vec<(u32, i32)>> = vec![Vec::new(); bounds.len()];
    kernel.for_each(groups.len(), |output, cell, weight| {
        if let (Some(weights), Some(group)) = (weights.get_mut(output), groups.get(cell)) {
            weights.push((*group, weight));
        }
    });
    for (bound, mut weights) in bounds.iter_mut().zip(weights) {
        // By group, and ascending within it: the ends are the least and the most.
        weights.sort_unstable();
        for group in weights.chunk_by(|a, b| a.0 == b.0) {
            let (min, max) = (group[0].1.min(0), group[group.len() - 1].1.max(0));
            bound.min += i128::from(min);
            bound.max += i128::from(max);
            bound.magnitude += i128::from(min).abs().max(i128::from(max));
        }
    }
}

/// Adds a convolution's bounds: a kernel place contributes the same wherever it meets the source's
/// plane.
fn conv_bounds(conv: &Conv, range: (i32, i32), bounds: &mut [Bound]) {
    let [rows, columns] = conv.all_pairs();
    let width = conv.output[1];
    let plane = (conv.output[0] * width).max(1);
    bounds
        .par_chunks_mut(plane)
        .enumerate()
        .for_each(|(output, bounds)| {
            for (row, below) in rows.iter().enumerate() {
                for (column, beside) in columns.iter().enumerate() {
                    let mut place = Bound::new(0);
                    for number in 0..conv.sources(output).len() {
                        place.add(conv.weight(output, number, row, column), range);
                    }
                    if place.magnitude == 0 {
                        continue;
                    }
                    for (y, _) in below {
                        for (x, _) in beside {
                            if let Some(bound) = bounds.get_mut(y * width + x) {
                                bound.min += place.min;
                                bound.max += place.max;
                                bound.magnitude += place.magnitude;
                            }
                        }
                    }
                }
            }
        });
}

impl IntegerGraph {
    /// The smallest and largest `y` of each cell of `tensor`, over every value its sources' ranges
    /// allow; empty for an input. The graph must be [valid](Self::validate).
    pub fn intervals(&self, tensor: TensorId) -> Vec<(i64, i64)> {
        self.bounds(tensor)
            .into_iter()
            .map(|bound| (saturate(bound.min), saturate(bound.max)))
            .collect()
    }

    /// The smallest and largest `y` of any cell of `tensor`; `None` for an input. The graph must be
    /// [valid](Self::validate).
    pub fn interval(&self, tensor: TensorId) -> Option<(i64, i64)> {
        let bounds = self.bounds(tensor);
        let min = bounds.iter().map(|bound| bound.min).min()?;
        let max = bounds.iter().map(|bound| bound.max).max()?;
        Some((saturate(min), saturate(max)))
    }

    /// The bounds of every sum of a tensor's layer; none for an input.
    pub fn bounds(&self, tensor: TensorId) -> Vec<Bound> {
        let layer = self
            .tensors
            .get(tensor)
            .and_then(|tensor| tensor.layer.as_ref());
        layer
            .map(|layer| layer_bounds(layer, self))
            .unwrap_or_default()
    }

    /// Number of non-zero weights and of biases.
    pub fn parameters(&self) -> usize {
        self.tensors
            .iter()
            .filter_map(|tensor| tensor.layer.as_ref())
            .map(|layer| {
                layer.bias.len()
                    + layer
                        .terms
                        .iter()
                        .map(|term| term.kernel.non_zero())
                        .sum::<usize>()
            })
            .sum()
    }

    /// Entries of all tables together.
    pub fn table_entries(&self) -> usize {
        self.functions
            .iter()
            .filter_map(|function| function.table())
            .map(|table| table.values.len())
            .sum()
    }
}

impl Kernel {
    /// Number of weights that are not zero.
    pub fn non_zero(&self) -> usize {
        match self {
            Self::Dense { weights } => weights.iter().filter(|weight| **weight != 0).count(),
            Self::Sparse { entries } => {
                entries.iter().filter(|(_, _, weight)| *weight != 0).count()
            }
            Self::Conv(conv) => conv.non_zero(),
        }
    }

    /// Calls `visit(output, source cell, weight)` for every weight that is not zero; `source_len`
    /// is the source's length.
    pub fn for_each(&self, source_len: usize, mut visit: impl FnMut(usize, usize, i32)) {
        match self {
            Self::Dense { weights } => {
                for (output, row) in weights.chunks(source_len.max(1)).enumerate() {
                    for (cell, weight) in row.iter().enumerate().filter(|(_, weight)| **weight != 0)
                    {
                        visit(output, cell, *weight);
                    }
                }
            }
            Self::Sparse { entries } => {
                for (output, cell, weight) in entries.iter().filter(|(_, _, weight)| *weight != 0) {
                    visit(*output as usize, *cell as usize, *weight);
                }
            }
            Self::Conv(conv) => conv.for_each(visit),
        }
    }
}

fn saturate(value: i128) -> i64 {
    value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Tensor, Term, Visibility};

    /// One tensor, whatever its number.
    struct Source(Tensor);

    impl Cells for Source {
        fn tensor(&self, _: TensorId) -> Option<&Tensor> {
            Some(&self.0)
        }

        fn value(&self, _: usize, _: i64) -> Option<i32> {
            None
        }
    }

    #[test]
    fn a_convolution_bounds_what_its_products_do() {
        let conv = Conv {
            channels: [4, 6],
            source: [5, 4],
            output: [4, 3],
            size: [3, 2],
            stride: [2, 1],
            up: [1, 2],
            dilation: [1, 2],
            pad: [2, 1],
            groups: 2,
            weights: (0..72).map(|i| i * 37 % 19 - 9).collect(),
        };
        assert_eq!(conv.check(80, 72), Ok(()));
        let layer = Layer {
            nodes: vec![],
            terms: vec![Term {
                source: 0,
                kernel: Kernel::Conv(conv.clone()),
            }],
            bias: (0..72).collect(),
            function: 0,
        };
        let mut expected: Vec<Bound> = layer.bias.iter().map(|bias| Bound::new(*bias)).collect();
        conv.for_each(|to, _, weight| expected[to].add(weight, (-3, 7)));
        let source = Source(Tensor {
            name: "x".into(),
            shape: vec![80],
            len: 80,
            min: -3,
            max: 7,
            scale: 1.0,
            visibility: Visibility::Private,
            layer: None,
        });
        assert_eq!(layer_bounds(&layer, &source), expected);
    }
}
