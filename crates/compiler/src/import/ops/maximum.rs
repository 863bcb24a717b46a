//! Largest and smallest values, where they are, and what sorts before what: exact on the integers.
//!
//! `max(a, b) = b + relu(a − b)`, an exact layer, so a maximum of `n` values costs `n − 1` cells and is none of their neighbours by
//! rounding. Larger sets are split in blocks of [`BLOCK`]: within a block one cell follows the other, which keeps sums (and so
//! the table) small; blocks are independent, which keeps the number of levels small.

use crate::Result;
use crate::float::graph::{Activation, Precision};
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::shape_ops::{broadcast, broadcast_shape, strides};
use crate::import::rows::{EXACT, difference, stack};
use crate::import::values::affine::Affine;

/// Values that are compared one after the other.
const BLOCK: usize = 4;
/// `TopK` compares every pair.
const MAX_SORTED: usize = 256;

impl Builder {
    /// The element-wise largest of `columns`, which are exact combinations of one tensor's integers (or of tensors of one scale).
    pub(in crate::import) fn maximum(&mut self, name: &str, mut columns: Vec<Affine>) -> Affine {
        let mut span = None;
        let mut stage = 0;
        while columns.len() > 1 {
            let blocks: Vec<&[Affine]> = columns.chunks(BLOCK).collect();
            let mut best: Vec<Affine> = blocks.iter().map(|block| block[0].clone()).collect();
            for place in 1..blocks[0].len() {
                let rivals: Vec<&Affine> = blocks.iter().filter_map(|b| b.get(place)).collect();
                let leads: Vec<Affine> = best
                    .iter()
                    .zip(&rivals)
                    .map(|(best, rival)| difference(best, rival))
                    .collect();
                let lead = self.layer_rows(
                    format!("{name}/lead{stage}.{place}"),
                    stack(&leads),
                    Activation::Relu,
                    // No lead exceeds the range of all values, which is the range of a lead of one value over another.
                    Precision::Exact { within: span },
                );
                span = span.or_else(|| lead.as_cells().map(|(tensor, _)| tensor));
                let mut offset = 0;
                for (best, rival) in best.iter_mut().zip(rivals) {
                    let index: Vec<usize> = (offset..offset + rival.len()).collect();
                    offset += rival.len();
                    *best = rival.clone().add(lead.gather(rival.shape.clone(), &index));
                }
            }
            columns = best;
            stage += 1;
        }
        columns.pop().unwrap_or_default()
    }

    /// For each group the position of its largest value among `members`: the first one, or the last one where `last`.
    ///
    /// `s_i = [x_i ≥ max]` marks the largest values, `max_i s_i·(n − i) = n − (first i with s_i = 1)`; all of it is exact.
    pub(in crate::import) fn position(
        &mut self,
        name: &str,
        columns: &[Affine],
        last: bool,
    ) -> Affine {
        let n = columns.len();
        let largest = self.maximum(name, columns.to_vec());
        let width = largest.len();
        let leads: Vec<Affine> = columns.iter().map(|c| difference(c, &largest)).collect();
        let marks = self.layer_rows(
            format!("{name}/largest"),
            stack(&leads),
            Activation::Step,
            EXACT,
        );
        // The heaviest mark comes first: its lead over the next one spans everything the others can reach.
        let ranked = (0..n).map(|rank| {
            let column = if last { n - 1 - rank } else { rank };
            let index: Vec<usize> = (column * width..(column + 1) * width).collect();
            let mut mark = marks.gather(vec![width], &index);
            mark.scale(|_| (n - rank) as f64);
            mark
        });
        let ranked: Vec<Affine> = ranked.collect();
        let span = self.tensors.len();
        let mut rank = self.maximum(&format!("{name}/position"), ranked);
        let mut index = if last {
            rank.bias.iter_mut().for_each(|bias| *bias -= 1.0);
            rank
        } else {
            rank.scale(|_| -1.0);
            rank.bias.iter_mut().for_each(|bias| *bias += n as f64);
            rank
        };
        if n > 1 {
            let within = Precision::Exact { within: Some(span) };
            index = self.layer_rows(format!("{name}/index"), index, Activation::Identity, within);
        }
        index
    }
}

