//! The committed artifacts are what the Solidity sources compile to, small enough to be deployed,
//! and what the bindings describe. solc and its settings are those of solidity/foundry.toml; forge
//! is not involved.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use alloy_sol_types::{SolCall, SolType};
use foundry_compilers::artifacts::{
    BytecodeHash, CompilerOutput, Contract, Optimizer, Settings, SettingsMetadata, SolcInput,
    SolcLanguage, Source, Sources,
};
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use verdict_chain::{
    Artifact,
    bindings::{
        IInferenceVerifier::{self, IInferenceVerifierCalls, IInferenceVerifierErrors},
        IVerifyingKeys::{self, IVerifyingKeysCalls, IVerifyingKeysErrors, IVerifyingKeysEvents},
    },
};
use verdict_vectors::{evm, solc, support::tau};
use verdict_wire::words;

/// Largest code an account may have (EIP-170).
const CODE_SIZE_LIMIT: usize = 24_576;

/// Where the committed contracts' sources are, from forge's root.
const FOLDERS: [&str; 2] = ["src", "testing/mocks"];

static COMPILED: LazyLock<(String, CompilerOutput)> = LazyLock::new(|| {
    let root = solc::root().join("solidity");
    let mut wanted: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|folder| solidity_files(&root.join(folder)))
        .collect();
    let mut sources = Sources::new();
    // forge's names: relative to its root.
    while let Some(path) = wanted.pop() {
        let name = path.strip_prefix(&root).unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let imports = imports(&text).map(|import| root.join(resolve(&name, &import)));
        wanted.extend(
            imports.filter(|path| !sources.contains_key(path.strip_prefix(&root).unwrap())),
        );
        sources.insert(name, Source::new(text));
    }
    let settings = Settings {
        remappings: vec![
            format!("{0}=node_modules/{0}", "@openzeppelin/contracts/")
                .parse()
                .unwrap(),
        ],
        optimizer: Optimizer {
            enabled: Some(setting("optimizer") == "true"),
            runs: Some(setting("optimizer_runs").replace('_', "").parse().unwrap()),
            details: None,
        },
        evm_version: Some(setting("evm_version").parse().unwrap()),
        via_ir: (setting("via_ir") == "true").then_some(true),
        metadata: Some(SettingsMetadata::new(
            setting("bytecode_hash").parse::<BytecodeHash>().unwrap(),
            setting("cbor_metadata") == "true",
        )),
        ..Settings::default()
    };
    let script = PathBuf::from(setting("solc"));
    let compiler = solc::solc(script.file_name().unwrap().to_str().unwrap());
    let version = compiler.version_short().to_string();
    (
        version,
        solc::compile(
            &compiler,
            SolcInput::new(SolcLanguage::Solidity, sources, settings),
        ),
    )
});

/// What a source imports, as it writes it.
fn imports(text: &str) -> impl Iterator<Item = String> {
    let statements = text.split("import ").skip(1);
    let paths = statements.filter_map(|rest| rest.split(';').next()?.split('"').nth(1));
    let paths: Vec<String> = paths
        .filter(|path| path.ends_with(".sol"))
        .map(Into::into)
        .collect();
    paths.into_iter()
}

/// The name of an imported source, relative to forge's root.
fn resolve(importer: &Path, import: &str) -> PathBuf {
    let mut name = match import.strip_prefix("@openzeppelin/") {
        Some(rest) => return Path::new("node_modules/@openzeppelin").join(rest),
        None => importer.parent().unwrap().to_owned(),
    };
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => assert!(name.pop(), "{import}"),
            part => name.push(part),
        }
    }
    name
}

fn solidity_files(folder: &PathBuf) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(solidity_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "sol") {
            files.push(path);
        }
    }
    files
}

/// A setting of forge's default profile, without quotes.
fn setting(key: &str) -> String {
    let text = fs::read_to_string(solc::root().join("solidity/foundry.toml")).unwrap();
    text.lines()
        .skip_while(|line| line.trim() != "[profile.default]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| name.trim() == key)
        .unwrap_or_else(|| panic!("solidity/foundry.toml does not set {key}"))
        .1
        .trim()
        .trim_matches('"')
        .to_string()
}

fn contract(name: &str) -> &'static Contract {
    let found = COMPILED.1.contracts.values().find_map(|of| of.get(name));
    found.unwrap_or_else(|| panic!("{name} is in none of the sources"))
}

fn fresh(name: &str) -> Artifact {
    let code = contract(name).evm.as_ref().unwrap();
    let runtime = code
        .deployed_bytecode
        .as_ref()
        .unwrap()
        .bytecode
        .as_ref()
        .unwrap();
    Artifact {
        contract: name.into(),
        solc: COMPILED.0.clone(),
        bytecode: code
            .bytecode
            .as_ref()
            .unwrap()
            .object
            .as_bytes()
            .unwrap()
            .clone(),
        runtime_size: runtime.object.as_bytes().unwrap().len(),
        abi: contract(name).abi.clone().unwrap(),
    }
}

