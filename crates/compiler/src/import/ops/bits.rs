//! Operators on the bits of whole numbers, in two's complement.
//!
//! Bit `k` of a whole number is `⌊x / 2^k⌋ − 2·⌊x / 2^(k+1)⌋`, of a negative one as well. So the bits
//! that a constant keeps are a function of one value, and `x or y = x + y − (x and y)`.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::kinds::ElementKind;
use crate::import::node::Node;
use crate::import::ops::by_constant::by_constant;
use crate::import::ops::functions::{Cellwise, wrapped};
use crate::import::values::affine::Affine;

/// Whole numbers from here on are not told apart.
const DISTINCT: f64 = 9_007_199_254_740_992.0;
/// Two values that depend on the input are taken apart bit by bit, if they have no more than these.
const MAX_BITS: u32 = 8;

/// What is made of two bits: `sum · (a + b) + overlap · (a and b)`.
#[derive(Clone, Copy)]
struct Logic {
    sum: f64,
    overlap: f64,
}

const AND: Logic = Logic {
    sum: 0.0,
    overlap: 1.0,
};
const OR: Logic = Logic {
    sum: 1.0,
    overlap: -1.0,
};
const XOR: Logic = Logic {
    sum: 1.0,
    overlap: -2.0,
};

/// `BitwiseAnd` with a constant.
pub(crate) fn and(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    with_constant(node, all, AND)
}

/// `BitwiseOr` with a constant.
pub(crate) fn or(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    with_constant(node, all, OR)
}

/// `BitwiseXor` with a constant.
pub(crate) fn xor(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    with_constant(node, all, XOR)
}

/// `BitwiseAnd` of cells with constants of their own, or of two values.
pub(crate) fn both(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    of_cells(node, builder, Cellwise::All(and), AND)
}

/// `BitwiseOr` of cells with constants of their own, or of two values.
pub(crate) fn either(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    of_cells(node, builder, Cellwise::All(or), OR)
}

/// `BitwiseXor` of cells with constants of their own, or of two values.
pub(crate) fn differing(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    of_cells(node, builder, Cellwise::All(xor), XOR)
}

/// The bits and the sign of the type of the node's operands.
fn type_of(node: &Node<'_>) -> Result<(u32, bool)> {
    match node.kind {
        Some(ElementKind::Whole { bits, signed }) => Ok((bits, signed)),
        _ => Err(node
            .invalid("is of bits, and its operands are no whole numbers; export the model again")),
    }
}

fn with_constant(node: &Node<'_>, all: &[Expression], logic: Logic) -> Result<Option<Expression>> {
    type_of(node)?;
    let [a, b] = all else { return Ok(None) };
    let (value, constant) = match (a.as_constant(), b.as_constant()) {
        (_, Some(constant)) => (a, constant),
        (Some(constant), None) => (b, constant),
        (None, None) => return Ok(None),
    };
    if constant.abs() >= DISTINCT || constant.fract() != 0.0 {
        return Err(node.unsupported(format!(
            "the constant {constant} has bits beyond the 53rd, which are not told apart; drop those bits from it"
        )));
    }
    let kept = if constant < 0.0 {
        // What the other bits keep is left out.
        let others = masked(value, (-1.0 - constant) as u64);
        value.binary(Binary::Sub, &others)
    } else {
        masked(value, constant as u64)
    };
    let sum = value
        .with(Binary::Add, constant)
        .with(Binary::Mul, logic.sum);
    let result = sum.binary(Binary::Add, &kept.with(Binary::Mul, logic.overlap));
    // Rounding changes nothing, and says that the table has to be read at the integers themselves.
    Ok(Some(result.unary(Unary::Round)))
}

/// The bits of a whole number that are set in `mask`: a difference of two roundings for each run of
/// them.
fn masked(value: &Expression, mask: u64) -> Expression {
    let above = |bit: u32| {
        let step = 2f64.powi(bit as i32);
        let whole = value.with(Binary::Div, step).unary(Unary::Floor);
        whole.with(Binary::Mul, step)
    };
    let mut sum = Expression::constant(0.0);
    let mut bit = 0;
    while bit < u64::BITS && mask >> bit != 0 {
        bit += (mask >> bit).trailing_zeros();
        let end = bit + (mask >> bit).trailing_ones();
        let lower = if bit == 0 { value.clone() } else { above(bit) };
        sum = sum.binary(Binary::Add, &lower.binary(Binary::Sub, &above(end)));
        bit = end;
    }
    sum
}

