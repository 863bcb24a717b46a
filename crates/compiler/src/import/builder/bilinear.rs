//! Products of two values that both depend on the input.
//!
//! Squares are exact and need no table, so `a·b = ((a + b)² − a² − b²) / 2`, or
//! `((a + b)² − (a − b)²) / 4` where sums of squares cannot be shared. The integers of `a` and `b`
//! are multiplied without any error; only their own rounding shows: a product is off by at most
//! `|a|·δb + |b|·δa + δa·δb`, where `δ` is the error of a factor (half a step more than before
//! where the factor had to become a tensor first), and by half a step wherever it is rounded
//! itself.

use std::collections::{HashMap, HashSet};

use crate::float::activation::Activation;
use crate::import::builder::rows::EXACT;
use crate::import::builder::{Builder, Cell};
use crate::import::values::affine::{Affine, Row};

/// For each output cell the pairs `(cell of a, cell of b)` whose products it adds up.
pub(crate) type Pairs = Vec<Vec<(usize, usize)>>;

impl Builder {
    /// `a[i] · b[i]`
    pub(crate) fn product(&mut self, name: &str, a: &Affine, b: &Affine) -> Affine {
        let pairs = (0..a.len()).map(|i| vec![(i, i)]).collect();
        self.bilinear(name, a, b, a.shape.clone(), &pairs)
    }

    /// `value[i]²`, exactly, for each cell of a tensor.
    pub(crate) fn square(&mut self, name: &str, value: &Affine) -> Affine {
        let pairs = (0..value.len()).map(|i| vec![(i, i)]).collect();
        self.bilinear(name, value, value, value.shape.clone(), &pairs)
    }

    /// `out[i] = Σ_(j, k) ∈ pairs[i]  a[j] · b[k]`.
    pub(crate) fn bilinear(
        &mut self,
        name: &str,
        a: &Affine,
        b: &Affine,
        shape: Vec<usize>,
        pairs: &Pairs,
    ) -> Affine {
        let (a, b, pairs) = without_zeros(a, b, pairs);
        if pairs.iter().all(Vec::is_empty) {
            return Affine::constant(shape, vec![0.0; pairs.len()]);
        }
        let pairs = &pairs;
        let a = self.integers(format!("{name}/left"), a);
        let b = self.integers(format!("{name}/right"), b);
        let b = self.apart(name, &a, b, pairs);
        let (Some((a_tensor, a_cells)), Some((b_tensor, b_cells))) = (a.as_cells(), b.as_cells())
        else {
            // `integers` makes cells of a tensor of anything.
            return Affine::constant(shape, vec![0.0; pairs.len()]);
        };
        let cells = |(j, k): (usize, usize)| ((a_tensor, a_cells[j]), (b_tensor, b_cells[k]));
        // The tensor that a cell's own tensor is multiplied by.
        let partner = |cell: &Cell| {
            if cell.0 == a_tensor {
                b_tensor
            } else {
                a_tensor
            }
        };
        let mut numbers: HashMap<(Cell, Cell), usize> = HashMap::new();
        let mut order = Vec::new();
        for pair in pairs.iter().flatten() {
            let (x, y) = cells(*pair);
            let key = (x.min(y), x.max(y));
            if x != y && !numbers.contains_key(&key) {
                numbers.insert(key, order.len());
                order.push(key);
            }
        }
        if let Some(apart) = self.distances(a_tensor, b_tensor) {
            order.sort_by_key(|(x, y)| {
                if x.0 == b_tensor {
                    apart(y.1, x.1)
                } else {
                    apart(x.1, y.1)
                }
            });
            numbers = order.iter().copied().zip(0..).collect();
        }
        // A product with what a mask excludes is zero.
        let void = order
            .iter()
            .map(|(x, y)| self.is_void(*x) || self.is_void(*y));
        let void: Vec<bool> = void.collect();
        let missing = |wanted: &dyn Fn(Cell, Cell) -> bool| {
            let pairs = pairs.iter().flatten().map(|pair| cells(*pair));
            let wanted = pairs.filter(|(x, y)| wanted(*x, *y));
            let mut missing: Vec<Cell> = wanted
                .flat_map(<[Cell; 2]>::from)
                .filter(|cell| !self.squares.contains_key(&(*cell, partner(cell))))
                .collect();
            missing.sort_unstable();
            missing.dedup();
            missing
        };
        let nodes: Vec<String> = a.nodes.iter().chain(&b.nodes).cloned().collect();
        let factors = missing(&|_, _| true);
        let shared = factors.len() < order.len();
        let squared = if shared {
            factors
        } else {
            missing(&|x, y| x == y)
        };
        let sums = self.squared_pairs(format!("{name}/sum"), (&order, &void), 1.0, &nodes);
        self.square_cells(name, &squared, partner, &nodes);
        let differences = if shared {
            Vec::new()
        } else {
            self.squared_pairs(format!("{name}/difference"), (&order, &void), -1.0, &nodes)
        };
        let square = |cell: &Cell| self.squares.get(&(*cell, partner(cell))).copied();
        // Where a product is zero its sum may be that of one factor alone.
        let whole = self.whole_sums(&order, &void, &sums);
        let mut out = Out::new(pairs.len());
        for (i, pairs) in pairs.iter().enumerate() {
            for pair in pairs {
                let (x, y) = cells(*pair);
                if let (true, Some(square)) = (x == y, square(&x)) {
                    out.add(i, square, 1.0);
                } else if let Some(&number) = numbers.get(&(x.min(y), x.max(y))) {
                    let (x, y) = (x.min(y), x.max(y));
                    let of_sum = whole.get(number).copied().unwrap_or([true; 2]);
                    let squares = [(x, of_sum[0]), (y, of_sum[1])];
                    let squares = squares.map(|(of, there)| (there, square(&of)));
                    out.add_product(i, sums[number], differences.get(number), squares);
                }
            }
        }
        out.finish(shape, nodes)
    }

