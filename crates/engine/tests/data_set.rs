//! The owner's side of a committed data set, and an attacker on the prover's.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::B256;
use std::{collections::HashSet, path::Path};
use verdict_circuit::{Batch, Salt};
use verdict_engine::{CommittedData, DataSetSecret, EngineError, SaltSource};
use verdict_model::{CompiledModel, Row, Visibility, execute_batch};
use verdict_wire::{InputWords, public_values, words};

/// A model whose input is committed.
fn model() -> CompiledModel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../test-vectors/logreg-breast-cancer/model.verdict");
    let public = CompiledModel::load(path).unwrap();
    let (mut graph, mut manifest) = (public.graph().clone(), public.manifest().clone());
    graph.tensors[graph.inputs[0]].visibility = Visibility::Committed;
    manifest.inputs[0].visibility = Visibility::Committed;
    CompiledModel::new(graph, manifest).unwrap()
}

/// Different rows within the input's range.
fn rows(model: &CompiledModel, count: i32) -> Vec<Row<i32>> {
    let input = &model.graph().tensors[model.graph().inputs[0]];
    let row = |number: i32| {
        let mut values = vec![0; input.len];
        values[0] = number;
        vec![values]
    };
    (0..count).map(row).collect()
}

fn secret() -> DataSetSecret {
    let folder = tempfile::tempdir().unwrap();
    DataSetSecret::create(&folder.path().join("d.secret")).unwrap()
}

fn batch(items: usize) -> Batch {
    Batch {
        items,
        sums: Vec::new(),
    }
}

/// What a valid proof about these items would say: public values are all that is looked at.
fn said(model: &CompiledModel, items: &[Row<i32>], salts: &[Salt]) -> Vec<B256> {
    let graph = model.graph();
    let plan = verdict_engine::plan(
        model,
        &verdict_engine::OpenOptions {
            batch: batch(items.len()),
            ..Default::default()
        },
    );
    let traces = execute_batch(graph, items).unwrap();
    let context = words::scalar(&B256::ZERO).unwrap();
    public_values(&plan.unwrap().lowered.instance(context, &traces, salts))
}

fn check(
    data: &CommittedData,
    model: &CompiledModel,
    items: &[Row<i32>],
    salts: &[Salt],
) -> Result<Vec<usize>, EngineError> {
    let said = said(model, items, salts);
    let found = data.rows_proved(Path::new("d.json"), model, &batch(items.len()), &said)?;
    assert_eq!(found.of, data.len());
    Ok(found.positions)
}

#[test]
fn rows_are_found_wherever_they_stand() {
    let (model, secret) = (model(), secret());
    let rows = rows(&model, 20);
    let data = CommittedData::new(&model, &rows, &secret).unwrap();
    let chosen = [rows[17].clone(), rows[3].clone(), rows[4].clone()];
    let salts = secret.salts(model.graph(), &chosen).unwrap();
    let positions = check(&data, &model, &chosen, &salts).unwrap();
    assert_eq!(positions.iter().collect::<HashSet<_>>().len(), 3);
    // In another order of the same rows the list and its digest are the same, and say nothing of
    // it.
    let mut turned = rows.clone();
    turned.reverse();
    let again = CommittedData::new(&model, &turned, &secret).unwrap();
    assert_eq!((&again, again.digest()), (&data, data.digest()));
    // One row alone, as a proof without a batch says it.
    let salts = secret.salts(model.graph(), &rows[..1]).unwrap();
    check(&data, &model, &rows[..1], &salts).unwrap();
}

#[test]
fn a_repeated_row_never_counts_twice() {
    let (model, secret) = (model(), secret());
    let rows = rows(&model, 6);
    let data = CommittedData::new(&model, &rows, &secret).unwrap();
    let repeated = [rows[2].clone(), rows[5].clone(), rows[2].clone()];
    let own = secret.salts(model.graph(), &repeated).unwrap();
    assert_eq!(own[0], own[2]);
    let error = check(&data, &model, &repeated, &own)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("items 0 and 2 of the proof are the same row"),
        "{error}"
    );
    // Any fresh salt, on any of them, is no row.
    for at in 0..3 {
        let mut salts = own.clone();
        salts[at] = Salt::random(rand::rngs::OsRng);
        let error = check(&data, &model, &repeated, &salts)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("item {at} of the proof is no row")),
            "{error}"
        );
    }
    // Nor is another row's salt, or another data set's.
    let swapped = [own[1], own[0], own[2]];
    assert!(check(&data, &model, &repeated, &swapped).is_err());
    let other = self::secret().salts(model.graph(), &repeated).unwrap();
    assert!(check(&data, &model, &repeated, &other).is_err());
}

#[test]
fn the_owner_lists_no_row_twice() {
    let (model, secret) = (model(), secret());
    let mut rows = rows(&model, 5);
    rows.push(rows[1].clone());
    let error = CommittedData::new(&model, &rows, &secret)
        .unwrap_err()
        .to_string();
    assert!(error.contains("rows 1 and 5"), "{error}");
}

#[test]
fn salts_are_the_rows_and_the_secrets_alone() {
    let (model, secret) = (model(), secret());
    let rows = rows(&model, 50);
    let salts = secret.salts(model.graph(), &rows).unwrap();
    let different: HashSet<B256> = salts.iter().map(|salt| words::word(&salt.root())).collect();
    assert_eq!(different.len(), rows.len());
    assert_ne!(salts, self::secret().salts(model.graph(), &rows).unwrap());
    // From its file, the same.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.secret");
    let made = DataSetSecret::create(&path).unwrap();
    assert!(
        DataSetSecret::create(&path).is_err(),
        "it is never replaced"
    );
    let read = SaltSource::load(&path).unwrap();
    assert_eq!(
        read.of(model.graph(), &rows).unwrap(),
        made.salts(model.graph(), &rows).unwrap()
    );
    assert_eq!(DataSetSecret::load(&path).unwrap(), made);
    assert_eq!(format!("{made:?}"), "DataSetSecret(…)");
    // The commitments of the list are what a proof would show.
    let data = CommittedData::new(&model, &rows, &made).unwrap();
    let list = folder.path().join("d.json");
    data.save(&list).unwrap();
    assert_eq!(CommittedData::load(&list).unwrap(), data);
    let salts = made.salts(model.graph(), &rows).unwrap();
    let shown = InputWords::pack(model.graph(), &rows, &salts).unwrap();
    let text = std::fs::read_to_string(&list).unwrap();
    for commitment in shown.commitments {
        assert!(text.contains(&B256::from(commitment).to_string()));
    }
}
