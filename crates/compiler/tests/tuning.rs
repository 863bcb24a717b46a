//! What the compiler chooses by itself: bits that cost nothing, and what helps where the goal is
//! missed.
#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;
use std::path::PathBuf;

use common::{Dim, Onnx, int};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{
    Choices, Compilation, CompileStep, Cost, FloatGraph, Options, OutputKind, Tuned, accuracy,
    compile, compile_watched, compile_with, import, least_cost, vouched,
};
use verdict_model::{CompiledModel, DataSet, Goal, IntegerGraph, OutOfDomain, Row, execute};

fn random(rng: &mut ChaCha8Rng, count: i64, size: f32) -> Vec<f32> {
    (0..count).map(|_| rng.gen_range(-size..size)).collect()
}

fn rows(graph: &FloatGraph, count: usize, size: f64) -> DataSet {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let lens: Vec<usize> = graph
        .inputs
        .iter()
        .map(|id| graph.tensors[*id].len)
        .collect();
    let row = |_| -> Row {
        let lens = lens.iter();
        lens.map(|len| (0..*len).map(|_| rng.gen_range(-size..size)).collect())
            .collect()
    };
    DataSet::from_rows((0..count).map(row).collect(), &graph.input_specs()).unwrap()
}

/// Worst error of the first output's values over their range, and the rows of which the largest is
/// another one.
fn errors(graph: &FloatGraph, model: &CompiledModel, data: &DataSet) -> (f64, usize) {
    let (mut error, mut others) = (0.0f64, 0);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let top1 = |values: &[f64]| {
        let best = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        values.iter().position(|v| *v == best)
    };
    for row in data.rows() {
        let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        let found = model
            .dequantise_output(&trace.outputs(model.graph()))
            .remove(0);
        let run = graph.run(row);
        let reals = &run.values[graph.outputs[0]];
        for (found, real) in found.iter().zip(reals) {
            error = error.max((found - real).abs());
            (low, high) = (low.min(*real), high.max(*real));
        }
        others += usize::from(top1(&found) != top1(reals));
    }
    (error / (high - low), others)
}

fn tuned(graph: &FloatGraph, data: &DataSet, options: &Options) -> Compilation {
    compile_with(graph, data, options, &least_cost).unwrap()
}

fn untuned() -> Options {
    Options {
        tune: false,
        ..Options::default()
    }
}

/// A sigmoid that moves little: its values are steps of the whole range from 0 to 1.
fn narrow() -> FloatGraph {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    Onnx::vector(4)
        .weights("w", &[4, 2], &random(&mut rng, 8, 0.2))
        .weights("b", &[2], &[-3.0, -2.9])
        .node("Gemm", &["x", "w", "b"], "h")
        .node("Sigmoid", &["h"], "y")
        .output("y")
        .import()
}

fn regressor(outputs: i64) -> FloatGraph {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    Onnx::vector(10)
        .weights("w1", &[10, 32], &random(&mut rng, 320, 0.6))
        .weights("b1", &[32], &random(&mut rng, 32, 0.2))
        .weights("w2", &[32, outputs], &random(&mut rng, 32 * outputs, 0.5))
        .node("Gemm", &["x", "w1", "b1"], "h")
        .node("Relu", &["h"], "r")
        .node("MatMul", &["r", "w2"], "y")
        .output("y")
        .import()
}

/// Heights up to this are proved in a second.
const CHEAP: u32 = 14;

#[test]
fn bits_that_cost_nothing_are_spent() {
    for graph in [narrow(), regressor(1), regressor(3)] {
        let data = rows(&graph, 200, 2.0);
        let coarse = compile(&graph, &data, &untuned()).unwrap();
        let fine = compile(&graph, &data, &Options::default()).unwrap();
        let height = |model: &CompiledModel| least_cost(model.graph()).unwrap().height;
        assert!(height(&fine) <= height(&coarse).max(CHEAP));
        let ((before, _), (after, others)) =
            (errors(&graph, &coarse, &data), errors(&graph, &fine, &data));
        assert!(after < before, "{before} and {after}");
        assert!(after <= 0.002, "{after}");
        assert_eq!(others, 0);
    }
}

