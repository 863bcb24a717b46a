//! Functions of one real variable, put together from operators: what a table can hold beyond the
//! named activations.

mod undefined;

use std::sync::Arc;

/// Longer programs are not folded any further: each step costs time at every table entry.
pub(crate) const MAX_STEPS: usize = 48;

/// A step with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unary {
    /// `−v`
    Neg,
    /// `|v|`
    Abs,
    /// −1, 0 or 1
    Sign,
    /// Towards −∞.
    Floor,
    /// Towards +∞.
    Ceil,
    /// To the nearest integer, ties to the even one.
    Round,
    /// Towards zero.
    Trunc,
    /// To the nearest 32-bit float.
    Single,
    /// `e^v`
    Exp,
    /// `e^v − 1` without cancellation near zero.
    ExpM1,
    /// The natural logarithm.
    Log,
    /// `ln(1 + v)` without cancellation near zero.
    Log1p,
    /// The square root.
    Sqrt,
    /// The error function.
    Erf,
    /// `1 / (1 + e^−v)`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The tangent.
    Tan,
    /// The inverse sine.
    Asin,
    /// The inverse cosine.
    Acos,
    /// The inverse tangent.
    Atan,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic cosine.
    Cosh,
    /// The inverse hyperbolic sine.
    Asinh,
    /// The inverse hyperbolic cosine.
    Acosh,
    /// The inverse hyperbolic tangent.
    Atanh,
}

/// A step with two operands. Comparisons give 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a − b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
    /// `a^b`
    Pow,
    /// The larger one.
    Max,
    /// The smaller one.
    Min,
    /// `a = b`
    Equal,
    /// `a > b`
    Greater,
    /// `a ≥ b`
    GreaterOrEqual,
}

/// One step of an [`Expression`]; operands are the numbers of earlier steps.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// The variable.
    Value,
    /// A number.
    Constant(f64),
    /// An operator's result.
    Unary(Unary, usize),
    /// An operator's result.
    Binary(Binary, usize, usize),
    /// The second operand where the first is not zero, the third elsewhere.
    Select(usize, usize, usize),
}

impl Step {
    /// The numbers of the steps that its result is one of, or computed of: not of what it decides by.
    fn passed(&self) -> impl Iterator<Item = usize> {
        let decides = match *self {
            Self::Select(condition, ..) => Some(condition),
            _ => None,
        };
        let compares = matches!(
            self,
            Self::Binary(Binary::Equal | Binary::Greater | Binary::GreaterOrEqual, ..)
        );
        let operands = self
            .operands()
            .filter(move |at| !compares && Some(*at) != decides);
        operands.collect::<Vec<_>>().into_iter()
    }

    /// The numbers of the steps that it reads.
    pub(crate) fn operands(&self) -> impl Iterator<Item = usize> {
        let all = match *self {
            Self::Value | Self::Constant(_) => [None; 3],
            Self::Unary(_, a) => [Some(a), None, None],
            Self::Binary(_, a, b) => [Some(a), Some(b), None],
            Self::Select(condition, a, b) => [Some(condition), Some(a), Some(b)],
        };
        all.into_iter().flatten()
    }
}

/// A function of one variable as a straight-line program; its value is the last step's.
///
/// Outside their domain roots, logarithms and inverse functions have the value they have at its end
/// (`√−1 = √0`, `ln −1 = ln 0`). Where that is infinite (`ln 0`, `1/0`), a *table* saturates at its
/// largest or smallest value; what is no number (`0/0`, a fractional power of a negative number)
/// becomes 0 there.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    steps: Arc<[Step]>,
}

impl Expression {
    /// `v`
    pub fn value() -> Self {
        Self::from_steps(vec![Step::Value])
    }

    /// A number, the same everywhere.
    pub fn constant(value: f64) -> Self {
        Self::from_steps(vec![Step::Constant(value)])
    }

    fn from_steps(steps: Vec<Step>) -> Self {
        Self {
            steps: steps.into(),
        }
    }

    /// The program.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether one of the numbers that it may be is infinite.
    pub(crate) fn has_infinities(&self) -> bool {
        self.numbers().any(f64::is_infinite)
    }

