//! Trees of comparisons that lead to numbered ends.

use std::sync::Arc;

use crate::tree::{Branch, Child, MAX_DEPTH, Split, Tree};

/// A tree of comparisons; a branch comes before those it leads to.
#[derive(Debug)]
pub(crate) struct Ways {
    root: Child,
    pub(crate) branches: Vec<Branch>,
    /// How many ends there are.
    pub(crate) ends: usize,
    /// How many branches lead to each end.
    depths: Vec<usize>,
    /// The ways that these continue, and which of their ends each end continues.
    before: Option<(Arc<Ways>, Vec<usize>)>,
}

/// What is asked at an end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ask {
    pub(crate) feature: usize,
    pub(crate) split: Split,
    pub(crate) threshold: f64,
}

/// Which end of some ways each end of those that continue them comes from.
pub(crate) enum Map {
    /// These are the same ways.
    Same,
    /// Those have one end.
    First,
    /// These continue those.
    From(Vec<usize>),
}

impl Map {
    pub(crate) fn of(&self, end: usize) -> usize {
        match self {
            Self::Same => end,
            Self::First => 0,
            Self::From(map) => map[end],
        }
    }
}

impl Ways {
    /// One end and nothing on the way to it.
    pub(crate) fn none() -> Self {
        Self {
            root: Child::Leaf(0),
            branches: Vec::new(),
            ends: 1,
            depths: vec![0],
            before: None,
        }
    }

    /// The ways that ask `asks[end]` at every end, and at each of their ends 1 where that holds, 0
    /// where it does not; `None` if they get too long.
    pub(crate) fn continued(self: &Arc<Self>, asks: &[Ask]) -> Option<(Self, Vec<f64>)> {
        if self.depths.iter().any(|depth| *depth >= MAX_DEPTH) {
            return None;
        }
        let mut branches = self.branches.clone();
        let first = branches.len();
        let on = |child: Child| match child {
            Child::Leaf(end) => Child::Branch(first + end),
            branch => branch,
        };
        for branch in &mut branches {
            (branch.on_true, branch.on_false) = (on(branch.on_true), on(branch.on_false));
        }
        branches.extend(asks.iter().enumerate().map(|(end, ask)| Branch {
            feature: ask.feature,
            split: ask.split,
            threshold: ask.threshold,
            // Nothing compares with NaN.
            missing_true: false,
            on_true: Child::Leaf(2 * end),
            on_false: Child::Leaf(2 * end + 1),
        }));
        let ends = 2 * self.ends;
        let ways = Self {
            root: on(self.root),
            branches,
            ends,
            depths: (0..ends).map(|end| self.depths[end / 2] + 1).collect(),
            before: Some((self.clone(), (0..ends).map(|end| end / 2).collect())),
        };
        let holds = (0..ends).map(|end| ((end + 1) % 2) as f64);
        Some((ways, holds.collect()))
    }

    /// Which ends of `earlier` these ends continue; `None` if they do not.
    pub(crate) fn map_from(self: &Arc<Self>, earlier: &Arc<Self>) -> Option<Map> {
        // What is the same everywhere is so on any way.
        if earlier.branches.is_empty() {
            return Some(Map::First);
        }
        let mut at = self;
        let mut map: Option<Vec<usize>> = None;
        while !Arc::ptr_eq(at, earlier) {
            let (before, ends) = at.before.as_ref()?;
            map = Some(match map {
                None => ends.clone(),
                Some(map) => map.into_iter().map(|end| ends[end]).collect(),
            });
            at = before;
        }
        Some(map.map_or(Map::Same, Map::From))
    }

    /// Whichever of the two continues the other; `None` if neither does.
    pub(crate) fn farther(self: &Arc<Self>, other: &Arc<Self>) -> Option<Arc<Self>> {
        if self.map_from(other).is_some() {
            return Some(self.clone());
        }
        other.map_from(self).map(|_| other.clone())
    }

    /// The ways without branches whose sides do not differ in any of `numbers`, each of which has
    /// one for every end; `None` if all do. The numbers become those at the ends left.
    pub(crate) fn shortened(&self, numbers: &mut [Vec<f64>]) -> Option<Self> {
        let same = |a: usize, b: usize| {
            let bits = |end: usize| numbers.iter().map(move |ends| ends[end].to_bits());
            bits(a).eq(bits(b))
        };
        // For each branch the end that stands for all it leads to, if they do not differ.
        let mut one: Vec<Option<usize>> = vec![None; self.branches.len()];
        for (i, branch) in self.branches.iter().enumerate().rev() {
            let end = |child: Child| match child {
                Child::Leaf(end) => Some(end),
                Child::Branch(branch) => one[branch],
            };
            if let (Some(a), Some(b)) = (end(branch.on_true), end(branch.on_false))
                && same(a, b)
            {
                one[i] = Some(a);
            }
        }
        if one.iter().all(Option::is_none) {
            return None;
        }
        let mut kept = Shortened {
            ways: self,
            one: &one,
            branches: Vec::new(),
            ends: Vec::new(),
            depths: Vec::new(),
        };
        let root = kept.keep(self.root, 0);
        let Shortened {
            branches,
            ends,
            depths,
            ..
        } = kept;
        for numbers in numbers {
            *numbers = ends.iter().map(|end| numbers[*end]).collect();
        }
        Some(Self {
            root,
            branches,
            ends: ends.len(),
            depths,
            before: None,
        })
    }

    /// A tree with these branches and leaves.
    pub(crate) fn tree(&self, leaves: Vec<Vec<(usize, f64)>>) -> Tree {
        Tree {
            root: self.root,
            branches: self.branches.clone(),
            leaves,
        }
    }
}

/// Ways that are shortened.
struct Shortened<'a> {
    ways: &'a Ways,
    one: &'a [Option<usize>],
    branches: Vec<Branch>,
    /// What the ends were.
    ends: Vec<usize>,
    depths: Vec<usize>,
}

impl Shortened<'_> {
    /// What `child`, below so many branches, becomes. No ways are longer than [`MAX_DEPTH`].
    fn keep(&mut self, child: Child, depth: usize) -> Child {
        let end = match child {
            Child::Leaf(end) => Some(end),
            Child::Branch(branch) => self.one[branch],
        };
        if let Some(end) = end {
            self.ends.push(end);
            self.depths.push(depth);
            return Child::Leaf(self.ends.len() - 1);
        }
        let Child::Branch(branch) = child else {
            return child;
        };
        let branch = self.ways.branches[branch];
        let at = self.branches.len();
        self.branches.push(branch);
        let on_true = self.keep(branch.on_true, depth + 1);
        let on_false = self.keep(branch.on_false, depth + 1);
        (self.branches[at].on_true, self.branches[at].on_false) = (on_true, on_false);
        Child::Branch(at)
    }
}
