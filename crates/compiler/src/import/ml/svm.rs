//! `SVMClassifier` and `SVMRegressor`.
//!
//! A linear kernel leaves nothing but one linear map. For others the kernel's value at every
//! support vector is a cell: a table of a linear map of the features, and for the radial one of
//! their squares too, since `|x − v|² = Σ x² − 2 Σ v·x + |v|²`. There the features become integers
//! first, and both sums are of the same integers `x̂`: the table's argument is `−γ·|x̂ − v|²` but
//! for the rounding of weights, so with features off by `δ` at most it is off by
//! `γ·(2·|x − v|₁·δ + n·δ²)` at most for `n` features.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::float::graph::{FloatLayer, FloatTerm, Precision};
use crate::import::ml::Outputs;
use crate::import::ml::attributes::{finite, ints, length, output_name, reals, row, string};
use crate::import::ml::post_transform::logistic;
use crate::import::ml::scores::{LabelRule, Other, Scores, finish, labels};
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;

/// What is common to both operators.
struct Machine {
    kernel: String,
    gamma: f64,
    coef0: f64,
    degree: f64,
    coefficients: Vec<f64>,
    rho: Vec<f64>,
    /// Row by row; none in a linear model.
    vectors: Vec<f64>,
}

impl Machine {
    fn new(node: &Node<'_>) -> Result<Self> {
        let parameters = reals(node, "kernel_params")?.values;
        if !parameters.is_empty() {
            length(node, "kernel_params", parameters.len(), 3)?;
        }
        let lists = ["coefficients", "rho", "support_vectors"];
        let [coefficients, rho, vectors] = lists.map(|name| {
            let values = reals(node, name)?.values;
            finite(node, name, &values)?;
            Ok::<_, crate::CompileError>(values)
        });
        finite(node, "kernel_params", &parameters)?;
        let parameter = |i: usize| parameters.get(i).copied().unwrap_or(0.0);
        Ok(Self {
            kernel: string(node, "kernel_type", "LINEAR"),
            gamma: parameter(0),
            coef0: parameter(1),
            degree: parameter(2),
            coefficients: coefficients?,
            rho: rho?,
            vectors: vectors?,
        })
    }

    /// The kernel's value at each of `count` support vectors.
    fn kernels(
        &self,
        importer: &mut Importer<'_>,
        node: &Node<'_>,
        name: &str,
        value: &Affine,
        count: usize,
    ) -> Result<Affine> {
        let features = value.len();
        let expected = count.saturating_mul(features);
        length(node, "support_vectors", self.vectors.len(), expected)?;
        node.count(&[count])?;
        let products = |value: &Affine, factor: f64| {
            value.combine(vec![1, count], move |i| {
                let vector = &self.vectors[i * features..][..features];
                vector.iter().map(move |v| factor * v).enumerate()
            })
        };
        let v = Expression::value;
        let (mut argument, function) = match &*self.kernel {
            "LINEAR" => return Ok(products(value, 1.0)),
            "POLY" => (
                products(value, self.gamma),
                v().with(Binary::Pow, self.degree),
            ),
            "SIGMOID" => (products(value, self.gamma), v().unary(Unary::Tanh)),
            "RBF" => (
                self.distances(importer, node, name, value, &products),
                // A rounded distance may turn out negative.
                v().with(Binary::Min, 0.0).unary(Unary::Exp),
            ),
            other => {
                return Err(node.invalid(format!(
                    "kernel_type `{other}` is none of LINEAR, POLY, RBF and SIGMOID; export the model again"
                )));
            }
        };
        if self.kernel != "RBF" {
            argument.bias.iter_mut().for_each(|b| *b += self.coef0);
        }
        let activation = Activation::from(function);
        if argument.is_constant() {
            argument
                .bias
                .iter_mut()
                .for_each(|b| *b = activation.apply(*b));
            return Ok(argument);
        }
        argument.nodes.push(node.name.clone());
        Ok(importer
            .builder
            .activate_rows(format!("{name}/kernel"), argument, activation))
    }

