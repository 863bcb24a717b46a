//! What a recurrent node says of all its steps.

use crate::Result;
use crate::import::expand::Expansion;
use crate::import::node::Node;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rnn,
    Gru,
    Lstm,
}

impl Kind {
    pub(super) fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    pub(super) fn defaults(self) -> &'static [&'static str] {
        match self {
            Self::Rnn => &["Tanh"],
            Self::Gru => &["Sigmoid", "Tanh"],
            Self::Lstm => &["Sigmoid", "Tanh", "Tanh"],
        }
    }
}

/// What the node says of all its steps.
pub(super) struct Network {
    pub(super) kind: Kind,
    pub(super) hidden: usize,
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) clip: Option<f64>,
    /// How many steps each sequence has, if that is not all of them.
    pub(super) lengths: Option<Lengths>,
}

/// How many steps each sequence has.
pub(super) enum Lengths {
    Known(Vec<usize>),
    /// The name of a value `[batch, 1]`.
    Computed(String),
}

impl Network {
    /// Which sequences a step still belongs to, as 1 or 0: `[batch, 1]`; nothing if all of them.
    pub(super) fn running(&self, x: &mut Expansion<'_, '_>, step: usize) -> Result<Option<String>> {
        Ok(match &self.lengths {
            None => None,
            Some(Lengths::Known(lengths)) => {
                let running = lengths.iter().map(|length| f64::from(step < *length));
                Some(x.constant(vec![self.batch, 1], running.collect()))
            }
            Some(Lengths::Computed(lengths)) => {
                let step = x.number(step as f64);
                Some(x.op("Greater", &[lengths, &step])?)
            }
        })
    }
}

/// For each direction whether it reads the sequence from its end.
pub(super) fn reversed(node: &Node<'_>, directions: usize) -> Result<Vec<bool>> {
    let named = node.text("direction").unwrap_or_else(|| "forward".into());
    let all = match &*named {
        "forward" => vec![false],
        "reverse" => vec![true],
        "bidirectional" => vec![false, true],
        other => {
            return Err(node.invalid(format!(
                "`direction` is `{other}`, expected `forward`, `reverse` or `bidirectional`"
            )));
        }
    };
    if all.len() != directions {
        return Err(node.invalid(format!(
            "has weights for {directions} directions, but is {named}; export the model again"
        )));
    }
    Ok(all)
}

/// Operand 4, unless all sequences are as long as the input. A sequence that is read from its end
/// must have a known length.
pub(super) fn lengths(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    (steps, batch): (usize, usize),
    forward: bool,
) -> Result<Option<Lengths>> {
    let Some(name) = x.input(4) else {
        return Ok(None);
    };
    let misfit = |lengths: &dyn std::fmt::Debug| {
        node.invalid(format!(
            "lengths {lengths:?} do not fit {batch} sequences of {steps} steps"
        ))
    };
    if forward && x.known(&name).is_none() {
        let shape = x.shape(node, &name)?;
        if shape != [batch] {
            return Err(misfit(&shape));
        }
        return Ok(Some(Lengths::Computed(x.reshape(&name, &[batch, 1])?)));
    }
    let lengths = x.constant_input(node, 4)?.unwrap_or_default();
    let fits = |length: &f64| *length >= 0.0 && *length <= steps as f64 && length.fract() == 0.0;
    if lengths.len() != batch || !lengths.iter().all(fits) {
        return Err(misfit(&lengths));
    }
    let lengths: Vec<usize> = lengths.iter().map(|length| *length as usize).collect();
    let shorter = lengths.iter().any(|length| *length < steps);
    Ok(shorter.then_some(Lengths::Known(lengths)))
}
