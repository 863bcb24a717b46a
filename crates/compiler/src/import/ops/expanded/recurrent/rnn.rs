//! A step of an `RNN`: `f(Wx + Rh + b)`.

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
    let from_state = x.op("MatMul", &[state, &direction.recurrent])?;
    let sum = x.op("Add", &[input, &from_state])?;
    let next = gate(x, network, &direction.gates[0], &sum)?;
    x.tensor(&next)?;
    Ok(next)
}
