//! Exact layers: integers on their sources' own scale, nothing rounded.
#![allow(clippy::unwrap_used)]

mod common;

use common::graph::{graph, tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{
    Activation, CompileError, FloatGraph, FloatLayer, FloatTensor, FloatTerm, Options, Precision,
    compile,
};
use verdict_model::{CompiledModel, DataSet, Function, OutOfDomain, execute};

const EXACT: Precision = Precision::Exact { within: None };

struct Builder {
    tensors: Vec<FloatTensor>,
}

impl Builder {
    fn new(len: usize) -> Self {
        let mut builder = Self { tensors: vec![] };
        builder.push(len, None);
        builder
    }

    fn push(&mut self, len: usize, layer: Option<FloatLayer>) -> usize {
        let name = format!("t{}", self.tensors.len());
        self.tensors.push(tensor(&name, len, layer));
        self.tensors.len() - 1
    }

    /// Element-wise `activation(bias + Σ weight · source)`.
    fn layer(
        &mut self,
        terms: &[(usize, f64)],
        bias: f64,
        activation: Activation,
        precision: Precision,
    ) -> usize {
        let len = self.tensors[terms[0].0].len;
        let terms = terms.iter().map(|&(source, weight)| {
            FloatTerm::rows(source, (0..len as u32).map(|i| vec![(i, weight)]).collect())
        });
        let layer = FloatLayer {
            nodes: vec![],
            terms: terms.collect(),
            bias: vec![bias; len],
            activation,
            precision,
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        self.push(len, Some(layer))
    }

    fn graph(self, outputs: Vec<usize>) -> FloatGraph {
        graph("exact", self.tensors, outputs)
    }
}

fn rows(graph: &FloatGraph, count: usize) -> DataSet {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let len = graph.tensors[0].len;
    let rows = (0..count).map(|_| vec![(0..len).map(|_| rng.gen_range(-1.0..1.0)).collect()]);
    DataSet::from_rows(rows.collect(), &graph.input_specs()).unwrap()
}

fn values(model: &CompiledModel, row: &[Vec<f64>]) -> Vec<Vec<i32>> {
    let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
    execute(model.graph(), &integers).unwrap().values
}

/// Without what tuning tries where tables are too small.
fn untuned() -> Options {
    Options {
        tune: false,
        ..Options::default()
    }
}

#[test]
fn exact_layers_round_nothing() {
    let mut b = Builder::new(6);
    // Two tensors of very different ranges, one of them of a function whose scale is fixed
    // otherwise.
    let a = b.layer(&[(0, 10.0)], 0.0, Activation::Identity, Precision::Scaled);
    let c = b.layer(&[(0, -1.5)], 0.2, Activation::Tanh, Precision::Scaled);
    let t = b.layer(&[(a, 1.0), (c, -1.0)], 0.0, Activation::Relu, EXACT);
    let within = Precision::Exact { within: Some(a) };
    let max = b.layer(&[(c, 1.0), (t, 1.0)], 0.0, Activation::Identity, within);
    let step = b.layer(&[(a, 1.0), (c, -1.0)], 0.0, Activation::Step, EXACT);
    let same = b.layer(&[(max, 1.0), (a, -1.0)], 0.0, Activation::IsZero, EXACT);
    let square = b.layer(&[(a, 2.0), (c, -3.0)], 0.0, Activation::Square, EXACT);
    let count = b.layer(
        &[(step, 2.0), (same, 1.0)],
        0.0,
        Activation::Identity,
        EXACT,
    );
    let mixed = b.layer(
        &[(square, 0.01), (max, 0.3), (count, 0.25)],
        0.1,
        Activation::Identity,
        Precision::Scaled,
    );
    let graph = b.graph(vec![mixed]);
    let data = rows(&graph, 60);
    let model = compile(&graph, &data, &untuned()).unwrap();
    let tensors = &model.graph().tensors;
    for id in [c, t, max] {
        assert_eq!(tensors[id].scale, tensors[a].scale);
    }
    assert_eq!(tensors[square].scale, tensors[a].scale.powi(2));
    assert_eq!([step, same, count].map(|id| tensors[id].scale), [1.0; 3]);
    // Interval analysis alone would say the sum of both ranges.
    assert_eq!(tensors[max].max, tensors[a].max);
    let squares = model
        .graph()
        .functions
        .iter()
        .filter(|f| **f == Function::Square);
    assert_eq!(squares.count(), 1);
    let function = tensors[mixed].layer.as_ref().unwrap().function;
    let shift = model.graph().functions[function].shift() as i32;
    for row in data.rows() {
        let v = values(&model, row);
        for (i, (x, y)) in v[a].iter().copied().zip(v[c].iter().copied()).enumerate() {
            assert_eq!(v[t][i], (x - y).max(0));
            assert_eq!(v[max][i], x.max(y));
            assert_eq!(v[step][i], i32::from(x >= y));
            assert_eq!(v[same][i], i32::from(x >= y));
            assert_eq!(v[square][i], (2 * x - 3 * y).pow(2));
            assert_eq!(v[count][i], 3 * i32::from(x >= y));
        }
        for (i, x) in v[mixed].iter().enumerate() {
            let real = |id: usize| f64::from(v[id][i]) * tensors[id].scale;
            let expected = 0.01 * real(square) + 0.3 * real(max) + 0.25 * real(count) + 0.1;
            let error = (real(mixed) - expected).abs() / tensors[mixed].scale;
            // Each weight and the bias are half a step of the sum off at most, the sum half a step
            // of the key.
            let sizes: i64 = [square, max, count]
                .iter()
                .map(|id| i64::from(v[*id][i]))
                .sum();
            let bound = 0.5 + 0.5 * (sizes + 1) as f64 / 2f64.powi(shift);
            assert!(error < bound, "{x} is {error} steps off, more than {bound}");
        }
    }
}

#[test]
fn an_input_with_one_scale_can_be_exact() {
    let mut b = Builder::new(4);
    let t = b.layer(&[(0, 1.0)], 0.25, Activation::Relu, EXACT);
    let graph = b.graph(vec![t]);
    let model = compile(&graph, &rows(&graph, 30), &untuned()).unwrap();
    let (input, output) = (&model.manifest().inputs[0], &model.graph().tensors[t]);
    assert_eq!(input.scales, [output.scale]);
    let x = vec![vec![0.5, -0.5, 0.0, 0.125]];
    let shift = (0.25 / output.scale + (input.zero_points[0] as f64 * output.scale) / output.scale)
        .round() as i32;
    let integers = model.quantise_input(&x, OutOfDomain::Reject).unwrap();
    let expected: Vec<i32> = integers[0].iter().map(|v| (v + shift).max(0)).collect();
    assert_eq!(values(&model, &x)[t], expected);
}

#[test]
fn what_cannot_be_exact_is_refused() {
    // With fewer bits it would fit.
    let given = Options {
        activation_bits: Some(8),
        ..untuned()
    };
    let refused = |weight: f64, activation, part: &str| {
        let mut b = Builder::new(2);
        let a = b.layer(&[(0, 1.0)], 0.0, Activation::Relu, Precision::Scaled);
        let t = b.layer(&[(a, weight)], 0.0, activation, EXACT);
        let graph = b.graph(vec![t]);
        let error = compile(&graph, &rows(&graph, 10), &given).unwrap_err();
        assert!(matches!(error, CompileError::Quantise { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(0.5, Activation::Relu, "integer");
    refused(30_000.0, Activation::Identity, "raise table_bits");
    refused(30_000.0, Activation::Square, "±46340");

    // The square of a tensor added to the tensor itself: two scales for one.
    let mut b = Builder::new(2);
    let a = b.layer(&[(0, 1.0)], 0.0, Activation::Relu, Precision::Scaled);
    let s = b.layer(&[(a, 1.0)], 0.0, Activation::Square, EXACT);
    let t = b.layer(&[(a, 1.0), (s, 1.0)], 0.0, Activation::Relu, EXACT);
    let graph = b.graph(vec![t]);
    let error = compile(&graph, &rows(&graph, 10), &given).unwrap_err();
    assert!(
        error.to_string().contains("scale of another tensor"),
        "{error}"
    );
}
