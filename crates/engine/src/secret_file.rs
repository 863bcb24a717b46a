//! Files that nobody but their owner may read: salts, and what hides weights.
//!
//! All of them end in `.secret`, so that none is taken for a file to share, have mode 0600, and are
//! not read if others could have read them before.

use crate::EngineError;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use verdict_model::{folder, write_whole};

/// How the names of files that hold secrets end.
pub const SECRET_SUFFIX: &str = ".secret";

/// Refuses a name for a secret that does not say that it is one.
pub fn named_secret(path: &Path) -> Result<(), EngineError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.len() > SECRET_SUFFIX.len() && name.ends_with(SECRET_SUFFIX) {
        return Ok(());
    }
    Err(EngineError::Input(format!(
        "{} would hold a secret, and its name does not say so: name a file that ends in {SECRET_SUFFIX}",
        path.display()
    )))
}

/// Writes a secret, whole or not at all, readable by its owner alone.
pub fn save_secret(path: &Path, text: &str) -> Result<(), EngineError> {
    named_secret(path)?;
    let write = || {
        write_whole(path, text.as_bytes())?;
        sync_name(path)
    };
    write().map_err(EngineError::io("write", path))
}

/// Writes a secret as JSON to a file that must not be there yet.
pub(crate) fn create_json(path: &Path, value: &impl Serialize) -> Result<(), EngineError> {
    named_secret(path)?;
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

/// Makes a new name survive a crash: without its secret, a proof or a key is of no use.
fn sync_name(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder(path))?.sync_all()?;
    }
    Ok(())
}

/// Reads a secret; `what` says what the file should have been.
pub(crate) fn load_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, EngineError> {
    unread_by_others(path)?;
    let text = fs::read_to_string(path).map_err(EngineError::io("read", path))?;
    serde_json::from_str(&text)
        .map_err(|error| EngineError::Input(format!("{} is not {what}: {error}", path.display())))
}

/// Refuses a secret that others can read: what it hides may be known already.
fn unread_by_others(path: &Path) -> Result<(), EngineError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let found = fs::metadata(path).map_err(EngineError::io("read", path))?;
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(EngineError::Input(format!(
                "{path} is a secret that others can read (mode {mode:03o}): run `chmod 600 {path}`, and make a new one if \
                 somebody may have",
                path = path.display()
            )));
        }
    }
    Ok(())
}

/// The path with something behind its name: `hiding.secret` → `hiding.secret.lock`.
pub fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    name.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_secret_is_called_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.json", "a.secret.json", ".secret", "secret", ".."] {
            let path = folder.path().join(name);
            let error = save_secret(&path, "it").unwrap_err().to_string();
            assert!(error.contains("ends in .secret"), "{name}: {error}");
            assert!(create_json(&path, &1).is_err(), "{name}");
            assert!(!path.is_file(), "{name}");
        }
        save_secret(&folder.path().join("a.secret"), "it").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.secret");
        create_json(&path, &1).unwrap();
        let read = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            load_json::<u32>(&path, "a number")
        };
        assert_eq!(read(0o600).unwrap(), 1);
        assert_eq!(read(0o400).unwrap(), 1);
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644, 0o666] {
            let error = read(mode).unwrap_err().to_string();
            let chmod = format!("chmod 600 {}", path.display());
            assert!(error.contains(&chmod), "{mode:o}: {error}");
        }
    }
}
