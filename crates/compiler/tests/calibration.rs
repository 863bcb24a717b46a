//! How ranges follow from calibration data, and what scales per channel are good for.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::{Dim, Onnx, ints};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{
    CompileError, FloatGraph, InputDomain, Options, Reference, accuracy, compile,
};
use verdict_model::{Calibration, CompiledModel, DataSet, OutOfDomain, execute};

const BITS: u32 = 7;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn numbers(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.gen_range(-1.0..1.0)).collect()
}

fn rows(graph: &FloatGraph, count: usize, seed: u64) -> DataSet {
    let mut rng = rng(seed);
    let len = graph.tensors[graph.inputs[0]].len;
    let mut row = || vec![(0..len).map(|_| rng.gen_range(0.0..1.0)).collect()];
    DataSet::from_rows((0..count).map(|_| row()).collect(), &graph.input_specs()).unwrap()
}

/// Factors of very different sizes, powers of two and others.
fn factors(count: usize) -> Vec<f32> {
    (0..count).map(|i| 0.3f32.powi(i as i32 % 5)).collect()
}

/// A perceptron of the same function whatever `factors`, by which the cells of both hidden layers
/// are out of balance.
fn perceptron(imbalanced: bool) -> FloatGraph {
    let (inputs, hidden, outputs) = (12, 20, 4);
    let mut rng = rng(5);
    let ones = vec![1.0; hidden];
    let factors = if imbalanced { factors(hidden) } else { ones };
    let mut first = numbers(&mut rng, inputs * hidden);
    let mut second = numbers(&mut rng, hidden * hidden);
    let mut third = numbers(&mut rng, hidden * outputs);
    let mut biases = [numbers(&mut rng, hidden), numbers(&mut rng, hidden)];
    // `[source][target]`.
    for (i, w) in first.iter_mut().enumerate() {
        *w *= factors[i % hidden];
    }
    for (i, w) in second.iter_mut().enumerate() {
        *w *= factors[i % hidden] / factors[i / hidden];
    }
    for (i, w) in third.iter_mut().enumerate() {
        *w /= factors[i / outputs];
    }
    for bias in &mut biases {
        bias.iter_mut().zip(&factors).for_each(|(b, f)| *b *= f);
    }
    let [one, two] = [&biases[0], &biases[1]];
    Onnx::vector(inputs as i64)
        .weights("w1", &[inputs as i64, hidden as i64], &first)
        .weights("b1", &[hidden as i64], one)
        .weights("w2", &[hidden as i64, hidden as i64], &second)
        .weights("b2", &[hidden as i64], two)
        .weights("w3", &[hidden as i64, outputs as i64], &third)
        .node("MatMul", &["x", "w1"], "m1")
        .node("Add", &["m1", "b1"], "s1")
        .node("Relu", &["s1"], "h1")
        .node("MatMul", &["h1", "w2"], "m2")
        .node("Add", &["m2", "b2"], "s2")
        .node("Relu", &["s2"], "h2")
        .node("MatMul", &["h2", "w3"], "y")
        .output("y")
        .import()
}

/// Convolution, maximum, depthwise convolution, residual addition and a dense layer, with channels
/// out of balance.
fn planes() -> FloatGraph {
    let channels = 8usize;
    let n = channels as i64;
    let mut rng = rng(6);
    let factors = factors(channels);
    let scaled = |weights: Vec<f32>, by: &dyn Fn(usize) -> f32| -> Vec<f32> {
        weights.iter().enumerate().map(|(i, w)| w * by(i)).collect()
    };
    let first = scaled(numbers(&mut rng, channels * 9), &|i| factors[i / 9]);
    let bias = scaled(numbers(&mut rng, channels), &|i| factors[i]);
    let depthwise = numbers(&mut rng, channels * 9);
    let last = scaled(numbers(&mut rng, channels * 9 * 5), &|i| {
        1.0 / factors[i / 5 / 9]
    });
    let attributes = |groups: i64| vec![ints("pads", &[1, 1, 1, 1]), common::int("group", groups)];
    Onnx::default()
        .input(
            "x",
            vec![Dim::Named("N"), Dim::Fixed(1), Dim::Fixed(6), Dim::Fixed(6)],
        )
        .weights("w1", &[n, 1, 3, 3], &first)
        .weights("b1", &[n], &bias)
        .weights("w2", &[n, 1, 3, 3], &depthwise)
        .weights("w3", &[n * 9, 5], &last)
        .node_with("Conv", &["x", "w1", "b1"], "c1", attributes(1))
        .node("Relu", &["c1"], "h1")
        .node_with(
            "MaxPool",
            &["h1"],
            "p",
            vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])],
        )
        .node_with("Conv", &["p", "w2"], "c2", attributes(n))
        .node("Relu", &["c2"], "h2")
        .node("Add", &["h2", "p"], "a")
        .node("Relu", &["a"], "h3")
        .node("Flatten", &["h3"], "f")
        .node("MatMul", &["f", "w3"], "y")
        .output("y")
        .import()
}

