//! Verifying keys as bytes and as accounts: what Rust reads, what `VerifyingKeys` publishes, what
//! both refuse.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use halo2curves_axiom::{bn256::G1Affine, group::prime::PrimeCurveAffine};
use std::sync::LazyLock;
use verdict_chain::{Artifact, ChainError, Harness, bindings::IVerifyingKeys};
use verdict_circuit::{FIXED_COLUMNS, Limits};
use verdict_model::{Goal, Visibility};
use verdict_vectors::{
    evm::{End, Evm},
    field::{P, R},
    support::{Proved, prove_in},
};
use verdict_wire::{VerifyingKeyParts, WireError, key_bytes, key_digest, parse_key, words};

static PROVED: LazyLock<Proved> = LazyLock::new(|| {
    let limits = Limits {
        width: Some(3),
        pack: Some(PACK),
        ..Limits::default()
    };
    prove_in("mlp-digits", Goal::Time, Visibility::Public, limits, false)
});

const PACK: usize = 2;

#[test]
fn keys_round_trip() {
    let parts = PROVED.session.keys().on_chain();
    let bytes = key_bytes(parts);
    let packs = FIXED_COLUMNS.div_ceil(PACK) + parts.width.div_ceil(PACK);
    assert_eq!(bytes.len(), 32 + 64 * packs);
    let head = [b'V', b'D', b'C', b'T', 3, parts.k as u8, 3, PACK as u8, 0];
    assert_eq!(&bytes[..9], head);
    assert_eq!(
        usize::from(u16::from_be_bytes([bytes[9], bytes[10]])),
        PROVED.values().len()
    );
    assert_eq!(bytes[11..32], [0; 21]);
    assert_eq!(parse_key(&bytes).unwrap(), *parts);
    assert_eq!(key_digest(parts), keccak256(&bytes));
    let representation = U256::from_be_bytes(keccak256(&bytes).0) % R;
    assert_eq!(
        words::word(&parts.representation()),
        B256::from(representation)
    );

    // An identity among the commitments is a key, too.
    let mut zero = parts.clone();
    zero.commitments[4] = G1Affine::identity();
    let bytes = key_bytes(&zero);
    assert_eq!(bytes[32 + 4 * 64..32 + 5 * 64], [0; 64]);
    assert_eq!(parse_key(&bytes).unwrap(), zero);
    // So are the same commitments, hidden.
    let hidden = VerifyingKeyParts {
        hidden: true,
        ..parts.clone()
    };
    let bytes = key_bytes(&hidden);
    assert_eq!(bytes[8], 1);
    assert_eq!(parse_key(&bytes).unwrap(), hidden);
}

/// What Rust says about a key, and what the publisher says.
fn refused(evm: &mut Evm, keys: Address, key: &[u8]) -> (String, String) {
    let message = parse_key(key).map(|_| ()).unwrap_err().to_string();
    let data = IVerifyingKeys::publishCall {
        key: key.to_vec().into(),
    }
    .abi_encode();
    let End::Named(name) = evm.call(keys, data.into()).0 else {
        panic!("published, or a raw revert: {message}")
    };
    (message, name.split(' ').next().unwrap().to_string())
}

