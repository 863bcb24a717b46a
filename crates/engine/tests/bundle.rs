//! Bundles: one digest of all parts, which belong together or are refused; what a stranger reads
//! from a spec; and what is refused before anything is laid out.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::{B256, U256, b256};
use std::{
    fs,
    path::{Path, PathBuf},
};
use verdict_circuit::{Batch, least_rows};
use verdict_engine::{
    BatchOf, Bundle, Engine, EngineError, OpenOptions, Outcome, Setup, Subject, batch_of_spec,
    plan, silent,
};
use verdict_model::{CompiledModel, Goal};
use verdict_wire::{bundle_digest, model_spec};

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
    folder.join(name).join("model.verdict")
}

fn engine() -> Engine {
    Engine::new(Setup::development(None))
}

const LOGREG: &str = "logreg-breast-cancer";

fn bundle(batch: Batch) -> Bundle {
    let model = CompiledModel::load(path(LOGREG)).unwrap();
    let options = OpenOptions {
        goal: Goal::Time,
        batch,
        ..OpenOptions::default()
    };
    Bundle::make(&engine().open(model, options, &silent).unwrap()).unwrap()
}

/// The same as solidity/test/libraries/Bundles.t.sol has.
#[test]
fn digests_are_those_of_the_contract() {
    let tau_g2 = Setup::development(None).tau_g2().unwrap();
    let [one, two, three, four] = [0x11, 0x22, 0x33, 0x44].map(B256::repeat_byte);
    assert_eq!(
        bundle_digest(one, two, three, four, tau_g2),
        b256!("4da363c74f8990646e813747b2cf3b87967b4b763ea04febc1c7a9fb3aed80d6")
    );
    assert_eq!(
        bundle_digest(one, two, three, B256::ZERO, tau_g2),
        b256!("805b3665ac4088c5499357d7f493e3644380d6934f2f5a473d2c834b6de242fe")
    );
}

#[test]
fn a_bundle_comes_back_from_its_file_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.bundle.json");
    let made = bundle(Batch::single());
    made.save(&file).unwrap();
    let read = Bundle::load(&file).unwrap();
    assert_eq!(read, made);
    let subject = Subject::load(&path(LOGREG), false).unwrap();
    let report = read.check(&engine(), &subject, None, &silent).unwrap();
    assert!(report.passes(), "{report:?}");
    let all_known = report.lines.iter().all(|line| line.outcome == Outcome::Ok);
    assert!(all_known, "{report:?}");

    // Every part that the digest covers, and every part that follows from those.
    let text = fs::read_to_string(&file).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let other = B256::repeat_byte(9).to_string();
    for part in ["bundle", "model", "breakpoints"] {
        let mut lie = json.clone();
        lie[part] = other.clone().into();
        fs::write(&file, lie.to_string()).unwrap();
        let error = Bundle::load(&file).unwrap_err();
        assert!(
            matches!(error, EngineError::Mismatch(it) if it.what == "bundle"),
            "{part}"
        );
    }
    let mut lie = json.clone();
    lie["spec"]["keyProof"] = other.clone().into();
    fs::write(&file, lie.to_string()).unwrap();
    let error = Bundle::load(&file).unwrap_err();
    assert!(matches!(error, EngineError::Mismatch(it) if it.what == "key proof"));
    let mut lie = json.clone();
    lie["more"] = 1.into();
    fs::write(&file, lie.to_string()).unwrap();
    assert!(matches!(
        Bundle::load(&file).unwrap_err(),
        EngineError::Input(_)
    ));
    for (part, lie) in [
        (
            "manifest",
            Bundle {
                manifest: Some(B256::ZERO),
                ..made.clone()
            },
        ),
        (
            "spec breakpoints",
            Bundle {
                breakpoints: B256::repeat_byte(1),
                ..made.clone()
            },
        ),
        (
            "development set-up",
            Bundle {
                development: false,
                ..made.clone()
            },
        ),
        (
            "set-up [τ]_2",
            Bundle {
                tau_g2: [U256::from(1); 4],
                ..made.clone()
            },
        ),
    ] {
        let report = lie.check(&engine(), &subject, None, &silent).unwrap();
        assert_eq!(report.differing().collect::<Vec<_>>(), [part]);
    }
}

#[test]
fn a_spec_tells_its_batch() {
    let model = CompiledModel::load(path(LOGREG)).unwrap();
    let output = model.graph().outputs[0];
    let digits = CompiledModel::load(path("mlp-digits")).unwrap();
    let digit = digits.graph().outputs[0];
    for (model, items, sums) in [
        (&model, 1, vec![]),
        (&model, 7, vec![]),
        (&model, 7, vec![output]),
        (&digits, 3, vec![]),
        (&digits, 3, vec![digit]),
    ] {
        let batch = Batch { items, sums };
        let spec = model_spec(model, &batch, B256::ZERO).unwrap();
        assert_eq!(batch_of_spec(model, &spec), batch);
        let named = BatchOf::of(model, &batch);
        assert_eq!(named.resolve(model).unwrap(), batch);
    }
    for wrong in [
        BatchOf {
            items: 0,
            sums: vec![],
        },
        BatchOf {
            items: 1 << 24,
            sums: vec![],
        },
        BatchOf {
            items: 2,
            sums: vec!["nothing".into()],
        },
    ] {
        let error = wrong.resolve(&model).unwrap_err();
        assert!(matches!(error, EngineError::Input(_)), "{error}");
    }
}

/// A bound that were too high would refuse what fits.
#[test]
fn no_model_takes_fewer_rows_than_the_bound() {
    let folder = path(LOGREG);
    let vectors = fs::read_dir(folder.parent().unwrap().parent().unwrap()).unwrap();
    let mut seen = 0;
    for folder in vectors {
        let file = folder.unwrap().path().join("model.verdict");
        if !file.exists() {
            continue;
        }
        let model = CompiledModel::load(&file).unwrap();
        for items in [1, 2] {
            let batch = Batch {
                items,
                sums: Vec::new(),
            };
            let bound = least_rows(model.graph(), &batch).unwrap();
            let options = OpenOptions {
                batch,
                ..OpenOptions::default()
            };
            let Ok(plan) = plan(&model, &options) else {
                continue;
            };
            let rows = plan.chosen.rows;
            assert!(bound <= rows, "{}: {bound} of {rows}", file.display());
            assert!(bound > 0);
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen}");
}
