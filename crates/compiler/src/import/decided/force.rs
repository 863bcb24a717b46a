//! Decided values as tensors: trees, where all that is decided is numbers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::Result;
use crate::float::activation::Activation;
use crate::float::comparison::{Comparison, Test};
use crate::import::decisions::ways::Ways;
use crate::import::decisions::{Cell, Decided};
use crate::import::ml::ensemble;
use crate::import::ml::probes::{Probe, TestLayer};
use crate::import::ml::trees::Ensemble;
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::Value;
use crate::import::values::affine::{Affine, Row};
use crate::tree::{Branch, Child, Split};

/// What each cell has at the ends of some ways.
type Votes = Vec<(usize, Arc<Vec<f64>>)>;

/// Ways to the numbers of cells.
struct Course {
    ways: Arc<Ways>,
    votes: Votes,
}

impl Importer<'_> {
    /// Gives the decided value called `name` a value that any operator can read.
    pub(crate) fn force_decided(&mut self, name: &str) -> Result<()> {
        let Some(value) = self.decisions.values.get(name).cloned() else {
            return Ok(());
        };
        let opset = std::mem::replace(&mut self.opset, value.opset);
        let done = self.tensors_of(name, &value);
        self.opset = opset;
        done
    }

    fn tensors_of(&mut self, name: &str, value: &Decided) -> Result<()> {
        if !self.is_forest(value) {
            return self.run_as_it_is(&value.proto);
        }
        let node = Node::new(self.path, &value.proto, self.opset, false);
        let forest = self.forest(&node, name, value)?;
        self.values.insert(name.to_owned(), Value::Rows(forest));
        Ok(())
    }

    /// Whether trees are what a value is best made of. A comparison of a hidden value is as exact
    /// on its own.
    fn is_forest(&self, value: &Decided) -> bool {
        let numbers = value.cells.iter().all(|cell| matches!(cell, Cell::Sum(..)));
        let given = |branch: &Branch| {
            let probe = self.decisions.features.get(branch.feature);
            let source = probe.and_then(|probe| probe.source);
            source.is_some_and(|(tensor, _)| self.builder.tensors[tensor].layer.is_none())
        };
        let all_given = || {
            value.cells.iter().all(|cell| match cell {
                Cell::Sum(_, parts) => {
                    let mut branches = parts.iter().flat_map(|(ways, _)| &ways.branches);
                    branches.all(given)
                }
                Cell::Pick(..) => false,
            })
        };
        numbers && (!value.bare || all_given())
    }

    /// A value of numbers as trees; comparisons alone are bits.
    fn forest(&mut self, node: &Node<'_>, name: &str, value: &Decided) -> Result<Affine> {
        let (bias, courses) = courses(value);
        let (bits, trees): (Vec<Course>, Vec<Course>) = courses
            .into_iter()
            .partition(|course| course.ways.branches.len() == 1);
        self.make_bits(node, name, &bits);
        let mut sum = self.bits_of(value.cells.len(), bits);
        if !trees.is_empty() {
            let ensemble = Ensemble {
                trees: trees.into_iter().map(Course::tree).collect(),
                scores: value.cells.len(),
                base: Vec::new(),
                single: !self.has_doubles,
                post_transform: String::new(),
            };
            let features = self.features();
            sum = sum.add(ensemble::scores(self, node, name, &features, &ensemble)?);
        }
        for (sum, bias) in sum.bias.iter_mut().zip(bias) {
            *sum += bias;
        }
        sum.shape.clone_from(&value.shape);
        sum.nodes = vec![node.name.clone()];
        Ok(sum)
    }

    /// All features as one value.
    fn features(&self) -> Affine {
        let features = &self.decisions.features;
        let bias = features.iter().map(|probe| probe.bias).collect();
        let mut all = Affine::constant(vec![1, features.len()], bias);
        for (i, probe) in features.iter().enumerate() {
            if let Some((source, cell)) = probe.source {
                let rows = all.terms.entry(source);
                let rows = rows.or_insert_with(|| vec![Row::new(); features.len()]);
                rows[i].push((cell, probe.weight));
            }
        }
        all
    }

    /// Makes tensors of the comparisons that none holds yet.
    fn make_bits(&mut self, node: &Node<'_>, name: &str, bits: &[Course]) {
        let single = !self.has_doubles;
        let new = bits.iter().filter(|course| {
            let known = self.decisions.bits.get(&course.key());
            known.is_none()
        });
        let asked = new.filter_map(|course| {
            let branch = course.ways.branches.first()?;
            let probe = *self.decisions.features.get(branch.feature)?;
            Some((
                course.ways.clone(),
                branch.split,
                ask(probe, branch, single),
            ))
        });
        let (equal, ordered): (Vec<_>, Vec<_>) =
            asked.partition(|(_, split, _)| *split == Split::Equal);
        let mut layers = Vec::new();
        let mut of = Vec::new();
        for (asked, kind, activation) in [
            (ordered, "comparisons", Activation::Step),
            (equal, "equal", Activation::IsZero),
        ] {
            if asked.is_empty() {
                continue;
            }
            layers.push(TestLayer {
                name: format!("{name}/{kind}"),
                shape: vec![1, asked.len()],
                activation,
                cells: asked.iter().map(|(_, _, test)| Some(*test)).collect(),
            });
            of.push(asked);
        }
        let tensors = self.add_tests(node, name, layers);
        for (asked, tensor) in of.into_iter().zip(tensors) {
            for (cell, (ways, ..)) in asked.into_iter().enumerate() {
                let key = Arc::as_ptr(&ways) as usize;
                let at = (ways, (tensor, cell as u32));
                self.decisions.bits.insert(key, at);
            }
        }
    }

    /// The sums of what comparisons choose.
    fn bits_of(&self, cells: usize, bits: Vec<Course>) -> Affine {
        let mut sum = Affine::constant(vec![1, cells], vec![0.0; cells]);
        let mut terms: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
        for course in bits {
            let Some((ways, (tensor, bit))) = self.decisions.bits.get(&course.key()) else {
                continue;
            };
            let [yes, no] = ways.sides();
            for (cell, ends) in course.votes {
                sum.bias[cell] += ends[no];
                let rows = terms.entry(*tensor);
                let rows = rows.or_insert_with(|| vec![Row::new(); cells]);
                if ends[yes] != ends[no] {
                    rows[cell].push((*bit, ends[yes] - ends[no]));
                }
            }
        }
        for row in terms.values_mut().flatten() {
            row.sort_by_key(|(bit, _)| *bit);
        }
        sum.terms = terms;
        sum
    }
}

