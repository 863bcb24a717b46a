//! Files that can be made again: checked by a digest when read, written whole or not at all.

use crate::ProverError;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

static WRITERS: AtomicU64 = AtomicU64::new(0);

const MAGIC: &[u8; 8] = b"VDCACHE1";

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

    /// `$VERDICT_CACHE`, or `verdict` in `$XDG_CACHE_HOME`, or `~/.cache/verdict`, or
    /// `.verdict-cache` here.
    pub fn standard() -> Self {
        let var = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let root = var("VERDICT_CACHE")
            .or_else(|| var("XDG_CACHE_HOME").map(|root| root.join("verdict")))
            .or_else(|| var("HOME").map(|root| root.join(".cache/verdict")))
            .unwrap_or_else(|| PathBuf::from(".verdict-cache"));
        Self::new(root)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of an entry.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
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
        let header = MAGIC.len() + blake3::OUT_LEN;
        if bytes.len() < header || &bytes[..MAGIC.len()] != MAGIC {
            return Err(corrupt("it does not begin like one"));
        }
        let payload = bytes.split_off(header);
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
