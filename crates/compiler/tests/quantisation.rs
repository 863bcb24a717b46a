//! Properties every compilation must have, on random networks.
#![allow(clippy::unwrap_used)]

mod common;

use common::graph::{graph, tensor};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{
    Activation, CompileError, FloatGraph, FloatKernel, FloatLayer, FloatTerm, InputDomain, Options,
    Precision, compile,
};
use verdict_model::{
    CompiledModel, DataSet, Goal, ModelError, OutOfDomain, Visibility, execute, execute_batch,
};

const RELU_AND_KIN: [Activation; 3] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu { alpha: 0.1 },
];
const ALL: [Activation; 6] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu { alpha: 0.3 },
    Activation::Clip {
        min: -0.5,
        max: 6.0,
    },
    Activation::Sigmoid,
    Activation::Tanh,
];

/// A random network whose layers read the previous tensor and sometimes one further back.
fn network(rng: &mut ChaCha8Rng, layers: usize, activations: &[Activation]) -> FloatGraph {
    let mut tensors = vec![tensor("x", rng.gen_range(1..6), None)];
    for i in 0..layers {
        let len = rng.gen_range(1..6);
        let mut sources = vec![i];
        if i > 0 && rng.gen_bool(0.3) {
            sources.push(rng.gen_range(0..i));
        }
        let gain = 10f64.powf(rng.gen_range(-1.5..1.5));
        let terms = sources.into_iter().map(|source| {
            let row = |rng: &mut ChaCha8Rng| {
                let cells = 0..tensors[source].len as u32;
                let mut row: Vec<(u32, f64)> = cells
                    .map(|cell| (cell, gain * rng.gen_range(-1.0..1.0)))
                    .collect();
                row.retain(|_| rng.gen_bool(0.8));
                row
            };
            FloatTerm::rows(source, (0..len).map(|_| row(rng)).collect())
        });
        let terms = terms.collect();
        let layer = FloatLayer {
            nodes: vec![format!("layer{i}")],
            terms,
            bias: (0..len).map(|_| gain * rng.gen_range(-1.0..1.0)).collect(),
            activation: activations[rng.gen_range(0..activations.len())].clone(),
            precision: Precision::Scaled,
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        tensors.push(tensor(&format!("h{i}"), len, Some(layer)));
    }
    graph("random", tensors, vec![layers])
}

fn data(rng: &mut ChaCha8Rng, graph: &FloatGraph, rows: usize) -> DataSet {
    let width = graph.tensors[0].len;
    // Features of very different sizes, away from zero.
    let scale: Vec<f64> = (0..width)
        .map(|_| 10f64.powf(rng.gen_range(-2.0..2.0)))
        .collect();
    let row =
        |rng: &mut ChaCha8Rng| vec![scale.iter().map(|s| s * rng.gen_range(-1.0..3.0)).collect()];
    let rows = (0..rows).map(|_| row(rng)).collect();
    DataSet::from_rows(rows, &graph.input_specs()).unwrap()
}

/// What rounding inputs, weights, biases and keys can add up to at each tensor, for networks of
/// ReLU and its kin that do not saturate.
fn error_bounds(float: &FloatGraph, model: &CompiledModel) -> Vec<f64> {
    let graph = model.graph();
    let input = &model.manifest().inputs[0];
    let pick = |cell: usize| input.scales[if input.scales.len() == 1 { 0 } else { cell }];
    let mut bounds: Vec<f64> = Vec::new();
    for (tensor, integer) in float.tensors.iter().zip(&graph.tensors) {
        let (Some(layer), Some(integer_layer)) = (&tensor.layer, &integer.layer) else {
            bounds.push(0.0);
            continue;
        };
        let step =
            integer.scale / f64::from(1u32 << graph.functions[integer_layer.function].shift());
        let rows = (0..tensor.len).map(|i| {
            let mut error = step / 2.0 + integer.scale / 2.0;
            for term in &layer.terms {
                let source = &graph.tensors[term.source];
                let largest = f64::from(source.max.abs().max(source.min.abs()));
                let FloatKernel::Rows(rows) = &term.kernel else {
                    continue;
                };
                for (cell, weight) in &rows[i] {
                    let from_source = if term.source == 0 {
                        pick(*cell as usize) / 2.0
                    } else {
                        bounds[term.source]
                    };
                    error += weight.abs() * from_source + largest * step / 2.0;
                }
            }
            error
        });
        let pre = rows.fold(0.0, f64::max);
        // The table rounds once more where its slope is not 0 or 1.
        bounds.push(pre + integer.scale / 2.0);
    }
    bounds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn errors_stay_within_the_derived_bound(seed: u64, layers in 1usize..6, bits in 6u32..13) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let float = network(&mut rng, layers, &RELU_AND_KIN);
        let rows = data(&mut rng, &float, 20);
        let options = Options { activation_bits: Some(bits), tune: false, ..Options::default() };
        let model = compile(&float, &rows, &options).unwrap();
        let bounds = error_bounds(&float, &model);
        for row in rows.rows() {
            let trace = execute(model.graph(), &model.quantise_input(row, OutOfDomain::Reject).unwrap()).unwrap();
            let reals = float.run(row);
            for (id, tensor) in model.graph().tensors.iter().enumerate().skip(1) {
                for (x, real) in trace.values[id].iter().zip(&reals.values[id]) {
                    let error = (f64::from(*x) * tensor.scale - real).abs();
                    // Saturation is not rounding.
                    let saturated = *x == tensor.max || *x == tensor.min;
                    prop_assert!(saturated || error <= bounds[id] * 1.001 + 1e-9, "tensor {id}: {error} > {}", bounds[id]);
                }
            }
        }
    }

    /// The same as this crate states it, for any function: saturation and the steps of tables
    /// count.
    #[test]
    fn errors_stay_within_the_stated_bound(seed: u64, layers in 1usize..6, bits in 5u32..13) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let float = network(&mut rng, layers, &ALL);
        let rows = data(&mut rng, &float, 20);
        let few = DataSet::from_rows(rows.rows()[..10].to_vec(), &float.input_specs()).unwrap();
        let domain = rows.rows().iter().flat_map(|row| &row[0]).fold(0.0f64, |m, v| m.max(v.abs()));
        let options = Options {
            activation_bits: Some(bits), input_domains: vec![InputDomain::Uniform(-domain, domain)], tune: false, ..Options::default()
        };
        let model = compile(&float, &few, &options).unwrap();
        for row in rows.rows() {
            let trace = execute(model.graph(), &model.quantise_input(row, OutOfDomain::Reject).unwrap()).unwrap();
            let outputs = model.dequantise_output(&trace.outputs(model.graph()));
            let bounds = verdict_compiler::error_bounds(&float, &model, row).unwrap().total();
            let reals = &float.run(row).values[float.outputs[0]];
            for ((x, real), bound) in outputs[0].iter().zip(reals).zip(&bounds[0]) {
                let off = (x - real).abs();
                prop_assert!(off <= bound + 1e-9 * (1.0 + real.abs()), "{off} > {bound}");
            }
        }
    }

    /// Any input in the domain can be proved: no look-up fails and every value keeps to its
    /// tensor's range.
    #[test]
    fn total_over_the_whole_domain(seed: u64, layers in 1usize..8, table_bits in 6u32..17) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let float = network(&mut rng, layers, &ALL);
        let rows = data(&mut rng, &float, 5);
        let options = Options { table_bits: Some(table_bits), activation_bits: Some(8), tune: false, ..Options::default() };
        let model = compile(&float, &rows, &options).unwrap();
        let graph = model.graph();
        prop_assert!(graph.functions.iter().all(|function| function.table().is_none_or(|table| table.values.len() <= 1 << table_bits)));
        let shifts: Vec<u32> = graph.functions.iter().map(|function| function.shift()).collect();
        prop_assert!(shifts.iter().all(|shift| *shift == shifts[0]));

        let input = &graph.tensors[graph.inputs[0]];
        let mut inputs = vec![vec![vec![input.min; input.len]], vec![vec![input.max; input.len]]];
        for _ in 0..50 {
            let ends = (0..input.len).map(|_| if rng.r#gen() { input.min } else { input.max }).collect();
            inputs.push(vec![ends]);
            inputs.push(vec![(0..input.len).map(|_| rng.gen_range(input.min..=input.max)).collect()]);
        }
        for trace in execute_batch(graph, &inputs).unwrap() {
            for (id, tensor) in graph.tensors.iter().enumerate() {
                prop_assert!(trace.values[id].iter().all(|x| (tensor.min..=tensor.max).contains(x)));
                let intervals = graph.intervals(id);
                prop_assert!(trace.sums[id].iter().zip(&intervals).all(|(y, (min, max))| min <= y && y <= max));
            }
        }
        // Real inputs at and beyond the ends of the domain, too.
        for value in [f64::MIN, -1e9, 0.0, 1e9, f64::MAX, f64::INFINITY] {
            let integers = model.quantise_input(&[vec![value; input.len]], OutOfDomain::Saturate).unwrap();
            execute(graph, &integers).unwrap();
        }
    }

    /// Smooth functions come out close when given enough bits.
    #[test]
    fn smooth_functions_are_close(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let float = network(&mut rng, 1, &[Activation::Sigmoid, Activation::Tanh]);
        let rows = data(&mut rng, &float, 10);
        let domain = InputDomain::Uniform(-1.0, 1.0);
        let small = DataSet::from_rows(
            rows.rows().iter().map(|row| vec![row[0].iter().map(|v| v / 400.0).collect()]).collect(),
            &float.input_specs(),
        ).unwrap();
        let options = Options {
            activation_bits: Some(10), output_bits: Some(12), input_bits: Some(14), input_domains: vec![domain], tune: false, ..Options::default()
        };
        let model = compile(&float, &small, &options).unwrap();
        for row in small.rows() {
            let trace = execute(model.graph(), &model.quantise_input(row, OutOfDomain::Reject).unwrap()).unwrap();
            let ours = model.dequantise_output(&trace.outputs(model.graph()));
            for (a, b) in ours[0].iter().zip(&float.run(row).values[1]) {
                prop_assert!((a - b).abs() < 0.02, "{a} and {b}");
            }
        }
    }
}

