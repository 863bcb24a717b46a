//! The operators for ensembles of trees.

use crate::Result;
use crate::import::ml::attributes::{ints, output_name, reals, row};
use crate::import::ml::scores::{LabelRule, Other, Scores, finish, labels};
use crate::import::ml::trees::Ensemble;
use crate::import::ml::{Outputs, ensemble, post_transform, trees, trees_5};
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;

/// `TreeEnsembleClassifier`.
pub(crate) fn classifier(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Outputs> {
    let labels = labels(node, ["classlabels_int64s", "classlabels_strings"])?;
    let classes = labels.numbers.len();
    let mut ensemble = trees::ensemble(node, "class", classes)?;
    let votes = ints(node, "class_ids");
    let voted = |class: i64| votes.contains(&class);
    let positive = reals(node, "class_weights")?
        .values
        .iter()
        .all(|w| *w >= 0.0);
    let one_voted = votes.iter().all(|class| Some(class) == votes.first());
    let single = classes == 1 || classes == 2 && !voted(1);
    let binary = classes == 2 && one_voted;
    match (classes, ensemble.base.len()) {
        (_, 0) => {}
        (n, count) if n == count && (n > 2 || single) => {}
        // One base score for two classes belongs to the first one, if that gets votes.
        (1 | 2, 1) if voted(0) => ensemble.base.resize(classes, 0.0),
        (1 | 2, 1) => ensemble.base.clear(),
        (_, count) => {
            return Err(node.unsupported(format!(
                "{count} base_values for {classes} classes are not, as runtimes disagree on what they mean; add them to the leaves of one tree"
            )));
        }
    }
    let both_based =
        classes == 2 && ensemble.base.len() == 2 && reals(node, "base_values")?.values.len() == 2;
    let mut other = Other::None;
    if single && !both_based {
        ensemble.keep_first();
        other = match (classes, positive) {
            (1, _) => Other::None,
            (_, true) => Other::Complement,
            (_, false) => Other::Negative,
        };
    }
    let name = output_name(node, 1);
    let value = row(node)?;
    let raw = ensemble::scores(importer, node, &name, &value, &ensemble)?;
    let rule = match (binary, positive) {
        (true, true) => LabelRule::Above(0.5),
        (true, false) => LabelRule::Above(0.0),
        _ => LabelRule::Larger,
    };
    let scores = Scores {
        raw,
        other,
        post_transform: ensemble.post_transform,
        rule,
        decisive: None,
    };
    finish(importer, node, &labels, scores)
}

impl Ensemble {
    /// Drops all scores but the first.
    fn keep_first(&mut self) {
        self.scores = 1;
        self.base.truncate(1);
    }
}

/// `TreeEnsembleRegressor`: scores without labels.
pub(crate) fn regressor(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let targets = usize::try_from(node.int("n_targets", 1)).unwrap_or(0);
    if targets == 0 || targets > 1 << 16 {
        return Err(
            node.invalid("attribute `n_targets` is no number of targets; export the model again")
        );
    }
    let trees = trees::ensemble(node, "target", targets)?;
    tree_scores(importer, node, trees)
}

/// `TreeEnsemble` of `ai.onnx.ml` 5.
pub(crate) fn ensemble_5(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let trees = trees_5::ensemble_5(node)?;
    tree_scores(importer, node, trees)
}

/// The scores of a regressor after its post-transform.
fn tree_scores(importer: &mut Importer<'_>, node: &Node<'_>, ensemble: Ensemble) -> Result<Affine> {
    if !ensemble.base.is_empty() && ensemble.base.len() != ensemble.scores {
        return Err(node.invalid(format!(
            "has {} base_values, expected {} targets; export the model again",
            ensemble.base.len(),
            ensemble.scores
        )));
    }
    post_transform::check(node, &ensemble.post_transform)?;
    let name = output_name(node, 0);
    let value = row(node)?;
    let raw = ensemble::scores(importer, node, &name, &value, &ensemble)?;
    importer.keep_raw(&name, &raw);
    if !importer.is_wanted(&name) {
        return Ok(raw);
    }
    // Regressors apply nothing but PROBIT to a single target.
    let transform = match &*ensemble.post_transform {
        "PROBIT" => "PROBIT",
        _ if ensemble.scores == 1 => "NONE",
        transform => transform,
    };
    post_transform::apply(importer, node, &name, raw, transform)
}
