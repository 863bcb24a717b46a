//! Spends bits that cost nothing: tables may grow until the rows of a circuit are the next power of
//! two.

use crate::Result;
use crate::cost::{Cost, Price, fits, table_rows, words};
use crate::options::Options;
use crate::quantise::bits::Bits;
use crate::search::{Attempt, Judged, MAX_BITS, Search, Setting};
use verdict_model::Goal;

/// Worst error of a value, relative to its output's range, that nobody sees: bits that cost nothing
/// are spent until it is reached.
const INVISIBLE: f64 = 0.001;
/// More bits than this are no use to outputs alone.
const END_BITS: u32 = 4;
/// Circuits of up to this height are proved in a second, and gas does not depend on the height.
const CHEAP_HEIGHT: u32 = 14;
/// Settings that differ little from the best one are many: they may take this many steps, and this
/// part of what the search took before them.
const REFINING: u64 = 1 << 26;
const REFINING_SHARE: u64 = 2;
/// Bits of weights beyond this are as good as none.
const MOST_OF_WEIGHTS: u32 = 6;
/// How often the best setting is left for one of its neighbours.
const MAX_MOVES: u32 = 8;
/// A neighbour must be at least this much better.
const WORTH: f64 = 1.05;

/// What is spent anyway.
struct Spending {
    cost: Cost,
    words: usize,
    /// What tables take before anything is spent.
    rows: usize,
}

impl Spending {
    /// How many times tables may double, at most.
    fn doublings(&self) -> u32 {
        let room = (1u64 << self.cost.height.min(63)) / (self.rows as u64).max(1);
        room.max(1).ilog2() + 1
    }
}

/// Looks for finer integers at no higher price.
pub(crate) struct Spender<'a> {
    options: &'a Options,
    price: &'a Price<'a>,
}

/// The best attempt so far, and the settings that need not be tried again.
struct Found {
    best: Judged,
    tried: Vec<Setting>,
}

impl<'a> Spender<'a> {
    pub(crate) fn new(options: &'a Options, price: &'a Price<'a>) -> Self {
        Self { options, price }
    }

    /// Spends bits until the error is invisible.
    pub(crate) fn spend(&self, search: &mut Search<'_>, best: Judged) -> Result<Judged> {
        if self.is_invisible(&best) {
            return Ok(best);
        }
        let Some(cost) = (self.price)(&best.attempt.integer) else {
            return Ok(best);
        };
        let cheap = match self.options.goal {
            Goal::Time | Goal::Memory => 0,
            Goal::Balanced | Goal::Gas => CHEAP_HEIGHT,
        };
        let start = best.attempt.setting;
        let mut most = Spending {
            cost,
            words: words(&best.attempt.integer),
            rows: table_rows(&best.attempt.integer),
        };
        let tried = vec![start];
        let mut found = Found { best, tried };
        for height in cost.height..=cheap.max(cost.height) {
            most.cost.height = height;
            for setting in self.affordable(search, start, &most) {
                self.attempt(search, &mut found, setting, &most, 1.0)?;
                if self.is_invisible(&found.best) {
                    return Ok(found.best);
                }
            }
        }
        let whole = search.work;
        search.work.allow(REFINING, REFINING_SHARE);
        let refined = self.refine(search, &mut found, &most);
        search.work.restore(whole);
        refined.map(|()| found.best)
    }

    /// Goes from the best setting to better ones next to it, as long as there are any.
    fn refine(&self, search: &mut Search<'_>, found: &mut Found, most: &Spending) -> Result<()> {
        for _ in 0..MAX_MOVES {
            if self.is_invisible(&found.best) {
                return Ok(());
            }
            let before = found.best.attempt.setting;
            for setting in self.neighbours(before) {
                self.attempt(search, found, setting, most, WORTH)?;
                if self.is_invisible(&found.best) {
                    return Ok(());
                }
            }
            if found.best.attempt.setting == before {
                break;
            }
        }
        Ok(())
    }

    /// Settings that differ a little: finer values, finer ends, and more of one at the expense of
    /// another.
    fn neighbours(&self, from: Setting) -> Vec<Setting> {
        // More bits of activations, outputs and inputs; eighths that are missing; bits of values and
        // of weights.
        const STEPS: [(i32, i32, i32, u32, u32, u32); 12] = [
            (0, 0, 0, 0, 2, 2),
            (0, 0, 0, 0, 0, 2),
            (0, 0, 0, 0, 1, 0),
            (0, 1, 0, 0, 0, 0),
            (0, 0, 1, 0, 0, 0),
            (1, 1, 0, 3, 0, 0),
            (1, 1, 0, 2, 0, 0),
            (1, 0, 0, 0, 0, 0),
            (1, 0, -1, 0, 0, 0),
            (1, -1, 0, 0, 0, 0),
            (0, 1, -1, 0, 0, 0),
            (-1, 1, 0, 0, 1, 0),
        ];
        let options = self.options;
        let moved = |given: Option<u32>, bits: u32, by: i32| match given {
            Some(_) => bits,
            None => bits.saturating_add_signed(by).clamp(2, MAX_BITS),
        };
        let steps = STEPS.iter();
        let settings = steps.map(|&(activation, output, input, missing, values, weights)| {
            let bits = from.bits;
            Setting {
                bits: Bits {
                    activation: moved(options.activation_bits, bits.activation, activation),
                    output: moved(options.output_bits, bits.output, output),
                    missing: match options.activation_bits.or(options.output_bits) {
                        None if activation + output > 1 => missing,
                        _ => bits.missing,
                    },
                    values: match options.activation_bits {
                        None => {
                            (bits.values + values).min(MAX_BITS.saturating_sub(bits.activation))
                        }
                        Some(_) => bits.values,
                    },
                    weights: (bits.weights + weights).min(MOST_OF_WEIGHTS),
                },
                input: moved(options.input_bits, from.input, input),
                table: from.table,
            }
        });
        settings.collect()
    }

