//! What is tried beyond the fewest bits that keep the decisions: what costs nothing, and, where the
//! goal is missed, what does cost something.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::cost::Price;
use crate::float::graph::FloatGraph;
use crate::options::Options;
use crate::progress::OnStep;
use crate::quantise::calibration::cell_magnitudes;
use crate::quantise::equalise::{choose as channels, scaled};
use crate::quantise::grid::InputGrid;
use crate::report::verdict::OTHER;
use crate::search::{Judged, MAX_BITS, Search, Setting};
use crate::spend::Spender;
use crate::{CompileError, Result};
use verdict_model::{ChannelShifts, DataSet, IntegerGraph};

/// Bits of the largest table that are tried where the goal is missed.
const MAX_TABLE_BITS: u32 = 20;
/// What costs more and still misses the goal must at least be this much better.
const WORTH: f64 = 1.3;
/// Larger tables than this are only tried where the goal is missed by far.
const DEAR_TABLE_BITS: u32 = 18;
/// By how much it is then missed.
const FAR: f64 = 10.0;
/// Bits of activations and of the largest table that are tried where a model would be refused for
/// its decisions: how many are others hardly depends on a bit or two.
const LAST: [(u32, u32); 4] = [(12, 16), (13, 17), (14, 18), (15, 20)];
/// Bits that may make it worse before more of them are given up.
const PATIENCE: u32 = 2;

/// What was chosen, and how well it does on the calibration data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// Bits of activations.
    pub activation_bits: u32,
    /// Bits of outputs.
    pub output_bits: u32,
    /// Bits of inputs that are on no coarser grid by nature.
    pub input_bits: u32,
    /// No table has more than two to this many entries.
    pub table_bits: u32,
    /// Whether channels were scaled.
    pub equalised: bool,
    /// Whether the goal is reached: decisions, classes and whole numbers are the float model's, but
    /// for one close call at most, and values are as near as asked for.
    pub reached: bool,
    /// Worst error of an output's value, relative to the output's calibrated range.
    pub error: f64,
    /// Share of rows of which a class, or of whole numbers that, are others than the float model's.
    pub other_decisions: f64,
}

/// A model in integers.
pub(crate) struct Found {
    /// The arithmetic.
    pub(crate) integer: IntegerGraph,
    /// The grids of its inputs.
    pub(crate) grids: Vec<InputGrid>,
    /// The channels that are scaled.
    pub(crate) equalised: Vec<ChannelShifts>,
    pub(crate) tuned: Tuned,
}

struct Tuner<'a> {
    graph: &'a FloatGraph,
    data: &'a DataSet,
    options: &'a Options,
    price: &'a Price<'a>,
    on_step: &'a OnStep<'a>,
}

/// Chooses the bits of everything that `options` leaves open.
pub(crate) fn tune(
    graph: &FloatGraph,
    data: &DataSet,
    options: &Options,
    price: &Price<'_>,
    on_step: &OnStep<'_>,
) -> Result<Found> {
    let options = &Options {
        // What is public of private weights must not depend on how well they happen to do.
        tune: options.tune && !options.private_weights,
        ..options.clone()
    };
    let tuner = Tuner {
        graph,
        data,
        options,
        price,
        on_step,
    };
    let mut search = match options.equalise {
        true => tuner.equalised()?,
        false => None,
    };
    let mut search = match search.take() {
        Some(search) => search,
        None => Search::new(Cow::Borrowed(graph), Vec::new(), data, options, on_step)?,
    };
    let mut best = tuner.first(&mut search)?;
    if options.tune {
        if !best.agreement.reached() {
            (search, best) = tuner.climb(search, best)?;
            tuner.decide(&mut search, &mut best)?;
        }
        best = Spender::new(options, price).spend(&mut search, best)?;
    }
    search.on_all_rows(&mut best)?;
    Ok(found(search, best))
}

fn found(search: Search<'_>, best: Judged) -> Found {
    let Judged { attempt, agreement } = best;
    let Setting { bits, input, table } = attempt.setting;
    let tuned = Tuned {
        activation_bits: bits.activation,
        output_bits: bits.output,
        input_bits: input,
        table_bits: table,
        equalised: !search.equalised.is_empty(),
        reached: agreement.spared <= 1.0,
        error: agreement.error,
        other_decisions: agreement.other_decisions,
    };
    if !tuned.reached {
        tracing::warn!(
            error = format!("{:.2} % of the output's range", tuned.error * 100.0),
            other_decisions = format!("{:.2} %", tuned.other_decisions * 100.0),
            activation_bits = tuned.activation_bits,
            table_bits = tuned.table_bits,
            equalised = tuned.equalised,
            "the accuracy goal is missed; kept what does best, see the accuracy report"
        );
    }
    Found {
        integer: attempt.integer,
        grids: attempt.inputs.grids.clone(),
        equalised: search.equalised,
        tuned,
    }
}

/// Whether one reaches the goal, or does better by this factor, where the other does not.
fn better(one: &Judged, other: &Judged, by: f64) -> bool {
    let (one, other) = (&one.agreement, &other.agreement);
    match (one.reached(), other.reached()) {
        (reached, before) if reached != before => reached,
        _ => one.score() * by < other.score(),
    }
}

