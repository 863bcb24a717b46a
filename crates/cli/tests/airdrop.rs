//! An airdrop of committed inputs from the command line alone, and an oracle of inputs that were
//! committed to beforehand.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Place,
    chain::with,
    consumer::{
        ETHER, NOBODY, deploy, fails, local, ok, prove, read, registered, send, sign, signed,
        signers,
    },
};
use serde_json::Value;

#[test]
fn an_airdrop_of_committed_inputs() {
    let place = Place::new();
    registered(&place, "airdrop", "committed", "4");
    signers(&place);
    deploy(&place, "token", &["MockToken"]);
    let tokens = |amount: u128| (amount * ETHER).to_string();
    let campaign = format!(
        "(@gateway,@token,{NOBODY},(@now+1728000,@now+864000,@now+3456000,@now+4320000),[(@model.id,@model.version)],\
         [(0,{}),(50,{}),(200,{})],@signers,604800)",
        tokens(10),
        tokens(100),
        tokens(400)
    );
    deploy(&place, "campaign", &["ScoredAirdrop", &campaign]);
    send(&place, &["token", "mint", "@sender", &tokens(4000)]);
    send(&place, &["token", "approve", "@campaign", &tokens(4000)]);
    send(&place, &["campaign", "fund", &tokens(4000)]);

    // Three people and a farm.
    place.write("people.csv", "900,450,60\n500,300,40\n700,200,30\n7,5,1\n");
    let account = |i: u8| format!("0x{}", format!("{i:02x}").repeat(20));
    let list = |order: [u8; 4]| -> String {
        order
            .iter()
            .map(|i| format!("{},{i}\n", account(*i)))
            .collect()
    };
    place.write("entries.csv", list([1, 2, 3, 4]));
    place.write("swapped.csv", list([2, 1, 3, 4]));
    let commit = [
        "commit",
        "m.verdict",
        "--input",
        "people.csv",
        "--batch",
        "4",
    ];
    let committed = place.json(&with(&commit, &["--salt-out", "people.salt.secret"]));
    assert_eq!(committed["inputs"].as_array().unwrap().len(), 4);

    let entries = place.json(&["entries", "entries.csv"]);
    let context = place.json(&local(&[
        "call",
        "campaign",
        "context",
        "airdrop",
        "1",
        "entries.csv",
    ]));
    assert_eq!(context["answers"][2]["value"], entries["root"]);
    let root = entries["root"].as_str().unwrap();
    let context = context["answers"][0]["value"].as_str().unwrap();
    let same = ["call", "campaign", "context", "airdrop", "1", root, "4"];
    assert_eq!(read(&place, &same, 0), context);
    prove(
        &place,
        "people.csv",
        context,
        &["--batch", "4", "--salt", "people.salt.secret"],
    );

    let asker = [
        "airdrop",
        "campaign",
        "--number",
        "1",
        "--entries",
        "entries.csv",
    ];
    fails(
        &place,
        2,
        &sign(&asker, "1.key", "x.sig.json", &["--input", "people.csv"]),
        &["--salt"],
    );
    let known = ["--input", "people.csv", "--salt", "people.salt.secret"];
    let first = signed(&place, &asker, &known);
    let commitments = first["signed"]["commitments"].as_array().unwrap();
    let of = committed["inputs"].as_array().unwrap().iter();
    let of: Vec<&Value> = of.map(|one| &one["commitment"]).collect();
    assert_eq!(commitments.iter().collect::<Vec<_>>(), of);
    assert_eq!(first["signed"]["inputs"].as_array().unwrap().len(), 4);
    // Whoever has only the proof can sign what it states, and is warned.
    let stated = with(&asker, &["--proof", "proof.json", "--with", "1.sig.json"]);
    let said = ok(&place, &sign(&stated, "3.key", "3.sig.json", &[]));
    assert!(
        said.contains("WARNING: what the commitments are of was not shown"),
        "{said}"
    );
    ok(
        &place,
        &[
            "evidence",
            "combine",
            "3.sig.json",
            "1.sig.json",
            "--out",
            "other.hex",
        ],
    );

    let submit = |entries: &str, number: &str, evidence: &str| -> Vec<String> {
        let all = [
            "submit",
            "airdrop",
            "campaign",
            "proof.json",
            "--number",
            number,
            "--entries",
            entries,
            "--evidence",
            evidence,
        ];
        local(&all).into_iter().map(Into::into).collect()
    };
    let refused = |all: Vec<String>, parts: &[&str]| {
        place.fails(
            4,
            &all.iter().map(String::as_str).collect::<Vec<_>>(),
            parts,
        );
    };
    refused(
        submit("swapped.csv", "1", "@evidence.hex"),
        &["InvalidSignature"],
    );
    refused(
        submit("entries.csv", "2", "@evidence.hex"),
        &["InvalidSignature"],
    );
    let all = submit("entries.csv", "1", "@other.hex");
    let accepted = place.json(&all.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(accepted["meaning"].as_str().unwrap().contains("allocated"));
    refused(
        submit("entries.csv", "1", "@evidence.hex"),
        &["BatchExists", "hint: "],
    );
    // Signed as batch 2, but proved as batch 1.
    let second = [
        "airdrop",
        "campaign",
        "--number",
        "2",
        "--entries",
        "entries.csv",
    ];
    signed(&place, &second, &known);
    refused(
        submit("entries.csv", "2", "@evidence.hex"),
        &["bound to the context", "prove again"],
    );

    let claim = |i: u8| {
        let listed = place.json(&[
            "entries",
            "entries.csv",
            "--batch",
            "1",
            "--account",
            &account(i),
        ]);
        listed["claims"][0]["argument"]
            .as_str()
            .unwrap()
            .to_string()
    };
    fails(
        &place,
        4,
        &["call", "campaign", "claim", &claim(1), "--send"],
        &["ClaimsClosed"],
    );
    let claim_first = claim(1);
    ok(
        &place,
        &[
            "call",
            "campaign",
            "claim",
            &claim_first,
            "--send",
            "--after",
            "864000",
        ],
    );
    let paid = read(&place, &["call", "token", "balanceOf", &account(1)], 0);
    assert!(paid.parse::<u128>().unwrap() >= 10 * ETHER, "{paid}");
    fails(
        &place,
        4,
        &["call", "campaign", "claim", &claim_first, "--send"],
        &["EntryPaid"],
    );
    fails(
        &place,
        4,
        &["call", "campaign", "claim", &claim(4), "--send"],
        &["NothingToClaim"],
    );
    place.fails(
        2,
        &[
            "entries",
            "entries.csv",
            "--batch",
            "1",
            "--account",
            NOBODY,
        ],
        &["is not in entries.csv"],
    );
}

#[test]
fn an_oracle_of_inputs_committed_beforehand() {
    let place = Place::new();
    registered(&place, "oracle", "public", "1");
    let source = [
        "CommittedFeatures",
        "@registry",
        "@sender",
        "86400",
        "@sender",
        "60",
        "3600",
    ];
    deploy(&place, "committed", &source);
    let config = format!(
        "(\"price of ETH, from a@@b\",8,0,0x{},10000000000,1000000000000,100000000,1000,3600,3600,60,7200,600,3600,16,172800,false)",
        "0".repeat(64)
    );
    let oracle = [
        "InferenceOracle",
        "@gateway",
        "@model.id",
        "@model.version",
        "@committed",
        &config,
        NOBODY,
        NOBODY,
    ];
    deploy(&place, "feed", &oracle);
    assert!(ok(&place, &["call", "feed", "description"]).contains("from a@b"));
    place.write(
        "input.json",
        r#"{"input_data": [[2001.5, 2003.0, 1999.0, 1.5]]}"#,
    );
    let commit = [
        "evidence",
        "commit",
        "oracle",
        "feed",
        "--model",
        "m.verdict",
        "--input",
        "input.json",
    ];
    fails(
        &place,
        4,
        &with(&commit, &["--from", NOBODY]),
        &["AccessControlUnauthorizedAccount", "hint: "],
    );
    assert!(!place.path("evidence.secret").exists());
    let made = place.json(&local(&commit));
    assert_eq!(
        made["until"].as_u64().unwrap() - made["from"].as_u64().unwrap(),
        3540
    );
    // It may be the only copy.
    fails(&place, 2, &commit, &["evidence.secret exists"]);
    let time = made["timestamp"].to_string();
    assert_eq!(
        made["from"].as_u64().unwrap() - made["timestamp"].as_u64().unwrap(),
        60
    );
    let context = read(&place, &["call", "feed", "context", "oracle", &time], 0);
    prove(&place, "input.json", &context, &[]);
    let submit = [
        "submit",
        "oracle",
        "feed",
        "proof.json",
        "--evidence",
        "@evidence.secret",
    ];
    fails(&place, 4, &submit, &["TooEarly", "hint: wait"]);
    fails(
        &place,
        4,
        &with(&submit, &["--after", "7200"]),
        &["TooLate", "commit again"],
    );
    let round = place.json(&local(&with(&submit, &["--after", "60"])));
    assert_eq!(round["returned"], "1");
    // Other sources' commands say which is the right one.
    fails(
        &place,
        2,
        &[
            "evidence",
            "snapshot",
            "committed",
            "--model",
            "m.verdict",
            "--out",
            "x.hex",
        ],
        &["is no OnChainFeatures", "verdict evidence --help"],
    );
}
