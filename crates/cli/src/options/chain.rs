//! Which chain a command acts on, and where its addresses are.

use crate::error::{CliError, usage};
use alloy_primitives::{Address, Bytes, hex};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
};
use verdict_chain::{
    Chain, ChainError, ChainLock, Deployment, EmbeddedChain, RpcChain, SignerSource,
};

/// The id of a new chain of `--local`.
const LOCAL_CHAIN_ID: u64 = 31_337;

/// Where to act, and who.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chain")]
pub(crate) struct ChainArgs {
    /// A node's URL [default: $VERDICT_RPC_URL]
    #[arg(long, value_name = "URL")]
    rpc: Option<String>,
    /// Instead of a node: an embedded EVM, kept in this file from one command to the next
    #[arg(long, value_name = "FILE", conflicts_with = "rpc")]
    local: Option<PathBuf>,
    /// With --local: the account to act as
    #[arg(long, value_name = "ADDRESS", requires = "local")]
    from: Option<Address>,
    /// With --local: let so many seconds pass first
    #[arg(long, value_name = "SECONDS", requires = "local")]
    after: Option<u64>,
    /// The addresses of what is deployed, as the scripts of solidity/script write them [default:
    /// deployments/CHAIN_ID.json]
    #[arg(long, value_name = "FILE", env = "VERDICT_DEPLOYMENT")]
    deployment: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerArgs,
}

/// Who signs what is sent to a node, and data.
#[derive(Clone, Args)]
#[command(next_help_heading = "Signer")]
pub(crate) struct SignerArgs {
    /// A private key in hexadecimal [default: $VERDICT_PRIVATE_KEY, which others can't read as they
    /// can a command line]
    #[arg(long, value_name = "KEY", group = "who")]
    private_key: Option<String>,
    /// A file with a private key in hexadecimal
    #[arg(long, value_name = "FILE", group = "who")]
    private_key_file: Option<PathBuf>,
    /// A keystore, as geth and Foundry write it
    #[arg(long, value_name = "FILE", group = "who", requires = "password_file")]
    keystore: Option<PathBuf>,
    /// A file with the keystore's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// An account of a Ledger, counted from 0 as Ledger Live does
    #[arg(long, value_name = "ACCOUNT", group = "who", num_args = 0..=1, default_missing_value = "0")]
    ledger: Option<usize>,
}

/// Secrets are not for logs.
impl std::fmt::Debug for SignerArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignerArgs(…)")
    }
}

impl SignerArgs {
    pub(crate) fn source(&self) -> Result<Option<SignerSource>, CliError> {
        // What is named on the command line goes before what the environment has.
        Ok(if let Some(path) = &self.keystore {
            let password = self.password_file.as_deref().map(read).transpose()?;
            Some(SignerSource::Keystore {
                path: path.clone(),
                password: password
                    .unwrap_or_default()
                    .trim_end_matches(['\r', '\n'])
                    .into(),
            })
        } else if let Some(path) = &self.private_key_file {
            Some(SignerSource::PrivateKeyFile(path.clone()))
        } else if let Some(account) = self.ledger {
            Some(SignerSource::Ledger { account })
        } else {
            let key = self
                .private_key
                .clone()
                .or_else(|| variable("VERDICT_PRIVATE_KEY"));
            key.map(SignerSource::PrivateKey)
        })
    }
}

/// Not by clap, for which a variable would contradict what the command line says instead.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(CliError::io("read", path))
}

/// A chain that was opened.
#[derive(Debug)]
pub(crate) enum Opened {
    Local {
        chain: Box<EmbeddedChain>,
        path: PathBuf,
        /// Held as long as this is; absent where nothing will be kept.
        _lock: Option<ChainLock>,
    },
    Rpc(Box<RpcChain>),
}

impl ChainArgs {
    /// Opens the chain to act on it. No other command can act on a `--local` file until what is
    /// returned is dropped: that must be after the deployment is written, too.
    pub(crate) fn open(&self) -> Result<Opened, CliError> {
        if let Some(path) = self.local.as_deref().filter(|path| !path.exists()) {
            // A lock beside a file of another name would be left behind.
            return Err(ChainError::NoChainFile(path.to_owned()).into());
        }
        self.open_or_begin()
    }

    /// The same, and begins a new chain where `--local` names a file that is not there.
    pub(crate) fn open_or_begin(&self) -> Result<Opened, CliError> {
        let Some(path) = &self.local else {
            return self.remote(self.signer.source()?.as_ref());
        };
        let lock = ChainLock::take(path)?;
        let chain = match path.exists() {
            true => EmbeddedChain::open(path)?,
            false => EmbeddedChain::begin(path, self.new_chain_id()),
        };
        Ok(self.opened(path, chain, Some(lock)))
    }

    /// Opens the chain to read, without a signer.
    pub(crate) fn read_only(&self) -> Result<Opened, CliError> {
        match &self.local {
            Some(path) => Ok(self.opened(path, EmbeddedChain::open(path)?, None)),
            None => self.remote(None),
        }
    }

