//! Models compiled for private weights: what is published of them is the same whatever was trained,
//! and the auditor's analysis of what is published covers them.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::path::{Path, PathBuf};

use common::run::random_rows;
use common::{Dim, File, Onnx, float, ints};
use prost::Message;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, ModelProto};
use verdict_compiler::{
    AccuracyReport, FloatGraph, Options, Reference, accuracy, compile, import, import_private,
    public_constants,
};
use verdict_model::ranges::Secrets;
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute, gather};
use verdict_prover::Architecture;

/// Numbers that are easy to find again, and others of the same bits.
const TRAINED: [[f32; 4]; 2] = [[0.11, 0.77, -0.63, 0.29], [0.12, 0.74, -0.61, 0.27]];

fn options() -> Options {
    Options {
        activation_bits: Some(9),
        output_bits: Some(11),
        input_bits: Some(10),
        private_weights: true,
        ..Options::default()
    }
}

/// The model, the float graph it was compiled from, and its architecture as a file.
struct Private {
    float: FloatGraph,
    model: CompiledModel,
    architecture: Architecture,
}

impl Private {
    fn new(path: &Path, rows: &[Vec<Vec<f64>>]) -> Self {
        let float = import_private(path, &[], &[]).unwrap();
        let data = DataSet::from_rows(rows.to_vec(), &float.input_specs()).unwrap();
        let model = compile(&float, &data, &options()).unwrap();
        let architecture = Architecture::of(&model).unwrap();
        Self {
            float,
            model,
            architecture,
        }
    }

    fn secrets(&self) -> Secrets {
        Secrets::of(self.model.graph(), &self.model.manifest().structure)
    }

    /// The largest error of an output, relative to the largest output, for what the integers of the
    /// inputs stand for.
    fn error(&self, rows: &[Vec<Vec<f64>>]) -> f64 {
        let reference = Reference::new(&self.float).unwrap();
        let (mut error, mut largest) = (0.0f64, 0.0f64);
        for row in rows {
            let integers = self.model.quantise_input(row, OutOfDomain::Reject).unwrap();
            let trace = execute(self.model.graph(), &integers).unwrap();
            let outputs = self.model.graph().outputs.iter();
            let outputs: Vec<Vec<i32>> = outputs.map(|id| trace.values[*id].clone()).collect();
            let found = self.model.dequantise_output(&outputs).concat();
            let reals = self.model.dequantise_input(&integers);
            for (a, b) in found.iter().zip(reference.run(&reals).unwrap().concat()) {
                (error, largest) = (error.max((a - b).abs()), largest.max(b.abs()));
            }
        }
        error / largest
    }
}

/// Compiles two models that differ in what was trained only: nothing published may tell them apart.
fn indistinguishable(name: &str, files: [&Path; 2], rows: &[Vec<Vec<f64>>], tolerance: f64) {
    let [one, other] = files.map(|path| Private::new(path, rows));
    assert_ne!(one.model.graph(), other.model.graph(), "{name}");
    assert_eq!(one.secrets(), other.secrets(), "{name}: declared bits");
    let published = [&one, &other].map(|it| it.architecture.to_bytes().unwrap());
    if published[0] != published[1] {
        let shown = [&one, &other].map(|it| it.architecture.model());
        for (a, b) in shown[0]
            .graph()
            .tensors
            .iter()
            .zip(&shown[1].graph().tensors)
        {
            assert_eq!(a, b, "{name}");
        }
        assert_eq!(shown[0].manifest(), shown[1].manifest(), "{name}");
        panic!("{name}: tables differ");
    }
    // Who has the architecture alone finds the same bounds.
    let seen = one.architecture.model().graph();
    one.secrets().check(one.model.graph()).unwrap();
    one.secrets().check(seen).unwrap();
    let error = one.error(rows);
    println!(
        "{name}: error {error:.5}, {} table entries",
        seen.table_entries()
    );
    assert!(error < tolerance, "{name}: {error}");
}

/// Of a model made from trained numbers.
fn check(name: &str, onnx: impl Fn([f32; 4]) -> Onnx, (low, high): (f64, f64), tolerance: f64) {
    let files = TRAINED.map(|trained| onnx(trained).save());
    let float = import(&files[0].path).unwrap();
    let mut rows = random_rows(&float, low, high, 150);
    if name.starts_with("embedding") {
        let cells = rows.iter_mut().flatten().flatten();
        cells.for_each(|cell| *cell = cell.round());
    }
    indistinguishable(name, [&files[0].path, &files[1].path], &rows, tolerance);
}

/// Weights all over, scaled by what was trained.
fn spread(trained: [f32; 4], count: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    (0..count)
        .map(|i| trained[i % 4] * rng.gen_range(0.8..1.0f32))
        .collect()
}

