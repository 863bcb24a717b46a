//! Largest values, their positions and ranks: exact on the integers, ties included.
#![allow(clippy::unwrap_used)]

mod common;

use common::run::{Compiled, compiled};
use common::{Dim, Onnx, int, ints};
use verdict_model::Visibility;

/// `x` of `[1, rows, columns]`, mixed so that what is compared is not the input itself.
fn mixed(rows: i64, columns: i64) -> Onnx {
    Onnx::default()
        .input(
            "x",
            vec![Dim::Named("N"), Dim::Fixed(rows), Dim::Fixed(columns)],
        )
        .weights("gain", &[], &[0.75])
        .weights("shift", &[], &[0.125])
        .node("Mul", &["x", "gain"], "m")
        .node("Add", &["m", "shift"], "v")
}

/// The integers that were compared, as `[group][member]`.
fn groups(c: &Compiled, trace: &verdict_model::Trace, size: usize) -> Vec<Vec<i32>> {
    let values = &trace.values[c.tensor("v/integers")];
    values.chunks(size).map(<[i32]>::to_vec).collect()
}

/// Two bits: ties everywhere.
const COARSE: u32 = 2;

#[test]
fn positions_follow_the_tie_rule() {
    for columns in [1i64, 2, 3, 4, 5, 7, 13, 30] {
        for (op, smallest) in [("ArgMax", false), ("ArgMin", true)] {
            for last in [false, true] {
                if columns == 1 {
                    continue;
                }
                let attributes = vec![
                    int("axis", 2),
                    int("keepdims", 0),
                    int("select_last_index", last.into()),
                ];
                let graph = mixed(3, columns)
                    .node_with(op, &["v"], "y", attributes)
                    .output("y")
                    .import();
                let c = compiled(graph, -2.0, 2.0, COARSE);
                let output = &c.model.graph().tensors[c.model.graph().outputs[0]];
                assert_eq!((output.scale, output.visibility), (1.0, Visibility::Public));
                assert!(output.min >= 0 && i64::from(output.max) <= columns);
                let mut ties = 0;
                for row in &c.rows {
                    let trace = c.trace(row);
                    let expected = groups(&c, &trace, columns as usize)
                        .into_iter()
                        .map(|group| {
                            let best = match smallest {
                                true => *group.iter().min().unwrap(),
                                false => *group.iter().max().unwrap(),
                            };
                            let mut hits = (0..group.len()).filter(|i| group[*i] == best);
                            ties += usize::from(hits.clone().count() > 1);
                            let hit = if last { hits.next_back() } else { hits.next() };
                            hit.unwrap() as i32
                        });
                    let expected: Vec<i32> = expected.collect();
                    assert_eq!(
                        trace.outputs(c.model.graph())[0],
                        expected,
                        "{op} of {columns}"
                    );
                }
                assert!(ties > 0);
            }
        }
    }
}

/// Values that are equal whatever the input is have a first one and a last one, too.
#[test]
fn equals_that_no_input_tells_apart() {
    for (last, expected) in [(false, 0), (true, 5)] {
        let attributes = vec![
            int("axis", 1),
            int("keepdims", 0),
            int("select_last_index", last.into()),
        ];
        let graph = Onnx::vector(6)
            .weights("bound", &[], &[0.2])
            .weights("three", &[], &[3.0])
            .node("Greater", &["x", "bound"], "beyond")
            .node("Where", &["beyond", "three", "three"], "v")
            .node_with("ArgMax", &["v"], "y", attributes)
            .output("y")
            .import();
        let c = compiled(graph, -2.0, 2.0, 4);
        for row in &c.rows {
            assert_eq!(c.trace(row).outputs(c.model.graph())[0], [expected]);
        }
    }
}

#[test]
fn the_first_of_equals_is_marked() {
    let graph = mixed(2, 6)
        .node_with("Hardmax", &["v"], "y", vec![int("axis", 2)])
        .output("y")
        .import();
    let c = compiled(graph, -2.0, 2.0, COARSE);
    for row in &c.rows {
        let trace = c.trace(row);
        let expected = groups(&c, &trace, 6).into_iter().flat_map(|group| {
            let best = *group.iter().max().unwrap();
            let first = group.iter().position(|x| *x == best);
            (0..6).map(move |i| i32::from(Some(i) == first))
        });
        let expected: Vec<i32> = expected.collect();
        assert_eq!(trace.outputs(c.model.graph())[0], expected);
    }
}

