//! Rows of a constant picked by an index that depends on the input: embeddings of tokens or
//! categories.
//!
//! Each entry of a row is a function of the index, so each becomes a table of as many entries as
//! there are rows, and each output cell one look-up; an index outside the constant picks its first
//! or last row. An entry is off by at most half a step.
//!
//! With private weights no table may hold an entry. Then there is a cell for every row and index,
//! 1 where the index is that row's position, and the entries are weights on it; an index outside
//! the constant picks nothing, and its entries are 0. Every position adds to what the sum's bound
//! must allow for, so many rows make the tensors that read them coarser.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression};
use crate::float::graph::Precision;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::ops::{select, shape_ops};
use crate::import::values::affine::Affine;

/// All tables of one embedding together; the circuit's tables share its rows.
const MAX_ENTRIES: usize = 1 << 15;
/// Rows whose positions an index is compared with.
const MAX_POSITIONS: usize = 512;

/// `Gather`, by constant indices or of a constant.
pub(crate) fn gather(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    match node.optional(1) {
        Some(index) if !index.is_constant() => {
            let axis = node.axis(node.int("axis", 0), node.operand(0)?.shape.len())?;
            embed(node, builder, axis)
        }
        _ => shape_ops::gather(node),
    }
}

/// `Gather` of a constant by an index that is none.
pub(crate) fn embed(node: &Node<'_>, builder: &mut Builder, axis: usize) -> Result<Affine> {
    let (data, index) = (node.operand(0)?, node.operand(1)?);
    if !data.is_constant() {
        return select::gather(node, builder, axis);
    }
    let rows = data.shape[axis];
    let (outer, inner) = (&data.shape[..axis], &data.shape[axis + 1..]);
    let shape: Vec<usize> = outer
        .iter()
        .chain(&index.shape)
        .chain(inner)
        .copied()
        .collect();
    let count = node.count(&shape)?;
    if data.len() > MAX_ENTRIES {
        return Err(node.invalid(format!(
            "picks rows of a constant with {} entries by the model's input; up to {MAX_ENTRIES} are supported, so give the model \
             the picked rows instead",
            data.len()
        )));
    }
    if builder.secrecy.private {
        return weigh(node, builder, data, axis, shape);
    }
    // An input's integers and whole numbers are the index themselves.
    let precision = match index.as_cells() {
        Some((source, _)) if builder.tensors[source].layer.is_none() => EXACT,
        _ if builder.has_whole_steps(index) => EXACT,
        _ => Precision::Scaled,
    };
    let width: usize = inner.iter().product();
    // A sequence of tokens, each of which gets a vector.
    let sequence = matches!(index.shape[..], [1, _]) && outer.is_empty() && inner.len() == 1;
    let mut value = Affine::constant(shape, vec![0.0; count]);
    for entry in 0..outer.iter().product::<usize>() * width {
        let (block, column) = (entry / width, entry % width);
        let table: Vec<f64> = (0..rows)
            .map(|row| data.bias[(block * rows + row) * width + column])
            .collect();
        let lookup = Activation::Lookup(table.into());
        let name = format!("{}/{entry}", node.output());
        let picked = match sequence {
            true => builder.token_rows(name, index.clone(), lookup, precision.clone()),
            false => builder.layer_rows(name, index.clone(), lookup, precision.clone()),
        };
        for (source, cells) in picked.terms {
            let all = value
                .terms
                .entry(source)
                .or_insert_with(|| vec![Vec::new(); count]);
            for (i, row) in cells.into_iter().enumerate() {
                all[(block * index.len() + i) * width + column] = row;
            }
        }
    }
    Ok(value)
}

/// The picked rows, their entries as weights.
fn weigh(
    node: &Node<'_>,
    builder: &mut Builder,
    data: &Affine,
    axis: usize,
    shape: Vec<usize>,
) -> Result<Affine> {
    let index = node.operand(1)?;
    let rows = data.shape[axis];
    let width: usize = data.shape[axis + 1..].iter().product();
    let input = |source: usize| builder.tensors[source].layer.is_none();
    let whole =
        index.as_cells().is_some_and(|(source, _)| input(source)) || builder.has_whole_steps(index);
    if rows > MAX_POSITIONS || !whole {
        let name = node.input(0);
        return Err(node.invalid(match whole {
            true => format!(
                "picks one of {rows} rows of `{name}` by the model's input; with private weights up to {MAX_POSITIONS} are supported, so \
                 give the model the picked rows instead"
            ),
            false => format!(
                "picks rows of `{name}` by a computed index that need not be whole; with private weights cast it to an integer first"
            ),
        }));
    }
    // Counted from the end if negative.
    let v = Expression::value();
    let hit = v
        .with(Binary::Equal, 0.0)
        .binary(Binary::Max, &v.with(Binary::Equal, -(rows as f64)));
    let places: Vec<usize> = (0..rows).flat_map(|_| 0..index.len()).collect();
    let mut distance = index.gather(vec![1, places.len()], &places);
    distance.nodes.push(node.name.clone());
    for (place, bias) in distance.bias.iter_mut().enumerate() {
        *bias -= (place / index.len()) as f64;
    }
    let name = format!("{}/positions", node.output());
    let hits = builder.layer_rows(name, distance, hit.into(), EXACT);
    if let Some(layer) = hits
        .as_cells()
        .and_then(|(tensor, _)| builder.tensors[tensor].layer.as_mut())
    {
        layer.public_bias = true;
    }
    Ok(hits.combine(shape, |cell| {
        let (block, rest) = (cell / (index.len() * width), cell % (index.len() * width));
        let (place, column) = (rest / width, rest % width);
        (0..rows).map(move |row| {
            let entry = data.bias[(block * rows + row) * width + column];
            (row * index.len() + place, entry)
        })
    }))
}