fn options(bits: u32) -> Options {
    Options {
        activation_bits: Some(bits),
        output_bits: Some(14),
        input_bits: Some(12),
        input_domains: vec![InputDomain::Uniform(0.0, 1.0)],
        tune: false,
        ..Options::default()
    }
}

/// Root mean square error of the outputs on unseen rows.
fn error(graph: &FloatGraph, options: &Options) -> (CompiledModel, f64) {
    let model = compile(graph, &rows(graph, 150, 1), options).unwrap();
    let (mut squares, mut count) = (0.0, 0);
    for row in rows(graph, 60, 2).rows() {
        let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        let id = graph.outputs[0];
        let reals = &graph.run(row).values[id];
        for (found, real) in model.reals(id, &trace.values[id]).iter().zip(reals) {
            squares += (found - real).powi(2);
            count += 1;
        }
    }
    (model, (squares / f64::from(count)).sqrt())
}

fn saved(model: &CompiledModel) -> CompiledModel {
    let bytes = model.to_bytes().unwrap();
    CompiledModel::from_bytes(&bytes, Path::new("m.verdict")).unwrap()
}

#[test]
fn equalisation_makes_up_for_imbalance() {
    for bits in [5, BITS, 9] {
        let plain = options(bits);
        let equalised = Options {
            equalise: true,
            ..plain.clone()
        };
        let (_, balanced) = error(&perceptron(false), &plain);
        let (model, before) = error(&perceptron(true), &plain);
        assert!(model.manifest().equalised.is_empty());
        let (model, after) = error(&perceptron(true), &equalised);
        assert!(
            after < before / 2.0 && after < 2.0 * balanced,
            "{bits} bits: {before} before, {after} after, {balanced} balanced"
        );
        assert_eq!(model.manifest().equalised.len(), 2);
        assert_eq!(saved(&model), model);
    }
}

#[test]
fn channels_keep_their_scale_through_maxima_and_sums() {
    let graph = planes();
    let plain = options(BITS);
    let equalised = Options {
        equalise: true,
        ..plain.clone()
    };
    let (model, before) = error(&graph, &plain);
    let entries = model.manifest().table_entries;
    let (model, after) = error(&graph, &equalised);
    assert!(after < before / 1.5, "{before} before, {after} after");
    assert!(model.manifest().table_entries <= 2 * entries);
    let names: Vec<&str> = model
        .manifest()
        .equalised
        .iter()
        .map(|channels| model.graph().tensors[channels.tensor].name.as_str())
        .collect();
    for name in ["h1", "h2", "h3"] {
        assert!(names.contains(&name), "{name} not in {names:?}");
    }
    // The maxima share their source's scales.
    assert!(names.len() > 3, "{names:?}");
    assert_eq!(saved(&model), model);

    // The report compares what the integers stand for.
    let data = rows(&graph, 40, 3);
    let report = accuracy(&Reference::new(&graph).unwrap(), &graph, &model, &data).unwrap();
    for (layer, tensor) in report
        .layers
        .iter()
        .zip(model.graph().tensors.iter().skip(1))
    {
        let range = f64::from(tensor.max - tensor.min) * tensor.scale;
        assert!(layer.max_abs_error < 0.1 * range, "{layer:?} of {range}");
    }
}

