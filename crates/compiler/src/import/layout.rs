//! The last step of an import: which tensors are planes, and what has to be copied because of it.
//!
//! The circuit lays a tensor that some convolution reads or writes out as planes, of one size for
//! all of its convolutions. Tensors that only element-wise maps connect gain nothing by it, so
//! those maps get explicit weights; element-wise maps of planes, on the other hand, become
//! convolutions of one weight per channel. Explicit weights between two tensors of planes have no
//! layout: an exact copy of the source, cell by cell, goes in between. So does one where the
//! strides of two ways from one tensor to another do not fit each other.

use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatKernel, FloatLayer, FloatTensor, FloatTerm, Precision};
use crate::import::values::kernels::depthwise;
use crate::import::values::kernels::is_placement;
use crate::import::values::planes::PlaneMap;
use verdict_model::Conv;

/// Channels, rows and columns.
type Size = [usize; 3];

/// An element-wise map reads at most this share of the cells it writes through other weights, such
/// as one factor per channel.
const SIDE_SHARE: usize = 4;

pub(crate) fn settle(graph: &mut FloatGraph) {
    let sizes = planar(graph);
    for (id, tensor) in graph.tensors.iter_mut().enumerate() {
        let len = tensor.len;
        let Some(layer) = &mut tensor.layer else {
            continue;
        };
        match sizes[id] {
            Some(size) => structure(layer, size, &sizes),
            None => flatten(layer, len),
        }
    }
    let mut settler = Settler {
        unread: unread_squares(graph),
        sizes,
        flat: vec![None; graph.tensors.len()],
        copies: Vec::new(),
        new_ids: Vec::with_capacity(graph.tensors.len()),
        old: std::mem::take(&mut graph.tensors),
        tensors: Vec::new(),
        phases: Vec::new(),
    };
    settler.run();
    graph.tensors = settler.tensors;
    for id in graph.inputs.iter_mut().chain(&mut graph.outputs) {
        *id = settler.new_ids[*id];
    }
    for term in graph.typed.iter_mut().flat_map(|value| &mut value.terms) {
        term.source = settler.new_ids[term.source];
    }
}

fn ends(conv: &Conv<f64>) -> [Size; 2] {
    [
        [conv.channels[0], conv.source[0], conv.source[1]],
        [conv.channels[1], conv.output[0], conv.output[1]],
    ]
}

/// The planes of every tensor that a convolution proper reads or writes, or that exchanges planes
/// with such a one. If they have several sizes, the one that writes counts.
fn planar(graph: &FloatGraph) -> Vec<Option<Size>> {
    let mut sizes: Vec<Option<Size>> = vec![None; graph.tensors.len()];
    let layers = || {
        let tensors = graph.tensors.iter().enumerate();
        tensors.filter_map(|(id, tensor)| Some((id, tensor.layer.as_ref()?)))
    };
    loop {
        let before = sizes.iter().flatten().count();
        for (id, layer) in layers() {
            for term in &layer.terms {
                if let FloatKernel::Conv(conv) = &term.kernel
                    && (!is_placement(conv) || sizes[term.source].is_some() || sizes[id].is_some())
                {
                    let [source, target] = ends(conv);
                    sizes[term.source].get_or_insert(source);
                    sizes[id].get_or_insert(target);
                }
            }
            if !is_element_wise(graph, id, layer) {
                continue;
            }
            let diagonals = || layer.terms.iter().filter(|term| is_diagonal(term));
            let size = sizes[id].or_else(|| diagonals().find_map(|term| sizes[term.source]));
            if let Some(size) = size
                && diagonals().all(|term| channel_weights(term, size).is_some())
            {
                sizes[id].get_or_insert(size);
                for term in diagonals() {
                    sizes[term.source].get_or_insert(size);
                }
            }
        }
        if sizes.iter().flatten().count() == before {
            break;
        }
    }
    // A reader may have been seen before the writer.
    for (id, layer) in layers() {
        for term in &layer.terms {
            if let (FloatKernel::Conv(conv), Some(size)) = (&term.kernel, &mut sizes[id]) {
                *size = ends(conv)[1];
            }
        }
    }
    sizes
}

/// Whether a layer with explicit weights maps cell by cell, but for some that are few.
fn is_element_wise(graph: &FloatGraph, id: usize, layer: &FloatLayer) -> bool {
    let cells = graph.tensors[id].len;
    layer.terms.iter().any(is_diagonal)
        && layer.terms.iter().all(|term| {
            let few = graph.tensors[term.source].len * SIDE_SHARE <= cells;
            matches!(term.kernel, FloatKernel::Conv(_)) || is_diagonal(term) || few
        })
}

