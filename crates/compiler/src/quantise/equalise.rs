//! Cross-layer equalisation: an activation scale for every channel, for nothing.
//!
//! A tensor has one scale, so a channel of small values uses few of its integers. Where the layer's
//! function is positively homogeneous, `f(c·v) = c·f(v)`, its weights and bias times `c` and the
//! next layers' weights divided by `c` compute the same (Nagel et al. 2019, "Data-free quantization
//! through weight equalization and bias correction"), and the table stays the one it was: so a
//! scale of its own for every channel needs no table of its own.
//!
//! Every channel grows by the largest power of two, which makes all of this exact in floating
//! point, for which
//!
//! * its largest calibrated value stays within the tensor's,
//! * its largest weight, in the integers of what it is multiplied by, stays within [`SLACK`] times
//!   the layer's, as weights have 16 bits,
//! * its largest possible sum stays within [`SLACK`] times the layer's, as tables cover all of
//!   them.
//!
//! Nagel et al. balance weights of few bits against one another. Here weights have 16, and it is
//! the activations' rounding that counts: channel `i` adds `(w_i/c_i)²·step²/12` to the variance of
//! the next layer's sums, which falls with `c_i` until the channel is as large as the tensor's
//! largest, whatever `w` is.

use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatKernel, FloatLayer, Precision};
use verdict_model::ChannelShifts;

/// A channel's sums and weights may become so many times larger than the layer's largest. More
/// makes tables longer and gains nothing; with less hardly any channel of a trained network may
/// grow.
const SLACK: f64 = 2.0;

/// Tensors of one scale, and what may not be scaled.
struct Sets {
    parent: Vec<usize>,
    fixed: Vec<bool>,
}

impl Sets {
    fn root(&self, mut id: usize) -> usize {
        while self.parent[id] != id {
            id = self.parent[id];
        }
        id
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let fixed = self.fixed[a] || self.fixed[b];
        self.parent[a.max(b)] = a.min(b);
        self.fixed[a.min(b)] = fixed;
    }

    fn fix(&mut self, id: usize) {
        let root = self.root(id);
        self.fixed[root] = true;
    }

    fn new(graph: &FloatGraph, channels: &[Option<usize>]) -> Self {
        let mut sets = Self {
            parent: (0..graph.tensors.len()).collect(),
            fixed: vec![false; graph.tensors.len()],
        };
        for (id, tensor) in graph.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else {
                sets.fix(id);
                continue;
            };
            if graph.outputs.contains(&id) || channels[id].is_none() {
                sets.fix(id);
            }
            match &layer.precision {
                Precision::Scaled if layer.activation.is_homogeneous() => {}
                Precision::Scaled => sets.fix(id),
                // Maxima and the like: of every channel by itself they may be had at any scale.
                Precision::Exact { within }
                    if matches!(layer.activation, Activation::Identity | Activation::Relu)
                        && keeps_channels(graph, id, layer, channels) =>
                {
                    let sources = layer.terms.iter().map(|term| term.source);
                    sources
                        .chain(*within)
                        .for_each(|other| sets.join(id, other));
                }
                _ => {
                    sets.fix(id);
                    layer.terms.iter().for_each(|term| sets.fix(term.source));
                }
            }
        }
        sets
    }
}

/// The number of a tensor's channels: those of its planes, or its cells; `None` where convolutions
/// disagree about it.
fn channels(graph: &FloatGraph) -> Vec<Option<usize>> {
    let mut planes: Vec<Vec<usize>> = vec![Vec::new(); graph.tensors.len()];
    for (id, layer) in layers(graph) {
        for term in &layer.terms {
            if let FloatKernel::Conv(conv) = &term.kernel {
                planes[term.source].push(conv.channels[0]);
                planes[id].push(conv.channels[1]);
            }
        }
    }
    let one = |(tensor, planes): (&crate::FloatTensor, Vec<usize>)| match planes.as_slice() {
        [] => Some(tensor.len),
        [first, rest @ ..] => rest
            .iter()
            .all(|n| n == first)
            .then_some(*first)
            .filter(|n| *n > 0 && tensor.len.is_multiple_of(*n)),
    };
    graph.tensors.iter().zip(planes).map(one).collect()
}

