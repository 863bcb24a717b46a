//! What a check found, as a table.

use super::output::Table;
use crate::error::CliError;
use verdict_engine::{Outcome, Report};

/// A line for each part.
pub(crate) fn text(report: &Report) -> String {
    let mut table = Table::new(&["part", "finding", "stated", "recomputed"]);
    for line in &report.lines {
        let finding = match line.outcome {
            Outcome::Ok => "ok",
            Outcome::Differs => "DIFFERS",
            Outcome::Unknown => "unknown",
        };
        table.row([
            line.part.clone(),
            finding.into(),
            cut(&line.found),
            line.expected.as_deref().map_or_else(|| "–".into(), cut),
        ]);
    }
    table.render()
}

/// As much of a value as a table has room for.
pub(crate) fn cut(text: &str) -> String {
    const ROOM: usize = 34;
    match text.chars().count() > ROOM {
        true => text.chars().take(ROOM - 1).chain(['…']).collect(),
        false => text.into(),
    }
}

/// Refuses what a report found to differ.
pub(crate) fn must_pass(
    report: &Report,
    what: impl Into<String>,
    hint: &'static str,
) -> Result<(), CliError> {
    if report.passes() {
        return Ok(());
    }
    let parts: Vec<&str> = report.differing().collect();
    Err(CliError::Differs {
        what: what.into(),
        parts: parts.join(", "),
        hint,
    })
}
