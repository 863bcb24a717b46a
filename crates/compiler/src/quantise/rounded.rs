//! The grid of an input that the model rounds itself: a model that was quantised with onnxruntime's
//! tools divides its input by a step and rounds it before anything else. Were it rounded to other
//! steps first, a value near half a step could go either way.

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Step, Unary};
use crate::float::graph::{FloatGraph, FloatKernel};
use crate::quantise::grid::InputGrid;

/// The step that all readers of input `tensor` round it to; `None` if they do anything else with it.
fn step(graph: &FloatGraph, tensor: usize) -> Option<f64> {
    if graph.outputs.contains(&tensor) {
        return None;
    }
    let layers = graph.tensors.iter().filter_map(|it| it.layer.as_ref());
    let mut found = None;
    for layer in layers {
        let mut terms = layer.terms.iter().filter(|term| term.source == tensor);
        let Some(term) = terms.next() else { continue };
        let as_it_is = match &term.kernel {
            FloatKernel::Rows(rows) => rows.iter().all(|row| matches!(row[..], [(_, 1.0)])),
            FloatKernel::Conv(conv) => {
                let apart = conv.groups == conv.channels[0] && conv.channels[0] == conv.channels[1];
                apart && conv.size == [1; 2] && conv.weights.iter().all(|weight| *weight == 1.0)
            }
        };
        let alone = layer.terms.len() == 1 && layer.bias.iter().all(|bias| *bias == 0.0);
        let Activation::Expression(expression) = &layer.activation else {
            return None;
        };
        let step = rounded_by(expression)?;
        if !(as_it_is && alone) || found.is_some_and(|other| other != step) {
            return None;
        }
        found = Some(step);
    }
    found
}

/// The step that a function rounds its variable to before it does anything else.
fn rounded_by(function: &Expression) -> Option<f64> {
    let steps = function.steps();
    // The one step that reads another.
    let reader = |at: usize| {
        let reads = |i: &usize| steps[*i].operands().any(|operand| operand == at);
        let mut all = (0..steps.len()).filter(reads);
        let first = all.next()?;
        all.next().is_none().then_some(first)
    };
    let value = steps.iter().position(|step| *step == Step::Value)?;
    let quotient = reader(value)?;
    let step = match steps[quotient] {
        Step::Binary(Binary::Div, a, b) if a == value => match steps[b] {
            Step::Constant(step) if step > 0.0 => step,
            _ => return None,
        },
        _ => return None,
    };
    let single = reader(quotient)?;
    let rounded = match steps[single] {
        Step::Unary(Unary::Single, _) => reader(single)?,
        _ => single,
    };
    matches!(steps[rounded], Step::Unary(Unary::Round, _)).then_some(step)
}

/// The grid of an input whose readers all round it to the same steps, of a domain from `low` to
/// `high`.
pub(crate) fn rounded_grid(
    graph: &FloatGraph,
    tensor: usize,
    (low, high): (f64, f64),
) -> Option<InputGrid> {
    let step = step(graph, tensor)?;
    let limit = f64::from(i16::MAX);
    let fits = (low / step).round() >= -limit && (high / step).round() <= limit;
    fits.then(|| InputGrid::around_zero(step, (low, high)))
}