fn of_cells(
    node: &Node<'_>,
    builder: &mut Builder,
    function: Cellwise,
    logic: Logic,
) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    if a.is_constant() || b.is_constant() {
        return by_constant(node, builder, function, true);
    }
    let (bits, signed) = type_of(node)?;
    if bits > MAX_BITS {
        return Err(node.unsupported(format!(
            "of two values that depend on the input it is for types of up to {MAX_BITS} bits, found {bits}; cast them to such a type \
             before it, or make one of them a constant"
        )));
    }
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let (a, b) = (broadcast(node, a, &shape)?, broadcast(node, b, &shape)?);
    let name = node.output();
    let first = bits_of(builder, &format!("{name}/first"), &a, bits);
    let second = bits_of(builder, &format!("{name}/second"), &b, bits);
    let mut overlap = Affine::constant(shape, vec![0.0; a.len()]);
    for (bit, (one, other)) in first.into_iter().zip(second).enumerate() {
        let mut excess = one.add(other);
        excess.bias.iter_mut().for_each(|bias| *bias -= 1.0);
        let name = format!("{name}/both{bit}");
        let mut both = match builder.has_whole_steps(&excess) {
            true => builder.layer_rows(name, excess, Activation::Relu, EXACT),
            false => builder.activate_rows(name, excess, Activation::Relu),
        };
        let value = 2f64.powi(bit as i32);
        let highest = signed && bit as u32 == bits - 1;
        both.scale(|_| if highest { -value } else { value });
        overlap = overlap.add(both);
    }
    overlap.scale(|_| logic.overlap);
    if logic.sum == 0.0 {
        return Ok(overlap);
    }
    Ok(a.add(b).add(overlap))
}

/// The bits of a whole number, the lowest first.
fn bits_of(builder: &mut Builder, name: &str, value: &Affine, bits: u32) -> Vec<Affine> {
    let whole = builder.has_whole_steps(value);
    let mut rest = value.clone();
    let mut found = Vec::with_capacity(bits as usize);
    for bit in 1..=bits {
        let halves = Expression::value().with(Binary::Div, 2f64.powi(bit as i32));
        let halves = halves.unary(Unary::Floor);
        let name = format!("{name}{bit}");
        let next = match whole {
            true => builder.layer_rows(name, value.clone(), halves.into(), EXACT),
            false => builder.activate_rows(name, value.clone(), halves.into()),
        };
        let mut twice = next.clone();
        twice.scale(|_| -2.0);
        found.push(rest.add(twice));
        rest = next;
    }
    found
}

/// `BitShift` by a constant: a shift by less than nothing, or by more bits than there are, is one by
/// all of them.
pub(crate) fn shift(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    let [value, by] = all else { return Ok(None) };
    let Some(by) = by.as_constant() else {
        return Ok(None);
    };
    let Some(ElementKind::Whole { bits, signed }) = node.kind else {
        return Err(node.invalid("shifts what are no whole numbers; export the model again"));
    };
    let most = f64::from(bits);
    let within = (0.0..most).contains(&by);
    match node.text("direction").as_deref() {
        Some("LEFT") if !within => Ok(Some(value.with(Binary::Mul, 0.0))),
        Some("LEFT") => {
            let times = value.with(Binary::Mul, 2f64.powf(by));
            Ok(Some(wrapped(&times, bits, signed)))
        }
        Some("RIGHT") => {
            let by = if within { by } else { most };
            let rest = value.with(Binary::Div, 2f64.powf(by));
            Ok(Some(rest.unary(Unary::Floor)))
        }
        other => Err(node.invalid(format!("`direction` is {other:?}, expected LEFT or RIGHT"))),
    }
}

/// `BitShift` by constants that differ from cell to cell.
pub(crate) fn shifted(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    by_constant(node, builder, Cellwise::All(shift), false)
}

/// `BitwiseNot`
pub(crate) fn complement(node: &Node<'_>) -> Result<Expression> {
    let minus = Expression::value().unary(Unary::Neg);
    match node.kind {
        Some(ElementKind::Whole { signed: true, .. }) => Ok(minus.with(Binary::Sub, 1.0)),
        Some(ElementKind::Whole { bits, .. }) => {
            Ok(minus.with(Binary::Add, 2f64.powi(bits as i32) - 1.0))
        }
        _ => Err(node.invalid("turns over what are no whole numbers; export the model again")),
    }
}
