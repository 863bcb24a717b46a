//! Secrets, which the configuration names and does not hold.

use crate::RelayError;
use alloy_primitives::{hex, keccak256};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    env, fmt,
    path::{Path, PathBuf},
};
use verdict_chain::SignerSource;
use verdict_wire::read_text;

/// A text that may be secret.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a text, `{ env = \"NAME\" }` or `{ file = \"PATH\" }`"
)]
pub enum Secret {
    /// As it is: for what is no secret.
    Plain(String),
    /// An environment variable's.
    Env(EnvName),
    /// A file's.
    File(FileName),
}

/// Where an environment variable has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvName {
    /// The variable.
    env: String,
}

/// Where a file has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileName {
    /// The file.
    file: PathBuf,
}

/// Who signs: exactly one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// A keystore, as geth and Foundry write it.
    pub keystore: Option<PathBuf>,
    /// Its password: `{ file = "PATH" }` or `{ env = "NAME" }`.
    pub password: Option<Secret>,
    /// A private key in hexadecimal: `{ file = "PATH" }` or `{ env = "NAME" }`.
    pub private_key: Option<Secret>,
    /// A key in AWS's key management: its id, its ARN, or an alias. For programs that were built with
    /// `--features aws-kms`.
    pub aws_kms: Option<String>,
    /// A version of a key in Google's: `projects/…/cryptoKeyVersions/1`. For programs that were built with
    /// `--features gcp-kms`.
    pub gcp_kms: Option<String>,
}

/// What it is, not what it says.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // So that two can be told apart.
            Self::Plain(text) => write!(f, "Plain(#{})", hex::encode(&keccak256(text)[..4])),
            Self::Env(EnvName { env }) => write!(f, "Env({env})"),
            Self::File(FileName { file }) => write!(f, "File({})", file.display()),
        }
    }
}

impl Secret {
    /// What it says.
    pub fn read(&self, folder: &Path) -> Result<String, RelayError> {
        match self {
            Self::Plain(text) => Ok(text.clone()),
            Self::Env(EnvName { env: name }) => env::var(name)
                .map_err(|_| RelayError::Config(format!("the environment has no variable {name}"))),
            Self::File(FileName { file }) => {
                let text = read_text(&folder.join(file))?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }

    /// The same, of what must not be in the configuration itself.
    pub(crate) fn read_hidden(&self, what: &str, folder: &Path) -> Result<String, RelayError> {
        if matches!(self, Self::Plain(_)) {
            return Err(RelayError::Config(format!(
                "{what} does not belong into the configuration: write `{{ file = \"PATH\" }}` or `{{ env = \"NAME\" }}`"
            )));
        }
        self.read(folder)
    }
}

impl Key {
    /// Where the signature comes from.
    pub fn source(&self, folder: &Path) -> Result<SignerSource, RelayError> {
        let Self {
            keystore,
            password,
            private_key,
            aws_kms,
            gcp_kms,
        } = self;
        match (keystore, password, private_key, aws_kms, gcp_kms) {
            (Some(path), Some(password), None, None, None) => Ok(SignerSource::Keystore {
                path: folder.join(path),
                password: password.read_hidden("a password", folder)?,
            }),
            (None, None, Some(key), None, None) => Ok(SignerSource::PrivateKey(
                key.read_hidden("a private key", folder)?,
            )),
            (None, None, None, Some(key), None) => Ok(SignerSource::AwsKms { key: key.clone() }),
            (None, None, None, None, Some(key)) => Ok(SignerSource::GcpKms { key: key.clone() }),
            _ => Err(RelayError::Config(
                "a signer is one of `keystore` with `password`, `private-key`, `aws-kms`, `gcp-kms`"
                    .into(),
            )),
        }
    }
}
