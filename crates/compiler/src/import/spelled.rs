//! A soft-max that a file spells out: `e / Σ e` with `e = exp(x − max x)`.
//!
//! It is taken for the operator that it is, which knows what masks exclude and keeps its logarithms
//! in steps of their own; operator by operator a mask of −10⁹ would leave nothing of the scores.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use crate::import::expand::int;
use crate::import::operator::Part;
use crate::import::operators;

/// From here on a soft-max is along one axis; before, it is along all that follow as well.
const ONE_AXIS: i64 = 13;

struct Spelled<'g> {
    makers: HashMap<&'g str, &'g NodeProto>,
    constants: HashMap<&'g str, &'g TensorProto>,
}

/// By number the nodes that end a soft-max which is spelled out, as what they are.
pub(crate) fn soft_maxes(graph: &GraphProto, opset: i64) -> HashMap<usize, NodeProto> {
    let shares = graph.node.iter().enumerate();
    let mut shares = shares
        .filter(|(_, node)| part(node) == Part::Share)
        .peekable();
    if shares.peek().is_none() {
        return HashMap::new();
    }
    let outputs = |node: &'_ NodeProto| -> usize { node.output.len() };
    let single = graph.node.iter().filter(|node| outputs(node) == 1);
    let of = Spelled {
        makers: single.map(|node| (node.output[0].as_str(), node)).collect(),
        constants: graph
            .initializer
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor))
            .collect(),
    };
    let found = shares.filter_map(|(number, node)| Some((number, of.soft_max(node, opset)?)));
    found.collect()
}

fn part(node: &NodeProto) -> Part {
    operators::find(&node.domain, &node.op_type).map_or(Part::No, |operator| operator.part)
}

impl<'g> Spelled<'g> {
    fn soft_max(&self, share: &NodeProto, opset: i64) -> Option<NodeProto> {
        let [power, sum] = &share.input[..] else {
            return None;
        };
        let summed = self.made(sum, Part::Sum)?;
        let powers = self.made(power, Part::Power)?;
        let lead = self.made(powers.input.first()?, Part::Lead)?;
        let [scores, largest] = &lead.input[..] else {
            return None;
        };
        let largest = self.made(largest, Part::Largest)?;
        let axis = self.axis(summed)?;
        let same = summed.input.first() == Some(power)
            && largest.input.first() == Some(scores)
            && self.axis(largest) == Some(axis)
            && (opset >= ONE_AXIS || axis == -1);
        same.then(|| NodeProto {
            op_type: operators::SOFT_MAX.into(),
            input: vec![scores.clone()],
            attribute: vec![int("axis", axis)],
            ..share.clone()
        })
    }

    fn made(&self, name: &str, by: Part) -> Option<&'g NodeProto> {
        let node = self.makers.get(name)?;
        (part(node) == by).then_some(*node)
    }

    /// The one axis that is reduced, and kept.
    fn axis(&self, node: &NodeProto) -> Option<i64> {
        let attribute = |name: &str| node.attribute.iter().find(|of| of.name == name);
        if attribute("keepdims").is_some_and(|keeps| keeps.i == 0) {
            return None;
        }
        let axes = match (attribute("axes"), node.input.get(1)) {
            (Some(axes), _) => axes.ints.clone(),
            (None, Some(name)) => self.numbers(name)?,
            (None, None) => return None,
        };
        match axes[..] {
            [axis] => Some(axis),
            _ => None,
        }
    }

    /// A constant list of whole numbers.
    fn numbers(&self, name: &str) -> Option<Vec<i64>> {
        let value = |node: &&'g NodeProto| {
            let value = node.attribute.iter().find(|of| of.name == "value")?;
            node.input.is_empty().then_some(value.t.as_ref()?)
        };
        let made = || self.makers.get(name).and_then(value);
        let tensor = self.constants.get(name).copied().or_else(made)?;
        if !tensor.int64_data.is_empty() {
            return Some(tensor.int64_data.clone());
        }
        let (words, rest) = tensor.raw_data.as_chunks::<8>();
        let whole = rest.is_empty() && tensor.dims.len() <= 1;
        whole.then(|| words.iter().map(|word| i64::from_le_bytes(*word)).collect())
    }
}
