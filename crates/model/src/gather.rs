//! Many inferences as one: a model whose inputs are `items` rows at once and whose outputs are the
//! largest over them.
//!
//! A sum over a batch is linear and needs nothing but public words; a maximum compares items with
//! one another, so they must be cells of one graph. Every flat tensor of `n` cells becomes `n`
//! planes of one row with `items` columns, and every linear map a convolution of one place: the
//! weights are written once, whatever the number of items. The outputs then meet in pairs,
//! `max(a, b) = b + relu(a − b)`, exactly, until one is left.

use crate::artifact::CompiledModel;
use crate::data::Row;
use crate::graph::{
    Conv, Function, FunctionId, IntegerGraph, Kernel, Layer, Table, Tensor, TensorId, Term,
};
use crate::manifest::Manifest;
use crate::ranges::Secrets;
use crate::{ModelError, Result};

/// More items than any proof can hold.
const MAX_ITEMS: usize = 1 << 20;
/// The most values an output may have: comparing two of them takes a table of twice as many.
const MAX_VALUES: i64 = 1 << 18;

/// The model of `items` inferences that outputs the largest value of each output over all of them.
///
/// Inputs take a last axis of `items` columns: [`gather_inputs`] puts rows of `model` there.
/// Outputs keep shape and scale.
pub fn gather(model: &CompiledModel, items: usize) -> Result<CompiledModel> {
    if !(2..=MAX_ITEMS).contains(&items) {
        return Err(ModelError::Option {
            option: "items",
            detail: format!("expected 2 to {MAX_ITEMS}, found {items}"),
        });
    }
    let flat = model.graph();
    let mut graph = IntegerGraph {
        tensors: flat
            .tensors
            .iter()
            .map(|tensor| spread(flat, tensor, items))
            .collect::<Result<_>>()?,
        functions: flat.functions.clone(),
        inputs: flat.inputs.clone(),
        outputs: Vec::new(),
    };
    for &output in &flat.outputs {
        // Only the largest is an output.
        graph.tensors[output].visibility = crate::Visibility::Private;
    }
    for &output in &flat.outputs {
        let tensor = &flat.tensors[output];
        let values = i64::from(tensor.max) - i64::from(tensor.min) + 1;
        if values > MAX_VALUES {
            return Err(ModelError::graph(
                format!("output `{}`", tensor.name),
                format!(
                    "has {values} values, too many to compare; compile it with fewer --output-bits"
                ),
            ));
        }
        let largest = largest(&mut graph, &flat.tensors[output], output, items);
        graph.outputs.push(largest);
    }
    let mut manifest = describe(model.manifest(), &graph, items);
    // Compiled for private weights: comparisons of items have nothing to hide.
    if Secrets::of(flat, &manifest.structure).check(flat).is_ok() {
        manifest
            .structure
            .extend(flat.tensors.len()..graph.tensors.len());
    }
    CompiledModel::new(graph, manifest)
}

/// One value list per input of a gathered model, from the value lists of each item, all of the same
/// lengths; integers or real numbers.
pub fn gather_inputs<T: Copy>(items: &[Row<T>]) -> Row<T> {
    let inputs = items.first().map_or(0, Vec::len);
    (0..inputs)
        .map(|input| {
            let cells = items[0][input].len();
            let columns = |cell| {
                items
                    .iter()
                    .filter_map(move |item| item.get(input)?.get(cell))
            };
            (0..cells).flat_map(columns).copied().collect()
        })
        .collect()
}

/// A tensor with `items` columns for each cell.
fn spread(flat: &IntegerGraph, tensor: &Tensor, items: usize) -> Result<Tensor> {
    let mut wide = tensor.clone();
    wide.len = tensor
        .len
        .checked_mul(items)
        .filter(|cells| *cells <= u32::MAX as usize)
        .ok_or_else(|| ModelError::Option {
            option: "items",
            detail: format!("{items} times tensor `{}` is too much", tensor.name),
        })?;
    wide.shape.push(items);
    let Some(layer) = &mut wide.layer else {
        return Ok(wide);
    };
    layer.bias = layer
        .bias
        .iter()
        .flat_map(|bias| std::iter::repeat_n(*bias, items))
        .collect();
    for term in &mut layer.terms {
        let sources = flat.tensors[term.source].len;
        let weights = match std::mem::replace(&mut term.kernel, Kernel::Dense { weights: vec![] }) {
            Kernel::Dense { weights } => weights,
            Kernel::Sparse { entries } => {
                let mut weights = vec![0; sources * tensor.len];
                for (output, cell, weight) in entries {
                    weights[output as usize * sources + cell as usize] = weight;
                }
                weights
            }
            Kernel::Conv(_) => {
                return Err(ModelError::graph(
                    format!("tensor `{}`", tensor.name),
                    "is made by a convolution; a maximum over items is for models without planes",
                ));
            }
        };
        term.kernel = Kernel::Conv(row(sources, tensor.len, [items; 2], 1, weights));
    }
    Ok(wide)
}

