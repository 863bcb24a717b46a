//! What makes commitments to inputs unguessable.

use crate::{
    DataSetSecret, EngineError,
    secret_file::{beside, create_json, load_json},
};
use alloy_primitives::{B256, Keccak256, hex};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use verdict_circuit::Salt;
use verdict_model::{IntegerGraph, Row};
use verdict_wire::words;

/// The version of the file.
const VERSION: u32 = 1;

/// Where a proof's salts come from: item by item, one for every committed input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salts<'a> {
    /// The operating system's randomness.
    Random,
    /// The caller's, who has given somebody the commitments already.
    Given(&'a [Salt]),
}

/// The salts of a proof's commitments, as a file. Without its salt a commitment is of no use, and
/// with it a guess at the input can be checked.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaltFile {
    version: u32,
    /// Item by item, a root for every committed input; the salt is its square.
    roots: Vec<B256>,
}

impl SaltFile {
    /// A file of these salts.
    pub fn new(salts: &[Salt]) -> Self {
        Self {
            version: VERSION,
            roots: salts.iter().map(|salt| words::word(&salt.root())).collect(),
        }
    }

    /// Where the salts of `commitments` are kept beside `path`: `PATH.DIGEST.salt.secret`. Other
    /// commitments have another name, so that none of their salts is lost.
    pub fn path(path: &Path, commitments: &[B256]) -> PathBuf {
        let mut hasher = Keccak256::new();
        for commitment in commitments {
            hasher.update(commitment);
        }
        let digest = hex::encode(&hasher.finalize()[..8]);
        beside(path, &format!(".{digest}.salt.secret"))
    }

    /// Writes the file, whole or not at all, readable by its owner alone. A file that exists is
    /// never replaced, and only the same salts may be in it.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        if path.is_file() {
            let found: Self = load_json(path, WHAT)?;
            if found == *self {
                return Ok(());
            }
            return Err(EngineError::Input(format!(
                "{} holds other salts, and commitments are of no use without theirs: name another file",
                path.display()
            )));
        }
        create_json(path, self)
    }

    /// Reads the salts in a file.
    pub fn load(path: &Path) -> Result<Vec<Salt>, EngineError> {
        load_json::<Self>(path, WHAT)?.salts(path)
    }

    fn salts(&self, path: &Path) -> Result<Vec<Salt>, EngineError> {
        check_version(path, self.version, VERSION)?;
        self.roots
            .iter()
            .map(|root| Ok(Salt::from_root(words::scalar(root)?)))
            .collect()
    }
}

/// What a file of salts should have been.
const WHAT: &str = "a file of salts (`verdict commit` and `verdict prove` make them)";

/// Refuses a file of another version.
pub(crate) fn check_version(path: &Path, found: u32, expected: u32) -> Result<(), EngineError> {
    if found == expected {
        return Ok(());
    }
    Err(EngineError::Input(format!(
        "{} has version {found}, expected {expected}",
        path.display()
    )))
}

/// What a file says of salts: a list of them, or the secret that a data set's are made from.
#[derive(Debug)]
pub enum SaltSource {
    /// Item by item, one for every committed input.
    List(Vec<Salt>),
    /// Those that the rows' contents have in a data set.
    DataSet(DataSetSecret),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Contents {
    List(SaltFile),
    DataSet(DataSetSecret),
}

impl SaltSource {
    /// Reads a file of salts, or a data set's secret.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        Ok(match load_json(path, WHAT)? {
            Contents::List(file) => Self::List(file.salts(path)?),
            Contents::DataSet(secret) => {
                secret.check(path)?;
                Self::DataSet(secret)
            }
        })
    }

    /// The salts of these items.
    pub fn of(&self, graph: &IntegerGraph, items: &[Row<i32>]) -> Result<Vec<Salt>, EngineError> {
        match self {
            Self::List(salts) => Ok(salts.clone()),
            Self::DataSet(secret) => secret.salts(graph, items),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::save_secret;
    use halo2curves_axiom::bn256::Fr;

    #[test]
    fn salts_come_back_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.salt.secret");
        let made = [Salt::from_root(Fr::from(5)), Salt::from_root(Fr::from(6))];
        SaltFile::new(&made).save(&path).unwrap();
        assert_eq!(SaltFile::load(&path).unwrap(), made);
        assert!(matches!(SaltSource::load(&path).unwrap(), SaltSource::List(list) if list == made));
    }

    #[test]
    fn salts_are_never_lost_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.salt.secret");
        let [first, second] = [5, 6].map(|root| [Salt::from_root(Fr::from(root))]);
        SaltFile::new(&first).save(&path).unwrap();
        // The same once more is no loss.
        SaltFile::new(&first).save(&path).unwrap();
        let error = SaltFile::new(&second).save(&path).unwrap_err().to_string();
        assert!(error.contains("holds other salts"), "{error}");
        assert_eq!(SaltFile::load(&path).unwrap(), first);
        // Other commitments have another name.
        let proof = folder.path().join("p.json");
        let path = |commitment| SaltFile::path(&proof, &[B256::repeat_byte(commitment)]);
        assert_eq!(path(1), path(1));
        assert_ne!(path(1), path(2));
        let name = path(1).file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            name.starts_with("p.json.") && name.ends_with(".salt.secret"),
            "{name}"
        );
    }

    #[test]
    fn files_of_other_versions_and_roots_beyond_the_field_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.salt.secret");
        let write = |version: u32, root: &str| {
            let text = format!(r#"{{"version":{version},"roots":["0x{root}"]}}"#);
            save_secret(&path, &text).unwrap();
            SaltFile::load(&path).unwrap_err().to_string()
        };
        assert!(write(2, &"00".repeat(32)).contains("has version 2, expected 1"));
        assert!(write(1, &"ff".repeat(32)).contains("below the field's modulus"));
    }
}
