//! Cells that exclude one another: of the leaves of a tree one alone is reached.
//!
//! Interval analysis takes every cell for independent, so it would find a sum over a forest's
//! leaves to reach as far as if every tree led to all its best leaves at once. Where a tensor's
//! cells are 1 for a conjunction of bits (`[Σ ±bit ≥ number of bits that must be 1]`) and two of
//! them want a bit to be different things, both cannot be 1. That is read off the weights, so it
//! holds whatever made them.

use crate::graph::{Function, IntegerGraph, Layer, Tensor, TensorId};

/// Tensors and functions of a graph, finished or not.
pub trait Cells {
    /// The tensor of that number, if there is one.
    fn tensor(&self, id: TensorId) -> Option<&Tensor>;

    /// The value of function number `function` at `y`, if it has one.
    fn value(&self, function: usize, y: i64) -> Option<i32>;

    /// Whether the weights and biases of a tensor's layer may be looked at. What is not public says
    /// nothing about its cells: they may be any bits.
    fn is_public(&self, _: TensorId) -> bool {
        true
    }

    /// Whether function number `function` squares.
    fn is_square(&self, _: usize) -> bool {
        false
    }

    /// A tensor's smallest and largest value and its length.
    fn range(&self, id: TensorId) -> (i32, i32, usize) {
        self.tensor(id)
            .map_or((0, 0, 0), |tensor| (tensor.min, tensor.max, tensor.len))
    }
}

impl Cells for IntegerGraph {
    fn tensor(&self, id: TensorId) -> Option<&Tensor> {
        self.tensors.get(id)
    }

    fn value(&self, function: usize, y: i64) -> Option<i32> {
        self.functions.get(function)?.value(y)
    }

    fn is_square(&self, function: usize) -> bool {
        self.functions.get(function) == Some(&Function::Square)
    }
}

/// A bit that must be 1 or 0: its number among all bits that a layer reads, and which.
type Literal = (u32, bool);

/// Conjunctions over the bits of the tensors that a layer reads, one for each cell that is one.
struct Conjunctions {
    of_cells: Vec<Option<Vec<Literal>>>,
    /// How many bits there are.
    bits: usize,
}

/// Conjunctions of more bits are not looked at.
const MAX_BITS: usize = 256;

/// For each cell of `tensor` the number of its group: at most one cell of a group is not 0, and
/// that one is 1. `None` if there are no groups of more than one cell.
pub fn groups(cells: &impl Cells, tensor: TensorId) -> Option<Vec<u32>> {
    if !cells.is_public(tensor) {
        return None;
    }
    let tensor = cells.tensor(tensor)?;
    let layer = tensor.layer.as_ref()?;
    if (tensor.min, tensor.max) != (0, 1) {
        return None;
    }
    let conjunctions = conjunctions(cells, layer)?;
    let mut count = 0;
    let mut next = || {
        count += 1;
        count - 1
    };
    let mut groups: Vec<Option<u32>> = vec![None; conjunctions.of_cells.len()];
    let mut found = false;
    let mut times = vec![0; conjunctions.bits];
    for members in connected(&conjunctions) {
        let mut literals: Vec<Vec<Literal>> = members
            .iter()
            .filter_map(|cell| conjunctions.of_cells[*cell].clone())
            .collect();
        if members.len() > 1 && excludes(&mut literals, &mut times) {
            found = true;
            let group = next();
            members.iter().for_each(|cell| groups[*cell] = Some(group));
        }
    }
    found.then(|| {
        groups
            .into_iter()
            .map(|group| group.unwrap_or_else(&mut next))
            .collect()
    })
}

/// The cells that ask for any of the same bits, directly or by way of others.
fn connected(conjunctions: &Conjunctions) -> Vec<Vec<usize>> {
    let of_cells = &conjunctions.of_cells;
    let mut asking: Vec<Vec<usize>> = vec![Vec::new(); conjunctions.bits];
    for (cell, literals) in of_cells.iter().enumerate() {
        for (bit, _) in literals.iter().flatten() {
            asking[*bit as usize].push(cell);
        }
    }
    let mut seen = vec![false; of_cells.len()];
    let mut components = Vec::new();
    for first in 0..of_cells.len() {
        let mut members = Vec::new();
        let mut pending = vec![first];
        while let Some(cell) = pending.pop() {
            let Some(literals) = &of_cells[cell] else {
                continue;
            };
            if std::mem::replace(&mut seen[cell], true) {
                continue;
            }
            members.push(cell);
            for (bit, _) in literals {
                // Each bit leads on once.
                pending.append(&mut asking[*bit as usize]);
            }
        }
        if !members.is_empty() {
            components.push(members);
        }
    }
    components
}

