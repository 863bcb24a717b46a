//! Workers that do something else than they should.
#![allow(dead_code, unreachable_pub)]

use super::common::{
    nats::{Nats, TOKEN},
    workers::key,
    world::World,
};
use async_nats::{Client, ConnectOptions};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use verdict_relayer::workers::{Direction, Said, Seal, Told, Work};

/// A client that knows the server's token, as anybody on this network may.
pub async fn client(nats: &Nats) -> Client {
    let options = ConnectOptions::with_token(TOKEN.into());
    options.connect(nats.url()).await.unwrap()
}

/// Somebody who has a worker's key and does something else with it than a worker would.
pub struct Rogue {
    pub client: Client,
    pub seal: Seal,
    name: String,
}

pub fn opened<T: DeserializeOwned>(seal: &Seal, direction: Direction, bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(&seal.open(direction, bytes)?).ok()
}

impl Rogue {
    pub async fn new(world: &World, nats: &Nats, name: &str) -> Arc<Self> {
        Arc::new(Self {
            client: client(nats).await,
            seal: key(world, name),
            name: name.into(),
        })
    }

    pub fn sealed(&self, said: &Said) -> Vec<u8> {
        let bytes = postcard::to_stdvec(said).unwrap();
        self.seal.seal(Direction::ToRelayer, &bytes).unwrap()
    }

    /// Says bytes where a relayer listens to this worker.
    pub async fn say(&self, work: &Work, bytes: Vec<u8>) {
        let subject = format!("verdict.relay.{}.{}", work.relayer, self.name);
        self.client.publish(subject, bytes.into()).await.unwrap();
        self.client.flush().await.unwrap();
    }

    /// Whether the relayer lets it begin.
    pub async fn ask(&self, work: &Work) -> bool {
        let subject = format!("verdict.relay.{}.{}", work.relayer, self.name);
        let attempt = work.attempt.clone();
        let asked = self.sealed(&Said::Ask { attempt });
        let answer = self.client.request(subject, asked.into()).await.unwrap();
        let told = opened(&self.seal, Direction::ToWorker, &answer.payload);
        matches!(told, Some(Told::Go { go: true, .. }))
    }

    /// Says that it is there, with so much memory, and takes whatever it is given.
    pub async fn take(
        self: Arc<Self>,
        megabytes: u64,
        act: impl AsyncFn(&Rogue, Work) + Send + 'static,
    ) {
        let subject = format!("verdict.work.{}", self.name);
        let mut work = self.client.subscribe(subject).await.unwrap();
        let present = self.clone();
        let present = tokio::spawn(async move {
            loop {
                let memory = megabytes << 20;
                let here = present.sealed(&Said::Here {
                    memory,
                    busy: false,
                });
                let subject = format!("verdict.here.{}", present.name);
                let _ = present.client.publish(subject, here.into()).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
        while let Some(message) = work.next().await {
            let told = opened(&self.seal, Direction::ToWorker, &message.payload);
            if let Some(Told::Work(work)) = told {
                act(&self, *work).await;
            }
        }
        present.abort();
    }
}
