//! A step of an `LSTM`.

use super::direction::Direction;
use super::gates::{activation, gate};
use super::network::Network;
use crate::Result;
use crate::import::expand::Expansion;

/// The state and the cell after a step.
pub(super) fn step(
    x: &mut Expansion<'_, '_>,
    network: &Network,
    direction: &Direction,
    input: &str,
    state: &str,
    cell: &str,
) -> Result<(String, String)> {
    let (
        h,
        Direction {
            gates, peepholes, ..
        },
    ) = (network.hidden, direction);
    let from_state = x.op("MatMul", &[state, &direction.recurrent])?;
    let sums = x.op("Add", &[input, &from_state])?;
    let part = |x: &mut Expansion<'_, '_>, number: usize, cell: Option<&str>, peep: usize| {
        let own = x.slice(&sums, 1, number * h, (number + 1) * h)?;
        match (peepholes, cell) {
            (Some(weights), Some(cell)) => {
                let seen = x.op("Mul", &[cell, &weights[peep]])?;
                x.op("Add", &[&own, &seen])
            }
            _ => Ok(own),
        }
    };
    let enter = part(x, 0, Some(cell), 0)?;
    let enter = gate(x, network, &gates[0], &enter)?;
    let forget = if direction.input_forget {
        let one = x.number(1.0);
        x.op("Sub", &[&one, &enter])?
    } else {
        let forget = part(x, 2, Some(cell), 2)?;
        gate(x, network, &gates[0], &forget)?
    };
    let fresh = part(x, 3, None, 0)?;
    let fresh = gate(x, network, &gates[1], &fresh)?;
    let kept = x.op("Mul", &[&forget, cell])?;
    let added = x.op("Mul", &[&enter, &fresh])?;
    x.tensor(&kept)?;
    x.tensor(&added)?;
    let next = x.op("Add", &[&kept, &added])?;
    x.tensor(&next)?;
    let leave = part(x, 1, Some(&next), 1)?;
    let leave = gate(x, network, &gates[0], &leave)?;
    let shown = activation(x, &gates[2], &next)?;
    let out = x.op("Mul", &[&leave, &shown])?;
    x.tensor(&out)?;
    Ok((out, next))
}
