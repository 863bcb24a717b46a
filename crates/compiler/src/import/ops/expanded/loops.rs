//! `Scan`, and `Loop` of a length that is known: the body once for each step, one after the other.

use tract_onnx::pb::GraphProto;

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int, ints};
use crate::import::kinds::ElementKind;
use crate::import::node::Node;
use crate::import::operator;
use crate::import::operator::End;

/// More steps than any model that can be proved has.
const MAX_STEPS: usize = 4096;

fn body<'n>(node: &Node<'n>) -> Result<&'n GraphProto> {
    let graph = node.raw("body").and_then(|attribute| attribute.g.as_ref());
    graph.ok_or_else(|| node.invalid("has no body; the file is damaged, export the model again"))
}

fn bound(graph: &GraphProto, values: Vec<String>) -> Vec<(String, String)> {
    let inputs = graph.input.iter().map(|input| input.name.clone());
    inputs.zip(values).collect()
}

/// What each step shows, one after the other along a new axis, from the last step on if `reverse`.
fn collected(
    x: &mut Expansion<'_, '_>,
    parts: &[String],
    axis: i64,
    reverse: bool,
) -> Result<String> {
    let mut shown = Vec::with_capacity(parts.len());
    for part in parts {
        shown.push(x.with("Unsqueeze", &[part], vec![ints("axes", &[axis])])?);
    }
    if reverse {
        shown.reverse();
    }
    x.concat(&shown, axis)
}

/// The names of `count` operands from `first` on, all of which must be there.
fn operands(
    x: &Expansion<'_, '_>,
    node: &Node<'_>,
    first: usize,
    count: usize,
) -> Result<Vec<String>> {
    (first..first + count)
        .map(|index| x.operand(node, index))
        .collect()
}

/// `Scan`
pub(crate) fn scan(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    if node.opset < 9 {
        return Err(node.unsupported("with opset 8 Scan has a batch; export with opset 9 or newer"));
    }
    let graph = body(node)?;
    let given = node.proto.input.len();
    let scanned = usize::try_from(node.int("num_scan_inputs", 0)).unwrap_or(0);
    let wrong = || node.invalid("its operands do not fit its body; export the model again");
    let states = given.checked_sub(scanned).ok_or_else(wrong)?;
    if graph.input.len() != given || scanned == 0 || graph.output.len() < states {
        return Err(wrong());
    }
    let mut carried = operands(x, node, 0, states)?;
    let scans = operands(x, node, states, scanned)?;
    let shown = graph.output.len() - states;
    let list = |name: &str| node.ints(name).unwrap_or_default();
    let at = |list: &[i64], index: usize| list.get(index).copied().unwrap_or(0);
    let (axes, directions) = (list("scan_input_axes"), list("scan_input_directions"));
    let mut steps = None;
    let mut places = Vec::with_capacity(scanned);
    for (index, name) in scans.iter().enumerate() {
        let shape = x.shape(node, name)?;
        let axis = node.axis(at(&axes, index), shape.len())?;
        if steps.is_some_and(|steps| steps != shape[axis]) {
            return Err(node.invalid("its operands differ in length; export the model again"));
        }
        steps = Some(shape[axis]);
        places.push((axis, at(&directions, index) != 0));
    }
    let steps = steps.unwrap_or(0);
    check_steps(node, steps)?;
    let mut collected_parts: Vec<Vec<String>> = vec![Vec::new(); shown];
    for step in 0..steps {
        let mut values = carried.clone();
        for (name, (axis, reverse)) in scans.iter().zip(&places) {
            let place = if *reverse { steps - 1 - step } else { step };
            let place = x.number(place as f64);
            values.push(x.with("Gather", &[name, &place], vec![int("axis", *axis as i64)])?);
        }
        let mut results = x.inline(graph, &bound(graph, values))?;
        for (part, result) in collected_parts.iter_mut().zip(results.split_off(states)) {
            part.push(result);
        }
        carried = results;
    }
    let (axes, directions) = (list("scan_output_axes"), list("scan_output_directions"));
    let mut outputs: Expanded = carried.into_iter().enumerate().collect();
    for (index, parts) in collected_parts.iter().enumerate() {
        if x.has_output(states + index) {
            let reverse = at(&directions, index) != 0;
            let all = collected(x, parts, at(&axes, index), reverse)?;
            outputs.push((states + index, all));
        }
    }
    Ok(outputs)
}

fn check_steps(node: &Node<'_>, steps: usize) -> Result<()> {
    if steps == 0 || steps > MAX_STEPS {
        return Err(node.invalid(format!(
            "has {steps} steps, which are unrolled; 1 to {MAX_STEPS} are supported, so export a shorter sequence"
        )));
    }
    Ok(())
}

/// Whether a loop's body passes its condition on as it came, so that its length is its limit.
fn goes_on(body: &GraphProto) -> bool {
    let (Some(input), Some(output)) = (body.input.get(1), body.output.first()) else {
        return false;
    };
    let made = body
        .node
        .iter()
        .find(|node| node.output.contains(&output.name));
    match made {
        None => output.name == input.name,
        Some(node) => {
            let operator = operator(&node.domain, &node.op_type);
            let passes = operator.is_some_and(|it| matches!(it.end, End::Passes));
            passes && node.input == [input.name.clone()]
        }
    }
}

/// `Loop`
pub(crate) fn repeat(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let graph = body(node)?;
    let one = |x: &Expansion<'_, '_>, index| -> Result<Option<f64>> {
        Ok(x.constant_input(node, index)?
            .and_then(|v| v.first().copied()))
    };
    let (limit, mut going) = (one(x, 0)?, one(x, 1)?.is_none_or(|v| v != 0.0));
    let states = node.proto.input.len().saturating_sub(2);
    let mut carried = operands(x, node, 2, states)?;
    if graph.input.len() != states + 2 || graph.output.len() < states + 1 {
        return Err(node.invalid("its operands do not fit its body; export the model again"));
    }
    if let Some(limit) = limit.filter(|_| going && goes_on(graph)) {
        check_steps(node, limit as usize)?;
    }
    let mut collected_parts: Vec<Vec<String>> = vec![Vec::new(); graph.output.len() - states - 1];
    let mut step = 0usize;
    while going && limit.is_none_or(|limit| (step as f64) < limit) {
        check_steps(node, step + 1)?;
        let (number, condition) = (x.number(step as f64), x.number(1.0));
        x.importer.kinds.insert(number.clone(), ElementKind::INT64);
        x.importer
            .kinds
            .insert(condition.clone(), ElementKind::Truth);
        let mut values = vec![number, condition];
        values.append(&mut carried);
        let mut results = x.inline(graph, &bound(graph, values))?;
        let shown = results.split_off(states + 1);
        carried = results.split_off(1);
        let still = results.first().and_then(|name| x.known(name));
        let Some([still]) = still.as_deref() else {
            return Err(node.unsupported(
                "whether it goes on depends on the model's input; only loops of a fixed length are, so export one",
            ));
        };
        going = *still != 0.0;
        for (part, result) in collected_parts.iter_mut().zip(shown) {
            part.push(result);
        }
        step += 1;
    }
    let mut outputs: Expanded = carried.into_iter().enumerate().collect();
    for (index, parts) in collected_parts.iter().enumerate() {
        if x.has_output(states + index) {
            check_steps(node, parts.len())?;
            outputs.push((states + index, collected(x, parts, 0, false)?));
        }
    }
    Ok(outputs)
}
