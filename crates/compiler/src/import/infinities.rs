//! Infinities: constants that hold them, values that stand for them, and those of which the input
//! decides which cells are infinite. No tensor holds an infinity.

use tract_onnx::pb::NodeProto;

use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::guarantee::Guarantee;
use crate::import::node::Node;
use crate::import::operator::{Infinities, Operator};
use crate::import::ops::functions::Cellwise;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;
use crate::import::values::{INFINITE, Value, rows_of};
use crate::{CompileError, Result};

fn refused(node: &Node<'_>, name: &str, does: &str) -> CompileError {
    node.invalid(format!(
        "{does} `{name}`, in which the input decides which cells are infinite, and no tensor holds an infinity; such a mask may be \
         moved, scaled, added to scores, asked for its infinities, and go through a soft-max or an ArgMax, so multiply by the \
         condition elsewhere, or use a large negative number"
    ))
}

impl Importer<'_> {
    /// Checks that nothing reads a value whose infinities the input decides upon but what moves it,
    /// adds to it, or is a soft-max or the like. A function of it may still be one that
    /// [scales](Self::check_scaled) it, if it is to be `folded`.
    pub(crate) fn check_scores(
        &self,
        node: &Node<'_>,
        operator: &Operator,
        folded: bool,
    ) -> Result<()> {
        let chosen = matches!(operator.infinities, Infinities::Chosen);
        let condition = node.proto.input.first();
        let known = condition.and_then(|name| self.values.get(name));
        if chosen && !known.is_some_and(Value::is_constant) {
            let highest = |name: &&String| match self.values.get(*name) {
                Some(Value::Rows(value)) => {
                    value.is_constant() && value.bias.contains(&f64::INFINITY)
                }
                _ => false,
            };
            if let Some(name) = node.proto.input.iter().find(highest) {
                return Err(refused(node, name, "makes"));
            }
        }
        let moves = operator.guarantee == Guarantee::Moved;
        if moves || operator.scores || chosen || matches!(operator.infinities, Infinities::Masked) {
            return Ok(());
        }
        let constant = |name: &&String| self.values.get(*name).is_some_and(Value::is_constant);
        let varying = node.proto.input.iter().filter(|name| !constant(name));
        // Any other function of one value knows what it is of an infinity.
        let function = !matches!(operator.cellwise, Cellwise::No)
            && !matches!(operator.infinities, Infinities::Compared(_))
            && varying.count() == 1;
        let infinite = |name: &&String| {
            self.is_infinite_at_times(name)
                && !(function && (folded || !self.values.contains_key(*name)))
        };
        match node.proto.input.iter().find(infinite) {
            Some(name) => Err(refused(node, name, "reads")),
            None => Ok(()),
        }
    }

    /// Checks that `a · value + c` leaves infinite what the input makes so, if it does.
    pub(crate) fn check_scaled(
        &self,
        node: &Node<'_>,
        value: &Value,
        affine: Option<(f64, f64)>,
    ) -> Result<()> {
        if !self.builder.decides_infinities_of(value) {
            return Ok(());
        }
        let kept = match (affine, value) {
            (Some((a, c)), _) if a == 0.0 || (a, c) == (1.0, 0.0) => true,
            // Such a bias would swallow another one.
            (Some((a, c)), _) => a > 0.0 && (c == 0.0 || !value.is_masked()),
            (None, _) => false,
        };
        match kept {
            true => Ok(()),
            false => Err(refused(node, &node.input(0), "reads")),
        }
    }

    /// Whether the input decides which cells of a value are infinite.
    pub(crate) fn is_infinite_at_times(&self, name: &str) -> bool {
        match (self.values.get(name), self.lineages.get(name)) {
            (Some(value), _) => self.builder.decides_infinities_of(value),
            (None, Some(lineage)) => lineage.expression.has_infinities(),
            (None, None) => false,
        }
    }

    /// What a comparison gives where one operand is infinite throughout: nobody need know more of
    /// the other one than that it is finite, or masked. `None` if neither is.
    pub(crate) fn beside_infinities(
        &self,
        node: &Node<'_>,
        holds: fn(&f64, &f64) -> bool,
    ) -> Result<Option<Affine>> {
        let [a, b] = &node.proto.input[..] else {
            return Ok(None);
        };
        let infinite = |name: &String| match self.values.get(name) {
            Some(Value::Rows(value)) => {
                value.is_constant() && value.bias.iter().all(|v| v.is_infinite())
            }
            _ => false,
        };
        if !infinite(a) && !infinite(b) {
            return Ok(None);
        }
        let (Some(a), Some(b)) = (self.magnitudes(a), self.magnitudes(b)) else {
            return Ok(None);
        };
        let shape = broadcast_shape(node, &a.shape, &b.shape)?;
        let (a, b) = (broadcast(node, &a, &shape)?, broadcast(node, &b, &shape)?);
        let pairs = a.bias.iter().zip(&b.bias);
        let truths = pairs.map(|(a, b)| f64::from(holds(a, b))).collect();
        Ok(Some(Affine::constant(shape, truths)))
    }

    /// For each cell of a value an infinity if it is one, or stands for one, and 0 if it is finite.
    pub(crate) fn magnitudes(&self, name: &str) -> Option<Affine> {
        let (value, direct) = match (self.values.get(name), self.lineages.get(name)) {
            (Some(value), _) => (value, true),
            (None, Some(lineage)) => (self.values.get(&lineage.base)?, false),
            (None, None) => return None,
        };
        let shape = value.shape().to_vec();
        let count = shape.iter().product();
        let mut signs = vec![0.0; count];
        if let (Value::Rows(value), true) = (value, direct) {
            for (sign, bias) in signs.iter_mut().zip(&value.bias) {
                if bias.abs() > INFINITE / 2.0 {
                    *sign = f64::INFINITY.copysign(*bias);
                }
            }
        }
        Some(Affine::constant(shape, signs))
    }

    /// The node with its operands, if all of them are constants.
    pub(crate) fn of_constants<'n>(&'n self, node: &Node<'n>) -> Option<Node<'n>> {
        let inputs = node.proto.input.iter();
        let operands: Vec<_> = inputs.map(|i| rows_of(self.values.get(i))).collect();
        let constant = |value: &&Affine| value.is_constant();
        let all = operands.iter().flatten().all(constant);
        all.then(|| node.with(operands))
    }

    /// A constant operand with its infinities made finite, where the operator may have such.
    pub(crate) fn masked(&self, operator: &Operator, input: &str) -> Option<Value> {
        let masks = matches!(operator.infinities, Infinities::Masked | Infinities::Chosen);
        if !masks || !self.constants.contains_key(input) {
            return None;
        }
        let Some(Value::Rows(value)) = self.values.get(input) else {
            return None;
        };
        let mut value = value.clone();
        let finite = |v: &mut f64| *v = v.clamp(-INFINITE, INFINITE);
        value.bias.iter_mut().for_each(finite);
        Some(Value::Rows(value))
    }

    /// Whether the input may exclude cells of a value.
    pub(crate) fn is_excluding(&self, name: Option<&String>) -> bool {
        match name.and_then(|name| self.values.get(name)) {
            Some(Value::Rows(value)) => self.builder.excludes(value),
            Some(value) => {
                let mut sources = value.sources().into_iter();
                sources.any(|source| self.builder.is_mask(source))
                    || self.builder.decides_infinities_of(value)
            }
            None => false,
        }
    }

    /// Makes tensors of what is added to a mask that the input decides: beside such numbers its
    /// biases were lost.
    pub(crate) fn keep_apart(&mut self, proto: &NodeProto) {
        let swallows = |input: &String| match self.values.get(input) {
            Some(Value::Rows(value)) => value.swallows(),
            _ => false,
        };
        if !proto.input.iter().any(swallows) {
            return;
        }
        let varying = |input: &&String| self.values.get(*input).is_some_and(|v| !v.is_constant());
        let others = proto
            .input
            .iter()
            .filter(varying)
            .filter(|input| !swallows(input));
        let others: Vec<String> = others.cloned().collect();
        others.iter().for_each(|input| self.materialise(input));
    }
}