/// Groups of cells: for each the cells it consists of, in order.
pub(in crate::import) fn groups_along(shape: &[usize], axis: usize) -> Vec<Vec<usize>> {
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

/// Member number `i` of every group, for every `i`. The groups are of one size.
pub(in crate::import) fn columns(value: &Affine, groups: &[Vec<usize>]) -> Vec<Affine> {
    let n = groups.first().map_or(0, Vec::len);
    (0..n)
        .map(|i| {
            let index: Vec<usize> = groups.iter().map(|group| group[i]).collect();
            value.gather(vec![groups.len()], &index)
        })
        .collect()
}

/// `ReduceMax` and `ReduceMin`. Exact but for the half step by which values that are not a tensor yet are rounded.
pub(in crate::import) fn reduce(
    node: &Node<'_>,
    builder: &mut Builder,
    smallest: bool,
) -> Result<Affine> {
    let Some((groups, shape)) = node.groups()? else {
        return Ok(node.operand(0)?.clone());
    };
    let mut value = builder.integers(node.input(0), node.operand(0)?.clone());
    let sign = if smallest { -1.0 } else { 1.0 };
    value.scale(|_| sign);
    let mut largest = builder.maximum(&node.output(), columns(&value, &groups));
    largest.scale(|_| sign);
    Ok(Affine { shape, ..largest })
}

/// `ArgMax` and `ArgMin`: exact on the integers; of equal ones the first, or the last with `select_last_index`.
pub(in crate::import) fn position(
    node: &Node<'_>,
    builder: &mut Builder,
    smallest: bool,
) -> Result<Affine> {
    let operand = node.operand(0)?;
    let axis = node.axis(node.int("axis", 0), operand.shape.len())?;
    let mut value = builder.integers(node.input(0), operand.clone());
    value.scale(|_| if smallest { -1.0 } else { 1.0 });
    let mut shape = operand.shape.clone();
    if node.int("keepdims", 1) != 0 {
        shape[axis] = 1;
    } else {
        shape.remove(axis);
    }
    let columns = columns(&value, &groups_along(&operand.shape, axis));
    let last = node.int("select_last_index", 0) != 0;
    let index = builder.position(&node.output(), &columns, last);
    Ok(Affine { shape, ..index })
}

/// `Hardmax`: 1 at the first largest value along the axis, 0 elsewhere.
pub(in crate::import) fn hardmax(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let operand = node.operand(0)?;
    let groups = node.softmax_groups()?;
    let value = builder.integers(node.input(0), operand.clone());
    let columns = columns(&value, &groups);
    let index = builder.position(&node.output(), &columns, false);
    let hits: Vec<Affine> = (0..columns.len())
        .map(|i| {
            let mut hit = index.clone();
            hit.bias.iter_mut().for_each(|bias| *bias -= i as f64);
            hit
        })
        .collect();
    if hits.len() == 1 {
        return Ok(Affine::constant(
            operand.shape.clone(),
            vec![1.0; operand.len()],
        ));
    }
    let hit = builder.layer_rows(node.output(), stack(&hits), Activation::IsZero, EXACT);
    Ok(scatter(&hit, &operand.shape, &groups))
}

/// The value whose group `g` has its member `i` at cell `i · groups + g` of `stacked`.
pub(in crate::import) fn scatter(
    stacked: &Affine,
    shape: &[usize],
    groups: &[Vec<usize>],
) -> Affine {
    let mut index = vec![0; shape.iter().product()];
    for (g, group) in groups.iter().enumerate() {
        for (i, cell) in group.iter().enumerate() {
            index[*cell] = i * groups.len() + g;
        }
    }
    stacked.gather(shape.to_vec(), &index)
}

/// `TopK` by rank: `rank_i` counts the values that come before `x_i`, of equal ones those with a smaller index. Indices are exact
/// on the integers, values too.
pub(in crate::import) fn top_k(node: &Node<'_>, builder: &mut Builder) -> Result<Vec<Affine>> {
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
    let hits = ranked(builder, &name, &columns, k);
    let mut outputs = Vec::new();
    let width = groups.len();
    let part = |rank: usize, i: usize| -> Vec<usize> {
        let first = (rank * n + i) * width;
        (first..first + width).collect()
    };
    let picked = if wants_values {
        let all: Vec<Affine> = (0..k).flat_map(|_| columns.iter().cloned()).collect();
        let mut gated = builder.product(&format!("{name}/values"), &stack(&all), &hits);
        gated.scale(|_| sign);
        let picked: Vec<Affine> = (0..k)
            .map(|rank| {
                let parts = (0..n).map(|i| gated.gather(vec![width], &part(rank, i)));
                parts.reduce(Affine::add).unwrap_or_default()
            })
            .collect();
        scatter(&stack(&picked), &shape, &places)
    } else {
        Affine::constant(shape.clone(), vec![0.0; width * k])
    };
    outputs.push(picked);
    if wants_index {
        let index: Vec<Affine> = (0..k)
            .map(|rank| {
                let parts = (0..n).map(|i| {
                    let mut hit = hits.gather(vec![width], &part(rank, i));
                    hit.scale(|_| i as f64);
                    hit
                });
                parts.reduce(Affine::add).unwrap_or_default()
            })
            .collect();
        let index = builder.layer_rows(
            format!("{name}/indices"),
            stack(&index),
            Activation::Identity,
            EXACT,
        );
        outputs.push(scatter(&index, &shape, &places));
    }
    Ok(outputs)
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

/// `Max` and `Min` of several tensors, one relu for each but the first. Each relu rounds by half a step of its own; values
/// that are cells of one tensor are compared exactly.
pub(in crate::import) fn extreme(
    node: &Node<'_>,
    builder: &mut Builder,
    smallest: bool,
) -> Result<Affine> {
    let sign = if smallest { -1.0 } else { 1.0 };
    let mut best: Option<Affine> = None;
    for i in 0..node.operands.len() {
        let mut next = node.operand(i)?.clone();
        next.scale(|_| sign);
        let Some(before) = best else {
            best = Some(next);
            continue;
        };
        let shape = broadcast_shape(node, &before.shape, &next.shape)?;
        let before = broadcast(node, &before, &shape)?;
        let next = broadcast(node, &next, &shape)?;
        let lead = difference(&before, &next);
        let name = format!("{}/lead{i}", node.output());
        let lead = if lead.is_constant() {
            let values = lead.bias.iter().map(|v| v.max(0.0)).collect();
            Affine::constant(shape, values)
        } else {
            builder.activate_rows(name, lead, Activation::Relu)
        };
        best = Some(next.add(lead));
    }
    let mut best = best.ok_or_else(|| node.invalid("has no operand"))?;
    best.scale(|_| sign);
    Ok(best)
}
