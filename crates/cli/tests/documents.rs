//! Links lead somewhere, and the files that pages name are there.

#![allow(clippy::unwrap_used)]

mod common;

use common::documents::{Document, pages, root};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Folders of the repository that a path can begin with.
const FOLDERS: &[&str] = &["crates", "docs", "scripts", "solidity", "test-vectors"];

/// What is made by tools, or not kept.
const SKIPPED: &[&str] = &[
    "node_modules",
    "out",
    "cache",
    "target",
    "broadcast",
    "deployments",
];

/// Pages about the present: CHANGELOG.md names what was, too.
fn pages_of_today() -> Vec<String> {
    let mut paths: Vec<String> = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        .map(String::from)
        .into();
    paths.extend(pages("docs"));
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let page = format!("crates/{name}/README.md");
        if root().join(&page).exists() {
            paths.push(page);
        }
    }
    paths
}

#[test]
fn links_lead_somewhere() {
    let mut paths = pages_of_today();
    paths.extend(["CHANGELOG.md", "solidity/README.md"].map(String::from));
    let mut dead = Vec::new();
    for path in &paths {
        let document = Document::read(path);
        let outside = |link: &&String| link.contains("://") || link.starts_with("mailto:");
        for link in document.links.iter().filter(|link| !outside(link)) {
            if !leads_somewhere(&document, link) {
                dead.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

fn leads_somewhere(from: &Document, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => from.path.clone(),
        // rustdoc's items, in pages that are documentation of crates, too.
        item if !item.contains('/') && !item.contains('.') => return true,
        file => {
            let folder = Path::new(&from.path).parent().unwrap();
            let Ok(found) = root().join(folder).join(file).canonicalize() else {
                return false;
            };
            let Ok(inside) = found.strip_prefix(root()) else {
                return false;
            };
            inside.display().to_string()
        }
    };
    heading.is_empty() || {
        let headings = Document::read(&target).headings;
        headings.iter().any(|text| anchor(text) == heading)
    }
}

/// What GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
    let anchor: String = heading.to_lowercase().chars().filter(kept).collect();
    anchor.replace(' ', "-")
}

#[test]
fn anchors_are_made_as_github_makes_them() {
    assert_eq!(anchor("Use from your project"), "use-from-your-project");
    assert_eq!(
        anchor("Verifier (`src/core/`), old"),
        "verifier-srccore-old"
    );
}

#[test]
fn files_that_pages_name_are_there() {
    let files = files();
    let mut gone = BTreeSet::new();
    for path in &pages_of_today() {
        let document = Document::read(path);
        let shell = document.blocks.iter().filter(|it| it.language == "sh");
        let typed = shell.flat_map(|block| block.text.split_whitespace());
        let named = document.spans.iter().flat_map(|it| it.split_whitespace());
        let sources = named.clone().filter(|word| !source_is_there(word, &files));
        let paths = named.chain(typed).filter(|word| !path_is_there(word));
        gone.extend(sources.chain(paths).map(|word| format!("{path}: {word}")));
    }
    assert!(gone.is_empty(), "{gone:#?}");
}

#[test]
fn files_that_scripts_name_are_there() {
    let ours = |path: &&PathBuf| {
        let kind = path.extension().is_some_and(|it| it == "sh" || it == "py");
        path.starts_with("scripts") && kind
    };
    let mut gone = BTreeSet::new();
    for path in files().iter().filter(ours) {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        let packages = words.windows(2).filter(|pair| pair[0] == "-p");
        let packages = packages.filter_map(|pair| pair[1].strip_prefix("verdict-"));
        let packages: Vec<String> = packages.map(|name| format!("crates/{name}")).collect();
        let all = words
            .iter()
            .copied()
            .chain(packages.iter().map(String::as_str));
        let named = all.filter(|word| !path_is_there(word));
        gone.extend(named.map(|word| format!("{}: {word}", path.display())));
    }
    assert!(gone.is_empty(), "{gone:#?}");
}

/// A word without the punctuation around it and the way to the root.
fn bare(word: &str) -> &str {
    let word = word.trim_matches(|it: char| !it.is_alphanumeric() && !"./*".contains(it));
    let mut word = word.trim_end_matches('.').trim_start_matches("./");
    while let Some(rest) = word.strip_prefix("../") {
        word = rest;
    }
    word
}

fn is_path(word: &str) -> bool {
    let written = |letter: char| letter.is_alphanumeric() || "/._-*".contains(letter);
    word.chars().all(written)
}

/// Whether a word is no path that begins at the root, or one of something that exists.
fn path_is_there(word: &str) -> bool {
    let path = bare(word);
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or_default();
    let begins = path.contains('/') && FOLDERS.contains(&first);
    let made = parts.any(|part| SKIPPED.contains(&part));
    if !begins || made || !is_path(path) {
        return true;
    }
    // Of a pattern, the folder before it.
    let fixed = path.split('*').next().unwrap_or_default();
    let fixed = match fixed == path {
        true => path,
        false => fixed.rsplit_once('/').map_or("", |(folder, _)| folder),
    };
    root().join(fixed).exists()
}

/// Whether a word is no source file's name, or the end of the path of one that exists.
fn source_is_there(word: &str, files: &[PathBuf]) -> bool {
    let path = bare(word);
    let kind = Path::new(path).extension().and_then(|it| it.to_str());
    let kind = kind.is_some_and(|it| ["rs", "sol", "sh", "py", "toml"].contains(&it));
    let whole = kind && is_path(path) && !path.contains('*') && !path.starts_with('.');
    !whole || files.iter().any(|file| file.ends_with(path))
}

/// Every file of the repository's folders and root, from the root.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    for entry in fs::read_dir(root()).unwrap() {
        files.push(PathBuf::from(entry.unwrap().file_name()));
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            let skipped = SKIPPED.iter().any(|name| entry.file_name() == *name);
            match entry.file_type().unwrap().is_dir() {
                true if !skipped => folders.push(path),
                true => {}
                false => files.push(path),
            }
        }
    }
    files
}

#[test]
fn what_is_gone_is_noticed() {
    for there in [
        "crates/cli/tests/documents.rs",
        "../crates/cli/tests/*.rs",
        "`./scripts/test.sh`,",
        "solidity/out/made.json",
        "a/b",
    ] {
        assert!(path_is_there(there), "{there}");
    }
    for gone in [
        "crates/evm/src/lib.rs",
        "crates/evm/*.rs",
        "`./scripts/gone.sh`,",
    ] {
        assert!(!path_is_there(gone), "{gone}");
    }
    let files = files();
    for there in [
        "tests/documents.rs",
        "documents.rs",
        "deny.toml",
        "FILE.ptau",
        "*.rs",
    ] {
        assert!(source_is_there(there, &files), "{there}");
    }
    for gone in ["src/gone.rs", "cuments.rs", "(`gone.sol`)"] {
        assert!(!source_is_there(gone, &files), "{gone}");
    }
}
