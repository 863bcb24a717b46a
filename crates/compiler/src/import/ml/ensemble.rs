//! From trees to tensors: tests, leaves, scores.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::Result;
use crate::float::activation::Activation;
use crate::float::comparison::{Comparison, Test};
use crate::float::graph::{FloatKernel, FloatLayer, FloatTerm, Precision};
use crate::import::ml::probes::{Probe, TestLayer, probes};
use crate::import::ml::trees::Ensemble;
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::{Affine, Row};
use crate::tree::layout::{Group, NodeCell, Path, Plane};
use crate::tree::plan::place;
use crate::tree::{Branch, Child, Split};
use verdict_model::Conv;

/// More cells, or weights between the nodes and leaves of one shape, than any ensemble that can be
/// proved has.
const MAX_CELLS: usize = 1 << 22;

/// The raw scores of `ensemble` for the features `value`: the sum of the leaves that the trees lead
/// to, and the base scores.
///
/// Which leaves are reached is exact for whatever the input's integers stand for. A leaf's value is
/// rounded to a step of the sum it is added to, so each tree is off by half such a step at most;
/// then the sum is rounded to the step of whatever reads it.
pub(crate) fn scores(
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
    let probes = probes(importer, node, name, value, &used)?;
    let plan = place(&ensemble.trees, ensemble.scores);
    let bundles = plan.bundles.iter().map(|bundle| Block {
        groups: bundle,
        trees: 1,
    });
    let planes = plan.planes.iter().map(|group| Block {
        groups: std::slice::from_ref(group),
        trees: group.trees.len(),
    });
    let blocks: Vec<Block<'_>> = bundles.chain(planes).collect();
    for block in &blocks {
        let [cells, weights] = block.size();
        if cells.max(weights) > MAX_CELLS {
            return Err(node.unsupported(format!(
                "trees that take {cells} cells and {weights} weights together are not, {MAX_CELLS} of either are the limit; train with a \
                 max_depth (6 to 10 are cheap to prove) or fewer trees"
            )));
        }
    }
    let build = Build {
        node,
        name,
        ensemble,
        probes: &probes,
        private: importer.builder.secrecy.private,
    };
    // Within a level what comes first is streamed to from farthest: nodes, leaves, sums.
    let mut layers = Vec::new();
    let mut kinds = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        for equal in [false, true] {
            if let Some(layer) = build.tests(number, block, equal) {
                layers.push(layer);
                kinds.push((number, equal));
            }
        }
    }
    let tensors = importer.add_tests(node, name, layers);
    let mut tests: Vec<Vec<(usize, bool)>> = vec![Vec::new(); blocks.len()];
    for ((number, equal), tensor) in kinds.into_iter().zip(tensors) {
        tests[number].push((tensor, equal));
    }
    let leaves: Vec<usize> = blocks
        .iter()
        .zip(tests)
        .enumerate()
        .map(|(number, (block, tests))| build.leaves(importer, number, block, tests))
        .collect();
    let mut scores = build.constant();
    for (number, (block, leaves)) in blocks.iter().zip(leaves).enumerate() {
        build.add_leaves(&mut scores, block, leaves);
        // What reads the last ones may add them up as it likes.
        if number + 1 < plan.bundles.len() || number < plan.bundles.len() && !plan.planes.is_empty()
        {
            scores = build.sum(importer, number, scores);
        }
    }
    if !scores.is_constant() {
        scores.nodes = vec![node.name.clone()];
    }
    Ok(scores)
}

/// Groups in one tensor: one of any number of trees, or several of one tree each.
struct Block<'a> {
    groups: &'a [Group],
    trees: usize,
}

impl Block<'_> {
    /// Cells, and weights from nodes to leaves.
    fn size(&self) -> [usize; 2] {
        let channels = |group: &Group| group.compared.len() + group.equal.len();
        let cells = self
            .groups
            .iter()
            .map(|group| (channels(group) + group.leaves.len()) * self.trees);
        let weights = self.groups.iter().map(|group| {
            if self.trees > 1 {
                channels(group) * group.leaves.len()
            } else {
                group
                    .paths
                    .iter()
                    .map(|path| path.compared.len() + path.equal.len())
                    .sum()
            }
        });
        [cells.sum(), weights.sum()]
    }

    /// The ONNX shape of a tensor of so many channels.
    fn shape(&self, channels: usize) -> Vec<usize> {
        if self.trees > 1 {
            vec![1, channels, 1, self.trees]
        } else {
            vec![1, channels]
        }
    }
}

/// The bits of one kind.
fn plane(group: &Group, equal: bool) -> &Plane<NodeCell> {
    if equal { &group.equal } else { &group.compared }
}

/// The channels of one kind on a path.
fn channels(path: &Path, equal: bool) -> &[(usize, i32)] {
    if equal { &path.equal } else { &path.compared }
}

