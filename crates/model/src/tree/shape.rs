//! Shapes that several trees fit into.
//!
//! Trees of one shape cost one small kernel together, whatever their number; a tree that lacks a slot of its shape pays for the
//! empty cell all the same. So trees of similar shape are put together, and others apart.

use std::collections::HashMap;

use super::{Branch, Child, Split, Tree};

/// A shape, by its number in [`Shapes`]; equal shapes have equal numbers.
pub(crate) type ShapeId = u32;

/// The shape without branches.
pub(crate) const LEAF: ShapeId = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    /// Whether a test for equality stands here: its sides cannot change places.
    ordered: bool,
    sides: [ShapeId; 2],
}

/// All shapes seen so far.
#[derive(Debug)]
pub(crate) struct Shapes {
    /// `LEAF` has none.
    nodes: Vec<Option<Node>>,
    /// Slots of each shape: one for a branch, two where it is ordered.
    slots: Vec<usize>,
    leaves: Vec<usize>,
    known: HashMap<Node, ShapeId>,
    unions: HashMap<(ShapeId, ShapeId), ShapeId>,
    fits: HashMap<(ShapeId, ShapeId), bool>,
}

impl Shapes {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![None],
            slots: vec![0],
            leaves: vec![1],
            known: HashMap::new(),
            unions: HashMap::new(),
            fits: HashMap::new(),
        }
    }

    fn node(&self, id: ShapeId) -> Option<Node> {
        self.nodes.get(id as usize).copied().flatten()
    }

    /// Cells that a tree of this shape takes for its branches.
    pub(crate) fn slots(&self, id: ShapeId) -> usize {
        self.slots.get(id as usize).copied().unwrap_or(0)
    }

    /// Leaves of this shape.
    pub(crate) fn leaves(&self, id: ShapeId) -> usize {
        self.leaves.get(id as usize).copied().unwrap_or(1)
    }

    /// What follows on either side; `None` for a leaf. With it, whether a test for equality may stand here.
    pub(crate) fn sides(&self, id: ShapeId) -> Option<(bool, [ShapeId; 2])> {
        self.node(id).map(|node| (node.ordered, node.sides))
    }

    fn intern(&mut self, node: Node) -> ShapeId {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = self.nodes.len() as ShapeId;
        let [a, b] = node.sides;
        self.slots
            .push(self.slots(a) + self.slots(b) + 1 + usize::from(node.ordered));
        self.leaves.push(self.leaves(a) + self.leaves(b));
        self.nodes.push(Some(node));
        self.known.insert(node, id);
        id
    }

    /// The shape of what begins at each branch of `tree`.
    pub(crate) fn of_branches(&mut self, tree: &Tree) -> Vec<ShapeId> {
        let mut of = vec![LEAF; tree.branches.len()];
        self.of(tree, tree.root, &mut of);
        of
    }

    fn of(&mut self, tree: &Tree, child: Child, of: &mut [ShapeId]) -> ShapeId {
        let Child::Branch(index) = child else {
            return LEAF;
        };
        let Some(branch) = tree.branches.get(index) else {
            return LEAF;
        };
        let (ordered, [zero, one]) = natural_sides(branch);
        let mut sides = [self.of(tree, zero, of), self.of(tree, one, of)];
        // Which side is which is free, so one order stands for both.
        if !ordered && (self.slots(sides[0]), sides[0]) < (self.slots(sides[1]), sides[1]) {
            sides.swap(0, 1);
        }
        let id = self.intern(Node { ordered, sides });
        of[index] = id;
        id
    }

    /// A small shape that both fit into.
    pub(crate) fn union(&mut self, a: ShapeId, b: ShapeId) -> ShapeId {
        let (Some(left), Some(right)) = (self.node(a), self.node(b)) else {
            return a.max(b);
        };
        if a == b {
            return a;
        }
        let key = (a.min(b), a.max(b));
        if let Some(id) = self.unions.get(&key) {
            return *id;
        }
        let ordered = left.ordered || right.ordered;
        let ([a0, a1], [b0, b1]) = (left.sides, right.sides);
        let straight = [self.union(a0, b0), self.union(a1, b1)];
        let mut sides = straight;
        if !(left.ordered && right.ordered) {
            let crossed = [self.union(a0, b1), self.union(a1, b0)];
            let slots = |sides: [ShapeId; 2]| self.slots(sides[0]) + self.slots(sides[1]);
            if slots(crossed) < slots(straight) {
                sides = crossed;
                // The ordered one keeps its sides.
                if right.ordered {
                    sides.swap(0, 1);
                }
            }
        }
        let id = self.intern(Node { ordered, sides });
        self.unions.insert(key, id);
        id
    }

    /// Whether a tree of shape `small` can be put into `large`.
    pub(crate) fn fits(&mut self, small: ShapeId, large: ShapeId) -> bool {
        if small == LEAF || small == large {
            return true;
        }
        let (Some(inner), Some(outer)) = (self.node(small), self.node(large)) else {
            return false;
        };
        if let Some(fits) = self.fits.get(&(small, large)) {
            return *fits;
        }
        let [a, b] = inner.sides;
        let fits = (!inner.ordered || outer.ordered)
            && (self.both_fit([a, b], outer.sides)
                || !inner.ordered && self.both_fit([b, a], outer.sides));
        self.fits.insert((small, large), fits);
        fits
    }

    fn both_fit(&mut self, small: [ShapeId; 2], large: [ShapeId; 2]) -> bool {
        self.fits(small[0], large[0]) && self.fits(small[1], large[1])
    }
}

/// Whether the branch's sides are fixed, and what follows a bit of 0 and of 1. The bit of a test for equality is 1 where it holds; of
/// others either bit may be either side, so this is only where to begin.
pub(crate) fn natural_sides(branch: &Branch) -> (bool, [Child; 2]) {
    (
        branch.split == Split::Equal,
        [branch.on_false, branch.on_true],
    )
}
