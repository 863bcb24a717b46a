//! Products in sums of much larger terms, under functions of a fixed unit, and in sums of many:
//! they get tensors of their own, or coarser factors, instead of an error.
#![allow(clippy::unwrap_used)]

mod common;

use common::run::{Compiled, random_rows, untested};
use common::{Dim, Onnx, int, ints};
use verdict_compiler::{FloatGraph, Options, Reference, accuracy, compile, error_bounds};
use verdict_model::DataSet;

/// Compiles with default options, but for the bits, on values from -1 to 1.
fn at(float: FloatGraph, activation_bits: Option<u32>) -> Compiled {
    let rows = random_rows(&float, -1.0, 1.0, 120);
    let data = DataSet::from_rows(rows.clone(), &float.input_specs()).unwrap();
    let options = Options {
        activation_bits,
        ..Options::default()
    };
    let model = compile(&float, &data, &options).unwrap();
    model.graph().validate().unwrap();
    Compiled { float, model, rows }
}

/// The largest error of output 0, and its range.
fn error(c: &Compiled) -> (f64, f64) {
    let (mut worst, mut low, mut high) = (0.0f64, f64::INFINITY, f64::NEG_INFINITY);
    for row in &c.rows {
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&c.trace(row), 0).iter().zip(exact) {
            worst = worst.max((y - exact).abs());
            (low, high) = (low.min(*exact), high.max(*exact));
        }
    }
    (worst, high - low)
}

/// Tensors of products that `c` has and its float graph has not.
fn own(c: &Compiled) -> usize {
    c.model.graph().tensors.len() - c.float.tensors.len()
}

/// `a, c = split(x)`.
fn halves() -> Onnx {
    Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(4)])
        .indices("halves", &[2, 2])
        .node_outputs("Split", &["x", "halves"], &["a", "c"], vec![int("axis", 1)])
}

/// `Relu(a·c + k·a)`: the product is a small part of the sum.
fn beside(k: f32) -> FloatGraph {
    halves()
        .weights("k", &[], &[k])
        .node("Mul", &["a", "c"], "p")
        .node("Mul", &["a", "k"], "q")
        .node("Add", &["p", "q"], "s")
        .node("Relu", &["s"], "y")
        .output("y")
        .import()
}

#[test]
fn beside_a_larger_term() {
    for k in [0.1, 3.0, 30.0, 300.0, 3e4] {
        for bits in [None, Some(3), Some(6), Some(8), Some(11), Some(15)] {
            let c = at(beside(k), bits);
            let (error, range) = error(&c);
            let steps = f64::from((1u32 << bits.unwrap_or(8)) - 1);
            assert!(
                error <= (3.5 / steps + 1e-3) * range,
                "{k}, {bits:?}: {error} of {range}"
            );
        }
    }
}

/// With an output fine enough to show it, the product is in the sum.
#[test]
fn the_product_is_not_dropped() {
    let c = untested(beside(30.0), -1.0, 1.0, 9);
    let float = c.float.clone();
    let rows = c.rows.clone();
    let data = DataSet::from_rows(rows.clone(), &float.input_specs()).unwrap();
    let options = Options {
        activation_bits: Some(8),
        input_bits: Some(15),
        output_bits: Some(15),
        ..Options::default()
    };
    let model = compile(&float, &data, &options).unwrap();
    let c = Compiled { float, model, rows };
    assert_eq!(own(&c), 1);
    assert!(c.model.graph().tensors[c.tensor("y/products0")].len == 2);
    let step = c.output_step();
    for row in &c.rows {
        let y = c.output(&c.trace(row), 0);
        for i in 0..2 {
            let (a, b) = (row[0][i], row[0][i + 2]);
            let exact = (a * b + 30.0 * a).max(0.0);
            // Factors and products of 8 bits; products make factors coarser by less than a bit.
            let bound = 0.51 * step + 2.0 * 30.0 * 0.56 / 255.0 + 2.0 / 255.0;
            assert!((y[i] - exact).abs() <= bound, "{} is not {exact}", y[i]);
        }
    }
}

