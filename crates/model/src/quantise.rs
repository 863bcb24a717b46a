//! From real weights to integer weights, given how many bits activations and outputs get.
//!
//! A layer's `unit` is the real number one step of the table's key `q` stands for, `unit / 2^shift` that of one step of
//! `y`. Units are free for homogeneous functions (ReLU and its kin), which therefore all share one table
//! `clamp(f(q))`; other functions fix one unit for all their layers. One `shift` serves the whole graph, because the
//! circuit pays for a range check of every distinct shift. [Exact](Precision::Exact) layers take their sources' scale and do
//! not shift.

mod comparisons;

use rayon::prelude::*;

use crate::float_graph::{Activation, FloatGraph, FloatKernel, FloatLayer, FloatTerm, Precision};
use crate::function::{Rule, homogeneous};
use crate::graph::{Conv, Function, IntegerGraph, Kernel, Layer, Tensor, Term};
use crate::input_grid::InputGrid;
use crate::interval::layer_bounds;
use crate::key_unit::{key_unit, value_scale};
use crate::options::Options;
use crate::scale_class::{ScaleClasses, Wish};
use crate::{ModelError, Result};

/// Unseen data may go a little beyond the calibrated range before it saturates.
const HEADROOM: f64 = 1.1;
/// The largest magnitude of an output: 16 bits signed.
const OUTPUT_LIMIT: i32 = i16::MAX as i32;
const MIN_SHIFT: u32 = 4;
const MAX_SHIFT: u32 = 16;
/// Standard deviation, in steps of `q`, that rounding the weights may cause.
const WEIGHT_NOISE: f64 = 0.25;
/// Sums and keys stay below this in magnitude while scales are still being chosen.
const MAX_BIAS: f64 = (1u64 << 60) as f64;
/// The largest sum whose square stays below 2^31.
const SQUARE_LIMIT: i64 = 46_340;
/// How much coarser than calibration suggests a tensor may become so that exact layers reading it stay within their limits.
const MAX_STRETCH: f64 = 64.0;
/// Steps of an unshifted sum for each step of an output: what it adds up is rounded term by term.
const UNSHIFTED_STEPS: f64 = 4.0;
/// Where squares have one weight, it should be at least this: the unit then grows by no more than 1/8 to make it whole.
const SQUARE_WEIGHT: f64 = 8.0;
/// Where they have several, the smallest should be at least this, to be no more than 1/128 off when rounded.
const MIXED_SQUARE_WEIGHT: f64 = 64.0;
/// Weights this close to a whole number are whole.
const WHOLE: f64 = 1e-9;
/// A weight of a square that rounding makes wrong by more than this share makes products meaningless.
const MAX_SQUARE_ERROR: f64 = 0.1;
/// A unit that grows again for other reasons after it was fitted to squares is fitted anew at most this often.
const MAX_SNAPS: u32 = 3;
/// Kernels with fewer non-zero weights than this are stored sparsely.
const DENSE_FROM: f64 = 0.5;

/// What calibration saw of a tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stats {
    /// Largest magnitude of a value.
    pub(crate) magnitude: f64,
    /// Mean of the squared values.
    pub(crate) mean_square: f64,
    /// Smallest and largest argument of the layer's function; infinite the wrong way round if there was none.
    pub(crate) sums: (f64, f64),
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            magnitude: 0.0,
            mean_square: 0.0,
            sums: (f64::INFINITY, f64::NEG_INFINITY),
        }
    }
}

/// Bits for the two kinds of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) activation: u32,
    pub(crate) output: u32,
}

/// Layers that share a table.
struct Group {
    output: bool,
    /// The class whose scale a fixed rule has to keep to.
    class: Option<usize>,
    /// Bits its table drops, unless they are the graph's.
    shift: Option<u32>,
    rule: Rule,
    /// The keys any member reaches.
    keys: Option<(i64, i64)>,
}

/// What has to grow by a factor before the layers are quantised once more.
enum TooFine {
    /// The unit of a tensor's keys, and of all that share it.
    Unit(usize, f64),
    /// The scale of a class.
    Scale(usize, f64),
}

