//! The constants that tables show.

use serde::{Deserialize, Serialize};

use crate::float::activation::Activation;
use crate::float::expression::Step;
use crate::float::graph::FloatGraph;

/// A function of one variable with constants in it, which its table shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublicConstants {
    /// The tensor it makes.
    pub tensor: String,
    /// The ONNX nodes folded into that.
    pub nodes: Vec<String>,
    /// The function's name.
    pub function: String,
    /// In no particular order.
    pub constants: Vec<f64>,
}

/// Every function of `graph` that has constants: attributes and numbers that activations are
/// written with, if it was imported for private weights.
pub fn public_constants(graph: &FloatGraph) -> Vec<PublicConstants> {
    let tensors = graph.tensors.iter();
    let found = tensors.filter_map(|tensor| {
        let layer = tensor.layer.as_ref()?;
        let mut constants: Vec<f64> = match &layer.activation {
            Activation::LeakyRelu { alpha } => vec![*alpha],
            Activation::Clip { min, max } => vec![*min, *max],
            Activation::Lookup(entries) => entries.to_vec(),
            Activation::Expression(expression) => {
                let steps = expression.steps().iter();
                let number = |step: &Step| match step {
                    Step::Constant(number) => Some(*number),
                    _ => None,
                };
                steps.filter_map(number).collect()
            }
            _ => Vec::new(),
        };
        constants.retain(|constant| constant.is_finite());
        (!constants.is_empty()).then(|| PublicConstants {
            tensor: tensor.name.clone(),
            nodes: layer.nodes.clone(),
            function: layer.activation.name().into_owned(),
            constants,
        })
    });
    found.collect()
}
