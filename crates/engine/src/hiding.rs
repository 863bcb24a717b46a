//! The secret that keeps a model's weights private, and how much of it is spent.
//!
//! Every proof reveals one linear equation about each weight column (`docs/soundness.md` §8), so a
//! key holds random rows for a number of proofs and no more. The count is kept in the file, under a
//! lock, and written before a proof is begun: a crash wastes one, and none is made uncounted.

use crate::{
    EngineError,
    secret_file::{beside, create_json, load_json, save_json},
};
use alloy_primitives::B256;
use rand::{RngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};
use verdict_circuit::Hiding;
use verdict_model::write_whole;
use verdict_prover::KeyProof;

/// The version of the file.
const VERSION: u32 = 1;

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    version: u32,
    /// Digest of the compiled model.
    model: B256,
    seed: B256,
    /// Proofs that the random rows are enough for.
    proofs: u32,
    /// Proofs counted so far.
    used: u32,
    /// The verifying key that the first proof was counted for. One seed must never hide two keys.
    key: Option<B256>,
    /// The digest of that key's key proof, once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_proof: Option<B256>,
}

/// How much of a hiding file is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HidingStatus {
    /// Proofs that the random rows are enough for.
    pub proofs: u32,
    /// Proofs counted so far.
    pub used: u32,
    /// The verifying key that they were counted for.
    pub key: Option<B256>,
}

/// A file that hides one model's weights.
#[derive(Clone, Debug)]
pub struct HidingFile {
    path: PathBuf,
    model: B256,
    hiding: Hiding,
}

impl HidingFile {
    /// Makes a file for `proofs` proofs of a model. A file that exists is never replaced: proofs
    /// under its key need it.
    pub fn create(path: &Path, model: B256, proofs: u32) -> Result<Self, EngineError> {
        let mut seed = [0; 32];
        OsRng.fill_bytes(&mut seed);
        Self::create_with(path, model, seed, proofs)
    }

    fn create_with(
        path: &Path,
        model: B256,
        seed: [u8; 32],
        proofs: u32,
    ) -> Result<Self, EngineError> {
        let contents = Contents {
            version: VERSION,
            model,
            seed: seed.into(),
            proofs,
            used: 0,
            key: None,
            key_proof: None,
        };
        create_json(path, &contents)?;
        Self::open(path, model)
    }

    /// Opens the file that hides a model's weights; refuses one of another model.
    pub fn open(path: &Path, model: B256) -> Result<Self, EngineError> {
        let contents = Contents::load(path, model)?;
        Ok(Self {
            path: path.to_owned(),
            model,
            hiding: Hiding {
                seed: contents.seed.0,
                proofs: contents.proofs,
            },
        })
    }

    /// How much is spent, read anew.
    pub fn status(&self) -> Result<HidingStatus, EngineError> {
        let contents = Contents::load(&self.path, self.model)?;
        Ok(HidingStatus {
            proofs: contents.proofs,
            used: contents.used,
            key: contents.key,
        })
    }

    pub(crate) fn hiding(&self) -> Hiding {
        self.hiding.clone()
    }

    pub(crate) const fn model(&self) -> B256 {
        self.model
    }

    /// Counts a proof under `key` before it is made. Returns how many remain.
    pub(crate) fn spend(&self, key: B256) -> Result<u32, EngineError> {
        let path = &self.path;
        let _lock = lock(path)?;
        let mut file = self.read_for(key)?;
        if file.used >= file.proofs {
            return Err(EngineError::Budget(format!(
                "{} is spent: all {} proofs that its random rows hide have been made; run `verdict hide` again and register the new key",
                path.display(),
                file.proofs
            )));
        }
        file.used += 1;
        save_json(path, &file)?;
        Ok(file.proofs - file.used)
    }

