//! Values read between their cells, at places that are constants: sums of the cells around each
//! place, weighed by how near they are.

use crate::Result;
use crate::import::node::Node;
use crate::import::ops::constants::dimensions;
use crate::import::ops::interpolate::cubic;
use crate::import::shapes::coordinates;
use crate::import::values::affine::Affine;

/// Cells and their weights.
type Weighed = Vec<(usize, f64)>;

/// What lies beyond an axis' ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beyond {
    Zeros,
    Border,
    Reflection,
}

/// How a value is read between its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Nearest,
    Linear,
    Cubic,
}

/// One axis that is read at real places.
#[derive(Clone, Copy, Debug)]
struct Axis {
    length: usize,
    beyond: Beyond,
    /// Where a reflection turns around.
    ends: (f64, f64),
}

impl Axis {
    fn reflected(&self, place: f64) -> f64 {
        let (low, high) = self.ends;
        let length = high - low;
        if length <= 0.0 || (low..=high).contains(&place) {
            return place.clamp(low, high);
        }
        let past = if place < low {
            low - place
        } else {
            place - high
        };
        let turns = (past / length).trunc();
        let rest = past - turns * length;
        let even = turns % 2.0 == 0.0;
        if (place < low) == even {
            low + rest
        } else {
            high - rest
        }
    }

    /// A place that lies beyond the ends as one between them, unless nothing is there.
    fn within(&self, place: f64) -> f64 {
        match self.beyond {
            _ if (self.ends.0..=self.ends.1).contains(&place) => place,
            Beyond::Zeros => place,
            Beyond::Border => place.clamp(0.0, self.length as f64 - 1.0),
            Beyond::Reflection => self.reflected(place),
        }
    }

    /// The cell at a whole place; `None` where nothing is.
    fn cell(&self, place: f64) -> Option<usize> {
        let last = self.length as f64 - 1.0;
        if (0.0..=last).contains(&place) {
            return Some(place as usize);
        }
        match self.beyond {
            Beyond::Zeros => None,
            Beyond::Border => Some(place.clamp(0.0, last) as usize),
            Beyond::Reflection => Some(self.reflected(place).clamp(0.0, last) as usize),
        }
    }

    /// What is read at `place`.
    fn read(&self, place: f64, mode: Mode) -> Weighed {
        let whole = |place: f64, weight: f64| Some((self.cell(place)?, weight));
        if mode == Mode::Nearest {
            let place = self.within(place.round_ties_even());
            return whole(place.trunc(), 1.0).into_iter().collect();
        }
        let place = self.within(place);
        let (first, rest) = (place.floor(), place - place.floor());
        let weights = match mode {
            Mode::Cubic => (-1..3).zip(cubic(-0.75, rest)).collect(),
            _ => vec![(0, 1.0 - rest), (1, rest)],
        };
        let cells = weights.into_iter();
        cells
            .filter_map(|(step, weight)| whole(first + f64::from(step), weight))
            .collect()
    }
}

/// What is read at a place along several axes.
fn read(axes: &[Axis], place: &[f64], mode: Mode) -> Weighed {
    let mut found = vec![(0, 1.0)];
    for (axis, place) in axes.iter().zip(place) {
        let along = axis.read(*place, mode);
        found = found
            .into_iter()
            .flat_map(|(cell, weight)| {
                let both = along.iter();
                both.map(move |(next, share)| (cell * axis.length + next, weight * share))
            })
            .collect();
    }
    found.retain(|(_, weight)| *weight != 0.0);
    found
}

