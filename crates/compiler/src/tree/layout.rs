//! Every tree in its slots.
//!
//! The trees of a group share one shape. A group becomes tensors of planes, `[channel][1][tree]`:
//! one channel for each slot of the shape, and one for each leaf. A leaf's cell is 1 where every
//! bit on the path to it is as it must be, so the same weights join nodes to leaves at every
//! position:
//!
//! ```text
//! leaf[l][t] = [ Σ_(bits that must be 1) node[n][t] − Σ_(bits that must be 0) node[n][t]
//!                ≥ number of bits that must be 1 ]
//! ```
//!
//! A tree that ends above a leaf of its shape has constant zeros below, so that it ends in the leaf
//! reached by zeros alone. Hence the very first leaf of the shape, reached by zeros alone, ends one
//! leaf of every tree: its cell is left out, its value is what the tree adds where all other cells
//! are 0, and the other cells add what their leaf differs from it.
//!
//! Comparisons and tests for equality are bits of two tensors, as they are looked up in different
//! tables. A slot that some trees of the group fill with the one and some with the other has a
//! channel in both; one of the two cells is always 0.

use crate::tree::shape::{LEAF, ShapeId, Shapes, SlotKind, natural_sides};
use crate::tree::{Child, Split, Tree};

/// A cell of a node tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeCell {
    /// The branch of the tree at this position.
    pub(crate) branch: usize,
    /// Whether the bit is 1 where the branch holds, or where it does not.
    pub(crate) holds: bool,
}

/// `[channel][position]`; `None` is always 0.
pub(crate) type Plane<T> = Vec<Vec<Option<T>>>;

/// The way to a leaf: channels of bits with their weights, 1 or −1, by ascending channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) compared: Vec<(usize, i32)>,
    pub(crate) equal: Vec<(usize, i32)>,
    /// How many bits must be 1.
    pub(crate) ones: i64,
}

/// Trees of one shape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// Indices of the trees, by position.
    pub(crate) trees: Vec<usize>,
    /// Branches that compare.
    pub(crate) compared: Plane<NodeCell>,
    /// Branches that test for equality.
    pub(crate) equal: Plane<NodeCell>,
    /// One per leaf channel.
    pub(crate) paths: Vec<Path>,
    /// The leaf of the tree at this position, if it has one there.
    pub(crate) leaves: Plane<usize>,
    /// For each position the leaf that has no cell.
    pub(crate) first: Vec<usize>,
}

/// The trees with the shape of what begins at each of their branches.
pub(crate) struct Shaped<'a> {
    pub(crate) trees: &'a [Tree],
    pub(crate) of: Vec<Vec<ShapeId>>,
}

impl<'a> Shaped<'a> {
    pub(crate) fn new(shapes: &mut Shapes, trees: &'a [Tree]) -> Self {
        Self {
            trees,
            of: trees.iter().map(|tree| shapes.of_branches(tree)).collect(),
        }
    }

    /// The shape of a whole tree.
    pub(crate) fn root(&self, tree: usize) -> ShapeId {
        shape_at(&self.of[tree], self.trees[tree].root)
    }

    /// Puts the trees `members` into the slots of `shape`, which they fit into.
    pub(crate) fn group(&self, shapes: &mut Shapes, shape: ShapeId, members: &[usize]) -> Group {
        let mut group = Group {
            trees: members.to_vec(),
            ..Group::default()
        };
        let slot = number(shapes, shape, &mut group, &mut Path::default());
        for plane in [&mut group.compared, &mut group.equal] {
            plane
                .iter_mut()
                .for_each(|channel| channel.resize(members.len(), None));
        }
        group
            .leaves
            .iter_mut()
            .for_each(|channel| channel.resize(members.len(), None));
        group.first = vec![0; members.len()];
        for (position, &tree) in members.iter().enumerate() {
            let placing = Placing {
                tree: &self.trees[tree],
                shapes: &self.of[tree],
                position,
            };
            placing.put(shapes, placing.tree.root, &slot, &mut group);
        }
        group
    }
}

fn shape_at(of: &[ShapeId], child: Child) -> ShapeId {
    match child {
        Child::Leaf(_) => LEAF,
        Child::Branch(index) => of.get(index).copied().unwrap_or(LEAF),
    }
}

