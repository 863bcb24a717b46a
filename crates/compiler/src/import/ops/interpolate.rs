//! What `Resize` and `Upsample` do along each axis: every place of the result is a few places of
//! the operand, each with a weight.

use crate::Result;
use crate::import::node::Node;
use crate::import::values::affine::Affine;

/// The places an axis' results are made of, with their weights.
pub(crate) type Weights = Vec<Vec<(usize, f64)>>;

/// Which operator resizes: the older one takes its scales elsewhere and knows neither modes of
/// rounding nor of coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampler {
    /// `Resize`
    Resize,
    /// `Upsample`
    Upsample,
}

/// An axis that is resized.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) axis: usize,
    pub(crate) input: usize,
    pub(crate) output: usize,
    scale: f64,
}

/// The axes that the node resizes.
pub(crate) fn axes(node: &Node<'_>, sampler: Sampler, shape: &[usize]) -> Result<Vec<Axis>> {
    let rank = shape.len();
    let (scales, sizes) = if sampler == Sampler::Upsample && node.opset < 9 {
        (node.floats("scales"), None)
    } else if is_old(node, sampler) {
        (node.optional_constant(1)?.map(<[f64]>::to_vec), None)
    } else {
        let given = |index| -> Result<Option<Vec<f64>>> {
            let values = node.optional_constant(index)?;
            Ok(values.filter(|v| !v.is_empty()).map(<[f64]>::to_vec))
        };
        (given(2)?, given(3)?)
    };
    let axes = node.axes(rank)?;
    let numbers = match (&scales, &sizes) {
        (Some(numbers), None) | (None, Some(numbers)) => numbers,
        _ => return Err(node.invalid("expected either `scales` or `sizes`")),
    };
    if numbers.len() != axes.len() {
        return Err(node.invalid(format!(
            "{numbers:?} names {} axes, the value has {rank}",
            numbers.len()
        )));
    }
    let pairs = || axes.iter().map(|axis| shape[*axis]).zip(numbers);
    let ratios = || pairs().map(|(input, size)| size / input as f64);
    // Where the aspect ratio is kept, all axes have one scale and the sizes only limit it.
    let common = match node.text("keep_aspect_ratio_policy").as_deref() {
        _ if sizes.is_none() => None,
        None | Some("" | "stretch") => None,
        Some("not_larger") => Some(ratios().fold(f64::INFINITY, f64::min)),
        Some("not_smaller") => Some(ratios().fold(0.0, f64::max)),
        Some(other) => {
            return Err(node.invalid(format!(
                "`keep_aspect_ratio_policy` is `{other}`, which does not exist"
            )));
        }
    };
    let mut result = Vec::with_capacity(axes.len());
    for (axis, (input, number)) in axes.iter().zip(pairs()) {
        let (output, scale) = match (common, sizes.is_some()) {
            (Some(scale), _) => ((scale * input as f64 + 0.5).floor(), scale),
            (None, true) => (*number, number / input as f64),
            (None, false) => ((input as f64 * number).floor(), *number),
        };
        if !(1.0..=65536.0).contains(&output) || scale <= 0.0 {
            return Err(node.invalid(format!("axis {axis} would have {output} places")));
        }
        result.push(Axis {
            axis: *axis,
            input,
            output: output as usize,
            scale,
        });
    }
    Ok(result)
}

/// Whether the node knows neither modes of rounding nor of coordinates.
fn is_old(node: &Node<'_>, sampler: Sampler) -> bool {
    sampler == Sampler::Upsample || node.opset < 11
}

/// Where, among the operand's places, result `y` is.
fn coordinate(node: &Node<'_>, sampler: Sampler, axis: &Axis, y: usize) -> Result<f64> {
    let mode = if is_old(node, sampler) {
        "asymmetric".into()
    } else {
        let mode = node.text("coordinate_transformation_mode");
        mode.unwrap_or_else(|| "half_pixel".into())
    };
    let (n, m, scale, y) = (axis.input as f64, axis.output as f64, axis.scale, y as f64);
    Ok(match mode.as_str() {
        "half_pixel" => (y + 0.5) / scale - 0.5,
        "pytorch_half_pixel" if axis.output > 1 => (y + 0.5) / scale - 0.5,
        "pytorch_half_pixel" => 0.0,
        "half_pixel_symmetric" => {
            // The output may be shorter than the scale says; both have the same centre.
            let adjustment = m / (scale * n);
            n / 2.0 * (1.0 - adjustment) + (y + 0.5) / scale - 0.5
        }
        "asymmetric" => y / scale,
        // Runtimes divide by the length the scale says or by the one it is rounded down to.
        "align_corners" if (scale * n - m).abs() > 1e-4 => {
            return Err(node.unsupported(format!(
                "scale {scale} of {n} places with `align_corners` means different things to different runtimes; state the sizes"
            )));
        }
        "align_corners" if axis.output > 1 => y * (n - 1.0) / (m - 1.0),
        "align_corners" => 0.0,
        other => {
            return Err(node.unsupported(format!(
                "coordinate_transformation_mode `{other}` is not supported; use `asymmetric` or `half_pixel`"
            )));
        }
    })
}

