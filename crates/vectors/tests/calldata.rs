//! Encodings on the way to the chain: public values, calldata, proof files; what each refuses; and
//! estimates.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use alloy_primitives::{Address, B256, U256, address, keccak256, uint};
use alloy_sol_types::SolCall;
use halo2curves_axiom::{
    bn256::{Fr, G1Affine, G2Affine},
    ff::Field,
    group::{Curve, prime::PrimeCurveAffine},
};
use std::{fs, sync::LazyLock};
use verdict_chain::{Artifact, Verdict, bindings::IInferenceVerifier::verifyCall, estimate};
use verdict_circuit::TapeRelation;
use verdict_model::{Goal, Visibility};
use verdict_vectors::{
    field::{P, R},
    support::{Proved, compiled, harness, prove},
};
use verdict_wire::{
    PROOF_FILE_VERSION, ProofFile, ProofLayout, WireError, instance, public_values, unpack,
    verify_calldata, words, write_json,
};

static PROVED: LazyLock<Proved> =
    LazyLock::new(|| prove("mlp-digits", Goal::Time, Visibility::Public, Some(3)));

// -------------------------------------------------------------------------------------------------
// public values

#[test]
fn public_values_unpack_to_what_was_computed() {
    for (name, inputs) in [
        ("logreg-breast-cancer", Visibility::Public),
        ("logreg-breast-cancer", Visibility::Private),
        ("mlp-digits", Visibility::Public),
    ] {
        let (model, input) = compiled(name, Goal::Time, inputs);
        let proved = prove(name, Goal::Time, inputs, Some(3));
        let graph = model.graph();
        let tensors = unpack(graph, &proved.values()).unwrap();
        let expected: Vec<_> = graph
            .public_tensors()
            .map(|id| (id, proved.inference.traces[0].values[id].clone()))
            .collect();
        assert_eq!(tensors, expected, "{name}");
        let public_inputs: Vec<_> = match inputs {
            Visibility::Public => input,
            _ => Vec::new(),
        };
        assert_eq!(
            tensors.len(),
            public_inputs.len() + graph.outputs.len(),
            "{name}"
        );
        for (values, (_, unpacked)) in public_inputs.iter().zip(&tensors) {
            assert_eq!(values, unpacked, "{name}");
        }
        // The context means nothing to a model.
        let mut other = proved.values();
        other[0] = B256::repeat_byte(0x11);
        assert_eq!(unpack(graph, &other).unwrap(), expected);
    }
}

#[test]
fn words_that_no_values_pack_to_are_refused() {
    let graph = PROVED.session.model().graph();
    let good = PROVED.values();
    let names: Vec<&str> = graph
        .public_tensors()
        .map(|id| graph.tensors[id].name.as_str())
        .collect();
    let refused = |values: &[B256]| match unpack(graph, values) {
        Err(WireError::Packing { tensor, index }) => (tensor, index),
        other => panic!("{other:?}"),
    };
    assert_eq!(names.len(), 2);

    // Too many, too few, none.
    let mut more = good.clone();
    more.push(B256::ZERO);
    assert_eq!(refused(&more), ("(end)".into(), good.len()));
    for length in 0..good.len() {
        let (tensor, index) = refused(&good[..length]);
        assert!(names.contains(&tensor.as_str()), "{tensor}");
        assert!(
            (1..good.len()).contains(&index) && index >= length.min(1),
            "{length}: {index}"
        );
    }
    // Above the values of every word: bits that no value owns. The last word of each tensor holds
    // fewer values.
    for index in 1..good.len() {
        for bit in [248, 253, 255] {
            let mut stray = good.clone();
            let word = U256::from_be_bytes(stray[index].0);
            stray[index] = (word | U256::from(1) << U256::from(bit)).into();
            let (tensor, first) = refused(&stray);
            assert!(first <= index && names.contains(&tensor.as_str()));
        }
    }
    let mut stray = good.clone();
    let last = good.len() - 1;
    // Ten outputs of 16 bits leave the bits from 160 on.
    stray[last] = (U256::from_be_bytes(stray[last].0) | U256::from(1) << U256::from(160)).into();
    assert_eq!(refused(&stray), (names[1].to_string(), last));
    assert!(
        unpack(graph, &stray)
            .unwrap_err()
            .to_string()
            .contains("not a packing of its values")
    );
}

#[test]
fn scalars_are_below_the_modulus() {
    for value in [U256::ZERO, U256::from(1), R - U256::from(1)] {
        let scalar = words::scalar(&value.into()).unwrap();
        assert_eq!(words::word(&scalar), B256::from(value));
    }
    assert_eq!(
        words::scalar(&(R - U256::from(1)).into()).unwrap(),
        -Fr::ONE
    );
    assert_eq!(
        words::word(&Fr::from(0x0102)),
        B256::from(U256::from(0x0102))
    );
    for value in [R, R + U256::from(1), P, R + R, U256::MAX] {
        let error = words::scalar(&value.into()).unwrap_err();
        assert!(matches!(error, WireError::NotCanonical(_)));
        assert!(
            error
                .to_string()
                .contains("must be below the field's modulus"),
            "{error}"
        );
        assert!(instance(&[B256::ZERO, value.into()]).is_err());
    }
    let values = PROVED.values();
    assert_eq!(public_values(&instance(&values).unwrap()), values);
    let word = B256::from(U256::from_limbs([1, 2, 3, 4]));
    assert_eq!(words::limbs(&word), [1, 2, 3, 4]);
}

