//! What broken or unsupported operators of `ai.onnx.ml` are answered with.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::PathBuf;

use common::File;
use prost::Message;
use tract_onnx::pb::{AttributeProto, ModelProto, NodeProto};
use verdict_compiler::{Options, compile, import_outputs};
use verdict_model::{DataSet, ModelError};

/// The error of importing a fixture whose first node of type `op` was changed, up to that node's
/// outputs.
fn broken(fixture: &str, op: &str, change: impl FnOnce(&mut NodeProto)) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/ml")
        .join(format!("{fixture}.onnx"));
    let mut model = ModelProto::decode(&*std::fs::read(path).unwrap()).unwrap();
    let nodes = &mut model.graph.as_mut().unwrap().node;
    let node = nodes.iter_mut().find(|node| node.op_type == op).unwrap();
    change(node);
    let output = node.output.last().unwrap().clone();
    let file = File::new("model.onnx", &model.encode_to_vec());
    let error = import_outputs(&file.path, &[&output]).map(|_| ());
    let error = error.unwrap_err();
    assert!(error.to_string().contains(op), "{error}");
    error.to_string()
}

fn attribute<'a>(node: &'a mut NodeProto, name: &str) -> &'a mut AttributeProto {
    let found = node.attribute.iter().position(|a| a.name == name);
    let at = found.unwrap_or_else(|| {
        node.attribute.push(AttributeProto {
            name: name.into(),
            ..AttributeProto::default()
        });
        node.attribute.len() - 1
    });
    &mut node.attribute[at]
}

fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(
            message.contains(part),
            "`{message}` does not mention `{part}`"
        );
    }
}

#[test]
fn trees_that_are_none() {
    let tree = |change: fn(&mut NodeProto)| broken("every-mode", "TreeEnsembleRegressor", change);
    let message = tree(|node| attribute(node, "nodes_modes").strings[0] = b"BRANCH_SAME".to_vec());
    says(&message, &["tree 0, node 0", "BRANCH_SAME", "BRANCH_LEQ"]);
    let message = tree(|node| {
        attribute(node, "nodes_values").floats.pop();
    });
    says(&message, &["nodes_values", "expected"]);
    let message = tree(|node| attribute(node, "nodes_truenodeids").ints[0] = 99);
    says(&message, &["tree 0", "node 99 is missing"]);
    let message = tree(|node| attribute(node, "nodes_truenodeids").ints[2] = 0);
    says(&message, &["tree 0", "nothing leads to node 0"]);
    let message = tree(|node| attribute(node, "nodes_truenodeids").ints[2] = 4);
    says(&message, &["tree 0", "2 nodes have no parent"]);
    let message = tree(|node| attribute(node, "nodes_nodeids").ints[1] = 0);
    says(&message, &["twice"]);
    let message = tree(|node| attribute(node, "nodes_values").floats[0] = f32::NAN);
    says(&message, &["NaN", "training"]);
    let message = tree(|node| attribute(node, "target_weights").floats[0] = f32::INFINITY);
    says(&message, &["target_weights", "inf"]);
    let message = tree(|node| attribute(node, "target_ids").ints[0] = 2);
    says(&message, &["number 2 of 2"]);
    let message = tree(|node| attribute(node, "target_nodeids").ints[0] = 0);
    says(&message, &["node 0", "no leaf"]);
    let message = tree(|node| attribute(node, "nodes_featureids").ints[0] = 3);
    says(&message, &["feature 3", "3 cells"]);
    let message = tree(|node| attribute(node, "nodes_featureids").ints[0] = -1);
    says(&message, &["feature -1"]);
    let message = tree(|node| attribute(node, "n_targets").i = 0);
    says(&message, &["n_targets"]);
    let message = tree(|node| node.attribute.clear());
    says(&message, &["0 tree nodes"]);
    let message = tree(|node| attribute(node, "aggregate_function").s = b"MAX".to_vec());
    says(&message, &["MAX", "average"]);
    let message = tree(|node| attribute(node, "base_values").floats = vec![1.0]);
    says(&message, &["1 base_values", "2 targets"]);
}