fn nearest(node: &Node<'_>, sampler: Sampler, at: f64) -> Result<f64> {
    let mode = if is_old(node, sampler) {
        "floor".into()
    } else {
        let mode = node.text("nearest_mode");
        mode.unwrap_or_else(|| "round_prefer_floor".into())
    };
    Ok(match mode.as_str() {
        "round_prefer_floor" => (at - 0.5).ceil(),
        "round_prefer_ceil" => (at + 0.5).floor(),
        "floor" => at.floor(),
        "ceil" => at.ceil(),
        other => {
            return Err(node.invalid(format!("`nearest_mode` is `{other}`, which does not exist")));
        }
    })
}

/// The weights of the four places around a point `r` beyond the second, with the parameter `a` of
/// the cubic.
fn cubic(a: f64, r: f64) -> [f64; 4] {
    let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
    let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
    [far(r + 1.0), near(r), near(1.0 - r), far(2.0 - r)]
}

/// The weights along one axis.
pub(crate) fn weights(node: &Node<'_>, sampler: Sampler, axis: &Axis) -> Result<Weights> {
    if node.int("antialias", 0) != 0 {
        return Err(node.unsupported("`antialias` is not supported; export without it"));
    }
    let mode = node.text("mode").unwrap_or_else(|| "nearest".into());
    let outside = node.int("exclude_outside", 0) == 0;
    let result = |y: usize| -> Result<Vec<(usize, f64)>> {
        let at = coordinate(node, sampler, axis, y)?;
        let first = at.floor();
        let (from, weights) = match mode.as_str() {
            "nearest" => (nearest(node, sampler, at)?, vec![1.0]),
            "linear" | "bilinear" => (first, vec![1.0 - (at - first), at - first]),
            "cubic" => {
                let a = node.float("cubic_coeff_a", -0.75);
                (first - 1.0, cubic(a, at - first).to_vec())
            }
            other => {
                return Err(node.unsupported(format!(
                    "mode `{other}` is not supported; use `nearest`, `linear` or `cubic`"
                )));
            }
        };
        let end = axis.input as f64 - 1.0;
        let places = weights.iter().enumerate();
        let places = places.map(|(i, weight)| (from + i as f64, *weight));
        let inside = |(place, _): &(f64, f64)| outside || (0.0..=end).contains(place);
        // What lies beyond an end is the end's, or left out and the rest made up for it.
        let kept: Vec<(f64, f64)> = places.filter(inside).collect();
        let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
        let share = if outside || mode == "nearest" {
            1.0
        } else {
            total
        };
        let place = |(place, weight): &(f64, f64)| (place.clamp(0.0, end) as usize, weight / share);
        let mut found: Vec<(usize, f64)> = kept.iter().map(place).collect();
        found.retain(|(_, weight)| *weight != 0.0);
        if found.is_empty() {
            found = vec![(nearest(node, sampler, at)?.clamp(0.0, end) as usize, 1.0)];
        }
        Ok(found)
    };
    (0..axis.output).map(result).collect()
}

/// The node's output, one axis after another.
pub(crate) fn resize(node: &Node<'_>, sampler: Sampler) -> Result<Affine> {
    let mut value = node.operand(0)?.clone();
    for axis in axes(node, sampler, &value.shape)? {
        let weights = weights(node, sampler, &axis)?;
        let mut shape = value.shape.clone();
        shape[axis.axis] = axis.output;
        node.count(&shape)?;
        let inner: usize = shape[axis.axis + 1..].iter().product();
        value = value.combine(shape, |cell| {
            let (outer, y) = (cell / inner / axis.output, cell / inner % axis.output);
            let from = move |place: usize| (outer * axis.input + place) * inner + cell % inner;
            weights[y]
                .iter()
                .map(move |(place, weight)| (from(*place), *weight))
        });
    }
    Ok(value)
}
