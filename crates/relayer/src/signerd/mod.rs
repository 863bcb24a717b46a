//! A data signer: vouches for inputs that it has read itself.
//!
//! Whoever asks is believed in nothing. The contract, its model, what it asks about and the signers
//! in force come from this signer's own nodes; the features from its own sources; which jobs there
//! are, and what is fixed of their occasions, from its own file. A request brings a time, a block
//! and the model's integers, and each must agree with what this signer sees.

mod check;
mod server;

pub use server::{listen, serve};

use crate::{
    RelayError,
    config::{Config, SignerdConfig},
    job::Job,
    relay::Loaded,
    rpc::Nodes,
    served::Models,
    tx::Wallet,
};
use alloy_primitives::Address;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use verdict_chain::DataSigner;

/// A data signer.
pub struct Signerd {
    config: SignerdConfig,
    token: Option<String>,
    loaded: Loaded,
    nodes: Arc<Nodes>,
    key: Mutex<DataSigner>,
    address: Address,
    asked: Mutex<BTreeMap<String, Vec<Instant>>>,
}

impl std::fmt::Debug for Signerd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signerd({})", self.address)
    }
}

impl Signerd {
    /// Opens everything that a configuration names for a data signer.
    pub async fn open(config: Config) -> Result<Arc<Self>, RelayError> {
        let own = config.signerd.clone().ok_or_else(|| {
            RelayError::Config("signerd: the configuration has no such section".into())
        })?;
        let config = Arc::new(config);
        let nodes = Nodes::new(&config)?;
        let models = Arc::new(Models::new(&config)?);
        let source = own.key.source(&config.folder)?;
        let chain_id = config.chain.id;
        let looks = Wallet::open(&source, chain_id).await?;
        // It starts a runtime of its own, which cannot be within one.
        let key = tokio::task::spawn_blocking(move || source.open(chain_id))
            .await
            .map_err(|error| RelayError::machine("open the signer's key", error))??;
        let token = own.token.as_ref().map(|it| it.read(&config.folder));
        Ok(Arc::new(Self {
            token: token.transpose()?,
            loaded: Loaded::open(config, &nodes, &models, Some(looks)).await?,
            nodes,
            address: key.address(),
            key: Mutex::new(key),
            config: own,
            asked: Mutex::default(),
        }))
    }

    /// The account that signs.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Where it listens.
    pub const fn listen(&self) -> std::net::SocketAddr {
        self.config.listen
    }

    /// The job that a request is about.
    fn job(&self, kind: &str, contract: Address) -> Option<&Arc<Job>> {
        let mut jobs = self.loaded.jobs.values();
        jobs.find(|job| job.kind.name == kind && job.contract == contract && job.is_signed())
    }

    /// Counts a request of a job, unless there were too many in the last minute.
    fn allow(&self, job: &str) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry(job.to_owned()).or_default();
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        times.retain(|time| now.duration_since(*time) < minute);
        let allowed = times.len() < self.config.per_minute as usize;
        if allowed {
            times.push(now);
        }
        allowed
    }
}
