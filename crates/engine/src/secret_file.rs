//! Files that nobody but their owner may read: salts, and what hides weights.

use crate::EngineError;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use verdict_model::{folder, write_whole};

/// Writes a secret, whole or not at all, readable by its owner alone.
pub fn save_secret(path: &Path, text: &str) -> Result<(), EngineError> {
    let write = || {
        write_whole(path, text.as_bytes())?;
        sync_name(path)
    };
    write().map_err(EngineError::io("write", path))
}

/// Writes a secret as JSON.
pub(crate) fn save_json(path: &Path, value: &impl Serialize) -> Result<(), EngineError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| EngineError::io("write", path)(error.into()))?;
    save_secret(path, &(text + "\n"))
}

/// The same for a file that must not be there yet.
pub(crate) fn create_json(path: &Path, value: &impl Serialize) -> Result<(), EngineError> {
    let create = || {
        // Temporary files have mode 0600, and keep it when they are renamed.
        let mut file = NamedTempFile::new_in(folder(path))?;
        file.write_all((serde_json::to_string_pretty(value)? + "\n").as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        sync_name(path)
    };
    create().map_err(EngineError::io("write", path))
}

/// Makes a new name survive a crash: a count that is forgotten is a count that is spent twice.
fn sync_name(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder(path))?.sync_all()?;
    }
    Ok(())
}

/// Reads a secret; `what` says what the file should have been.
pub(crate) fn load_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, EngineError> {
    let text = fs::read_to_string(path).map_err(EngineError::io("read", path))?;
    serde_json::from_str(&text)
        .map_err(|error| EngineError::Input(format!("{} is not {what}: {error}", path.display())))
}

/// The path with something behind its name: `proof.json` → `proof.json.salt.json`.
pub fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    name.into()
}
