//! What shows that a key with private weights hides nothing else.

use crate::error::CliError;
use alloy_primitives::{Bytes, hex};
use clap::Args;
use std::{fs, path::Path, path::PathBuf};
use verdict_engine::Bundle;

/// A bundle, or the key proof alone.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Bundle")]
pub(crate) struct KeyProofArgs {
    /// All that the model version is (`verdict bundle` makes it), with the key proof if its weights
    /// are private
    #[arg(long, value_name = "BUNDLE.json")]
    pub(crate) bundle: Option<PathBuf>,
    /// The key proof alone, raw or in hexadecimal
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    pub(crate) key_proof: Option<PathBuf>,
}

impl KeyProofArgs {
    /// The bundle, if one is given.
    pub(crate) fn bundle(&self) -> Result<Option<Bundle>, CliError> {
        let bundle = self.bundle.as_deref().map(Bundle::load);
        Ok(bundle.transpose()?)
    }

    /// The key proof, wherever it is from.
    pub(crate) fn key_proof(&self) -> Result<Option<Bytes>, CliError> {
        if let Some(path) = &self.key_proof {
            return Ok(Some(raw_or_hex(path)?.into()));
        }
        Ok(self.bundle()?.and_then(|bundle| bundle.key_proof))
    }
}

/// A file's bytes, or those that it has in hexadecimal.
pub(crate) fn raw_or_hex(path: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = fs::read(path).map_err(CliError::io("read", path))?;
    let text = std::str::from_utf8(&bytes).map(str::trim).ok();
    let decoded = text.and_then(|text| hex::decode(text).ok());
    Ok(decoded.unwrap_or(bytes))
}