/// Whether any two of the conjunctions contradict each other: all share a bit that splits them, and
/// so do those on either side. `times` is zero for every bit, before and after.
fn excludes(conjunctions: &mut [Vec<Literal>], times: &mut [usize]) -> bool {
    if conjunctions.len() < 2 {
        return true;
    }
    for (bit, _) in conjunctions.iter().flatten() {
        times[*bit as usize] += 1;
    }
    // A bit that all share is one of the first's.
    let everywhere = |(bit, _): &&Literal| times[*bit as usize] == conjunctions.len();
    let shared = conjunctions[0].iter().find(everywhere).copied();
    for (bit, _) in conjunctions.iter().flatten() {
        times[*bit as usize] = 0;
    }
    let Some((shared, _)) = shared else {
        return false;
    };
    // Those that want it to be 1 come first.
    let mut ones = 0;
    for next in 0..conjunctions.len() {
        let literals = &mut conjunctions[next];
        let at = literals.iter().position(|(bit, _)| *bit == shared);
        if let Some((_, true)) = at.map(|at| literals.swap_remove(at)) {
            conjunctions.swap(ones, next);
            ones += 1;
        }
    }
    // Where one side is empty nothing was split, but other bits may be left that do.
    let (ones, zeros) = conjunctions.split_at_mut(ones);
    excludes(ones, times) && excludes(zeros, times)
}

/// For each cell of a layer the bits that make it 1, if it is a conjunction of bits and 0 or 1
/// accordingly.
fn conjunctions(cells: &impl Cells, layer: &Layer) -> Option<Conjunctions> {
    if cells.value(layer.function, 0) != Some(1) {
        return None;
    }
    let mut literals: Vec<Option<Vec<Literal>>> = vec![Some(Vec::new()); layer.bias.len()];
    // The largest sum there can be, and how far below it any may be.
    let mut most: Vec<i64> = layer.bias.clone();
    let mut below = vec![0i64; most.len()];
    // Terms of one source read the same bits.
    let mut first_bits: Vec<(TensorId, usize)> = Vec::new();
    let mut bits = 0;
    for term in &layer.terms {
        let (min, max, len) = cells.range(term.source);
        if (min, max) != (0, 1) {
            return None;
        }
        let known = first_bits.iter().find(|(source, _)| *source == term.source);
        let first = known.map_or(bits, |(_, first)| *first);
        if known.is_none() {
            first_bits.push((term.source, first));
            bits += len;
        }
        let constant = constants(cells, term.source);
        term.kernel.for_each(len, |output, cell, weight| {
            let (Some(found), Some(most)) = (literals.get_mut(output), most.get_mut(output)) else {
                return;
            };
            if let Some(Some(value)) = constant.get(cell) {
                *most = most.saturating_add(i64::from(*value) * i64::from(weight));
                return;
            }
            *most = most.saturating_add(i64::from(weight.max(0)));
            if let Some(below) = below.get_mut(output) {
                *below = below.saturating_add(i64::from(weight).abs());
            }
            match weight {
                1 | -1 => {
                    if let Some(found) = found {
                        found.push(((first + cell) as u32, weight == 1));
                    }
                }
                _ => *found = None,
            }
        });
    }
    let mut deepest = 0;
    for ((found, most), below) in literals.iter_mut().zip(most).zip(below) {
        // Only if nothing is to spare must every bit be as its weight wants it.
        let twice = found.as_mut().is_some_and(|found| {
            found.sort_unstable();
            found.windows(2).any(|pair| pair[0].0 == pair[1].0)
        });
        if most != 0 || twice || below > MAX_BITS as i64 {
            *found = None;
        } else {
            deepest = deepest.max(below);
        }
    }
    let step = (-deepest..0).all(|y| cells.value(layer.function, y) == Some(0));
    step.then_some(Conjunctions {
        of_cells: literals,
        bits,
    })
}

