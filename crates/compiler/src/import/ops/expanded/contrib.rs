//! Operators that optimisers write, of `com.microsoft`, and a few of ONNX's own, by what they are
//! made of.

use tract_onnx::pb::AttributeProto;

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int, ints};
use crate::import::node::Node;

/// The domain of onnxruntime's operators.
pub(crate) const DOMAIN: &str = "com.microsoft";

/// `value` under the function that attribute `activation` names, if there is one.
fn activated(x: &mut Expansion<'_, '_>, node: &Node<'_>, value: String) -> Result<String> {
    let parameters = node.floats("activation_params").unwrap_or_else(|| {
        let named = ["activation_alpha", "activation_beta"].into_iter();
        let given = named.filter_map(|name| node.raw(name));
        given.map(|attribute| f64::from(attribute.f)).collect()
    });
    let float = |name: &str, f: Option<&f64>| {
        f.map(|f| AttributeProto {
            name: name.into(),
            r#type: 1,
            f: *f as f32,
            ..Default::default()
        })
    };
    let (first, second) = (parameters.first(), parameters.get(1));
    match node.text("activation").as_deref().unwrap_or("") {
        "" => Ok(value),
        op @ ("Relu" | "Sigmoid" | "Tanh" | "HardSwish") => x.op(op, &[&value]),
        op @ "LeakyRelu" => x.with(op, &[&value], float("alpha", first).into_iter().collect()),
        op @ "HardSigmoid" => {
            let all = [float("alpha", first), float("beta", second)];
            x.with(op, &[&value], all.into_iter().flatten().collect())
        }
        op @ "Clip" => {
            let bound = |v: Option<&f64>, open| v.copied().unwrap_or(open);
            let low = x.number(bound(first, -f64::from(f32::MAX)));
            let high = x.number(bound(second, f64::from(f32::MAX)));
            x.op(op, &[&value, &low, &high])
        }
        other => Err(node.unsupported(format!(
            "activation `{other}` is not; export without graph optimisation"
        ))),
    }
}

fn without(node: &Node<'_>, names: &[&str]) -> Vec<AttributeProto> {
    let all = node.proto.attribute.iter();
    let kept = all.filter(|attribute| !names.contains(&attribute.name.as_str()));
    kept.cloned().collect()
}

/// `FusedConv`
pub(crate) fn conv(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let mut operands = vec![x.operand(node, 0)?, x.operand(node, 1)?];
    operands.extend(x.input(2));
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    let attributes = without(node, &["activation", "activation_params"]);
    let mut value = x.with("Conv", &operands, attributes)?;
    if let Some(more) = x.input(3) {
        value = x.op("Add", &[&value, &more])?;
    }
    Ok(vec![(0, activated(x, node, value)?)])
}

/// `FusedGemm`
pub(crate) fn gemm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let mut operands = vec![x.operand(node, 0)?, x.operand(node, 1)?];
    operands.extend(x.input(2));
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    let all = node.proto.attribute.iter();
    let kept = all.filter(|attribute| !attribute.name.starts_with("activation"));
    let value = x.with("Gemm", &operands, kept.cloned().collect())?;
    Ok(vec![(0, activated(x, node, value)?)])
}

/// `FusedMatMul`
pub(crate) fn matmul(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    if node.int("transBatchA", 0) != 0 || node.int("transBatchB", 0) != 0 {
        return Err(
            node.unsupported("batches that are turned are not; export without graph optimisation")
        );
    }
    let mut sides = Vec::with_capacity(2);
    for (index, flag) in [(0, "transA"), (1, "transB")] {
        let mut name = x.operand(node, index)?;
        let rank = x.shape(node, &name)?.len();
        if node.int(flag, 0) != 0 && rank > 1 {
            let mut order: Vec<i64> = (0..rank as i64).collect();
            order.swap(rank - 1, rank - 2);
            name = x.transpose(&name, &order)?;
        }
        sides.push(name);
    }
    let product = x.op("MatMul", &[&sides[0], &sides[1]])?;
    let alpha = x.number(node.float("alpha", 1.0));
    Ok(vec![(0, x.op("Mul", &[&product, &alpha])?)])
}

/// `Gelu`
pub(crate) fn gelu(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    Ok(vec![(0, x.op("Gelu", &[&value])?)])
}

/// `BiasGelu`
pub(crate) fn bias_gelu(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let sum = x.op("Add", &[&x.operand(node, 0)?, &x.operand(node, 1)?])?;
    Ok(vec![(0, x.op("Gelu", &[&sum])?)])
}

/// `FastGelu`
pub(crate) fn fast_gelu(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let mut value = x.operand(node, 0)?;
    if let Some(bias) = x.input(1) {
        value = x.op("Add", &[&value, &bias])?;
    }
    let tanh = AttributeProto {
        name: "approximate".into(),
        r#type: 3,
        s: b"tanh".to_vec(),
        ..Default::default()
    };
    Ok(vec![(0, x.with("Gelu", &[&value], vec![tanh])?)])
}

