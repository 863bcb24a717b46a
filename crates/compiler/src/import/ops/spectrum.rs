//! Discrete Fourier transforms: linear maps whose weights are cosines and sines.

use std::f64::consts::TAU;

use crate::Result;
use crate::import::node::Node;
use crate::import::values::affine::Affine;

/// More weights than this are not written out one by one.
const MAX_WEIGHTS: usize = 1 << 25;

/// `e^(2πi · turns)`, the whole turns taken off first.
fn unit(numerator: usize, denominator: usize) -> (f64, f64) {
    let angle = TAU * (numerator % denominator) as f64 / denominator as f64;
    (libm::cos(angle), libm::sin(angle))
}

/// A whole number that operand `index` is, if it is there.
fn whole(node: &Node<'_>, index: usize) -> Result<Option<i64>> {
    match node.optional_constant(index)? {
        None => Ok(None),
        Some([number]) => Ok(Some(*number as i64)),
        Some(numbers) => Err(node.invalid(format!(
            "operand {index} has {} values, expected one",
            numbers.len()
        ))),
    }
}

/// As [`whole`], for a length.
fn length(node: &Node<'_>, index: usize) -> Result<Option<usize>> {
    let invalid = |number| {
        node.invalid(format!(
            "operand {index} is {number}, expected a positive length"
        ))
    };
    whole(node, index)?
        .map(|number| {
            usize::try_from(number)
                .ok()
                .filter(|n| *n > 0)
                .ok_or_else(|| invalid(number))
        })
        .transpose()
}

fn check(node: &Node<'_>, outputs: usize, each: usize) -> Result<()> {
    match outputs.saturating_mul(each) > MAX_WEIGHTS {
        false => Ok(()),
        true => Err(node.invalid(format!(
            "has {} weights, up to {MAX_WEIGHTS} are supported; compute the spectrum outside the model",
            outputs.saturating_mul(each)
        ))),
    }
}

/// Real and imaginary part, or the real one alone.
fn parts(node: &Node<'_>, shape: &[usize]) -> Result<usize> {
    match shape.last() {
        Some(parts @ (1 | 2)) if shape.len() > 1 => Ok(*parts),
        _ => Err(node.invalid(format!(
            "expected 1 or 2 numbers in the last axis, real and imaginary part; found shape {shape:?}"
        ))),
    }
}

/// `DFT`
pub(crate) fn dft(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let parts = parts(node, &value.shape)?;
    let rank = value.shape.len();
    let axis = match node.opset {
        ..20 => node.int("axis", 1),
        _ => whole(node, 2)?.unwrap_or(-2),
    };
    let axis = node.axis(axis, rank)?;
    if axis == rank - 1 {
        return Err(node.invalid("transforms the axis of real and imaginary part"));
    }
    let (inverse, half) = (node.int("inverse", 0) != 0, node.int("onesided", 0) != 0);
    let own = value.shape[axis];
    let real = inverse && half;
    let default = if real { 2 * own.saturating_sub(1) } else { own };
    let count = length(node, 1)?.unwrap_or(default).max(1);
    let mut shape = value.shape.clone();
    shape[axis] = if half && !inverse {
        count / 2 + 1
    } else {
        count
    };
    shape[rank - 1] = if real { 1 } else { 2 };
    let inner: usize = value.shape[axis + 1..rank - 1].iter().product();
    let out_parts = shape[rank - 1];
    check(node, node.count(&shape)?, own.min(count) * parts)?;
    // What is longer is cut off, what is shorter has zeros at its end.
    let taken = own.min(if real { count / 2 + 1 } else { count });
    let (outputs, scale) = (shape[axis], if inverse { 1.0 / count as f64 } else { 1.0 });
    let turn = if inverse { 1.0 } else { -1.0 };
    Ok(value.combine(shape, |cell| {
        let (part, rest) = (cell % out_parts, cell / out_parts);
        let (place, k) = (rest % inner, rest / inner % outputs);
        let outer = rest / inner / outputs;
        (0..taken).flat_map(move |n| {
            let (cos, sin) = unit(n * k, count);
            let sin = sin * turn;
            // Of half a spectrum each number but the first and the middle one counts twice: once
            // for itself, once for its conjugate.
            let twice = real && n > 0 && 2 * n != count;
            let scale = if twice { 2.0 * scale } else { scale };
            let weights = if part == 0 { [cos, -sin] } else { [sin, cos] };
            let first = ((outer * own + n) * inner + place) * parts;
            (0..parts).map(move |of| (first + of, weights[of] * scale))
        })
    }))
}