/// Whether every cell is a multiple of the same cell of the source.
fn is_diagonal(term: &FloatTerm) -> bool {
    match &term.kernel {
        FloatKernel::Rows(rows) => rows
            .iter()
            .enumerate()
            .all(|(i, row)| matches!(row[..], [(cell, _)] if cell as usize == i)),
        FloatKernel::Conv(_) => false,
    }
}

/// The weights of a diagonal term, if they are the same all over each channel.
fn channel_weights(term: &FloatTerm, size: Size) -> Option<Vec<f64>> {
    let FloatKernel::Rows(rows) = &term.kernel else {
        return None;
    };
    let plane = size[1] * size[2];
    let mut weights = Vec::with_capacity(size[0]);
    for channel in rows.chunks(plane) {
        let weight = channel.first()?.first()?.1;
        if channel.iter().any(|row| row[..] != [(row[0].0, weight)]) {
            return None;
        }
        weights.push(weight);
    }
    (weights.len() == size[0]).then_some(weights)
}

/// Makes the element-wise terms of a tensor of planes convolutions.
fn structure(layer: &mut FloatLayer, size: Size, sizes: &[Option<Size>]) {
    for term in &mut layer.terms {
        if !is_diagonal(term) || sizes[term.source].is_none() {
            continue;
        }
        if let Some(weights) = channel_weights(term, size) {
            let plane = [size[1], size[2]];
            term.kernel = FloatKernel::Conv(Conv {
                weights,
                ..depthwise(size[0], plane, plane)
            });
        }
    }
}

/// Gives the convolutions of a tensor that is no planes explicit weights.
fn flatten(layer: &mut FloatLayer, len: usize) {
    let is_conv = |term: &FloatTerm| matches!(term.kernel, FloatKernel::Conv(_));
    if !layer.terms.iter().any(is_conv) {
        return;
    }
    let mut explicit = PlaneMap::constant(Vec::new(), [1, 1, len], vec![0.0; len]);
    for term in std::mem::take(&mut layer.terms) {
        match term.kernel {
            FloatKernel::Conv(conv) => explicit.terms.push((term.source, conv)),
            FloatKernel::Rows(_) => layer.terms.push(term),
        }
    }
    let terms = explicit.rows().terms.into_iter();
    layer
        .terms
        .extend(terms.map(|(source, rows)| FloatTerm::rows(source, rows)));
    layer.terms.sort_by_key(|term| term.source);
}

/// Squares that nothing reads: products of all pairs of tokens, before it was known which of them a
/// mask excludes.
fn unread_squares(graph: &FloatGraph) -> Vec<bool> {
    let mut unread = vec![true; graph.tensors.len()];
    graph.outputs.iter().for_each(|id| unread[*id] = false);
    let typed = graph.typed.iter().flat_map(|value| &value.terms);
    typed.for_each(|term| unread[term.source] = false);
    for (id, tensor) in graph.tensors.iter().enumerate().rev() {
        let layer = tensor.layer.as_ref();
        let square = layer.is_some_and(|layer| layer.activation == Activation::Square);
        unread[id] &= square;
        let Some(layer) = layer.filter(|_| !unread[id]) else {
            continue;
        };
        layer
            .terms
            .iter()
            .for_each(|term| unread[term.source] = false);
        if let Precision::Exact { within: Some(of) } = layer.precision {
            unread[of] = false;
        }
    }
    unread
}

struct Settler {
    old: Vec<FloatTensor>,
    /// Which of them are left out, as nothing reads them.
    unread: Vec<bool>,
    /// The planes of every old tensor that has some.
    sizes: Vec<Option<Size>>,
    tensors: Vec<FloatTensor>,
    new_ids: Vec<usize>,
    /// The flat copy of an old tensor.
    flat: Vec<Option<usize>>,
    /// `(old tensor, size, new tensor)`: copies as planes.
    copies: Vec<(usize, Size, usize)>,
    /// By new tensor: another one that has so many times its phases along the two axes.
    phases: Vec<(usize, [Fraction; 2])>,
}

