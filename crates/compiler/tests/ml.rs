//! Operators of `ai.onnx.ml`, compared with onnxruntime (fixtures/ml.py writes the models and its
//! results).
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use serde_json::Value;
use verdict_compiler::{
    Activation, FloatGraph, Options, Precision, Reference, compile, import, import_outputs,
};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute};

/// A model with the rows onnxruntime ran it on and the results.
struct Fixture {
    path: PathBuf,
    rows: Vec<Vec<f64>>,
    scores: Vec<Results>,
    labels: Vec<Results>,
}

/// What an output is for each row.
struct Results {
    name: String,
    values: Vec<Vec<f64>>,
}

fn table(value: &Value) -> Vec<Vec<f64>> {
    let number = |v: &Value| v.as_f64().unwrap_or(f64::NAN);
    let row = |row: &Value| row.as_array().unwrap().iter().map(number).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

impl Fixture {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ml");
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        let results = |of: &str| {
            let results = json[of].as_object().unwrap().iter();
            let one = |(name, values): (&String, &Value)| Results {
                name: name.clone(),
                values: table(values),
            };
            results.map(one).collect()
        };
        Self {
            path: folder.join(format!("{name}.onnx")),
            rows: table(&json["rows"]),
            scores: results("scores"),
            labels: results("labels"),
        }
    }

    fn import(&self, results: &[Results]) -> FloatGraph {
        let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
        import_outputs(&self.path, &names).unwrap()
    }

    fn data(&self, graph: &FloatGraph) -> DataSet {
        let rows = self.rows.iter().map(|row| vec![row.clone()]).collect();
        DataSet::from_rows(rows, &graph.input_specs()).unwrap()
    }

    /// The float graph computes what onnxruntime does.
    fn check_float(&self, results: &[Results]) -> FloatGraph {
        let graph = self.import(results);
        // Coupling two classes' probabilities, onnxruntime stops at an error of 0.0025.
        let precision = if self.path.ends_with("svc-probabilities.onnx") {
            0.0025
        } else {
            2e-5
        };
        let reference = Reference::new(&graph).unwrap();
        for (i, row) in self.rows.iter().enumerate() {
            let outputs = reference.run(std::slice::from_ref(row)).unwrap();
            for (output, expected) in outputs.iter().zip(results) {
                assert_eq!(output.len(), expected.values[i].len(), "{}", expected.name);
                for (a, b) in output.iter().zip(&expected.values[i]) {
                    let name = &expected.name;
                    assert!(
                        (a - b).abs() <= precision * (1.0 + b.abs()),
                        "{name}, row {i}: {a}, expected {b}"
                    );
                }
            }
        }
        graph
    }

    /// Integers decide exactly as the real numbers they stand for do, whatever the rounding of the
    /// inputs; what comes after differs by no more than `tolerance` of an output's range.
    fn check_integers(
        &self,
        graph: &FloatGraph,
        options: &Options,
        tolerance: f64,
    ) -> CompiledModel {
        let data = self.data(graph);
        let model = compile(graph, &data, options).unwrap();
        let ranges: Vec<f64> = (0..graph.outputs.len())
            .map(|output| {
                let id = graph.outputs[output];
                let all = data
                    .rows()
                    .iter()
                    .flat_map(|row| graph.run(row).values[id].clone());
                let (low, high) = all.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
                high - low
            })
            .collect();
        for row in data.rows() {
            let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
            let trace = execute(model.graph(), &integers).unwrap();
            let reals = graph.run(&model.dequantise_input(&integers));
            for (id, tensor) in graph.tensors.iter().enumerate() {
                if !decides(graph, id) {
                    continue;
                }
                let found: Vec<f64> = trace.values[id].iter().map(|x| f64::from(*x)).collect();
                assert_eq!(found, reals.values[id], "{}", tensor.name);
            }
            let outputs = model.dequantise_output(&trace.outputs(model.graph()));
            for ((output, id), range) in outputs.iter().zip(&graph.outputs).zip(&ranges) {
                for (a, b) in output.iter().zip(&reals.values[*id]) {
                    let name = &graph.tensors[*id].name;
                    assert!(
                        (a - b).abs() <= tolerance * range,
                        "{name}: {a}, expected {b}"
                    );
                }
            }
        }
        model
    }
}

