//! All steps of a direction, one after the other.

use super::direction::{Direction, reverse_steps};
use super::network::{Kind, Network};
use super::{gru, lstm, rnn};
use crate::Result;
use crate::import::expand::Expansion;

/// Names of a direction's results.
pub(super) struct Results {
    /// `[steps, 1, batch, hidden]`
    pub(super) all: String,
    pub(super) last: String,
    pub(super) cell: Option<String>,
}

/// All steps of one direction.
pub(super) fn unrolled(
    x: &mut Expansion<'_, '_>,
    network: &Network,
    direction: &Direction,
    [mut state, mut cell]: [String; 2],
) -> Result<Results> {
    let &Network {
        hidden,
        steps,
        batch,
        ..
    } = network;
    let mut all = Vec::with_capacity(steps);
    for step in 0..steps {
        let input = x.slice(&direction.inputs, 0, step * batch, (step + 1) * batch)?;
        let (next, next_cell) = match network.kind {
            Kind::Rnn => (rnn::step(x, network, direction, &input, &state)?, None),
            Kind::Gru => (gru::step(x, network, direction, &input, &state)?, None),
            Kind::Lstm => {
                let (state, cell) = lstm::step(x, network, direction, &input, &state, &cell)?;
                (state, Some(cell))
            }
        };
        let mut shown = next.clone();
        match network.running(x, step)? {
            None => {
                state = next;
                cell = next_cell.unwrap_or(cell);
            }
            Some(running) => {
                // A sequence that is over keeps its state and shows zeros.
                let zero = x.number(0.0);
                shown = x.op("Where", &[&running, &next, &zero])?;
                state = x.op("Where", &[&running, &next, &state])?;
                if let Some(next) = next_cell {
                    cell = x.op("Where", &[&running, &next, &cell])?;
                }
            }
        }
        all.push(x.reshape(&shown, &[1, 1, batch, hidden])?);
    }
    if direction.reverse && network.lengths.is_none() {
        all.reverse();
    }
    let mut joined = x.concat(&all, 0)?;
    if direction.reverse && network.lengths.is_some() {
        let flat = x.reshape(&joined, &[steps, batch, hidden])?;
        let turned = reverse_steps(x, network, &flat)?;
        joined = x.reshape(&turned, &[steps, 1, batch, hidden])?;
    }
    Ok(Results {
        all: joined,
        last: state,
        cell: (network.kind == Kind::Lstm).then_some(cell),
    })
}
