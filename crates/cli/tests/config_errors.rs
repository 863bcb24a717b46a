//! What is wrong with a configuration, with positional arguments or with a function's name is said.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Place,
    chain::with,
    consumer::{NOBODY, fails, ok},
    world::{example, world},
};
use serde_json::{Value, json};
use std::fs;

/// An example that was changed is refused.
#[track_caller]
fn refused(place: &Place, file: &str, contract: &str, change: &dyn Fn(&mut Value), part: &str) {
    let mut config = example(file);
    change(&mut config);
    place.write("wrong.json", config.to_string());
    let deploy = ["deploy", "--config", "wrong.json", contract];
    fails(place, 3, &deploy, &["wrong.json: ", part]);
}

#[test]
fn a_field_that_is_wrong_is_named() {
    let place = world();
    let oracle = |change: &dyn Fn(&mut Value), part: &str| {
        refused(
            &place,
            "oracle.example.json",
            "InferenceOracle",
            change,
            part,
        );
    };
    for (key, part) in [
        ("maxMove", "maxMove: it is missing; expected uint96"),
        (
            "model",
            "modelId: it is missing; expected uint256, or `model`: the model's name",
        ),
    ] {
        oracle(&|it| drop(it.as_object_mut().unwrap().remove(key)), part);
    }
    for (key, value, part) in [
        (
            "maxMoves",
            json!(1),
            "maxMoves: InferenceOracle has no such field; did you mean `maxMove`?",
        ),
        (
            "maxAge",
            json!("soon"),
            "maxAge: expected uint24, found \"soon\"",
        ),
        (
            "maxAge",
            json!(16_777_216),
            "maxAge: expected uint24, found 16777216",
        ),
        (
            "maxMove",
            json!(1.5),
            "maxMove: expected uint96, found 1.5; write large numbers as text",
        ),
        ("followsLatest", json!("no"), "followsLatest: expected bool"),
        (
            "description",
            json!(8),
            "description: expected string, found 8",
        ),
        (
            "owner",
            json!("@nobody"),
            "owner: expected address, found \"@nobody\": `nobody` is no address",
        ),
        (
            "source",
            json!([]),
            "source: expected address (IFeatureSource), found a list",
        ),
        (
            "model",
            json!("unheard-of"),
            "model: expected uint256, found \"@unheard-of.id\"",
        ),
        (
            "name",
            json!("Not A Name"),
            "name: expected lower-case letters",
        ),
    ] {
        oracle(&|it| it[key] = value.clone(), part);
    }
}

#[test]
fn a_field_within_fields_is_named() {
    let place = world();
    let risk = |change: &dyn Fn(&mut Value), part: &str| {
        refused(&place, "risk.example.json", "ModelRiskSource", change, part);
    };
    risk(
        &|it| it["bindings"][0]["parameter"] = "interest".into(),
        "bindings[0].parameter: expected uint8, one of collateralFactor, loanToValue",
    );
    risk(
        &|it| it["bindings"][0]["digits"] = 3.into(),
        "bindings[0].digits: RiskBinding has no such field",
    );
    risk(
        &|it| it["bindings"] = "all".into(),
        "bindings: expected RiskBinding[], found \"all\"",
    );
    // Nobody deployed the guard's adapter.
    let part = "target: expected address (IPauseAdapter), found \"@vault-guard-adapter\"";
    refused(
        &place,
        "guard.example.json",
        "FraudPauseGuard",
        &|_| {},
        part,
    );
}

#[test]
fn a_file_that_is_no_configuration_is_refused() {
    let place = world();
    let deploy = |file: &str, code: i32, part: &str| {
        fails(
            &place,
            code,
            &["deploy", "--config", file, "InferenceOracle"],
            &[part],
        );
    };
    place.write("no.json", "[1]");
    deploy("no.json", 3, "no.json: expected named fields in JSON");
    place.write("no.toml", "a = ");
    deploy("no.toml", 3, "no.toml: expected named fields in TOML");
    deploy("nowhere.json", 6, "nowhere.json");
    place.write("unnamed.json", "{}");
    deploy("unnamed.json", 2, "--as NAME");
    fails(&place, 2, &["deploy", "InferenceOracle"], &["--as NAME"]);
    // Positional arguments are told by name, too.
    let zero = format!("0x{}", "0".repeat(64));
    let config = format!("(\"x\",8,0,{zero},1,2,3,4,5,6,7,8,9,10,11,12,never)");
    let oracle = [
        "deploy",
        "--as",
        "x",
        "InferenceOracle",
        "@gateway",
        "1",
        "1",
        "@data-signers",
    ];
    let part = "`never` is no bool (argument `config_.followsLatest`)";
    fails(
        &place,
        2,
        &with(&oracle, &[&config, NOBODY, NOBODY]),
        &[part],
    );
}

#[test]
fn a_contract_of_ones_own_is_deployed() {
    let place = world();
    let code = "0x600a600c600039600a6000f3602a60805260206080f3";
    let artifact = json!({
        "abi": [{ "type": "function", "name": "answer", "inputs": [], "stateMutability": "view",
                  "outputs": [{ "name": "", "type": "uint256" }] }],
        "bytecode": { "object": code, "linkReferences": {} },
    });
    place.write("Answer.json", artifact.to_string());
    ok(
        &place,
        &[
            "deploy",
            "--as",
            "mine",
            "--artifact",
            "Answer.json",
            "Answer",
        ],
    );
    assert!(ok(&place, &["call", "mine", "answer()(uint256)"]).starts_with("42"));
    place.write("Broken.json", "{}");
    let broken = [
        "deploy",
        "--as",
        "more",
        "--artifact",
        "Broken.json",
        "Answer",
    ];
    fails(
        &place,
        3,
        &broken,
        &["Broken.json is no contract that forge compiled"],
    );
}

#[test]
fn functions_and_answers_have_names() {
    let place = world();
    let said = &["SignedFeatures has no such function; there are signers, signerSet"];
    fails(&place, 2, &["call", "data-signers", "signer"], said);
    fails(
        &place,
        2,
        &["call", "gateway", "verify"],
        &["verify(bytes32 pin"],
    );
    place.write("oracle.json", example("oracle.example.json").to_string());
    ok(
        &place,
        &["deploy", "--config", "oracle.json", "InferenceOracle"],
    );
    let said = ok(&place, &["call", "score-feed", "config"]);
    assert!(
        said.contains("decimals: 8") && said.contains("maxMove: 100000000"),
        "{said}"
    );
    // A file where bytes should be.
    place.write("evidence.hex", "0x00");
    place.write(
        "proof.json",
        fs::read(common::vector("consumers", "oracle.json")).unwrap(),
    );
    let submit = [
        "submit",
        "oracle",
        "score-feed",
        "proof.json",
        "--evidence",
        "evidence.hex",
    ];
    fails(
        &place,
        3,
        &submit,
        &["`evidence.hex` is a file: write @evidence.hex"],
    );
}
