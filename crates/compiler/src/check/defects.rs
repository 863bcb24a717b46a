//! What tract is known to read otherwise than ONNX means it, found by running the node tests of
//! the `onnx` package through both it and onnxruntime.
//!
//! Only where a difference was found, and begins at such a node, is it put down to tract; wherever
//! both agree, tract remains the reference.

use tract_onnx::pb::{AttributeProto, NodeProto};

/// The values of a tensor in the row that differs, as tract computes them.
pub(super) type Values<'a> = dyn Fn(&str) -> Option<Vec<f64>> + 'a;

/// A defect of the tract version this crate is built with.
struct Defect {
    domain: &'static str,
    /// Operators; none for all of the domain.
    ops: &'static [&'static str],
    /// Whether it concerns the node.
    when: fn(&NodeProto, &Values<'_>) -> bool,
    /// What tract does.
    does: &'static str,
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
    ["activations", "clip"]
        .iter()
        .any(|name| attribute(node, name).is_some())
}

const DEFECTS: &[Defect] = &[
    Defect {
        domain: "ai.onnx.ml",
        ops: &[],
        when: |_, _| true,
        does: "treats missing values and the conventions for two classes otherwise than ONNX",
    },
    Defect {
        domain: "",
        ops: &["Celu"],
        when: |node, _| attribute(node, "alpha").is_some_and(|of| of.f != 1.0),
        does: "leaves out the factor alpha",
    },
    Defect {
        domain: "",
        ops: &["ConvTranspose"],
        when: |node, _| attribute(node, "output_shape").is_some(),
        does: "pads otherwise than ONNX where the attribute output_shape is given",
    },
    Defect {
        domain: "",
        ops: &["GRU", "LSTM", "RNN"],
        when: recurrent,
        does: "computes otherwise than ONNX where clip or other activations are given",
    },
    Defect {
        domain: "",
        ops: &["OneHot"],
        when: beyond_depth,
        does: "sets another cell for an index that is none of the classes",
    },
    Defect {
        domain: "",
        ops: &["SpaceToDepth"],
        when: |node, _| attribute(node, "mode").is_some_and(|of| of.s != b"DCR"),
        does: "ignores the attribute mode",
    },
    Defect {
        domain: "",
        ops: &["Swish"],
        when: |node, _| attribute(node, "alpha").is_some_and(|of| of.f != 1.0),
        does: "ignores the attribute alpha",
    },
];

/// What tract is known to get wrong about the node.
pub(super) fn known(node: &NodeProto, values: &Values<'_>) -> Option<&'static str> {
    let domain = match &*node.domain {
        "ai.onnx" => "",
        domain => domain,
    };
    let mut defects = DEFECTS.iter();
    let found = defects.find(|of| {
        of.domain == domain
            && (of.ops.is_empty() || of.ops.contains(&&*node.op_type))
            && (of.when)(node, values)
    });
    found.map(|of| of.does)
}