/// `STFT`
pub(crate) fn stft(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let parts = match value.shape.len() {
        2 => 1,
        _ => parts(node, &value.shape)?,
    };
    let (batch, samples) = match value.shape[..] {
        [batch, samples] | [batch, samples, _] => (batch, samples),
        _ => {
            return Err(node.invalid(format!(
                "expected signals [batch, length, 1 or 2], found shape {:?}",
                value.shape
            )));
        }
    };
    let Some(step) = length(node, 1)? else {
        return Err(node.invalid("operand 1, the step from frame to frame, is missing"));
    };
    let window = node.optional_constant(2)?;
    let frame = length(node, 3)?
        .or(window.map(<[f64]>::len))
        .unwrap_or(samples);
    if frame > samples || window.is_some_and(|window| window.len() != frame) {
        return Err(node.invalid(format!(
            "frames of {frame} do not fit a signal of {samples} and the window"
        )));
    }
    let bins = match node.int("onesided", 1) != 0 && parts == 1 {
        true => frame / 2 + 1,
        false => frame,
    };
    let frames = 1 + (samples - frame) / step;
    let shape = vec![batch, frames, bins, 2];
    check(node, node.count(&shape)?, frame * parts)?;
    Ok(value.combine(shape, |cell| {
        let (part, rest) = (cell % 2, cell / 2);
        let (k, rest) = (rest % bins, rest / bins);
        let (start, of) = (rest % frames * step, rest / frames);
        (0..frame).flat_map(move |n| {
            let (cos, sin) = unit(n * k, frame);
            let share = window.map_or(1.0, |window| window[n]);
            let weights = if part == 0 { [cos, sin] } else { [-sin, cos] };
            let first = (of * samples + start + n) * parts;
            (0..parts).map(move |of| (first + of, weights[of] * share))
        })
    }))
}

/// A window function of a constant length: `a − b·cos(2πn/N) + c·cos(4πn/N)`.
pub(crate) fn window(node: &Node<'_>, [a, b, c]: [f64; 3]) -> Result<Affine> {
    let Some(size) = length(node, 0)? else {
        return Err(node.invalid("operand 0, the window's size, is missing"));
    };
    node.count(&[size])?;
    let periodic = node.int("periodic", 1) != 0;
    let turn = if periodic {
        size
    } else {
        size.saturating_sub(1).max(1)
    };
    let value = |n: usize| a - b * unit(n, turn).0 + c * unit(2 * n, turn).0;
    Ok(Affine::constant(vec![size], (0..size).map(value).collect()))
}

/// `MelWeightMatrix` of constants: triangles whose corners are even steps of the mel scale.
pub(crate) fn mel(node: &Node<'_>) -> Result<Affine> {
    let number = |index: usize| match node.constant(index)? {
        [number] => Ok(*number),
        numbers => Err(node.invalid(format!(
            "operand {index} has {} values, expected one",
            numbers.len()
        ))),
    };
    let (bands, samples) = (number(0)?, number(1)?);
    let (rate, low, high) = (number(2)?, number(3)?, number(4)?);
    let fits = bands >= 1.0 && samples >= 1.0 && rate > 0.0 && low >= 0.0 && high > low;
    if !fits {
        return Err(node.invalid(format!(
            "{bands} bands from {low} to {high} Hz of {samples} samples at {rate} Hz make no matrix"
        )));
    }
    let (bands, bins) = (bands as usize, samples as usize / 2 + 1);
    let count = node.count(&[bins, bands])?;
    let mel = |frequency: f64| 2595.0 * libm::log10(1.0 + frequency / 700.0);
    let (first, last) = (mel(low), mel(high));
    let step = (last - first) / (bands + 2) as f64;
    let corner = |i: usize| {
        let frequency = 700.0 * (libm::pow(10.0, (i as f64 * step + first) / 2595.0) - 1.0);
        ((samples + 1.0) * frequency / rate).floor()
    };
    let mut values = vec![0.0; count];
    for band in 0..bands {
        let [lower, centre, upper] = [0, 1, 2].map(|i| corner(band + i));
        for bin in 0..bins {
            let at = bin as f64;
            let rising = match centre - lower {
                0.0 => f64::from(at == centre),
                width if (lower..=centre).contains(&at) => (at - lower) / width,
                _ => 0.0,
            };
            let falling = match upper - centre {
                width if width > 0.0 && at >= centre && at < upper => (upper - at) / width,
                _ => 0.0,
            };
            values[bin * bands + band] = if at < centre {
                rising
            } else {
                rising.max(falling)
            };
        }
    }
    Ok(Affine::constant(vec![bins, bands], values))
}
