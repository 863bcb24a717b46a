//! Products, quotients, choices and comparisons of values that all depend on the input.
#![allow(clippy::unwrap_used)]

mod common;

use common::run::{Compiled, compiled};
use common::{Dim, Onnx, int, ints};
use verdict_model::Function;

/// Two vectors `a` and `b`, `b` smaller by the factor `ratio`.
fn two(len: i64, ratio: f32) -> Onnx {
    let matrix: Vec<f32> = (0..len * len)
        .map(|i| ((i * 37 + 11) % 19) as f32 / 19.0 - 0.4)
        .collect();
    let other: Vec<f32> = (0..len * len)
        .map(|i| (((i * 53 + 7) % 23) as f32 / 23.0 - 0.5) * ratio)
        .collect();
    Onnx::vector(len)
        .weights("wa", &[len, len], &matrix)
        .weights("wb", &[len, len], &other)
        .node("MatMul", &["x", "wa"], "a")
        .node("MatMul", &["x", "wb"], "b")
}

fn squares(c: &Compiled) -> usize {
    let graph = c.model.graph();
    let square = |tensor: &&verdict_model::Tensor| {
        let layer = tensor.layer.as_ref();
        layer.is_some_and(|layer| graph.functions[layer.function] == Function::Square)
    };
    graph.tensors.iter().filter(square).map(|t| t.len).sum()
}

/// The integers of the factors are multiplied exactly: only the output is rounded, whatever the
/// factors' sizes.
#[test]
fn products_are_exact_on_the_integers() {
    for ratio in [1.0, 1000.0, 1e-3] {
        let graph = two(5, ratio)
            .node("Mul", &["a", "b"], "y")
            .output("y")
            .import();
        let c = compiled(graph, -1.0, 1.0, 9);
        assert_eq!(squares(&c), 10);
        let (a, b) = (c.tensor("a/integers"), c.tensor("b/integers"));
        for row in &c.rows {
            let trace = c.trace(row);
            let (a, b) = (c.reals(&trace, a), c.reals(&trace, b));
            for (i, y) in c.output(&trace, 0).iter().enumerate() {
                let bound = 0.51 * c.output_step();
                assert!(
                    (y - a[i] * b[i]).abs() <= bound,
                    "{y} is not {} · {}",
                    a[i],
                    b[i]
                );
            }
        }
    }
}

#[test]
fn broadcasting_shares_squares() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(3), Dim::Fixed(4)])
        .weights("g", &[], &[0.5])
        .node("Mul", &["x", "g"], "a")
        .node_with("ReduceSum", &["x"], "b", vec![int("keepdims", 1)])
        .node("Mul", &["a", "b"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 9);
    // One factor is the same for all twelve cells: differences are no dearer than twelve squares
    // and one.
    assert!(squares(&c) <= 25);
    for row in &c.rows {
        let trace = c.trace(row);
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&trace, 0).iter().zip(exact) {
            assert!((y - exact).abs() < 0.03, "{y}, not {exact}");
        }
    }
}

#[test]
fn matrix_products() {
    let graph = Onnx::default()
        .input(
            "x",
            vec![Dim::Named("N"), Dim::Fixed(2), Dim::Fixed(3), Dim::Fixed(4)],
        )
        .weights(
            "w",
            &[4, 5],
            &(0..20)
                .map(|i| (i % 7) as f32 / 7.0 - 0.4)
                .collect::<Vec<_>>(),
        )
        .node("MatMul", &["x", "w"], "a")
        .node_with("Transpose", &["x"], "t", vec![ints("perm", &[0, 1, 3, 2])])
        .node("MatMul", &["t", "a"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 9);
    // Per plane 3·4·5 sums, 3·4 squares of one factor and 3·5 of the other.
    assert_eq!(squares(&c), 2 * (60 + 12 + 15));
    for row in &c.rows {
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&c.trace(row), 0).iter().zip(exact) {
            // Three products of factors up to 2 that are 1/256 off.
            assert!((y - exact).abs() < 0.03, "{y}, not {exact}");
        }
    }
}

#[test]
fn gemm_of_two_activations() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Fixed(3), Dim::Fixed(4)])
        .weights("c", &[3], &[0.5, -0.5, 0.25])
        .node_with(
            "Gemm",
            &["x", "x", "c"],
            "y",
            vec![int("transB", 1), common::float("alpha", 0.5)],
        )
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    for row in &c.rows {
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&c.trace(row), 0).iter().zip(exact) {
            assert!((y - exact).abs() < 0.01, "{y}, not {exact}");
        }
    }
}