/// `QuickGelu`: `x · sigmoid(alpha · x)`
pub(crate) fn quick_gelu(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    let alpha = x.number(node.float("alpha", 1.702));
    let scaled = x.op("Mul", &[&value, &alpha])?;
    let gate = x.op("Sigmoid", &[&scaled])?;
    Ok(vec![(0, x.op("Mul", &[&value, &gate])?)])
}

fn normalised(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    op: &str,
    value: &str,
    (scale, shift): (usize, Option<usize>),
) -> Result<String> {
    let mut operands = vec![value.to_owned(), x.operand(node, scale)?];
    operands.extend(shift.and_then(|shift| x.input(shift)));
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    let epsilon = AttributeProto {
        name: "epsilon".into(),
        r#type: 1,
        f: node.float("epsilon", 1e-5) as f32,
        ..Default::default()
    };
    x.with(
        op,
        &operands,
        vec![epsilon, int("axis", node.int("axis", -1))],
    )
}

/// `SimplifiedLayerNormalization`
pub(crate) fn simplified_norm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    let value = normalised(x, node, "RMSNormalization", &value, (1, None))?;
    Ok(vec![(0, value)])
}

/// `SkipLayerNormalization`, or without means where `simplified`.
fn skip(x: &mut Expansion<'_, '_>, node: &Node<'_>, simplified: bool) -> Result<Expanded> {
    let mut sum = x.op("Add", &[&x.operand(node, 0)?, &x.operand(node, 1)?])?;
    if let Some(bias) = x.input(if simplified { 3 } else { 4 }) {
        sum = x.op("Add", &[&sum, &bias])?;
    }
    let value = if simplified {
        normalised(x, node, "RMSNormalization", &sum, (2, None))?
    } else {
        normalised(x, node, "LayerNormalization", &sum, (2, Some(3)))?
    };
    Ok(vec![(0, value), (3, sum)])
}

/// `SkipLayerNormalization`
pub(crate) fn skip_norm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    skip(x, node, false)
}

/// `SkipSimplifiedLayerNormalization`
pub(crate) fn skip_simplified(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    skip(x, node, true)
}

/// `CDist`: the distance of every row of one matrix from every row of another.
pub(crate) fn distances(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (a, b) = (x.operand(node, 0)?, x.operand(node, 1)?);
    let metric = node.text("metric").unwrap_or_else(|| "sqeuclidean".into());
    let root = match &*metric {
        "euclidean" => true,
        "sqeuclidean" => false,
        other => {
            return Err(node.unsupported(format!(
                "metric `{other}` is not; use `euclidean` or `sqeuclidean`"
            )));
        }
    };
    // |a − b|² = |a|² − 2·a·b + |b|²
    let squares = |x: &mut Expansion<'_, '_>, name: &str| {
        let attributes = vec![ints("axes", &[1]), int("keepdims", 1)];
        x.with("ReduceSumSquare", &[name], attributes)
    };
    let (of_a, of_b) = (squares(x, &a)?, squares(x, &b)?);
    let (b, of_b) = (x.transpose(&b, &[1, 0])?, x.transpose(&of_b, &[1, 0])?);
    let product = x.op("MatMul", &[&a, &b])?;
    let minus = x.number(-2.0);
    let twice = x.op("Mul", &[&product, &minus])?;
    let sum = x.op("Add", &[&of_a, &of_b])?;
    let mut value = x.op("Add", &[&sum, &twice])?;
    if root {
        value = x.op("Sqrt", &[&value])?;
    }
    Ok(vec![(0, value)])
}

/// `MeanVarianceNormalization`
pub(crate) fn mean_variance(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    let axes = node.ints("axes").unwrap_or_else(|| vec![0, 2, 3]);
    let mean = x.with("ReduceMean", &[&value], vec![ints("axes", &axes)])?;
    let centred = x.op("Sub", &[&value, &mean])?;
    let square = x.op("Mul", &[&centred, &centred])?;
    let variance = x.with("ReduceMean", &[&square], vec![ints("axes", &axes)])?;
    let deviation = x.op("Sqrt", &[&variance])?;
    let little = x.number(1e-9);
    let deviation = x.op("Add", &[&deviation, &little])?;
    Ok(vec![(0, x.op("Div", &[&centred, &deviation])?)])
}

/// `LpNormalization`
pub(crate) fn lp_norm(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    let op = match node.int("p", 2) {
        1 => "ReduceL1",
        2 => "ReduceL2",
        p => return Err(node.invalid(format!("`p` is {p}, expected 1 or 2"))),
    };
    let axis = node.int("axis", -1);
    let size = x.with(op, &[&value], vec![ints("axes", &[axis])])?;
    // Zeros stay zeros.
    let none = x.number(0.0);
    let none = x.op("Equal", &[&size, &none])?;
    let size = x.op("Add", &[&size, &none])?;
    Ok(vec![(0, x.op("Div", &[&value, &size])?)])
}

