//! Dimensions that a file leaves open, and first axes that are batches.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, File, Onnx, int, ints};
use verdict_compiler::{CompileError, FloatGraph, ImportOptions, Result, import_with};

/// The mean over a sequence of unknown length, then a linear layer.
fn sequence(dim: Dim) -> File {
    Onnx::default()
        .input("x", vec![Dim::Named("N"), dim, Dim::Fixed(2)])
        .weights("w", &[2, 1], &[1.0, 2.0])
        .node_with(
            "ReduceMean",
            &["x"],
            "m",
            vec![ints("axes", &[1]), int("keepdims", 0)],
        )
        .node("MatMul", &["m", "w"], "y")
        .output("y")
        .save()
}

fn sized(file: &File, dims: &[(&str, usize)]) -> Result<FloatGraph> {
    let dims = dims.iter().map(|(name, size)| ((*name).to_owned(), *size));
    let options = ImportOptions {
        dims: dims.collect(),
        ..ImportOptions::default()
    };
    import_with(&file.path, &options)
}

fn says(error: &CompileError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{text}` says nothing of `{word}`");
    }
}

#[test]
fn open_dimensions_take_the_size_given() {
    let file = sequence(Dim::Named("seq"));
    says(
        &sized(&file, &[]).unwrap_err(),
        &["`x`", "`seq`", "axis 1", "--dim seq=SIZE"],
    );
    for name in ["seq", "x.1"] {
        let graph = sized(&file, &[(name, 3)]).unwrap();
        assert_eq!(graph.onnx_input_shapes, [[1, 3, 2]]);
        let row = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let trace = graph.run(&[row]);
        // The means are 3 and 4.
        assert!((trace.values[graph.outputs[0]][0] - 11.0).abs() < 1e-9);
    }
    let error = sized(&file, &[("seq", 3), ("sequence", 4)]).unwrap_err();
    says(&error, &["`sequence`", "x.1", "seq", "N"]);
    let error = sized(&file, &[("seq", 3), ("x.2", 4)]).unwrap_err();
    says(&error, &["`x`", "2 cells along axis 2, not 4"]);
    let error = sized(&file, &[("seq", usize::MAX)]).unwrap_err();
    says(&error, &["`x`", "no cells or more"]);
}

#[test]
fn open_dimensions_take_the_size_that_data_has() {
    let file = sequence(Dim::Named("seq"));
    let with = |row_shapes: Vec<(String, Vec<usize>)>| {
        let options = ImportOptions {
            row_shapes,
            ..ImportOptions::default()
        };
        import_with(&file.path, &options)
    };
    for name in ["x", ""] {
        let graph = with(vec![(name.into(), vec![5, 2])]).unwrap();
        assert_eq!(graph.onnx_input_shapes, [[1, 5, 2]]);
    }
    // Rows that are flat say nothing.
    assert!(with(vec![("x".into(), vec![10])]).is_err());
    assert!(with(vec![("z".into(), vec![5, 2])]).is_err());
}

#[test]
fn a_fixed_first_axis_that_is_a_batch_is_noticed() {
    let file = |count, extra: bool| {
        let onnx = Onnx::default()
            .input("x", vec![Dim::Fixed(count), Dim::Fixed(10)])
            .weights("w", &[10, 2], &[0.5; 20])
            .node("MatMul", &["x", "w"], "h");
        match extra {
            // Centred over the first axis: this is no batch.
            true => onnx
                .node_with("ReduceMean", &["h"], "m", vec![ints("axes", &[0])])
                .node("Sub", &["h", "m"], "y"),
            false => onnx.node("Relu", &["h"], "y"),
        }
        .output("y")
        .save()
    };
    let error = sized(&file(50_000, false), &[]).unwrap_err();
    says(
        &error,
        &[
            "the first axis is 50000: if that is a batch, export with 1 or a dynamic axis",
            "--dim x.0=1",
        ],
    );
    let graph = sized(&file(50_000, false), &[("x.0", 1)]).unwrap();
    assert_eq!(graph.onnx_input_shapes, [[1, 10]]);
    // Few rows may be one input, and so may rows that depend on one another.
    assert_eq!(
        sized(&file(4, false), &[]).unwrap().onnx_input_shapes,
        [[4, 10]]
    );
    assert_eq!(
        sized(&file(300, true), &[]).unwrap().onnx_input_shapes,
        [[300, 10]]
    );
    let graph = sized(&file(300, false), &[("x.0", 300)]).unwrap();
    assert_eq!(graph.onnx_input_shapes, [[300, 10]]);
}

#[test]
fn nothing_works_across_a_batch() {
    let file = |op: &str, attributes| {
        Onnx::vector(3)
            .node_with(op, &["x"], "y", attributes)
            .output("y")
            .save()
    };
    let across = [
        ("Softmax", vec![int("axis", 0)]),
        ("LogSoftmax", vec![int("axis", -2)]),
        ("ReduceMean", vec![ints("axes", &[0])]),
        ("ReduceSum", vec![]),
        ("ArgMax", vec![int("axis", 0)]),
        ("ReduceMax", vec![ints("axes", &[0]), int("keepdims", 0)]),
    ];
    for (op, attributes) in across {
        let file = file(op, attributes);
        let error = sized(&file, &[])
            .err()
            .unwrap_or_else(|| panic!("{op} is taken"));
        says(&error, &["`y`", "across the first axis", "--dim N=SIZE"]);
        assert!(error.to_string().contains("node `"), "{op}: {error}");
        // Said to be no batch, it is computed.
        assert_eq!(
            sized(&file, &[("N", 2)]).unwrap().onnx_input_shapes,
            [[2, 3]]
        );
    }
    // It is the node in the middle that is named, not the one before or after.
    let middle = Onnx::vector(3)
        .node("Relu", &["x"], "before")
        .node_with(
            "ReduceMean",
            &["before"],
            "across",
            vec![ints("axes", &[0])],
        )
        .node("Sub", &["before", "across"], "after")
        .node_with("Softmax", &["after"], "y", vec![int("axis", 1)])
        .output("y")
        .save();
    let error = sized(&middle, &[]).unwrap_err().to_string();
    assert!(error.contains("across`"), "{error}");
    assert!(!error.contains("before`"), "{error}");
    let within = [
        ("Softmax", vec![int("axis", 1)]),
        ("ReduceMean", vec![ints("axes", &[1])]),
        ("Transpose", vec![ints("perm", &[1, 0])]),
        ("Relu", vec![]),
        ("ReduceMax", vec![ints("axes", &[1]), int("keepdims", 0)]),
    ];
    for (op, attributes) in within {
        let graph = sized(&file(op, attributes), &[]).unwrap_or_else(|e| panic!("{op}: {e}"));
        assert_eq!(graph.onnx_input_shapes, [[1, 3]]);
    }
}

