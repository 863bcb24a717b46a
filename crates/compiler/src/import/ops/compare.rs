//! Comparisons of tensors with one another, logic on their results, and the smaller reductions.
//!
//! A comparison is exact on integers: where both sides are cells of one tensor, of these; else of their difference, which is
//! rounded to a step first, so values closer than half a step count as equal.

use crate::Result;
use crate::float::expression::{Binary, Expression, Unary};
use crate::float::graph::Activation;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::maximum::columns;
use crate::import::ops::shape_ops::{broadcast, broadcast_shape};
use crate::import::rows::{EXACT, difference, stack};
use crate::import::values::affine::Affine;

/// `a op b` as 0 or 1.
pub(in crate::import) fn compare(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let (a, b) = (broadcast(node, a, &shape)?, broadcast(node, b, &shape)?);
    let (gap, op) = match node.op() {
        "Equal" => (difference(&a, &b), Binary::Equal),
        "Greater" => (difference(&a, &b), Binary::Greater),
        "GreaterOrEqual" => (difference(&a, &b), Binary::GreaterOrEqual),
        "Less" => (difference(&b, &a), Binary::Greater),
        _ => (difference(&b, &a), Binary::GreaterOrEqual),
    };
    let of_one = match (a.as_cells(), b.as_cells()) {
        (Some((x, _)), Some((y, _))) => x == y && builder.is_integers(&a),
        _ => false,
    };
    let gap = if of_one {
        gap
    } else {
        builder.integers(format!("{}/difference", node.output()), gap)
    };
    // Not a `Step`, whose 1 is the integer 1: a weight on it could hardly be told from other weights' steps.
    let function = Expression::value().with(op, 0.0);
    Ok(builder.layer_rows(node.output(), gap, function.into(), EXACT))
}

/// `And`, `Or` and `Xor` of values that are 0 or 1, at most half a step off that of a Relu.
pub(in crate::import) fn logic(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let (a, b) = (broadcast(node, a, &shape)?, broadcast(node, b, &shape)?);
    let sum = a.add(b);
    let mut excess = sum.clone();
    excess.bias.iter_mut().for_each(|bias| *bias -= 1.0);
    let both = builder.activate_rows(format!("{}/both", node.output()), excess, Activation::Relu);
    let times = match node.op() {
        "And" => return Ok(both),
        "Or" => -1.0,
        _ => -2.0,
    };
    let mut overlap = both;
    overlap.scale(|_| times);
    Ok(sum.add(overlap))
}

/// `ReduceL1`, `ReduceL2`, `ReduceSumSquare` and `ReduceLogSum`: a look-up or a square for each cell, one for each result.
pub(in crate::import) fn reduce(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let operand = node.operand(0)?;
    let name = node.output();
    let abs = || Activation::from(Expression::value().unary(Unary::Abs));
    let (groups, shape) = match node.groups()? {
        Some(groups) => groups,
        None => {
            let cells = (0..operand.len()).map(|cell| vec![cell]).collect();
            (cells, operand.shape.clone())
        }
    };
    let cells = match node.op() {
        "ReduceL1" => builder.activate_rows(format!("{name}/abs"), operand.clone(), abs()),
        "ReduceLogSum" => operand.clone(),
        _ => {
            let value = builder.integers(node.input(0), operand.clone());
            builder.square(&name, &value)
        }
    };
    let sum = cells.combine(shape, |i| groups[i].iter().map(|cell| (*cell, 1.0)));
    let last = match node.op() {
        "ReduceL2" => Unary::Sqrt,
        "ReduceLogSum" => Unary::Log,
        _ => return Ok(sum),
    };
    let last = Activation::from(Expression::value().unary(last));
    Ok(builder.activate_rows(name, sum, last))
}

/// `ReduceProd`: pairs, pairs of pairs, and so on. Each product is rounded by half a step.
pub(in crate::import) fn product(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let Some((groups, shape)) = node.groups()? else {
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
            // A product's scale is its own, so what joins it later has to be as coarse as any other factor: it is.
            next.push(odd.clone());
        }
        factors = next;
        round += 1;
    }
    let product = factors.pop().unwrap_or_default();
    Ok(Affine { shape, ..product })
}
