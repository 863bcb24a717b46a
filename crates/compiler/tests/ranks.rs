//! Features that are only compared: every real number falls on the float model's side of every
//! threshold, whatever the distribution of the data.
#![allow(clippy::unwrap_used)]

mod common;

use common::graph::{graph, tensor};
use common::{File, Onnx};
use prost::Message;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tract_onnx::pb::{AttributeProto, ModelProto, OperatorSetIdProto};
use verdict_compiler::{
    Activation, Comparison, FeatureGrid, FloatGraph, FloatLayer, FloatTerm, InputDomain, Missing,
    Options, Precision, Test, compile, import,
};
use verdict_model::{CompiledModel, DataSet, ModelError, OutOfDomain, Row, execute};

const ORDERS: [Comparison; 4] = [
    Comparison::AtMost,
    Comparison::Below,
    Comparison::AtLeast,
    Comparison::Above,
];

fn layer(
    rows: Vec<Vec<(u32, f64)>>,
    bias: Vec<f64>,
    (activation, precision): (Activation, Precision),
) -> FloatLayer {
    FloatLayer {
        nodes: vec![],
        terms: vec![FloatTerm::rows(0, rows)],
        bias,
        activation,
        precision,
        public_bias: false,
        masked: false,
        excluded: Vec::new(),
    }
}

/// One layer of tests of order and one of equality, of an input of `features` values.
fn tests(features: usize, tests: &[(u32, f64, f64, Test)], missing: Vec<Missing>) -> FloatGraph {
    let of = |equal: bool, activation: Activation| {
        let kept = tests
            .iter()
            .filter(|(.., test)| (test.comparison == Comparison::Equal) == equal);
        let kept: Vec<_> = kept.collect();
        let rows = kept.iter().map(|(cell, weight, ..)| vec![(*cell, *weight)]);
        let precision = Precision::Tests(kept.iter().map(|(.., test)| Some(*test)).collect());
        let bias = kept.iter().map(|(_, _, bias, _)| *bias).collect();
        let made = layer(rows.collect(), bias, (activation, precision));
        tensor(
            if equal { "equal" } else { "order" },
            kept.len(),
            Some(made),
        )
    };
    let mut tensors = vec![tensor("x", features, None)];
    for it in [of(false, Activation::Step), of(true, Activation::IsZero)] {
        if it.len > 0 {
            tensors.push(it);
        }
    }
    let outputs: Vec<usize> = (1..tensors.len()).collect();
    FloatGraph {
        missing: vec![missing],
        ..graph("tests", tensors, outputs)
    }
}

/// A 32-bit float of a distribution that no even grid could hold.
fn wild(rng: &mut ChaCha8Rng) -> f32 {
    match rng.gen_range(0..8) {
        0 => f32::from_bits(rng.gen_range(0..100)),
        1 => -f32::from_bits(rng.gen_range(0..1 << 23)),
        2 => [0.0, -0.0, 1.0, f32::MAX, f32::MIN, 1e30][rng.gen_range(0..6)],
        3 => rng.gen_range(-1.0f32..1.0) * 1e-20,
        4 => rng.gen_range(-1.0f32..1.0).powi(15),
        5 => rng.gen_range(-1e6f32..1e6),
        _ => rng.gen_range(-2.0f32..2.0),
    }
}

/// Numbers that equal what a test compares with, or lie next to it as 32-bit or 64-bit floats.
fn neighbours(threshold: f64) -> Vec<f64> {
    let single = threshold as f32;
    let half = |other: f32| (f64::from(single) + f64::from(other)) / 2.0;
    let singles = [single, single.next_up(), single.next_down()].map(f64::from);
    let halves = [half(single.next_up()), half(single.next_down())];
    singles
        .into_iter()
        .chain(halves)
        .chain([threshold])
        .flat_map(|it| [it, it.next_up(), it.next_down()])
        .filter(|it| it.is_finite())
        .collect()
}

/// Checks every decision of `model` on `row`.
fn check(graph: &FloatGraph, model: &CompiledModel, row: &Row) {
    let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
    let trace = execute(model.graph(), &integers).unwrap();
    let reals = graph.run(row);
    for id in &graph.outputs {
        let found: Vec<f64> = trace.values[*id].iter().map(|x| f64::from(*x)).collect();
        assert_eq!(found, reals.values[*id], "{row:?}");
    }
    // What an integer stands for has that integer.
    let again = model.quantise_input(&model.dequantise_input(&integers), OutOfDomain::Reject);
    assert_eq!(again.unwrap(), integers);
}

