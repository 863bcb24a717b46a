//! Maxima over windows, exact in integers.
//!
//! `max(a, b) = b + relu(a − b)`: a window of `k` places takes `k − 1` such steps, first along one
//! axis, then along the other. The differences are [exact](Precision::Exact) tensors, one row of
//! the circuit per cell; the maximum so far stays a sum of two terms, and only the result becomes a
//! tensor of its own.
//!
//! Padding counts as −∞. Where no value is negative, the zeros that a convolution pads with do the
//! same. Otherwise the outputs are cut into runs that see the same places of their windows, each
//! with a tournament of its own.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::graph::Precision;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::plane_operands::first;
use crate::import::ops::window::{Attributes, Window, plane_shape};
use crate::import::values::Value;
use crate::import::values::kernels::depthwise;
use crate::import::values::planes::PlaneMap;

/// `MaxPool` of planes, if nobody asks where the maxima are; `None` of anything else.
pub(crate) fn max_pool(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    let mut others = node.proto.output.iter().skip(1);
    if others.any(|name| !name.is_empty()) {
        return Ok(None);
    }
    let Some(value) = first(node, operands, builder)? else {
        return Ok(None);
    };
    let attributes = Attributes::read(node, &value.shape, None)?;
    let ceil = node.int("ceil_mode", 0) != 0;
    let windows = attributes.planar(node, [value.size[1], value.size[2]], ceil)?;
    let pooled = pool(node, value, windows, attributes.rank, builder)?;
    Ok(Some(Value::Planes(pooled)))
}

/// `GlobalMaxPool` of planes; `None` of anything else.
pub(crate) fn global_max_pool(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    let Some(value) = first(node, operands, builder)? else {
        return Ok(None);
    };
    let windows = [1, 2].map(|axis| Window::global(value.size[axis]));
    let rank = value.shape.len() - 2;
    let pooled = pool(node, value, windows, rank, builder)?;
    Ok(Some(Value::Planes(pooled)))
}

/// A pool in progress.
struct Pool<'n, 'a, 'b> {
    node: &'n Node<'a>,
    builder: &'b mut Builder,
    rank: usize,
    /// The tensor whose values the maxima are.
    source: usize,
    non_negative: bool,
    /// Tensors made so far.
    count: usize,
}

fn pool(
    node: &Node<'_>,
    value: PlaneMap,
    windows: [Window; 2],
    rank: usize,
    builder: &mut Builder,
) -> Result<PlaneMap> {
    for window in &windows {
        let sees = |y| (0..window.size).any(|k| window.place(y, k).is_some());
        if !(0..window.output).all(sees) {
            return Err(
                node.invalid("an output's window lies in the padding altogether; reduce `pads`")
            );
        }
    }
    // An input's integers may not be its reals divided by a scale: zero may be elsewhere.
    let tensor = value
        .as_tensor()
        .filter(|id| builder.tensors[*id].layer.is_some());
    let (value, source) = match tensor {
        Some(id) => (value, id),
        None => {
            let value = builder.materialise_planes(&node.proto.input[0], value);
            let id = value.as_tensor().unwrap_or_default();
            (value, id)
        }
    };
    let mut pool = Pool {
        node,
        rank,
        source,
        non_negative: builder.is_non_negative(source),
        count: 0,
        builder,
    };
    // The axis that leaves fewer cells for the other comes first.
    let cells = |axis: usize| windows[axis].output * windows[1 - axis].input;
    let order = if cells(1) <= cells(0) { [1, 0] } else { [0, 1] };
    let mut value = value;
    for axis in order {
        value = pool.along(value, axis, &windows[axis]);
    }
    if value.as_tensor() != Some(source) {
        value = pool.tensor(value);
    }
    Ok(value)
}