fn example() -> (FloatGraph, DataSet) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let float = network(&mut rng, 3, &[Activation::Relu]);
    let rows = data(&mut rng, &float, 50);
    (float, rows)
}

#[test]
fn compiling_is_deterministic() {
    let (float, rows) = example();
    let compile = || compile(&float, &rows, &Options::default()).unwrap();
    assert_eq!(compile().digest(), compile().digest());
}

#[test]
fn pixels_keep_their_grid() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let float = network(&mut rng, 2, &[Activation::Relu]);
    let width = float.tensors[0].len;
    for (step, max) in [(1.0, 16), (1.0, 255), (1.0 / 255.0, 255)] {
        let pixel = |i: i32| f64::from((f64::from(i) * step) as f32);
        let rows = (0..=max).map(|i| vec![vec![pixel(i); width]]).collect();
        let rows = DataSet::from_rows(rows, &float.input_specs()).unwrap();
        let model = compile(&float, &rows, &Options::default()).unwrap();
        let input = &model.manifest().inputs[0];
        assert_eq!(
            (input.min, input.max, input.scales.as_slice()),
            (0, max, &[step][..])
        );
        let integers = model
            .quantise_input(&rows.rows()[7], OutOfDomain::Reject)
            .unwrap();
        assert_eq!(integers[0], vec![7; width]);
    }
}

