//! What tract is known to read otherwise than ONNX means it, found by running the node tests of
//! the `onnx` package through both it and onnxruntime.
//!
//! Only where a difference was found, and begins at such a node, is it put down to tract; wherever
//! both agree, tract remains the reference.

use tract_onnx::pb::NodeProto;

/// A defect of the tract version this crate is built with.
struct Defect {
    domain: &'static str,
    op: &'static str,
    /// Whether it concerns the node.
    when: fn(&NodeProto) -> bool,
    /// What tract does.
    does: &'static str,
}

fn always(_: &NodeProto) -> bool {
    true
}

fn has(node: &NodeProto, attribute: &str) -> bool {
    node.attribute.iter().any(|of| of.name == attribute)
}

const DEFECTS: &[Defect] = &[
    Defect {
        domain: "ai.onnx.ml",
        op: "",
        when: always,
        does: "treats missing values and the conventions for two classes otherwise",
    },
    Defect {
        domain: "",
        op: "ConvTranspose",
        when: |node| has(node, "output_shape"),
        does: "pads otherwise where the attribute output_shape is given",
    },
];

/// What tract is known to get wrong about the node.
pub(super) fn known(node: &NodeProto) -> Option<&'static str> {
    let domain = match &*node.domain {
        "ai.onnx" => "",
        domain => domain,
    };
    let mut defects = DEFECTS.iter();
    let found = defects.find(|of| {
        of.domain == domain && (of.op.is_empty() || of.op == node.op_type) && (of.when)(node)
    });
    found.map(|of| of.does)
}
