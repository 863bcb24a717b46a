//! The functions of gates.

use super::network::{Kind, Network};
use crate::Result;
use crate::import::expand::Expansion;
use crate::import::node::Node;

/// A function of a gate.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) name: String,
    pub(super) alpha: f64,
    pub(super) beta: f64,
}

/// The functions of all gates, by direction.
pub(super) fn gates(node: &Node<'_>, kind: Kind, number: usize) -> Result<Vec<Gate>> {
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

/// A gate's function of `name`, which is cut off first where the node says so.
pub(super) fn gate(
    x: &mut Expansion<'_, '_>,
    network: &Network,
    gate: &Gate,
    name: &str,
) -> Result<String> {
    let mut value = name.to_owned();
    if let Some(clip) = network.clip {
        let (low, high) = (x.number(-clip), x.number(clip));
        value = x.op("Clip", &[&value, &low, &high])?;
    }
    activation(x, gate, &value)
}

pub(super) fn activation(x: &mut Expansion<'_, '_>, gate: &Gate, value: &str) -> Result<String> {
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
