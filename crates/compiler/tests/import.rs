//! Importing: what is understood, and what every refusal says.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, File, Onnx, float, int, ints};
use verdict_compiler::{CompileError, FloatGraph, Reference, import, import_outputs};
use verdict_model::ModelError;

/// The float graph and tract must agree.
fn agree(graph: &FloatGraph, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let expected = Reference::new(graph).unwrap().run(inputs).unwrap();
    let trace = graph.run(inputs);
    for (id, expected) in graph.outputs.iter().zip(&expected) {
        let ours = &trace.values[*id];
        assert_eq!(ours.len(), expected.len());
        for (a, b) in ours.iter().zip(expected) {
            assert!(
                (a - b).abs() < 1e-4,
                "{ours:?} differs from tract's {expected:?}"
            );
        }
    }
    expected
}

/// The message names the file and every other part.
fn says(error: &CompileError, parts: &[&str]) {
    let message = error.to_string();
    for part in parts.iter().chain(&["model.onnx"]) {
        assert!(
            message.contains(part),
            "`{message}` does not mention `{part}`"
        );
    }
}

#[test]
fn dense_layers_fold() {
    let graph = Onnx::vector(3)
        .weights("w", &[3, 2], &[1.0, -2.0, 0.5, 1.5, -1.0, 3.0])
        .weights("b", &[2], &[0.25, -0.5])
        .weights("s", &[2], &[2.0, 4.0])
        .weights("w2", &[2, 2], &[1.0, 2.0, 3.0, 4.0])
        .node("MatMul", &["x", "w"], "h0")
        .node("Add", &["h0", "b"], "h1")
        .node("Mul", &["h1", "s"], "h2")
        .node("Relu", &["h2"], "h3")
        .node_with(
            "Gemm",
            &["h3", "w2", "b"],
            "y",
            vec![int("transB", 1), float("alpha", 0.5), float("beta", 2.0)],
        )
        .output("y")
        .import();
    // Two layers: everything linear before the ReLU is one map.
    assert_eq!(graph.tensors.len(), 3);
    assert_eq!(
        graph.tensors[1].layer.as_ref().unwrap().nodes,
        ["/h0", "/h1", "/h2", "/h3"]
    );
    agree(&graph, &[vec![1.0, 2.0, -3.0]]);
    agree(&graph, &[vec![-1.0, 0.5, 2.0]]);
}

#[test]
fn normalisation_and_reductions_fold() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Named("batch"), Dim::Fixed(2), Dim::Fixed(3)])
        .weights("scale", &[2], &[2.0, 0.5])
        .weights("shift", &[2], &[1.0, -1.0])
        .weights("mean", &[2], &[0.5, 0.25])
        .weights("var", &[2], &[4.0, 0.25])
        .node(
            "BatchNormalization",
            &["x", "scale", "shift", "mean", "var"],
            "n",
        )
        .node_with("LeakyRelu", &["n"], "a", vec![float("alpha", 0.2)])
        .node_with(
            "ReduceMean",
            &["a"],
            "y",
            vec![ints("axes", &[2]), int("keepdims", 0)],
        )
        .output("y")
        .import();
    assert_eq!(graph.tensors[graph.outputs[0]].shape, [2]);
    agree(&graph, &[vec![1.0, -2.0, 3.0, 0.0, 5.0, -6.0]]);
}

