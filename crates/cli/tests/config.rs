//! Constructor arguments by name: the files of solidity/script/config deploy the same contracts as
//! positional arguments do, and what is wrong with a file is said.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Place,
    chain::with,
    consumer::{ETHER, NOBODY, deploy, fails, ok, registered_as},
};
use serde_json::{Value, json};
use std::{fs, path::Path};

const MODEL: &str = "logreg-breast-cancer";
/// A time after every test.
const TIME: u64 = 4_000_000_000;

/// An example of solidity/script/config with its placeholders replaced, as scripts/deploy-dry-run.sh
/// does it; contracts stay names of the deployment.
fn example(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../solidity/script/config");
    let mut text = fs::read_to_string(Path::new(folder).join(file)).unwrap();
    for who in ["@admin", "@guardian", "@treasury"] {
        text = text.replace(&format!("\"{who}\""), &format!("\"{NOBODY}\""));
    }
    let days = [
        ("batchesUntil", 20),
        ("claimsFrom", 10),
        ("claimsUntil", 40),
        ("sweepFrom", 50),
    ];
    for (name, day) in days {
        let time = TIME + day * 86_400;
        text = text.replace(&format!("\"@{name}\""), &time.to_string());
    }
    text = text.replace("@riskAdapter", "@market-adapter");
    serde_json::from_str(&text).unwrap()
}

/// The core, a model, and what the examples name.
fn world() -> Place {
    let place = Place::new();
    registered_as(&place, MODEL, "oracle", "public", "1");
    for token in ["token", "debt"] {
        deploy(&place, token, &["MockToken"]);
    }
    deploy(&place, "vault", &["EntryVault", "@token", "21600"]);
    let caps = format!(
        "(7500,8000,10500,{},{})",
        1_000_000 * ETHER,
        500_000 * ETHER
    );
    deploy(
        &place,
        "market",
        &["LendingMarket", "@token", "@debt", &caps],
    );
    deploy(&place, "market-adapter", &["LendingMarketAdapter"]);
    let config = example("source.development.json");
    place.write("source.json", config.to_string());
    ok(
        &place,
        &["deploy", "--config", "source.json", "SignedFeatures"],
    );
    place
}

/// The accounts of a chain's file.
fn accounts(place: &Place, chain: &str) -> Value {
    place.read_json(chain)["accounts"].clone()
}

