//! Whether a compiled model is close enough to its float model to be used.

use crate::float::graph::OutputKind;
use crate::report::accuracy::{AccuracyReport, OutputReport};
use crate::{CompileError, Options, Result};
use verdict_model::{Calibration, CompiledModel};

/// The largest error of a value, as a share of its output's range, that is taken without a word:
/// five times what the search for bit widths pays for, and about where plots of both models differ
/// at a glance.
const ERROR: f64 = 0.05;
/// The same for several values that are scores of classes by the file, or may be, if the largest one
/// stays in its place.
const SCORES: f64 = 0.1;
/// The error, as a share of the range, up to which several values may have their largest one
/// anywhere if nobody says that they are scores: near equals change places and nothing is lost.
const CLOSE_CALLS: f64 = 0.01;
/// The share of rows whose class, or other whole number, may be another one.
pub(crate) const OTHER: f64 = 0.05;

/// `model`, if its integers are close enough to the float model by `report`.
///
/// Too far, a [`CompileError::Inaccurate`], is: any decision of a tree that is another one; more
/// than 5 % of the rows with another class or whole number; an error of more than 5 % of the range
/// of an output ([`accuracy`](Options::accuracy) where it is given; 10 % if the values are or may be
/// scores of classes, whose largest one stays in its place; none if [`Options::output_kinds`] says
/// that they are); or no row to tell by. With
/// [`accept_accuracy`](Options::accept_accuracy) the model says so itself instead.
pub fn vouched(
    model: CompiledModel,
    report: &AccuracyReport,
    options: &Options,
) -> Result<CompiledModel> {
    let findings = findings(report, options);
    if findings.is_empty() {
        return Ok(model);
    }
    if options.accept_accuracy {
        return Ok(model.accepting_accuracy()?);
    }
    Err(CompileError::Inaccurate {
        model: model.manifest().name.clone(),
        findings: findings.join("; "),
        help: help(report, options).join("; "),
    })
}

/// What is beyond a limit, in words.
fn findings(report: &AccuracyReport, options: &Options) -> Vec<String> {
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
    let outputs = report.outputs.iter();
    found.extend(outputs.filter_map(|of| finding(of, report.rows, options)));
    found
}

fn percent(share: f64) -> String {
    match share.is_finite() {
        true => format!("{:.1} %", share * 100.0),
        false => "more than 100 %".into(),
    }
}

fn finding(of: &OutputReport, rows: u64, options: &Options) -> Option<String> {
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
    let error = |limit: f64| {
        format!(
            "output `{}` is off by up to {:.4}, {} of its range of {:.4} (limit {})",
            of.name,
            of.max_abs_error,
            percent(of.relative_error),
            of.range,
            percent(limit)
        )
    };
    let kind = options.output_kind(&of.name).unwrap_or(of.kind);
    let (limit, other) = match (of.top1_agreement, kind) {
        (None, _) | (_, OutputKind::Values) => (options.accuracy.unwrap_or(ERROR), None),
        (Some(same), OutputKind::Classes) => {
            // Who says that only the largest value counts means that.
            let limit = match options.output_kind(&of.name) {
                Some(_) => f64::INFINITY,
                None => SCORES,
            };
            (limit, Some(1.0 - same))
        }
        (Some(same), OutputKind::Both) => {
            let near = of.relative_error <= CLOSE_CALLS;
            let other = (!near).then_some(1.0 - same);
            (options.accuracy.unwrap_or(SCORES), other)
        }
    };
    let moved = other.filter(|other| *other > OTHER).map(|other| {
        format!(
            "the largest value of output `{}` is at another place in {} of the rows (limit {}), with errors of up to {} of its range",
            of.name,
            percent(other),
            percent(OTHER),
            percent(of.relative_error)
        )
    });
    moved.or_else(|| (of.relative_error > limit).then(|| error(limit)))
}

/// Options that may help, by what went wrong.
fn help(report: &AccuracyReport, options: &Options) -> Vec<String> {
    if report.rows == 0 {
        return vec!["other data, or a --domain that holds it".to_owned()];
    }
    let mut help = Vec::new();
    if report.other_decisions.is_some_and(|rows| rows > 0) {
        help.push(match options.input_bits {
            Some(15) => "inputs of fewer digits".to_owned(),
            _ => "--input-bits 15".into(),
        });
    }
    let mut outputs = report.outputs.iter();
    if !outputs.any(|of| finding(of, report.rows, options).is_some()) {
        return help;
    }
    let given = [
        ("--activation-bits", options.activation_bits.is_some()),
        ("--output-bits", options.output_bits.is_some()),
        ("--input-bits", options.input_bits.is_some()),
        ("--table-bits", options.table_bits.is_some()),
        ("--no-tune", !options.tune && !options.private_weights),
    ];
    let given = given.iter().filter(|(_, given)| *given);
    let given: Vec<&str> = given.map(|(name, _)| *name).collect();
    if !given.is_empty() {
        help.push(format!(
            "leaving out {}, so that the compiler may choose",
            given.join(", ")
        ));
    }
    let clipped = report.layers.iter().any(|layer| layer.saturated > 0);
    match options.calibration {
        _ if !clipped => {}
        Calibration::MinMax => {
            help.push("calibration rows that reach as far as the others".into());
        }
        _ => help.push("--calibration-method minmax, since values are cut off".into()),
    }
    match options.tune && !options.private_weights {
        true => help.push(
            "more than the compiler tries by itself: --equalise, --activation-bits up to 15, --table-bits beyond 20".into(),
        ),
        false => help.push("--equalise, more --activation-bits, --table-bits 20".into()),
    }
    if options.accuracy.is_none() {
        help.push("--accuracy 0.01, which pays for what it takes".into());
    }
    help.push("--output-name with a value before the last nodes, e.g. logits; --output-is classes, if only the largest value counts".into());
    help
}
