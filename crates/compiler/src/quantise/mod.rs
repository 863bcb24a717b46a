//! From real weights to integer weights, given how many bits activations and outputs get.
//!
//! A layer's `unit` is the real number one step of the table's key `q` stands for, `unit / 2^shift`
//! that of one step of `y`. Units are free for homogeneous functions (ReLU and its kin), which
//! therefore all share one table `clamp(f(q))`; other functions fix one unit for all their layers.
//! One `shift` serves the whole graph, because the circuit pays for a range check of every distinct
//! shift. [Exact](Precision::Exact) layers take their sources' scale and do not shift.

pub(crate) mod bits;
mod breakpoints;
pub(crate) mod calibration;
mod comparisons;
pub(crate) mod equalise;
pub(crate) mod feature_grid;
mod function;
pub(crate) mod grid;
pub(crate) mod input_grid;
mod integer_tests;
mod kernel;
mod layers;
mod products;
pub(crate) mod rounded;
mod scale_class;
mod scales;
pub(crate) mod secret;
mod settle;
mod shift;
mod whole;
pub(crate) mod work;

use crate::float::activation::Activation;
use crate::float::graph::FloatGraph;
use crate::float::key_unit;
use crate::options::Options;
use crate::quantise::bits::Bits;
use crate::quantise::calibration::Stats;
use crate::quantise::function::{Rule, Values};
use crate::quantise::grid::InputGrid;
use crate::quantise::scale_class::ScaleClasses;
use crate::quantise::work::Work;
use crate::{CompileError, Result};
use verdict_model::{Function, IntegerGraph, Tensor};

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
/// How much coarser than calibration suggests a tensor may become so that exact layers reading it
/// stay within their limits.
const MAX_STRETCH: f64 = 64.0;
/// Steps of an unshifted sum for each step of an output: what it adds up is rounded term by term.
const UNSHIFTED_STEPS: f64 = 4.0;
/// Where squares have one weight, it should be at least this: the unit then grows by no more than
/// 1/8 to make it whole.
const SQUARE_WEIGHT: f64 = 8.0;
/// Where they have several, the smallest should be at least this, to be no more than 1/128 off when
/// rounded.
const MIXED_SQUARE_WEIGHT: f64 = 64.0;
/// Weights this close to a whole number are whole.
const WHOLE: f64 = 1e-9;
/// A weight of a square that rounding makes wrong by more than this share makes products
/// meaningless, unless they are too small to show.
const MAX_SQUARE_ERROR: f64 = 0.02;
/// Steps of a key that the rounding of squares' weights may move a sum by, whatever their share.
const MAX_SQUARE_STEPS: f64 = 0.5;
/// How much coarser a factor becomes at most at a time where sums of its products do not fit.
const COARSER_FACTOR: f64 = 2.0;
/// A unit that grows again for other reasons after it was fitted to squares is fitted anew at most
/// this often.
const MAX_SNAPS: u32 = 3;
/// Kernels with fewer non-zero weights than this are stored sparsely.
const DENSE_FROM: f64 = 0.5;

/// The smallest and the largest key of a table that is looked up.
type Keys = (i64, i64);

/// Layers that share a table.
struct Group {
    output: bool,
    /// The class whose scale a fixed rule has to keep to.
    class: Option<usize>,
    /// Bits its table drops, unless they are the graph's.
    shift: Option<u32>,
    rule: Rule,
    /// What the rule makes of keys, as far as that was asked for.
    known: Values,
}

