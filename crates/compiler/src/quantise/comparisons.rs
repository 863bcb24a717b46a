//! Layers of tests, and what the interval analysis asks about layers that are done.

use super::Quantiser;
use crate::float::activation::Activation;
use crate::float::comparison::{Comparison, Test};
use crate::float::graph::{FloatLayer, Precision};
use crate::quantise::function::Rule;
use crate::quantise::integer_tests::{Operand, Reals, integer_layer};
use crate::{CompileError, Result};
use verdict_model::ranges::Cells;
use verdict_model::{Layer, Tensor, Visibility};

/// A table of more entries than this had better be shared or shifted.
const LONG_TABLE: i64 = 1 << 12;

impl Cells for Quantiser<'_> {
    fn tensor(&self, id: usize) -> Option<&Tensor> {
        self.tensors.get(id)
    }

    fn value(&self, function: usize, y: i64) -> Option<i32> {
        let group = self.groups.get(function)?;
        Some(group.rule.value(y >> group.shift.unwrap_or(self.shift)))
    }

    fn is_public(&self, id: usize) -> bool {
        !self.hides(id)
    }

    fn is_square(&self, function: usize) -> bool {
        let rule = self.groups.get(function).map(|group| &group.rule);
        let square = Activation::Square;
        matches!(rule, Some(Rule::Exact { activation, .. }) if *activation == square)
    }
}

impl Quantiser<'_> {
    /// Quantises a layer of tests.
    ///
    /// A step at zero is the same of a sum that was shifted down, as that rounds towards −∞. So it
    /// shares the graph's shift where its own table would be long; that costs a row for every cell
    /// of a plane, and none elsewhere.
    pub(super) fn add_tests(
        &mut self,
        id: usize,
        layer: &FloatLayer,
        tests: &[Option<Test>],
    ) -> Result<()> {
        let (mut integer, (min, max)) = self.tests(id, layer, tests)?;
        let tensor = &self.graph.tensors[id];
        let long = if tensor.shape.len() > 1 {
            LONG_TABLE * 4
        } else {
            LONG_TABLE
        };
        let shifted = layer.activation == Activation::Step && max - min > long;
        let rule = Rule::Exact {
            activation: layer.activation.clone(),
            within: (i32::MIN, i32::MAX),
        };
        let group = self.join(rule, false, None, (!shifted).then_some(0));
        self.group_of[id] = Some(group);
        let shift = if shifted { self.shift } else { 0 };
        let keys = (min >> shift, max >> shift);
        self.reached.push(Some((group, keys)));
        integer.function = group;
        self.tensors.push(Tensor {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            len: tensor.len,
            min: 0,
            max: 1,
            scale: 1.0,
            visibility: if self.graph.outputs.contains(&id) {
                self.options.visibility(&tensor.name, false)
            } else {
                Visibility::Private
            },
            layer: Some(integer),
        });
        Ok(())
    }

    /// The integers of a layer of tests, and what its sums reach.
    fn tests(
        &self,
        id: usize,
        layer: &FloatLayer,
        tests: &[Option<Test>],
    ) -> Result<(Layer, (i64, i64))> {
        let invalid = |detail| CompileError::quantise(&self.graph.tensors[id].name, detail);
        let operand = |source: usize, cell: u32| self.operand(source, cell as usize);
        let mut integer = integer_layer(
            tests,
            &layer.terms,
            &layer.bias,
            operand,
            self.options.private_weights,
        )
        .map_err(invalid)?;
        integer.nodes.clone_from(&layer.nodes);
        let bounds = self.bounds(id, &integer);
        let min = bounds.iter().map(|bound| bound.min).min().unwrap_or(0);
        let max = bounds.iter().map(|bound| bound.max).max().unwrap_or(0);
        let reach = max.max(-min);
        // Zero, unlike the sign, cannot be told from a sum without its lowest bits.
        if layer.activation == Activation::IsZero && reach > i128::from(self.key_limit) {
            return Err(invalid(format!(
                "its tests for equality reach ±{reach}, beyond ±{}; raise table_bits or lower input_bits",
                self.key_limit
            )));
        }
        Ok((integer, (min as i64, max as i64)))
    }

    /// What the integers of a source cell stand for; `None` for a mark of a missing value.
    fn operand(&self, source: usize, cell: usize) -> Option<Operand<'_>> {
        let input = self.graph.inputs.iter().position(|input| *input == source);
        if let Some(grid) = input.map(|input| &self.grids[input]) {
            return Some(Operand {
                weight: 1.0,
                range: grid.range(cell),
                reals: match grid.breakpoints(cell) {
                    Some(breakpoints) => Reals::Ranks(breakpoints),
                    None => Reals::Even {
                        scale: grid.scale(cell),
                        zero: grid.zero(cell),
                    },
                },
                missing: grid.reserved(cell),
            });
        }
        let layer = self.graph.tensors[source].layer.as_ref();
        if let Some(Precision::Tests(tests)) = layer.map(|layer| &layer.precision)
            && matches!(tests.get(cell), Some(Some(test)) if test.comparison == Comparison::Missing)
        {
            return None;
        }
        let tensor = &self.tensors[source];
        Some(Operand {
            weight: 1.0,
            range: (tensor.min, tensor.max),
            reals: Reals::Even {
                scale: tensor.scale,
                zero: 0,
            },
            missing: None,
        })
    }
}
