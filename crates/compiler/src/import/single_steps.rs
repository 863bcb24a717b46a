//! What 32-bit arithmetic in front of a comparison does to where it changes its result.
//!
//! A scaler in front of a tree is a linear map, and folding it into the tree's thresholds says the
//! same over the real numbers. But runtimes round each of its steps to 32 bits, and training puts
//! thresholds on scaled values of the data: there the last bit decides. So the steps between an
//! input and a test are kept beside their linear map, and the test becomes one of the input itself,
//! with the threshold at which the steps, asked one 32-bit number after another, change its result.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, type_proto};

use crate::float::comparison::{Comparison, Test};
use crate::import::values::probe::Probe;

/// More steps are kept of no feature.
const MAX_STEPS: usize = 16;

/// One step of 32-bit arithmetic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    Add(f32),
    /// A number less the value.
    From(f32),
    Mul(f32),
    Div(f32),
}

impl Step {
    fn of(self, v: f32) -> f32 {
        match self {
            Self::Add(number) => v + number,
            Self::From(number) => number - v,
            Self::Mul(number) => v * number,
            Self::Div(number) => v / number,
        }
    }

    /// Whether it takes larger values to smaller ones; `None` if it does not keep an order at all.
    fn falls(self) -> Option<bool> {
        match self {
            Self::Add(number) if number.is_finite() => Some(false),
            Self::From(number) if number.is_finite() => Some(true),
            Self::Mul(number) | Self::Div(number) if number.is_finite() && number != 0.0 => {
                Some(number < 0.0)
            }
            _ => None,
        }
    }
}

/// A linear map of one cell, exactly.
type Key = ((usize, u32), u64, u64);

/// The steps that lead from cells to linear maps of them.
#[derive(Debug, Default)]
pub(crate) struct SingleSteps {
    /// `None` where different steps lead to the same map.
    known: HashMap<Key, Option<Vec<Step>>>,
}

fn key(probe: &Probe) -> Option<Key> {
    Some((probe.source?, probe.weight.to_bits(), probe.bias.to_bits()))
}

impl SingleSteps {
    /// The steps so far.
    pub(crate) fn so_far(&self, probe: &Probe) -> Option<Vec<Step>> {
        match self.known.get(&key(probe)?) {
            Some(known) => known.clone(),
            None if probe.weight == 1.0 && probe.bias == 0.0 => Some(Vec::new()),
            None => None,
        }
    }

    pub(crate) fn keep(&mut self, probe: &Probe, steps: Option<Vec<Step>>) {
        let Some(key) = key(probe) else {
            return;
        };
        let steps = steps.filter(|steps| steps.len() <= MAX_STEPS);
        self.known
            .entry(key)
            .and_modify(|known| {
                if *known != steps {
                    *known = None;
                }
            })
            .or_insert(steps);
    }

    /// The test of the cell itself that holds where `test` holds for what the steps make of it.
    pub(crate) fn unfolded(&self, probe: &Probe, test: &Test) -> Option<(Probe, Test)> {
        if !test.single || !test.comparison.is_order() {
            return None;
        }
        let steps = self.so_far(probe).filter(|steps| !steps.is_empty())?;
        let mut falls = false;
        for step in &steps {
            falls ^= step.falls()?;
        }
        let holds = |x: f32| {
            let v = steps.iter().fold(x, |v, step| step.of(v));
            test.holds(v.into())
        };
        let itself = Probe {
            weight: 1.0,
            bias: 0.0,
            ..*probe
        };
        let rises = test.comparison.rises() != falls;
        let comparison = match rises {
            true => Comparison::AtLeast,
            false => Comparison::Below,
        };
        let threshold = first(|x| holds(x) == rises).map_or(f64::INFINITY, f64::from);
        let test = Test {
            comparison,
            threshold,
            ..*test
        };
        Some((itself, test))
    }
}

/// The smallest finite number from which on `upper` holds, negative infinity if it holds for all;
/// `None` if it holds for none.
fn first(upper: impl Fn(f32) -> bool) -> Option<f32> {
    let ordered = |x: f32| {
        let bits = x.to_bits() as i32;
        i64::from(bits ^ (((bits >> 31) as u32) >> 1) as i32)
    };
    let from_ordered = |place: i64| {
        let place = place as i32;
        f32::from_bits((place ^ (((place >> 31) as u32) >> 1) as i32) as u32)
    };
    if upper(f32::MIN) {
        return Some(f32::NEG_INFINITY);
    }
    if !upper(f32::MAX) {
        return None;
    }
    let (mut below, mut above) = (ordered(f32::MIN), ordered(f32::MAX));
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        match upper(from_ordered(middle)) {
            true => above = middle,
            false => below = middle,
        }
    }
    // Zero has one spelling.
    Some(from_ordered(above) + 0.0)
}

