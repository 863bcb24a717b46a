//! From a model to a contract that acts on it: deploy, register, prove, submit, call; on an
//! embedded chain, and on anvil behind an RPC.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::{
    Place,
    chain::{Anvil, KEY, ZERO, answer, with},
    vector,
};
use serde_json::Value;

fn compile(place: &Place, out: &str, bits: &str) {
    let (onnx, data) = (
        vector("consumers/oracle", "model.onnx"),
        vector("consumers/oracle", "calibration.npz"),
    );
    let options = [
        "--input",
        "public",
        "--optimize",
        "time",
        "--table-bits",
        bits,
    ];
    let compile = ["compile", &onnx, "--calibration", &data, "--out", out];
    place.ok(&with(&compile, &options));
}

fn prove(place: &Place, context: &str, out: &str) {
    place.ok(&[
        "prove",
        "m.verdict",
        "--input",
        "input.json",
        "--context",
        context,
        "--dev",
        "--optimize",
        "time",
        "--out",
        out,
    ]);
}

/// Everything up to the first round of an oracle; returns the deployment.
fn first_round(place: &Place, chain: &[&str]) -> Value {
    compile(place, "m.verdict", "11");
    // 172,800 s with two decimals, and the number of models: what the registry says of itself
    // stands in for prices.
    place.write("input.json", r#"{"input_data": [[1728, 1728, 1728, 1]]}"#);

    let deployed = place.json(&with(&["deploy", "--dev"], chain));
    assert_eq!(deployed["development_setup"], true);
    assert_eq!(deployed["route_added"], true);
    let gas = |step: &Value| step["gas"].as_u64().unwrap();
    assert!(
        deployed["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| gas(step) > 20_000)
    );
    place.fails(
        2,
        &with(&["deploy", "--dev"], chain),
        &["exists", "--deployment"],
    );

    let register = [
        "register",
        "m.verdict",
        "--name",
        "price",
        "--dev",
        "--optimize",
        "time",
    ];
    let registered = place.json(&with(&register, chain));
    assert_eq!(registered["model"]["modelId"], 1);
    place.fails(2, &with(&register, chain), &["already", "--update"]);
    let file = place.read_json("deployments/31337.json");
    assert_eq!(file["models"]["price"], registered["model"]);
    let core = |name: &str| file["core"][name].as_str().unwrap().to_string();

    let (registry, gateway) = (core("registry"), core("gateway"));
    let feed = |function: &str, decimals: u8| {
        let hash = alloy_primitives::keccak256(function);
        let selector = alloy_primitives::hex::encode_prefixed(&hash[..4]);
        format!("({registry},{selector},0,false,{decimals},0,0,0,false,0,false)")
    };
    let (price, count) = (feed("minimumDelay()", 2), feed("modelCount()", 0));
    let feeds = format!("[{price},{price},{price},{count}]");
    let deploy = [
        "deploy",
        "--as",
        "feeds",
        "OnChainFeatures",
        &registry,
        "1",
        ZERO,
        &feeds,
    ];
    let source = place.json(&with(&deploy, chain));
    let source = source["deployment"]["sources"]["feeds"]["address"]
        .as_str()
        .unwrap()
        .to_string();
    place.ok(&with(&["call", "feeds", "prepare", "1", "--send"], chain));

    let config = format!(
        "(\"fair price\",8,0,{ZERO},10000000000,1000000000000,100000000,1000,3600,3600,60,7200,600,3600,16,172800,false)"
    );
    let owner = "0x00000000000000000000000000000000000000aa";
    let deploy = [
        "deploy",
        "--as",
        "price-feed",
        "InferenceOracle",
        &gateway,
        "1",
        "1",
        &source,
        &config,
        owner,
        owner,
    ];
    place.ok(&with(&deploy, chain));
    place.fails(
        4,
        &with(&["call", "price-feed", "latestRoundData"], chain),
        &["NoRound", "hint: "],
    );

    let context = answer(
        place,
        &["call", "price-feed", "context", "oracle"],
        chain,
        0,
    );
    prove(place, &context, "p.json");
    let submitted = place.json(&with(&["submit", "oracle", "price-feed", "p.json"], chain));
    assert_eq!(
        (&submitted["returned"], &submitted["meaning"]),
        (&"1".into(), &"round".into())
    );
    let round = answer(place, &["call", "price-feed", "latestRoundData"], chain, 0);
    assert_eq!(round, "1");
    let price: f64 = answer(place, &["call", "price-feed", "latestRoundData"], chain, 1)
        .parse()
        .unwrap();
    assert!((price / 1e8 - 1728.0).abs() < 50.0, "{price}");
    let said = place.ok(&with(&["call", "price-feed", "latestRoundData"], chain));
    let names = [
        "roundId",
        "answer",
        "startedAt",
        "updatedAt",
        "answeredInRound",
    ];
    assert!(names.iter().all(|name| said.contains(name)), "{said}");

    // A proof of inputs from some time, where they are read live. These must be of a later second
    // than the round's.
    let timed = answer(
        place,
        &["call", "price-feed", "context", "oracle", "1"],
        chain,
        0,
    );
    prove(place, &timed, "timed.json");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let again = with(&["submit", "oracle", "price-feed", "timed.json"], chain);
    let said = [
        timed.as_str(),
        &context,
        "bound to the context",
        "prove again",
    ];
    place.fails(4, &again, &said);
    file
}

#[test]
fn the_whole_story_on_an_embedded_chain() {
    let place = Place::new();
    let chain = ["--local", "chain.json"];
    first_round(&place, &chain);

    // Another version, announced two days before.
    compile(&place, "better.verdict", "12");
    let register = [
        "register",
        "better.verdict",
        "--name",
        "price",
        "--dev",
        "--optimize",
        "time",
        "--update",
    ];
    let proposed = place.json(&with(&register, &chain));
    assert_eq!(
        (&proposed["done"], &proposed["version"]),
        (&"proposed".into(), &2.into())
    );
    let execute = ["register", "--execute", "--name", "price"];
    place.fails(
        4,
        &with(&execute, &chain),
        &["UpdateNotReady", "hint: wait"],
    );
    let later = with(&with(&execute, &["--after", "172800"]), &chain);
    assert_eq!(place.json(&later)["model"]["version"], 2);
    let model = place.json(&with(&["call", "registry", "model", "price"], &chain));
    let version = model["answers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "version");
    assert_eq!(version.unwrap()["value"], "2");

    // The oracle's owner alone may resume it.
    place.fails(
        4,
        &with(&["call", "price-feed", "unpause", "--send"], &chain),
        &["OwnableUnauthorizedAccount"],
    );
    let stale = with(&["call", "price-feed", "isStale"], &chain);
    assert_eq!(place.json(&stale)["answers"][0]["value"], true);
    let signature = "balanceOf(address)(uint256)";
    let nobody = "0x00000000000000000000000000000000000000bb";
    place.fails(
        2,
        &with(&["call", nobody, "decimals()(uint8)"], &chain),
        &["nothing came back"],
    );
    place.fails(
        2,
        &with(&["call", nobody, signature], &chain),
        &["takes 1 arguments"],
    );
    assert!(
        place
            .ok(&with(&["call", "price-feed", "description"], &chain))
            .contains("fair price")
    );
}

#[test]
fn what_is_missing_is_said() {
    let place = Place::new();
    place.fails(2, &["deploy", "--dev"], &["--rpc", "--local"]);
    // What the environment has gives way to the command line.
    let mut command = place.run(&[
        "deploy",
        "--dev",
        "--local",
        "other.json",
        "--deployment",
        "other/addresses.json",
    ]);
    let command = command
        .env("VERDICT_RPC_URL", "http://127.0.0.1:1")
        .env("VERDICT_PRIVATE_KEY", "nonsense");
    command.assert().success();
    place.fails(
        2,
        &[
            "call",
            "registry",
            "modelCount",
            "--local",
            "c.json",
            "--rpc",
            "http://x",
        ],
        &["cannot be used with"],
    );
    place.fails(
        6,
        &["call", "registry", "modelCount", "--local", "c.json"],
        &["there is no chain in c.json", "hint: check the path"],
    );
    // Nothing is left behind beside a file of another name.
    assert!(!place.path("c.json.lock").exists());
    // What nobody deployed is said so, where a chain was begun without it.
    place.ok(&["deploy", "--dev", "--local", "c.json"]);
    place.fails(
        6,
        &[
            "call",
            "registry",
            "modelCount",
            "--local",
            "c.json",
            "--deployment",
            "elsewhere.json",
        ],
        &["elsewhere.json", "hint: `verdict deploy` puts"],
    );
    let mut second = place.run(&["--json", "deploy", "--dev", "--local", "d.json"]);
    let second = second.assert().success();
    let second: Value = serde_json::from_slice(&second.get_output().stdout).unwrap();
    // A second chain in the folder gets an id, and so a file, of its own.
    assert_eq!(second["chain_id"], 31_338);
    assert!(place.path("deployments/31338.json").exists());
    place.fails(
        6,
        &["call", ZERO, "modelCount", "--rpc", "http://127.0.0.1:1"],
        &["127.0.0.1:1", "check the URL"],
    );
    place.fails(
        6,
        &["deploy", "--dev", "--rpc", "not a url"],
        &["not a URL"],
    );
    place.write("chain.json", "{}");
    place.fails(
        3,
        &["deploy", "--dev", "--local", "chain.json"],
        &["chain.json", "is not a chain"],
    );
    for command in ["deploy", "register", "submit", "call"] {
        assert!(
            place.ok(&[command, "--help"]).contains("Examples:"),
            "{command}"
        );
    }
}

#[test]
fn every_consumer_tells_its_story() {
    let place = Place::new();
    let stories = place.json(&["demo", "--all"]);
    let stories = stories.as_array().unwrap();
    let names: Vec<&str> = stories
        .iter()
        .map(|it| it["consumer"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["oracle", "risk", "guard", "airdrop"]);
    for story in stories {
        assert_eq!(story["ok"], true, "{story}");
        assert!(story["gas"].as_u64().unwrap() > 100_000);
        assert!(story["rejected"].as_array().unwrap().len() > 3);
    }
}

#[test]
fn the_same_story_behind_an_rpc() {
    let Some(anvil) = Anvil::start() else { return };
    let place = Place::new();
    let chain = ["--rpc", &anvil.url, "--private-key", KEY];
    let file = first_round(&place, &chain);
    place.fails(
        2,
        &[
            "call", "feeds", "prepare", "1", "--send", "--rpc", &anvil.url,
        ],
        &["needs a signer"],
    );
    place.fails(
        4,
        &with(&["register", "--execute", "--name", "price"], &chain),
        &["NoUpdatePending"],
    );

    // The same addresses as everywhere: they depend on nothing but code and settings.
    let local = Place::new();
    let deployed = local.json(&[
        "deploy",
        "--dev",
        "--local",
        "chain.json",
        "--from",
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    ]);
    let core = &deployed["deployment"]["core"];
    for name in ["verifier", "verifyingKeys", "registry", "gateway"] {
        assert_eq!(core[name], file["core"][name], "{name}");
    }
}
