//! Batches: rows that have nothing to do with one another. A model is compiled for one of them, so
//! nothing may work across them.
//!
//! Whether something does is found by trying: the graph is imported for a batch of two as well, and
//! its results have to be those of each row alone. A file that cannot be imported that way holds
//! shapes of one row, which says nothing.

use std::path::Path;

use tract_onnx::pb::GraphProto;

use crate::float::graph::{FloatGraph, FloatTensor};
use crate::import::sizes::{Sizes, first_axis, inputs};
use crate::{CompileError, Result};

/// Graphs with more weights than this are not imported a second time.
const MAX_PARAMETERS: usize = 1 << 18;
/// Rows that are tried.
const TRIALS: u64 = 4;
/// Sums in another order round differently.
const ROUNDING: f64 = 1e-6;

/// A fixed first axis this long may be a batch that an exporter left.
const MANY: usize = 256;

/// Imports with other sizes.
type Import<'i> = &'i dyn Fn(Sizes) -> Result<FloatGraph>;

/// Refuses a file whose fixed first axis is a batch: as one row it would take the memory of all.
pub(crate) fn check_fixed(
    path: &Path,
    graph: &GraphProto,
    sizes: &Sizes,
    import: Import<'_>,
) -> Result<()> {
    let Some((name, count)) = inputs(graph).next().and_then(|input| {
        let Some(Ok(count)) = first_axis(input) else {
            return None;
        };
        Some((&input.name, count))
    }) else {
        return Ok(());
    };
    let stated = |name: &str| sizes.stated(name, 0, None).is_some();
    let alike = inputs(graph)
        .all(|input| first_axis(input) == Some(Ok(count)) && !stated(&input.name))
        && graph.output.iter().all(|output| {
            // Outputs need not state their shapes.
            matches!(first_axis(output), None | Some(Err(_)))
                || first_axis(output) == Some(Ok(count))
        });
    if count < MANY || !alike {
        return Ok(());
    }
    let rows = |count: usize| {
        let dims = inputs(graph).map(|input| (format!("{}.0", input.name), count));
        let mut sizes = sizes.clone();
        sizes.dims.extend(dims);
        import(sizes)
    };
    let (Ok(one), Ok(two)) = (rows(1), rows(2)) else {
        return Ok(());
    };
    if !independent(&one, &two) {
        return Ok(());
    }
    Err(CompileError::InvalidModel {
        path: path.into(),
        detail: format!(
            "the first axis is {count}: if that is a batch, export with 1 or a dynamic axis, or say --dim {name}.0=1 (no node works \
             across it, so each row is a proof of its own); if all of it is one input, say --dim {name}.0={count}"
        ),
    })
}

/// Refuses a graph that works across a first axis that is left open, and so is taken for a batch.
pub(crate) fn check_open(
    path: &Path,
    graph: &GraphProto,
    sizes: &Sizes,
    one: &FloatGraph,
    import: Import<'_>,
) -> Result<()> {
    let open = graph
        .input
        .iter()
        .find_map(|input| match first_axis(input) {
            Some(Err(name)) if sizes.of_axis(input, 0, name).is_none() => {
                Some(name.map_or_else(|| format!("{}.0", input.name), str::to_owned))
            }
            _ => None,
        });
    // What ai.onnx.ml defines takes rows one by one, and is imported for one row only.
    let by_row = graph.node.iter().any(|node| node.domain == "ai.onnx.ml");
    let Some(axis) = open.filter(|_| !by_row && one.parameters() <= MAX_PARAMETERS) else {
        return Ok(());
    };
    let mut for_two = sizes.clone();
    for_two.batch = Some(2);
    let Ok(two) = import(for_two) else {
        return Ok(());
    };
    if independent(one, &two) {
        return Ok(());
    }
    let node = match &mixing(one, &two, graph)[..] {
        [] => "a node works".to_owned(),
        [node] => format!("node `{node}` works"),
        nodes => format!("one of the nodes `{}` works", nodes.join("`, `")),
    };
    let last = one.output_names.join("`, `");
    Err(CompileError::InvalidModel {
        path: path.into(),
        detail: format!(
            "`{last}` of a row depends on the other rows of its batch: {node} across the first axis, which is left open and so \
             taken for a batch of one (a Softmax or a mean along axis 0, say); apply it to another axis, or if this axis is no batch, \
             give its size with --dim {axis}=SIZE"
        ),
    })
}

