//! How an ensemble's trees are put into tensors, chosen by the rows they take.
//!
//! Trees side by side on the position axis cost two rows for every cell and hardly anything for the
//! weights between nodes and leaves, which all share; but a tree pays for every slot of the common
//! shape. Trees one after the other, each bundle of them on levels of its own, cost one row for
//! every cell and pay for their own weights only, which grow with the square of the bundle's size.
//! Large regular trees are cheaper the first way, small and irregular ones the second; some of
//! either kind may be cheapest.

use std::collections::BTreeMap;

use crate::tree::layout::{Group, Path, Plane, Shaped};
use crate::tree::shape::{LEAF, ShapeId, Shapes};
use crate::tree::{Tree, rows};

/// Where all trees of an ensemble are that have a branch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Flat trees, level after level, from the inputs on: bundles of groups of one tree each.
    pub(crate) bundles: Vec<Vec<Group>>,
    /// Trees side by side, last.
    pub(crate) planes: Vec<Group>,
}

#[cfg(test)]
impl Plan {
    /// An estimate of the rows it takes.
    pub(super) fn rows(&self, trees: &[Tree], scores: usize) -> usize {
        planes_rows(trees, &self.planes) + bundles_rows(trees, &self.bundles, scores)
    }
}

/// Sizes of bundles that are tried, in branches.
const BUNDLES: [usize; 10] = [1, 8, 16, 24, 32, 48, 64, 96, 128, 192];
/// Most groups that are tried side by side: the weights of each are streamed past the leaves of
/// those behind it.
const MAX_GROUPS: usize = 6;
/// Shapes further apart, sorted by size, are not tried together.
const NEIGHBOURS: usize = 24;
/// Ensembles of more branches are laid out in a few ways only.
const MANY: usize = 20_000;

/// Puts the trees where they take the fewest rows. Every tree gets `scores` numbers.
pub(crate) fn place(trees: &[Tree], scores: usize) -> Plan {
    let mut shapes = Shapes::new();
    let shaped = Shaped::new(&mut shapes, trees);
    let mut order: Vec<usize> = (0..trees.len())
        .filter(|tree| shaped.root(*tree) != LEAF)
        .collect();
    // The largest first; equal ones stay in order.
    order.sort_by_key(|tree| std::cmp::Reverse(trees[*tree].branches.len()));
    let branches: usize = trees.iter().map(|tree| tree.branches.len()).sum();
    let shares = if branches > MANY {
        vec![0, 4]
    } else {
        (0..=4).collect()
    };
    let mut best: Option<(usize, Plan)> = None;
    for share in shares {
        let (large, small) = order.split_at(order.len() * share / 4);
        let planes = best_of(partitions(&mut shapes, &shaped, large), |planes| {
            planes_rows(trees, planes)
        });
        let bundles = best_of(bundles(&mut shapes, &shaped, small), |bundles| {
            bundles_rows(trees, bundles, scores)
        });
        let (planes_rows, planes) = planes.unwrap_or_default();
        let (bundles_rows, bundles) = bundles.unwrap_or_default();
        let rows = planes_rows + bundles_rows;
        if best.as_ref().is_none_or(|(least, _)| rows < *least) {
            best = Some((rows, Plan { bundles, planes }));
        }
    }
    let (rows, plan) = best.unwrap_or_default();
    tracing::debug!(
        rows,
        bundles = plan.bundles.len(),
        planes = plan.planes.len(),
        "trees placed"
    );
    plan
}

fn best_of<T>(candidates: Vec<T>, rows: impl Fn(&T) -> usize) -> Option<(usize, T)> {
    candidates
        .into_iter()
        .map(|candidate| (rows(&candidate), candidate))
        .min_by_key(|(rows, _)| *rows)
}

/// Bundles of groups, one after the other.
type Bundles = Vec<Vec<Group>>;

/// Ways to put the trees `members` one after the other.
pub(super) fn bundles(shapes: &mut Shapes, shaped: &Shaped<'_>, members: &[usize]) -> Vec<Bundles> {
    let groups: Vec<Group> = members
        .iter()
        .map(|tree| shaped.group(shapes, shaped.root(*tree), &[*tree]))
        .collect();
    let bundled = |size: usize| {
        let mut bundles = Bundles::new();
        let mut room = 0;
        for group in &groups {
            let channels = group.compared.len() + group.equal.len();
            match bundles.last_mut() {
                Some(last) if channels <= room => last.push(group.clone()),
                _ => {
                    bundles.push(vec![group.clone()]);
                    room = size.max(channels);
                }
            }
            room -= channels;
        }
        bundles
    };
    let mut all: Vec<Bundles> = BUNDLES.iter().map(|size| bundled(*size)).collect();
    all.dedup_by_key(|bundles| bundles.len());
    all
}

/// Trees of one shape, by index.
type Part = (ShapeId, Vec<usize>);