/// Whether anything in the graph has 64 bits, so that not every step is rounded to 32.
pub(crate) fn has_doubles(graph: &GraphProto) -> bool {
    let double = |kind: i64| kind == DataType::Double as i64;
    let inputs = graph.input.iter().filter_map(|input| {
        let type_proto::Value::TensorType(tensor) = input.r#type.as_ref()?.value.as_ref()?;
        Some(i64::from(tensor.elem_type))
    });
    let constants = graph.initializer.iter();
    let constants = constants.map(|tensor| i64::from(tensor.data_type));
    let casts = graph.node.iter().flat_map(|node| &node.attribute);
    let casts = casts.filter(|attribute| attribute.name == "to");
    let casts = casts.map(|attribute| attribute.i);
    inputs.chain(constants).chain(casts).any(double)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(weight: f64, bias: f64) -> Probe {
        Probe {
            source: Some((0, 0)),
            weight,
            bias,
        }
    }

    /// Every comparison, at thresholds that are images of numbers, for these numbers and those
    /// next to them.
    #[test]
    fn tests_of_inputs_hold_where_those_of_what_steps_make_of_them_do() {
        let scaler = [Step::Add(-0.3), Step::Mul(1.7)];
        let minus = [Step::Div(-3.1), Step::Add(0.1), Step::From(0.7)];
        let tiny = [Step::Mul(1e-30), Step::Mul(1e-12)];
        let (mut other, mut asked) = (0, 0);
        for steps in [&scaler[..], &minus, &tiny] {
            let folded = probe(7.0, 3.0);
            let mut known = SingleSteps::default();
            known.keep(&folded, Some(steps.to_vec()));
            let image = |x: f32| steps.iter().fold(x, |v, step| step.of(v));
            for i in 0..200 {
                let x = (i as f32 - 100.0) * 0.037;
                for comparison in [
                    Comparison::AtMost,
                    Comparison::Below,
                    Comparison::AtLeast,
                    Comparison::Above,
                ] {
                    let test = Test {
                        comparison,
                        threshold: image(x).into(),
                        single: true,
                        missing: false,
                    };
                    let (itself, unfolded) = known.unfolded(&folded, &test).unwrap();
                    assert_eq!((itself.weight, itself.bias), (1.0, 0.0));
                    for near in [x, x.next_up(), x.next_down(), -x, 0.0, f32::MAX, f32::MIN] {
                        let holds = test.holds(image(near).into());
                        assert_eq!(unfolded.holds(near.into()), holds, "{test:?} {near}");
                        // What folding in 64 bits would have said.
                        let exact = |v: f64, step: &Step| match step {
                            Step::Add(n) => v + f64::from(*n),
                            Step::From(n) => f64::from(*n) - v,
                            Step::Mul(n) => v * f64::from(*n),
                            Step::Div(n) => v / f64::from(*n),
                        };
                        let folded = steps.iter().fold(f64::from(near), exact);
                        asked += 1;
                        other += usize::from(test.holds(folded) != holds);
                    }
                }
            }
        }
        assert!(
            other > asked / 200,
            "{other} of {asked} would have been on another side"
        );
    }

    #[test]
    fn what_is_not_known_stays_folded() {
        let test = Test {
            comparison: Comparison::AtMost,
            threshold: 1.0,
            single: true,
            missing: false,
        };
        let mut known = SingleSteps::default();
        assert!(known.unfolded(&probe(2.0, 1.0), &test).is_none());
        // The input itself needs no steps.
        assert!(known.unfolded(&probe(1.0, 0.0), &test).is_none());
        known.keep(&probe(2.0, 1.0), Some(vec![Step::Mul(2.0), Step::Add(1.0)]));
        assert!(known.unfolded(&probe(2.0, 1.0), &test).is_some());
        let double = Test {
            single: false,
            ..test
        };
        assert!(known.unfolded(&probe(2.0, 1.0), &double).is_none());
        // Two ways to the same map: nobody knows which.
        known.keep(&probe(2.0, 1.0), Some(vec![Step::Add(0.5), Step::Mul(2.0)]));
        assert!(known.unfolded(&probe(2.0, 1.0), &test).is_none());
        // A factor of zero keeps no order.
        known.keep(&probe(0.0, 1.0), Some(vec![Step::Mul(0.0), Step::Add(1.0)]));
        assert!(known.unfolded(&probe(0.0, 1.0), &test).is_none());
    }
}
