//! Normalisations by what the values themselves say: layer, instance, group and root mean square
//! norms.
//!
//! With `c = x − mean` made a tensor, `c²` is exact, `r = 1/√(mean c² + ε)` one look-up for each
//! group, and `c·r` exact again; what exporters write out operator by operator ends up as the same.
//! An output is off by at most `|γ|·(|c|·δr + |r|·δc)` with `δc` half a step of `c` and `δr` the
//! error of the look-up, and half a step where it is rounded.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::values::affine::Affine;

/// Subtracting a mean spelled out needs the square of this many weights; beyond it the mean becomes
/// a tensor.
const SPELLED_OUT: usize = 128;

/// `1/√(v + epsilon)`
fn inverse_root(epsilon: f64) -> Activation {
    let root = Expression::value()
        .with(Binary::Add, epsilon)
        .unary(Unary::Sqrt);
    Expression::constant(1.0).binary(Binary::Div, &root).into()
}

impl Builder {
    /// Each group's cells divided by the root of their mean square, after their mean is subtracted
    /// where `centred`.
    fn normalised(
        &mut self,
        name: &str,
        value: &Affine,
        groups: &[Vec<usize>],
        epsilon: f64,
        centred: bool,
    ) -> Affine {
        let mut group_of = vec![0; value.len()];
        for (number, group) in groups.iter().enumerate() {
            group.iter().for_each(|cell| group_of[*cell] = number);
        }
        let shape = value.shape.clone();
        let mean = |value: &Affine| {
            value.combine(vec![1, groups.len()], |group| {
                let weight = 1.0 / groups[group].len() as f64;
                groups[group].iter().map(move |cell| (*cell, weight))
            })
        };
        let mut centre = value.clone();
        if centred {
            let mut mean = mean(value);
            if groups.iter().any(|group| group.len() > SPELLED_OUT) {
                mean = self.activate_rows(format!("{name}/mean"), mean, Activation::Identity);
            }
            mean.scale(|_| -1.0);
            centre = centre.add(mean.gather(shape.clone(), &group_of));
        }
        let centre = self.integers(format!("{name}/centred"), centre);
        let squares = self.square(name, &centre);
        let root = self.activate_rows(
            format!("{name}/inverse_root"),
            mean(&squares),
            inverse_root(epsilon),
        );
        let root = root.gather(shape, &group_of);
        let product = self.product(name, &centre, &root);
        // A tensor before scales are applied: those then multiply its integers with the precision
        // of any other weight.
        self.integers(format!("{name}/normalised"), product)
    }
}

/// Multiplies by a scale and adds a bias, each one value for each `index(cell)`.
fn affine(
    node: &Node<'_>,
    value: &mut Affine,
    operands: (usize, usize),
    len: usize,
    index: impl Fn(usize) -> usize,
) -> Result<()> {
    let parameter = |operand| {
        let values = node.optional_constant(operand)?;
        match values {
            Some(values) if values.len() != len => Err(node.invalid(format!(
                "operand {operand} has {} values, expected {len}",
                values.len()
            ))),
            values => Ok(values),
        }
    };
    if let Some(scale) = parameter(operands.0)? {
        value.scale(|i| scale[index(i)]);
    }
    if let Some(shift) = parameter(operands.1)? {
        for (i, bias) in value.bias.iter_mut().enumerate() {
            *bias += shift[index(i)];
        }
    }
    Ok(())
}

/// `LayerNormalization` and `RMSNormalization`: over all axes from `axis` on.
pub(crate) fn layer(node: &Node<'_>, builder: &mut Builder, centred: bool) -> Result<Affine> {
    let operand = node.operand(0)?;
    let axis = node.axis(node.int("axis", -1), operand.shape.len())?;
    let inner: usize = operand.shape[axis..].iter().product();
    let groups: Vec<Vec<usize>> = (0..operand.len() / inner)
        .map(|group| (group * inner..(group + 1) * inner).collect())
        .collect();
    let epsilon = epsilon(node)?;
    let mut value = builder.normalised(&node.output(), operand, &groups, epsilon, centred);
    affine(node, &mut value, (1, 2), inner, |cell| cell % inner)?;
    Ok(value)
}

/// `InstanceNormalization`, and `GroupNormalization` into `num_groups` groups of channels. Scale
/// and bias are one for each channel, or before opset 21 one for each group.
pub(crate) fn channels(node: &Node<'_>, builder: &mut Builder, grouped: bool) -> Result<Affine> {
    let operand = node.operand(0)?;
    if operand.shape.len() < 2 {
        return Err(node.invalid(format!(
            "expected channels at axis 1, found shape {:?}",
            operand.shape
        )));
    }
    let channels = operand.shape[1];
    let plane: usize = operand.shape[2..].iter().product();
    let count = if grouped {
        usize::try_from(node.int("num_groups", 0)).unwrap_or(0)
    } else {
        channels
    };
    if count == 0 || !channels.is_multiple_of(count) {
        return Err(node.invalid(format!(
            "{channels} channels do not split into {count} groups"
        )));
    }
    let size = channels / count * plane;
    let groups: Vec<Vec<usize>> = (0..operand.len() / size)
        .map(|group| (group * size..(group + 1) * size).collect())
        .collect();
    let epsilon = epsilon(node)?;
    let mut value = builder.normalised(&node.output(), operand, &groups, epsilon, true);
    let by_group = grouped && node.opset < 21;
    let len = if by_group { count } else { channels };
    affine(node, &mut value, (1, 2), len, |cell| {
        let channel = cell / plane % channels;
        if by_group {
            channel / (channels / count)
        } else {
            channel
        }
    })?;
    Ok(value)
}

fn epsilon(node: &Node<'_>) -> Result<f64> {
    let epsilon = node.float("epsilon", 1e-5);
    if epsilon < 0.0 {
        return Err(node.invalid(format!("`epsilon` is {epsilon}, expected at least 0")));
    }
    Ok(epsilon)
}
