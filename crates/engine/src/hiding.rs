//! The secret that keeps a model's weights private.
//!
//! A verifying key with private weights has random rows behind the tape, which are drawn from a
//! seed and from everything else that the key depends on: whoever has the model and the seed makes
//! the same key again, and another set-up, plan or batch has nothing in common with it. Proofs blind the weights anew,
//! so nothing is counted and the file never changes (`docs/soundness.md` has the argument). It is as
//! secret as the weights: with the seed, a guess at them can be checked against the key.

use crate::{
    EngineError,
    secret_file::{create_json, load_json},
};
use alloy_primitives::B256;
use rand::{RngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::path::Path;
use verdict_circuit::Hiding;

/// The version of the file.
const VERSION: u32 = 2;

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    version: u32,
    /// Digest of the compiled model.
    model: B256,
    seed: B256,
}

/// What hides one model's weights.
#[derive(Clone, Debug)]
pub struct HidingFile {
    model: B256,
    hiding: Hiding,
}

impl HidingFile {
    /// Makes a file for a model. A file that exists is never replaced: the key of the model needs
    /// it.
    pub fn create(path: &Path, model: B256) -> Result<Self, EngineError> {
        let mut seed = [0; 32];
        OsRng.fill_bytes(&mut seed);
        let contents = Contents {
            version: VERSION,
            model,
            seed: seed.into(),
        };
        create_json(path, &contents)?;
        Self::open(path, model)
    }

    /// Opens the file that hides a model's weights; refuses one of another model.
    pub fn open(path: &Path, model: B256) -> Result<Self, EngineError> {
        let file: Contents = load_json(path, "a hiding file (`verdict hide` makes one)")?;
        if file.version != VERSION {
            return Err(EngineError::Input(format!(
                "{} has version {}, expected {VERSION}; run `verdict hide` again and register the new key",
                path.display(),
                file.version
            )));
        }
        if file.model != model {
            return Err(EngineError::Input(format!(
                "{} hides the weights of model {}, not of {model}; run `verdict hide` for this model",
                path.display(),
                file.model
            )));
        }
        Ok(Self {
            model,
            hiding: Hiding { seed: file.seed.0 },
        })
    }

    /// What hides the weights in keys under a set-up. The layout is the planner's to add.
    pub(crate) fn under(&self, setup: &str) -> Hiding {
        self.hiding.under(setup)
    }

    pub(crate) const fn model(&self) -> B256 {
        self.model
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MODEL: B256 = B256::repeat_byte(1);

    #[test]
    fn a_file_hides_one_model_is_its_owners_alone_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.hiding.secret");
        let file = HidingFile::create(&path, MODEL).unwrap();
        let again = HidingFile::open(&path, MODEL).unwrap();
        assert_eq!(again.under("a"), file.under("a"));
        assert_ne!(again.under("a"), file.under("b"));
        let error = HidingFile::open(&path, B256::repeat_byte(4)).unwrap_err();
        assert!(error.to_string().contains("not of"), "{error}");
        assert!(HidingFile::create(&path, MODEL).is_err());
        let other = folder.path().join("n.hiding.secret");
        let other = HidingFile::create(&other, MODEL).unwrap();
        assert_ne!(other.under("a"), file.under("a"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_counted_proofs_is_refused_by_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.hiding.secret");
        HidingFile::create(&path, MODEL).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace(r#""version": 2"#, r#""version": 1"#)).unwrap();
        let error = HidingFile::open(&path, MODEL).unwrap_err();
        assert!(
            error.to_string().contains("run `verdict hide` again"),
            "{error}"
        );
    }
}
