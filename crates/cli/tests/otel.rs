//! A relayer's steps as spans, at a collector of the test's own:
//! `cargo test -p verdict-cli --features otel --test otel`.
#![cfg(feature = "otel")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../relayer/tests/common/mod.rs"]
mod common;
#[path = "common/program.rs"]
mod program;

use axum::{Router, body::Bytes, extract::State, routing::post};
use common::{fed::Fed, feed::Feed, runtime};
use program::{Program, signer_programs, until};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What was posted to `/v1/traces`, one body after the other.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl Collector {
    /// Collects as long as the runtime runs.
    async fn start(&self) -> String {
        let take = async |State(this): State<Self>, body: Bytes| {
            this.0.lock().unwrap().extend(body);
        };
        let router = Router::new().route("/v1/traces", post(take));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = router.with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
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
    let fed = Fed::new();
    let folder = fed.world.path().to_owned();
    let runtime = runtime();
    let url = runtime.block_on(collector.start());
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