/// Where time is what counts the height stays.
#[test]
fn time_is_not_spent() {
    let graph = regressor(2);
    let data = rows(&graph, 200, 2.0);
    let with = |tune: bool| {
        let options = Options {
            goal: Goal::Time,
            output_kinds: vec![(None, OutputKind::Values)],
            tune,
            ..Options::default()
        };
        compile(&graph, &data, &options).unwrap()
    };
    let (coarse, fine) = (with(false), with(true));
    let height = |model: &CompiledModel| least_cost(model.graph()).unwrap().height;
    let ((before, _), (after, _)) = (errors(&graph, &coarse, &data), errors(&graph, &fine, &data));
    assert!(after <= 0.01, "{after}");
    // It is not free either where the fewest bits are off by more than a hundredth.
    assert!(height(&fine) <= height(&coarse) || before > 0.01);
}

/// Nothing is spent that a planner says costs something.
#[test]
fn the_price_is_asked() {
    let graph = regressor(1);
    let data = rows(&graph, 100, 2.0);
    let coarse = compile(&graph, &data, &untuned()).unwrap();
    let entries = coarse.graph().table_entries();
    let price = |graph: &IntegerGraph| {
        Some(Cost {
            height: 30,
            gas: f64::from(u8::from(graph.table_entries() > entries)),
        })
    };
    let found = compile_with(&graph, &data, &Options::default(), &price).unwrap();
    assert!(found.model.graph().table_entries() <= entries);
    // A planner that can lay nothing out is no reason not to compile.
    let found = compile_with(&graph, &data, &Options::default(), &|_| None).unwrap();
    assert!(found.tuned.error < 0.02, "{:?}", found.tuned);
}

/// Steps of many numbers: a bit or two more change by chance alone how many are others, so that the
/// search must not stop where a few are tried.
#[test]
fn steps_of_many_numbers_are_those_of_the_float_model() {
    for (op, cells, factor) in [
        ("Floor", 72, 1.7),
        ("Ceil", 72, 1.7),
        ("Round", 40, 3.3),
        ("Floor", 200, 0.9),
        ("Round", 144, 1.3),
    ] {
        let graph = Onnx::vector(cells)
            .weights("c", &[], &[factor])
            .node("Mul", &["x", "c"], "v")
            .node(op, &["v"], "y")
            .output("y")
            .import();
        let data = rows(&graph, 24, 4.0);
        let found = tuned(&graph, &data, &Options::default());
        let report = accuracy(&found.reference, &graph, &found.model, &data).unwrap();
        let others = report.outputs[0].other_whole.unwrap();
        assert!(others <= 1, "{op} of {cells}: {others} of {}", report.rows);
        vouched(found.model, &report, &Options::default()).unwrap();
        // What is given stays, and then nothing is tried that it does not allow.
        let options = Options {
            input_bits: Some(9),
            activation_bits: Some(8),
            table_bits: Some(16),
            ..Options::default()
        };
        let fixed = tuned(&graph, &data, &options).tuned;
        assert_eq!(
            (fixed.input_bits, fixed.activation_bits, fixed.table_bits),
            (9, 8, 16)
        );
    }
}