struct Quantiser<'a> {
    graph: &'a FloatGraph,
    grids: &'a [InputGrid],
    stats: &'a [Stats],
    options: &'a Options,
    bits: Bits,
    /// Largest magnitude of a table's key.
    key_limit: i64,
    max_weight: f64,
    shift: u32,
    groups: Vec<Group>,
    /// The group of each tensor; inputs have none.
    group_of: Vec<Option<usize>>,
    /// The unit of each tensor's keys.
    units: Vec<f64>,
    classes: ScaleClasses,
    /// How often each tensor's unit grew to make weights of squares whole.
    snaps: Vec<u32>,
    tensors: Vec<Tensor>,
}

/// Quantises `graph`. `table_bits` limits every table's size.
pub(crate) fn quantise(
    graph: &FloatGraph,
    grids: &[InputGrid],
    stats: &[Stats],
    options: &Options,
    bits: Bits,
    table_bits: u32,
) -> Result<IntegerGraph> {
    let mut quantiser = Quantiser {
        graph,
        grids,
        stats,
        options,
        bits,
        key_limit: (1 << (table_bits - 1)) - 1,
        max_weight: f64::from((1i32 << (options.weight_bits - 1)) - 1),
        shift: MAX_SHIFT,
        groups: Vec::new(),
        group_of: vec![None; graph.tensors.len()],
        units: vec![1.0; graph.tensors.len()],
        classes: ScaleClasses::new(graph),
        snaps: vec![0; graph.tensors.len()],
        tensors: Vec::new(),
    };
    quantiser.choose_units();
    quantiser.choose_classes()?;
    quantiser.group();
    quantiser.choose_shift();
    // A fixed or shared unit that turns out too fine concerns layers already done: widen it and start over.
    while let Some(too_fine) = quantiser.layers()? {
        match too_fine {
            TooFine::Unit(tensor, factor) => quantiser.widen(tensor, factor)?,
            TooFine::Scale(class, factor) => {
                quantiser.classes.widen(class, factor);
                quantiser.choose_classes()?;
            }
        }
    }
    quantiser.finish()
}

