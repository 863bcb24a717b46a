//! `RoiAlign`: constant regions of a value, read on a grid and pooled.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::constants::dimensions;
use crate::import::values::affine::Affine;
use crate::import::values::cells::columns;

/// Cells and their weights.
type Weighed = Vec<(usize, f64)>;

/// One of `RoiAlign`'s axes: where the samples of each output lie.
fn samples(start: f64, length: f64, outputs: usize, each: usize) -> Vec<Vec<f64>> {
    let bin = length / outputs as f64;
    let sample = |output: usize, i: usize| {
        start + output as f64 * bin + (i as f64 + 0.5) * bin / each as f64
    };
    (0..outputs)
        .map(|output| (0..each).map(|i| sample(output, i)).collect())
        .collect()
}

/// What `RoiAlign` reads along an axis: the two cells around a place, and nothing further than one
/// cell beyond the ends.
fn aligned(place: f64, length: usize) -> Option<[(usize, f64); 2]> {
    if place < -1.0 || place > length as f64 {
        return None;
    }
    let place = place.max(0.0);
    let low = (place as usize).min(length - 1);
    let high = (low + 1).min(length - 1);
    let rest = if low == high { 0.0 } else { place - low as f64 };
    Some([(low, 1.0 - rest), (high, rest)])
}

/// `RoiAlign` of constant regions.
pub(crate) fn roi_align(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let value = node.operand(0)?;
    let (regions, of) = (node.constant(1)?, node.constant(2)?);
    let [batch, channels, rows, columns] = value.shape[..] else {
        return Err(node.invalid(format!("expected four axes, found shape {:?}", value.shape)));
    };
    let of = dimensions(node, of)?;
    if regions.len() != 4 * of.len() || of.iter().any(|sample| *sample >= batch) {
        return Err(node.invalid(format!(
            "has {} numbers of regions for {} of them; expected four each, of samples there are",
            regions.len(),
            of.len()
        )));
    }
    let number = |name: &str, default| usize::try_from(node.int(name, default)).unwrap_or(0);
    let (height, width) = (number("output_height", 1), number("output_width", 1));
    let shape = vec![of.len(), channels, height, width];
    node.count(&shape)?;
    // `half_pixel` is the default from opset 16 on.
    let default = if node.opset < 16 {
        "output_half_pixel"
    } else {
        "half_pixel"
    };
    let transform = node.text("coordinate_transformation_mode");
    let half = transform.as_deref().unwrap_or(default) == "half_pixel";
    let scale = node.float("spatial_scale", 1.0);
    let ratio = number("sampling_ratio", 0);
    let axis = |from: f64, to: f64, outputs: usize| {
        let shift = if half { 0.5 } else { 0.0 };
        let (start, mut length) = (from * scale - shift, (to - from) * scale);
        if !half {
            length = length.max(1.0);
        }
        let own = (length / outputs as f64).ceil().max(0.0) as usize;
        samples(start, length, outputs, if ratio > 0 { ratio } else { own })
    };
    let mut read: Vec<Vec<Weighed>> = Vec::new();
    for (region, sample) in regions.chunks(4).zip(&of) {
        let (down, across) = (
            axis(region[1], region[3], height),
            axis(region[0], region[2], width),
        );
        for (channel, output) in
            (0..channels).flat_map(|c| (0..height * width).map(move |o| (c, o)))
        {
            let first = (sample * channels + channel) * rows * columns;
            let (ys, xs) = (&down[output / width], &across[output % width]);
            let points = ys.iter().flat_map(|y| xs.iter().map(move |x| (*y, *x)));
            let point = |(y, x): (f64, f64)| -> Weighed {
                let (Some(ys), Some(xs)) = (aligned(y, rows), aligned(x, columns)) else {
                    return Vec::new();
                };
                let both = ys.iter().flat_map(|y| xs.iter().map(move |x| (y, x)));
                both.map(|(y, x)| (first + y.0 * columns + x.0, y.1 * x.1))
                    .collect()
            };
            read.push(points.map(point).collect());
        }
    }
    match node.text("mode").as_deref().unwrap_or("avg") {
        "avg" => Ok(value.combine(shape, |output| {
            let share = 1.0 / read[output].len().max(1) as f64;
            let all = read[output].iter().flatten();
            all.map(move |(cell, weight)| (*cell, weight * share))
        })),
        "max" => Ok(largest(node, builder, value, &read, shape)),
        other => Err(node.invalid(format!("`mode` is `{other}`, expected avg or max"))),
    }
}

/// For each output the largest of all weighed cells that it reads; what lies outside counts as
/// zero.
fn largest(
    node: &Node<'_>,
    builder: &mut Builder,
    value: &Affine,
    read: &[Vec<Weighed>],
    shape: Vec<usize>,
) -> Affine {
    let candidates: Vec<Vec<(usize, f64)>> = read
        .iter()
        .map(|points| {
            let four = |point: &Weighed| match point.is_empty() {
                true => vec![(0, 0.0)],
                false => point.clone(),
            };
            let mut all: Weighed = points.iter().flat_map(four).collect();
            if all.is_empty() {
                all.push((0, 0.0));
            }
            all
        })
        .collect();
    let flat: Weighed = candidates.iter().flatten().copied().collect();
    let weighed = value.combine(vec![flat.len()], |i| std::iter::once(flat[i]));
    let weighed = builder.integers(format!("{}/weighed", node.output()), weighed);
    let longest = candidates.iter().map(Vec::len).max().unwrap_or(0);
    let mut first = 0;
    let groups: Vec<Vec<usize>> = candidates
        .iter()
        .map(|group| {
            let places = (0..longest)
                .map(|i| first + i.min(group.len() - 1))
                .collect();
            first += group.len();
            places
        })
        .collect();
    let largest = builder.maximum(&node.output(), columns(&weighed, &groups));
    Affine { shape, ..largest }
}
