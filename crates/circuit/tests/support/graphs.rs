//! Random small integer graphs and inputs at the ends of their domains.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::HashSet;
use verdict_model::{
    Function, IntegerGraph, Kernel, Layer, Table, Tensor, TensorId, Term, Visibility,
};

/// Keeps the mock prover quick.
const TABLE: i64 = 1 << 8;

/// What a graph may be made of.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub layers: usize,
    pub cells: usize,
    /// The largest magnitude of a weight.
    pub weight: i32,
    /// Longest tensor where a packing of several words is wanted.
    pub wide: usize,
}

impl Size {
    pub const SMALL: Size = Size {
        layers: 4,
        cells: 9,
        weight: i32::MAX,
        wide: 40,
    };
    pub const TINY: Size = Size {
        layers: 2,
        cells: 3,
        weight: 32767,
        wide: 4,
    };
}

fn tensor(
    rng: &mut ChaCha8Rng,
    name: String,
    len: usize,
    (min, max): (i32, i32),
    layer: Option<Layer>,
) -> Tensor {
    // A shape of two axes where the length allows.
    let shape = if len.is_multiple_of(2) && rng.gen_bool(0.3) {
        vec![2, len / 2]
    } else {
        vec![len]
    };
    Tensor {
        name,
        shape,
        len,
        min,
        max,
        scale: 1.0,
        visibility: Visibility::Private,
        layer,
    }
}

fn weight(rng: &mut ChaCha8Rng, limit: i32) -> i32 {
    let drawn = match rng.gen_range(0..10) {
        0 | 1 => 0,
        2 => 32767,
        3 => -32767,
        4 => [i32::MAX, i32::MIN, -i32::MAX][rng.gen_range(0..3)],
        5 => *[1, -1].choose(rng).unwrap(),
        _ => rng.gen_range(-3000..3000),
    };
    drawn
        .clamp(-limit, limit)
        .max(if limit == i32::MAX && drawn == i32::MIN {
            i32::MIN
        } else {
            -limit
        })
}

fn kernel(rng: &mut ChaCha8Rng, outputs: usize, inputs: usize, limit: i32) -> Kernel {
    if rng.gen_bool(0.6) {
        Kernel::Dense {
            weights: (0..outputs * inputs).map(|_| weight(rng, limit)).collect(),
        }
    } else {
        let mut pairs: Vec<(u32, u32)> = (0..outputs as u32)
            .flat_map(|o| (0..inputs as u32).map(move |i| (o, i)))
            .collect();
        pairs.shuffle(rng);
        pairs.truncate(rng.gen_range(0..=pairs.len()));
        Kernel::Sparse {
            entries: pairs
                .into_iter()
                .map(|(o, i)| (o, i, weight(rng, limit)))
                .collect(),
        }
    }
}

/// A table over `q_min ..= q_max` of one of the kinds that compilers make, or of none.
fn values(rng: &mut ChaCha8Rng, q_min: i64, q_max: i64) -> Vec<i32> {
    let (low, high) = *[
        (0, 255),
        (-128, 127),
        (-32768, 32767),
        (-3, 200),
        (0, 1),
        (5, 9),
    ]
    .choose(rng)
    .unwrap();
    let kind = rng.gen_range(0..5);
    (q_min..=q_max)
        .map(|q| {
            let value: i64 = match kind {
                0 => q,                     // saturation
                1 => q.max(0),              // ReLU
                2 => i64::from(q >= 0) + 7, // a step with f(0) ≠ 0
                3 => (q * 37 + 11) % 251,   // anything
                _ => rng.gen_range(low..=high),
            };
            value.clamp(low, high) as i32
        })
        .collect()
}

fn function(rng: &mut ChaCha8Rng, graph: &IntegerGraph, id: TensorId) -> Function {
    let (low, high) = graph.interval(id).unwrap();
    let mut shift = rng.gen_range(0..=12);
    while (high >> shift) - (low >> shift) > TABLE {
        shift += 1;
    }
    // Some room that nothing reaches.
    let q_min = (low >> shift) - rng.gen_range(0..3);
    let q_max = (high >> shift) + rng.gen_range(0..3);
    Function::Table(Table {
        name: "random".into(),
        shift,
        q_min,
        values: values(rng, q_min, q_max),
    })
}

/// A random valid graph: every produced tensor feeds another or is an output.
pub fn random(rng: &mut ChaCha8Rng, size: Size) -> IntegerGraph {
    loop {
        let graph = attempt(rng, size);
        // Intervals of extreme weights may leave what a table of this size can cover with 31 bits
        // of shift.
        if graph.validate().is_ok() {
            return graph;
        }
    }
}

