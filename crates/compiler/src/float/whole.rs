//! Which tensors hold whole numbers.
//!
//! What a decision looks up, counts and positions is compared for equality, and equality needs
//! integers that stand for the whole numbers themselves. So exact layers that decide on such
//! tensors must not have a step that whole numbers fall between, which the quantiser checks.

use crate::float::activation::Activation;
use crate::float::graph::{FloatTensor, FloatTerm, Precision};
use crate::float::key_unit::whole;

/// Whether every cell of tensor `id` is a whole number over the reals, whatever the input is. Inputs
/// are where their type says so.
pub(crate) fn is_whole(tensors: &[FloatTensor], id: usize) -> bool {
    let typed = |id: usize| tensors.get(id).is_some_and(|tensor| tensor.whole);
    decide(tensors, id, (false, &typed), &mut vec![None; id + 1])
}

/// Whether tensor `id` is whole and its scale is one that whole numbers are multiples of: nothing
/// between it and the decisions it is made of was rounded to steps of another kind. `input` says
/// which inputs are so.
pub(crate) fn has_whole_steps(
    tensors: &[FloatTensor],
    id: usize,
    input: &dyn Fn(usize) -> bool,
) -> bool {
    decide(tensors, id, (true, input), &mut vec![None; id + 1])
}

/// Looks at each tensor once: `known` holds what was found so far.
fn decide(
    tensors: &[FloatTensor],
    id: usize,
    of: (bool, &dyn Fn(usize) -> bool),
    known: &mut [Option<bool>],
) -> bool {
    let (steps, input) = of;
    if let Some(Some(known)) = known.get(id) {
        return *known;
    }
    let layer = tensors.get(id).and_then(|tensor| tensor.layer.as_ref());
    let found = layer.is_none() && input(id)
        || layer.is_some_and(|layer| {
            // The quantiser gives what is read from such an input steps that divide 1.
            let read =
                |term: &FloatTerm| tensors[term.source].layer.is_none() && input(term.source);
            let exact =
                matches!(layer.precision, Precision::Exact { .. }) || layer.terms.iter().all(read);
            match (&layer.precision, &layer.activation) {
                (Precision::Tests(_), _) => true,
                (_, activation) if whole(activation) => true,
                (_, Activation::Identity | Activation::Relu | Activation::Square)
                    if exact || !steps =>
                {
                    let whole = |v: &f64| v.fract() == 0.0;
                    let mut weights = layer.terms.iter().flat_map(|term| term.kernel.weights());
                    let mut sources = layer.terms.iter().map(|term| term.source);
                    layer.bias.iter().all(whole)
                    && weights.all(|weight| whole(&weight))
                    // Sources come before what reads them.
                    && sources.all(|source| source < id && decide(tensors, source, of, known))
                }
                _ => false,
            }
        });
    if let Some(known) = known.get_mut(id) {
        *known = Some(found);
    }
    found
}