/// Deploys by a configuration on one copy of the chain and by position on another: the same accounts
/// with the same code and storage come of it.
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
fn every_example_deploys_what_its_positional_arguments_do() {
    let place = world();
    let (id, version) = (format!("@{MODEL}.id"), format!("@{MODEL}.version"));
    let (id, version) = (id.as_str(), version.as_str());

    let signers = example("source.development.json")["signers"].clone();
    let signers: Vec<&str> = signers
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let owner = example("source.development.json")["owner"]
        .as_str()
        .unwrap()
        .to_owned();
    let list = format!("[{}]", signers.join(","));
    same(
        &place,
        "SignedFeatures",
        "source.json",
        &["@registry", &owner, &list, "2", "5184000"],
    );

    place.write("oracle.json", example("oracle.example.json").to_string());
    let zero = format!("0x{}", "0".repeat(64));
    let config = format!(
        "(\"tumour logit\",8,0,{zero},-100000000000,100000000000,100000000,1000,3600,60,7200,600,3600,1024,172800,false)"
    );
    let oracle = [
        "@gateway",
        id,
        version,
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

    place.write("guard.json", example("guard.example.json").to_string());
    let adapter = ["@vault", NOBODY];
    same(&place, "PauseForAdapter", "guard.json", &adapter);
    let deployed = [
        "deploy",
        "--as",
        "vault-guard-adapter",
        "--config",
        "guard.json",
        "PauseForAdapter",
    ];
    ok(&place, &deployed);
    let config = format!(
        "(@gateway,{id},{version},0,{},{},@data-signers,true,100,@vault-guard-adapter,21600,3600,172800,64800,@token,{},{NOBODY},86400,1800)",
        ETHER / 10 * 8,
        ETHER / 100 * 5,
        100 * ETHER
    );
    same(
        &place,
        "FraudPauseGuard",
        "guard.json",
        &[&config, NOBODY, "86400", NOBODY, NOBODY],
    );

    place.write("risk.json", example("risk.example.json").to_string());
    let updater = ["@market-adapter", NOBODY, "86400", NOBODY];
    same(&place, "RiskParameterUpdater", "risk.json", &updater);
    let source = [
        "@gateway",
        id,
        version,
        "@market",
        "@data-signers",
        "1800",
        "[(2,0,0,18)]",
    ];
    same(&place, "ModelRiskSource", "risk.json", &source);

    place.write("airdrop.json", example("airdrop.example.json").to_string());
    let day = |days: u64| TIME + days * 86_400;
    let campaign = format!(
        "(@gateway,@token,{NOBODY},({},{},{},{}),[({id},{version})],[(0,{}),(100,{})],@data-signers,604800)",
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
    let feed = |function: &str| format!("(@market,@{function}(),0,false,18,0,0,0,false,0)");
    let feeds = format!(
        "[{0},{1},{0},(@market,@borrowed(),0,true,18,0,0,100000,true,-5)]",
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
fn what_is_wrong_with_a_configuration_is_said() {
    let place = world();
    let refused = |file: &str, contract: &str, change: &dyn Fn(&mut Value), parts: &[&str]| {
        let mut config = example(file);
        change(&mut config);
        place.write("wrong.json", config.to_string());
        let all = [&["wrong.json: "], parts].concat();
        fails(
            &place,
            3,
            &["deploy", "--config", "wrong.json", contract],
            &all,
        );
    };
    let oracle = |change: &dyn Fn(&mut Value), parts: &[&str]| {
        refused("oracle.example.json", "InferenceOracle", change, parts);
    };
    let remove =
        |key: &'static str| move |it: &mut Value| drop(it.as_object_mut().unwrap().remove(key));
    let set = |key: &'static str, value: Value| move |it: &mut Value| it[key] = value.clone();
    oracle(
        &remove("maxMove"),
        &["maxMove: it is missing; expected uint96"],
    );
    oracle(&remove("model"), &["modelId: it is missing", "`model`"]);
    oracle(
        &set("maxMoves", 1.into()),
        &[
            "maxMoves: InferenceOracle has no such field",
            "did you mean `maxMove`?",
        ],
    );
    oracle(
        &set("maxAge", "soon".into()),
        &["maxAge: expected uint24, found \"soon\""],
    );
    oracle(
        &set("maxAge", 16_777_216.into()),
        &["maxAge: expected uint24, found 16777216"],
    );
    oracle(
        &set("maxMove", json!(1.5)),
        &["maxMove: expected uint96", "as text"],
    );
    oracle(
        &set("followsLatest", "no".into()),
        &["followsLatest: expected bool"],
    );
    oracle(
        &set("description", 8.into()),
        &["description: expected string, found 8"],
    );
    oracle(
        &set("owner", "@nobody".into()),
        &["owner: expected address", "`nobody` is no address"],
    );
    oracle(
        &set("source", json!([])),
        &["source: expected address (IFeatureSource), found a list"],
    );
    oracle(
        &set("model", "unheard-of".into()),
        &["model: expected uint256", "unheard-of"],
    );
    oracle(
        &set("name", "Not A Name".into()),
        &["name: expected lower-case letters"],
    );
    let risk = |change: &dyn Fn(&mut Value), parts: &[&str]| {
        refused("risk.example.json", "ModelRiskSource", change, parts);
    };
    risk(
        &|it| it["bindings"][0]["parameter"] = "interest".into(),
        &["bindings[0].parameter: expected uint8, one of collateralFactor, loanToValue"],
    );
    risk(
        &|it| it["bindings"][0]["digits"] = 3.into(),
        &["bindings[0].digits: RiskBinding has no such field"],
    );
    risk(
        &|it| it["bindings"] = "all".into(),
        &["bindings: expected RiskBinding[], found \"all\""],
    );
    let guard = |parts: &[&str]| {
        refused("guard.example.json", "FraudPauseGuard", &|_| {}, parts);
    };
    guard(&[
        "target: expected address (IPauseAdapter)",
        "vault-guard-adapter",
    ]);

    let local = |arguments: &[&str], code, parts: &[&str]| fails(&place, code, arguments, parts);
    place.write("no.json", "[1]");
    local(
        &["deploy", "--config", "no.json", "InferenceOracle"],
        3,
        &["no.json: expected named fields in JSON"],
    );
    place.write("no.toml", "a = ");
    local(
        &["deploy", "--config", "no.toml", "InferenceOracle"],
        3,
        &["no.toml: expected named fields in TOML"],
    );
    local(
        &["deploy", "--config", "nowhere.json", "InferenceOracle"],
        6,
        &["nowhere.json"],
    );
    place.write("unnamed.json", "{}");
    local(
        &["deploy", "--config", "unnamed.json", "InferenceOracle"],
        2,
        &["--as NAME"],
    );
    local(&["deploy", "InferenceOracle"], 2, &["--as NAME"]);
    // Positional arguments are told by name, too.
    let zero = format!("0x{}", "0".repeat(64));
    let config = format!("(\"x\",8,0,{zero},1,2,3,4,5,6,7,8,9,10,11,never)");
    let all = [
        "deploy",
        "--as",
        "x",
        "InferenceOracle",
        "@gateway",
        "1",
        "1",
        "@data-signers",
        &config,
        NOBODY,
        NOBODY,
    ];
    local(
        &all,
        2,
        &["`never` is no bool (argument `config_.followsLatest`)"],
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
