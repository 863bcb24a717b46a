//! Trees of XGBoost, LightGBM, CatBoost and scikit-learn, trained on real tables and written by the
//! converters people use: no row reaches another leaf once a model is integers.
//!
//! Each folder of test-vectors/tabular, which `scripts/train/tabular.py --fixtures` writes, holds a
//! model, its calibration rows, other rows, and what onnxruntime makes of these. After the usual
//! rows come hostile ones in threes: one feature at a threshold of the model, at the 32-bit float
//! directly above and at the one directly below.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use verdict_compiler::{
    AccuracyReport, FeatureGrid, FloatGraph, Options, Reference, accuracy, compile, import,
};
use verdict_model::{CompiledModel, DataSet, InputSpec, OutOfDomain, execute};

/// Usual rows of a model, at most; hostile ones follow.
const USUAL: usize = 20;
/// Largest error of an output, as a share of its range: a leaf's values are rounded, and many of
/// them are added up.
const ROUNDED: f64 = 0.015;

fn folders() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors/tabular");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(all)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert_eq!(folders.len(), 12);
    folders
}

struct Fixture {
    name: String,
    float: FloatGraph,
    calibration: DataSet,
    rows: DataSet,
    /// `[row][output][position]`
    expected: DataSet,
}

impl Fixture {
    fn load(folder: &Path) -> Self {
        let float = import(folder.join("model.onnx")).unwrap();
        let specs = float.input_specs();
        let outputs: Vec<InputSpec> = float
            .outputs
            .iter()
            .zip(&float.output_names)
            .map(|(id, name)| InputSpec {
                name: name.clone(),
                shape: vec![float.tensors[*id].len],
                len: float.tensors[*id].len,
                ..specs[0].clone()
            })
            .collect();
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            calibration: DataSet::load(folder.join("calibration.npz"), &specs).unwrap(),
            rows: DataSet::load(folder.join("rows.npz"), &specs).unwrap(),
            expected: DataSet::load(folder.join("expected.npz"), &outputs).unwrap(),
            float,
        }
    }

    fn compiled(&self, options: &Options) -> (CompiledModel, AccuracyReport) {
        let model = compile(&self.float, &self.calibration, options).unwrap();
        let reference = Reference::checked(&self.float, &self.rows, false).unwrap();
        let report = accuracy(&reference, &self.float, &model, &self.rows).unwrap();
        (model, report)
    }

    /// Rows that `model` makes something else of than onnxruntime does.
    fn off(&self, model: &CompiledModel) -> usize {
        let expected = || self.expected.rows().iter().flatten().flatten();
        let (low, high) = expected().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        let pairs = self.rows.rows().iter().zip(self.expected.rows());
        let off = pairs.filter(|(row, expected)| {
            let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
            let trace = execute(model.graph(), &integers).unwrap();
            let found = model.dequantise_output(&trace.outputs(model.graph()));
            let mut cells = found.iter().flatten().zip(expected.iter().flatten());
            cells.any(|(a, b)| (a - b).abs() > ROUNDED * (high - low))
        });
        off.count()
    }

    /// The number of the first hostile row: from it on there are threes to the end.
    fn first_hostile(&self) -> usize {
        let rows = self.rows.rows();
        let first = (0..=USUAL.min(rows.len())).find(|first| {
            let rest = &rows[*first..];
            rest.len().is_multiple_of(3) && rest.chunks(3).all(is_three)
        });
        first.unwrap()
    }
}

/// The order of 32-bit floats as integers: neighbours differ by one.
fn place(value: f64) -> i64 {
    let single = value as f32;
    assert_eq!(f64::from(single), value);
    let bits = i64::from(single.to_bits() & 0x7fff_ffff);
    if single.is_sign_negative() {
        -bits
    } else {
        bits
    }
}

/// Whether three rows differ in one feature alone, which is some number, the float above it, and the
/// one below it.
fn is_three(rows: &[Vec<Vec<f64>>]) -> bool {
    let [at, above, below] = [0, 1, 2].map(|row: usize| &rows[row][0]);
    let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
    let differ: Vec<usize> = (0..at.len())
        .filter(|cell| !same(at[*cell], above[*cell]) || !same(at[*cell], below[*cell]))
        .collect();
    let [cell] = differ[..] else {
        return false;
    };
    let [at, above, below] = [at, above, below].map(|row| place(row[cell]));
    above == at + 1 && below == at - 1
}

#[test]
fn no_row_reaches_another_leaf() {
    folders().par_iter().for_each(|folder| {
        let fixture = Fixture::load(folder);
        for input_bits in [None, Some(15)] {
            let options = Options {
                input_bits,
                ..Options::default()
            };
            let (model, report) = fixture.compiled(&options);
            let name = &fixture.name;
            assert_eq!(report.rows, fixture.rows.len() as u64, "{name}");
            assert_eq!(report.other_decisions, Some(0), "{name}");
            assert_eq!(fixture.off(&model), 0, "{name}");
        }
    });
}

/// The rows are what they are said to be, and on some of them a step of the float to either side of
/// a threshold decides what onnxruntime makes of a row: otherwise nothing would be shown.
#[test]
fn rows_stand_at_thresholds_and_a_float_beside_them() {
    let mut all = 0;
    for folder in folders() {
        let fixture = Fixture::load(&folder);
        let first = fixture.first_hostile();
        let threes = fixture.expected.rows()[first..].chunks(3);
        all += threes.len();
        let decided = threes.filter(|three| three[0] != three[1] || three[0] != three[2]);
        let count = decided.count();
        assert!(count >= 3, "{}: {count}", fixture.name);
    }
    assert!(all >= 250, "{all}");
}

/// Even steps take a float beside a threshold for the threshold: that the ranks do not is no matter
/// of the rows being easy.
#[test]
fn even_steps_send_some_of_the_rows_to_another_leaf() {
    let options = Options {
        feature_grid: FeatureGrid::Even,
        input_bits: Some(12),
        ..Options::default()
    };
    for folder in folders() {
        let fixture = Fixture::load(&folder);
        // Even steps have no integer for what is missing beside all others.
        let Ok(model) = compile(&fixture.float, &fixture.calibration, &options) else {
            assert!(fixture.name.ends_with("NaN"), "{}", fixture.name);
            continue;
        };
        let integers = |row: &Vec<Vec<f64>>| model.quantise_input(row, OutOfDomain::Saturate);
        let first = fixture.first_hostile();
        let mut threes = fixture.rows.rows()[first..].chunks(3);
        assert!(
            threes.any(|three| integers(&three[0]).unwrap() == integers(&three[1]).unwrap()),
            "{}",
            fixture.name
        );
    }
}