    /// Tries a setting, which becomes the best if it is better by a factor and costs no more.
    fn attempt(
        &self,
        search: &mut Search<'_>,
        found: &mut Found,
        setting: Setting,
        most: &Spending,
        by: f64,
    ) -> Result<()> {
        if found.tried.contains(&setting) || search.work.is_spent() {
            return Ok(());
        }
        found.tried.push(setting);
        // Tensors of their own, which products may turn out to need, are not for nothing either.
        let Some(attempt) = self.fitting(search, setting, most) else {
            return Ok(());
        };
        if attempt.integer == found.best.attempt.integer {
            return Ok(());
        }
        let other = search.judge_attempt(attempt)?;
        let (new, old) = (&other.agreement, &found.best.agreement);
        let kept = new.badness <= old.badness.max(1.0);
        let finer = match new.other_decisions == old.other_decisions {
            true => new.error * by < old.error,
            false => new.other_decisions < old.other_decisions,
        };
        if kept && finer && self.free(&other, most) {
            found.best = other;
        }
        Ok(())
    }

    fn is_invisible(&self, judged: &Judged) -> bool {
        let goal = self.options.accuracy.unwrap_or(INVISIBLE);
        let agreement = &judged.agreement;
        agreement.error <= goal.min(INVISIBLE) && agreement.other_decisions == 0.0
    }

    /// Settings of more bits than `start`, whose tables stay below a height: everything by as much
    /// as fits and then the ends of the model; fewer bits of activations, as sums that do not fit a
    /// table make steps coarser; and coarser inputs, as public ones cost gas.
    fn affordable(&self, search: &mut Search<'_>, start: Setting, most: &Spending) -> [Setting; 3] {
        let mut all = start;
        let options = self.options;
        let more = |given: Option<u32>, bits: u32, by: u32| match given {
            None => (bits + by).min(MAX_BITS),
            Some(_) => bits,
        };
        let Bits {
            activation, output, ..
        } = start.bits;
        let doublings = most.doublings();
        self.most(search, most, doublings, &mut all, |setting, by| {
            setting.bits.activation = more(options.activation_bits, activation, by);
            setting.bits.output = more(options.output_bits, output, by);
        });
        let output = all.bits.output;
        self.most(
            search,
            most,
            doublings.min(END_BITS),
            &mut all,
            |setting, by| {
                setting.bits.output = more(options.output_bits, output, by);
            },
        );
        let coarse = all;
        // An input's range takes two to its bits.
        let finest = most.cost.height.saturating_sub(start.input);
        self.most(search, most, finest, &mut all, |setting, by| {
            setting.input = more(options.input_bits, start.input, by);
        });
        let mut half = all;
        half.bits.activation = activation.midpoint(all.bits.activation);
        [all, half, coarse]
    }

    /// Makes `setting` the one of the most further bits, of `most_bits` at most, for which tables
    /// stay below the height. Every attempt takes a while for a large model, so they start where
    /// one is likely to fit.
    fn most(
        &self,
        search: &mut Search<'_>,
        most: &Spending,
        most_bits: u32,
        setting: &mut Setting,
        with: impl Fn(&mut Setting, u32),
    ) {
        let before = *setting;
        let mut last = before;
        for by in (1..=most_bits).rev() {
            let mut next = before;
            with(&mut next, by);
            if next == last || next == before {
                continue;
            }
            last = next;
            if search.work.is_spent() {
                return;
            }
            if self.fitting(search, next, most).is_some() {
                *setting = next;
                return;
            }
        }
    }

    /// The attempt, if its tables fit below a height and its ends into as many words.
    fn fitting(
        &self,
        search: &mut Search<'_>,
        setting: Setting,
        most: &Spending,
    ) -> Option<Attempt> {
        let fits = |attempt: &Attempt| {
            fits(&attempt.integer, most.cost.height) && words(&attempt.integer) <= most.words
        };
        search.attempt(setting).ok().filter(fits)
    }

    /// Whether integers cost no more than is spent anyway.
    fn free(&self, judged: &Judged, most: &Spending) -> bool {
        let integer = &judged.attempt.integer;
        words(integer) <= most.words
            && (self.price)(integer).is_some_and(|cost| !cost.exceeds(most.cost))
    }
}
