//! solc from npm, through foundry-compilers.
use foundry_compilers::{
    artifacts::{CompilerOutput, SolcInput},
    solc::Solc,
};
use std::path::PathBuf;

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// `scripts/solc` or `scripts/solc-0.8.19`.
pub fn solc(script: &str) -> Solc {
    let package = root().join("node_modules").join(script);
    assert!(
        package.is_dir(),
        "{} is missing: run scripts/setup.sh, then these tests again",
        package.display()
    );
    Solc::new(root().join("scripts").join(script)).unwrap_or_else(|error| {
        panic!("scripts/{script} does not run ({error}): node is missing or too old; run scripts/setup.sh")
    })
}

/// Compiles, and stops at the compiler's first error.
pub fn compile(solc: &Solc, input: SolcInput) -> CompilerOutput {
    let output = solc.compile(&input.sanitized(&solc.version)).unwrap();
    if let Some(error) = output.errors.iter().find(|error| error.severity.is_error()) {
        panic!("solc {}: {error}", solc.version);
    }
    output
}
