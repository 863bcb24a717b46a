//! The search for bit widths: from small to large until the integers agree with the float model.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use rayon::prelude::*;

use crate::agreement::{Agreement, Expected, Purpose, agreement};
use crate::float::graph::{FloatGraph, FloatTensor, Precision};
use crate::options::Options;
use crate::progress::{CompileStep, OnStep};
use crate::quantise::bits::Bits;
use crate::quantise::calibration::{Measured, Stats};
use crate::quantise::feature_grid::compared;
use crate::quantise::grid::InputGrid;
use crate::quantise::input_grid::choose;
use crate::quantise::quantise;
use crate::quantise::work::Work;
use crate::{CompileError, Result};
use verdict_model::{ChannelShifts, DataSet, Goal, IntegerGraph, Row};

/// Most bits an activation or output can have.
pub(crate) const MAX_BITS: u32 = 15;
/// Fewest bits an activation can have.
const MIN_BITS: u32 = 2;
/// Worst error of a value, relative to its output's range, that is paid for.
const TOLERANCE: f64 = 0.01;
/// Multiplications that judging an attempt may take: there are a dozen of them and more.
const MAX_PRODUCTS: usize = 1 << 29;
/// However large the model, it is judged by so many rows.
const FEWEST_ROWS: usize = 16;
/// Where the error is this much too large, bits of the outputs alone are not what is missing.
const HOPELESS: f64 = 8.0;
/// Widths of activations that may make it worse, one after the other, before wider ones are given
/// up.
const PATIENCE: u32 = 3;
/// Steps that a search may take once it has found anything: a few seconds …
const MAX_WORK: u64 = 1 << 32;
/// … or those of so many attempts at a large model.
const ATTEMPTS: u64 = 12;
/// Steps that a cell takes besides its products.
const CELL: usize = 8;

/// Bits of everything, which an attempt is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Setting {
    pub(crate) bits: Bits,
    /// Of inputs that are on no coarser grid by nature.
    pub(crate) input: u32,
    /// Of the largest table's number of entries.
    pub(crate) table: u32,
}

/// The calibration data on grids of some number of bits.
pub(crate) struct Inputs {
    pub(crate) grids: Vec<InputGrid>,
    /// `[row][input][position]`
    rows: Vec<Row<i32>>,
}

/// Integers, with the inputs that they share with others.
pub(crate) struct Attempt {
    pub(crate) setting: Setting,
    pub(crate) integer: IntegerGraph,
    pub(crate) inputs: Rc<Inputs>,
}

/// An attempt, and how well it does.
pub(crate) struct Judged {
    pub(crate) attempt: Attempt,
    pub(crate) agreement: Agreement,
}

/// Attempts at one reading of the model: as it is, or with its channels scaled.
pub(crate) struct Search<'a> {
    pub(crate) graph: Cow<'a, FloatGraph>,
    /// The channels that are scaled.
    pub(crate) equalised: Vec<ChannelShifts>,
    data: &'a DataSet,
    pub(crate) options: &'a Options,
    measured: Measured,
    purposes: Vec<Purpose>,
    /// How many rows attempts are judged by.
    rows: usize,
    /// Whether an input is compared with constants.
    pub(crate) tested: bool,
    /// By bits of an input: many widths of activations and outputs have the same.
    inputs: HashMap<u32, Rc<Inputs>>,
    /// By bits of an activation: outputs change nothing here.
    stats: HashMap<u32, Rc<[Stats]>>,
    /// What all attempts took.
    pub(crate) work: Work,
    on_step: &'a OnStep<'a>,
    /// How many attempts were begun.
    begun: u32,
}

impl<'a> Search<'a> {
    pub(crate) fn new(
        graph: Cow<'a, FloatGraph>,
        equalised: Vec<ChannelShifts>,
        data: &'a DataSet,
        options: &'a Options,
        on_step: &'a OnStep<'a>,
    ) -> Result<Self> {
        on_step(CompileStep::Measure {
            rows: data.len(),
            equalised: !equalised.is_empty(),
        });
        let measured = Measured::new(&graph, data, options.calibration)?;
        let mut inputs = graph.inputs.iter();
        let tested = inputs.any(|input| compared(&graph, *input).is_some());
        let names = graph.output_names.iter().enumerate();
        let purposes = names.map(|(output, name)| {
            let of_file = graph.output_kinds.get(output).copied();
            let stated = options.output_kind(name);
            Purpose {
                kind: stated.unwrap_or(of_file.unwrap_or_default()),
                stated: stated.is_some(),
                choices: graph.choices.get(output).copied().flatten(),
            }
        });
        let affordable = MAX_PRODUCTS / graph.products().max(1);
        Ok(Self {
            purposes: purposes.collect(),
            rows: affordable.max(FEWEST_ROWS).min(data.len()),
            measured,
            tested,
            graph,
            equalised,
            data,
            options,
            inputs: HashMap::new(),
            stats: HashMap::new(),
            work: Work::unlimited(),
            on_step,
            begun: 0,
        })
    }

