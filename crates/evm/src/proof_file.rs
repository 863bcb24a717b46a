//! A proof with everything needed to check it, as a JSON file.

use crate::EvmError;
use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};
use std::{fs, io::Write, path::Path};

/// Version of the file format.
pub const PROOF_FILE_VERSION: u32 = 1;

/// A proof and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    /// [`PROOF_FILE_VERSION`].
    pub version: u32,
    /// Digest of the compiled model.
    pub model: B256,
    /// Digest of the verifying key: keccak256 of [`Self::verifying_key`].
    pub key: B256,
    /// Digest of the set-up, as `verdict srs list` shows it.
    pub srs: String,
    /// Whether the set-up is the insecure development one.
    pub development: bool,
    /// The verifying key's bytes.
    pub verifying_key: Bytes,
    /// The context, then the public words.
    pub public_values: Vec<B256>,
    /// The proof.
    pub proof: Bytes,
}

impl ProofFile {
    /// Reads a proof file.
    pub fn load(path: &Path) -> Result<Self, EvmError> {
        let text = fs::read_to_string(path).map_err(|source| EvmError::Io {
            what: "read",
            path: path.to_owned(),
            source,
        })?;
        let fail = |detail: String| EvmError::ProofFile {
            path: path.to_owned(),
            detail,
        };
        let file: Self = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
        if file.version != PROOF_FILE_VERSION {
            return Err(fail(format!(
                "version {}, expected {PROOF_FILE_VERSION}",
                file.version
            )));
        }
        let found = alloy_primitives::keccak256(&file.verifying_key);
        if found != file.key {
            return Err(EvmError::Mismatch {
                path: path.to_owned(),
                found: found.to_string(),
                expected: file.key.to_string(),
            });
        }
        Ok(file)
    }

    /// Writes a proof file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), EvmError> {
        let fail = |source| EvmError::Io {
            what: "write",
            path: path.to_owned(),
            source,
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| fail(error.into()))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
        temporary
            .write_all(text.as_bytes())
            .and_then(|()| temporary.write_all(b"\n"))
            .map_err(fail)?;
        temporary.as_file().sync_all().map_err(fail)?;
        temporary.persist(path).map_err(|error| fail(error.error))?;
        Ok(())
    }
}