    /// `−γ·|x − v|²` for every support vector `v`.
    fn distances(
        &self,
        importer: &mut Importer<'_>,
        node: &Node<'_>,
        name: &str,
        value: &Affine,
        products: &impl Fn(&Affine, f64) -> Affine,
    ) -> Affine {
        let features = value.len();
        let norms = self.vectors.chunks(features.max(1)).map(|vector| {
            let norm: f64 = vector.iter().map(|v| v * v).sum();
            -self.gamma * norm
        });
        let count = self.vectors.len() / features.max(1);
        let norms = Affine::constant(vec![1, count], norms.collect());
        if value.is_constant() {
            let square: f64 = value.bias.iter().map(|x| x * x).sum();
            let mut sum = norms.add(products(value, 2.0 * self.gamma));
            sum.bias.iter_mut().for_each(|b| *b -= self.gamma * square);
            return sum;
        }
        let mut rounded = value.clone();
        rounded.nodes.push(node.name.clone());
        let rounded = importer.builder.activate_rows(
            format!("{name}/features"),
            rounded,
            Activation::Identity,
        );
        let source = rounded.terms.keys().next().copied().unwrap_or_default();
        let cells = (0..features as u32).map(|cell| vec![(cell, 1.0)]);
        let squares = FloatLayer {
            nodes: vec![node.name.clone()],
            terms: vec![FloatTerm::rows(source, cells.collect())],
            bias: vec![0.0; features],
            activation: Activation::Square,
            precision: Precision::Exact { within: None },
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        let squares = importer.push(format!("{name}/squares"), &[1, features], Some(squares));
        let squares = Affine::tensor(squares, vec![1, features], features);
        let square = squares.combine(vec![1, count], |_| {
            (0..features).map(|feature| (feature, -self.gamma))
        });
        norms.add(products(&rounded, 2.0 * self.gamma)).add(square)
    }

    /// `rho[number]`.
    fn rho(&self, node: &Node<'_>, number: usize) -> Result<f64> {
        self.rho.get(number).copied().ok_or_else(|| {
            node.invalid(format!(
                "attribute `rho` has {} entries, expected more than {number}; export the model again",
                self.rho.len()
            ))
        })
    }
}

/// `SVMClassifier`.
pub(crate) fn classifier(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Outputs> {
    let labels = labels(node, ["classlabels_ints", "classlabels_strings"])?;
    let scores = scores(importer, node, &row(node)?, labels.numbers.len())?;
    finish(importer, node, &labels, scores)
}

/// `SVMRegressor`.
pub(crate) fn regressor(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let machine = Machine::new(node)?;
    let (name, value) = (output_name(node, 0), row(node)?);
    let count = usize::try_from(node.int("n_supports", 0)).unwrap_or(0);
    let kernels = if count == 0 {
        value
    } else {
        machine.kernels(importer, node, &name, &value, count)?
    };
    length(
        node,
        "coefficients",
        machine.coefficients.len(),
        kernels.len(),
    )?;
    let mut result = kernels.combine(vec![1, 1], |_| {
        machine.coefficients.iter().copied().enumerate()
    });
    result.bias[0] += machine.rho(node, 0)?;
    if string(node, "post_transform", "NONE") != "NONE" {
        return Err(node.unsupported("a post_transform of a regressor is not; train without it"));
    }
    if node.int("one_class", 0) == 0 {
        return Ok(result);
    }
    // 1 inside, −1 outside.
    let outside = importer.not_positive(node, &name, result)?;
    Ok(outside
        .combine(vec![1, 1], |_| [(0, -2.0)].into_iter())
        .add(Affine::constant(vec![1, 1], vec![1.0])))
}

/// The scores of an `SVMClassifier`.
fn scores(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    value: &Affine,
    classes: usize,
) -> Result<Scores> {
    let machine = Machine::new(node)?;
    let name = output_name(node, 1);
    let post_transform = string(node, "post_transform", "NONE");
    let per_class: Vec<usize> = ints(node, "vectors_per_class")
        .iter()
        .map(|n| usize::try_from(*n).unwrap_or(usize::MAX))
        .collect();
    let vectors = per_class
        .iter()
        .try_fold(0usize, |sum, n| sum.checked_add(*n))
        .unwrap_or(usize::MAX);
    if vectors == 0 {
        return Ok(Scores {
            raw: machine.linear(node, value, classes)?,
            other: Other::None,
            post_transform,
            rule: LabelRule::Larger,
            decisive: None,
        });
    }
    length(node, "vectors_per_class", per_class.len(), classes)?;
    let kernels = machine.kernels(importer, node, &name, value, vectors)?;
    let pairs = machine.pairs(node, &kernels, &per_class)?;
    let probabilities = [reals(node, "prob_a")?.values, reals(node, "prob_b")?.values];
    let single = classes == 2;
    let mut decisive = None;
    let (raw, other) = match (&probabilities[0][..], &probabilities[1][..]) {
        ([], []) if !single => (pairs, Other::None),
        ([], []) if post_transform == "NONE" => (pairs, Other::Negative),
        ([], []) => (pairs, Other::Complement),
        // The first class has the probability 1 / (1 + e^(a·s + b)). The general algorithm couples
        // more classes by iteration; for two this is where it leads to, and runtimes that iterate
        // stop at an error of 0.0025.
        (&[a], &[b]) if single => {
            let mut both = pairs.gather(vec![1, 2], &[0, 0]);
            both.scale(|i| if i == 0 { -a } else { a });
            both.bias[0] -= b;
            both.bias[1] += b;
            decisive = Some(pairs);
            (logistic(importer, node, &name, both), Other::None)
        }
        _ => {
            return Err(node.unsupported(
                "coupling the probabilities of more than two classes is not; train with probability=False and compile the scores",
            ));
        }
    };
    Ok(Scores {
        raw,
        other,
        post_transform,
        // The pair's positive score is the first class's; of several pairs it is votes that count.
        rule: if single {
            LabelRule::NotAbove(0.0)
        } else {
            LabelRule::Votes
        },
        decisive,
    })
}

impl Machine {
    /// One linear map per class.
    fn linear(&self, node: &Node<'_>, value: &Affine, classes: usize) -> Result<Affine> {
        let expected = classes.saturating_mul(value.len());
        length(node, "coefficients", self.coefficients.len(), expected)?;
        let rho = self.rho(node, 0)?;
        let mut scores = value.combine(vec![1, classes], |class| {
            let row = &self.coefficients[class * value.len()..][..value.len()];
            row.iter().copied().enumerate()
        });
        scores.bias.iter_mut().for_each(|bias| *bias += rho);
        Ok(scores)
    }

    /// One score for each pair of classes: of the first against the second.
    fn pairs(&self, node: &Node<'_>, kernels: &Affine, per_class: &[usize]) -> Result<Affine> {
        let (classes, vectors) = (per_class.len(), kernels.len());
        let expected = (classes - 1).saturating_mul(vectors);
        length(node, "coefficients", self.coefficients.len(), expected)?;
        let mut first = vec![0];
        for count in per_class {
            first.push(first[first.len() - 1] + count);
        }
        let pairs: Vec<(usize, usize)> = (0..classes)
            .flat_map(|i| (i + 1..classes).map(move |j| (i, j)))
            .collect();
        if pairs.is_empty() {
            return Err(node.invalid("has one class; export the model again"));
        }
        let mut scores = kernels.combine(vec![1, pairs.len()], |pair| {
            let (i, j) = pairs[pair];
            let of = |class: usize, row: usize| {
                (first[class]..first[class + 1])
                    .map(move |vector| (vector, self.coefficients[row * vectors + vector]))
            };
            of(i, j - 1).chain(of(j, i))
        });
        for (pair, bias) in scores.bias.iter_mut().enumerate() {
            *bias += self.rho(node, pair)?;
        }
        Ok(scores)
    }
}
