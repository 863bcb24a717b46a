//! Every command that README.md and docs/ show, typed word for word by a shell. A page's blocks
//! that belong to one flow run in one shell, one after another; a block that is not run says why
//! here.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    binary,
    documents::{Block, Document, pages, root},
    setup_bytes,
};
use std::{collections::BTreeSet, env, fs, process::Command};
use tempfile::TempDir;

/// Blocks that are shown and not run: the page, the first line, and why.
const NOT_RUN: &[(&str, &str, &str)] = &[
    (
        "docs/relayer.md",
        "verdict worker init --name a --nats tls://nats.example:4222 --out worker.toml",
        "goes on with a server of somebody's; relay.rs runs such programs against a real one",
    ),
    (
        "docs/economics.md",
        "scripts/simulate_economics.py --out docs/economics.svg",
        "needs numpy and takes minutes; Economics.t.sol holds points of it against the contracts",
    ),
    (
        "docs/benchmarks.md",
        "cargo run --release -p verdict-stories --example recurring-gas",
        "crates/stories/tests has the same transactions and bounds their gas",
    ),
    (
        "docs/protocol.md",
        "scripts/verify.py test-vectors/*/proof.json",
        "crates/vectors/tests/second_opinion.rs runs it on these files",
    ),
    (
        "README.md",
        "cargo run --release -- demo",
        "compiles the program that this test has already; commands.rs runs its demo",
    ),
    ("README.md", "./scripts/test.sh", "runs this test"),
    (
        "docs/quick-start.md",
        "cargo install --path crates/cli",
        "installs, for the user who runs the test, the program that the flows run",
    ),
    (
        "docs/contracts.md",
        "cargo run --release -- demo --all",
        "compiles the program that this test has already; the stories' tests tell what it tells",
    ),
    (
        "docs/benchmarks.md",
        "scripts/where_time_goes.py --runs 15 OLD/verdict=--input,private,--optimize,time \\",
        "needs perf and a program of another commit",
    ),
    (
        "docs/benchmarks.md",
        "cargo run --release -p verdict-circuit --example rows -- MODEL.verdict [BATCH]",
        "prints what was weighed of models that are too large to be committed",
    ),
    (
        "docs/benchmarks.md",
        "cargo run --release -- bench --optimize time,balanced,gas --runs 3",
        "means something on a quiet machine only; commands.rs runs the bench on small models",
    ),
    (
        "docs/benchmarks.md",
        "scripts/compare-self.sh --runs 3 90f2f79",
        "builds an older commit, and means something on a quiet machine only",
    ),
    (
        "docs/benchmarks.md",
        "scripts/compare-ezkl.sh --input private --modes calibrated,tuned \\",
        "installs EZKL, and takes half an hour",
    ),
    (
        "docs/benchmarks.md",
        "scripts/compare-ezkl.sh --input private --modes calibrated mlp-1m",
        "installs EZKL, and takes ten minutes and 10 GiB of memory",
    ),
    (
        "docs/benchmarks.md",
        "scripts/bench-large.sh",
        "trains, and takes minutes and 5 GiB of memory",
    ),
    (
        "docs/benchmarks.md",
        "scripts/bench-models.sh",
        "trains, and takes half an hour and 12 GiB of memory",
    ),
    (
        "docs/benchmarks.md",
        ".venv/bin/python scripts/train/slow.py && scripts/compile_table.py target/slow/*",
        "trains forests and networks, and takes ten minutes",
    ),
    (
        "docs/benchmarks.md",
        "scripts/bench-transformers.sh",
        "installs PyTorch, and takes ten minutes",
    ),
    (
        "docs/benchmarks.md",
        "cargo run --release -- demo --all",
        "as in docs/contracts.md",
    ),
];

