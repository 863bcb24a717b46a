//! Contract bytecode is what it was: the creation code of every committed artifact hashes to what
//! `artifact_hashes.json` says. Who changes a contract on purpose changes that file by hand, so that no
//! move, no renaming and no other compiler changes one unseen. No compiler is needed.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::{B256, keccak256};
use std::collections::BTreeMap;
use verdict_chain::Artifact;

/// The keccak-256 of creation code, without constructor arguments, by contract.
fn expected() -> BTreeMap<String, B256> {
    serde_json::from_str(include_str!("artifact_hashes.json")).unwrap()
}

#[test]
fn creation_code_is_what_it_was() {
    let committed: BTreeMap<String, B256> = Artifact::names()
        .map(|name| {
            (
                name.into(),
                keccak256(Artifact::load(name).unwrap().bytecode),
            )
        })
        .collect();
    assert_eq!(committed, expected());
}
