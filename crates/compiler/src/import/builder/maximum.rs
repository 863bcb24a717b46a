//! The largest of many values and where it is, exact on the integers.
//!
//! `max(a, b) = b + relu(a − b)`, an exact layer, so a maximum of `n` values costs `n − 1` cells
//! and is none of their neighbours by rounding. Larger sets are split in blocks of [`BLOCK`]:
//! within a block one cell follows the other, which keeps sums (and so the table) small; blocks are
//! independent, which keeps the number of levels small.

use crate::float::activation::Activation;
use crate::float::graph::Precision;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::values::affine::Affine;
use crate::import::values::cells::{difference, stack};

/// Values that are compared one after the other.
const BLOCK: usize = 4;

impl Builder {
    /// The element-wise largest of `columns`, which are exact combinations of one tensor's integers
    /// (or of tensors of one scale).
    pub(crate) fn maximum(&mut self, name: &str, mut columns: Vec<Affine>) -> Affine {
        let mut span = None;
        let mut stage = 0;
        while columns.len() > 1 {
            let blocks: Vec<&[Affine]> = columns.chunks(BLOCK).collect();
            let mut best: Vec<Affine> = blocks.iter().map(|block| block[0].clone()).collect();
            for place in 1..blocks[0].len() {
                let rivals: Vec<&Affine> = blocks.iter().filter_map(|b| b.get(place)).collect();
                let leads: Vec<Affine> = best
                    .iter()
                    .zip(&rivals)
                    .map(|(best, rival)| difference(best, rival))
                    .collect();
                let lead = self.layer_rows(
                    format!("{name}/lead{stage}.{place}"),
                    stack(&leads),
                    Activation::Relu,
                    // No lead exceeds the range of all values, which is the range of a lead of one
                    // value over another.
                    Precision::Exact { within: span },
                );
                span = span.or_else(|| lead.as_cells().map(|(tensor, _)| tensor));
                let mut offset = 0;
                for (best, rival) in best.iter_mut().zip(rivals) {
                    let index: Vec<usize> = (offset..offset + rival.len()).collect();
                    offset += rival.len();
                    *best = rival.clone().add(lead.gather(rival.shape.clone(), &index));
                }
            }
            columns = best;
            stage += 1;
        }
        columns.pop().unwrap_or_default()
    }

    /// For each group the position of its largest value among `members`: the first one, or the last
    /// one where `last`.
    ///
    /// `s_i = [x_i ≥ max]` marks the largest values,
    /// `max_i s_i·(n − i) = n − (first i with s_i = 1)`; all of it is exact.
    pub(crate) fn position(&mut self, name: &str, columns: &[Affine], last: bool) -> Affine {
        let n = columns.len();
        let largest = self.maximum(name, columns.to_vec());
        let width = largest.len();
        let leads: Vec<Affine> = columns.iter().map(|c| difference(c, &largest)).collect();
        let marks = self.layer_rows(
            format!("{name}/largest"),
            stack(&leads),
            Activation::Step,
            EXACT,
        );
        // The heaviest mark comes first: its lead over the next one spans everything the others can
        // reach.
        let ranked = (0..n).map(|rank| {
            let column = if last { n - 1 - rank } else { rank };
            let index: Vec<usize> = (column * width..(column + 1) * width).collect();
            let mut mark = marks.gather(vec![width], &index);
            mark.scale(|_| (n - rank) as f64);
            mark
        });
        let ranked: Vec<Affine> = ranked.collect();
        let span = self.tensors.len();
        let mut rank = self.maximum(&format!("{name}/position"), ranked);
        let mut index = if last {
            rank.bias.iter_mut().for_each(|bias| *bias -= 1.0);
            rank
        } else {
            rank.scale(|_| -1.0);
            rank.bias.iter_mut().for_each(|bias| *bias += n as f64);
            rank
        };
        if n > 1 {
            let within = Precision::Exact { within: Some(span) };
            index = self.layer_rows(format!("{name}/index"), index, Activation::Identity, within);
        }
        index
    }
}
