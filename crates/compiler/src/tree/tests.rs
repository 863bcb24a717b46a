//! Random trees, in every way they can be put into slots, lead to the leaves they lead to by
//! themselves.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::plan::{bundles, partitions, place};
use crate::float::comparison::Comparison;
use crate::tree::layout::{Group, Plane, Shaped};
use crate::tree::shape::Shapes;
use crate::tree::{Branch, Child, Split, Tree};

const FEATURES: usize = 3;

fn tree(rng: &mut ChaCha8Rng, depth: u32) -> Tree {
    let mut tree = Tree {
        root: Child::Leaf(0),
        branches: Vec::new(),
        leaves: Vec::new(),
    };
    tree.root = grow(rng, depth, &mut tree);
    tree
}

fn grow(rng: &mut ChaCha8Rng, depth: u32, tree: &mut Tree) -> Child {
    if depth == 0 || rng.gen_bool(0.25) {
        tree.leaves
            .push(vec![(0, f64::from(tree.leaves.len() as u32))]);
        return Child::Leaf(tree.leaves.len() - 1);
    }
    let splits = [
        Split::Compare(Comparison::AtMost),
        Split::Compare(Comparison::Below),
        Split::Compare(Comparison::AtLeast),
        Split::Compare(Comparison::Above),
        Split::Equal,
    ];
    let on_true = grow(rng, depth - 1, tree);
    let on_false = grow(rng, depth - 1, tree);
    tree.branches.push(Branch {
        feature: rng.gen_range(0..FEATURES),
        split: splits[rng.gen_range(0..splits.len())],
        threshold: f64::from(rng.gen_range(0..4)),
        missing_true: false,
        on_true,
        on_false,
    });
    Child::Branch(tree.branches.len() - 1)
}

fn holds(branch: &Branch, x: &[f64]) -> bool {
    let (v, t) = (x[branch.feature], branch.threshold);
    match branch.split {
        Split::Compare(Comparison::AtMost) => v <= t,
        Split::Compare(Comparison::Below) => v < t,
        Split::Compare(Comparison::AtLeast) => v >= t,
        Split::Compare(_) => v > t,
        Split::Equal => v == t,
    }
}

fn leaf(tree: &Tree, x: &[f64]) -> usize {
    let mut at = tree.root;
    loop {
        match at {
            Child::Leaf(leaf) => return leaf,
            Child::Branch(index) => {
                let branch = &tree.branches[index];
                at = if holds(branch, x) {
                    branch.on_true
                } else {
                    branch.on_false
                };
            }
        }
    }
}

/// Every tree of the group ends in the leaf that it should.
fn check(trees: &[Tree], group: &Group, x: &[f64]) {
    for (position, &number) in group.trees.iter().enumerate() {
        let tree = &trees[number];
        let bits = |plane: &Plane<_>| -> Vec<i64> {
            let bit = |channel: &Vec<Option<super::layout::NodeCell>>| {
                channel[position].map_or(0, |cell| {
                    i64::from(holds(&tree.branches[cell.branch], x) == cell.holds)
                })
            };
            plane.iter().map(bit).collect()
        };
        let (compared, equal) = (bits(&group.compared), bits(&group.equal));
        let reached: Vec<usize> = (0..group.paths.len())
            .filter(|channel| {
                let path = &group.paths[*channel];
                let sum = |path: &[(usize, i32)], bits: &[i64]| -> i64 {
                    path.iter()
                        .map(|(bit, weight)| i64::from(*weight) * bits[*bit])
                        .sum()
                };
                sum(&path.compared, &compared) + sum(&path.equal, &equal) >= path.ones
            })
            .collect();
        let found = match reached[..] {
            [] => group.first[position],
            [channel] => group.leaves[channel][position].expect("a leaf of the tree"),
            _ => panic!("{} leaves are reached", reached.len()),
        };
        assert_eq!(found, leaf(tree, x));
    }
}

#[test]
fn slots_lead_where_trees_lead() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let count = rng.gen_range(1..12);
        let depth = rng.gen_range(1..6);
        let trees: Vec<Tree> = (0..count).map(|_| tree(&mut rng, depth)).collect();
        let mut shapes = Shapes::new();
        let shaped = Shaped::new(&mut shapes, &trees);
        let members: Vec<usize> = (0..count)
            .filter(|tree| matches!(trees[*tree].root, Child::Branch(_)))
            .collect();
        let mut ways = partitions(&mut shapes, &shaped, &members);
        let bundles = bundles(&mut shapes, &shaped, &members);
        ways.extend(bundles.into_iter().map(|bundles| bundles.concat()));
        let plan = place(&trees, 1);
        ways.push([plan.bundles.concat(), plan.planes].concat());
        for way in ways {
            let mut placed: Vec<usize> = way.iter().flat_map(|group| group.trees.clone()).collect();
            placed.sort_unstable();
            assert_eq!(placed, members);
            for _ in 0..30 {
                let x: Vec<f64> = (0..FEATURES)
                    .map(|_| f64::from(rng.gen_range(0..8)) / 2.0)
                    .collect();
                way.iter().for_each(|group| check(&trees, group, &x));
            }
        }
    }
}

/// A hundred complete trees of depth six over thirty features, whatever they compare.
#[test]
fn the_promised_ensemble_is_short() {
    fn complete(rng: &mut ChaCha8Rng, depth: u32, tree: &mut Tree) -> Child {
        if depth == 0 {
            tree.leaves.push(vec![(0, 1.0)]);
            return Child::Leaf(tree.leaves.len() - 1);
        }
        let on_true = complete(rng, depth - 1, tree);
        let on_false = complete(rng, depth - 1, tree);
        tree.branches.push(Branch {
            feature: rng.gen_range(0..30),
            split: Split::Compare(Comparison::Below),
            threshold: rng.gen_range(-1.0..1.0),
            missing_true: false,
            on_true,
            on_false,
        });
        Child::Branch(tree.branches.len() - 1)
    }
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let trees: Vec<Tree> = (0..100)
        .map(|_| {
            let mut tree = Tree {
                root: Child::Leaf(0),
                branches: Vec::new(),
                leaves: Vec::new(),
            };
            tree.root = complete(&mut rng, 6, &mut tree);
            tree
        })
        .collect();
    let plan = place(&trees, 1);
    let rows = plan.rows(&trees, 1);
    assert!(rows < 45_000, "{rows} rows");
}
