//! What can be done with a convolution's kernel without leaving convolutions: chaining, merging,
//! picking channels.

use verdict_model::Conv;

/// Weights that merging two kernels into one may make.
const MAX_MERGED: usize = 1 << 22;

/// A convolution of one weight per channel, `1` unless changed, that moves planes by whole places.
pub(crate) fn depthwise(channels: usize, source: [usize; 2], output: [usize; 2]) -> Conv<f64> {
    Conv {
        channels: [channels; 2],
        source,
        output,
        size: [1, 1],
        stride: [1, 1],
        up: [1, 1],
        dilation: [1, 1],
        pad: [0, 0],
        groups: channels,
        weights: vec![1.0; channels],
    }
}

/// Whether a convolution gives every output cell a multiple of at most one source cell.
pub(crate) fn is_placement(conv: &Conv<f64>) -> bool {
    let per_group = conv.channels[0] / conv.groups;
    conv.size == [1, 1]
        && conv.up == [1, 1]
        && conv
            .weights
            .chunks(per_group)
            .all(|row| row.iter().filter(|w| **w != 0.0).count() <= 1)
}

/// The source channel and weight of every output channel of a placement.
fn choices(conv: &Conv<f64>) -> Vec<Option<(usize, f64)>> {
    (0..conv.channels[1])
        .map(|output| {
            let first = conv.sources(output).start;
            (0..conv.sources(output).len())
                .map(|number| (first + number, conv.weight(output, number, 0, 0)))
                .find(|(_, weight)| *weight != 0.0)
        })
        .collect()
}

/// The convolution with its groups joined to one.
fn ungrouped(conv: &Conv<f64>) -> Conv<f64> {
    select_channels(conv, Some, conv.channels[1])
}

/// A convolution of one group whose output channel `c` is `conv`'s channel `pick(c)`, or zero.
pub(crate) fn select_channels(
    conv: &Conv<f64>,
    pick: impl Fn(usize) -> Option<usize>,
    count: usize,
) -> Conv<f64> {
    let place = conv.size[0] * conv.size[1];
    let mut weights = vec![0.0; count * conv.channels[0] * place];
    for (output, weights) in weights.chunks_mut(conv.channels[0] * place).enumerate() {
        let Some(from) = pick(output) else { continue };
        let sources = conv.sources(from);
        let old = &conv.weights[from * sources.len() * place..][..sources.len() * place];
        weights[sources.start * place..sources.end * place].copy_from_slice(old);
    }
    Conv {
        channels: [conv.channels[0], count],
        groups: 1,
        weights,
        ..conv.clone()
    }
}

/// `outer ∘ inner`, where `inner` is a placement.
pub(crate) fn compose(outer: &Conv<f64>, inner: &Conv<f64>) -> Option<Conv<f64>> {
    if !is_placement(inner) {
        return None;
    }
    let mut composed = Conv {
        source: inner.source,
        ..outer.clone()
    };
    for axis in 0..2 {
        // inner: x = stride·z − pad; outer: up·z = stride·y + dilation·k − pad.
        let (step, pad) = (inner.stride[axis], inner.pad[axis]);
        if outer.up[axis] == 1 {
            composed.stride[axis] *= step;
            composed.dilation[axis] *= step;
            composed.pad[axis] = step as i64 * outer.pad[axis] + pad;
        } else if step == 1 {
            composed.pad[axis] += outer.up[axis] as i64 * pad;
        } else {
            return None;
        }
        for k in 0..outer.size[axis] {
            let inner_pairs = inner.pairs(axis, 0);
            let expected = outer.pairs(axis, k).into_iter().filter_map(|(y, z)| {
                let found = inner_pairs.binary_search_by_key(&z, |pair| pair.0).ok()?;
                Some((y, inner_pairs[found].1))
            });
            if !expected.eq(composed.pairs(axis, k)) {
                return None;
            }
        }
    }
    let choices = choices(inner);
    let place = outer.size[0] * outer.size[1];
    let diagonal = inner.channels[0] == inner.channels[1]
        && choices
            .iter()
            .enumerate()
            .all(|(i, choice)| choice.is_none_or(|(source, _)| source == i));
    if diagonal {
        for (output, weights) in composed
            .weights
            .chunks_mut(outer.channels[0] / outer.groups * place)
            .enumerate()
        {
            for (source, weights) in outer.sources(output).zip(weights.chunks_mut(place)) {
                let factor = choices[source].map_or(0.0, |choice| choice.1);
                weights.iter_mut().for_each(|w| *w *= factor);
            }
        }
        return Some(composed);
    }
    let sources = inner.channels[0];
    composed.channels[0] = sources;
    composed.groups = 1;
    composed.weights = vec![0.0; outer.channels[1] * sources * place];
    for (output, into) in composed.weights.chunks_mut(sources * place).enumerate() {
        let first = outer.sources(output).start;
        let old = outer.weights.chunks(place);
        let per_group = outer.channels[0] / outer.groups;
        for (number, old) in old.skip(output * per_group).take(per_group).enumerate() {
            let Some((source, factor)) = choices[first + number] else {
                continue;
            };
            for (new, old) in into[source * place..].iter_mut().zip(old) {
                *new += factor * old;
            }
        }
    }
    Some(composed)
}

