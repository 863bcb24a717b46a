//! Where a function is no number: outside its operators' domains.

use super::{Binary, Expression, Step, Unary};

impl Expression {
    /// Where it is no number, as 0 or 1; `None` if that cannot be told.
    pub(crate) fn undefined(&self) -> Option<Self> {
        let never = || Self::constant(0.0);
        let either = |a: &Self, b: &Self| match (a.as_constant(), b.as_constant()) {
            (Some(0.0), _) => b.clone(),
            (_, Some(0.0)) => a.clone(),
            _ => a.binary(Binary::Max, b),
        };
        let mut found: Vec<Self> = Vec::with_capacity(self.steps.len());
        for step in self.steps.iter() {
            let of_operands = || {
                let passed = step.passed();
                passed.fold(never(), |all, at| either(&all, &found[at]))
            };
            let here = match *step {
                Step::Constant(number) if number.is_infinite() => return None,
                Step::Constant(number) => Self::constant(f64::from(number.is_nan())),
                Step::Select(condition, a, b) if found[a] != found[b] => {
                    let condition = self.ending_at(condition);
                    condition.select(&found[a], &found[b])
                }
                Step::Unary(op, a) => either(&of_operands(), &op.undefined_of(&self.ending_at(a))),
                Step::Binary(op, a, b) => {
                    let (a, b) = (self.ending_at(a), self.ending_at(b));
                    either(&of_operands(), &op.undefined_of(&a, &b)?)
                }
                Step::Value | Step::Select(..) => of_operands(),
            };
            found.push(here);
        }
        found.pop()
    }
}

impl Unary {
    /// Where `op(a)` is no number though `a` is one, as 0 or 1.
    fn undefined_of(self, a: &Expression) -> Expression {
        let number = Expression::constant;
        match self {
            Self::Sqrt | Self::Log => number(0.0).binary(Binary::Greater, a),
            Self::Log1p => number(-1.0).binary(Binary::Greater, a),
            Self::Acosh => number(1.0).binary(Binary::Greater, a),
            Self::Asin | Self::Acos | Self::Atanh => a.unary(Self::Abs).with(Binary::Greater, 1.0),
            _ => number(0.0),
        }
    }
}

impl Binary {
    /// Where `op(a, b)` is no number though `a` and `b` are, as 0 or 1; `None` if that cannot be
    /// told.
    fn undefined_of(self, a: &Expression, b: &Expression) -> Option<Expression> {
        let never = Expression::constant(0.0);
        Some(match (self, a.as_constant(), b.as_constant()) {
            (Self::Div, _, Some(by)) if by != 0.0 => never,
            (Self::Div, ..) => {
                let zeros = a.with(Self::Equal, 0.0);
                zeros.binary(Self::Mul, &b.with(Self::Equal, 0.0))
            }
            (Self::Pow, _, Some(power)) if power.fract() == 0.0 => never,
            (Self::Pow, _, Some(_)) => never.binary(Self::Greater, a),
            (Self::Pow, Some(base), _) if base >= 0.0 => never,
            (Self::Pow, ..) => return None,
            _ => never,
        })
    }
}
