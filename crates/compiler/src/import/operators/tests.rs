//! The table against itself and against the files beside it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

/// Literals that are operators' names and tell no operator from another: nodes that are *written*.
const WRITTEN: [(&str, &str); 2] = [("label.rs", "ArgMax"), ("label.rs", "Equal")];

#[test]
fn sorted_and_listed_once() {
    let keys: Vec<_> = OPERATORS.iter().map(|o| (o.domain, o.name)).collect();
    assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn every_row_has_a_dispatch() {
    for operator in OPERATORS {
        assert!(operator.has_dispatch(), "{}", operator.name);
        let other = match operator.special {
            Special::As(name, _) => Some(name),
            _ => operator.with_reciprocal,
        };
        if let Some(other) = other {
            assert!(find("", other).is_some(), "{} → {other}", operator.name);
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The string literals of a source file, those in comments and tests left out.
fn literals(text: &str) -> BTreeSet<&str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect()
}

/// Advice on what is not supported names operators; so does the table. Nothing else may.
#[test]
fn no_other_file_names_an_operator() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut named = Vec::new();
    for path in &files {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        // What an operator is made of is written there, and told from nothing.
        let written = [
            "import/operators",
            "import/ops/expanded",
            "import/expand.rs",
        ];
        if written.iter().any(|written| name.starts_with(written)) {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        for literal in literals(&text) {
            if OPERATORS.iter().any(|operator| operator.name == literal) {
                named.push((name.to_owned(), literal.to_owned()));
            }
        }
    }
    named.sort();
    let expected = WRITTEN.map(|(file, name)| (file.to_owned(), name.to_owned()));
    assert_eq!(named, expected);
    // The test sees names at all.
    let table = std::fs::read_to_string(root.join("import/operators.rs")).unwrap();
    assert!(literals(&table).contains("Softmax"));
}