/// Whether a tensor's cells are decisions: tests, or conjunctions of them.
fn decides(graph: &FloatGraph, id: usize) -> bool {
    let Some(layer) = &graph.tensors[id].layer else {
        return false;
    };
    match &layer.precision {
        Precision::Tests(_) => true,
        Precision::Exact { .. } if layer.activation == Activation::Step => {
            layer.terms.iter().all(|term| decides(graph, term.source))
        }
        _ => false,
    }
}

fn check(name: &str, tolerance: f64) -> (FloatGraph, CompiledModel) {
    let fixture = Fixture::new(name);
    let graph = fixture.check_float(&fixture.scores);
    let model = fixture.check_integers(&graph, &Options::default(), tolerance);
    let bytes = model.to_bytes().unwrap();
    let read = CompiledModel::from_bytes(&bytes, &fixture.path).unwrap();
    assert_eq!(read, model);
    for label in &fixture.labels {
        let label = std::slice::from_ref(label);
        let graph = fixture.check_float(label);
        fixture.check_integers(&graph, &Options::default(), 1.0);
    }
    (graph, model)
}

#[test]
fn every_comparison_and_missing_branch() {
    check("every-mode", 0.01);
}

#[test]
fn two_class_conventions() {
    check("two-classes", 0.01);
}

#[test]
fn linear_models() {
    check("linear", 0.01);
}

#[test]
fn preparation() {
    check("preparation", 0.01);
}

#[test]
fn norms() {
    check("norms", 0.02);
}

#[test]
fn support_vector_machines() {
    check("svm", 0.05);
}

#[test]
fn tree_ensemble_5() {
    check("ensemble-5", 0.01);
}

#[test]
fn converted_models() {
    for name in [
        "xgboost-holes",
        "xgboost-stumps",
        "xgboost-three",
        "xgboost-softmax",
        "logistic-three",
        "lightgbm-categories",
        "lightgbm-holes",
        "forest-three",
        "tree-zipmap",
        "scaled-boosting",
        "imputed-logistic",
        "imputed-forest",
        "svc",
        "svc-probabilities",
        "svr",
    ] {
        println!("{name}");
        check(name, 0.05);
    }
}

#[test]
fn the_range_of_real_numbers_leaves_out_what_means_missing() {
    let mut reserved = 0;
    for name in ["xgboost-holes", "lightgbm-holes", "imputed-forest"] {
        let (_, model) = check(name, 0.05);
        for input in &model.manifest().inputs {
            let ranges = input.ranges();
            assert_eq!(ranges.len(), input.scales.len());
            // A number can get as far as the ends, however large, and no farther.
            let features: usize = input.shape.iter().product();
            for huge in [-1e30, 1e30] {
                let row = vec![vec![huge; features]];
                let integers = model.quantise_input(&row, OutOfDomain::Saturate).unwrap();
                let reals = model.dequantise_input(&integers);
                for (feature, integer) in integers[0].iter().enumerate() {
                    let (min, max) = *ranges.get(feature).unwrap_or(&ranges[0]);
                    assert!(input.min <= min && min < max && max <= input.max);
                    assert_eq!(*integer, if huge < 0.0 { min } else { max });
                    assert!(!reals[0][feature].is_nan());
                    let code = input.missing.get(feature).copied().flatten();
                    reserved += usize::from(code.is_some_and(|code| !(min..=max).contains(&code)));
                }
            }
        }
    }
    assert!(reserved > 0);
}

#[test]
fn labels_are_left_out_unless_asked_for() {
    let fixture = Fixture::new("xgboost-holes");
    assert_eq!(
        import(&fixture.path).unwrap().output_names,
        ["probabilities"]
    );
}