impl Course {
    fn key(&self) -> usize {
        Arc::as_ptr(&self.ways) as usize
    }

    /// The tree that votes for each cell, without branches that no cell depends on.
    fn tree(self) -> crate::tree::Tree {
        let (cells, mut numbers): (Vec<usize>, Vec<Vec<f64>>) = self
            .votes
            .into_iter()
            .map(|(cell, ends)| (cell, ends.to_vec()))
            .unzip();
        let ways = self
            .ways
            .shortened(&mut numbers)
            .map_or(self.ways, Arc::new);
        let leaf = |end: usize| {
            let votes = cells.iter().zip(&numbers);
            votes.map(|(cell, ends)| (*cell, ends[end])).collect()
        };
        ways.tree((0..ways.ends).map(leaf).collect())
    }
}

impl Ways {
    /// The ends that a single comparison leads to, where it holds and where it does not.
    fn sides(&self) -> [usize; 2] {
        let end = |child: Option<Child>| match child {
            Some(Child::Leaf(end)) => end,
            _ => 0,
        };
        let branch = self.branches.first();
        [
            end(branch.map(|branch| branch.on_true)),
            end(branch.map(|branch| branch.on_false)),
        ]
    }
}

/// The test that a branch makes.
fn ask(probe: Probe, branch: &Branch, single: bool) -> (Probe, Test) {
    let comparison = match branch.split {
        Split::Compare(comparison) => comparison,
        Split::Equal => Comparison::Equal,
    };
    let test = Test {
        comparison,
        threshold: branch.threshold,
        single,
        missing: branch.missing_true,
    };
    (probe, test)
}

/// What is constant of each cell, and the ways that cells are decided by, each once.
fn courses(value: &Decided) -> (Vec<f64>, Vec<Course>) {
    let mut bias = vec![0.0; value.cells.len()];
    let mut courses: Vec<Course> = Vec::new();
    let mut known: HashMap<usize, usize> = HashMap::new();
    for (cell, (of, bias)) in value.cells.iter().zip(&mut bias).enumerate() {
        let Cell::Sum(number, parts) = of else {
            continue;
        };
        *bias = *number;
        for (ways, ends) in parts {
            let at = known.entry(Arc::as_ptr(ways) as usize).or_insert_with(|| {
                courses.push(Course {
                    ways: ways.clone(),
                    votes: Votes::new(),
                });
                courses.len() - 1
            });
            courses[*at].votes.push((cell, ends.clone()));
        }
    }
    (bias, courses)
}
