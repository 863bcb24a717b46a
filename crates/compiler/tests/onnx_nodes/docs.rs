//! docs/operators.md.

use std::collections::BTreeMap;
use std::fmt::Write;

use verdict_compiler::{Guarantee, OPERATORS, Operator, advice};

use super::cases::Index;
use super::run::Outcome;

/// What became of one operator's cases.
#[derive(Default)]
struct Tally {
    passed: usize,
    /// The largest bound of a passing case's output, relative to its largest value.
    bound: f64,
    /// The same of the largest difference from ONNX's result, which rounding the input is part of.
    seen: f64,
    /// Reasons and how often.
    refused: BTreeMap<String, usize>,
}

impl Tally {
    fn refusals(&self) -> usize {
        self.refused.values().sum()
    }
}

/// The reason without what differs from case to case.
fn reason(text: &str) -> String {
    let quoted = |(i, part): (usize, &str)| {
        if i % 2 == 0 {
            part.to_owned()
        } else {
            "…".into()
        }
    };
    let parts: Vec<String> = text.split('`').enumerate().map(quoted).collect();
    let mut short = String::new();
    let mut depth = 0;
    for c in parts.join("`").chars() {
        match c {
            '[' => {
                depth += 1;
                short.push_str("[…");
            }
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            short.push(c);
        }
    }
    // Numbers of one reason, several cases.
    let mut result = String::new();
    for c in short.replace('|', "\\|").chars() {
        if !c.is_ascii_digit() {
            result.push(c);
        } else if !result.ends_with('#') {
            result.push('#');
        }
    }
    result
        .trim_start_matches("node `…` ")
        .trim_start_matches("uses operator ")
        .to_owned()
}

fn percent(share: f64) -> String {
    match share {
        0.0 => "exact".into(),
        share if share < 0.0001 => "< 0.01 %".into(),
        share if share < 0.01 => format!("{:.2} %", share * 100.0),
        share if share < 1.0 => format!("{:.1} %", share * 100.0),
        _ => "> 100 %".into(),
    }
}

pub(crate) fn full_name(domain: &str, name: &str) -> String {
    if domain.is_empty() {
        name.into()
    } else {
        format!("{domain}.{name}")
    }
}

fn supported(domain: &str, name: &str) -> Option<&'static Operator> {
    OPERATORS
        .iter()
        .find(|o| (o.domain, o.name) == (domain, name))
}

/// What is different with private weights.
const PRIVATE_WEIGHTS: &str = "
## Private weights

