//! Constructor arguments by name: the files of solidity/script/config deploy the same contracts as
//! positional arguments do.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Place,
    chain::with,
    consumer::{ETHER, NOBODY, fails, ok},
    world::{MODEL, TIME, example, world},
};
use serde_json::{Value, json};
use std::fs;

/// The accounts of a chain's file.
fn accounts(place: &Place, chain: &str) -> Value {
    place.read_json(chain)["accounts"].clone()
}

/// Deploys by a configuration on one copy of the chain and by position on another: the same
/// accounts with the same code and storage come of it.
#[track_caller]
fn same(place: &Place, contract: &str, config: &str, positional: &[&str]) {
    for copy in ["a", "b"] {
        fs::copy(place.path("chain.json"), place.path(copy)).unwrap();
        fs::copy(
            place.path("deployments/31337.json"),
            place.path(&format!("{copy}.json")),
        )
        .unwrap();
    }
    let named = ["deploy", "--as", "it", "--config", config, contract];
    place.ok(&with(&named, &["--local", "a", "--deployment", "a.json"]));
    let by_position = with(&["deploy", "--as", "it", contract], positional);
    place.ok(&with(
        &by_position,
        &["--local", "b", "--deployment", "b.json"],
    ));
    assert_eq!(
        place.read_json("a.json"),
        place.read_json("b.json"),
        "{contract}"
    );
    assert_eq!(accounts(place, "a"), accounts(place, "b"), "{contract}");
    assert_ne!(accounts(place, "a"), accounts(place, "chain.json"));
}

#[test]
fn a_source_by_its_example() {
    let place = world();
    let config = example("source.development.json");
    let signers = config["signers"].as_array().unwrap().iter();
    let signers: Vec<&str> = signers.map(|it| it.as_str().unwrap()).collect();
    let (owner, list) = (
        config["owner"].as_str().unwrap(),
        format!("[{}]", signers.join(",")),
    );
    let positional = ["@registry", owner, &list, "2", "5184000"];
    same(&place, "SignedFeatures", "source.json", &positional);
}

/// The model's id and version, as positional arguments name them.
fn model() -> [String; 2] {
    [format!("@{MODEL}.id"), format!("@{MODEL}.version")]
}

#[test]
fn an_oracle_by_its_example_and_by_a_template() {
    let place = world();
    let [id, version] = model();
    place.write("oracle.json", example("oracle.example.json").to_string());
    let zero = format!("0x{}", "0".repeat(64));
    let config = format!(
        "(\"tumour logit\",8,0,{zero},-100000000000,100000000000,100000000,1000,3600,3600,60,7200,600,\
         3600,1024,172800,false)"
    );
    let oracle = [
        "@gateway",
        &id,
        &version,
        "@data-signers",
        &config,
        NOBODY,
        NOBODY,
    ];
    same(&place, "InferenceOracle", "oracle.json", &oracle);
    let toml = place.ok(&["deploy", "--config-template", "InferenceOracle"]);
    place.write(
        "oracle.toml",
        filled(&toml, &example("oracle.example.json")),
    );
    same(&place, "InferenceOracle", "oracle.toml", &oracle);
}

#[test]
fn a_guard_and_its_adapter_by_their_example() {
    let place = world();
    let [id, version] = model();
    place.write("guard.json", example("guard.example.json").to_string());
    same(&place, "PauseForAdapter", "guard.json", &["@vault", NOBODY]);
    let adapter = [
        "deploy",
        "--as",
        "vault-guard-adapter",
        "--config",
        "guard.json",
    ];
    ok(&place, &with(&adapter, &["PauseForAdapter"]));
    let config = format!(
        "(@gateway,{id},{version},0,{},{},@data-signers,true,100,@vault-guard-adapter,21600,3600,600,\
         172800,64800,@token,{},{},{NOBODY},86400,1800)",
        ETHER / 10 * 8,
        ETHER / 100 * 5,
        100 * ETHER,
        25 * ETHER
    );
    let positional = [config.as_str(), NOBODY, "86400", NOBODY, NOBODY];
    same(&place, "FraudPauseGuard", "guard.json", &positional);
}

#[test]
fn an_updater_and_its_source_by_their_example() {
    let place = world();
    let [id, version] = model();
    place.write("risk.json", example("risk.example.json").to_string());
    let updater = ["@market-adapter", NOBODY, "86400", NOBODY];
    same(&place, "RiskParameterUpdater", "risk.json", &updater);
    let bindings = "[(2,0,0,18)]";
    let source = [
        "@gateway",
        &id,
        &version,
        "@market",
        "@data-signers",
        "1800",
        bindings,
    ];
    same(&place, "ModelRiskSource", "risk.json", &source);
}

