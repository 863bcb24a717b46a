//! `TreeEnsemble`, the one operator for trees from `ai.onnx.ml` 5 on.

use crate::Result;
use crate::float::comparison::Comparison;
use crate::import::ml::attributes::{Reals, finite, ints, length, tensor};
use crate::import::ml::trees::{
    BranchMode, Ensemble, ListedBranch, MAX_NODES, listed, missing_tracks, score, too_deep,
    too_many,
};
use crate::import::node::Node;
use crate::tree::{Child, MAX_DEPTH, Split, Tree};

/// `TreeEnsemble` of `ai.onnx.ml` 5.
pub(crate) fn ensemble_5(node: &Node<'_>) -> Result<Ensemble> {
    let scores = usize::try_from(node.int("n_targets", 0)).unwrap_or(0);
    if scores == 0 || scores > MAX_NODES {
        return Err(node.invalid("attribute `n_targets` is missing; export the model again"));
    }
    let (splits, modes) = (tensor(node, "nodes_splits")?, tensor(node, "nodes_modes")?);
    let leaf_weights = tensor(node, "leaf_weights")?;
    let leaf_targets = ints(node, "leaf_targetids");
    length(
        node,
        "leaf_weights",
        leaf_weights.values.len(),
        leaf_targets.len(),
    )?;
    finite(node, "leaf_weights", &leaf_weights.values)?;
    let leaves = leaf_weights.values.iter().zip(&leaf_targets);
    let leaves: Vec<(usize, f64)> = leaves
        .map(|(weight, target)| Ok((score(node, *target, scores)?, *weight)))
        .collect::<Result<_>>()?;
    let nodes = Nodes5::new(node, &splits, &modes)?;
    let roots = ints(node, "tree_roots");
    let mut trees = Vec::with_capacity(roots.len());
    let mut branches = 0;
    for root in roots {
        let tree = nodes.grow(node, root, &leaves)?;
        branches += tree.branches.len();
        // Trees may share nodes here, so the file's size does not bound theirs.
        if branches > MAX_NODES {
            return Err(too_many(node));
        }
        trees.push(tree);
    }
    if trees.is_empty() {
        return Err(node.invalid("has no trees; export the model again"));
    }
    let number = |name, default| usize::try_from(node.int(name, default)).ok();
    let named = |names: &'static [&'static str], at: Option<usize>| {
        at.and_then(|at| names.get(at))
            .copied()
            .unwrap_or("unknown")
    };
    let post_transform = named(
        &["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"],
        number("post_transform", 0),
    );
    let mut ensemble = Ensemble {
        trees,
        scores,
        base: Vec::new(),
        single: !splits.double,
        post_transform: post_transform.to_owned(),
    };
    let aggregate = named(
        &["AVERAGE", "SUM", "MIN", "MAX"],
        number("aggregate_function", 1),
    );
    ensemble.aggregate(node, aggregate)?;
    Ok(ensemble)
}

/// The nodes of all trees of a `TreeEnsemble`.
struct Nodes5 {
    modes: Vec<BranchMode>,
    features: Vec<i64>,
    thresholds: Vec<f64>,
    missing: Vec<i64>,
    /// Node or leaf number, and whether it is a leaf's; for true and false.
    children: [(Vec<i64>, Vec<i64>); 2],
}

impl Nodes5 {
    fn new(node: &Node<'_>, splits: &Reals, modes: &Reals) -> Result<Self> {
        let count = splits.values.len();
        if count == 0 || count > MAX_NODES {
            return Err(node.invalid(format!(
                "has {count} tree nodes, expected 1 to {MAX_NODES}; train fewer or smaller trees"
            )));
        }
        length(node, "nodes_modes", modes.values.len(), count)?;
        let list = |name: &str| listed(node, name, count);
        let missing = missing_tracks(node, count)?;
        let mode = |number: &f64| match *number as i64 {
            0 => Ok(BranchMode::Split(Split::Compare(Comparison::AtMost))),
            1 => Ok(BranchMode::Split(Split::Compare(Comparison::Below))),
            2 => Ok(BranchMode::Split(Split::Compare(Comparison::AtLeast))),
            3 => Ok(BranchMode::Split(Split::Compare(Comparison::Above))),
            4 => Ok(BranchMode::Split(Split::Equal)),
            5 => Ok(BranchMode::NotEqual),
            6 => Err(node.unsupported(
                "set membership in a branch is not; one-hot encode the categories before training",
            )),
            other => Err(node.invalid(format!(
                "mode {other} is none of 0 to 6; export the model again"
            ))),
        };
        Ok(Self {
            modes: modes.values.iter().map(mode).collect::<Result<_>>()?,
            features: list("nodes_featureids")?,
            thresholds: splits.values.clone(),
            missing,
            children: [
                (list("nodes_truenodeids")?, list("nodes_trueleafs")?),
                (list("nodes_falsenodeids")?, list("nodes_falseleafs")?),
            ],
        })
    }

    fn grow(&self, node: &Node<'_>, root: i64, leaves: &[(usize, f64)]) -> Result<Tree> {
        let missing = |what: &str, at: i64| {
            node.invalid(format!(
                "tree {root} leads to {what} {at}, which does not exist or has several parents; export the model again"
            ))
        };
        let mut tree = Tree {
            root: Child::Leaf(0),
            branches: Vec::new(),
            leaves: Vec::new(),
        };
        let mut pending = vec![(root, false, 0, None)];
        while let Some((at, leaf, depth, side)) = pending.pop() {
            if depth > MAX_DEPTH {
                return Err(too_deep(node, root));
            }
            let index = usize::try_from(at).unwrap_or(usize::MAX);
            let child = if leaf {
                let vote = leaves.get(index).ok_or_else(|| missing("leaf", at))?;
                tree.leaves.push(vec![*vote]);
                Child::Leaf(tree.leaves.len() - 1)
            } else {
                // A tree cannot have more nodes than there are: something leads back.
                if index >= self.modes.len() || tree.branches.len() >= self.modes.len() {
                    return Err(missing("node", at));
                }
                let [on_true, on_false] = [0, 1].map(|side| self.children[side].0[index]);
                let listed = ListedBranch {
                    feature: self.features[index],
                    mode: self.modes[index],
                    threshold: self.thresholds[index],
                    missing_true: self.missing.get(index).is_some_and(|flag| *flag != 0),
                    on_true,
                    on_false,
                };
                let number = tree.branches.len();
                let sides = if listed.mode == BranchMode::NotEqual {
                    [1, 0]
                } else {
                    [0, 1]
                };
                for (holds, side) in [(false, sides[1]), (true, sides[0])] {
                    let (ids, leaf) = &self.children[side];
                    pending.push((
                        ids[index],
                        leaf[index] != 0,
                        depth + 1,
                        Some((number, holds)),
                    ));
                }
                tree.branches.push(listed.branch(node, root)?);
                Child::Branch(number)
            };
            tree.attach(side, child);
        }
        Ok(tree)
    }
}