/// What reports are made of knows the tensor that the imported graph has not.
#[test]
fn reports_follow() {
    let c = at(beside(300.0), None);
    assert_eq!(own(&c), 1);
    let data = DataSet::from_rows(c.rows.clone(), &c.float.input_specs()).unwrap();
    let reference = Reference::new(&c.float).unwrap();
    let report = accuracy(&reference, &c.float, &c.model, &data).unwrap();
    assert!(report.max_abs_error < 3.0 && report.import_error < 1e-4);
    let known = c.float.as_compiled(c.model.graph());
    for (a, b) in known.tensors.iter().zip(&c.model.graph().tensors) {
        assert_eq!((&a.name, a.len), (&b.name, b.len));
    }
    assert_eq!(known.outputs, c.model.graph().outputs);
    for row in &c.rows {
        let (all, some) = (known.run(row), c.float.run(row));
        let same = all.values[known.outputs[0]].iter();
        let mut same = same.zip(&some.values[c.float.outputs[0]]);
        assert!(same.all(|(a, b)| (a - b).abs() <= 1e-9));
        let bounds = error_bounds(&c.float, &c.model, row).unwrap().total();
        let y = c.output(&c.trace(row), 0);
        let exact = &some.values[c.float.outputs[0]];
        for ((y, exact), bound) in y.iter().zip(exact).zip(&bounds[0]) {
            assert!((y - exact).abs() <= bound + 1e-9);
        }
    }
    // A model without such tensors is left as it is.
    let plain = at(beside(0.1), None);
    assert_eq!(own(&plain), 0);
    let same = plain.float.as_compiled(plain.model.graph());
    assert_eq!(same.tensors.len(), plain.float.tensors.len());
}

/// Products of very different sizes in one sum.
#[test]
fn beside_larger_products() {
    for small in [0.3, 1e-2, 1e-4] {
        let matrix: Vec<f32> = (0..16)
            .map(|i| ((i * 7 + 3) % 11) as f32 / 11.0 - 0.4)
            .collect();
        let graph = halves()
            .weights("w", &[2, 2], &matrix[..4])
            .weights("v", &[2, 2], &matrix[4..8])
            .weights("small", &[], &[small])
            .node("MatMul", &["a", "w"], "b")
            .node("MatMul", &["c", "v"], "d")
            .node("Mul", &["a", "b"], "ab")
            .node("Mul", &["c", "d"], "cd")
            .node("Mul", &["cd", "small"], "e")
            .node("Add", &["ab", "e"], "y")
            .output("y")
            .import();
        for bits in [None, Some(5), Some(8), Some(11)] {
            let c = at(graph.clone(), bits);
            let (error, range) = error(&c);
            let steps = f64::from((1u32 << bits.unwrap_or(8)) - 1);
            assert!(
                error <= 4.0 * range / steps,
                "{small}, {bits:?}: {error} of {range}"
            );
        }
    }
}

/// Planes: squares beside a convolution.
#[test]
fn beside_a_convolution() {
    let kernel: Vec<f32> = (0..36)
        .map(|i| ((i * 5 + 2) % 13) as f32 / 13.0 - 0.4)
        .collect();
    let input = vec![Dim::Named("N"), Dim::Fixed(2), Dim::Fixed(4), Dim::Fixed(4)];
    let pads = || vec![ints("pads", &[1, 1, 1, 1])];
    let graph = Onnx::default()
        .input("x", input)
        .weights("w", &[2, 2, 3, 3], &kernel)
        .weights("big", &[], &[60.0])
        .weights("two", &[], &[2.0])
        .node("Relu", &["x"], "a")
        .node("Pow", &["a", "two"], "p")
        .node_with("Conv", &["x", "w"], "r", pads())
        .node("Mul", &["r", "big"], "s")
        .node("Add", &["p", "s"], "y")
        .output("y")
        .import();
    let c = at(graph, Some(8));
    let (error, range) = error(&c);
    assert!(error <= 0.01 * range, "{error} of {range}");
}

