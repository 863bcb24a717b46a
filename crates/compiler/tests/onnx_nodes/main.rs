//! The node tests of the `onnx` package against the integer executor.
//!
//! Every case passes within the bound that [`verdict_compiler::error_bounds`] states, or is
//! refused; statuses.txt says which, and a case that changes, for better or worse, fails the test.
//! So does docs/operators.md if it is not what the cases make of it. After a change on purpose:
//! `VERDICT_UPDATE_VECTORS=1 cargo test --release -p verdict-compiler --test onnx_nodes`, then
//! `scripts/check-vectors.sh --update`. While working on some of them,
//! `VERDICT_NODE_CASES='attention|dft'` runs those whose names have one of these parts, prints what
//! became of them, and compares with nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod docs;
mod run;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use prost::Message;
use rayon::prelude::*;
use tract_onnx::pb::ModelProto;
use verdict_compiler::{OPERATORS, advice};

use cases::{Cases, check, folder};
use common::Onnx;
use run::{Outcome, outcome};

#[test]
fn every_case_passes_or_is_refused_as_listed() {
    let mut cases = Cases::load("onnx-node");
    let some = std::env::var("VERDICT_NODE_CASES").ok();
    if let Some(parts) = &some {
        let named = |name: &str| parts.split('|').any(|part| name.contains(part));
        cases.index.cases.retain(|case| named(&case.name));
    }
    let all = &cases.index.cases;
    let outcomes: Vec<Outcome> = all.par_iter().map(|case| outcome(&cases, case)).collect();
    let status = |(case, outcome): (&cases::Case, &Outcome)| {
        format!("{}\t{}\n", case.name, outcome.status())
    };
    let statuses: Vec<String> = all.iter().zip(&outcomes).map(status).collect();
    if some.is_some() {
        println!("{}", statuses.concat());
    }
    let failed = statuses.iter().filter(|line| line.contains("\tFAILED"));
    let failed: Vec<&str> = failed.map(String::as_str).collect();
    assert!(failed.is_empty(), "{}", failed.concat());
    for (case, outcome) in all.iter().zip(&outcomes) {
        if let Outcome::Passed { bound, seen } = outcome
            && *seen > 0.01
        {
            println!("{} {bound} {seen}", case.name);
        }
        // A refusal names what is at fault.
        if let (None, Outcome::Refused(reason)) = (&case.refused, outcome) {
            let named = reason.contains('`') || reason.starts_with("the model has no input");
            assert!(named, "{}: {reason}", case.name);
        }
    }
    if some.is_some() {
        return;
    }
    check(folder("onnx-node").join("statuses.txt"), &statuses.concat());
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/operators.md");
    check(docs, &docs::operators(&cases.index, &outcomes));
}

/// The table of operators and the importer's dispatch are one list: an operator of the table is
/// never refused as unknown, and one that is not in it always is.
#[test]
fn the_importer_knows_the_operators_of_its_table() {
    let refusal = |domain: &str, name: &str| {
        let model = Onnx::vector(4)
            .domain_node(domain, name, &["x"], "y")
            .output("y");
        let file = model.save();
        let result = verdict_compiler::import(&file.path);
        result
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let unknown = |name: &str| {
        format!(
            "uses operator {name}, which is not supported; {}",
            advice(name)
        )
    };
    for operator in OPERATORS {
        let message = refusal(operator.domain, operator.name);
        assert!(!message.contains(&unknown(operator.name)), "{message}");
    }
    let cases = Cases::load("onnx-node");
    for listed in &cases.index.operators {
        let known = OPERATORS
            .iter()
            .any(|o| (o.domain, o.name) == (&*listed.domain, &*listed.op));
        let message = refusal(&listed.domain, &listed.op);
        assert_eq!(message.contains(&unknown(&listed.op)), !known, "{message}");
    }
}

/// The operators of all nodes of an ONNX file.
fn operators_of(path: &Path) -> Vec<(String, String)> {
    let bytes = std::fs::read(path).unwrap();
    let model = ModelProto::decode(&bytes[..]).unwrap();
    let nodes = model.graph.unwrap_or_default().node.into_iter();
    nodes.map(|node| (node.domain, node.op_type)).collect()
}

/// Every operator of the table has a line in docs/operators.md and a case: a node test of the
/// `onnx` package that passes, a file that was made for it, or a test of this crate that names it.
#[test]
fn every_row_has_a_line_and_a_case() {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let docs = std::fs::read_to_string(tests.join("../../../docs/operators.md")).unwrap();
    let statuses = std::fs::read_to_string(folder("onnx-node").join("statuses.txt")).unwrap();
    let passed: HashSet<&str> = statuses
        .lines()
        .filter_map(|line| line.strip_suffix("\tpass"))
        .collect();
    let cases = Cases::load("onnx-node").index.cases;
    let files = |folder: &Path, extension: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let wanted = |path: &PathBuf| path.extension().is_some_and(|e| e == extension);
        paths.filter(wanted).collect()
    };
    let mut models = files(&tests.join("fixtures/ml"), "onnx");
    models.extend(files(&tests.join("fixtures/runtime"), "onnx"));
    let made: HashSet<(String, String)> = models.iter().flat_map(|m| operators_of(m)).collect();
    let named = files(&tests, "rs").into_iter();
    let named: String = named
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let mut bare = Vec::new();
    for operator in OPERATORS {
        let (domain, name) = (operator.domain, operator.name);
        let line = format!("| {} |", docs::full_name(domain, name));
        let deprecated = line.replace(" |", " (deprecated) |");
        let has_line = docs.contains(&line) || docs.contains(&deprecated);
        let has_case = cases
            .iter()
            .filter(|case| (&*case.domain, &*case.op) == (domain, name))
            .any(|case| passed.contains(&*case.name))
            || made.contains(&(domain.to_owned(), name.to_owned()))
            || named.contains(&format!("\"{name}\""));
        if !has_line || !has_case {
            bare.push(name);
        }
    }
    assert!(bare.is_empty(), "without a line or a case: {bare:?}");
}