#[test]
fn points_are_on_the_curve() {
    let generator = [U256::from(1), U256::from(2)].map(B256::from);
    assert_eq!(words::point(&G1Affine::generator()), generator);
    assert_eq!(
        words::read_point(&generator[0], &generator[1]),
        Some(G1Affine::generator())
    );
    assert_eq!(
        words::read_point(&B256::ZERO, &B256::ZERO),
        Some(G1Affine::identity())
    );
    let minus = words::point(&(-G1Affine::generator()).to_curve().to_affine());
    assert_eq!(minus[1], B256::from(P - U256::from(2)));
    let read = |x: U256, y: U256| words::read_point(&x.into(), &y.into());
    for (x, y) in [(1, 3), (0, 1), (2, 2)] {
        assert_eq!(read(U256::from(x), U256::from(y)), None);
    }
    assert_eq!(read(P + U256::from(1), U256::from(2)), None);
    assert_eq!(read(U256::from(1), P + U256::from(2)), None);
    assert_eq!(read(P, P), None);

    // EIP-197's P2, imaginary parts first.
    let p2 = [
        uint!(11559732032986387107991004021392285783925812861821192530917403151452391805634_U256),
        uint!(10857046999023057135944570762232829481370756359578518086990519993285655852781_U256),
        uint!(4082367875863433681332203403145435568316851327593401208105741076214120093531_U256),
        uint!(8495653923123431417604973247489272438418190587263600148770280649306958101930_U256),
    ];
    assert_eq!(words::tau_g2(&G2Affine::generator()), p2);
}

// ------------------------------------------------------------------------------------------------------
// calldata

#[test]
fn calldata_is_the_standard_encoding() {
    let key = address!("0x1122334455667788990011223344556677889900");
    let (values, proof) = (PROVED.values(), &PROVED.inference.proof);
    let data = verify_calldata(key, &values, proof);
    assert_eq!(data[..4], verifyCall::SELECTOR);
    assert_eq!(data[..4], keccak256("verify(address,uint256[],bytes)")[..4]);
    assert_eq!(data.len(), 4 + 5 * 32 + 32 * values.len() + proof.len());
    let word = |index: usize| U256::from_be_slice(&data[4 + 32 * index..36 + 32 * index]);
    assert_eq!(Address::from_word(word(0).into()), key);
    assert_eq!(word(1), U256::from(96));
    assert_eq!(word(2), U256::from(96 + 32 + 32 * values.len()));
    assert_eq!(word(3), U256::from(values.len()));
    assert_eq!(word(4 + values.len()), U256::from(proof.len()));
    let call = verifyCall::abi_decode_validate(&data).unwrap();
    assert_eq!(call.proof, *proof);
    assert_eq!(
        call.publicValues
            .iter()
            .map(|value| B256::from(*value))
            .collect::<Vec<_>>(),
        values
    );
    // A verification takes any bytes, so that what is wrong is for the contract to say.
    let odd = verify_calldata(key, &[], &[1, 2, 3]);
    assert_eq!(
        verifyCall::abi_decode(&odd).unwrap().proof.as_ref(),
        [1, 2, 3]
    );
}

// ---------------------------------------------------------------------------------------------------
// proof files

fn proof_file() -> ProofFile {
    ProofFile {
        version: PROOF_FILE_VERSION,
        model: B256::from(PROVED.session.model().digest()),
        key: keccak256(&PROVED.key),
        development: true,
        srs: PROVED.session.srs().digest(),
        verifying_key: PROVED.key.clone().into(),
        public_values: PROVED.values(),
        batch: None,
        private_weights: false,
        proof: PROVED.inference.proof.clone().into(),
    }
}

#[test]
fn proof_files_round_trip_to_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proof.json");
    write_json(&path, &proof_file()).unwrap();
    let file = ProofFile::load(&path).unwrap();
    assert_eq!(file, proof_file());
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "a temporary file remains"
    );

    let mut evm = harness();
    let key = evm.publish(&file.verifying_key).unwrap().0;
    assert_eq!(
        evm.verify(key, &file.public_values, &file.proof).unwrap().0,
        Verdict::Accepted
    );
    // Saving replaces.
    let other = ProofFile {
        development: false,
        ..proof_file()
    };
    write_json(&path, &other).unwrap();
    assert_eq!(ProofFile::load(&path).unwrap(), other);
}

