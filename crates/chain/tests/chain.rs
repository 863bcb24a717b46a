//! The embedded chain: accounts, time, errors by name, and its file.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use alloy_primitives::{Address, B256, U256, address};
use std::fs;
use verdict_chain::{
    Artifact, Chain, ChainError, ChainExt, Clock, EmbeddedChain,
    bindings::token::MockToken::{self, Transfer, balanceOfCall, mintCall, transferCall},
};

const ALICE: Address = address!("00000000000000000000000000000000000a11ce");
const BOB: Address = address!("0000000000000000000000000000000000000b0b");

fn chain() -> (EmbeddedChain, Address) {
    let mut chain = EmbeddedChain::new(31_337, 1_800_000_000, Clock::Steps(12));
    let code = Artifact::load("MockToken").unwrap().bytecode;
    let (token, receipt) = chain.act_as(ALICE).create("MockToken", code).unwrap();
    assert_eq!(receipt.created, Some(token));
    let mint = mintCall {
        to: ALICE,
        amount: U256::from(10),
    };
    chain.transact(token, &mint).unwrap();
    (chain, token)
}

fn balance(chain: &mut EmbeddedChain, token: Address, account: Address) -> U256 {
    chain.read(token, &balanceOfCall { account }).unwrap()
}

fn pay(amount: u64) -> transferCall {
    transferCall {
        to: BOB,
        value: U256::from(amount),
    }
}

#[test]
fn accounts_act_and_blocks_follow() {
    let (mut chain, token) = chain();
    let before = chain.latest().unwrap();
    let (returned, receipt) = chain.transact(token, &pay(4)).unwrap();
    assert!(returned);
    assert_eq!(receipt.block, before.number + 1);
    let event = receipt.event::<Transfer>(token).unwrap();
    assert_eq!(
        (event.from, event.to, event.value),
        (ALICE, BOB, U256::from(4))
    );
    assert_eq!(receipt.event::<Transfer>(BOB), None);
    assert_eq!(balance(&mut chain, token, BOB), U256::from(4));

    // A dry run leaves nothing behind.
    let latest = chain.latest().unwrap();
    chain.read(token, &pay(1)).unwrap();
    assert_eq!(chain.latest().unwrap(), latest);
    assert_eq!(latest.timestamp, before.timestamp + 12);
    chain.pass(3600);
    let later = chain.latest().unwrap();
    assert_eq!(
        (later.number, later.timestamp),
        (latest.number + 1, latest.timestamp + 3600)
    );
    assert_eq!(chain.block_hash(latest.number).unwrap(), latest.hash);
    chain.mine(256);
    assert!(matches!(
        chain.block_hash(latest.number),
        Err(ChainError::NoSuchBlock(_))
    ));
}

#[test]
fn refusals_have_names() {
    let (mut chain, token) = chain();
    chain.act_as(BOB);
    let Err(ChainError::Refused(revert)) = chain.transact(token, &pay(1)) else {
        panic!("it was taken")
    };
    assert!(revert.is("ERC20InsufficientBalance"), "{revert}");
    let expected = format!("ERC20InsufficientBalance {{ sender: {BOB}, balance: 0, needed: 1 }}");
    assert_eq!(revert.text, expected);
    // As a transaction it takes a block, and changes nothing else.
    let before = chain.latest().unwrap().number;
    assert!(matches!(
        chain.send(Some(token), [0u8; 4].into()),
        Err(ChainError::Refused(_))
    ));
    assert_eq!(chain.latest().unwrap().number, before + 1);
    // An account without code answers with nothing.
    let nothing = chain.read(BOB, &balanceOfCall { account: BOB });
    assert!(
        matches!(nothing, Err(ChainError::Answer { .. })),
        "{nothing:?}"
    );
}

#[test]
fn addresses_by_create2_depend_on_code_alone() {
    let code = Artifact::load("MockToken").unwrap().bytecode;
    let mut addresses = [ALICE, BOB].map(|who| {
        let (mut chain, _) = chain();
        let (address, receipt) = chain
            .act_as(who)
            .create2("MockToken", B256::ZERO, &code)
            .unwrap();
        assert!(receipt.is_some());
        let again = chain.create2("MockToken", B256::ZERO, &code).unwrap();
        assert_eq!((again.0, again.1.is_none()), (address, true));
        address
    });
    addresses.sort_unstable();
    assert_eq!(addresses[0], addresses[1]);
}

#[test]
fn a_chain_goes_on_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.json");
    let (mut chain, token) = chain();
    chain.transact(token, &pay(3)).unwrap();
    chain.save(&path).unwrap();

    let mut again = EmbeddedChain::open(&path).unwrap();
    assert_eq!(again.chain_id(), chain.chain_id());
    assert_eq!(again.latest().unwrap(), chain.latest().unwrap());
    assert_eq!(again.code(token).unwrap(), chain.code(token).unwrap());
    assert_eq!(balance(&mut again, token, BOB), U256::from(3));
    again.act_as(ALICE).transact(token, &pay(7)).unwrap();
    assert_eq!(balance(&mut again, token, BOB), U256::from(10));
    let symbol = again.read(token, &MockToken::symbolCall {}).unwrap();
    assert_eq!(symbol, "BOND");

    for (text, part) in [
        ("{}", "missing field"),
        ("nonsense", "expected"),
        (
            &fs::read_to_string(&path)
                .unwrap()
                .replace("\"verdictChain\": 1", "\"verdictChain\": 2"),
            "version 2",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let error = EmbeddedChain::open(&path).unwrap_err();
        assert!(matches!(error, ChainError::ChainFile { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}