impl<'a> Tuner<'a> {
    /// Attempts at the model with scaled channels; `None` if there are none to scale.
    fn equalised(&self) -> Result<Option<Search<'a>>> {
        let all = channels(self.graph, &cell_magnitudes(self.graph, self.data));
        if all.is_empty() {
            return Ok(None);
        }
        let graph = scaled(self.graph, &all);
        Search::new(
            Cow::Owned(graph),
            all,
            self.data,
            self.options,
            self.on_step,
        )
        .map(Some)
    }

    /// The fewest bits, with larger tables if nothing fits the usual ones.
    fn first(&self, search: &mut Search<'_>) -> Result<Judged> {
        let table = search.table_bits();
        let error = match search.fewest(table) {
            Err(error @ CompileError::Quantise { .. }) => error,
            other => return other,
        };
        if self.options.tune && self.options.table_bits.is_none() {
            for table in table + 1..=MAX_TABLE_BITS {
                if let Ok(judged) = search.fewest(table) {
                    return Ok(judged);
                }
            }
        }
        Err(error)
    }

    /// Tries what may reach a goal that was missed, the cheapest first: finer inputs, channels of
    /// equal size, larger tables with more bits.
    fn climb(&self, search: Search<'a>, best: Judged) -> Result<(Search<'a>, Judged)> {
        let (mut search, mut best) = (search, best);
        self.finer_inputs(&mut search, &mut best)?;
        if best.agreement.reached() {
            return Ok((search, best));
        }
        if search.equalised.is_empty()
            && !search.work.is_spent()
            && let Some(mut scaled) = self.equalised()?
        {
            scaled.work = search.work;
            let other = self.near(&mut scaled, best.attempt.setting)?;
            search.work = scaled.work;
            if let Some(mut other) = other {
                self.finer_inputs(&mut scaled, &mut other)?;
                search.work = scaled.work;
                if better(&other, &best, 1.0) {
                    (search, best) = (scaled, other);
                }
            }
        }
        if best.agreement.spared <= 1.0 || self.options.table_bits.is_some() {
            return Ok((search, best));
        }
        let mut setting = best.attempt.setting;
        let first = setting.table + 1;
        for table in first..=MAX_TABLE_BITS {
            let dear = table > DEAR_TABLE_BITS && best.agreement.badness < FAR;
            if dear || search.work.is_spent() {
                break;
            }
            // What fits a smaller table gains nothing from a larger one but by more bits.
            setting.table = table;
            self.one_more(&mut setting);
            let Some(mut other) = self.near(&mut search, setting)? else {
                continue;
            };
            self.finer_inputs(&mut search, &mut other)?;
            if (self.price)(&other.attempt.integer).is_none() {
                break;
            }
            let doublings = table - best.attempt.setting.table;
            if better(&other, &best, WORTH.powi(doublings as i32)) {
                setting = other.attempt.setting;
                best = other;
            }
            if best.agreement.spared <= 1.0 {
                break;
            }
        }
        Ok((search, best))
    }

    /// Makes everything much finer if too many decisions are others for the model to be used.
    fn decide(&self, search: &mut Search<'_>, best: &mut Judged) -> Result<()> {
        for (bits, table) in LAST {
            if best.agreement.other_decisions <= OTHER {
                return Ok(());
            }
            let mut setting = best.attempt.setting;
            let finer = |given: Option<u32>, bits: &mut u32, to: u32| {
                *bits = given.map_or((*bits).max(to), |given| given);
            };
            finer(
                self.options.activation_bits,
                &mut setting.bits.activation,
                bits,
            );
            finer(self.options.output_bits, &mut setting.bits.output, bits);
            finer(self.options.input_bits, &mut setting.input, MAX_BITS);
            finer(self.options.table_bits, &mut setting.table, table);
            if setting == best.attempt.setting || search.work.is_spent() {
                continue;
            }
            if let Some(other) = search.judged(setting, &mut None)?
                && other.agreement.other_decisions < best.agreement.other_decisions
                && (self.price)(&other.attempt.integer).is_some()
            {
                *best = other;
            }
        }
        Ok(())
    }

    /// The best attempt with as many bits of an activation as `setting` has, or more as long as
    /// that helps: sums that do not fit a table make steps coarser, so it does not always.
    fn near(&self, search: &mut Search<'_>, setting: Setting) -> Result<Option<Judged>> {
        let mut best: Option<Judged> = None;
        let (mut setting, mut worse) = (setting, 0);
        while worse < PATIENCE && !search.work.is_spent() {
            match search.judged(setting, &mut None)? {
                Some(judged) if best.as_ref().is_none_or(|b| better(&judged, b, 1.0)) => {
                    worse = 0;
                    best = Some(judged);
                }
                _ => worse += 1,
            }
            let reached = best.as_ref().is_some_and(|b| b.agreement.reached());
            if reached || !self.one_more(&mut setting) {
                break;
            }
        }
        Ok(best)
    }

    /// One more bit for everything that has none given; whether there was one.
    fn one_more(&self, setting: &mut Setting) -> bool {
        let more = |given: Option<u32>, bits: &mut u32| {
            let may = given.is_none() && *bits < MAX_BITS;
            *bits += u32::from(may);
            may
        };
        let activation = more(self.options.activation_bits, &mut setting.bits.activation);
        let output = more(self.options.output_bits, &mut setting.bits.output);
        activation || output
    }

    /// Finer inputs, where they help.
    fn finer_inputs(&self, search: &mut Search<'_>, best: &mut Judged) -> Result<()> {
        if self.options.input_bits.is_some() || best.agreement.reached() {
            return Ok(());
        }
        for input in [best.attempt.setting.input + 2, MAX_BITS] {
            let more = input <= MAX_BITS && input > best.attempt.setting.input;
            if !more || search.work.is_spent() {
                continue;
            }
            let setting = Setting {
                input,
                ..best.attempt.setting
            };
            if let Some(other) = search.judged(setting, &mut None)?
                && better(&other, best, WORTH)
            {
                *best = other;
            }
        }
        Ok(())
    }
}