    /// `value` with what only its void cells read of squares left out: products were made for all
    /// pairs of tokens before anything was known of masks.
    pub(crate) fn narrowed(&mut self, name: &str, mut value: Affine, void: &[bool]) -> Affine {
        let sources: Vec<usize> = value.terms.keys().copied().collect();
        for source in sources {
            let layer = self.tensors[source].layer.as_ref();
            let squares = layer.filter(|layer| layer.activation == Activation::Square);
            let (Some(layer), Some(rows)) = (squares, value.terms.get(&source)) else {
                continue;
            };
            let len = self.tensors[source].len;
            let mut unread = vec![true; len];
            let asked = rows.iter().zip(void).filter(|(_, void)| !**void);
            let asked = asked.flat_map(|(row, _)| row);
            asked.for_each(|(cell, _)| unread[*cell as usize] = false);
            if !self.positions.contains_key(&source) || !unread.contains(&true) {
                continue;
            }
            let mut sum = Out::new(len);
            for term in &layer.terms {
                term.kernel.for_each_weight(|cell, from, weight| {
                    sum.add(cell, (term.source, from as u32), weight);
                });
            }
            let sum = sum.finish(vec![1, len], layer.nodes.clone());
            let name = format!("{name}/{}", self.tensors[source].name);
            let narrow = self.void_rows(name, sum, Activation::Square, EXACT, &unread);
            let (Some((narrow, places)), Some(mut rows)) =
                (narrow.as_cells(), value.terms.remove(&source))
            else {
                continue;
            };
            for row in &mut rows {
                row.iter_mut()
                    .for_each(|(cell, _)| *cell = places[*cell as usize]);
                row.sort_unstable_by_key(|(cell, _)| *cell);
            }
            value.terms.insert(narrow, rows);
        }
        value
    }

