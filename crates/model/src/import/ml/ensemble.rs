//! From trees to tensors: tests, leaves, scores.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::features::{Feature, TestLayer, features};
use super::trees::Ensemble;
use crate::Result;
use crate::float_graph::{Activation, FloatLayer, FloatTerm, Precision};
use crate::import::Importer;
use crate::import::node::Node;
use crate::linear::{Affine, Row};
use crate::test::{Comparison, Test};
use crate::tree::layout::{Bit, Group, NodeCell, place};
use crate::tree::{Branch, Child, Split};

/// More cells than any ensemble that can be proved takes.
const MAX_CELLS: usize = 1 << 22;

/// The raw scores of `ensemble` for the features `value`: the sum of the leaves that the trees lead to, and the base scores.
pub(super) fn scores(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    name: &str,
    value: &Affine,
    ensemble: &Ensemble,
) -> Result<Affine> {
    let used: BTreeSet<usize> = ensemble
        .trees
        .iter()
        .flat_map(|tree| tree.branches.iter().map(|branch| branch.feature))
        .collect();
    let used: Vec<usize> = used.into_iter().collect();
    let features = features(importer, node, name, value, &used)?;
    let groups = place(&ensemble.trees);
    let cells: usize = groups
        .iter()
        .map(|group| (group.nodes.len() + group.leaves.len()) * group.trees.len())
        .sum();
    if cells > MAX_CELLS {
        return Err(node.unsupported(format!(
            "its trees take {cells} cells, more than {MAX_CELLS}; train with a max_depth (6 to 10 are cheap to prove) or fewer trees"
        )));
    }
    let build = Build {
        node,
        name,
        ensemble,
        features: &features,
    };
    let tests = groups
        .iter()
        .enumerate()
        .map(|(i, group)| build.tests(i, group));
    let tests = importer.add_tests(node, name, tests.collect());
    let mut scores = build.constant();
    for (i, (group, tests)) in groups.iter().zip(tests).enumerate() {
        if group.leaves.is_empty() {
            continue;
        }
        let leaves = build.leaves(importer, i, group, tests);
        build.add_leaves(&mut scores, group, leaves);
    }
    scores.nodes = vec![node.name.clone()];
    Ok(scores)
}

struct Build<'a> {
    node: &'a Node<'a>,
    name: &'a str,
    ensemble: &'a Ensemble,
    features: &'a HashMap<usize, Feature>,
}

impl Build<'_> {
    /// The base scores and the leaves of trees without branches.
    fn constant(&self) -> Affine {
        let mut bias = vec![0.0; self.ensemble.scores];
        for (bias, base) in bias.iter_mut().zip(&self.ensemble.base) {
            *bias += base;
        }
        for tree in &self.ensemble.trees {
            let Child::Leaf(leaf) = tree.root else {
                continue;
            };
            for (score, weight) in tree.leaves.get(leaf).into_iter().flatten() {
                bias[*score] += weight;
            }
        }
        Affine::constant(vec![1, bias.len()], bias)
    }

    fn tests(&self, number: usize, group: &Group) -> TestLayer {
        let cell = |position: usize, cell: &Option<NodeCell>| {
            let cell = (*cell)?;
            let branch = self.ensemble.trees[group.trees[position]]
                .branches
                .get(cell.branch)?;
            let feature = self.features.get(&branch.feature)?;
            Some((*feature, self.test(branch, cell.bit, feature)))
        };
        let channels = group.nodes.iter();
        TestLayer {
            name: format!("{}/nodes{number}", self.name),
            shape: vec![1, group.nodes.len(), 1, group.trees.len()],
            cells: channels
                .flat_map(|channel| channel.iter().enumerate().map(|(i, c)| cell(i, c)))
                .collect(),
        }
    }

    fn test(&self, branch: &Branch, bit: Bit, feature: &Feature) -> Test {
        let compared = match branch.split {
            Split::Compare(comparison) => comparison,
            Split::Equal => Comparison::AtLeast,
        };
        let (comparison, missing) = match bit {
            Bit::Holds => (compared, branch.missing_true),
            Bit::Fails => (compared.negated().unwrap_or(compared), !branch.missing_true),
            // A missing value is equal if exactly the first of both holds. Where it is not, any side serves, if it is the same.
            Bit::NotBelow => (
                Comparison::AtLeast,
                branch.missing_true || feature.weight > 0.0,
            ),
            Bit::Above => (
                Comparison::Above,
                !branch.missing_true && feature.weight > 0.0,
            ),
        };
        Test {
            comparison,
            threshold: branch.threshold,
            single: self.ensemble.single,
            missing,
        }
    }

    /// The leaves' cells: 1 for the leaf a tree leads to.
    fn leaves(
        &self,
        importer: &mut Importer<'_>,
        number: usize,
        group: &Group,
        tests: usize,
    ) -> usize {
        let trees = group.trees.len();
        let rows = group.paths.iter().flat_map(|path| {
            (0..trees).map(|position| {
                let weight = |(channel, weight): &(usize, i32)| {
                    ((channel * trees + position) as u32, f64::from(*weight))
                };
                path.weights.iter().map(weight).collect::<Row>()
            })
        });
        let ones = group
            .paths
            .iter()
            .flat_map(|path| vec![-(path.ones as f64); trees]);
        let layer = FloatLayer {
            nodes: vec![self.node.name.clone()],
            terms: vec![FloatTerm {
                source: tests,
                rows: rows.collect(),
            }],
            bias: ones.collect(),
            activation: Activation::Step,
            precision: Precision::Exact { within: None },
        };
        importer.push(
            format!("{}/leaves{number}", self.name),
            &[1, group.leaves.len(), 1, trees],
            Some(layer),
        )
    }

    /// Adds what the leaves of `group` add to the scores.
    fn add_leaves(&self, scores: &mut Affine, group: &Group, tensor: usize) {
        let trees = group.trees.len();
        let mut rows: Vec<Row> = vec![Row::new(); self.ensemble.scores];
        let votes = |position: usize, leaf: usize| {
            let leaves = &self.ensemble.trees[group.trees[position]].leaves;
            leaves.get(leaf).map_or(&[][..], Vec::as_slice)
        };
        for (position, first) in group.first.iter().enumerate() {
            for (score, weight) in votes(position, *first) {
                scores.bias[*score] += weight;
            }
        }
        for (channel, leaves) in group.leaves.iter().enumerate() {
            for (position, leaf) in leaves.iter().enumerate() {
                let Some(leaf) = leaf else { continue };
                let mut difference: BTreeMap<usize, f64> =
                    votes(position, *leaf).iter().copied().collect();
                for (score, weight) in votes(position, group.first[position]) {
                    *difference.entry(*score).or_default() -= weight;
                }
                for (score, weight) in difference.into_iter().filter(|(_, w)| *w != 0.0) {
                    rows[score].push(((channel * trees + position) as u32, weight));
                }
            }
        }
        scores.terms.insert(tensor, rows);
    }
}
