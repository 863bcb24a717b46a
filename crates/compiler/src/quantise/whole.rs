//! Which tensors hold whole numbers, and so have steps that these are multiples of: sums and products
//! of whole numbers then are exact, however many steps calibration would give them.

use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatLayer, Precision};
use crate::float::key_unit::{gives_whole, whole};
use crate::quantise::grid::InputGrid;

/// For each tensor whether its values are whole numbers, given that its sources are exact where they
/// can be, and nothing but whole numbers is made of them, unless it is an output.
pub(super) fn whole_tensors(graph: &FloatGraph, grids: &[InputGrid]) -> Vec<bool> {
    let mut known: Vec<bool> = Vec::with_capacity(graph.tensors.len());
    for (id, tensor) in graph.tensors.iter().enumerate() {
        let found = match &tensor.layer {
            None => {
                let input = graph.inputs.iter().position(|input| *input == id);
                let grid = input.and_then(|input| grids.get(input));
                tensor.whole && grid.is_some_and(is_of_ones)
            }
            Some(layer) => of_layer(graph, layer, &known),
        };
        known.push(found);
    }
    // What real numbers are made of has the steps that suit these.
    let mut only: Vec<bool> = known.clone();
    for (id, tensor) in graph.tensors.iter().enumerate() {
        let terms = tensor.layer.iter().flat_map(|layer| &layer.terms);
        for term in terms.filter(|term| term.kernel.non_zero() > 0 && !known[id]) {
            only[term.source] &= graph.outputs.contains(&term.source);
        }
    }
    only
}

fn of_layer(graph: &FloatGraph, layer: &FloatLayer, known: &[bool]) -> bool {
    let sums = || sums(graph, layer, known);
    match (&layer.precision, &layer.activation) {
        (Precision::Tests(_), _) => true,
        (_, Activation::Expression(expression)) => {
            gives_whole(expression, false) || gives_whole(expression, true) && sums()
        }
        (_, Activation::Identity | Activation::Relu | Activation::Square) => sums(),
        (_, Activation::Clip { min, max }) => {
            let open = |bound: &f64| bound.is_infinite() || bound.fract() == 0.0;
            open(min) && open(max) && sums()
        }
        (_, activation) => whole(activation),
    }
}

/// Whether a layer adds up whole multiples of whole numbers and of their products.
fn sums(graph: &FloatGraph, layer: &FloatLayer, known: &[bool]) -> bool {
    let read = || layer.terms.iter().filter(|term| term.kernel.non_zero() > 0);
    if !read().all(|term| known[term.source]) || layer.bias.iter().any(|bias| bias.fract() != 0.0) {
        return false;
    }
    let mut products = Vec::new();
    let whole_weights = read().all(|term| {
        graph.add_products(term, &mut products, layer.bias.len())
            || term.kernel.weights().all(|weight| weight.fract() == 0.0)
    });
    let mut factors = products.iter().flat_map(|all| all.values());
    whole_weights && factors.all(|factor| factor.fract() == 0.0)
}

/// Whether an input's integers are its values, but for an offset.
pub(super) fn is_of_ones(grid: &InputGrid) -> bool {
    grid.scales.iter().all(|scale| *scale == 1.0) && grid.breakpoints.is_empty()
}