/// The values of a tensor's cells that read nothing, as far as they may be known.
fn constants(cells: &impl Cells, tensor: TensorId) -> Vec<Option<i32>> {
    let Some((len, layer)) = cells
        .tensor(tensor)
        .filter(|_| cells.is_public(tensor))
        .and_then(|tensor| Some((tensor.len, tensor.layer.as_ref()?)))
    else {
        return Vec::new();
    };
    let mut reads = vec![false; len];
    for term in &layer.terms {
        let (_, _, source) = cells.range(term.source);
        term.kernel.for_each(source, |output, _, _| {
            if let Some(reads) = reads.get_mut(output) {
                *reads = true;
            }
        });
    }
    let value = |(reads, bias): (&bool, &i64)| {
        if *reads {
            None
        } else {
            cells.value(layer.function, *bias)
        }
    };
    reads.iter().zip(&layer.bias).map(value).collect()
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::graph::{Kernel, Term, Visibility};

    /// Bits, and cells that are 1 from a sum of 0 on.
    struct Bits(Vec<Tensor>);

    impl Cells for Bits {
        fn tensor(&self, id: TensorId) -> Option<&Tensor> {
            self.0.get(id)
        }

        fn value(&self, _: usize, y: i64) -> Option<i32> {
            Some(i32::from(y >= 0))
        }
    }

    fn tensor(len: usize, layer: Option<Layer>) -> Tensor {
        Tensor {
            name: "t".into(),
            shape: vec![len],
            len,
            min: 0,
            max: 1,
            scale: 1.0,
            visibility: Visibility::Private,
            layer,
        }
    }

    /// One cell for each list of `(bit, weight)`, with this much added to what makes it a
    /// conjunction.
    fn pair(bits: usize, cells: &[(Vec<(u32, i32)>, i64)]) -> Bits {
        let entries = cells.iter().enumerate().flat_map(|(output, (weights, _))| {
            let entry = move |(bit, weight): &(u32, i32)| (output as u32, *bit, *weight);
            weights.iter().map(entry)
        });
        let bias = |(weights, spare): &(Vec<(u32, i32)>, i64)| {
            spare - i64::from(weights.iter().map(|(_, w)| (*w).max(0)).sum::<i32>())
        };
        let layer = Layer {
            nodes: Vec::new(),
            terms: vec![Term {
                source: 0,
                kernel: Kernel::Sparse {
                    entries: entries.collect(),
                },
            }],
            bias: cells.iter().map(bias).collect(),
            function: 0,
        };
        Bits(vec![tensor(bits, None), tensor(cells.len(), Some(layer))])
    }

    /// The leaves of a random tree over `bits`, as conjunctions.
    fn leaves(
        rng: &mut ChaCha8Rng,
        bits: &[u32],
        path: &[(u32, i32)],
        into: &mut Vec<(Vec<(u32, i32)>, i64)>,
    ) {
        if bits.is_empty() || !path.is_empty() && rng.gen_bool(0.2) {
            into.push((path.to_vec(), 0));
            return;
        }
        let at = rng.gen_range(0..bits.len());
        let rest = [&bits[..at], &bits[at + 1..]].concat();
        for weight in [-1, 1] {
            let path = [path, &[(bits[at], weight)]].concat();
            leaves(rng, &rest, &path, into);
        }
    }

    #[test]
    fn leaves_of_a_tree_exclude_one_another() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for _ in 0..100 {
            let mut cells = Vec::new();
            leaves(&mut rng, &[0, 1, 2, 3, 4], &[], &mut cells);
            let found = groups(&pair(5, &cells), 1).unwrap();
            assert!(found.iter().all(|group| *group == found[0]), "{cells:?}");
        }
    }

    #[test]
    fn no_two_cells_of_a_group_are_ever_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let (mut some, mut none) = (0, 0);
        for _ in 0..20_000 {
            let bits = rng.gen_range(1..5);
            let mut cells: Vec<(Vec<(u32, i32)>, i64)> = Vec::new();
            for _ in 0..rng.gen_range(2..5) {
                let mut weights = Vec::new();
                for bit in 0..bits {
                    if rng.gen_bool(0.7) {
                        // Now and then a weight that makes it something else.
                        let weight = [-1, 1, -1, 1, -1, 1, -1, 1, 2][rng.gen_range(0..9)];
                        weights.push((bit, weight));
                    }
                }
                // Or a sum that bits may miss and still be a 1.
                cells.push((weights, i64::from(rng.gen_bool(0.1))));
            }
            let graph = pair(bits as usize, &cells);
            let Some(found) = groups(&graph, 1) else {
                none += 1;
                continue;
            };
            some += 1;
            let layer = graph.0[1].layer.as_ref().unwrap();
            for assignment in 0..1u32 << bits {
                let mut sums = layer.bias.clone();
                layer.terms[0].kernel.for_each(bits as usize, |o, bit, w| {
                    sums[o] += i64::from(w) * i64::from(assignment >> bit & 1);
                });
                let mut ones: Vec<u32> = (0..sums.len())
                    .filter(|cell| sums[*cell] >= 0)
                    .map(|cell| found[cell])
                    .collect();
                ones.sort_unstable();
                assert!(ones.windows(2).all(|pair| pair[0] != pair[1]), "{cells:?}");
            }
        }
        assert!(some > 500 && none > 500, "{some} {none}");
    }

    /// Bits are told apart by tensor and cell, whichever term reads them.
    #[test]
    fn bits_of_another_tensor_are_others() {
        // One cell wants the only bit of tensor 0 to be 1, the other that of `source` to be 0.
        let graph = |source: TensorId| {
            let term = |source, entry| Term {
                source,
                kernel: Kernel::Sparse {
                    entries: vec![entry],
                },
            };
            let layer = Layer {
                nodes: Vec::new(),
                terms: vec![term(0, (0, 0, 1)), term(source, (1, 0, -1))],
                bias: vec![-1, 0],
                function: 0,
            };
            Bits(vec![
                tensor(1, None),
                tensor(1, None),
                tensor(2, Some(layer)),
            ])
        };
        assert_eq!(groups(&graph(0), 2), Some(vec![0, 0]));
        assert_eq!(groups(&graph(1), 2), None);
    }
}
