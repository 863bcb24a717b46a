//! A tree with public inputs, from the model to an oracle's answer: its features are ranks among the
//! model's own thresholds, read on chain; and what is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use alloy_primitives::{Address, Bytes, I256, U256, address, hex};
use common::{
    Place,
    chain::with,
    consumer::{deploy, fails, local, ok, prove, read},
};
use verdict_chain::{Chain, EmbeddedChain};
use verdict_model::{CompiledModel, OutOfDomain, execute};

const FEED: Address = address!("00000000000000000000000000000000000feed5");
/// With 64 bytes, keeps the second word under the first; with 32, returns what it has under it.
const FEED_CODE: [u8; 24] = hex!("366040146010575f35545f5260205ff35b6020355f355500");
const FEATURES: usize = 10;
const DECIMALS: usize = 8;

/// Does something to the chain's file.
fn on_chain<T>(place: &Place, act: impl FnOnce(&mut EmbeddedChain) -> T) -> T {
    let path = place.path("chain.json");
    let mut chain = EmbeddedChain::open(&path).unwrap();
    let done = act(&mut chain);
    chain.save(&path).unwrap();
    done
}

/// What the feeds say from now on, in units of 10^-8.
fn set(place: &Place, numbers: &[i64; FEATURES]) {
    on_chain(place, |chain| {
        for (slot, number) in numbers.iter().enumerate() {
            let number: U256 = I256::try_from(*number).unwrap().into_raw();
            let words = [U256::from(slot), number].map(|it| it.to_be_bytes::<32>());
            chain.send(Some(FEED), Bytes::from(words.concat())).unwrap();
        }
    });
}

/// The core, a tree on ranks that is registered as `model`, and a source of its features.
fn prepared() -> Place {
    let place = Place::new();
    let how = [
        "--input",
        "public",
        "--optimize",
        "time",
        "--table-bits",
        "10",
    ];
    place.compile_to("m.verdict", "tiny-tree", &how);
    ok(&place, &["deploy", "--dev"]);
    ok(
        &place,
        &["register", "m.verdict", "--name", "model", "--dev"],
    );
    on_chain(&place, |chain| {
        chain.set_code(FEED, FEED_CODE.to_vec().into());
    });
    let feed =
        |slot: usize| format!("({FEED},0x{slot:064x},0,true,{DECIMALS},0,0,0,false,0,false)");
    let feeds = (0..FEATURES).map(feed).collect::<Vec<_>>().join(",");
    let feeds = format!("[{feeds}]");
    let zero = format!("0x{}", "0".repeat(64));
    let source = ["OnChainFeatures", "@registry", "@model.id", &zero, &feeds];
    deploy(&place, "feeds", &source);
    place
}

/// The thresholds of a feature, as numbers of the feeds: the least one on the upper side of each.
fn least(model: &CompiledModel, feature: usize) -> Vec<i64> {
    let breakpoints = model.manifest().inputs[0].breakpoints(feature).unwrap();
    let least = |breakpoint: &f64| {
        let near = (breakpoint * 10f64.powi(DECIMALS as i32)).round() as i64;
        let real = |number: i64| format!("{number}e-{DECIMALS}").parse::<f64>().unwrap();
        (near - 3..near + 3)
            .find(|number| real(*number) >= *breakpoint)
            .unwrap()
    };
    breakpoints.iter().map(least).collect()
}

