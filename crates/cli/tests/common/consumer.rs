//! What consumers' stories on a `--local` chain share.

use super::{
    Place,
    chain::{answer, with},
};
use serde_json::Value;

pub const CHAIN: [&str; 2] = ["--local", "chain.json"];
pub const NOBODY: &str = "0x00000000000000000000000000000000000000aa";
pub const ZERO_ADDRESS: &str = "0x0000000000000000000000000000000000000000";
pub const ETHER: u128 = 1_000_000_000_000_000_000;

pub fn local<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    with(arguments, &CHAIN)
}

pub fn ok(place: &Place, arguments: &[&str]) -> String {
    place.ok(&local(arguments))
}

#[track_caller]
pub fn fails(place: &Place, code: i32, arguments: &[&str], parts: &[&str]) {
    place.fails(code, &local(arguments), parts);
}

pub fn read(place: &Place, arguments: &[&str], position: usize) -> String {
    answer(place, arguments, &CHAIN, position)
}

/// Sends a call.
pub fn send(place: &Place, arguments: &[&str]) {
    ok(place, &with(&with(&["call"], arguments), &["--send"]));
}

pub fn deploy(place: &Place, name: &str, arguments: &[&str]) {
    ok(place, &with(&["deploy", "--as", name], arguments));
}

/// Compiles one of the consumers' models, deploys the core, registers it as `model`.
pub fn registered(place: &Place, model: &str, visibility: &str, batch: &str) {
    registered_as(place, "model", model, visibility, batch);
}

/// The same under another name.
pub fn registered_as(place: &Place, name: &str, model: &str, visibility: &str, batch: &str) {
    let model = format!("consumers/{model}");
    let how = [
        "--input",
        visibility,
        "--optimize",
        "time",
        "--table-bits",
        "10",
    ];
    place.compile_to("m.verdict", &model, &how);
    ok(place, &["deploy", "--dev"]);
    ok(
        place,
        &[
            "register",
            "m.verdict",
            "--name",
            name,
            "--dev",
            "--batch",
            batch,
        ],
    );
}

/// What `context` answers: the context, and what belongs to it.
pub fn context(place: &Place, arguments: &[&str]) -> (String, String) {
    let said = place.json(&local(arguments));
    let text = |i: usize| said["answers"][i]["value"].as_str().unwrap().to_string();
    (text(0), text(1))
}

pub fn prove(place: &Place, input: &str, context: &str, more: &[&str]) {
    let prove = [
        "prove",
        "m.verdict",
        "--input",
        input,
        "--context",
        context,
        "--dev",
    ];
    place.ok(&with(&prove, more));
}

/// Three key files, and a source that wants two of their signatures.
pub fn signers(place: &Place) -> Vec<String> {
    let mut addresses: Vec<String> = (1..=3)
        .map(|i| {
            let file = format!("{i}.key");
            place.write(&file, format!("0x{i:064x}\n"));
            place
                .ok(&["address", "--private-key-file", &file])
                .trim()
                .into()
        })
        .collect();
    addresses.sort_by_key(|address| address.to_lowercase());
    let list = format!("[{}]", addresses.join(","));
    let arguments = ["SignedFeatures", "@registry", NOBODY, &list, "2", "86400"];
    deploy(place, "signers", &arguments);
    addresses
}

/// One signer's command.
pub fn sign<'a>(asker: &[&'a str], key: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let sign = with(&["sign"], asker);
    let key = [
        "--model",
        "m.verdict",
        "--private-key-file",
        key,
        "--out",
        out,
    ];
    with(&with(&sign, &key), more)
}

/// Two signatures, and evidence of them.
pub fn signed(place: &Place, asker: &[&str], inputs: &[&str]) -> Value {
    let first = place.json(&local(&sign(asker, "1.key", "1.sig.json", inputs)));
    let with_first = with(inputs, &["--with", "1.sig.json"]);
    ok(place, &sign(asker, "2.key", "2.sig.json", &with_first));
    // In whatever order they come.
    ok(
        place,
        &[
            "evidence",
            "combine",
            "2.sig.json",
            "1.sig.json",
            "--out",
            "evidence.hex",
        ],
    );
    first
}