/// `GridSample` at constant places.
pub(crate) fn grid_sample(node: &Node<'_>) -> Result<Affine> {
    let (value, places) = (node.operand(0)?, node.operand(1)?);
    let grid = node.constant(1)?;
    let rank = value.shape.len().saturating_sub(2);
    let fits = places.shape.len() == rank + 2
        && places.shape.first() == value.shape.first()
        && places.shape.last() == Some(&rank);
    if rank == 0 || !fits {
        return Err(node.invalid(format!(
            "a grid of shape {:?} does not fit a value of shape {:?}",
            places.shape, value.shape
        )));
    }
    let text = |name: &str, default: &str| node.text(name).unwrap_or_else(|| default.into());
    let mode = match &*text("mode", "linear") {
        "nearest" => Mode::Nearest,
        "linear" | "bilinear" => Mode::Linear,
        "cubic" | "bicubic" => Mode::Cubic,
        other => {
            return Err(node.invalid(format!(
                "`mode` is `{other}`, expected nearest, linear or cubic"
            )));
        }
    };
    let beyond = match &*text("padding_mode", "zeros") {
        "zeros" => Beyond::Zeros,
        "border" => Beyond::Border,
        "reflection" => Beyond::Reflection,
        other => {
            return Err(node.invalid(format!(
                "`padding_mode` is `{other}`, expected zeros, border or reflection"
            )));
        }
    };
    let corners = node.int("align_corners", 0) != 0;
    let axes: Vec<Axis> = value.shape[2..]
        .iter()
        .map(|length| Axis {
            length: *length,
            beyond,
            ends: match corners {
                true => (0.0, *length as f64 - 1.0),
                false => (-0.5, *length as f64 - 0.5),
            },
        })
        .collect();
    let (channels, plane) = (value.shape[1], value.shape[2..].iter().product::<usize>());
    let mut shape = value.shape[..2].to_vec();
    shape.extend(&places.shape[1..rank + 1]);
    node.count(&shape)?;
    let outputs: usize = shape[2..].iter().product();
    let along = |axis: &Axis, at: f64| match corners {
        true => (at + 1.0) / 2.0 * (axis.length as f64 - 1.0),
        false => ((at + 1.0) * axis.length as f64 - 1.0) / 2.0,
    };
    // The last number of a place is that of the first axis.
    let all: Vec<Weighed> = grid
        .chunks(rank)
        .map(|place| {
            let place = axes.iter().zip(place.iter().rev());
            let place: Vec<f64> = place.map(|(axis, at)| along(axis, *at)).collect();
            read(&axes, &place, mode)
        })
        .collect();
    Ok(value.combine(shape, |cell| {
        let (sample, place) = (cell / outputs / channels, cell % outputs);
        let first = cell / outputs * plane;
        let found = all[sample * outputs + place].iter();
        found.map(move |(from, weight)| (first + from, *weight))
    }))
}

/// `AffineGrid`: each place times the matrix of its sample.
pub(crate) fn affine_grid(node: &Node<'_>) -> Result<Affine> {
    let theta = node.operand(0)?;
    let size = dimensions(node, node.constant(1)?)?;
    let rank = size.len().saturating_sub(2);
    if rank == 0 || theta.shape != [size[0], rank, rank + 1] {
        return Err(node.invalid(format!(
            "matrices of shape {:?} do not fit a size of {size:?}",
            theta.shape
        )));
    }
    let corners = node.int("align_corners", 0) != 0;
    let mut shape = vec![size[0]];
    shape.extend(&size[2..]);
    shape.push(rank);
    node.count(&shape)?;
    let along = |place: usize, length: usize| match (corners, length as f64) {
        (true, 1.0) => -1.0,
        (true, length) => -1.0 + 2.0 * place as f64 / (length - 1.0),
        (false, length) => (2.0 * place as f64 + 1.0) / length - 1.0,
    };
    Ok(theta.combine(shape.clone(), |cell| {
        let at = coordinates(&shape, cell);
        let row = (at[0] * rank + at[rank + 1]) * (rank + 1);
        // The last axis comes first, and 1 last.
        let places = (0..rank)
            .rev()
            .map(|axis| along(at[axis + 1], size[axis + 2]));
        let places: Vec<f64> = places.chain([1.0]).collect();
        places
            .into_iter()
            .enumerate()
            .map(move |(i, place)| (row + i, place))
    }))
}

