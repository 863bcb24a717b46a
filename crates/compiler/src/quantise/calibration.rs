//! What calibration sees of every tensor, and how far its integers reach in consequence.
//!
//! The minimum-error range `R` of a tensor whose integers have `n` steps minimises
//! `Σ (R/n)²/12 over values within R + Σ (|v| − R)² over values beyond`, over values `v` other than
//! zero, which are exact whatever the range. That sum may have several minima, so it is computed
//! for a grid of ranges from the largest value's down.

use rayon::prelude::*;

use crate::float::graph::{FloatGraph, FloatTensor, Precision};
use crate::{CompileError, Result};
use verdict_model::{Calibration, DataSet, Row};

/// Unseen data may go a little beyond the calibrated range before it saturates.
pub(crate) const HEADROOM: f64 = 1.1;
/// Bins between zero and a tensor's largest magnitude.
const BINS: usize = 4096;
/// Ranges tried for the least error, each the same part of the one before, down to 1/256 of the
/// largest.
const CANDIDATES: u32 = 128;
const CANDIDATES_PER_HALVING: f64 = 16.0;

/// What calibration saw of a tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stats {
    /// Largest magnitude of a value.
    pub(crate) magnitude: f64,
    /// The magnitude that the tensor's integers should reach.
    pub(crate) range: f64,
    /// Mean of the squared values.
    pub(crate) mean_square: f64,
    /// Smallest and largest argument of the layer's function; infinite the wrong way round if there
    /// was none.
    pub(crate) sums: (f64, f64),
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            magnitude: 0.0,
            range: 0.0,
            mean_square: 0.0,
            sums: (f64::INFINITY, f64::NEG_INFINITY),
        }
    }
}

/// What the float model does on the calibration data.
pub(crate) struct Measured {
    stats: Vec<Stats>,
    /// Of the tensors whose range is more than their largest value's; empty for all others.
    histograms: Vec<Histogram>,
    method: Calibration,
    /// The outputs of every row.
    pub(crate) outputs: Vec<Row>,
}

/// How many values other than zero have which magnitude.
#[derive(Clone, Default)]
struct Histogram {
    /// The end of the last bin.
    magnitude: f64,
    counts: Vec<u64>,
}

impl Measured {
    /// Runs the float model on every row.
    pub(crate) fn new(graph: &FloatGraph, data: &DataSet, method: Calibration) -> Result<Self> {
        let (stats, outputs) = measure(graph, data)?;
        let histograms = match method {
            Calibration::MinMax => Vec::new(),
            _ => histograms(graph, data, &stats),
        };
        Ok(Self {
            stats,
            histograms,
            method,
            outputs,
        })
    }

    /// The statistics of all tensors, with the ranges for so many bits of an activation.
    pub(crate) fn stats(&self, activation_bits: u32) -> Vec<Stats> {
        let steps = f64::from((1u32 << activation_bits) - 1);
        let histogram = |id: usize| {
            let histogram = self.histograms.get(id);
            histogram.filter(|histogram| !histogram.counts.is_empty())
        };
        let one = |(id, stats): (usize, &Stats)| {
            let range = match (self.method, histogram(id)) {
                (Calibration::Percentile(share), Some(histogram)) => {
                    histogram.percentile(share) * HEADROOM
                }
                (Calibration::MeanSquaredError, Some(histogram)) => histogram.least_error(steps),
                _ => stats.magnitude * HEADROOM,
            };
            Stats { range, ..*stats }
        };
        self.stats.iter().enumerate().map(one).collect()
    }
}