impl Pool<'_, '_, '_> {
    fn along(&mut self, value: PlaneMap, axis: usize, window: &Window) -> PlaneMap {
        let trivial = Window {
            size: 1,
            stride: 1,
            before: 0,
            after: 0,
            output: window.input,
            ..*window
        };
        if (Window {
            dilation: 1,
            ..*window
        }) == (Window {
            dilation: 1,
            ..trivial
        }) {
            return value;
        }
        let seen = |y: usize| -> Vec<usize> {
            (0..window.size)
                .filter(|k| window.place(y, *k).is_some())
                .collect()
        };
        let mut runs: Vec<(usize, usize, Vec<usize>)> = Vec::new();
        if self.non_negative {
            let places = (0..window.size)
                .filter(|k| (0..window.output).any(|y| window.place(y, *k).is_some()));
            runs.push((0, window.output, places.collect()));
        } else {
            for y in 0..window.output {
                let places = seen(y);
                match runs.last_mut() {
                    Some((_, len, same)) if *same == places => *len += 1,
                    _ => runs.push((y, 1, places)),
                }
            }
        }
        let value = if runs.len() == 1 {
            value
        } else {
            // The parts are put together from tensors.
            self.plain(value)
        };
        let mut size = value.size;
        size[axis + 1] = window.output;
        let shape = plane_shape(self.rank, size);
        let mut parts = Vec::new();
        for (start, len, places) in &runs {
            let elements = |value: &PlaneMap| -> Option<Vec<PlaneMap>> {
                places
                    .iter()
                    .map(|k| self.element(value, axis, window, *start, *len, *k))
                    .collect()
            };
            let elements = match elements(&value) {
                Some(elements) => elements,
                None => {
                    let plain = self.plain(value.clone());
                    self.elements(&plain, axis, window, (*start, *len), places)
                }
            };
            parts.push((*start, self.tournament(elements)));
        }
        if parts.len() == 1 {
            return parts.remove(0).1;
        }
        let mut whole = PlaneMap::constant(shape.clone(), size, vec![0.0; size.iter().product()]);
        for (start, part) in parts {
            let part = self.plain(part);
            let mut at = [0; 3];
            at[axis + 1] = start as i64;
            // A tensor has nothing outside its own plane, so it can be placed anywhere.
            if let Some(placed) = part.place(at, shape.clone(), size) {
                whole = whole.add(placed);
            }
        }
        whole
    }

    fn elements(
        &self,
        value: &PlaneMap,
        axis: usize,
        window: &Window,
        (start, len): (usize, usize),
        places: &[usize],
    ) -> Vec<PlaneMap> {
        places
            .iter()
            .filter_map(|k| self.element(value, axis, window, start, len, *k))
            .collect()
    }

    /// What the outputs `start..start + len` see through place `k` of their windows, zero where
    /// there is nothing.
    fn element(
        &self,
        value: &PlaneMap,
        axis: usize,
        window: &Window,
        start: usize,
        len: usize,
        k: usize,
    ) -> Option<PlaneMap> {
        let [channels, rows, columns] = value.size;
        let mut output = [rows, columns];
        output[axis] = len;
        let mut pick = depthwise(channels, [rows, columns], output);
        pick.stride[axis] = window.stride;
        pick.pad[axis] =
            window.before - (window.dilation * k) as i64 - (window.stride * start) as i64;
        let shape = plane_shape(self.rank, [channels, output[0], output[1]]);
        value.conv(&pick, shape)
    }

    fn tournament(&mut self, elements: Vec<PlaneMap>) -> PlaneMap {
        let mut elements = elements.into_iter();
        let Some(mut best) = elements.next() else {
            // Every window was checked to see something.
            return PlaneMap::constant(Vec::new(), [0; 3], Vec::new());
        };
        for element in elements {
            let mut negated = element.clone();
            let factors = vec![-1.0; element.len()];
            negated.scale(&factors);
            negated.nodes.clear();
            let gain = best.add(negated);
            let gain = self.layer(gain, Activation::Relu);
            best = element.add(gain);
        }
        best
    }

    /// A tensor of differences, or of maxima.
    fn layer(&mut self, mut value: PlaneMap, activation: Activation) -> PlaneMap {
        let (shape, size) = (value.shape.clone(), value.size);
        value.nodes = vec![self.node.name.clone()];
        self.count += 1;
        let name = format!("{}_max{}", self.node.proto.output[0], self.count);
        let precision = Precision::Exact {
            within: Some(self.source),
        };
        let tensor = self
            .builder
            .layer(&name, Value::Planes(value), activation, precision);
        let mut tensor = PlaneMap::tensor(tensor.as_tensor().unwrap_or_default(), shape, size);
        tensor.nodes.clear();
        tensor
    }

    fn tensor(&mut self, value: PlaneMap) -> PlaneMap {
        // Where nothing is negative, this shares the differences' table.
        let activation = if self.non_negative {
            Activation::Relu
        } else {
            Activation::Identity
        };
        self.layer(value, activation)
    }

    fn plain(&mut self, value: PlaneMap) -> PlaneMap {
        match value.as_tensor() {
            Some(_) => value,
            None => self.tensor(value),
        }
    }
}