/// Centred over both axes, which is no batch.
fn centred(first: Dim, second: Dim) -> File {
    Onnx::default()
        .input("x", vec![first, second])
        .node_with("ReduceMean", &["x"], "m", vec![ints("axes", &[0, 1])])
        .node("Sub", &["x", "m"], "y")
        .output("y")
        .save()
}

fn listed(file: &File, list_lengths: &[usize]) -> Result<FloatGraph> {
    let options = ImportOptions {
        list_lengths: list_lengths.to_vec(),
        ..ImportOptions::default()
    };
    import_with(&file.path, &options)
}

#[test]
fn lists_of_whole_inferences_size_what_is_open() {
    // EZKL names every first axis a batch, also of what works across it.
    let file = centred(Dim::Named("batch_size"), Dim::Fixed(3));
    says(&listed(&file, &[]).unwrap_err(), &["across the first axis"]);
    let shapes = |file: &File, lists: &[usize]| listed(file, lists).map(|it| it.onnx_input_shapes);
    for (lists, rows) in [(vec![6], 2), (vec![3], 1), (vec![9; 5], 3)] {
        assert_eq!(shapes(&file, &lists).unwrap(), [[rows, 3]], "{lists:?}");
    }
    for lists in [vec![7], vec![6, 9], vec![0]] {
        let error = shapes(&file, &lists).unwrap_err();
        says(&error, &["across the first axis"]);
    }
    // What does not work across it is a batch as ever, however many values there are.
    let batch = Onnx::vector(3).node("Relu", &["x"], "y").output("y").save();
    assert_eq!(shapes(&batch, &[12]).unwrap(), [[1, 3]]);
    // Besides a batch one axis may be open.
    assert_eq!(
        shapes(&sequence(Dim::Named("seq")), &[10]).unwrap(),
        [[1, 5, 2]]
    );
    let two = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(2)])
        .input("z", vec![Dim::Named("N"), Dim::Fixed(1)])
        .node("Mul", &["x", "z"], "xz")
        .node_with("ReduceSum", &["xz"], "y", vec![int("keepdims", 0)])
        .output("y")
        .save();
    assert_eq!(
        shapes(&two, &[6, 3]).unwrap(),
        [vec![3, 2], vec![3, 1]],
        "a list for each input"
    );
    says(&shapes(&two, &[6, 4]).unwrap_err(), &["across"]);
}

/// A name that two axes share has one size, so that neither is a batch.
#[test]
fn axes_of_one_name_are_of_one_size() {
    let file = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Named("N")])
        .input("z", vec![Dim::Named("N"), Dim::Named("N")])
        .node("MatMul", &["x", "z"], "y")
        .output("y")
        .save();
    let options = |row_shapes, list_lengths| ImportOptions {
        row_shapes,
        list_lengths,
        ..ImportOptions::default()
    };
    let rows = vec![("x".into(), vec![3]), ("z".into(), vec![3])];
    for options in [options(rows, vec![]), options(vec![], vec![9, 9])] {
        let graph = import_with(&file.path, &options).unwrap();
        assert_eq!(graph.onnx_input_shapes, [[3, 3], [3, 3]]);
    }
    says(
        &sized(&file, &[]).unwrap_err(),
        &["`x`", "`N`", "--dim N=SIZE"],
    );
}
