//! What an operator can write wrongly, and what is said of it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::PathBuf;
use verdict_relayer::config::{Config, schema};

const GOOD: &str = r#"
[chain]
id = 31337
endpoints = ["http://user:secret-in-url@127.0.0.1:8545/v3/secret-in-path"]
deployment = "deployment.json"

[database]
url = "sqlite:relayer.db"

[signers.main]
private-key = { env = "SENDER" }

[models.price]
path = "price.verdict"

[jobs.eth]
consumer = "oracle"
contract = "eth"
model = "price"
signer = "main"
triggers = [{ on = "interval", every = "1h" }]
features = [{ name = "price", from = [{ source = "http", url = "http://127.0.0.1:1/", pointer = "/p" }] }]
evidence = { kind = "signed", signers = ["http://127.0.0.1:2"] }
policy = { max-fee = "30 gwei" }
"#;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, PathBuf::from("/nowhere")).map_err(|error| error.to_string())
}

#[test]
fn each_mistake_is_named_with_what_to_do() {
    parse(GOOD).unwrap();
    for (good, bad, said) in [
        ("consumer = ", "consumre = ", "did you mean `consumer`"),
        ("\"oracle\"", "\"orcale\"", "did you mean `oracle`"),
        (
            "on = \"interval\"",
            "on = \"intervall\"",
            "did you mean `interval`",
        ),
        (
            "source = \"http\"",
            "source = \"htpp\"",
            "did you mean `http`",
        ),
        ("max-fee", "max_fee", "did you mean `max-fee`"),
        ("\"30 gwei\"", "\"30\"", "no price of gas"),
        ("\"1h\"", "\"soon\"", "no length of time"),
        ("\"1h\"", "\"0\"", "at least 1s"),
        (
            "model = \"price\"",
            "model = \"pirce\"",
            "did you mean `price`",
        ),
        (
            "signer = \"main\"",
            "signer = \"mian\"",
            "did you mean `main`",
        ),
        (
            "id = 31337",
            "id = 31337\nquorum = 2",
            "2 of 1 nodes cannot agree",
        ),
        (
            "id = 31337",
            "id = 31337\nconfirmations = 0",
            "chain.confirmations",
        ),
        (
            "[database]",
            "[service]\nlisten = \"0.0.0.0:1\"\n[database]",
            "give a token",
        ),
        (
            "kind = \"signed\", signers = [\"http://127.0.0.1:2\"]",
            "kind = \"live\"",
            "the contract's source reads the inputs itself",
        ),
        (
            "pointer = \"/p\" }]",
            "pointer = \"/p\" }], quorum = 2",
            "2 of 1 readings cannot agree",
        ),
        (
            "triggers = [{ on = \"interval\", every = \"1h\" }]",
            "triggers = []",
            "nothing would ever happen",
        ),
        (
            "on = \"interval\", every = \"1h\"",
            "on = \"cron\", schedule = \"whenever\"",
            "cron.schedule",
        ),
        (
            "on = \"interval\", every = \"1h\"",
            "on = \"feature\", name = \"prise\", above = 1.0, every = \"1s\"",
            "did you mean `price`",
        ),
        (
            "on = \"interval\", every = \"1h\"",
            "on = \"event\", contract = \"eth\", event = \"Transfer(\"",
            "event.event",
        ),
        (
            "policy = { max-fee = \"30 gwei\" }",
            "policy = { bump-percent = 5 }",
            "less than 10 %",
        ),
        (
            "policy = { max-fee = \"30 gwei\" }",
            "policy = { priority-fee = \"900 gwei\" }",
            "more than policy.max-fee",
        ),
    ] {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good}");
        let error = parse(&text).expect_err(bad);
        assert!(error.contains(said), "{bad}: {error}");
    }
}

#[test]
fn secrets_are_in_no_text_of_ours() {
    let config = parse(GOOD).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("secret"), "{shown}");
    // A key that is written into the file is refused, and not repeated.
    let key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let text = GOOD.replace("{ env = \"SENDER\" }", &format!("{key:?}"));
    let config = parse(&text).unwrap();
    let error = config.signers["main"]
        .source(&config.folder)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("does not belong into the configuration"),
        "{error}"
    );
    assert!(!error.contains(&key[2..]) && !format!("{config:?}").contains(&key[2..]));
    // One that is not there is named.
    let config = parse(GOOD).unwrap();
    let error = config.signers["main"]
        .source(&config.folder)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no variable SENDER"), "{error}");
}

#[test]
fn the_schema_knows_every_table() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    for table in [
        "chain", "database", "service", "prover", "signers", "models", "jobs", "signerd",
    ] {
        assert!(schema["properties"][table].is_object(), "{table}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

/// Whatever a file holds, it is a configuration or an error.
#[test]
fn no_text_makes_it_panic() {
    let bytes = GOOD.as_bytes();
    let mut state = 7u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut good = 0;
    for _ in 0..3_000 {
        let mut text = bytes.to_vec();
        for _ in 0..=next(3) {
            let place = next(text.len());
            match next(3) {
                0 => drop(text.remove(place)),
                1 => text[place] = b"\"[]{}=.-0129aeu\n "[next(17)],
                _ => text.splice(place..place, *b"[x]").for_each(drop),
            }
        }
        good += usize::from(parse(&String::from_utf8_lossy(&text)).is_ok());
    }
    assert!(good > 0);
}

#[test]
fn what_is_different_is_said_and_what_takes_a_restart_is_refused() {
    let old = parse(GOOD).unwrap();
    let new = parse(&GOOD.replace("\"1h\"", "\"2h\"")).unwrap();
    assert_eq!(old.differences(&new).unwrap(), ["~ jobs.eth"]);
    let new = parse(&GOOD.replace("http://127.0.0.1:2", "http://127.0.0.1:3")).unwrap();
    assert_eq!(old.differences(&new).unwrap(), ["~ jobs.eth"]);
    assert!(old.differences(&old).unwrap().is_empty());
    let new = parse(&GOOD.replace("sqlite:relayer.db", "sqlite:other.db")).unwrap();
    let error = old.differences(&new).unwrap_err().to_string();
    assert!(
        error.contains("database: another one takes a restart"),
        "{error}"
    );
}
