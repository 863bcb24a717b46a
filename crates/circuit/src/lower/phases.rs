//! Into how many phases the planes of each tensor are cut: the fewest that make every stride a
//! constant shift of places.
//!
//! A convolution asks for `up·m_source = stride·m_target` along each axis, so within a component of
//! tensors that convolutions connect, the numbers of phases have given ratios to each other.

use crate::CircuitError;
use std::collections::VecDeque;
use verdict_model::{Conv, IntegerGraph, Kernel, TensorId};

/// More phases than any network of strides needs.
const MAX_PHASES: u64 = 256;

/// A term that convolves.
#[derive(Clone, Copy)]
pub(super) struct Convolution<'a> {
    pub(super) source: TensorId,
    pub(super) target: TensorId,
    pub(super) conv: &'a Conv,
}

/// Every term that convolves.
pub(super) fn convolutions(graph: &IntegerGraph) -> Vec<Convolution<'_>> {
    let mut convolutions = Vec::new();
    for (target, tensor) in graph.tensors.iter().enumerate() {
        for term in tensor.layer.iter().flat_map(|layer| &layer.terms) {
            if let Kernel::Conv(conv) = &term.kernel {
                convolutions.push(Convolution {
                    source: term.source,
                    target,
                    conv,
                });
            }
        }
    }
    convolutions
}

/// A positive fraction in lowest terms.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    fn new(numerator: u64, denominator: u64) -> Self {
        let divisor = gcd(numerator, denominator).max(1);
        Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        }
    }

    fn times(self, other: Self) -> Self {
        Self::new(
            self.numerator * other.numerator,
            self.denominator * other.denominator,
        )
    }

    fn inverse(self) -> Self {
        Self {
            numerator: self.denominator,
            denominator: self.numerator,
        }
    }
}

/// Ratios along rows and columns.
type Ratios = [Ratio; 2];

/// How a tensor's neighbours' phases relate to its own.
type Neighbours = Vec<(TensorId, Ratios)>;

/// The phases of every tensor.
pub(super) struct Phases {
    /// The component each tensor belongs to, as the number of one of its tensors.
    pub(super) components: Vec<TensorId>,
    /// Phases along rows and columns.
    pub(super) phases: Vec<[usize; 2]>,
}

impl Phases {
    /// The fewest phases; refuses strides that contradict each other.
    pub(super) fn of(
        graph: &IntegerGraph,
        convolutions: &[Convolution<'_>],
    ) -> Result<Self, CircuitError> {
        let count = graph.tensors.len();
        let neighbours = neighbours(count, convolutions);
        let mut phases = Self {
            components: (0..count).collect(),
            phases: vec![[1, 1]; count],
        };
        let mut seen = vec![false; count];
        for root in 0..count {
            if seen[root] || neighbours[root].is_empty() {
                continue;
            }
            let component = component(graph, &neighbours, root, &mut seen)?;
            for &(id, _) in &component {
                phases.components[id] = root;
            }
            for axis in 0..2 {
                phases.choose(graph, &component, axis)?;
            }
        }
        Ok(phases)
    }

    /// The fewest whole numbers of phases that have the ratios of a component.
    fn choose(
        &mut self,
        graph: &IntegerGraph,
        component: &[(TensorId, Ratios)],
        axis: usize,
    ) -> Result<(), CircuitError> {
        let common = component.iter().fold(1, |common, (_, ratios)| {
            lcm(common, ratios[axis].denominator)
        });
        let whole = |ratio: Ratio| common / ratio.denominator * ratio.numerator;
        let divisor = component
            .iter()
            .fold(0, |divisor, (_, ratios)| gcd(divisor, whole(ratios[axis])));
        for (id, ratios) in component {
            let phases = whole(ratios[axis]) / divisor.max(1);
            if phases > MAX_PHASES {
                return Err(contradiction(graph, *id));
            }
            self.phases[*id][axis] = phases as usize;
        }
        Ok(())
    }
}

fn neighbours(count: usize, convolutions: &[Convolution<'_>]) -> Vec<Neighbours> {
    let mut neighbours: Vec<Neighbours> = vec![Vec::new(); count];
    for &Convolution {
        source,
        target,
        conv,
    } in convolutions
    {
        let there = [0, 1].map(|axis| Ratio::new(conv.up[axis] as u64, conv.stride[axis] as u64));
        neighbours[source].push((target, there));
        neighbours[target].push((source, there.map(Ratio::inverse)));
    }
    neighbours
}

/// The tensors that convolutions connect with `root`, with their phases relative to the root's.
fn component(
    graph: &IntegerGraph,
    neighbours: &[Neighbours],
    root: TensorId,
    seen: &mut [bool],
) -> Result<Vec<(TensorId, Ratios)>, CircuitError> {
    let mut component = vec![(root, [Ratio::ONE; 2])];
    let mut queue = VecDeque::from([0]);
    seen[root] = true;
    while let Some(index) = queue.pop_front() {
        let (id, ratios) = component[index];
        for &(next, factors) in &neighbours[id] {
            let product = [0, 1].map(|axis| ratios[axis].times(factors[axis]));
            let largest = |ratio: &Ratio| ratio.numerator.max(ratio.denominator);
            if product.iter().any(|ratio| largest(ratio) > MAX_PHASES) {
                return Err(contradiction(graph, next));
            }
            if seen[next] {
                let known = component.iter().find(|(known, _)| *known == next);
                if known.is_some_and(|(_, known)| *known != product) {
                    return Err(contradiction(graph, next));
                }
            } else {
                seen[next] = true;
                component.push((next, product));
                queue.push_back(component.len() - 1);
            }
        }
    }
    Ok(component)
}

fn contradiction(graph: &IntegerGraph, id: TensorId) -> CircuitError {
    CircuitError::NoPlan(format!(
        "the strides and upsampling factors of the convolutions around tensor `{}` do not fit each other",
        graph.tensors[id].name
    ))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn lcm(a: u64, b: u64) -> u64 {
    a / gcd(a, b).max(1) * b
}
