//! How a function scales with its variable, as far as the structure of its program shows.

use crate::float::expression::{Binary, Expression, Step, Unary};

impl Expression {
    /// The degree `d` with `f(c·v) = c^d·f(v)` for every `c > 0`, where the program's structure
    /// shows one.
    pub fn degree(&self) -> Option<f64> {
        let mut degrees: Vec<Degree> = Vec::with_capacity(self.steps().len());
        for step in self.steps().iter() {
            let degree = match *step {
                Step::Value => Degree::Of(1.0),
                // Zero scales like anything.
                Step::Constant(0.0) => Degree::Any,
                Step::Constant(_) => Degree::Of(0.0),
                Step::Unary(op, a) => unary_degree(op, degrees[a]),
                Step::Binary(op, a, b) => binary_degree(op, degrees[a], degrees[b]),
                Step::Select(condition, a, b) if degrees[condition] != Degree::None => {
                    degrees[a].same(degrees[b])
                }
                Step::Select(..) => Degree::None,
            };
            degrees.push(degree);
        }
        match degrees.last() {
            Some(Degree::Of(degree)) => Some(*degree),
            _ => None,
        }
    }
}

/// What is known about how a step scales with the variable.
#[derive(Clone, Copy, PartialEq)]
enum Degree {
    Of(f64),
    /// The function is zero.
    Any,
    None,
}

impl Degree {
    /// The degree of a sum or a choice of both.
    fn same(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, degree) | (degree, Self::Any) => degree,
            (Self::Of(a), Self::Of(b)) if a == b => self,
            _ => Self::None,
        }
    }
}

fn unary_degree(op: Unary, a: Degree) -> Degree {
    match (op, a) {
        (_, Degree::None) => Degree::None,
        (Unary::Neg | Unary::Abs, degree) => degree,
        (Unary::Sign, _) => Degree::Of(0.0),
        (Unary::Sqrt, Degree::Of(degree)) => Degree::Of(degree / 2.0),
        // A function of what does not change does not change.
        (_, Degree::Of(0.0) | Degree::Any) => Degree::Of(0.0),
        _ => Degree::None,
    }
}

fn binary_degree(op: Binary, a: Degree, b: Degree) -> Degree {
    match (op, a, b) {
        (_, Degree::None, _) | (_, _, Degree::None) => Degree::None,
        (Binary::Add | Binary::Sub | Binary::Max | Binary::Min, a, b) => a.same(b),
        (Binary::Equal | Binary::Greater | Binary::GreaterOrEqual, a, b) => match a.same(b) {
            Degree::None => Degree::None,
            _ => Degree::Of(0.0),
        },
        (Binary::Mul, Degree::Of(a), Degree::Of(b)) => Degree::Of(a + b),
        (Binary::Mul, ..) => Degree::Any,
        (Binary::Div, Degree::Of(a), Degree::Of(b)) => Degree::Of(a - b),
        (Binary::Pow, Degree::Of(0.0), Degree::Of(0.0)) => Degree::Of(0.0),
        _ => Degree::None,
    }
}