/// `DeformConv` with constant weights, offsets and masks.
pub(crate) fn deformed_conv(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let (weights, offsets) = (node.operand(1)?, node.operand(2)?);
    let (by, moved) = (node.constant(1)?, node.constant(2)?);
    let bias = node.optional_constant(3)?;
    let mask = node.optional_constant(4)?;
    let ([batch, channels, rows, columns], [outputs, part, kh, kw], [_, _, height, width]) =
        (&value.shape[..], &weights.shape[..], &offsets.shape[..])
    else {
        return Err(node.unsupported(format!(
            "it is applied to shape {:?}; expected [batch, channels, rows, columns]",
            value.shape
        )));
    };
    let list = |name: &str, default: i64, count: usize| {
        let list = node.ints(name).unwrap_or_else(|| vec![default; count]);
        match list.len() == count {
            true => Ok(list),
            false => Err(node.invalid(format!("`{name}` is {list:?}, expected {count} numbers"))),
        }
    };
    let (strides, dilations, pads) = (
        list("strides", 1, 2)?,
        list("dilations", 1, 2)?,
        list("pads", 0, 4)?,
    );
    let positive = |name: &str| usize::try_from(node.int(name, 1)).unwrap_or(0);
    let (groups, sets) = (positive("group"), positive("offset_group"));
    let kernel = kh * kw;
    let cells = height * width;
    let fits = groups > 0
        && sets > 0
        && part * groups == *channels
        && outputs.is_multiple_of(groups)
        && channels.is_multiple_of(sets)
        && offsets.shape[..2] == [*batch, 2 * sets * kernel]
        && mask.is_none_or(|mask| mask.len() == batch * sets * kernel * cells)
        && bias.is_none_or(|bias| bias.len() == *outputs);
    if !fits {
        return Err(node.invalid(format!(
            "offsets of shape {:?} and weights of shape {:?} do not fit a value of shape {:?}",
            offsets.shape, weights.shape, value.shape
        )));
    }
    let axes = [*rows, *columns].map(|length| Axis {
        length,
        beyond: Beyond::Zeros,
        ends: (0.0, length as f64 - 1.0),
    });
    let shape = vec![*batch, *outputs, *height, *width];
    node.count(&shape)?;
    let mut result = value.combine(shape.clone(), |cell| {
        let at = coordinates(&shape, cell);
        let (sample, output, y, x) = (at[0], at[1], at[2], at[3]);
        let first = output / (outputs / groups) * part;
        let mut all = Vec::new();
        for (number, k) in (0..*part).flat_map(|number| (0..kernel).map(move |k| (number, k))) {
            let channel = first + number;
            let set = channel / (channels / sets);
            let offset = |axis: usize| {
                let place = ((sample * sets + set) * kernel + k) * 2 + axis;
                moved[place * cells + y * width + x]
            };
            let place = |axis: usize, output: usize, k: usize| {
                let whole = strides[axis] * output as i64 - pads[axis] + dilations[axis] * k as i64;
                whole as f64 + offset(axis)
            };
            let place = [place(0, y, k / kw), place(1, x, k % kw)];
            let share = mask.map_or(1.0, |mask| {
                mask[((sample * sets + set) * kernel + k) * cells + y * width + x]
            });
            let weight = by[(output * part + number) * kernel + k] * share;
            let plane = (sample * channels + channel) * rows * columns;
            let found = read(&axes, &place, Mode::Linear).into_iter();
            all.extend(found.map(|(from, near)| (plane + from, near * weight)));
        }
        all.into_iter()
    });
    if let Some(bias) = bias {
        for (cell, to) in result.bias.iter_mut().enumerate() {
            *to += bias[cell / cells % outputs];
        }
    }
    Ok(result)
}