/// Those who wait are told of every step in order, and of how much of the search is done.
#[test]
fn every_step_is_told() {
    let graph = hidden_scales();
    let data = rows(&graph, 100, 2.0);
    let told = RefCell::new(Vec::new());
    let on_step = |step: CompileStep| told.borrow_mut().push(step);
    let found = compile_watched(&graph, &data, &Options::default(), &least_cost, &on_step);
    let silent = tuned(&graph, &data, &Options::default());
    assert_eq!(found.unwrap().model.digest(), silent.model.digest());
    let told = told.into_inner();
    assert_eq!(told[0], CompileStep::Compare { rows: 100 });
    let measured = CompileStep::Measure {
        rows: 100,
        equalised: false,
    };
    assert_eq!(told[1], measured);
    let tries = told.iter().filter_map(|step| match step {
        CompileStep::Try { before, spent, .. } => Some((*before, *spent)),
        _ => None,
    });
    let tries: Vec<(u32, f64)> = tries.collect();
    assert!(tries.len() > 1, "{told:?}");
    // Attempts at scaled channels are others' ones.
    let same = |pair: &[(u32, f64)]| pair[1].0 == pair[0].0 + 1 || pair[1].0 == 0;
    assert!(tries.windows(2).all(same), "{tries:?}");
    assert!(tries.iter().all(|(_, spent)| (0.0..=1.1).contains(spent)));
    let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], "compares 100 rows with tract");
    assert!(
        texts[2].starts_with("attempt 1: activations of "),
        "{texts:?}"
    );
}

/// Hidden channels that differ by a factor of 10^8.
fn hidden_scales() -> FloatGraph {
    let sizes = [1e-4, 1.0, 1e2, 1e4];
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    Onnx::vector(4)
        .weights("c", &[4], &sizes)
        .weights("w", &[4, 3], &random(&mut rng, 12, 1.5))
        .node("Mul", &["x", "c"], "z")
        .node("Relu", &["z"], "r")
        .node("Div", &["r", "c"], "v")
        .node("MatMul", &["v", "w"], "y")
        .output("y")
        .import()
}

#[test]
fn channels_of_different_sizes_are_equalised_without_being_told() {
    let graph = hidden_scales();
    let data = rows(&graph, 60, 2.0);
    let Compilation { model, tuned, .. } = tuned(&graph, &data, &Options::default());
    assert!(tuned.reached && tuned.equalised, "{tuned:?}");
    let (error, others) = errors(&graph, &model, &data);
    assert!(error <= 0.002, "{error}");
    assert_eq!(others, 0);
    let (error, _) = errors(&graph, &compile(&graph, &data, &untuned()).unwrap(), &data);
    assert!(error > 0.1, "{error}");
}

/// Six layers whose weights have heavy tails: sums reach many times farther than they do on data.
#[test]
fn deep_networks_get_what_they_need() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tuning");
    let graph = import(folder.join("deep.onnx")).unwrap();
    let data = DataSet::load(folder.join("deep.npz"), &graph.input_specs()).unwrap();
    let Compilation {
        model,
        tuned: found,
        ..
    } = tuned(&graph, &data, &Options::default());
    assert!(found.reached, "{found:?}");
    let (error, others) = errors(&graph, &model, &data);
    assert!(error <= 0.01, "{error}");
    assert!(others <= 1, "{others}");
    // More bits than there is room for are met with more room.
    let given = Options {
        activation_bits: Some(13),
        ..Options::default()
    };
    let Tuned {
        activation_bits,
        other_decisions,
        ..
    } = tuned(&graph, &data, &given).tuned;
    assert_eq!(activation_bits, 13);
    assert!(other_decisions <= 0.02, "{other_decisions}");
}

#[test]
fn outputs_are_what_their_nodes_say() {
    let linear = || Onnx::vector(3).weights("w", &[3, 4], &[0.5; 12]);
    let kinds = |onnx: Onnx| onnx.import().output_kinds;
    let logits = linear().node("MatMul", &["x", "w"], "y").output("y");
    assert_eq!(kinds(logits), [OutputKind::Both]);
    let chance = linear()
        .node("MatMul", &["x", "w"], "h")
        .node_with("Softmax", &["h"], "y", vec![int("axis", -1)])
        .output("y");
    assert_eq!(kinds(chance), [OutputKind::Classes]);
    let chosen = linear()
        .node("MatMul", &["x", "w"], "y")
        .node_with("ArgMax", &["y"], "class", vec![int("axis", 1)])
        .output("y")
        .output("class");
    assert_eq!(kinds(chosen), [OutputKind::Classes, OutputKind::Values]);
    let squashed = linear()
        .node("MatMul", &["x", "w"], "h")
        .node("Tanh", &["h"], "t")
        .node("Identity", &["t"], "y")
        .output("y");
    assert_eq!(kinds(squashed), [OutputKind::Values]);
}

