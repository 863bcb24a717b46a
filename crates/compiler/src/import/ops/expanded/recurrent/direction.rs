//! One direction of a recurrent node: its weights, and where its states begin.

use super::gates::{Gate, gates};
use super::network::{Kind, Lengths, Network};
use crate::Result;
use crate::import::expand::{Expansion, int};
use crate::import::node::Node;

/// One direction's weights and functions.
pub(super) struct Direction {
    pub(super) reverse: bool,
    pub(super) gates: Vec<Gate>,
    /// What the input adds to the gates of every step: `[steps · batch, gates · hidden]`.
    pub(super) inputs: String,
    /// `[hidden, gates · hidden]`
    pub(super) recurrent: String,
    /// The recurrent bias of a GRU's last gate, where that is reset with it.
    pub(super) reset_bias: Option<String>,
    /// An LSTM's weights of the cells in its input, output and forget gates.
    pub(super) peepholes: Option<[String; 3]>,
    pub(super) input_forget: bool,
    pub(super) linear_before_reset: bool,
}

/// The weights and functions of direction `number`.
pub(super) fn direction(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    network: &Network,
    input: &str,
    number: usize,
    reverse: bool,
) -> Result<Direction> {
    let &Network {
        kind,
        hidden,
        steps,
        batch,
        ..
    } = network;
    let gates = gates(node, kind, number)?;
    let (width, rows) = (hidden, kind.gates() * hidden);
    let part = |x: &mut Expansion<'_, '_>, index: usize| -> Result<String> {
        let whole = x.operand(node, index)?;
        let shape = x.shape(node, &whole)?;
        let one = x.slice(&whole, 0, number, number + 1)?;
        x.reshape(&one, shape.get(1..).unwrap_or_default())
    };
    let weights = part(x, 1)?;
    let weights = x.transpose(&weights, &[1, 0])?;
    let recurrent = part(x, 2)?;
    let recurrent = x.transpose(&recurrent, &[1, 0])?;
    let features = x.shape(node, &weights)?[0];
    let ordered = match reverse {
        true => reverse_steps(x, network, input)?,
        false => input.to_owned(),
    };
    let flat = x.reshape(&ordered, &[steps * batch, features])?;
    let mut inputs = x.op("MatMul", &[&flat, &weights])?;
    let linear_before_reset = kind == Kind::Gru && node.int("linear_before_reset", 0) != 0;
    let mut reset_bias = None;
    if x.input(3).is_some() {
        let bias = part(x, 3)?;
        let of_input = x.slice(&bias, 0, 0, rows)?;
        let mut of_state = x.slice(&bias, 0, rows, 2 * rows)?;
        if linear_before_reset {
            reset_bias = Some(x.slice(&of_state, 0, 2 * width, rows)?);
            let kept = x.slice(&of_state, 0, 0, 2 * width)?;
            let none = x.constant(vec![width], vec![0.0; width]);
            of_state = x.concat(&[kept, none], 0)?;
        }
        let bias = x.op("Add", &[&of_input, &of_state])?;
        inputs = x.op("Add", &[&inputs, &bias])?;
    }
    let peepholes = match x.input(7) {
        Some(_) if kind == Kind::Lstm => {
            let all = part(x, 7)?;
            Some([
                x.slice(&all, 0, 0, width)?,
                x.slice(&all, 0, width, 2 * width)?,
                x.slice(&all, 0, 2 * width, 3 * width)?,
            ])
        }
        _ => None,
    };
    Ok(Direction {
        reverse,
        gates,
        inputs,
        recurrent,
        reset_bias,
        peepholes,
        input_forget: node.int("input_forget", 0) != 0,
        linear_before_reset,
    })
}

/// The steps from the last one on, each sequence by its own length.
pub(super) fn reverse_steps(
    x: &mut Expansion<'_, '_>,
    network: &Network,
    name: &str,
) -> Result<String> {
    let all = vec![network.steps; network.batch];
    let lengths = match &network.lengths {
        Some(Lengths::Known(lengths)) => lengths,
        _ => &all,
    };
    let lengths: Vec<i64> = lengths.iter().map(|length| *length as i64).collect();
    let lengths = x.list(&lengths);
    let attributes = vec![int("time_axis", 0), int("batch_axis", 1)];
    x.with("ReverseSequence", &[name, &lengths], attributes)
}

/// The state before the first step: operand `index`, or zeros.
pub(super) fn initial(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    network: &Network,
    index: usize,
    number: usize,
    batch_first: bool,
) -> Result<String> {
    let &Network { hidden, batch, .. } = network;
    let given = x
        .input(index)
        .filter(|_| index == 5 || network.kind == Kind::Lstm);
    let Some(given) = given else {
        return Ok(x.constant(vec![batch, hidden], vec![0.0; batch * hidden]));
    };
    let axis = usize::from(batch_first);
    let shape = x.shape(node, &given)?;
    if shape.len() != 3 || shape[axis] <= number || shape[2] != hidden || shape[1 - axis] != batch {
        return Err(node.invalid(format!(
            "an initial state of shape {shape:?} does not fit {batch} sequences of {hidden} cells"
        )));
    }
    let one = x.slice(&given, axis, number, number + 1)?;
    x.reshape(&one, &[batch, hidden])
}