struct Quantiser<'a> {
    graph: &'a FloatGraph,
    grids: &'a [InputGrid],
    stats: &'a [Stats],
    options: &'a Options,
    bits: Bits,
    /// The tensors of whole numbers that have room for steps which divide 1.
    whole: Vec<bool>,
    /// Largest magnitude of a table's key.
    key_limit: i64,
    max_weight: f64,
    shift: u32,
    groups: Vec<Group>,
    /// The group of each tensor; inputs have none.
    group_of: Vec<Option<usize>>,
    /// The unit of each tensor's keys.
    units: Vec<f64>,
    /// The units that calibration asked for.
    calibrated: Vec<f64>,
    classes: ScaleClasses,
    /// The rules of layers whose unit is not their own to choose.
    fixed: Vec<Option<Rule>>,
    /// The scales that these wish for.
    wished: Vec<Option<f64>>,
    /// How often each tensor's unit grew to make weights of squares whole.
    snaps: Vec<u32>,
    /// Layers with products whose weights round away, and which of their products these are.
    crowded: Vec<(usize, usize)>,
    /// By layer with products and class of their factors, how much coarser these have to be.
    coarser: Vec<(usize, usize, f64)>,
    /// The tensors that are quantised so far.
    tensors: Vec<Tensor>,
    /// The group of each of these, and the keys it reaches; inputs have none.
    reached: Vec<Option<(usize, Keys)>>,
    work: &'a mut Work,
}

/// Quantises `graph`. `table_bits` limits every table's size; `work` is what it may take, and what
/// it took is added to.
pub(crate) fn quantise(
    graph: &FloatGraph,
    grids: &[InputGrid],
    stats: &[Stats],
    options: &Options,
    bits: Bits,
    table_bits: u32,
    work: &mut Work,
) -> Result<IntegerGraph> {
    let mut bold = true;
    loop {
        let key_limit = (1 << (table_bits - 1)) - 1;
        let quantiser = Quantiser::new(graph, grids, stats, options, (bits, key_limit), work);
        match quantiser.quantise(&mut bold) {
            // Where units and scales grow together, weights never fit a shift that is too large.
            Err(CompileError::Quantise { .. }) if bold => bold = false,
            done => return done,
        }
    }
}

impl<'a> Quantiser<'a> {
    fn new(
        graph: &'a FloatGraph,
        grids: &'a [InputGrid],
        stats: &'a [Stats],
        options: &'a Options,
        (bits, key_limit): (Bits, i64),
        work: &'a mut Work,
    ) -> Self {
        Self {
            graph,
            grids,
            stats,
            options,
            bits,
            whole: vec![false; graph.tensors.len()],
            key_limit,
            max_weight: f64::from((1i32 << (options.weight_bits - 1)) - 1),
            shift: MAX_SHIFT,
            groups: Vec::new(),
            group_of: vec![None; graph.tensors.len()],
            units: vec![1.0; graph.tensors.len()],
            calibrated: Vec::new(),
            classes: ScaleClasses::new(graph),
            fixed: vec![None; graph.tensors.len()],
            wished: vec![None; graph.tensors.len()],
            snaps: vec![0; graph.tensors.len()],
            crowded: Vec::new(),
            coarser: Vec::new(),
            tensors: Vec::new(),
            reached: Vec::new(),
            work,
        }
    }

    /// All of it. `bold`: whether weights may be too large for the shift at first; afterwards, whether
    /// any are.
    fn quantise(mut self, bold: &mut bool) -> Result<IntegerGraph> {
        let functions = self.graph.tensors.iter().filter_map(|it| it.layer.as_ref());
        for layer in functions.filter(|layer| !layer.activation.is_homogeneous()) {
            let steps = work::of_values(&layer.activation, key_unit::SAMPLED);
            self.work.spend(steps);
        }
        self.find_whole();
        self.choose_units();
        self.calibrated.clone_from(&self.units);
        self.fix_rules();
        self.choose_classes()?;
        self.group();
        *bold = self.choose_shift(*bold);
        self.settle()?;
        self.check_products()?;
        self.finish()
    }

    fn finish(mut self) -> Result<IntegerGraph> {
        let mut functions = Vec::with_capacity(self.groups.len());
        let mut number = Vec::with_capacity(self.groups.len());
        let mut keys: Vec<Option<Keys>> = vec![None; self.groups.len()];
        for (group, (low, high)) in self.reached.iter().flatten() {
            let all = &mut keys[*group];
            *all = Some(all.map_or((*low, *high), |(min, max)| (min.min(*low), max.max(*high))));
        }
        for (group, keys) in self.groups.iter_mut().zip(keys) {
            let Some((min, max)) = keys else {
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
                    Function::Table(group.rule.table(shift, min, max, &mut group.known))
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