#[test]
fn every_number_is_on_its_side_of_every_threshold() {
    for seed in 0..150 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let features = rng.gen_range(1..4);
        let count = rng.gen_range(1..40);
        let affine = rng.gen_bool(0.3);
        let holes = rng.gen_bool(0.5);
        let mut values = vec![Vec::new(); features];
        let made: Vec<_> = (0..count)
            .map(|_| {
                let cell = rng.gen_range(0..features);
                let old = values[cell].choose(&mut rng).copied();
                let value = match old {
                    // The same threshold with another comparison.
                    Some(value) if rng.gen_bool(0.4) => value,
                    _ => wild(&mut rng),
                };
                values[cell].push(value);
                let (weight, bias) = match affine {
                    true => (rng.gen_range(-3.0..3.0), rng.gen_range(-1.0..1.0)),
                    false => (1.0, 0.0),
                };
                let comparison = match rng.gen_range(0..6) {
                    // Two intervals of equality may overlap where cells are scaled.
                    0 if !affine => Comparison::Equal,
                    i => ORDERS[i % 4],
                };
                let test = Test {
                    comparison,
                    threshold: bias + weight * f64::from(value),
                    single: comparison == Comparison::Equal || rng.r#gen(),
                    missing: holes && rng.r#gen(),
                };
                (cell as u32, weight, bias, test)
            })
            .collect();
        let graph = tests(features, &made, vec![]);
        let wide = |rng: &mut ChaCha8Rng| {
            (0..features)
                .map(|_| f64::from(wild(rng)))
                .collect::<Vec<_>>()
        };
        let few = (0..5).map(|_| vec![wide(&mut rng)]).collect();
        let data = DataSet::from_rows(few, &graph.input_specs()).unwrap();
        let model = match compile(&graph, &data, &Options::default()) {
            Ok(model) => model,
            // A test of 64-bit floats within the 32-bit float that another one asks for.
            Err(error) => {
                assert!(error.to_string().contains("too fine"), "{error}");
                continue;
            }
        };
        let bytes = model.to_bytes().unwrap();
        assert_eq!(
            CompiledModel::from_bytes(&bytes, "x".as_ref()).unwrap(),
            model
        );
        for (cell, values) in values.iter().enumerate() {
            for x in values.iter().flat_map(|value| neighbours((*value).into())) {
                let mut row = wide(&mut rng);
                row[cell] = x;
                check(&graph, &model, &vec![row]);
            }
        }
    }
}

/// Stumps over one feature: `mode`s, thresholds, and a weight for the true branch of each.
fn stumps(mode: &str, thresholds: &[f32], features: i64) -> File {
    let count = thresholds.len();
    let list = |name: &str, of: &[i64]| {
        let all = (0..count).flat_map(|_| of.to_vec());
        common::ints(name, &all.collect::<Vec<_>>())
    };
    let trees: Vec<i64> = (0..count as i64).flat_map(|tree| [tree; 3]).collect();
    let leaves: Vec<i64> = (0..count as i64).flat_map(|tree| [tree; 2]).collect();
    let floats = |name: &str, of: Vec<f32>| AttributeProto {
        name: name.into(),
        r#type: 6,
        floats: of,
        ..Default::default()
    };
    let values = thresholds.iter().flat_map(|it| [*it, 0.0, 0.0]).collect();
    let weights = (0..count).flat_map(|i| [(i + 1) as f32, 0.0]).collect();
    let modes = (0..count).flat_map(|_| [mode.into(), b"LEAF".to_vec(), b"LEAF".to_vec()]);
    let modes = AttributeProto {
        name: "nodes_modes".into(),
        r#type: 8,
        strings: modes.collect(),
        ..Default::default()
    };
    let attributes = vec![
        list("nodes_nodeids", &[0, 1, 2]),
        list("nodes_truenodeids", &[1, 0, 0]),
        list("nodes_falsenodeids", &[2, 0, 0]),
        list("nodes_featureids", &[0, 0, 0]),
        list("nodes_missing_value_tracks_true", &[0, 0, 0]),
        common::ints("nodes_treeids", &trees),
        floats("nodes_values", values),
        modes,
        common::ints("target_treeids", &leaves),
        list("target_nodeids", &[1, 2]),
        list("target_ids", &[0, 0]),
        floats("target_weights", weights),
        common::int("n_targets", 1),
    ];
    let onnx = Onnx::vector(features).output("y").node_with(
        "TreeEnsembleRegressor",
        &["x"],
        "y",
        attributes,
    );
    let mut model = ModelProto::decode(&*onnx.bytes()).unwrap();
    model.graph.as_mut().unwrap().node[0].domain = "ai.onnx.ml".into();
    model.opset_import.push(OperatorSetIdProto {
        domain: "ai.onnx.ml".into(),
        version: 3,
    });
    File::new("model.onnx", &model.encode_to_vec())
}

