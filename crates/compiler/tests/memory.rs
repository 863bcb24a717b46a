//! What would take more memory than there may be is refused before it takes any.
#![allow(clippy::unwrap_used)]

mod common;

use common::run::random_rows;
use common::{Dim, File, Onnx};
use verdict_compiler::{CompileError, FloatGraph, ImportOptions, Options, compile, import_with};
use verdict_model::DataSet;

const MIB: u64 = 1 << 20;

/// `x · w` for `rows` rows of 16 numbers.
fn rows(rows: i64) -> File {
    let weights: Vec<f32> = (0..256).map(|i| (i % 7) as f32 - 3.0).collect();
    Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(rows), Dim::Fixed(16)])
        .weights("w", &[16, 16], &weights)
        .node("MatMul", &["x", "w"], "y")
        .output("y")
        .save()
}

/// `x · xᵀ` for `rows` rows of 16 numbers.
fn pairs(rows: i64) -> File {
    Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(rows), Dim::Fixed(16)])
        .node_with(
            "Transpose",
            &["x"],
            "t",
            vec![common::ints("perm", &[0, 2, 1])],
        )
        .node("MatMul", &["x", "t"], "y")
        .output("y")
        .save()
}

fn within(file: &File, limit: u64) -> Result<FloatGraph, CompileError> {
    let options = ImportOptions {
        memory_limit: Some(limit),
        ..ImportOptions::default()
    };
    import_with(&file.path, &options)
}

/// The place that is refused, and what it needs, in MiB.
fn refused<T>(result: Result<T, CompileError>) -> (String, f64) {
    let Err(error) = result else {
        panic!("it is taken");
    };
    let message = error.to_string();
    assert!(message.contains("--memory-limit"), "{message}");
    let CompileError::Memory { place, needs, .. } = error else {
        panic!("{message}");
    };
    (place, needs * 1024.0)
}

#[test]
fn a_product_of_matrices_has_the_weights_of_all_its_cells() {
    // 2,000 · 16 cells of 16 weights, each with the number of a cell.
    let least = (2_000 * 16 * 16 * 16) as f64 / MIB as f64;
    let (place, needs) = refused(within(&rows(2_000), 4 * MIB));
    assert!(place.contains("node `/y` (MatMul)"), "{place}");
    assert!(needs >= least && needs <= 2.0 * least, "{needs}, {least}");
    within(&rows(2_000), 64 * MIB).unwrap();
    within(&rows(50), 4 * MIB).unwrap();
}

#[test]
fn products_of_all_pairs() {
    let (place, needs) = refused(within(&pairs(100), 16 * MIB));
    assert!(place.contains("node `/y` (MatMul)"), "{place}");
    // As many products as pairs have numbers.
    let least = (100 * 100 * 16 * 100) as f64 / MIB as f64;
    assert!(needs >= least, "{needs}, {least}");
    within(&pairs(8), 16 * MIB).unwrap();
}

#[test]
fn rows_of_data_are_counted() {
    let graph = within(&rows(50), 64 * MIB).unwrap();
    let data = |count| {
        let rows = random_rows(&graph, -1.0, 1.0, count);
        DataSet::from_rows(rows, &graph.input_specs()).unwrap()
    };
    let options = |limit| Options {
        memory_limit: Some(limit),
        ..Options::default()
    };
    let many = data(2_000);
    let (place, needs) = refused(compile(&graph, &many, &options(16 * MIB)));
    let rows = format!("{} rows", many.len());
    assert!(place.contains(&rows), "{place}");
    // 800 inputs and outputs of 8 bytes each in every row.
    let least = (2_000 * 2 * 800 * 8) as f64 / MIB as f64;
    assert!(needs >= least && needs <= 6.0 * least, "{needs}, {least}");
    compile(&graph, &data(20), &options(16 * MIB)).unwrap();
}