impl Quantiser<'_> {
    fn limit(&self, output: bool) -> i32 {
        if output {
            OUTPUT_LIMIT
        } else {
            (1 << self.bits.activation) - 1
        }
    }

    /// Steps that a layer's calibrated range is divided into, on either side of zero.
    fn steps(&self, output: bool) -> f64 {
        let bits = if output {
            self.bits.output
        } else {
            self.bits.activation
        };
        f64::from((1u32 << bits) - 1)
    }

    fn choose_units(&mut self) {
        for id in 0..self.units.len() {
            let steps = self.steps(self.graph.outputs.contains(&id));
            let range = self.stats[id].magnitude * HEADROOM;
            let layer = self.graph.tensors[id].layer.as_ref();
            let activation = layer.map_or(&Activation::Identity, |layer| &layer.activation);
            self.units[id] = value_scale(activation, range, steps);
        }
    }

    fn choose_classes(&mut self) -> Result<()> {
        let mut classes = std::mem::take(&mut self.classes);
        classes.choose(|id| self.wish(id)).map_err(|id| {
            ModelError::quantise(
                &self.graph.tensors[id].name,
                "must have the scale of another tensor, and of a third one; requantise one of them (a Relu, say) in between",
            )
        })?;
        self.classes = classes;
        for group in &mut self.groups {
            if let (Some(class), Rule::Scaled { scale, .. }) = (group.class, &mut group.rule) {
                *scale = self.classes.class_scale(class);
            }
        }
        Ok(())
    }

    fn wish(&self, id: usize) -> Wish {
        let Some(layer) = &self.graph.tensors[id].layer else {
            return Wish::Fixed(self.source_scale(id, 0));
        };
        if layer.precision == Precision::Scaled {
            return match self.fixed_rule(id) {
                Some(Rule::Scaled { scale, .. }) => Wish::AtLeast(scale),
                _ => Wish::AtLeast(self.units[id]),
            };
        }
        if layer.precision == Precision::Unshifted {
            // All of a chain have the widest one's unit, however short its own range is.
            let range = self.stats[id].magnitude * HEADROOM;
            let steps = f64::from(1u32 << self.bits.output) * UNSHIFTED_STEPS;
            return Wish::AtLeast(range / steps);
        }
        match &layer.activation {
            Activation::Square => match layer.terms.as_slice() {
                [] => Wish::Any,
                [only] => Wish::ProductOf(only.source, only.source),
                [a, b, ..] => Wish::ProductOf(a.source, b.source),
            },
            Activation::Step | Activation::IsZero => Wish::Fixed(1.0),
            Activation::Identity | Activation::Relu => Wish::Any,
            _ => Wish::AtLeast(self.units[id]),
        }
    }

    /// Puts the layers that requantise into groups; exact ones join theirs once their sources' scales are known.
    fn group(&mut self) {
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else { continue };
            if layer.precision != Precision::Scaled {
                continue;
            }
            let output = self.graph.outputs.contains(&id);
            let limit = self.limit(output);
            let fixed = self.fixed_rule(id);
            let class = fixed.is_some().then(|| self.classes.of(id)).flatten();
            let activation = layer.activation.clone();
            let mut rule = fixed.unwrap_or(Rule::Homogeneous { activation, limit });
            if let (Rule::Scaled { scale, .. }, Some(class)) = (&mut rule, class) {
                *scale = self.classes.class_scale(class);
            }
            let group = self.join(rule, output, class, None);
            self.group_of[id] = Some(group);
        }
    }

    /// The group with this rule, a new one if need be. `shift` is the graph's unless given.
    fn join(
        &mut self,
        rule: Rule,
        output: bool,
        class: Option<usize>,
        shift: Option<u32>,
    ) -> usize {
        let found = self.groups.iter().position(|g| {
            g.rule == rule && g.output == output && g.class == class && g.shift == shift
        });
        found.unwrap_or_else(|| {
            self.groups.push(Group {
                output,
                class,
                shift,
                rule,
                keys: None,
            });
            self.groups.len() - 1
        })
    }

    /// The group of an exact layer. The tensors before it are done.
    fn exact_group(&mut self, id: usize, layer: &FloatLayer, within: Option<usize>) -> usize {
        use Activation::{Identity, IsZero, Relu, Square, Step};
        let activation = layer.activation.clone();
        let output = self.graph.outputs.contains(&id);
        let rule = if matches!(activation, Identity | Relu | Step | IsZero | Square) {
            let within =
                within
                    .and_then(|id| self.tensors.get(id))
                    .map_or((i32::MIN, i32::MAX), |tensor| match activation {
                        Relu => (0, tensor.max.saturating_sub(tensor.min.min(0))),
                        _ => (tensor.min, tensor.max),
                    });
            Rule::Exact { activation, within }
        } else {
            Rule::Scaled {
                activation,
                limit: self.limit(output),
                unit: self.exact_step(layer),
                scale: self.scale(id),
            }
        };
        let group = self.join(rule, output, None, Some(0));
        self.group_of[id] = Some(group);
        group
    }

    /// Whether two layers that requantise can share a table: the same function of arguments and values of similar size.
    fn alike(&self, id: usize, other: usize) -> bool {
        let layer = |id: usize| {
            let layer = self.graph.tensors[id].layer.as_ref();
            layer.filter(|layer| layer.precision == Precision::Scaled)
        };
        let (Some(a), Some(b)) = (layer(id), layer(other)) else {
            return false;
        };
        let size = |id: usize| {
            let stats = &self.stats[id];
            let argument = stats.sums.0.abs().max(stats.sums.1.abs());
            [stats.magnitude, argument].map(|size| (libm::log2(size) / 2.0).round())
        };
        a.activation == b.activation
            && self.graph.outputs.contains(&id) == self.graph.outputs.contains(&other)
            && self.classes.of(id) == self.classes.of(other)
            && (!matches!(a.activation, Activation::Expression(_)) || size(id) == size(other))
    }

    /// The rule of a layer that requantises, unless its unit is its own to choose.
    fn fixed_rule(&self, id: usize) -> Option<Rule> {
        let activation = &self.graph.tensors[id].layer.as_ref()?.activation;
        if homogeneous(activation) {
            return None;
        }
        let output = self.graph.outputs.contains(&id);
        let (limit, steps) = (self.limit(output), self.steps(output));
        let members = || (0..self.stats.len()).filter(|other| self.alike(id, *other));
        let (unit, scale) = match *activation {
            // The steepest slope is 1/4: four times the value's step is the widest key step that skips no value.
            Activation::Sigmoid => (4.0 / steps, 1.0 / f64::from(limit)),
            Activation::Tanh => (1.0 / steps, 1.0 / f64::from(limit)),
            Activation::Clip { min, max } => {
                let range = members()
                    .map(|id| self.stats[id].magnitude)
                    .fold(0.0, f64::max)
                    * HEADROOM;
                let bound = min.abs().max(max.abs());
                let range = if bound > 0.0 { range.min(bound) } else { range };
                let unit = if range > 0.0 { range } else { 1.0 } / steps;
                (unit, unit)
            }
            _ => {
                let scale = members().map(|id| self.units[id]).fold(0.0, f64::max);
                let (low, high) = members()
                    .map(|id| self.stats[id].sums)
                    .fold(Stats::default().sums, |(low, high), (a, b)| {
                        (low.min(a), high.max(b))
                    });
                (key_unit(activation, (low, high), scale, steps), scale)
            }
        };
        Some(Rule::Scaled {
            activation: activation.clone(),
            limit,
            unit,
            scale,
        })
    }

    /// The real value of one step of a tensor's integers.
    fn scale(&self, id: usize) -> f64 {
        if let Some(scale) = self.classes.scale(id) {
            return scale;
        }
        match self.group_of[id].map(|group| &self.groups[group].rule) {
            Some(Rule::Scaled { scale, .. }) => *scale,
            _ => self.units[id],
        }
    }

    fn unit(&self, id: usize) -> f64 {
        match self.group_of[id].map(|group| &self.groups[group].rule) {
            Some(Rule::Scaled { unit, .. }) => *unit,
            _ => self.classes.scale(id).unwrap_or(self.units[id]),
        }
    }

    fn source_scale(&self, source: usize, cell: usize) -> f64 {
        match self.graph.inputs.iter().position(|input| *input == source) {
            Some(input) => self.grids[input].scale(cell),
            None => self.scale(source),
        }
    }

    /// The smallest shift that keeps the rounding of weights harmless, unless the weights do not fit.
    fn choose_shift(&mut self) {
        let (mut needed, mut allowed) = (MIN_SHIFT, MAX_SHIFT);
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else { continue };
            if layer.precision != Precision::Scaled {
                continue;
            }
            let mut variance = 0.0;
            for term in &layer.terms {
                // The weights of squares are few and alike: what counts is that they are not rounded away.
                if self.is_square(term.source) {
                    let square = self.scale(term.source);
                    let smallest = smallest_weight(term) * square;
                    let least = if largest_weight(term) * square > smallest {
                        MIXED_SQUARE_WEIGHT
                    } else {
                        SQUARE_WEIGHT
                    };
                    let fine = least * self.unit(id) / smallest;
                    if smallest > 0.0 && fine.is_finite() {
                        needed = needed.max(libm::log2(fine.max(1.0)).ceil() as u32);
                    }
                    continue;
                }
                let square = match self
                    .graph
                    .inputs
                    .iter()
                    .position(|input| *input == term.source)
                {
                    Some(input) => self.grids[input].mean_square,
                    None => self.stats[term.source].mean_square / self.scale(term.source).powi(2),
                };
                variance += term.kernel.widest() as f64 * square / 12.0;
            }
            let noise = variance.sqrt() / WEIGHT_NOISE;
            needed = needed.max(libm::log2(noise.max(1.0)).ceil() as u32);
            let largest = self.largest_weight(layer);
            if largest > 0.0 {
                allowed = allowed.min(
                    libm::log2((self.max_weight * self.unit(id) / largest).max(1.0)).floor() as u32,
                );
            }
        }
        let needed = needed.min(MAX_SHIFT);
        // One layer of large weights must not spoil all others: it gets a coarser unit instead.
        self.shift = needed.min(allowed.max(needed.saturating_sub(3)));
    }

    fn is_square(&self, tensor: usize) -> bool {
        let layer = self.graph.tensors[tensor].layer.as_ref();
        layer.is_some_and(|layer| layer.activation == Activation::Square)
    }

    /// By what the unit of layer `id` has to be multiplied for the weights of the squares it reads to be whole numbers: rounding
    /// them would make all products a little too large or too small.
    fn snap(&self, id: usize, layer: &FloatLayer) -> f64 {
        if layer.precision != Precision::Scaled || self.snaps[id] >= MAX_SNAPS {
            return 1.0;
        }
        let step = self.unit(id) / f64::from(1u32 << self.shift);
        let squares = layer.terms.iter().filter(|t| self.is_square(t.source));
        let smallest = squares
            .map(|term| smallest_weight(term) * self.scale(term.source))
            .filter(|weight| *weight > 0.0)
            .fold(f64::INFINITY, f64::min);
        let weight = smallest / step;
        if !weight.is_finite() || weight > f64::from(i16::MAX) {
            return 1.0;
        }
        // Below 1 the unit has to be finer.
        weight / (weight + WHOLE).floor().max(1.0)
    }

    /// The largest weight per step of its source, in real numbers.
    fn largest_weight(&self, layer: &FloatLayer) -> f64 {
        let largest = layer.terms.iter().map(|term| match &term.kernel {
            FloatKernel::Rows(rows) => {
                let weights = rows.par_iter().map(|row| {
                    row.iter()
                        .map(|(cell, w)| (w * self.source_scale(term.source, *cell as usize)).abs())
                        .fold(0.0, f64::max)
                });
                weights.reduce(|| 0.0, f64::max)
            }
            FloatKernel::Conv(conv) => {
                let weights = conv.weights.iter().map(|w| w.abs());
                weights.fold(0.0, f64::max) * self.source_scale(term.source, 0)
            }
        });
        largest.fold(0.0, f64::max)
    }

    /// Quantises every layer, unless something that others depend on is too fine.
    fn layers(&mut self) -> Result<Option<TooFine>> {
        self.tensors.clear();
        self.groups.iter_mut().for_each(|group| group.keys = None);
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let Some(layer) = tensor.layer.as_ref() else {
                self.tensors.push(self.input(id));
                continue;
            };
            let group = match (&layer.precision, self.group_of[id]) {
                (Precision::Exact { within }, _) => self.exact_group(id, layer, *within),
                (Precision::Unshifted, _) => self.exact_group(id, layer, None),
                (Precision::Tests(tests), _) => {
                    self.add_tests(id, layer, tests)?;
                    continue;
                }
                (_, group) => group.unwrap_or_default(),
            };
            let snap = self.snap(id, layer);
            if (snap - 1.0).abs() > WHOLE {
                self.snaps[id] += 1;
                let fixed = matches!(self.groups[group].rule, Rule::Scaled { .. });
                if fixed || self.classes.of(id).is_some() {
                    return Ok(Some(TooFine::Unit(id, snap)));
                }
                self.units[id] *= snap;
            }
            let (quantised, keys) = loop {
                match self.layer(id, layer, group)? {
                    Ok(done) => break done,
                    Err(factor) if layer.precision == Precision::Unshifted => {
                        // Sums reach farther along a chain; not too many steps to where they end.
                        let class = self.classes.of(id).unwrap_or_default();
                        return Ok(Some(TooFine::Scale(class, factor.max(1.25))));
                    }
                    Err(factor) if layer.precision != Precision::Scaled => {
                        let class = self.coarsened(layer).unwrap_or_default();
                        return Ok(Some(TooFine::Scale(class, factor)));
                    }
                    Err(factor)
                        if self.classes.of(id).is_some()
                            || matches!(self.groups[group].rule, Rule::Scaled { .. }) =>
                    {
                        return Ok(Some(TooFine::Unit(id, factor)));
                    }
                    Err(factor) => self.units[id] *= factor,
                }
            };
            let all = &mut self.groups[group].keys;
            *all = Some(all.map_or(keys, |(min, max)| (min.min(keys.0), max.max(keys.1))));
            let (min, max) = self.groups[group].rule.range(keys.0, keys.1);
            self.tensors.push(Tensor {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                len: tensor.len,
                min,
                max,
                scale: self.scale(id),
                visibility: if self.graph.outputs.contains(&id) {
                    self.options.output_visibility
                } else {
                    crate::Visibility::Private
                },
                layer: Some(quantised),
            });
        }
        Ok(None)
    }

    fn input(&self, id: usize) -> Tensor {
        let tensor = &self.graph.tensors[id];
        let position = self
            .graph
            .inputs
            .iter()
            .position(|input| *input == id)
            .unwrap_or_default();
        let grid = &self.grids[position];
        Tensor {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            len: tensor.len,
            min: grid.integers().0,
            max: grid.integers().1,
            scale: grid.scale(0),
            visibility: self.options.input_visibility,
            layer: None,
        }
    }

    /// The layer's integers and the keys they reach, or the factor by which its unit is too fine.
    #[allow(clippy::type_complexity)]
    fn layer(
        &self,
        id: usize,
        layer: &FloatLayer,
        group: usize,
    ) -> Result<Result<(Layer, (i64, i64)), f64>> {
        let exact = matches!(layer.precision, Precision::Exact { .. });
        let (step, shift) = match layer.precision {
            Precision::Exact { .. } => (self.exact_step(layer), 0),
            Precision::Unshifted => (self.unit(id), 0),
            _ => (self.unit(id) / f64::from(1u32 << self.shift), self.shift),
        };
        let square = layer.activation == Activation::Square;
        if exact {
            self.check_exact(id, layer)?;
        }
        // Exact layers multiply integers, whatever these stand for.
        let largest = if exact {
            1.0
        } else {
            self.largest_weight(layer) / step
        };
        if !largest.is_finite() {
            return Err(self.too_large(id));
        }
        if largest > self.max_weight && !exact {
            return Ok(Err(largest / self.max_weight * 1.0001));
        }
        let mut bias = layer.bias.clone();
        let mut terms = Vec::with_capacity(layer.terms.len());
        for term in &layer.terms {
            if let Some(input) = self
                .graph
                .inputs
                .iter()
                .position(|input| *input == term.source)
            {
                let grid = &self.grids[input];
                let scale = |cell| if exact { step } else { grid.scale(cell) };
                match &term.kernel {
                    FloatKernel::Rows(rows) => {
                        for (bias, row) in bias.iter_mut().zip(rows) {
                            let zero = |(cell, w): &(u32, f64)| {
                                let cell = *cell as usize;
                                w * scale(cell) * grid.zero(cell) as f64
                            };
                            *bias += row.iter().map(zero).sum::<f64>();
                        }
                    }
                    // At the borders fewer places count.
                    FloatKernel::Conv(conv) if grid.zero(0) != 0 => {
                        let zero = scale(0) * grid.zero(0) as f64;
                        conv.add_to(&mut bias, &vec![zero; self.graph.tensors[term.source].len]);
                    }
                    FloatKernel::Conv(_) => {}
                }
            }
            // A term without weights only says whose scale a square has.
            if term.kernel.non_zero() == 0 && exact {
                continue;
            }
            if self.is_square(term.source) && !exact {
                let weight = smallest_weight(term) * self.scale(term.source) / step;
                if (weight.round() / weight - 1.0).abs() > MAX_SQUARE_ERROR {
                    return Err(ModelError::quantise(
                        &self.graph.tensors[id].name,
                        format!(
                            "the squares it adds up are too large for a shift of {}; lower activation_bits",
                            self.shift
                        ),
                    ));
                }
            }
            let kernel = self.kernel(&term.kernel, term.source, |cell| {
                if exact {
                    1.0
                } else {
                    self.source_scale(term.source, cell as usize) / step
                }
            });
            terms.push(Term {
                source: term.source,
                kernel,
            });
        }
        let largest_bias = bias.iter().map(|b| (b / step).abs()).fold(0.0, f64::max);
        if !largest_bias.is_finite() {
            return Err(self.too_large(id));
        }
        if largest_bias > MAX_BIAS && !exact {
            return Ok(Err(largest_bias / MAX_BIAS * 2.0));
        }
        let half = if shift == 0 { 0 } else { 1i64 << (shift - 1) };
        let exact_layer = layer;
        let layer = Layer {
            nodes: layer.nodes.clone(),
            terms,
            bias: bias
                .iter()
                .map(|b| (b / step).round() as i64 + half)
                .collect(),
            function: group,
        };
        let bounds = layer_bounds(&layer, self);
        let min = bounds.iter().map(|bound| bound.min).min().unwrap_or(0) >> shift;
        let max = bounds.iter().map(|bound| bound.max).max().unwrap_or(0) >> shift;
        let reach = max.max(-min);
        let limit = if square { SQUARE_LIMIT } else { self.key_limit };
        let excess = reach as f64 / limit as f64;
        if exact && excess > 1.0 {
            if self.can_coarsen(exact_layer, excess) {
                return Ok(Err(excess));
            }
            return Err(ModelError::quantise(
                &self.graph.tensors[id].name,
                format!(
                    "its exact sums reach ±{reach}, beyond ±{limit}; raise table_bits or lower activation_bits"
                ),
            ));
        }
        if reach > i128::from(limit) {
            return Ok(Err((reach as f64 / self.key_limit as f64).max(1.0) * 1.001));
        }
        Ok(Ok((layer, (min as i64, max as i64))))
    }

    /// What one step of an exact layer's sums stands for.
    fn exact_step(&self, layer: &FloatLayer) -> f64 {
        let term = layer.terms.first();
        term.map_or(1.0, |term| self.source_scale(term.source, 0))
    }

    /// The class to make coarser where an exact layer's sums are too large: its first source's, or the one that was made coarser
    /// least so far.
    fn coarsened(&self, layer: &FloatLayer) -> Option<usize> {
        let classes = layer.terms.iter().filter_map(|t| self.classes.of(t.source));
        classes.min_by(|a, b| {
            self.classes
                .stretch(*a)
                .total_cmp(&self.classes.stretch(*b))
        })
    }

    /// Whether an exact layer whose sums are too large may have its finest source made coarser by `factor` more.
    fn can_coarsen(&self, layer: &FloatLayer, factor: f64) -> bool {
        self.coarsened(layer)
            .is_some_and(|class| self.classes.stretch(class) * factor <= MAX_STRETCH)
    }

    /// A kernel in integers; `unit(cell)` is what a weight on that source cell is multiplied by.
    fn kernel(
        &self,
        kernel: &FloatKernel,
        source: usize,
        unit: impl Fn(u32) -> f64 + Sync,
    ) -> Kernel {
        let rows = match kernel {
            FloatKernel::Rows(rows) => rows,
            FloatKernel::Conv(conv) => {
                let factor = unit(0);
                return Kernel::Conv(Conv {
                    // Within 16 bits, as the largest weight was checked before.
                    weights: conv
                        .weights
                        .iter()
                        .map(|w| (w * factor).round() as i32)
                        .collect(),
                    channels: conv.channels,
                    source: conv.source,
                    output: conv.output,
                    size: conv.size,
                    stride: conv.stride,
                    up: conv.up,
                    dilation: conv.dilation,
                    pad: conv.pad,
                    groups: conv.groups,
                });
            }
        };
        let source_len = self.graph.tensors[source].len;
        let non_zero: usize = rows.iter().map(Vec::len).sum();
        // Within 16 bits, as the largest weight was checked before.
        let integer = |cell: u32, w: f64| (w * unit(cell)).round() as i32;
        if non_zero as f64 >= DENSE_FROM * (rows.len() * source_len) as f64 {
            let mut weights = vec![0; rows.len() * source_len];
            weights
                .par_chunks_mut(source_len)
                .zip(rows)
                .for_each(|(out, row)| {
                    row.iter()
                        .for_each(|(cell, w)| out[*cell as usize] = integer(*cell, *w));
                });
            return Kernel::Dense { weights };
        }
        let entries = rows.iter().enumerate().flat_map(|(i, row)| {
            let entry = move |(cell, w): &(u32, f64)| (i as u32, *cell, integer(*cell, *w));
            row.iter().map(entry).filter(|(_, _, w)| *w != 0)
        });
        Kernel::Sparse {
            entries: entries.collect(),
        }
    }

    /// Makes the unit of a tensor coarser by `factor`, together with all that share it.
    fn widen(&mut self, id: usize, factor: f64) -> Result<()> {
        let before = self.unit(id);
        let class = self.classes.of(id);
        let rule = self.group_of[id].map(|group| &mut self.groups[group].rule);
        if let Some(Rule::Scaled {
            activation,
            unit,
            scale,
            ..
        }) = rule
        {
            *unit *= factor;
            // Clip's values have the keys' unit, so they widen together.
            if !matches!(activation, Activation::Clip { .. }) {
                return Ok(());
            }
            *scale *= factor;
        }
        if let Some(class) = class {
            self.classes.widen(class, factor);
            self.choose_classes()?;
        }
        if self.unit(id) != before {
            return Ok(());
        }
        Err(self.too_large(id))
    }

    /// Whether a layer is one that [`Precision::Exact`] allows.
    fn check_exact(&self, id: usize, layer: &FloatLayer) -> Result<()> {
        let invalid = |detail: &str| {
            Err(ModelError::quantise(
                &self.graph.tensors[id].name,
                format!("is an exact layer, but {detail}"),
            ))
        };
        let mut weights = layer.terms.iter().flat_map(|term| term.kernel.weights());
        if weights.any(|w| w.round() != w || w.abs() > self.max_weight) {
            return invalid("a weight is no 16-bit integer");
        }
        let mut grids = layer.terms.iter().filter_map(|term| {
            let input = self.graph.inputs.iter().position(|id| *id == term.source)?;
            self.grids.get(input)
        });
        if grids.any(|grid| grid.scales.len() > 1) {
            return invalid(
                "an input it reads has one scale per feature; give all features one domain",
            );
        }
        Ok(())
    }

    fn too_large(&self, id: usize) -> ModelError {
        ModelError::quantise(
            &self.graph.tensors[id].name,
            "its weights or biases are too large for any scale; check the model for overflowing values",
        )
    }

    fn finish(self) -> Result<IntegerGraph> {
        let mut functions = Vec::with_capacity(self.groups.len());
        let mut number = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let Some((min, max)) = group.keys else {
                number.push(0);
                continue;
            };
            let function = match group.rule {
                Rule::Exact {
                    activation: Activation::Square,
                    ..
                } => Function::Square,
                _ => {
                    let shift = group.shift.unwrap_or(self.shift);
                    Function::Table(group.rule.table(shift, min, max))
                }
            };
            let found = functions.iter().position(|other| *other == function);
            number.push(found.unwrap_or_else(|| {
                functions.push(function);
                functions.len() - 1
            }));
        }
        let mut tensors = self.tensors;
        for layer in tensors
            .iter_mut()
            .filter_map(|tensor| tensor.layer.as_mut())
        {
            layer.function = number[layer.function];
        }
        Ok(IntegerGraph {
            tensors,
            functions,
            inputs: self.graph.inputs.clone(),
            outputs: self.graph.outputs.clone(),
        })
    }
}

/// The smallest magnitude of a weight that is not zero; infinite if there is none.
fn smallest_weight(term: &FloatTerm) -> f64 {
    let weights = term.kernel.weights().map(f64::abs);
    weights.filter(|w| *w > 0.0).fold(f64::INFINITY, f64::min)
}

fn largest_weight(term: &FloatTerm) -> f64 {
    let weights = term.kernel.weights().map(f64::abs);
    weights.fold(0.0, f64::max)
}
