//! Every tree in its slots.
//!
//! The trees of a group share one shape. A group becomes two tensors of planes, `[channel][1][tree]`: one channel for each slot of the
//! shape (two where a test for equality stands, which is the difference of two steps), and one for each leaf. A leaf's cell is 1
//! where every bit on the path to it is as it must be, so the same weights join nodes to leaves at every position:
//!
//! ```text
//! leaf[l][t] = [ Σ_(bits that must be 1) node[n][t] − Σ_(bits that must be 0) node[n][t] ≥ number of bits that must be 1 ]
//! ```
//!
//! A tree that ends above a leaf of its shape has constant zeros below, so that it ends in the leaf reached by zeros alone. Hence the
//! very first leaf of the shape, reached by zeros alone, ends one leaf of every tree: its cell is left out, its value is what the
//! tree adds where all other cells are 0, and the other cells add what their leaf differs from it.

use std::collections::BTreeMap;

use super::shape::{LEAF, ShapeId, Shapes, natural_sides};
use super::{Child, Tree, rows};

/// What a node's cell says about its branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bit {
    /// 1 if the branch holds.
    Holds,
    /// 1 if it does not.
    Fails,
    /// The first cell of a test for equality: `x ≥ t`.
    NotBelow,
    /// The second, subtracted from the first: `x > t`.
    Above,
}

/// A cell of a node tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeCell {
    /// The branch of the tree at this position.
    pub(crate) branch: usize,
    pub(crate) bit: Bit,
}

/// The way to a leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    /// Node channels with their weights, 1 or −1, by ascending channel.
    pub(crate) weights: Vec<(usize, i32)>,
    /// How many bits must be 1.
    pub(crate) ones: i64,
}

/// Trees of one shape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// Indices of the trees, by position.
    pub(crate) trees: Vec<usize>,
    /// `[channel][position]`; `None` is always 0.
    pub(crate) nodes: Vec<Vec<Option<NodeCell>>>,
    /// One per leaf channel.
    pub(crate) paths: Vec<Path>,
    /// `[channel][position]`: the leaf of that tree, if it has one there.
    pub(crate) leaves: Vec<Vec<Option<usize>>>,
    /// For each position the leaf that has no cell.
    pub(crate) first: Vec<usize>,
}

/// Puts all trees that have a branch into groups, choosing the groups that take the fewest rows.
pub(crate) fn place(trees: &[Tree]) -> Vec<Group> {
    let mut shapes = Shapes::new();
    let of: Vec<Vec<ShapeId>> = trees.iter().map(|tree| shapes.of_branches(tree)).collect();
    let roots: Vec<ShapeId> = trees
        .iter()
        .zip(&of)
        .map(|(tree, of)| shape_at(of, tree.root))
        .collect();
    let mut best: Option<(usize, Vec<Group>)> = None;
    for partition in partitions(&mut shapes, &roots) {
        let groups: Vec<Group> = partition
            .iter()
            .map(|(shape, members)| group(&mut shapes, trees, &of, *shape, members))
            .collect();
        let cost = cost(trees, &groups);
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, groups));
        }
    }
    best.map(|(_, groups)| groups).unwrap_or_default()
}

fn shape_at(of: &[ShapeId], child: Child) -> ShapeId {
    match child {
        Child::Leaf(_) => LEAF,
        Child::Branch(index) => of.get(index).copied().unwrap_or(LEAF),
    }
}

/// Rows of all groups and of the features' streams to them.
pub(crate) fn cost(trees: &[Tree], groups: &[Group]) -> usize {
    let cells: usize = groups
        .iter()
        .map(|group| rows::cells(group.nodes.len(), group.leaves.len(), group.trees.len()))
        .sum();
    let mut exponent: usize = groups.iter().map(|group| group.nodes.len()).sum();
    let mut features: BTreeMap<usize, BTreeMap<usize, (usize, usize)>> = BTreeMap::new();
    for group in groups {
        for channel in &group.nodes {
            // Exponents count from the last channel.
            exponent -= 1;
            for (position, cell) in channel.iter().enumerate() {
                let branch =
                    cell.and_then(|cell| trees[group.trees[position]].branches.get(cell.branch));
                let Some(branch) = branch else { continue };
                features
                    .entry(branch.feature)
                    .or_default()
                    .entry(position)
                    .and_modify(|(low, high)| {
                        (*low, *high) = (exponent.min(*low), exponent.max(*high));
                    })
                    .or_insert((exponent, exponent));
            }
        }
    }
    cells + features.values().map(rows::feature).sum::<usize>()
}

/// Trees of one shape, by index.
type Part = (ShapeId, Vec<usize>);

/// Shapes further apart, sorted by size, are not tried together.
const NEIGHBOURS: usize = 24;
/// Partitions that are worth being laid out.
const CANDIDATES: usize = 24;

/// Ways to divide the trees: from one group for every shape to one group for all, each time joining the two that gain most.
fn partitions(shapes: &mut Shapes, roots: &[ShapeId]) -> Vec<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for (tree, shape) in roots
        .iter()
        .enumerate()
        .filter(|(_, shape)| **shape != LEAF)
    {
        match parts.iter_mut().find(|(other, _)| other == shape) {
            Some((_, members)) => members.push(tree),
            None => parts.push((*shape, vec![tree])),
        }
    }
    let mut all = Vec::new();
    let stages = parts.len();
    let every = stages.div_ceil(CANDIDATES).max(1);
    loop {
        parts.sort_by_key(|(shape, members)| (shapes.slots(*shape), *shape, members.len()));
        if parts.len() <= CANDIDATES / 2 || parts.len() % every == 0 {
            all.push(in_order(&parts));
        }
        let Some((_, a, b, shape)) = best_pair(shapes, &parts) else {
            return all;
        };
        let (_, joining) = parts.remove(b);
        let (old, members) = &mut parts[a];
        *old = shape;
        members.extend(joining);
    }
}