#[test]
fn trees_without_end() {
    // A branch on each level, and a leaf beside it.
    let deep = |levels: i64| {
        move |node: &mut NodeProto| {
            let count = 2 * levels + 1;
            let last = |i: i64| i >= 2 * levels;
            let leaf = |i: &i64| i % 2 == 1 || last(*i);
            let all = || 0..count;
            let children = |side: i64| all().map(|i| if leaf(&i) { 0 } else { i + side }).collect();
            attribute(node, "nodes_treeids").ints = vec![0; count as usize];
            attribute(node, "nodes_nodeids").ints = all().collect();
            attribute(node, "nodes_featureids").ints = vec![0; count as usize];
            attribute(node, "nodes_values").floats = all().map(|i| i as f32).collect();
            attribute(node, "nodes_missing_value_tracks_true").ints = vec![0; count as usize];
            attribute(node, "nodes_truenodeids").ints = children(1);
            attribute(node, "nodes_falsenodeids").ints = children(2);
            attribute(node, "nodes_modes").strings = all()
                .map(|i| {
                    if leaf(&i) {
                        b"LEAF".to_vec()
                    } else {
                        b"BRANCH_LT".to_vec()
                    }
                })
                .collect();
            let leaves: Vec<i64> = all().filter(leaf).collect();
            attribute(node, "target_treeids").ints = vec![0; leaves.len()];
            attribute(node, "target_ids").ints = vec![0; leaves.len()];
            attribute(node, "target_weights").floats = vec![1.0; leaves.len()];
            attribute(node, "target_nodeids").ints = leaves;
        }
    };
    says(
        &broken("every-mode", "TreeEnsembleRegressor", deep(70)),
        &["deeper than 64", "max_depth"],
    );
    let circle = |node: &mut NodeProto| {
        deep(3)(node);
        // The last leaf becomes a branch that leads back.
        attribute(node, "nodes_modes").strings[6] = b"BRANCH_LT".to_vec();
        attribute(node, "nodes_falsenodeids").ints[6] = 2;
        attribute(node, "nodes_truenodeids").ints[6] = 2;
        for list in ["target_treeids", "target_ids", "target_nodeids"] {
            attribute(node, list).ints.pop();
        }
        attribute(node, "target_weights").floats.pop();
    };
    says(
        &broken("every-mode", "TreeEnsembleRegressor", circle),
        &["max_depth"],
    );
}

#[test]
fn trees_of_version_5() {
    let tree = |change: fn(&mut NodeProto)| broken("ensemble-5", "TreeEnsemble", change);
    let message = tree(|node| attribute(node, "nodes_modes").t.as_mut().unwrap().raw_data[0] = 6);
    says(&message, &["set membership", "one-hot"]);
    let message = tree(|node| attribute(node, "nodes_modes").t.as_mut().unwrap().raw_data[0] = 9);
    says(&message, &["mode 9"]);
    let message = tree(|node| attribute(node, "tree_roots").ints[0] = 77);
    says(&message, &["77", "does not exist"]);
    let message = tree(|node| attribute(node, "leaf_targetids").ints[0] = 5);
    says(&message, &["number 5 of 2"]);
    let message = tree(|node| attribute(node, "tree_roots").ints.clear());
    says(&message, &["no trees"]);
    // Node 0 leads to itself.
    let message = tree(|node| attribute(node, "nodes_truenodeids").ints[0] = 0);
    says(&message, &["several parents"]);
}

#[test]
fn classifiers() {
    let classifier =
        |change: fn(&mut NodeProto)| broken("two-classes", "TreeEnsembleClassifier", change);
    let message = classifier(|node| attribute(node, "post_transform").s = b"PROBIT".to_vec());
    says(&message, &["PROBIT", "mixed-none/raw"]);
    let message = classifier(|node| attribute(node, "post_transform").s = b"ODD".to_vec());
    says(&message, &["ODD", "LOGISTIC"]);
    let message = classifier(|node| attribute(node, "classlabels_int64s").ints.clear());
    says(&message, &["classlabels_int64s", "classlabels_strings"]);
    let message = classifier(|node| attribute(node, "base_values").floats = vec![0.0; 3]);
    says(&message, &["3 base_values", "2 classes"]);
    let linear = |change: fn(&mut NodeProto)| broken("linear", "LinearClassifier", change);
    let message = linear(|node| {
        attribute(node, "coefficients").floats.pop();
    });
    says(&message, &["coefficients", "1 entries, expected 2"]);
    let message = linear(|node| attribute(node, "coefficients").floats[0] = f32::NAN);
    says(&message, &["coefficients", "NaN"]);
}

