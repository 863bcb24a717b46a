//! The search for bit widths: from small to large until the integers agree with the float model.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::rc::Rc;

use rayon::prelude::*;

use crate::agreement::disagreement;
use crate::float::graph::{FloatGraph, FloatTensor, Precision};
use crate::options::Options;
use crate::quantise::bits::Bits;
use crate::quantise::calibration::{Measured, Stats};
use crate::quantise::feature_grid::compared;
use crate::quantise::grid::InputGrid;
use crate::quantise::input_grid::choose;
use crate::quantise::quantise;
use crate::{CompileError, Result};
use verdict_model::{DataSet, Goal, IntegerGraph, Row};

/// Most bits an activation or output can have.
pub(crate) const MAX_BITS: u32 = 15;

/// A model in integers.
pub(crate) struct Found {
    /// The bits it has.
    pub(crate) bits: Bits,
    /// The arithmetic.
    pub(crate) integer: IntegerGraph,
    /// The grids of its inputs.
    pub(crate) grids: Vec<InputGrid>,
}

/// The calibration data on grids of some number of bits.
struct Inputs {
    grids: Vec<InputGrid>,
    /// `[row][input][position]`
    rows: Vec<Row<i32>>,
}

/// An attempt, with the inputs that it shares with others.
struct Attempt {
    bits: Bits,
    integer: IntegerGraph,
    inputs: Rc<Inputs>,
}

impl Attempt {
    fn found(self) -> Found {
        Found {
            bits: self.bits,
            integer: self.integer,
            grids: self.inputs.grids.clone(),
        }
    }
}

struct Search<'a> {
    graph: &'a FloatGraph,
    data: &'a DataSet,
    measured: &'a Measured,
    options: &'a Options,
    table_bits: u32,
    /// Whether an input is compared with constants.
    tested: bool,
    /// By bits of an input: many widths of activations and outputs have the same.
    inputs: HashMap<u32, Rc<Inputs>>,
    /// By bits of an activation: outputs change nothing here.
    stats: HashMap<u32, Rc<[Stats]>>,
}

/// Tries bit widths from small to large until the integers agree with the float model.
pub(crate) fn search(
    graph: &FloatGraph,
    data: &DataSet,
    measured: &Measured,
    options: &Options,
) -> Result<Found> {
    let small = matches!(options.goal, Goal::Time | Goal::Memory);
    let mut inputs = graph.inputs.iter();
    let mut search = Search {
        graph,
        data,
        measured,
        options,
        table_bits: options.table_bits.unwrap_or(if small { 14 } else { 16 }),
        tested: inputs.any(|input| compared(graph, *input).is_some()),
        inputs: HashMap::new(),
        stats: HashMap::new(),
    };
    let activations = match options.activation_bits {
        Some(bits) => bits..=bits,
        None => fewest_bits(graph, small)..=MAX_BITS,
    };
    search.run(activations)
}

impl Search<'_> {
    fn run(&mut self, activations: RangeInclusive<u32>) -> Result<Found> {
        let first = *activations.start();
        let mut failed = None;
        let mut best: Option<(f64, Attempt)> = None;
        let widths: Vec<Bits> = activations.flat_map(|bits| self.outputs(bits)).collect();
        for bits in widths {
            let attempt = match self.attempt(bits) {
                Ok(done) => done,
                // Exact layers may not fit their tables at many bits; fewer may do.
                Err(error @ CompileError::Quantise { .. }) => {
                    failed.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let (integer, rows) = (&attempt.integer, &attempt.inputs.rows);
            let badness = disagreement(integer, rows, &self.measured.outputs)?;
            tracing::debug!(
                activation = bits.activation,
                output = bits.output,
                badness,
                table_entries = integer.table_entries(),
                "tried"
            );
            if badness <= 1.0 {
                return Ok(self.with_reserve(attempt, first));
            }
            if best.as_ref().is_none_or(|(least, _)| badness < *least) {
                best = Some((badness, attempt));
            }
        }
        let Some((badness, attempt)) = best else {
            return Err(failed.unwrap_or_else(|| CompileError::Option {
                option: "activation_bits",
                detail: "no bit width was left to try".into(),
            }));
        };
        tracing::warn!(
            badness,
            activation_bits = attempt.bits.activation,
            "no bit width reaches the accuracy goal; kept the best one, see the accuracy report"
        );
        Ok(attempt.found())
    }

    /// The widths that are tried with so many bits of an activation.
    fn outputs(&self, activation: u32) -> impl Iterator<Item = Bits> + use<> {
        let outputs = match self.options.output_bits {
            Some(bits) => bits..=bits,
            None => activation..=(activation + 2).min(MAX_BITS),
        };
        outputs.map(move |output| Bits { activation, output })
    }

    /// The attempt, or one of a bit more where that is worth it.
    fn with_reserve(&mut self, attempt: Attempt, first: u32) -> Found {
        let Bits { activation, output } = attempt.bits;
        let mut outputs = self.graph.outputs.iter();
        let classifies = outputs.any(|id| self.graph.tensors[*id].len >= 2);
        // Where fewer bits change a decision, these keep it by a hair, and unseen rows are harder
        // than calibration's.
        let narrowly = classifies && activation > first;
        if (self.options.goal == Goal::Gas || narrowly)
            && self.options.activation_bits.is_none()
            && activation < MAX_BITS
        {
            let finer = Bits {
                activation: activation + 1,
                output: (output + 1).min(MAX_BITS),
            };
            if let Ok(finer) = self.attempt(finer) {
                return finer.found();
            }
        }
        attempt.found()
    }

    fn attempt(&mut self, bits: Bits) -> Result<Attempt> {
        // Nothing rounds after a tree's comparisons, so the inputs' grid is all that can change a
        // decision.
        let default_bits = match self.tested {
            true => (bits.activation + 4).clamp(12, MAX_BITS),
            false => (bits.activation + 2).clamp(8, 12),
        };
        let inputs = self.inputs(self.options.input_bits.unwrap_or(default_bits))?;
        let stats = self.stats.entry(bits.activation);
        let stats = stats.or_insert_with(|| self.measured.stats(bits.activation).into());
        let integer = quantise(
            self.graph,
            &inputs.grids,
            stats,
            self.options,
            bits,
            self.table_bits,
        )?;
        Ok(Attempt {
            bits,
            integer,
            inputs,
        })
    }

    fn inputs(&mut self, bits: u32) -> Result<Rc<Inputs>> {
        if let Some(known) = self.inputs.get(&bits) {
            return Ok(known.clone());
        }
        let grids = (0..self.graph.inputs.len())
            .map(|i| choose(self.graph, i, self.data, self.options, bits))
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