#[test]
fn a_tree_is_registered_read_on_chain_and_proved() {
    let place = prepared();
    let model = CompiledModel::load(place.path("m.verdict")).unwrap();
    let audit = ["audit", "m.verdict", "--registered", "model", "--dev"];
    assert!(ok(&place, &audit).contains("spec breakpoints"));

    // Without its breakpoints no version is readable; with them, once.
    let by_hand = ["call", "feeds", "prepare", "1", "--send"];
    let advice = "verdict evidence prepare";
    fails(&place, 4, &by_hand, &["WrongAccountCount", advice]);
    let snapshot = ["evidence", "snapshot", "feeds", "--model", "m.verdict"];
    fails(&place, 4, &snapshot, &["VersionNotPrepared", advice]);
    let prepare = ["evidence", "prepare", "feeds", "--model", "m.verdict"];
    let done = place.json(&local(&prepare));
    assert_eq!(done["accounts"].as_array().unwrap().len(), 1, "{done}");
    assert_eq!(done["transactions"].as_array().unwrap().len(), 2, "{done}");
    // Nothing is published twice.
    let again = place.json(&local(&prepare));
    assert_eq!(again["accounts"], done["accounts"]);
    assert_eq!(again["transactions"].as_array().unwrap().len(), 1);

    // Every feature at one of its thresholds; then one unit of the feed below.
    let mut numbers = [0i64; FEATURES];
    for (feature, number) in numbers.iter_mut().enumerate() {
        let least = least(&model, feature);
        *number = least.get(least.len() / 2).copied().unwrap_or(7);
    }
    set(&place, &numbers);
    let at = integers(&place, &snapshot, &model, &numbers);
    let below = numbers.map(|number| number - 1);
    set(&place, &below);
    let under = integers(&place, &snapshot, &model, &below);
    for feature in 0..FEATURES {
        let has = !model.manifest().inputs[0]
            .breakpoints(feature)
            .unwrap()
            .is_empty();
        assert_eq!(
            at[feature] - under[feature],
            i64::from(has),
            "feature {feature}"
        );
    }

    // Proved of what the chain read, and taken by an oracle.
    oracle(&place);
    let taken = place.json(&local(&with(&snapshot, &["--input-out", "input.json"])));
    let time = taken["timestamp"].to_string();
    let bound = read(&place, &["call", "oracle", "context", "oracle", &time], 0);
    prove(&place, "input.json", &bound, &[]);
    let submit = [
        "submit",
        "oracle",
        "oracle",
        "proof.json",
        "--evidence",
        "@evidence.hex",
    ];
    ok(&place, &submit);
    let answer = read(&place, &["call", "oracle", "latestRoundData"], 1);
    let answer = answer.parse::<f64>().unwrap() / 1e8;
    let trace = execute(model.graph(), &quantised(&model, &below)).unwrap();
    let expected = model.dequantise_output(&trace.outputs(model.graph()))[0][0];
    assert!((answer - expected).abs() < 1e-7, "{answer} {expected}");

    // On the other side of the thresholds the same inputs prove nothing.
    set(&place, &numbers);
    let taken = place.json(&local(&snapshot));
    let time = taken["timestamp"].to_string();
    let bound = read(&place, &["call", "oracle", "context", "oracle", &time], 0);
    prove(&place, "input.json", &bound, &[]);
    fails(&place, 4, &submit, &["input"]);
}

/// The integers of a snapshot, which are those of the numbers in a file of data.
fn integers(
    place: &Place,
    snapshot: &[&str],
    model: &CompiledModel,
    numbers: &[i64; FEATURES],
) -> Vec<i64> {
    let taken = place.json(&local(snapshot));
    let list = taken["inputs"][0]["integers"].as_array().unwrap();
    let found: Vec<i64> = list.iter().map(|it| it.as_i64().unwrap()).collect();
    let expected = quantised(model, numbers).concat();
    assert_eq!(
        found,
        expected.into_iter().map(i64::from).collect::<Vec<_>>()
    );
    found
}

/// The integers of the numbers as a file of data has them.
fn quantised(model: &CompiledModel, numbers: &[i64; FEATURES]) -> Vec<Vec<i32>> {
    let real = |number: &i64| format!("{number}e-{DECIMALS}").parse().unwrap();
    let row = vec![numbers.iter().map(real).collect()];
    model.quantise_input(&row, OutOfDomain::Reject).unwrap()
}

/// An oracle that takes the tree's word for a price.
fn oracle(place: &Place) {
    place.write(
        "oracle.toml",
        "name = \"oracle\"\nmodel = \"model\"\nsource = \"feeds\"\nowner = \"@sender\"\nguardian = \"@sender\"\n\
         description = \"a tree's answer\"\ndecimals = 8\nanswerIndex = 0\nminAnswer = 0\nmaxAnswer = 1_000_000_000_000\n\
         maxMove = 100_000_000\nmaxMoveBps = 10_000\nmoveWindow = 3600\nmaxAge = 3600\nmaxSkew = 60\nheartbeat = 7200\nconfirmDelay = 600\n\
         confirmWindow = 3600\nhistory = 16\nswitchDelay = 172_800\nfollowsLatest = false\n",
    );
    ok(
        place,
        &["deploy", "--config", "oracle.toml", "InferenceOracle"],
    );
}
