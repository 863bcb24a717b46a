//! What stays visible of private weights, for their owner to look over.

use crate::report::output::{Table, count};
use verdict_model::{Visible, VisibleKernel, VisibleTensor};

/// Every line of it; nothing else of the model is in an architecture or a key.
pub(crate) fn visible_text(visible: &Visible) -> String {
    format!(
        "Visible to everybody, by tensor\n{}Visible to everybody, entry by entry\n{}\
         Names, shapes and the inputs' domains are public, too; weights and biases with declared bits are not, beyond these bits\n",
        tensors(&visible.tensors).render(),
        tables(visible).render()
    )
}

fn tensors(all: &[VisibleTensor]) -> Table {
    let mut table = Table::new(&[
        "tensor", "shape", "integers", "scale", "weights", "biases", "table",
    ]);
    for tensor in all {
        let shape: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
        let weights: Vec<String> = tensor.kernels.iter().map(kernel).collect();
        table.row([
            tensor.name.clone(),
            shape.join("×"),
            format!("{} … {}", tensor.range.0, tensor.range.1),
            format!("{:.4e}", tensor.scale),
            weights.join("; "),
            match (tensor.structure, tensor.bias_bits) {
                (true, _) => "public".into(),
                (false, 0) => String::new(),
                (false, bits) => format!("{bits} bits"),
            },
            tensor.table.map_or_else(String::new, |at| format!("{at}")),
        ]);
    }
    table
}

/// `dense 7,840 on hidden, 9 bits`
fn kernel(kernel: &VisibleKernel) -> String {
    let bits = match kernel.bits {
        0 => "public".into(),
        bits => format!("{bits} bits"),
    };
    format!(
        "{} {} on {}, {bits}",
        kernel.kind,
        count(kernel.positions as u64),
        kernel.source
    )
}

fn tables(visible: &Visible) -> Table {
    let mut table = Table::new(&[
        "table",
        "function",
        "entries",
        "first key",
        "shift",
        "values",
    ]);
    for (number, entry) in visible.tables.iter().enumerate() {
        table.row([
            number.to_string(),
            entry.name.clone(),
            count(entry.entries as u64),
            entry.first_key.to_string(),
            entry.shift.to_string(),
            format!("{} … {}", entry.range.0, entry.range.1),
        ]);
    }
    table
}
