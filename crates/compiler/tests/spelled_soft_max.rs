//! A soft-max that a file spells out, `e / Σ e` with `e = exp(x − max x)`, is as good as one that it
//! names, masks included; what only looks like one is computed as it stands.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int, ints, run::check_values};
use verdict_compiler::{Options, Reference, compile_with, least_cost};
use verdict_model::{DataSet, OutOfDomain, Row, execute};

const FLOAT: i32 = 1;
const BOOL: i32 = 9;

/// Scores `s` and a condition `m` of three queries and four keys; the first key is always open.
fn scores(mask: f32) -> Onnx {
    let shape = || vec![Dim::Fixed(1), Dim::Fixed(3), Dim::Fixed(4)];
    Onnx::default()
        .input_of("s", shape(), FLOAT)
        .input_of("m", shape(), BOOL)
        .weights("lowest", &[], &[mask])
        .weights("zero", &[], &[0.0])
}

fn rows() -> Vec<Row> {
    (0..40usize)
        .map(|row| {
            let s = (0..12).map(|i| ((row * 7 + i * 13) % 41) as f64 / 10.0 - 2.0);
            let m = (0..12).map(|i| f64::from(u8::from(i % 4 == 0 || (row * 93) >> i & 1 == 1)));
            vec![s.collect(), m.collect()]
        })
        .collect()
}

fn expected(row: &Row) -> Vec<f64> {
    let power = |i: usize| row[1][i] * row[0][i].exp();
    let sum = |i: usize| (i / 4 * 4..i / 4 * 4 + 4).map(power).sum::<f64>();
    (0..12).map(|i| power(i) / sum(i)).collect()
}

fn check(name: &str, onnx: Onnx, expected: fn(&Row) -> Vec<f64>) {
    check_values(name, onnx, rows(), expected, 0.03_f64.next_down());
}

/// `e / Σ e` of `open`, the axis as an attribute.
fn spelled(onnx: Onnx) -> Onnx {
    let last = || vec![ints("axes", &[-1])];
    onnx.indices("axes", &[-1])
        .node_with("ReduceMax", &["open"], "largest", last())
        .node("Sub", &["open", "largest"], "lead")
        .node("Exp", &["lead"], "e")
        .node("ReduceSum", &["e", "axes"], "sum")
        .node("Div", &["e", "sum"], "y")
        .opset(17)
}

#[test]
fn masks_leave_the_scores_as_fine_as_they_are() {
    for mask in [-1e4, -1e9, f32::MIN, f32::NEG_INFINITY] {
        let chosen = scores(mask).node("Where", &["m", "s", "lowest"], "open");
        check(&format!("chosen {mask}"), spelled(chosen), expected);
        let added = scores(mask)
            .node("Where", &["m", "zero", "lowest"], "bias")
            .node("Add", &["s", "bias"], "open");
        check(&format!("added {mask}"), spelled(added), expected);
    }
}

/// Another axis, or one that is dropped, makes another function.
#[test]
fn what_looks_like_one_is_computed_as_it_stands() {
    let queries = Onnx::default()
        .input_of(
            "s",
            vec![Dim::Fixed(1), Dim::Fixed(3), Dim::Fixed(4)],
            FLOAT,
        )
        .input_of("m", vec![Dim::Fixed(1), Dim::Fixed(3), Dim::Fixed(4)], BOOL)
        .indices("first", &[1])
        .node_with("ReduceMax", &["s"], "largest", vec![ints("axes", &[2])])
        .node("Sub", &["s", "largest"], "lead")
        .node("Exp", &["lead"], "e")
        .node_with(
            "ReduceSum",
            &["e", "first"],
            "sum",
            vec![int("keepdims", 1)],
        )
        .node("Div", &["e", "sum"], "share")
        .node_with("Cast", &["m"], "counts", vec![int("to", 1)])
        .node("Mul", &["share", "counts"], "y")
        .opset(17);
    check("another axis", queries, |row| {
        let largest = |i: usize| {
            let keys = row[0][i / 4 * 4..i / 4 * 4 + 4].iter();
            keys.copied().fold(f64::NEG_INFINITY, f64::max)
        };
        let e = |i: usize| (row[0][i] - largest(i)).exp();
        let sum = |i: usize| (0..3).map(|query| e(query * 4 + i % 4)).sum::<f64>();
        (0..12).map(|i| row[1][i] * e(i) / sum(i)).collect()
    });
}

/// The largest of what a mask leaves open, as pooling over tokens has it.
#[test]
fn the_largest_of_what_is_open_is_as_fine_as_scores() {
    for mask in [-1e4, -1e9, f32::MIN] {
        let form = scores(mask)
            .node("Where", &["m", "s", "lowest"], "open")
            .node_with("ReduceMax", &["open"], "y", vec![ints("axes", &[-1])])
            .opset(17);
        let largest = |row: &Row| {
            let open = |i: usize| {
                if row[1][i] == 1.0 {
                    row[0][i]
                } else {
                    f64::MIN
                }
            };
            let of = |query: usize| {
                (query * 4..query * 4 + 4)
                    .map(open)
                    .fold(f64::MIN, f64::max)
            };
            (0..3).map(of).collect()
        };
        let graph = form.output("y").import();
        let data = DataSet::from_rows(rows(), &graph.input_specs()).unwrap();
        Reference::checked(&graph, &data, false).unwrap();
        let options = Options::default();
        let model = compile_with(&graph, &data, &options, &least_cost)
            .unwrap()
            .model;
        let output = model.graph().outputs[0];
        let scale = model.graph().tensors[output].scale;
        for row in data.rows() {
            let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
            let trace = execute(model.graph(), &integers).unwrap();
            for (found, wanted) in trace.values[output].iter().zip::<Vec<f64>>(largest(row)) {
                let found = f64::from(*found) * scale;
                assert!(
                    (found - wanted).abs() < 0.02,
                    "{mask}: {found}, not {wanted}"
                );
            }
        }
    }
}