fn measure(graph: &FloatGraph, data: &DataSet) -> Result<(Vec<Stats>, Vec<Row>)> {
    let rows: Vec<(Vec<Stats>, Row)> = data
        .rows()
        .par_iter()
        .map(|inputs| {
            let mut trace = graph.run(inputs);
            let stats = trace.values.iter().enumerate().map(|(id, values)| {
                // Missing values have no magnitude, and what a mask excludes has none that counts.
                let present = || counted(graph, id, values).filter(|v| !v.is_nan());
                Stats {
                    magnitude: present().map(|v| v.abs()).fold(0.0, f64::max),
                    mean_square: present().map(|v| v * v).sum::<f64>() / values.len().max(1) as f64,
                    ..Stats::default()
                }
            });
            let mut stats: Vec<Stats> = stats.collect();
            for (id, (stats, sums)) in stats.iter_mut().zip(&trace.sums).enumerate() {
                stats.sums = counted(graph, id, sums)
                    .fold(stats.sums, |(low, high), v| (low.min(*v), high.max(*v)));
            }
            let outputs = graph.outputs.iter();
            let outputs = outputs.map(|id| std::mem::take(&mut trace.values[*id]));
            (stats, outputs.collect())
        })
        .collect();
    let mut stats = vec![Stats::default(); graph.tensors.len()];
    let mut outputs = Vec::with_capacity(rows.len());
    for (row, values) in rows {
        for (all, one) in stats.iter_mut().zip(row) {
            all.magnitude = all.magnitude.max(one.magnitude);
            all.mean_square += one.mean_square / data.len() as f64;
            all.sums = (all.sums.0.min(one.sums.0), all.sums.1.max(one.sums.1));
        }
        outputs.push(values);
    }
    for (tensor, stats) in graph.tensors.iter().zip(&stats) {
        if !stats.mean_square.is_finite() {
            return Err(CompileError::quantise(
                &tensor.name,
                "the float model overflows on the calibration data; check the data's units and the model's weights",
            ));
        }
    }
    Ok((stats, outputs))
}

/// The values of a tensor's cells but for those that a mask excludes.
fn counted<'a>(
    graph: &'a FloatGraph,
    id: usize,
    values: &'a [f64],
) -> impl Iterator<Item = &'a f64> {
    let layer = graph.tensors[id].layer.as_ref();
    let excluded = layer.map_or(&[][..], |layer| &layer.excluded);
    let cells = values.iter().enumerate();
    cells
        .filter(|(cell, _)| excluded.binary_search(&(*cell as u32)).is_err())
        .map(|(_, value)| value)
}

/// The largest magnitude of every cell of every tensor.
pub(crate) fn cell_magnitudes(graph: &FloatGraph, data: &DataSet) -> Vec<Vec<f64>> {
    let none = || graph.tensors.iter().map(|t| vec![0.0; t.len]).collect();
    let larger = |all: &mut Vec<Vec<f64>>, one: &[Vec<f64>]| {
        for (all, one) in all.iter_mut().flatten().zip(one.iter().flatten()) {
            // Missing values have no magnitude.
            *all = all.max(one.abs());
        }
    };
    by_part(graph, data, none, |all, trace| larger(all, trace))
        .into_iter()
        .reduce(|mut all, one| {
            larger(&mut all, &one);
            all
        })
        .unwrap_or_else(none)
}

fn histograms(graph: &FloatGraph, data: &DataSet, stats: &[Stats]) -> Vec<Histogram> {
    // Exact layers have their sources' scale; what leaves the model keeps all of its range.
    let saturates = |id: usize, tensor: &FloatTensor| {
        let layer = tensor.layer.as_ref();
        layer.is_some_and(|layer| layer.precision == Precision::Scaled)
            && !graph.outputs.contains(&id)
            && stats[id].magnitude > 0.0
    };
    let empty = || {
        let tensors = graph.tensors.iter().enumerate();
        let histogram = |(id, tensor)| match saturates(id, tensor) {
            true => Histogram {
                magnitude: stats[id].magnitude,
                counts: vec![0; BINS],
            },
            false => Histogram::default(),
        };
        tensors.map(histogram).collect::<Vec<_>>()
    };
    let parts = by_part(graph, data, empty, |all, trace| {
        for (id, (histogram, values)) in all.iter_mut().zip(trace).enumerate() {
            counted(graph, id, values).for_each(|v| histogram.add(*v));
        }
    });
    let mut all = empty();
    for part in parts {
        for (all, one) in all.iter_mut().zip(part) {
            for (all, one) in all.counts.iter_mut().zip(one.counts) {
                *all += one;
            }
        }
    }
    all
}

/// Runs all rows, a few parts of the data at a time, each with its own sums of what `add` makes of
/// the values.
fn by_part<T: Send>(
    graph: &FloatGraph,
    data: &DataSet,
    zero: impl Fn() -> T + Sync,
    add: impl Fn(&mut T, &[Vec<f64>]) + Sync,
) -> Vec<T> {
    let part = data.len().div_ceil(rayon::current_num_threads()).max(1);
    data.rows()
        .par_chunks(part)
        .map(|rows| {
            let mut sum = zero();
            for row in rows {
                add(&mut sum, &graph.run(row).values);
            }
            sum
        })
        .collect()
}