/// The nodes of the first layer of `two`, the same file as `one` for two rows, that has a cell
/// which both rows lead to.
fn mixing(one: &FloatGraph, two: &FloatGraph, graph: &GraphProto) -> Vec<String> {
    const BOTH: u8 = 3;
    // For each cell of each tensor, a bit for each row that it depends on.
    let mut rows: Vec<Vec<u8>> = Vec::with_capacity(two.tensors.len());
    for (id, tensor) in two.tensors.iter().enumerate() {
        let mut cells = vec![0; tensor.len];
        match &tensor.layer {
            None => {
                let input = two.inputs.iter().position(|input| *input == id);
                let alone = input.map_or(0, |input| one.tensors[one.inputs[input]].len);
                if tensor.len == 2 * alone {
                    cells[..alone].fill(1);
                    cells[alone..].fill(2);
                }
            }
            Some(layer) => {
                for term in &layer.terms {
                    let sources = &rows[term.source];
                    term.kernel
                        .for_each(|cell, source| cells[cell] |= sources[source]);
                }
                if cells.contains(&BOTH) {
                    return match &layer.nodes[..] {
                        [] => inner(&tensor.name, graph).into_iter().collect(),
                        nodes => nodes.to_vec(),
                    };
                }
            }
        }
        rows.push(cells);
    }
    Vec::new()
}

/// The node that the tensor called `name` is a step of: it goes by the node's output.
fn inner(name: &str, graph: &GraphProto) -> Option<String> {
    let outputs = graph.node.iter().flat_map(|node| {
        let outputs = node.output.iter().filter(|output| !output.is_empty());
        outputs.map(move |output| (output, node))
    });
    let step = |(output, _): &(&String, _)| {
        let rest = name.strip_prefix(output.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (output, node) = outputs
        .filter(step)
        .max_by_key(|(output, _)| output.len())?;
    Some(
        if node.name.is_empty() {
            output
        } else {
            &node.name
        }
        .clone(),
    )
}

/// Whether `two`, the same file as `one` for two rows, computes for each row what `one` does.
pub(crate) fn independent(one: &FloatGraph, two: &FloatGraph) -> bool {
    (1..=TRIALS).all(|seed| {
        let mut random = Random(seed);
        let (mut a, mut b, mut both) = (Vec::new(), Vec::new(), Vec::new());
        for (id, id_of_two) in one.inputs.iter().zip(&two.inputs) {
            let len = one.tensors[*id].len;
            let first: Vec<f64> = (0..len).map(|_| random.next()).collect();
            let second: Vec<f64> = match two.tensors[*id_of_two].len == len {
                // An input without a batch is the same for both.
                true => first.clone(),
                false => (0..len).map(|_| random.next()).collect(),
            };
            both.push(match two.tensors[*id_of_two].len == len {
                true => first.clone(),
                false => [first.clone(), second.clone()].concat(),
            });
            a.push(first);
            b.push(second);
        }
        let (a, b, both) = (one.run(&a), one.run(&b), two.run(&both));
        let mut outputs = one.outputs.iter().zip(&two.outputs);
        outputs.all(|(id, of_two)| {
            let (single, tensor) = (&one.tensors[*id], &two.tensors[*of_two]);
            let same = |cells: &[usize], values: &[f64]| {
                cells.iter().zip(values).all(|(cell, value)| {
                    let other = both.values[*of_two][*cell];
                    // What overflows, or has no value at all, tells nothing.
                    !(other.is_finite() && value.is_finite())
                        || (other - value).abs() <= ROUNDING * value.abs().max(1.0)
                })
            };
            // An output without the batch's axis is the same for any batch, or made of all rows.
            if tensor.len == single.len {
                let all: Vec<usize> = (0..tensor.len).collect();
                return same(&all, &a.values[*id]) && same(&all, &b.values[*id]);
            }
            // Shapes that a batch does not simply prolong tell nothing.
            let Some(axis) = batch_axis(&single.shape, &tensor.shape) else {
                return true;
            };
            let [left, right] = halves(tensor, axis);
            same(&left, &a.values[*id]) && same(&right, &b.values[*id])
        })
    })
}

/// The axis of `two` that is twice as long as that of `one`, whose first axis is not there if it
/// counts one.
fn batch_axis(one: &[usize], two: &[usize]) -> Option<usize> {
    let padded: Vec<usize> = match two.len().checked_sub(one.len())? {
        0 => one.to_vec(),
        1 => [&[1], one].concat(),
        _ => return None,
    };
    let mut doubled = (0..two.len()).filter(|axis| two[*axis] != padded[*axis]);
    let axis = doubled.next()?;
    (doubled.next().is_none() && two[axis] == 2 * padded[axis]).then_some(axis)
}

/// The cells of either half of a tensor along an axis.
fn halves(tensor: &FloatTensor, axis: usize) -> [Vec<usize>; 2] {
    let inner: usize = tensor.shape[axis..].iter().product::<usize>() / 2;
    let half = |which: usize| {
        let of = move |cell: &usize| cell / inner.max(1) % 2 == which;
        (0..tensor.len).filter(of).collect()
    };
    [half(0), half(1)]
}

/// Numbers between −2 and 2 that look random and are the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 * 4.0 - 2.0
    }
}
