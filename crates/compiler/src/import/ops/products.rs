//! Products of two values that both depend on the input.
//!
//! Squares are exact and need no table, so `a·b = ((a + b)² − a² − b²) / 2`, or `((a + b)² − (a − b)²) / 4` where sums of squares
//! cannot be shared. The integers of `a` and `b` are multiplied without any error; only their own rounding shows: a product is
//! off by at most `|a|·δb + |b|·δa + δa·δb`, where `δ` is the error of a factor (half a step more than before where the factor
//! had to become a tensor first), and by half a step wherever it is rounded itself.

use std::collections::HashMap;

use crate::Result;
use crate::float::graph::Activation;
use crate::import::builder::{Builder, Cell};
use crate::import::node::Node;
use crate::import::ops::shape_ops::{broadcast, broadcast_shape};
use crate::import::rows::EXACT;
use crate::import::values::affine::{Affine, Row};

/// For each output cell the pairs `(cell of a, cell of b)` whose products it adds up.
pub(in crate::import) type Pairs = Vec<Vec<(usize, usize)>>;

impl Builder {
    /// `a[i] · b[i]`
    pub(in crate::import) fn product(&mut self, name: &str, a: &Affine, b: &Affine) -> Affine {
        let pairs = (0..a.len()).map(|i| vec![(i, i)]).collect();
        self.bilinear(name, a, b, a.shape.clone(), &pairs)
    }

    /// `value[i]²`, exactly, for each cell of a tensor.
    pub(in crate::import) fn square(&mut self, name: &str, value: &Affine) -> Affine {
        let pairs = (0..value.len()).map(|i| vec![(i, i)]).collect();
        self.bilinear(name, value, value, value.shape.clone(), &pairs)
    }

    /// `out[i] = Σ_(j, k) ∈ pairs[i]  a[j] · b[k]`.
    pub(in crate::import) fn bilinear(
        &mut self,
        name: &str,
        a: &Affine,
        b: &Affine,
        shape: Vec<usize>,
        pairs: &Pairs,
    ) -> Affine {
        let a = self.integers(format!("{name}/left"), a.clone());
        let b = self.integers(format!("{name}/right"), b.clone());
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
        let sums = self.squared_pairs(format!("{name}/sum"), &order, 1.0, &nodes);
        self.square_cells(name, &squared, partner, &nodes);
        let differences = if shared {
            Vec::new()
        } else {
            self.squared_pairs(format!("{name}/difference"), &order, -1.0, &nodes)
        };
        let mut out = Out::new(pairs.len());
        for (i, pairs) in pairs.iter().enumerate() {
            for pair in pairs {
                let (x, y) = cells(*pair);
                let square = |cell: &Cell| self.squares.get(&(*cell, partner(cell))).copied();
                if let (true, Some(square)) = (x == y, square(&x)) {
                    out.add(i, square, 1.0);
                    continue;
                }
                let Some(&number) = numbers.get(&(x.min(y), x.max(y))) else {
                    continue;
                };
                match (differences.get(number), square(&x), square(&y)) {
                    (Some(difference), ..) => {
                        out.add(i, sums[number], 0.25);
                        out.add(i, *difference, -0.25);
                    }
                    (None, Some(x), Some(y)) => {
                        out.add(i, sums[number], 0.5);
                        out.add(i, x, -0.5);
                        out.add(i, y, -0.5);
                    }
                    _ => {}
                }
            }
        }
        out.finish(shape, nodes)
    }

    /// `b`, as a copy if it is multiplied with itself at other positions: a channel can be read at one distance only.
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

    /// The cells of `(x + sign · y)²` for each pair.
    fn squared_pairs(
        &mut self,
        name: String,
        pairs: &[(Cell, Cell)],
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
        let squares = self.layer_rows(name, sum, Activation::Square, EXACT);
        // A tensor's own cells, in whatever order.
        let (tensor, cells) = squares.as_cells().unwrap_or_default();
        cells.into_iter().map(|cell| (tensor, cell)).collect()
    }

