//! One small architecture with many weights.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

use super::models::{compiled, rng};
use rand::Rng;
use verdict_circuit::{Batch, Hiding, Limits, Plan, Request, plan_request};
use verdict_model::{
    CompiledModel, Function, Goal, IntegerGraph, Kernel, Layer, Row, Table, Tensor, Term,
    Visibility,
};

fn table(name: &str, shift: u32, reach: i64, value: impl Fn(i64) -> i64) -> Function {
    Function::Table(Table {
        name: name.into(),
        shift,
        q_min: -reach,
        values: (-reach..=reach).map(|q| value(q) as i32).collect(),
    })
}

fn tensor(
    name: &str,
    len: usize,
    range: (i32, i32),
    visibility: Visibility,
    layer: Option<Layer>,
) -> Tensor {
    Tensor {
        name: name.into(),
        shape: vec![len],
        len,
        min: range.0,
        max: range.1,
        scale: 1.0,
        visibility,
        layer,
    }
}

/// Three inputs, four hidden values, `outputs` outputs. All seeds give the same architecture.
pub fn network(seed: u64, outputs: usize, input: Visibility) -> CompiledModel {
    let mut rng = rng(seed);
    let mut layer = |source: usize, inputs: usize, outputs: usize, function: usize| Layer {
        nodes: vec![],
        terms: vec![Term {
            source,
            kernel: Kernel::Dense {
                weights: (0..inputs * outputs)
                    .map(|_| rng.gen_range(-3..=3))
                    .collect(),
            },
        }],
        bias: (0..outputs).map(|_| rng.gen_range(-5..=5)).collect(),
        function,
    };
    let (hidden, last) = (layer(0, 3, 4, 0), layer(1, 4, outputs, 1));
    compiled(IntegerGraph {
        tensors: vec![
            tensor("x", 3, (-8, 8), input, None),
            tensor("h", 4, (0, 80), Visibility::Private, Some(hidden)),
            tensor("y", outputs, (-130, 130), Visibility::Public, Some(last)),
        ],
        functions: vec![
            table("relu", 0, 80, |q| q.max(0)),
            table("identity", 3, 130, |q| q),
        ],
        inputs: vec![0],
        outputs: vec![2],
    })
}

pub fn planned(model: &CompiledModel, batch: Batch, hiding: Option<Hiding>) -> Plan {
    planned_in(model, batch, hiding, 4, None)
}

/// A plan of so many weights to a row and, if that is to be decided, columns to a pack.
pub fn planned_in(
    model: &CompiledModel,
    batch: Batch,
    hiding: Option<Hiding>,
    width: usize,
    pack: Option<usize>,
) -> Plan {
    plan_request(
        model.shared_graph().clone(),
        Request {
            goal: Goal::Gas,
            limits: Limits {
                width: Some(width),
                pack,
                ..Limits::default()
            },
            batch,
            hiding,
            outline: None,
        },
    )
    .unwrap()
}

/// Different inputs, item by item.
pub fn items(seed: u64, count: usize) -> Vec<Row<i32>> {
    let mut rng = rng(seed);
    (0..count)
        .map(|_| vec![(0..3).map(|_| rng.gen_range(-8..=8)).collect()])
        .collect()
}
