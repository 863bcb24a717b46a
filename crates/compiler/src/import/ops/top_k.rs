//! `TopK`: the largest values and where they are.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::shapes::groups_along;
use crate::import::values::affine::Affine;
use crate::import::values::cells::{columns, difference, scatter, stack};

/// `TopK` compares every pair.
const MAX_SORTED: usize = 256;

/// `TopK` by rank: `rank_i` counts the values that come before `x_i`, of equal ones those with a
/// smaller index. Indices are exact on the integers, values too.
pub(crate) fn top_k(node: &Node<'_>, builder: &mut Builder) -> Result<Vec<Affine>> {
    let operand = node.operand(0)?;
    let axis = node.axis(node.int("axis", -1), operand.shape.len())?;
    let n = operand.shape[axis];
    let k = match node.optional_constant(1)? {
        Some([k]) => *k as usize,
        Some(_) => return Err(node.invalid("`K` must be one number")),
        None => usize::try_from(node.int("k", 0)).unwrap_or(0),
    };
    if k == 0 || k > n {
        return Err(node.invalid(format!("`K` is {k}, expected 1 to {n}, the axis' length")));
    }
    let sign = if node.int("largest", 1) != 0 {
        1.0
    } else {
        -1.0
    };
    let mut value = builder.integers(node.input(0), operand.clone());
    value.scale(|_| sign);
    let name = node.output();
    let groups = groups_along(&operand.shape, axis);
    let columns = columns(&value, &groups);
    let mut shape = operand.shape.clone();
    shape[axis] = k;
    let places = groups_along(&shape, axis);
    let wants_values = node.proto.output.first().is_some_and(|o| !o.is_empty());
    let wants_index = node.proto.output.get(1).is_some_and(|o| !o.is_empty());
    if k == 1 {
        let mut best = builder.maximum(&name, columns.clone());
        best.scale(|_| sign);
        let best = scatter(&best, &shape, &places);
        if !wants_index {
            return Ok(vec![best]);
        }
        let index = builder.position(&format!("{name}/of"), &columns, false);
        return Ok(vec![best, scatter(&index, &shape, &places)]);
    }
    if n > MAX_SORTED {
        return Err(node.invalid(format!(
            "picks {k} of {n} values; beyond {MAX_SORTED} values only `K` = 1 is supported, so reduce the axis first"
        )));
    }
    let hits = Hits {
        cells: ranked(builder, &name, &columns, k),
        values: n,
        width: groups.len(),
        ranks: k,
    };
    let mut outputs = vec![match wants_values {
        true => {
            let mut picked = hits.pick(builder, &name, &columns);
            picked.scale(|_| sign);
            scatter(&picked, &shape, &places)
        }
        false => Affine::constant(shape.clone(), vec![0.0; groups.len() * k]),
    }];
    if wants_index {
        let index = hits.positions();
        let name = format!("{name}/indices");
        let index = builder.layer_rows(name, index, Activation::Identity, EXACT);
        outputs.push(scatter(&index, &shape, &places));
    }
    Ok(outputs)
}

/// Which value has which rank.
struct Hits {
    /// 1 where it has, at cell `(rank · values + i) · width + group`.
    cells: Affine,
    values: usize,
    width: usize,
    ranks: usize,
}

impl Hits {
    /// What `part(rank, i)` makes of each value, added up by rank.
    fn sum(&self, part: impl Fn(Vec<usize>, usize) -> Affine) -> Affine {
        let ranks: Vec<Affine> = (0..self.ranks)
            .map(|rank| {
                let parts = (0..self.values).map(|i| {
                    let first = (rank * self.values + i) * self.width;
                    part((first..first + self.width).collect(), i)
                });
                parts.reduce(Affine::add).unwrap_or_default()
            })
            .collect();
        stack(&ranks)
    }

    /// The values of each rank.
    fn pick(&self, builder: &mut Builder, name: &str, columns: &[Affine]) -> Affine {
        let all: Vec<Affine> = (0..self.ranks)
            .flat_map(|_| columns.iter().cloned())
            .collect();
        let gated = builder.product(&format!("{name}/values"), &stack(&all), &self.cells);
        self.sum(|cells, _| gated.gather(vec![self.width], &cells))
    }

    /// Where the values of each rank are.
    fn positions(&self) -> Affine {
        self.sum(|cells, i| {
            let mut hit = self.cells.gather(vec![self.width], &cells);
            hit.scale(|_| i as f64);
            hit
        })
    }
}

/// `[rank_i = r]` for `r < k`, at cell `(r · n + i) · groups + group`.
fn ranked(builder: &mut Builder, name: &str, columns: &[Affine], k: usize) -> Affine {
    let n = columns.len();
    let width = columns.first().map_or(0, Affine::len);
    let pairs: Vec<(usize, usize)> = (0..n)
        .flat_map(|i| (i + 1..n).map(move |j| (i, j)))
        .collect();
    let leads: Vec<Affine> = pairs
        .iter()
        .map(|(i, j)| difference(&columns[*i], &columns[*j]))
        .collect();
    let before = builder.layer_rows(
        format!("{name}/before"),
        stack(&leads),
        Activation::Step,
        EXACT,
    );
    let mut ranks: Vec<Affine> = (0..n)
        .map(|_| Affine::constant(vec![width], vec![0.0; width]))
        .collect();
    for (pair, (i, j)) in pairs.iter().enumerate() {
        let index: Vec<usize> = (pair * width..(pair + 1) * width).collect();
        let i_first = before.gather(vec![width], &index);
        let mut j_first = i_first.clone();
        j_first.scale(|_| -1.0);
        j_first.bias.iter_mut().for_each(|bias| *bias += 1.0);
        ranks[*j] = std::mem::take(&mut ranks[*j]).add(i_first);
        ranks[*i] = std::mem::take(&mut ranks[*i]).add(j_first);
    }
    let hits: Vec<Affine> = (0..k)
        .flat_map(|rank| {
            ranks.iter().map(move |of| {
                let mut of = of.clone();
                of.bias.iter_mut().for_each(|bias| *bias -= rank as f64);
                of
            })
        })
        .collect();
    builder.layer_rows(
        format!("{name}/rank"),
        stack(&hits),
        Activation::IsZero,
        EXACT,
    )
}
