//! Comparisons of tensors with one another, logic on their results, and the smaller reductions.
//!
//! A comparison is exact on integers: where both sides are cells of one tensor, of these; where
//! they are made of whole numbers, of them; else of their difference, which is rounded to a step
//! first, so values closer than half a step count as equal.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::{Node, Reduction};
use crate::import::values::affine::Affine;
use crate::import::values::cells::{columns, difference, stack};

/// What is asked of two values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// `a = b`
    Equal,
    /// `a > b`
    Greater,
    /// `a ≥ b`
    AtLeast,
    /// `a < b`
    Less,
    /// `a ≤ b`
    AtMost,
}

/// `a order b` as 0 or 1.
pub(crate) fn compare(node: &Node<'_>, builder: &mut Builder, order: Order) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let (a, b) = (broadcast(node, a, &shape)?, broadcast(node, b, &shape)?);
    let (gap, op) = match order {
        Order::Equal => (difference(&a, &b), Binary::Equal),
        Order::Greater => (difference(&a, &b), Binary::Greater),
        Order::AtLeast => (difference(&a, &b), Binary::GreaterOrEqual),
        Order::Less => (difference(&b, &a), Binary::Greater),
        Order::AtMost => (difference(&b, &a), Binary::GreaterOrEqual),
    };
    let of_one = match (a.as_cells(), b.as_cells()) {
        (Some((x, _)), Some((y, _))) => x == y && builder.is_integers(&a),
        _ => false,
    };
    let exact = of_one || builder.has_whole_steps(&gap);
    let gap = if exact {
        gap
    } else {
        builder.integers(format!("{}/difference", node.output()), gap)
    };
    // Not a `Step`, whose 1 is the integer 1: a weight on it could hardly be told from other
    // weights' steps.
    let function = Expression::value().with(op, 0.0);
    Ok(builder.layer_rows(node.output(), gap, function.into(), EXACT))
}

/// `a + b + times · (a and b)` of values that are 0 or 1, at most half a step off that of a Relu:
/// `Or` with `−1`, `Xor` with `−2`.
pub(crate) fn either(node: &Node<'_>, builder: &mut Builder, times: f64) -> Result<Affine> {
    let (sum, mut overlap) = sum_and_overlap(node, builder)?;
    overlap.scale(|_| times);
    Ok(sum.add(overlap))
}

/// `And` of values that are 0 or 1.
pub(crate) fn both(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    Ok(sum_and_overlap(node, builder)?.1)
}

/// `a + b` and `relu(a + b − 1)`, which is 1 where both are.
fn sum_and_overlap(node: &Node<'_>, builder: &mut Builder) -> Result<(Affine, Affine)> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let (a, b) = (broadcast(node, a, &shape)?, broadcast(node, b, &shape)?);
    let sum = a.add(b);
    let mut excess = sum.clone();
    excess.bias.iter_mut().for_each(|bias| *bias -= 1.0);
    let name = format!("{}/both", node.output());
    let both = match builder.has_whole_steps(&excess) {
        true => builder.layer_rows(name, excess, Activation::Relu, EXACT),
        false => builder.activate_rows(name, excess, Activation::Relu),
    };
    Ok((sum, both))
}

/// What a reduction sums.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Summand {
    /// The cell.
    Cell,
    /// Its magnitude: a look-up.
    Magnitude,
    /// Its square, exactly.
    Square,
}

/// `ReduceL1`, `ReduceL2`, `ReduceSumSquare` and `ReduceLogSum`: a look-up or a square for each
/// cell, and one for each result where something is done to the `last`.
pub(crate) fn reduce(
    node: &Node<'_>,
    builder: &mut Builder,
    summand: Summand,
    last: Option<Unary>,
) -> Result<Affine> {
    let operand = node.operand(0)?;
    let name = node.output();
    let abs = || Activation::from(Expression::value().unary(Unary::Abs));
    let (groups, shape) = match node.groups()? {
        Some(Reduction { groups, shape }) => (groups, shape),
        None => {
            let cells = (0..operand.len()).map(|cell| vec![cell]).collect();
            (cells, operand.shape.clone())
        }
    };
    let cells = match summand {
        Summand::Magnitude => builder.activate_rows(format!("{name}/abs"), operand.clone(), abs()),
        Summand::Cell => operand.clone(),
        Summand::Square => {
            let value = builder.integers(node.input(0), operand.clone());
            builder.square(&name, &value)
        }
    };
    let sum = cells.combine(shape, |i| groups[i].iter().map(|cell| (*cell, 1.0)));
    let Some(last) = last else {
        return Ok(sum);
    };
    let last = Activation::from(Expression::value().unary(last));
    Ok(builder.activate_rows(name, sum, last))
}

/// `ReduceProd`: pairs, pairs of pairs, and so on. Each product is rounded by half a step.
pub(crate) fn product(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let Some(Reduction { groups, shape }) = node.groups()? else {
        return Ok(node.operand(0)?.clone());
    };
    let value = builder.integers(node.input(0), node.operand(0)?.clone());
    let mut factors = columns(&value, &groups);
    let mut round = 0;
    while factors.len() > 1 {
        let (pairs, odd) = factors.as_chunks::<2>();
        let left: Vec<Affine> = pairs.iter().map(|pair| pair[0].clone()).collect();
        let right: Vec<Affine> = pairs.iter().map(|pair| pair[1].clone()).collect();
        let name = format!("{}/product{round}", node.output());
        let products = builder.product(&name, &stack(&left), &stack(&right));
        let products = builder.integers(name, products);
        let mut next: Vec<Affine> = (0..pairs.len())
            .map(|i| {
                let index: Vec<usize> = (i * groups.len()..(i + 1) * groups.len()).collect();
                products.gather(vec![groups.len()], &index)
            })
            .collect();
        if let Some(odd) = odd.first() {
            // A product's scale is its own, so what joins it later has to be as coarse as any other
            // factor: it is.
            next.push(odd.clone());
        }
        factors = next;
        round += 1;
    }
    let product = factors.pop().unwrap_or_default();
    Ok(Affine { shape, ..product })
}
