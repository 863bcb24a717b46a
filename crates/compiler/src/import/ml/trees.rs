//! Reading the attributes of `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.

use std::collections::{HashMap, HashSet};

use crate::Result;
use crate::float::comparison::Comparison;
use crate::import::ml::attributes::{finite, ints, length, reals, string, strings};
use crate::import::node::Node;
use crate::import::values::affine::add_up;
use crate::tree::{Branch, Child, MAX_DEPTH, Split, Tree};

/// More nodes than any ensemble that can be proved has.
pub(crate) const MAX_NODES: usize = 1 << 20;

/// The sum of many trees' leaves.
#[derive(Clone, Debug)]
pub(crate) struct Ensemble {
    pub(crate) trees: Vec<Tree>,
    /// Scores a row gets.
    pub(crate) scores: usize,
    /// Added to the scores; empty if nothing is.
    pub(crate) base: Vec<f64>,
    /// Whether features are compared as 32-bit numbers.
    pub(crate) single: bool,
    pub(crate) post_transform: String,
}

/// A node as the attributes list it.
struct Listed {
    tree: i64,
    id: i64,
    /// `None` for a leaf.
    branch: Option<ListedBranch>,
    votes: Vec<(usize, f64)>,
}

pub(crate) struct ListedBranch {
    pub(crate) feature: i64,
    pub(crate) mode: BranchMode,
    pub(crate) threshold: f64,
    pub(crate) missing_true: bool,
    pub(crate) on_true: i64,
    pub(crate) on_false: i64,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum BranchMode {
    Split(Split),
    /// Not equal: an equality with its sides exchanged.
    NotEqual,
}

/// A list of `count` whole numbers.
pub(crate) fn listed(node: &Node<'_>, name: &str, count: usize) -> Result<Vec<i64>> {
    let values = ints(node, name);
    length(node, name, values.len(), count)?;
    Ok(values)
}

/// Where missing values go at each of `count` tree nodes; empty if nothing is said of them.
pub(crate) fn missing_tracks(node: &Node<'_>, count: usize) -> Result<Vec<i64>> {
    let name = "nodes_missing_value_tracks_true";
    let missing = ints(node, name);
    if !missing.is_empty() {
        length(node, name, missing.len(), count)?;
    }
    Ok(missing)
}

/// `TreeEnsembleClassifier` (`votes` is `class`) and `TreeEnsembleRegressor` (`target`).
pub(crate) fn ensemble(node: &Node<'_>, votes: &str, scores: usize) -> Result<Ensemble> {
    let tree_ids = ints(node, "nodes_treeids");
    let count = tree_ids.len();
    if count == 0 || count > MAX_NODES {
        return Err(node.invalid(format!(
            "has {count} tree nodes, expected 1 to {MAX_NODES}; train fewer or smaller trees"
        )));
    }
    let list = |name: &str| listed(node, name, count);
    let (node_ids, features) = (list("nodes_nodeids")?, list("nodes_featureids")?);
    let (on_true, on_false) = (list("nodes_truenodeids")?, list("nodes_falsenodeids")?);
    let thresholds = reals(node, "nodes_values")?;
    length(node, "nodes_values", thresholds.values.len(), count)?;
    let modes = strings(node, "nodes_modes");
    length(node, "nodes_modes", modes.len(), count)?;
    let missing = missing_tracks(node, count)?;
    let mut listed = Vec::with_capacity(count);
    for i in 0..count {
        let mode = match modes[i].as_str() {
            "BRANCH_LEQ" => Some(BranchMode::Split(Split::Compare(Comparison::AtMost))),
            "BRANCH_LT" => Some(BranchMode::Split(Split::Compare(Comparison::Below))),
            "BRANCH_GTE" => Some(BranchMode::Split(Split::Compare(Comparison::AtLeast))),
            "BRANCH_GT" => Some(BranchMode::Split(Split::Compare(Comparison::Above))),
            "BRANCH_EQ" => Some(BranchMode::Split(Split::Equal)),
            "BRANCH_NEQ" => Some(BranchMode::NotEqual),
            "LEAF" => None,
            other => {
                return Err(node.invalid(format!(
                    "tree {}, node {}: mode `{other}` is none of BRANCH_LEQ, BRANCH_LT, BRANCH_GTE, BRANCH_GT, BRANCH_EQ, \
                     BRANCH_NEQ and LEAF; export the model again",
                    tree_ids[i], node_ids[i]
                )));
            }
        };
        listed.push(Listed {
            tree: tree_ids[i],
            id: node_ids[i],
            branch: mode.map(|mode| ListedBranch {
                feature: features[i],
                mode,
                threshold: thresholds.values[i],
                missing_true: missing.get(i).is_some_and(|flag| *flag != 0),
                on_true: on_true[i],
                on_false: on_false[i],
            }),
            votes: Vec::new(),
        });
    }
    add_votes(node, votes, scores, &mut listed)?;
    let base = reals(node, "base_values")?.values;
    finite(node, "base_values", &base)?;
    let trees = grow(node, listed)?;
    let mut ensemble = Ensemble {
        trees,
        scores,
        base,
        single: !thresholds.double,
        post_transform: string(node, "post_transform", "NONE"),
    };
    if votes == "target" {
        ensemble.aggregate(node, &string(node, "aggregate_function", "SUM"))?;
    }
    Ok(ensemble)
}

/// What each leaf adds to which score.
fn add_votes(node: &Node<'_>, votes: &str, scores: usize, listed: &mut [Listed]) -> Result<()> {
    let index: HashMap<(i64, i64), usize> = listed
        .iter()
        .enumerate()
        .map(|(i, listed)| ((listed.tree, listed.id), i))
        .collect();
    if index.len() < listed.len() {
        return Err(node.invalid("lists a node of a tree twice; export the model again"));
    }
    let name = |part: &str| format!("{votes}_{part}");
    let (trees, nodes, ids) = (
        ints(node, &name("treeids")),
        ints(node, &name("nodeids")),
        ints(node, &name("ids")),
    );
    let weights = reals(node, &name("weights"))?.values;
    length(node, &name("nodeids"), nodes.len(), trees.len())?;
    length(node, &name("ids"), ids.len(), trees.len())?;
    length(node, &name("weights"), weights.len(), trees.len())?;
    finite(node, &name("weights"), &weights)?;
    for (i, weight) in weights.iter().enumerate() {
        let leaf = index.get(&(trees[i], nodes[i])).map(|i| &mut listed[*i]);
        let Some(leaf) = leaf.filter(|leaf| leaf.branch.is_none()) else {
            return Err(node.invalid(format!(
                "tree {}, node {} gets a weight and is no leaf; export the model again",
                trees[i], nodes[i]
            )));
        };
        leaf.votes.push((score(node, ids[i], scores)?, *weight));
    }
    Ok(())
}

pub(crate) fn score(node: &Node<'_>, id: i64, scores: usize) -> Result<usize> {
    usize::try_from(id)
        .ok()
        .filter(|id| *id < scores)
        .ok_or_else(|| {
            node.invalid(format!(
                "a leaf votes for number {id} of {scores} classes or targets; export the model again"
            ))
        })
}

impl Ensemble {
    /// Makes the sum of leaves what the aggregate function asks for.
    pub(crate) fn aggregate(&mut self, node: &Node<'_>, function: &str) -> Result<()> {
        match function {
            "SUM" => Ok(()),
            "AVERAGE" => {
                let count = self.trees.len().max(1) as f64;
                let votes = self.trees.iter_mut().flat_map(|tree| &mut tree.leaves);
                votes.flatten().for_each(|(_, weight)| *weight /= count);
                Ok(())
            }
            other => Err(node.unsupported(format!(
                "only the sum or the average of trees is, not their `{other}`; train with another aggregate"
            ))),
        }
    }
}

/// Puts listed nodes together to trees, in the order in which the trees are listed.
fn grow(node: &Node<'_>, listed: Vec<Listed>) -> Result<Vec<Tree>> {
    let mut order: Vec<i64> = Vec::new();
    let mut by_tree: HashMap<i64, HashMap<i64, Listed>> = HashMap::new();
    for listed in listed {
        let tree = by_tree.entry(listed.tree).or_insert_with(|| {
            order.push(listed.tree);
            HashMap::new()
        });
        tree.insert(listed.id, listed);
    }
    let mut room = MAX_NODES;
    order
        .into_iter()
        .map(|id| {
            let tree = grow_one(node, id, &by_tree.remove(&id).unwrap_or_default(), room)?;
            room -= tree.branches.len();
            Ok(tree)
        })
        .collect()
}

/// Several branches may lead to one node, as LightGBM's converter does for sets of categories; each
/// gets a copy. The tree has `room` branches at most.
fn grow_one(node: &Node<'_>, id: i64, nodes: &HashMap<i64, Listed>, room: usize) -> Result<Tree> {
    let invalid =
        |detail: String| node.invalid(format!("tree {id}: {detail}; export the model again"));
    let mut roots: Vec<i64> = nodes.keys().copied().collect();
    let branches = nodes.values().filter_map(|listed| listed.branch.as_ref());
    let children: HashSet<i64> = branches.flat_map(|b| [b.on_true, b.on_false]).collect();
    if let Some(absent) = children.iter().filter(|at| !nodes.contains_key(at)).min() {
        return Err(invalid(format!("node {absent} is missing")));
    }
    roots.retain(|root| !children.contains(root));
    let [root] = roots[..] else {
        return Err(invalid(format!(
            "{} nodes have no parent, expected one root",
            roots.len()
        )));
    };
    let mut tree = Tree {
        root: Child::Leaf(0),
        branches: Vec::new(),
        leaves: Vec::new(),
    };
    // What is still to be placed: a node, its depth, and whose side it is.
    let mut pending = vec![(root, 0, None)];
    let mut reached = HashSet::new();
    while let Some((at, depth, side)) = pending.pop() {
        let Some(listed) = nodes.get(&at) else {
            return Err(invalid(format!("node {at} is missing")));
        };
        reached.insert(at);
        if depth > MAX_DEPTH {
            return Err(too_deep(node, id));
        }
        if tree.branches.len() >= room {
            return Err(too_many(node));
        }
        let child = match &listed.branch {
            None => {
                let mut votes = listed.votes.clone();
                add_up(&mut votes);
                tree.leaves.push(votes);
                Child::Leaf(tree.leaves.len() - 1)
            }
            Some(branch) => {
                let index = tree.branches.len();
                let [on_true, on_false] = branch.sides();
                pending.push((on_false, depth + 1, Some((index, false))));
                pending.push((on_true, depth + 1, Some((index, true))));
                tree.branches.push(branch.branch(node, id)?);
                Child::Branch(index)
            }
        };
        tree.attach(side, child);
    }
    if let Some(left) = nodes.keys().filter(|at| !reached.contains(at)).min() {
        return Err(invalid(format!("nothing leads to node {left}")));
    }
    Ok(tree)
}

pub(crate) fn too_many(node: &Node<'_>) -> crate::CompileError {
    node.unsupported("an ensemble of so many branches is not; train fewer or smaller trees")
}

pub(crate) fn too_deep(node: &Node<'_>, tree: i64) -> crate::CompileError {
    node.unsupported(format!(
        "tree {tree} is deeper than {MAX_DEPTH} branches; train with a max_depth (6 to 10 are cheap to prove)"
    ))
}

impl Tree {
    pub(crate) fn attach(&mut self, side: Option<(usize, bool)>, child: Child) {
        match side {
            None => self.root = child,
            Some((branch, true)) => self.branches[branch].on_true = child,
            Some((branch, false)) => self.branches[branch].on_false = child,
        }
    }
}

impl ListedBranch {
    /// What follows where the branch as stored holds, and where it does not.
    fn sides(&self) -> [i64; 2] {
        match self.mode {
            BranchMode::Split(_) => [self.on_true, self.on_false],
            BranchMode::NotEqual => [self.on_false, self.on_true],
        }
    }

    /// The branch, its sides not attached yet.
    pub(crate) fn branch(&self, node: &Node<'_>, tree: i64) -> Result<Branch> {
        let feature = usize::try_from(self.feature).map_err(|_| {
            node.invalid(format!(
                "tree {tree} reads feature {}; export the model again",
                self.feature
            ))
        })?;
        if self.threshold.is_nan() {
            return Err(node.invalid(format!(
                "tree {tree} compares feature {feature} with NaN; check the training run and export again"
            )));
        }
        let (split, missing_true) = match self.mode {
            BranchMode::Split(split) => (split, self.missing_true),
            // NaN differs from everything, whatever the flag says.
            BranchMode::NotEqual => (Split::Equal, false),
        };
        Ok(Branch {
            feature,
            split,
            threshold: self.threshold,
            missing_true,
            on_true: Child::Leaf(0),
            on_false: Child::Leaf(0),
        })
    }
}
