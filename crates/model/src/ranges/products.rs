//! Sums of squares that are products.
//!
//! `4ab = (a + b)² − (a − b)²`. Interval analysis takes the two squares for independent, and then
//! finds the product of a decision and a number to reach as far as the number's square, a hundred
//! times farther than it does. So the squares that a sum adds up are multiplied out, which leaves
//! the products, whose factors are known.

use super::exclusive::Cells;
use crate::graph::{TensorId, Term};

/// Where one factor's range is this much wider than the other's, multiplying out is worth its while:
/// of factors of equal ranges squares say as much.
const UNEQUAL: i64 = 4;
/// Squares of sums of more cells than this are not multiplied out.
const MAX_CELLS: usize = 4;

/// A cell of a tensor.
type Cell = (TensorId, u32);
/// What a square is of: weights of cells, and a bias.
type Argument = (Vec<(Cell, i64)>, i64);

/// Whether a term reads squares.
pub(super) fn is_square(term: &Term, cells: &impl Cells) -> bool {
    let layer = cells.tensor(term.source).and_then(|it| it.layer.as_ref());
    layer.is_some_and(|layer| cells.is_square(layer.function))
}

/// The least and the most of each of `count` sums of `squares` and nothing else, where these are made
/// of factors of very different ranges; empty if they are not.
pub(super) fn reaches(squares: &[&Term], cells: &impl Cells, count: usize) -> Vec<(i128, i128)> {
    if !squares.iter().any(|term| unequal(term, cells)) {
        return Vec::new();
    }
    let mut sums: Vec<Vec<(Cell, Cell, i128)>> = vec![Vec::new(); count];
    for term in squares {
        let Some(arguments) = arguments(term.source, cells) else {
            return Vec::new();
        };
        let mut known = true;
        term.kernel
            .for_each(arguments.len(), |output, cell, weight| {
                match (sums.get_mut(output), &arguments[cell]) {
                    (Some(sum), (argument, 0)) => multiply_out(argument, weight, sum),
                    _ => known = false,
                }
            });
        if !known {
            return Vec::new();
        }
    }
    let ranges = |cell: &Cell| {
        let (min, max, _) = cells.range(cell.0);
        (i128::from(min), i128::from(max))
    };
    let sums = sums.iter_mut();
    sums.map(|products| reach(products, ranges)).collect()
}

/// Whether the squares that a term reads are of sums of cells of very different ranges.
fn unequal(term: &Term, cells: &impl Cells) -> bool {
    let layer = cells.tensor(term.source).and_then(|it| it.layer.as_ref());
    let sizes = layer.into_iter().flat_map(|layer| &layer.terms);
    let sizes = sizes.map(|term| {
        let (min, max, _) = cells.range(term.source);
        i64::from(min).abs().max(i64::from(max).abs())
    });
    let (least, most) = sizes.fold((i64::MAX, 0), |(least, most), size| {
        (least.min(size), most.max(size))
    });
    most / UNEQUAL >= least
}

/// What each cell of a tensor of squares is the square of; `None` if that is too long, or may not
/// be looked at.
fn arguments(tensor: TensorId, cells: &impl Cells) -> Option<Vec<Argument>> {
    let layer = cells.tensor(tensor)?.layer.as_ref()?;
    if !cells.is_public(tensor) {
        return None;
    }
    let bias = layer.bias.iter().map(|bias| (Vec::new(), *bias));
    let mut arguments: Vec<Argument> = bias.collect();
    for term in &layer.terms {
        let (_, _, len) = cells.range(term.source);
        term.kernel.for_each(len, |output, cell, weight| {
            if let Some((argument, _)) = arguments.get_mut(output) {
                argument.push(((term.source, cell as u32), i64::from(weight)));
            }
        });
    }
    let short = |(argument, _): &Argument| argument.len() <= MAX_CELLS;
    arguments.iter().all(short).then_some(arguments)
}

/// Adds `weight` times the square of `argument` to `products`.
fn multiply_out(argument: &[(Cell, i64)], weight: i32, products: &mut Vec<(Cell, Cell, i128)>) {
    for (i, (a, x)) in argument.iter().enumerate() {
        for (j, (b, y)) in argument.iter().enumerate().skip(i) {
            let times = if i == j { 1 } else { 2 };
            let product = i128::from(weight) * i128::from(*x) * i128::from(*y) * times;
            products.push((*a.min(b), *a.max(b), product));
        }
    }
}