    /// The table bits to begin with.
    pub(crate) fn table_bits(&self) -> u32 {
        let usual = if self.small() { 14 } else { 16 };
        self.options.table_bits.unwrap_or(usual)
    }

    fn small(&self) -> bool {
        matches!(self.options.goal, Goal::Time | Goal::Memory)
    }

    /// The fewest bits for which the integers agree with the float model, or the ones that do
    /// best.
    pub(crate) fn fewest(&mut self, table: u32) -> Result<Judged> {
        let (first, last) = match self.options.activation_bits {
            Some(bits) => (bits, bits),
            None => (fewest_bits(&self.graph, self.small()), MAX_BITS),
        };
        let mut failed = None;
        let mut best: Option<Judged> = None;
        let mut worse = 0;
        for activation in first..=last {
            if self.options.tune && (worse >= PATIENCE || self.work.is_spent()) {
                break;
            }
            let before = best.as_ref().map(|best| best.agreement.badness);
            let mut least = f64::INFINITY;
            for bits in self.outputs(activation) {
                let Some(judged) = self.judged(self.setting(bits, table), &mut failed)? else {
                    continue;
                };
                if judged.agreement.reached() {
                    return self.with_reserve(judged, first);
                }
                let badness = judged.agreement.badness;
                least = least.min(badness);
                if best.as_ref().is_none_or(|b| badness < b.agreement.badness) {
                    best = Some(judged);
                }
                if self.options.tune && badness > HOPELESS {
                    break;
                }
            }
            match before.is_some_and(|before| least > before) {
                true => worse += 1,
                false => worse = 0,
            }
        }
        match best {
            Some(best) => Ok(best),
            None => self.fewer(first, table, failed),
        }
    }

    /// What fits with fewer bits than the search begins with, if anything does.
    fn fewer(
        &mut self,
        first: u32,
        table: u32,
        mut failed: Option<CompileError>,
    ) -> Result<Judged> {
        // Products may need fewer bits than any function of one value does.
        for activation in (MIN_BITS..first).rev() {
            if self.options.activation_bits.is_some() {
                break;
            }
            for bits in self.outputs(activation) {
                if let Some(judged) = self.judged(self.setting(bits, table), &mut failed)? {
                    return Ok(judged);
                }
            }
        }
        Err(failed.unwrap_or_else(|| CompileError::Option {
            option: "activation_bits",
            detail: "no bit width was left to try".into(),
        }))
    }

    /// The widths that are tried with so many bits of an activation.
    fn outputs(&self, activation: u32) -> impl Iterator<Item = Bits> + use<> {
        let outputs = match self.options.output_bits {
            Some(bits) => bits..=bits,
            None => activation..=(activation + 2).min(MAX_BITS),
        };
        outputs.map(move |output| Bits::new(activation, output))
    }

    /// `bits`, with the bits of inputs that go with them.
    pub(crate) fn setting(&self, bits: Bits, table: u32) -> Setting {
        // Nothing rounds after a tree's comparisons, so the inputs' grid is all that can change a
        // decision.
        let default_bits = match self.tested {
            true => (bits.activation + 4).clamp(12, MAX_BITS),
            false => (bits.activation + 2).clamp(8, 12),
        };
        Setting {
            bits,
            input: self.options.input_bits.unwrap_or(default_bits),
            table,
        }
    }

    /// The attempt, or one of a bit more where that is worth it.
    fn with_reserve(&mut self, found: Judged, first: u32) -> Result<Judged> {
        let Setting { bits, table, .. } = found.attempt.setting;
        let Bits {
            activation, output, ..
        } = bits;
        let mut outputs = self.graph.outputs.iter();
        let classifies = outputs.any(|id| self.graph.tensors[*id].len >= 2);
        // Where fewer bits change a decision, these keep it by a hair, and unseen rows are harder
        // than calibration's.
        let narrowly = classifies && activation > first;
        if (self.options.goal == Goal::Gas || narrowly)
            && self.options.activation_bits.is_none()
            && activation < MAX_BITS
        {
            let finer = Bits::new(activation + 1, (output + 1).min(MAX_BITS));
            if let Ok(attempt) = self.attempt(self.setting(finer, table)) {
                let agreement = match self.options.tune {
                    true => self.judge(&attempt)?,
                    false => found.agreement,
                };
                if agreement.badness <= found.agreement.badness.max(1.0) {
                    return Ok(Judged { attempt, agreement });
                }
            }
        }
        Ok(found)
    }

