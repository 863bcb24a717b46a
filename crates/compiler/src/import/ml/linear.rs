//! `LinearClassifier` and `LinearRegressor`.

use crate::Result;
use crate::import::ml::attributes::{finite, length, output_name, reals, row, string};
use crate::import::ml::scores::{LabelRule, Other, Scores, finish, labels};
use crate::import::ml::{Outputs, post_transform};
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;

/// `LinearClassifier`.
pub(crate) fn classifier(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Outputs> {
    let labels = labels(node, ["classlabels_ints", "classlabels_strings"])?;
    let (raw, post_transform) = scores(node, &row(node)?)?;
    let single = raw.len() == 1 && labels.numbers.len() == 2;
    let scores = Scores {
        raw,
        other: if single {
            Other::Complement
        } else {
            Other::None
        },
        post_transform,
        rule: if single {
            LabelRule::Above(0.0)
        } else {
            LabelRule::Larger
        },
        decisive: None,
    };
    finish(importer, node, &labels, scores)
}

/// The scores of a linear classifier before its post-transform, and that.
fn scores(node: &Node<'_>, value: &Affine) -> Result<(Affine, String)> {
    let scores = reals(node, "intercepts")?.values.len();
    let scores = if scores == 0 {
        reals(node, "coefficients")?.values.len() / value.len().max(1)
    } else {
        scores
    };
    Ok((
        product(node, value, scores)?,
        string(node, "post_transform", "NONE"),
    ))
}

/// `LinearRegressor`.
pub(crate) fn regressor(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let targets = usize::try_from(node.int("targets", 1)).unwrap_or(0);
    let raw = product(node, &row(node)?, targets)?;
    let name = output_name(node, 0);
    importer.keep_raw(&name, &raw);
    if !importer.is_wanted(&name) {
        return Ok(raw);
    }
    let transform = string(node, "post_transform", "NONE");
    post_transform::apply(importer, node, &name, raw, &transform)
}

/// `intercepts + coefficients · value`.
fn product(node: &Node<'_>, value: &Affine, scores: usize) -> Result<Affine> {
    let coefficients = reals(node, "coefficients")?.values;
    let expected = scores.checked_mul(value.len()).filter(|n| *n > 0);
    length(
        node,
        "coefficients",
        coefficients.len(),
        expected.unwrap_or(value.len()),
    )?;
    let intercepts = reals(node, "intercepts")?.values;
    if !intercepts.is_empty() {
        length(node, "intercepts", intercepts.len(), scores)?;
    }
    finite(node, "coefficients", &coefficients)?;
    finite(node, "intercepts", &intercepts)?;
    let mut product = value.combine(vec![1, scores], |i| {
        let row = &coefficients[i * value.len()..][..value.len()];
        row.iter().copied().enumerate()
    });
    for (bias, intercept) in product.bias.iter_mut().zip(intercepts) {
        *bias += intercept;
    }
    Ok(product)
}