fn layers(graph: &FloatGraph) -> impl Iterator<Item = (usize, &FloatLayer)> {
    let tensors = graph.tensors.iter().enumerate();
    tensors.filter_map(|(id, tensor)| Some((id, tensor.layer.as_ref()?)))
}

/// Whether every cell depends on cells of the channel with the same number only.
fn keeps_channels(
    graph: &FloatGraph,
    id: usize,
    layer: &FloatLayer,
    channels: &[Option<usize>],
) -> bool {
    let per_channel = |tensor: usize| Some(graph.tensors[tensor].len / channels[tensor]?.max(1));
    let Some(own) = per_channel(id) else {
        return false;
    };
    let within = match layer.precision {
        Precision::Exact { within } => within,
        _ => None,
    };
    let sources = layer.terms.iter().map(|term| term.source);
    sources
        .chain(within)
        .all(|source| channels[source] == channels[id])
        && layer.terms.iter().all(|term| match &term.kernel {
            FloatKernel::Conv(conv) => {
                conv.groups == conv.channels[0] && conv.groups == conv.channels[1]
            }
            FloatKernel::Rows(rows) => per_channel(term.source).is_some_and(|other| {
                let mut rows = rows.iter().enumerate();
                rows.all(|(cell, row)| {
                    let same =
                        |(from, _): &(u32, f64)| *from as usize / other.max(1) == cell / own.max(1);
                    row.iter().all(same)
                })
            }),
        })
}

/// The channels worth scaling, given the largest calibrated magnitude of every cell.
pub(crate) fn choose(graph: &FloatGraph, magnitudes: &[Vec<f64>]) -> Vec<ChannelShifts> {
    let channels = channels(graph);
    let sets = Sets::new(graph, &channels);
    let mut found: Vec<Option<ChannelShifts>> = vec![None; graph.tensors.len()];
    for first in 0..graph.tensors.len() {
        let Some(count) = channels[first].filter(|_| !sets.fixed[sets.root(first)]) else {
            continue;
        };
        let members: Vec<usize> = (first..graph.tensors.len())
            .filter(|id| sets.root(*id) == sets.root(first))
            .collect();
        if found[first].is_some() || members.iter().any(|id| channels[*id] != Some(count)) {
            continue;
        }
        let mut room = vec![f64::INFINITY; count];
        for id in &members {
            let layer = graph.tensors[*id].layer.as_ref();
            let Some(layer) = layer.filter(|layer| layer.precision == Precision::Scaled) else {
                continue;
            };
            let values = &magnitudes[*id];
            limit(&mut room, &by_channel(values, count), 1.0);
            let ranges = |source: usize| ranges(graph, source, &found, magnitudes);
            let (weights, sums) = sizes(layer, ranges);
            limit(&mut room, &by_channel(&weights, count), SLACK);
            limit(&mut room, &by_channel(&sums, count), SLACK);
        }
        let shift = |room: &f64| match room.is_finite() {
            true => libm::log2(*room)
                .floor()
                .clamp(0.0, f64::from(ChannelShifts::MAX)) as u8,
            // A channel without values gives nothing to go by.
            false => 0,
        };
        let shifts: Vec<u8> = room.iter().map(shift).collect();
        if shifts.iter().all(|shift| *shift == 0) {
            continue;
        }
        for tensor in members {
            found[tensor] = Some(ChannelShifts {
                tensor,
                shifts: shifts.clone(),
            });
        }
    }
    found.into_iter().flatten().collect()
}

/// Leaves each channel the room that it has until its size is `slack` times the largest one's.
fn limit(room: &mut [f64], sizes: &[f64], slack: f64) {
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    for (room, size) in room.iter_mut().zip(sizes) {
        if *size > 0.0 {
            *room = room.min(largest * slack / size);
        }
    }
}

/// The largest of each channel's cells.
fn by_channel(cells: &[f64], channels: usize) -> Vec<f64> {
    let each = (cells.len() / channels.max(1)).max(1);
    let largest = |cells: &[f64]| cells.iter().copied().fold(0.0, f64::max);
    cells.chunks(each).map(largest).collect()
}

