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
    /// Where the region begins and ends that is cut out, as parts of the axis.
    region: (f64, f64),
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
    let regions = match cropped(node, sampler) {
        true => Some(regions(node, axes.len())?),
        false => None,
    };
    if regions.is_some() && sizes.is_none() {
        return Err(node.unsupported("scales of a region that is cut out are not; state the sizes"));
    }
    let mut result = Vec::with_capacity(axes.len());
    for (i, (axis, (input, number))) in axes.iter().zip(pairs()).enumerate() {
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
            region: regions.as_ref().map_or((0.0, 1.0), |regions| regions[i]),
        });
    }
    Ok(result)
}

/// Whether the node cuts out a region.
fn cropped(node: &Node<'_>, sampler: Sampler) -> bool {
    let mode = node.text("coordinate_transformation_mode");
    !is_old(node, sampler) && mode.as_deref() == Some("tf_crop_and_resize")
}

/// Where along each of `count` axes the region begins and ends.
fn regions(node: &Node<'_>, count: usize) -> Result<Vec<(f64, f64)>> {
    let numbers = node.optional_constant(1)?.unwrap_or_default();
    if numbers.len() != 2 * count {
        return Err(node.invalid(format!(
            "its region has {} numbers, expected a beginning and an end for each of {count} axes",
            numbers.len()
        )));
    }
    let (begins, ends) = numbers.split_at(count);
    Ok(begins.iter().copied().zip(ends.iter().copied()).collect())
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
        "tf_crop_and_resize" => {
            let (begin, end) = axis.region;
            match axis.output {
                1 => (begin + end) / 2.0 * (n - 1.0),
                _ => begin * (n - 1.0) + y * (end - begin) * (n - 1.0) / (m - 1.0),
            }
        }
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

/// A cubic convolution's weight at a distance, with the parameter `a`.
fn cubic_at(a: f64, distance: f64) -> f64 {
    match distance.abs() {
        d if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
        d if d < 2.0 => ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a,
        _ => 0.0,
    }
}

/// The weights of the four places around a point `r` beyond the second, with the parameter `a` of
/// the cubic.
pub(crate) fn cubic(a: f64, r: f64) -> [f64; 4] {
    [r + 1.0, r, 1.0 - r, 2.0 - r].map(|distance| cubic_at(a, distance))
}

/// The places around `at` from the first on, and their weights: a kernel `reach` wide on either
/// side, or wider by as much as the axis shrinks, so that no place is passed over.
fn smooth(at: f64, reach: f64, scale: f64, kernel: impl Fn(f64) -> f64) -> (f64, Vec<f64>) {
    let reach = reach / scale;
    let (first, last) = ((at - reach).floor() + 1.0, (at + reach).ceil() - 1.0);
    let places = (0..=(last - first).max(0.0) as usize).map(|i| first + i as f64);
    let weights: Vec<f64> = places.map(|place| kernel((place - at) * scale)).collect();
    let total: f64 = weights.iter().sum();
    (first, weights.iter().map(|weight| weight / total).collect())
}

/// The weights along one axis; a place outside of a region that is cut out has none.
pub(crate) fn weights(node: &Node<'_>, sampler: Sampler, axis: &Axis) -> Result<Weights> {
    let shrinks = node.int("antialias", 0) != 0 && axis.scale < 1.0;
    let mode = node.text("mode").unwrap_or_else(|| "nearest".into());
    let outside = node.int("exclude_outside", 0) == 0;
    let cropped = cropped(node, sampler);
    let result = |y: usize| -> Result<Vec<(usize, f64)>> {
        let at = coordinate(node, sampler, axis, y)?;
        if cropped && !(0.0..=axis.input as f64 - 1.0).contains(&at) {
            return Ok(Vec::new());
        }
        let first = at.floor();
        let a = node.float("cubic_coeff_a", -0.75);
        let (from, weights) = match mode.as_str() {
            "nearest" => (nearest(node, sampler, at)?, vec![1.0]),
            "linear" | "bilinear" if shrinks => {
                smooth(at, 1.0, axis.scale, |d| (1.0 - d.abs()).max(0.0))
            }
            "linear" | "bilinear" => (first, vec![1.0 - (at - first), at - first]),
            "cubic" if shrinks => smooth(at, 2.0, axis.scale, |d| cubic_at(a, d)),
            "cubic" => (first - 1.0, cubic(a, at - first).to_vec()),
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
        // What lies outside of the region is a number of the node's own.
        let beyond = node.float("extrapolation_value", 0.0);
        for (cell, bias) in value.bias.iter_mut().enumerate() {
            if weights[cell / inner % axis.output].is_empty() {
                *bias = beyond;
            }
        }
    }
    Ok(value)
}