#[test]
fn inputs_outside_the_domain() {
    let (float, rows) = example();
    let width = float.tensors[0].len;
    let options = Options {
        input_domains: vec![InputDomain::Uniform(-1000.0, 1000.0)],
        ..Options::default()
    };
    let model = compile(&float, &rows, &options).unwrap();
    let mut row = vec![vec![0.0; width]];
    row[0][width - 1] = 1001.0;
    let message = model
        .quantise_input(&row, OutOfDomain::Reject)
        .unwrap_err()
        .to_string();
    for part in [
        "`x`",
        &format!("feature {}", width - 1),
        "1001",
        "[-1000, 1000]",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let saturated = model.quantise_input(&row, OutOfDomain::Saturate).unwrap();
    row[0][width - 1] = 1000.0;
    assert_eq!(
        saturated,
        model.quantise_input(&row, OutOfDomain::Reject).unwrap()
    );
    row[0][0] = f64::NAN;
    assert!(matches!(
        model.quantise_input(&row, OutOfDomain::Saturate),
        Err(ModelError::OutOfDomain { .. })
    ));
    assert!(matches!(
        model.quantise_input(&[], OutOfDomain::Reject),
        Err(ModelError::InputShape { .. })
    ));
    assert!(matches!(
        model.quantise_input(&[vec![]], OutOfDomain::Reject),
        Err(ModelError::InputShape { .. })
    ));
}

#[test]
fn executor_checks_its_inputs() {
    let (float, rows) = example();
    let model = compile(&float, &rows, &Options::default()).unwrap();
    let input = &model.graph().tensors[0];
    for wrong in [
        vec![],
        vec![vec![0; input.len + 1]],
        vec![vec![input.max + 1; input.len]],
    ] {
        assert!(matches!(
            execute(model.graph(), &wrong),
            Err(ModelError::InputShape { .. })
        ));
    }
}

#[test]
fn options_are_checked() {
    let (float, rows) = example();
    type Change = fn(&mut Options);
    let wrong: [(Change, &str); 10] = [
        (
            |options| options.activation_bits = Some(16),
            "activation_bits",
        ),
        (|options| options.weight_bits = 1, "weight_bits"),
        (|options| options.input_bits = Some(1), "input_bits"),
        (|options| options.output_bits = Some(99), "output_bits"),
        (|options| options.table_bits = Some(40), "table_bits"),
        (|options| options.domain_margin = f64::NAN, "domain_margin"),
        (
            |options| options.input_domains = vec![InputDomain::Calibrated; 2],
            "input_domains",
        ),
        (
            |options| options.input_domains = vec![InputDomain::Uniform(0.0, 1e-9)],
            "outside the declared",
        ),
        (
            |options| options.input_domains = vec![InputDomain::Uniform(1.0, 0.0)],
            "finite interval",
        ),
        (
            |options| options.input_domains = vec![InputDomain::PerFeature(vec![])],
            "0 ranges were given",
        ),
    ];
    for (change, part) in wrong {
        let mut options = Options::default();
        change(&mut options);
        let message = compile(&float, &rows, &options).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    assert!(matches!(
        compile(&float, &DataSet::default(), &Options::default()),
        Err(CompileError::EmptyCalibration)
    ));
}

#[test]
fn goals_and_visibility() {
    let (float, rows) = example();
    let bits = |goal| {
        compile(
            &float,
            &rows,
            &Options {
                goal,
                tune: false,
                ..Options::default()
            },
        )
        .unwrap()
        .manifest()
        .activation_bits
    };
    let [time, balanced, gas] = [Goal::Time, Goal::Balanced, Goal::Gas].map(bits);
    assert!(
        time <= balanced && balanced < gas,
        "{time} {balanced} {gas}"
    );
    let options = Options {
        input_visibility: Visibility::Public,
        output_visibility: Visibility::Private,
        ..Options::default()
    };
    let model = compile(&float, &rows, &options).unwrap();
    assert!(model.graph().public_tensors().eq([0]));
}

/// Weights and biases at the edge of floating point end in an error or in a valid model, never in a
/// panic.
#[test]
fn extreme_weights() {
    for magnitude in [1e-300, 1e-30, 1e18, 1e30, 1e150, 1e300] {
        for activation in ALL {
            let (mut float, rows) = example();
            for layer in float
                .tensors
                .iter_mut()
                .filter_map(|tensor| tensor.layer.as_mut())
            {
                layer.activation = activation.clone();
                layer.bias.iter_mut().for_each(|bias| *bias *= magnitude);
                for term in &mut layer.terms {
                    if let FloatKernel::Rows(rows) = &mut term.kernel {
                        rows.iter_mut().flatten().for_each(|(_, w)| *w *= magnitude);
                    }
                }
            }
            match compile(
                &float,
                &rows,
                &Options {
                    activation_bits: Some(8),
                    tune: false,
                    ..Options::default()
                },
            ) {
                Ok(model) => model.graph().validate().unwrap(),
                Err(error) => assert!(matches!(error, CompileError::Quantise { .. }), "{error}"),
            }
        }
    }
}
