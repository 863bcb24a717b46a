//! Which tensors must share one scale: the sources of an [exact](Precision::Exact) layer, and often the layer itself.
//!
//! The sources of a square need not: there the scales are only powers of two of one another, so that the factors of a product
//! keep their precision however different their ranges are (`2a + b` is an integer sum where `a`'s step is twice `b`'s).

use crate::float_graph::{Activation, FloatGraph, Precision};

/// What a tensor would like its scale to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wish {
    /// At least this, so that its values fit; more costs precision only.
    AtLeast(f64),
    /// This and nothing else.
    Fixed(f64),
    /// The square of its finest source's.
    Square,
    /// Whatever the others of its class have.
    Any,
}

/// What the members of a class want together.
#[derive(Clone, Copy)]
struct Wished {
    scale: f64,
    fixed: bool,
}

/// Sets of tensors of one scale. A tensor that no exact layer reads or produces is in none of them.
#[derive(Debug, Default)]
pub(crate) struct ScaleClasses {
    /// By tensor.
    of: Vec<Option<usize>>,
    /// By class; `None` until known.
    scales: Vec<Option<f64>>,
    /// By class: what the wishes turned out to be too fine by.
    stretch: Vec<f64>,
    /// By class: the first class its scale must be a power of two of.
    kin: Vec<usize>,
    /// By tensor: what a square reads.
    squared: Vec<Vec<usize>>,
}

impl ScaleClasses {
    pub(crate) fn new(graph: &FloatGraph) -> Self {
        let mut parent: Vec<usize> = (0..graph.tensors.len()).collect();
        let mut touched = vec![false; parent.len()];
        let mut squared = vec![Vec::new(); parent.len()];
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
                        unite(&mut parent, id, term.source);
                    }
                }
                continue;
            }
            if layer.activation == Activation::Square {
                squared[id] = layer.terms.iter().map(|term| term.source).collect();
                squared[id]
                    .iter()
                    .for_each(|source| touched[*source] = true);
                continue;
            }
            let keeps = matches!(layer.activation, Activation::Identity | Activation::Relu);
            let mut first = keeps.then_some(id);
            for term in &layer.terms {
                touched[term.source] = true;
                unite(&mut parent, *first.get_or_insert(term.source), term.source);
            }
        }
        let mut roots = Vec::new();
        let of = (0..parent.len()).map(|id| {
            let root = touched[id].then(|| root(&parent, id))?;
            Some(roots.iter().position(|r| *r == root).unwrap_or_else(|| {
                roots.push(root);
                roots.len() - 1
            }))
        });
        let of: Vec<Option<usize>> = of.collect();
        let mut kin: Vec<usize> = (0..roots.len()).collect();
        for sources in &squared {
            let mut classes = sources.iter().filter_map(|source| of[*source]);
            let Some(first) = classes.next() else {
                continue;
            };
            classes.for_each(|class| unite(&mut kin, first, class));
        }
        let kin = (0..kin.len()).map(|class| root(&kin, class)).collect();
        Self {
            of,
            scales: vec![None; roots.len()],
            stretch: vec![1.0; roots.len()],
            kin,
            squared,
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

    /// Grants the wishes `wish(tensor)` as far as possible. Fails with a tensor whose wish contradicts another's.
    pub(crate) fn choose(&mut self, wish: impl Fn(usize) -> Wish) -> Result<(), usize> {
        self.scales.fill(None);
        // A square's scale depends on another class, so every round may settle some more.
        for _ in 0..=self.scales.len() {
            let wished = (0..self.scales.len())
                .map(|class| self.wished(class, &wish))
                .collect::<Result<Vec<_>, _>>()?;
            for kin in 0..self.scales.len() {
                self.align(kin, &wished)?;
            }
        }
        match self.scales.iter().position(Option::is_none) {
            // Only squares of one another are never settled.
            Some(class) => Err(self.of.iter().position(|c| *c == Some(class)).unwrap_or(0)),
            None => Ok(()),
        }
    }

    /// Settles the classes that are kin to class `first` if all their wishes are known: the finest stays as it is, the others
    /// get the next power of two of it.
    fn align(&mut self, first: usize, wished: &[Option<Wished>]) -> Result<(), usize> {
        let members = || (0..wished.len()).filter(|class| self.kin[*class] == first);
        let Some(known) = members()
            .map(|class| wished[class])
            .collect::<Option<Vec<_>>>()
        else {
            return Ok(());
        };
        let any_fixed = known.iter().any(|wished| wished.fixed);
        let base = known
            .iter()
            .filter(|wished| wished.fixed || !any_fixed)
            .map(|wished| wished.scale)
            .fold(f64::INFINITY, f64::min);
        let aligned: Vec<(usize, f64)> = members()
            .zip(&known)
            .map(|(class, wished)| {
                let steps = libm::log2(wished.scale / base);
                // What is a power of two already must stay one although logarithms round.
                (class, base * libm::exp2((steps - 1e-9).ceil()))
            })
            .collect();
        for ((class, scale), wished) in aligned.into_iter().zip(&known) {
            if wished.fixed && (scale / wished.scale - 1.0).abs() > 1e-9 {
                return Err(self.of.iter().position(|c| *c == Some(class)).unwrap_or(0));
            }
            self.scales[class] = Some(scale);
        }
        Ok(())
    }

    /// What the members of a class want together; `None` while that depends on a class not settled yet.
    fn wished(&self, class: usize, wish: impl Fn(usize) -> Wish) -> Result<Option<Wished>, usize> {
        let (mut fixed, mut least) = (None::<f64>, 0.0f64);
        let members = (0..self.of.len()).filter(|id| self.of[*id] == Some(class));
        for id in members {
            let scale = match wish(id) {
                Wish::Any => continue,
                Wish::AtLeast(scale) => {
                    least = least.max(scale);
                    continue;
                }
                Wish::Fixed(scale) => scale,
                Wish::Square => {
                    let sources = self.squared[id].iter().map(|source| self.scale(*source));
                    let Some(scales) = sources.collect::<Option<Vec<_>>>() else {
                        return Ok(None);
                    };
                    scales.into_iter().fold(f64::INFINITY, f64::min).powi(2)
                }
            };
            if fixed.is_some_and(|other| (other - scale).abs() > 1e-9 * scale) {
                return Err(id);
            }
            fixed = Some(scale);
        }
        let free = if least > 0.0 { least } else { 1.0 };
        Ok(Some(Wished {
            scale: fixed.unwrap_or(free * self.stretch[class]),
            fixed: fixed.is_some(),
        }))
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

fn unite(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[a.max(b)] = a.min(b);
}

fn root(parent: &[usize], mut id: usize) -> usize {
    while parent[id] != id {
        id = parent[id];
    }
    id
}