/// The largest groups last, where a stream that comes down from high positions needs the fewest blocks.
fn in_order(parts: &[Part]) -> Vec<Part> {
    let mut parts = parts.to_vec();
    parts.sort_by_key(|(_, members)| members.len());
    parts
}

/// The pair `a < b` whose union gains most (or costs least), with that union.
fn best_pair(shapes: &mut Shapes, parts: &[Part]) -> Option<(i64, usize, usize, ShapeId)> {
    let mut best: Option<(i64, usize, usize, ShapeId)> = None;
    for a in 0..parts.len() {
        for b in a + 1..parts.len().min(a + 1 + NEIGHBOURS) {
            let ((left, m), (right, n)) = (&parts[a], &parts[b]);
            let union = shapes.union(*left, *right);
            let rows = |shape, trees: usize| {
                rows::cells(shapes.slots(shape), shapes.leaves(shape) - 1, trees) as i64
            };
            let gain =
                rows(*left, m.len()) + rows(*right, n.len()) - rows(union, m.len() + n.len());
            if best.is_none_or(|(most, ..)| gain > most) {
                best = Some((gain, a, b, union));
            }
        }
    }
    best
}

/// Where the nodes and leaves of a shape are.
enum Slot {
    /// The channel of a leaf; `None` for the first one.
    Leaf(Option<usize>),
    Node {
        shape: ShapeId,
        channel: usize,
        ordered: bool,
        sides: Box<[Slot; 2]>,
    },
}

fn group(
    shapes: &mut Shapes,
    trees: &[Tree],
    of: &[Vec<ShapeId>],
    shape: ShapeId,
    members: &[usize],
) -> Group {
    let mut group = Group {
        trees: members.to_vec(),
        ..Group::default()
    };
    let slot = number(shapes, shape, &mut group, &mut Path::default());
    group
        .nodes
        .iter_mut()
        .for_each(|channel| channel.resize(members.len(), None));
    group
        .leaves
        .iter_mut()
        .for_each(|channel| channel.resize(members.len(), None));
    group.first = vec![0; members.len()];
    for (position, &tree) in members.iter().enumerate() {
        let tree = Placing {
            tree: &trees[tree],
            shapes: &of[tree],
            position,
        };
        tree.put(shapes, tree.tree.root, &slot, &mut group);
    }
    group
}

/// Numbers the channels of a shape, from the root downwards, zeros first.
fn number(shapes: &Shapes, shape: ShapeId, group: &mut Group, path: &mut Path) -> Slot {
    let Some((ordered, sides)) = shapes.sides(shape) else {
        // Only the first leaf needs no ones, and it is the first one met.
        if path.ones == 0 {
            return Slot::Leaf(None);
        }
        group.leaves.push(Vec::new());
        group.paths.push(path.clone());
        return Slot::Leaf(Some(group.leaves.len() - 1));
    };
    let channel = group.nodes.len();
    group.nodes.push(Vec::new());
    if ordered {
        group.nodes.push(Vec::new());
    }
    let mut side = |bit: usize| {
        let weight = if bit == 1 { 1 } else { -1 };
        let before = path.weights.len();
        path.weights.push((channel, weight));
        if ordered {
            path.weights.push((channel + 1, -weight));
        }
        path.ones += bit as i64;
        let slot = number(shapes, sides[bit], group, path);
        path.ones -= bit as i64;
        path.weights.truncate(before);
        slot
    };
    let sides = Box::new([side(0), side(1)]);
    Slot::Node {
        shape,
        channel,
        ordered,
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
            // A branch fits no leaf; shapes are unions, so this does not happen.
            (Child::Branch(_), Slot::Leaf(_)) => {}
        }
    }

    fn branch(&self, shapes: &mut Shapes, index: usize, slot: &Slot, group: &mut Group) {
        let (
            Slot::Node {
                channel,
                ordered,
                sides,
                ..
            },
            Some(branch),
        ) = (slot, self.tree.branches.get(index))
        else {
            return;
        };
        let (fixed, natural) = natural_sides(branch);
        let mut fits = |children: [Child; 2]| {
            [0, 1].iter().all(|&bit| {
                shapes.fits(
                    shape_at(self.shapes, children[bit]),
                    slot_shape(&sides[bit]),
                )
            })
        };
        let swapped = [natural[1], natural[0]];
        let children = if fixed || fits(natural) || !fits(swapped) {
            natural
        } else {
            swapped
        };
        let mut set = |channel: usize, bit| {
            group.nodes[channel][self.position] = Some(NodeCell { branch: index, bit });
        };
        if fixed {
            set(*channel, Bit::NotBelow);
            if *ordered {
                set(channel + 1, Bit::Above);
            }
        } else if children == natural {
            set(*channel, Bit::Holds);
        } else {
            set(*channel, Bit::Fails);
        }
        self.put(shapes, children[0], &sides[0], group);
        self.put(shapes, children[1], &sides[1], group);
    }
}

fn slot_shape(slot: &Slot) -> ShapeId {
    match slot {
        Slot::Leaf(_) => LEAF,
        Slot::Node { shape, .. } => *shape,
    }
}
