//! What a classifier does with its raw scores.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::node::Node;
use crate::import::state::{Importer, raw_name};
use crate::import::values::affine::Affine;

/// Refuses what is no post-transform, even where it would not be applied.
pub(crate) fn check(node: &Node<'_>, transform: &str) -> Result<()> {
    match transform {
        "NONE" | "LOGISTIC" | "SOFTMAX" | "SOFTMAX_ZERO" | "PROBIT" => Ok(()),
        other => Err(node.invalid(format!(
            "post_transform `{other}` is none of NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO and PROBIT; export the model again"
        ))),
    }
}

/// `transform` applied to `scores`, the value called `name`.
pub(crate) fn apply(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    name: &str,
    scores: Affine,
    transform: &str,
) -> Result<Affine> {
    check(node, transform)?;
    match transform {
        "LOGISTIC" => Ok(logistic(importer, node, name, scores)),
        "SOFTMAX" => Ok(soft_max(importer, node, name, scores)),
        "SOFTMAX_ZERO" | "PROBIT" => Err(unsupported(node, name, transform)),
        _ => Ok(scores),
    }
}

/// `1 / (1 + e^−score)`.
pub(crate) fn logistic(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    name: &str,
    mut scores: Affine,
) -> Affine {
    if scores.is_constant() {
        for score in &mut scores.bias {
            *score = Activation::Sigmoid.apply(*score);
        }
        return scores;
    }
    scores.nodes.push(node.name.clone());
    importer
        .builder
        .activate_rows(name.to_owned(), scores, Activation::Sigmoid)
}

/// The soft-max over the classes.
fn soft_max(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    name: &str,
    mut scores: Affine,
) -> Affine {
    importer.ml.distributions.insert(name.to_owned());
    scores.nodes.push(node.name.clone());
    importer.builder.soft_max(name, &scores)
}

fn unsupported(node: &Node<'_>, name: &str, transform: &str) -> crate::CompileError {
    node.unsupported(format!(
        "its post_transform {transform} is not; it keeps the order of the scores, so compile the raw ones: name `{}` as the output",
        raw_name(name)
    ))
}
