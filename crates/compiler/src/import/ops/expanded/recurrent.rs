//! `RNN`, `GRU` and `LSTM` of fixed length, unrolled: a step's gates are the sums and functions that
//! ONNX defines, the state after each step is a tensor, and so is each product that is added to
//! something else. A state is off by what [`Builder::bilinear`](crate::import::builder::Builder)
//! says of its products, and half a step.

use crate::Result;
use crate::import::expand::{Expanded, Expansion};
use crate::import::node::Node;

/// More steps than any network that can be proved has.
const MAX_STEPS: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rnn,
    Gru,
    Lstm,
}

impl Kind {
    fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    fn defaults(self) -> &'static [&'static str] {
        match self {
            Self::Rnn => &["Tanh"],
            Self::Gru => &["Sigmoid", "Tanh"],
            Self::Lstm => &["Sigmoid", "Tanh", "Tanh"],
        }
    }
}

/// A function of a gate.
#[derive(Clone, Debug)]
struct Gate {
    name: String,
    alpha: f64,
    beta: f64,
}

/// What the node says of all its steps.
struct Network {
    kind: Kind,
    hidden: usize,
    steps: usize,
    batch: usize,
    clip: Option<f64>,
    /// How many steps each sequence has, if that is not all of them.
    lengths: Option<Vec<usize>>,
}

/// One direction's weights and functions.
struct Direction {
    reverse: bool,
    gates: Vec<Gate>,
    /// What the input adds to the gates of every step: `[steps · batch, gates · hidden]`.
    inputs: String,
    /// `[hidden, gates · hidden]`
    recurrent: String,
    /// The recurrent bias of a GRU's last gate, where that is reset with it.
    reset_bias: Option<String>,
    /// An LSTM's weights of the cells in its input, output and forget gates.
    peepholes: Option<[String; 3]>,
    input_forget: bool,
    linear_before_reset: bool,
}

/// Names of a direction's results.
struct Results {
    /// `[steps, 1, batch, hidden]`
    all: String,
    last: String,
    cell: Option<String>,
}

pub(crate) fn rnn(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    recurrent(x, node, Kind::Rnn)
}

pub(crate) fn gru(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    recurrent(x, node, Kind::Gru)
}

pub(crate) fn lstm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    recurrent(x, node, Kind::Lstm)
}

fn required(x: &Expansion<'_, '_>, node: &Node<'_>, index: usize) -> Result<String> {
    x.input(index).ok_or_else(|| {
        node.invalid(format!(
            "operand {index} is missing; the file is damaged, export the model again"
        ))
    })
}

fn recurrent(x: &mut Expansion<'_, '_>, node: &Node<'_>, kind: Kind) -> Result<Expanded> {
    let batch_first = node.int("layout", 0) != 0;
    let mut input = required(x, node, 0)?;
    if batch_first {
        input = x.transpose(&input, &[1, 0, 2])?;
    }
    let shape = x.shape(node, &input)?;
    let weights = required(x, node, 1)?;
    let recurrent = required(x, node, 2)?;
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
    let network = Network {
        kind,
        hidden,
        steps,
        batch,
        clip: node.raw("clip").map(|clip| f64::from(clip.f)),
        lengths: lengths(x, node, steps, batch)?,
    };
    let mut results = Vec::with_capacity(*directions);
    for (number, reverse) in reversed(node, *directions)?.into_iter().enumerate() {
        let direction = direction(x, node, &network, &input, number, reverse)?;
        let initial = [
            initial(x, node, &network, 5, number, batch_first)?,
            initial(x, node, &network, 6, number, batch_first)?,
        ];
        results.push(unrolled(x, &network, &direction, initial)?);
    }
    outputs(x, &network, results, batch_first)
}

/// For each direction whether it reads the sequence from its end.
fn reversed(node: &Node<'_>, directions: usize) -> Result<Vec<bool>> {
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

/// Operand 4, unless all sequences are as long as the input.
fn lengths(
    x: &Expansion<'_, '_>,
    node: &Node<'_>,
    steps: usize,
    batch: usize,
) -> Result<Option<Vec<usize>>> {
    let Some(lengths) = x.constant_input(node, 4)? else {
        return Ok(None);
    };
    let fits = |length: &f64| *length >= 0.0 && *length <= steps as f64 && length.fract() == 0.0;
    if lengths.len() != batch || !lengths.iter().all(fits) {
        return Err(node.invalid(format!(
            "lengths {lengths:?} do not fit {batch} sequences of {steps} steps"
        )));
    }
    let lengths: Vec<usize> = lengths.iter().map(|length| *length as usize).collect();
    Ok(lengths
        .iter()
        .any(|length| *length < steps)
        .then_some(lengths))
}

/// The functions of all gates, by direction.
fn gates(node: &Node<'_>, kind: Kind, number: usize) -> Result<Vec<Gate>> {
    let of_one = kind.defaults().len();
    let strings = |attribute: &tract_onnx::pb::AttributeProto| -> Vec<String> {
        let all = attribute.strings.iter();
        all.map(|s| String::from_utf8_lossy(s).into_owned())
            .collect()
    };
    let mut names: Vec<String> = node.raw("activations").map(strings).unwrap_or_default();
    if names.is_empty() {
        names = kind.defaults().iter().map(|name| (*name).into()).collect();
    }
    if names.len() < (number + 1) * of_one {
        // One list may serve both directions.
        names.extend(names.clone());
    }
    let mut alphas = node
        .floats("activation_alpha")
        .unwrap_or_default()
        .into_iter();
    let mut betas = node
        .floats("activation_beta")
        .unwrap_or_default()
        .into_iter();
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        // Only functions with parameters take one of the lists' numbers.
        let (alpha, beta) = match name.to_lowercase().as_str() {
            "relu" | "tanh" | "sigmoid" | "softsign" | "softplus" => (None, None),
            "leakyrelu" => (Some(0.01), None),
            "thresholdedrelu" | "elu" => (Some(1.0), None),
            "hardsigmoid" => (Some(0.2), Some(0.5)),
            "affine" => (Some(1.0), Some(0.0)),
            "scaledtanh" => (Some(1.0), Some(1.0)),
            _ => {
                return Err(node.unsupported(format!(
                    "activation `{name}` is not; export with Tanh, Sigmoid or Relu"
                )));
            }
        };
        let take = |default: Option<f64>, from: &mut dyn Iterator<Item = f64>| {
            default.map_or(0.0, |default| from.next().unwrap_or(default))
        };
        all.push(Gate {
            alpha: take(alpha, &mut alphas),
            beta: take(beta, &mut betas),
            name,
        });
    }
    let own = all.get(number * of_one..(number + 1) * of_one);
    own.map(<[Gate]>::to_vec).ok_or_else(|| {
        node.invalid(format!(
            "names {} activations, expected {of_one} for each direction",
            all.len()
        ))
    })
}