/// Sums of many equal products: factors become coarser where bits do not suffice.
#[test]
fn sums_of_many() {
    let len = 96i64;
    // One row: the sum is over all axes, a batch's too.
    let graph = Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(1)])
        .weights("w", &[1, len], &vec![1.0; len as usize])
        .node("MatMul", &["x", "w"], "a")
        .node("Relu", &["a"], "b")
        .node("Mul", &["a", "b"], "p")
        .node_with("ReduceSum", &["p"], "y", vec![int("keepdims", 1)])
        .output("y")
        .import();
    for bits in [4, 8, 10, 12, 14, 15] {
        let c = at(graph.clone(), Some(bits));
        let (error, range) = error(&c);
        assert!(
            error <= 0.01 * range || bits < 8,
            "{bits}: {error} of {range}"
        );
    }
}

/// A gated recurrent unit unrolled over five steps: `r ∘ h` is a small part of what Tanh reads.
fn gru(steps: i64) -> FloatGraph {
    let (features, hidden) = (3i64, 4i64);
    let weight = |seed: i64| move |i: i64| ((i * 37 + seed * 11) % 23) as f32 / 32.0 - 0.35;
    let matrix = |rows: i64, seed: i64| (0..rows * hidden).map(weight(seed)).collect::<Vec<f32>>();
    let mut onnx = Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(steps * features)])
        .indices("parts", &vec![features; steps as usize])
        .weights("h0", &[1, hidden], &vec![0.0; hidden as usize])
        .weights("one", &[], &[1.0]);
    for (number, gate) in ["r", "z", "n"].iter().enumerate() {
        onnx = onnx
            .weights(
                &format!("w{gate}"),
                &[features, hidden],
                &matrix(features, number as i64),
            )
            .weights(
                &format!("u{gate}"),
                &[hidden, hidden],
                &matrix(hidden, 5 + number as i64),
            )
            .weights(
                &format!("c{gate}"),
                &[hidden],
                &matrix(1, 9 + number as i64),
            );
    }
    let parts: Vec<String> = (0..steps).map(|t| format!("x{t}")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    onnx = onnx.node_outputs("Split", &["x", "parts"], &parts, vec![int("axis", 1)]);
    for (t, part) in parts.iter().enumerate() {
        let (n, h) = (|name: &str| format!("{name}_{t}"), format!("h{t}"));
        for gate in ["r", "z", "n"] {
            onnx = onnx
                .node(
                    "MatMul",
                    &[part, &format!("w{gate}")],
                    &n(&format!("i{gate}")),
                )
                .node(
                    "MatMul",
                    &[&h, &format!("u{gate}")],
                    &n(&format!("m{gate}")),
                )
                .node(
                    "Add",
                    &[&n(&format!("m{gate}")), &format!("c{gate}")],
                    &n(&format!("b{gate}")),
                );
        }
        onnx = onnx
            .node("Add", &[&n("ir"), &n("br")], &n("sr"))
            .node("Sigmoid", &[&n("sr")], &n("r"))
            .node("Add", &[&n("iz"), &n("bz")], &n("sz"))
            .node("Sigmoid", &[&n("sz")], &n("z"))
            .node("Mul", &[&n("r"), &n("bn")], &n("rn"))
            .node("Add", &[&n("in"), &n("rn")], &n("sn"))
            .node("Tanh", &[&n("sn")], &n("n"))
            .node("Sub", &["one", &n("z")], &n("k"))
            .node("Mul", &[&n("k"), &n("n")], &n("new"))
            .node("Mul", &[&n("z"), &h], &n("old"))
            .node("Add", &[&n("new"), &n("old")], &format!("h{}", t + 1));
    }
    onnx.node_with(
        "ReduceSum",
        &[&format!("h{steps}")],
        "y",
        vec![int("keepdims", 1)],
    )
    .output("y")
    .import()
}

#[test]
fn unrolled_gated_units() {
    let graph = gru(5);
    for bits in [None, Some(6), Some(8), Some(10), Some(12), Some(15)] {
        let c = at(graph.clone(), bits);
        let (error, range) = error(&c);
        let share = if bits == Some(6) { 0.1 } else { 0.02 };
        assert!(error <= share * range, "{bits:?}: {error} of {range}");
    }
}

/// Every step's products ask for another unit of tables that all steps share.
#[test]
fn many_unrolled_gated_units() {
    let c = at(gru(48), Some(10));
    let (error, range) = error(&c);
    assert!(error <= 0.02 * range, "{error} of {range}");
}
