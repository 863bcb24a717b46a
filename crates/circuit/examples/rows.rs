//! Counts where rows go, and how many would be saved if a row could look up a limb beside its cell.
//!
//! ```sh
//! cargo run --release -p verdict-circuit --example rows -- MODEL.verdict [BATCH]
//! ```
#![allow(clippy::print_stdout)]

use std::{env, error::Error, sync::Arc};
use verdict_circuit::{Batch, Lowered, Lowering, Op, Tape, height, limb_sizes};
use verdict_model::CompiledModel;

/// Widths that are compared.
const WIDTHS: [usize; 4] = [1, 4, 16, 48];

/// Limbs that a remainder is cut into, at most. Longer runs of rows are those up to the table's end.
const LIMBS: usize = 3;

/// Rows but those up to the table's end, those of them that hold nothing but limbs of the cell
/// before, and how many of these would be left if every cell took one limb along, and rows of
/// limbs two.
fn held(ops: &[Op]) -> (usize, usize, usize) {
    let runs = ops.split(|op| *op != Op::Hold).map(<[Op]>::len);
    let (padding, limbs): (Vec<usize>, Vec<usize>) = runs.partition(|run| *run > LIMBS);
    let rows = ops.len() - padding.iter().sum::<usize>();
    let halved = limbs.iter().map(|run| run / 2);
    (rows, limbs.iter().sum(), halved.sum())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("give a compiled model")?;
    let items = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let graph = Arc::new(CompiledModel::load(&path)?.graph().clone());
    println!("| width | limbs up to | rows | k | of limbs alone | with two look-ups | k |");
    println!("|---|---|---|---|---|---|---|");
    for width in WIDTHS {
        for limb_bits in limb_sizes(&graph) {
            let lowering = Lowering {
                limb_bits,
                batch: Batch {
                    items,
                    ..Batch::default()
                },
                hidden: None,
            };
            let mut lowered = Lowered::with(graph.clone(), lowering)?;
            lowered.align_words(width);
            let tape = Tape::new(&lowered.program, &lowered, width)?;
            let (rows, now, then) = held(tape.ops());
            let after = (rows - now + then).max(lowered.program.table_rows() + 2);
            println!(
                "| {width} | {limb_bits} bits | {} | {} | {now} | {after} | {} |",
                tape.rows(),
                tape.height(),
                height(after, false)
            );
        }
    }
    Ok(())
}
