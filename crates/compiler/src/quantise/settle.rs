//! Quantising layer after layer until the scales suit one another.
//!
//! A unit or a scale that turns out too fine may be others', too: of a table that earlier layers
//! share, of the factors of a product. Then the first layer that this changes, and all that follow,
//! are quantised anew, and those before it stay as they are. Scales only become coarser, but for
//! the few times that a unit is fitted to squares, so this ends.

use std::collections::BTreeMap;

use super::{Quantiser, work};
use crate::{CompileError, Result};

/// A layer is quantised anew at most this often before the bits are given up: that many layers with
/// products may share a table's unit, and each fit it to its own a few times.
const MAX_VISITS: u32 = 400;
/// Steps that looking at a tensor's scale takes.
const SCALE: u64 = 64;

/// What has to grow by a factor before layers are quantised once more.
pub(super) enum TooFine {
    /// The unit of a tensor's keys, and of all that share it.
    Unit(usize, f64),
    /// The scale of a class.
    Scale(usize, f64),
    /// The scales of classes of factors.
    Factors(BTreeMap<usize, f64>),
}

impl Quantiser<'_> {
    /// Quantises every layer.
    pub(super) fn settle(&mut self) -> Result<()> {
        let mut visits = vec![0; self.graph.tensors.len()];
        loop {
            let id = self.tensors.len();
            let too_fine = match visits.get_mut(id) {
                Some(visits) => {
                    *visits += 1;
                    self.visit(id, *visits)?
                }
                // All factors at once: every layer would be done anew for each of them.
                None if self.coarser.is_empty() => break,
                None => Some(self.factors()),
            };
            if let Some(too_fine) = too_fine {
                self.coarsen(too_fine)?;
            }
        }
        tracing::debug!(most_visits = visits.iter().max(), "scales settled");
        Ok(())
    }

    fn visit(&mut self, id: usize, visits: u32) -> Result<Option<TooFine>> {
        if visits > MAX_VISITS {
            return Err(CompileError::quantise(
                &self.graph.tensors[id].name,
                "its scale and those it depends on do not settle; lower activation_bits (--activation-bits) or raise table_bits \
                 (--table-bits)",
            ));
        }
        if let Some(layer) = &self.graph.tensors[id].layer {
            self.work.spend(work::of_layer(layer));
        }
        if self.work.is_spent() {
            return Err(CompileError::quantise(
                &self.graph.tensors[id].name,
                "its scale and those it depends on take too long to settle; give --activation-bits and --table-bits",
            ));
        }
        match self.next(id) {
            // With the factors coarser that were found to be too fine before, it may fit.
            Err(CompileError::Quantise { .. }) if !self.coarser.is_empty() => {
                Ok(Some(self.factors()))
            }
            done => done,
        }
    }

    /// What `coarser` asks for.
    fn factors(&self) -> TooFine {
        let mut factors = BTreeMap::<usize, f64>::new();
        for (_, class, factor) in &self.coarser {
            let most = factors.entry(*class).or_insert(*factor);
            *most = most.max(*factor);
        }
        TooFine::Factors(factors)
    }

    /// Makes something coarser, and goes back to the first layer that this changes.
    fn coarsen(&mut self, too_fine: TooFine) -> Result<()> {
        // Every tensor's unit is looked at, whatever changes.
        self.work.spend(self.graph.tensors.len() as u64 * SCALE);
        let before = self.all_scales();
        let mut first = self.tensors.len();
        match too_fine {
            TooFine::Unit(tensor, factor) => self.widen(tensor, factor)?,
            TooFine::Scale(class, factor) => {
                self.classes.widen(class, self.published(factor));
                self.choose_classes()?;
            }
            TooFine::Factors(classes) => {
                // What asked for it looks at its products again, whatever changes.
                first = self.coarser.iter().map(|of| of.0).fold(first, usize::min);
                for (class, factor) in classes {
                    self.classes.widen(class, self.published(factor));
                }
                self.choose_classes()?;
            }
        }
        let after = self.all_scales();
        let mut changed = before.iter().zip(&after);
        let changed = changed.position(|(before, after)| before != after);
        self.go_back(changed.map_or(first, |changed| changed.min(first)));
        Ok(())
    }

    /// The unit and the scale of every tensor.
    fn all_scales(&self) -> Vec<(f64, f64)> {
        let all = 0..self.graph.tensors.len();
        all.map(|id| (self.unit(id), self.scale(id))).collect()
    }

    /// Forgets all layers from tensor `first` on.
    fn go_back(&mut self, first: usize) {
        self.tensors.truncate(first);
        self.reached.truncate(first);
        self.crowded.retain(|(id, _)| *id < first);
        self.coarser.retain(|(id, ..)| *id < first);
    }
}
