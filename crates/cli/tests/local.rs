//! Many commands at once on one `--local` file: nothing is lost.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Place,
    chain::{answer, with},
};
use std::{fs::File, time::Instant};

const CHAIN: [&str; 2] = ["--local", "chain.json"];

#[test]
fn commands_at_once_lose_nothing() {
    let place = Place::new();
    place.ok(&with(&["deploy", "--dev"], &CHAIN));
    let names: Vec<String> = (0..8).map(|i| format!("token-{i}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let place = &place;
            scope.spawn(move || {
                place.ok(&with(&["deploy", "--as", name, "MockToken"], &CHAIN));
                let mint = ["call", name, "mint", "@sender", "7", "--send"];
                place.ok(&with(&mint, &CHAIN));
            });
        }
    });
    let file = place.read_json("deployments/31337.json");
    assert_eq!(file["consumers"].as_object().unwrap().len(), names.len());
    for name in &names {
        let supply = answer(&place, &["call", name, "totalSupply"], &CHAIN, 0);
        assert_eq!(supply, "7", "{name}");
    }
}

#[test]
fn a_command_that_has_waited_long_enough_says_so() {
    let place = Place::new();
    place.ok(&with(&["deploy", "--dev"], &CHAIN));
    let before = std::fs::read(place.path("chain.json")).unwrap();
    let held = File::create(place.path("chain.json.lock")).unwrap();
    held.lock().unwrap();
    let began = Instant::now();
    let deploy = with(&["deploy", "--as", "token", "MockToken"], &CHAIN);
    place.fails(6, &deploy, &["another command", "chain.json", "wait until"]);
    assert!(began.elapsed().as_secs() >= 5);
    assert_eq!(std::fs::read(place.path("chain.json")).unwrap(), before);
    // A process that ends, however it ends, holds nothing back.
    drop(held);
    place.ok(&deploy);
}