#[test]
fn damaged_proof_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proof.json");
    write_json(&path, &proof_file()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let load = |text: &str| {
        fs::write(&path, text).unwrap();
        ProofFile::load(&path).unwrap_err()
    };
    let digest = keccak256(&PROVED.key).to_string();
    for (text, message) in [
        (String::new(), "is not a proof file: EOF"),
        ("{}".into(), "missing field"),
        ("[1, 2]".into(), "is not a proof file"),
        (
            text[..text.len() / 2].to_string(),
            "is not a proof file: EOF",
        ),
        (
            text.replacen("\"version\": 1", "\"version\": 2", 1),
            "version 2, expected 1",
        ),
        (
            text.replacen("\"version\": 1", "\"version\": \"1\"", 1),
            "invalid type",
        ),
        (
            text.replacen("\"version\": 1", "\"version\": 1, \"extra\": 0", 1),
            "unknown field `extra`",
        ),
        (
            text.replacen("\"proof\": \"0x", "\"proof\": \"0xzz", 1),
            "is not a proof file",
        ),
        (
            text.replacen("\"proof\": \"0x", "\"proof\": \"0x1", 1),
            "is not a proof file",
        ),
        (
            text.replacen("\"public_values\": [", "\"public_values\": [\"0x01\",", 1),
            "is not a proof file",
        ),
        (
            text.replacen("\"verifying_key\": \"0x56", "\"verifying_key\": \"0x57", 1),
            "its verifying key has the digest",
        ),
        (
            text.replacen(&digest, &B256::ZERO.to_string(), 1),
            "its verifying key has the digest",
        ),
    ] {
        let error = load(&text).to_string();
        assert!(error.contains(message), "{error:?} instead of {message:?}");
        assert!(error.contains("proof.json"), "{error}");
    }
    assert!(matches!(
        load(&text.replacen("0x5644", "0x5645", 1)),
        WireError::Mismatch { .. }
    ));

    let missing = folder.path().join("none/proof.json");
    let error = ProofFile::load(&missing).unwrap_err();
    assert!(
        matches!(error, WireError::Io { what: "read", .. }),
        "{error}"
    );
    let error = write_json(&missing, &proof_file()).unwrap_err();
    assert!(
        matches!(error, WireError::Io { what: "write", .. }),
        "{error}"
    );
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(ProofFile::load(&path).is_err());
    // A file that can't be put in its place leaves nothing behind.
    let blocked = folder.path().join("blocked");
    fs::create_dir_all(blocked.join("inner")).unwrap();
    assert!(matches!(
        write_json(&blocked, &proof_file()),
        Err(WireError::Io { what: "write", .. })
    ));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "a temporary file remains"
    );
}

// -----------------------------------------------------------------------------------------------------
// estimates

#[test]
fn estimates_are_exact_about_bytes_and_grow_with_everything() {
    let parts = PROVED.session.keys().on_chain();
    let (values, proof) = (PROVED.values(), &PROVED.inference.proof);
    let exact = estimate(&parts.relation()).unwrap();
    assert_eq!(exact.proof_bytes, proof.len());
    assert_eq!(exact.proof_bytes, ProofLayout::of(parts).bytes());
    assert_eq!(
        exact.calldata_bytes,
        verify_calldata(Address::ZERO, &values, proof).len()
    );
    assert_eq!(exact.key_code_bytes, PROVED.key.len() + 1);
    assert_eq!(
        exact.verifier_code_bytes,
        Artifact::inference_verifier().unwrap().runtime_size
    );

    let of = |k, width, pack, values, hidden| {
        estimate(&TapeRelation::new(k, width, pack, values, hidden)).unwrap()
    };
    for (k, width, values) in [(5, 1, 1), (12, 3, 2), (20, 24, 27), (28, 62, 800)] {
        for (pack, hidden) in [2, 4, 8]
            .into_iter()
            .flat_map(|pack| [(pack, false), (pack, true)])
        {
            let this = of(k, width, pack, values, hidden);
            let gas = this.verify;
            assert_eq!(gas.intrinsic + gas.calldata + gas.execution, gas.total);
            assert_eq!(gas.intrinsic, 21_000);
            let higher = of(k + 1, width, pack, values, hidden);
            let wider = of(k, width + 1, pack, values, hidden);
            let longer = of(k, width, pack, values + 1, hidden);
            assert!(higher.verify.total > gas.total && higher.verify.calldata == gas.calldata);
            // A multiplication and an addition on the curve for a pack, two if it is hidden, and a
            // modular multiplication or two for a column.
            let column = wider.verify.execution - gas.execution;
            let packs = if width % pack == 0 {
                1 + u64::from(hidden)
            } else {
                0
            };
            let range = 60 + 6_150 * packs..600 + 7_500 * packs;
            assert!(range.contains(&column), "a column costs {column}");
            assert!(wider.verify.calldata > gas.calldata && wider.register >= this.register);
            let value = longer.verify.total - gas.total;
            assert!(
                (32 * 16..1_000).contains(&value),
                "a public value costs {value}"
            );
            assert_eq!(longer.register, this.register);
            assert_eq!(
                (higher.deploy, wider.deploy, longer.deploy),
                (this.deploy, this.deploy, this.deploy)
            );
        }
    }
}