    /// The key proof of the hidden key, made once and kept beside the file: every one opens the
    /// weight columns at one point, and random rows are there for a single one. One that was kept is
    /// handed out only if it passes `check`, for anybody may have put it there.
    pub(crate) fn key_proof(
        &self,
        key: B256,
        make: impl FnOnce() -> Result<KeyProof, EngineError>,
        check: impl FnOnce(&KeyProof) -> Result<bool, EngineError>,
    ) -> Result<KeyProof, EngineError> {
        let path = &self.path;
        let _lock = lock(path)?;
        let mut file = self.read_for(key)?;
        let kept = beside(path, ".key-proof");
        let proof = match (kept.exists(), file.key_proof) {
            (true, _) => {
                let bytes = fs::read(&kept).map_err(EngineError::io("read", &kept))?;
                let proof = KeyProof::from_bytes(&bytes)?;
                if !check(&proof)? {
                    return Err(EngineError::Budget(format!(
                        "{} is no key proof of the key that {} hides; remove it if it was never handed out, or bring the right one back",
                        kept.display(),
                        path.display()
                    )));
                }
                proof
            }
            (false, Some(digest)) => {
                return Err(EngineError::Budget(format!(
                    "{} is gone, the key proof {digest} of {}; a second one could reveal the weights: bring it back (a bundle \
                     has it), or run `verdict hide` again and register the new key",
                    kept.display(),
                    path.display()
                )));
            }
            (false, None) => {
                let made = make()?;
                // Nobody has seen one that was made and not kept.
                write_whole(&kept, &made.to_bytes()).map_err(EngineError::io("write", &kept))?;
                made
            }
        };
        let digest = B256::from(proof.digest());
        if file.key_proof.is_some_and(|known| known != digest) {
            return Err(EngineError::Budget(format!(
                "{} is not the key proof of {}, which has the digest {}; bring that one back",
                kept.display(),
                path.display(),
                file.key_proof.unwrap_or_default()
            )));
        }
        file.key_proof = Some(digest);
        save_json(path, &file)?;
        Ok(proof)
    }

    /// What the file says now, under the lock: another process may have counted since. Refuses
    /// another key than the one that it hides.
    fn read_for(&self, key: B256) -> Result<Contents, EngineError> {
        let path = &self.path;
        let mut file = Contents::load(path, self.model)?;
        if (file.seed.0, file.proofs) != (self.hiding.seed, self.hiding.proofs) {
            return Err(EngineError::Budget(format!(
                "{} was replaced by another hiding file since it was opened; open it again",
                path.display()
            )));
        }
        if let Some(known) = file.key.filter(|known| *known != key) {
            return Err(EngineError::Budget(format!(
                "{} hides the weights of verifying key {known}, this plan and batch give {key}; two keys from one seed would reveal the \
                 weights: use the options of the first proof, or run `verdict hide` again and register the new key",
                path.display()
            )));
        }
        file.key = Some(key);
        Ok(file)
    }
}

impl Contents {
    fn load(path: &Path, model: B256) -> Result<Self, EngineError> {
        let file: Self = load_json(path, "a hiding file (`verdict hide` makes one)")?;
        if file.version != VERSION {
            return Err(EngineError::Input(format!(
                "{} has version {}, expected {VERSION}",
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
        Ok(file)
    }
}

/// The right to count, until it is dropped. The lock is on a file beside, since the file itself is
/// replaced.
fn lock(path: &Path) -> Result<File, EngineError> {
    let lock = beside(path, ".lock");
    let guard = File::create(&lock).map_err(EngineError::io("write", &lock))?;
    guard.lock().map_err(EngineError::io("lock", &lock))?;
    Ok(guard)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MODEL: B256 = B256::repeat_byte(1);
    const KEY: B256 = B256::repeat_byte(2);

    #[test]
    fn proofs_are_counted_up_to_the_budget_and_for_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.hiding.secret");
        let file = HidingFile::create(&path, MODEL, 2).unwrap();
        assert!(HidingFile::open(&path, B256::repeat_byte(4)).is_err());
        assert_eq!(file.spend(KEY).unwrap(), 1);
        let error = file.spend(B256::repeat_byte(4)).unwrap_err();
        assert!(error.to_string().contains("two keys"), "{error}");
        assert_eq!(file.spend(KEY).unwrap(), 0);
        let error = file.spend(KEY).unwrap_err();
        assert!(
            error.to_string().contains("run `verdict hide` again"),
            "{error}"
        );
        let spent = HidingStatus {
            proofs: 2,
            used: 2,
            key: Some(KEY),
        };
        assert_eq!(file.status().unwrap(), spent);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn many_counters_at_once_never_exceed_the_budget() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.hiding.secret");
        HidingFile::create(&path, MODEL, 10).unwrap();
        let made: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let file = HidingFile::open(&path, MODEL).unwrap();
                        (0..5).filter(|_| file.spend(KEY).is_ok()).count()
                    })
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .sum()
        });
        assert_eq!(made, 10);
    }

    #[test]
    fn a_file_is_neither_replaced_nor_swapped_under_an_open_session() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.hiding.secret");
        let file = HidingFile::create_with(&path, MODEL, [3; 32], 2).unwrap();
        assert!(HidingFile::create(&path, MODEL, 1000).is_err());
        fs::remove_file(&path).unwrap();
        HidingFile::create_with(&path, MODEL, [4; 32], 2).unwrap();
        let error = file.spend(KEY).unwrap_err();
        assert!(error.to_string().contains("was replaced"), "{error}");
    }
}
