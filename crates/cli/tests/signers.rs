//! Who signs: key files, keystores, what is wrong with them; and that no secret is ever shown.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Place,
    chain::{Anvil, KEY, with},
};
use serde_json::Value;

/// The account of [`KEY`].
const ACCOUNT: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const PASSWORD: &str = "correct horse";
/// As geth writes it with `--lightkdf`: of [`KEY`], under [`PASSWORD`].
const KEYSTORE: &str = include_str!("fixtures/keystore.json");

/// Of a key that is none.
const BAD: &str = "expected 32 bytes in hexadecimal";

/// A folder with every kind of signer.
fn place() -> Place {
    let place = Place::new();
    place.write("key", format!("{KEY}\n"));
    place.write("bare.key", KEY.trim_start_matches("0x"));
    place.write("keystore.json", KEYSTORE);
    place.write("password", format!("{PASSWORD}\r\n"));
    place.write("wrong", "incorrect donkey\n");
    place
}

/// Runs with everything logged; returns the exit code and all that was said.
fn loud(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = place.run(arguments);
    let done = command.env("RUST_LOG", "trace").assert();
    let output = done.get_output();
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Neither the key nor a password is in it.
#[track_caller]
fn is_silent(said: &str) {
    let lower = said.to_lowercase();
    // Parts of the key, too.
    for part in [&KEY[2..18], &KEY[34..50], &KEY[50..]] {
        assert!(!lower.contains(part), "{said}");
    }
    for password in [PASSWORD, "incorrect donkey"] {
        assert!(!lower.contains(password), "{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn every_kind_of_signer_opens() {
    let place = place();
    for signer in [
        &["--private-key", KEY][..],
        &["--private-key-file", "key"],
        &["--private-key-file", "bare.key"],
        &["--keystore", "keystore.json", "--password-file", "password"],
    ] {
        let (code, said) = loud(&place, &with(&["--json", "address"], signer));
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&ACCOUNT.to_lowercase()), "{said}");
        is_silent(&said);
    }
    let mut command = place.run(&["address"]);
    let done = command.env("VERDICT_PRIVATE_KEY", KEY).assert().success();
    let said = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert_eq!(said.trim(), ACCOUNT);
}

#[test]
fn what_is_wrong_with_a_signer_is_said_without_the_secret() {
    let place = place();
    // A key with a letter too few, one that is no hexadecimal, one beyond the curve's order, zero.
    place.write("short.key", &KEY[..65]);
    place.write("letters.key", KEY.replace("ac0974", "xyz974"));
    place.write("large.key", "ff".repeat(32));
    place.write("zero.key", "00".repeat(32));
    // A key where a keystore should be, also in quotes, and keystores that are damaged.
    place.write("quoted.json", format!("\"{KEY}\""));
    let keystore: Value = serde_json::from_str(KEYSTORE).unwrap();
    let damaged = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut keystore = keystore.clone();
        change(&mut keystore);
        place.write(name, keystore.to_string());
    };
    let derivation = |name: &'static str, value: u64| {
        move |it: &mut Value| it["crypto"]["kdfparams"][name] = value.into()
    };
    damaged("dklen.json", &derivation("dklen", 8));
    damaged("n.json", &derivation("n", 1 << 31));
    damaged("odd.json", &derivation("n", 4097));
    damaged("r.json", &derivation("r", 0));
    damaged("p.json", &derivation("p", 0));
    damaged("iv.json", &|it| {
        it["crypto"]["cipherparams"]["iv"] = "00".into()
    });
    damaged("cipher.json", &|it| {
        it["crypto"]["cipher"] = "aes-256-gcm".into()
    });
    damaged("mac.json", &|it| {
        it["crypto"]["mac"] = "00".repeat(32).into()
    });
    damaged("text.json", &|it| it["crypto"]["ciphertext"] = "zz".into());
    damaged("version.json", &|it| it["version"] = 4.into());

    fn stored(file: &str) -> Vec<&str> {
        vec!["--keystore", file, "--password-file", "password"]
    }
    let cases: Vec<(Vec<&str>, i32, &[&str])> = vec![
        (
            vec!["--private-key-file", "short.key"],
            3,
            &["short.key", BAD],
        ),
        (
            vec!["--private-key-file", "letters.key"],
            3,
            &["letters.key", BAD],
        ),
        (vec!["--private-key-file", "large.key"], 3, &["large.key"]),
        (vec!["--private-key-file", "zero.key"], 3, &["zero.key"]),
        (
            vec!["--private-key-file", "keystore.json"],
            3,
            &["keystore.json", BAD, "--keystore"],
        ),
        (
            vec!["--private-key-file", "nowhere"],
            6,
            &["nowhere", "hint: check the path"],
        ),
        (
            vec!["--private-key", &KEY[..40]],
            3,
            &["the private key", BAD],
        ),
        (
            vec!["--keystore", "keystore.json", "--password-file", "wrong"],
            3,
            &["password is wrong", "--password-file"],
        ),
        (
            vec!["--keystore", "keystore.json", "--password-file", "nowhere"],
            6,
            &["nowhere", "hint: check the path"],
        ),
        (vec!["--keystore", "keystore.json"], 2, &["--password-file"]),
        (
            vec!["--keystore", "nowhere", "--password-file", "password"],
            6,
            &["nowhere"],
        ),
        (
            vec!["--keystore", "key", "--password-file", "password"],
            3,
            &["no keystore", "--private-key-file"],
        ),
        (stored("quoted.json"), 3, &["no keystore", "line 1"]),
        (stored("dklen.json"), 3, &["key derivation"]),
        (stored("n.json"), 3, &["key derivation"]),
        (stored("odd.json"), 3, &["key derivation"]),
        (stored("r.json"), 3, &["keystore r.json"]),
        (stored("p.json"), 3, &["keystore p.json"]),
        (stored("iv.json"), 3, &["key derivation"]),
        (stored("cipher.json"), 3, &["aes-128-ctr"]),
        (stored("mac.json"), 3, &["password is wrong"]),
        (stored("text.json"), 3, &["damaged"]),
        (stored("version.json"), 3, &["version 3"]),
        (
            vec![
                "--private-key",
                KEY,
                "--keystore",
                "keystore.json",
                "--password-file",
                "password",
            ],
            2,
            &["cannot be used with"],
        ),
        (vec!["--ledger"], 3, &["Ledger"]),
        (vec![], 2, &["needs a signer"]),
    ];
    for (signer, expected, parts) in cases {
        let (code, said) = loud(&place, &with(&["address"], &signer));
        assert_eq!(code, Some(expected), "{signer:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{signer:?}: `{part}` is not in {said}");
        }
        is_silent(&said);
    }
}