/// The sum of what the true branches of [`stumps`] weigh.
fn expected(mode: &str, thresholds: &[f32], x: f32) -> f64 {
    let holds = |t: f32| match mode {
        "BRANCH_LT" => x < t,
        "BRANCH_LEQ" => x <= t,
        "BRANCH_GT" => x > t,
        "BRANCH_GTE" => x >= t,
        _ => x == t,
    };
    let weights = thresholds.iter().zip(1..);
    weights
        .filter(|(t, _)| holds(**t))
        .map(|(_, weight)| f64::from(weight))
        .sum()
}

/// Thresholds that are values of continuous data, as XGBoost's hist method writes them.
#[test]
fn thresholds_that_are_values_of_the_data() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for mode in [
        "BRANCH_LT",
        "BRANCH_LEQ",
        "BRANCH_GT",
        "BRANCH_GTE",
        "BRANCH_EQ",
    ] {
        let values: Vec<f32> = (0..40)
            .map(|_| rng.gen_range(-2.0f32..2.0).powi(3))
            .collect();
        let file = stumps(mode, &values[..12], 1);
        let graph = import(&file.path).unwrap();
        let rows = values.iter().map(|x| vec![vec![f64::from(*x)]]).collect();
        let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
        for input_bits in [None, Some(5), Some(15)] {
            let options = Options {
                input_bits,
                ..Options::default()
            };
            let model = compile(&graph, &data, &options).unwrap();
            for x in values.iter().flat_map(|x| [*x, x.next_up(), x.next_down()]) {
                let row = vec![vec![f64::from(x)]];
                let integers = model.quantise_input(&row, OutOfDomain::Reject).unwrap();
                let trace = execute(model.graph(), &integers).unwrap();
                let found = model.dequantise_output(&trace.outputs(model.graph()))[0][0];
                let right = expected(mode, &values[..12], x);
                assert!(
                    (found - right).abs() < 0.3,
                    "{mode} {x}: {found}, expected {right}"
                );
            }
        }
    }
}

/// scikit-learn writes a split on `is missing` as `x <= +inf`.
#[test]
fn infinite_thresholds_hold_for_every_number() {
    for (mode, threshold, holds) in [
        ("BRANCH_LEQ", f32::INFINITY, true),
        ("BRANCH_GT", f32::INFINITY, false),
        ("BRANCH_GTE", f32::NEG_INFINITY, true),
        ("BRANCH_LT", f32::NEG_INFINITY, false),
    ] {
        let file = stumps(mode, &[threshold, 0.25], 2);
        let graph = import(&file.path).unwrap();
        let rows = [0.5, f64::NAN, -1.0, 3.0];
        let rows = rows.iter().map(|x| vec![vec![*x, 0.0]]).collect();
        let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
        for feature_grid in [FeatureGrid::Auto, FeatureGrid::Even] {
            let options = Options {
                feature_grid,
                ..Options::default()
            };
            let model = compile(&graph, &data, &options).unwrap();
            for x in [0.5, f64::NAN, -1.0, 1e39] {
                let row = vec![vec![x, 0.0]];
                let integers = model.quantise_input(&row, OutOfDomain::Reject).unwrap();
                let trace = execute(model.graph(), &integers).unwrap();
                let found = model.dequantise_output(&trace.outputs(model.graph()))[0][0];
                let second = match mode {
                    "BRANCH_LEQ" => x <= 0.25,
                    "BRANCH_GT" => x > 0.25,
                    "BRANCH_GTE" => x >= 0.25,
                    _ => x < 0.25,
                };
                let right = f64::from(u8::from(holds && !x.is_nan()) + 2 * u8::from(second));
                assert!(
                    (found - right).abs() < 0.05,
                    "{mode} {x}: {found}, expected {right}"
                );
            }
        }
    }
}

fn many(count: usize) -> (FloatGraph, DataSet) {
    let made: Vec<_> = (0..count)
        .map(|i| {
            let test = Test {
                comparison: Comparison::AtMost,
                threshold: (i as f64).sqrt(),
                single: true,
                missing: false,
            };
            (0, 1.0, 0.0, test)
        })
        .collect();
    let graph = tests(1, &made, vec![]);
    let data = DataSet::from_rows(vec![vec![vec![1.5]]], &graph.input_specs()).unwrap();
    (graph, data)
}

