//! Who proves on other machines, and what those machines are told.

use super::{Secret, Size, Span, with_nearest};
use crate::RelayError;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use verdict_wire::read_text;

/// NATS, as relayers and workers reach it.
#[derive(Clone, Debug)]
pub struct NatsConfig {
    /// Where: a URL, which may hold a password.
    pub url: Secret,
    /// What its subjects, streams and stores begin with.
    pub prefix: String,
    /// A user's credentials, as `nsc` writes them.
    pub credentials: Option<Secret>,
    /// A token.
    pub token: Option<Secret>,
    /// Certificates that the server's is signed by.
    pub root_certificates: Option<PathBuf>,
}

/// Proofs on other machines: `verdict worker`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WorkersConfig {
    /// Where NATS is, with JetStream: `nats://HOST:4222`, or `tls://…`.
    pub nats: Secret,
    /// What its subjects, streams and stores begin with.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// NATS' credentials of the relayer.
    #[serde(default)]
    pub credentials: Option<Secret>,
    /// NATS' token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Certificates that NATS' is signed by, if the system knows none.
    #[serde(default)]
    pub root_certificates: Option<PathBuf>,
    /// The workers by name, each with the key that it alone shares with this relayer: 32 bytes in
    /// hexadecimal. Nobody else is heard.
    pub keys: BTreeMap<String, Secret>,
    /// How long a worker that is free may take to take work.
    #[serde(default = "patience")]
    pub patience: Span,
    /// How long one may be at a proof.
    #[serde(default = "longest")]
    pub longest: Span,
    /// Whether workers get only what does not fit `prover.memory`; otherwise whatever one is free for.
    #[serde(default)]
    pub large_only: bool,
}

/// What `verdict worker` does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WorkerConfig {
    /// Its name, as the relayer's configuration has it in `workers.keys`.
    pub name: String,
    /// The key that it shares with the relayer: 32 bytes in hexadecimal.
    pub key: Secret,
    /// Where NATS is.
    pub nats: Secret,
    /// What its subjects, streams and stores begin with.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// NATS' credentials of the worker.
    #[serde(default)]
    pub credentials: Option<Secret>,
    /// NATS' token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Certificates that NATS' is signed by, if the system knows none.
    #[serde(default)]
    pub root_certificates: Option<PathBuf>,
    /// The set-up: the beginning of an imported one's digest, or `development` for the INSECURE one.
    pub setup: String,
    /// How much memory a proof may take, by its plan's estimate.
    pub memory: Size,
    /// The folder that paths are relative to: the file's.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn prefix() -> String {
    "verdict".into()
}

const fn patience() -> Span {
    Span(Duration::from_secs(5))
}

const fn longest() -> Span {
    Span(Duration::from_secs(3_600))
}

/// Names are parts of subjects.
fn named(what: &str, name: &str) -> Result<(), String> {
    let good = (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    match good {
        true => Ok(()),
        false => Err(format!(
            "{what}: `{name}` is no name; expected up to 32 of a-z, 0-9 and -"
        )),
    }
}

impl WorkersConfig {
    /// How NATS is reached.
    pub fn carrier(&self) -> NatsConfig {
        NatsConfig {
            url: self.nats.clone(),
            prefix: self.prefix.clone(),
            credentials: self.credentials.clone(),
            token: self.token.clone(),
            root_certificates: self.root_certificates.clone(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        named("prefix", &self.prefix)?;
        if self.keys.is_empty() {
            return Err("keys: name at least one worker".into());
        }
        self.keys
            .keys()
            .try_for_each(|name| named(&format!("keys.{name}"), name))
    }
}

impl WorkerConfig {
    /// Reads a file and checks it.
    pub fn load(path: &Path) -> Result<Self, RelayError> {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&read_text(path)?, folder).map_err(|error| RelayError::File {
            path: path.into(),
            detail: error.to_string(),
        })
    }

    /// The same, of a text.
    pub fn parse(text: &str, folder: PathBuf) -> Result<Self, RelayError> {
        let mut config: Self = toml::from_str(text)
            .map_err(|error| RelayError::Config(with_nearest(&error.to_string())))?;
        config.folder = folder;
        named("name", &config.name)
            .and_then(|()| named("prefix", &config.prefix))
            .map_err(RelayError::Config)?;
        Ok(config)
    }

    /// How NATS is reached.
    pub fn carrier(&self) -> NatsConfig {
        NatsConfig {
            url: self.nats.clone(),
            prefix: self.prefix.clone(),
            credentials: self.credentials.clone(),
            token: self.token.clone(),
            root_certificates: self.root_certificates.clone(),
        }
    }
}

/// The annotated file that `verdict worker init` writes.
pub fn worker_template(name: &str, nats: &str) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "# What `verdict worker --config FILE` does: it proves for a relayer, and knows no chain, no database and no\n\
         # account. Paths are relative to this file; secrets are named, not written.\n\n\
         # As the relayer's file has it: `[workers]` `keys.{name} = {{ file = \"{name}.key\" }}`.\n\
         name = {}\n\
         # The key that this worker and the relayer share: `openssl rand -hex 32 > {name}.key`, once, and the same file\n\
         # on both machines. With it what they say is sealed.\n\
         key = {{ file = \"{name}.key\" }}\n\n\
         # NATS with JetStream. Where strangers can reach it: `tls://…`, and `credentials = {{ file = \"…\" }}` or `token`.\n\
         nats = {}\n\n\
         # The set-up of the deployment: the beginning of its digest (`verdict srs list`), or `development`.\n\
         setup = \"\"\n\
         # What a proof may take here; larger ones are not offered.\n\
         memory = \"8 GiB\"\n",
        text(name),
        text(nats),
    )
}
