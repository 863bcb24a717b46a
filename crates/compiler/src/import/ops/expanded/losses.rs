//! Losses: what a model computes of its scores and a label, and divergences of that kind.

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int, ints};
use crate::import::node::Node;

/// `NegativeLogLikelihoodLoss`
pub(crate) fn likelihood(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let logs = x.operand(node, 0)?;
    Ok(vec![(0, loss(x, node, &logs)?)])
}

/// `SoftmaxCrossEntropyLoss`
pub(crate) fn cross_entropy(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let scores = x.operand(node, 0)?;
    let logs = x.with("LogSoftmax", &[&scores], vec![int("axis", 1)])?;
    let mut outputs = vec![(0, loss(x, node, &logs)?)];
    if x.has_output(1) {
        outputs.push((1, logs));
    }
    Ok(outputs)
}

/// Minus the logarithm that each label picks, reduced as the node says.
fn loss(x: &mut Expansion<'_, '_>, node: &Node<'_>, logs: &str) -> Result<String> {
    let labels = x.operand(node, 1)?;
    let shape = x.shape(node, logs)?;
    let Some(classes) = shape.get(1).copied() else {
        return Err(node.invalid(format!("expected classes in axis 1, found shape {shape:?}")));
    };
    let ignored = node.raw("ignore_index").map(|attribute| attribute.i);
    let reduction = node.text("reduction").unwrap_or_else(|| "mean".into());
    let weights = match x.input(2) {
        Some(name) => {
            let count = x.shape(node, &name)?.iter().product::<usize>();
            if count != classes {
                return Err(node.invalid(format!(
                    "has {count} weights for {classes} classes; export the model again"
                )));
            }
            name
        }
        None => x.constant(vec![classes], vec![1.0; classes]),
    };
    // A label that is ignored picks no class.
    let [depth, values] = [
        x.number(classes as f64),
        x.constant(vec![2], vec![0.0, 1.0]),
    ];
    let mut picked = x.with("OneHot", &[&labels, &depth, &values], vec![int("axis", 1)])?;
    if let Some(ignored) = ignored.filter(|i| *i < 0 && *i >= -(classes as i64)) {
        // It would be counted from the end.
        let number = x.number(ignored as f64);
        let same = x.op("Equal", &[&labels, &number])?;
        let one = x.number(1.0);
        let kept = x.op("Sub", &[&one, &same])?;
        let kept = x.with("Unsqueeze", &[&kept], vec![ints("axes", &[1])])?;
        picked = x.op("Mul", &[&picked, &kept])?;
    }
    if let Some(ignored) = ignored.filter(|i| (0..classes as i64).contains(i)) {
        let ignored = ignored as usize;
        let kept = (0..classes)
            .map(|class| f64::from(class != ignored))
            .collect();
        let mut wide = vec![1; shape.len()];
        wide[1] = classes;
        let kept = x.constant(wide, kept);
        picked = x.op("Mul", &[&picked, &kept])?;
    }
    let uniform = x
        .known(&weights)
        .is_some_and(|all| all.iter().all(|w| *w == 1.0));
    let mut wide = vec![1; shape.len()];
    wide[1] = classes;
    let weights = x.reshape(&weights, &wide)?;
    let minus = x.op("Neg", &[&weights])?;
    let products = match x.known(&weights) {
        Some(_) => {
            let weighed = x.op("Mul", &[logs, &minus])?;
            x.op("Mul", &[&weighed, &picked])?
        }
        // The weight that a label picks is exact, and one product less is rounded.
        None => {
            let shares = x.op("Mul", &[&picked, &minus])?;
            x.op("Mul", &[logs, &shares])?
        }
    };
    let each = x.with(
        "ReduceSum",
        &[&products],
        vec![ints("axes", &[1]), int("keepdims", 0)],
    )?;
    match &*reduction {
        "none" => Ok(each),
        "sum" => x.with("ReduceSum", &[&each], vec![int("keepdims", 0)]),
        "mean" => {
            let sum = x.with("ReduceSum", &[&each], vec![int("keepdims", 0)])?;
            if uniform && ignored.is_none() {
                let count = shape.iter().product::<usize>() / classes.max(1);
                let count = x.number(count as f64);
                return x.op("Div", &[&sum, &count]);
            }
            let shares = x.op("Mul", &[&picked, &weights])?;
            let total = x.with("ReduceSum", &[&shares], vec![int("keepdims", 0)])?;
            x.op("Div", &[&sum, &total])
        }
        other => Err(node.invalid(format!(
            "`reduction` is `{other}`, expected `none`, `sum` or `mean`"
        ))),
    }
}
