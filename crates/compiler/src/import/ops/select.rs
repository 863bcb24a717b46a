//! Picking and placing by an index that depends on the input: for every place an index can name
//! there is a cell that is 1 where it names that place, and what is picked is the sum of all there
//! is to pick, each times its cell. Exact where what is picked is constant, else off by no more
//! than [`Builder::bilinear`] says. An index outside picks nothing, which is 0.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::builder::Builder;
use crate::import::builder::bilinear::Pairs;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::shapes::{coordinates, flat};
use crate::import::values::affine::Affine;

/// More products than this are more than a node is worth.
const MAX_PAIRS: usize = 1 << 17;

/// 1 at cell `j · index.len() + i` where index `i` is `j`, counted from the end if negative.
pub(crate) fn hits(
    node: &Node<'_>,
    builder: &mut Builder,
    index: &Affine,
    length: usize,
) -> Result<Affine> {
    let input = |source: usize| builder.tensors[source].layer.is_none();
    let given = index.as_cells().is_some_and(|(source, _)| input(source));
    // An index is whole by its type; what it was picked or computed by may have rounded it.
    let rounded = (!given && !builder.has_whole_steps(index)).then(|| {
        let name = format!("{}/index", node.output());
        let whole = Expression::value().unary(Unary::Round);
        builder.activate_rows(name, index.clone(), whole.into())
    });
    let index = rounded.as_ref().unwrap_or(index);
    let count = index.len();
    check(node, count.saturating_mul(length))?;
    let v = Expression::value().unary(Unary::Round);
    let hit = v
        .with(Binary::Equal, 0.0)
        .binary(Binary::Max, &v.with(Binary::Equal, -(length as f64)));
    let places: Vec<usize> = (0..length).flat_map(|_| 0..count).collect();
    let mut distance = index.gather(vec![1, places.len()], &places);
    distance.nodes.push(node.name.clone());
    for (place, bias) in distance.bias.iter_mut().enumerate() {
        *bias -= (place / count) as f64;
    }
    let name = format!("{}/places", node.output());
    let hits = builder.layer_rows(name, distance, hit.into(), EXACT);
    let made = hits.as_cells().map(|(tensor, _)| tensor);
    if let Some(layer) = made.and_then(|tensor| builder.tensors[tensor].layer.as_mut()) {
        layer.public_bias = true;
    }
    Ok(hits)
}

fn check(node: &Node<'_>, pairs: usize) -> Result<()> {
    if pairs > MAX_PAIRS {
        return Err(node.unsupported(format!(
            "by an index that depends on the model's input it needs {pairs} products, expected up to {MAX_PAIRS}; pick outside the model"
        )));
    }
    Ok(())
}

/// `out[i] = Σ_(h, d) ∈ pairs[i]  hits[h] · data[d]`
fn weighed(
    node: &Node<'_>,
    builder: &mut Builder,
    (what, hits, data): (&str, &Affine, &Affine),
    shape: Vec<usize>,
    pairs: &Pairs,
) -> Result<Affine> {
    check(node, pairs.iter().map(Vec::len).sum())?;
    if data.is_constant() {
        return Ok(hits.combine(shape, |i| {
            pairs[i].iter().map(|(hit, cell)| (*hit, data.bias[*cell]))
        }));
    }
    let name = format!("{}/{what}", node.output());
    // An input's integers as they are, rather than rounded to fewer bits.
    let given = data
        .as_cells()
        .filter(|(source, _)| builder.tensors[*source].layer.is_none());
    if given.is_some() {
        let copy = format!("{name}/copy");
        let copy = builder.layer_rows(copy, data.clone(), Activation::Identity, EXACT);
        return Ok(builder.bilinear(&name, hits, &copy, shape, pairs));
    }
    Ok(builder.bilinear(&name, hits, data, shape, pairs))
}

