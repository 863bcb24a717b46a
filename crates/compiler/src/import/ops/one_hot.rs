//! `OneHot`: for each class a look-up that says whether the index is it. Exact on whole numbers;
//! another index loses its fraction first, as ONNX has it, half a step off.

use crate::Result;
use crate::float::expression::{Binary, Expression, Unary};
use crate::float::graph::Precision;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;

/// More classes than this need more tables than a circuit has room for.
const MAX_CLASSES: usize = 512;

pub(crate) fn one_hot(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let index = node.operand(0)?;
    let (depth, values) = (node.constant(1)?, node.constant(2)?);
    let ([depth], [off, on]) = (depth, values) else {
        return Err(node.invalid("expected one number of classes and two values"));
    };
    let classes = *depth as usize;
    if classes == 0 || classes > MAX_CLASSES {
        return Err(node.invalid(format!(
            "has {depth} classes, expected 1 to {MAX_CLASSES}; encode the category outside the model"
        )));
    }
    let axis = node.axis(node.int("axis", -1), index.shape.len() + 1)?;
    let mut shape = index.shape.clone();
    shape.insert(axis, classes);
    let count = node.count(&shape)?;
    let inner: usize = index.shape[axis..].iter().product();
    if index.is_constant() {
        let hot = |cell: usize| {
            let (outer, rest) = (cell / (inner * classes), cell % (inner * classes));
            let chosen = index.bias[outer * inner + rest % inner].trunc();
            // Counted from the end if negative.
            let from_end = if chosen < 0.0 { *depth } else { 0.0 };
            match chosen + from_end == (rest / inner) as f64 {
                true => *on,
                false => *off,
            }
        };
        return Ok(Affine::constant(shape, (0..count).map(hot).collect()));
    }
    let whole = node.whole || builder.has_whole_steps(index);
    let precision = match index.as_cells() {
        Some((source, _)) if builder.tensors[source].layer.is_none() => EXACT,
        _ if builder.has_whole_steps(index) => EXACT,
        _ => Precision::Scaled,
    };
    let mut result = Affine::constant(shape.clone(), vec![*off; count]);
    for class in 0..classes {
        let v = match whole {
            true => Expression::value(),
            false => Expression::value().unary(Unary::Trunc),
        };
        // Counted from the end if negative.
        let from_end = v.with(Binary::Equal, class as f64 - classes as f64);
        let found = v
            .with(Binary::Equal, class as f64)
            .binary(Binary::Max, &from_end);
        let name = format!("{}/{class}", node.output());
        let mut found = builder.layer_rows(name, index.clone(), found.into(), precision.clone());
        found.scale(|_| on - off);
        result = result.add(placed(&found, shape.clone(), 0.0, |cell| {
            let (outer, rest) = (cell / (inner * classes), cell % (inner * classes));
            (rest / inner == class).then_some(outer * inner + rest % inner)
        }));
    }
    Ok(result)
}
