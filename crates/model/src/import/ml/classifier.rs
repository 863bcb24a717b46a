//! Classifiers: scores, and the label they stand for.
//!
//! The natural output is the tensor of scores: whoever reads it can tell the label. A label is compiled only where it is asked for
//! by name. Where the two-class conventions of ONNX are vague, onnxruntime decides (1.31; its outputs are in `tests/fixtures`).

use super::attributes::{ints, reals, strings};
use super::trees::{Ensemble, ensemble, ensemble_5};
use super::{Outputs, ensemble as forest, linear, post_transform, svm};
use crate::Result;
use crate::float_graph::{Activation, FloatLayer, FloatTerm, Precision};
use crate::import::Importer;
use crate::import::node::Node;
use crate::linear::Affine;

/// The scores of a classifier before its post-transform.
pub(super) struct Scores {
    /// One per class, or the score of the second class alone.
    pub(super) raw: Affine,
    /// With one score for two classes: what the first class gets.
    pub(super) other: Other,
    pub(super) post_transform: String,
    /// What makes the second of two classes the label.
    pub(super) rule: Rule,
    /// What the rule is about, if not the raw scores.
    pub(super) decisive: Option<Affine>,
}

/// The score of the first of two classes, where there is a score `s` for the second one only.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Other {
    /// All scores are there.
    None,
    /// `−s`
    Negative,
    /// `1 − s`
    Complement,
}

/// When the second of two classes is the label.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Rule {
    /// Its score exceeds the first one's.
    Larger,
    /// Its score, the last one, exceeds this.
    Above(f64),
    /// It does not.
    NotAbove(f64),
    /// Only for more than two: it wins most pairs.
    Votes,
}

/// The labels of a classifier.
struct Labels {
    /// Their numbers; with `words`, positions in their list.
    numbers: Vec<i64>,
}

fn labels(node: &Node<'_>, names: [&str; 2]) -> Result<Labels> {
    let (numbers, words) = (ints(node, names[0]), strings(node, names[1]));
    let numbers = if numbers.is_empty() {
        (0..words.len() as i64).collect()
    } else {
        numbers
    };
    if numbers.is_empty() {
        return Err(node.invalid(format!(
            "has neither {} nor {}; export the model again",
            names[0], names[1]
        )));
    }
    Ok(Labels { numbers })
}