/// How large the values of a tensor's cells can be before they saturate: alike, but for what was
/// chosen for it already.
fn ranges(
    graph: &FloatGraph,
    id: usize,
    found: &[Option<ChannelShifts>],
    magnitudes: &[Vec<f64>],
) -> Vec<f64> {
    let cells = &magnitudes[id];
    if graph.tensors[id].layer.is_none() {
        return cells.clone();
    }
    let largest = cells.iter().copied().fold(0.0, f64::max);
    let shift = |cell| {
        let found = found[id].as_ref();
        found.map_or(0, |found| found.of(cell, cells.len()))
    };
    (0..cells.len())
        .map(|cell| libm::ldexp(largest, -i32::from(shift(cell))))
        .collect()
}

/// For every cell of a layer its largest product and its largest sum.
fn sizes(layer: &FloatLayer, ranges: impl Fn(usize) -> Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let mut sums: Vec<f64> = layer.bias.iter().map(|bias| bias.abs()).collect();
    let mut products = vec![0.0f64; sums.len()];
    for term in &layer.terms {
        let ranges = ranges(term.source);
        let absolute = term.kernel.absolute();
        absolute.add_to(&mut sums, &ranges);
        match &absolute {
            FloatKernel::Rows(rows) => {
                for (product, row) in products.iter_mut().zip(rows) {
                    let row = row.iter().map(|(cell, w)| w * ranges[*cell as usize]);
                    *product = row.fold(*product, f64::max);
                }
            }
            FloatKernel::Conv(conv) => {
                let plane = (conv.source[0] * conv.source[1]).max(1);
                let each = (conv.output[0] * conv.output[1]).max(1);
                let places = (conv.size[0] * conv.size[1]).max(1);
                for (output, products) in products.chunks_mut(each).enumerate() {
                    let weights = conv
                        .weights
                        .chunks(places)
                        .skip(output * conv.sources(0).len());
                    for (source, weights) in conv.sources(output).zip(weights) {
                        let range = ranges.get(source * plane).copied().unwrap_or(0.0);
                        let largest = weights.iter().copied().fold(0.0, f64::max) * range;
                        products
                            .iter_mut()
                            .for_each(|product| *product = product.max(largest));
                    }
                }
            }
        }
    }
    (products, sums)
}

/// The model with scaled channels. Values are the model's times powers of two; the outputs are
/// its own.
pub(crate) fn scaled(graph: &FloatGraph, all: &[ChannelShifts]) -> FloatGraph {
    let mut graph = graph.clone();
    let lens: Vec<usize> = graph.tensors.iter().map(|tensor| tensor.len).collect();
    let mut by_tensor: Vec<Option<&ChannelShifts>> = vec![None; lens.len()];
    for shifts in all {
        if let Some(place) = by_tensor.get_mut(shifts.tensor) {
            *place = Some(shifts);
        }
    }
    let shift = |tensor: usize, cell: usize| {
        by_tensor[tensor].map_or(0, |shifts| i32::from(shifts.of(cell, lens[tensor])))
    };
    for (id, tensor) in graph.tensors.iter_mut().enumerate() {
        let Some(layer) = &mut tensor.layer else {
            continue;
        };
        for (cell, bias) in layer.bias.iter_mut().enumerate() {
            *bias = libm::ldexp(*bias, shift(id, cell));
        }
        for term in &mut layer.terms {
            let source = term.source;
            if by_tensor[id].is_none() && by_tensor[source].is_none() {
                continue;
            }
            match &mut term.kernel {
                FloatKernel::Rows(rows) => {
                    for (cell, row) in rows.iter_mut().enumerate() {
                        let own = shift(id, cell);
                        for (from, weight) in row {
                            *weight = libm::ldexp(*weight, own - shift(source, *from as usize));
                        }
                    }
                }
                FloatKernel::Conv(conv) => {
                    let plane = (conv.source[0] * conv.source[1]).max(1);
                    let own = (conv.output[0] * conv.output[1]).max(1);
                    let places = (conv.size[0] * conv.size[1]).max(1);
                    let sources: Vec<_> = (0..conv.channels[1]).map(|o| conv.sources(o)).collect();
                    let pairs = sources.into_iter().enumerate();
                    let pairs = pairs.flat_map(|(to, from)| from.map(move |from| (to, from)));
                    for ((to, from), weights) in pairs.zip(conv.weights.chunks_mut(places)) {
                        let by = shift(id, to * own) - shift(source, from * plane);
                        weights.iter_mut().for_each(|w| *w = libm::ldexp(*w, by));
                    }
                }
            }
        }
    }
    graph
}