/// Where the nodes and leaves of a shape are.
enum Slot {
    /// The channel of a leaf; `None` for the first one.
    Leaf(Option<usize>),
    Node {
        shape: ShapeId,
        /// Channels of a comparison and of a test for equality.
        channels: [usize; 2],
        sides: Box<[Slot; 2]>,
    },
}

impl Slot {
    fn shape(&self) -> ShapeId {
        match self {
            Self::Leaf(_) => LEAF,
            Self::Node { shape, .. } => *shape,
        }
    }
}

/// Numbers the channels of a shape, from the root downwards, zeros first.
fn number(shapes: &Shapes, shape: ShapeId, group: &mut Group, path: &mut Path) -> Slot {
    let Some((kind, sides)) = shapes.sides(shape) else {
        // Only the first leaf needs no ones, and it is the first one met.
        if path.ones == 0 {
            return Slot::Leaf(None);
        }
        group.leaves.push(Vec::new());
        group.paths.push(path.clone());
        return Slot::Leaf(Some(group.leaves.len() - 1));
    };
    let channels = [group.compared.len(), group.equal.len()];
    if kind != SlotKind::Equal {
        group.compared.push(Vec::new());
    }
    if kind != SlotKind::Compare {
        group.equal.push(Vec::new());
    }
    let mut side = |bit: usize| {
        let weight = if bit == 1 { 1 } else { -1 };
        if kind != SlotKind::Equal {
            path.compared.push((channels[0], weight));
        }
        if kind != SlotKind::Compare {
            path.equal.push((channels[1], weight));
        }
        path.ones += bit as i64;
        let slot = number(shapes, sides[bit], group, path);
        path.ones -= bit as i64;
        if kind != SlotKind::Equal {
            path.compared.pop();
        }
        if kind != SlotKind::Compare {
            path.equal.pop();
        }
        slot
    };
    let sides = Box::new([side(0), side(1)]);
    Slot::Node {
        shape,
        channels,
        sides,
    }
}

/// A tree on its way into its slots.
struct Placing<'a> {
    tree: &'a Tree,
    /// The shape below each branch.
    shapes: &'a [ShapeId],
    position: usize,
}

impl Placing<'_> {
    fn put(&self, shapes: &mut Shapes, child: Child, slot: &Slot, group: &mut Group) {
        match (child, slot) {
            (Child::Leaf(leaf), Slot::Leaf(None)) => group.first[self.position] = leaf,
            (Child::Leaf(leaf), Slot::Leaf(Some(channel))) => {
                group.leaves[*channel][self.position] = Some(leaf);
            }
            // All zeros below.
            (Child::Leaf(_), Slot::Node { sides, .. }) => self.put(shapes, child, &sides[0], group),
            (Child::Branch(index), Slot::Node { .. }) => self.branch(shapes, index, slot, group),
            // Its shape does not fit the slot's; whoever chose the slots saw to it that it does.
            (Child::Branch(_), Slot::Leaf(_)) => {}
        }
    }

    fn branch(&self, shapes: &mut Shapes, index: usize, slot: &Slot, group: &mut Group) {
        let Some(branch) = self.tree.branches.get(index) else {
            return;
        };
        let Slot::Node {
            channels, sides, ..
        } = slot
        else {
            return;
        };
        let natural = natural_sides(branch);
        let swapped = [natural[1], natural[0]];
        let mut fits = |children: [Child; 2]| {
            [0, 1]
                .iter()
                .all(|&bit| shapes.fits(shape_at(self.shapes, children[bit]), sides[bit].shape()))
        };
        // Which side of a comparison is 1 is free.
        let equal = branch.split == Split::Equal;
        let holds = equal || fits(natural) || !fits(swapped);
        let children = if holds { natural } else { swapped };
        let cell = Some(NodeCell {
            branch: index,
            holds,
        });
        if equal {
            group.equal[channels[1]][self.position] = cell;
        } else {
            group.compared[channels[0]][self.position] = cell;
        }
        self.put(shapes, children[0], &sides[0], group);
        self.put(shapes, children[1], &sides[1], group);
    }
}