With `verdict compile --private-weights` no table may show anything that was trained.
[quantisation.md](quantisation.md#private-weights---private-weights) says how constants become
weights. Refused by name are constants in `Pow`, `Mod` and whole `Div` that are no familiar numbers,
`Gather` from a constant of more than 512 rows or by an index that need not be whole, and `Imputer`
of NaN. A picked index outside the constant gives zeros instead of the first or last row.
`Greater`, `Less`, `Equal` and their like round the difference to a step of its own.
";

/// The whole file.
pub(crate) fn operators(index: &Index, outcomes: &[Outcome]) -> String {
    let mut tallies: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    let (mut passed, mut refused) = (0, 0);
    for (case, outcome) in index.cases.iter().zip(outcomes) {
        let tally = tallies.entry((&case.domain, &case.op)).or_default();
        match outcome {
            Outcome::Passed { bound, seen } => {
                passed += 1;
                tally.passed += 1;
                tally.bound = tally.bound.max(*bound);
                tally.seen = tally.seen.max(*seen);
            }
            Outcome::Refused(text) | Outcome::Failed(text) => {
                refused += 1;
                *tally.refused.entry(reason(text)).or_default() += 1;
            }
        }
    }
    let mut text = format!(
        "<!-- Written by crates/compiler/tests/onnx_nodes; do not edit: VERDICT_UPDATE_VECTORS=1 cargo test --release -p verdict-compiler --test onnx_nodes -->\n\
         # Operators\n\n\
         What the importer knows of `ai.onnx` and `ai.onnx.ml`, and what became of the {} node tests of the `onnx` package, version {}.\n\
         They are {} cases, because some run twice, with weights as inputs and as constants: {passed} pass, {refused} are refused with a reason.\n\
         `test-vectors/onnx-node/statuses.txt` says which.\n\n\
         A case passes if the imported model computes what ONNX expects within the test's own tolerances, and the integer executor's outputs, as real numbers,\n\
         are within the bound that `verdict_compiler::error_bounds` states for that input: of the float model on the rounded input, and, with what\n\
         rounding the input does added, of ONNX's outputs. Models compile with 12\n\
         bits for activations and 14 for outputs, or as many fewer as make the bound smaller: what adds up many squares has room for coarser integers only.\n\n",
        index.tests,
        index.onnx,
        index.cases.len(),
    );
    bounds(&mut text);
    text.push_str(PRIVATE_WEIGHTS);
    table(&mut text, index, &tallies);
    reasons(&mut text, &tallies);
    others(&mut text, index, &tallies);
    text
}

fn bounds(text: &mut String) {
    text.push_str("## Bounds\n\nHow far a result can be from the real one, given how far the operands are. An output of the model is rounded to its own step besides.\n\n| | |\n|---|---|\n");
    for guarantee in Guarantee::ALL {
        writeln!(
            text,
            "| {} | {} |",
            guarantee.name(),
            guarantee.bound().replace('|', "\\|")
        )
        .unwrap();
    }
}

fn table(text: &mut String, index: &Index, tallies: &BTreeMap<(&str, &str), Tally>) {
    text.push_str(
        "\n## Supported\n\nThe last columns are, over all passing cases and relative to the output's largest value, the largest bound on what rounding inside the model \
         does, and the largest difference from ONNX's result, to which rounding the input contributes. Bounds take errors for independent: they are \
         wide where a result depends on the difference of like values, and 1 for a decision that the integers' own errors could change.\n\n\
         | operator | asks for | kind | pass | refused | bound | seen |\n|---|---|---|---|---|---|---|\n",
    );
    for operator in OPERATORS {
        let listed = index.operators.iter();
        let deprecated = listed
            .filter(|l| (&*l.domain, &*l.op) == (operator.domain, operator.name))
            .any(|l| l.deprecated);
        let empty = Tally::default();
        let tally = tallies
            .get(&(operator.domain, operator.name))
            .unwrap_or(&empty);
        let [largest, seen] = [tally.bound, tally.seen].map(|share| match tally.passed {
            0 => String::new(),
            _ => percent(share),
        });
        writeln!(
            text,
            "| {}{} | {} | {} | {} | {} | {largest} | {seen} |",
            full_name(operator.domain, operator.name),
            if deprecated { " (deprecated)" } else { "" },
            operator.conditions,
            operator.guarantee.name(),
            tally.passed,
            tally.refusals(),
        )
        .unwrap();
    }
}

fn reasons(text: &mut String, tallies: &BTreeMap<(&str, &str), Tally>) {
    text.push_str("\n## Refused cases of supported operators\n\n| operator | cases | reason |\n|---|---|---|\n");
    for ((domain, name), tally) in tallies {
        if supported(domain, name).is_none() {
            continue;
        }
        for (reason, count) in &tally.refused {
            writeln!(text, "| {} | {count} | {reason} |", full_name(domain, name)).unwrap();
        }
    }
}

fn others(text: &mut String, index: &Index, tallies: &BTreeMap<(&str, &str), Tally>) {
    text.push_str(
        "\n## Not supported\n\nRefused by name. Cases that pass are written with the operators that the operator is defined by.\n\n\
         | operator | what to do | pass | refused |\n|---|---|---|---|\n",
    );
    let listed = index.operators.iter().map(|l| (&*l.domain, &*l.op));
    let mut all: Vec<(&str, &str)> = listed.chain(tallies.keys().copied()).collect();
    all.sort_unstable();
    all.dedup();
    for (domain, name) in all {
        if supported(domain, name).is_some() {
            continue;
        }
        let tally = tallies.get(&(domain, name));
        let (passed, refused) = tally.map_or((0, 0), |t| (t.passed, t.refusals()));
        writeln!(
            text,
            "| {} | {} | {passed} | {refused} |",
            full_name(domain, name),
            advice(name)
        )
        .unwrap();
    }
}