    /// `b`, as a copy if it is multiplied with itself at other positions: a channel can be read at
    /// one distance only.
    fn apart(&mut self, name: &str, a: &Affine, b: Affine, pairs: &Pairs) -> Affine {
        let (Some((x, x_cells)), Some((y, y_cells))) = (a.as_cells(), b.as_cells()) else {
            return b;
        };
        let Some(positions) = self.positions.get(&x).filter(|_| x == y) else {
            return b;
        };
        let n = *positions as u32;
        let crossed = |(j, k): &(usize, usize)| {
            let (p, q) = (x_cells[*j], y_cells[*k]);
            p != q && p / n == q / n
        };
        if pairs.iter().flatten().any(crossed) {
            return self.layer_rows(format!("{name}/copy"), b, Activation::Identity, EXACT);
        }
        b
    }

    /// By which the products of two tensors at positions are sorted, so that channels that read one
    /// and the same come next to each other, one for each distance: they read no others, and their
    /// convolution has no weights for such.
    fn distances(
        &self,
        a: usize,
        b: usize,
    ) -> Option<impl Fn(u32, u32) -> (u32, u32, u32, u32) + use<>> {
        let n = *self.positions.get(&a)? as u32;
        (a != b && self.positions.get(&b) == Some(&(n as usize)))
            .then_some(move |x: u32, y: u32| (y / n, x / n, (n + y % n - x % n) % n, x % n))
    }

    fn is_void(&self, (tensor, cell): Cell) -> bool {
        self.void
            .get(&tensor)
            .is_some_and(|void| void[cell as usize])
    }

    /// For each pair whether its sum, which is laid out by now, has the one and the other; empty if
    /// all have both.
    fn whole_sums(&self, pairs: &[(Cell, Cell)], void: &[bool], sums: &[Cell]) -> Vec<[bool; 2]> {
        let Some((tensor, _)) = sums.first().filter(|_| void.contains(&true)) else {
            return Vec::new();
        };
        let terms = self.tensors[*tensor].layer.iter().flat_map(|of| &of.terms);
        let mut read: HashSet<(u32, Cell)> = HashSet::new();
        for term in terms {
            term.kernel.for_each(|sum, from| {
                read.insert((sum as u32, (term.source, from as u32)));
            });
        }
        let both = pairs.iter().zip(sums);
        both.map(|((x, y), (_, sum))| [*x, *y].map(|of| read.contains(&(*sum, of))))
            .collect()
    }

    /// The cells of `(x + sign · y)²` for each pair; of pairs that are void, whose product is zero,
    /// either may be left out.
    fn squared_pairs(
        &mut self,
        name: String,
        (pairs, void): (&[(Cell, Cell)], &[bool]),
        sign: f64,
        nodes: &[String],
    ) -> Vec<Cell> {
        if pairs.is_empty() {
            return Vec::new();
        }
        let mut sum = Out::new(pairs.len());
        for (i, (x, y)) in pairs.iter().enumerate() {
            sum.add(i, *x, 1.0);
            sum.add(i, *y, sign);
        }
        let sum = sum.finish(vec![1, pairs.len()], nodes.to_vec());
        let squares = self.void_rows(name, sum, Activation::Square, EXACT, void);
        // A tensor's own cells, in whatever order.
        let (tensor, cells) = squares.as_cells().unwrap_or_default();
        cells.into_iter().map(|cell| (tensor, cell)).collect()
    }