    /// The attempt judged; `None` if there is none. The first reason is kept in `failed`.
    pub(crate) fn judged(
        &mut self,
        setting: Setting,
        failed: &mut Option<CompileError>,
    ) -> Result<Option<Judged>> {
        let attempt = match self.attempt(setting) {
            Ok(attempt) => attempt,
            // Exact layers may not fit their tables at many bits; fewer may do.
            Err(error @ CompileError::Quantise { .. }) => {
                failed.get_or_insert(error);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        self.judge_attempt(attempt).map(Some)
    }

    /// How well an attempt does.
    pub(crate) fn judge_attempt(&mut self, attempt: Attempt) -> Result<Judged> {
        let setting = attempt.setting;
        let agreement = self.judge(&attempt)?;
        if self.options.tune {
            self.work.limit(MAX_WORK, ATTEMPTS);
        }
        tracing::debug!(
            activation_bits = setting.bits.activation,
            output_bits = setting.bits.output,
            missing_eighths = setting.bits.missing,
            value_bits = setting.bits.values,
            weight_bits = setting.bits.weights,
            input_bits = setting.input,
            table_bits = setting.table,
            equalised = !self.equalised.is_empty(),
            of_tolerated = agreement.badness,
            error_of_range = agreement.error,
            table_entries = attempt.integer.table_entries(),
            work = ?self.work,
            "tried"
        );
        Ok(Judged { attempt, agreement })
    }

    pub(crate) fn judge(&mut self, attempt: &Attempt) -> Result<Agreement> {
        let rows = self.rows.min(attempt.inputs.rows.len());
        let cells = self.graph.tensors.iter().map(|tensor| tensor.len);
        let steps = self.graph.products() + cells.sum::<usize>() * CELL;
        self.work.spend(steps.saturating_mul(rows) as u64);
        let rows = &attempt.inputs.rows[..rows];
        let expected = Expected {
            purposes: &self.purposes,
            reals: &self.measured.outputs,
            tolerance: self.options.accuracy.unwrap_or(TOLERANCE),
            by_size: !self.options.tune,
        };
        agreement(&attempt.integer, rows, &expected)
    }

    /// The attempt's agreement on all rows, where it was judged by a part of them.
    pub(crate) fn on_all_rows(&mut self, judged: &mut Judged) -> Result<()> {
        if self.rows < self.data.len() {
            self.rows = self.data.len();
            judged.agreement = self.judge(&judged.attempt)?;
        }
        Ok(())
    }

    pub(crate) fn attempt(&mut self, setting: Setting) -> Result<Attempt> {
        (self.on_step)(CompileStep::Try {
            before: self.begun,
            activation_bits: setting.bits.activation,
            output_bits: setting.bits.output,
            table_bits: setting.table,
            spent: self.work.share(),
        });
        self.begun += 1;
        let inputs = self.inputs(setting.input)?;
        let activation = setting.bits.activation;
        let stats = self.stats.entry(activation);
        let stats = stats.or_insert_with(|| self.measured.stats(activation).into());
        let integer = quantise(
            &self.graph,
            &inputs.grids,
            stats,
            self.options,
            setting.bits,
            setting.table,
            &mut self.work,
        )?;
        Ok(Attempt {
            setting,
            integer,
            inputs,
        })
    }

    fn inputs(&mut self, bits: u32) -> Result<Rc<Inputs>> {
        if let Some(known) = self.inputs.get(&bits) {
            return Ok(known.clone());
        }
        let grids = (0..self.graph.inputs.len())
            .map(|i| choose(&self.graph, i, self.data, self.options, bits))
            .collect::<Result<Vec<_>>>()?;
        let rows = self.data.rows().par_iter();
        let row = |row: &Row| -> Row<i32> {
            let inputs = row.iter().zip(&grids);
            inputs
                .map(|(values, grid)| {
                    let integer = |(i, v): (usize, &f64)| grid.integer(i, *v);
                    values.iter().enumerate().map(integer).collect()
                })
                .collect()
        };
        let rows = rows.map(row).collect();
        let inputs = Rc::new(Inputs { grids, rows });
        self.inputs.insert(bits, inputs.clone());
        Ok(inputs)
    }
}

/// Where the search begins. Independent rounding errors of successive layers add up like their root
/// mean square, half a bit for every doubling of the depth, which calibration rows that the model
/// was trained on are too easy to show.
fn fewest_bits(graph: &FloatGraph, small: bool) -> u32 {
    // Exact layers round nothing.
    let rounds = |tensor: &FloatTensor| {
        let layer = tensor.layer.as_ref();
        layer.is_some_and(|layer| layer.precision == Precision::Scaled)
    };
    let layers = graph.tensors.iter().filter(|t| rounds(t)).count().max(1);
    let depth = ((layers as f64).log2() / 2.0).ceil() as u32;
    let floor = if small { 6 } else { 8 };
    (6 + depth).clamp(floor, MAX_BITS)
}
