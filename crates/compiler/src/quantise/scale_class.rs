//! Which tensors must share one scale: the sources of an [exact](Precision::Exact) layer, and often
//! the layer itself.
//!
//! The sources of a square need not: a product is exact whatever their scales are (see
//! [`Activation::Square`]).

use std::collections::HashMap;

use crate::Result;
use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, Precision};

/// What a tensor would like its scale to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wish {
    /// At least this, so that its values fit; more costs precision only.
    AtLeast(f64),
    /// This and nothing else.
    Fixed(f64),
    /// The product of two other tensors'.
    ProductOf(usize, usize),
    /// Whatever the others of its class have.
    Any,
}

/// Sets of tensors of one scale. A tensor that no exact layer reads or produces is in none of them.
#[derive(Debug, Default)]
pub(crate) struct ScaleClasses {
    /// By tensor.
    of: Vec<Option<usize>>,
    /// By class, the tensors it has.
    members: Vec<Vec<usize>>,
    /// By class; `None` until known.
    scales: Vec<Option<f64>>,
    /// By class: what the wishes turned out to be too fine by.
    stretch: Vec<f64>,
}

impl ScaleClasses {
    pub(crate) fn new(graph: &FloatGraph) -> Self {
        let mut parent: Vec<usize> = (0..graph.tensors.len()).collect();
        let mut touched = vec![false; parent.len()];
        for (id, tensor) in graph.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else { continue };
            if layer.precision == Precision::Scaled {
                continue;
            }
            touched[id] = true;
            // Tests know the grids of what they read, unshifted sums weigh it.
            if matches!(layer.precision, Precision::Tests(_)) {
                continue;
            }
            if layer.precision == Precision::Unshifted {
                for term in &layer.terms {
                    let source = graph.tensors[term.source].layer.as_ref();
                    if source.is_some_and(|layer| layer.precision == Precision::Unshifted) {
                        let (a, b) = (root(&parent, id), root(&parent, term.source));
                        parent[a.max(b)] = a.min(b);
                    }
                }
                continue;
            }
            if layer.activation == Activation::Square {
                layer
                    .terms
                    .iter()
                    .for_each(|term| touched[term.source] = true);
                continue;
            }
            let keeps = matches!(layer.activation, Activation::Identity | Activation::Relu);
            let mut first = keeps.then_some(id);
            for term in &layer.terms {
                touched[term.source] = true;
                let (a, b) = (
                    root(&parent, *first.get_or_insert(term.source)),
                    root(&parent, term.source),
                );
                parent[a.max(b)] = a.min(b);
            }
        }
        let mut numbers = HashMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let of = (0..parent.len()).map(|id| {
            let root = touched[id].then(|| root(&parent, id))?;
            let class = *numbers.entry(root).or_insert_with(|| {
                members.push(Vec::new());
                members.len() - 1
            });
            members[class].push(id);
            Some(class)
        });
        let of = of.collect();
        Self {
            of,
            scales: vec![None; members.len()],
            stretch: vec![1.0; members.len()],
            members,
        }
    }

    /// The class of a tensor, if it shares its scale.
    pub(crate) fn of(&self, tensor: usize) -> Option<usize> {
        self.of.get(tensor).copied().flatten()
    }

    /// The scale of a tensor that shares it.
    pub(crate) fn scale(&self, tensor: usize) -> Option<f64> {
        self.scales[self.of(tensor)?]
    }

    /// The scale of a class.
    pub(crate) fn class_scale(&self, class: usize) -> f64 {
        self.scales.get(class).copied().flatten().unwrap_or(1.0)
    }

    /// Grants the wishes `wish(tensor)` as far as possible. Fails with a tensor whose wish
    /// contradicts another's.
    pub(crate) fn choose(&mut self, wish: impl Fn(usize) -> Wish) -> Result<(), usize> {
        self.scales.fill(None);
        let mut open: Vec<usize> = (0..self.scales.len()).collect();
        // A square's scale depends on another class, so every round may settle some more.
        while let Some(first) = open.first().copied() {
            let before = open.len();
            let mut unsettled = Vec::new();
            for class in open {
                self.scales[class] = self.choose_one(class, &wish)?;
                if self.scales[class].is_none() {
                    unsettled.push(class);
                }
            }
            // Only squares of one another are never settled.
            if unsettled.len() == before {
                return Err(self.members[first].first().copied().unwrap_or(0));
            }
            open = unsettled;
        }
        Ok(())
    }

    fn choose_one(&self, class: usize, wish: impl Fn(usize) -> Wish) -> Result<Option<f64>, usize> {
        let (mut fixed, mut least) = (None::<f64>, 0.0f64);
        for &id in &self.members[class] {
            let scale = match wish(id) {
                Wish::Any => continue,
                Wish::AtLeast(scale) => {
                    least = least.max(scale);
                    continue;
                }
                Wish::Fixed(scale) => scale,
                Wish::ProductOf(a, b) => match self.scale(a).zip(self.scale(b)) {
                    Some((a, b)) => a * b,
                    None => return Ok(None),
                },
            };
            if fixed.is_some_and(|other| (other - scale).abs() > 1e-9 * scale) {
                return Err(id);
            }
            fixed = Some(scale);
        }
        let free = if least > 0.0 { least } else { 1.0 };
        Ok(Some(fixed.unwrap_or(free * self.stretch[class])))
    }

    /// How much coarser than its members wish a class is.
    pub(crate) fn stretch(&self, class: usize) -> f64 {
        self.stretch.get(class).copied().unwrap_or(f64::INFINITY)
    }

    /// Makes the scale of `class` coarser by `factor` from the next choice on.
    pub(crate) fn widen(&mut self, class: usize, factor: f64) {
        self.stretch[class] *= factor;
    }
}

fn root(parent: &[usize], mut id: usize) -> usize {
    while parent[id] != id {
        id = parent[id];
    }
    id
}
