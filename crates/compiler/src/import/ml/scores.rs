//! Scores of classifiers, and the label they stand for.
//!
//! The natural output is the tensor of scores: whoever reads it can tell the label. A label is
//! compiled only where it is asked for by name. Where the two-class conventions of ONNX are vague,
//! onnxruntime decides (1.31; its outputs are in `tests/fixtures`).

use crate::Result;
use crate::float::activation::Activation;
use crate::import::builder::rows::EXACT;
use crate::import::ml::attributes::{ints, output_name, strings};
use crate::import::ml::{Outputs, post_transform};
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;
use crate::import::values::cells::columns;

/// The scores of a classifier before its post-transform.
pub(crate) struct Scores {
    /// One per class, or the score of the second class alone.
    pub(crate) raw: Affine,
    /// With one score for two classes: what the first class gets.
    pub(crate) other: Other,
    pub(crate) post_transform: String,
    /// What makes the second of two classes the label.
    pub(crate) rule: LabelRule,
    /// What the rule is about, if not the raw scores.
    pub(crate) decisive: Option<Affine>,
}

/// The score of the first of two classes, where there is a score `s` for the second one only.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Other {
    /// All scores are there.
    None,
    /// `−s`
    Negative,
    /// `1 − s`
    Complement,
}

/// When the second of two classes is the label.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum LabelRule {
    /// Its score exceeds the first one's.
    Larger,
    /// Its score, the last one, exceeds this.
    Above(f64),
    /// Its score, the last one, does not exceed this.
    NotAbove(f64),
    /// Only for more than two: it wins most pairs.
    Votes,
}

/// The labels of a classifier.
pub(crate) struct Labels {
    /// Their numbers; with `words`, positions in their list.
    pub(crate) numbers: Vec<i64>,
}

