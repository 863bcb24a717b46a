//! The programs themselves, beside a chain and feeds.
#![allow(dead_code, unreachable_pub)]

use super::common::fed::Fed;
use assert_cmd::cargo::cargo_bin;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// A program that ends with this.
pub struct Program(pub Child);

impl Program {
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with(folder, arguments, &[])
    }

    /// With variables of its environment.
    pub fn start_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = folder.join(format!("{}.log", arguments[0]));
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let child = Command::new(cargo_bin!("verdict"))
            .args(arguments)
            .current_dir(folder)
            .env("RUST_LOG", "info")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// As `kill -9`.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn verdict(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(cargo_bin!("verdict"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    (done.status.success(), text)
}

/// Waits until something holds.
pub fn until(what: &str, mut check: impl FnMut() -> bool) {
    let started = Instant::now();
    while !check() {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "in vain: {what}"
        );
        sleep(Duration::from_millis(100));
    }
}

/// Data signers of a feed, each of whose configurations `also` may alter.
pub fn signer_programs(
    fed: &Fed,
    feed: &str,
    also: impl Fn(String) -> String,
) -> (Vec<Program>, Vec<String>) {
    let folder = fed.world.path();
    let mut programs = Vec::new();
    let mut urls = Vec::new();
    for number in 0..2 {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let text = fed.signer_config(feed, number).replace(
            "listen = \"127.0.0.1:0\"",
            &format!("listen = \"127.0.0.1:{port}\""),
        );
        let name = format!("signer{number}.toml");
        fs::write(folder.join(&name), also(text)).unwrap();
        programs.push(Program::start(folder, &["signerd", "--config", &name]));
        urls.push(format!("http://127.0.0.1:{port}"));
    }
    (programs, urls)
}