    /// Squares `cells` that have no square yet, one tensor for each of the tensors they belong to, at the scale of a product with
    /// the partner of that tensor.
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

/// `Mul` of two values that both depend on the input.
pub(in crate::import) fn mul(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let a = builder.integers(node.input(0), a.clone());
    let b = builder.integers(node.input(1), b.clone());
    let (a, b) = (broadcast(node, &a, &shape)?, broadcast(node, &b, &shape)?);
    Ok(builder.product(&node.output(), &a, &b))
}

/// `Einsum` of one or two operands without repeated or omitted indices.
pub(in crate::import) fn einsum(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let equation = node.text("equation").unwrap_or_default().replace(' ', "");
    let unclear = || {
        node.unsupported(format!(
            "its equation `{equation}` is more than one or two operands with distinct indices; write it with MatMul and Transpose"
        ))
    };
    let (inputs, output) = match equation.split_once("->") {
        Some((inputs, output)) => (inputs.to_owned(), output.to_owned()),
        None => {
            // Indices that occur once, in alphabetical order.
            let mut letters: Vec<char> = equation.chars().filter(|c| *c != ',').collect();
            letters.sort_unstable();
            let once = letters
                .chunk_by(|a, b| a == b)
                .filter(|same| same.len() == 1);
            (equation.clone(), once.map(|same| same[0]).collect())
        }
    };
    let inputs: Vec<Vec<char>> = inputs
        .split(',')
        .map(|part| part.chars().collect())
        .collect();
    let output: Vec<char> = output.chars().collect();
    let distinct = |letters: &Vec<char>| {
        let mut sorted = letters.clone();
        sorted.sort_unstable();
        sorted.windows(2).all(|pair| pair[0] != pair[1])
            && letters.iter().all(|letter| letter.is_ascii_alphabetic())
    };
    if inputs.len() != node.operands.len()
        || inputs.len() > 2
        || !inputs.iter().chain([&output]).all(distinct)
    {
        return Err(unclear());
    }
    let mut sizes: Vec<(char, usize)> = Vec::new();
    let mut operands = Vec::new();
    for (index, letters) in inputs.iter().enumerate() {
        let operand = node.operand(index)?;
        if operand.shape.len() != letters.len() {
            return Err(unclear());
        }
        for (letter, size) in letters.iter().zip(&operand.shape) {
            match sizes.iter().find(|(known, _)| known == letter) {
                Some((_, known)) if known != size => {
                    return Err(node.invalid(format!(
                        "index `{letter}` of `{equation}` is {known} long and {size} long"
                    )));
                }
                Some(_) => {}
                None => sizes.push((*letter, *size)),
            }
        }
        operands.push(operand);
    }
    if output
        .iter()
        .any(|letter| sizes.iter().all(|(known, _)| known != letter))
    {
        return Err(unclear());
    }
    let size = |letter: &char| {
        let known = sizes.iter().find(|(known, _)| known == letter);
        known.map_or(1, |(_, size)| *size)
    };
    let shape: Vec<usize> = output.iter().map(size).collect();
    let count = node.count(&shape)?;
    let summed: Vec<char> = sizes
        .iter()
        .map(|(letter, _)| *letter)
        .filter(|letter| !output.contains(letter))
        .collect();
    let terms: usize = summed.iter().map(size).product();
    node.count(&[count, terms])?;
    // The cell of an operand at output cell `i` and term `t`.
    let cell = |letters: &[char], i: usize, t: usize| {
        let mut at = 0;
        for letter in letters {
            let place = |among: &[char], number: usize| {
                let axis = among.iter().position(|other| other == letter)?;
                let inner: usize = among[axis + 1..].iter().map(size).product();
                Some(number / inner % size(letter))
            };
            let index = place(&output, i).or_else(|| place(&summed, t));
            at = at * size(letter) + index.unwrap_or(0);
        }
        at
    };
    let [a, rest @ ..] = &operands[..] else {
        return Err(unclear());
    };
    let Some(b) = rest.first() else {
        let one = |i: usize, t: usize| (cell(&inputs[0], i, t), 1.0);
        return Ok(a.combine(shape, |i| (0..terms).map(move |t| one(i, t))));
    };
    let pair = |i: usize, t: usize| (cell(&inputs[0], i, t), cell(&inputs[1], i, t));
    if !a.is_constant() && !b.is_constant() {
        let pairs = (0..count).map(|i| (0..terms).map(|t| pair(i, t)).collect());
        return Ok(builder.bilinear(&node.output(), a, b, shape, &pairs.collect()));
    }
    let constant_left = a.is_constant();
    let (variable, constant) = if constant_left { (b, a) } else { (a, b) };
    Ok(variable.combine(shape, |i| {
        (0..terms).map(move |t| {
            let (j, k) = pair(i, t);
            if constant_left {
                (k, constant.bias[j])
            } else {
                (j, constant.bias[k])
            }
        })
    }))
}

/// `Where` between values that depend on the input, or by a condition that does: `no + condition · (yes − no)`.
///
/// A condition is 0 or 1 up to half a step, so the choice is off by at most that much of `|yes − no|`, besides the error of a
/// product; by nothing where the condition compares tensors.
pub(in crate::import) fn choose(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (condition, yes, no) = (node.operand(0)?, node.operand(1)?, node.operand(2)?);
    let shape = broadcast_shape(node, &yes.shape, &no.shape)?;
    let shape = broadcast_shape(node, &shape, &condition.shape)?;
    let condition = if condition.is_constant() {
        condition.clone()
    } else {
        builder.integers(node.input(0), condition.clone())
    };
    let condition = broadcast(node, &condition, &shape)?;
    let (yes, no) = (broadcast(node, yes, &shape)?, broadcast(node, no, &shape)?);
    if condition.is_constant() {
        return Ok(pick(&condition.bias, &yes, &no));
    }
    let mut minus = no.clone();
    minus.scale(|_| -1.0);
    let gap = yes.add(minus);
    let gated = if gap.is_constant() {
        let mut gated = condition;
        gated.scale(|i| gap.bias[i]);
        gated
    } else {
        builder.product(&node.output(), &condition, &gap)
    };
    Ok(no.add(gated))
}

/// `yes` where the condition is not zero, `no` elsewhere.
fn pick(condition: &[f64], yes: &Affine, no: &Affine) -> Affine {
    let both = crate::import::rows::stack(&[yes.clone(), no.clone()]);
    let index: Vec<usize> = condition
        .iter()
        .enumerate()
        .map(|(i, c)| if *c != 0.0 { i } else { condition.len() + i })
        .collect();
    both.gather(yes.shape.clone(), &index)
}
