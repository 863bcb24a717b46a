//! An accuracy report in words.

use crate::report::output::{Table, count};
use verdict_compiler::AccuracyReport;

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
        "  {} rows ({} more outside the domain): output error at most {:.3e}, on average {:.3e}{top1}{decisions}; import error {:.1e}\n{}",
        count(report.rows),
        count(report.rows_outside_domain),
        report.max_abs_error,
        report.mean_abs_error,
        report.import_error,
        layers.render()
    )
}
