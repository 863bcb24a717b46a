//! What every part of the running service shares.

use crate::{
    RelayError,
    config::{Config, PolicyConfig},
    evidence::Signers,
    features::Reader,
    job::Job,
    rpc::Nodes,
    served::Models,
    store::Store,
    tx::Wallet,
    workers::Fleet,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::Notify;
use uuid::Uuid;
use verdict_chain::Deployment;

/// How long somebody who reads, asks or sends is believed to be alive without a sign.
pub(crate) const STEP_LEASE: Duration = Duration::from_secs(120);

/// The running service.
#[derive(Debug)]
pub struct Relay {
    /// The queue.
    pub store: Store,
    /// The chain.
    pub nodes: Arc<Nodes>,
    /// This process among all that work on one queue.
    pub holder: String,
    /// Asks data signers.
    pub signers: Signers,
    /// Who proves on other machines, if anybody does.
    pub fleet: Option<Arc<Fleet>>,
    models: Arc<Models>,
    /// Told whenever a trigger has moved.
    pub moved: Notify,
    jobs: RwLock<Arc<Loaded>>,
}

/// A configuration, opened.
#[derive(Debug)]
pub struct Loaded {
    /// What the operator wrote.
    pub config: Arc<Config>,
    /// The addresses.
    pub deployment: Arc<Deployment>,
    /// Reads features.
    pub reader: Reader,
    /// The jobs, by name.
    pub jobs: BTreeMap<String, Arc<Job>>,
    /// The accounts that send, by name.
    pub wallets: BTreeMap<String, Wallet>,
}

impl Relay {
    /// Opens everything that a configuration names.
    pub async fn open(config: Config) -> Result<Arc<Self>, RelayError> {
        let config = Arc::new(config);
        let nodes = Nodes::new(&config)?;
        let store = Store::open(&config.database_url()?).await?;
        let models = Arc::new(Models::new(&config)?);
        let loaded = Loaded::open(config, &nodes, &models, None).await?;
        let holder = Uuid::now_v7().to_string();
        Ok(Arc::new(Self {
            fleet: Fleet::open(&loaded.config, &holder, &store).await?,
            store,
            nodes,
            holder,
            signers: Signers::new()?,
            models,
            moved: Notify::new(),
            jobs: RwLock::new(Arc::new(loaded)),
        }))
    }

    /// What is configured now.
    pub fn loaded(&self) -> Arc<Loaded> {
        let loaded = self.jobs.read().unwrap_or_else(PoisonError::into_inner);
        loaded.clone()
    }

    /// Takes another configuration from now on, if it is one and can be opened; otherwise the old
    /// one stays. Says what is different.
    pub async fn reload(&self, config: Config) -> Result<Vec<String>, RelayError> {
        let old = self.loaded();
        let differences = old.config.differences(&config)?;
        let config = Arc::new(config);
        let loaded = Loaded::open(config, &self.nodes, &self.models, None).await?;
        let mut place = self.jobs.write().unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(loaded);
        Ok(differences)
    }

    /// A job that is configured now.
    pub fn job(&self, name: &str) -> Option<Arc<Job>> {
        self.loaded().jobs.get(name).cloned()
    }

    /// How a job's transactions are sent; those of a job that is not configured any more, as jobs
    /// that say nothing are.
    pub fn policy(&self, job: &str) -> PolicyConfig {
        let job = self.job(job);
        job.map(|job| job.config.policy.clone()).unwrap_or_default()
    }
}

impl Loaded {
    /// Opens a configuration. Jobs that name no account are looked at as `otherwise`, and are an
    /// error without that.
    pub async fn open(
        config: Arc<Config>,
        nodes: &Arc<Nodes>,
        models: &Arc<Models>,
        otherwise: Option<Wallet>,
    ) -> Result<Self, RelayError> {
        let path = config.path(&config.chain.deployment);
        let deployment = Deployment::load(&path)?;
        if deployment.chain_id != config.chain.id {
            return Err(RelayError::Config(format!(
                "chain.deployment: {} is of chain {}, not of {}",
                path.display(),
                deployment.chain_id,
                config.chain.id
            )));
        }
        let deployment = Arc::new(deployment);
        let mut wallets = BTreeMap::new();
        for (name, key) in &config.signers {
            let source = key.source(&config.folder)?;
            let wallet = Wallet::open(&source, config.chain.id).await;
            let wallet =
                wallet.map_err(|error| RelayError::Config(format!("signers.{name}: {error}")))?;
            wallets.insert(name.clone(), wallet);
        }
        let mut jobs = BTreeMap::new();
        for (name, job) in &config.jobs {
            let named = job.signer.as_ref().and_then(|signer| wallets.get(signer));
            let wallet = named
                .or(otherwise.as_ref())
                .cloned()
                .ok_or_else(|| RelayError::Config(format!("jobs.{name}.signer: say who sends")))?;
            let job = Job::open(name, &config, &deployment, nodes, models, wallet).await?;
            jobs.insert(name.clone(), Arc::new(job));
        }
        Ok(Self {
            reader: Reader::new(config.clone(), deployment.clone(), nodes.clone())?,
            config,
            deployment,
            jobs,
            wallets,
        })
    }
}
