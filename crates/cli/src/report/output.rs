//! Results go to stdout, everything else to stderr.

use crate::error::CliError;
use serde::Serialize;
use std::io::{self, ErrorKind, Write};

/// What a command prints.
pub(crate) trait Report: Serialize {
    /// For people; `--json` prints the serialised value instead.
    fn text(&self) -> String;
}

/// Where a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether results are printed as JSON.
    pub(crate) const fn json(&self) -> bool {
        self.json
    }

    /// Prints a result.
    pub(crate) fn emit(&self, report: &impl Report) -> Result<(), CliError> {
        let text = if self.json {
            serde_json::to_string_pretty(report)?
        } else {
            report.text()
        };
        self.raw(text.trim_end().as_bytes())?;
        self.raw(b"\n")
    }

    /// Writes bytes to stdout. A reader that went away is no failure.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CliError::Output(error)),
            _ => Ok(()),
        }
    }

    /// Says something that is no result.
    pub(crate) fn note(&self, message: &str) {
        let _ = writeln!(io::stderr().lock(), "{message}");
    }

    /// Says why the command failed.
    pub(crate) fn error(&self, error: &CliError) {
        self.note(&format!("error: {error}"));
        if let Some(hint) = error.hint() {
            self.note(&format!("hint: {hint}"));
        }
    }
}

/// A table whose first column is aligned left, all others right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&cell| cell.into()).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Adds another table's rows below.
    pub(crate) fn append(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }

    /// The table, each line indented by two.
    pub(crate) fn render(&self) -> String {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let columns = lines().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            lines()
                .filter_map(|line| line.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let draw = |line: &Vec<String>| {
            let cells = line
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
            format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        let rule = format!(
            "  {}",
            "─".repeat(widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1))
        );
        let mut text = vec![draw(&self.header), rule];
        text.extend(self.rows.iter().map(draw));
        text.join("\n") + "\n"
    }
}

/// `1,234,567`.
pub(crate) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `0.123 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.00095 => format!("{:.0} µs", s * 1e6),
        s if s < 0.0995 => format!("{:.1} ms", s * 1000.0),
        s if s < 10.0 => format!("{s:.2} s"),
        s => format!("{s:.1} s"),
    }
}

/// `12.3 MiB`.
pub(crate) fn mebibytes(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / f64::from(1 << 20))
}

/// The same, or a dash.
pub(crate) fn maybe_mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "–".into(), |bytes| mebibytes(bytes as f64))
}

/// `2026-11-21 15:23:15 UTC`, of seconds since 1970.
pub(crate) fn utc(time: u64) -> String {
    let (days, seconds) = (time / 86_400, time % 86_400);
    // Days of years that begin in March, so that the leap day is a year's last; eras of 400 years
    // repeat.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!(
        "{:04}-{month:02}-{of_month:02} {:02}:{:02}:{:02} UTC",
        era * 400 + year + carry,
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A real number with about six digits.
pub(crate) fn real(number: f64) -> String {
    if number == 0.0 || (1e-3..1e6).contains(&number.abs()) {
        format!("{number:.4}")
    } else {
        format!("{number:.4e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            (real(0.0), real(-1.5e-9), real(12.5)),
            ("0.0000".into(), "-1.5000e-9".into(), "12.5000".into())
        );
        assert_eq!(
            (count(7u64), count(1234u64), count(351_652u64)),
            ("7".into(), "1,234".into(), "351,652".into())
        );
        assert_eq!(
            (seconds(0.0042), seconds(0.5), seconds(12.34)),
            ("4.2 ms".into(), "0.50 s".into(), "12.3 s".into())
        );
    }

    #[test]
    fn times_read_well() {
        for (time, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_800_000_000, "2027-01-15 08:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(time), text);
        }
    }

    #[test]
    fn tables_align() {
        let mut table = Table::new(&["a", "b"]);
        table.row(["long name".into(), "1".into()]);
        table.row(["é".into(), "100".into()]);
        assert_eq!(
            table.render(),
            "  a            b\n  ──────────────\n  long name    1\n  é          100\n"
        );
    }
}
