//! A relayer's steps as spans, at a collector of the test's own:
//! `cargo test -p verdict-cli --features otel --test otel`.
#![cfg(feature = "otel")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../relayer/tests/common/mod.rs"]
mod common;
#[path = "common/program.rs"]
mod program;

use common::{fed::Fed, feed::Feed, runtime};
use program::{Program, signer_programs, until};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What was posted to `/v1/traces`, one body after the other.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl Collector {
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let this = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let this = this.clone();
                thread::spawn(move || this.take(stream.unwrap()));
            }
        });
        url
    }

    fn take(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            let (mut first, mut length) = (String::new(), 0);
            if reader.read_line(&mut first).unwrap_or(0) == 0 {
                return;
            }
            assert!(first.starts_with("POST /v1/traces "), "{first}");
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim().to_ascii_lowercase().split_once(": ") {
                    Some(("content-length", value)) => length = value.parse().unwrap(),
                    Some(_) => {}
                    None => break,
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            self.0.lock().unwrap().extend(body);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
    }

    /// Whether some span carries this text: protobuf has strings as they are.
    fn has(&self, text: &str) -> bool {
        let bodies = self.0.lock().unwrap();
        bodies.windows(text.len()).any(|it| it == text.as_bytes())
    }
}

#[test]
fn every_step_of_a_trigger_is_a_span() {
    let collector = Collector::default();
    let url = collector.start();
    let fed = Fed::new();
    let folder = fed.world.path().to_owned();
    let runtime = runtime();
    let feed = runtime.block_on(Feed::start(&common::fed::PRICES));
    let (_programs, signers) = signer_programs(&fed, &feed.url(), |text| text);
    let feeders = common::fed::Feeders { feed, signers };
    let once = "{ on = \"once\" }";
    fed.write(&fed.config(&[fed.anvil.url()], &feeders, once, ""));
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let arguments = ["relay", "--config", "relayer.toml"];
    let _relayer = Program::start_with(&folder, &arguments, &environment);
    for state in ["observed", "inferred", "proving", "proved", "submitted"] {
        until(state, || collector.has(state));
    }
    for text in ["verdict", "step", "trigger", "eth"] {
        assert!(collector.has(text), "{text}");
    }
    // The keys of the signer and of the data signers are in no span.
    for key in common::anvil::KEYS {
        assert!(!collector.has(key.trim_start_matches("0x")));
    }
}
