//! Values whose ONNX type holds whole numbers of so many bits and no others.
//!
//! Runtimes take sums and products modulo the type's number of values, which nothing here does. So
//! whether a value can leave its type is decided once the inputs' domains are known.

use crate::float::graph::{FloatGraph, Typed};
use crate::float::interval::{Interval, Intervals, Known};

/// A value that may leave its type, and how far it reaches.
pub(crate) struct Leaves<'g> {
    pub(crate) value: &'g Typed,
    pub(crate) reach: Interval,
}

impl FloatGraph {
    /// The first value that may leave its type where inputs have `domains`, one for each cell.
    pub(crate) fn leaves_type(&self, domains: Vec<Vec<Interval>>) -> Option<Leaves<'_>> {
        let mut intervals = Intervals::new(self, domains);
        self.typed.iter().find_map(|value| {
            intervals.prepare(&value.terms);
            let sums = intervals.sums(&value.terms, &value.bias);
            let mut known = Known::default();
            let reach = sums.into_iter().map(|sum| match &value.function {
                Some(function) => known.function(function, sum, value.whole),
                None => sum,
            });
            let reach = reach.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (c, d)| {
                (a.min(c), b.max(d))
            });
            let (low, high) = value.limits;
            (reach.0 < low || reach.1 > high).then_some(Leaves { value, reach })
        })
    }
}