/// Whether `moved`, which is `conv` with its outputs `at` places further on along `axis`, has
/// nothing where `conv` had no outputs.
pub(crate) fn keeps_outside_empty(
    conv: &Conv<f64>,
    moved: &Conv<f64>,
    axis: usize,
    at: i64,
) -> bool {
    (0..conv.size[axis]).all(|k| {
        moved.pairs(axis, k).into_iter().all(|(y, _)| {
            let before = y as i64 - at;
            (0..conv.output[axis] as i64).contains(&before)
        })
    })
}

/// The sum of two kernels with the same planes, if one's places contain the other's.
pub(crate) fn merge(a: &Conv<f64>, b: &Conv<f64>) -> Option<Conv<f64>> {
    let same = a.channels == b.channels
        && a.source == b.source
        && a.output == b.output
        && a.stride == b.stride
        && a.up == b.up;
    if !same {
        return None;
    }
    let (wide, narrow) = if a.size[0] * a.size[1] >= b.size[0] * b.size[1] {
        (a, b)
    } else {
        (b, a)
    };
    let widened = pair_of_places(wide, narrow);
    let wide = widened.as_ref().unwrap_or(wide);
    // Where the narrow kernel's places lie among the wide one's.
    let mut at = [Vec::new(), Vec::new()];
    for (axis, at) in at.iter_mut().enumerate() {
        for k in 0..narrow.size[axis] {
            let offset = (narrow.dilation[axis] * k) as i64 - narrow.pad[axis] + wide.pad[axis];
            let step = wide.dilation[axis] as i64;
            let place = usize::try_from(offset.div_euclid(step)).ok()?;
            if offset.rem_euclid(step) != 0 || place >= wide.size[axis] {
                return None;
            }
            at.push(place);
        }
    }
    let (mut sum, narrow) = if wide.groups == narrow.groups {
        (wide.clone(), narrow.clone())
    } else {
        if wide.channels[0] * wide.channels[1] * wide.size[0] * wide.size[1] > MAX_MERGED {
            return None;
        }
        (ungrouped(wide), ungrouped(narrow))
    };
    let [rows, columns] = sum.size;
    let place = narrow.size[0] * narrow.size[1];
    for (i, weight) in narrow.weights.iter().enumerate() {
        let (pair, k) = (i / place, i % place);
        let (row, column) = (at[0][k / narrow.size[1]], at[1][k % narrow.size[1]]);
        sum.weights[(pair * rows + row) * columns + column] += weight;
    }
    Some(sum)
}

/// `a` with a second kernel place, of weight zero, where `b`'s only place is; `a` has one place
/// too.
fn pair_of_places(a: &Conv<f64>, b: &Conv<f64>) -> Option<Conv<f64>> {
    let apart = [a.pad[0] - b.pad[0], a.pad[1] - b.pad[1]];
    let axis = apart.iter().position(|places| *places != 0)?;
    if a.size != [1, 1] || b.size != [1, 1] || apart[1 - axis] != 0 {
        return None;
    }
    let places = apart[axis];
    let mut pair = a.clone();
    pair.size[axis] = 2;
    pair.dilation[axis] = usize::try_from(places.unsigned_abs()).ok()?;
    // The kernel begins at the smaller of the two offsets `−pad`.
    pair.pad[axis] = a.pad[axis].max(b.pad[axis]);
    let old = usize::from(places < 0);
    pair.weights = vec![0.0; 2 * a.weights.len()];
    for (i, weight) in a.weights.iter().enumerate() {
        pair.weights[2 * i + old] = *weight;
    }
    Some(pair)
}