/// As exporters write `output[:, :, i] = …`: what is before the first and after the last is empty.
#[test]
fn constants_of_no_cells_are_constants() {
    let x = || Onnx::default().input("x", vec![Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(3)]);
    let sliced = x()
        .indices("zero", &[0])
        .indices("two", &[2])
        .indices("axis", &[1])
        .node("Slice", &["x", "zero", "zero", "axis"], "before")
        .node("Slice", &["x", "zero", "two", "axis"], "all")
        .node_with("Concat", &["before", "all"], "y", vec![int("axis", 1)])
        .output("y")
        .import();
    assert_eq!(sliced.onnx_input_shapes, [[1, 2, 3]]);
    agree(&sliced, &[vec![1.0, -2.0, 3.0, 0.0, 5.0, -6.0]]);
    let row = vec![1.0, -2.0, 3.0, 0.0, 5.0, -6.0];
    let moved = x()
        .weights("none", &[0, 3], &[])
        .indices("one", &[1])
        .indices("shape", &[1, 3, 0])
        .node("Unsqueeze", &["none", "one"], "a")
        .node_with("Transpose", &["a"], "b", vec![ints("perm", &[1, 0, 2])])
        .node("Slice", &["b", "one", "one", "one"], "c")
        .node_with("Concat", &["x", "c"], "y", vec![int("axis", 1)])
        .output("y")
        .import();
    assert_eq!(
        moved.run(std::slice::from_ref(&row)).values[moved.outputs[0]],
        row
    );
    // Nothing else is computed of no cells, and an output of none proves nothing.
    for op in [
        "ReduceMean",
        "ReduceSum",
        "Relu",
        "Softmax",
        "Exp",
        "ArgMax",
    ] {
        let of_none = x()
            .weights("none", &[0, 3], &[])
            .node(op, &["none"], "m")
            .node_with("Concat", &["x", "m"], "y", vec![int("axis", 1)])
            .output("y");
        says(&of_none.error(), &["/m", "`none` has no cells"]);
    }
    for free in [&[-1, 3][..], &[0, -1], &[2, -1]] {
        let reshaped = x()
            .weights("none", &[0, 3], &[])
            .indices("shape", free)
            .node("Reshape", &["none", "shape"], "m")
            .node_with("Concat", &["x", "m"], "y", vec![int("axis", 1)])
            .output("y");
        says(&reshaped.error(), &["model.onnx"]);
    }
    let empty = x()
        .indices("zero", &[0])
        .indices("axis", &[1])
        .node("Slice", &["x", "zero", "zero", "axis"], "y")
        .output("y");
    says(&empty.error(), &["`y`", "does not depend on any input"]);
}

#[test]
fn moving_cells_folds() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(3)])
        .indices("starts", &[2])
        .indices("ends", &[i64::MIN])
        .indices("axes", &[1])
        .indices("steps", &[-2])
        .indices("flat", &[0, -1])
        .indices("one", &[1])
        .node_with("Transpose", &["x"], "t", vec![ints("perm", &[0, 2, 1])])
        .node("Slice", &["t", "starts", "ends", "axes", "steps"], "s")
        .node_with("Concat", &["s", "t"], "c", vec![int("axis", 1)])
        .node("Unsqueeze", &["c", "one"], "u")
        .node("Squeeze", &["u", "one"], "v")
        .node("Reshape", &["v", "flat"], "r")
        .node("Identity", &["r"], "y")
        .output("y")
        .import();
    // Input and one copy of it.
    assert_eq!(graph.tensors.len(), 2);
    let output = agree(&graph, &[vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
    assert_eq!(
        output[0],
        [3.0, 6.0, 1.0, 4.0, 1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    );
}

#[test]
fn residuals_and_several_inputs() {
    let graph = Onnx::vector(2)
        .input("z", vec![Dim::Named("N"), Dim::Fixed(2)])
        .weights("w", &[2, 2], &[1.0, -1.0, 0.5, 2.0])
        .weights("low", &[], &[-1.0])
        .weights("high", &[], &[1.5])
        .node("MatMul", &["x", "w"], "h")
        .node("Tanh", &["h"], "t")
        .node("Add", &["t", "x"], "r")
        .node("Sub", &["r", "z"], "d")
        .node("Clip", &["d", "low", "high"], "y")
        .node("Sigmoid", &["d"], "p")
        .output("y")
        .output("p")
        .import();
    assert_eq!(graph.inputs.len(), 2);
    agree(&graph, &[vec![1.0, -2.0], vec![0.5, 0.25]]);
}

/// What PyTorch writes for `x.view(x.size(0), -1)`.
#[test]
fn shape_arithmetic_is_constant() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Named("batch"), Dim::Fixed(2), Dim::Fixed(2)])
        .weights("w", &[4, 1], &[1.0, 2.0, 3.0, 4.0])
        .indices("zero", &[0])
        .indices("minus", &[-1])
        .node("Shape", &["x"], "s")
        .node("Gather", &["s", "zero"], "n")
        .node_with("Concat", &["n", "minus"], "target", vec![int("axis", 0)])
        .node("Reshape", &["x", "target"], "flat")
        .node("MatMul", &["flat", "w"], "y")
        .output("y")
        .import();
    assert_eq!(agree(&graph, &[vec![1.0, 1.0, 1.0, 1.0]])[0], [10.0]);
}

#[test]
fn shared_outputs_are_distinct_tensors() {
    let graph = Onnx::vector(2)
        .node("Relu", &["x"], "a")
        .node("Identity", &["a"], "b")
        .output("a")
        .output("b")
        .output("x")
        .import();
    assert_eq!(graph.outputs.len(), 3);
    assert!(graph.outputs[0] != graph.outputs[1] && !graph.inputs.contains(&graph.outputs[2]));
    agree(&graph, &[vec![1.0, -1.0]]);
}