fn attempt(rng: &mut ChaCha8Rng, size: Size) -> IntegerGraph {
    let mut graph = IntegerGraph {
        tensors: Vec::new(),
        functions: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    for i in 0..rng.gen_range(1..=2) {
        let input = input(rng, size, format!("input {i}"));
        graph.inputs.push(graph.tensors.len());
        graph.tensors.push(input);
    }
    // Small weights and biases leave tables without remainders; large ones keys far beyond 32 bits.
    let limit = *[size.weight, size.weight, 32767.min(size.weight), 2]
        .choose(rng)
        .unwrap();
    let layers = rng.gen_range(1..=size.layers);
    for i in 0..layers {
        let id = graph.tensors.len();
        let len = length(rng, size, i + 1 == layers);
        let mut sources = vec![id - 1];
        while rng.gen_bool(0.4) {
            // Skip connections; the same source may come twice.
            sources.push(rng.gen_range(0..id));
        }
        // Every input is read by the first layer, so that none is left over.
        if i == 0 {
            sources = (0..id).collect();
        }
        let layer = layer(rng, &graph, format!("node {i}"), &sources, len, limit);
        let made = tensor(rng, format!("layer {i}"), len, (0, 0), Some(layer));
        graph.tensors.push(made);
        let function = function(rng, &graph, id);
        let values = &function.table().unwrap().values;
        let [min, max] = [values.iter().min(), values.iter().max()].map(|v| *v.unwrap());
        (graph.tensors[id].min, graph.tensors[id].max) = (min, max);
        graph.functions.push(function);
    }
    choose_outputs(rng, &mut graph);
    graph
}

/// A random length, sometimes one whose packing takes several words if that is wanted.
fn length(rng: &mut ChaCha8Rng, size: Size, wide: bool) -> usize {
    let longest = if wide && rng.gen_bool(0.1) {
        size.wide
    } else {
        size.cells
    };
    rng.gen_range(1..=longest)
}

fn input(rng: &mut ChaCha8Rng, size: Size, name: String) -> Tensor {
    let range = *[
        (0, 255),
        (-128, 127),
        (-32768, 32767),
        (0, 1),
        (3, 90),
        (-5, 5),
    ]
    .iter()
    .filter(|(low, high)| high - low < 1000 || rng.gen_bool(0.02))
    .collect::<Vec<_>>()
    .choose(rng)
    .copied()
    .unwrap();
    let len = length(rng, size, true);
    tensor(rng, name, len, range, None)
}

/// A layer over `sources` that becomes the graph's next tensor.
fn layer(
    rng: &mut ChaCha8Rng,
    graph: &IntegerGraph,
    node: String,
    sources: &[TensorId],
    len: usize,
    limit: i32,
) -> Layer {
    let terms = sources
        .iter()
        .map(|&source| Term {
            source,
            kernel: kernel(rng, len, graph.tensors[source].len, limit),
        })
        .collect();
    let large = if limit == 2 { 3 } else { 1 << 20 };
    let bias = (0..len)
        .map(|_| {
            *[0, 1, -1, large, rng.gen_range(-large..large)]
                .choose(rng)
                .unwrap()
        })
        .collect();
    Layer {
        nodes: vec![node],
        terms,
        bias,
        function: graph.functions.len(),
    }
}

/// Makes outputs of all that nothing reads, and of some tensors more; makes some tensors public,
/// one at least: a proof must say something.
fn choose_outputs(rng: &mut ChaCha8Rng, graph: &mut IntegerGraph) {
    let layers = graph.tensors.iter().filter_map(|it| it.layer.as_ref());
    let read: HashSet<TensorId> = layers
        .flat_map(|layer| layer.terms.iter().map(|term| term.source))
        .collect();
    let last = graph.tensors.len() - 1;
    for id in 0..=last {
        let produced = graph.tensors[id].layer.is_some();
        if produced && (id == last || !read.contains(&id) || rng.gen_bool(0.2)) {
            graph.outputs.push(id);
        }
    }
    for &id in graph.inputs.iter().chain(&graph.outputs) {
        if rng.gen_bool(0.5) {
            graph.tensors[id].visibility = Visibility::Public;
        }
    }
    if graph.public_tensors().next().is_none() {
        graph.tensors[last].visibility = Visibility::Public;
    }
}

/// Inputs within their ranges, often at an end.
pub fn inputs(rng: &mut ChaCha8Rng, graph: &IntegerGraph) -> Vec<Vec<i32>> {
    let mode = rng.gen_range(0..4);
    let of = |&id: &TensorId| {
        let Tensor { len, min, max, .. } = graph.tensors[id];
        (0..len)
            .map(|_| match mode {
                0 => min,
                1 => max,
                2 => *[min, max].choose(rng).unwrap(),
                _ => rng.gen_range(min..=max),
            })
            .collect()
    };
    graph.inputs.iter().map(of).collect()
}
