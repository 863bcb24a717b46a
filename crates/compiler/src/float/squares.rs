//! What sums of squares say of products: `a·b = ((a + b)² − a² − b²) / 2` (see
//! [`bilinear`](crate::import::builder::bilinear)), which nothing but all terms together tell.

use std::collections::BTreeMap;

use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatKernel, FloatLayer, FloatTerm};

/// A cell of a tensor.
pub(crate) type Cell = (usize, u32);
/// For each pair of cells what their product is multiplied by in a sum.
pub(crate) type Products = BTreeMap<(Cell, Cell), f64>;

impl FloatGraph {
    /// Adds what a term of squares says of each pair of cells to `products`, which has a sum for each
    /// of so many cells. `false` if it is no such term.
    pub(crate) fn add_products(
        &self,
        term: &FloatTerm,
        products: &mut Vec<Products>,
        cells: usize,
    ) -> bool {
        let (FloatKernel::Rows(rows), Some(squares)) =
            (&term.kernel, &self.tensors[term.source].layer)
        else {
            return false;
        };
        let plain = |term: &FloatTerm| matches!(term.kernel, FloatKernel::Rows(_));
        if squares.activation != Activation::Square
            || squares.bias.iter().any(|bias| *bias != 0.0)
            || !squares.terms.iter().all(plain)
        {
            return false;
        }
        products.resize(cells, BTreeMap::new());
        for (products, row) in products.iter_mut().zip(rows) {
            for (cell, weight) in row {
                let factors = factors(squares, *cell as usize);
                for (x, a) in &factors {
                    for (y, b) in &factors {
                        let both = (*x.min(y), *x.max(y));
                        *products.entry(both).or_default() += weight * a * b;
                    }
                }
            }
        }
        for all in products {
            all.retain(|_, factor| *factor != 0.0);
        }
        true
    }
}

/// What cell `cell` of a layer adds up.
fn factors(layer: &FloatLayer, cell: usize) -> Vec<(Cell, f64)> {
    let of = |term: &FloatTerm| match &term.kernel {
        FloatKernel::Rows(rows) => {
            let row = rows.get(cell).cloned().unwrap_or_default();
            let source = term.source;
            row.into_iter()
                .map(move |(cell, weight)| ((source, cell), weight))
                .collect()
        }
        FloatKernel::Conv(_) => Vec::new(),
    };
    layer.terms.iter().flat_map(of).collect()
}
