//! Who signs transactions: a private key, a keystore file, a Ledger.

use crate::{EvmError, file::read_text};
use alloy_network::EthereumWallet;
use alloy_primitives::Address;
use alloy_signer::Signer;
use alloy_signer_local::PrivateKeySigner;
use std::{fmt, path::PathBuf};

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

impl SignerSource {
    /// Opens it, for a chain; also says which account it signs for.
    pub(super) async fn wallet(
        &self,
        chain_id: u64,
    ) -> Result<(EthereumWallet, Address), EvmError> {
        let signer = match self {
            Self::PrivateKey(key) => private_key(key, "the private key")?,
            Self::PrivateKeyFile(path) => {
                let text = read_text(path)?;
                private_key(&text, &path.display().to_string())?
            }
            Self::Keystore { path, password } => PrivateKeySigner::decrypt_keystore(path, password)
                .map_err(|error| {
                    EvmError::Signer(format!("keystore {}: {error}", path.display()))
                })?,
            Self::Ledger { account } => return ledger(*account, chain_id).await,
        };
        let signer = signer.with_chain_id(Some(chain_id));
        let address = signer.address();
        Ok((EthereumWallet::from(signer), address))
    }
}

fn private_key(text: &str, of: &str) -> Result<PrivateKeySigner, EvmError> {
    // The parser's message could repeat the secret.
    text.trim()
        .parse()
        .map_err(|_| EvmError::Signer(format!("{of} is not 32 bytes in hexadecimal")))
}

#[cfg(feature = "ledger")]
async fn ledger(account: usize, chain_id: u64) -> Result<(EthereumWallet, Address), EvmError> {
    use alloy_signer_ledger::{HDPath, LedgerSigner};
    let fail =
        |error: alloy_signer_ledger::LedgerError| EvmError::Signer(format!("Ledger: {error}"));
    let signer = LedgerSigner::new(HDPath::LedgerLive(account), Some(chain_id))
        .await
        .map_err(fail)?;
    let address = signer.get_address().await.map_err(fail)?;
    Ok((EthereumWallet::from(signer), address))
}

#[cfg(not(feature = "ledger"))]
#[allow(clippy::unused_async)]
async fn ledger(_: usize, _: u64) -> Result<(EthereumWallet, Address), EvmError> {
    Err(EvmError::Signer(
        "this program was built without Ledger support; build it with `--features ledger`".into(),
    ))
}
