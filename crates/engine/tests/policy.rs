//! Attacks on what the README says cannot be had: each tries to get it.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "common/private.rs"]
mod private;

use alloy_primitives::B256;
use private::for_private_weights;
use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
};
use verdict_circuit::Batch;
use verdict_engine::{
    Engine, EngineError, HidingFile, OpenOptions, SaltFile, Salts, Session, Setup, Stage, Subject,
    silent,
};
use verdict_model::{CompiledModel, DataSet, Goal, OutOfDomain, Visibility};
use verdict_prover::{Cache, ProverError, Srs};
use verdict_wire::{ProofFile, key_bytes};

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../test-vectors")
        .join(name)
}

fn model(name: &str) -> CompiledModel {
    CompiledModel::load(vectors(name).join("model.verdict")).unwrap()
}

fn private_model(name: &str) -> CompiledModel {
    for_private_weights(&model(name))
}

/// Integer inputs of the first rows of a model's data.
fn items(name: &str, model: &CompiledModel, count: usize) -> Vec<Vec<Vec<i32>>> {
    let folder = vectors(name);
    let path = ["test.npz", "input.json"]
        .map(|file| folder.join(file))
        .into_iter()
        .find(|path| path.exists())
        .unwrap();
    let data = DataSet::load(path, &model.manifest().input_specs()).unwrap();
    let rows = data.rows().iter().cycle().take(count);
    rows.map(|row| model.quantise_input(row, OutOfDomain::Saturate).unwrap())
        .collect()
}

fn options() -> OpenOptions {
    OpenOptions {
        goal: Goal::Time,
        ..OpenOptions::default()
    }
}

fn engine() -> Engine {
    Engine::new(Setup::development(None))
}

const LOGREG: &str = "logreg-breast-cancer";

/// The same model, committing to its input.
fn committed() -> (Session, Vec<Vec<Vec<i32>>>) {
    let public = model(LOGREG);
    let (mut graph, mut manifest) = (public.graph().clone(), public.manifest().clone());
    let input = graph.inputs[0];
    graph.tensors[input].visibility = Visibility::Committed;
    manifest.inputs[0].visibility = Visibility::Committed;
    let model = CompiledModel::new(graph, manifest).unwrap();
    let items = items(LOGREG, &model, 1);
    (engine().open(model, options(), &silent).unwrap(), items)
}

#[test]
fn a_proof_is_verified_before_anybody_sees_it_and_checks_against_its_model() {
    let model = model(LOGREG);
    let items = items(LOGREG, &model, 1);
    let session = engine().open(model, options(), &silent).unwrap();
    let stages = RefCell::new(Vec::new());
    let note = |stage| stages.borrow_mut().push(stage);
    let context = B256::with_last_byte(7);
    let verified = session
        .prove(&items, Salts::Random, context, &note)
        .unwrap();
    assert_eq!(
        stages.into_inner(),
        [Stage::Witness, Stage::Prove, Stage::Verify]
    );
    assert_eq!(verified.context(), context);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proof.json");
    assert_eq!(verified.save(&path).unwrap().salts, None);
    let file = ProofFile::load(&path).unwrap();
    let subject = Subject::load(&vectors(LOGREG).join("model.verdict"), false).unwrap();
    engine()
        .check(&file, &path, &subject, None, &silent)
        .unwrap();

    // A lie about an output, a proof for another occasion, a bent proof, another model's.
    let refused = |file: &ProofFile| {
        engine()
            .check(file, &path, &subject, None, &silent)
            .unwrap_err()
    };
    for word in 0..file.public_values.len() {
        let mut lie = file.clone();
        lie.public_values[word].0[31] ^= 1;
        let error = refused(&lie);
        assert!(
            matches!(error, EngineError::Prover(ProverError::Rejected(_))),
            "word {word}: {error}"
        );
    }
    let mut bent = file.clone();
    let mut proof = bent.proof.to_vec();
    proof[100] ^= 1;
    bent.proof = proof.into();
    assert!(matches!(
        refused(&bent),
        EngineError::Prover(ProverError::Rejected(_))
    ));
    let mut other = file.clone();
    other.model = B256::ZERO;
    assert!(matches!(refused(&other), EngineError::Mismatch(it) if it.what == "model"));
    let mut foreign = file;
    foreign.srs = "00".repeat(32);
    assert!(matches!(
        refused(&foreign),
        EngineError::Prover(ProverError::Mismatch { .. })
    ));
}

