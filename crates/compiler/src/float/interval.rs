//! How far values can reach, by interval arithmetic from the inputs' domains.

use std::collections::HashMap;

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Step, Unary};
use crate::float::graph::{FloatGraph, FloatLayer, FloatTerm, Precision};
use crate::float::squares::Cell;

/// The smallest and the largest value there may be.
pub(crate) type Interval = (f64, f64);

/// Stands for what knows no bound, so that nothing becomes infinite.
const FAR: f64 = 1e100;
/// So many whole numbers are tried one by one.
const TRIED: f64 = 65_536.0;

/// The intervals of the cells of tensors that were asked for.
pub(crate) struct Intervals<'g> {
    graph: &'g FloatGraph,
    of: Vec<Option<Vec<Interval>>>,
}

impl<'g> Intervals<'g> {
    /// Of a graph whose inputs have `domains`, one for each cell.
    pub(crate) fn new(graph: &'g FloatGraph, domains: Vec<Vec<Interval>>) -> Self {
        let mut of = vec![None; graph.tensors.len()];
        for (id, domain) in graph.inputs.iter().zip(domains) {
            of[*id] = Some(domain);
        }
        Self { graph, of }
    }

    /// Finds the intervals of all that `terms` read.
    pub(crate) fn prepare(&mut self, terms: &[FloatTerm]) {
        let mut needed = vec![false; self.graph.tensors.len()];
        terms.iter().for_each(|term| needed[term.source] = true);
        for id in (0..needed.len()).rev() {
            if let (true, Some(layer)) = (needed[id], &self.graph.tensors[id].layer) {
                layer.terms.iter().for_each(|t| needed[t.source] = true);
                if let Precision::Exact { within: Some(of) } = layer.precision {
                    needed[of] = true;
                }
            }
        }
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            if let (true, None, Some(layer)) = (needed[id], &self.of[id], &tensor.layer) {
                self.of[id] = Some(self.layer(layer));
            }
        }
    }

    fn layer(&self, layer: &FloatLayer) -> Vec<Interval> {
        if matches!(layer.precision, Precision::Tests(_)) {
            return vec![(0.0, 1.0); layer.bias.len()];
        }
        let sums = self.sums(&layer.terms, &layer.bias);
        let mut known = Known::default();
        let values = sums.into_iter();
        let values = values.map(|sum| known.of(&layer.activation, sum));
        let Precision::Exact { within: Some(of) } = layer.precision else {
            return values.collect();
        };
        // Interval analysis cannot see that maxima are what they are maxima of.
        let all = self.of[of].iter().flatten();
        let (least, most) = all.fold((FAR, -FAR), |(a, b), (c, d)| (a.min(*c), b.max(*d)));
        let bounds = match layer.activation {
            Activation::Relu => (0.0, most - least.min(0.0)),
            _ => (least, most),
        };
        let kept = |(low, high): Interval| (low.max(bounds.0), high.min(bounds.1));
        values.map(kept).collect()
    }

    /// The intervals of `bias + Σ kernel · source`.
    pub(crate) fn sums(&self, terms: &[FloatTerm], bias: &[f64]) -> Vec<Interval> {
        let (mut lows, mut highs) = (bias.to_vec(), bias.to_vec());
        let mut products = Vec::new();
        for term in terms {
            if self.graph.add_products(term, &mut products, bias.len()) {
                continue;
            }
            let of = self.of[term.source].as_deref().unwrap_or_default();
            let (low, high): (Vec<f64>, Vec<f64>) = of.iter().copied().unzip();
            let (up, down) = (
                term.kernel.map(|w| w.max(0.0)),
                term.kernel.map(|w| w.min(0.0)),
            );
            up.add_to(&mut lows, &low);
            down.add_to(&mut lows, &high);
            up.add_to(&mut highs, &high);
            down.add_to(&mut highs, &low);
        }
        for ((low, high), products) in lows.iter_mut().zip(&mut highs).zip(products) {
            for ((x, y), factor) in products {
                let (a, b) = match x == y {
                    true => square(self.cell(x)),
                    false => product(self.cell(x), self.cell(y)),
                };
                let (a, b) = product((a, b), (factor, factor));
                (*low, *high) = (*low + a, *high + b);
            }
        }
        let ends = lows.into_iter().zip(highs);
        ends.map(|(low, high)| (low.clamp(-FAR, FAR), high.clamp(-FAR, FAR)))
            .collect()
    }

    fn cell(&self, (tensor, cell): Cell) -> Interval {
        let of = self.of[tensor].as_ref();
        of.and_then(|of| of.get(cell as usize))
            .copied()
            .unwrap_or((-FAR, FAR))
    }
}

