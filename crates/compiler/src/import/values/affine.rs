//! Affine values: what the importer knows about every ONNX value between two element-wise
//! functions.

use std::collections::BTreeMap;

use rayon::prelude::*;

/// One output cell's weights: `(source cell, weight)`, by ascending source cell.
pub(crate) type Row = Vec<(u32, f64)>;

/// `value[i] = bias[i] + Σ_source Σ_(j, w) ∈ terms[source][i]  w · source[j]`. Without terms it is
/// a constant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Affine {
    /// The ONNX shape, batch axis included.
    pub(crate) shape: Vec<usize>,
    /// One row per cell, for each source tensor.
    pub(crate) terms: BTreeMap<usize, Vec<Row>>,
    /// One per cell.
    pub(crate) bias: Vec<f64>,
    /// The ONNX nodes folded in so far.
    pub(crate) nodes: Vec<String>,
}

impl Affine {
    pub(crate) fn constant(shape: Vec<usize>, values: Vec<f64>) -> Self {
        Self {
            shape,
            bias: values,
            ..Self::default()
        }
    }

    /// The identity on tensor `source`.
    pub(crate) fn tensor(source: usize, shape: Vec<usize>, len: usize) -> Self {
        let rows = (0..len).map(|i| vec![(i as u32, 1.0)]).collect();
        Self {
            shape,
            terms: BTreeMap::from([(source, rows)]),
            bias: vec![0.0; len],
            nodes: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bias.len()
    }

    pub(crate) fn is_constant(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether whole numbers stay whole.
    pub(crate) fn keeps_whole(&self) -> bool {
        let mut weights = self.terms.values().flatten().flatten();
        self.bias.iter().all(|bias| bias.fract() == 0.0)
            && weights.all(|(_, weight)| weight.fract() == 0.0)
    }

    /// The tensor this value equals cell for cell, if there is one.
    pub(crate) fn as_tensor(&self) -> Option<usize> {
        let (source, rows) = self.terms.first_key_value()?;
        let identity = self.terms.len() == 1
            && self.bias.iter().all(|b| *b == 0.0)
            && rows
                .iter()
                .enumerate()
                .all(|(i, row)| row.as_slice() == [(i as u32, 1.0)]);
        identity.then_some(*source)
    }

    /// The tensor and the cells of it that this value consists of, if each cell is just that.
    pub(crate) fn as_cells(&self) -> Option<(usize, Vec<u32>)> {
        let (source, rows) = self.terms.first_key_value()?;
        if self.terms.len() > 1 || self.bias.iter().any(|b| *b != 0.0) {
            return None;
        }
        let cells = rows.iter().map(|row| match row.as_slice() {
            [(cell, 1.0)] => Some(*cell),
            _ => None,
        });
        Some((*source, cells.collect::<Option<_>>()?))
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.bias.iter().all(|b| b.is_finite())
            && self
                .terms
                .values()
                .flatten()
                .flatten()
                .all(|(_, weight)| weight.is_finite())
    }

    /// The cells `index` in that order, under a new shape.
    pub(crate) fn gather(&self, shape: Vec<usize>, index: &[usize]) -> Self {
        Self {
            shape,
            terms: self
                .terms
                .iter()
                .map(|(source, rows)| (*source, index.iter().map(|i| rows[*i].clone()).collect()))
                .collect(),
            bias: index.iter().map(|i| self.bias[*i]).collect(),
            nodes: self.nodes.clone(),
        }
    }

    /// `self[i] · factor(i)`.
    pub(crate) fn scale(&mut self, factor: impl Fn(usize) -> f64) {
        for rows in self.terms.values_mut() {
            for (i, row) in rows.iter_mut().enumerate() {
                row.iter_mut().for_each(|(_, weight)| *weight *= factor(i));
            }
        }
        for (i, bias) in self.bias.iter_mut().enumerate() {
            *bias *= factor(i);
        }
    }

    /// `self[i] + other[i]`; both have the same number of cells.
    pub(crate) fn add(mut self, other: Self) -> Self {
        for (bias, more) in self.bias.iter_mut().zip(&other.bias) {
            *bias += more;
        }
        for (source, rows) in other.terms {
            match self.terms.entry(source) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(rows);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    for (row, mut more) in entry.get_mut().iter_mut().zip(rows) {
                        row.append(&mut more);
                        normalise(row);
                    }
                }
            }
        }
        self.nodes.extend(other.nodes);
        self
    }

    /// `out[i] = Σ_(j, c) ∈ combination(i)  c · self[j]`.
    pub(crate) fn combine<I>(
        &self,
        shape: Vec<usize>,
        combination: impl Fn(usize) -> I + Sync,
    ) -> Self
    where
        I: Iterator<Item = (usize, f64)>,
    {
        let len: usize = shape.iter().product();
        let bias = (0..len)
            .into_par_iter()
            .map(|i| combination(i).map(|(j, c)| c * self.bias[j]).sum())
            .collect();
        let terms = self
            .terms
            .iter()
            .map(|(source, rows)| {
                let width = rows
                    .iter()
                    .flatten()
                    .map(|(cell, _)| *cell as usize + 1)
                    .max()
                    .unwrap_or(0);
                let combined = (0..len)
                    .into_par_iter()
                    .map_init(
                        || vec![0.0; width],
                        |sum, i| combine_row(rows, combination(i), sum),
                    )
                    .collect();
                (*source, combined)
            })
            .collect();
        Self {
            shape,
            terms,
            bias,
            nodes: self.nodes.clone(),
        }
    }
}

/// `Σ c · rows[j]`; `sum` is all zero before and after.
fn combine_row(
    rows: &[Row],
    combination: impl Iterator<Item = (usize, f64)>,
    sum: &mut [f64],
) -> Row {
    let mut touched = Vec::new();
    // Once a row has as many contributions as there are cells, remembering which cells they hit
    // costs more than it saves.
    let mut dense = false;
    for (j, c) in combination {
        if c == 0.0 {
            continue;
        }
        for (cell, weight) in &rows[j] {
            sum[*cell as usize] += c * weight;
            if !dense {
                touched.push(*cell);
            }
        }
        dense |= touched.len() > sum.len();
    }
    if dense {
        touched = (0..sum.len() as u32).collect();
    } else {
        touched.sort_unstable();
        touched.dedup();
    }
    touched
        .into_iter()
        .filter_map(|cell| {
            let weight = std::mem::take(&mut sum[cell as usize]);
            (weight != 0.0).then_some((cell, weight))
        })
        .collect()
}

/// Sorts by cell, adds up those of equal cells and drops zeros.
fn normalise(row: &mut Row) {
    add_up(row);
    row.retain(|(_, weight)| *weight != 0.0);
}

/// Sorts by key and adds up what has the same key.
pub(crate) fn add_up<K: Ord + Copy>(list: &mut Vec<(K, f64)>) {
    list.sort_by_key(|(key, _)| *key);
    list.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}