/// The labels in the attributes called `names`, for numbers and for words.
pub(crate) fn labels(node: &Node<'_>, names: [&str; 2]) -> Result<Labels> {
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

/// Applies the post-transform and, where it is asked for, tells the label.
pub(crate) fn finish(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    labels: &Labels,
    scores: Scores,
) -> Result<Outputs> {
    post_transform::check(node, &scores.post_transform)?;
    let mut outputs = Outputs::new();
    let name = output_name(node, 1);
    if importer.is_wanted(&output_name(node, 0)) {
        outputs.push((0, label(importer, node, labels, &scores)?));
    }
    // Of a single score for two classes the logistic function makes two probabilities that add up
    // to one.
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

/// The label's number, an exact integer. Scores are rounded to a step before they are compared, so
/// closer ones count as equal; of equal ones the first wins.
fn label(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    labels: &Labels,
    scores: &Scores,
) -> Result<Affine> {
    let decisive = scores.decisive.as_ref().unwrap_or(&scores.raw);
    let name = output_name(node, 0);
    if decisive.is_constant() {
        return Err(node.invalid("its scores do not depend on the input; check the export"));
    }
    let (margin, mut numbers) = match (&labels.numbers[..], scores.rule) {
        (&[first, second], LabelRule::Above(limit) | LabelRule::NotAbove(limit)) => {
            let last = decisive.len() - 1;
            let mut margin = decisive.gather(vec![1], &[last]);
            margin.bias[0] -= limit;
            (margin, [first, second])
        }
        (&[first, second], LabelRule::Larger) if decisive.len() == 2 => {
            let margin = decisive.combine(vec![1], |_| [(1, 1.0), (0, -1.0)].into_iter());
            (margin, [first, second])
        }
        (numbers, LabelRule::Votes) => {
            let votes = votes(importer, &name, decisive, numbers.len())?;
            return best(importer, node, &name, &votes, numbers);
        }
        (numbers, _) => {
            let mut rounded = decisive.clone();
            rounded.nodes.push(node.name.clone());
            let rounded = importer.builder.integers(format!("{name}/scores"), rounded);
            return best(importer, node, &name, &rounded, numbers);
        }
    };
    if matches!(scores.rule, LabelRule::NotAbove(_)) {
        numbers.swap(0, 1);
    }
    let step = importer.not_positive(node, &name, margin)?;
    Ok(exact_label(
        importer,
        node,
        &name,
        step,
        &[numbers[1], numbers[0]],
    ))
}

/// `numbers[0] + Σ_i (numbers[i + 1] − numbers[i]) · step[i]` as a tensor of its own.
fn exact_label(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    name: &str,
    steps: Affine,
    numbers: &[i64],
) -> Affine {
    let mut label = steps.combine(vec![1], |_| {
        numbers
            .windows(2)
            .enumerate()
            .map(|(i, pair)| (i, (pair[1] - pair[0]) as f64))
    });
    label.bias[0] += numbers[0] as f64;
    label.nodes.push(node.name.clone());
    let builder = &mut importer.builder;
    builder.layer_rows(name.to_owned(), label, Activation::Identity, EXACT)
}

/// The number of the class with the largest of `scores`, which are integers of one scale.
fn best(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    name: &str,
    scores: &Affine,
    numbers: &[i64],
) -> Result<Affine> {
    if scores.len() != numbers.len() {
        return Err(node.invalid(format!(
            "has {} scores for {} classes; export the model again",
            scores.len(),
            numbers.len()
        )));
    }
    let all: Vec<Vec<usize>> = vec![(0..scores.len()).collect()];
    let builder = &mut importer.builder;
    let position = builder.position(name, &columns(scores, &all), false);
    // [position ≥ i] for each class but the first.
    let mut beyond = position.gather(vec![1, numbers.len() - 1], &vec![0; numbers.len() - 1]);
    for (i, bias) in beyond.bias.iter_mut().enumerate() {
        *bias -= (i + 1) as f64;
    }
    let steps = builder.layer_rows(format!("{name}/beyond"), beyond, Activation::Step, EXACT);
    Ok(exact_label(importer, node, name, steps, numbers))
}

/// How many of its pairs each class wins; a pair's positive score is the first class's.
fn votes(
    importer: &mut Importer<'_>,
    name: &str,
    pairs: &Affine,
    classes: usize,
) -> Result<Affine> {
    let builder = &mut importer.builder;
    let mut lost = builder.integers(format!("{name}/pairs"), pairs.clone());
    lost.scale(|_| -1.0);
    let lost = builder.layer_rows(format!("{name}/lost"), lost, Activation::Step, EXACT);
    let pairs: Vec<(usize, usize)> = (0..classes)
        .flat_map(|i| (i + 1..classes).map(move |j| (i, j)))
        .collect();
    let mut votes = lost.combine(vec![1, classes], |class| {
        pairs.iter().enumerate().filter_map(move |(pair, (i, j))| {
            let sign = if *i == class { -1.0 } else { 1.0 };
            (*i == class || *j == class).then_some((pair, sign))
        })
    });
    for (i, _) in pairs {
        votes.bias[i] += 1.0;
    }
    Ok(builder.layer_rows(format!("{name}/votes"), votes, Activation::Identity, EXACT))
}

impl Importer<'_> {
    /// 1 where the only cell of `value`, rounded to a step of its own, is not positive, 0 where it
    /// is.
    pub(crate) fn not_positive(
        &mut self,
        node: &Node<'_>,
        name: &str,
        mut value: Affine,
    ) -> Result<Affine> {
        if value.is_constant() {
            return Err(node.invalid("its scores do not depend on the input; check the export"));
        }
        value.nodes.push(node.name.clone());
        let mut negative = self.builder.integers(format!("{name}/margin"), value);
        negative.scale(|_| -1.0);
        let name = format!("{name}/not-positive");
        Ok(self
            .builder
            .layer_rows(name, negative, Activation::Step, EXACT))
    }
}
