//! What an operator writes: one TOML file.
//!
//! Everything is checked here before anything runs; what only the chain knows is checked by
//! [`crate::check`]. Secrets are named, not written: an environment variable or a file has them.

mod arguments;
mod difference;
mod job;
mod policy;
mod schema;
mod secret;
mod template;
mod trigger;
mod units;
mod workers;

pub use arguments::{arguments, restored, words};
pub(crate) use arguments::{contract, of_occasions, public_words};
pub use job::{EvidenceConfig, FeatureConfig, JobConfig, ReadingConfig};
pub use policy::PolicyConfig;
pub use schema::schema;
pub use secret::{Key, Secret};
pub use template::template;
pub use trigger::TriggerConfig;
pub use units::{Gwei, Size, Span};
pub use workers::{NatsConfig, WorkerConfig, WorkersConfig, worker_template};

use crate::RelayError;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use verdict_wire::read_text;

/// The largest file that is read.
const LARGEST: u64 = 4 << 20;

/// The whole configuration.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The chain that everything happens on.
    pub chain: ChainConfig,
    /// Where the queue is.
    pub database: DatabaseConfig,
    /// What the service listens on.
    #[serde(default)]
    pub service: ServiceConfig,
    /// What proves.
    #[serde(default)]
    pub prover: ProverConfig,
    /// Accounts that send transactions, by name.
    #[serde(default)]
    pub signers: BTreeMap<String, Key>,
    /// Compiled models, by name.
    #[serde(default)]
    pub models: BTreeMap<String, ModelConfig>,
    /// Who proves on other machines, if anybody does.
    #[serde(default)]
    pub workers: Option<WorkersConfig>,
    /// What is kept fed, by name.
    #[serde(default)]
    pub jobs: BTreeMap<String, JobConfig>,
    /// What this machine signs as a data signer, for `verdict signerd`.
    #[serde(default)]
    pub signerd: Option<SignerdConfig>,
    /// The folder that paths are relative to: the file's.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// The chain.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChainConfig {
    /// Its id: nodes of another are refused.
    pub id: u64,
    /// Nodes, the preferred first. A URL can hold a key: `{ env = "NAME" }` or `{ file = "PATH" }`.
    pub endpoints: Vec<Secret>,
    /// Where transactions are sent to, if not to the nodes: a private relay.
    #[serde(default)]
    pub submit_to: Option<Secret>,
    /// The file of addresses, as `verdict deploy` wrote it.
    pub deployment: PathBuf,
    /// How many nodes must say the same about what matters: heads, nonces, receipts.
    #[serde(default = "one")]
    pub quorum: usize,
    /// How many blocks a transaction must be deep in the chain, its own included, to be believed in.
    #[serde(default = "confirmations")]
    pub confirmations: u64,
    /// How often nodes are asked for a new block.
    #[serde(default = "poll")]
    pub poll: Span,
    /// How long a node may take to answer.
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// How old the newest block of a node may be, by this machine's clock, before the node counts as
    /// stuck; zero for any age.
    #[serde(default = "head_age")]
    pub max_head_age: Span,
    /// How many blocks of events are asked for at once, at most.
    #[serde(default = "log_range")]
    pub log_range: u64,
}

/// The queue's database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatabaseConfig {
    /// `sqlite:PATH`, or `postgres://USER@HOST/NAME` for several relayers.
    pub url: Secret,
}

/// What the service listens on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ServiceConfig {
    /// Where page, metrics and health are served.
    pub listen: SocketAddr,
    /// Who may read them; must be given where `listen` is no loopback address.
    pub token: Option<Secret>,
    /// The Unix socket for `verdict relay status` and its like.
    pub socket: PathBuf,
    /// Below how many ether an account's balance raises an alarm.
    pub low_balance: f64,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            token: None,
            socket: "relayer.sock".into(),
            low_balance: 0.05,
        }
    }
}

/// What proves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ProverConfig {
    /// The set-up: the beginning of an imported one's digest, or `development` for the INSECURE one.
    pub setup: String,
    /// How much memory proofs may take together, by their plans' estimates.
    pub memory: Size,
    /// How many proofs are made at once, at most.
    pub parallel: usize,
    /// How long somebody who proves is believed to be alive without a sign.
    pub lease: Span,
}

impl Default for ProverConfig {
    fn default() -> Self {
        Self {
            setup: String::new(),
            memory: Size(4 << 30),
            parallel: 1,
            lease: Span(Duration::from_secs(60)),
        }
    }
}

/// A compiled model.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelConfig {
    /// The file, as it is registered.
    pub path: PathBuf,
    /// Whether inputs outside the model's domain count as the nearest in it; otherwise a trigger with
    /// such inputs fails.
    #[serde(default)]
    pub saturate: bool,
    /// What hides its weights (`verdict hide`), if they are private. Such a model is proved on this
    /// machine alone: workers have models, and no secrets.
    #[serde(default)]
    pub hiding: Option<PathBuf>,
}

