//! Convolutions and pools cell by cell: of several samples, along any number of axes, by weights
//! that the model computes. Planes seen through constant weights are cheaper; see
//! [`conv_ops`](super::conv_ops).

use crate::Result;
use crate::float::activation::Activation;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::ops::conv_ops::conv_groups;
use crate::import::ops::conv_transpose::{spreads, transposed_groups};
use crate::import::ops::window::{Attributes, Window};
use crate::import::shapes::coordinates;
use crate::import::values::affine::Affine;
use crate::import::values::cells::{columns, stack};

/// More products than this are not written out one by one.
const MAX_PRODUCTS: usize = 1 << 25;

/// What the outputs of a window see: pairs of a place in the kernel and one along the axes.
type Seen = Vec<(usize, usize)>;

/// The places of a kernel of these sizes that lie within axes of these lengths. `place` says where
/// along an axis a place of the kernel lies.
fn seen(sizes: &[usize], lengths: &[usize], place: impl Fn(usize, usize) -> Option<usize>) -> Seen {
    let mut found = vec![(0, 0)];
    for (axis, (size, length)) in sizes.iter().zip(lengths).enumerate() {
        let along: Seen = (0..*size)
            .filter_map(|k| Some((k, place(axis, k)?)))
            .collect();
        found = found
            .into_iter()
            .flat_map(|(k, p)| {
                along
                    .iter()
                    .map(move |(l, q)| (k * size + l, p * length + q))
            })
            .collect();
    }
    found
}

/// What output `at`, batch and channel left out, sees through `windows`.
fn through(windows: &[Window], at: &[usize]) -> Seen {
    let sizes: Vec<usize> = windows.iter().map(|window| window.size).collect();
    let lengths: Vec<usize> = windows.iter().map(|window| window.input).collect();
    seen(&sizes, &lengths, |axis, k| windows[axis].place(at[axis], k))
}

/// A convolution of either kind: which products each output adds up.
struct Products<F> {
    shape: Vec<usize>,
    /// The most that one output adds up.
    each: usize,
    /// For an output the cells of the value and of the weights.
    pairs: F,
}

impl<F: Fn(usize) -> Vec<(usize, usize)> + Sync> Products<F> {
    /// Their sums, and operand 2 for each channel.
    fn sums(&self, node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
        let count = node.count(&self.shape)?;
        let products = count.saturating_mul(self.each);
        if products > MAX_PRODUCTS {
            return Err(node.invalid(format!(
                "adds up {products} products one by one, up to {MAX_PRODUCTS} are supported; export it with a batch size of 1, one \
                 or two axes and constant weights"
            )));
        }
        let (value, weights) = (node.operand(0)?, node.operand(1)?);
        let (shape, pairs) = (self.shape.clone(), &self.pairs);
        let sum = match (value.is_constant(), weights.is_constant()) {
            (_, true) => {
                let by_cell = &weights.bias;
                value.combine(shape, |cell| {
                    let weigh = move |(from, by)| (from, by_cell[by]);
                    pairs(cell).into_iter().map(weigh)
                })
            }
            (true, false) => {
                let by_cell = &value.bias;
                weights.combine(shape, |cell| {
                    let weigh = move |(by, from)| (from, by_cell[by]);
                    pairs(cell).into_iter().map(weigh)
                })
            }
            (false, false) => {
                let all = (0..count).map(pairs).collect();
                builder.bilinear(&node.output(), value, weights, shape, &all)
            }
        };
        let Some(bias) = node.optional(2) else {
            return Ok(sum);
        };
        let channels = self.shape[1];
        if bias.len() != channels {
            return Err(node.invalid(format!("has {} biases for {channels} channels", bias.len())));
        }
        let inner: usize = self.shape[2..].iter().product();
        let index: Vec<usize> = (0..count).map(|cell| cell / inner % channels).collect();
        Ok(sum.add(bias.gather(self.shape.clone(), &index)))
    }
}

/// The kernel shape of operand 1.
fn kernel<'n>(node: &Node<'n>, rank: usize) -> Result<&'n [usize]> {
    let weights = node.operand(1)?;
    if rank > 2 && weights.shape.len() == rank {
        return Ok(&weights.shape[2..]);
    }
    Err(match rank {
        ..3 => node.unsupported(format!(
            "it is applied to shape {:?}; expected [1, channels, length] or [1, channels, rows, columns]",
            node.operand(0)?.shape
        )),
        _ => node.invalid(format!(
            "its weights have shape {:?}, expected {rank} axes",
            weights.shape
        )),
    })
}