/// `TreeEnsembleClassifier`.
pub(super) fn trees(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Outputs> {
    let labels = labels(node, ["classlabels_int64s", "classlabels_strings"])?;
    let classes = labels.numbers.len();
    let mut ensemble = ensemble(node, "class", classes)?;
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
    let raw = forest::scores(importer, node, &name, &value, &ensemble)?;
    let rule = match (binary, positive) {
        (true, true) => Rule::Above(0.5),
        (true, false) => Rule::Above(0.0),
        _ => Rule::Larger,
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

/// `TreeEnsembleRegressor` and `TreeEnsemble`: scores without labels.
pub(super) fn tree_scores(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let ensemble = if node.op() == "TreeEnsemble" {
        ensemble_5(node)?
    } else {
        let targets = usize::try_from(node.int("n_targets", 1)).unwrap_or(0);
        if targets == 0 || targets > 1 << 16 {
            return Err(node
                .invalid("attribute `n_targets` is no number of targets; export the model again"));
        }
        ensemble(node, "target", targets)?
    };
    if !ensemble.base.is_empty() && ensemble.base.len() != ensemble.scores {
        return Err(node.invalid(format!(
            "has {} base_values, expected {} targets; export the model again",
            ensemble.base.len(),
            ensemble.scores
        )));
    }
    let name = output_name(node, 0);
    let value = row(node)?;
    let raw = forest::scores(importer, node, &name, &value, &ensemble)?;
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

/// `LinearClassifier`.
pub(super) fn linear(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Outputs> {
    let labels = labels(node, ["classlabels_ints", "classlabels_strings"])?;
    let (raw, post_transform) = linear::classifier(node, &row(node)?)?;
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
            Rule::Above(0.0)
        } else {
            Rule::Larger
        },
        decisive: None,
    };
    finish(importer, node, &labels, scores)
}

/// `SVMClassifier`.
pub(super) fn svm(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Outputs> {
    let labels = labels(node, ["classlabels_ints", "classlabels_strings"])?;
    let scores = svm::classifier(importer, node, &row(node)?, labels.numbers.len())?;
    finish(importer, node, &labels, scores)
}

/// Applies the post-transform and, where it is asked for, tells the label.
fn finish(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    labels: &Labels,
    scores: Scores,
) -> Result<Outputs> {
    let mut outputs = Outputs::new();
    let name = output_name(node, 1);
    if importer.is_wanted(&output_name(node, 0)) {
        outputs.push((0, label(importer, node, labels, &scores)?));
    }
    // Of a single score for two classes the logistic function makes two probabilities that add up to one.
    let logistic = scores.post_transform == "LOGISTIC";
    let offset = match scores.other {
        Other::Complement if !logistic => 1.0,
        _ => 0.0,
    };
    let raw = if scores.other == Other::None {
        scores.raw
    } else {
        let mut both = scores.raw.gather(vec![1, 2], &[0, 0]);
        both.scale(|i| if i == 0 { -1.0 } else { 1.0 });
        both.bias[0] += offset;
        both
    };
    importer.keep_raw(&name, &raw);
    if !importer.is_wanted(&name) {
        return Ok(outputs);
    }
    let transform = match (&*scores.post_transform, scores.other) {
        ("PROBIT", _) => "PROBIT",
        (_, Other::None) if raw.len() == 1 => "NONE",
        (transform, Other::None) | (transform @ "LOGISTIC", _) => transform,
        // A single score is not soft-maxed.
        (_, Other::Negative | Other::Complement) => "NONE",
    };
    let transform = transform.to_owned();
    let value = post_transform::apply(importer, node, &name, raw, &transform)?;
    outputs.push((1, value));
    Ok(outputs)
}

/// The label's number, an exact integer.
fn label(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    labels: &Labels,
    scores: &Scores,
) -> Result<Affine> {
    let decisive = scores.decisive.as_ref().unwrap_or(&scores.raw);
    let margin = match (&labels.numbers[..], scores.rule) {
        (&[_, _], Rule::Above(limit) | Rule::NotAbove(limit)) => {
            let last = decisive.len() - 1;
            let mut margin = decisive.gather(vec![1], &[last]);
            margin.bias[0] -= limit;
            margin
        }
        (&[_, _], Rule::Larger) if decisive.len() == 2 => {
            decisive.combine(vec![1], |_| [(1, 1.0), (0, -1.0)].into_iter())
        }
        _ => return arg_max(node),
    };
    let name = output_name(node, 0);
    let mut labels = [labels.numbers[0] as f64, labels.numbers[1] as f64];
    if matches!(scores.rule, Rule::NotAbove(_)) {
        labels.swap(0, 1);
    }
    let [below, above] = labels;
    if margin.is_constant() {
        let label = if margin.bias[0] > 0.0 { above } else { below };
        return Ok(Affine::constant(vec![1], vec![label]));
    }
    let below_or_at = importer.not_positive(node, &name, margin)?;
    let Some(step) = below_or_at.as_tensor() else {
        return Ok(below_or_at);
    };
    let label = FloatLayer {
        nodes: vec![node.name.clone()],
        terms: vec![FloatTerm::rows(step, vec![vec![(0, below - above)]])],
        bias: vec![above],
        activation: Activation::Identity,
        precision: Precision::Exact { within: None },
    };
    let label = importer.push(name, &[1], Some(label));
    Ok(Affine::tensor(label, vec![1], 1))
}

impl Importer<'_> {
    /// 1 where the only cell of `value`, rounded to a step of its own, is not positive, 0 where it is.
    pub(super) fn not_positive(
        &mut self,
        node: &Node<'_>,
        name: &str,
        mut value: Affine,
    ) -> Result<Affine> {
        value.nodes.push(node.name.clone());
        let shape = value.shape.clone();
        let value =
            self.builder
                .activate_rows(format!("{name}/margin"), value, Activation::Identity);
        let source = value.terms.keys().next().copied().unwrap_or_default();
        let step = FloatLayer {
            nodes: vec![node.name.clone()],
            terms: vec![FloatTerm::rows(source, vec![vec![(0, -1.0)]])],
            bias: vec![0.0],
            activation: Activation::Step,
            precision: Precision::Exact { within: None },
        };
        let step = self.push(format!("{name}/not-positive"), &shape, Some(step));
        Ok(Affine::tensor(step, shape, 1))
    }
}

/// The label of more than two classes.
fn arg_max(node: &Node<'_>) -> Result<Affine> {
    Err(node.unsupported(
        "the label of more than two classes is not; compile the scores and take the position of the largest one outside",
    ))
}

/// The name of output `index`, or one made of the node's.
pub(super) fn output_name(node: &Node<'_>, index: usize) -> String {
    match node.proto.output.get(index) {
        Some(name) if !name.is_empty() => name.clone(),
        _ => format!("{}/{index}", node.name),
    }
}

/// Operand 0 as one row of features.
pub(super) fn row(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    match value.shape[..] {
        [_] | [1, _] => Ok(value.clone()),
        _ => Err(node.invalid(format!(
            "expected one row of features, found shape {:?}; export with a batch size of 1 or a dynamic batch",
            value.shape
        ))),
    }
}
