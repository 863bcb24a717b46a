//! Workers that do what they should.

use super::{nats::Nats, world::World};
use alloy_primitives::keccak256;
use std::{fs, sync::Arc};
use tokio::task::JoinHandle;
use verdict_relayer::{
    config::WorkerConfig,
    workers::{Seal, Worker},
};

/// A worker's key, and its file in an operator's folder.
pub fn key(world: &World, name: &str) -> Seal {
    let key = keccak256(name).to_string();
    fs::write(world.path().join(format!("{name}.key")), &key).unwrap();
    Seal::new(name, &key).unwrap()
}

/// What a relayer's configuration says of its workers, all proofs of which are too large for it.
pub fn fleet(world: &World, nats: &Nats, names: &[&str], text: &str) -> String {
    let keys = names.iter().map(|name| {
        key(world, name);
        format!("keys.{name} = {{ file = \"{name}.key\" }}\n")
    });
    let keys: String = keys.collect();
    let section = format!(
        "[workers]\n{}patience = \"3s\"\n{keys}\n[prover]\nmemory = \"1 MiB\"\n",
        nats.settings()
    );
    text.replace("[prover]\n", &section)
}

pub fn worker_config(nats: &Nats, name: &str, memory: &str) -> String {
    format!(
        "name = \"{name}\"\nkey = {{ file = \"{name}.key\" }}\n{}setup = \"development\"\nmemory = \"{memory}\"\n",
        nats.settings()
    )
}

/// An honest worker within the test.
pub struct Honest {
    pub worker: Arc<Worker>,
    task: JoinHandle<()>,
}

impl Honest {
    pub async fn start(world: &World, nats: &Nats, name: &str, memory: &str) -> Self {
        let text = worker_config(nats, name, memory);
        let config = WorkerConfig::parse(&text, world.path().into()).unwrap();
        let worker = Worker::open(config).await.unwrap();
        let own = worker.clone();
        Self {
            worker,
            task: tokio::spawn(async move { own.run().await }),
        }
    }

    pub async fn stop(self) {
        self.worker.stop();
        self.task.await.unwrap();
    }
}
