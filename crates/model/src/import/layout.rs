//! The last step of an import: which tensors are planes, and what has to be copied because of it.
//!
//! The circuit lays a tensor that some convolution reads or writes out as planes, of one size for all of its convolutions. Tensors
//! that only element-wise maps connect gain nothing by it, so those maps get explicit weights. Explicit weights between two
//! tensors of planes have no layout; an exact copy of the source, cell by cell, goes in between.

use crate::float_graph::{
    Activation, FloatGraph, FloatKernel, FloatLayer, FloatTensor, FloatTerm, Precision,
};
use crate::graph::Conv;
use crate::planes::{Planes, is_placement};

pub(super) fn settle(graph: &mut FloatGraph) {
    let planar = planar(graph);
    flatten(graph, &planar);
    let mut settler = Settler {
        sizes: vec![None; graph.tensors.len()],
        flat: vec![None; graph.tensors.len()],
        recut: Vec::new(),
        new_ids: Vec::with_capacity(graph.tensors.len()),
        old: std::mem::take(&mut graph.tensors),
        tensors: Vec::new(),
    };
    settler.measure();
    settler.run();
    graph.tensors = settler.tensors;
    for id in graph.inputs.iter_mut().chain(&mut graph.outputs) {
        *id = settler.new_ids[*id];
    }
}

fn convolutions(graph: &FloatGraph) -> impl Iterator<Item = (usize, usize, &Conv<f64>)> {
    graph.tensors.iter().enumerate().flat_map(|(id, tensor)| {
        let terms = tensor.layer.iter().flat_map(|layer| &layer.terms);
        terms.filter_map(move |term| match &term.kernel {
            FloatKernel::Conv(conv) => Some((term.source, id, conv)),
            FloatKernel::Rows(_) => None,
        })
    })
}

/// Tensors that a convolution proper reads or writes, and those they exchange planes with.
fn planar(graph: &FloatGraph) -> Vec<bool> {
    let mut planar = vec![false; graph.tensors.len()];
    loop {
        let before = planar.iter().filter(|planar| **planar).count();
        for (source, target, conv) in convolutions(graph) {
            if !is_placement(conv) || planar[source] || planar[target] {
                (planar[source], planar[target]) = (true, true);
            }
        }
        if planar.iter().filter(|planar| **planar).count() == before {
            return planar;
        }
    }
}

/// Gives the convolutions between tensors that are no planes explicit weights.
fn flatten(graph: &mut FloatGraph, planar: &[bool]) {
    for (id, tensor) in graph.tensors.iter_mut().enumerate() {
        let Some(layer) = tensor.layer.as_mut().filter(|_| !planar[id]) else {
            continue;
        };
        let mut explicit = Planes::constant(Vec::new(), [1, 1, tensor.len], vec![0.0; tensor.len]);
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
}

/// Channels, rows and columns.
type Size = [usize; 3];

struct Settler {
    old: Vec<FloatTensor>,
    /// The planes of every old tensor that has some.
    sizes: Vec<Option<Size>>,
    tensors: Vec<FloatTensor>,
    new_ids: Vec<usize>,
    /// The flat copy of an old tensor.
    flat: Vec<Option<usize>>,
    /// Copies of old tensors with planes of another size.
    recut: Vec<(usize, Size, usize)>,
}

impl Settler {
    /// A tensor's planes are what the convolution that writes it says, or the first that reads it.
    fn measure(&mut self) {
        for (id, tensor) in self.old.iter().enumerate() {
            for term in tensor.layer.iter().flat_map(|layer| &layer.terms) {
                if let FloatKernel::Conv(conv) = &term.kernel {
                    let [source, target] = ends(conv);
                    self.sizes[term.source].get_or_insert(source);
                    // Whoever reads the tensor comes later.
                    self.sizes[id] = Some(target);
                }
            }
        }
    }

    fn run(&mut self) {
        for id in 0..self.old.len() {
            let mut tensor = self.old[id].clone();
            if let Some(layer) = &mut tensor.layer {
                for term in &mut layer.terms {
                    term.source = self.source(id, term);
                }
                if let Precision::Exact {
                    within: Some(within),
                } = &mut layer.precision
                {
                    *within = self.new_ids[*within];
                }
            }
            self.tensors.push(tensor);
            self.new_ids.push(self.tensors.len() - 1);
        }
    }

    /// The new tensor that a term reads.
    fn source(&mut self, target: usize, term: &FloatTerm) -> usize {
        let source = term.source;
        match (&term.kernel, self.sizes[source]) {
            (FloatKernel::Conv(conv), Some(size)) if ends(conv)[0] != size => {
                let wanted = ends(conv)[0];
                let known =
                    |(id, size, _): &&(usize, Size, usize)| (*id, *size) == (source, wanted);
                if let Some((.., copy)) = self.recut.iter().find(known) {
                    return *copy;
                }
                let flat = self.flat(source);
                let copy = self.copy(source, flat);
                self.recut.push((source, wanted, copy));
                copy
            }
            (FloatKernel::Rows(_), Some(_)) if self.sizes[target].is_some() => self.flat(source),
            _ => self.new_ids[source],
        }
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
        self.tensors.push(FloatTensor {
            name: format!("{}_copy", old.name),
            shape: old.shape.clone(),
            len: old.len,
            layer: Some(FloatLayer {
                nodes: Vec::new(),
                terms: vec![FloatTerm::rows(from, rows.collect())],
                bias: vec![0.0; old.len],
                activation: Activation::Identity,
                precision: Precision::Exact { within: None },
            }),
        });
        self.tensors.len() - 1
    }
}

fn ends(conv: &Conv<f64>) -> [Size; 2] {
    [
        [conv.channels[0], conv.source[0], conv.source[1]],
        [conv.channels[1], conv.output[0], conv.output[1]],
    ]
}
