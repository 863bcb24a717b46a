//! An oracle with everything that feeds it: what most tests begin with.

use super::{
    anvil::Anvil,
    feed::Feed,
    until,
    world::{World, latest, oracle_model},
};
use alloy_primitives::Address;
use std::{fs, ops::RangeInclusive, sync::Arc};
use tokio::task::JoinHandle;
use verdict_relayer::{
    Metrics, Relay, RelayError, Service,
    config::Config,
    signerd::{Signerd, serve},
    store::State,
};

/// Three venues' prices and how much they swing, as the tiny model takes them.
pub const PRICES: [f64; 4] = [2_000.0, 2_001.0, 1_999.0, 1.0];

/// The line that names what hides the model's weights.
pub const HIDING: &str = "hiding = \"price.hiding.secret\"\n";

/// An oracle on a chain, and an operator's folder.
pub struct Fed {
    pub anvil: Anvil,
    pub world: World,
    pub oracle: Address,
}

/// What feeds it: lives in the runtime that it was started in.
pub struct Feeders {
    pub feed: Feed,
    pub signers: Vec<String>,
}

impl Fed {
    pub fn new() -> Self {
        Self::on(Anvil::start(), 60)
    }

    /// On some chain, with heartbeats of so many seconds.
    pub fn on(anvil: Anvil, heartbeat: u32) -> Self {
        let scorer = oracle_model();
        let mut world = World::new(&anvil, &scorer);
        let model = world.register("price", &scorer);
        let oracle = world.oracle("eth", &model, heartbeat);
        Self {
            anvil,
            world,
            oracle,
        }
    }

    /// How many rounds the oracle has.
    pub fn rounds(&mut self) -> u64 {
        latest(&mut self.world.chain, self.oracle).0
    }

    /// Asserts that it has as many as [`Running::stopped`] says.
    pub fn counted(&mut self, confirmed: &RangeInclusive<u64>) {
        let rounds = self.rounds();
        assert!(
            confirmed.contains(&rounds),
            "{rounds} rounds, {confirmed:?} confirmed"
        );
    }

    /// A feed, and data signers that read it.
    pub async fn feeders(&self, signers: usize) -> Feeders {
        let feed = Feed::start(&PRICES).await;
        let mut urls = Vec::new();
        for number in 0..signers {
            urls.push(self.signer(&feed.url(), number).await);
        }
        Feeders {
            feed,
            signers: urls,
        }
    }

    /// A data signer that reads some feed.
    pub async fn signer(&self, feed: &str, number: usize) -> String {
        let config = Config::parse(&self.signer_config(feed, number), self.world.path().into());
        let signer = Signerd::open(config.unwrap()).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(signer, listener, std::future::pending()));
        url
    }

    pub fn signer_config(&self, feed: &str, number: usize) -> String {
        format!(
            "{}[database]\nurl = \"sqlite:unused.db\"\n\n[signerd]\nkey = {{ private-key = {{ file = \"signer{number}.key\" }} }}\n\
             listen = \"127.0.0.1:0\"\ntolerance-bps = 20\nper-minute = 100000\n\n{}\n{}",
            self.world.settings(&[self.anvil.url()]),
            self.model(),
            job(
                feed,
                "triggers = [{ on = \"once\" }]\nevidence = { kind = \"signed\", signers = [\"http://127.0.0.1:1\"] }"
            ),
        )
    }

    /// The model's part of configurations, with what hides its weights, if there is such a file.
    fn model(&self) -> String {
        let hiding = match self.world.path().join("price.hiding.secret").exists() {
            true => HIDING,
            false => "",
        };
        format!("[models.price]\npath = \"price.verdict\"\n{hiding}")
    }

    /// A relayer's configuration: nodes, triggers, whatever else the job says.
    pub fn config(
        &self,
        endpoints: &[&str],
        feeders: &Feeders,
        triggers: &str,
        rest: &str,
    ) -> String {
        let signers: Vec<String> = feeders.signers.iter().map(|it| format!("{it:?}")).collect();
        let rest = format!(
            "signer = \"main\"\ntriggers = [{triggers}]\nevidence = {{ kind = \"signed\", signers = [{}], timeout = \"2s\" }}\n{rest}",
            signers.join(", ")
        );
        format!(
            "{}[database]\nurl = \"sqlite:relayer.db\"\n\n[service]\nlisten = \"127.0.0.1:0\"\n\n\
             [signers.main]\nprivate-key = {{ file = \"sender.key\" }}\n\n{}\n{}",
            self.world.settings(endpoints),
            self.model(),
            job(&feeders.feed.url(), &rest),
        )
    }

    /// Writes a configuration's file.
    pub fn write(&self, text: &str) -> std::path::PathBuf {
        let path = self.world.path().join("relayer.toml");
        fs::write(&path, text).unwrap();
        path
    }
}

fn job(feed: &str, rest: &str) -> String {
    format!(
        "[jobs.eth]\nconsumer = \"oracle\"\ncontract = \"eth\"\nmodel = \"price\"\n{rest}\n\
         features = [{{ name = \"prices\", values = 4, from = [{{ source = \"http\", url = \"{feed}\", pointer = \"/values\", timeout = \"2s\" }}] }}]\n"
    )
}

/// A relayer that runs within the test.
pub struct Running {
    pub relay: Arc<Relay>,
    pub service: Arc<Service>,
    task: JoinHandle<Result<(), RelayError>>,
}

impl Running {
    pub async fn start(world: &World, text: &str) -> Self {
        let config = Config::parse(text, world.path().into()).unwrap();
        let relay = Relay::open(config).await.unwrap();
        let service = Service::new(relay.clone(), Arc::new(Metrics::new()));
        let running = service.clone();
        Self {
            relay,
            service,
            task: tokio::spawn(async move { running.run().await }),
        }
    }

    pub async fn count(&self, state: State) -> u64 {
        self.relay.store.counts(None).await.unwrap()[&state]
    }

    /// Waits until so many are in a state.
    pub async fn until(&self, state: State, count: u64) {
        until(&format!("{count} {state}"), async || {
            (self.count(state).await >= count).then_some(())
        })
        .await;
    }

    /// The newest trigger's reason.
    pub async fn reason(&self) -> String {
        let newest = self.relay.store.triggers(None, None, 1).await.unwrap();
        newest
            .first()
            .map(|it| format!("{}: {}", it.state, it.reason))
            .unwrap_or_default()
    }

    /// Stops it with nothing failed; how many rounds there may be: what is confirmed, and what was sent
    /// and is not deep enough.
    pub async fn stopped(self) -> RangeInclusive<u64> {
        assert_eq!(
            self.count(State::Failed).await,
            0,
            "{}",
            self.reason().await
        );
        let submitted = self.count(State::Submitted).await;
        let confirmed = self.count(State::Confirmed).await;
        self.stop().await;
        confirmed..=confirmed + submitted + 1
    }

    pub async fn stop(self) {
        self.service.stop();
        self.task.await.unwrap().unwrap();
    }
}
