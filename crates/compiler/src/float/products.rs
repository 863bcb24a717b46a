//! Tensors of their own for products that a layer adds to other things.
//!
//! A product is a sum of squares (see [`bilinear`](crate::import::builder::bilinear)), and the
//! importer lets a layer add squares to whatever else its sum has: no row of the circuit is spent
//! on the product. Where calibration shows that the rest of the sum is too large for that, the
//! product is rounded first, to steps of its own: one more tensor, right before the layer. Its name
//! says so, and is all that tells the compiled graph from the imported one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatKernel, FloatLayer, FloatTensor, FloatTerm, Precision};
use verdict_model::{Conv, IntegerGraph};

/// A layer and the number of one of its [`families`].
pub(crate) type Crowded = (usize, usize);

/// The terms of `layer` that are squares, by the tensors that these are squares of sums of: they
/// make up products together and must not be rounded apart.
pub(crate) fn families(graph: &FloatGraph, layer: &FloatLayer) -> Vec<Vec<usize>> {
    let mut families: BTreeMap<BTreeSet<usize>, Vec<usize>> = BTreeMap::new();
    for (number, term) in layer.terms.iter().enumerate() {
        let square = graph.tensors[term.source].layer.as_ref();
        let square = square.filter(|square| square.activation == Activation::Square);
        if let (Some(square), true) = (square, term.kernel.non_zero() > 0) {
            let factors = square.terms.iter().map(|term| term.source).collect();
            families.entry(factors).or_default().push(number);
        }
    }
    families.into_values().collect()
}

/// Whether `layer` adds up anything else than squares.
pub(crate) fn has_others(graph: &FloatGraph, layer: &FloatLayer) -> bool {
    let square = |tensor: usize| {
        let layer = graph.tensors[tensor].layer.as_ref();
        layer.is_some_and(|layer| layer.activation == Activation::Square)
    };
    let mut others = layer.terms.iter().filter(|term| !square(term.source));
    others.any(|term| term.kernel.non_zero() > 0) || layer.bias.iter().any(|bias| *bias != 0.0)
}

fn own_name(layer: &str, family: usize) -> String {
    format!("{layer}/products{family}")
}

impl FloatGraph {
    /// The graph with a tensor of its own for every one of `crowded`, of ids of this graph.
    pub(crate) fn with_own_products(&self, crowded: &[Crowded]) -> Self {
        // The new id of every tensor.
        let mut ids = Vec::with_capacity(self.tensors.len());
        let mut tensors = Vec::with_capacity(self.tensors.len() + crowded.len());
        for (id, tensor) in self.tensors.iter().enumerate() {
            let mut tensor = tensor.clone();
            if let (Some(layer), Some(old)) = (&mut tensor.layer, &self.tensors[id].layer) {
                for term in &mut layer.terms {
                    term.source = ids[term.source];
                }
                if let Precision::Exact { within: Some(of) } = &mut layer.precision {
                    *of = ids[*of];
                }
                let families = families(self, old);
                let numbers = crowded.iter().filter(|of| of.0 == id).map(|of| of.1);
                let own: BTreeSet<usize> = numbers.filter(|n| *n < families.len()).collect();
                for number in &own {
                    let terms = families[*number].iter();
                    let terms = terms.map(|term| layer.terms[*term].clone()).collect();
                    tensors.push(products(
                        &tensor.name,
                        *number,
                        tensor.len,
                        &tensor.shape,
                        layer,
                        terms,
                    ));
                }
                let first = tensors.len() - own.len();
                let identities: Vec<FloatTerm> = (first..tensors.len())
                    .map(|source| identity(source, tensor.len, &layer.terms))
                    .collect();
                let moved: BTreeSet<usize> =
                    own.iter().flat_map(|n| &families[*n]).copied().collect();
                let mut number = 0;
                layer.terms.retain(|_| {
                    number += 1;
                    !moved.contains(&(number - 1))
                });
                layer.terms.extend(identities);
                layer.terms.sort_by_key(|term| term.source);
            }
            ids.push(tensors.len());
            tensors.push(tensor);
        }
        Self {
            tensors,
            inputs: self.inputs.iter().map(|id| ids[*id]).collect(),
            outputs: self.outputs.iter().map(|id| ids[*id]).collect(),
            ..self.clone()
        }
    }

