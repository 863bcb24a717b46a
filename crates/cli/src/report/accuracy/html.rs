//! One HTML file that needs nothing else: SVG inside, no scripts.

use super::stats::{Histogram, LayerStats, Quantised, Stats, Task};
use super::text::reference_text;
use crate::report::output::count;
use std::fmt::Write;

/// Confusion matrices of more classes have no numbers in their cells.
const NUMBERED: usize = 20;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}svg{max-width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:#222}\
table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}\
td:first-child,th:first-child{text-align:left}.pair{display:flex;flex-wrap:wrap;gap:2em}.note{color:#666}";

/// The report.
pub(crate) fn render(title: &str, data: &str, labels: &[String], stats: &Stats) -> String {
    let mut body = format!(
        "<h1>Accuracy of {}</h1>\n<p>{} rows of {}{}, {}.</p>\n{}{}",
        escape(title),
        count(stats.rows as u64),
        escape(data),
        match stats.rows_outside_domain {
            0 => String::new(),
            rows => format!("; {rows} more lie outside the declared domain and are left out"),
        },
        escape(&reference_text(&stats.by)),
        quantised(&stats.quantised),
        summary(stats)
    );
    body += "<h2>Error by layer</h2>\n<p class=\"note\">Root mean square of integer minus float, relative to the range of the float \
             values; earlier layers' errors included. In red: values that the range of the integers cuts off.</p>\n";
    body += &bars(&stats.layers);
    body += "<h2>Error of the outputs</h2>\n<p class=\"note\">Integer minus float: how many output values are off by how much.</p>\n";
    body += &histogram(&stats.histogram);
    if let Some(Task::Classification {
        labelled,
        classes,
        float,
        integer,
        ..
    }) = &stats.task
    {
        let _ = write!(
            body,
            "<h2>Confusion matrices</h2>\n<p class=\"note\">Rows: {}. Columns: what the model says.</p>\n<div class=\"pair\">\
             <div><h3>Float</h3>{}</div><div><h3>Integer</h3>{}</div></div>\n",
            if *labelled {
                "the labels"
            } else {
                "what the float model says, there being no labels"
            },
            matrix(*classes, float, labels),
            matrix(*classes, integer, labels)
        );
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Accuracy of {}</title>\
         <style>{STYLE}</style></head>\n<body>\n{body}</body></html>\n",
        escape(title)
    )
}

fn quantised(of: &Quantised) -> String {
    let equalised = match of.equalised {
        0 => String::new(),
        tensors => format!(", equalised tensors: {}", count(tensors as u64)),
    };
    format!(
        "<p>{} parameters; activations of {} bits, weights of up to {}, {} table entries; ranges by {}{equalised}.</p>\n",
        count(of.parameters as u64),
        of.activation_bits,
        of.weight_bits,
        count(of.table_entries),
        escape(&of.calibration_method)
    )
}

fn summary(stats: &Stats) -> String {
    let mut rows = vec![
        ("largest output error".to_owned(), number(stats.max_error)),
        ("output error, rms".to_owned(), number(stats.rms_error)),
    ];
    if let Some(share) = stats.agreement {
        rows.push(("same class as float".into(), percent(share)));
    }
    match &stats.task {
        Some(Task::Classification {
            labelled: true,
            float_top1,
            integer_top1,
            top1_loss,
            ..
        }) => rows.extend([
            ("top-1, float".to_owned(), percent(*float_top1)),
            ("top-1, integer".into(), percent(*integer_top1)),
            ("top-1 loss".into(), format!("{top1_loss:.2} points")),
        ]),
        Some(Task::Regression {
            float_r2,
            integer_r2,
            r2_loss,
        }) => rows.extend([
            ("R², float".to_owned(), format!("{float_r2:.5}")),
            ("R², integer".into(), format!("{integer_r2:.5}")),
            ("R² loss".into(), format!("{r2_loss:.5}")),
        ]),
        _ => {}
    }
    let cells = rows
        .iter()
        .map(|(name, value)| format!("<tr><td>{name}</td><td>{value}</td></tr>"));
    format!("<table>{}</table>\n", cells.collect::<String>())
}

fn bars(layers: &[LayerStats]) -> String {
    const ROW: usize = 22;
    let largest = layers.iter().map(|it| it.relative).fold(1e-12, f64::max);
    let mut svg = format!(
        "<svg viewBox=\"0 0 900 {}\" width=\"900\" role=\"img\" aria-label=\"error by layer\">",
        layers.len() * ROW + 4
    );
    for (i, layer) in layers.iter().enumerate() {
        let y = i * ROW;
        let width = (480.0 * layer.relative / largest).max(1.0);
        let _ = write!(
            svg,
            "<text x=\"250\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"260\" y=\"{}\" width=\"{width:.1}\" height=\"14\" fill=\"#4878a8\"><title>rms {}, max {}, range {}</title></rect>\
             <text x=\"{:.1}\" y=\"{}\">{:.3}%{}</text>",
            y + 15,
            escape(&shortened(&layer.name)),
            y + 4,
            number(layer.rms_error),
            number(layer.max_error),
            number(layer.range),
            266.0 + width,
            y + 15,
            layer.relative * 100.0,
            match layer.saturated {
                0.0 => String::new(),
                share => format!(
                    "<tspan fill=\"#c44e52\" dx=\"8\">{} saturated</tspan>",
                    percent(share)
                ),
            }
        );
    }
    svg + "</svg>\n"
}

fn histogram(histogram: &Histogram) -> String {
    let most = histogram.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let width = 860.0 / histogram.counts.len().max(1) as f64;
    let mut svg = String::from(
        "<svg viewBox=\"0 0 900 250\" width=\"900\" role=\"img\" aria-label=\"histogram of output errors\">",
    );
    for (i, values) in histogram.counts.iter().enumerate() {
        let height = 195.0 * *values as f64 / most;
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"#4878a8\"><title>{values}</title></rect>",
            20.0 + i as f64 * width,
            215.0 - height,
            width - 1.0
        );
    }
    let _ = write!(
        svg,
        "<line x1=\"20\" y1=\"215.5\" x2=\"880\" y2=\"215.5\" stroke=\"#222\"/>\
         <text x=\"20\" y=\"12\" class=\"note\">{} values in the highest bar</text>\
         <text x=\"20\" y=\"235\">{}</text><text x=\"450\" y=\"235\" text-anchor=\"middle\">0</text>\
         <text x=\"880\" y=\"235\" text-anchor=\"end\">{}</text>",
        count(most as u64),
        number(histogram.from),
        number(histogram.to)
    );
    svg + "</svg>\n"
}

