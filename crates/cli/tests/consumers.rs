//! Risk parameters and a pause from the command line alone: from a model to a contract that acted,
//! and what it refuses; and what is refused of signatures.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Place,
    chain::with,
    consumer::{
        ETHER, NOBODY, ZERO_ADDRESS, context, deploy, fails, local, ok, prove, read, registered,
        send, sign, signed, signers,
    },
    vector,
};
use serde_json::Value;

#[test]
fn risk_parameters_from_a_snapshot() {
    let place = Place::new();
    registered(&place, "risk", "public", "1");
    deploy(&place, "collateral", &["MockToken"]);
    deploy(&place, "debt", &["MockToken"]);
    let caps = format!(
        "(7500,8000,10500,{},{})",
        1_000_000 * ETHER,
        500_000 * ETHER
    );
    deploy(
        &place,
        "market",
        &["LendingMarket", "@collateral", "@debt", &caps],
    );
    deploy(&place, "market-adapter", &["LendingMarketAdapter"]);
    let updater = [
        "RiskParameterUpdater",
        "@market-adapter",
        "@sender",
        "86400",
        NOBODY,
    ];
    deploy(&place, "market-risk", &updater);
    send(&place, &["market", "setRiskManager", "@market-adapter"]);
    send(&place, &["market-adapter", "setUpdater", "@market-risk"]);
    for role in ["PROPOSER_ROLE", "EXECUTOR_ROLE"] {
        let role = read(&place, &["call", "market-risk", role], 0);
        send(&place, &["market-risk", "grantRole", &role, ZERO_ADDRESS]);
    }
    let step = 100_000_000_000_000u128;
    let limit = format!(
        "({},21600,false,true,false,{},{},{step})",
        200 * step,
        5000 * step,
        12_000 * step
    );
    for parameter in ["1", "2", "3"] {
        send(
            &place,
            &["market-risk", "setLimit", "@market", parameter, &limit],
        );
    }
    // Someone borrows.
    let amount = |tokens: u128| (tokens * ETHER).to_string();
    send(&place, &["collateral", "mint", "@sender", &amount(400_000)]);
    send(&place, &["debt", "mint", "@market", &amount(500_000)]);
    send(
        &place,
        &["collateral", "approve", "@market", &amount(400_000)],
    );
    send(&place, &["market", "supply", &amount(400_000)]);
    send(&place, &["market", "borrow", &amount(240_000)]);

    let feed = |function: &str| format!("(@market,@{function}(),0,false,18,0,0,0,false,0,false)");
    let feeds = format!(
        "[{},{},{}]",
        feed("price"),
        feed("supplied"),
        feed("borrowed")
    );
    let source = [
        "OnChainFeatures",
        "@registry",
        "@model.id",
        "@market.word",
        &feeds,
    ];
    deploy(&place, "feeds", &source);
    send(&place, &["feeds", "prepare", "@model.version"]);
    let source = [
        "ModelRiskSource",
        "@gateway",
        "@model.id",
        "@model.version",
        "@market",
        "@feeds",
        "1800",
        "[(1,0,0,18),(2,0,1,18),(3,0,2,18)]",
    ];
    deploy(&place, "market-source", &source);
    send(
        &place,
        &[
            "market-risk",
            "addSource",
            "@market-source",
            "3600",
            "86400",
            "0",
        ],
    );

    // What cannot be signed is said, and what to do instead.
    place.write("1.key", format!("{:064x}", 1));
    place.write("guess.json", r#"{"input_data": [[1, 400000, 240000]]}"#);
    let asker = ["risk", "market-source", "--input", "guess.json"];
    fails(
        &place,
        3,
        &sign(&asker, "1.key", "x.sig.json", &[]),
        &["has no signers", "verdict evidence snapshot"],
    );

    let snapshot = ["evidence", "snapshot", "feeds", "--model", "m.verdict"];
    let taken = place.json(&local(&with(&snapshot, &["--input-out", "input.json"])));
    let price = taken["inputs"][0]["reals"][0].as_f64().unwrap();
    assert!((price - 1.0).abs() < 0.02, "{taken}");
    let live = place.json(&local(&with(&snapshot, &["--live"])));
    assert_eq!(live["words"], taken["words"]);
    assert_eq!(live["evidence"], Value::Null);
    let zero = format!("0x{}", "0".repeat(64));
    fails(
        &place,
        6,
        &with(&snapshot, &["--transaction", &zero]),
        &["keeps none"],
    );

    let asked = ["call", "market-source", "context", "risk", "@now+10800"];
    let (context, deadline) = context(&place, &asked);
    prove(&place, "input.json", &context, &[]);
    let submit = |deadline: &str| -> Vec<String> {
        let all = [
            "submit",
            "risk",
            "market-risk",
            "proof.json",
            "--source",
            "market-source",
            "--evidence",
            "@evidence.hex",
            "--deadline",
            deadline,
        ];
        local(&all).into_iter().map(Into::into).collect()
    };
    let refused = |deadline: &str, parts: &[&str]| {
        let all = submit(deadline);
        place.fails(
            4,
            &all.iter().map(String::as_str).collect::<Vec<_>>(),
            parts,
        );
    };
    let later = (deadline.parse::<u64>().unwrap() + 1).to_string();
    refused(&later, &["bound to the context", &context, "prove again"]);
    refused("1", &["DeadlineOver", "hint: "]);
    let all = submit(&deadline);
    let proposed = place.json(&all.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        (&proposed["returned"], &proposed["meaning"]),
        (&"1".into(), &"proposal".into())
    );
    refused(&deadline, &["EvidenceNotNewer", "hint: "]);

    let execute = ["call", "market-risk", "execute", "1", "--send"];
    fails(&place, 4, &execute, &["VetoWindowOpen"]);
    ok(&place, &with(&execute, &["--after", "3600"]));
    let parameter = |i| {
        read(&place, &["call", "market", "parameters"], i)
            .parse::<u64>()
            .unwrap()
    };
    let (value, threshold) = (parameter(0), parameter(1));
    assert!((7300..=7700).contains(&value) && value != 7500, "{value}");
    assert!((7800..=8200).contains(&threshold), "{threshold}");
    let latest = [
        "call",
        "market-risk",
        "getLatestUpdateByParameterAndMarket",
        "liquidationThreshold",
        "@market",
    ];
    assert!(ok(&place, &latest).contains("liquidationThreshold"));
}

#[test]
fn a_guard_pauses_on_signed_evidence() {
    let place = Place::new();
    registered(&place, "guard", "public", "1");
    let members = signers(&place);
    deploy(&place, "token", &["MockToken"]);
    deploy(&place, "vault", &["EntryVault", "@token", "21600"]);
    deploy(
        &place,
        "vault-adapter",
        &["PauseForAdapter", "@vault", "@sender"],
    );
    let bond = (100 * ETHER).to_string();
    let config = format!(
        "(@gateway,@model.id,@model.version,0,{},{},@signers,true,100,@vault-adapter,21600,3600,600,172800,64800,@token,{bond},{},{NOBODY},86400,\
         1800)",
        ETHER / 10 * 8,
        ETHER / 100 * 5,
        25 * ETHER
    );
    let guard = [
        "FraudPauseGuard",
        &config,
        "@sender",
        "86400",
        NOBODY,
        NOBODY,
    ];
    deploy(&place, "vault-guard", &guard);
    send(&place, &["vault", "setPauser", "@vault-adapter"]);
    send(&place, &["vault-adapter", "setGuard", "@vault-guard"]);
    send(
        &place,
        &["token", "mint", "@sender", &(1000 * ETHER).to_string()],
    );
    send(&place, &["token", "approve", "@vault-guard", &bond]);
    send(&place, &["vault-guard", "deposit", "@sender", &bond]);

    let asked = ["call", "vault-guard", "context", "guard", "latest"];
    let (context, anchor) = context(&place, &asked);
    // Share withdrawn, price deviation, calls a minute.
    place.write("theft.json", r#"{"input_data": [[0.9, 0.15, 50]]}"#);
    prove(&place, "theft.json", &context, &[]);

    let asker = ["guard", "vault-guard", "--anchor", &anchor];
    let first = signed(&place, &asker, &["--input", "theft.json"]);
    let statement = &first["signed"];
    assert_eq!(statement["quorum"], 2);
    assert_eq!(statement["signers"].as_array().unwrap().len(), 3);
    let share = statement["inputs"][0]["reals"][0].as_f64().unwrap();
    assert!((share - 0.9).abs() < 0.01, "{share}");
    assert!(statement["block"].as_u64().unwrap() >= anchor.parse().unwrap());

    refusals_of_signatures(&place, &asker, &members);

    let submit = |anchor: &str| -> Vec<String> {
        let all = [
            "submit",
            "guard",
            "vault-guard",
            "proof.json",
            "--evidence",
            "@evidence.hex",
            "--anchor",
            anchor,
        ];
        local(&all).into_iter().map(Into::into).collect()
    };
    let refused = |anchor: &str, more: &[&str], parts: &[&str]| {
        let all = submit(anchor);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        place.fails(4, &with(&all, more), parts);
    };
    let before = (anchor.parse::<u64>().unwrap() - 1).to_string();
    // Signers named the anchor.
    refused(&before, &[], &["InvalidSignature", "hint: "]);
    refused("999999", &[], &["AnchorOutOfRange", "hint: "]);
    let all = submit(&anchor);
    let paused = place.json(&all.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(paused["meaning"], "incident");
    let state = place.json(&local(&["call", "vault", "isPaused"]));
    assert_eq!(state["answers"][0]["value"], true);
    fails(
        &place,
        4,
        &["call", "vault", "deposit", "1", "--send"],
        &["EntriesAreClosed"],
    );
    refused(&anchor, &[], &["AlreadyPaused"]);
    refused(&anchor, &["--after", "25300"], &["EvidenceUsed", "hint: "]);
}

/// What `sign` and `evidence combine` do not take.
fn refusals_of_signatures(place: &Place, asker: &[&str], members: &[String]) {
    let combine = |files: &[&str], code: i32, parts: &[&str]| {
        let all = with(&["evidence", "combine"], files);
        fails(place, code, &with(&all, &["--out", "no.hex"]), parts);
        assert!(!place.path("no.hex").exists());
    };
    combine(
        &["1.sig.json"],
        3,
        &["1 of 2 needed signatures", "--with 1.sig.json"],
    );
    combine(&["1.sig.json", "1.sig.json"], 3, &["signed twice"]);
    // Other inputs, seen by the second signer.
    place.write("calm.json", r#"{"input_data": [[0.1, 0.01, 5]]}"#);
    let calm = ["--input", "calm.json"];
    fails(
        place,
        4,
        &sign(
            asker,
            "2.key",
            "x.sig.json",
            &with(&calm, &["--with", "1.sig.json"]),
        ),
        &["different data", "other input words"],
    );
    // … or not before they are combined.
    ok(place, &sign(asker, "3.key", "3.sig.json", &calm));
    combine(
        &["1.sig.json", "3.sig.json"],
        4,
        &["different data", "1.sig.json", "3.sig.json"],
    );
    // A stranger does not even sign.
    place.write("stranger.key", format!("{:064x}", 9));
    fails(
        place,
        3,
        &sign(
            asker,
            "stranger.key",
            "x.sig.json",
            &["--input", "theft.json"],
        ),
        &["no signer in force", &members[0]],
    );
    // A stranger's signature in a member's name, and a member's under a stranger's.
    let mut forged = place.read_json("1.sig.json");
    let second = place.read_json("2.sig.json");
    forged["signature"] = second["signature"].clone();
    place.write("forged.sig.json", forged.to_string());
    combine(
        &["forged.sig.json", "2.sig.json"],
        3,
        &["forged.sig.json", "the signature is not"],
    );
    forged["signer"] = NOBODY.into();
    place.write("forged.sig.json", forged.to_string());
    combine(
        &["forged.sig.json", "2.sig.json"],
        3,
        &["no signer in force"],
    );
    place.write("garbage.sig.json", "{}");
    combine(
        &["garbage.sig.json", "2.sig.json"],
        3,
        &["garbage.sig.json", "verdict sign"],
    );
    // Another model than the consumer's, and nobody who signs.
    let (onnx, data) = (
        vector("consumers/guard", "model.onnx"),
        vector("consumers/guard", "calibration.npz"),
    );
    let compile = [
        "compile",
        &onnx,
        "--calibration",
        &data,
        "--input",
        "public",
    ];
    place.ok(&with(
        &compile,
        &["--table-bits", "11", "--out", "other.verdict"],
    ));
    let unsigned = with(&["sign"], asker);
    let unsigned = with(&unsigned, &["--input", "theft.json", "--model"]);
    let key = ["--private-key-file", "1.key"];
    fails(
        place,
        4,
        &with(&with(&unsigned, &["other.verdict"]), &key),
        &["model", "the registered version"],
    );
    fails(
        place,
        2,
        &with(&unsigned, &["m.verdict"]),
        &["needs a signer", "--keystore"],
    );
}
