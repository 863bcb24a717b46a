//! Element-wise functions: what they are over the reals, and that look-ups keep within their stated
//! error.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Onnx, float, int, text};
use verdict_compiler::{FloatGraph, InputDomain, Options, Reference, compile};
use verdict_model::{CompiledModel, DataSet, Function, Kernel, OutOfDomain, execute};

/// Rows of one value each that cover `low..=high`, both ends included.
fn sweep(low: f64, high: f64, count: usize) -> Vec<Vec<Vec<f64>>> {
    let at = |i: usize| low + (high - low) * i as f64 / (count - 1) as f64;
    (0..count).map(|i| vec![vec![at(i)]]).collect()
}

fn compiled(graph: &FloatGraph, low: f64, high: f64) -> CompiledModel {
    let rows = DataSet::from_rows(sweep(low, high, 201), &graph.input_specs()).unwrap();
    let options = Options {
        activation_bits: Some(9),
        output_bits: Some(10),
        input_bits: Some(13),
        input_domains: vec![InputDomain::Uniform(low, high)],
        tune: false,
        ..Options::default()
    };
    compile(graph, &rows, &options).unwrap()
}

/// The real values that the output may have at input `v` if every tensor on the way keeps the
/// stated bound: half a step of its own, and half a key and the weight's rounding in its argument
/// unless it is exact.
fn allowed(graph: &FloatGraph, model: &CompiledModel, v: f64) -> (f64, f64) {
    let integers = model.graph();
    let mut ranges: Vec<(f64, f64)> = Vec::new();
    for (float, tensor) in graph.tensors.iter().zip(&integers.tensors) {
        let (Some(layer), Some(integer_layer)) = (&float.layer, &tensor.layer) else {
            ranges.push((v - tensor.scale / 2.0, v + tensor.scale / 2.0));
            continue;
        };
        let function = &integers.functions[integer_layer.function];
        let steps = f64::from(1u32 << function.shift());
        let (mut low, mut high) = (layer.bias[0], layer.bias[0]);
        let mut rounding = 0.0;
        for (term, integer) in layer.terms.iter().zip(&integer_layer.terms) {
            let weight = match &integer.kernel {
                Kernel::Dense { weights } => weights[0],
                Kernel::Sparse { entries } => entries[0].2,
                Kernel::Conv(_) => unreachable!(),
            };
            let w = term.kernel.weights().next().unwrap();
            let (a, b) = ranges[term.source];
            low += (w * a).min(w * b);
            high += (w * a).max(w * b);
            if function.shift() > 0 {
                let unit =
                    (w * integers.tensors[term.source].scale * steps / f64::from(weight)).abs();
                // The weight multiplies the source's integers, which count from the domain's lower
                // end.
                let source = &integers.tensors[term.source];
                let span = f64::from(source.max.max(-source.min)) * source.scale;
                let off = (w / f64::from(weight)).abs() * span;
                rounding += unit / 2.0 + unit / steps + off / 2.0;
            }
        }
        let (low, high) = (low - rounding, high + rounding);
        let image = (0..=200)
            .map(|i| low + (high - low) * f64::from(i) / 200.0)
            // `Not` is not 0 at one point only.
            .chain((low <= 0.0 && high >= 0.0).then_some(0.0))
            .map(|v| layer.activation.apply(v));
        let image: Vec<f64> = image.collect();
        // Multiples of a step are not rounded to it.
        let exact = image.iter().all(|x| (x / tensor.scale).fract() == 0.0);
        let half = if exact { 0.0 } else { tensor.scale / 2.0 };
        let least = image.iter().copied().fold(f64::INFINITY, f64::min);
        let most = image.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        ranges.push((least - half, most + half));
    }
    ranges[integers.outputs[0]]
}