/// An autoencoder whose largest output is always the same one has nothing to choose; its values
/// count all the same.
#[test]
fn values_count_where_no_class_changes() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut bias = random(&mut rng, 6, 0.1);
    bias[2] = 20.0;
    let graph = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(6)])
        .weights("w", &[6, 6], &random(&mut rng, 36, 0.05))
        .weights("b", &[6], &bias)
        .node("Gemm", &["x", "w", "b"], "y")
        .output("y")
        .import();
    let data = rows(&graph, 100, 1.0);
    let goal = Options {
        output_kinds: vec![(Some("y".into()), OutputKind::Values)],
        accuracy: Some(0.0002),
        ..Options::default()
    };
    let found = tuned(&graph, &data, &goal);
    assert!(found.tuned.reached, "{:?}", found.tuned);
    let (error, _) = errors(&graph, &found.model, &data);
    assert!(error <= 0.0002, "{error}");
    for (options, part) in [
        (
            Options {
                output_kinds: vec![(Some("z".into()), OutputKind::Classes)],
                ..Options::default()
            },
            "`z`",
        ),
        (
            Options {
                accuracy: Some(0.0),
                ..Options::default()
            },
            "accuracy",
        ),
    ] {
        let message = compile(&graph, &data, &options).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

/// Whole numbers are compared as whole numbers.
#[test]
fn whole_numbers_stay_whole() {
    let graph = Onnx::vector(6)
        .node("Round", &["x"], "y")
        .output("y")
        .import();
    let data = rows(&graph, 100, 9.0);
    let found = tuned(&graph, &data, &Options::default());
    let (error, _) = errors(&graph, &found.model, &data);
    assert!(error * 18.0 < 0.5, "{error}");
    assert_eq!(found.tuned.other_decisions, 0.0);
}

/// What an output is for, and how far its integers are off, is told position by position.
#[test]
fn classes_lie_where_their_soft_max_says() {
    let planes = |axis: i64, opset: i64| {
        Onnx::default()
            .opset(opset)
            .input(
                "x",
                vec![Dim::Named("N"), Dim::Fixed(3), Dim::Fixed(4), Dim::Fixed(5)],
            )
            .node("Identity", &["x"], "h")
            .node_with("Softmax", &["h"], "y", vec![int("axis", axis)])
            .output("y")
            .import()
            .choices
    };
    let choices = |classes, stride| [Some(Choices { classes, stride })];
    assert_eq!(planes(-1, 17), choices(5, 1));
    assert_eq!(planes(1, 17), choices(3, 20));
    assert_eq!(planes(2, 17), choices(4, 5));
    // All axes from its own on, before opset 13.
    assert_eq!(planes(2, 11), choices(20, 1));
    let read = Onnx::vector(4)
        .node("Neg", &["x"], "y")
        .node_with("ArgMax", &["y"], "class", vec![int("axis", 1)])
        .output("y")
        .output("class")
        .import();
    assert_eq!(
        read.choices,
        [
            Some(Choices {
                classes: 4,
                stride: 1
            }),
            None
        ]
    );
}

/// Of eight steps with a class each, one of which is a close call in every row, seven are kept: the
/// largest of all values says nothing about any of them.
#[test]
fn the_class_of_each_step_is_compared() {
    let mut weights = vec![0.0; 8 * 24];
    for step in 0..8 {
        for class in 0..3 {
            weights[step * 24 + step * 3 + class] = [2.0, 0.0, -1.0][class];
        }
    }
    let graph = Onnx::vector(8)
        .weights("w", &[8, 24], &weights)
        .indices("shape", &[0, 8, 3])
        .node("MatMul", &["x", "w"], "h")
        .node("Reshape", &["h", "shape"], "steps")
        .node_with("LogSoftmax", &["steps"], "y", vec![int("axis", -1)])
        .output("y")
        .import();
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let row = |_| {
        // The last steps have the same lead, so that the largest of all values is any one's.
        let small = (0..3).map(|_| f64::from(rng.gen_range(0.5f32..1.0)));
        let mut row: Vec<f64> = small.collect();
        row.resize(8, 1.0);
        vec![row]
    };
    let data = DataSet::from_rows((0..40).map(row).collect(), &graph.input_specs()).unwrap();
    let made = tuned(&graph, &data, &Options::default());
    let report = accuracy(&made.reference, &graph, &made.model, &data).unwrap();
    assert_eq!(report.outputs[0].kind, OutputKind::Classes);
    assert_eq!(report.outputs[0].top1_agreement, Some(1.0));
    vouched(made.model, &report, &Options::default()).unwrap();
}

/// The sum of probabilities is 1 but for the rounding of 32-bit floats, which is no range.
#[test]
fn what_only_rounding_moves_is_a_constant() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let graph = Onnx::vector(5)
        .weights("w", &[5, 7], &random(&mut rng, 35, 1.0))
        .indices("axes", &[1])
        .node("MatMul", &["x", "w"], "h")
        .node_with("Softmax", &["h"], "p", vec![int("axis", -1)])
        .node_with("ReduceSum", &["p", "axes"], "y", vec![int("keepdims", 1)])
        .output("y")
        .import();
    let data = rows(&graph, 60, 2.0);
    let made = tuned(&graph, &data, &Options::default());
    let report = accuracy(&made.reference, &graph, &made.model, &data).unwrap();
    let output = &report.outputs[0];
    assert!((output.range - 1.0).abs() < 1e-3, "{output:?}");
    assert!(output.relative_error < 0.01, "{output:?}");
    vouched(made.model, &report, &Options::default()).unwrap();
}

