//! Shapes that several trees fit into.
//!
//! A tree fits into a shape if its branches can be put into the shape's slots, parents above
//! children; slots it does not need stay empty.

use std::collections::HashMap;

use crate::tree::{Branch, Child, Split, Tree};

/// A shape, by its number in [`Shapes`]; equal shapes have equal numbers.
pub(crate) type ShapeId = u32;

/// The shape without branches.
pub(crate) const LEAF: ShapeId = 0;

/// Shapes of more slots are united side by side: trying both ways takes time that grows with the
/// product of their sizes.
const MAX_CROSSED: usize = 80;

/// What may stand in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SlotKind {
    /// A comparison. Either side may be the one where it holds.
    Compare,
    /// A test for equality; where it holds is fixed.
    Equal,
    /// A comparison or a test for equality.
    Both,
}

impl SlotKind {
    fn with(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }

    fn channels(self) -> usize {
        if self == Self::Both { 2 } else { 1 }
    }

    fn holds(self, other: Self) -> bool {
        self == other || self == Self::Both
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    kind: SlotKind,
    sides: [ShapeId; 2],
}

/// All shapes seen so far.
#[derive(Debug)]
pub(crate) struct Shapes {
    /// `LEAF` has none.
    nodes: Vec<Option<Node>>,
    channels: Vec<usize>,
    leaves: Vec<usize>,
    known: HashMap<Node, ShapeId>,
    unions: HashMap<(ShapeId, ShapeId), ShapeId>,
    fits: HashMap<(ShapeId, ShapeId), bool>,
}

impl Shapes {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![None],
            channels: vec![0],
            leaves: vec![1],
            known: HashMap::new(),
            unions: HashMap::new(),
            fits: HashMap::new(),
        }
    }

    fn node(&self, id: ShapeId) -> Option<Node> {
        self.nodes.get(id as usize).copied().flatten()
    }

    /// Channels that a shape's branches take.
    pub(crate) fn channels(&self, id: ShapeId) -> usize {
        self.channels.get(id as usize).copied().unwrap_or(0)
    }

    /// Leaves of a shape.
    pub(crate) fn leaves(&self, id: ShapeId) -> usize {
        self.leaves.get(id as usize).copied().unwrap_or(1)
    }

    /// What may stand at the root, and what follows a bit of 0 and of 1; `None` for a leaf.
    pub(crate) fn sides(&self, id: ShapeId) -> Option<(SlotKind, [ShapeId; 2])> {
        self.node(id).map(|node| (node.kind, node.sides))
    }

    fn intern(&mut self, node: Node) -> ShapeId {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = self.nodes.len() as ShapeId;
        let [a, b] = node.sides;
        self.channels
            .push(self.channels(a) + self.channels(b) + node.kind.channels());
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
        let kind = match branch.split {
            Split::Compare(_) => SlotKind::Compare,
            Split::Equal => SlotKind::Equal,
        };
        let mut sides = natural_sides(branch).map(|side| self.of(tree, side, of));
        // Where the sides can change places, one order stands for both.
        let size = |id| (self.channels(id), id);
        if kind == SlotKind::Compare && size(sides[0]) < size(sides[1]) {
            sides.swap(0, 1);
        }
        let id = self.intern(Node { kind, sides });
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
        let ([a0, a1], [b0, b1]) = (left.sides, right.sides);
        let mut sides = [self.union(a0, b0), self.union(a1, b1)];
        let free = left.kind == SlotKind::Compare || right.kind == SlotKind::Compare;
        if free && self.channels(a).min(self.channels(b)) <= MAX_CROSSED {
            let mut crossed = [self.union(a0, b1), self.union(a1, b0)];
            let size = |sides: [ShapeId; 2]| self.channels(sides[0]) + self.channels(sides[1]);
            if size(crossed) < size(sides) {
                // The one whose sides are fixed keeps them.
                if left.kind == SlotKind::Compare {
                    crossed.swap(0, 1);
                }
                sides = crossed;
            }
        }
        let kind = left.kind.with(right.kind);
        let id = self.intern(Node { kind, sides });
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
        if self.channels(small) > self.channels(large) {
            return false;
        }
        if let Some(fits) = self.fits.get(&(small, large)) {
            return *fits;
        }
        let [a, b] = inner.sides;
        let fits = outer.kind.holds(inner.kind)
            && (self.both_fit([a, b], outer.sides)
                || inner.kind == SlotKind::Compare && self.both_fit([b, a], outer.sides));
        self.fits.insert((small, large), fits);
        fits
    }

    fn both_fit(&mut self, small: [ShapeId; 2], large: [ShapeId; 2]) -> bool {
        self.fits(small[0], large[0]) && self.fits(small[1], large[1])
    }
}

/// What follows a bit of 0 and of 1, if the bit is 1 where the branch holds.
pub(crate) fn natural_sides(branch: &Branch) -> [Child; 2] {
    [branch.on_false, branch.on_true]
}
