//! Files as people have them: nodes in any order, branches that are never taken, constants of every
//! type, constants among the outputs, and what is said of damaged ones.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, float, int};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto};
use verdict_compiler::{CompileError, FloatGraph, import_outputs};

fn outputs(graph: &FloatGraph, row: &[f64]) -> Vec<Vec<f64>> {
    let trace = graph.run(&[row.to_vec()]);
    let of = |id: &usize| trace.values[*id].clone();
    graph.outputs.iter().map(of).collect()
}

fn says(error: &CompileError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{text}` says nothing of `{word}`");
    }
}

fn tensor(name: &str, data_type: DataType, dims: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: data_type as i32,
        ..TensorProto::default()
    }
}

/// A function's body stands where it is called: twice, within another function, with the call's
/// attributes, with an operand left out; inner names are its own.
#[test]
fn functions_of_the_file_are_their_bodies() {
    let refers = |name: &str, to: &str| AttributeProto {
        name: name.into(),
        ref_attr_name: to.into(),
        r#type: 1,
        ..AttributeProto::default()
    };
    let leaky = Onnx::default()
        .node_with("LeakyRelu", &["a"], "h", vec![refers("alpha", "slope")])
        .node("Clip", &["h", "", "top"], "b");
    let twice = |inner: &str| {
        Onnx::default()
            .call(inner, &["v"], "h", vec![float("slope", 0.5)])
            .node("Add", &["h", "v"], "w")
    };
    let base = || Onnx::vector(2).weights("one", &[], &[1.0]);
    let graph = base()
        .function("Leaky", &["a", "top"], &["b"], leaky)
        .function("Twice", &["v"], &["w"], twice("Leaky"))
        .call("Leaky", &["x", "one"], "h", vec![float("slope", 0.25)])
        .call("Twice", &["h"], "y", vec![])
        .output("y")
        .import();
    // 4 is cut to 1 and doubled; −4 becomes −1, and half of that is added.
    assert_eq!(outputs(&graph, &[4.0, -4.0]), [[2.0, -1.5]]);

    says(
        &slopeless().error(),
        &["/y", "`slope`", "`Leaky`", "onnx.inliner"],
    );
    let endless = base()
        .function("Twice", &["v"], &["w"], twice("Twice"))
        .call("Twice", &["x"], "y", vec![float("slope", 1.0)])
        .output("y");
    says(&endless.error(), &["`Twice`", "calls itself"]);
    let newer = base()
        .function(
            "Twice",
            &["v"],
            &["w"],
            Onnx::default().opset(17).node("Relu", &["v"], "w"),
        )
        .call("Twice", &["x"], "y", vec![])
        .output("y");
    says(&newer.error(), &["`Twice`", "opset 17", "13"]);
}

/// A call that does not give an attribute which the body refers to.
fn slopeless() -> Onnx {
    let alpha = AttributeProto {
        name: "alpha".into(),
        ref_attr_name: "slope".into(),
        ..AttributeProto::default()
    };
    let leaky = Onnx::default().node_with("LeakyRelu", &["a"], "b", vec![alpha]);
    Onnx::vector(2)
        .function("Leaky", &["a"], &["b"], leaky)
        .call("Leaky", &["x"], "y", vec![])
        .output("y")
}

/// Before opset 7 the second operand began where `axis` said, which numpy does not know.
#[test]
fn old_alignment_is_refused_by_name() {
    let file = |opset, attributes| {
        Onnx::default()
            .opset(opset)
            .input("x", vec![Dim::Fixed(1), Dim::Fixed(3), Dim::Fixed(3)])
            .weights("b", &[3], &[10.0, 20.0, 30.0])
            .node("Relu", &["x"], "r")
            .node_with("Add", &["r", "b"], "y", attributes)
            .output("y")
    };
    let old = |axis| vec![int("broadcast", 1), int("axis", axis)];
    says(
        &file(6, old(1)).error(),
        &["`/y`", "`axis`", "onnx.version_converter"],
    );
    for axis in [2, -1] {
        let graph = file(6, old(axis)).import();
        let values = graph.run(&[vec![0.0; 9]]).values;
        assert_eq!(values[graph.outputs[0]][..3], [10.0, 20.0, 30.0]);
    }
    says(&file(0, vec![]).error(), &["opset 0"]);
}

#[test]
fn nodes_come_in_any_order() {
    let mut onnx = Onnx::vector(2)
        .weights("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])
        .node("MatMul", &["x", "w"], "a")
        .node("Relu", &["a"], "b")
        .node("Neg", &["b"], "c")
        .node("Add", &["c", "a"], "y")
        .output("y");
    let expected = outputs(&onnx_clone(&mut onnx).import(), &[1.0, -2.0]);
    // a = [−5, −6], so c is 0.
    assert_eq!(expected[0], [-5.0, -6.0]);
    for turn in 0..4 {
        let mut turned = onnx_clone(&mut onnx);
        turned.graph().node.rotate_left(turn);
        turned.graph().node.reverse();
        assert_eq!(outputs(&turned.import(), &[1.0, -2.0]), expected);
    }
}

/// The same graph again.
fn onnx_clone(of: &mut Onnx) -> Onnx {
    let mut copy = Onnx::default();
    *copy.graph() = of.graph().clone();
    copy
}

#[test]
fn cycles_and_values_made_twice_are_named() {
    let error = Onnx::vector(2)
        .node("Add", &["x", "b"], "a")
        .node("Relu", &["a"], "b")
        .node("Neg", &["b"], "y")
        .output("y")
        .error();
    says(&error, &["`/a`", "`/b`", "cycle"]);
    assert!(!error.to_string().contains("`/y`"), "{error}");
    let error = Onnx::vector(2)
        .node("Relu", &["x"], "y")
        .node("Neg", &["x"], "y")
        .output("y")
        .error();
    says(&error, &["`y`", "two nodes"]);
}

fn branch(name: &str, op: &str, read: &str) -> AttributeProto {
    let output = format!("{name}_result");
    let graph = GraphProto {
        name: name.into(),
        node: vec![NodeProto {
            op_type: op.into(),
            input: vec![read.into()],
            output: vec![output.clone()],
            ..NodeProto::default()
        }],
        output: vec![ValueInfoProto {
            name: output,
            ..ValueInfoProto::default()
        }],
        ..GraphProto::default()
    };
    AttributeProto {
        name: name.into(),
        r#type: 5,
        g: Some(graph),
        ..AttributeProto::default()
    }
}

#[test]
fn a_known_condition_takes_its_branch() {
    for (condition, expected) in [(1, [2.0, 0.0]), (0, [-2.0, 3.0])] {
        let mut known = tensor("known", DataType::Bool, &[]);
        known.int32_data = vec![condition];
        let branches = vec![
            branch("then_branch", "Relu", "v"),
            branch("else_branch", "Neg", "v"),
        ];
        let graph = Onnx::vector(2)
            .tensor(known)
            .node("Identity", &["x"], "v")
            .node_with("If", &["known"], "y", branches)
            .output("y")
            .import();
        assert_eq!(outputs(&graph, &[2.0, -3.0])[0], expected);
    }
    // A condition that is computed, of shapes alone.
    let branches = vec![
        branch("then_branch", "Relu", "x"),
        branch("else_branch", "Neg", "x"),
    ];
    let graph = Onnx::vector(2)
        .indices("two", &[2])
        .node("Shape", &["x"], "shape")
        .node_with("Gather", &["shape", "one"], "width", vec![int("axis", 0)])
        .indices("one", &[1])
        .node("Equal", &["width", "two"], "c")
        .node_with("If", &["c"], "y", branches)
        .output("y")
        .import();
    assert_eq!(outputs(&graph, &[2.0, -3.0])[0], [2.0, 0.0]);
    let branches = vec![
        branch("then_branch", "Relu", "x"),
        branch("else_branch", "Neg", "x"),
    ];
    let error = Onnx::vector(1)
        .weights("zero", &[], &[0.0])
        .node("Greater", &["x", "zero"], "c")
        .node_with("If", &["c"], "y", branches)
        .output("y")
        .error();
    says(
        &error,
        &["`/y`", "`c`", "depends on the model's input", "Where"],
    );
}

#[test]
fn positions_of_constants_are_constant() {
    // An old export of arange.
    let graph = Onnx::vector(4)
        .indices("four", &[4])
        .indices("one", &[1])
        .weights("table", &[6], &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
        .node("ConstantOfShape", &["four"], "zeros")
        .node("Cos", &["zeros"], "ones")
        .node("NonZero", &["ones"], "nz")
        .node("Transpose", &["nz"], "nt")
        .node("Squeeze", &["nt", "one"], "pos")
        .node("Gather", &["table", "pos"], "e")
        .node("Add", &["x", "e"], "y")
        .output("y")
        .import();
    assert_eq!(outputs(&graph, &[0.0; 4])[0], [1.0, 2.0, 4.0, 8.0]);
    // Coordinates come axis by axis.
    let graph = Onnx::vector(4)
        .weights("m", &[2, 2], &[0.0, 3.0, 5.0, 0.0])
        .node("NonZero", &["m"], "nz")
        .node_with("Cast", &["nz"], "f", vec![int("to", 1)])
        .node_with("Flatten", &["f"], "flat", vec![int("axis", 0)])
        .node("Add", &["x", "flat"], "y")
        .output("y")
        .import();
    assert_eq!(outputs(&graph, &[0.0; 4])[0], [0.0, 1.0, 1.0, 0.0]);
    let error = Onnx::vector(2)
        .node("NonZero", &["x"], "y")
        .output("y")
        .error();
    says(&error, &["`/y`", "depends on the data"]);
}

#[test]
fn constants_of_every_type() {
    let raw = |kind, dims: &[i64], bytes: &[u8]| TensorProto {
        raw_data: bytes.to_vec(),
        ..tensor("w", kind, dims)
    };
    let listed = |kind, numbers: &[i32]| TensorProto {
        int32_data: numbers.to_vec(),
        ..tensor("w", kind, &[2])
    };
    let cases = [
        // 1.5 and −2, as halves of floats and as halves.
        (
            raw(DataType::Bfloat16, &[2], &[0xc0, 0x3f, 0, 0xc0]),
            [1.5, -2.0],
        ),
        (listed(DataType::Bfloat16, &[0x3fc0, 0xc000]), [1.5, -2.0]),
        (
            raw(DataType::Float16, &[2], &[0, 0x3e, 0, 0xc0]),
            [1.5, -2.0],
        ),
        (listed(DataType::Float16, &[0x3e00, 0xc000]), [1.5, -2.0]),
        (raw(DataType::Int4, &[2], &[0xe3]), [3.0, -2.0]),
        (raw(DataType::Uint4, &[2], &[0xe3]), [3.0, 14.0]),
        (
            raw(DataType::Float8e4m3fn, &[2], &[0x3c, 0xc0]),
            [1.5, -2.0],
        ),
        (listed(DataType::Float8e5m2, &[0x3e, 0xc0]), [1.5, -2.0]),
        (raw(DataType::Float4e2m1, &[2], &[0xc3]), [1.5, -2.0]),
        (raw(DataType::Int8, &[2], &[3, 0xfe]), [3.0, -2.0]),
        (raw(DataType::Uint8, &[2], &[3, 0xfe]), [3.0, 254.0]),
        (raw(DataType::Bool, &[2], &[1, 0]), [1.0, 0.0]),
    ];
    for (w, expected) in cases {
        let kind = w.data_type;
        let graph = Onnx::vector(2)
            .tensor(w)
            .node_with("Cast", &["w"], "f", vec![int("to", 1)])
            .node("Add", &["x", "f"], "y")
            .output("y")
            .import();
        assert_eq!(outputs(&graph, &[0.0; 2])[0], expected, "type {kind}");
    }
    for (kind, name) in [
        (DataType::String, "string"),
        (DataType::Complex64, "complex64"),
    ] {
        let error = Onnx::vector(2)
            .tensor(raw(kind, &[2], &[0; 16]))
            .node("Add", &["x", "w"], "y")
            .output("y")
            .error();
        says(&error, &["`w`", name, "expected float"]);
        assert!(!error.to_string().contains("Ok("), "{error}");
    }
}

#[test]
fn a_constant_that_is_no_number_is_named() {
    for op in ["Add", "Mul", "Sub", "Max", "Where", "Pow", "Less"] {
        let mut operands = vec!["x", "c"];
        if op == "Where" {
            operands.insert(0, "yes");
        }
        let mut yes = tensor("yes", DataType::Bool, &[]);
        yes.int32_data = vec![1];
        let error = Onnx::vector(4)
            .tensor(yes)
            .weights("c", &[4], &[0.0, f32::NAN, f32::INFINITY, 0.0])
            .node(op, &operands, "y")
            .output("y")
            .error();
        says(&error, &["`/y`", "`c`", "NaN", "position 1"]);
    }
}

#[test]
fn constants_among_the_outputs_are_left_out() {
    let policy = || {
        Onnx::vector(2)
            .weights("w", &[2, 1], &[1.0, 2.0])
            .weights("b", &[1], &[0.5])
            .node("MatMul", &["x", "w"], "mean")
            .node("Identity", &["b"], "log_std")
            .output("mean")
            .output("log_std")
    };
    let graph = policy().import();
    assert_eq!(graph.output_names, ["mean"]);
    assert_eq!(graph.left_out, ["log_std"]);
    assert_eq!(outputs(&graph, &[1.0, 1.0]), [[3.0]]);
    let file = policy().save();
    let error = import_outputs(&file.path, &["mean", "log_std"]).unwrap_err();
    says(
        &error,
        &["`log_std`", "does not depend on any input", "--output-name"],
    );
}

#[test]
fn the_first_cells_of_a_tensor_are_not_all_of_it() {
    for op in ["Floor", "Sigmoid", "Abs"] {
        let graph = Onnx::vector(3)
            .indices("first", &[0])
            .node(op, &["x"], "a")
            .node_with("Gather", &["a", "first"], "y", vec![int("axis", 1)])
            .output("y")
            .import();
        assert_eq!(graph.tensors[graph.outputs[0]].len, 1, "{op}");
    }
    let graph = Onnx::vector(4)
        .indices("starts", &[0])
        .indices("ends", &[2])
        .indices("axes", &[1])
        .node("Relu", &["x"], "a")
        .node("Slice", &["a", "starts", "ends", "axes"], "y")
        .output("y")
        .import();
    assert_eq!(outputs(&graph, &[1.0, -1.0, 2.0, 3.0])[0], [1.0, 0.0]);
}

/// A constant `w` of three floats whose bytes are said to be in another file.
fn elsewhere(entries: &[(&str, &str)]) -> Onnx {
    use tract_onnx::pb::StringStringEntryProto;
    let entry = |(key, value): &(&str, &str)| StringStringEntryProto {
        key: (*key).into(),
        value: (*value).into(),
    };
    let mut of = tensor("w", DataType::Float, &[3]);
    of.data_location = Some(1);
    of.external_data = entries.iter().map(entry).collect();
    Onnx::vector(3)
        .tensor(of)
        .node("Mul", &["x", "w"], "y")
        .output("y")
}

#[test]
fn bytes_in_another_file() {
    let beside = |onnx: Onnx, bytes: Option<&[u8]>| {
        let file = onnx.save();
        if let Some(bytes) = bytes {
            std::fs::write(file.path.with_file_name("w.bin"), bytes).unwrap();
        }
        verdict_compiler::import(&file.path)
    };
    let numbers = [0.0f32, 2.0, 3.0, 4.0];
    let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    let place = |offset: &'static str| [("location", "w.bin"), ("offset", offset)];
    for entries in [
        place("4").to_vec(),
        [&place("4")[..], &[("length", "12")]].concat(),
    ] {
        let graph = beside(elsewhere(&entries), Some(&bytes)).unwrap();
        assert_eq!(outputs(&graph, &[1.0, 1.0, 1.0])[0], [2.0, 3.0, 4.0]);
    }
    for (entries, with, words) in [
        (
            place("4").to_vec(),
            None,
            ["`w`", "`w.bin`", "cannot be read"],
        ),
        (
            place("8").to_vec(),
            Some(&bytes),
            ["begin at 8", "which has 16", "cut off"],
        ),
        (
            [&place("0")[..], &[("length", "16")]].concat(),
            Some(&bytes),
            ["`w`", "16 bytes", "expected 12"],
        ),
        (place("x").to_vec(), Some(&bytes), ["`w`", "offset", "`x`"]),
        (
            vec![("location", "../w.bin")],
            Some(&bytes),
            ["`w`", "`../w.bin`", "outside of the model's folder"],
        ),
        (
            vec![("location", "/etc/hostname")],
            None,
            ["`w`", "`/etc/hostname`", "outside of the model's folder"],
        ),
        (vec![], None, ["`w`", "not named", "export"]),
    ] {
        let error = beside(elsewhere(&entries), with.map(Vec::as_slice)).unwrap_err();
        says(&error, &words);
    }
}

/// `w` with two values at `places` of a shape.
fn sparse(dims: &[i64], of_places: &[i64], places: &[i64]) -> Onnx {
    use tract_onnx::pb::SparseTensorProto;
    let mut values = tensor("w", DataType::Float, &[2]);
    values.float_data = vec![5.0, 7.0];
    let mut indices = tensor("", DataType::Int64, of_places);
    indices.int64_data = places.to_vec();
    let mut onnx = Onnx::vector(6).node("Mul", &["x", "flat"], "y").output("y");
    onnx = onnx
        .indices("row", &[6])
        .node("Reshape", &["w", "row"], "flat");
    onnx.graph().sparse_initializer.push(SparseTensorProto {
        values: Some(values),
        indices: Some(indices),
        dims: dims.to_vec(),
    });
    onnx
}

#[test]
fn sparse_constants_are_written_out() {
    for (of_places, places) in [(&[2][..], &[1, 5][..]), (&[2, 2][..], &[0, 1, 1, 2][..])] {
        let graph = sparse(&[2, 3], of_places, places).import();
        let found = outputs(&graph, &[1.0; 6]);
        assert_eq!(found[0], [0.0, 5.0, 0.0, 0.0, 0.0, 7.0]);
    }
    for (dims, places, words) in [
        (&[2, 3][..], &[1, 6][..], ["`w`", "[6.0]", "outside"]),
        (
            &[1 << 20, 1 << 20][..],
            &[0, 1][..],
            ["`w`", "more cells", "export"],
        ),
    ] {
        says(&sparse(dims, &[2], places).error(), &words);
    }
    let error = sparse(&[2, 3], &[3], &[0, 1, 2]).error();
    says(&error, &["`w`", "2 values", "[3]"]);
}