/// A probability of one of many classes has steps where probabilities are, and is not cut off
/// beyond.
#[test]
fn probabilities_of_many_classes_have_fine_steps() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let graph = Onnx::vector(4)
        .weights("w", &[4, 200], &random(&mut rng, 800, 0.5))
        .node("MatMul", &["x", "w"], "h")
        .node_with("Softmax", &["h"], "y", vec![int("axis", -1)])
        .output("y")
        .import();
    let data = rows(&graph, 40, 2.0);
    let made = tuned(&graph, &data, &Options::default());
    let report = accuracy(&made.reference, &graph, &made.model, &data).unwrap();
    let output = &report.outputs[0];
    assert!(output.range < 0.25, "{output:?}");
    assert!(output.relative_error < 0.02, "{output:?}");
    // One class may have all of it all the same.
    let reach = made.model.manifest().outputs[0].real_max;
    assert!(reach > 0.9, "{reach}");
}

/// Values that are picked by their rank are products of decisions: more bits make them finer, and
/// tables no longer.
#[test]
fn more_bits_make_what_is_picked_finer() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let graph = Onnx::vector(8)
        .weights("w", &[8, 8], &random(&mut rng, 64, 1.0))
        .indices("k", &[8])
        .node("MatMul", &["x", "w"], "h")
        .node_outputs("TopK", &["h", "k"], &["v", "i"], vec![int("axis", 1)])
        .indices("axis", &[1])
        .node("CumSum", &["v", "axis"], "y")
        .output("y")
        .import();
    let data = rows(&graph, 40, 1.0);
    let error = |bits: u32| {
        let options = Options {
            activation_bits: Some(bits),
            output_bits: Some(bits),
            table_bits: Some(16),
            input_bits: Some(14),
            ..untuned()
        };
        let made = tuned(&graph, &data, &options);
        errors(&graph, &made.model, &data).0
    };
    let errors = [6, 8, 10].map(error);
    assert!(
        errors[1] < errors[0] / 2.0 && errors[2] < errors[1] / 2.0,
        "{errors:?}"
    );
}