/// `Conv`
pub(crate) fn conv(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let value = node.operand(0)?;
    let kernel = kernel(node, value.shape.len())?;
    let weights = &node.operand(1)?.shape;
    let attributes = Attributes::read(node, &value.shape, Some(kernel))?;
    let (channels, lengths) = (value.shape[1], &value.shape[2..]);
    let (outputs, part) = (weights[0], weights[1]);
    let groups = conv_groups(node, channels, weights)?;
    let windows = attributes.windows(node, lengths, false)?;
    let mut shape = vec![value.shape[0], outputs];
    shape.extend(windows.iter().map(|window| window.output));
    let (plane, places) = (
        lengths.iter().product::<usize>(),
        kernel.iter().product::<usize>(),
    );
    let products = Products {
        shape: shape.clone(),
        each: part * places,
        pairs: |cell| {
            let at = coordinates(&shape, cell);
            let first = at[0] * channels + at[1] / (outputs / groups) * part;
            let seen = through(&windows, &at[2..]);
            let channel = |number: usize| {
                let (from, by) = ((first + number) * plane, (at[1] * part + number) * places);
                seen.iter().map(move |(k, place)| (from + place, by + k))
            };
            (0..part).flat_map(channel).collect()
        },
    };
    products.sums(node, builder)
}

/// `ConvTranspose`
pub(crate) fn conv_transpose(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let value = node.operand(0)?;
    let kernel = kernel(node, value.shape.len())?;
    let weights = &node.operand(1)?.shape;
    let attributes = Attributes::read(node, &value.shape, Some(kernel))?;
    let (channels, lengths) = (value.shape[1], &value.shape[2..]);
    let groups = transposed_groups(node, channels, weights)?;
    let spreads = spreads(node, &attributes, lengths)?;
    let (part, own) = (channels / groups, weights[1]);
    let mut shape = vec![value.shape[0], own * groups];
    shape.extend(spreads.iter().map(|spread| spread.output));
    let (plane, places) = (
        lengths.iter().product::<usize>(),
        kernel.iter().product::<usize>(),
    );
    let products = Products {
        shape: shape.clone(),
        each: part * places,
        pairs: |cell| {
            let at = coordinates(&shape, cell);
            let (group, output) = (at[1] / own, at[1] % own);
            let place = |axis: usize, k: usize| {
                let spread = &spreads[axis];
                let from = at[axis + 2] as i64 + spread.before - (spread.dilation * k) as i64;
                let from = usize::try_from(from).ok()?;
                let source = from / spread.stride;
                (from.is_multiple_of(spread.stride) && source < lengths[axis]).then_some(source)
            };
            let seen = seen(kernel, lengths, place);
            let channel = |number: usize| {
                let source = group * part + number;
                let from = (at[0] * channels + source) * plane;
                let by = (source * own + output) * places;
                seen.iter().map(move |(k, place)| (from + place, by + k))
            };
            (0..part).flat_map(channel).collect()
        },
    };
    products.sums(node, builder)
}

/// A pool's windows, and the shape of what it gives.
fn pool(node: &Node<'_>) -> Result<(Vec<Window>, Vec<usize>)> {
    let value = node.operand(0)?;
    let attributes = Attributes::read(node, &value.shape, None)?;
    let ceil = node.int("ceil_mode", 0) != 0;
    let windows = attributes.windows(node, &value.shape[2..], ceil)?;
    let mut shape = value.shape[..2].to_vec();
    shape.extend(windows.iter().map(|window| window.output));
    node.count(&shape)?;
    Ok((windows, shape))
}

/// The cells that each output of a pool sees, which are some.
fn cells(node: &Node<'_>, windows: &[Window], shape: &[usize]) -> Result<Vec<Vec<usize>>> {
    let plane: usize = windows.iter().map(|window| window.input).product();
    let each: usize = windows.iter().map(|window| window.size).product();
    let count = node.count(shape)?;
    if count.saturating_mul(each) > MAX_PRODUCTS {
        return Err(node.invalid(format!(
            "sees {} cells one by one, up to {MAX_PRODUCTS} are supported; export it with a batch size of 1",
            count.saturating_mul(each)
        )));
    }
    let all: Vec<Vec<usize>> = (0..count)
        .map(|cell| {
            let at = coordinates(shape, cell);
            let first = (at[0] * shape[1] + at[1]) * plane;
            let seen = through(windows, &at[2..]).into_iter();
            seen.map(|(_, place)| first + place).collect()
        })
        .collect();
    match all.iter().any(Vec::is_empty) {
        false => Ok(all),
        true => {
            Err(node.invalid("an output's window lies in the padding altogether; reduce `pads`"))
        }
    }
}

