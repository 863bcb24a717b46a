//! What makes commitments to inputs unguessable.

use crate::{
    EngineError,
    secret_file::{load_json, save_json},
};
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use std::path::Path;
use verdict_circuit::Salt;
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
#[derive(Debug, Serialize, Deserialize)]
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

    /// Writes the file, whole or not at all, readable by its owner alone.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        save_json(path, self)
    }

    /// Reads the salts in a file.
    pub fn load(path: &Path) -> Result<Vec<Salt>, EngineError> {
        let file: Self = load_json(path, "a file of salts")?;
        if file.version != VERSION {
            return Err(EngineError::Input(format!(
                "{} has version {}, expected {VERSION}",
                path.display(),
                file.version
            )));
        }
        file.roots
            .iter()
            .map(|root| Ok(Salt::from_root(words::scalar(root)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use halo2curves_axiom::bn256::Fr;
    use std::fs;

    #[test]
    fn salts_come_back_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.salt.json");
        let made = [Salt::from_root(Fr::from(5)), Salt::from_root(Fr::from(6))];
        SaltFile::new(&made).save(&path).unwrap();
        assert_eq!(SaltFile::load(&path).unwrap(), made);
    }

    #[test]
    fn files_of_other_versions_and_roots_beyond_the_field_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.salt.json");
        let write = |version: u32, root: &str| {
            fs::write(
                &path,
                format!(r#"{{"version":{version},"roots":["0x{root}"]}}"#),
            )
            .unwrap();
            SaltFile::load(&path).unwrap_err().to_string()
        };
        assert!(write(2, &"00".repeat(32)).contains("has version 2, expected 1"));
        assert!(write(1, &"ff".repeat(32)).contains("below the field's modulus"));
    }
}
