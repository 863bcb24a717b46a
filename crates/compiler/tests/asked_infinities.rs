//! Nodes that ask which cells are infinite, or no numbers: what exporters make a soft-max safe with,
//! where a mask may close all keys to a query.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int, run::check_values};
use verdict_model::Row;

const FLOAT: i32 = 1;
const BOOL: i32 = 9;

/// Scores `s` and a condition `m` of so many axes, the last two of which are two queries and four
/// keys. Some forms are planes, others are not.
fn scores(axes: usize) -> Onnx {
    let shape = || {
        let ones = (2..axes).map(|_| Dim::Fixed(1));
        ones.chain([Dim::Fixed(2), Dim::Fixed(4)]).collect()
    };
    Onnx::default()
        .input_of("s", shape(), FLOAT)
        .input_of("m", shape(), BOOL)
        .weights("lowest", &[], &[f32::NEG_INFINITY])
        .weights("zero", &[], &[0.0])
        .opset(17)
}

/// Half of the rows close all keys to a query.
fn rows() -> Vec<Row> {
    (0..24usize)
        .map(|row| {
            let s = (0..8).map(|i| ((row * 7 + i * 13) % 41) as f64 / 10.0 - 2.0);
            let closed = row % 4 * 4;
            let open = |i: usize| (row * 93) >> i & 1 == 1 && !(closed..closed + 4).contains(&i);
            let m = (0..8).map(|i| f64::from(u8::from(open(i))));
            vec![s.collect(), m.collect()]
        })
        .collect()
}

/// What ONNX says a safe soft-max is.
fn safe(row: &Row) -> Vec<f64> {
    let (s, m) = (&row[0], &row[1]);
    let power = |i: usize| m[i] * s[i].exp();
    (0..8)
        .map(|i| {
            let sum: f64 = (i / 4 * 4..i / 4 * 4 + 4).map(power).sum();
            if sum == 0.0 { 0.0 } else { power(i) / sum }
        })
        .collect()
}

fn check(name: &str, onnx: Onnx, expected: fn(&Row) -> Vec<f64>, tolerance: f64) {
    check_values(name, onnx, rows(), expected, tolerance);
}

/// `s + Where(m, 0, −∞)` and its soft-max `p`.
fn soft_max(axes: usize) -> Onnx {
    scores(axes)
        .node("Where", &["m", "zero", "lowest"], "bias")
        .node("Add", &["s", "bias"], "open")
        .node_with("Softmax", &["open"], "p", vec![int("axis", -1)])
}

fn largest(onnx: Onnx, of: &str) -> Onnx {
    onnx.node_with(
        "ReduceMax",
        &[of],
        "largest",
        vec![common::ints("axes", &[-1])],
    )
}

fn zero_where(onnx: Onnx) -> Onnx {
    onnx.node("Where", &["none", "zero", "p"], "y")
}

#[test]
fn a_soft_max_of_nothing_is_zero_where_the_file_says_so() {
    for axes in [2, 3, 4] {
        let equal = |of| largest(soft_max(axes), of).node("Equal", &["largest", "lowest"], "none");
        let negative = vec![int("detect_positive", 0)];
        let forms = [
            ("the mask is −∞", equal("bias")),
            ("all scores are −∞", equal("open")),
            (
                "−∞ is the largest",
                largest(soft_max(axes), "open").node(
                    "GreaterOrEqual",
                    &["lowest", "largest"],
                    "none",
                ),
            ),
            (
                "IsInf",
                largest(soft_max(axes), "bias").node_with("IsInf", &["largest"], "none", negative),
            ),
            ("IsNaN", soft_max(axes).node("IsNaN", &["p"], "none")),
            (
                "not any",
                largest(
                    soft_max(axes)
                        .node("Equal", &["open", "lowest"], "closed")
                        .node("Not", &["closed"], "not")
                        .node_with("Cast", &["not"], "counts", vec![int("to", 1)]),
                    "counts",
                )
                .node_with("Cast", &["largest"], "any", vec![int("to", BOOL.into())])
                .node("Not", &["any"], "none"),
            ),
        ];
        for (name, form) in forms {
            check(name, zero_where(form), safe, 0.011);
        }
        let chosen = scores(axes)
            .node("Where", &["m", "s", "lowest"], "open")
            .node_with("Softmax", &["open"], "p", vec![int("axis", -1)])
            .node("IsNaN", &["p"], "none");
        check("chosen", zero_where(chosen), safe, 0.011);
    }
}