fn dense(t: [f32; 4]) -> Onnx {
    Onnx::vector(6)
        .weights("w", &[6, 8], &spread(t, 48))
        .weights("b", &[8], &spread(t, 8))
        .weights("v", &[8, 3], &spread(t, 24))
        .node("MatMul", &["x", "w"], "m")
        .node("Add", &["m", "b"], "a")
        .node("Relu", &["a"], "r")
        .node("MatMul", &["r", "v"], "y")
        .output("y")
}

fn convolution(t: [f32; 4]) -> Onnx {
    let plane = vec![Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(6), Dim::Fixed(6)];
    Onnx::default()
        .input("x", plane)
        .weights("w", &[4, 2, 3, 3], &spread(t, 72))
        .weights("b", &[4], &t)
        .weights("v", &[4, 3], &spread(t, 12))
        .node_with(
            "Conv",
            &["x", "w", "b"],
            "c",
            vec![ints("pads", &[1, 1, 1, 1])],
        )
        .node("Relu", &["c"], "r")
        .node_with(
            "MaxPool",
            &["r"],
            "p",
            vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])],
        )
        .node("GlobalAveragePool", &["p"], "g")
        .node("Flatten", &["g"], "f")
        .node("MatMul", &["f", "v"], "y")
        .output("y")
}

/// What compares items with one another is public in a gathered model.
#[test]
fn maxima_over_items_stay_private() {
    let file = dense(TRAINED[0]).save();
    let rows = random_rows(&import(&file.path).unwrap(), -1.0, 1.0, 50);
    let private = Private::new(&file.path, &rows);
    let gathered = gather(&private.model, 3).unwrap();
    let compared = private.model.graph().tensors.len()..gathered.graph().tensors.len();
    assert_eq!(gathered.manifest().structure, Vec::from_iter(compared));
    Architecture::of(&gathered).unwrap();
}

#[test]
fn weights_of_linear_maps_do_not_show() {
    check("dense", dense, (-1.0, 1.0), 0.02);
    check("convolution", convolution, (-1.0, 1.0), 0.02);
}

#[test]
fn entries_of_embeddings_do_not_show() {
    let embedding = |t: [f32; 4]| {
        Onnx::vector(2)
            .weights(
                "e",
                &[4, 2],
                &[t[0], t[1], t[2], t[3], -t[0], t[2], t[1], t[3]],
            )
            .weights("w", &[4, 2], &spread(t, 8))
            .indices("flat", &[1, 4])
            .node_with("Cast", &["x"], "i", vec![common::int("to", 7)])
            .node("Gather", &["e", "i"], "g")
            .node("Reshape", &["g", "flat"], "f")
            .node("MatMul", &["f", "w"], "y")
            .output("y")
    };
    check("embedding", embedding, (0.0, 3.0), 0.02);
    check("embedding, from the end", embedding, (-4.0, 3.0), 0.02);
}

/// Functions of one value with a trained number in them.
#[test]
fn numbers_in_functions_do_not_show() {
    let number = |t: [f32; 4]| {
        Onnx::vector(3)
            .weights("a", &[1], &t[..1])
            .weights("b", &[1], &t[1..2])
            .weights("c", &[], &t[2..3])
            .output("y")
    };
    let domain = (-2.0, 2.0);
    let of = |name: &str, nodes: fn(Onnx) -> Onnx, tolerance: f64| {
        check(name, |t| nodes(number(t)), domain, tolerance);
    };
    of("prelu", |o| o.node("PRelu", &["x", "a"], "y"), 0.02);
    of(
        "clip",
        |o| o.opset(13).node("Clip", &["x", "c", "b"], "y"),
        0.02,
    );
    of(
        "clip from below",
        |o| o.node("Clip", &["x", "c"], "y"),
        0.02,
    );
    of("maximum", |o| o.node("Max", &["x", "a"], "y"), 0.02);
    of("minimum", |o| o.node("Min", &["x", "b"], "y"), 0.02);
    let scaled = |o: Onnx| {
        o.node("Mul", &["x", "b"], "m")
            .node("Sigmoid", &["m"], "s")
            .node("Mul", &["s", "a"], "y")
    };
    of("scaled sigmoid", scaled, 0.02);
    let swish = |o: Onnx| {
        o.node("Mul", &["x", "b"], "m")
            .node("Sigmoid", &["m"], "s")
            .node("Mul", &["x", "s"], "y")
    };
    of("swish", swish, 0.02);
    let choice = |o: Onnx| {
        o.node("Greater", &["x", "a"], "g")
            .node("Where", &["g", "x", "c"], "y")
    };
    // Values within half a step of the threshold may go to the other side.
    of("choice", choice, 0.5);
    let divided = |o: Onnx| {
        o.node("Exp", &["x"], "e")
            .node("Add", &["e", "b"], "s")
            .node("Div", &["a", "s"], "y")
    };
    of("divided", divided, 0.05);
}

