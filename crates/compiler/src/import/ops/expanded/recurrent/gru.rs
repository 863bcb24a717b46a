//! A step of a `GRU`.

use super::direction::Direction;
use super::gates::gate;
use super::network::Network;
use crate::Result;
use crate::import::expand::Expansion;

/// The state after a step.
pub(super) fn step(
    x: &mut Expansion<'_, '_>,
    network: &Network,
    direction: &Direction,
    input: &str,
    state: &str,
) -> Result<String> {
    let (
        h,
        Direction {
            gates, recurrent, ..
        },
    ) = (network.hidden, direction);
    let both = x.slice(recurrent, 1, 0, 2 * h)?;
    let last = x.slice(recurrent, 1, 2 * h, 3 * h)?;
    let from_state = x.op("MatMul", &[state, &both])?;
    let from_input = x.slice(input, 1, 0, 2 * h)?;
    let sums = x.op("Add", &[&from_input, &from_state])?;
    let update = x.slice(&sums, 1, 0, h)?;
    let update = gate(x, network, &gates[0], &update)?;
    let reset = x.slice(&sums, 1, h, 2 * h)?;
    let reset = gate(x, network, &gates[0], &reset)?;
    let reset = if direction.linear_before_reset {
        let mut inner = x.op("MatMul", &[state, &last])?;
        if let Some(bias) = &direction.reset_bias {
            inner = x.op("Add", &[&inner, bias])?;
        }
        // What is only part of a sum needs steps of its own.
        let product = x.op("Mul", &[&reset, &inner])?;
        x.tensor(&product)?;
        product
    } else {
        let kept = x.op("Mul", &[&reset, state])?;
        x.tensor(&kept)?;
        x.op("MatMul", &[&kept, &last])?
    };
    let own = x.slice(input, 1, 2 * h, 3 * h)?;
    let sum = x.op("Add", &[&own, &reset])?;
    let candidate = gate(x, network, &gates[1], &sum)?;
    // (1 − z)·n + z·h = n + z·(h − n)
    let gap = x.op("Sub", &[state, &candidate])?;
    let change = x.op("Mul", &[&update, &gap])?;
    x.tensor(&change)?;
    let next = x.op("Add", &[&candidate, &change])?;
    x.tensor(&next)?;
    Ok(next)
}