/// Ways to put the trees `members` side by side: in a few groups, each time joining the two that
/// gain most.
pub(super) fn partitions(
    shapes: &mut Shapes,
    shaped: &Shaped<'_>,
    members: &[usize],
) -> Vec<Vec<Group>> {
    let mut parts: Vec<Part> = Vec::new();
    for &tree in members {
        let shape = shaped.root(tree);
        match parts.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, members)) => members.push(tree),
            None => parts.push((shape, vec![tree])),
        }
    }
    let mut all = Vec::new();
    loop {
        parts.sort_by_key(|(shape, members)| (shapes.channels(*shape), *shape, members.len()));
        if parts.len() <= MAX_GROUPS {
            // The largest group last: a stream comes down to it from high positions by way of few
            // blocks.
            let mut parts = parts.clone();
            parts.sort_by_key(|(_, members)| members.len());
            let groups = parts
                .iter()
                .map(|(shape, members)| shaped.group(shapes, *shape, members));
            all.push(groups.collect());
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

/// The pair `a < b` whose union gains most (or costs least), with that union.
fn best_pair(shapes: &mut Shapes, parts: &[Part]) -> Option<(i64, usize, usize, ShapeId)> {
    let mut best: Option<(i64, usize, usize, ShapeId)> = None;
    for a in 0..parts.len() {
        for b in a + 1..parts.len().min(a + 1 + NEIGHBOURS) {
            let ((left, m), (right, n)) = (&parts[a], &parts[b]);
            let union = shapes.union(*left, *right);
            let cells = |shape, trees: usize| {
                ((shapes.channels(shape) + shapes.leaves(shape)) * trees) as i64
            };
            let gain =
                cells(*left, m.len()) + cells(*right, n.len()) - cells(union, m.len() + n.len());
            if best.is_none_or(|(most, ..)| gain > most) {
                best = Some((gain, a, b, union));
            }
        }
    }
    best
}

/// Rows of trees side by side, the features' streams to them included.
fn planes_rows(trees: &[Tree], groups: &[Group]) -> usize {
    let mut rows = 0;
    let mut behind: usize = groups.iter().map(|group| group.leaves.len()).sum();
    for group in groups {
        behind -= group.leaves.len();
        let channels = group.compared.len() + group.equal.len() + group.leaves.len();
        rows += rows::PLANE_CELL * channels * group.trees.len() + streams(group, behind);
    }
    let planes: Vec<(&Group, usize)> = groups.iter().map(|group| (group, 0)).collect();
    rows + features(trees, &planes)
}

/// Rows of trees one after the other, the features' streams to them included.
fn bundles_rows(trees: &[Tree], bundles: &[Vec<Group>], scores: usize) -> usize {
    let mut rows = 0;
    let mut placed = Vec::new();
    for (number, bundle) in bundles.iter().enumerate() {
        let mut behind: usize = bundle.iter().map(|group| group.leaves.len()).sum();
        // A sum streams past the leaves of the next level.
        rows += scores * (2 + rows::blocks(behind));
        for group in bundle {
            behind -= group.leaves.len();
            let channels = group.compared.len() + group.equal.len();
            rows += channels + group.leaves.len() * (2 + rows::blocks(scores));
            rows += streams(group, behind + scores);
            placed.push((group, bundles.len() - number));
        }
    }
    rows + features(trees, &placed)
}

/// Rows of the streams from a group's nodes to its leaves, `behind` channels from the end of their
/// level.
fn streams(group: &Group, behind: usize) -> usize {
    let mut farthest = [vec![0; group.compared.len()], vec![0; group.equal.len()]];
    for (leaf, path) in group.paths.iter().enumerate() {
        let exponent = behind + group.leaves.len() - 1 - leaf;
        let Path {
            compared, equal, ..
        } = path;
        for (channels, farthest) in [compared, equal].into_iter().zip(&mut farthest) {
            for (channel, _) in channels {
                farthest[*channel] = exponent.max(farthest[*channel]);
            }
        }
    }
    let all = farthest.iter().flatten();
    all.map(|exponent| 1 + rows::blocks(*exponent)).sum()
}

/// Rows of the streams from the features to groups, each some levels away.
fn features(trees: &[Tree], groups: &[(&Group, usize)]) -> usize {
    // Channels count from the last of their level.
    let mut exponents: BTreeMap<usize, usize> = BTreeMap::new();
    for (group, level) in groups {
        *exponents.entry(*level).or_default() += group.compared.len() + group.equal.len();
    }
    let mut met: BTreeMap<usize, BTreeMap<usize, (usize, usize)>> = BTreeMap::new();
    for (group, level) in groups {
        let planes: [&Plane<_>; 2] = [&group.compared, &group.equal];
        for channel in planes.into_iter().flatten() {
            let Some(exponent) = exponents.get_mut(level) else {
                continue;
            };
            *exponent -= 1;
            for (position, cell) in channel.iter().enumerate() {
                let branches = &trees[group.trees[position]].branches;
                let branch = cell.and_then(|cell| branches.get(cell.branch));
                let Some(branch) = branch else { continue };
                // Levels and positions are stepped through alike, and never both: several positions
                // share one level.
                let met = met.entry(branch.feature).or_default();
                let (low, high) = met
                    .entry(level + position)
                    .or_insert((*exponent, *exponent));
                (*low, *high) = ((*exponent).min(*low), (*exponent).max(*high));
            }
        }
    }
    met.values().map(rows::feature).sum()
}