#[test]
fn what_cannot_be_hidden_is_refused_by_name() {
    let refused = |onnx: Onnx, parts: &[&str]| {
        let file = onnx.save();
        let error = import_private(&file.path, &[], &[])
            .unwrap_err()
            .to_string();
        for part in parts {
            assert!(error.contains(part), "`{error}` does not mention `{part}`");
        }
        // It is no error of the model.
        import(&file.path).unwrap();
        file
    };
    let power = Onnx::vector(2)
        .weights("exponent", &[1], &[1.37])
        .node("Abs", &["x"], "a")
        .node("Pow", &["a", "exponent"], "y")
        .output("y");
    let file = refused(
        power,
        &["/y", "Pow", "`exponent`", "--public-constant exponent"],
    );
    let graph = import_private(&file.path, &[], &["exponent"]).unwrap();
    let constants = public_constants(&graph);
    assert!(
        constants
            .iter()
            .any(|of| of.constants.contains(&f64::from(1.37f32)))
    );
    let error = import_private(&file.path, &[], &["exponents"]).unwrap_err();
    assert!(error.to_string().contains("`exponents`"));
    let rows = Onnx::vector(1)
        .weights("e", &[513, 1], &vec![0.5; 513])
        .node_with("Cast", &["x"], "i", vec![common::int("to", 7)])
        .node("Gather", &["e", "i"], "y")
        .output("y");
    refused(rows, &["/y", "Gather", "513 rows of `e`", "512"]);
    let computed = Onnx::vector(1)
        .weights("e", &[5, 1], &[0.5; 5])
        .node("Exp", &["x"], "i")
        .node("Gather", &["e", "i"], "y")
        .output("y");
    refused(computed, &["`e`", "cast it to an integer"]);
    let error = import_private(fixture("imputed-logistic"), &[], &[]).unwrap_err();
    assert!(error.to_string().contains("Imputer"), "{error}");
    assert!(
        error.to_string().contains("impute before proving"),
        "{error}"
    );
}

/// Activations as exporters spell them out, and attributes, stay functions of one value.
#[test]
fn familiar_numbers_and_attributes_stay_in_tables() {
    let gelu = Onnx::vector(2)
        .weights("root", &[1], &[std::f32::consts::SQRT_2])
        .weights("one", &[1], &[1.0])
        .weights("half", &[1], &[0.5])
        .node("Div", &["x", "root"], "d")
        .node("Erf", &["d"], "e")
        .node("Add", &["e", "one"], "a")
        .node("Mul", &["x", "a"], "m")
        .node("Mul", &["m", "half"], "g")
        .node_with("LeakyRelu", &["g"], "y", vec![float("alpha", 0.15)])
        .output("y")
        .save();
    let [private, public] = [
        import_private(&gelu.path, &[], &[]).unwrap(),
        import(&gelu.path).unwrap(),
    ];
    assert_eq!(private.tensors.len(), public.tensors.len());
    let all: Vec<f64> = public_constants(&private)
        .into_iter()
        .flat_map(|of| of.constants)
        .collect();
    assert!(all.contains(&f64::from(0.15f32)), "{all:?}");
}

#[test]
fn options_and_import_must_agree() {
    let file = dense(TRAINED[0]).save();
    let rows = random_rows(&import(&file.path).unwrap(), -1.0, 1.0, 20);
    let [public, private] = [
        import(&file.path).unwrap(),
        import_private(&file.path, &[], &[]).unwrap(),
    ];
    let data = DataSet::from_rows(rows, &public.input_specs()).unwrap();
    for (graph, options) in [(public, options()), (private, Options::default())] {
        let error = compile(&graph, &data, &options).unwrap_err().to_string();
        assert!(error.contains("private_weights"), "{error}");
    }
}

fn fixture(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ml");
    folder.join(format!("{name}.onnx"))
}

/// Attributes of `ai.onnx.ml` that training fills in.
const LEARNT: [&str; 15] = [
    "nodes_values",
    "nodes_splits",
    "target_weights",
    "class_weights",
    "leaf_weights",
    "base_values",
    "coefficients",
    "intercepts",
    "support_vectors",
    "rho",
    "prob_a",
    "prob_b",
    "offset",
    "scale",
    "values_floats",
];

