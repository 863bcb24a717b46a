//! An accuracy report in words.

use crate::report::output::{Table, count, real};
use verdict_compiler::{AccuracyReport, ReferenceBy};

/// An accuracy report as lines.
pub(crate) fn accuracy_text(report: &AccuracyReport) -> String {
    let top1 = report.top1_agreement.map_or_else(String::new, |share| {
        format!(", same top-1 in {:.2}%", share * 100.0)
    });
    let decisions = report.other_decisions.map_or_else(String::new, |rows| {
        format!(
            ", another leaf or category in {} because inputs are rounded",
            count(rows)
        )
    });
    let mut outputs = Table::new(&[
        "output",
        "range",
        "max error",
        "of range",
        "same top-1",
        "other whole numbers",
    ]);
    let dash = || "–".to_owned();
    for output in &report.outputs {
        outputs.row([
            output.name.clone(),
            real(output.range),
            format!("{:.3e}", output.max_abs_error),
            format!("{:.3}%", output.relative_error * 100.0),
            output
                .top1_agreement
                .map_or_else(dash, |share| format!("{:.2}%", share * 100.0)),
            output
                .other_whole
                .map_or_else(dash, |rows| format!("in {} rows", count(rows))),
        ]);
    }
    let mut layers = Table::new(&["layer", "max error", "in steps", "saturated"]);
    for layer in &report.layers {
        layers.row([
            layer.name.clone(),
            format!("{:.3e}", layer.max_abs_error),
            format!("{:.2}", layer.max_step_error),
            count(layer.saturated),
        ]);
    }
    format!(
        "  {}\n  {} rows ({} more outside the domain): output error at most {:.3e}, on average {:.3e}{top1}{decisions}; import error {:.1e}\n{}{}",
        reference_text(&report.by),
        count(report.rows),
        count(report.rows_outside_domain),
        report.max_abs_error,
        report.mean_abs_error,
        report.import_error,
        outputs.render(),
        layers.render()
    )
}

/// What the integers are compared with.
pub(crate) fn reference_text(by: &ReferenceBy) -> String {
    match by {
        ReferenceBy::Tract => "compared with the float model as tract runs it".into(),
        ReferenceBy::Agreed { rows } => format!(
            "compared with the float model as this program reads the file; tract, which takes too long for all rows, agrees on {rows}"
        ),
        ReferenceBy::Importer { reason } => format!(
            "compared with the float model as this program reads the file, which nobody else checked: {reason}"
        ),
    }
}
