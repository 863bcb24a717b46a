//! How much the search for bit widths takes.
//!
//! Time would tell, but a model must compile to the same integers on any machine. So what takes the
//! time is counted, in steps about as long as a multiplication.

use crate::float::activation::Activation;
use crate::float::graph::FloatLayer;

/// Steps that a cell or a table's entry takes besides what is computed there.
const ENTRY: u64 = 16;
/// Steps that a part of an expression takes, and a function of one part.
const PART: u64 = 24;

/// Steps that were taken, and how many may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    spent: u64,
    most: u64,
}

impl Work {
    /// Nothing done yet, and no limit to it.
    pub(crate) fn unlimited() -> Self {
        Self {
            spent: 0,
            most: u64::MAX,
        }
    }

    pub(crate) fn spend(&mut self, steps: u64) {
        self.spent = self.spent.saturating_add(steps);
    }

    /// Sets a limit of `least` steps, or of so many `times` what was done already if that is more;
    /// a limit that is set stays.
    pub(crate) fn limit(&mut self, least: u64, times: u64) {
        if self.most == u64::MAX {
            self.most = least.max(self.spent.saturating_mul(times));
        }
    }

    /// Lowers the limit to so many steps more, and a share of what was done already.
    pub(crate) fn allow(&mut self, steps: u64, share: u64) {
        let more = steps.saturating_add(self.spent / share);
        self.most = self.most.min(self.spent.saturating_add(more));
    }

    /// Puts back the limit that there was.
    pub(crate) fn restore(&mut self, before: Self) {
        self.most = before.most;
    }

    /// How much was taken, of the most that may be; 0 as long as there is no limit.
    pub(crate) fn share(&self) -> f64 {
        self.spent as f64 / self.most as f64
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.spent > self.most
    }
}

/// Steps that quantising a layer takes.
pub(super) fn of_layer(layer: &FloatLayer) -> u64 {
    let terms = layer.terms.iter();
    let weights: usize = terms.map(|term| term.kernel.non_zero()).sum();
    weights as u64 * 2 + (layer.bias.len() as u64 + 1) * ENTRY
}

/// Steps that so many values of a function take.
pub(super) fn of_values(activation: &Activation, count: usize) -> u64 {
    let parts = match activation {
        Activation::Expression(expression) => expression.steps().len() as u64,
        _ => 1,
    };
    count as u64 * (ENTRY + parts * PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_what_was_done_already_so_many_times_and_stays() {
        let mut work = Work::unlimited();
        work.spend(u64::MAX / 2);
        assert!(!work.is_spent());
        for (first, most) in [(10, 1000), (500, 2000)] {
            let mut work = Work::unlimited();
            work.spend(first);
            work.limit(1000, 4);
            work.spend(most - first);
            work.limit(1, 4);
            assert!(!work.is_spent());
            work.spend(1);
            assert!(work.is_spent());
        }
    }
}
