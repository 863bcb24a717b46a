//! The page in a real browser, metrics, and what is drawn from them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::{
    anvil::root,
    fed::{Fed, Running},
    logs, until,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};
use verdict_relayer::{Metrics, store::State, web::serve_page};

const EVERY: &str = "{ on = \"interval\", every = \"2s\" }";

/// A browser, driven as WebDriver does.
struct Browser {
    driver: Child,
    client: reqwest::Client,
    session: String,
}

impl Browser {
    async fn open(url: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("no browser: run scripts/setup-services.sh");
        let mut this = Self {
            driver,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            session: format!("http://127.0.0.1:{port}/session"),
        };
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1200,900",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments, "binary": "/usr/bin/chromium"}
        }}});
        let session = until("the browser", async || {
            let sent = this
                .client
                .post(&this.session)
                .json(&wanted)
                .send()
                .await
                .ok()?;
            let answer: Value = sent.json().await.ok()?;
            answer["value"]["sessionId"].as_str().map(str::to_owned)
        })
        .await;
        this.session = format!("{}/{session}", this.session);
        this.ask("url", json!({ "url": url })).await;
        this
    }

    async fn ask(&self, what: &str, body: Value) -> Value {
        let sent = self
            .client
            .post(format!("{}/{what}", self.session))
            .json(&body)
            .send()
            .await;
        sent.unwrap().json().await.unwrap()
    }

    /// What the page has become.
    async fn text(&self) -> String {
        let script = json!({"script": "return document.body.innerText + document.body.innerHTML.split('<script')[0]", "args": []});
        self.ask("execute/sync", script).await["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    async fn picture(&self) -> Vec<u8> {
        let sent = self
            .client
            .get(format!("{}/screenshot", self.session))
            .send()
            .await;
        let answer: Value = sent.unwrap().json().await.unwrap();
        STANDARD.decode(answer["value"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn the_page_shows_what_happens() {
    logs();
    let fed = Fed::new();
    let runtime = common::runtime();
    runtime.block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let running = Running::start(&fed.world, &text).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(serve_page(running.service.clone(), listener, None));
        running.until(State::Confirmed, 3).await;
        // A trigger that somebody has to look after is shown with what to do.
        feeders.feed.values(&[9_999.0, 9_999.0, 9_999.0, 1.0]);
        until("a failure", async || {
            let all = running.relay.store.triggers(None, Some(State::Observed), 1);
            let mut failing = all.await.unwrap().into_iter().find(|it| it.tries > 0)?;
            let change = verdict_relayer::store::Change::to(State::Failed, failing.reason.clone());
            running.relay.store.advance(&mut failing, change).await.ok()
        })
        .await;
        let browser = Browser::open(&url).await;
        let shown = until("the page is live", async || {
            let text = browser.text().await;
            (text.contains("live") && text.contains("confirmed")).then_some(text)
        })
        .await;
        for expected in [
            "chain 31337, block",
            "the model says",
            "the contract says",
            "outside the declared domain",
            "verdict relay retry",
            "<path",
        ] {
            assert!(
                shown.contains(expected),
                "the page lacks `{expected}`: {shown}"
            );
        }
        if std::env::var_os("VERDICT_UPDATE_SCREENSHOT").is_some() {
            fs::write(root().join("docs/relayer.png"), browser.picture().await).unwrap();
        }
        browser.ask("url", json!({ "url": "about:blank" })).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = async |path: &str| {
            let answer = client.get(format!("{url}{path}")).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert_eq!(get("health").await.0, 200);
        assert_eq!(get("ready").await.0, 200);
        let (_, metrics) = get("metrics").await;
        assert!(
            metrics.contains("verdict_confirmed_total{job=\"eth\"} "),
            "{metrics}"
        );
        assert!(
            metrics.contains("verdict_triggers{state=\"failed\"} 1"),
            "{metrics}"
        );
        // No secret is in any of it.
        let (_, state) = get("state").await;
        let key = common::anvil::KEYS[1].trim_start_matches("0x");
        for text in [&shown, &metrics, &state] {
            assert!(!text.contains(key));
        }
        running.stop().await;
    });
}

#[test]
fn a_page_with_a_token_shows_nothing_without_it() {
    let fed = Fed::new();
    let runtime = common::runtime();
    runtime.block_on(async {
        let feeders = fed.feeders(0).await;
        let feeders = common::fed::Feeders {
            signers: vec!["http://127.0.0.1:9".into()],
            ..feeders
        };
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let running = Running::start(&fed.world, &text).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve_page(
            running.service.clone(),
            listener,
            Some("let me in".into()),
        ));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for path in ["/", "/state", "/events", "/metrics"] {
            let answer = client.get(format!("{url}{path}")).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 401, "{path}");
            let mut answer = client.get(format!("{url}{path}")).bearer_auth("let me in");
            answer = answer.timeout(Duration::from_secs(5));
            assert_eq!(
                answer.send().await.unwrap().status().as_u16(),
                200,
                "{path}"
            );
        }
        assert_eq!(
            client
                .get(format!("{url}/health"))
                .send()
                .await
                .unwrap()
                .status()
                .as_u16(),
            200
        );
        running.stop().await;
    });
}

/// Names of metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let words = words.filter(|word| word.starts_with("verdict_"));
    words
        .map(|word| word.trim_end_matches("_total").to_owned())
        .collect()
}

#[test]
fn rules_and_dashboard_name_no_metric_that_there_is_not() {
    // A family that has counted nothing is not in the text, so its name is read where it is given.
    let source = include_str!("../src/metrics.rs");
    let known = source
        .split("counted(")
        .filter(|call| call.trim_start().starts_with("to,"))
        .map(|call| {
            let name = call.split('"').nth(1).unwrap();
            format!("verdict_{name}")
        });
    let known: BTreeSet<String> = known.collect();
    let text = metrics(&Metrics::new().text().unwrap());
    assert!(!text.is_empty() && text.is_subset(&known), "{text:?}");
    for file in ["deploy/alerts.yml", "deploy/dashboard.json"] {
        let named = metrics(&fs::read_to_string(root().join(file)).unwrap());
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(
            !named.is_empty() && unknown.is_empty(),
            "{file}: {unknown:?} of {known:?}"
        );
    }
}
