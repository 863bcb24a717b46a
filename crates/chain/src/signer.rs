//! Who signs transactions and data: a private key, a keystore file, a Ledger, a cloud's key management.

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
    /// A key of type `ECC_SECG_P256K1` in AWS's key management; how that is reached, and as whom, AWS's
    /// own configuration says. Needs the cargo feature `aws-kms`.
    AwsKms {
        /// Its id, its ARN, or an alias of it.
        key: String,
    },
    /// A key for `EC_SIGN_SECP256K1_SHA256` in Google's key management; how that is reached, and as whom,
    /// Google's own configuration says. Needs the cargo feature `gcp-kms`.
    GcpKms {
        /// One version of it: `projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…`.
        key: String,
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
            Self::AwsKms { key } => write!(f, "AwsKms({key})"),
            Self::GcpKms { key } => write!(f, "GcpKms({key})"),
        }
    }
}

/// A signer that was opened.
enum Opened {
    Local(PrivateKeySigner),
    #[cfg(feature = "ledger")]
    Ledger(Box<alloy_signer_ledger::LedgerSigner>),
    #[cfg(feature = "aws-kms")]
    Aws(Box<alloy_signer_aws::AwsSigner>),
    #[cfg(feature = "gcp-kms")]
    Gcp(Box<alloy_signer_gcp::GcpSigner>),
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
            #[cfg(feature = "aws-kms")]
            Opened::Aws(signer) => {
                let address = signer.address();
                (EthereumWallet::from(*signer), address)
            }
            #[cfg(feature = "gcp-kms")]
            Opened::Gcp(signer) => {
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
            Self::AwsKms { key } => return Box::pin(aws(key, chain_id)).await,
            Self::GcpKms { key } => return Box::pin(gcp(key, chain_id)).await,
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
            #[cfg(feature = "aws-kms")]
            Opened::Aws(signer) => signer.address(),
            #[cfg(feature = "gcp-kms")]
            Opened::Gcp(signer) => signer.address(),
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
                #[cfg(feature = "aws-kms")]
                Opened::Aws(signer) => signer.sign_typed_data(data, domain).await,
                #[cfg(feature = "gcp-kms")]
                Opened::Gcp(signer) => signer.sign_typed_data(data, domain).await,
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

#[cfg(feature = "aws-kms")]
async fn aws(key: &str, chain_id: u64) -> Result<Opened, ChainError> {
    use alloy_signer_aws::{AwsSigner, aws_sdk_kms::Client};
    let config = aws_config::load_from_env().await;
    let signer = AwsSigner::new(Client::new(&config), key.to_owned(), Some(chain_id))
        .await
        .map_err(|error| ChainError::Signer(format!("AWS: {error}")))?;
    Ok(Opened::Aws(Box::new(signer)))
}

#[cfg(not(feature = "aws-kms"))]
#[allow(clippy::unused_async)]
async fn aws(_: &str, _: u64) -> Result<Opened, ChainError> {
    Err(ChainError::Signer(
        "this program was built without AWS's key management; build it with `--features aws-kms`"
            .into(),
    ))
}

#[cfg(feature = "gcp-kms")]
async fn gcp(key: &str, chain_id: u64) -> Result<Opened, ChainError> {
    use alloy_signer_gcp::{
        GcpKeyRingRef, GcpSigner, KeySpecifier,
        gcloud_sdk::{
            GoogleApi,
            google::cloud::kms::v1::key_management_service_client::KeyManagementServiceClient,
        },
    };
    let fail = |error: String| ChainError::Signer(format!("Google: {error}"));
    let [project, location, ring, id, version] = parts(key).ok_or_else(|| {
        fail(format!(
            "`{key}` is no version of a key: expected projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…"
        ))
    })?;
    let version = version
        .parse()
        .map_err(|_| fail(format!("version `{version}` is no number")))?;
    let client = GoogleApi::from_function(
        KeyManagementServiceClient::new,
        "https://cloudkms.googleapis.com",
        None,
    )
    .await
    .map_err(|error| fail(error.to_string()))?;
    let key = KeySpecifier::new(GcpKeyRingRef::new(project, location, ring), id, version);
    let signer = GcpSigner::new(client, key, Some(chain_id))
        .await
        .map_err(|error| fail(error.to_string()))?;
    Ok(Opened::Gcp(Box::new(signer)))
}

/// What a key's version is named by.
#[cfg(feature = "gcp-kms")]
fn parts(key: &str) -> Option<[&str; 5]> {
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        [
            "projects",
            project,
            "locations",
            location,
            "keyRings",
            ring,
            "cryptoKeys",
            id,
            "cryptoKeyVersions",
            version,
        ] => Some([project, location, ring, id, version]),
        _ => None,
    }
}

#[cfg(not(feature = "gcp-kms"))]
#[allow(clippy::unused_async)]
async fn gcp(_: &str, _: u64) -> Result<Opened, ChainError> {
    Err(ChainError::Signer(
        "this program was built without Google's key management; build it with `--features gcp-kms`"
            .into(),
    ))
}
