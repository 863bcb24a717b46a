//! Who signs transactions and data: a private key, a keystore file, a Ledger.

use crate::{ChainError, keystore};
use alloy_network::EthereumWallet;
use alloy_primitives::{Address, Bytes};
use alloy_signer::Signer;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{Eip712Domain, SolStruct};
use serde::Serialize;
use std::{fmt, path::PathBuf};
use tokio::runtime::{Builder, Runtime};
use verdict_wire::read_text;

/// Where a signature comes from.
#[derive(Clone)]
#[non_exhaustive]
pub enum SignerSource {
    /// 32 bytes in hexadecimal.
    PrivateKey(String),
    /// A file with the same.
    PrivateKeyFile(PathBuf),
    /// A keystore as geth and Foundry write it.
    Keystore {
        /// The file.
        path: PathBuf,
        /// What it was encrypted with.
        password: String,
    },
    /// An account of a Ledger, as Ledger Live numbers them. Needs the cargo feature `ledger`.
    Ledger {
        /// Which account, from 0.
        account: usize,
    },
}

/// Secrets are not for logs.
impl fmt::Debug for SignerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrivateKey(_) => f.write_str("PrivateKey(…)"),
            Self::PrivateKeyFile(path) => write!(f, "PrivateKeyFile({})", path.display()),
            Self::Keystore { path, .. } => write!(f, "Keystore({}, …)", path.display()),
            Self::Ledger { account } => write!(f, "Ledger({account})"),
        }
    }
}

/// A signer that was opened.
enum Opened {
    Local(PrivateKeySigner),
    #[cfg(feature = "ledger")]
    Ledger(Box<alloy_signer_ledger::LedgerSigner>),
}

/// One who signs data.
pub struct DataSigner {
    // A Ledger answers asynchronously. There until it is dropped.
    runtime: Option<Runtime>,
    opened: Opened,
}

/// A runtime that ends within another one must not wait for what it runs.
impl Drop for DataSigner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for DataSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataSigner({})", self.address())
    }
}

impl SignerSource {
    /// Opens it for signing data.
    pub fn open(&self, chain_id: u64) -> Result<DataSigner, ChainError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ChainError::Signer(error.to_string()))?;
        let opened = runtime.block_on(self.opened(chain_id))?;
        Ok(DataSigner {
            runtime: Some(runtime),
            opened,
        })
    }

    /// Opens it for sending transactions; also says which account it signs for.
    pub async fn wallet(&self, chain_id: u64) -> Result<(EthereumWallet, Address), ChainError> {
        Ok(match self.opened(chain_id).await? {
            Opened::Local(signer) => {
                let address = signer.address();
                (EthereumWallet::from(signer), address)
            }
            #[cfg(feature = "ledger")]
            Opened::Ledger(signer) => {
                let address = signer.address();
                (EthereumWallet::from(*signer), address)
            }
        })
    }

    async fn opened(&self, chain_id: u64) -> Result<Opened, ChainError> {
        let signer = match self {
            Self::PrivateKey(key) => private_key(key, "the private key")?,
            Self::PrivateKeyFile(path) => {
                let text = read_text(path)?;
                private_key(&text, &path.display().to_string())?
            }
            Self::Keystore { path, password } => keystore::open(path, password)?,
            Self::Ledger { account } => return ledger(*account, chain_id).await,
        };
        Ok(Opened::Local(signer.with_chain_id(Some(chain_id))))
    }
}

impl DataSigner {
    /// The account.
    pub fn address(&self) -> Address {
        match &self.opened {
            Opened::Local(signer) => signer.address(),
            #[cfg(feature = "ledger")]
            Opened::Ledger(signer) => signer.address(),
        }
    }

    /// Signs typed data: a wallet gets the structure, never a bare hash.
    pub fn sign<T: SolStruct + Serialize + Send + Sync>(
        &self,
        data: &T,
        domain: &Eip712Domain,
    ) -> Result<Bytes, ChainError> {
        let runtime = self.runtime.as_ref();
        let runtime = runtime.ok_or_else(|| ChainError::Signer("the signer is closed".into()))?;
        let signature = runtime.block_on(async {
            match &self.opened {
                Opened::Local(signer) => signer.sign_typed_data(data, domain).await,
                #[cfg(feature = "ledger")]
                Opened::Ledger(signer) => signer.sign_typed_data(data, domain).await,
            }
        });
        let signature = signature.map_err(|error| ChainError::Signer(error.to_string()))?;
        Ok(signature.as_bytes().to_vec().into())
    }
}

fn private_key(text: &str, of: &str) -> Result<PrivateKeySigner, ChainError> {
    // The parser's message could repeat the secret.
    text.trim().parse().map_err(|_| {
        ChainError::Signer(format!(
            "{of} is no private key: expected 32 bytes in hexadecimal; for a keystore use --keystore"
        ))
    })
}

#[cfg(feature = "ledger")]
async fn ledger(account: usize, chain_id: u64) -> Result<Opened, ChainError> {
    use alloy_signer_ledger::{HDPath, LedgerSigner};
    let signer = LedgerSigner::new(HDPath::LedgerLive(account), Some(chain_id))
        .await
        .map_err(|error| ChainError::Signer(format!("Ledger: {error}")))?;
    Ok(Opened::Ledger(Box::new(signer)))
}

#[cfg(not(feature = "ledger"))]
#[allow(clippy::unused_async)]
async fn ledger(_: usize, _: u64) -> Result<Opened, ChainError> {
    Err(ChainError::Signer(
        "this program was built without Ledger support; build it with `--features ledger`".into(),
    ))
}
