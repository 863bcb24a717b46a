//! Chains for tests: arguments, answers, and anvil.
#![allow(clippy::panic, clippy::print_stderr)]

use super::Place;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Of anvil's well-known mnemonic: account 0.
pub const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
pub const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

pub fn with<'a>(arguments: &[&'a str], chain: &[&'a str]) -> Vec<&'a str> {
    [arguments, chain].concat()
}

/// What `verdict call --json` answers, by position.
#[track_caller]
pub fn answer(place: &Place, arguments: &[&str], chain: &[&str], position: usize) -> String {
    let said = place.json(&with(arguments, chain));
    let value = &said["answers"][position]["value"];
    value.as_str().unwrap_or_else(|| panic!("{said}")).into()
}

/// A local node; stopped when it is dropped.
pub struct Anvil {
    process: Child,
    pub url: String,
}

impl Anvil {
    /// `None` where scripts/setup.sh has not been run.
    pub fn start() -> Option<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/.bin/anvil");
        if !program.exists() {
            eprintln!("no anvil: run scripts/setup.sh; this test shows nothing now");
            return None;
        }
        // The program itself, not a script that starts it: what is stopped must be that.
        let mut process = Command::new(program)
            .args(["--port", "0", "--hardfork", "osaka"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("Listening on 127.0.0.1:")
                .map(|port| port.trim().to_string())
        });
        // Its pipe must not fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            process,
            url: format!("http://127.0.0.1:{}", port.unwrap()),
        })
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
