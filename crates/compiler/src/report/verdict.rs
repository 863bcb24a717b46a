//! Whether a compiled model is close enough to its float model to be used.

use crate::report::accuracy::{AccuracyReport, OutputReport};
use crate::{CompileError, Options, Result};
use verdict_model::{Calibration, CompiledModel};

/// The largest error of an output, as a share of its range, that is taken without a word: fifty
/// times what the search for bit widths aims at, and about where plots of both models differ at a
/// glance.
const ERROR: f64 = 0.05;
/// The same for an output of several values whose largest one is where it belongs: scores.
const SCORES: f64 = 0.25;
/// The error, as a share of the range, that an output of several values may have for its largest
/// one to be anywhere: near equals change places and nothing is lost.
const CLOSE_CALLS: f64 = 0.01;
/// The share of rows whose class, or other whole number, may be another one.
const OTHER: f64 = 0.05;
/// Bits beyond which there are none.
const MOST_BITS: u32 = 15;

/// `model`, if its integers are close enough to the float model by `report`.
///
/// Too far, a [`CompileError::Inaccurate`], is: any decision of a tree that is another one, more
/// than 5 % of the rows with another class or whole number, an error of more than 5 % of an
/// output's range (25 % of an output of several values, which may be scores of classes, if the
/// largest one stays in its place), or no row to tell by. With
/// [`accept_accuracy`](Options::accept_accuracy) the model says so itself instead.
pub fn vouched(
    model: CompiledModel,
    report: &AccuracyReport,
    options: &Options,
) -> Result<CompiledModel> {
    let findings = findings(report);
    if findings.is_empty() {
        return Ok(model);
    }
    if options.accept_accuracy {
        return Ok(model.accepting_accuracy()?);
    }
    Err(CompileError::Inaccurate {
        model: model.manifest().name.clone(),
        findings: findings.join("; "),
        help: help(&model, report, options).join(", "),
    })
}

/// What is beyond a limit, in words.
fn findings(report: &AccuracyReport) -> Vec<String> {
    if report.rows == 0 {
        return vec![format!(
            "none of the {} rows lies within the declared domain, so nothing was compared",
            report.rows_outside_domain
        )];
    }
    let mut found = Vec::new();
    if let Some(rows @ 1..) = report.other_decisions {
        found.push(format!(
            "in {rows} of {} rows a tree leads to another leaf, or a comparison or category is another one, because inputs \
             are rounded (limit 0)",
            report.rows
        ));
    }
    found.extend(
        report
            .outputs
            .iter()
            .filter_map(|of| finding(of, report.rows)),
    );
    found
}

fn finding(of: &OutputReport, rows: u64) -> Option<String> {
    let percent = |share: f64| match share.is_finite() {
        true => format!("{:.1} %", share * 100.0),
        false => "more than 100 %".into(),
    };
    let error = || {
        format!(
            "output `{}` is off by up to {:.4}, {} of its range of {:.4}",
            of.name,
            of.max_abs_error,
            percent(of.relative_error),
            of.range
        )
    };
    if let Some(other) = of.other_whole {
        let share = other as f64 / rows.max(1) as f64;
        return (share > OTHER).then(|| {
            format!(
                "output `{}` is another whole number in {} of the rows (limit {})",
                of.name,
                percent(share),
                percent(OTHER)
            )
        });
    }
    match of.top1_agreement {
        Some(same) => {
            let other = 1.0 - same;
            let moved = other > OTHER && of.relative_error > CLOSE_CALLS;
            (moved || of.relative_error > SCORES).then(|| {
                format!(
                    "{} (limit {}), and its largest value is at another place in {} of the rows (limit {})",
                    error(),
                    percent(SCORES),
                    percent(other),
                    percent(OTHER)
                )
            })
        }
        None => {
            (of.relative_error > ERROR).then(|| format!("{} (limit {})", error(), percent(ERROR)))
        }
    }
}

/// Options that may help, by what went wrong.
fn help(model: &CompiledModel, report: &AccuracyReport, options: &Options) -> Vec<String> {
    let mut help = Vec::new();
    if report.rows == 0 {
        help.push("other data, or a --domain that holds it".to_owned());
        return help;
    }
    if report.other_decisions.is_some_and(|rows| rows > 0) {
        let given = options.input_bits.is_none_or(|bits| bits < MOST_BITS);
        help.push(match given {
            true => format!("--input-bits {MOST_BITS}"),
            false => "inputs of fewer digits".into(),
        });
    }
    let far = report
        .outputs
        .iter()
        .any(|of| finding(of, report.rows).is_some());
    if !far {
        return help;
    }
    let clipped = report.layers.iter().any(|layer| layer.saturated > 0);
    if clipped && options.calibration != Calibration::MinMax {
        help.push(
            "--calibration-method minmax, since values beyond the calibrated range are cut off"
                .into(),
        );
    } else if clipped {
        help.push("calibration rows that reach as far as the test rows, or --domain-margin".into());
    }
    if !options.equalise {
        help.push("--equalise, where channels of a layer are of different sizes".into());
    }
    let bits = model.manifest().activation_bits;
    if bits < MOST_BITS {
        let more = (bits + 3).min(MOST_BITS);
        help.push(format!("--activation-bits {more} with --table-bits 20"));
    } else if options.table_bits.is_none_or(|bits| bits < 20) {
        help.push("--table-bits 20".into());
    }
    help.push("--output-name with a value before the last nodes, e.g. logits".into());
    help
}