/// A test for each flow, and their names.
macro_rules! flows {
    ($($test:ident: $name:literal in $page:literal),+ $(,)?) => {
        const FLOWS: &[(&str, &str)] = &[$(($name, $page)),+];
        $(#[test] fn $test() { run($name, $page); })+
    };
}

flows! {
    quick_start: "quick-start" in "docs/quick-start.md",
    committed: "committed" in "docs/privacy.md",
    private_weights: "private-weights" in "docs/privacy.md",
    batch: "batch" in "docs/privacy.md",
    accuracy: "accuracy" in "docs/privacy.md",
    oracle: "oracle" in "docs/contracts.md",
    guard: "guard" in "docs/contracts.md",
    risk: "risk" in "docs/contracts.md",
    airdrop: "airdrop" in "docs/contracts.md",
    relayer: "relayer" in "docs/relayer.md",
}

fn documents() -> Vec<Document> {
    let mut paths = vec!["README.md".to_owned()];
    paths.extend(pages("docs"));
    paths.iter().map(|path| Document::read(path)).collect()
}

/// What a checkout has, as far as the flows look at it, and what only people have.
fn checkout(flow: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let own = folder.path().join("try").join(flow);
    fs::create_dir_all(&own).unwrap();
    for name in ["test-vectors", "solidity", "node_modules"] {
        std::os::unix::fs::symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    if flow == "quick-start" {
        // In the place of a ceremony's file, whose format is recognised by its content.
        let ceremony = own.join("powersOfTau28_hez_final_14.ptau");
        fs::write(ceremony, setup_bytes(14)).unwrap();
    }
    folder
}

/// Runs a flow as a reader would, from the checkout's root, and stops at the first command that
/// fails.
fn run(flow: &str, page: &str) {
    let blocks = Document::read(page).blocks;
    let blocks = blocks
        .iter()
        .filter(|block| block.flow.as_deref() == Some(flow));
    let typed: String = blocks.map(|block| block.text.as_str()).collect();
    let start = format!("mkdir -p try/{flow} && cd try/{flow}\n");
    assert!(typed.starts_with(&start), "{page}: `{flow}` has a folder");

    let folder = checkout(flow);
    let script = folder.path().join("typed.sh");
    fs::write(&script, &typed).unwrap();
    let own = binary().parent().unwrap().to_path_buf();
    let others = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([own].into_iter().chain(env::split_paths(&others))).unwrap();
    let mut shell = Command::new("sh");
    shell
        .arg("-eux")
        .arg(&script)
        .current_dir(folder.path())
        .env("PATH", path)
        .env("VERDICT_CACHE", folder.path().join("cache"));
    for variable in [
        "RUST_LOG",
        "VERDICT_DEPLOYMENT",
        "VERDICT_PRIVATE_KEY",
        "VERDICT_RPC_URL",
    ] {
        shell.env_remove(variable);
    }
    let done = shell.output().unwrap();
    assert!(
        done.status.success(),
        "{page}: `{flow}` stops with {}\n{}\n{}",
        done.status,
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn every_command_is_run_or_says_why_not() {
    let mut left: BTreeSet<(&str, &str)> = NOT_RUN
        .iter()
        .map(|(page, first, why)| {
            assert!(why.len() > 10, "{page}: {first}");
            (*page, *first)
        })
        .collect();
    let mut seen = BTreeSet::new();
    let documents = documents();
    for document in &documents {
        let page = document.path.as_str();
        for block in &document.blocks {
            let first = block.text.lines().next().unwrap_or_default();
            match &block.flow {
                Some(flow) => {
                    can_be_typed(page, block);
                    let known = FLOWS
                        .iter()
                        .find(|(name, at)| (name, *at) == (&flow.as_str(), page));
                    seen.insert(known.unwrap_or_else(|| panic!("{page}: no test runs `{flow}`")));
                }
                None if shows_commands(block) => {
                    let excused = left.remove(&(page, first));
                    assert!(
                        excused,
                        "{page}: no flow runs `{first}`, and NOT_RUN does not say why"
                    );
                }
                None => {}
            }
        }
    }
    assert!(left.is_empty(), "NOT_RUN has what no page has: {left:?}");
    assert_eq!(seen.len(), FLOWS.len(), "{seen:?} of {FLOWS:?}");
}

/// In whatever way it is marked.
fn shows_commands(block: &Block) -> bool {
    let shell = ["sh", "bash", "zsh", "shell", "console"].contains(&block.language.as_str());
    let ours = |line: &str| {
        let line = line.trim_start_matches("$ ").trim_start_matches("./");
        ["verdict ", "cargo ", "scripts/", "forge ", "npm "]
            .iter()
            .any(|program| line.starts_with(program))
    };
    shell || block.text.lines().any(ours)
}

/// Neither a placeholder nor a comment, which zsh takes for arguments.
fn can_be_typed(page: &str, block: &Block) {
    assert_eq!(block.language, "sh", "{page}: {}", block.text);
    for line in block.text.lines() {
        let placeholder = line.contains('…') || line.contains("...");
        let comment = line.trim_start().starts_with('#') || line.contains(" #");
        assert!(!placeholder && !comment, "{page}: `{line}`");
    }
}