#[test]
fn bits_that_cannot_hold_the_thresholds_are_named() {
    let (graph, data) = many(300);
    let options = |bits| Options {
        input_bits: Some(bits),
        ..Options::default()
    };
    let message = compile(&graph, &data, &options(8)).unwrap_err().to_string();
    for part in ["`x`", "feature 0", "300", "9 bits"] {
        assert!(message.contains(part), "{message}");
    }
    let model = compile(&graph, &data, &options(9)).unwrap();
    assert_eq!(model.manifest().inputs[0].max, 300);
    let even = Options {
        feature_grid: FeatureGrid::Even,
        ..options(8)
    };
    let model = compile(&graph, &data, &even).unwrap();
    assert!(model.manifest().inputs[0].breakpoints.is_empty());
    let (graph, data) = many(33_000);
    let message = compile(&graph, &data, &Options::default())
        .unwrap_err()
        .to_string();
    for part in ["33000", "16 bits", "--input-grid even"] {
        assert!(message.contains(part), "{message}");
    }
}

/// A domain that the caller states holds, to the number.
#[test]
fn stated_domains_are_kept() {
    let (graph, data) = many(4);
    let options = Options {
        input_domains: vec![InputDomain::Uniform(0.5, 1.6)],
        ..Options::default()
    };
    let model = compile(&graph, &data, &options).unwrap();
    assert_eq!(model.manifest().inputs[0].ranges(), [(1, 3)]);
    for (x, inside) in [(0.5, true), (1.6, true), (0.49, false), (1.61, false)] {
        let found = model.quantise_input(&[vec![x]], OutOfDomain::Reject);
        assert_eq!(found.is_ok(), inside, "{x}");
    }
    let model = compile(&graph, &data, &Options::default()).unwrap();
    for x in [-1e300, 1e300] {
        assert!(
            model
                .quantise_input(&[vec![x]], OutOfDomain::Reject)
                .is_ok()
        );
    }
    let missing = model.quantise_input(&[vec![f64::NAN]], OutOfDomain::Saturate);
    assert!(matches!(missing, Err(ModelError::OutOfDomain { .. })));
}

/// A cell that is computed with keeps an even grid beside others' ranks.
#[test]
fn computed_cells_stay_on_even_grids() {
    let test = |threshold: f64| Test {
        comparison: Comparison::Below,
        threshold,
        single: true,
        missing: false,
    };
    let third = f64::from(1.0f32 / 3.0);
    let mut graph = tests(
        3,
        &[(0, 1.0, 0.0, test(third)), (1, 1.0, 0.0, test(third))],
        vec![],
    );
    let sum = layer(
        vec![vec![(1, 1.0), (2, 0.5)]],
        vec![0.0],
        (Activation::Identity, Precision::Scaled),
    );
    graph.tensors.push(tensor("sum", 1, Some(sum)));
    graph.outputs.push(2);
    graph.output_names.push("sum".into());
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let rows = (0..50).map(|_| {
        vec![
            (0..3)
                .map(|_| f64::from(rng.gen_range(0.0f32..1.0)))
                .collect(),
        ]
    });
    let data = DataSet::from_rows(rows.collect(), &graph.input_specs()).unwrap();
    let model = compile(&graph, &data, &Options::default()).unwrap();
    let breakpoints = &model.manifest().inputs[0].breakpoints;
    let ranked: Vec<bool> = breakpoints.iter().map(Option::is_some).collect();
    assert_eq!(ranked, [true, false, false]);
    for x in neighbours(third).into_iter().chain([1e9, -1e9]) {
        let row = vec![vec![x, 0.75, 0.5]];
        let integers = model.quantise_input(&row, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        assert_eq!(trace.values[1], [i32::from((x as f32) < 1.0 / 3.0), 0]);
        let sum = model.dequantise_output(&trace.outputs(model.graph()))[1][0];
        assert!((sum - 1.0).abs() < 0.01, "{sum}");
    }
}

/// A compiled file is not trusted to have its breakpoints in order.
#[test]
fn broken_breakpoints_are_refused() {
    let (graph, data) = many(4);
    let model = compile(&graph, &data, &Options::default()).unwrap();
    type Change = fn(&mut Vec<f64>);
    let wrong: [Change; 6] = [
        |list| list.swap(0, 1),
        |list| list[1] = list[0],
        |list| list[3] = f64::INFINITY,
        |list| list[0] = f64::NAN,
        |list| list[0] = -0.0,
        |list| list.push(1e9),
    ];
    for (i, change) in wrong.into_iter().enumerate() {
        let mut manifest = model.manifest().clone();
        change(manifest.inputs[0].breakpoints[0].as_mut().unwrap());
        let made = CompiledModel::new(model.graph().clone(), manifest);
        let message = made.unwrap_err().to_string();
        assert!(message.contains("breakpoints"), "{i}: {message}");
    }
    let mut manifest = model.manifest().clone();
    manifest.inputs[0].breakpoints.clear();
    let other = CompiledModel::new(model.graph().clone(), manifest).unwrap();
    assert_ne!(other.digest(), model.digest());
}