/// `LRN`: a cell over a power of the squares of the channels around it.
pub(crate) fn local_response(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    let shape = x.shape(node, &value)?;
    let size = node.int("size", 1).max(1);
    let Some(channels) = shape.get(1).map(|c| *c as i64) else {
        return Err(node.invalid(format!(
            "expected channels in axis 1, found shape {shape:?}"
        )));
    };
    let square = x.op("Mul", &[&value, &value])?;
    let (before, after) = ((size - 1) / 2, size - 1 - (size - 1) / 2);
    let near = (0..channels).flat_map(|to| {
        (0..channels).map(move |from| f64::from(from >= to - before && from <= to + after))
    });
    let near = x.constant(vec![channels as usize, channels as usize], near.collect());
    let inner: usize = shape[2..].iter().product();
    let flat = x.reshape(&square, &[shape[0], channels as usize, inner])?;
    let sums = x.op("MatMul", &[&near, &flat])?;
    let sums = x.reshape(&sums, &shape)?;
    let alpha = x.number(node.float("alpha", 1e-4) / size as f64);
    let bias = x.number(node.float("bias", 1.0));
    let exponent = x.number(-node.float("beta", 0.75));
    let scaled = x.op("Mul", &[&sums, &alpha])?;
    let scaled = x.op("Add", &[&scaled, &bias])?;
    let power = x.op("Pow", &[&scaled, &exponent])?;
    Ok(vec![(0, x.op("Mul", &[&value, &power])?)])
}

/// `LpPool`: the p-th root of the sum of p-th powers in each window.
pub(crate) fn lp_pool(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    if node.int("ceil_mode", 0) != 0 {
        return Err(node.unsupported("`ceil_mode` is not; export without it"));
    }
    let p = node.int("p", 2);
    let size = x.op("Abs", &[&value])?;
    let power = match p {
        1 => size,
        2 => x.op("Mul", &[&value, &value])?,
        p => {
            let p = x.number(p as f64);
            x.op("Pow", &[&size, &p])?
        }
    };
    // Padding counts, so that the mean times the window's size is the sum.
    let mut attributes = without(node, &["p", "ceil_mode"]);
    attributes.push(int("count_include_pad", 1));
    let mean = x.with("AveragePool", &[&power], attributes)?;
    let window = node.ints("kernel_shape").unwrap_or_default();
    let count = x.number(window.iter().product::<i64>() as f64);
    let sum = x.op("Mul", &[&mean, &count])?;
    let root = match p {
        1 => sum,
        2 => x.op("Sqrt", &[&sum])?,
        p => {
            let root = x.number(1.0 / p as f64);
            x.op("Pow", &[&sum, &root])?
        }
    };
    Ok(vec![(0, root)])
}

/// `GlobalLpPool`: the root of the sum of powers over all of a channel.
pub(crate) fn global_lp_pool(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    let rank = x.shape(node, &value)?.len() as i64;
    let axes: Vec<i64> = (2..rank).collect();
    let axes = x.list(&axes);
    let root = match node.int("p", 2) {
        1 => x.op("ReduceL1", &[&value, &axes])?,
        2 => x.op("ReduceL2", &[&value, &axes])?,
        p => {
            let size = x.op("Abs", &[&value])?;
            let (power, root) = (x.number(p as f64), x.number(1.0 / p as f64));
            let powers = x.op("Pow", &[&size, &power])?;
            let sum = x.op("ReduceSum", &[&powers, &axes])?;
            x.op("Pow", &[&sum, &root])?
        }
    };
    Ok(vec![(0, root)])
}

/// `CumProd`: each cell times those before it along the axis, or after it.
pub(crate) fn running_product(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let value = x.operand(node, 0)?;
    let shape = x.shape(node, &value)?;
    let axis = match x.constant_input(node, 1)?.as_deref() {
        Some([axis]) => node.axis(*axis as i64, shape.len())?,
        _ => return Err(node.invalid("expected one axis")),
    };
    let (exclusive, reverse) = (node.int("exclusive", 0) != 0, node.int("reverse", 0) != 0);
    let mut parts = Vec::with_capacity(shape[axis]);
    for place in 0..shape[axis] {
        let place = if reverse {
            shape[axis] - 1 - place
        } else {
            place
        };
        parts.push(x.slice(&value, axis, place, place + 1)?);
    }
    if exclusive {
        let mut one = shape.clone();
        one[axis] = 1;
        let ones = vec![1.0; one.iter().product()];
        parts.pop();
        parts.insert(0, x.constant(one, ones));
    }
    for place in 1..parts.len() {
        let product = x.op("Mul", &[&parts[place - 1].clone(), &parts[place].clone()])?;
        x.tensor(&product)?;
        parts[place] = product;
    }
    if reverse {
        parts.reverse();
    }
    Ok(vec![(0, x.concat(&parts, axis as i64)?)])
}

/// `SwiGLU`: one operand gated by the `Swish` of the other.
pub(crate) fn gated(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (gate, value) = (x.operand(node, 0)?, x.operand(node, 1)?);
    let gate = x.with("Swish", &[&gate], node.proto.attribute.clone())?;
    Ok(vec![(0, x.op("Mul", &[&gate, &value])?)])
}