#[test]
fn extremes_are_one_of_the_values() {
    for columns in [2i64, 3, 4, 5, 9, 17, 40] {
        for (op, smallest) in [("ReduceMax", false), ("ReduceMin", true)] {
            let graph = mixed(3, columns)
                .node_with(op, &["v"], "y", vec![ints("axes", &[-1])])
                .output("y")
                .import();
            let c = compiled(graph, -3.0, 1.0, 8);
            let values = c.tensor("v/integers");
            for row in &c.rows {
                let trace = c.trace(row);
                let reals = c.reals(&trace, values);
                for (group, y) in reals.chunks(columns as usize).zip(c.output(&trace, 0)) {
                    let best = match smallest {
                        true => group.iter().copied().fold(f64::INFINITY, f64::min),
                        false => group.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    };
                    // The output's own half step, and its weight's rounding.
                    let bound = c.output_step() * 0.51 + 1e-3 * best.abs();
                    assert!(
                        (y - best).abs() <= bound,
                        "{op} of {columns}: {y}, not {best}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_whole_tensor_and_several_axes() {
    let graph = Onnx::default()
        .input(
            "x",
            vec![Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(3), Dim::Fixed(4)],
        )
        .node_with("ReduceMax", &["x"], "a", vec![ints("axes", &[1, 3])])
        .node_with("ReduceMin", &["x"], "b", vec![int("keepdims", 0)])
        .node("Add", &["a", "b"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    for row in &c.rows {
        let trace = c.trace(row);
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&trace, 0).iter().zip(exact) {
            // Two values, rounded to ten bits each, and an output.
            assert!((y - exact).abs() < 3e-3, "{y}, not {exact}");
        }
    }
}

#[test]
fn ranks() {
    for (k, largest) in [(1, true), (1, false), (3, true), (4, false), (6, true)] {
        let graph = mixed(2, 6)
            .indices("k", &[k])
            .node_outputs(
                "TopK",
                &["v", "k"],
                &["y", "i"],
                vec![int("axis", 2), int("largest", largest.into())],
            )
            .output("y")
            .output("i")
            .import();
        // Fine enough for values to be told apart by tract, coarse enough for ties.
        let c = common::run::untested(graph, -2.0, 2.0, 4);
        for row in &c.rows {
            let trace = c.trace(row);
            let scale = c.step(c.tensor("v/integers"));
            let mut expected = (Vec::new(), Vec::new());
            for group in groups(&c, &trace, 6) {
                let mut order: Vec<usize> = (0..6).collect();
                order.sort_by_key(|i| if largest { -group[*i] } else { group[*i] });
                for i in &order[..k as usize] {
                    expected.0.push(f64::from(group[*i]) * scale);
                    expected.1.push(*i as i32);
                }
            }
            assert_eq!(trace.outputs(c.model.graph())[1], expected.1, "k = {k}");
            for (y, exact) in c.output(&trace, 0).iter().zip(expected.0) {
                let bound = c.output_step() * 0.51 + 1e-3 * exact.abs();
                assert!((y - exact).abs() <= bound, "k = {k}: {y}, not {exact}");
            }
        }
    }
}

#[test]
fn tensors_are_compared_cell_by_cell() {
    let graph = Onnx::vector(4)
        .input("z", vec![Dim::Named("N"), Dim::Fixed(4)])
        .weights("c", &[4], &[0.5, -0.5, 2.0, 0.0])
        .node("Max", &["x", "z", "c"], "a")
        .node("Min", &["a", "x"], "b")
        .node("Sub", &["a", "b"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    for row in &c.rows {
        let exact = &c.float.run(row).values[c.float.outputs[0]];
        for (y, exact) in c.output(&c.trace(row), 0).iter().zip(exact) {
            assert!((y - exact).abs() < 5e-3, "{y}, not {exact}");
        }
    }
}

/// Bounds may depend on the input, both or one of them, and cross: the upper one holds then.
#[test]
fn bounds_of_a_clip_may_be_computed() {
    let base = || {
        Onnx::vector(4)
            .input("low", vec![Dim::Named("N"), Dim::Fixed(4)])
            .input("high", vec![Dim::Named("N"), Dim::Fixed(1)])
            .weights("c", &[], &[0.25])
    };
    type Exact = fn(f64, f64, f64) -> f64;
    let cases: [(&[&str], Exact); 4] = [
        (&["x", "low", "high"], |x, low, high| x.max(low).min(high)),
        (&["x", "low", ""], |x, low, _| x.max(low)),
        (&["x", "", "high"], |x, _, high| x.min(high)),
        (&["x", "c", "high"], |x, _, high| x.max(0.25).min(high)),
    ];
    for (inputs, exact) in cases {
        let graph = base()
            .node("Add", &["low", "high"], "all")
            .node("Clip", inputs, "clipped")
            .node("Add", &["clipped", "all"], "y")
            .output("y")
            .import();
        let c = compiled(graph, -1.0, 1.0, 10);
        for row in &c.rows {
            for (at, y) in c.output(&c.trace(row), 0).iter().enumerate() {
                let (x, low, high) = (row[0][at], row[1][at], row[2][0]);
                let exact = exact(x, low, high) + low + high;
                assert!((y - exact).abs() < 8e-3, "{inputs:?}: {y}, not {exact}");
            }
        }
    }
}

#[test]
fn a_constant_is_clipped_when_the_model_is_imported() {
    let graph = Onnx::vector(3)
        .weights("c", &[3], &[-0.5, 0.1, 0.5])
        .weights("low", &[], &[-0.1])
        .weights("high", &[], &[0.2])
        .node("Clip", &["c", "low", "high"], "clipped")
        .node("Mul", &["x", "clipped"], "y")
        .output("y")
        .import();
    let values = graph.run(&[vec![1.0; 3]]).values;
    for (y, exact) in values[graph.outputs[0]].iter().zip([-0.1, 0.1, 0.2]) {
        assert!((y - exact).abs() < 1e-6, "{y}, not {exact}");
    }
}

#[test]
fn bad_attributes_are_refused() {
    let says = |onnx: Onnx, parts: &[&str]| {
        let message = onnx.output("y").error().to_string();
        for part in parts.iter().chain(&["/y", "model.onnx"]) {
            assert!(message.contains(part), "{message}");
        }
    };
    says(
        mixed(2, 3).node_with("ArgMax", &["v"], "y", vec![int("axis", 5)]),
        &["axis 5", "rank 3"],
    );
    for k in [0, 4] {
        let top = mixed(2, 3).indices("k", &[k]);
        let part = format!("`K` is {k}");
        says(top.node("TopK", &["v", "k"], "y"), &[&part, "1 to 3"]);
    }
    let wide = mixed(1, 300).indices("k", &[2]);
    says(wide.node("TopK", &["v", "k"], "y"), &["2 of 300", "256"]);
    says(
        mixed(2, 3).node_with("ReduceMax", &["v"], "y", vec![ints("axes", &[-4])]),
        &["axis -4"],
    );
}