/// A data signer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignerdConfig {
    /// Who signs.
    pub key: Key,
    /// Where requests are taken.
    #[serde(default = "signer_listen")]
    pub listen: SocketAddr,
    /// Who may ask; must be given where `listen` is no loopback address.
    #[serde(default)]
    pub token: Option<Secret>,
    /// How far a feature may be from its own reading, in ten thousandths of it.
    #[serde(default)]
    pub tolerance_bps: f64,
    /// How far it may be besides, in the feature's unit.
    #[serde(default)]
    pub tolerance: f64,
    /// How far the time that is to be signed may be from the newest block's.
    #[serde(default = "skew")]
    pub max_skew: Span,
    /// How many requests of a job are answered in a minute.
    #[serde(default = "rate")]
    pub per_minute: u32,
}

const fn one() -> usize {
    1
}

const fn confirmations() -> u64 {
    3
}

const fn log_range() -> u64 {
    2_000
}

const fn rate() -> u32 {
    30
}

const fn poll() -> Span {
    Span(Duration::from_secs(2))
}

const fn timeout() -> Span {
    Span(Duration::from_secs(10))
}

const fn head_age() -> Span {
    Span(Duration::from_secs(600))
}

const fn skew() -> Span {
    Span(Duration::from_secs(120))
}

fn signer_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9465))
}

impl Config {
    /// Reads a file and checks all that can be checked without the chain.
    pub fn load(path: &Path) -> Result<Self, RelayError> {
        let size = std::fs::metadata(path).map_or(0, |about| about.len());
        if size > LARGEST {
            return Err(RelayError::File {
                path: path.into(),
                detail: format!("{size} bytes are too many for a configuration"),
            });
        }
        let text = read_text(path)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&text, folder).map_err(|error| RelayError::File {
            path: path.into(),
            detail: error.to_string(),
        })
    }

    /// The same, of a text.
    pub fn parse(text: &str, folder: PathBuf) -> Result<Self, RelayError> {
        let mut config: Self = toml::from_str(text)
            .map_err(|error| RelayError::Config(with_nearest(&error.to_string())))?;
        config.folder = folder;
        config.validate()?;
        Ok(config)
    }

    /// A path of the file, from its folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The database's URL; a file of SQLite is in the configuration's folder.
    pub fn database_url(&self) -> Result<String, RelayError> {
        let url = self.database.url.read(&self.folder)?;
        Ok(match url.strip_prefix("sqlite:") {
            Some(path) if !path.starts_with("//") && !path.starts_with(':') => {
                format!("sqlite:{}", self.path(Path::new(path)).display())
            }
            _ => url,
        })
    }

    fn validate(&self) -> Result<(), RelayError> {
        let wrong = |detail: String| Err(RelayError::Config(detail));
        if self.chain.endpoints.is_empty() {
            return wrong("chain.endpoints: name at least one node".into());
        }
        if !(1..=self.chain.endpoints.len()).contains(&self.chain.quorum) {
            return wrong(format!(
                "chain.quorum: {} of {} nodes cannot agree",
                self.chain.quorum,
                self.chain.endpoints.len()
            ));
        }
        if self.chain.confirmations == 0 {
            return wrong("chain.confirmations: at least 1, the block itself".into());
        }
        if self.prover.parallel == 0 {
            return wrong("prover.parallel: at least 1".into());
        }
        let listeners = [
            ("service", Some((self.service.listen, &self.service.token))),
            (
                "signerd",
                self.signerd.as_ref().map(|it| (it.listen, &it.token)),
            ),
        ];
        for (section, listener) in listeners {
            if let Some((listen, None)) = listener
                && !listen.ip().is_loopback()
            {
                return wrong(format!(
                    "{section}.listen: {listen} can be reached from other machines: give a token, \
                     `token = {{ file = \"PATH\" }}`"
                ));
            }
        }
        if let Some(workers) = &self.workers {
            workers
                .validate()
                .map_err(|detail| RelayError::Config(format!("workers.{detail}")))?;
        }
        self.jobs.iter().try_for_each(|(name, job)| {
            job.validate(self)
                .map_err(|detail| RelayError::Config(format!("jobs.{name}.{detail}")))
        })
    }
}

/// A message about an unknown key or variant, with the nearest known one.
fn with_nearest(message: &str) -> String {
    let message = message.trim_end();
    let Some(start) = message.find("unknown ") else {
        return message.to_owned();
    };
    let mut names = message[start..].split('`').skip(1).step_by(2);
    let Some(unknown) = names.next() else {
        return message.to_owned();
    };
    let near = names
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((likeness, name)) if likeness > 0.7 => {
            format!("{message}\ndid you mean `{name}`?")
        }
        _ => message.to_owned(),
    }
}

/// The name that is nearest to one that is not known, for messages.
pub(crate) fn nearest<'a>(unknown: &str, names: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = names.collect();
    let near = known.iter().max_by(|a, b| {
        strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b))
    });
    match near {
        Some(near) if strsim::jaro_winkler(unknown, near) > 0.7 => {
            format!("`{unknown}` is not known; did you mean `{near}`?")
        }
        _ => format!("`{unknown}` is not known; there are {}", known.join(", ")),
    }
}
