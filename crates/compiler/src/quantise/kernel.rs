//! The integers of a linear map.

use rayon::prelude::*;

use super::{DENSE_FROM, Quantiser};
use crate::float::graph::FloatKernel;
use verdict_model::{Conv, Kernel};

impl Quantiser<'_> {
    /// A kernel in integers; `unit(cell)` is what a weight on that source cell is multiplied by.
    pub(super) fn kernel(
        &self,
        kernel: &FloatKernel,
        source: usize,
        unit: impl Fn(u32) -> f64 + Sync,
    ) -> Kernel {
        let rows = match kernel {
            FloatKernel::Rows(rows) => rows,
            FloatKernel::Conv(conv) => {
                let factor = unit(0);
                return Kernel::Conv(Conv {
                    // Within 16 bits, as the largest weight was checked before.
                    weights: conv
                        .weights
                        .par_iter()
                        .map(|w| match *w {
                            // Most of them, where tokens meet at a distance of their own.
                            0.0 => 0,
                            w => (w * factor).round() as i32,
                        })
                        .collect(),
                    channels: conv.channels,
                    source: conv.source,
                    output: conv.output,
                    size: conv.size,
                    stride: conv.stride,
                    up: conv.up,
                    dilation: conv.dilation,
                    pad: conv.pad,
                    groups: conv.groups,
                });
            }
        };
        let source_len = self.graph.tensors[source].len;
        let non_zero: usize = rows.iter().map(Vec::len).sum();
        // Within 16 bits, as the largest weight was checked before.
        let integer = |cell: u32, w: f64| (w * unit(cell)).round() as i32;
        if non_zero as f64 >= DENSE_FROM * (rows.len() * source_len) as f64 {
            let mut weights = vec![0; rows.len() * source_len];
            weights
                .par_chunks_mut(source_len)
                .zip(rows)
                .for_each(|(out, row)| {
                    row.iter()
                        .for_each(|(cell, w)| out[*cell as usize] = integer(*cell, *w));
                });
            return Kernel::Dense { weights };
        }
        let entries = rows.iter().enumerate().flat_map(|(i, row)| {
            let entry = move |(cell, w): &(u32, f64)| (i as u32, *cell, integer(*cell, *w));
            // Which weights are small is not to be seen in private ones.
            let kept = |(_, _, w): &(u32, u32, i32)| self.options.private_weights || *w != 0;
            row.iter().map(entry).filter(kept)
        });
        Kernel::Sparse {
            entries: entries.collect(),
        }
    }
}