impl Histogram {
    fn add(&mut self, value: f64) {
        if self.counts.is_empty() || value == 0.0 || value.is_nan() {
            return;
        }
        let bin = (value.abs() / self.magnitude * BINS as f64) as usize;
        self.counts[bin.min(BINS - 1)] += 1;
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The end of the first bin up to which there are at least `share` percent of the values.
    fn percentile(&self, share: f64) -> f64 {
        let wanted = (self.total() as f64 * share / 100.0).ceil();
        let mut seen = 0;
        let bin = self.counts.iter().position(|count| {
            seen += count;
            seen as f64 >= wanted && seen > 0
        });
        bin.map_or(self.magnitude, |bin| {
            self.magnitude * (bin + 1) as f64 / BINS as f64
        })
    }

    /// The range for which `steps` steps have the least mean squared error.
    fn least_error(&self, steps: f64) -> f64 {
        let width = self.magnitude / BINS as f64;
        // What lies from each bin on: how many values, their sum and that of their squares.
        let mut beyond = vec![[0.0f64; 3]; BINS + 1];
        for (bin, count) in self.counts.iter().enumerate().rev() {
            let (value, count) = ((bin as f64 + 0.5) * width, *count as f64);
            let [n, sum, squares] = beyond[bin + 1];
            beyond[bin] = [
                n + count,
                sum + count * value,
                squares + count * value * value,
            ];
        }
        let total = beyond[0][0];
        let error = |range: f64| {
            let first = ((range / width).round() as usize).min(BINS);
            let [n, sum, squares] = beyond[first];
            let cut = squares - 2.0 * range * sum + range * range * n;
            cut.max(0.0) + (total - n) * (range / steps).powi(2) / 12.0
        };
        let candidates = (0..=CANDIDATES).map(|i| {
            self.magnitude * HEADROOM * libm::exp2(-f64::from(i) / CANDIDATES_PER_HALVING)
        });
        // The widest of equals.
        let best = candidates
            .map(|range| (error(range), range))
            .reduce(|best, next| if next.0 < best.0 { next } else { best });
        best.map_or(self.magnitude, |(_, range)| range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl Iterator<Item = f64> + Clone) -> Histogram {
        let mut histogram = Histogram {
            magnitude: values.clone().map(f64::abs).fold(0.0, f64::max),
            counts: vec![0; BINS],
        };
        values.for_each(|v| histogram.add(v));
        histogram
    }

    #[test]
    fn percentiles_leave_out_zeros_and_the_rarest() {
        let many = (1..=1000).map(f64::from).chain([0.0; 5000]);
        let found = histogram(many).percentile(99.0);
        assert!((989.0..=991.5).contains(&found), "{found}");
        let all = histogram([1.0, -8.0].into_iter());
        assert_eq!(all.percentile(100.0), 8.0);
        assert!((1.0..1.01).contains(&all.percentile(50.0)));
        assert_eq!(Histogram::default().percentile(50.0), 0.0);
    }

    /// As by trying every range on the values themselves.
    #[test]
    fn the_least_error() {
        let values: Vec<f64> = (1..=20_000)
            .map(|i| {
                let share = f64::from(i) / 20_001.0;
                -libm::log(share)
            })
            .collect();
        for steps in [3.0, 15.0, 255.0] {
            let found = histogram(values.iter().copied()).least_error(steps);
            let error = |range: f64| -> f64 {
                let one = |v: &f64| match *v > range {
                    true => (v - range).powi(2),
                    false => (range / steps).powi(2) / 12.0,
                };
                values.iter().map(one).sum()
            };
            let best = (1..400).map(|i| error(f64::from(i) * 0.03));
            let best = best.fold(f64::INFINITY, f64::min);
            assert!(error(found) <= best * 1.02, "{steps}: {found}");
        }
        // Nothing is worth cutting off where values are spread evenly.
        let even = histogram((1..=1000).map(f64::from)).least_error(255.0);
        assert!((990.0..1100.0).contains(&even), "{even}");
    }
}