/// The bindings are generated from these very interfaces.
#[test]
fn committed_artifacts_are_fresh() {
    for name in Artifact::names() {
        let (fresh, committed) = (fresh(name), Artifact::load(name).unwrap());
        // Not `assert_eq!`, which would print the code.
        assert_eq!(fresh.solc, committed.solc, "{name}");
        let hint = "solidity/src compiles to; run scripts/build-contracts.sh";
        assert!(
            fresh.abi == committed.abi,
            "{name}: the committed interface is not what {hint}"
        );
        assert!(
            fresh == committed,
            "{name}: the committed code is not what {hint}"
        );
        assert!(
            committed.runtime_size < CODE_SIZE_LIMIT,
            "{name}: {} bytes",
            committed.runtime_size
        );
    }
}

#[test]
fn every_committed_file_is_listed() {
    let folder = solc::root().join("crates/chain/artifacts");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed = Artifact::names()
        .map(|name| format!("{name}.json"))
        .collect();
    assert_eq!(files, listed);
}

#[test]
fn contracts_fit_their_accounts() {
    let limit =
        env::var("VERDICT_CODE_SIZE_LIMIT").map_or(CODE_SIZE_LIMIT, |limit| limit.parse().unwrap());
    let mut chain = evm::Evm::default();
    let tau = words::tau_g2(&tau());
    let verifier = Artifact::inference_verifier().unwrap();
    let keys = Artifact::verifying_keys().unwrap();
    for (artifact, creation) in [
        (&verifier, verifier.with_setup(tau)),
        (&keys, keys.bytecode.clone()),
    ] {
        let address = chain.deploy(creation);
        let size = chain.code(address).len();
        println!("{}: {size} bytes of {limit}", artifact.contract);
        assert_eq!(size, artifact.runtime_size, "{}", artifact.contract);
        assert!(
            size < limit,
            "{}: {size} bytes of code, the limit is {limit}",
            artifact.contract
        );
        assert!(
            !artifact.bytecode.ends_with(&[0x00, 0x33]),
            "{}: CBOR metadata",
            artifact.contract
        );
    }
}

fn set<'a>(signatures: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    signatures.into_iter().map(Into::into).collect()
}

/// Signatures of functions, errors and events of a compiled contract.
fn interface(name: &str) -> [BTreeSet<String>; 3] {
    let abi = contract(name).abi.as_ref().unwrap();
    [
        abi.functions()
            .map(|function| function.signature())
            .collect(),
        abi.errors().map(|error| error.signature()).collect(),
        abi.events().map(|event| event.signature()).collect(),
    ]
}

#[test]
fn bindings_are_the_compiled_interfaces() {
    let verifier = [
        set(IInferenceVerifierCalls::SIGNATURES.iter().copied()),
        set(IInferenceVerifierErrors::SIGNATURES.iter().copied()),
        BTreeSet::new(),
    ];
    assert_eq!(interface("InferenceVerifier"), verifier);
    let keys = [
        set(IVerifyingKeysCalls::SIGNATURES.iter().copied()),
        set(IVerifyingKeysErrors::SIGNATURES.iter().copied()),
        set(IVerifyingKeysEvents::SIGNATURES.iter().copied()),
    ];
    assert_eq!(interface("VerifyingKeys"), keys);

    // Selectors as solc computes them.
    for (name, selectors) in [
        ("InferenceVerifier", IInferenceVerifierCalls::SELECTORS),
        ("VerifyingKeys", IVerifyingKeysCalls::SELECTORS),
    ] {
        let identifiers = &contract(name).evm.as_ref().unwrap().method_identifiers;
        let compiled: BTreeSet<String> = identifiers.values().cloned().collect();
        let bound: BTreeSet<String> = selectors
            .iter()
            .map(alloy_primitives::hex::encode)
            .collect();
        assert_eq!(compiled, bound, "{name}");
    }
}

/// What a function returns, and whether it may write.
fn returns(name: &str, function: &str) -> (String, bool) {
    let function = &contract(name).abi.as_ref().unwrap().functions[function][0];
    let types: Vec<String> = function
        .outputs
        .iter()
        .map(|output| output.ty.clone())
        .collect();
    (
        format!("({})", types.join(",")),
        function.state_mutability.as_json_str() == "view",
    )
}

#[test]
fn return_types_are_bound() {
    fn bound<C: SolCall>() -> String {
        <C::ReturnTuple<'_> as SolType>::SOL_NAME.to_string()
    }
    for (function, tuple) in [
        ("verify", bound::<IInferenceVerifier::verifyCall>()),
        ("verifyMany", bound::<IInferenceVerifier::verifyManyCall>()),
        (
            "isDevelopmentSetup",
            bound::<IInferenceVerifier::isDevelopmentSetupCall>(),
        ),
        ("tauG2", bound::<IInferenceVerifier::tauG2Call>()),
    ] {
        assert_eq!(
            returns("InferenceVerifier", function),
            (tuple, true),
            "{function}"
        );
    }
    assert_eq!(
        returns("VerifyingKeys", "publish"),
        (bound::<IVerifyingKeys::publishCall>(), false)
    );
    assert_eq!(
        returns("VerifyingKeys", "addressOf"),
        (bound::<IVerifyingKeys::addressOfCall>(), true)
    );

    let event = &contract("VerifyingKeys").abi.as_ref().unwrap().events["VerifyingKeyPublished"][0];
    let indexed: Vec<bool> = event.inputs.iter().map(|input| input.indexed).collect();
    assert_eq!(
        (indexed, event.anonymous),
        (vec![true, true, false, false], false)
    );
}

#[test]
#[should_panic(expected = "run scripts/setup.sh")]
fn a_missing_compiler_says_what_to_do() {
    solc::solc("solc-that-is-not-installed");
}
