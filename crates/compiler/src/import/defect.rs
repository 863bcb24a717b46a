//! What tract is known to read otherwise than ONNX means it, found by running the node tests of
//! the `onnx` package through both it and onnxruntime.
//!
//! Only where a difference was found, and begins at such a node, is it put down to tract; wherever
//! both agree, tract remains the reference.

use tract_onnx::pb::{AttributeProto, NodeProto};

/// The values of a tensor in the row that differs, as tract computes them.
pub(crate) type Values<'a> = dyn Fn(&str) -> Option<Vec<f64>> + 'a;

/// A defect of the tract version this crate is built with, in an operator's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defect {
    /// Whether it concerns the node.
    when: fn(&NodeProto, &Values<'_>) -> bool,
    /// What tract does.
    does: &'static str,
}

impl Defect {
    /// What tract gets wrong about the node, if it does.
    pub(crate) fn of(&self, node: &NodeProto, values: &Values<'_>) -> Option<&'static str> {
        (self.when)(node, values).then_some(self.does)
    }
}

fn attribute<'n>(node: &'n NodeProto, name: &str) -> Option<&'n AttributeProto> {
    node.attribute.iter().find(|of| of.name == name)
}

/// Whether an index of a OneHot is none of its classes, which is to give no one at all.
fn beyond_depth(node: &NodeProto, values: &Values<'_>) -> bool {
    let operand = |at: usize| values(node.input.get(at)?);
    let (Some(indices), Some(depth)) = (operand(0), operand(1)) else {
        return false;
    };
    let depth = depth.first().copied().unwrap_or_default();
    indices
        .iter()
        .any(|index| *index >= depth || *index < -depth)
}

/// Whether a recurrent node is out of the ordinary.
fn recurrent(node: &NodeProto, _: &Values<'_>) -> bool {
    let unusual = ["activations", "clip", "input_forget"];
    unusual.iter().any(|name| attribute(node, name).is_some())
        || attribute(node, "direction").is_some_and(|of| of.s == b"reverse")
}

fn slope(node: &NodeProto, _: &Values<'_>) -> bool {
    attribute(node, "alpha").is_some_and(|of| of.f != 1.0)
}

/// Whether bits are shifted by less than nothing, or by more than any number has.
fn far(node: &NodeProto, values: &Values<'_>) -> bool {
    let amounts = node.input.get(1).and_then(|name| values(name));
    amounts.is_some_and(|all| all.iter().any(|by| !(0.0..64.0).contains(by)))
}

/// Whether a remainder is one of a negative number, and has the divisor's sign.
fn floored(node: &NodeProto, values: &Values<'_>) -> bool {
    let negative = |name: &String| values(name).is_some_and(|all| all.iter().any(|v| *v < 0.0));
    attribute(node, "fmod").is_none_or(|of| of.i == 0) && node.input.iter().any(negative)
}

/// Whether some of the cells that a maximum is taken of are −∞.
fn infinite(node: &NodeProto, values: &Values<'_>) -> bool {
    let operand = node.input.first().and_then(|name| values(name));
    operand.is_some_and(|all| all.contains(&f64::NEG_INFINITY))
}

/// Every operator of `ai.onnx.ml`.
pub(crate) const LEARNED: Defect = Defect {
    when: |_, _| true,
    does: "treats missing values and the conventions for two classes otherwise than ONNX",
};

pub(crate) const FACTOR: Defect = Defect {
    when: slope,
    does: "leaves out the factor alpha",
};

pub(crate) const OUTPUT_SHAPE: Defect = Defect {
    when: |node, _| attribute(node, "output_shape").is_some(),
    does: "pads otherwise than ONNX where the attribute output_shape is given",
};

pub(crate) const RECURRENT: Defect = Defect {
    when: recurrent,
    does: "computes otherwise than ONNX where clip, input_forget, other activations or the direction reverse are given",
};

pub(crate) const FAR: Defect = Defect {
    when: far,
    does: "shifts by another number of bits where there are not as many",
};

pub(crate) const DEPTH: Defect = Defect {
    when: beyond_depth,
    does: "sets another cell for an index that is none of the classes",
};

pub(crate) const MODE: Defect = Defect {
    when: |node, _| attribute(node, "mode").is_some_and(|of| of.s != b"DCR"),
    does: "ignores the attribute mode",
};

pub(crate) const SLOPE: Defect = Defect {
    when: slope,
    does: "ignores the attribute alpha",
};

pub(crate) const REMAINDER: Defect = Defect {
    when: floored,
    does: "gives remainders of negative numbers another sign",
};

pub(crate) const LOWEST: Defect = Defect {
    when: infinite,
    does: "takes the largest of nothing but −inf for the smallest finite number",
};

pub(crate) const MEAN: Defect = Defect {
    when: |_, _| true,
    does: "takes the mean of the powers for their sum",
};