/// The least and the most that a sum of products can be.
fn reach(
    products: &mut [(Cell, Cell, i128)],
    range: impl Fn(&Cell) -> (i128, i128),
) -> (i128, i128) {
    products.sort_unstable_by_key(|(a, b, _)| (*a, *b));
    let same = products.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1));
    same.fold((0, 0), |(least, most), same| {
        let (a, b, _) = same[0];
        let weight: i128 = same.iter().map(|of| of.2).sum();
        let ((a_min, a_max), (b_min, b_max)) = (range(&a), range(&b));
        let ends = [a_min * b_min, a_min * b_max, a_max * b_min, a_max * b_max];
        let (mut low, mut high) = ends
            .iter()
            .fold((i128::MAX, i128::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        if a == b {
            low = if a_min <= 0 && a_max >= 0 {
                0
            } else {
                low.max(0)
            };
            high = (a_min * a_min).max(a_max * a_max);
        }
        let ends = [weight * low, weight * high];
        (least + ends[0].min(ends[1]), most + ends[0].max(ends[1]))
    })
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use crate::execute::execute;
    use crate::graph::{Function, IntegerGraph, Kernel, Layer, Table, Tensor, Term, Visibility};

    fn tensor(len: usize, (min, max): (i32, i32), layer: Option<Layer>) -> Tensor {
        Tensor {
            name: "t".into(),
            shape: vec![len],
            len,
            min,
            max,
            scale: 1.0,
            visibility: Visibility::Private,
            layer,
        }
    }

    /// A source and the weights of its cells: output, cell, weight.
    type Weights = (usize, Vec<(u32, u32, i32)>);

    fn layer(terms: Vec<Weights>, len: usize, function: usize) -> Layer {
        Layer {
            nodes: Vec::new(),
            terms: terms
                .into_iter()
                .map(|(source, entries)| Term {
                    source,
                    kernel: Kernel::Sparse { entries },
                })
                .collect(),
            bias: vec![0; len],
            function,
        }
    }

    /// `[Σ_i a_i·b_i, a_0·b_0 − 2·a_1·b_1, …]` of inputs `a` and `b`, the sums and differences of
    /// which are squared; or, where squares are `shared`, of which the sums are and the inputs.
    fn products(rng: &mut ChaCha8Rng, shared: bool, ranges: [(i32, i32); 2]) -> IntegerGraph {
        let n = 3;
        let pair = |sign: i32| {
            let of = |weight: i32| (0..n).map(|i| (i, i, weight)).collect::<Vec<_>>();
            vec![(0, of(1)), (1, of(sign))]
        };
        let alone = |input: usize| vec![(input, (0..n).map(|i| (i, i, 1)).collect::<Vec<_>>())];
        let squared = match shared {
            true => vec![pair(1), alone(0), alone(1)],
            false => vec![pair(1), pair(-1)],
        };
        let signs = match shared {
            true => vec![2, -2, -2],
            false => vec![1, -1],
        };
        let weights: Vec<Vec<i32>> = (0..4)
            .map(|_| (0..n).map(|_| rng.gen_range(-3..=3)).collect())
            .collect();
        let terms = signs.iter().enumerate().map(|(number, sign)| {
            let rows = weights.iter().enumerate();
            let entries = rows.flat_map(|(output, row)| {
                let cells = row.iter().enumerate();
                cells.map(move |(cell, w)| (output as u32, cell as u32, sign * w))
            });
            (2 + number, entries.collect())
        });
        let last = layer(terms.collect(), weights.len(), 1);
        let mut tensors = vec![
            tensor(n as usize, ranges[0], None),
            tensor(n as usize, ranges[1], None),
        ];
        let squares = squared
            .into_iter()
            .map(|terms| tensor(n as usize, (0, i32::MAX), Some(layer(terms, n as usize, 0))));
        tensors.extend(squares);
        tensors.push(tensor(4, (0, 0), Some(last)));
        IntegerGraph {
            outputs: vec![tensors.len() - 1],
            tensors,
            functions: vec![
                Function::Square,
                Function::Table(Table {
                    name: "nothing".into(),
                    shift: 31,
                    q_min: -1,
                    values: vec![0; 3],
                }),
            ],
            inputs: vec![0, 1],
        }
    }

    #[test]
    fn no_sum_of_products_leaves_its_bounds_and_some_reach_them() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for ranges in [
            [(-100, 90), (0, 1)],
            [(0, 1), (5, 40)],
            [(-2, 3), (-60, -20)],
        ] {
            for shared in [false, true] {
                let graph = products(&mut rng, shared, ranges);
                let last = graph.tensors.len() - 1;
                let bounds = graph.bounds(last);
                let mut seen = vec![(i64::MAX, i64::MIN); bounds.len()];
                // Ends of ranges, where products are largest.
                for choice in 0..1u32 << 6 {
                    let value = |input: usize, cell: u32| {
                        let (min, max) = ranges[input];
                        let end = choice >> (3 * input as u32 + cell) & 1;
                        if end == 1 { max } else { min }
                    };
                    let inputs: Vec<Vec<i32>> = (0..2)
                        .map(|input| (0..3).map(|cell| value(input, cell)).collect())
                        .collect();
                    let trace = execute(&graph, &inputs).unwrap();
                    for (seen, y) in seen.iter_mut().zip(sums(&graph, last, &trace.values)) {
                        *seen = (seen.0.min(y), seen.1.max(y));
                    }
                }
                for (bound, (low, high)) in bounds.iter().zip(seen) {
                    assert_eq!((bound.min, bound.max), (low.into(), high.into()));
                    assert!(bound.magnitude >= bound.max.max(-bound.min));
                }
            }
        }
    }

    fn sums(graph: &IntegerGraph, tensor: usize, values: &[Vec<i32>]) -> Vec<i64> {
        let layer = graph.tensors[tensor].layer.as_ref().unwrap();
        let mut sums = layer.bias.clone();
        for term in &layer.terms {
            let source = &values[term.source];
            term.kernel.for_each(source.len(), |output, cell, weight| {
                sums[output] += i64::from(weight) * i64::from(source[cell]);
            });
        }
        sums
    }
}