    /// Who signs.
    pub(crate) fn signer(&self) -> Result<Option<SignerSource>, CliError> {
        self.signer.source()
    }

    fn opened(&self, path: &Path, mut chain: EmbeddedChain, lock: Option<ChainLock>) -> Opened {
        if let Some(from) = self.from {
            chain.act_as(from);
        }
        if let Some(seconds) = self.after {
            chain.pass(seconds);
        }
        Opened::Local {
            chain: Box::new(chain),
            path: path.to_owned(),
            _lock: lock,
        }
    }

    fn remote(&self, signer: Option<&SignerSource>) -> Result<Opened, CliError> {
        let Some(url) = self.rpc.clone().or_else(|| variable("VERDICT_RPC_URL")) else {
            return Err(usage(
                "which chain? give --rpc URL for a node, or --local FILE for an embedded one",
            ));
        };
        Ok(Opened::Rpc(Box::new(RpcChain::connect(&url, signer)?)))
    }

    /// A chain's addresses are in a file of its id's name: a second chain in one folder gets
    /// another id.
    fn new_chain_id(&self) -> u64 {
        let mut ids = LOCAL_CHAIN_ID..;
        let free = ids.find(|id| self.deployment.is_some() || !standard(*id).exists());
        free.unwrap_or(LOCAL_CHAIN_ID)
    }

    /// Where the addresses are.
    pub(crate) fn deployment_path(&self, chain_id: u64) -> PathBuf {
        let given = self.deployment.clone();
        given.unwrap_or_else(|| standard(chain_id))
    }

    /// The addresses on a chain; refuses those of another.
    pub(crate) fn deployment(&self, chain_id: u64) -> Result<(Deployment, PathBuf), CliError> {
        let path = self.deployment_path(chain_id);
        if !path.exists() {
            return Err(CliError::NoDeployment(path));
        }
        let deployment = Deployment::load(&path)?;
        if deployment.chain_id != chain_id {
            return Err(CliError::Input(format!(
                "{} is of chain {}, the command acts on chain {chain_id}; name another file with --deployment",
                path.display(),
                deployment.chain_id
            )));
        }
        Ok((deployment, path))
    }
}

/// Where the addresses on a chain are, unless another file is named.
fn standard(chain_id: u64) -> PathBuf {
    Path::new("deployments").join(format!("{chain_id}.json"))
}

impl Opened {
    pub(crate) fn chain(&mut self) -> &mut dyn Chain {
        match self {
            Self::Local { chain, .. } => chain.as_mut(),
            Self::Rpc(chain) => chain.as_mut(),
        }
    }

    /// Keeps what happened.
    pub(crate) fn keep(&self) -> Result<(), CliError> {
        match self {
            // Nothing happens to a chain that was opened to read.
            Self::Local { _lock: None, .. } => Ok(()),
            Self::Local { chain, path, .. } => Ok(chain.save(path)?),
            Self::Rpc(_) => Ok(()),
        }
    }
}

/// Makes the folder of a file that will be written.
pub(crate) fn make_folder(path: &Path) -> Result<(), CliError> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(CliError::io("create", folder))
}

/// An address, or the name of a contract in a deployment.
pub(crate) fn address(name: &str, deployment: Option<&Deployment>) -> Result<Address, CliError> {
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    let Some(deployment) = deployment else {
        return Err(usage(format!(
            "`{name}` is no address, and there is no deployment to look it up in; see --deployment"
        )));
    };
    deployment.address(name).ok_or_else(|| {
        let others = deployment.consumers.keys().chain(deployment.sources.keys());
        let others: Vec<&str> = others.map(String::as_str).collect();
        usage(format!(
            "`{name}` is no address and no contract of the deployment; there are verifier, \
             verifying-keys, registry, gateway{}{}",
            if others.is_empty() { "" } else { ", " },
            others.join(", ")
        ))
    })
}

/// Bytes in hexadecimal, or `@FILE` with such.
pub(crate) fn bytes(text: &str) -> Result<Bytes, CliError> {
    let from_file = text
        .strip_prefix('@')
        .map(|path| read(Path::new(path)))
        .transpose()?;
    let digits = from_file.as_deref().unwrap_or(text).trim();
    let bytes = hex::decode(digits).map_err(|error| {
        let hint = match from_file.is_none() && Path::new(text).exists() {
            true => format!("; `{text}` is a file: write @{text}"),
            false => String::new(),
        };
        CliError::Input(format!(
            "expected bytes in hexadecimal, or @FILE with them: {error}{hint}"
        ))
    })?;
    Ok(bytes.into())
}

/// A name that can be part of the deployment's file.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if text.split('-').all(part) {
        return Ok(text.into());
    }
    Err("expected lower-case letters and digits, in parts with single hyphens between".into())
}
