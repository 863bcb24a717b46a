//! Nodes that ask which cells of a value are infinite, or no numbers: `Equal` to an infinity, `IsInf`,
//! `IsNaN`.

use crate::Result;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::node::Node;
use crate::import::operator::{Asked, Infinities, Operator};
use crate::import::ops::asked::asked_signs;
use crate::import::state::Importer;
use crate::import::values::Value;
use crate::import::values::affine::Affine;

impl Importer<'_> {
    /// The output of a node that asks which cells of an operand are infinite, or no numbers, where
    /// the input decides that or where the operand is a constant; `None` for any other node.
    pub(crate) fn ask_infinities(
        &mut self,
        node: &Node<'_>,
        operator: &Operator,
    ) -> Result<Option<Affine>> {
        match (operator.infinities, &node.proto.input[..]) {
            (Infinities::Compared(holds), [a, b]) => self.compared(node, holds, (a, b)),
            (Infinities::Asked(asked), [of, ..]) => {
                if let Some(Value::Rows(value)) = self.values.get(of)
                    && value.is_constant()
                {
                    let truths = value.bias.iter().map(|v| f64::from(asked.of(node, *v)));
                    let truths = truths.collect();
                    return Ok(Some(Affine::constant(value.shape.clone(), truths)));
                }
                match asked {
                    Asked::Infinite => self.infinite_cells(node, of),
                    Asked::Undefined => self.undefined_cells(node, of),
                }
            }
            _ => Ok(None),
        }
    }

    /// A comparison of a value that the input makes −∞ in some cells with an infinite constant.
    fn compared(
        &mut self,
        node: &Node<'_>,
        holds: fn(&f64, &f64) -> bool,
        (a, b): (&str, &str),
    ) -> Result<Option<Affine>> {
        let infinite = |name: &str| match self.values.get(name) {
            Some(Value::Rows(value))
                if value.is_constant() && value.bias.iter().all(|v| v.is_infinite()) =>
            {
                Some(value.clone())
            }
            _ => None,
        };
        let (bound, of, first) = match (infinite(a), infinite(b)) {
            (None, Some(bound)) => (bound, a, true),
            (Some(bound), None) => (bound, b, false),
            _ => return Ok(None),
        };
        let Some(value) = self.infinite_at_times(of)? else {
            return Ok(None);
        };
        let shape = broadcast_shape(node, &value.shape, &bound.shape)?;
        let value = broadcast(node, &value, &shape)?;
        let bound = broadcast(node, &bound, &shape)?;
        let truth = |v: f64, bound: &f64| {
            f64::from(match first {
                true => holds(&v, bound),
                false => holds(bound, &v),
            })
        };
        let truths = bound.bias.iter();
        let truths: Vec<(f64, f64)> = truths
            .map(|bound| (truth(f64::NEG_INFINITY, bound), truth(0.0, bound)))
            .collect();
        if truths.iter().all(|(closed, open)| closed == open) {
            let truths = truths.into_iter().map(|(closed, _)| closed).collect();
            return Ok(Some(Affine::constant(shape, truths)));
        }
        let mut cells = self.builder.infinite(&node.output(), &value);
        cells.scale(|i| truths[i].0 - truths[i].1);
        for (bias, (_, open)) in cells.bias.iter_mut().zip(&truths) {
            *bias += open;
        }
        Ok(Some(cells))
    }

    /// Which cells of a value the input makes infinite.
    fn infinite_cells(&mut self, node: &Node<'_>, of: &str) -> Result<Option<Affine>> {
        let Some(value) = self.infinite_at_times(of)? else {
            return Ok(None);
        };
        let (negative, _) = asked_signs(node);
        Ok(Some(match negative {
            true => self.builder.infinite(&node.output(), &value),
            false => Affine::constant(value.shape.clone(), vec![0.0; value.len()]),
        }))
    }

    /// Which cells of a value are no numbers: probabilities of which all scores are infinite.
    fn undefined_cells(&mut self, node: &Node<'_>, of: &str) -> Result<Option<Affine>> {
        let unknown = || {
            node.invalid(format!(
                "asks where `{of}` is no number, which is computed of a soft-max that may have nothing but infinite scores; ask it of \
                 the soft-max itself"
            ))
        };
        let Some(value) = self.rows(of) else {
            let mut base = of;
            while let (None, Some(lineage)) = (self.values.get(base), self.lineages.get(base)) {
                base = &lineage.base;
            }
            let undefined = self.values.get(base).is_some_and(|value| {
                let mut sources = value.sources().into_iter();
                sources.any(|source| self.builder.reads_undefined(source))
            });
            return if undefined { Err(unknown()) } else { Ok(None) };
        };
        let Some(cells) = self.builder.no_numbers(&node.output(), &value) else {
            return Err(unknown());
        };
        let none = cells.is_constant() && cells.bias.iter().all(|v| *v == 0.0);
        // Infinities are numbers; of a function of a tensor more may be known.
        let known = !none || self.is_infinite_at_times(of);
        Ok(known.then_some(cells))
    }

    /// A value some of whose cells the input makes infinite.
    fn infinite_at_times(&mut self, name: &str) -> Result<Option<Affine>> {
        if !self.is_infinite_at_times(name) {
            return Ok(None);
        }
        self.force(name)?;
        Ok(self.rows(name))
    }

    /// A value with explicit weights.
    fn rows(&self, name: &str) -> Option<Affine> {
        match self.values.get(name)? {
            Value::Rows(value) => Some(value.clone()),
            Value::Planes(value) if value.is_placement() => Some(value.rows()),
            Value::Planes(_) => None,
        }
    }
}

impl Asked {
    /// The same of a constant.
    fn of(self, node: &Node<'_>, value: f64) -> bool {
        let (negative, positive) = asked_signs(node);
        match self {
            Self::Infinite => {
                negative && value == f64::NEG_INFINITY || positive && value == f64::INFINITY
            }
            Self::Undefined => value.is_nan(),
        }
    }
}