    /// The numbers that it may be, or be computed of: not those that it only compares with.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = f64> {
        let mut made_of = vec![false; self.steps.len()];
        made_of[self.steps.len() - 1] = true;
        for at in (0..self.steps.len()).rev() {
            if made_of[at] {
                let step = &self.steps[at];
                step.passed().for_each(|operand| made_of[operand] = true);
            }
        }
        let steps = self.steps.iter().zip(made_of);
        steps.filter_map(|(step, made_of)| match step {
            Step::Constant(number) if made_of => Some(*number),
            _ => None,
        })
    }

    /// The number it is everywhere, if it does not depend on the variable.
    pub fn as_constant(&self) -> Option<f64> {
        match self.steps.last() {
            Some(Step::Constant(value)) => Some(*value),
            _ => None,
        }
    }

    /// Whether it is the variable itself.
    pub fn is_value(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Value))
    }

    /// `op(self)`
    pub fn unary(&self, op: Unary) -> Self {
        Self::join(&[self], |at| Step::Unary(op, at[0]))
    }

    /// `op(self, other)`
    pub fn binary(&self, op: Binary, other: &Self) -> Self {
        match (op, self.as_constant(), other.as_constant()) {
            (Binary::Add, Some(0.0), _)
            | (Binary::Mul, Some(1.0), _)
            | (Binary::Max, Some(f64::NEG_INFINITY), _)
            | (Binary::Min, Some(f64::INFINITY), _) => other.clone(),
            (Binary::Add | Binary::Sub, _, Some(0.0))
            | (Binary::Mul | Binary::Div, _, Some(1.0))
            | (Binary::Max, _, Some(f64::NEG_INFINITY))
            | (Binary::Min, _, Some(f64::INFINITY)) => self.clone(),
            _ => Self::join(&[self, other], |at| Step::Binary(op, at[0], at[1])),
        }
    }

    /// `op(self, number)`
    pub fn with(&self, op: Binary, number: f64) -> Self {
        self.binary(op, &Self::constant(number))
    }

    /// `yes` where `self` is not zero, `no` elsewhere.
    pub fn select(&self, yes: &Self, no: &Self) -> Self {
        Self::join(&[self, yes, no], |at| Step::Select(at[0], at[1], at[2]))
    }

    /// `self(inner(v))`
    pub fn of(&self, inner: &Self) -> Self {
        let mut steps = inner.steps.to_vec();
        let value = steps.len() - 1;
        let last = append(&mut steps, &self.steps, Some(value));
        Self::from_steps(steps).ending_at(last)
    }

    /// `(a, c)` if it is `a · v + c`.
    pub fn as_affine(&self) -> Option<(f64, f64)> {
        let mut known: Vec<Option<(f64, f64)>> = Vec::with_capacity(self.steps.len());
        for step in self.steps.iter() {
            let affine = match *step {
                Step::Value => Some((1.0, 0.0)),
                Step::Constant(c) => Some((0.0, c)),
                Step::Unary(Unary::Neg, a) => known[a].map(|(a, c)| (-a, -c)),
                Step::Binary(op, a, b) => {
                    known[a]
                        .zip(known[b])
                        .and_then(|((a, c), (b, d))| match op {
                            Binary::Add => Some((a + b, c + d)),
                            Binary::Sub => Some((a - b, c - d)),
                            Binary::Mul if b == 0.0 => Some((a * d, c * d)),
                            Binary::Mul if a == 0.0 => Some((c * b, c * d)),
                            Binary::Div if b == 0.0 => Some((a / d, c / d)),
                            _ => None,
                        })
                }
                _ => None,
            };
            known.push(affine);
        }
        known.pop().flatten()
    }

    /// The bounds that the program's last two steps keep its values between, if that is what they
    /// do.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let bound = |step: &Step, wanted: Binary| match *step {
            Step::Binary(op, inner, at) if op == wanted => match self.steps[at] {
                Step::Constant(bound) => Some((inner, bound)),
                _ => None,
            },
            _ => None,
        };
        let last = self.steps.last()?;
        let (inner, high) = bound(last, Binary::Min)?;
        let (_, low) = bound(&self.steps[inner], Binary::Max)?;
        Some((low, high))
    }

    /// The width of the intervals on each of which the function is the same, if it is a multiple of
    /// the variable rounded down, between bounds.
    pub(crate) fn floor_width(&self) -> Option<f64> {
        self.bounds()?;
        let operand = |at: usize| match self.steps[at] {
            Step::Binary(_, inner, _) | Step::Unary(Unary::Floor, inner) => Some(inner),
            _ => None,
        };
        let floor = operand(operand(self.steps.len() - 1)?)?;
        let Step::Unary(Unary::Floor, product) = self.steps[floor] else {
            return None;
        };
        match self.steps[product] {
            Step::Binary(Binary::Mul, value, factor) => {
                match (self.steps[value], self.steps[factor]) {
                    (Step::Value, Step::Constant(factor)) if factor > 0.0 => Some(1.0 / factor),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `(inner, outer)` with `self = outer(inner)`, `inner` rounding to whole numbers between bounds and
    /// `outer` doing something else to them.
    pub(crate) fn split_at_bounds(&self) -> Option<(Self, Self)> {
        let last = self.steps.len() - 1;
        let split = (0..last).find_map(|at| {
            let inner = self.ending_at(at);
            inner.bounds()?;
            let mut steps = self.steps.to_vec();
            steps[at] = Step::Value;
            let mut needed = vec![false; steps.len()];
            needed[last] = true;
            for i in (0..steps.len()).rev() {
                if needed[i] {
                    mark(&steps[i], &mut needed);
                }
            }
            // Nothing but the inner function reads the variable.
            let read = |i: usize| i != at && needed[i] && steps[i] == Step::Value;
            if !needed[at] || (0..steps.len()).any(read) {
                return None;
            }
            let outer = Self::from_steps(steps).ending_at(last);
            Some((inner, outer))
        });
        split.filter(|(_, outer)| !outer.is_value())
    }

    /// Whether it never turns back: it is put together from one variable, constants, rounding and
    /// bounds.
    pub(crate) fn is_monotone(&self) -> bool {
        let constant = |at: usize| matches!(self.steps[at], Step::Constant(_));
        self.steps.iter().all(|step| match *step {
            Step::Value | Step::Constant(_) => true,
            Step::Unary(op, _) => matches!(
                op,
                Unary::Neg
                    | Unary::Round
                    | Unary::Floor
                    | Unary::Ceil
                    | Unary::Trunc
                    | Unary::Single
            ),
            Step::Binary(op, a, b) => match op {
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Max | Binary::Min => {
                    constant(a) || constant(b)
                }
                Binary::Div => constant(b),
                _ => false,
            },
            Step::Select(..) => false,
        })
    }

    /// `(inner, a, c)` with `self = a · inner + c`, the affine part as large as the program's end
    /// shows it.
    pub fn peel(&self) -> (Self, f64, f64) {
        let (mut at, mut a, mut c) = (self.steps.len() - 1, 1.0, 0.0);
        let constant = |at: usize| match self.steps[at] {
            Step::Constant(value) => Some(value),
            _ => None,
        };
        loop {
            let (next, factor, offset) = match self.steps[at] {
                Step::Unary(Unary::Neg, x) => (x, -1.0, 0.0),
                Step::Binary(op, x, y) => match (op, constant(x), constant(y)) {
                    (Binary::Add, Some(n), _) => (y, 1.0, n),
                    (Binary::Add, _, Some(n)) => (x, 1.0, n),
                    (Binary::Sub, Some(n), _) => (y, -1.0, n),
                    (Binary::Sub, _, Some(n)) => (x, 1.0, -n),
                    (Binary::Mul, Some(n), _) => (y, n, 0.0),
                    (Binary::Mul, _, Some(n)) => (x, n, 0.0),
                    (Binary::Div, _, Some(n)) => (x, 1.0 / n, 0.0),
                    _ => break,
                },
                _ => break,
            };
            // f = a · (factor · next + offset) + c
            let (scaled, shifted) = (a * factor, a * offset + c);
            if scaled == 0.0 || !scaled.is_finite() || !shifted.is_finite() {
                break;
            }
            (at, a, c) = (next, scaled, shifted);
        }
        (self.ending_at(at), a, c)
    }

    /// The same for a variable that is a whole number: without a truncation at the program's end,
    /// if what it truncates is a whole multiple of the variable and a whole number.
    pub(crate) fn untruncated(&self) -> Self {
        let Some(Step::Unary(Unary::Trunc, operand)) = self.steps.last() else {
            return self.clone();
        };
        let inner = self.ending_at(*operand);
        match inner.as_affine() {
            Some((a, c)) if a.fract() == 0.0 && c.fract() == 0.0 => inner,
            _ => self.clone(),
        }
    }

    /// One program for all of `parts` with a last step made of their results; equal steps are
    /// shared.
    fn join(parts: &[&Self], last: impl Fn(&[usize]) -> Step) -> Self {
        let mut steps = Vec::new();
        let results: Vec<usize> = parts
            .iter()
            .map(|part| append(&mut steps, &part.steps, None))
            .collect();
        let last = push(&mut steps, last(&results));
        Self::from_steps(steps).ending_at(last)
    }

    /// The program with only the steps that number `last` needs.
    fn ending_at(&self, last: usize) -> Self {
        let mut needed = vec![false; self.steps.len()];
        needed[last] = true;
        for i in (0..=last).rev() {
            if needed[i] {
                mark(&self.steps[i], &mut needed);
            }
        }
        let mut place = vec![0; self.steps.len()];
        let mut steps = Vec::new();
        for (i, step) in self.steps.iter().enumerate().take(last + 1) {
            if needed[i] {
                place[i] = steps.len();
                steps.push(moved(*step, |at| place[at]));
            }
        }
        Self::from_steps(steps)
    }

    /// The value at `v`, computed by `libm` so that it is the same on every platform.
    pub fn apply(&self, v: f64) -> f64 {
        self.apply_with(v, |_, value| value)
    }

    /// The values at all of `arguments`, the same ones: operator by operator, which takes a part of
    /// the time.
    pub(crate) fn apply_all(&self, arguments: &[f64]) -> Vec<f64> {
        let count = arguments.len();
        let mut values: Vec<f64> = Vec::with_capacity(self.steps.len() * count);
        for step in self.steps.iter() {
            let of = |at: usize| &values[at * count..][..count];
            let next: Vec<f64> = match *step {
                Step::Value => arguments.to_vec(),
                Step::Constant(value) => vec![value; count],
                Step::Unary(op, a) => of(a).iter().map(|a| unary(op, *a)).collect(),
                Step::Binary(op, a, b) => {
                    let pairs = of(a).iter().zip(of(b));
                    pairs.map(|(a, b)| binary(op, *a, *b)).collect()
                }
                Step::Select(condition, yes, no) => {
                    let choices = of(yes).iter().zip(of(no));
                    let choices = of(condition).iter().zip(choices);
                    choices
                        .map(|(holds, (yes, no))| if *holds != 0.0 { *yes } else { *no })
                        .collect()
                }
            };
            values.extend(next);
        }
        match self.steps.len() {
            0 => arguments.to_vec(),
            steps => values.split_off((steps - 1) * count),
        }
    }

    /// As [`apply`](Self::apply), with every operator's result passed through `each`.
    pub(crate) fn apply_with(&self, v: f64, mut each: impl FnMut(&Step, f64) -> f64) -> f64 {
        let mut values = Vec::with_capacity(self.steps.len());
        for step in self.steps.iter() {
            let value = evaluate(*step, v, &values);
            values.push(match step {
                Step::Value | Step::Constant(_) => value,
                _ => each(step, value),
            });
        }
        values.last().copied().unwrap_or(v)
    }

    /// For messages: the operators that are not plain arithmetic.
    pub fn name(&self) -> String {
        let mut names: Vec<String> = self
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Unary(op, _) if *op != Unary::Neg => Some(format!("{op:?}").to_lowercase()),
                Step::Binary(op, ..)
                    if !matches!(op, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) =>
                {
                    Some(format!("{op:?}").to_lowercase())
                }
                _ => None,
            })
            .collect();
        names.dedup();
        if names.is_empty() {
            "rational".into()
        } else {
            names.join("_")
        }
    }
}

fn evaluate(step: Step, v: f64, values: &[f64]) -> f64 {
    match step {
        Step::Value => v,
        Step::Constant(value) => value,
        Step::Unary(op, a) => unary(op, values[a]),
        Step::Binary(op, a, b) => binary(op, values[a], values[b]),
        Step::Select(condition, yes, no) => values[if values[condition] != 0.0 { yes } else { no }],
    }
}

fn unary(op: Unary, a: f64) -> f64 {
    match op {
        Unary::Neg => -a,
        Unary::Abs => a.abs(),
        Unary::Sign if a == 0.0 || a.is_nan() => a,
        Unary::Sign => a.signum(),
        Unary::Floor => a.floor(),
        Unary::Ceil => a.ceil(),
        Unary::Round => libm::rint(a),
        Unary::Trunc => a.trunc(),
        Unary::Single => f64::from(a as f32),
        Unary::Exp => libm::exp(a),
        Unary::ExpM1 => libm::expm1(a),
        Unary::Log => libm::log(a.max(0.0)),
        Unary::Log1p => libm::log1p(a.max(-1.0)),
        Unary::Sqrt => libm::sqrt(a.max(0.0)),
        Unary::Erf => libm::erf(a),
        Unary::Sigmoid => 1.0 / (1.0 + libm::exp(-a)),
        Unary::Tanh => libm::tanh(a),
        Unary::Sin => libm::sin(a),
        Unary::Cos => libm::cos(a),
        Unary::Tan => libm::tan(a),
        Unary::Asin => libm::asin(a.clamp(-1.0, 1.0)),
        Unary::Acos => libm::acos(a.clamp(-1.0, 1.0)),
        Unary::Atan => libm::atan(a),
        Unary::Sinh => libm::sinh(a),
        Unary::Cosh => libm::cosh(a),
        Unary::Asinh => libm::asinh(a),
        Unary::Acosh => libm::acosh(a.max(1.0)),
        Unary::Atanh => libm::atanh(a.clamp(-1.0, 1.0)),
    }
}

fn binary(op: Binary, a: f64, b: f64) -> f64 {
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => libm::pow(a, b),
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
        Binary::Equal => truth(a == b),
        Binary::Greater => truth(a > b),
        Binary::GreaterOrEqual => truth(a >= b),
    }
}

