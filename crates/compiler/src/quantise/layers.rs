//! The integers of layers, one after the other.

use super::settle::TooFine;
use super::{Group, MAX_BIAS, MAX_SHIFT, MAX_STRETCH, Quantiser, SQUARE_LIMIT, WHOLE, work};
use crate::float::activation::Activation;
use crate::float::graph::{FloatKernel, FloatLayer, Precision};
use crate::float::key_unit;
use crate::float::whole::has_whole_steps;
use crate::quantise::function::Rule;
use crate::quantise::whole::is_of_ones;
use crate::{CompileError, Result};
use verdict_model::{Layer, Tensor, Term, Visibility};

/// The largest key of a table that does not reach down to zero.
const FAR: i128 = 1 << 28;

/// What becomes of a layer at its present unit.
enum Fit {
    /// Its integers and the keys they reach.
    Done(Layer, (i64, i64)),
    /// The factor by which the unit is too fine.
    TooFine(f64),
}

impl Quantiser<'_> {
    /// Quantises tensor `id`, which is the next one, unless something that others depend on is too
    /// fine.
    pub(super) fn next(&mut self, id: usize) -> Result<Option<TooFine>> {
        let tensor = &self.graph.tensors[id];
        let Some(layer) = tensor.layer.as_ref() else {
            self.tensors.push(self.input(id));
            self.reached.push(None);
            return Ok(None);
        };
        let group = match (&layer.precision, self.group_of[id]) {
            (Precision::Exact { within }, _) => self.exact_group(id, layer, *within),
            (Precision::Unshifted, _) => self.exact_group(id, layer, None),
            (Precision::Tests(tests), _) => {
                self.add_tests(id, layer, tests)?;
                return Ok(None);
            }
            (_, group) => group.unwrap_or_default(),
        };
        let snap = self.snap(id, layer);
        if (snap - 1.0).abs() > WHOLE {
            self.snaps[id] += 1;
            if self.is_shared(id, group) {
                return Ok(Some(TooFine::Unit(id, snap)));
            }
            self.units[id] = self.published(self.units[id] * snap);
        }
        let (mut quantised, keys) = loop {
            match self.layer(id, layer, group)? {
                Fit::Done(quantised, keys) => break (quantised, keys),
                Fit::TooFine(factor) if layer.precision == Precision::Unshifted => {
                    // Sums reach farther along a chain; not too many steps to where they end.
                    let class = self.classes.of(id).unwrap_or_default();
                    return Ok(Some(TooFine::Scale(class, factor.max(1.25))));
                }
                Fit::TooFine(factor) if layer.precision != Precision::Scaled => {
                    let class = self.coarsened(layer).unwrap_or_default();
                    return Ok(Some(TooFine::Scale(class, factor)));
                }
                Fit::TooFine(factor) if self.is_shared(id, group) => {
                    return Ok(Some(TooFine::Unit(id, factor)));
                }
                Fit::TooFine(factor) => {
                    self.units[id] = self.published(self.units[id] * self.grown(id, factor));
                }
            }
        };
        self.crowd(id, layer);
        let group = self.narrowed(id, group);
        quantised.function = group;
        let Group { rule, known, .. } = &mut self.groups[group];
        let (min, max) = match (&layer.precision, &layer.activation) {
            // Also where sums are known to decide it: what is within a span of such values (the
            // first one's lead over the next) takes them for any 0 or 1.
            (Precision::Exact { .. }, Activation::Step | Activation::IsZero) => (0, 1),
            _ => rule.range(keys.0, keys.1, known),
        };
        let steps = work::of_values(&layer.activation, known.take_new());
        self.work.spend(steps);
        self.reached.push(Some((group, keys)));
        self.tensors.push(Tensor {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            len: tensor.len,
            min,
            max,
            scale: self.scale(id),
            visibility: if self.graph.outputs.contains(&id) {
                self.options.visibility(&tensor.name, false)
            } else {
                Visibility::Private
            },
            layer: Some(quantised),
        });
        Ok(None)
    }

    /// Whether the unit of a layer of this group is not its own to choose.
    fn is_shared(&self, id: usize, group: usize) -> bool {
        self.classes.of(id).is_some() || matches!(self.groups[group].rule, Rule::Scaled { .. })
    }

    /// The group of an exact layer. The tensors before it are done.
    fn exact_group(&mut self, id: usize, layer: &FloatLayer, within: Option<usize>) -> usize {
        use Activation::{Identity, IsZero, Relu, Square, Step};
        let activation = layer.activation.clone();
        let output = self.graph.outputs.contains(&id);
        let limit = self.limit_of(id);
        let shift = self.exact_shift(layer);
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
                limit: limit.max(largest_whole(&activation)),
                activation,
                unit: self.exact_step(layer) * f64::from(1u32 << shift),
                scale: self.scale(id),
            }
        };
        let group = self.join(rule, output, None, Some(shift));
        self.group_of[id] = Some(group);
        group
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
            visibility: self.options.visibility(&tensor.name, true),
            layer: None,
        }
    }

    /// The layer's integers and the keys they reach, or the factor by which its unit is too fine.
    fn layer(&self, id: usize, layer: &FloatLayer, group: usize) -> Result<Fit> {
        let exact = matches!(layer.precision, Precision::Exact { .. });
        let (step, shift) = match layer.precision {
            Precision::Exact { .. } => {
                let shift = self.groups[group].shift.unwrap_or(0);
                (self.exact_step(layer), shift)
            }
            Precision::Unshifted => (self.unit(id), 0),
            _ => (self.unit(id) / f64::from(1u32 << self.shift), self.shift),
        };
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
            return Ok(Fit::TooFine(largest / self.max_weight * 1.0001));
        }
        let bias = self.bias(layer, exact.then_some(step));
        let terms = self.terms(layer, step);
        let largest_bias = bias.iter().map(|b| (b / step).abs()).fold(0.0, f64::max);
        if !largest_bias.is_finite() {
            return Err(self.too_large(id));
        }
        if largest_bias > MAX_BIAS && !exact {
            return Ok(Fit::TooFine(largest_bias / MAX_BIAS * 2.0));
        }
        // What an exact layer's table drops does not matter to its function.
        let half = match shift {
            0 => 0,
            _ if exact => 0,
            shift => 1i64 << (shift - 1),
        };
        let integer = Layer {
            nodes: layer.nodes.clone(),
            terms,
            bias: bias
                .iter()
                .map(|b| (b / step).round() as i64 + half)
                .collect(),
            function: group,
        };
        self.fit(id, layer, integer, shift)
    }

    /// The biases, with what the zero points of the inputs add to them. Exact layers take every
    /// input's `step` for the same.
    fn bias(&self, layer: &FloatLayer, step: Option<f64>) -> Vec<f64> {
        let mut bias = layer.bias.clone();
        for term in &layer.terms {
            let mut inputs = self.graph.inputs.iter();
            let Some(input) = inputs.position(|input| *input == term.source) else {
                continue;
            };
            let grid = &self.grids[input];
            let scale = |cell| step.unwrap_or_else(|| grid.scale(cell));
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
        bias
    }

    /// The weights in steps of the layer's sums.
    fn terms(&self, layer: &FloatLayer, step: f64) -> Vec<Term> {
        let exact = matches!(layer.precision, Precision::Exact { .. });
        let mut terms = Vec::with_capacity(layer.terms.len());
        for term in &layer.terms {
            // A term without weights only says whose scale a square has.
            if term.kernel.non_zero() == 0 && exact {
                continue;
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
        terms
    }

    /// Whether the keys of `integer`, which is `layer` in integers, stay within a table's.
    fn fit(&self, id: usize, layer: &FloatLayer, integer: Layer, shift: u32) -> Result<Fit> {
        let exact = matches!(layer.precision, Precision::Exact { .. });
        let square = layer.activation == Activation::Square;
        let bounds = self.bounds(id, &integer);
        let min = bounds.iter().map(|bound| bound.min).min().unwrap_or(0) >> shift;
        let max = bounds.iter().map(|bound| bound.max).max().unwrap_or(0) >> shift;
        // A table of its own need not reach down to zero.
        let reach = if exact && !keeps(&layer.activation) && max.max(-min) <= FAR {
            (max - min + 1) / 2
        } else {
            max.max(-min)
        };
        let limit = if square { SQUARE_LIMIT } else { self.key_limit };
        let excess = reach as f64 / limit as f64;
        if exact && excess > 1.0 {
            // Coarser steps would fall between whole numbers.
            if self.can_coarsen(layer, excess) && !self.decides_on_whole(layer) {
                return Ok(Fit::TooFine(excess));
            }
            return Err(CompileError::quantise(
                &self.graph.tensors[id].name,
                format!(
                    "its exact sums reach ±{reach}, beyond ±{limit}; raise table_bits or lower activation_bits"
                ),
            ));
        }
        if reach > i128::from(limit) {
            // A coarser unit makes weights smaller, but the fewest bits there are stay.
            let gone = |term: &Term| term.kernel.non_zero() == 0;
            if self.hides(id) && integer.terms.iter().all(gone) {
                return Err(CompileError::quantise(
                    &self.graph.tensors[id].name,
                    format!(
                        "private weights of a single bit would reach ±{reach} already, beyond ±{limit}: it adds up too many cells; \
                         raise table_bits, or compile for public weights"
                    ),
                ));
            }
            let factor = (reach as f64 / self.key_limit as f64).max(1.0) * 1.001;
            return Ok(Fit::TooFine(factor));
        }
        Ok(Fit::Done(integer, (min as i64, max as i64)))
    }

    /// How many bits of an exact layer's sums its function does not depend on: a sum rounded down to
    /// a power of two drops what is below, and so does the sign of what is left of a sum when that
    /// is taken off again.
    fn exact_shift(&self, layer: &FloatLayer) -> u32 {
        let step = self.exact_step(layer);
        let bits = |activation: &Activation| {
            let Activation::Expression(expression) = activation else {
                return 0;
            };
            let bits = expression
                .floor_width()
                .map_or(0.0, |width| libm::log2(width / step));
            if bits.fract() == 0.0 && bits > 0.0 && bits <= f64::from(MAX_SHIFT) {
                bits as u32
            } else {
                0
            }
        };
        let sources = layer.terms.iter().filter_map(|term| {
            let source = self.graph.tensors[term.source].layer.as_ref()?;
            Some(bits(&source.activation))
        });
        match layer.activation {
            Activation::Step => sources.max().unwrap_or(0),
            ref own => bits(own),
        }
    }

    /// What one step of an exact layer's sums stands for.
    fn exact_step(&self, layer: &FloatLayer) -> f64 {
        let term = layer.terms.first();
        term.map_or(1.0, |term| self.source_scale(term.source, 0))
    }

    /// The class to make coarser where an exact layer's sums are too large: its first source's, or
    /// the one that was made coarser least so far.
    fn coarsened(&self, layer: &FloatLayer) -> Option<usize> {
        let classes = layer.terms.iter().filter_map(|t| self.classes.of(t.source));
        classes.min_by(|a, b| {
            self.classes
                .stretch(*a)
                .total_cmp(&self.classes.stretch(*b))
        })
    }

    /// Whether an exact layer whose sums are too large may have its finest source made coarser by
    /// `factor` more.
    fn can_coarsen(&self, layer: &FloatLayer, factor: f64) -> bool {
        self.coarsened(layer)
            .is_some_and(|class| self.classes.stretch(class) * factor <= MAX_STRETCH)
    }

    /// Whether a layer is one that [`Precision::Exact`] allows.
    fn check_exact(&self, id: usize, layer: &FloatLayer) -> Result<()> {
        let invalid = |detail: &str| {
            Err(CompileError::quantise(
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
        self.check_whole(id, layer)
    }

    /// Whether `id` is an input of whole numbers whose integers are these, but for an offset.
    fn is_of_ones(&self, id: usize) -> bool {
        let input = self.graph.inputs.iter().position(|input| *input == id);
        let grid = input.and_then(|input| self.grids.get(input));
        self.graph.tensors[id].whole && grid.is_some_and(is_of_ones)
    }

    fn decides_on_whole(&self, layer: &FloatLayer) -> bool {
        let tensors = &self.graph.tensors;
        let mut sources = layer.terms.iter().map(|term| term.source);
        !keeps(&layer.activation)
            && !layer.terms.is_empty()
            && sources.all(|id| has_whole_steps(tensors, id, &|id| self.is_of_ones(id)))
    }

    /// Whether a layer that decides on whole numbers has steps that these are multiples of: between
    /// them nothing would ever be equal.
    fn check_whole(&self, id: usize, layer: &FloatLayer) -> Result<()> {
        if !self.decides_on_whole(layer) {
            return Ok(());
        }
        let parts = 1.0 / self.exact_step(layer);
        if parts.round() >= 1.0 && (parts - parts.round()).abs() <= WHOLE * parts {
            return Ok(());
        }
        let largest = layer
            .terms
            .iter()
            .map(|term| self.stats[term.source].magnitude);
        Err(CompileError::quantise(
            &self.graph.tensors[id].name,
            format!(
                "compares whole numbers up to {}, which its activations' bits do not hold; raise activation_bits",
                largest.fold(0.0, f64::max)
            ),
        ))
    }

    pub(super) fn too_large(&self, id: usize) -> CompileError {
        CompileError::quantise(
            &self.graph.tensors[id].name,
            "its weights or biases are too large for any scale; check the model for overflowing values",
        )
    }
}

/// Whether an exact layer's values are of the scale of its sources, or of its square.
fn keeps(activation: &Activation) -> bool {
    matches!(
        activation,
        Activation::Identity | Activation::Relu | Activation::Square
    )
}

/// The largest of the whole numbers that a decision looks up, or that a quantised value can be:
/// these are not cut off.
pub(super) fn largest_whole(activation: &Activation) -> i32 {
    let largest = key_unit::largest_whole(activation).unwrap_or(0.0);
    largest.min(f64::from(i32::MAX)) as i32
}