#[test]
fn keys_are_refused_for_what_is_wrong_with_them() {
    let good = PROVED.key.clone();
    let k = good[5];
    let at = |index: usize, value: u8| {
        let mut key = good.clone();
        key[index] = value;
        key
    };
    let word = |index: usize, value: U256| {
        let mut key = good.clone();
        key[32 * index..32 * index + 32].copy_from_slice(&value.to_be_bytes::<32>());
        key
    };
    let count = |count: u32| {
        let mut key = good.clone();
        key[9..11].copy_from_slice(&(count as u16).to_be_bytes());
        key
    };
    let y = U256::from_be_slice(&good[64..96]);
    let wider = [at(6, 65), vec![0; 31 * 64]].concat();
    let none: Vec<u8> = at(6, 0)[..32 + 64 * FIXED_COLUMNS / PACK].to_vec();
    let cases = [
        (Vec::new(), "does not begin with `VDCT`", "WrongKeyLength"),
        (
            good[..31].to_vec(),
            "does not begin with `VDCT`",
            "WrongKeyLength",
        ),
        (at(0, b'v'), "does not begin with `VDCT`", "InvalidHeader"),
        (at(4, 0), "version 0, expected 3", "InvalidHeader"),
        (at(4, 2), "version 2, expected 3", "InvalidHeader"),
        (at(4, 4), "version 4, expected 3", "InvalidHeader"),
        (at(11, 1), "bytes set that mean nothing", "InvalidHeader"),
        (at(31, 0x80), "bytes set that mean nothing", "InvalidHeader"),
        (at(5, 29), "height 29", "InvalidHeader"),
        (none, "width 0", "InvalidHeader"),
        (wider, "width 65", "WrongKeyLength"),
        (at(6, 2), "do not go together", "WrongKeyLength"),
        (at(6, 5), "do not go together", "WrongKeyLength"),
        (at(7, 0), "0 columns to a pack", "InvalidHeader"),
        (at(7, 1), "1 columns to a pack", "InvalidHeader"),
        (at(7, 3), "3 columns to a pack", "InvalidHeader"),
        (at(7, 16), "16 columns to a pack", "InvalidHeader"),
        (at(7, 4), "do not go together", "WrongKeyLength"),
        (at(7, 8), "do not go together", "WrongKeyLength"),
        (at(8, 2), "hidden or not", "InvalidHeader"),
        (at(8, 0xff), "hidden or not", "InvalidHeader"),
        (
            good[..good.len() - 1].to_vec(),
            "do not go together",
            "WrongKeyLength",
        ),
        (
            good[..good.len() - 64].to_vec(),
            "do not go together",
            "WrongKeyLength",
        ),
        (
            [good.as_slice(), &[0]].concat(),
            "do not go together",
            "WrongKeyLength",
        ),
        (count(0), "0 public values", "InvalidHeader"),
        (count(1 << k), "public values", "InvalidHeader"),
        (count(0xffff), "65535 public values", "InvalidHeader"),
        (
            word(1, P),
            "not a point of the curve",
            "CommitmentNotCanonical",
        ),
        (
            word(2, y + P),
            "not a point of the curve",
            "CommitmentNotCanonical",
        ),
        (
            word(2, y + U256::from(1)),
            "not a point of the curve",
            "CommitmentNotOnCurve",
        ),
        (
            word(2, U256::ZERO),
            "not a point of the curve",
            "CommitmentNotOnCurve",
        ),
    ];
    let mut evm = Evm::default();
    let keys = evm.deploy(Artifact::verifying_keys().unwrap().bytecode);
    for (index, (key, message, error)) in cases.iter().enumerate() {
        let (said, name) = refused(&mut evm, keys, key);
        assert!(
            said.contains(message),
            "case {index}: {said:?} instead of {message:?}"
        );
        assert_eq!(&name, error, "case {index}: {message}");
    }
    assert!(matches!(parse_key(&at(4, 1)), Err(WireError::Key(_))));
    // One below the limits is fine for both.
    // So is another width of as many packs, and the same weights, hidden.
    for key in [count((1 << k) - 1), at(5, 28), at(6, 4), at(8, 1)] {
        parse_key(&key).unwrap();
        let data = IVerifyingKeys::publishCall { key: key.into() }.abi_encode();
        assert_eq!(evm.call(keys, data.into()).0, End::Accepted);
    }
}

#[test]
fn a_published_key_is_where_and_what_its_digest_says() {
    let mut evm = Evm::default();
    let keys = evm.deploy(Artifact::verifying_keys().unwrap().bytecode);
    let parts = PROVED.session.keys().on_chain();
    let key: Bytes = PROVED.key.clone().into();
    let address_of = |evm: &mut Evm, key: &Bytes| {
        let (end, output, _) = evm.call(
            keys,
            IVerifyingKeys::addressOfCall { key: key.clone() }
                .abi_encode()
                .into(),
        );
        assert_eq!(end, End::Accepted);
        IVerifyingKeys::addressOfCall::abi_decode_returns(&output).unwrap()
    };
    let before = address_of(&mut evm, &key);

    let data: Bytes = IVerifyingKeys::publishCall { key: key.clone() }
        .abi_encode()
        .into();
    let result = evm.send(keys, data.clone());
    assert!(result.is_success());
    let account =
        IVerifyingKeys::publishCall::abi_decode_returns(result.output().unwrap()).unwrap();
    assert_eq!(account, before);
    assert_eq!(account, address_of(&mut evm, &key));
    assert_eq!(evm.code(account), [&[0], PROVED.key.as_slice()].concat());

    let [log] = result.logs() else {
        panic!("one event")
    };
    assert_eq!(log.address, keys);
    let event = IVerifyingKeys::VerifyingKeyPublished::decode_log_validate(log)
        .unwrap()
        .data;
    assert_eq!(event.key, account);
    assert_eq!(event.digest, key_digest(parts));
    assert_eq!(
        (u32::from(event.height), usize::from(event.width)),
        (parts.k, parts.width)
    );

    // CREATE2 of PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN, STOP ‖ key, without
    // salt.
    let length = u16::try_from(key.len() + 1).unwrap().to_be_bytes();
    let head = [
        0x61, length[0], length[1], 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xf3, 0,
    ];
    assert_eq!(
        account,
        keys.create2(B256::ZERO, keccak256([&head, key.as_ref()].concat()))
    );

    // Again: the same account, and no second event.
    let again = evm.send(keys, data);
    assert_eq!(
        IVerifyingKeys::publishCall::abi_decode_returns(again.output().unwrap()).unwrap(),
        account
    );
    assert!(again.logs().is_empty());

    // Any other key is elsewhere.
    let mut other = PROVED.key.clone();
    other[63] ^= 1;
    assert_ne!(address_of(&mut evm, &other.into()), account);
}

#[test]
fn a_set_up_outside_the_group_is_refused() {
    let good = words::tau_g2(&PROVED.session.srs().tau_g2());
    let mut swapped = good;
    swapped.swap(0, 1);
    let mut large = good;
    large[3] += P;
    for tau in [[U256::ZERO; 4], [U256::from(1); 4], swapped, large] {
        match Harness::new(tau) {
            Err(ChainError::Reverted { reason, .. }) => assert_eq!(reason, "InvalidSetup"),
            other => panic!("{other:?}"),
        }
    }
}