/// Appends a program whose variable is step number `value` of `steps`, or stays the variable; gives
/// its result's number.
fn append(steps: &mut Vec<Step>, program: &[Step], value: Option<usize>) -> usize {
    let mut place = Vec::with_capacity(program.len());
    for step in program {
        let at = match (step, value) {
            (Step::Value, Some(value)) => value,
            _ => push(steps, moved(*step, |at| place[at])),
        };
        place.push(at);
    }
    place.last().copied().unwrap_or_default()
}

/// Adds a step unless it is there already or is known now; gives its number.
fn push(steps: &mut Vec<Step>, step: Step) -> usize {
    let constant = |at: usize| match steps[at] {
        Step::Constant(value) => Some(value),
        _ => None,
    };
    let step = match step {
        Step::Unary(op, a) => constant(a).map(|a| unary(op, a)),
        Step::Binary(op, a, b) => constant(a).zip(constant(b)).map(|(a, b)| binary(op, a, b)),
        _ => None,
    }
    .map_or(step, Step::Constant);
    if let Step::Select(condition, a, b) = step
        && let Some(condition) = constant(condition)
    {
        return if condition != 0.0 { a } else { b };
    }
    steps
        .iter()
        .position(|known| *known == step)
        .unwrap_or_else(|| {
            steps.push(step);
            steps.len() - 1
        })
}

fn moved(step: Step, to: impl Fn(usize) -> usize) -> Step {
    match step {
        Step::Value | Step::Constant(_) => step,
        Step::Unary(op, a) => Step::Unary(op, to(a)),
        Step::Binary(op, a, b) => Step::Binary(op, to(a), to(b)),
        Step::Select(condition, a, b) => Step::Select(to(condition), to(a), to(b)),
    }
}

fn mark(step: &Step, needed: &mut [bool]) {
    step.operands().for_each(|at| needed[at] = true);
}