/// The colour of a cell of the confusion matrix and how strong it is: right answers in blue, wrong
/// ones in red, however few they are.
fn shade(right: bool, count: u64, total: f64) -> (&'static str, f64) {
    let share = count as f64 / total;
    match (right, count) {
        (_, 0) => ("#888", 0.06),
        (true, _) => ("#4878a8", 0.15 + 0.85 * share),
        (false, _) => ("#c44e52", 0.25 + 0.75 * share),
    }
}

fn matrix(classes: usize, counts: &[Vec<u64>], labels: &[String]) -> String {
    const LETTER: f64 = 7.0;
    let cell = (360.0 / classes as f64).min(60.0);
    let side = cell * classes as f64;
    let named = |class: usize| {
        labels
            .get(class)
            .filter(|_| labels.len() == classes)
            .cloned()
            .unwrap_or_else(|| class.to_string())
    };
    let names: Vec<String> = match classes <= NUMBERED {
        true => (0..classes).map(|class| shortened(&named(class))).collect(),
        false => Vec::new(),
    };
    let longest = names.iter().map(|name| name.chars().count()).max();
    let width = LETTER * longest.unwrap_or(0) as f64;
    let margin = width + 12.0;
    // Names too wide for a column stand upright below it.
    let upright = width > cell;
    let below = if upright { width + 12.0 } else { 24.0 };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {:.0} {:.0}\" width=\"{:.0}\" role=\"img\" aria-label=\"confusion matrix\">",
        side + margin,
        side + below,
        side + margin
    );
    for (truth, row) in counts.iter().enumerate() {
        let total = row.iter().sum::<u64>().max(1) as f64;
        let y = truth as f64 * cell;
        for (said, count) in row.iter().enumerate() {
            let (colour, strength) = shade(truth == said, *count, total);
            let x = margin + said as f64 * cell;
            let _ = write!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\" fill-opacity=\"{strength:.2}\">\
                 <title>{} said to be {}: {count}</title></rect>",
                cell - 1.0,
                cell - 1.0,
                escape(&named(truth)),
                escape(&named(said))
            );
            if *count > 0 && classes <= NUMBERED {
                let _ = write!(
                    svg,
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{count}</text>",
                    x + cell / 2.0,
                    y + cell / 2.0 + 4.0
                );
            }
        }
        let Some(name) = names.get(truth).map(|name| escape(name)) else {
            continue;
        };
        let column = margin + (truth as f64 + 0.5) * cell;
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
            margin - 6.0,
            y + cell / 2.0 + 4.0,
        );
        let _ = match upright {
            true => write!(
                svg,
                "<text transform=\"translate({:.1} {:.1}) rotate(-90)\" text-anchor=\"end\">{name}</text>",
                column + 4.0,
                side + 6.0
            ),
            false => write!(
                svg,
                "<text x=\"{column:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}</text>",
                side + 16.0
            ),
        };
    }
    svg + "</svg>"
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

fn number(value: f64) -> String {
    crate::report::output::real(value)
}

/// The end of a long name, which is where names differ.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 32;
    let length = name.chars().count();
    if length <= LONGEST {
        return name.into();
    }
    let end: String = name.chars().skip(length - LONGEST + 1).collect();
    format!("…{end}")
}

fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".into(),
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '"' => "&quot;".into(),
            '\'' => "&#39;".into(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use verdict_compiler::ReferenceBy;

    #[test]
    fn names_cannot_break_out() {
        let stats = Stats {
            quantised: Quantised {
                parameters: 1,
                activation_bits: 8,
                weight_bits: 16,
                table_entries: 9,
                calibration_method: "percentile=99.9".into(),
                equalised: 2,
            },
            by: ReferenceBy::Tract,
            rows: 1,
            rows_outside_domain: 0,
            max_error: 0.0,
            rms_error: 0.0,
            agreement: None,
            layers: vec![LayerStats {
                name: "<script>\"&".into(),
                rms_error: 0.1,
                max_error: 0.2,
                range: 1.0,
                relative: 0.1,
                saturated: 0.02,
            }],
            histogram: Histogram {
                from: -1.0,
                to: 1.0,
                counts: vec![1, 2, 3],
            },
            task: Some(Task::Classification {
                labelled: true,
                classes: 2,
                float: vec![vec![1, 0], vec![0, 1]],
                integer: vec![vec![1, 0], vec![1, 0]],
                float_top1: 1.0,
                integer_top1: 0.5,
                top1_loss: 50.0,
            }),
        };
        let html = render("<b>", "data", &["a'".into(), "b".into()], &stats);
        assert!(!html.contains("<script") && !html.contains("<b>"));
        assert!(html.contains("2.00% saturated") && html.contains("percentile=99.9"));
        assert!(html.contains("&lt;script&gt;") && html.contains("a&#39;"));
        assert!(!html.contains("http"), "no external assets");
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    }
}