/// The model with everything that training fills in a little different, but for whole numbers:
/// categories.
fn retrained(path: &Path) -> File {
    let mut model = ModelProto::decode(&*std::fs::read(path).unwrap()).unwrap();
    let mut number = 0;
    let mut changed = |value: f64| {
        number += 1;
        match value.fract() == 0.0 {
            true => value,
            false => value * (1.0 - 0.001 * f64::from(number % 5)),
        }
    };
    let nodes = model.graph.as_mut().unwrap().node.iter_mut();
    let learnt = |attribute: &&mut AttributeProto| LEARNT.contains(&&*attribute.name);
    for attribute in nodes.flat_map(|node| &mut node.attribute).filter(learnt) {
        for value in &mut attribute.floats {
            *value = changed(f64::from(*value)) as f32;
        }
        if let Some(tensor) = &mut attribute.t {
            for value in &mut tensor.float_data {
                *value = changed(f64::from(*value)) as f32;
            }
            for value in &mut tensor.double_data {
                *value = changed(*value);
            }
            if tensor.data_type == DataType::Float as i32 {
                for bytes in tensor.raw_data.chunks_exact_mut(4) {
                    let value = f32::from_le_bytes(bytes.try_into().unwrap());
                    let value = changed(f64::from(value)) as f32;
                    bytes.copy_from_slice(&value.to_le_bytes());
                }
            }
        }
    }
    File::new("model.onnx", &model.encode_to_vec())
}

fn fixture_rows(name: &str) -> Vec<Vec<Vec<f64>>> {
    let text = std::fs::read_to_string(fixture(name).with_extension("json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let row = |row: &Value| {
        let values = row.as_array().unwrap().iter();
        vec![values.map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()]
    };
    json["rows"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn what_scikit_learn_trained_does_not_show() {
    for (name, tolerance) in [
        ("linear", 0.02),
        ("logistic-three", 0.02),
        ("scaled-boosting", 0.1),
        ("every-mode", 0.1),
        ("forest-three", 0.1),
        ("xgboost-stumps", 0.1),
        ("xgboost-holes", 0.1),
        ("lightgbm-holes", 0.1),
        ("svr", 0.1),
    ] {
        let changed = retrained(&fixture(name));
        let paths = [&*fixture(name), &*changed.path];
        indistinguishable(name, paths, &fixture_rows(name), tolerance);
    }
}

/// With small tables units grow, but not from layer to layer: 50 of them keep their decisions.
#[test]
fn deep_networks_keep_their_scales() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors/mlp-deep");
    let float = import_private(folder.join("model.onnx"), &[], &[]).unwrap();
    let data = DataSet::load(folder.join("calibration.npz"), &float.input_specs()).unwrap();
    let options = Options {
        table_bits: Some(14),
        activation_bits: Some(9),
        private_weights: true,
        ..Options::default()
    };
    let model = compile(&float, &data, &options).unwrap();
    Architecture::of(&model).unwrap();
    let report = accuracy(&Reference::new(&float).unwrap(), &float, &model, &data).unwrap();
    assert!(report.top1_agreement.unwrap() > 0.98, "{report:?}");
}

/// A network of the size of an MNIST classifier, with public weights and with private ones.
#[test]
fn a_wide_network_keeps_its_decisions() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut normal = |count: usize, deviation: f32| -> Vec<f32> {
        let one = |_| (0..12).map(|_| rng.r#gen::<f32>()).sum::<f32>() - 6.0;
        (0..count).map(one).map(|v| v * deviation).collect()
    };
    let file = Onnx::vector(784)
        .weights("w", &[784, 128], &normal(784 * 128, 0.05))
        .weights("b", &[128], &normal(128, 0.1))
        .weights("v", &[128, 10], &normal(1280, 0.12))
        .weights("c", &[10], &normal(10, 0.1))
        .node("MatMul", &["x", "w"], "m")
        .node("Add", &["m", "b"], "a")
        .node("Relu", &["a"], "r")
        .node("MatMul", &["r", "v"], "n")
        .node("Add", &["n", "c"], "y")
        .output("y")
        .save();
    let report = |private: bool| -> (CompiledModel, AccuracyReport) {
        let float = match private {
            true => import_private(&file.path, &[], &[]).unwrap(),
            false => import(&file.path).unwrap(),
        };
        let data = DataSet::from_rows(random_rows(&float, 0.0, 1.0, 400), &float.input_specs());
        let data = data.unwrap();
        let options = Options {
            private_weights: private,
            ..Options::default()
        };
        let model = compile(&float, &data, &options).unwrap();
        let report = accuracy(&Reference::new(&float).unwrap(), &float, &model, &data).unwrap();
        (model, report)
    };
    for (private, least) in [(false, 0.99), (true, 0.98)] {
        let (model, report) = report(private);
        let agreement = report.top1_agreement.unwrap();
        println!(
            "private: {private}, {} bits, {} table entries, top-1 agreement {agreement}, mean error {:.5}",
            model.manifest().activation_bits,
            model.graph().table_entries(),
            report.mean_abs_error
        );
        assert!(agreement >= least, "{agreement}");
        let covered = Secrets::of(model.graph(), &[]).check(model.graph());
        assert_eq!(covered.is_ok(), private);
    }
}
