//! Operators of models that are quantised already. A quantised value is a whole number of steps:
//! `clamp(round(x / step) + zero)`, ties to the even one, and what is made of such numbers is
//! computed on them as ONNX says. Steps and zero points are constants.
//!
//! Where a sum's weights are whole multiples of one number, its rounding is an exact layer as long
//! as a table has room for all sums; see [`Builder::apply`](crate::import::builder::Builder).
//! A wider one rounds to keys first, and a value next to a half step can come out one step off.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto;

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int};
use crate::import::kinds::{ElementKind, kind};
use crate::import::node::Node;
use crate::import::number_types;
use crate::import::shapes::coordinates;

/// Operands that say what a step of a quantised value is: the value, its step, its zero point.
type Quantised = (usize, usize, usize);

/// The type of a value that the file states: an initializer's, an input's or a `Constant`'s.
fn stated_type(x: &Expansion<'_, '_>, name: &str) -> Option<i32> {
    let graph = x.importer.graph;
    let constant = graph.initializer.iter().find(|tensor| tensor.name == name);
    if let Some(tensor) = constant {
        return Some(tensor.data_type);
    }
    let declared = graph.input.iter().chain(&graph.value_info);
    let declared = declared
        .filter(|value| value.name == name)
        .find_map(|value| value.r#type.as_ref()?.value.as_ref());
    if let Some(type_proto::Value::TensorType(tensor)) = declared {
        return Some(tensor.elem_type);
    }
    let mut nodes = graph.node.iter();
    let made = nodes.find(|node| node.output.iter().any(|output| output == name))?;
    let value = made.attribute.iter().find(|a| a.name == "value")?;
    Some(value.t.as_ref()?.data_type)
}

/// The smallest and the largest number of a type.
fn limits(node: &Node<'_>, data_type: i32) -> Result<(f64, f64)> {
    if let Some(ElementKind::Whole {
        bits: bits @ ..8,
        signed,
    }) = kind(data_type)
    {
        let count = f64::from(1u32 << bits);
        return Ok(match signed {
            true => (-count / 2.0, count / 2.0 - 1.0),
            false => (0.0, count - 1.0),
        });
    }
    Ok(match DataType::try_from(data_type) {
        Ok(DataType::Uint8) => (0.0, 255.0),
        Ok(DataType::Int8) => (-128.0, 127.0),
        Ok(DataType::Uint16) => (0.0, 65535.0),
        Ok(DataType::Int16) => (-32768.0, 32767.0),
        Ok(DataType::Int32) => (f64::from(i32::MIN), f64::from(i32::MAX)),
        _ => {
            return Err(node.unsupported(format!(
                "quantised values of type {} are not; quantise to integers, or give the float model",
                number_types::name(data_type)
            )));
        }
    })
}

/// The type that operand `index`, a zero point, gives a quantised value.
fn zero_type(x: &Expansion<'_, '_>, node: &Node<'_>, index: usize) -> Result<i32> {
    let Some(name) = x.input(index) else {
        return match i32::try_from(node.int("output_dtype", 0)) {
            Ok(0) => Ok(DataType::Uint8 as i32),
            Ok(stated) => Ok(stated),
            Err(_) => Err(node.invalid("`output_dtype` is no type; export the model again")),
        };
    };
    let stated = stated_type(x, &name);
    let known = || x.importer.kinds.get(&name).map(|kind| kind.data_type());
    stated.or_else(known).ok_or_else(|| {
        node.unsupported(format!(
            "a zero point (`{name}`) that is computed is not; export with constants"
        ))
    })
}

/// Operand `index`, a constant but for one number: one number or one for each place along an axis (or each block of
/// places), in a shape that broadcasts to `shape`. `None` if the operand is not there.
fn parameter(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    index: usize,
    shape: &[usize],
    axis: Option<i64>,
) -> Result<Option<String>> {
    let Some(name) = x.input(index) else {
        return Ok(None);
    };
    // One number that is computed from the input, as a dynamic quantisation's are.
    let given = x
        .importer
        .graph
        .input
        .iter()
        .any(|input| input.name == name);
    if !given && x.known(&name).is_none() && x.shape(node, &name)?.iter().all(|size| *size == 1) {
        let number = x.plain(&name)?;
        return Ok(Some(x.reshape(&number, &[])?));
    }
    let Some(values) = x.constant_input(node, index)? else {
        return Ok(None);
    };
    if let [value] = values[..] {
        return Ok(Some(x.number(value)));
    }
    let own = x.shape(node, &name)?;
    let fits = || {
        node.invalid(format!(
            "operand {index} of shape {own:?} does not fit a value of shape {shape:?}"
        ))
    };
    let axis = node.axis(axis.unwrap_or(-1), shape.len())?;
    let block = usize::try_from(node.int("block_size", 0)).unwrap_or(0);
    if block > 0 {
        let mut blocks = shape.to_vec();
        blocks[axis] = shape[axis].div_ceil(block);
        if own != blocks {
            return Err(fits());
        }
        let cell = |cell: usize| {
            let mut at = coordinates(shape, cell);
            at[axis] /= block;
            values[crate::import::shapes::flat(&own, &at)]
        };
        let all = (0..node.count(shape)?).map(cell).collect();
        return Ok(Some(x.constant(shape.to_vec(), all)));
    }
    if own.len() != 1 || values.len() != shape[axis] {
        return Err(fits());
    }
    let mut wide = vec![1; shape.len()];
    wide[axis] = values.len();
    Ok(Some(x.constant(wide, values)))
}

/// A step, which must be there and not be zero.
fn step(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    index: usize,
    shape: &[usize],
    axis: Option<i64>,
) -> Result<String> {
    let found = parameter(x, node, index, shape, axis)?;
    let name = found.ok_or_else(|| node.invalid(format!("operand {index} is missing")))?;
    let values = x.known(&name).unwrap_or_default();
    if let Some(value) = values.iter().find(|v| !v.is_finite() || **v <= 0.0) {
        return Err(node.invalid(format!(
            "a step (operand {index}) is {value}, expected a positive number; quantise the model again"
        )));
    }
    Ok(name)
}

/// `name` less its zero point.
fn centred(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    name: &str,
    zero: usize,
    axis: Option<i64>,
) -> Result<String> {
    let shape = x.shape(node, name)?;
    let value = x.plain(name)?;
    match parameter(x, node, zero, &shape, axis)? {
        Some(zero) => x.op("Sub", &[&value, &zero]),
        None => Ok(value),
    }
}

/// The real numbers of a quantised operand.
fn real(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    (value, scale, zero): Quantised,
    axis: Option<i64>,
) -> Result<String> {
    let name = x.operand(node, value)?;
    let shape = x.shape(node, &name)?;
    let scale = step(x, node, scale, &shape, axis)?;
    let whole = centred(x, node, &name, zero, axis)?;
    x.op("Mul", &[&whole, &scale])
}

/// `clamp(round(steps) + zero)`
fn rounded(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    steps: &str,
    zero: usize,
    axis: Option<i64>,
) -> Result<String> {
    let data_type = zero_type(x, node, zero)?;
    let (low, high) = limits(node, data_type)?;
    let shape = x.shape(node, steps)?;
    let zero = parameter(x, node, zero, &shape, axis)?;
    let mut value = x.op("Round", &[steps])?;
    if let Some(zero) = zero {
        value = x.op("Add", &[&value, &zero])?;
    }
    let (low, high) = (x.number(low), x.number(high));
    let value = x.op("Clip", &[&value, &low, &high])?;
    if let Some(kind) = kind(data_type) {
        x.importer.kinds.insert(value.clone(), kind);
    }
    Ok(value)
}

/// The quantised form of real numbers.
fn quantised(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    value: &str,
    (scale, zero): (usize, usize),
    axis: Option<i64>,
) -> Result<Expanded> {
    let shape = x.shape(node, value)?;
    let scale = step(x, node, scale, &shape, axis)?;
    // Whole numbers are divided as real ones.
    let value = x.plain(value)?;
    let steps = match x.divided_in_single(&value, &scale) {
        Some(steps) => steps,
        None => x.op("Div", &[&value, &scale])?,
    };
    Ok(vec![(0, rounded(x, node, &steps, zero, axis)?)])
}

/// `QuantizeLinear`
pub(crate) fn quantise(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    quantised(x, node, &value, (1, 2), Some(node.int("axis", 1)))
}

/// `DynamicQuantizeLinear`: 255 steps from the smallest value, or 0, to the largest, or 0. What lies
/// next to a half step may come out one step off, as the step itself is rounded.
pub(crate) fn dynamic(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    const STEPS: f64 = 255.0;
    let value = x.operand(node, 0)?;
    let (zero, steps) = (x.number(0.0), x.number(STEPS));
    let largest = x.with("ReduceMax", &[&value], vec![int("keepdims", 0)])?;
    let largest = x.op("Max", &[&largest, &zero])?;
    let smallest = x.with("ReduceMin", &[&value], vec![int("keepdims", 0)])?;
    let smallest = x.op("Min", &[&smallest, &zero])?;
    let range = x.op("Sub", &[&largest, &smallest])?;
    // Values half-way between steps are rounded by the step as a 32-bit float.
    let scale = match x.divided_in_single(&range, &steps) {
        Some(scale) => scale,
        None => x.op("Div", &[&range, &steps])?,
    };
    let below = x.op("Neg", &[&smallest])?;
    let below = x.op("Div", &[&below, &scale])?;
    let below = x.op("Round", &[&below])?;
    let point = x.op("Clip", &[&below, &zero, &steps])?;
    let steps_of = x.op("Div", &[&value, &scale])?;
    let rounded = x.op("Round", &[&steps_of])?;
    let sum = x.op("Add", &[&rounded, &point])?;
    let quantised = x.op("Clip", &[&sum, &zero, &steps])?;
    for name in [&quantised, &point] {
        x.importer.kinds.insert(name.clone(), ElementKind::BYTE);
    }
    Ok(vec![(0, quantised), (1, scale), (2, point)])
}

/// `DequantizeLinear`
pub(crate) fn dequantise(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = real(x, node, (0, 1, 2), Some(node.int("axis", 1)))?;
    Ok(vec![(0, value)])
}

/// A product of whole numbers, which is a whole number.
fn whole(x: &mut Expansion<'_, '_>, value: String) -> Expanded {
    x.importer.kinds.insert(value.clone(), ElementKind::INT32);
    vec![(0, value)]
}

/// `MatMulInteger`
pub(crate) fn matmul_integer(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (a, b) = (x.operand(node, 0)?, x.operand(node, 1)?);
    let a = centred(x, node, &a, 2, Some(-2))?;
    let b = centred(x, node, &b, 3, Some(-1))?;
    let product = x.op("MatMul", &[&a, &b])?;
    Ok(whole(x, product))
}

/// `ConvInteger`
pub(crate) fn conv_integer(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (a, b) = (x.operand(node, 0)?, x.operand(node, 1)?);
    let a = centred(x, node, &a, 2, None)?;
    let b = centred(x, node, &b, 3, Some(0))?;
    let product = x.with("Conv", &[&a, &b], node.proto.attribute.clone())?;
    Ok(whole(x, product))
}

/// `factor = Π steps / step of the result`, in a shape that fits the result.
fn requantised(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    sum: &str,
    steps: [&str; 2],
    (scale, zero): (usize, usize),
) -> Result<Expanded> {
    let shape = x.shape(node, sum)?;
    let result = step(x, node, scale, &shape, None)?;
    let product = x.op("Mul", &steps)?;
    let factor = x.op("Div", &[&product, &result])?;
    let value = x.op("Mul", &[sum, &factor])?;
    Ok(vec![(0, rounded(x, node, &value, zero, None)?)])
}

/// `QLinearMatMul`
pub(crate) fn matmul(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (a, b) = (x.operand(node, 0)?, x.operand(node, 3)?);
    let (a_shape, b_shape) = (x.shape(node, &a)?, x.shape(node, &b)?);
    let a_step = step(x, node, 1, &a_shape, Some(-2))?;
    let b_step = step(x, node, 4, &b_shape, Some(-1))?;
    let a = centred(x, node, &a, 2, Some(-2))?;
    let b = centred(x, node, &b, 5, Some(-1))?;
    let sum = x.op("MatMul", &[&a, &b])?;
    requantised(x, node, &sum, [&a_step, &b_step], (6, 7))
}

/// `QLinearConv`
pub(crate) fn conv(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (a, b) = (x.operand(node, 0)?, x.operand(node, 3)?);
    let a_shape = x.shape(node, &a)?;
    let a_step = step(x, node, 1, &a_shape, None)?;
    let a = centred(x, node, &a, 2, None)?;
    let b = centred(x, node, &b, 5, Some(0))?;
    let mut operands = vec![a.as_str(), b.as_str()];
    let bias = x.input(8);
    operands.extend(bias.as_deref());
    let sum = x.with("Conv", &operands, node.proto.attribute.clone())?;
    let shape = x.shape(node, &sum)?;
    let b_step = step(x, node, 4, &shape, Some(1))?;
    requantised(x, node, &sum, [&a_step, &b_step], (6, 7))
}

/// `QGemm` of `com.microsoft`
pub(crate) fn gemm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (a, b) = (x.operand(node, 0)?, x.operand(node, 3)?);
    let a_shape = x.shape(node, &a)?;
    let columns = if node.int("transB", 0) != 0 { 0 } else { 1 };
    let a_step = step(x, node, 1, &a_shape, None)?;
    let a = centred(x, node, &a, 2, None)?;
    let b = centred(x, node, &b, 5, Some(columns))?;
    let kept = node.proto.attribute.iter();
    let kept = kept.filter(|attribute| attribute.name.starts_with("trans"));
    let mut sum = x.with("Gemm", &[&a, &b], kept.cloned().collect())?;
    if let Some(bias) = x.input(6) {
        sum = x.op("Add", &[&sum, &bias])?;
    }
    let shape = x.shape(node, &sum)?;
    let b_step = step(x, node, 4, &shape, Some(-1))?;
    let alpha = x.number(node.float("alpha", 1.0));
    let a_step = x.op("Mul", &[&a_step, &alpha])?;
    if x.input(7).is_none() {
        let both = x.op("Mul", &[&a_step, &b_step])?;
        return Ok(vec![(0, x.op("Mul", &[&sum, &both])?)]);
    }
    requantised(x, node, &sum, [&a_step, &b_step], (7, 8))
}