impl Settler {
    fn run(&mut self) {
        for id in 0..self.old.len() {
            if self.unread[id] {
                // No other tensor has this number's meaning.
                self.new_ids.push(usize::MAX);
                continue;
            }
            let mut tensor = self.old[id].clone();
            // The planes that the layer reads, and how many times their phases it has itself.
            let mut read: Vec<(usize, [Fraction; 2])> = Vec::new();
            if let Some(layer) = &mut tensor.layer {
                for term in &mut layer.terms {
                    term.source = match &term.kernel {
                        FloatKernel::Conv(conv) => self.planes(term.source, conv, &mut read),
                        FloatKernel::Rows(_)
                            if self.sizes[term.source].is_some() && self.sizes[id].is_some() =>
                        {
                            self.flat(term.source)
                        }
                        FloatKernel::Rows(_) => self.new_ids[term.source],
                    };
                }
                if let Precision::Exact {
                    within: Some(within),
                } = &mut layer.precision
                {
                    *within = self.new_ids[*within];
                }
            }
            let new = self.push(tensor);
            for (source, factor) in read {
                let (root, so_far) = self.root(source);
                if root != new {
                    let ratio = [0, 1].map(|axis| so_far[axis].times(factor[axis]));
                    self.phases[root] = (new, ratio);
                }
            }
            self.new_ids.push(new);
        }
    }

    fn push(&mut self, tensor: FloatTensor) -> usize {
        self.tensors.push(tensor);
        let id = self.tensors.len() - 1;
        self.phases.push((id, [Fraction::ONE; 2]));
        id
    }

    /// The one that stands for all tensors whose phases are tied to those of `id`, and how many
    /// times its phases `id` has.
    fn root(&self, mut id: usize) -> (usize, [Fraction; 2]) {
        let mut ratio = [Fraction::ONE; 2];
        while self.phases[id].0 != id {
            let (next, factor) = self.phases[id];
            ratio = [0, 1].map(|axis| ratio[axis].times(factor[axis].inverse()));
            id = next;
        }
        (id, ratio)
    }

    /// The new tensor that a convolution of the old tensor `source` reads, for a layer that reads
    /// `read` so far.
    fn planes(
        &mut self,
        source: usize,
        conv: &Conv<f64>,
        read: &mut Vec<(usize, [Fraction; 2])>,
    ) -> usize {
        let wanted = ends(conv)[0];
        let factor = [0, 1].map(|axis| Fraction::new(conv.up[axis], conv.stride[axis]));
        let mut candidates = Vec::new();
        if self.sizes[source] == Some(wanted) {
            candidates.push(self.new_ids[source]);
        }
        let copies = self.copies.iter();
        let same = copies.filter(|(id, size, _)| (*id, *size) == (source, wanted));
        candidates.extend(same.map(|(.., copy)| *copy));
        let fits = |candidate: &usize| {
            let (root, ratio) = self.root(*candidate);
            let target = [0, 1].map(|axis| ratio[axis].times(factor[axis]));
            read.iter().all(|(other, factor)| {
                let (other_root, ratio) = self.root(*other);
                let other = [0, 1].map(|axis| ratio[axis].times(factor[axis]));
                root != other_root || target == other
            })
        };
        let found = candidates.into_iter().find(fits);
        let found = found.unwrap_or_else(|| {
            let flat = self.flat(source);
            let copy = self.copy(source, flat);
            self.copies.push((source, wanted, copy));
            copy
        });
        read.push((found, factor));
        found
    }

    fn flat(&mut self, id: usize) -> usize {
        if let Some(copy) = self.flat[id] {
            return copy;
        }
        let copy = self.copy(id, self.new_ids[id]);
        self.flat[id] = Some(copy);
        copy
    }

    /// An exact copy of the new tensor `from`, called after the old tensor `id`.
    fn copy(&mut self, id: usize, from: usize) -> usize {
        let old = &self.old[id];
        let rows = (0..old.len).map(|cell| vec![(cell as u32, 1.0)]);
        let tensor = FloatTensor {
            name: format!("{}_copy", old.name),
            shape: old.shape.clone(),
            len: old.len,
            whole: false,
            layer: Some(FloatLayer {
                nodes: Vec::new(),
                terms: vec![FloatTerm::rows(from, rows.collect())],
                bias: vec![0.0; old.len],
                activation: Activation::Identity,
                precision: Precision::Exact { within: None },
                public_bias: false,
                masked: false,
                excluded: Vec::new(),
            }),
        };
        self.push(tensor)
    }
}

/// A positive fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction(u64, u64);

impl Fraction {
    const ONE: Self = Self(1, 1);

    fn new(a: usize, b: usize) -> Self {
        Self::reduced(a as u64, b as u64)
    }

    fn reduced(a: u64, b: u64) -> Self {
        let divisor = gcd(a, b).max(1);
        Self(a / divisor, b / divisor)
    }

    /// Ratios beyond 64 bits are beyond any circuit, too, and refused there.
    fn times(self, other: Self) -> Self {
        let (a, b) = (
            Self::reduced(self.0, other.1),
            Self::reduced(other.0, self.1),
        );
        Self(a.0.saturating_mul(b.0), a.1.saturating_mul(b.1))
    }

    fn inverse(self) -> Self {
        Self(self.1, self.0)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