#[test]
fn an_airdrop_by_its_example() {
    let place = world();
    let [id, version] = model();
    place.write("airdrop.json", example("airdrop.example.json").to_string());
    let day = |days: u64| *TIME + days * 86_400;
    let campaign = format!(
        "(@gateway,@token,{NOBODY},({},{},{},{}),[({id},{version})],[(0,{}),(100,{})],\
         @data-signers,604800)",
        day(20),
        day(10),
        day(40),
        day(50),
        10 * ETHER,
        100 * ETHER
    );
    same(&place, "ScoredAirdrop", "airdrop.json", &[&campaign]);
}

/// A template with a configuration's values in the place of its own.
fn filled(template: &str, values: &Value) -> String {
    let lines = template.lines().map(|line| {
        let (key, rest) = line.split_once(" = ").unwrap_or((line, ""));
        match values.get(key) {
            Some(value) => {
                let comment = rest.split_once(" # ").map_or("", |(_, comment)| comment);
                format!("{key} = {value} # {comment}\n")
            }
            None => format!("{line}\n"),
        }
    });
    lines.collect()
}

#[test]
fn the_other_sources_have_names_too() {
    let place = world();
    let config = json!({
        "name": "committed", "kind": "committed", "admin": NOBODY, "adminDelay": 86400,
        "committer": NOBODY, "minimumAge": 60, "maximumAge": "3600",
    });
    place.write("committed.json", config.to_string());
    let positional = ["@registry", NOBODY, "86400", NOBODY, "60", "3600"];
    same(&place, "CommittedFeatures", "committed.json", &positional);

    // Feeds have defaults, as the script has them; a substitute makes a feed optional.
    let feed = |function: &str| json!({ "target": "market", "data": format!("@{function}()"), "decimals": 18 });
    let mut last = feed("borrowed");
    last["substitute"] = "-5".into();
    last["gasLimit"] = 100_000.into();
    last["isSigned"] = 1.into();
    let config = json!({
        "name": "feeds", "kind": "on-chain", "model": MODEL, "subject": "@market.word",
        "feeds": [feed("price"), feed("supplied"), feed("price"), last],
    });
    place.write("feeds.json", config.to_string());
    let feed = |function: &str| format!("(@market,@{function}(),0,false,18,0,0,0,false,0,false)");
    let feeds = format!(
        "[{0},{1},{0},(@market,@borrowed(),0,true,18,0,0,100000,true,-5,false)]",
        feed("price"),
        feed("supplied")
    );
    let id = format!("@{MODEL}.id");
    same(
        &place,
        "OnChainFeatures",
        "feeds.json",
        &["@registry", &id, "@market.word", &feeds],
    );

    // A kind is a contract's.
    let deploy = ["deploy", "--config", "feeds.json", "SignedFeatures"];
    fails(
        &place,
        3,
        &deploy,
        &["feeds.json: kind: ", "\"signed\"", "deploy OnChainFeatures"],
    );
}

#[test]
fn the_core_is_configured_too() {
    let place = Place::new();
    let config = example("core.development.json");
    place.write("core.json", config.to_string());
    let deploy = ["deploy", "--dev", "--config", "core.json"];
    let named = place.json(&with(&deploy, &["--local", "a", "--deployment", "a.json"]));
    let gateway = &config["gateway"];
    let (admin, guardian) = (
        gateway["admin"].as_str().unwrap(),
        gateway["guardian"].as_str().unwrap(),
    );
    let flags = ["deploy", "--dev", "--admin", admin, "--guardian", guardian];
    let by_flags = place.json(&with(&flags, &["--local", "b", "--deployment", "b.json"]));
    assert_eq!(named["deployment"], by_flags["deployment"]);
    let wrong = |change: &dyn Fn(&mut Value), parts: &[&str]| {
        let mut config = config.clone();
        change(&mut config);
        place.write("wrong.json", config.to_string());
        let deploy = [
            "deploy",
            "--dev",
            "--config",
            "wrong.json",
            "--local",
            "c",
            "--deployment",
            "c.json",
        ];
        place.fails(3, &deploy, parts);
    };
    wrong(
        &|it| it["tauG2"][0] = "0x01".into(),
        &["wrong.json: tauG2: it is another set-up's"],
    );
    wrong(
        &|it| it["gateway"]["owner"] = admin.into(),
        &["wrong.json: unknown field `owner`"],
    );
}
