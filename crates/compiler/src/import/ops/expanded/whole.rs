//! Reductions of whole numbers, whose results are whole by type: they are divided and rooted as
//! whole numbers are, so that nothing but the sum itself decides where a fraction is dropped.

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int};
use crate::import::kinds::ElementKind;
use crate::import::node::Node;

/// The sum of what `op` adds up, and how many cells that is for each of its cells.
fn sum(x: &mut Expansion<'_, '_>, node: &Node<'_>, op: &str) -> Result<(String, f64)> {
    let mut operand = x.operand(node, 0)?;
    // Runtimes have these reductions of wide types alone, and add up what is narrower as such.
    if let Some(ElementKind::Whole { bits: ..32, .. }) = node.kind {
        operand = x.plain(&operand)?;
        let kinds = &mut x.importer.kinds;
        kinds.insert(operand.clone(), ElementKind::INT64);
    }
    let axes = x.constant_input(node, 1)?;
    let axes = axes.map(|all| all.iter().map(|axis| *axis as i64).collect());
    let axes: Option<Vec<i64>> = axes.or_else(|| node.ints("axes"));
    let mut operands = vec![operand.clone()];
    operands.extend(axes.map(|axes| x.list(&axes)));
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    let kept = ["keepdims", "noop_with_empty_axes"].into_iter();
    let kept = kept.filter_map(|name| Some(int(name, node.raw(name)?.i)));
    let sum = x.with(op, &operands, kept.collect())?;
    let cells = |shape: Vec<usize>| shape.iter().product::<usize>() as f64;
    let count = cells(x.shape(node, &operand)?) / cells(x.shape(node, &sum)?).max(1.0);
    Ok((sum, count))
}

/// `ReduceMean`
pub(crate) fn mean(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (sum, count) = sum(x, node, "ReduceSum")?;
    let count = x.number(count);
    Ok(vec![(0, x.op("Div", &[&sum, &count])?)])
}

/// `ReduceL2`
pub(crate) fn norm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (sum, _) = sum(x, node, "ReduceSumSquare")?;
    let to = node.kind.unwrap_or(ElementKind::INT64).data_type();
    // A root of whole numbers is none by itself.
    let squares = x.plain(&sum)?;
    let root = x.op("Sqrt", &[&squares])?;
    Ok(vec![(
        0,
        x.with("Cast", &[&root], vec![int("to", to.into())])?,
    )])
}