fn direction(
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
        let whole = required(x, node, index)?;
        let shape = x.shape(node, &whole)?;
        let one = x.slice(&whole, 0, number, number + 1)?;
        x.reshape(&one, shape.get(1..).unwrap_or_default())
    };
    let weights = part(x, 1)?;
    let weights = x.transpose(&weights, &[1, 0])?;
    let recurrent = part(x, 2)?;
    let recurrent = x.transpose(&recurrent, &[1, 0])?;
    let features = x.shape(node, &weights)?[0];
    let ordered = match (reverse, &network.lengths) {
        (true, _) => reverse_steps(x, network, input)?,
        _ => input.to_owned(),
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
fn reverse_steps(x: &mut Expansion<'_, '_>, network: &Network, name: &str) -> Result<String> {
    let all = vec![network.steps; network.batch];
    let lengths = network.lengths.as_ref().unwrap_or(&all);
    let lengths: Vec<i64> = lengths.iter().map(|length| *length as i64).collect();
    let lengths = x.list(&lengths);
    let attributes = vec![
        crate::import::expand::int("time_axis", 0),
        crate::import::expand::int("batch_axis", 1),
    ];
    x.with("ReverseSequence", &[name, &lengths], attributes)
}

/// The state before the first step: operand `index`, or zeros.
fn initial(
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

/// A gate's function of `name`, which is cut off first where the node says so.
fn gate(x: &mut Expansion<'_, '_>, network: &Network, gate: &Gate, name: &str) -> Result<String> {
    let mut value = name.to_owned();
    if let Some(clip) = network.clip {
        let (low, high) = (x.number(-clip), x.number(clip));
        value = x.op("Clip", &[&value, &low, &high])?;
    }
    activation(x, gate, &value)
}

fn activation(x: &mut Expansion<'_, '_>, gate: &Gate, value: &str) -> Result<String> {
    let float = |name: &str, f: f64| tract_onnx::pb::AttributeProto {
        name: name.into(),
        r#type: 1,
        f: f as f32,
        ..Default::default()
    };
    let (alpha, beta) = (gate.alpha, gate.beta);
    match gate.name.to_lowercase().as_str() {
        "relu" => x.op("Relu", &[value]),
        "sigmoid" => x.op("Sigmoid", &[value]),
        "softsign" => x.op("Softsign", &[value]),
        "softplus" => x.op("Softplus", &[value]),
        "leakyrelu" => x.with("LeakyRelu", &[value], vec![float("alpha", alpha)]),
        "thresholdedrelu" => x.with("ThresholdedRelu", &[value], vec![float("alpha", alpha)]),
        "elu" => x.with("Elu", &[value], vec![float("alpha", alpha)]),
        "hardsigmoid" => x.with(
            "HardSigmoid",
            &[value],
            vec![float("alpha", alpha), float("beta", beta)],
        ),
        "affine" => {
            let (alpha, beta) = (x.number(alpha), x.number(beta));
            let scaled = x.op("Mul", &[value, &alpha])?;
            x.op("Add", &[&scaled, &beta])
        }
        "scaledtanh" => {
            let (alpha, beta) = (x.number(alpha), x.number(beta));
            let scaled = x.op("Mul", &[value, &beta])?;
            let tanh = x.op("Tanh", &[&scaled])?;
            x.op("Mul", &[&tanh, &alpha])
        }
        _ => x.op("Tanh", &[value]),
    }
}

/// All steps of one direction.
fn unrolled(
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
            Kind::Rnn => (rnn_step(x, network, direction, &input, &state)?, None),
            Kind::Gru => (gru_step(x, network, direction, &input, &state)?, None),
            Kind::Lstm => {
                let (state, cell) = lstm_step(x, network, direction, &input, &state, &cell)?;
                (state, Some(cell))
            }
        };
        let mut shown = next.clone();
        match &network.lengths {
            None => {
                state = next;
                cell = next_cell.unwrap_or(cell);
            }
            Some(lengths) => {
                // A sequence that is over keeps its state and shows zeros.
                let running = lengths.iter().map(|length| f64::from(step < *length));
                let running = x.constant(vec![batch, 1], running.collect());
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

fn rnn_step(
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

fn gru_step(
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

fn lstm_step(
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