#[test]
fn salts_are_there_before_the_proof_and_without_them_there_is_none() {
    let (session, items) = committed();
    let verified = session
        .prove(&items, Salts::Random, B256::ZERO, &silent)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();

    // The proof's own path is blocked: the salts are there all the same.
    let blocked = folder.path().join("blocked.json");
    fs::create_dir_all(blocked.join("inner")).unwrap();
    verified.save(&blocked).unwrap_err();
    let salts = SaltFile::path(&blocked, verified.commitments());
    assert_eq!(SaltFile::load(&salts).unwrap(), verified.salts());

    // The salts' path is blocked: there is no proof.
    let path = folder.path().join("proof.json");
    let salts = SaltFile::path(&path, verified.commitments());
    fs::create_dir_all(salts.join("inner")).unwrap();
    verified.save(&path).unwrap_err();
    assert!(!path.exists());

    let path = folder.path().join("good.json");
    let saved = verified.save(&path).unwrap();
    let again = SaltFile::load(saved.salts.as_ref().unwrap()).unwrap();
    let proof = session
        .prove(&items, Salts::Given(&again), B256::ZERO, &silent)
        .unwrap();
    assert_eq!(proof.public_values(), verified.public_values());

    // Another proof in the place of the first takes none of its salts away.
    let other = session
        .prove(&items, Salts::Random, B256::ZERO, &silent)
        .unwrap();
    let replaced = other.save(&path).unwrap();
    let (first, second) = (saved.salts.unwrap(), replaced.salts.unwrap());
    assert_ne!(first, second);
    assert_eq!(SaltFile::load(&first).unwrap(), verified.salts());
    assert_eq!(SaltFile::load(&second).unwrap(), other.salts());
    // The same once more is no loss.
    assert_eq!(proof.save(&path).unwrap().salts.unwrap(), first);
}

#[test]
fn fresh_salts_every_time_and_never_too_few() {
    let (session, items) = committed();
    let once = session.random_salts();
    assert_ne!(once, session.random_salts());
    let error = session
        .prove(&items, Salts::Given(&once[1..]), B256::ZERO, &silent)
        .unwrap_err();
    let (found, expected) = (once.len() - 1, once.len());
    assert!(
        matches!(error, EngineError::SaltCount { found: f, expected: e } if (f, e) == (found, expected)),
        "{error}"
    );
}

#[test]
fn a_model_that_was_not_compiled_for_it_hides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.hiding.secret");
    let model = model(LOGREG);
    let hiding = HidingFile::create(&path, model.digest().into()).unwrap();
    let options = OpenOptions {
        hiding: Some(hiding),
        ..options()
    };
    let error = engine().open(model, options, &silent).unwrap_err();
    assert!(error.to_string().contains("--private-weights"), "{error}");
}

#[test]
fn one_hiding_file_makes_one_key_and_any_number_of_proofs_and_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.hiding.secret");
    let model = private_model(LOGREG);
    let items = items(LOGREG, &model, 1);
    let digest = model.digest().into();
    HidingFile::create(&path, digest).unwrap();
    let written = fs::read(&path).unwrap();
    let open = |batch| {
        let options = OpenOptions {
            hiding: Some(HidingFile::open(&path, digest).unwrap()),
            batch,
            ..options()
        };
        engine().open(model.clone(), options, &silent).unwrap()
    };
    let prove = |session: &Session, rows: &[Vec<Vec<i32>>]| {
        let proof = session.prove(rows, Salts::Random, B256::ZERO, &silent);
        proof.unwrap()
    };
    let (first, second) = (open(Batch::single()), open(Batch::single()));
    assert_eq!(first.key(), second.key(), "two machines have one key");
    let proofs = [&first, &second, &first].map(|session| prove(session, &items));
    for proof in &proofs {
        assert!(proof.file().private_weights);
        let named = proof.file().model;
        assert_ne!(named, digest, "the digest lets guesses be checked");
    }
    // The packs of weights, which stand after that of `q x m`, are other points in every proof: the
    // key's are in none.
    let packs = |proof: &[u8]| proof[64..128].to_vec();
    let seen: std::collections::HashSet<_> =
        proofs.iter().map(|proof| packs(proof.proof())).collect();
    assert_eq!(seen.len(), proofs.len());
    let key = key_bytes(first.key());
    assert!(key.chunks(64).all(|pack| !seen.contains(pack)));

    // Another key of the same seed, of a batch, is as good.
    let two = open(Batch {
        items: 2,
        sums: Vec::new(),
    });
    prove(&two, &[items[0].clone(), items[0].clone()]);
    assert_eq!(fs::read(&path).unwrap(), written);
}

#[test]
fn a_hiding_file_of_another_model_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.hiding.secret");
    let hiding = HidingFile::create(&path, B256::repeat_byte(9)).unwrap();
    let options = OpenOptions {
        hiding: Some(hiding),
        ..options()
    };
    let error = engine().open(model(LOGREG), options, &silent).unwrap_err();
    assert!(matches!(error, EngineError::Input(_)), "{error}");
}

#[test]
fn the_development_set_up_is_had_by_its_name_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    Srs::development_cached(512, &cache).unwrap();
    let none = Setup::imported("", &cache).unwrap_err();
    assert!(none.to_string().contains("no set-up is imported"), "{none}");

    // Under another name it is still what it is: here under its own digest, there under an invented
    // one.
    Srs::development(512).store(&cache).unwrap();
    let digest = Srs::development_digest();
    assert!(Setup::imported(&digest, &cache).is_err());
    let stored = Srs::stored(&cache).unwrap();
    let file = &stored.iter().find(|srs| srs.points == 512).unwrap().path;
    let disguise = folder
        .path()
        .join("srs")
        .join("ab".repeat(digest.len() / 2));
    fs::create_dir_all(&disguise).unwrap();
    fs::copy(file, disguise.join("512")).unwrap();
    // The file's name is compared with its content: the file is named, and what to do.
    let error = Setup::imported("ab", &cache).unwrap_err().to_string();
    let named = disguise.join("512").display().to_string();
    for part in [named.as_str(), "INSECURE development", "delete it"] {
        assert!(error.contains(part), "{error}");
    }
}