#[test]
fn cutting_at_the_logits() {
    let file = Onnx::vector(2)
        .weights("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])
        .node("MatMul", &["x", "w"], "logits")
        .node("Softmax", &["logits"], "y")
        .output("y")
        .save();
    agree(&import(&file.path).unwrap(), &[vec![1.0, -1.0]]);
    agree(
        &import_outputs(&file.path, &["logits"]).unwrap(),
        &[vec![1.0, -1.0]],
    );
    says(
        &import_outputs(&file.path, &["nothing"]).unwrap_err(),
        &["nothing", "no node produces"],
    );
}

#[test]
fn missing_file() {
    let error = import("/nonexistent/model.onnx").unwrap_err();
    assert!(matches!(
        error,
        CompileError::Model(ModelError::Read { .. })
    ));
    says(&error, &["cannot read", "check the path"]);
}

#[test]
fn files_that_are_not_onnx() {
    for bytes in [
        &b""[..],
        b"hello, I am a text file\n",
        b"{\"json\": 1}",
        &[0xff; 64],
    ] {
        let file = File::new("model.onnx", bytes);
        let error = import(&file.path).unwrap_err();
        assert!(matches!(error, CompileError::NotOnnx { .. }), "{error}");
        says(&error, &["not an ONNX model", "torch.onnx.export"]);
    }
}

#[test]
fn truncated_file() {
    let bytes = Onnx::vector(2)
        .node("Relu", &["x"], "y")
        .output("y")
        .bytes();
    for len in 3..bytes.len() {
        let file = File::new("model.onnx", &bytes[..len]);
        // A cut between two fields is a valid message, so the error may also be that something is
        // missing.
        if let Err(error) = import(&file.path) {
            says(&error, &[]);
        }
    }
    let file = File::new("model.onnx", &bytes[..bytes.len() / 2]);
    let error = import(&file.path).unwrap_err();
    assert!(
        matches!(error, CompileError::TruncatedOnnx { .. }),
        "{error}"
    );
    says(&error, &["truncated", "export it again"]);
}

#[test]
fn weights_that_are_not_finite() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let error = Onnx::vector(2)
            .weights("w", &[2, 1], &[1.0, value])
            .node("MatMul", &["x", "w"], "y")
            .output("y")
            .error();
        says(&error, &["/y", "`w`", "position 1", "finite"]);
    }
}

#[test]
fn unsupported_operators_come_with_a_hint() {
    let hints = [
        ("MaxRoiPool", "MaxPool"),
        ("DynamicQuantizeMatMul", "statically"),
        ("CategoryMapper", "number the categories"),
        ("NonZero", "shape"),
        ("Foo", "supported are"),
    ];
    for (op, hint) in hints {
        let error = Onnx::vector(2).node(op, &["x"], "y").output("y").error();
        says(&error, &[op, "/y", hint]);
    }
}

#[test]
fn dynamic_shapes() {
    let error = Onnx::default()
        .input("tokens", vec![Dim::Named("N"), Dim::Named("sequence")])
        .node("Relu", &["tokens"], "y")
        .output("y")
        .error();
    says(&error, &["tokens", "sequence", "axis 1", "fixed shapes"]);
}

#[test]
fn graphs_that_contradict_themselves() {
    let error = Onnx::vector(2)
        .node("Relu", &["nowhere"], "y")
        .output("y")
        .error();
    says(&error, &["/y", "nowhere", "export the model again"]);
    let error = Onnx::vector(2)
        .node("Relu", &["x"], "y")
        .output("z")
        .error();
    says(&error, &["`z`", "no node produces"]);
    let error = Onnx::vector(2)
        .weights("w", &[3, 1], &[1.0; 3])
        .node("MatMul", &["x", "w"], "y")
        .output("y")
        .error();
    says(&error, &["/y", "[1, 2]", "[3, 1]"]);
    let error = Onnx::vector(2)
        .weights("w", &[2], &[1.0, 0.0])
        .node("Div", &["x", "w"], "y")
        .output("y")
        .error();
    says(&error, &["/y", "divides by zero"]);
    let error = Onnx::vector(2)
        .weights("w", &[2], &[1.0])
        .node("Add", &["x", "w"], "y")
        .output("y")
        .error();
    says(&error, &["`w`", "export the model again"]);
    let error = Onnx::vector(2)
        .weights("w", &[2], &[1.0, 2.0])
        .output("w")
        .error();
    says(&error, &["`w`", "does not depend on any input"]);
    let error = Onnx::default()
        .weights("w", &[2], &[1.0, 2.0])
        .output("w")
        .error();
    says(&error, &["no input"]);
}