/// Checks import against `f`, and the integers against the stated bound at 2,001 arguments.
fn check(name: &str, onnx: Onnx, low: f64, high: f64, f: &dyn Fn(f64) -> f64) -> CompiledModel {
    let graph = onnx.import();
    for row in sweep(low, high, 101) {
        let ours = graph.run(&row).values[graph.outputs[0]][0];
        let expected = f(row[0][0]);
        assert!(
            (ours - expected).abs() <= 1e-6 * expected.abs().max(1.0),
            "{name}({}) is {expected}, imported as {ours}",
            row[0][0]
        );
    }
    let model = compiled(&graph, low, high);
    let mut wide = 0;
    let values = sweep(low, high, 101)
        .into_iter()
        .map(|row| f(row[0][0]).abs());
    let largest = values.fold(1.0, f64::max);
    for row in sweep(low, high, 2001) {
        let v = row[0][0];
        let integers = model.quantise_input(&row, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        let ours = model.dequantise_output(&trace.outputs(model.graph()))[0][0];
        let (least, most) = allowed(&graph, &model, v);
        assert!(
            (least - 1e-9..=most + 1e-9).contains(&ours),
            "{name}({v}) is {}, found {ours}, not between {least} and {most}",
            f(v)
        );
        wide += usize::from(most - least > 0.05 * largest);
    }
    // The bound is one worth stating, save where the function jumps.
    assert!(wide < 200, "{name}: {wide} wide bounds");
    model
}

fn unary(op: &str, attributes: Vec<tract_onnx::pb::AttributeProto>) -> Onnx {
    // Through a Relu-less linear map, so that the argument is not the input itself.
    Onnx::vector(1)
        .opset(20)
        .weights("half", &[], &[0.5])
        .node("Mul", &["x", "half"], "h")
        .node("Add", &["h", "h"], "v")
        .node_with(op, &["v"], "y", attributes)
        .output("y")
}

fn sigmoid(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

fn softplus(v: f64) -> f64 {
    v.max(0.0) + (-v.abs()).exp().ln_1p()
}

fn gelu(v: f64) -> f64 {
    0.5 * v * (1.0 + libm::erf(v / 2f64.sqrt()))
}

#[test]
fn named_functions() {
    let plain = |op, low, high, f: &dyn Fn(f64) -> f64| {
        check(op, unary(op, vec![]), low, high, f);
    };
    plain("Gelu", -6.0, 6.0, &gelu);
    plain("Mish", -8.0, 4.0, &|v| v * softplus(v).tanh());
    plain("Elu", -5.0, 5.0, &|v| if v > 0.0 { v } else { v.exp_m1() });
    plain("Celu", -5.0, 5.0, &|v| if v > 0.0 { v } else { v.exp_m1() });
    plain("Selu", -5.0, 5.0, &|v| {
        let (alpha, gamma) = (1.673_263_192_176_818_8, 1.050_701_022_148_132_3);
        gamma * if v > 0.0 { v } else { alpha * v.exp_m1() }
    });
    plain("Softplus", -10.0, 10.0, &softplus);
    plain("Softsign", -10.0, 10.0, &|v| v / (1.0 + v.abs()));
    plain("HardSigmoid", -6.0, 6.0, &|v| {
        (0.2 * v + 0.5).clamp(0.0, 1.0)
    });
    plain("HardSwish", -6.0, 6.0, &|v| {
        v * (v / 6.0 + 0.5).clamp(0.0, 1.0)
    });
    plain("Exp", -6.0, 2.0, &f64::exp);
    plain("Log", 0.25, 20.0, &f64::ln);
    plain("Sqrt", 0.0, 20.0, &f64::sqrt);
    plain("Reciprocal", 0.5, 8.0, &|v| 1.0 / v);
    plain("Reciprocal", -8.0, -0.5, &|v| 1.0 / v);
    plain("Erf", -3.0, 3.0, &libm::erf);
    plain("Abs", -3.0, 5.0, &f64::abs);
    plain("Sin", -7.0, 7.0, &f64::sin);
    plain("Cos", -7.0, 7.0, &f64::cos);
    plain("Tan", -1.3, 1.3, &f64::tan);
    plain("Asin", -0.99, 0.99, &f64::asin);
    plain("Acos", -0.99, 0.99, &f64::acos);
    plain("Atan", -5.0, 5.0, &f64::atan);
    plain("Sinh", -3.0, 3.0, &f64::sinh);
    plain("Cosh", -3.0, 3.0, &f64::cosh);
    plain("Asinh", -5.0, 5.0, &f64::asinh);
    plain("Acosh", 1.0, 5.0, &f64::acosh);
    plain("Atanh", -0.95, 0.95, &f64::atanh);
    plain("Sign", -2.0, 2.0, &|v| {
        if v == 0.0 { 0.0 } else { v.signum() }
    });
    plain("Floor", -4.0, 4.0, &f64::floor);
    plain("Ceil", -4.0, 4.0, &f64::ceil);
    plain("Round", -4.0, 4.0, &f64::round_ties_even);
    plain("ThresholdedRelu", -3.0, 3.0, &|v| {
        if v > 1.0 { v } else { 0.0 }
    });
    plain("Not", -1.0, 1.0, &|v| f64::from(v == 0.0));
}

#[test]
fn attributes() {
    let with = |op, attributes, f: &dyn Fn(f64) -> f64| {
        check(op, unary(op, attributes), -5.0, 5.0, f);
    };
    with("Gelu", vec![text("approximate", "tanh")], &|v| {
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (v + 0.044_715 * v.powi(3));
        0.5 * v * (1.0 + inner.tanh())
    });
    with("Elu", vec![float("alpha", 0.5)], &|v| {
        if v > 0.0 { v } else { 0.5 * v.exp_m1() }
    });
    with("Celu", vec![float("alpha", 2.0)], &|v| {
        if v > 0.0 { v } else { 2.0 * (v / 2.0).exp_m1() }
    });
    with(
        "Selu",
        vec![float("alpha", 1.5), float("gamma", 2.0)],
        &|v| 2.0 * if v > 0.0 { v } else { 1.5 * v.exp_m1() },
    );
    with(
        "HardSigmoid",
        vec![float("alpha", 0.25), float("beta", 0.75)],
        &|v| (0.25 * v + 0.75).clamp(0.0, 1.0),
    );
    with("ThresholdedRelu", vec![float("alpha", 2.0)], &|v| {
        if v > 2.0 { v } else { 0.0 }
    });
    with("Swish", vec![float("alpha", 1.5)], &|v| {
        v * sigmoid(1.5 * v)
    });
    with(
        "Shrink",
        vec![float("bias", 0.5), float("lambd", 1.5)],
        &|v| {
            if v > 1.5 {
                v - 0.5
            } else if v < -1.5 {
                v + 0.5
            } else {
                0.0
            }
        },
    );
    with("Cast", vec![int("to", 7)], &f64::trunc);
    with("Cast", vec![int("to", 9)], &|v| f64::from(v != 0.0));
    with("Cast", vec![int("to", 11)], &|v| v);
}

/// A graph with numbers that exporters use, and `v`, a linear map of the input.
fn base() -> Onnx {
    Onnx::vector(1)
        .opset(17)
        .weights("root2", &[], &[std::f32::consts::SQRT_2])
        .weights("one", &[], &[1.0])
        .weights("two", &[], &[2.0])
        .weights("three", &[], &[3.0])
        .weights("six", &[], &[6.0])
        .weights("zero", &[], &[0.0])
        .weights("half", &[], &[0.5])
        .weights("c", &[], &[0.044_715])
        .weights("s", &[], &[0.797_884_6])
        .weights("w", &[1, 1], &[1.0])
        .node("MatMul", &["x", "w"], "v")
        .output("y")
}

/// The model must compute `f` with one look-up.
fn one(name: &str, onnx: Onnx, low: f64, high: f64, f: &dyn Fn(f64) -> f64) {
    let model = check(name, onnx, low, high, f);
    let tensors = &model.graph().tensors;
    // The input, perhaps the argument's integers, and the function.
    assert!(tensors.len() <= 3, "{name} takes {} tensors", tensors.len());
    assert!(
        model
            .graph()
            .functions
            .iter()
            .all(|f| matches!(f, Function::Table(_)))
    );
}

/// What exporters write where there is no operator: each must end up as one table.
#[test]
fn spelled_out_activations_are_one_look_up() {
    let erf = base()
        .node("Div", &["v", "root2"], "a")
        .node("Erf", &["a"], "b")
        .node("Add", &["b", "one"], "c1");
    one(
        "gelu",
        erf.node("Mul", &["v", "c1"], "d")
            .node("Mul", &["d", "half"], "y"),
        -6.0,
        6.0,
        &gelu,
    );
    let tanh = base()
        .node("Pow", &["v", "three"], "a")
        .node("Mul", &["a", "c"], "b")
        .node("Add", &["v", "b"], "d")
        .node("Mul", &["d", "s"], "e")
        .node("Tanh", &["e"], "f")
        .node("Add", &["f", "one"], "g")
        .node("Mul", &["v", "half"], "h");
    one(
        "gelu by tanh",
        tanh.node("Mul", &["h", "g"], "y"),
        -6.0,
        6.0,
        &|v| 0.5 * v * (1.0 + (0.797_884_560_802_865_4 * (v + 0.044_715 * v.powi(3))).tanh()),
    );
    let silu = base().node("Sigmoid", &["v"], "a");
    one(
        "silu",
        silu.node("Mul", &["v", "a"], "y"),
        -8.0,
        8.0,
        &|v| v * sigmoid(v),
    );
    let mish = base()
        .node("Softplus", &["v"], "a")
        .node("Tanh", &["a"], "b");
    one(
        "mish",
        mish.node("Mul", &["b", "v"], "y"),
        -8.0,
        8.0,
        &|v| v * softplus(v).tanh(),
    );
    let hard = base()
        .node("Add", &["v", "three"], "a")
        .node("Clip", &["a", "zero", "six"], "b")
        .node("Mul", &["v", "b"], "d");
    one(
        "hard swish",
        hard.node("Div", &["d", "six"], "y"),
        -6.0,
        6.0,
        &|v| v * (v + 3.0).clamp(0.0, 6.0) / 6.0,
    );
}

#[test]
fn of_crossing_bounds_the_upper_one_holds() {
    let crossing = base()
        .node("Clip", &["v", "three", "one"], "a")
        .node("Mul", &["a", "v"], "y");
    one("clip", crossing, -4.0, 4.0, &|v| v);
}

#[test]
fn spelled_out_functions_are_one_look_up() {
    let square = base().node("Sub", &["v", "three"], "a");
    one(
        "polynomial",
        square
            .node("Mul", &["a", "v"], "b")
            .node("Add", &["b", "one"], "y"),
        -4.0,
        4.0,
        &|v| (v - 3.0) * v + 1.0,
    );
    let select = base()
        .node("Greater", &["v", "one"], "a")
        .node("Exp", &["v"], "b")
        .node("Neg", &["v"], "d");
    one(
        "choice",
        select.node("Where", &["a", "d", "b"], "y"),
        -4.0,
        4.0,
        &|v| if v > 1.0 { -v } else { v.exp() },
    );
    let quotient = base()
        .node("Mul", &["v", "v"], "a")
        .node("Add", &["a", "one"], "b");
    one(
        "quotient",
        quotient.node("Div", &["v", "b"], "y"),
        -6.0,
        6.0,
        &|v| v / (1.0 + v * v),
    );
    let between = base()
        .node("Less", &["v", "three"], "a")
        .node("GreaterOrEqual", &["v", "one"], "b")
        .node("And", &["a", "b"], "d")
        .node("Or", &["d", "b"], "e")
        .node("Xor", &["e", "d"], "g");
    one(
        "logic",
        between.node_with("Cast", &["g"], "y", vec![int("to", 1)]),
        -4.0,
        4.0,
        &|v| f64::from(v >= 3.0),
    );
    let extremes = base()
        .node("Max", &["v", "one", "zero"], "a")
        .node("Min", &["a", "three"], "b")
        .node("Sum", &["b", "v", "one"], "d")
        .node("Mean", &["d", "v"], "e");
    one(
        "extremes",
        extremes.node("Pow", &["two", "e"], "y"),
        -4.0,
        4.0,
        &|v| 2f64.powf((v.clamp(1.0, 3.0) + v + 1.0 + v) / 2.0),
    );
}

/// `x` twice: as a tensor of its own and within a function.
#[test]
fn shared_values_stay_shared() {
    let graph = Onnx::vector(3)
        .weights(
            "w",
            &[3, 3],
            &[1.0, 2.0, -1.0, 0.5, 1.0, 1.5, -2.0, 0.25, 1.0],
        )
        .node("MatMul", &["x", "w"], "v")
        .node("Sigmoid", &["v"], "s")
        .node("Mul", &["v", "s"], "silu")
        .node("MatMul", &["silu", "w"], "a")
        .node("MatMul", &["s", "w"], "b")
        .node("Add", &["a", "b"], "y")
        .output("y")
        .import();
    let expected = Reference::new(&graph).unwrap();
    let row = vec![vec![0.5, -1.0, 2.0]];
    let theirs = expected.run(&row).unwrap();
    let ours = graph.run(&row);
    for (a, b) in ours.values[graph.outputs[0]].iter().zip(&theirs[0]) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
    // The input, the argument, both functions of it, and the output: the matrix before the
    // functions is read once.
    assert_eq!(graph.tensors.len(), 5);
}

/// Where a function has no finite value, its table saturates; every input has a proof.
#[test]
fn domain_ends_are_total() {
    for op in ["Log", "Sqrt", "Reciprocal"] {
        let graph = unary(op, vec![]).import();
        // Calibrated on the right half only.
        let rows = DataSet::from_rows(sweep(0.5, 4.0, 50), &graph.input_specs()).unwrap();
        let options = Options {
            input_domains: vec![InputDomain::Uniform(-4.0, 4.0)],
            activation_bits: Some(8),
            tune: false,
            ..Options::default()
        };
        let model = compile(&graph, &rows, &options).unwrap();
        let output = &model.graph().tensors[model.graph().outputs[0]];
        let at = |v: f64| {
            let integers = model
                .quantise_input(&[vec![v]], OutOfDomain::Reject)
                .unwrap();
            execute(model.graph(), &integers)
                .unwrap()
                .outputs(model.graph())[0][0]
        };
        for row in sweep(-4.0, 4.0, 201) {
            assert!((output.min..=output.max).contains(&at(row[0][0])));
        }
        match op {
            "Log" => assert!(at(-1.0) == output.min && at(0.0) == output.min),
            "Sqrt" => assert!(at(-1.0) == 0 && at(0.0) == 0),
            _ => assert_eq!(at(0.0), output.max),
        }
    }
}

#[test]
fn bad_attributes_are_refused() {
    let says = |onnx: Onnx, parts: &[&str]| {
        let message = onnx.error().to_string();
        for part in parts.iter().chain(&["/y", "model.onnx"]) {
            assert!(message.contains(part), "{message}");
        }
    };
    says(
        unary("Gelu", vec![text("approximate", "cubic")]),
        &["approximate", "cubic", "tanh"],
    );
    says(
        unary("Celu", vec![float("alpha", 0.0)]),
        &["alpha", "divides by zero"],
    );
    says(unary("Cast", vec![int("to", 8)]), &["cast to a number"]);
    let zero = Onnx::vector(1)
        .weights("zero", &[], &[0.0])
        .node("Div", &["x", "zero"], "y")
        .output("y");
    says(zero, &["divides by zero"]);
    let huge = Onnx::vector(1)
        .weights("huge", &[], &[f32::MAX])
        .node("Mul", &["x", "huge"], "a")
        .node("Mul", &["a", "huge"], "b")
        .node("Mul", &["b", "huge"], "c")
        .node("Mul", &["c", "huge"], "d")
        .node("Mul", &["d", "huge"], "e")
        .node("Mul", &["e", "huge"], "f")
        .node("Mul", &["f", "huge"], "g")
        .node("Mul", &["g", "huge"], "y")
        .node("Mul", &["y", "huge"], "z")
        .output("z");
    assert!(huge.error().to_string().contains("overflow"));
}