#[test]
fn machines() {
    let regressor = |change: fn(&mut NodeProto)| broken("svm", "SVMRegressor", change);
    let message = regressor(|node| attribute(node, "kernel_type").s = b"LAPLACE".to_vec());
    says(&message, &["LAPLACE", "RBF"]);
    let message = regressor(|node| attribute(node, "n_supports").i = 4);
    says(&message, &["support_vectors", "expected 8"]);
    let message = regressor(|node| attribute(node, "rho").floats.clear());
    says(&message, &["rho"]);
    let message = regressor(|node| attribute(node, "kernel_params").floats = vec![1.0]);
    says(&message, &["kernel_params", "expected 3"]);
    let classifier = |change: fn(&mut NodeProto)| broken("svm", "SVMClassifier", change);
    let message = classifier(|node| attribute(node, "vectors_per_class").ints = vec![2, -1]);
    assert!(!message.is_empty());
    let message = classifier(|node| attribute(node, "coefficients").floats.truncate(2));
    says(&message, &["coefficients", "expected 5"]);
    let three = |node: &mut NodeProto| {
        attribute(node, "classlabels_ints").ints = vec![0, 1, 2];
        attribute(node, "vectors_per_class").ints = vec![2, 2, 1];
        attribute(node, "coefficients").floats = vec![0.5; 10];
        attribute(node, "rho").floats = vec![0.1; 3];
        attribute(node, "prob_a").floats = vec![1.0; 3];
        attribute(node, "prob_b").floats = vec![0.0; 3];
    };
    says(
        &broken("svm", "SVMClassifier", three),
        &["probability=False"],
    );
}

#[test]
fn preparation() {
    let message = broken("preparation", "Scaler", |node| {
        attribute(node, "scale").floats = vec![1.0; 2]
    });
    says(&message, &["scale", "2 entries", "expected 1 or 3"]);
    let message = broken("preparation", "OneHotEncoder", |node| {
        node.attribute.clear()
    });
    says(&message, &["words", "number them"]);
    let message = broken("preparation", "LabelEncoder", |node| {
        attribute(node, "keys_floats").floats.clear();
        attribute(node, "keys_strings").strings = vec![b"a".to_vec()];
    });
    says(&message, &["words"]);
    let message = broken("preparation", "LabelEncoder", |node| {
        attribute(node, "keys_floats").floats[1] = 0.0;
    });
    says(&message, &["key twice"]);
    let message = broken("preparation", "ArrayFeatureExtractor", |node| {
        node.input[1] = "nowhere".into();
    });
    says(&message, &["nowhere"]);
    let message = broken("norms", "Normalizer", |node| {
        attribute(node, "norm").s = b"L3".to_vec()
    });
    says(&message, &["L3", "L2"]);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ml");
    let mut model =
        ModelProto::decode(&*std::fs::read(folder.join("preparation.onnx")).unwrap()).unwrap();
    let nodes = &mut model.graph.as_mut().unwrap().node;
    let node = nodes.iter_mut().find(|node| node.op_type == "Binarizer");
    node.unwrap().op_type = "CategoryMapper".into();
    let file = File::new("model.onnx", &model.encode_to_vec());
    let message = import_outputs(&file.path, &["binary"])
        .unwrap_err()
        .to_string();
    says(&message, &["number the categories"]);
}

#[test]
fn missing_values_where_there_is_no_rule() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ml");
    // One output computes with the values that the other imputes.
    let path = folder.join("preparation.onnx");
    let mut model = ModelProto::decode(&*std::fs::read(path).unwrap()).unwrap();
    let nodes = &mut model.graph.as_mut().unwrap().node;
    let imputer = nodes
        .iter_mut()
        .find(|node| node.op_type == "Imputer")
        .unwrap();
    attribute(imputer, "replaced_value_float").f = f32::NAN;
    let file = File::new("model.onnx", &model.encode_to_vec());
    let error = import_outputs(&file.path, &["imputed", "scaled"]).unwrap_err();
    says(
        &error.to_string(),
        &["`x`", "imputed in one place", "impute it for all"],
    );
    let graph = import_outputs(&file.path, &["imputed"]).unwrap();
    assert!(graph.input_specs()[0].missing);

    // A linear model has no use for a value that is not there.
    let graph = import_outputs(folder.join("linear.onnx"), &["value"]).unwrap();
    assert!(!graph.input_specs()[0].missing);
    let rows = vec![vec![vec![1.0, f64::NAN]]];
    let error = DataSet::from_rows(rows, &graph.input_specs()).unwrap_err();
    assert!(matches!(error, ModelError::DataValue { .. }), "{error}");

    // Of these features two are imputed, the last one is not.
    let graph = import_outputs(folder.join("imputed-logistic.onnx"), &["probabilities"]).unwrap();
    let rows = vec![
        vec![vec![0.0; 6]],
        vec![vec![0.0, 0.0, 0.0, 0.0, 0.0, f64::NAN]],
    ];
    let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
    let error = compile(&graph, &data, &Options::default()).unwrap_err();
    says(&error.to_string(), &["row 1", "value 5", "missing"]);
}
