//! Whole numbers that decisions make: functions of them, casts, look-ups and comparisons. What
//! onnxruntime computes is stated by hand for every row, and the integers have to be just that.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int};
use verdict_compiler::{FloatGraph, InputDomain, Options, compile};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute};

/// `Cast`'s codes.
const FLOAT: i64 = 1;
const UINT8: i64 = 2;
const INT64: i64 = 7;
const BOOL: i64 = 9;
const DOUBLE: i64 = 11;

/// Rows of four values between −1 and 1, none of which repeats within a row.
fn rows() -> Vec<Vec<f64>> {
    let value = |i: usize| f64::from(((i * 37 + 11) % 61) as u8) / 30.5 - 1.0;
    (0..60)
        .map(|row| (0..4).map(|i| value(row * 4 + i)).collect())
        .collect()
}

fn integers(graph: &FloatGraph, rows: &[Vec<f64>]) -> CompiledModel {
    let rows = rows.iter().map(|row| vec![row.clone()]).collect();
    let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
    let options = Options {
        input_domains: vec![InputDomain::Uniform(-1.0, 1.0)],
        ..Options::default()
    };
    compile(graph, &data, &options).unwrap()
}

/// Checks that the float graph and the integers are `expected` on every row.
fn check(name: &str, onnx: Onnx, tolerance: f64, expected: impl Fn(&[f64]) -> Vec<f64>) {
    let graph = onnx.import();
    let model = integers(&graph, &rows());
    for row in rows() {
        let expected = expected(&row);
        let ours = graph.run(std::slice::from_ref(&row));
        let ours = &ours.values[graph.outputs[0]];
        let integers = model
            .quantise_input(std::slice::from_ref(&row), OutOfDomain::Reject)
            .unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        let output = model.graph().outputs[0];
        let scale = model.graph().tensors[output].scale;
        let proved: Vec<f64> = trace.values[output]
            .iter()
            .map(|x| f64::from(*x) * scale)
            .collect();
        assert_eq!(ours.len(), expected.len(), "{name}");
        for ((a, b), c) in ours.iter().zip(&expected).zip(&proved) {
            assert!(
                (a - b).abs() < 1e-6,
                "{name}: {row:?} gives {b}, imported as {a}"
            );
            assert!(
                (c - b).abs() <= tolerance,
                "{name}: {row:?} gives {b}, proved as {c}"
            );
        }
    }
}

