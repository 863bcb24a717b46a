//! The proofs of test-vectors/consumers, which solidity/test/real hands to the contracts they were
//! made for.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::U256;
use std::fs;
use verdict_chain::Verdict;
use verdict_vectors::support::{harness, vectors};
use verdict_wire::ProofFile;

#[test]
fn the_consumers_proofs_verify_and_tampered_ones_do_not() {
    let files = fs::read_dir(vectors().join("consumers")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let proofs: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .collect();
    assert!(!proofs.is_empty());
    for path in proofs {
        let name = path.display();
        let file = ProofFile::load(&path).unwrap();
        let mut evm = harness();
        let (key, _) = evm.publish(&file.verifying_key).unwrap();
        let mut verify = |values: &[_]| evm.verify(key, values, &file.proof).unwrap().0;
        assert_eq!(
            verify(&file.public_values),
            Verdict::Accepted,
            "{name}: run scripts/regenerate-consumer-proofs.sh"
        );
        for word in 0..file.public_values.len() {
            let mut values = file.public_values.clone();
            let value = U256::from_be_bytes(values[word].0) + U256::from(1);
            values[word] = value.into();
            let rejected = Verdict::Rejected("ProofRejected".into());
            assert_eq!(verify(&values), rejected, "{name}: word {word}");
        }
    }
}
