//! Scales, units and groups of layers that share a table.

use rayon::prelude::*;

use super::{Group, MAX_SNAPS, OUTPUT_LIMIT, Quantiser, UNSHIFTED_STEPS, WHOLE};
use crate::float::activation::Activation;
use crate::float::graph::{FloatKernel, FloatLayer, FloatTerm, Precision};
use crate::float::key_unit::{self, key_unit, value_scale};
use crate::quantise::calibration::{HEADROOM, Stats};
use crate::quantise::function::{Rule, Values};
use crate::quantise::layers::largest_whole;
use crate::quantise::scale_class::Wish;
use crate::quantise::secret::previous_power_of_two;
use crate::quantise::whole::whole_tensors;
use crate::{CompileError, Result};

/// An output stays away from its bounds if they are so many times as large as all that was seen.
const SELDOM: f64 = 4.0;

impl Quantiser<'_> {
    pub(super) fn limit(&self, output: bool) -> i32 {
        if output {
            OUTPUT_LIMIT
        } else {
            self.bits.steps(self.bits.activation) as i32
        }
    }

    /// Finds the tensors of whole numbers that have room for steps which divide 1. Units that say which
    /// these are would tell of private weights.
    pub(super) fn find_whole(&mut self) {
        if self.options.private_weights {
            return;
        }
        let all = whole_tensors(self.graph, self.grids).into_iter();
        let fits = |(whole, stats): (bool, &Stats)| whole && stats.range <= OUTPUT_LIMIT.into();
        self.whole = all.zip(self.stats).map(fits).collect();
    }

    /// The unit of a tensor of whole numbers: a part of 1, which they are multiples of. Beside finer
    /// terms of a sum a step of 1 itself would take a weight that is too large, so it is as fine as any
    /// other tensor's, but a power of two, which leaves weights whole.
    fn whole_unit(&self, id: usize) -> f64 {
        if self.graph.outputs.contains(&id) {
            return 1.0;
        }
        let parts = self.steps(false) / self.stats[id].range.max(1.0);
        libm::exp2(-libm::log2(parts.max(1.0)).round())
    }

    /// The largest magnitude of a tensor's integers.
    pub(super) fn limit_of(&self, id: usize) -> i32 {
        match self.whole[id] {
            true => OUTPUT_LIMIT,
            false => self.limit(self.graph.outputs.contains(&id)),
        }
    }

    /// Steps that a layer's calibrated range is divided into, on either side of zero.
    fn steps(&self, output: bool) -> f64 {
        let bits = if output {
            self.bits.output
        } else {
            self.bits.activation
        };
        f64::from(self.bits.steps(bits))
    }

    /// Whether the values of a layer may be finer than its keys: nothing but weights reads them.
    fn has_fine_values(&self, id: usize) -> bool {
        let layer = self.graph.tensors[id].layer.as_ref();
        layer.is_some_and(|layer| {
            layer.precision == Precision::Scaled
                && !layer.activation.is_homogeneous()
                && !matches!(layer.activation, Activation::Clip { .. })
        }) && !self.graph.outputs.contains(&id)
            && !self.whole[id]
            && self.classes.of(id).is_none()
    }

    /// How many times finer a layer's values are than those of other layers.
    fn fineness(&self, id: usize) -> f64 {
        match self.has_fine_values(id) {
            true => f64::from(self.bits.value_steps()) / self.steps(false),
            false => 1.0,
        }
    }

    pub(super) fn choose_units(&mut self) {
        for id in 0..self.units.len() {
            let steps = self.steps(self.graph.outputs.contains(&id)) * self.fineness(id);
            let range = self.stats[id].range;
            let layer = self.graph.tensors[id].layer.as_ref();
            let activation = layer.map_or(&Activation::Identity, |layer| &layer.activation);
            let mut scale = value_scale(activation, range, steps);
            if self.graph.outputs.contains(&id) {
                scale = scale.min(seldom_large(activation, range, steps));
            }
            // Where bounds are known, steps are chosen by them.
            let open = key_unit::largest_whole(activation).is_none();
            self.units[id] = match self.whole[id] && open {
                true => self.whole_unit(id),
                false => self.published(scale),
            };
        }
    }

    pub(super) fn choose_classes(&mut self) -> Result<()> {
        let mut classes = std::mem::take(&mut self.classes);
        classes.choose(|id| self.wish(id)).map_err(|id| {
            CompileError::quantise(
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
            return Wish::AtLeast(self.wished[id].unwrap_or(self.units[id]));
        }
        if layer.precision == Precision::Unshifted {
            // All of a chain have the widest one's unit, however short its own range is.
            let range = self.stats[id].range;
            let steps = f64::from(self.bits.steps(self.bits.output) + 1) * UNSHIFTED_STEPS;
            return Wish::AtLeast(self.published(range / steps));
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

    /// Puts the layers that requantise into groups; exact ones join theirs once their sources'
    /// scales are known.
    pub(super) fn group(&mut self) {
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else { continue };
            if layer.precision != Precision::Scaled {
                continue;
            }
            let output = self.graph.outputs.contains(&id);
            let limit = self.limit_of(id);
            let fixed = self.fixed[id].clone();
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
    pub(super) fn join(
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
                known: Values::default(),
            });
            self.groups.len() - 1
        })
    }

    /// Whether two layers that requantise can share a table: the same function of arguments and
    /// values of similar size.
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
            && self.whole[id] == self.whole[other]
            && self.graph.outputs.contains(&id) == self.graph.outputs.contains(&other)
            && (!matches!(a.activation, Activation::Expression(_)) || size(id) == size(other))
    }

    /// Finds the rules of layers that requantise and whose unit is not their own to choose. Units
    /// must be chosen; those of such layers do not change any more.
    pub(super) fn fix_rules(&mut self) {
        for them in self.kinds(true) {
            let rule = self.fixed_rule(&them);
            for id in them {
                self.fixed[id].clone_from(&rule);
            }
        }
        // Equal tables are one, so layers of different classes wish for the same scale.
        for them in self.kinds(false) {
            let Some(Rule::Scaled { scale, .. }) = self.fixed_rule(&them) else {
                continue;
            };
            for id in them {
                self.wished[id] = Some(scale);
            }
        }
    }

    /// Layers whose unit is not their own to choose, by what they can share; of one class alone
    /// where `classes` count.
    fn kinds(&self, classes: bool) -> Vec<Vec<usize>> {
        let mut kinds: Vec<Vec<usize>> = Vec::new();
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let fixed = tensor.layer.as_ref().is_some_and(|layer| {
                layer.precision == Precision::Scaled && !layer.activation.is_homogeneous()
            });
            if !fixed {
                continue;
            }
            let alike = |other: usize| {
                self.alike(other, id) && (!classes || self.classes.of(other) == self.classes.of(id))
            };
            match kinds.iter_mut().find(|them| alike(them[0])) {
                Some(them) => them.push(id),
                None => kinds.push(vec![id]),
            }
        }
        kinds
    }

    /// The rule of layers that can share a table.
    fn fixed_rule(&self, alike: &[usize]) -> Option<Rule> {
        let id = *alike.first()?;
        let activation = &self.graph.tensors[id].layer.as_ref()?.activation;
        let output = self.graph.outputs.contains(&id);
        let steps = self.steps(output);
        let fine = alike.iter().all(|id| self.has_fine_values(*id));
        let (limit, fineness) = match fine {
            true => (self.bits.value_steps() as i32, self.fineness(id)),
            false => (self.limit_of(id), 1.0),
        };
        let members = || alike.iter().copied();
        let (unit, scale) = match *activation {
            // The steepest slope is 1/4: four times the value's step is the widest key step that
            // skips no value.
            Activation::Sigmoid => (4.0 / steps, 1.0 / f64::from(limit)),
            Activation::Tanh => (1.0 / steps, 1.0 / f64::from(limit)),
            Activation::Clip { .. } if self.whole[id] => {
                let unit = members().map(|id| self.units[id]).fold(0.0, f64::max);
                (unit, unit)
            }
            Activation::Clip { min, max } => {
                let range = members().map(|id| self.stats[id].range).fold(0.0, f64::max);
                let bound = min.abs().max(max.abs());
                let range = if bound > 0.0 { range.min(bound) } else { range };
                let unit = self.published(if range > 0.0 { range } else { 1.0 } / steps);
                (unit, unit)
            }
            _ => {
                let scale = members().map(|id| self.units[id]).fold(0.0, f64::max);
                let (low, high) = members()
                    .map(|id| self.stats[id].sums)
                    .fold(Stats::default().sums, |(low, high), (a, b)| {
                        (low.min(a), high.max(b))
                    });
                let unit = key_unit(activation, (low, high), scale * fineness, steps);
                (self.published(unit), scale)
            }
        };
        Some(Rule::Scaled {
            activation: activation.clone(),
            limit: limit.max(largest_whole(activation)),
            unit,
            scale,
        })
    }

    /// The real value of one step of a tensor's integers.
    pub(super) fn scale(&self, id: usize) -> f64 {
        if let Some(scale) = self.classes.scale(id) {
            return scale;
        }
        match self.group_of[id].map(|group| &self.groups[group].rule) {
            Some(Rule::Scaled { scale, .. }) => *scale,
            _ => self.units[id],
        }
    }

    pub(super) fn unit(&self, id: usize) -> f64 {
        match self.group_of[id].map(|group| &self.groups[group].rule) {
            Some(Rule::Scaled { unit, .. }) => *unit,
            _ => self.classes.scale(id).unwrap_or(self.units[id]),
        }
    }

    pub(super) fn source_scale(&self, source: usize, cell: usize) -> f64 {
        match self.graph.inputs.iter().position(|input| *input == source) {
            Some(input) => self.grids[input].scale(cell),
            None => self.scale(source),
        }
    }

    pub(super) fn is_square(&self, tensor: usize) -> bool {
        let layer = self.graph.tensors[tensor].layer.as_ref();
        layer.is_some_and(|layer| layer.activation == Activation::Square)
    }

    /// By what the unit of layer `id` has to be multiplied for the weights of the squares it reads
    /// to be whole numbers: rounding them would make all products a little too large or too small.
    pub(super) fn snap(&self, id: usize, layer: &FloatLayer) -> f64 {
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
        let factor = match self.options.private_weights {
            // A unit that makes one weight whole would tell that weight.
            true => previous_power_of_two(weight.min(1.0)),
            // Below 1 the unit has to be finer.
            false => weight / (weight + WHOLE).floor().max(1.0),
        };
        match self.spans(id, layer, factor) {
            true => factor,
            false => 1.0,
        }
    }

    /// Whether the values of a layer that has as many steps whatever its unit still reach all that
    /// calibration saw when that unit is `factor` times what it is.
    fn spans(&self, id: usize, layer: &FloatLayer, factor: f64) -> bool {
        let same = layer.activation.is_homogeneous()
            || matches!(layer.activation, Activation::Clip { .. });
        let limit = f64::from(self.limit(self.graph.outputs.contains(&id)));
        let reached = self.scale(id) * factor * limit;
        factor >= 1.0 || !same || reached * HEADROOM * (1.0 + WHOLE) >= self.stats[id].range
    }

    /// The largest weight per step of its source, in real numbers.
    pub(super) fn largest_weight(&self, layer: &FloatLayer) -> f64 {
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

    /// Makes the unit of a tensor coarser by `factor`, together with all that share it.
    pub(super) fn widen(&mut self, id: usize, factor: f64) -> Result<()> {
        let before = self.unit(id);
        let factor = self.grown(id, factor);
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
}

/// The scale of an output that calibration never saw near the bounds that it is known to keep to, a
/// probability of one of many classes, say. An output has integers for the bounds, too: they only
/// get no steps of their own.
fn seldom_large(activation: &Activation, range: f64, steps: f64) -> f64 {
    let bound = match activation {
        Activation::Expression(_) if largest_whole(activation) == 0 => key_unit::bound(activation),
        _ => 0.0,
    };
    match range > 0.0 && range * SELDOM < bound {
        true => (range / steps).max(bound / f64::from(OUTPUT_LIMIT)),
        false => f64::INFINITY,
    }
}

/// The smallest magnitude of a weight that is not zero; infinite if there is none.
pub(super) fn smallest_weight(term: &FloatTerm) -> f64 {
    let weights = term.kernel.weights().map(f64::abs);
    weights.filter(|w| *w > 0.0).fold(f64::INFINITY, f64::min)
}

pub(super) fn largest_weight(term: &FloatTerm) -> f64 {
    let weights = term.kernel.weights().map(f64::abs);
    weights.fold(0.0, f64::max)
}