fn argmax(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

/// The position of the largest of four values, called `i`.
fn position() -> Onnx {
    Onnx::vector(4)
        .output("y")
        .node_with("ArgMax", &["x"], "i", vec![int("axis", 1)])
}

/// Whether the first of four values is more than 0.1, as an integer called `i`.
fn decision() -> Onnx {
    Onnx::vector(4)
        .output("y")
        .indices("first", &[0])
        .weights("level", &[], &[0.1])
        .node_with("Gather", &["x", "first"], "r", vec![int("axis", 1)])
        .node("Greater", &["r", "level"], "g")
        .node_with("Cast", &["g"], "i", vec![int("to", INT64)])
}

#[test]
fn casts_keep_functions_of_whole_numbers() {
    let two = || position().indices("two", &[2]).indices("three", &[3]);
    let is_two = |row: &[f64]| vec![f64::from(argmax(row) == 2)];
    let equal = || two().node("Equal", &["i", "two"], "e");
    for to in [FLOAT, INT64, BOOL, DOUBLE, UINT8] {
        let onnx = equal().node_with("Cast", &["e"], "y", vec![int("to", to)]);
        check("equal", onnx, 1e-9, is_two);
    }
    let onnx =
        equal()
            .node("Not", &["e"], "n")
            .node_with("Cast", &["n"], "y", vec![int("to", FLOAT)]);
    check("not", onnx, 1e-9, |row| vec![f64::from(argmax(row) != 2)]);
    // A truth is 1 whatever the number was.
    let onnx = position()
        .node_with("Cast", &["i"], "b", vec![int("to", BOOL)])
        .node_with("Cast", &["b"], "y", vec![int("to", INT64)]);
    check("bool", onnx, 1e-9, |row| vec![f64::from(argmax(row) > 0)]);
    // Sums and multiples of a whole number are whole, halves are cut off.
    let onnx = two()
        .node("Mul", &["i", "three"], "m")
        .node("Sub", &["m", "two"], "s")
        .node_with("Cast", &["s"], "y", vec![int("to", FLOAT)]);
    check("multiple", onnx, 1e-9, |row| {
        vec![3.0 * argmax(row) as f64 - 2.0]
    });
    let onnx = position()
        .weights("half", &[], &[0.5])
        .node_with("Cast", &["i"], "f", vec![int("to", FLOAT)])
        .node("Mul", &["f", "half"], "h")
        .node_with("Cast", &["h"], "y", vec![int("to", INT64)]);
    check("half", onnx, 1e-9, |row| vec![(argmax(row) / 2) as f64]);
    let onnx = two().node("Mod", &["i", "two"], "m").node_with(
        "Cast",
        &["m"],
        "y",
        vec![int("to", INT64)],
    );
    check("remainder", onnx, 1e-9, |row| {
        vec![(argmax(row) % 2) as f64]
    });
    let onnx = two()
        .node("Less", &["i", "two"], "l")
        .node("Where", &["l", "two", "i"], "w")
        .node_with("Cast", &["w"], "y", vec![int("to", INT64)]);
    check("where", onnx, 1e-9, |row| vec![argmax(row).max(2) as f64]);
}

#[test]
fn casts_keep_functions_of_truths() {
    let onnx = Onnx::vector(4)
        .output("y")
        .indices("left", &[0, 1])
        .indices("right", &[2, 3])
        .node_with("Gather", &["x", "left"], "a", vec![int("axis", 1)])
        .node_with("Gather", &["x", "right"], "c", vec![int("axis", 1)])
        .node("Greater", &["a", "c"], "g")
        .node_with("Cast", &["g"], "f", vec![int("to", FLOAT)])
        .node("Exp", &["f"], "q")
        .node_with("Cast", &["q"], "y", vec![int("to", DOUBLE)]);
    let e = std::f64::consts::E;
    check("exp", onnx, 0.02, |row| {
        (0..2)
            .map(|i| if row[i] > row[i + 2] { e } else { 1.0 })
            .collect()
    });
    // e is cut down to 2.
    let onnx = decision()
        .node_with("Cast", &["g"], "f", vec![int("to", FLOAT)])
        .node("Exp", &["f"], "q")
        .node_with("Cast", &["q"], "y", vec![int("to", INT64)]);
    check("cut", onnx, 1e-9, |row| {
        vec![if row[0] > 0.1 { 2.0 } else { 1.0 }]
    });
}

#[test]
fn numbers_that_decisions_look_up_are_whole() {
    let offon = |onnx: Onnx| onnx.weights("offon", &[2], &[0.0, 1.0]);
    let picked = |row: &[f64], ids: [usize; 2]| ids[usize::from(row[0] > 0.1)];
    // As onnxruntime has it: one for the number picked.
    for ids in [[2, 3], [5, 6], [90, 170]] {
        let depth = ids[1] + 1;
        let onnx = offon(decision())
            .indices("ids", &[ids[0] as i64, ids[1] as i64])
            .indices("depth", &[depth as i64])
            .node("Gather", &["ids", "i"], "id")
            .node("OneHot", &["id", "depth", "offon"], "y");
        check("one-hot", onnx, 1e-9, |row| {
            let id = picked(row, ids);
            (0..depth).map(|class| f64::from(class == id)).collect()
        });
    }
    // Numbers far beyond the integers an activation usually has.
    for (ids, wanted) in [([2, 3], 3), ([49_999, 50_000], 50_000), ([7, 300], 7)] {
        let onnx = decision()
            .indices("ids", &[ids[0] as i64, ids[1] as i64])
            .indices("wanted", &[wanted as i64])
            .node("Gather", &["ids", "i"], "id")
            .node("Equal", &["id", "wanted"], "e")
            .node_with("Cast", &["e"], "y", vec![int("to", FLOAT)]);
        check("equal", onnx, 1e-9, |row| {
            vec![f64::from(picked(row, ids) == wanted)]
        });
    }
    // One look-up by what another one found.
    let onnx = decision()
        .indices("ids", &[3, 1])
        .indices("names", &[40, 50, 60, 70])
        .node("Gather", &["ids", "i"], "id")
        .node("Gather", &["names", "id"], "y");
    check("chain", onnx, 1e-9, |row| {
        vec![[70.0, 50.0][usize::from(row[0] > 0.1)]]
    });
}

#[test]
fn numbers_of_several_look_ups_are_compared_exactly() {
    let two = || {
        decision()
            .indices("second", &[1])
            .indices("ids", &[20_001, 20_002])
            .indices("others", &[20_002, 20_003])
            .node_with("Gather", &["x", "second"], "s", vec![int("axis", 1)])
            .node("Greater", &["s", "level"], "h")
            .node_with("Cast", &["h"], "j", vec![int("to", INT64)])
            .node("Gather", &["ids", "i"], "a")
            .node("Gather", &["others", "j"], "b")
    };
    let of = |row: &[f64]| {
        let step = |v: f64| f64::from(v > 0.1);
        (20_001.0 + step(row[0]), 20_002.0 + step(row[1]))
    };
    for op in ["Equal", "Greater", "Less", "LessOrEqual"] {
        let onnx =
            two()
                .node(op, &["a", "b"], "e")
                .node_with("Cast", &["e"], "y", vec![int("to", FLOAT)]);
        check(op, onnx, 1e-9, |row| {
            let (a, b) = of(row);
            vec![f64::from(match op {
                "Equal" => a == b,
                "Greater" => a > b,
                "Less" => a < b,
                _ => a <= b,
            })]
        });
    }
    // Two decisions make the number 0, 1, 2 or 3 that picks.
    let onnx = two()
        .indices("two", &[2])
        .indices("table", &[11, 3, 8, 5])
        .node("Mul", &["i", "two"], "t")
        .node("Add", &["t", "j"], "k")
        .node("Gather", &["table", "k"], "y");
    check("sum", onnx, 1e-9, |row| {
        let step = |v: f64| usize::from(v > 0.1);
        vec![[11.0, 3.0, 8.0, 5.0][2 * step(row[0]) + step(row[1])]]
    });
    // And, Or and Xor of decisions.
    for op in ["And", "Or", "Xor"] {
        let onnx =
            two()
                .node(op, &["g", "h"], "e")
                .node_with("Cast", &["e"], "y", vec![int("to", FLOAT)]);
        check(op, onnx, 1e-9, |row| {
            let (a, b) = (row[0] > 0.1, row[1] > 0.1);
            vec![f64::from(match op {
                "And" => a && b,
                "Or" => a || b,
                _ => a != b,
            })]
        });
    }
}

/// Inputs of whole types and of truths say so in the compiled model, which rounds nothing that is
/// none of theirs; those of floats, and words, take what they did.
#[test]
fn parts_of_whole_numbers_are_refused() {
    const FLOAT32: i32 = 1;
    const TYPES: [i32; 4] = [2, 6, 7, 9];
    for element in TYPES.into_iter().chain([FLOAT32]) {
        let shape = || vec![Dim::Named("N"), Dim::Fixed(3)];
        let onnx = Onnx::default().input_of("n", shape(), element);
        let graph = onnx
            .node_with("Cast", &["n"], "y", vec![int("to", FLOAT)])
            .output("y")
            .import();
        let rows: Vec<_> = (0..10u8)
            .map(|row| {
                vec![
                    (0..3)
                        .map(|i| f64::from((row * 3 + i * 5) % 2))
                        .collect::<Vec<f64>>(),
                ]
            })
            .collect();
        let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
        let model = compile(&graph, &data, &Options::default()).unwrap();
        let whole = element != FLOAT32;
        assert_eq!(model.manifest().inputs[0].whole, whole, "{element}");
        let given = vec![vec![1.0, 0.5, 0.0]];
        let found = model.quantise_input(&given, OutOfDomain::Saturate);
        assert_eq!(found.is_err(), whole, "{element}: {found:?}");
        let specs = model.manifest().input_specs();
        assert_eq!(DataSet::from_rows(vec![given], &specs).is_err(), whole);
    }
}
