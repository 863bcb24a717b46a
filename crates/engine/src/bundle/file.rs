//! Bundles as files.

use super::{BatchOf, Bundle};
use crate::{EngineError, Mismatch};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use serde::{Deserialize, Serialize};
use std::path::Path;
use verdict_wire::{ModelSpec, read_text, write_json};

/// The version of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    /// The bundle's digest. What is not under it (the manifest's digest, the batch's names, whether
    /// the set-up is the development one) follows from what is, and is compared with it.
    bundle: B256,
    model: B256,
    manifest: B256,
    batch: BatchOf,
    spec: ModelSpec,
    /// Absent where no input is a rank.
    #[serde(default, skip_serializing_if = "B256::is_zero")]
    breakpoints: B256,
    setup: SetupOf,
    verifying_key: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_proof: Option<Bytes>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetupOf {
    tau_g2: [B256; 4],
    development: bool,
}

impl Bundle {
    /// Writes the bundle as readable JSON, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        let (Some(manifest), Some(batch)) = (self.manifest, &self.batch) else {
            return Err(EngineError::Input(
                "a bundle that was read from a chain is not written to a file: make one of the model with `verdict bundle`"
                    .into(),
            ));
        };
        let file = File {
            version: VERSION,
            bundle: self.digest(),
            model: self.model,
            manifest,
            batch: batch.clone(),
            spec: self.spec.clone(),
            breakpoints: self.breakpoints,
            setup: SetupOf {
                tau_g2: self.tau_g2.map(B256::from),
                development: self.development,
            },
            verifying_key: self.key.clone(),
            key_proof: self.key_proof.clone(),
        };
        Ok(write_json(path, &file)?)
    }

    /// Reads a bundle. Its parts belong together when this returns; whether they are those of a
    /// model [`Bundle::check`] says.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        let fail = |detail: String| {
            EngineError::Input(format!(
                "{} is not a bundle (`verdict bundle` makes one): {detail}",
                path.display()
            ))
        };
        let text = read_text(path)?;
        let file: File = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
        if file.version != VERSION {
            return Err(fail(format!(
                "it has version {}, expected {VERSION}",
                file.version
            )));
        }
        let bundle = Self {
            model: file.model,
            manifest: Some(file.manifest),
            batch: Some(file.batch),
            spec: file.spec,
            breakpoints: file.breakpoints,
            key: file.verifying_key,
            tau_g2: file.setup.tau_g2.map(|word| U256::from_be_bytes(word.0)),
            development: file.setup.development,
            key_proof: file.key_proof,
        };
        let same = |what, stated: B256, found: B256, of: &str| match stated == found {
            true => Ok(()),
            false => Err(EngineError::Mismatch(Box::new(Mismatch {
                what,
                left_of: path.display().to_string(),
                left: stated.to_string(),
                right_of: of.into(),
                right: found.to_string(),
                hint: "the file was altered, or its parts are of several bundles; make it again with `verdict bundle`",
            }))),
        };
        let proof = bundle.key_proof.as_ref().map(keccak256).unwrap_or_default();
        same(
            "key proof",
            bundle.spec.keyProof,
            proof,
            "the key proof in it",
        )?;
        same("bundle", file.bundle, bundle.digest(), "its parts")?;
        Ok(bundle)
    }
}
