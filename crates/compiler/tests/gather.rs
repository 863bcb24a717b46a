//! A maximum over items is the largest of what the model says about each.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use verdict_compiler::{Options, compile, import};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute, gather, gather_inputs};

fn model(name: &str) -> (CompiledModel, Vec<Vec<Vec<i32>>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../test-vectors")
        .join(name);
    let float = import(folder.join("model.onnx")).unwrap();
    let data = DataSet::load(folder.join("calibration.npz"), &float.input_specs()).unwrap();
    let options = Options {
        activation_bits: Some(8),
        tune: false,
        ..Options::default()
    };
    let model = compile(&float, &data, &options).unwrap();
    let rows = data.rows().iter().take(40);
    let items = rows
        .map(|row| model.quantise_input(row, OutOfDomain::Saturate).unwrap())
        .collect();
    (model, items)
}

#[test]
fn the_largest_of_any_number_of_items() {
    for name in ["logreg-breast-cancer", "mlp-digits"] {
        let (model, items) = model(name);
        let graph = model.graph();
        for count in [2, 3, 5, 8, 13, 40] {
            let gathered = gather(&model, count).unwrap();
            for items in items.chunks_exact(count) {
                let single: Vec<Vec<i32>> = items
                    .iter()
                    .map(|item| execute(graph, item).unwrap().outputs(graph).remove(0))
                    .collect();
                let largest: Vec<i32> = (0..single[0].len())
                    .map(|cell| single.iter().map(|values| values[cell]).max().unwrap())
                    .collect();
                let trace = execute(gathered.graph(), &gather_inputs(items)).unwrap();
                assert_eq!(trace.outputs(gathered.graph()), [largest], "{name} {count}");
            }
        }
    }
}

#[test]
fn negative_values_alone_have_a_largest_too() {
    let (model, items) = model("logreg-breast-cancer");
    let graph = model.graph();
    let mut lowest: Vec<(i32, &Vec<Vec<i32>>)> = items
        .iter()
        .map(|item| (execute(graph, item).unwrap().outputs(graph)[0][0], item))
        .collect();
    lowest.sort_by_key(|(score, _)| *score);
    let three: Vec<_> = lowest[..3]
        .iter()
        .map(|(_, item)| (*item).clone())
        .collect();
    assert!(lowest[2].0 < 0);
    let gathered = gather(&model, 3).unwrap();
    let trace = execute(gathered.graph(), &gather_inputs(&three)).unwrap();
    assert_eq!(trace.outputs(gathered.graph()), [[lowest[2].0]]);
}

#[test]
fn what_cannot_be_gathered() {
    let (model, _) = model("logreg-breast-cancer");
    for items in [0, 1, 1 << 21] {
        let error = gather(&model, items).unwrap_err().to_string();
        assert!(error.contains("items"), "{error}");
    }
}

#[test]
fn leaves_still_exclude_one_another() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ml");
    let float = import(folder.join("xgboost-stumps.onnx")).unwrap();
    let len = float.input_specs()[0].len;
    let rows = (0..64).map(|row| {
        vec![
            (0..len)
                .map(|cell| f64::from((row * 37 + cell as i32 * 11) % 19) - 9.0)
                .collect(),
        ]
    });
    let data = DataSet::from_rows(rows.collect(), &float.input_specs()).unwrap();
    let model = compile(&float, &data, &Options::default()).unwrap();
    let graph = model.graph();
    let items: Vec<_> = data.rows()[..4]
        .iter()
        .map(|row| model.quantise_input(row, OutOfDomain::Reject).unwrap())
        .collect();
    let gathered = gather(&model, 4).unwrap();
    let trace = execute(gathered.graph(), &gather_inputs(&items)).unwrap();
    let scores = items
        .iter()
        .map(|item| execute(graph, item).unwrap().outputs(graph)[0][0]);
    assert_eq!(trace.outputs(gathered.graph())[0][0], scores.max().unwrap());
}
