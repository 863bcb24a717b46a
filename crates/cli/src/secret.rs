//! Files that nobody else may read: salts, and what hides weights.

use crate::error::CliError;
use alloy_primitives::B256;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};
use verdict_circuit::{Hiding, Salt};
use verdict_wire::words;
use verdict_model::{folder, write_whole};

/// The version of both files.
const VERSION: u32 = 1;

/// Writes a secret, whole or not at all, readable by its owner alone.
fn save(path: &Path, value: &impl Serialize) -> Result<(), CliError> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    save_text(path, &text)
}

/// The same, of text.
pub(crate) fn save_text(path: &Path, text: &str) -> Result<(), CliError> {
    let write = || {
        write_whole(path, text.as_bytes())?;
        // The name must survive a crash too: a count that is forgotten is a count that is spent twice.
        if cfg!(unix) {
            File::open(folder(path))?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(CliError::io("write", path))
}

fn load<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, CliError> {
    let text = fs::read_to_string(path).map_err(CliError::io("read", path))?;
    serde_json::from_str(&text)
        .map_err(|error| CliError::Input(format!("{} is not {what}: {error}", path.display())))
}

/// `proof.json` → `proof.json.salt.json`.
pub(crate) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    name.into()
}

/// The salts of a proof's commitments.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaltFile {
    version: u32,
    /// Item by item, a root for every committed input; the salt is its square.
    roots: Vec<B256>,
}

impl SaltFile {
    pub(crate) fn new(salts: &[Salt]) -> Self {
        Self {
            version: VERSION,
            roots: salts.iter().map(|salt| words::word(&salt.root())).collect(),
        }
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), CliError> {
        save(path, self)
    }
}

/// Salts from a root in hexadecimal, or from a file of roots.
pub(crate) fn salts(given: &str, expected: usize) -> Result<Vec<Salt>, CliError> {
    let roots = match crate::args::hex32(given) {
        Ok(root) => vec![root],
        Err(_) if Path::new(given).exists() => {
            let file: SaltFile = load(Path::new(given), "a file of salts")?;
            if file.version != VERSION {
                return Err(CliError::Input(format!(
                    "{given} has version {}, expected {VERSION}",
                    file.version
                )));
            }
            file.roots
        }
        Err(error) => {
            return Err(crate::args::usage(format!(
                "--salt {given}: {error}, or a file of salts"
            )));
        }
    };
    if roots.len() != expected {
        return Err(crate::args::usage(format!(
            "--salt gives {} roots, but {expected} are needed: one for every committed input of every item; without --salt they are \
             random, or give a file like PROOF.salt.json",
            roots.len()
        )));
    }
    roots
        .iter()
        .map(|root| Ok(Salt::from_root(words::scalar(root)?)))
        .collect::<Result<_, CliError>>()
}

/// The secret that hides a model's weights, and how much of it is spent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HidingFile {
    version: u32,
    /// Digest of the compiled model.
    pub(crate) model: B256,
    seed: B256,
    /// Proofs that the random rows are enough for.
    pub(crate) proofs: u32,
    /// Proofs counted so far.
    pub(crate) used: u32,
    /// The verifying key that the first proof was counted for. One seed must never hide two keys.
    pub(crate) key: Option<B256>,
}

impl HidingFile {
    pub(crate) fn new(model: B256, seed: [u8; 32], proofs: u32) -> Self {
        Self {
            version: VERSION,
            model,
            seed: seed.into(),
            proofs,
            used: 0,
            key: None,
        }
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), CliError> {
        save(path, self)
    }

    pub(crate) fn load(path: &Path, model: B256) -> Result<Self, CliError> {
        let file: Self = load(path, "a hiding file (`verdict hide` makes one)")?;
        if file.version != VERSION {
            return Err(CliError::Input(format!(
                "{} has version {}, expected {VERSION}",
                path.display(),
                file.version
            )));
        }
        if file.model != model {
            return Err(CliError::Input(format!(
                "{} hides the weights of model {}, not of {model}; run `verdict hide` for this model",
                path.display(),
                file.model
            )));
        }
        Ok(file)
    }

    pub(crate) fn hiding(&self) -> Hiding {
        Hiding {
            seed: self.seed.0,
            proofs: self.proofs,
        }
    }

    /// Counts a proof under `key` before it is made: a crash wastes one, and none is made uncounted. Returns how many remain.
    pub(crate) fn spend(path: &Path, model: B256, key: B256) -> Result<u32, CliError> {
        let lock = beside(path, ".lock");
        let guard = File::create(&lock).map_err(CliError::io("write", &lock))?;
        guard.lock().map_err(CliError::io("lock", &lock))?;
        // Read again under the lock: another process may have counted since.
        let mut file = Self::load(path, model)?;
        if let Some(known) = file.key.filter(|known| *known != key) {
            return Err(CliError::Budget(format!(
                "{} hides the weights of verifying key {known}, this plan and batch give {key}; two keys from one seed would reveal the \
                 weights: use the options of the first proof, or run `verdict hide` again and register the new key",
                path.display()
            )));
        }
        if file.used >= file.proofs {
            return Err(CliError::Budget(format!(
                "{} is spent: all {} proofs that its random rows hide have been made; run `verdict hide` again and register the new key",
                path.display(),
                file.proofs
            )));
        }
        file.key = Some(key);
        file.used += 1;
        file.save(path)?;
        Ok(file.proofs - file.used)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use halo2curves_axiom::bn256::Fr;

    #[test]
    fn proofs_are_counted_up_to_the_budget_and_for_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.hiding.json");
        let (model, key) = (B256::repeat_byte(1), B256::repeat_byte(2));
        HidingFile::new(model, [3; 32], 2).save(&path).unwrap();
        let other = B256::repeat_byte(4);
        assert!(HidingFile::spend(&path, other, key).is_err());
        assert_eq!(HidingFile::spend(&path, model, key).unwrap(), 1);
        let error = HidingFile::spend(&path, model, other).unwrap_err();
        assert!(error.to_string().contains("two keys"), "{error}");
        assert_eq!(HidingFile::spend(&path, model, key).unwrap(), 0);
        let error = HidingFile::spend(&path, model, key).unwrap_err();
        assert!(
            error.to_string().contains("run `verdict hide` again"),
            "{error}"
        );
        let file = HidingFile::load(&path, model).unwrap();
        assert_eq!((file.used, file.proofs, file.key), (2, 2, Some(key)));
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
        let path = folder.path().join("m.hiding.json");
        let (model, key) = (B256::repeat_byte(1), B256::repeat_byte(2));
        HidingFile::new(model, [3; 32], 10).save(&path).unwrap();
        let made: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..5)
                            .filter(|_| HidingFile::spend(&path, model, key).is_ok())
                            .count()
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
    fn salts_are_as_many_as_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.salt.json");
        let made = [Salt::from_root(Fr::from(5)), Salt::from_root(Fr::from(6))];
        SaltFile::new(&made).save(&path).unwrap();
        let path = path.display().to_string();
        assert_eq!(salts(&path, 2).unwrap(), made);
        assert!(salts(&path, 3).is_err());
        let five = format!("0x{:064x}", 5);
        assert_eq!(salts(&five, 1).unwrap(), made[..1]);
        assert!(salts(&five, 2).is_err());
        assert!(salts("0xzz", 1).is_err());
        assert!(salts(&format!("0x{}", "ff".repeat(32)), 1).is_err());
    }
}