/// `Gather` of a value by an index, both of which depend on the input.
pub(crate) fn gather(node: &Node<'_>, builder: &mut Builder, axis: usize) -> Result<Affine> {
    let (data, index) = (node.operand(0)?, node.operand(1)?);
    let rows = data.shape[axis];
    let inner: usize = data.shape[axis + 1..].iter().product();
    let outer = &data.shape[..axis];
    let shape: Vec<usize> = [outer, &index.shape, &data.shape[axis + 1..]].concat();
    let count = node.count(&shape)?;
    check(node, count.saturating_mul(rows))?;
    let hits = hits(node, builder, index, rows)?;
    let n = index.len();
    let pairs: Pairs = (0..count)
        .map(|cell| {
            let (block, place, column) = (cell / (n * inner), cell / inner % n, cell % inner);
            let pair = |row| (row * n + place, (block * rows + row) * inner + column);
            (0..rows).map(pair).collect()
        })
        .collect();
    weighed(node, builder, ("picked", &hits, data), shape, &pairs)
}

/// Which cells of a value along `axis` each cell of an index could name.
fn along(value: &[usize], index: &[usize], axis: usize, cell: usize) -> Vec<usize> {
    let mut at = coordinates(index, cell);
    let places = 0..value[axis];
    places
        .map(|place| {
            at[axis] = place;
            flat(value, &at)
        })
        .collect()
}

/// `GatherElements`
pub(crate) fn gather_elements(
    node: &Node<'_>,
    builder: &mut Builder,
    axis: usize,
) -> Result<Affine> {
    let (data, index) = (node.operand(0)?, node.operand(1)?);
    let n = node.count(&index.shape)?;
    check(node, n.saturating_mul(data.shape[axis]))?;
    let hits = hits(node, builder, index, data.shape[axis])?;
    let pairs: Pairs = (0..n)
        .map(|cell| {
            let cells = along(&data.shape, &index.shape, axis, cell);
            let pair = |(place, from): (usize, usize)| (place * n + cell, from);
            cells.into_iter().enumerate().map(pair).collect()
        })
        .collect();
    let shape = index.shape.clone();
    weighed(node, builder, ("picked", &hits, data), shape, &pairs)
}

/// The numbers of the blocks that rows of an index name, one for each row: components that are
/// negative count from the end.
fn block_numbers(node: &Node<'_>, builder: &mut Builder, dimensions: &[usize]) -> Result<Affine> {
    let index = node.operand(1)?;
    let width = dimensions.len();
    let rows = index.len() / width.max(1);
    let mut number = Affine::constant(vec![rows], vec![0.0; rows]);
    for (component, dimension) in dimensions.iter().enumerate() {
        let cells: Vec<usize> = (0..rows).map(|row| row * width + component).collect();
        let mut part = index.gather(vec![rows], &cells);
        if width > 1 && !part.is_constant() {
            let v = Expression::value();
            let below = Expression::constant(0.0).binary(Binary::Greater, &v);
            let from_start = v.with(Binary::Add, *dimension as f64);
            let wrapped = below.select(&from_start, &v).unary(Unary::Round);
            let name = format!("{}/component{component}", node.output());
            part = builder.layer_rows(name, part, wrapped.into(), EXACT);
        }
        let stride: usize = dimensions[component + 1..].iter().product();
        part.scale(|_| stride as f64);
        number = number.add(part);
    }
    Ok(number)
}