/// Nothing is scaled that some layer needs as it is: inputs, outputs, what tables of other
/// functions are for.
#[test]
fn only_homogeneous_layers_are_scaled() {
    let weights = numbers(&mut rng(7), 64);
    let tiny: Vec<f32> = weights
        .iter()
        .enumerate()
        .map(|(i, w)| w * factors(8)[i % 8])
        .collect();
    for function in ["Sigmoid", "Tanh"] {
        let graph = Onnx::vector(8)
            .weights("w", &[8, 8], &tiny)
            .node("MatMul", &["x", "w"], "m")
            .node(function, &["m"], "h")
            .node("MatMul", &["h", "w"], "n")
            .node(function, &["n"], "y")
            .output("y")
            .import();
        let equalise = Options {
            equalise: true,
            ..options(BITS)
        };
        let (model, _) = error(&graph, &equalise);
        assert!(model.manifest().equalised.is_empty());
        let (plain, _) = error(&graph, &options(BITS));
        assert_eq!(plain, model);
    }
}

/// One row in a hundred is ten times as large as the others.
fn outliers(graph: &FloatGraph) -> DataSet {
    let mut rows = rows(graph, 200, 4).rows().to_vec();
    for row in rows.iter_mut().skip(50).step_by(100) {
        row.iter_mut().flatten().for_each(|v| *v *= 10.0);
    }
    DataSet::from_rows(rows, &graph.input_specs()).unwrap()
}

#[test]
fn outliers_need_not_set_the_range() {
    let graph = perceptron(false);
    let data = outliers(&graph);
    let with = |calibration| {
        let options = Options {
            calibration,
            input_domains: vec![InputDomain::Uniform(0.0, 10.0)],
            ..options(5)
        };
        let model = compile(&graph, &data, &options).unwrap();
        assert_eq!(model.manifest().calibration, calibration);
        assert_eq!(saved(&model), model);
        // Whatever the method, all of the domain is provable, and the outputs keep their range.
        for value in [0.0, 10.0] {
            let input = model.quantise_input(&[vec![value; 12]], OutOfDomain::Reject);
            execute(model.graph(), &input.unwrap()).unwrap();
        }
        let report = accuracy(
            &Reference::new(&graph).unwrap(),
            &graph,
            &model,
            &rows(&graph, 60, 2),
        );
        (model, report.unwrap().mean_abs_error)
    };
    let (model, all) = with(Calibration::MinMax);
    let hidden = model.graph().tensors[1].scale;
    let (whole, same) = with(Calibration::Percentile(100.0));
    assert_eq!((whole.graph(), same), (model.graph(), all));
    for method in [Calibration::Percentile(98.0), Calibration::MeanSquaredError] {
        let (model, error) = with(method);
        assert!(error < all / 1.2, "{method:?}: {error}, {all} with all");
        assert!(model.graph().tensors[1].scale < hidden / 1.2);
        // Outputs only get finer, where sums that no longer reach as far let them.
        assert!(model.manifest().outputs[0].scale <= whole.manifest().outputs[0].scale);
    }
}

#[test]
fn percentiles_are_checked() {
    let graph = perceptron(false);
    for share in [0.0, -1.0, 100.5, f64::NAN, f64::INFINITY] {
        let options = Options {
            calibration: Calibration::Percentile(share),
            ..Options::default()
        };
        let error = compile(&graph, &rows(&graph, 10, 1), &options).unwrap_err();
        assert!(
            matches!(
                error,
                CompileError::Option {
                    option: "calibration",
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn channel_scales_must_fit_the_graph() {
    let equalise = Options {
        equalise: true,
        ..options(BITS)
    };
    let (model, _) = error(&perceptron(true), &equalise);
    let spoilt = |spoil: &dyn Fn(&mut verdict_model::Manifest)| {
        let mut manifest = model.manifest().clone();
        spoil(&mut manifest);
        CompiledModel::new(model.graph().clone(), manifest).unwrap_err()
    };
    for error in [
        spoilt(&|manifest| manifest.equalised[0].tensor = 99),
        spoilt(&|manifest| manifest.equalised[0].tensor = 0),
        spoilt(&|manifest| manifest.equalised[1].tensor = model.graph().outputs[0]),
        spoilt(&|manifest| manifest.equalised[1].tensor = manifest.equalised[0].tensor),
        spoilt(&|manifest| manifest.equalised[0].shifts.push(0)),
        spoilt(&|manifest| manifest.equalised[0].shifts.clear()),
        spoilt(&|manifest| manifest.equalised[0].shifts[0] = 200),
        spoilt(&|manifest| manifest.calibration = Calibration::Percentile(f64::NAN)),
    ] {
        assert!(error.to_string().contains("manifest"), "{error}");
    }
}