    /// Squares `cells` that have no square yet, one tensor for each of the tensors they belong to,
    /// at the scale of a product with the partner of that tensor.
    fn square_cells(
        &mut self,
        name: &str,
        cells: &[Cell],
        partner: impl Fn(&Cell) -> usize,
        nodes: &[String],
    ) {
        for of in cells.chunk_by(|x, y| x.0 == y.0) {
            let mut values = Out::new(of.len());
            for (i, cell) in of.iter().enumerate() {
                values.add(i, *cell, 1.0);
            }
            let mut values = values.finish(vec![1, of.len()], nodes.to_vec());
            let partner = partner(&of[0]);
            // Its scale counts, not its cells.
            values
                .terms
                .entry(partner)
                .or_insert_with(|| vec![Row::new(); of.len()]);
            let name = format!("{name}/square{}", of[0].0);
            let squares = self.layer_rows(name, values, Activation::Square, EXACT);
            if let Some((tensor, places)) = squares.as_cells() {
                let places = places.into_iter().map(|place| (tensor, place));
                let keys = of.iter().map(|cell| (*cell, partner));
                self.squares.extend(keys.zip(places));
            }
        }
    }
}

/// Both factors and their pairs without cells that are zero whatever the input is, such as the
/// probabilities of what no token looks at.
fn without_zeros(a: &Affine, b: &Affine, pairs: &Pairs) -> (Affine, Affine, Pairs) {
    let zeros = [a, b].map(|of| {
        let zero = |i: usize| of.bias[i] == 0.0 && of.terms.values().all(|rows| rows[i].is_empty());
        (0..of.len()).map(zero).collect::<Vec<bool>>()
    });
    if zeros.iter().flatten().all(|zero| !zero) {
        return (a.clone(), b.clone(), pairs.clone());
    }
    let mut numbers = [a, b].map(|of| vec![None; of.len()]);
    let mut kept: [Vec<usize>; 2] = Default::default();
    let mut numbered = |side: usize, cell: usize| {
        *numbers[side][cell].get_or_insert_with(|| {
            kept[side].push(cell);
            kept[side].len() - 1
        })
    };
    let mut open = Vec::with_capacity(pairs.len());
    for pairs in pairs {
        let pairs = pairs.iter().filter(|(j, k)| !zeros[0][*j] && !zeros[1][*k]);
        open.push(
            pairs
                .map(|(j, k)| (numbered(0, *j), numbered(1, *k)))
                .collect(),
        );
    }
    let keep = |of: &Affine, kept: &[usize]| of.gather(vec![1, kept.len()], kept);
    (keep(a, &kept[0]), keep(b, &kept[1]), open)
}

/// An affine value without biases under construction.
struct Out {
    terms: std::collections::BTreeMap<usize, Vec<Row>>,
    len: usize,
}

impl Out {
    fn new(len: usize) -> Self {
        Self {
            terms: Default::default(),
            len,
        }
    }

    fn add(&mut self, i: usize, (tensor, cell): Cell, weight: f64) {
        let rows = self
            .terms
            .entry(tensor)
            .or_insert_with(|| vec![Row::new(); self.len]);
        rows[i].push((cell, weight));
    }

    /// Adds the product of two cells to output cell `i`: of the squares of their sum and of their
    /// difference, or of their own, as far as these are part of the sum.
    fn add_product(
        &mut self,
        i: usize,
        sum: Cell,
        difference: Option<&Cell>,
        squares: [(bool, Option<Cell>); 2],
    ) {
        if let Some(difference) = difference {
            self.add(i, sum, 0.25);
            self.add(i, *difference, -0.25);
            return;
        }
        self.add(i, sum, 0.5);
        for (_, square) in squares.into_iter().filter(|(there, _)| *there) {
            // Whatever is summed has been squared, too.
            if let Some(square) = square {
                self.add(i, square, -0.5);
            }
        }
    }

    fn finish(self, shape: Vec<usize>, nodes: Vec<String>) -> Affine {
        let bare = Affine {
            terms: self.terms,
            nodes,
            ..Affine::constant(shape, vec![0.0; self.len])
        };
        // Sorts each row and merges what was added twice.
        let shape = bare.shape.clone();
        let mut merged = Affine::constant(shape.clone(), vec![0.0; self.len]);
        merged.terms = bare
            .terms
            .keys()
            .map(|source| (*source, vec![Row::new(); self.len]))
            .collect();
        merged.add(bare)
    }
}