/// `AveragePool`
pub(crate) fn average_pool(node: &Node<'_>) -> Result<Affine> {
    let (windows, shape) = pool(node)?;
    let cells = cells(node, &windows, &shape)?;
    let with_padding = node.int("count_include_pad", 0) != 0;
    let weight = |output: usize| {
        let at = coordinates(&shape, output);
        let padded = |(window, y): (&Window, &usize)| {
            (0..window.size).filter(|k| window.padded(*y, *k)).count()
        };
        let count = match with_padding {
            true => windows.iter().zip(&at[2..]).map(padded).product(),
            false => cells[output].len(),
        };
        1.0 / count as f64
    };
    Ok(node.operand(0)?.combine(shape.clone(), |output| {
        let weight = weight(output);
        cells[output].iter().map(move |cell| (*cell, weight))
    }))
}

/// `MaxPool`: the maxima, and where they are if that is asked for.
pub(crate) fn max_pool(node: &Node<'_>, builder: &mut Builder) -> Result<Vec<Affine>> {
    let (windows, shape) = pool(node)?;
    let cells = cells(node, &windows, &shape)?;
    let value = builder.integers(node.input(0), node.operand(0)?.clone());
    let columns = columns(&value, &even(&cells));
    let largest = builder.maximum(&node.output(), columns.clone());
    let largest = Affine {
        shape: shape.clone(),
        ..largest
    };
    let asked = node
        .proto
        .output
        .get(1)
        .is_some_and(|name| !name.is_empty());
    if !asked {
        return Ok(vec![largest]);
    }
    let lengths: Vec<usize> = windows.iter().map(|window| window.input).collect();
    let cells = match node.int("storage_order", 0) {
        0 => cells,
        _ => cells
            .iter()
            .map(|group| transposed(group, &lengths))
            .collect(),
    };
    let name = format!("{}/at", node.output());
    let position = builder.position(&name, &columns, false);
    Ok(vec![
        largest,
        places(builder, &name, &position, &cells, shape),
    ])
}

/// Groups of one length: the last cell is there as often as it takes.
fn even(groups: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let longest = groups.iter().map(Vec::len).max().unwrap_or(0);
    let fill = |group: &Vec<usize>| {
        (0..longest)
            .map(|i| group[i.min(group.len() - 1)])
            .collect()
    };
    groups.iter().map(fill).collect()
}

/// The numbers of cells where the first axis of a plane runs fastest.
fn transposed(cells: &[usize], lengths: &[usize]) -> Vec<usize> {
    let plane: usize = lengths.iter().product();
    let number = |cell: &usize| {
        let at = coordinates(lengths, cell % plane);
        let axes = at.iter().zip(lengths).rev();
        cell / plane * plane + axes.fold(0, |number, (at, length)| number * length + at)
    };
    cells.iter().map(number).collect()
}

/// For each group the number of its cell at `position`: one table for all groups that are alike.
fn places(
    builder: &mut Builder,
    name: &str,
    position: &Affine,
    groups: &[Vec<usize>],
    shape: Vec<usize>,
) -> Affine {
    let offsets = |group: &[usize]| -> Vec<i64> {
        group
            .iter()
            .map(|cell| *cell as i64 - group[0] as i64)
            .collect()
    };
    let mut kinds: Vec<(Vec<i64>, Vec<usize>)> = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let own = offsets(group);
        match kinds.iter_mut().find(|(known, _)| *known == own) {
            Some((_, members)) => members.push(number),
            None => kinds.push((own, vec![number])),
        }
    }
    let mut index = vec![0; groups.len()];
    let mut parts = Vec::with_capacity(kinds.len());
    let mut first = 0;
    for (kind, (offsets, members)) in kinds.into_iter().enumerate() {
        let own = position.gather(vec![members.len()], &members);
        let table: Vec<f64> = offsets.iter().map(|offset| *offset as f64).collect();
        let mut part = match position.is_constant() {
            true => Affine::constant(vec![members.len()], vec![0.0; members.len()]),
            false => {
                let lookup = Activation::Lookup(table.into());
                builder.layer_rows(format!("{name}/{kind}"), own, lookup, EXACT)
            }
        };
        for (place, member) in members.iter().enumerate() {
            part.bias[place] += groups[*member][0] as f64;
            index[*member] = first + place;
        }
        first += members.len();
        parts.push(part);
    }
    stack(&parts).gather(shape, &index)
}

/// `GlobalMaxPool`
pub(crate) fn global_max_pool(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let value = node.operand(0)?;
    if value.shape.len() < 3 {
        return Err(node.unsupported(format!(
            "it is applied to shape {:?}; expected [1, channels, length] or [1, channels, rows, columns]",
            value.shape
        )));
    }
    let plane: usize = value.shape[2..].iter().product();
    let mut shape = value.shape.clone();
    shape[2..].fill(1);
    let count = node.count(&shape)?;
    let groups: Vec<Vec<usize>> = (0..count)
        .map(|group| (group * plane..(group + 1) * plane).collect())
        .collect();
    let value = builder.integers(node.input(0), value.clone());
    let largest = builder.maximum(&node.output(), columns(&value, &groups));
    Ok(Affine { shape, ..largest })
}