/// Intervals of a function that were asked for before.
#[derive(Default)]
pub(crate) struct Known {
    functions: HashMap<(u64, u64), Interval>,
}

impl Known {
    fn of(&mut self, activation: &Activation, sum: Interval) -> Interval {
        let ends = || {
            let (a, b) = (activation.apply(sum.0), activation.apply(sum.1));
            (a.min(b), a.max(b))
        };
        match activation {
            Activation::Expression(expression) => self.function(expression, sum, false),
            Activation::Square => square(sum),
            Activation::IsZero => (0.0, f64::from(sum.0 <= 0.0 && sum.1 >= 0.0)),
            Activation::LeakyRelu { alpha } if *alpha < 0.0 => {
                let (low, high) = ends();
                (low.min(0.0), high)
            }
            Activation::Lookup(entries) => {
                let all = || entries.iter().copied();
                (all().fold(FAR, f64::min), all().fold(-FAR, f64::max))
            }
            _ => ends(),
        }
    }

    /// The interval of a function of a variable that may be known to be whole.
    pub(crate) fn function(&mut self, of: &Expression, sum: Interval, whole: bool) -> Interval {
        let key = (sum.0.to_bits(), sum.1.to_bits());
        if let Some(known) = self.functions.get(&key) {
            return *known;
        }
        let found = match if whole { Some(sum) } else { rounded(of, sum) } {
            Some(sum) if sum.1 - sum.0 <= TRIED => tried(of, sum),
            _ => steps(of, sum),
        };
        self.functions.insert(key, found);
        found
    }
}

/// The whole numbers that a function's variable is rounded to before anything else is done to it;
/// `None` if it is not.
fn rounded(of: &Expression, (low, high): Interval) -> Option<Interval> {
    let value = |at: usize| of.steps()[at] == Step::Value;
    let mut all: Option<Interval> = None;
    for step in of.steps() {
        let direct = match *step {
            Step::Unary(op @ (Unary::Trunc | Unary::Floor | Unary::Ceil | Unary::Round), a)
                if value(a) =>
            {
                let (a, b) = unary(op, (low, high));
                let (c, d) = all.unwrap_or((a, b));
                all = Some((a.min(c), b.max(d)));
                false
            }
            step => step.operands().any(value),
        };
        if direct {
            return None;
        }
    }
    all
}

/// The interval of a function of whole numbers, all of which are tried.
fn tried(of: &Expression, (low, high): Interval) -> Interval {
    let (first, last) = (low.ceil() as i64, high.floor() as i64);
    let values = (first..=last).map(|v| of.apply(v as f64));
    values.fold((FAR, -FAR), |(low, high), v| match v.is_nan() {
        true => (-FAR, FAR),
        false => (low.min(v), high.max(v)),
    })
}

/// The interval of a function, step by step.
fn steps(of: &Expression, sum: Interval) -> Interval {
    let mut known: Vec<Interval> = Vec::with_capacity(of.steps().len());
    for step in of.steps() {
        let (low, high) = match *step {
            Step::Value => sum,
            Step::Constant(value) => (value, value),
            Step::Unary(op, a) => unary(op, known[a]),
            Step::Binary(op, a, b) if a == b && op == Binary::Mul => square(known[a]),
            Step::Binary(op, a, b) => binary(op, known[a], known[b]),
            Step::Select(_, yes, no) => {
                let (a, b) = (known[yes], known[no]);
                (a.0.min(b.0), a.1.max(b.1))
            }
        };
        known.push(match low.is_nan() || high.is_nan() {
            true => (-FAR, FAR),
            false => (low.clamp(-FAR, FAR), high.clamp(-FAR, FAR)),
        });
    }
    known.pop().unwrap_or(sum)
}

fn square((low, high): Interval) -> Interval {
    let least = if low <= 0.0 && high >= 0.0 {
        0.0
    } else {
        low.abs().min(high.abs())
    };
    (least * least, low.abs().max(high.abs()).powi(2))
}