/// An operator of `com.microsoft` on the real numbers of two quantised values.
fn of_two(x: &mut Expansion<'_, '_>, node: &Node<'_>, op: &str) -> Result<Expanded> {
    let a = real(x, node, (0, 1, 2), None)?;
    let b = real(x, node, (3, 4, 5), None)?;
    let value = x.op(op, &[&a, &b])?;
    quantised(x, node, &value, (6, 7), None)
}

/// `QLinearAdd` of `com.microsoft`
pub(crate) fn add(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    of_two(x, node, "Add")
}

/// `QLinearMul` of `com.microsoft`
pub(crate) fn mul(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    of_two(x, node, "Mul")
}

/// An operator on the real numbers of one quantised value.
fn of_one(x: &mut Expansion<'_, '_>, node: &Node<'_>, op: &str) -> Result<Expanded> {
    if node.int("channels_last", 0) != 0 {
        return Err(
            node.unsupported("channels in the last axis are not; export with them in axis 1")
        );
    }
    let a = real(x, node, (0, 1, 2), None)?;
    let kept = node.proto.attribute.iter();
    let kept = kept.filter(|attribute| attribute.name != "channels_last");
    let value = x.with(op, &[&a], kept.cloned().collect())?;
    quantised(x, node, &value, (3, 4), None)
}

/// `QLinearSigmoid` of `com.microsoft`
pub(crate) fn sigmoid(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    of_one(x, node, "Sigmoid")
}

/// `QLinearLeakyRelu` of `com.microsoft`
pub(crate) fn leaky_relu(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    of_one(x, node, "LeakyRelu")
}

/// `QLinearAveragePool` of `com.microsoft`
pub(crate) fn average_pool(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    of_one(x, node, "AveragePool")
}

/// `QLinearGlobalAveragePool` of `com.microsoft`
pub(crate) fn global_average_pool(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    of_one(x, node, "GlobalAveragePool")
}

/// `QLinearConcat` of `com.microsoft`
pub(crate) fn concat(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let count = node.proto.input.len().saturating_sub(2) / 3;
    let mut parts = Vec::with_capacity(count);
    for part in 0..count {
        let first = 2 + 3 * part;
        parts.push(real(x, node, (first, first + 1, first + 2), None)?);
    }
    if parts.is_empty() {
        return Err(node.invalid("joins nothing; the file is damaged, export the model again"));
    }
    let value = x.concat(&parts, node.int("axis", 1))?;
    quantised(x, node, &value, (0, 1), None)
}
