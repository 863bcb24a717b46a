//! A proof that may be handed out.

use crate::{EngineError, SaltFile};
use alloy_primitives::{B256, Bytes};
use std::path::{Path, PathBuf};
use verdict_circuit::Salt;
use verdict_model::Trace;
use verdict_wire::{ProofFile, write_json};

/// A proof that this process has made and verified. There is no other way to write a proof
/// file: [`Session::prove`](crate::Session::prove) alone makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    file: ProofFile,
    traces: Vec<Trace>,
    salts: Vec<Salt>,
}

/// The files that a proof was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The proof.
    pub proof: PathBuf,
    /// The salts of its commitments, if it has any; secret.
    pub salts: Option<PathBuf>,
}

impl Verified {
    pub(crate) const fn new(file: ProofFile, traces: Vec<Trace>, salts: Vec<Salt>) -> Self {
        Self {
            file,
            traces,
            salts,
        }
    }

    /// The proof with all that a stranger needs to check it.
    pub const fn file(&self) -> &ProofFile {
        &self.file
    }

    /// The context, then the public words.
    pub fn public_values(&self) -> &[B256] {
        &self.file.public_values
    }

    /// What the consumer binds the proof to.
    pub fn context(&self) -> B256 {
        self.file.public_values.first().copied().unwrap_or_default()
    }

    /// The proof's bytes.
    pub const fn proof(&self) -> &Bytes {
        &self.file.proof
    }

    /// Everything the executor computed, for each of the batch's items.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// What the inputs' commitments were salted with, item by item; secret.
    pub fn salts(&self) -> &[Salt] {
        &self.salts
    }

    /// The commitments to the inputs, which end the public values: input by input, and within each
    /// input item by item.
    pub fn commitments(&self) -> &[B256] {
        let values = &self.file.public_values;
        values
            .get(values.len().saturating_sub(self.salts.len())..)
            .unwrap_or_default()
    }

    /// Writes the proof, and its salts to `PROOF.DIGEST.salt.secret`, each whole or not at all; the
    /// digest is of the commitments, so that a proof which replaces another leaves its salts alone.
    /// Without its salts a commitment is of no use, so they come first: no proof is there whose
    /// salts are not.
    pub fn save(&self, path: &Path) -> Result<Saved, EngineError> {
        let salts = (!self.salts.is_empty()).then(|| SaltFile::path(path, self.commitments()));
        if let Some(path) = &salts {
            SaltFile::new(&self.salts).save(path)?;
        }
        write_json(path, &self.file)?;
        Ok(Saved {
            proof: path.to_owned(),
            salts,
        })
    }
}
