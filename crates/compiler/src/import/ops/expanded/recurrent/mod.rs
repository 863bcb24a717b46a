//! `RNN`, `GRU` and `LSTM` of fixed length, unrolled: a step's gates are the sums and functions that
//! ONNX defines, the state after each step is a tensor, and so is each product that is added to
//! something else. A state is off by what [`Builder::bilinear`](crate::import::builder::Builder)
//! says of its products, and half a step.

mod direction;
mod gates;
mod gru;
mod lstm;
mod network;
mod rnn;
mod unrolled;

use crate::Result;
use crate::import::expand::{Expanded, Expansion};
use crate::import::node::Node;
use direction::{direction, initial};
use network::{Kind, Network, lengths, reversed};
use unrolled::{Results, unrolled};

/// More steps than any network that can be proved has.
const MAX_STEPS: usize = 4096;

/// `RNN`
pub(crate) fn rnn(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    recurrent(x, node, Kind::Rnn)
}

/// `GRU`
pub(crate) fn gru(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    recurrent(x, node, Kind::Gru)
}

/// `LSTM`
pub(crate) fn lstm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    recurrent(x, node, Kind::Lstm)
}

fn recurrent(x: &mut Expansion<'_, '_>, node: &Node<'_>, kind: Kind) -> Result<Expanded> {
    let batch_first = node.int("layout", 0) != 0;
    let mut input = x.operand(node, 0)?;
    if batch_first {
        input = x.transpose(&input, &[1, 0, 2])?;
    }
    let shape = x.shape(node, &input)?;
    let weights = x.operand(node, 1)?;
    let recurrent = x.operand(node, 2)?;
    let of_recurrent = x.shape(node, &recurrent)?;
    let ([steps, batch, features], [directions, _, hidden]) = (&shape[..], &of_recurrent[..])
    else {
        return Err(node.invalid(format!(
            "expected an input and recurrent weights with three axes, found shapes {shape:?} and {of_recurrent:?}"
        )));
    };
    let (steps, batch, features, hidden) = (*steps, *batch, *features, *hidden);
    let of_weights = x.shape(node, &weights)?;
    let rows = kind.gates() * hidden;
    if of_weights != [*directions, rows, features] || of_recurrent != [*directions, rows, hidden] {
        return Err(node.invalid(format!(
            "weights of shapes {of_weights:?} and {of_recurrent:?} do not fit {features} features; export the model again"
        )));
    }
    if steps > MAX_STEPS {
        return Err(node.invalid(format!(
            "has {steps} steps, which are unrolled; up to {MAX_STEPS} are supported, so export a shorter sequence"
        )));
    }
    let reversed = reversed(node, *directions)?;
    let network = Network {
        kind,
        hidden,
        steps,
        batch,
        clip: node.raw("clip").map(|clip| f64::from(clip.f)),
        lengths: lengths(x, node, (steps, batch), !reversed.contains(&true))?,
    };
    let mut results = Vec::with_capacity(*directions);
    for (number, reverse) in reversed.into_iter().enumerate() {
        let direction = direction(x, node, &network, &input, number, reverse)?;
        let initial = [
            initial(x, node, &network, 5, number, batch_first)?,
            initial(x, node, &network, 6, number, batch_first)?,
        ];
        results.push(unrolled(x, &network, &direction, initial)?);
    }
    outputs(x, &network, results, batch_first)
}

/// The node's outputs: every state, the last ones, and an LSTM's last cells.
fn outputs(
    x: &mut Expansion<'_, '_>,
    network: &Network,
    results: Vec<Results>,
    batch_first: bool,
) -> Result<Expanded> {
    let &Network { hidden, batch, .. } = network;
    let mut outputs = Expanded::new();
    if x.has_output(0) {
        let all: Vec<String> = results.iter().map(|result| result.all.clone()).collect();
        let mut all = x.concat(&all, 1)?;
        if batch_first {
            all = x.transpose(&all, &[2, 0, 1, 3])?;
        }
        outputs.push((0, all));
    }
    let lasts: [Vec<Option<String>>; 2] = [
        results
            .iter()
            .map(|result| Some(result.last.clone()))
            .collect(),
        results.iter().map(|result| result.cell.clone()).collect(),
    ];
    for (index, lasts) in lasts.into_iter().enumerate() {
        if !x.has_output(index + 1) {
            continue;
        }
        let mut parts = Vec::with_capacity(lasts.len());
        for last in lasts.into_iter().flatten() {
            parts.push(x.reshape(&last, &[1, batch, hidden])?);
        }
        if parts.is_empty() {
            continue;
        }
        let mut all = x.concat(&parts, 0)?;
        if batch_first {
            all = x.transpose(&all, &[1, 0, 2])?;
        }
        outputs.push((index + 1, all));
    }
    Ok(outputs)
}