#[test]
fn quotients() {
    let graph = two(3, 0.25)
        .weights("two", &[], &[2.0])
        .node("Add", &["b", "two"], "d")
        .node("Div", &["a", "d"], "q")
        .node("Div", &["two", "d"], "r")
        .node("Add", &["q", "r"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    for row in &c.rows {
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&c.trace(row), 0).iter().zip(exact) {
            assert!((y - exact).abs() < 0.01, "{y}, not {exact}");
        }
    }
}

#[test]
fn comparisons_and_choices() {
    for op in ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"] {
        let graph = Onnx::vector(4)
            .weights("half", &[], &[0.5])
            .indices("s", &[0])
            .indices("m", &[2])
            .indices("e", &[4])
            .indices("one", &[1])
            .node("Mul", &["x", "half"], "v")
            .node("Relu", &["v"], "r")
            .node("Slice", &["r", "s", "m", "one"], "a")
            .node("Slice", &["r", "m", "e", "one"], "b")
            .node(op, &["a", "b"], "y")
            .output("y")
            .import();
        let c = common::run::untested(graph, -1.0, 1.0, 4);
        let r = c.tensor("r");
        for row in &c.rows {
            let trace = c.trace(row);
            let ints = &trace.values[r];
            for (i, y) in c.output(&trace, 0).iter().enumerate() {
                let (a, b) = (ints[i], ints[i + 2]);
                let expected = match op {
                    "Equal" => a == b,
                    "Greater" => a > b,
                    "GreaterOrEqual" => a >= b,
                    "Less" => a < b,
                    _ => a <= b,
                };
                let expected = f64::from(u8::from(expected));
                assert!((y - expected).abs() < 0.01, "{a} {op} {b} is {y}");
            }
        }
    }
    let graph = two(4, 2.0)
        .node("Greater", &["a", "b"], "p")
        .node("Less", &["a", "x"], "q")
        .node("And", &["p", "q"], "both")
        .node("Or", &["p", "q"], "any")
        .node("Xor", &["both", "any"], "one")
        .node("Where", &["one", "a", "b"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    let mut close = 0;
    for row in &c.rows {
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&c.trace(row), 0).iter().zip(exact) {
            close += usize::from((y - exact).abs() < 0.02);
            if (y - exact).abs() >= 0.02 {
                println!("{y} {exact}");
            }
        }
    }
    // Only where two values are a rounding apart may the choice differ.
    assert!(close as f64 > 0.99 * (4 * c.rows.len()) as f64, "{close}");
}

#[test]
fn smaller_reductions() {
    let graph = |op: &str| {
        Onnx::default()
            .input("x", vec![Dim::Named("N"), Dim::Fixed(2), Dim::Fixed(3)])
            .weights("g", &[], &[0.5])
            .weights("s", &[], &[1.0])
            .node("Mul", &["x", "g"], "h")
            .node("Add", &["h", "s"], "v")
            .node_with(op, &["v"], "y", vec![ints("axes", &[2])])
            .output("y")
            .import()
    };
    for op in [
        "ReduceL1",
        "ReduceL2",
        "ReduceSumSquare",
        "ReduceLogSum",
        "ReduceLogSumExp",
        "ReduceProd",
    ] {
        let c = match op {
            // tract has no such operators.
            "ReduceLogSumExp" | "ReduceLogSum" => common::run::untested(graph(op), -1.0, 1.0, 10),
            _ => compiled(graph(op), -1.0, 1.0, 10),
        };
        for row in &c.rows {
            let values: Vec<f64> = row[0].iter().map(|x| x * 0.5 + 1.0).collect();
            let expected = values.chunks(3).map(|v| match op {
                "ReduceL1" => v.iter().sum(),
                "ReduceL2" => v.iter().map(|v| v * v).sum::<f64>().sqrt(),
                "ReduceSumSquare" => v.iter().map(|v| v * v).sum(),
                "ReduceLogSum" => v.iter().sum::<f64>().ln(),
                "ReduceLogSumExp" => v.iter().map(|v| v.exp()).sum::<f64>().ln(),
                _ => v.iter().product(),
            });
            for (y, exact) in c.output(&c.trace(row), 0).iter().zip(expected) {
                assert!((y - exact).abs() < 0.02, "{op}: {y}, not {exact}");
            }
        }
    }
}

/// Everything that can be multiplied stays provable at the ends of the domain, whatever the bits.
#[test]
fn total_at_every_width() {
    for bits in [2, 6, 11, 13, 15] {
        let graph = two(4, 30.0)
            .node("Mul", &["a", "b"], "p")
            .node("Mul", &["p", "a"], "y")
            .output("y")
            .import();
        let rows = common::run::random_rows(&graph, -1.0, 1.0, 60);
        let data = verdict_model::DataSet::from_rows(rows, &graph.input_specs()).unwrap();
        let options = verdict_compiler::Options {
            activation_bits: Some(bits),
            ..Default::default()
        };
        match verdict_compiler::compile(&graph, &data, &options) {
            Ok(model) => model.graph().validate().unwrap(),
            Err(error) => assert!(error.to_string().contains("activation_bits"), "{error}"),
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let error = two(3, 1.0)
        .node("MatMul", &["a", "b"], "y")
        .output("y")
        .error()
        .to_string();
    assert!(error.contains("/y") && error.contains("[1, 3]"), "{error}");
    let error = two(3, 1.0)
        .weights("c", &[2], &[1.0, 2.0])
        .node("Where", &["a", "b", "c"], "y")
        .output("y")
        .error()
        .to_string();
    assert!(error.contains("broadcast"), "{error}");
}