/// The same of two masks, one of which is a constant that closes one query altogether.
#[test]
fn masks_add_up() {
    let (open, closed) = (0.0, f32::NEG_INFINITY);
    let form = soft_max(3)
        .weights(
            "fixed",
            &[2, 4],
            &[open, closed, open, open, closed, closed, closed, closed],
        )
        .node("Add", &["bias", "fixed"], "both")
        .node("Add", &["s", "both"], "all")
        .node_with("Softmax", &["all"], "q", vec![int("axis", -1)]);
    let by_mask = largest(form, "both")
        .node("Equal", &["largest", "lowest"], "none")
        .node("Where", &["none", "zero", "q"], "y");
    let expected = |row: &Row| {
        let mut row = row.clone();
        for i in [1, 4, 5, 6, 7] {
            row[1][i] = 0.0;
        }
        safe(&row)
    };
    check("both", by_mask, expected, 0.011);
}

#[test]
fn which_cells_are_infinite_is_exact() {
    let as_number = |onnx: Onnx| onnx.node_with("Cast", &["e"], "y", vec![int("to", 1)]);
    let closed = |row: &Row| row[1].iter().map(|m| 1.0 - m).collect::<Vec<_>>();
    let open = |row: &Row| row[1].clone();
    for axes in [2, 3] {
        let equal = soft_max(axes).node("Equal", &["open", "lowest"], "e");
        check("equal", as_number(equal), closed, 0.0);
        let above = soft_max(axes).node("Greater", &["open", "lowest"], "e");
        check("above", as_number(above), open, 0.0);
        let infinite = soft_max(axes).node("IsInf", &["bias"], "e");
        check("infinite", as_number(infinite), closed, 0.0);
        // Beside what depends on the input at all.
        let number = soft_max(axes)
            .node("IsNaN", &["open"], "e")
            .node("Not", &["e"], "number")
            .node("And", &["number", "m"], "counts")
            .node_with("Cast", &["counts"], "y", vec![int("to", 1)]);
        check("number", number, open, 0.0);
        let positive = vec![int("detect_negative", 0)];
        let above = soft_max(axes)
            .node_with("IsInf", &["open"], "e", positive)
            .node("Or", &["e", "m"], "counts")
            .node_with("Cast", &["counts"], "y", vec![int("to", 1)]);
        check("positive", above, open, 0.0);
    }
}

/// Of functions it is known where they are defined.
#[test]
fn functions_are_numbers_within_their_domains() {
    let root = scores(2)
        .node("Sqrt", &["s"], "root")
        .node("IsNaN", &["root"], "e")
        .node("Where", &["e", "s", "root"], "y");
    let expected = |row: &Row| {
        row[0]
            .iter()
            .map(|v| if *v < 0.0 { *v } else { v.sqrt() })
            .collect()
    };
    check("root", root, expected, 0.02);
    let clean = scores(2)
        .node("IsNaN", &["s"], "e")
        .node("Where", &["e", "zero", "s"], "number")
        .node("IsInf", &["number"], "f")
        .node("Where", &["f", "zero", "number"], "y");
    check("clean", clean, |row| row[0].clone(), 0.011);
}

/// What nobody can tell is refused by name, and so is whatever else computes with infinities.
#[test]
fn what_cannot_be_told_is_refused() {
    let square = soft_max(2)
        .node("Mul", &["p", "p"], "square")
        .node("IsNaN", &["square"], "none")
        .node("Where", &["none", "zero", "square"], "y");
    let error = square.output("y").error().to_string();
    assert!(
        error.contains("`square`") && error.contains("soft-max"),
        "{error}"
    );
    for axes in [2, 3] {
        for reader in ["Mul", "Max"] {
            let onnx = soft_max(axes).node(reader, &["open", "s"], "y");
            let error = onnx.output("y").error().to_string();
            assert!(
                error.contains("`open`") && error.contains("infinite"),
                "{axes}: {error}"
            );
        }
    }
}