struct Build<'a> {
    node: &'a Node<'a>,
    name: &'a str,
    ensemble: &'a Ensemble,
    probes: &'a HashMap<usize, Probe>,
    /// Whether the weights are to stay private.
    private: bool,
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

    /// The bits of one kind that a block's trees have.
    fn tests(&self, number: usize, block: &Block<'_>, equal: bool) -> Option<TestLayer> {
        let mut cells = Vec::new();
        for group in block.groups {
            for channel in plane(group, equal) {
                for (position, cell) in channel.iter().enumerate() {
                    cells.push(cell.and_then(|cell| self.test(group.trees[position], cell)));
                }
            }
        }
        let kind = if equal { "equal" } else { "branches" };
        (!cells.is_empty()).then(|| TestLayer {
            name: format!("{}/{kind}{number}", self.name),
            shape: block.shape(cells.len() / block.trees),
            activation: if equal {
                Activation::IsZero
            } else {
                Activation::Step
            },
            cells,
        })
    }

    fn test(&self, tree: usize, cell: NodeCell) -> Option<(Probe, Test)> {
        let branch: &Branch = self.ensemble.trees.get(tree)?.branches.get(cell.branch)?;
        let probe = self.probes.get(&branch.feature)?;
        let holds = match branch.split {
            Split::Compare(comparison) => comparison,
            Split::Equal => Comparison::Equal,
        };
        let comparison = if cell.holds { holds } else { holds.negated()? };
        let test = Test {
            comparison,
            threshold: branch.threshold,
            single: self.ensemble.single,
            missing: branch.missing_true == cell.holds,
        };
        Some((*probe, test))
    }

    /// The leaves' cells: 1 for the leaf a tree leads to.
    fn leaves(
        &self,
        importer: &mut Importer<'_>,
        number: usize,
        block: &Block<'_>,
        tests: Vec<(usize, bool)>,
    ) -> usize {
        let terms = tests.into_iter().map(|(source, equal)| FloatTerm {
            source,
            kernel: match block.groups {
                [group] if block.trees > 1 => convolution(group, equal),
                groups => rows(groups, equal),
            },
        });
        let paths = block.groups.iter().flat_map(|group| &group.paths);
        let bias: Vec<f64> = paths
            .flat_map(|path| vec![-(path.ones as f64); block.trees])
            .collect();
        let layer = FloatLayer {
            nodes: vec![self.node.name.clone()],
            terms: terms.collect(),
            activation: Activation::Step,
            precision: Precision::Exact { within: None },
            bias,
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        let shape = block.shape(layer.bias.len() / block.trees);
        importer.push(format!("{}/leaves{number}", self.name), &shape, Some(layer))
    }

    /// Adds what the leaves of a block add to the scores.
    fn add_leaves(&self, scores: &mut Affine, block: &Block<'_>, tensor: usize) {
        let mut rows: Vec<Row> = vec![Row::new(); self.ensemble.scores];
        // That two leaves have the same value is not to be seen in private weights.
        let kept = |weight: f64| self.private || weight != 0.0;
        let mut cell = 0;
        for group in block.groups {
            let votes = |position: usize, leaf: usize| {
                let leaves = &self.ensemble.trees[group.trees[position]].leaves;
                leaves.get(leaf).map_or(&[][..], Vec::as_slice)
            };
            for (position, first) in group.first.iter().enumerate() {
                for (score, weight) in votes(position, *first) {
                    scores.bias[*score] += weight;
                }
            }
            for leaves in &group.leaves {
                for (position, leaf) in leaves.iter().enumerate() {
                    let mut difference: BTreeMap<usize, f64> = BTreeMap::new();
                    if let Some(leaf) = leaf {
                        difference.extend(votes(position, *leaf).iter().copied());
                        for (score, weight) in votes(position, group.first[position]) {
                            *difference.entry(*score).or_default() -= weight;
                        }
                    }
                    for (score, weight) in difference.into_iter().filter(|(_, w)| kept(*w)) {
                        rows[score].push((cell, weight));
                    }
                    cell += 1;
                }
            }
        }
        scores.terms.insert(tensor, rows);
    }

    /// The scores of the trees so far as a tensor.
    fn sum(&self, importer: &mut Importer<'_>, number: usize, scores: Affine) -> Affine {
        let terms = scores.terms.into_iter();
        let layer = FloatLayer {
            nodes: vec![self.node.name.clone()],
            terms: terms
                .map(|(source, rows)| FloatTerm::rows(source, rows))
                .collect(),
            bias: scores.bias,
            activation: Activation::Identity,
            precision: Precision::Unshifted,
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        let name = format!("{}/sum{number}", self.name);
        let tensor = importer.push(name, &scores.shape, Some(layer));
        Affine::tensor(tensor, scores.shape, self.ensemble.scores)
    }
}

/// The bits of one kind on the way to each leaf, the same for every tree.
fn convolution(group: &Group, equal: bool) -> FloatKernel {
    let nodes = plane(group, equal).len();
    let mut weights = vec![0.0; nodes * group.paths.len()];
    for (path, weights) in group.paths.iter().zip(weights.chunks_mut(nodes.max(1))) {
        for (channel, weight) in channels(path, equal) {
            weights[*channel] = f64::from(*weight);
        }
    }
    let places = [1, group.trees.len()];
    FloatKernel::Conv(Conv {
        channels: [nodes, group.paths.len()],
        source: places,
        output: places,
        size: [1, 1],
        stride: [1, 1],
        up: [1, 1],
        dilation: [1, 1],
        pad: [0, 0],
        groups: 1,
        weights,
    })
}

/// The bits of one kind on the way to each leaf, for groups of one tree each.
fn rows(groups: &[Group], equal: bool) -> FloatKernel {
    let mut first = 0;
    let mut rows = Vec::new();
    for group in groups {
        rows.extend(group.paths.iter().map(|path| {
            let weight =
                |(channel, weight): &(usize, i32)| ((first + channel) as u32, f64::from(*weight));
            channels(path, equal).iter().map(weight).collect::<Row>()
        }));
        first += plane(group, equal).len();
    }
    FloatKernel::Rows(rows)
}
