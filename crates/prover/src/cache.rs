//! Files that can be made again: checked by a digest when read, written whole or not at all.
//!
//! The digest finds accidents. Whoever can write an entry can write its digest, so that what an
//! entry says is checked by whoever reads it.

use crate::ProverError;
use std::{
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

static WRITERS: AtomicU64 = AtomicU64::new(0);

const MAGIC: &[u8; 8] = b"VDCACHE1";

/// Bytes before the payload.
const HEADER: usize = MAGIC.len() + blake3::OUT_LEN;

/// A folder of checked files.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// A cache in `root`, which is made when first written to.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `$VERDICT_CACHE`, or `verdict` in `$XDG_CACHE_HOME`, or `~/.cache/verdict`. Without any of
    /// them there is none: in whatever folder a command happens to run, somebody else may have put
    /// a set-up or a key.
    pub fn standard() -> Result<Self, ProverError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, ProverError> {
        let var = |name: &str| {
            var(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        // The standard says that a path which is not absolute does not count.
        let absolute = |name: &str| var(name).filter(|path| path.is_absolute());
        var("VERDICT_CACHE")
            .or_else(|| absolute("XDG_CACHE_HOME").map(|root| root.join("verdict")))
            .or_else(|| absolute("HOME").map(|root| root.join(".cache/verdict")))
            .map(Self::new)
            .ok_or(ProverError::NoCache)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of an entry.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// How long the file of a payload is.
    pub(crate) const fn file_len(payload: usize) -> u64 {
        (HEADER + payload) as u64
    }

    /// Reads an entry, `None` if there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ProverError> {
        let path = self.path(name);
        let mut bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ProverError::io("cannot read", &path)(error)),
        };
        let corrupt = |detail: &str| ProverError::CorruptCache {
            path: path.clone(),
            detail: detail.into(),
        };
        if bytes.len() < HEADER || &bytes[..MAGIC.len()] != MAGIC {
            return Err(corrupt("it does not begin like one"));
        }
        let payload = bytes.split_off(HEADER);
        if blake3::hash(&payload).as_bytes() != &bytes[MAGIC.len()..] {
            return Err(corrupt("its digest does not match its contents"));
        }
        Ok(Some(payload))
    }

    /// Writes an entry: to a temporary file first, so that a full disk leaves no half of it behind.
    pub fn write(&self, name: &str, payload: &[u8]) -> Result<(), ProverError> {
        let path = self.path(name);
        let parent = path.parent().unwrap_or(&self.root).to_owned();
        fs::create_dir_all(&parent).map_err(ProverError::io("cannot create", &parent))?;
        // No two writers share a temporary file, whether threads or processes.
        let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{writer}.tmp", std::process::id()));
        let written = (|| {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(MAGIC)?;
            file.write_all(blake3::hash(payload).as_bytes())?;
            file.write_all(payload)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        })();
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            ProverError::io("cannot write", &path)(error)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn there_is_no_cache_in_the_folder_where_a_command_runs() {
        let root = |variables: &[(&str, &str)]| {
            let of = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            };
            Cache::from_variables(of).map(|cache| cache.root().display().to_string())
        };
        assert_eq!(root(&[("HOME", "/h")]).unwrap(), "/h/.cache/verdict");
        let both = [("HOME", "/h"), ("XDG_CACHE_HOME", "/x")];
        assert_eq!(root(&both).unwrap(), "/x/verdict");
        let named = [("VERDICT_CACHE", "here"), both[0], both[1]];
        assert_eq!(root(&named).unwrap(), "here");
        let empty: [&[(&str, &str)]; 3] = [
            &[],
            &[("HOME", "")],
            &[("HOME", "."), ("XDG_CACHE_HOME", "x")],
        ];
        for variables in empty {
            let error = root(variables).unwrap_err();
            assert!(matches!(error, ProverError::NoCache), "{error}");
            assert!(error.to_string().contains("set VERDICT_CACHE"), "{error}");
        }
    }
}