#[test]
fn transactions_are_signed_with_each_and_nothing_leaks() {
    let Some(anvil) = Anvil::start() else { return };
    let place = place();
    let rpc = ["--rpc", &anvil.url];
    let deploy = with(&["-vv", "deploy", "--dev"], &rpc);
    let stored = ["--keystore", "keystore.json", "--password-file", "password"];
    let (code, said) = loud(&place, &with(&deploy, &stored));
    assert_eq!(code, Some(0), "{said}");
    is_silent(&said);
    let file = ["--private-key-file", "key"];
    let token = with(&["deploy", "--as", "token", "MockToken"], &rpc);
    let (code, said) = loud(&place, &with(&token, &file));
    assert_eq!(code, Some(0), "{said}");
    is_silent(&said);
    let mint = with(&["call", "token", "mint", "@sender", "7", "--send"], &rpc);
    let (code, said) = loud(&place, &with(&mint, &["--private-key", KEY]));
    assert_eq!(code, Some(0), "{said}");
    is_silent(&said);
    let balance = with(&["call", "token", "balanceOf", ACCOUNT], &rpc);
    assert_eq!(place.json(&balance)["answers"][0]["value"], "7");

    // Nothing is sent by one who can't sign.
    let wrong = ["--keystore", "keystore.json", "--password-file", "wrong"];
    for (signer, expected) in [
        (&wrong[..], 3),
        (&["--private-key", &KEY[..64]], 3),
        (&[], 2),
    ] {
        let (code, said) = loud(&place, &with(&mint, signer));
        assert_eq!(code, Some(expected), "{said}");
        is_silent(&said);
    }
    assert_eq!(place.json(&balance)["answers"][0]["value"], "7");
    let unlocked = with(&["call", "token", "mint", "@sender", "1"], &rpc);
    place.fails(2, &unlocked, &["needs a signer"]);
}
