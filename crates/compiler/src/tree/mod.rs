//! Decision trees: what an ensemble is, before it becomes tensors.
//!
//! [`plan`] decides which trees stand side by side, sharing slots for nodes and leaves, and which
//! one after the other; [`layout`] puts each into its slots.

pub(crate) mod layout;
pub(crate) mod plan;
mod rows;
mod shape;

use crate::float::comparison::Comparison;

#[cfg(test)]
mod tests;

/// Deeper trees are refused: nobody trains them on purpose, and what walks a tree recursively must
/// not run out of stack.
pub(crate) const MAX_DEPTH: usize = 64;

/// What a branch leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Child {
    /// Index into [`Tree::branches`].
    Branch(usize),
    /// Index into [`Tree::leaves`].
    Leaf(usize),
}

/// How a branch decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// A comparison with the threshold.
    Compare(Comparison),
    /// Whether the feature equals the threshold.
    Equal,
}

/// What a branch asks of which feature, and what follows either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Branch {
    pub(crate) feature: usize,
    pub(crate) split: Split,
    pub(crate) threshold: f64,
    /// Where a missing value (NaN) goes.
    pub(crate) missing_true: bool,
    pub(crate) on_true: Child,
    pub(crate) on_false: Child,
}

/// One tree; every branch and leaf is reached from `root` by exactly one path of at most
/// [`MAX_DEPTH`] branches.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub(crate) root: Child,
    pub(crate) branches: Vec<Branch>,
    /// For each leaf what it adds to which score, by ascending score.
    pub(crate) leaves: Vec<Vec<(usize, f64)>>,
}
