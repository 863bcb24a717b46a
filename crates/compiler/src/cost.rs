//! What laying integers out costs, as far as bits decide it.

use std::collections::BTreeSet;

use verdict_model::{IntegerGraph, Packing, Visibility};

/// What a proof of some integers costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// `log2` of the number of rows, which time and memory are proportional to.
    pub height: u32,
    /// Gas of verifying, without that of public words; 0 if it is not known.
    pub gas: f64,
}

/// Says what a proof of a graph costs; `None` if it cannot be laid out at all.
pub type Price<'a> = dyn Fn(&IntegerGraph) -> Option<Cost> + 'a;

impl Cost {
    pub(crate) fn exceeds(self, other: Self) -> bool {
        self.height > other.height || self.gas > other.gas
    }
}

/// Rows that no layout uses: blinding, and the first and the last one.
const RESERVED: usize = 64;
/// Remainders are cut into up to this many limbs, each with a region of the table.
const LIMBS: u32 = 3;

/// The price where none is given: the least height that can be. Tables stand beside each other in
/// one column, and every cell takes a row.
pub fn least_cost(graph: &IntegerGraph) -> Option<Cost> {
    let cells = graph.tensors.iter().map(|tensor| tensor.len);
    let cells = cells.fold(0usize, usize::saturating_add);
    Some(Cost {
        height: height(table_rows(graph).max(cells)),
        gas: 0.0,
    })
}

/// `log2` of the rows there are where so many are used.
fn height(rows: usize) -> u32 {
    let rows = rows.saturating_add(RESERVED);
    rows.checked_next_power_of_two()
        .map_or(usize::BITS, usize::trailing_zeros)
}

/// Whether tables fit below a height.
pub(crate) fn fits(graph: &IntegerGraph, most: u32) -> bool {
    height(table_rows(graph)) <= most
}

/// Rows that the tables of a graph take: of its functions, its inputs' ranges and its remainders.
pub(crate) fn table_rows(graph: &IntegerGraph) -> usize {
    let inputs = graph.inputs.iter().map(|id| {
        let tensor = &graph.tensors[*id];
        (tensor.min, tensor.max)
    });
    let inputs: BTreeSet<(i32, i32)> = inputs.collect();
    let inputs = inputs
        .into_iter()
        .map(|(min, max)| (i64::from(max) - i64::from(min) + 1) as usize);
    let shifts: BTreeSet<u32> = graph.functions.iter().map(|f| f.shift()).collect();
    let limbs = shifts.into_iter().map(|shift| {
        let limbs = LIMBS.min(shift);
        limbs as usize * (1usize << shift.div_ceil(LIMBS))
    });
    graph.table_entries() + inputs.sum::<usize>() + limbs.sum::<usize>()
}

/// Words of calldata that inputs and outputs are packed into.
pub(crate) fn words(graph: &IntegerGraph) -> usize {
    let ends = graph.inputs.iter().chain(&graph.outputs);
    ends.map(|id| &graph.tensors[*id])
        .filter(|tensor| tensor.visibility != Visibility::Private)
        .map(|tensor| Packing::of(tensor).words(tensor.len))
        .sum()
}