/// A convolution along rows of `source` and `output` places: one to one, or two to one. The kernel
/// is as long as there are weights.
fn row(
    channels: usize,
    outputs: usize,
    [source, output]: [usize; 2],
    groups: usize,
    weights: Vec<i32>,
) -> Conv {
    let size = weights.len() / (outputs * channels / groups).max(1);
    Conv {
        channels: [channels, outputs],
        source: [1, source],
        output: [1, output],
        size: [1, size],
        stride: [1, if source == output { 1 } else { 2 }],
        up: [1, 1],
        dilation: [1, 1],
        pad: [0, 0],
        groups,
        weights,
    }
}

/// Appends the tournament over the columns of `wide`; returns the tensor with one column. `flat` is
/// the tensor of one item.
fn largest(graph: &mut IntegerGraph, flat: &Tensor, wide: TensorId, items: usize) -> TensorId {
    let (low, high) = (i64::from(flat.min), i64::from(flat.max));
    let relu = function(graph, "relu", low - high..=high - low, |d| d.max(0));
    let clip = function(graph, "identity", low..=2 * high - low, |m| m.min(high));
    let channels = flat.len;
    let (mut now, mut columns) = (wide, items);
    while columns > 1 {
        let pairs = columns.div_ceil(2);
        let conv = |weights: [i32; 2]| {
            let weights = std::iter::repeat_n(weights, channels).flatten();
            Kernel::Conv(row(
                channels,
                channels,
                [columns, pairs],
                channels,
                weights.collect(),
            ))
        };
        // The last of an odd number has no partner but the smallest value there is.
        let alone = |value: i64| -> Vec<i64> {
            let lonely = !columns.is_multiple_of(2);
            let pair = (0..pairs).map(|pair| {
                if lonely && pair + 1 == pairs {
                    value
                } else {
                    0
                }
            });
            let pairs: Vec<i64> = pair.collect();
            pairs.repeat(channels)
        };
        let difference = Layer {
            nodes: vec![format!("max over {items} items")],
            terms: vec![Term {
                source: now,
                kernel: conv([1, -1]),
            }],
            bias: alone(-low),
            function: relu,
        };
        let lead = push(
            graph,
            flat,
            pairs,
            (0, flat.max.saturating_sub(flat.min)),
            difference,
        );
        let ones = vec![1; channels];
        let larger = Layer {
            nodes: vec![format!("max over {items} items")],
            terms: vec![
                Term {
                    source: now,
                    kernel: conv([0, 1]),
                },
                Term {
                    source: lead,
                    kernel: Kernel::Conv(row(channels, channels, [pairs; 2], channels, ones)),
                },
            ],
            bias: alone(low),
            function: clip,
        };
        now = push(graph, flat, pairs, (flat.min, flat.max), larger);
        columns = pairs;
    }
    let tensor = &mut graph.tensors[now];
    tensor.name = format!("max({})", flat.name);
    tensor.shape.clone_from(&flat.shape);
    tensor.visibility = flat.visibility;
    now
}

fn push(
    graph: &mut IntegerGraph,
    flat: &Tensor,
    columns: usize,
    (min, max): (i32, i32),
    layer: Layer,
) -> TensorId {
    let id = graph.tensors.len();
    let mut shape = flat.shape.clone();
    shape.push(columns);
    graph.tensors.push(Tensor {
        name: format!("max({})/{id}", flat.name),
        shape,
        len: flat.len * columns,
        min,
        max,
        scale: flat.scale,
        visibility: crate::Visibility::Private,
        layer: Some(layer),
    });
    id
}

/// The number of an exact table over `keys`, which may be there already.
fn function(
    graph: &mut IntegerGraph,
    name: &str,
    keys: std::ops::RangeInclusive<i64>,
    value: impl Fn(i64) -> i64,
) -> FunctionId {
    let q_min = *keys.start();
    let table = Function::Table(Table {
        name: name.into(),
        shift: 0,
        q_min,
        // Keys are differences of two 32-bit integers at most, and validation looks at what values
        // are reached.
        values: keys
            .map(|key| value(key).clamp(i32::MIN.into(), i32::MAX.into()) as i32)
            .collect(),
    });
    if let Some(known) = graph.functions.iter().position(|known| *known == table) {
        return known;
    }
    graph.functions.push(table);
    graph.functions.len() - 1
}

fn describe(manifest: &Manifest, graph: &IntegerGraph, items: usize) -> Manifest {
    let mut manifest = manifest.clone();
    manifest.name = format!("{} max of {items}", manifest.name);
    for input in &mut manifest.inputs {
        input.shape.push(items);
        fn every<T: Clone>(list: &mut Vec<T>, items: usize) {
            *list = list
                .iter()
                .flat_map(|it| std::iter::repeat_n(it.clone(), items))
                .collect();
        }
        if input.scales.len() > 1 || !input.breakpoints.is_empty() {
            every(&mut input.scales, items);
            every(&mut input.zero_points, items);
            every(&mut input.real_min, items);
            every(&mut input.real_max, items);
        }
        every(&mut input.missing, items);
        every(&mut input.saturates, items);
        every(&mut input.breakpoints, items);
    }
    for output in &mut manifest.outputs {
        output.name = format!("max({})", output.name);
    }
    manifest.parameters = graph.parameters() as u64;
    manifest.table_entries = graph.table_entries() as u64;
    manifest
}