/// `GatherND` without common axes.
pub(crate) fn gather_nd(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (data, index) = (node.operand(0)?, node.operand(1)?);
    let width = index.shape.last().copied().unwrap_or(0);
    if node.int("batch_dims", 0) != 0 || width == 0 || width > data.shape.len() {
        return Err(node.unsupported(
            "`batch_dims` with an index that depends on the model's input is not; export without it",
        ));
    }
    let (named, block) = data.shape.split_at(width);
    let (blocks, size) = (
        named.iter().product::<usize>(),
        block.iter().product::<usize>(),
    );
    let rows = &index.shape[..index.shape.len() - 1];
    let shape = [rows, block].concat();
    let count = node.count(&shape)?;
    check(node, count.saturating_mul(blocks))?;
    let number = block_numbers(node, builder, named)?;
    let hits = hits(node, builder, &number, blocks)?;
    let n = number.len();
    let pairs: Pairs = (0..count)
        .map(|cell| {
            let pair = |block| (block * n + cell / size, block * size + cell % size);
            (0..blocks).map(pair).collect()
        })
        .collect();
    weighed(node, builder, ("picked", &hits, data), shape, &pairs)
}

/// `value` with updates where hits say: `writes[cell]` are the pairs of a hit and an update that
/// may be written to a cell.
fn written(
    node: &Node<'_>,
    builder: &mut Builder,
    hits: &Affine,
    writes: &Pairs,
) -> Result<Affine> {
    let (value, updates) = (node.operand(0)?, node.operand(2)?);
    let shape = value.shape.clone();
    let reduction = node.text("reduction").unwrap_or_else(|| "none".into());
    let added = weighed(
        node,
        builder,
        ("written", hits, updates),
        shape.clone(),
        writes,
    )?;
    match &*reduction {
        "add" => Ok(value.clone().add(added)),
        "none" => {
            let own = |(cell, pairs): (usize, &Vec<(usize, usize)>)| {
                pairs.iter().map(|(hit, _)| (*hit, cell)).collect()
            };
            let over: Pairs = writes.iter().enumerate().map(own).collect();
            let mut gone = weighed(node, builder, ("gone", hits, value), shape, &over)?;
            gone.scale(|_| -1.0);
            Ok(value.clone().add(added).add(gone))
        }
        other => Err(node.unsupported(format!(
            "reduction `{other}` by an index that depends on the model's input is not, only `add` and none"
        ))),
    }
}

/// `ScatterElements`
pub(crate) fn scatter_elements(
    node: &Node<'_>,
    builder: &mut Builder,
    axis: usize,
) -> Result<Affine> {
    let (value, index) = (node.operand(0)?, node.operand(1)?);
    let n = index.len();
    check(node, n.saturating_mul(value.shape[axis]))?;
    let hits = hits(node, builder, index, value.shape[axis])?;
    let mut writes: Pairs = vec![Vec::new(); value.len()];
    for update in 0..n {
        let cells = along(&value.shape, &index.shape, axis, update);
        for (place, cell) in cells.into_iter().enumerate() {
            writes[cell].push((place * n + update, update));
        }
    }
    written(node, builder, &hits, &writes)
}

/// `ScatterND`
pub(crate) fn scatter_nd(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (value, index, updates) = (node.operand(0)?, node.operand(1)?, node.operand(2)?);
    let width = index.shape.last().copied().unwrap_or(0);
    if width == 0 || width > value.shape.len() {
        return Err(node.invalid(format!(
            "indices of shape {:?} do not fit a value of shape {:?}",
            index.shape, value.shape
        )));
    }
    let (named, block) = value.shape.split_at(width);
    let (blocks, size) = (
        named.iter().product::<usize>(),
        block.iter().product::<usize>(),
    );
    let number = block_numbers(node, builder, named)?;
    let n = number.len();
    if updates.len() != n * size {
        return Err(node.invalid(format!(
            "updates of shape {:?} do not fit {n} indices",
            updates.shape
        )));
    }
    check(node, updates.len().saturating_mul(blocks))?;
    let hits = hits(node, builder, &number, blocks)?;
    let mut writes: Pairs = vec![Vec::new(); value.len()];
    for (update, cell) in (0..updates.len()).flat_map(|u| (0..blocks).map(move |b| (u, b))) {
        writes[cell * size + update % size].push((cell * n + update / size, update));
    }
    written(node, builder, &hits, &writes)
}