    /// What `crowded`, of ids of this graph with tensors of their own for `own`, is of ids of this
    /// graph: tensors of their own come right before their layer, and its other families keep their
    /// order.
    pub(crate) fn crowded_here(
        &self,
        own: &BTreeSet<Crowded>,
        crowded: &[Crowded],
    ) -> Vec<Crowded> {
        let new_id = |id: usize| id + own.iter().take_while(|of| of.0 <= id).count();
        let ids: BTreeMap<usize, usize> =
            (0..self.tensors.len()).map(|id| (new_id(id), id)).collect();
        let here = |&(new, family): &Crowded| {
            let id = *ids.get(&new)?;
            let families = families(self, self.tensors[id].layer.as_ref()?).len();
            let mut left = (0..families).filter(|number| !own.contains(&(id, *number)));
            Some((id, left.nth(family)?))
        };
        crowded.iter().filter_map(here).collect()
    }

    /// This graph with the tensors that `compiled`, which was compiled from it, has besides: the
    /// products that calibration found to need tensors of their own. Tensor ids of the result are
    /// those of `compiled`. A graph of another model is none the wiser for it, and comes back as it
    /// is or with another number of tensors.
    pub fn as_compiled(&self, compiled: &IntegerGraph) -> Cow<'_, Self> {
        if self.tensors.len() >= compiled.tensors.len() {
            return Cow::Borrowed(self);
        }
        let mut names = compiled
            .tensors
            .iter()
            .map(|tensor| &tensor.name)
            .peekable();
        let mut crowded = Vec::new();
        for (id, tensor) in self.tensors.iter().enumerate() {
            let mut family = 0;
            let most = tensor.layer.as_ref().map_or(0, |layer| layer.terms.len());
            while names.peek().is_some_and(|name| **name != tensor.name) && family < most {
                if names
                    .next_if(|name| **name == own_name(&tensor.name, family))
                    .is_some()
                {
                    crowded.push((id, family));
                }
                family += 1;
            }
            names.next();
        }
        match crowded.is_empty() {
            true => Cow::Borrowed(self),
            false => Cow::Owned(self.with_own_products(&crowded)),
        }
    }
}

/// The tensor of the products that `terms` of `layer`, which has `len` cells, make up.
fn products(
    name: &str,
    number: usize,
    len: usize,
    shape: &[usize],
    layer: &FloatLayer,
    terms: Vec<FloatTerm>,
) -> FloatTensor {
    FloatTensor {
        name: own_name(name, number),
        shape: shape.to_vec(),
        len,
        whole: false,
        layer: Some(FloatLayer {
            nodes: layer.nodes.clone(),
            terms,
            bias: vec![0.0; len],
            activation: Activation::Identity,
            precision: Precision::Scaled,
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        }),
    }
}

/// Tensor `source` as it is, for a layer of as many cells and with such `terms`: a convolution
/// where these are convolutions.
fn identity(source: usize, len: usize, terms: &[FloatTerm]) -> FloatTerm {
    let conv = terms.iter().find_map(|term| match &term.kernel {
        FloatKernel::Conv(conv) => Some(conv),
        FloatKernel::Rows(_) => None,
    });
    let Some(conv) = conv else {
        let rows = (0..len as u32).map(|cell| vec![(cell, 1.0)]);
        return FloatTerm::rows(source, rows.collect());
    };
    let channels = conv.channels[1];
    FloatTerm {
        source,
        kernel: FloatKernel::Conv(Conv {
            channels: [channels; 2],
            source: conv.output,
            output: conv.output,
            size: [1; 2],
            stride: [1; 2],
            up: [1; 2],
            dilation: [1; 2],
            pad: [0; 2],
            groups: channels,
            weights: vec![1.0; channels],
        }),
    }
}