fn product(a: Interval, b: Interval) -> Interval {
    let corners = [a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1];
    let least = corners.iter().copied().fold(f64::INFINITY, f64::min);
    (least, corners.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

fn unary(op: Unary, (low, high): Interval) -> Interval {
    let apply = |v: f64| Expression::value().unary(op).apply(v);
    match op {
        Unary::Sin | Unary::Cos => (-1.0, 1.0),
        Unary::Tan => (-FAR, FAR),
        Unary::Abs | Unary::Cosh => {
            let least = if low <= 0.0 && high >= 0.0 {
                0.0
            } else {
                low.abs().min(high.abs())
            };
            (apply(least), apply(low.abs().max(high.abs())))
        }
        // All others are monotone.
        _ => {
            let (a, b) = (apply(low), apply(high));
            (a.min(b), a.max(b))
        }
    }
}

fn binary(op: Binary, a: Interval, b: Interval) -> Interval {
    match op {
        Binary::Add => (a.0 + b.0, a.1 + b.1),
        Binary::Sub => (a.0 - b.1, a.1 - b.0),
        Binary::Mul => product(a, b),
        Binary::Div if b.0 > 0.0 || b.1 < 0.0 => product(a, (1.0 / b.1, 1.0 / b.0)),
        Binary::Div => (-FAR, FAR),
        Binary::Max => (a.0.max(b.0), a.1.max(b.1)),
        Binary::Min => (a.0.min(b.0), a.1.min(b.1)),
        Binary::Equal | Binary::Greater | Binary::GreaterOrEqual => (0.0, 1.0),
        // Powers of what may be zero know no bound.
        Binary::Pow if a.0 <= 0.0 && b.0 < 0.0 => (-FAR, FAR),
        Binary::Pow => {
            let corners = [(a.0, b.0), (a.0, b.1), (a.1, b.0), (a.1, b.1)];
            let mut all = corners.map(|(a, b)| libm::pow(a, b)).to_vec();
            // A base of both signs turns at zero, and a fraction of it is no number.
            if a.0 <= 0.0 {
                let most = all.iter().map(|v| v.abs()).fold(0.0, f64::max);
                all.extend([-most, 0.0, most]);
            }
            let least = all.iter().copied().fold(f64::INFINITY, f64::min);
            (least, all.into_iter().fold(f64::NEG_INFINITY, f64::max))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every function of the whole numbers between two ends stays within what step by step
    /// arithmetic says, and what trying them says is exact.
    #[test]
    fn functions_stay_within_their_intervals() {
        let v = Expression::value();
        let ops = [
            Unary::Neg,
            Unary::Abs,
            Unary::Sign,
            Unary::Floor,
            Unary::Sqrt,
            Unary::Sin,
            Unary::Cosh,
            Unary::Acos,
        ];
        let pairs = [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Pow,
            Binary::Max,
        ];
        let mut all: Vec<Expression> = ops.iter().map(|op| v.unary(*op)).collect();
        for number in [-2.5, 3.0, 0.5] {
            all.extend(pairs.iter().map(|op| v.with(*op, number)));
            all.extend(
                pairs
                    .iter()
                    .map(|op| Expression::constant(number).binary(*op, &v)),
            );
        }
        let sevenths = v.with(Binary::Div, 7.0).unary(Unary::Trunc);
        all.push(v.binary(Binary::Sub, &sevenths.with(Binary::Mul, 7.0)));
        all.push(v.binary(Binary::Mul, &v));
        for (low, high) in [(-5, 9), (0, 0), (3, 40), (-30, -2)] {
            let sum = (f64::from(low), f64::from(high));
            for of in &all {
                let (least, most) = steps(of, sum);
                let exact = tried(of, sum);
                for value in (low..=high).map(|i| of.apply(f64::from(i))) {
                    let near = 1e-9 * value.abs();
                    if !value.is_finite() {
                        continue;
                    }
                    assert!(
                        least <= value + near && value <= most + near,
                        "{of:?} {sum:?}"
                    );
                    assert!(exact.0 <= value && value <= exact.1, "{of:?} {sum:?}");
                }
            }
        }
        let rest = all[all.len() - 2].clone();
        assert_eq!(tried(&rest, (0.0, 255.0)), (0.0, 6.0));
    }
}
